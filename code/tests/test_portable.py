"""The one portable model file, and the command that classifies photographs with it."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from transferstudy.cli import main
from transferstudy.data import load
from transferstudy.errors import StudyError
from transferstudy.paths import project_root
from transferstudy.training.keras_file import NAME, deflated, input_of, open_portable

SHIPPED = project_root() / "results" / "models" / NAME


@pytest.fixture(scope="module")
def opened():
    return open_portable(SHIPPED)


def test_it_is_small_and_says_what_it_knows(opened):
    _, notes = opened
    assert SHIPPED.stat().st_size < 2_000_000
    assert len(notes["classes"]) == 10
    assert notes["weights"]["name"] == "tiny-imagenet-compact"


def test_it_gives_what_the_run_gave(opened):
    """Pixels of the training size pass unchanged, so that the portable file and the kept weights agree."""
    from transferstudy.models.kept import rebuild
    from transferstudy.results.rounding import log_softmax
    from transferstudy.results.store import Store

    model, notes = opened
    store = Store(project_root() / "results")
    sample = load("cifar10-sample")
    x = sample.x_test[:64].astype("float32")
    probabilities = np.asarray(model(x))
    np.testing.assert_allclose(
        np.asarray(model(x)), probabilities, atol=1e-6, err_msg="a call changed the model"
    )
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    kept = rebuild(store, store.load(notes["run"]))
    np.testing.assert_allclose(probabilities, np.exp(log_softmax(np.asarray(kept(x)))), atol=1e-4)
    right = (probabilities.argmax(axis=1) == sample.y_test[:64]).mean()
    assert right > 0.5, "a fine-tuned network knows more than half of the sample"


def _members(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_compressing_keeps_every_member_and_always_gives_the_same_bytes(tmp_path):
    plain, packed, again = (tmp_path / name for name in ("plain.keras", "packed.keras", "again.keras"))
    with zipfile.ZipFile(plain, "w") as archive:
        for name, content in _members(SHIPPED).items():
            archive.writestr(name, content)
    packed.write_bytes(deflated(plain))
    assert list(_members(packed).items()) == list(_members(SHIPPED).items())
    assert packed.stat().st_size < 0.6 * plain.stat().st_size
    again.write_bytes(deflated(packed))
    assert again.read_bytes() == packed.read_bytes()


def test_export_writes_a_compressed_file_that_keras_opens(opened, tmp_path, capsys):
    import keras

    model, notes = opened
    path = tmp_path / "new" / "model.keras"
    assert main(["export", notes["run"], "--out", str(path)]) == 0
    size = path.stat().st_size
    assert f"{size:,} bytes" in capsys.readouterr().out
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    with zipfile.ZipFile(path) as archive:
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_DEFLATED}
    x = load("cifar10-sample").x_test[:8].astype("float32")
    fresh, fresh_notes = open_portable(path)
    assert fresh_notes == notes
    for found in (fresh, keras.saving.load_model(path)):
        np.testing.assert_allclose(np.asarray(found(x)), np.asarray(model(x)), atol=1e-6)


def test_predict_prints_classes_and_probabilities(tmp_path, capsys):
    sample = load("cifar10-sample")
    small, large = tmp_path / "photo.png", tmp_path / "large.jpg"
    Image.fromarray(sample.x_test[0]).save(small)
    Image.fromarray(sample.x_test[0]).resize((300, 200), Image.Resampling.BICUBIC).save(large)
    assert main(["predict", str(small), str(large), "--top", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(small)
    assert lines[3] == str(large)
    for line in (*lines[1:3], *lines[4:6]):
        name, value, sign = line.split()
        assert name in sample.classes
        assert 0 <= float(value) <= 100
        assert sign == "%"
    assert float(lines[1].split()[1]) >= float(lines[2].split()[1])


def _text(path):
    path.write_text("no image")


def _cut(path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path, format="PNG")
    path.write_bytes(path.read_bytes()[:2000])


def _tiny(path):
    Image.new("RGB", (4, 40)).save(path, format="PNG")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_text, "this is not a picture that can be read. Convert it to JPEG or PNG."),
        (_cut, "cut short"),
        (_tiny, "this picture has 4 x 40 pixels; at least 8 a side are needed."),
        (lambda path: path.mkdir(), "is a folder of pictures; name the model"),
        (lambda path: None, "no such file. Check the name."),
    ],
)
def test_wrong_images_are_refused(make, message, tmp_path, capsys):
    path = tmp_path / "photo.png"
    make(path)
    assert main(["predict", str(path)]) == 2
    caught = capsys.readouterr()
    assert message in caught.err
    assert str(path) in caught.err
    assert not caught.out


def test_the_file_says_how_it_wants_its_pictures(opened):
    assert input_of(opened[0]) == (32, "crop")


def test_wrong_models_are_refused(tmp_path):
    with pytest.raises(StudyError, match="does not exist"):
        open_portable(tmp_path / "gone.keras")
    (tmp_path / "text.keras").write_text("no model")
    with pytest.raises(StudyError, match="cannot be read"):
        open_portable(tmp_path / "text.keras")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(StudyError, match="without class names"):
        open_portable(tmp_path / "other.keras")


def test_a_missing_model_is_looked_for_where_it_may_be(tmp_path):
    """After pictures have changed, a study's model lies aside; the project's own comes from its history."""
    kept = tmp_path / "earlier" / "ab12" / "model.keras"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"")
    with pytest.raises(StudyError) as aside:
        open_portable(tmp_path / "model.keras")
    assert f"or take the model of the earlier pictures, {kept}, until the study is made again." in str(
        aside.value
    )
    with pytest.raises(StudyError, match="restore the project's own model: git checkout -- results/models"):
        open_portable(SHIPPED.with_name("gone.keras"))


def test_top_must_be_positive(tmp_path, capsys):
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    assert main(["predict", str(tmp_path / "a.png"), "--top", "0"]) == 2
    assert "--top" in capsys.readouterr().err

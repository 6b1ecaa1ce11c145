"""Looking inside: measures against known answers, storage that refuses damage, the command on a tiny network."""

import keras
import numpy as np
import pytest
from fakes import fake_inside, fake_study

from transferstudy.cli import main
from transferstudy.data import load
from transferstudy.errors import StudyError
from transferstudy.experiments.inside import stored
from transferstudy.experiments.inside.cka import cka_matrix, gram
from transferstudy.experiments.inside.embedding import two_dimensions
from transferstudy.experiments.inside.filters import filter_pictures, first_convolution
from transferstudy.experiments.inside.look import compared_layers
from transferstudy.experiments.inside.occlusion import occlusion
from transferstudy.models import build_model
from transferstudy.plan.presets import expand
from transferstudy.report import claims


def linear_cka(a: np.ndarray, b: np.ndarray, unbiased: bool = True) -> float:
    return float(cka_matrix([gram(a), gram(b)], unbiased)[0, 1])


def test_cka_is_one_for_turned_and_scaled_features_and_near_zero_for_unrelated_ones():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(200, 20))
    turn, _ = np.linalg.qr(rng.normal(size=(20, 20)))
    for unbiased in (True, False):
        assert linear_cka(a, 3 * a @ turn + 5, unbiased) == pytest.approx(1, abs=1e-4)
    other = rng.normal(size=(200, 400))
    assert abs(linear_cka(a, other)) < 0.05
    assert linear_cka(a, other, unbiased=False) > 0.2  # what the unbiased form is for
    half = np.concatenate([a, rng.normal(size=(200, 20))], axis=1)
    assert 0.5 < linear_cka(a, half) < 0.9


def test_biased_cka_is_the_published_formula():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(30, 4)), rng.normal(size=(30, 6))
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    norm = np.linalg.norm
    expected = norm(b.T @ a) ** 2 / (norm(a.T @ a) * norm(b.T @ b))
    assert linear_cka(a, b, unbiased=False) == pytest.approx(expected, rel=1e-4)


def test_unbiased_hsic_is_the_published_formula():
    rng = np.random.default_rng(2)
    features = [rng.normal(size=(25, 3)), rng.normal(size=(25, 5))]
    k, m = (gram(f) * (1 - np.eye(25)) for f in features)
    one, n = np.ones(25), 25

    def hsic(a, b):
        mixed = (one @ a @ one) * (one @ b @ one) / ((n - 1) * (n - 2)) - 2 * one @ a @ b @ one / (n - 2)
        return (np.trace(a @ b) + mixed) / (n * (n - 3))

    expected = hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))
    assert cka_matrix([gram(f) for f in features])[0, 1] == pytest.approx(expected, rel=1e-4)
    with pytest.raises(ValueError, match="more than 3 images"):
        linear_cka(features[0][:3], features[1][:3])
    with pytest.raises(ValueError, match="the same images"):
        linear_cka(features[0], features[1][:9])


class _Corner:
    """A network that looks at the upper left corner only: bright means class 0."""

    def predict(self, images, **_):
        bright = images[:, :4, :4].mean(axis=(1, 2, 3)) / 25
        return np.stack([bright, np.zeros(len(images))], axis=1)


def test_occlusion_marks_the_place_that_matters():
    images = np.zeros((2, 16, 16, 3), np.uint8)
    images[:, :4, :4] = 255
    maps = occlusion(_Corner(), images, [0, 1], patch=4, stride=4)
    assert maps.shape == (2, 4, 4)
    assert maps[0, 0, 0] > 0.3
    assert maps[1, 0, 0] == pytest.approx(-maps[0, 0, 0], abs=1e-6)
    assert np.abs(maps[:, 1:, 1:]).max() == 0
    assert occlusion(_Corner(), images[:0], [], 4, 4).shape == (0, 4, 4)
    with pytest.raises(StudyError, match="does not fit images of 16 pixels"):
        occlusion(_Corner(), images, [0, 1], patch=17)
    with pytest.raises(StudyError, match="as many classes"):
        occlusion(_Corner(), images, [0], patch=4)


@pytest.mark.parametrize("backbone, red", [("vgg16", 2), ("compact", 0)])
def test_a_filter_for_red_is_red(backbone, red):
    """VGG16's preprocessing turns the colours round; the picture turns them back."""
    model = build_model(backbone, 10, 32)
    layer = first_convolution(model)
    weights = layer.get_weights()
    weights[0][:] = 0
    weights[0][:, :, red, 0] = 2.0
    layer.set_weights(weights)
    pictures = filter_pictures(model)
    assert pictures.shape[1:] == (3, 3, 3)
    np.testing.assert_allclose(pictures[0, ..., 0], 1)
    np.testing.assert_allclose(pictures[0, ..., 1:], 0.5)
    np.testing.assert_allclose(pictures[1], 0.5)


def test_maps_of_features_repeat_and_keep_groups_apart():
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(size=(30, 8)), rng.normal(size=(30, 8)) + 20])
    for method in ("tsne", "pca"):
        places = two_dimensions(features, method)
        assert places.shape == (60, 2)
        assert places.dtype == np.float32
        np.testing.assert_array_equal(places, two_dimensions(features, method))
        a, b = places[:30], places[30:]
        gap = np.linalg.norm(a.mean(axis=0) - b.mean(axis=0))
        assert gap > max(a.std(), b.std())
    with pytest.raises(ValueError, match="at least 10 rows"):
        two_dimensions(features[:5])
    with pytest.raises(ValueError, match="tsne or pca"):
        two_dimensions(features, "umap")


def test_compared_layers_are_the_rectified_convolutions():
    assert len(compared_layers(build_model("vgg16", 10, 32))) == 13 + 1
    names = compared_layers(build_model("compact", 10, 32))
    assert names == [f"block{k}_relu{j}" for k in (1, 2, 3) for j in (1, 2)] + ["pooled"]


@pytest.fixture
def study(tmp_path):
    made = fake_study(tmp_path, [("finetune_all", 500, 2), ("scratch_bn", 500, 2)], n_test=100)
    fake_inside(made, "finetune_all", 500)
    return made


def test_what_is_stored_is_read_back_and_damage_is_named(study):
    root, run_id = study.store.root, study.arm("finetune_all", 500).records[0]["id"]
    inside = stored.inside_of(study, "finetune_all", 500)
    assert inside.arrays["gradcam"].dtype == np.float16
    assert stored.check_all(root) == 1
    assert claims.looked_into(study) == [("finetune_all", 500)]
    assert "changed the layer `block" in claims.change(study, "finetune_all", 500)
    missing = study.arm("scratch_bn", 500).records[0]["id"]
    with pytest.raises(StudyError, match=f"missing; make it with .*inside --preset report --only {missing}"):
        stored.inside_of(study, "scratch_bn", 500)
    array = root / "inside" / f"{run_id}.npz"
    content = array.read_bytes()
    array.write_bytes(content[:-1])
    with pytest.raises(StudyError, match=f"inside/{run_id}.npz: damaged"):
        stored.check_all(root)
    array.write_bytes(content)
    about = root / "inside" / f"{run_id}.json"
    about.write_text(about.read_text().replace('"grid": 8', '"grid": 9'))
    with pytest.raises(StudyError, match="edited"):
        stored.inside_of(study, "finetune_all", 500)
    about.rename(about.with_name("aaaaaaaaaaaa.json"))
    with pytest.raises(StudyError, match=r"edited"):
        stored.check_all(root)


def test_the_command_looks_into_a_tiny_run_once(tmp_path, capsys, monkeypatch):
    for name in ("TRANSFERSTUDY_DATA", "TRANSFERSTUDY_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    spec = expand("smoke")[0]
    common = ["inside", "--preset", "smoke", "--results", str(tmp_path), "--progress", "none"]
    assert main(common) == 2
    assert "name the runs" in capsys.readouterr().err
    assert main([*common, "--only", spec.id]) == 0
    assert "1 runs to look into" in capsys.readouterr().out
    inside = stored.load(tmp_path, spec.id, "again")
    arrays, about = inside.arrays, inside.about
    assert about["spec"] == spec.model_dump()
    assert about["layer"] == "block3_relu2"
    assert arrays["gradcam"].shape == (10, 8, 8)
    assert arrays["occlusion"].shape == (10, 7, 7)
    assert arrays["cka"].shape == (len(about["layers"]),) * 2
    assert np.isfinite(arrays["cka"]).all()
    assert arrays["cka"].max() > 0.9  # four steps of training change little
    assert (arrays["filters_before"] != arrays["filters_after"]).any()
    assert arrays["places_before"].shape == arrays["places_after"].shape == (len(arrays["place_index"]), 2)
    sample = load("cifar10-sample")
    np.testing.assert_array_equal(arrays["pictures"], sample.x_test[arrays["picture_index"]])
    np.testing.assert_array_equal(arrays["true"], sample.y_test[arrays["picture_index"]])
    assert main([*common, "--only", spec.id]) == 0
    assert "0 runs to look into" in capsys.readouterr().out
    assert keras.config.dtype_policy().name == "float32"

"""Pretraining: data, resuming, folding, quantisation, shipping, and the chain from a result to pixels."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from transferstudy.checking.provenance import check, check_pixels
from transferstudy.cli import main
from transferstudy.errors import StudyError
from transferstudy.experiments.pretraining import source
from transferstudy.experiments.pretraining.run import prepared, pretrain
from transferstudy.experiments.pretraining.settings import PretrainSpec, pretraining
from transferstudy.experiments.pretraining.shipping import ship
from transferstudy.experiments.pretraining.source import load_source, shrink
from transferstudy.models.quantised import quantised, restored
from transferstudy.results.pretrained import pretraining_records, read_record
from transferstudy.results.store import Store

CLASSES, PER_CLASS, HELD_OUT = 4, 8, 3


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """A made-up Tiny ImageNet of four classes, each a colour with noise: enough to see that learning happens."""
    rng = np.random.default_rng(0)
    colours = rng.integers(40, 216, (CLASSES, 1, 1, 1, 3))
    made = {}
    for split, count in (("train", PER_CLASS), ("val", HELD_OUT)):
        noise = rng.integers(-40, 40, (CLASSES, count, 64, 64, 3))
        made[f"x_{split}"] = (colours + noise).astype(np.uint8).reshape(-1, 64, 64, 3)
        made[f"y_{split}"] = np.repeat(np.arange(CLASSES, dtype=np.uint16), count)
    path = tmp_path_factory.mktemp("source") / "tiny-imagenet.npz"
    names = [f"n{k:08}" for k in range(CLASSES)]
    np.savez(path, **made, classes=np.array(["a", "b", "c", "d"]), wnids=np.array(names))
    return path


@pytest.fixture(scope="module")
def spec():
    return pretraining("compact", epochs=2).model_copy(update={"batch_size": 8})


@pytest.fixture
def cards(tmp_path, archive) -> Path:
    folder = tmp_path / "cards"
    folder.mkdir()
    (folder / "tiny-imagenet.yaml").write_text(yaml.safe_dump({"sha256": load_source(archive).sha256}))
    return folder


def test_the_order_of_images_does_not_matter(archive, tmp_path):
    arrays = dict(np.load(archive))
    order = np.random.default_rng(1).permutation(CLASSES * PER_CLASS)
    np.savez(
        tmp_path / "other.npz",
        **{**arrays, "x_train": arrays["x_train"][order], "y_train": arrays["y_train"][order]},
    )
    first, second = load_source(archive), load_source(tmp_path / "other.npz")
    assert first.sha256 == second.sha256
    assert (first.x_train == second.x_train).all()


def test_the_official_folder_is_the_same_data(archive, tmp_path):
    arrays, root = dict(np.load(archive)), tmp_path / "tiny-imagenet-200"
    wnids = arrays["wnids"].tolist()
    (root / "val" / "images").mkdir(parents=True)
    (root / "wnids.txt").write_text("\n".join(reversed(wnids)))
    (root / "words.txt").write_text("\n".join(f"{w}\t{c}" for w, c in zip(wnids, "abcd", strict=True)))
    lines = []
    for split in ("train", "val"):
        for i, (x, y) in enumerate(zip(arrays[f"x_{split}"], arrays[f"y_{split}"], strict=True)):
            folder = root / "train" / wnids[y] / "images" if split == "train" else root / "val" / "images"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(x).save(
                folder / f"{i}.JPEG", format="PNG"
            )  # lossless, so that pixels can be compared
            if split == "val":
                lines.append(f"{i}.JPEG\t{wnids[y]}\t0\t0\t62\t62")
    (root / "val" / "val_annotations.txt").write_text("\n".join(lines))
    assert load_source(root).sha256 == load_source(archive).sha256


@pytest.mark.parametrize("at", [200, 5_000])
def test_a_damaged_archive_is_named(at, archive, tmp_path):
    with np.load(archive) as arrays:
        np.savez_compressed(tmp_path / "cut.npz", **arrays)
    content = bytearray((tmp_path / "cut.npz").read_bytes())
    content[at : at + 9] = b"\xff" * 9
    (tmp_path / "cut.npz").write_bytes(content)
    with pytest.raises(
        StudyError, match=r"cut\.npz: cannot be read as an \.npz archive .* it may be truncated"
    ):
        load_source(tmp_path / "cut.npz")


def test_an_archive_that_unpacks_to_too_much_is_refused(archive, monkeypatch):
    size = sum(array.nbytes for array in np.load(archive).values())
    monkeypatch.setattr(source, "_LIMIT", size, raising=False)
    with pytest.raises(StudyError, match=f"tiny-imagenet.npz: .*at most {size:,} are read"):
        load_source(archive)


def test_shrinking_averages_blocks():
    x = np.zeros((1, 64, 64, 3), np.uint8)
    x[0, 0, 0], x[0, 0, 1] = 100, 60
    assert shrink(x, 32)[0, 0, 0].tolist() == [40, 40, 40]
    assert shrink(x, 32).sum() == 120
    assert shrink(x, 64) is x


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "cannot be downloaded"),
        (lambda folder: folder / "gone.npz", "does not exist"),
        (lambda folder: folder, "not the official folder"),
        (lambda folder: (folder / "cut.npz").write_bytes(b"PK\x03\x04") and folder / "cut.npz", "cut.npz"),
    ],
)
def test_data_that_is_not_there_is_named(make, message, tmp_path):
    with pytest.raises(StudyError, match=message):
        load_source(make(tmp_path))


def test_a_stopped_run_ends_where_an_unbroken_one_does(archive, spec, tmp_path, monkeypatch):
    from transferstudy.experiments.pretraining import training

    data = load_source(archive)
    train, validation = prepared(data, spec)
    _, whole = training.train_source(
        spec, train, validation, CLASSES, tmp_path / "whole", 0, lambda line: None
    )

    class Stop(Exception):
        pass

    def stop_after_the_first(line):
        if line.startswith("epoch 1"):
            raise Stop

    with pytest.raises(Stop):
        training.train_source(spec, train, validation, CLASSES, tmp_path / "cut", 0, stop_after_the_first)
    said = []
    model, log = training.train_source(spec, train, validation, CLASSES, tmp_path / "cut", 0, said.append)
    assert said[0] == "going on after epoch 1"
    assert len(log) == len(whole) == 2
    assert int(model.optimizer.iterations) == 2 * (CLASSES * PER_CLASS // spec.batch_size)
    for name in ("loss", "val_loss", "val_top1"):
        assert log[1][name] == pytest.approx(whole[1][name], rel=1e-4)
    assert len(list((tmp_path / "cut").glob("*.h5"))) == 1, "only the last epoch's state is kept"


def test_folded_and_unfolded_networks_agree_in_keras_own_vgg16(tmp_path):
    import keras

    from transferstudy.experiments.pretraining.run import packed, stored_arrays
    from transferstudy.models import build_model, load_weights

    rng, model = np.random.default_rng(0), build_model("vgg16_bn", 5, 32)
    for layer in model.layers:
        if "_bn" in layer.name:
            width = layer.get_weights()[0].shape
            layer.set_weights(
                [
                    rng.uniform(0.5, 1.5, width),
                    rng.normal(0, 0.3, width),
                    rng.normal(0, 0.3, width),
                    rng.uniform(0.5, 2, width),
                ]
            )
    x = rng.integers(0, 256, (4, 32, 32, 3)).astype("float32")
    unfolded = keras.Model(model.input, model.get_layer("pooled").output).predict(x, verbose=0)
    path = tmp_path / "folded.npz"
    arrays = {name: a.astype("float32") for name, a in stored_arrays(model).items()}
    from transferstudy.experiments.pretraining.folding import folded_arrays

    path.write_bytes(packed(folded_arrays(model)))
    plain = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    assert len(load_weights(plain, path)) == 13
    folded = plain.predict(keras.applications.vgg16.preprocess_input(x.copy()), verbose=0).mean(axis=(1, 2))
    np.testing.assert_allclose(folded, unfolded, rtol=1e-4, atol=1e-4 * np.abs(unfolded).max())
    assert arrays["block1_conv1/kernel"].shape == (3, 3, 3, 64)


def test_int8_is_within_half_a_step_and_keeps_silent_channels():
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 1, (3, 3, 5, 7)).astype(np.float32) * np.arange(7)  # the first channel is silent
    arrays = {"conv/kernel": kernel, "conv/bias": rng.normal(0, 1, 7).astype(np.float32)}
    small = quantised(arrays)
    assert small["conv/kernel"].dtype == np.int8
    back = restored(small)
    assert set(back) == set(arrays)
    step = np.abs(kernel).reshape(-1, 7).max(axis=0) / 127
    assert (np.abs(back["conv/kernel"] - kernel) <= step / 2 * 1.001 + 1e-12).all()
    assert (back["conv/bias"] == arrays["conv/bias"]).all()


def test_pretrain_ship_verify_and_every_broken_link(archive, spec, cards, tmp_path, monkeypatch):
    """The whole way with a tiny data set, and what is said when one file on it changes."""
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "cache"))
    store, said = Store(tmp_path / "results"), []
    record = pretrain(spec, archive, store, verbose=0, say=said.append)
    weights = next((tmp_path / "cache" / "weights").glob("*.npz"))
    assert record["weights"]["bytes"] == weights.stat().st_size < 1_000_000
    assert len(record["epochs"]) == 2
    assert record["final"]["n"] == CLASSES * HELD_OUT
    assert record["final"]["top1"] == pytest.approx(record["epochs"][-1]["val_top1"], abs=0.1)
    said.clear()
    assert (
        pretrain(spec, None, store, verbose=0, say=said.append) == record
    )  # finished: data are not needed any more
    assert "is done" in said[0]

    manifest = ship(weights, "tiny-imagenet-compact", "compact", 32, "int8", archive, store.root)
    assert manifest["made_from"]["pretraining"] == spec.id
    classes = manifest["source"]["after"]["class_top1"]
    assert list(classes) == ["a", "b", "c", "d"]
    assert np.mean(list(classes.values())) == pytest.approx(manifest["source"]["after"]["top1"], abs=1e-3)
    assert manifest["largest_rounding"] <= 0.5 / 127 * 1.001
    assert check(store, cards) == {"results": 0, "weights": 1, "pretraining": 1}
    assert check_pixels(None, archive, cards) == ["tiny-imagenet"]

    paths = {
        "tiny-imagenet-compact.npz": store.root / "weights" / "tiny-imagenet-compact.npz",
        "weights/tiny-imagenet-compact.json": store.root / "weights" / "tiny-imagenet-compact.json",
        f"pretraining/{spec.id}.json": store.root / "pretraining" / f"{spec.id}.json",
    }
    for named, path in paths.items():
        good = path.read_bytes()
        path.write_bytes(good.replace(b"7", b"8", 1) if path.suffix == ".json" else good[:-1] + b"x")
        with pytest.raises(StudyError, match=named):
            check(store, cards)
        path.write_bytes(good)
    (cards / "tiny-imagenet.yaml").write_text("sha256: other\n")
    with pytest.raises(StudyError, match=r"cards/tiny-imagenet.yaml describes other"):
        check(store, cards)
    with pytest.raises(StudyError, match="another copy"):
        check_pixels(None, archive, cards)
    (store.root / "pretraining" / f"{spec.id}.json").unlink()
    with pytest.raises(StudyError, match="is missing"):
        check(store, cards)


def test_weights_of_unknown_origin_are_not_shipped(archive, tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, **{"head/bias": np.zeros(4)})
    with pytest.raises(StudyError, match="--card"):
        ship(path, "mine", "compact", 32, "int8", archive, tmp_path / "results")


def test_the_command_says_what_is_missing(tmp_path, capsys):
    assert main(["pretrain", "--backbone", "compact", "--results", str(tmp_path)]) == 2
    assert "tiny-imagenet.npz" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    with pytest.raises(StudyError, match="epochs"):
        pretraining("compact", epochs=0)
    with pytest.raises(StudyError, match="--backbone big"):
        pretraining("big")


@pytest.mark.parametrize("odd", [{"epochs": "3"}, {"seed": True}, {"epoch": 3}])
def test_fields_of_another_type_or_name_are_refused(odd):
    with pytest.raises(StudyError, match=f"^here: {next(iter(odd))}: "):
        PretrainSpec.parse({**pretraining("compact").model_dump(), **odd}, "here")


def test_edited_records_are_refused(tmp_path):
    (tmp_path / "pretraining").mkdir()
    (tmp_path / "pretraining" / "abc.json").write_text(json.dumps({"id": "abc"}))
    with pytest.raises(StudyError, match="edited"):
        pretraining_records(tmp_path)
    with pytest.raises(StudyError, match="missing"):
        read_record(tmp_path / "gone.json", "a command")

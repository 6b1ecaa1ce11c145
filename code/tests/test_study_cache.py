"""Kept activations: the same numbers as without them, computed once, bounded, and never trusted when damaged."""

import os

import keras
import numpy as np
import pytest

from transferstudy.data import load
from transferstudy.errors import StudyError
from transferstudy.models import build_model, split_at
from transferstudy.plan.spec import RunSpec
from transferstudy.training import cache as cache_module
from transferstudy.training import train
from transferstudy.training.cache import ActivationCache, limit_bytes
from transferstudy.training.features import Known, identity, image_views, through
from transferstudy.training.prediction import predict

FROZEN = {
    "dataset": "cifar10-sample", "image_size": 32, "n_labels": 100, "backbone": "compact", "weights": "none",
    "strategy": "random_features", "head_learning_rate": 1e-2, "head_min_steps": 24, "evaluations": 3,
    "batch_size": 16, "augmentation": "none", "seed": 0,
}  # fmt: skip
KEY = "ab" * 32


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TRANSFERSTUDY_CACHE_GIB", raising=False)
    return tmp_path / "cache" / "activations"


@pytest.fixture(scope="module")
def sample():
    return load("cifar10-sample")


def rounds(trained) -> np.ndarray:
    return np.array([[r["val_accuracy"], r["val_loss"]] for phase in trained.phases for r in phase.rounds])


def test_cached_and_uncached_training_agree(sample):
    """Same seed, no augmentation: every validation of every phase gives the same accuracy, and the loss to float noise."""
    spec = RunSpec.parse(FROZEN)
    whole = train(spec, sample, verbose=0, cache=False)
    parts = train(spec, sample, verbose=0)
    assert parts.cache.computed == 100
    assert whole.cache is None
    np.testing.assert_array_equal(rounds(parts)[:, 0], rounds(whole)[:, 0])
    np.testing.assert_allclose(rounds(parts)[:, 1], rounds(whole)[:, 1], rtol=1e-4)
    assert rounds(parts)[:, 1].std() > 1e-3, "it learned nothing: then the two would agree anyhow"
    a, b = predict(parts, sample), predict(whole, sample)
    assert (a["test_log_p"].argmax(1) == b["test_log_p"].argmax(1)).mean() > 0.99


def test_a_suffix_of_several_layers_agrees_too(sample, monkeypatch):
    """A strategy that trains the head, then block 3, of a random compact network."""
    from transferstudy.plan import strategies

    made_up = strategies.Strategy(
        "probe_then_block3", "x", False, "block3", True, None, "compact", "for this test"
    )
    monkeypatch.setitem(strategies.STRATEGIES, made_up.name, made_up)
    spec = RunSpec.parse({**FROZEN, "strategy": made_up.name, "learning_rate": 1e-3, "min_steps": 24})
    whole, parts = (train(spec, sample, verbose=0, cache=cache) for cache in (False, True))
    assert [p.name for p in parts.phases] == ["head", "main"]
    np.testing.assert_array_equal(rounds(parts)[:, 0], rounds(whole)[:, 0])
    np.testing.assert_allclose(rounds(parts)[:, 1], rounds(whole)[:, 1], rtol=1e-3)


def test_a_second_run_computes_nothing_again(sample, folder):
    spec = RunSpec.parse({**FROZEN, "augmentation": "crop-flip", "augmentation_views": 3})
    first = train(spec, sample, verbose=0)
    assert first.rows == {"computed": 3 * 80 + 20, "reused": 0}
    predict(first, sample)
    files = {p: p.read_bytes() for p in folder.iterdir()}
    other = RunSpec.parse({**spec.model_dump(), "head_learning_rate": 1e-3})
    second = train(other, sample, verbose=0)
    assert second.rows == {"computed": 0, "reused": 3 * 80 + 20}
    made = predict(second, sample)
    assert second.cache.computed == 0, "test images go through the same prefix as before"
    assert {p: p.read_bytes() for p in folder.iterdir()} == files
    fresh = train(RunSpec.parse({**spec.model_dump(), "seed": 1}), sample, verbose=0)
    assert fresh.rows["reused"] == 0, "other random weights, other images"
    assert made["test_log_p"].shape == (len(sample.y_test), 10)


def test_identity_is_that_of_weights_and_layers():
    def prefix(seed, **options):
        keras.utils.set_random_seed(seed)
        return split_at(build_model("compact", 10, 32, **options), "block3")[0]

    assert identity(prefix(0)) == identity(prefix(0))
    assert identity(prefix(0)) != identity(prefix(1))
    keras.utils.set_random_seed(0)
    assert identity(split_at(build_model("compact", 10, 32), "block2")[0]) != identity(prefix(0))
    pixels = np.zeros((2, 32, 32, 3), np.uint8)
    assert Known.images(pixels).identity == Known.images(pixels.copy()).identity
    assert Known.images(pixels).identity != Known.images(pixels + np.uint8(1)).identity


def test_parts_in_a_row_give_what_the_whole_prefix_gives(sample):
    model = build_model("compact", 10, 32)
    prefix, suffix = split_at(model, "block3")
    known = through(prefix, Known.images(sample.x_test), ActivationCache())
    np.testing.assert_allclose(
        suffix.predict(known.array, verbose=0), model.predict(sample.x_test, verbose=0), rtol=1e-3, atol=1e-4
    )


def test_views_start_with_the_images_and_depend_on_the_seed(sample):
    images = sample.x_train[:8]
    made = list(image_views(images, "crop-flip", 3, 0))
    assert len(made) == 3
    np.testing.assert_array_equal(made[0], images)
    assert (made[1] != made[2]).any()
    np.testing.assert_array_equal(made[2], list(image_views(images, "crop-flip", 3, 0))[2])
    assert len(list(image_views(images, "none", 3, 0))) == 1


class Counting:
    """Rows of an array in two chunks; counts how often they were asked for."""

    def __init__(self, array):
        self.array, self.calls = array, 0

    def __call__(self):
        self.calls += 1
        half = len(self.array) // 2
        return iter((self.array[:half], self.array[half:]))


@pytest.fixture
def rows():
    return Counting(np.random.default_rng(0).normal(size=(10, 4, 3)).astype(np.float32))


def test_what_was_kept_comes_back_memory_mapped(rows, folder):
    for expected_calls in (1, 1):
        found = ActivationCache().get(KEY, rows.array.shape, rows)
        np.testing.assert_array_equal(found, rows.array)
        assert isinstance(found, np.memmap)
        assert not found.flags.writeable
        assert rows.calls == expected_calls
    assert [p.name for p in folder.iterdir()] == [f"{KEY}.npy"]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "other shape"])
def test_a_damaged_file_is_computed_again(rows, folder, damage):
    ActivationCache().get(KEY, rows.array.shape, rows)
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[:-40]
    if damage == "changed":
        content[-100] ^= 1
    if damage == "empty":
        content = b""
    path.write_bytes(bytes(content))
    if damage == "other shape":
        rows = Counting(rows.array[:6])
    calls = rows.calls
    cache = ActivationCache()
    np.testing.assert_array_equal(cache.get(KEY, rows.array.shape, rows), rows.array)
    assert (rows.calls, cache.computed, cache.reused) == (calls + 1, len(rows.array), 0)
    assert ActivationCache().get(KEY, rows.array.shape, rows) is not None
    assert rows.calls == calls + 1, "the file is whole again"


def test_the_folder_stays_within_its_limit_and_loses_the_oldest(rows, folder):
    size = rows.array.nbytes
    cache = ActivationCache(limit=int(2.9 * size))
    for number, key in enumerate("abc"):
        cache.get(key, rows.array.shape, rows)
        if key != "c":
            os.utime(folder / f"{key}.npy", (number, number))
        if key == "b":
            cache.get("a", rows.array.shape, rows)  # used again: now b is the oldest
    assert sorted(p.stem for p in folder.iterdir()) == ["a", "c"]
    assert sum(p.stat().st_size for p in folder.iterdir()) <= cache.limit


@pytest.mark.parametrize("limit", [0, 100])
def test_what_does_not_fit_stays_in_memory(rows, folder, limit):
    found = ActivationCache(limit=limit).get(KEY, rows.array.shape, rows)
    np.testing.assert_array_equal(found, rows.array)
    assert not folder.exists()


def test_a_full_disk_and_a_stopped_writer_leave_nothing_behind(rows, folder, monkeypatch):
    def full(self, *_):
        raise OSError("disk full")

    monkeypatch.setattr(cache_module.Path, "replace", full)
    np.testing.assert_array_equal(ActivationCache().get(KEY, rows.array.shape, rows), rows.array)
    assert list(folder.iterdir()) == []
    monkeypatch.undo()
    left = folder / f".{KEY}.1.part"
    left.write_bytes(b"part")
    os.utime(left, (0, 0))
    ActivationCache(folder).get(KEY, rows.array.shape, rows)
    assert not left.exists()


def test_the_limit_is_read_from_the_environment(monkeypatch):
    assert limit_bytes() == 4 * 2**30
    monkeypatch.setenv("TRANSFERSTUDY_CACHE_GIB", "0.5")
    assert limit_bytes() == 2**29
    for wrong in ("much", "-1", "nan", "inf"):
        monkeypatch.setenv("TRANSFERSTUDY_CACHE_GIB", wrong)
        with pytest.raises(StudyError, match=f"TRANSFERSTUDY_CACHE_GIB={wrong}: expected a number of GiB"):
            limit_bytes()

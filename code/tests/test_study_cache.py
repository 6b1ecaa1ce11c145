"""Kept activations: the same numbers as without them, computed once, bounded, and never trusted when damaged."""

import os

import keras
import numpy as np
import pytest

from transferstudy.data import load
from transferstudy.errors import StudyError
from transferstudy.models import between, build_model, split_at
from transferstudy.plan.spec import RunSpec
from transferstudy.training import cache as cache_module
from transferstudy.training import chunks as chunks_module
from transferstudy.training import rows as rows_module
from transferstudy.training import train
from transferstudy.training.cache import ActivationCache, limit_bytes
from transferstudy.training.features import ImageViews, Known, Views, activations, identity, onward, through
from transferstudy.training.prediction import predict

FROZEN = {
    "dataset": "cifar10-sample", "image_size": 32, "n_labels": 100, "backbone": "compact", "weights": "none",
    "strategy": "random_features", "head_learning_rate": 1e-2, "head_min_steps": 24, "evaluations": 3,
    "batch_size": 16, "augmentation": "none", "seed": 0,
}  # fmt: skip
PART = "ab" * 32


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
    spec = RunSpec.parse({**FROZEN, "augmentation": "flip", "augmentation_views": 8})
    first = train(spec, sample, verbose=0)
    assert 80 + 20 < first.rows["computed"] <= 2 * 80 + 20, "an image and its mirror, however many views"
    assert first.rows["reused"] == 0
    predict(first, sample)
    assert first.cache.computed == first.rows["computed"] + len(sample.y_test), "validation images are there"
    files = {p: p.read_bytes() for p in folder.rglob("*.chunk")}
    other = RunSpec.parse({**spec.model_dump(), "head_learning_rate": 1e-3})
    second = train(other, sample, verbose=0)
    assert second.rows == {"computed": 0, "reused": first.rows["computed"]}
    made = predict(second, sample)
    assert second.cache.computed == 0, "test images go through the same prefix as before"
    assert {p: p.read_bytes() for p in folder.rglob("*.chunk")} == files
    fresh = train(RunSpec.parse({**spec.model_dump(), "seed": 1}), sample, verbose=0)
    assert fresh.rows["reused"] == 0, "other random weights, other images"
    assert made["test_log_p"].shape == (len(sample.y_test), 10)


def test_a_row_does_not_depend_on_its_neighbours(sample):
    """Alone, in another order, beside others: the same bits."""
    prefix, _ = split_at(build_model("compact", 10, 32), "block3")
    images = sample.x_train[:70]
    whole = np.concatenate([*activations(prefix, images)])
    order = np.random.default_rng(0).permutation(70)
    np.testing.assert_array_equal(np.concatenate([*activations(prefix, images[order])]), whole[order])
    np.testing.assert_array_equal(np.concatenate([*activations(prefix, images[66:67])]), whole[66:67])


def test_images_are_shared_whatever_they_come_with(sample):
    prefix, _ = split_at(build_model("compact", 10, 32), "block3")
    some = through(prefix, Known.images(sample.x_train[:10]), ActivationCache())
    cache = ActivationCache()
    more = through(prefix, Known.images(sample.x_train[[3, 20, 3, 5, 21]]), cache)
    assert (cache.computed, cache.reused) == (2, 2), "one of five occurs twice"
    np.testing.assert_array_equal(more.array[[0, 2, 3]], some.array[[3, 3, 5]])
    assert more.digests[0] == more.digests[2] == some.digests[3]


def test_identity_is_that_of_weights_and_layers():
    def prefix(seed, **options):
        keras.utils.set_random_seed(seed)
        return split_at(build_model("compact", 10, 32, **options), "block3")[0]

    assert identity(prefix(0)) == identity(prefix(0))
    assert identity(prefix(0)) != identity(prefix(1))
    keras.utils.set_random_seed(0)
    assert identity(split_at(build_model("compact", 10, 32), "block2")[0]) != identity(prefix(0))
    pixels = np.zeros((2, 32, 32, 3), np.uint8)
    same, other = Known.images(pixels), Known.images(pixels + np.uint8(1))
    assert same.digests[0] == same.digests[1] == Known.images(pixels.copy()).digests[0] != other.digests[0]
    frozen = prefix(0)
    frozen.trainable = False
    assert identity(frozen) == identity(prefix(0)), "which layers learn does not matter to what is computed"


def test_parts_in_a_row_give_what_the_whole_prefix_gives(sample):
    model = build_model("compact", 10, 32)
    prefix, suffix = split_at(model, "block3")
    known = through(prefix, Known.images(sample.x_test), ActivationCache())
    np.testing.assert_allclose(
        suffix.predict(known.array, verbose=0), model.predict(sample.x_test, verbose=0), rtol=1e-3, atol=1e-4
    )


def test_parts_one_after_another_are_found_again(sample):
    """Activations of activations: their digests follow from those of the images, not from the values."""
    keras.utils.set_random_seed(0)
    model = build_model("compact", 10, 32)
    first, rest = split_at(model, "block2")[0], between(model, "block2")
    cache = ActivationCache()
    views = Views(through(first, Known.images(sample.x_test), cache), 1)
    pooled = onward(rest, views, cache)
    again = onward(rest, views, cache)
    assert (cache.computed, cache.reused) == (2 * len(sample.y_test), len(sample.y_test))
    np.testing.assert_array_equal(again.rows(), pooled.rows())
    whole = split_at(model, None)[0].predict(sample.x_test, verbose=0)
    np.testing.assert_allclose(pooled.rows(), whole, rtol=1e-3, atol=1e-4)


def test_views_start_with_the_images_and_depend_on_the_seed(sample):
    images = sample.x_train[:8]
    made = ImageViews(images, "crop-flip", 3, 0)
    assert len(made) == 24
    np.testing.assert_array_equal(made.view(0), images)
    second, third = made.view(1), made.view(2)
    assert (second != third).any()
    np.testing.assert_array_equal(third, ImageViews(images, "crop-flip", 3, 0).view(2))
    np.testing.assert_array_equal(made[np.array([17, 9, 1])], np.stack([third[1], second[1], images[1]]))
    assert len(ImageViews(images, "none", 3, 0)) == 8


class Source:
    """Rows of an array, two at a time; counts how many were asked for."""

    def __init__(self, n: int = 10):
        self.array = np.random.default_rng(0).normal(size=(n, 4, 3)).astype(np.float32)
        self.digests = [bytes([k]) * 32 for k in range(n)]
        self.computed = 0

    def __call__(self, positions):
        for start in range(0, len(positions), 2):
            self.computed += len(positions[start : start + 2])
            yield self.array[positions[start : start + 2]]

    def ask(self, cache: ActivationCache, part: str = PART):
        return cache.get(part, self.digests, (4, 3), self)


@pytest.fixture
def source():
    return Source()


@pytest.fixture(params=["in memory", "mapped"])
def size(request, monkeypatch):
    """Whether what is asked for counts as small or as large."""
    monkeypatch.setattr(rows_module, "IN_MEMORY", 2**20 if request.param == "in memory" else 0)


def test_what_was_kept_comes_back(source, folder, size):
    for _ in range(2):
        found = source.ask(ActivationCache())
        np.testing.assert_array_equal(found, source.array)
        np.testing.assert_array_equal(found[np.array([7, 0, 7])], source.array[[7, 0, 7]])
        np.testing.assert_array_equal(found[3:6], source.array[3:6])
        assert found.shape == source.array.shape
        assert source.computed == 10
    assert [p.name for p in folder.iterdir()] == [PART]
    source.ask(ActivationCache(), part="cd" * 32)
    assert source.computed == 20, "another network part computes its own"


def test_a_stop_loses_only_what_was_under_way(source, monkeypatch):
    monkeypatch.setattr(cache_module, "CHUNK_SECONDS", 0.0)
    whole = Source.__call__

    def stopped(self, positions):
        for number, rows in enumerate(whole(self, positions)):
            if number == 3:
                raise KeyboardInterrupt
            yield rows

    monkeypatch.setattr(Source, "__call__", stopped)
    with pytest.raises(KeyboardInterrupt):
        source.ask(ActivationCache())
    monkeypatch.setattr(Source, "__call__", whole)
    source.computed = 0
    np.testing.assert_array_equal(source.ask(ActivationCache()), source.array)
    assert source.computed == 10 - 3 * 2


@pytest.mark.parametrize("damage", ["cut", "digest", "row", "empty", "header", "exchanged"])
def test_a_damaged_file_is_computed_again(source, folder, damage):
    source.ask(ActivationCache())
    (path,) = folder.rglob("*.chunk")
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[:-40]
    if damage in ("digest", "row", "header"):
        content[{"digest": 70, "row": -100, "header": 1}[damage]] ^= 1
    if damage == "empty":
        content = b""
    path.write_bytes(bytes(content))
    if damage == "exchanged":  # for the file of another part, of equal shape and of the same images
        other = Source()
        other.array = other.array + 1
        other.ask(ActivationCache(), part="cd" * 32)
        (folder / ("cd" * 32) / path.name).replace(path)
    cache = ActivationCache()
    np.testing.assert_array_equal(source.ask(cache), source.array)
    assert cache.computed == 10
    source.computed = 0
    source.ask(ActivationCache())
    assert source.computed == 0, "the file is whole again"


def test_the_folder_stays_within_its_limit_and_loses_the_oldest(source, folder):
    source.ask(ActivationCache(), part="a")
    (path,) = folder.rglob("*.chunk")
    limit = int(2.9 * path.stat().st_size)
    for number, part in enumerate("abc"):
        source.ask(ActivationCache(limit=limit), part=part)
        if part != "c":
            os.utime(folder / part / path.name, (number, number))
        if part == "b":
            source.ask(ActivationCache(), part="a")  # used again: now b is the oldest
    assert sorted(p.name for p in folder.iterdir()) == ["a", "c"]


def test_what_does_not_fit_stays_in_memory(source, folder, size, monkeypatch):
    monkeypatch.setattr(cache_module, "CHUNK_SECONDS", 0.0)
    np.testing.assert_array_equal(source.ask(ActivationCache(limit=0)), source.array)
    assert not folder.exists()
    np.testing.assert_array_equal(source.ask(ActivationCache(limit=1000)), source.array)
    assert 0 < sum(p.stat().st_size for p in folder.rglob("*.chunk")) <= 1000, "as much as there is room for"
    source.computed = 0
    np.testing.assert_array_equal(source.ask(ActivationCache(limit=1000)), source.array)
    assert 0 < source.computed < 10


def test_a_full_disk_and_a_stopped_writer_leave_nothing_behind(source, folder, monkeypatch):
    def full(self, *_):
        raise OSError("disk full")

    monkeypatch.setattr(chunks_module.Path, "replace", full)
    np.testing.assert_array_equal(source.ask(ActivationCache()), source.array)
    assert source.computed == 10, "what is computed is not computed again because it cannot be kept"
    assert list((folder / PART).iterdir()) == []
    monkeypatch.undo()
    left = folder / PART / ".1.part"
    left.write_bytes(b"part")
    os.utime(left, (0, 0))
    source.ask(ActivationCache(folder))
    assert not left.exists()


def test_the_limit_is_read_from_the_environment(monkeypatch):
    assert limit_bytes() == 4 * 2**30
    monkeypatch.setenv("TRANSFERSTUDY_CACHE_GIB", "0.5")
    assert limit_bytes() == 2**29
    for wrong in ("much", "-1", "nan", "inf"):
        monkeypatch.setenv("TRANSFERSTUDY_CACHE_GIB", wrong)
        with pytest.raises(StudyError, match=f"TRANSFERSTUDY_CACHE_GIB={wrong}: expected a number of GiB"):
            limit_bytes()

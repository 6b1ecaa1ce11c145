"""Corrupted test images: the same for every run, as strong as declared, and measured from what is stored."""

import copy
import dataclasses

import numpy as np
import pytest

from transferstudy.checking.verify import verify
from transferstudy.data import corruptions as robustness
from transferstudy.data import load
from transferstudy.data.corruptions import CORRUPTIONS, chosen, corrupt, corrupted, measure_robustness
from transferstudy.errors import StudyError
from transferstudy.plan.presets import expand
from transferstudy.plan.spec import RunSpec
from transferstudy.results.metrics import measure_all
from transferstudy.results.store import Store
from transferstudy.training.execution import make


@pytest.fixture(scope="module")
def sample():
    return load("cifar10-sample")


def test_the_same_number_of_each_class_is_chosen_by_rank():
    y = np.repeat(np.arange(10), 1000)
    which = chosen(y)
    assert len(which) == len(set(which.tolist())) == 2000
    assert np.bincount(y[which]).tolist() == [200] * 10
    assert which[:200].tolist() == list(range(200)), "the first of a class in hash order"
    unequal = np.repeat([0, 1, 2], [50, 3, 50])
    assert np.bincount(unequal[chosen(unequal, 20)]).tolist() == [7, 3, 6]


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_corruption_gets_stronger_and_repeats_exactly(sample, kind):
    images = sample.x_test[:40]
    before = images.copy()
    made = [corrupt(images, kind, strength) for strength in CORRUPTIONS[kind]]
    np.testing.assert_array_equal(images, before)
    changes = [np.abs(m.astype(int) - images).mean() for m in made]
    assert 0.3 < changes[0] < changes[1] < changes[2] < 80
    assert all(m.dtype == np.uint8 and m.shape == images.shape for m in made)
    np.testing.assert_array_equal(made[1], corrupt(images, kind, CORRUPTIONS[kind][1]))


def test_corruptions_do_what_their_constants_say():
    grey = np.full((30, 32, 32, 3), 128, np.uint8)
    noise = corrupt(grey, "noise", 0.08).astype(float) / 255
    assert noise.std() == pytest.approx(0.08, rel=0.02)
    two = np.zeros((1, 32, 32, 3), np.uint8)
    two[:, 16:] = 200
    np.testing.assert_array_equal(np.unique(corrupt(two, "contrast", 0.4)), [60, 140])
    reddish = np.full((1, 32, 32, 3), (100, 40, 20), np.uint8)
    bright = corrupt(reddish, "brightness", 0.2)[0, 0, 0]
    assert bright.tolist() == [151, 60, 30], "value 100 + 51, hue and saturation as before"
    np.testing.assert_array_equal(corrupt(np.zeros_like(reddish), "brightness", 0.2), 51)
    dot = np.zeros((1, 33, 33, 3), np.uint8)
    dot[0, 16, 16] = 255
    profile = corrupt(dot, "blur", 1.0)[0, :, :, 0].astype(float)
    at = np.arange(33) - 16
    sigma = np.sqrt((profile.sum(axis=0) * at**2).sum() / profile.sum())
    assert sigma == pytest.approx(33 / 32, rel=0.05)
    with pytest.raises(ValueError, match="no corruption 'fog'"):
        corrupt(grey, "fog", 1.0)


def test_corrupted_images_are_made_once(sample, monkeypatch):
    first, sha256 = corrupted(sample)
    assert first.shape == (5, 3, len(sample.y_test), 32, 32, 3)
    monkeypatch.setattr(robustness, "corrupt", lambda *_: pytest.fail("made again"))
    assert corrupted(sample)[0] is first
    assert len(sha256) == 64


def test_measures_count_what_is_right():
    y = np.repeat(np.arange(10), 5).astype(np.uint8)
    log_p = np.log(np.full((50, 10), 0.01))
    log_p[np.arange(50), y] = -0.01
    log_p[:5] = np.log(np.eye(10)[1] * 0.9 + 0.01)
    top = np.tile(y, (5, 3, 1))
    top[2, 1, :25] = (y[:25] + 1) % 10
    measured = measure_robustness(log_p, y, top)
    assert measured["images"] == 50
    assert measured["clean"] == pytest.approx(0.9)
    assert measured["accuracy"]["contrast"] == [1.0, 0.5, 1.0]
    assert measured["accuracy"]["jpeg"] == [1.0, 1.0, 1.0]


@pytest.fixture(scope="module")
def finished(sample, tmp_path_factory):
    """The smoke run, with corrupted images."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path_factory.mktemp("cache")))
        return make(expand("smoke")[0], sample, None, robust=True, verbose=0)


def test_a_run_stores_top_classes_and_verify_recomputes_them(finished, tmp_path):
    store = Store(tmp_path)
    record = store.save(copy.deepcopy(finished.record), finished.predictions)
    stored = store.predictions(record)["robust_top1"]
    assert stored.dtype == np.uint8
    assert stored.shape == (5, 3, len(finished.predictions["test_y"]))
    assert record["data"]["corruptions"]["severities"] == [1, 3, 5]
    assert record["data"]["corruptions"]["kinds"]["jpeg"] == [80, 58, 40]
    assert "robustness" in record["timing"]
    assert verify(store) == 1
    record["metrics"]["robustness"]["accuracy"]["blur"][1] += 1e-5
    store.save_record(record)
    with pytest.raises(StudyError, match="robustness accuracy differs from what the predictions give"):
        verify(store)
    del record["metrics"]["robustness"]
    store.save_record(record)
    with pytest.raises(StudyError, match="measures of test, val, predictions give robustness, test, val"):
        verify(store)


class Untouchable:
    """Test images that nobody may look at."""

    def __getattr__(self, name):
        raise AssertionError("the test images were read")

    __getitem__ = __array__ = __getattr__

    def __len__(self):
        return 100  # how many there are may be known


def test_a_tuning_run_never_reads_a_test_image(sample, tmp_path, finished):
    spec = RunSpec.parse({**expand("smoke")[0].model_dump(), "purpose": "tuning"})
    guarded = dataclasses.replace(sample, x_test=Untouchable(), y_test=Untouchable())
    tuned = make(spec, guarded, None, robust=True, verbose=0)
    assert set(tuned.predictions) == {"val_log_p", "val_y"}
    assert set(tuned.record["metrics"]) == {"val"}
    np.testing.assert_array_equal(tuned.predictions["val_log_p"], finished.predictions["val_log_p"])
    store = Store(tmp_path)
    record = store.save(tuned.record, tuned.predictions)
    assert verify(store) == 1
    cheat = store.save({**record, "metrics": measure_all(finished.predictions)}, finished.predictions)
    assert cheat["id"] == spec.id
    with pytest.raises(StudyError, match="a tuning run with predictions of test images"):
        verify(store)


def test_show_and_status_speak_of_tuning_and_corruption(sample, tmp_path, finished, capsys):
    from transferstudy.cli import main

    store = Store(tmp_path)
    record = store.save(finished.record, finished.predictions)
    assert main(["show", record["id"], "--results", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "validation: accuracy" in out and "test: accuracy" in out
    assert all(kind in out for kind in CORRUPTIONS)
    tuning = RunSpec.parse({**finished.record["spec"], "purpose": "tuning"})
    predictions = {k: v for k, v in finished.predictions.items() if k.startswith("val")}
    changed = {**finished.record, "spec": tuning.model_dump(), "metrics": measure_all(predictions)}
    store.save(changed, predictions)
    assert main(["show", tuning.id, "--results", str(tmp_path)]) == 0
    assert "a tuning run does not look at the test images" in capsys.readouterr().out

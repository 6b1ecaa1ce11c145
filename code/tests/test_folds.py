"""The folds of a seed put together: each picture once, intervals over the groups, a seed that lacks a fold left out."""

import numpy as np
import pytest
from fakes import fake_manifest, fake_record, fake_spec

from transferstudy.analysis.comparison import arm_interval, difference
from transferstudy.analysis.statistics.crossed import estimate
from transferstudy.analysis.study import Study
from transferstudy.errors import StudyError
from transferstudy.results.metrics import measure
from transferstudy.results.store import Store

FOLDS, PICTURES, PEOPLE = 3, 90, 9


def parts(seed: int) -> np.ndarray:
    """Which fold tests each picture: whole people, other ones for every seed."""
    people = np.random.default_rng(seed).permutation(PEOPLE) % FOLDS
    return people[np.arange(PICTURES) % PEOPLE]


def specs_in(store: Store, arms=("linear_probe", "small_scratch"), seeds: int = 3, say_which: bool = True):
    made = []
    for strategy in arms:
        for seed in range(seeds):
            for fold in range(FOLDS):
                changes = {"dataset": "signs", "data_sha256": "a" * 64, "folds": FOLDS, "fold": fold}
                spec = fake_spec(strategy, 100, seed, **changes)
                here = np.flatnonzero(parts(seed) == fold)
                record, stored = fake_record(spec, 4.0 if strategy == "linear_probe" else 1.0, len(here))
                if say_which:
                    stored |= {
                        "test_i": here.astype(np.uint32),
                        "test_group": (here % PEOPLE).astype(np.uint32),
                    }
                store.save(record, stored)
                made.append(spec)
    fake_manifest(store.root, "tiny-imagenet")
    return made


def test_each_picture_is_tested_once_for_every_seed_and_people_are_the_sample(tmp_path):
    store = Store(tmp_path)
    specs = specs_in(store)
    study = Study(specs, store, "far")
    arm = study.arm("linear_probe", 100)
    assert arm.seeds == (0, 1, 2) and study.missing == ()
    right, whole = study.correct("linear_probe", 100), []
    assert right.shape == (3, PICTURES)
    for seed, record in enumerate(arm.records):
        rows = np.zeros(PICTURES, bool)
        for spec in (s for s in specs if (s.strategy, s.seed) == ("linear_probe", seed)):
            stored = store.predictions(store.load(spec.id))
            rows[stored["test_i"]] = stored["test_log_p"].argmax(axis=1) == stored["test_y"]
        whole.append(rows)
        assert record["metrics"]["test"]["n"] == record["data"]["test"] == PICTURES
        assert record["metrics"]["test"]["accuracy"] == pytest.approx(rows.mean())
        assert len(record["folds"]) == FOLDS
    np.testing.assert_array_equal(right, whole)
    people = np.arange(PICTURES) % PEOPLE
    np.testing.assert_array_equal(study.groups(arm), people)
    assert arm_interval(study, arm) == pytest.approx(np.clip(estimate(right, people).interval(), 0, 1))
    d = difference(study, "linear_probe", "small_scratch", 100)
    gain = right.astype(int) - study.correct("small_scratch", 100)
    assert (d.low, d.high) == pytest.approx(estimate(gain, people).interval())
    assert (d.low, d.high) != pytest.approx(estimate(gain).interval())
    validation = [store.load(s.id)["metrics"]["val"]["accuracy"] for s in specs[:FOLDS]]
    assert arm.validation("accuracy")[0] == pytest.approx(np.mean(validation))


def test_the_measures_are_those_of_all_pictures(tmp_path):
    store = Store(tmp_path)
    study = Study(specs_in(store, seeds=1), store, "far")
    record = study.arm("linear_probe", 100).records[0]
    stored = study.predictions(record)
    assert record["metrics"]["test"] == measure(stored["test_log_p"], stored["test_y"])


def test_a_seed_without_all_of_its_folds_is_missing(tmp_path):
    store = Store(tmp_path)
    specs = specs_in(store)
    gone = next(s for s in specs if (s.strategy, s.seed, s.fold) == ("linear_probe", 1, 2))
    for path in store.runs.glob(f"{gone.id}*"):
        path.unlink()
    study = Study(specs, store, "far", partial=True)
    assert study.arm("linear_probe", 100).seeds == (0, 2)
    assert study.arm("small_scratch", 100).seeds == (0, 1, 2)
    assert {s.id for s in study.missing} == {
        s.id for s in specs if (s.strategy, s.seed) == ("linear_probe", 1)
    }
    with pytest.raises(StudyError, match=gone.id):
        Study(specs, store, "far")


def test_folds_that_do_not_say_what_they_tested_are_refused_by_name(tmp_path):
    store = Store(tmp_path)
    specs = specs_in(store, seeds=1, say_which=False)
    with pytest.raises(StudyError, match=f"run {specs[0].id} does not say which pictures its fold tests"):
        Study(specs, store, "far")


def test_folds_of_other_cuts_are_refused(tmp_path):
    store = Store(tmp_path)
    specs = specs_in(store, seeds=1)
    record, stored = store.load(specs[0].id), store.predictions(store.load(specs[0].id))
    stored["test_i"] = stored["test_i"][::-1].copy() * 0
    again = Store(tmp_path / "again")
    for spec in specs[1:]:
        again.save(store.load(spec.id), store.predictions(store.load(spec.id)))
    again.save(record, stored)
    with pytest.raises(StudyError, match="do not test each picture once"):
        Study(specs, again, "far")

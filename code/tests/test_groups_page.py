"""What pages say of `--groups`: computed from stored runs, true for each outcome."""

import re

import numpy as np
import pytest
from fakes import fake_record, fake_spec

from transferstudy.errors import StudyError
from transferstudy.report import groups
from transferstudy.results.records import write_record
from transferstudy.results.store import Store


def runs(root, strengths: dict, seeds: int = 2, folds: int = 2) -> None:
    """Made-up runs of one folder, with groups (True) and without; a stronger one predicts better."""
    store = Store(root / "groups")
    for grouped, strength in strengths.items():
        content = ("a" if grouped else "b") * 64
        found = {"content": content, "groups": {"given": 7 if grouped else None}}
        write_record(store.root / "look" / f"{content[:12]}.json", found)
        for seed in range(seeds):
            for fold in range(folds):
                changes = {"dataset": "signs", "data_sha256": content, "folds": folds, "fold": fold}
                store.save(*fake_record(fake_spec("linear_probe", 100, seed, **changes), strength, 300))


@pytest.mark.parametrize(
    ("strengths", "said"),
    [
        (
            {True: 1.0, False: 4.0},
            r"So a random split makes the network look \d+\.\d.points better than it is for people",
        ),
        (
            {True: 4.0, False: 1.0},
            r"did not flatter the network here: its accuracy is even \d+\.\d.points lower",
        ),
    ],
)
def test_each_outcome_has_its_sentence(strengths, said, tmp_path):
    runs(tmp_path, strengths)
    found = groups.measured(tmp_path)
    assert (found.people, found.pictures, found.labels, found.side) == (7, 600, 100, 32)
    text = groups.sentence(found)
    assert re.search(said, text), text
    assert "each of the 7 people" in text
    assert text.count("/results/groups/look/aaaaaaaaaaaa.json") == 2


@pytest.mark.parametrize("mixed", [[0.5, 0.503], [0.56, 0.48]])
def test_a_small_difference_or_one_that_changes_its_sign_is_called_none(mixed):
    found = groups.Measured(
        600, 7, 100, 32, np.array([0.5, 0.5]), np.array(mixed), "/results/groups/look/a.json"
    )
    assert "The difference is too small, or changes too much from seed to seed, to say" in groups.sentence(
        found
    )


def test_only_seeds_that_are_whole_both_ways_count(tmp_path):
    runs(tmp_path, {True: 2.0, False: 2.0})
    store = Store(tmp_path / "groups")
    lost = next(r for r in map(store.load, store.ids()) if r["spec"]["seed"] == 1)
    store.record_path(lost["id"]).unlink()
    assert len(groups.measured(tmp_path).kept) == 1
    assert groups.measured(tmp_path / "nothing") is None


def test_the_accuracy_is_that_of_all_pictures(tmp_path):
    runs(tmp_path, {True: 2.0, False: 2.0})
    store = Store(tmp_path / "groups")
    own = [
        r
        for r in map(store.load, store.ids())
        if r["spec"]["data_sha256"][0] == "a" and r["spec"]["seed"] == 0
    ]
    right = [p["test_log_p"].argmax(axis=1) == p["test_y"] for p in map(store.predictions, own)]
    assert groups.measured(tmp_path).kept[0] == pytest.approx(np.concatenate(right).mean())


def test_a_run_without_its_folder_is_named(tmp_path):
    runs(tmp_path, {True: 2.0, False: 2.0})
    (tmp_path / "groups" / "look" / "bbbbbbbbbbbb.json").unlink()
    with pytest.raises(
        StudyError, match=r"groups/runs/[0-9a-f]{12}\.json: what its folder holds is not in groups/look"
    ):
        groups.measured(tmp_path)

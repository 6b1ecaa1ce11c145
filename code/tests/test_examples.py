"""The studies of other pictures that the site shows: their records hold, and what the chapter says of them follows the runs."""

from pathlib import Path

import numpy as np
import pytest

from transferstudy.own_images.report.example import Example, gains, open_example
from transferstudy.own_images.report.outcome import load
from transferstudy.own_images.study.check import check_study
from transferstudy.own_images.study.folder import StudyFolder
from transferstudy.results.manifest import check

ROOT = Path(__file__).resolve().parents[2]
STUDIES = sorted(path.parent for path in (ROOT / "examples").glob("*/results"))


@pytest.mark.parametrize("folder", STUDIES, ids=lambda path: path.name)
def test_the_stored_runs_hold(folder):
    assert check(folder / "results"), "files.txt lists every file"
    lines = check_study(folder)
    assert "measures recomputed from the predictions and equal" in lines[0]


def test_there_is_a_study_and_its_pages_are_not_kept():
    assert [folder.name for folder in STUDIES] == ["hand-signs"]
    assert "/examples/*/site/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_no_person_is_on_two_sides():
    """What the chapter says of groups: with the stored list of pictures, every part of every seed keeps persons whole."""
    from transferstudy.data.division import parts_of

    o = load(StudyFolder(ROOT / "examples" / "hand-signs"))
    groups, labels = np.array(o.pictures["groups"]), np.array(o.pictures["labels"])
    assert len(set(groups.tolist())) == o.look["groups"]["independent"] > 200
    for seed in o.best.seeds:
        parts = parts_of(labels, np.array(o.pictures["apart"]), o.plan["frame"]["folds"], seed)
        assert all(len(set(parts[groups == g].tolist())) == 1 for g in set(groups.tolist()))


@pytest.mark.parametrize(
    ("shift", "lead"), [(0, "**Yes.**"), (1, "**No.**"), (None, "**That cannot be told.**")]
)
def test_the_gain_follows_the_runs(shift, lead):
    """Three outcomes: as stored, with the roles of two strategies exchanged, and with both equal."""
    o = load(StudyFolder(ROOT / "examples" / "hand-signs"))
    arms, best = dict(o.arms), {}
    for n in sorted({n for name, n in arms if name == "small_scratch"}):
        probe, scratch = arms["linear_probe", n], arms["small_scratch", n]
        seeds = slice(0, len(scratch.seeds))
        high, low = np.zeros_like(scratch.log_p), np.zeros_like(scratch.log_p)
        high[:, np.arange(len(scratch.y)), scratch.y] = 9
        low[:, np.arange(len(scratch.y)), (scratch.y + np.arange(len(scratch.y)) % 2) % 10] = 9
        pair = {0: (high, low), 1: (low, high), None: (low, low)}[shift]
        best["linear_probe", n] = type(probe)(
            probe.strategy, n, scratch.seeds, pair[0], probe.y, probe.groups, probe.records[seeds]
        )
        best["small_scratch", n] = type(scratch)(
            scratch.strategy, n, scratch.seeds, pair[1], scratch.y, scratch.groups, scratch.records
        )
    made = type(o)(o.plan, o.pictures, o.look, best, o.best, o.rivals)
    assert gains(made).startswith(lead)


def test_without_training_from_scratch_nothing_is_claimed():
    o = load(StudyFolder(ROOT / "examples" / "hand-signs"))
    arms = {key: arm for key, arm in o.arms.items() if key[0] != "small_scratch"}
    assert "nothing can be said of the gain" in gains(
        type(o)(o.plan, o.pictures, o.look, arms, o.best, o.rivals)
    )


def test_the_chapter_reads_the_study_of_the_folder():
    example = open_example(ROOT / "examples" / "hand-signs")
    assert isinstance(example, Example)
    assert example.command_block().data.startswith("```bash\npython -m transferstudy study ")

"""`transferstudy study` from a folder to a model, with real training at toy size: what is made, and that it is made once."""

import csv

import pytest
from photos import both

from transferstudy.cli import main
from transferstudy.own_images.study import machine_speed
from transferstudy.own_images.study import plan as study_plan
from transferstudy.own_images.study import steps as study
from transferstudy.own_images.study.machine_speed import Speed

HOURS = "0.02"
FAST = Speed(  # measuring takes half a minute and has no part in what is tested here
    "float32",
    dict.fromkeys(study_plan.STRATEGIES, 1.0),
    0.001,
    {64: 0.001},
    {
        "finetune_block5": {64: 0.02},
        "finetune_block3": {64: 9.0},
        "finetune_all": {64: 9.0},
        "small_scratch": {64: 0.02},
    },
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study of 48 drawn pictures, and what was said: of the first call, and of a second one just like it."""
    root = both(tmp_path_factory.mktemp("study") / "photos", 24)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root.parent)
        patch.delenv("TRANSFERSTUDY_CACHE", raising=False)
        patch.setattr(machine_speed, "measure", lambda *_: FAST)
        for strategy, steps in (("linear_probe", 100), ("finetune_block5", 40), ("small_scratch", 40)):
            patch.setitem(study_plan._STEPS, strategy, (0, steps, steps))
        make = study.run_units
        # The probe at two of its four sizes, and one network of each other kind, however fast or busy the machine.
        patch.setattr(study, "run_units", lambda making, units, _: make(making, units[:2] + units[4:6], 1e6))
        command = ["study", "photos", "--hours", HOURS, "--side", "32", "--folds", "none", "--with", "none"]
        said = []
        patch.setattr("builtins.print", lambda *words, **_: said.append(" ".join(map(str, words))))
        assert main(command) == 0
        first, runs = said[:], contents(root.parent)
        said.clear()
        assert main(command) == 0
    return root.parent / "photos-study", first, runs, said


def contents(place) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((place / "photos-study" / "results" / "runs").iterdir())}


def test_every_step_leaves_what_it_promises(made):
    folder, said, runs, _ = made
    assert [line for line in said if line[1:4] == "/5 "] == [
        "1/5 Look", "2/5 Plan", "3/5 Run", "4/5 Model", "5/5 Report",
    ]  # fmt: skip
    assert any("Linear probe, 38 labels, seed 0" in line for line in said)
    assert len(runs) >= 4, "at least the probe at two sizes: a record and its predictions each"
    for name in ("model.keras", "labels-to-check.csv", "study.zip", "index.qmd", "slides.qmd", "_quarto.yml"):
        assert (folder / name).stat().st_size > 0


def test_a_second_call_makes_nothing_again(made):
    folder, _, runs, again = made
    assert contents(folder.parent) == runs
    assert any("is kept; what is finished stays" in line for line in again)
    assert "  The model is there already." in again


def test_what_is_taken_away_works_without_the_study(made, tmp_path, capsys):
    folder = made[0]
    assert main(["verify", "--results", str(folder / "study.zip")]) == 0
    photos, table = both(tmp_path / "new", 6, start=500), tmp_path / "classes.csv"
    assert main(["predict", str(photos), "--model", str(folder / "model.keras"), "--csv", str(table)]) == 0
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    right = sum(row["file"].startswith(row["class"]) for row in rows)
    assert len(rows) == 12 and right >= 9, "discs and stripes are easy"

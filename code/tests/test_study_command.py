"""The command `study` from look to report: it is stopped, fails or is given other options, and goes on.

Measuring, training, the model and the report are made up; everything else is the real command.
"""

import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import SPEED, fake_record
from photos import both, fill, one_scene

from transferstudy.cli import main
from transferstudy.data import load as load_data
from transferstudy.data.division import divided
from transferstudy.errors import Diverged, StudyError
from transferstudy.own_images.model import take_away
from transferstudy.own_images.report import render, words
from transferstudy.own_images.report.outcome import load
from transferstudy.own_images.study import machine_speed
from transferstudy.own_images.study.folder import StudyFolder
from transferstudy.results.metrics import measure
from transferstudy.results.store import Store
from transferstudy.running import runner
from transferstudy.training import execution
from transferstudy.training.execution import Finished

QUICK = ["--folds", "none", "--seeds", "1"]
WEIGHTS = Path(__file__).resolve().parents[2] / "results" / "weights"


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """The command in a folder that holds `photos`.

    Call it with options; it returns status, output and errors. `made` lists the runs that were made, `before` is called with each
    of them, `seconds` is how long each says that it took.
    """
    found = SimpleNamespace(made=[], before=lambda spec: None, seconds=1.0, measured=0)
    found.root, found.folder = tmp_path / "photos", StudyFolder(tmp_path / "photos-study")

    def make(spec, data, weights, *_, **__):
        found.before(spec)
        found.made.append(spec)
        part = divided(data, spec.folds, spec.fold, spec.seed)
        record, _ = fake_record(spec, 1.0)
        predictions = {}
        for name, y in (("val", part.y_train[:20]), ("test", part.y_test)):
            p = np.full((len(y), 2), 0.1)
            p[np.arange(len(y)), y] = 0.9
            predictions |= {
                f"{name}_log_p": np.log(p).astype(np.float16),
                f"{name}_y": y.astype(np.uint8),
            }
            record["metrics"][name] = measure(predictions[f"{name}_log_p"], y)
        about = {"name": "photos", "classes": list(data.classes), "content": data.content}
        record["data"] |= {**about, "side": spec.image_size, "test": len(part.y_test)}
        record["timing"]["total"] = {"wall": found.seconds, "cpu": 1.0}
        return Finished(record, predictions, None)

    def measured(*_):
        found.measured += 1
        return SPEED

    def call(*options, weights="imagenet"):
        capsys.readouterr()
        status = main(["study", "photos", *(["--weights", weights] if weights else []), *options])
        return SimpleNamespace(status=status, **capsys.readouterr()._asdict())

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRANSFERSTUDY_WEIGHTS", raising=False)
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(execution, "make", make)
    monkeypatch.setattr(machine_speed, "measure", measured)
    monkeypatch.setattr(take_away, "take_away", lambda wish, making: load(wish.folder))
    monkeypatch.setattr(render, "write_report", lambda wish: None)
    found.call = call
    return found


def stop_after(command, runs: int) -> None:
    """Let the user stop the command after a number of runs."""

    def stop(spec):
        if len(command.made) == runs:
            raise KeyboardInterrupt

    command.before = stop


def test_pictures_that_change_after_a_stop_in_the_search_of_rates_do_not_fail_the_study(command):
    """There is no plan then, but there are runs of the earlier pictures."""
    both(command.root / "train", 260)
    both(command.root / "test", 20, start=600)
    stop_after(command, 3)
    assert command.call("--hours", "9").status == 130
    assert len(command.folder.store.ids()) == 3 and not command.folder.has("plan")
    fill(command.root / "train" / "cat", 0, 1, start=900)
    command.before = lambda spec: None
    done = command.call("--hours", "9", "--seeds", "1")
    assert done.status == 0, done.err
    assert "Its 3 runs, its model and its lists are of the earlier pictures" in done.out
    assert len(list((command.folder.root / "earlier").glob("*/results/runs/*.json"))) == 3


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("none", "--weights none: a study compares pretrained weights with a random start, so it needs some"),
        ("tiny-imagenet", "weights 'tiny-imagenet': no file given; give the file with --weights PATH"),
        ("tiny-imagenet-compact", "these weights do not fit it: tiny-imagenet-compact was made for compact"),
        (str(WEIGHTS / "tiny-imagenet-compact.npz"), "these weights do not fit it: "),
    ],
)
def test_weights_that_a_study_cannot_start_from_are_refused_before_it_begins(command, weights, said):
    """Once they stood in the plan, the study could neither go on with them nor with others."""
    both(command.root, 8)
    done = command.call(weights=weights)
    assert done.status == 2 and said in done.err
    assert not done.out and not command.measured and not command.folder.root.exists()
    assert command.call(*QUICK, weights="imagenet-vgg16-int8").status == 0


def test_weights_of_the_environment_are_refused_by_its_variable(command, monkeypatch):
    both(command.root, 8)
    monkeypatch.setenv("TRANSFERSTUDY_WEIGHTS", str(WEIGHTS / "tiny-imagenet-compact.npz"))
    done = command.call(weights=None)
    assert done.status == 2 and done.err.startswith("error: TRANSFERSTUDY_WEIGHTS: the pretrained network")


@pytest.mark.parametrize("side", ["0", "16", "1025", "5000", "-64", "many"])
def test_a_side_that_no_network_takes_is_refused_where_it_is_given(command, side, capsys):
    both(command.root, 8)
    with pytest.raises(SystemExit):
        command.call(f"--side={side}")
    assert (
        f"argument --side: expected a whole number of pixels from 32 to 1024, not '{side}'"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("hours", [(), ("--hours", "1")], ids=["none", "fewer"])
def test_a_study_that_is_repeated_with_fewer_hours_keeps_those_that_it_has(command, hours):
    """It made nothing more, blamed the machine for that, and lost the hours from its plan."""
    both(command.root, 8)
    command.seconds = 600.0
    stop_after(command, 8)
    assert command.call("--hours", "4", *QUICK).status == 130
    planned = sum(unit["planned"] for unit in command.folder.read("plan")["units"])
    command.before = lambda spec: None
    done = command.call(*hours, *QUICK)
    assert done.status == 0 and "The plan of 4 hours is kept" in done.out
    assert "slower than the measuring" not in done.out and len(command.made) == planned > 8
    assert "The study had 4 hours; with 2 seeds it goes on." in command.call(*hours, "--seeds", "2").out
    plan = command.folder.read("plan")
    assert plan["hours"] == 4 and " --hours 4 " in plan["command"]
    assert "The study had 4 hours; with 5 it goes on." in command.call("--hours", "5", *QUICK).out
    assert command.folder.read("plan")["command"].startswith("python -m transferstudy study photos --hours 5")


def test_a_study_has_one_hour_where_none_are_given(command):
    both(command.root, 8)
    assert command.call(*QUICK).status == 0
    plan = command.folder.read("plan")
    assert plan["hours"] == 1 and " --hours 1 " in plan["command"]


def test_a_second_command_leaves_the_study_to_the_first(command):
    """Both made every run, and each took the other's time for its own."""
    both(command.root, 8)
    second = []

    def try_again(spec):
        if len(command.made) == 2:
            second.append(command.call(*QUICK))

    command.before = try_again
    assert command.call(*QUICK).status == 0
    assert [done.status for done in second] == [2]
    assert "photos-study: another study command is at work in this folder. Wait until it is" in second[0].err
    assert len({spec.id for spec in command.made}) == len(command.made) == len(command.folder.store.ids())
    assert command.call(*QUICK).status == 0, "the first is done, and has let go"


def test_a_run_that_cannot_be_stored_is_kept_elsewhere(command, tmp_path, monkeypatch):
    """It was lost, with a traceback."""
    both(command.root, 8)
    real = Store.save

    def save(store, *what):
        if store.root == command.folder.store.root:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(store, *what)

    monkeypatch.setattr(Store, "save", save)
    done = command.call(*QUICK)
    (spec,) = command.made
    assert done.status == 2
    assert f"run {spec.id} is made, but could not be stored in {command.folder.store.root}" in done.err
    kept = Store(tmp_path / "cache" / "unstored")
    assert f"It is kept in {kept.root}" in done.err and kept.ids() == [spec.id]


def test_a_network_that_diverges_is_left_out_and_the_report_says_so(command):
    """Training is the same each time: one such network kept every later call from a report, too."""
    both(command.root, 8)

    def diverge(spec):
        if spec.strategy == "small_scratch" and spec.fold == 1 and spec.seed == 0:
            raise Diverged("training diverged in its main phase")

    command.before = diverge
    for _ in range(2):
        done = command.call("--hours", "4", "--seeds", "2")
        assert done.status == 0, done.err
        assert done.out.count("Left out: the training diverged") == 3, "one of each size"
        assert "slower than the measuring" not in done.out
    o = load(command.folder)
    assert o.arms["small_scratch", 12].seeds == (1,) and o.arms["linear_probe", 12].seeds == (0, 1)
    said = words.method(o)
    assert "Training a compact network from scratch with 12 labels (seed 0), " in said and "diverged" in said
    command.before = lambda spec: None  # as a later version may train
    assert command.call("--hours", "4", "--seeds", "2").status == 0
    assert "diverged" not in words.method(load(command.folder))


@pytest.mark.parametrize("wrong", [Diverged("training diverged"), StudyError("its process died")])
def test_workers_leave_a_network_out_where_it_diverged_and_for_nothing_else(command, wrong, monkeypatch):
    def run_all(specs, store, source, weights, **options):
        if specs[0].strategy == "finetune_block5":
            raise wrong
        for spec in specs:
            store.save(*vars(execution.make(spec, load_data("photos", source, 32), weights)).values())

    both(command.root, 8)
    monkeypatch.setattr(runner, "run_all", run_all)
    done = command.call("--hours", "4", "--jobs", "2", *QUICK)
    diverged = isinstance(wrong, Diverged)
    assert done.status == (0 if diverged else 2)
    assert ("Left out: the training diverged" in done.out) == diverged
    assert ("its process died" in done.err) != diverged


def test_three_groups_make_three_folds_and_more_are_refused_before_anything_is_measured(command, capsys):
    """Five parts of three groups were a traceback of scikit-learn's, after the measuring."""
    for person, start in enumerate((0, 100, 200)):
        both(command.root, 8, start=start, name=f"p{person}_{{:03}}.png")
    groups = ["--groups", r"^(p\d)"]
    done = command.call("--folds", "5", *groups)
    assert (done.status, command.measured) == (2, 0)
    assert "--folds 5: these pictures can be cut into 3 parts at most" in done.err
    assert main(["look", "photos", *groups]) == 0
    said = capsys.readouterr().out
    assert "Splits: 3 parts at most keep what belongs together, so the pictures are cut into 3 folds" in said
    assert "study would stop" not in said
    assert command.call(*groups, "--seeds", "1").status == 0
    o = load(command.folder)
    assert {spec.folds for spec in command.made} == {3} and len(o.best.y) == 48
    before = command.measured
    done = command.call(*groups, *QUICK, "--out", "single")
    assert (done.status, command.measured) == (2, before)
    assert "all 16 test pictures belong to one group" in done.err and "Leave --folds out" in done.err


def test_look_names_what_study_refuses_and_study_does_so_before_it_measures(command, capsys):
    for label in range(12):
        fill(command.root / f"class{label:02}", label % 2, 6, start=100 * label)
    said = "57 labelled pictures to learn from; at least 60 are needed: add pictures, or use fewer classes (--classes)"
    assert main(["look", "photos"]) == 0
    assert capsys.readouterr().out.endswith(f"study would stop: {said}\n")
    done = command.call()
    assert (done.status, command.measured, done.err) == (2, 0, f"error: {said}\n")
    fill(command.root / "rare", 0, 3, start=5_000)
    done = command.call()
    assert (done.status, command.measured) == (2, 0) and "The class 'rare' has 3 pictures" in done.err
    assert main(["look", "photos"]) == 0
    assert capsys.readouterr().out.endswith(done.err.replace("error: ", "study would stop: "))


def test_fewer_folds_are_passed_over_where_they_leave_too_few_pictures(command):
    """They were looked at after the measuring, and then there was no study at all."""
    both(command.root, 7)
    done = command.call("--hours", "0.06", "--seeds", "1")
    assert command.measured and done.status == 0, done.err


def test_a_forgotten_option_does_not_set_a_study_aside(command):
    """Every run was made again, as the pictures were said to have changed."""
    for person, start in enumerate((0, 100, 200, 300)):
        both(command.root, 8, start=start, name=f"p{person}_{{:03}}.png")
    groups = ["--groups", r"^(p\d)"]
    stop_after(command, 3)
    assert command.call("--seeds", "1", *groups).status == 130
    refused = command.call("--seeds", "1")
    assert refused.status == 2
    assert f"error: --groups: the study in {command.folder.root} was made with --groups ^(p" in refused.err
    assert "Give the same, or name another folder with --out for another study." in refused.err
    assert len(command.made) == 3 and not (command.folder.root / "earlier").exists()
    command.before = lambda spec: None
    assert command.call(*QUICK, "--out", "single").status == 0
    refused = command.call(*QUICK, *groups[:1], "0|1|2|3", "--out", "single")
    assert refused.status == 2 and "was made without it. Leave it out, or name" in refused.err


def test_another_folder_of_the_same_name_is_another_study(command, tmp_path, monkeypatch):
    both(command.root, 8)
    assert command.call(*QUICK).status == 0
    both(tmp_path / "elsewhere" / "photos", 8, start=400, name="other{:03}.png")
    made = len(command.made)
    done = SimpleNamespace(status=main(["study", "elsewhere/photos", "--weights", "imagenet", *QUICK]))
    assert done.status == 2 and len(command.made) == made
    assert not (command.folder.root / "earlier").exists()
    shutil.rmtree(command.root)
    both(command.root, 8, start=400)  # the names are the same, the pictures are not
    done = command.call(*QUICK)
    assert done.status == 2 and "not one picture of this folder was tested in the study in" in done.err


def test_pictures_that_are_as_they_were_have_their_runs_again(command):
    both(command.root, 8)
    assert command.call(*QUICK).status == 0
    made = len(command.made)
    fill(command.root / "cat", 0, 1, start=900, name="new{:03}.png")
    changed = command.call(*QUICK)
    assert changed.status == 0 and f"Its {made} runs" in changed.out and "are back" not in changed.out
    (command.root / "cat" / "new900.png").unlink()
    both_made = len(command.made)
    again = command.call(*QUICK)
    assert again.status == 0 and f"studied before: {made} runs are back from earlier/" in again.out
    assert len(command.made) == both_made > made
    assert len(list((command.folder.root / "earlier").iterdir())) == 1, "those of the other pictures"


def test_pictures_of_a_fixed_camera_are_studied_with_equal_files_as_the_only_copies(command):
    one_scene(command.root)
    refused = command.call(*QUICK)
    assert (refused.status, command.measured) == (2, 0) and "give --copies equal" in refused.err
    done = command.call(*QUICK, "--copies", "equal")
    assert done.status == 0, done.err
    assert "Copies: only equal files stay on one side" in done.out
    o = load(command.folder)
    assert " --copies equal" in o.plan["command"]
    assert "Equal files stay together; other pictures that look alike do not" in words.method(o)


def test_a_damaged_file_of_a_study_is_named_with_its_folder_and_made_again_by_the_command(command):
    """Advice to fetch it from Git or to use `run` led nowhere, and a list of pictures was never made again."""
    both(command.root, 8)
    assert command.call(*QUICK).status == 0
    again = f"python -m transferstudy study FOLDER --out {command.folder.root} makes it again"
    run = command.folder.store.runs / f"{command.made[0].id}.json"
    for path in (run, command.folder.records / "pictures.json", command.folder.records / "plan.json"):
        path.write_text("{")
        done = command.call(*QUICK)
        assert done.status == 2
        assert f"error: {path.relative_to(command.folder.root.parent)}: damaged" in done.err
        assert (
            f"; delete it, then {again}" in done.err
            and "git" not in done.err
            and "run --only" not in done.err
        )
        path.unlink()
        assert command.call(*QUICK).status == 0 and path.is_file()
    run.with_suffix(".npz.xz").write_bytes(b"")
    done = command.call(*QUICK)
    assert (
        f"differs from the record's; delete {run.relative_to(command.folder.root.parent)}, then {again}"
        in done.err
    )
    run.unlink()
    assert command.call(*QUICK).status == 0


def test_a_study_without_a_finished_strategy_names_its_place(command):
    both(command.root, 8)
    stop_after(command, 1)
    assert command.call("--seeds", "1").status == 130
    with pytest.raises(StudyError) as error:
        load(command.folder)
    assert f" --out {command.folder.root} (with the path to photos), or give it more --hours." in str(
        error.value
    )

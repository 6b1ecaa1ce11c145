"""Runs that are stopped, by an error or by kill -9, go on and end with the same numbers as runs that were left alone."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from transferstudy.data import load
from transferstudy.plan import strategies
from transferstudy.plan.spec import RunSpec
from transferstudy.training import checkpoint, unfinished
from transferstudy.training.checkpoint import Checkpoint
from transferstudy.training.execution import make
from transferstudy.training.unfinished import discard

MADE_UP = ("probe_then_block3", "x", False, "block3", True, None, "compact", "for this test")
SPEC = {
    "dataset": "cifar10-sample", "image_size": 32, "n_labels": 100, "backbone": "compact", "weights": "none",
    "strategy": MADE_UP[0], "head": "mlp", "head_learning_rate": 1e-2, "head_min_steps": 6, "learning_rate": 1e-3,
    "min_steps": 8, "evaluations": 2, "batch_size": 16, "augmentation": "flip", "weight_decay": 1e-3, "seed": 0,
}  # fmt: skip
IN_ANOTHER_PROCESS = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
import test_study_checkpoint as test
from transferstudy.plan import strategies
strategies.STRATEGIES[test.MADE_UP[0]] = strategies.Strategy(*test.MADE_UP)
finished = test.made()
model = {f"model {name}": array for name, array in finished.model.items()}
np.savez(sys.argv[2], resumed=finished.record.get("resumed", 0), **finished.predictions, **model)
"""


def made():
    """Make the run of these tests, and keep its state after every step."""
    return make(
        RunSpec.parse(SPEC),
        load("cifar10-sample"),
        None,
        keep_model=True,
        verbose=0,
        checkpoint_every=0,
    )


@pytest.fixture(scope="module", autouse=True)
def strategy():
    made_up = strategies.Strategy(*MADE_UP)
    strategies.STRATEGIES[made_up.name] = made_up
    yield
    del strategies.STRATEGIES[made_up.name]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "checkpoints" / RunSpec.parse(SPEC).id


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path_factory.mktemp("undisturbed")))
        return made()


def assert_same(finished, undisturbed):
    for name, array in undisturbed.predictions.items():
        np.testing.assert_array_equal(finished.predictions[name], array)
    for name, array in undisturbed.model.items():
        np.testing.assert_array_equal(finished.model[name], array)
    assert finished.record["phases"] == undisturbed.record["phases"]


def stop_after(monkeypatch, n: int):
    """Make the next attempt end once it has kept its state n times."""
    keep, count = Checkpoint.keep, []

    def kept(self, *args):
        keep(self, *args)
        count.append(1)
        if len(count) == n:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "keep", kept)
    with pytest.raises(KeyboardInterrupt):
        made()
    monkeypatch.setattr(Checkpoint, "keep", keep)


def test_a_stopped_run_ends_as_if_it_had_not_been_stopped(undisturbed, monkeypatch, capsys):
    """Stopped within a round of the head, and within a round of the deeper layers."""
    stop_after(monkeypatch, 2)
    stop_after(monkeypatch, 6)
    finished = made()
    said = capsys.readouterr().out
    assert "goes on where it was stopped: phase 'head', round 1, step 3" in said
    assert "goes on where it was stopped: phase 'main', round 1, step 3" in said
    assert_same(finished, undisturbed)
    assert finished.record["resumed"] == 2
    assert "resumed" not in undisturbed.record
    rows = finished.record["activations"]["features"]
    assert rows == undisturbed.record["activations"]["features"], "what the first attempt computed counts"


@pytest.mark.slow
def test_a_run_is_killed_and_goes_on(folder, tmp_path, monkeypatch):
    """kill -9, as the system or a person would, at a moment of its own.

    Each attempt has a process of its own: what ran before in the process of these tests can move last digits.
    """
    rng = np.random.default_rng()

    def start(name: str) -> subprocess.Popen:
        command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(Path(__file__).parent), str(tmp_path / name)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for _ in range(2):
        state = folder / "state"
        before = state.stat().st_mtime_ns if state.is_file() else 0
        process = start("killed.npz")
        while process.poll() is None and (not state.is_file() or state.stat().st_mtime_ns == before):
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        assert process.wait() in (-signal.SIGKILL, 0), "it was killed, or was done just before"
    assert start("killed.npz").wait() == 0
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "another cache"))
    assert start("undisturbed.npz").wait() == 0
    with np.load(tmp_path / "killed.npz") as killed, np.load(tmp_path / "undisturbed.npz") as undisturbed:
        assert killed["resumed"] >= 1
        assert undisturbed["resumed"] == 0
        for name in set(undisturbed.files) - {"resumed"}:
            np.testing.assert_array_equal(killed[name], undisturbed[name], err_msg=name)


@pytest.mark.parametrize("change", ["bit", "empty", "data", "weights", "software"])
def test_what_cannot_be_used_is_said_and_left(folder, capsys, change):
    def find(data="data", weights=None, software="software") -> Checkpoint:
        with Checkpoint(RunSpec.parse(SPEC), software, 0) as found:
            found.find(data, weights)
            return found

    with Checkpoint(RunSpec.parse(SPEC), "software", 0) as first:
        first.find("data", None)
        first.keep({"phase": "head", "round": 0, "step": 1}, {"network0": np.zeros(3)})
    assert list(find().arrays) == ["network0"]
    path = folder / "state"
    content = bytearray(path.read_bytes())
    if change in ("bit", "empty"):
        content[100] ^= 1
        path.write_bytes(bytes(content) if change == "bit" else b"")
    capsys.readouterr()
    found = find(**({} if change in ("bit", "empty") else {change: "another"}))
    assert (found.state, found.times) == (None, 0)
    reason = "damaged" if change in ("bit", "empty") else "of other images, weights or software"
    assert capsys.readouterr().out == f"    checkpoints/{folder.name}/state: {reason}; the run starts anew\n"


@pytest.mark.slow
def test_two_processes_do_not_mix(folder):
    """While one holds the run, another makes it without keeping anything; a process that is gone holds nothing."""
    spec = RunSpec.parse(SPEC)
    with Checkpoint(spec, "software", 0) as first:
        first.find("data", None)
        assert first.due()
        first.keep({"phase": "head", "round": 0, "step": 1}, {})
        with Checkpoint(spec, "software", 0) as second:
            second.find("data", None)
            assert second.state is None
            assert not second.due()
    with Checkpoint(spec, "software", 0) as third:
        third.find("data", None)
        assert (third.state["round"], third.state["step"], third.times) == (0, 1, 1)
    discard(spec.id)
    assert not folder.exists()


def test_nothing_is_kept_before_the_interval_or_outside_a_project(folder, monkeypatch, tmp_path):
    spec = RunSpec.parse(SPEC)
    with Checkpoint(spec, "software", 60) as soon:
        soon.find("data", None)
        assert not soon.due()
    for module in (checkpoint, unfinished):
        monkeypatch.setattr(module, "folder_of", lambda run_id: None)
    with Checkpoint(spec, "software", 0) as nowhere:
        nowhere.find("data", None)
        assert not nowhere.due()
    discard(spec.id)

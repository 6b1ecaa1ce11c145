"""Runs that go wrong at either end: two commands in one folder, a folder that cannot be written, a run that diverges, a parent that is killed."""

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from fakes import fake_record

from transferstudy.checking.verify import verify
from transferstudy.errors import Diverged, StudyError
from transferstudy.plan.presets import expand
from transferstudy.plan.spec import RunSpec
from transferstudy.results import locks, manifest
from transferstudy.results.records import write_atomic
from transferstudy.results.store import Store
from transferstudy.running import runner, storing
from transferstudy.training import execution

SMOKE = expand("smoke")[0]
# As a command would, but both begin to work only when both are there.
ONE_OF_TWO = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_runners as test
from transferstudy.results.store import Store
root, me, other = Path(sys.argv[2]), *(Path(sys.argv[2]).with_name(name) for name in sys.argv[3:5])
import transferstudy.training  # what takes long to load
me.touch()
while not other.exists():
    time.sleep(0.01)
print(test.run(test.specs(test.SHARED), Store(root)))
"""
SHARED = 3  # runs


def specs(n: int, **changes) -> list[RunSpec]:
    return [RunSpec.parse({**SMOKE.model_dump(), "seed": seed, **changes}) for seed in range(n)]


@pytest.fixture
def store(tmp_path, monkeypatch) -> Store:
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "cache"))
    return Store(tmp_path / "results")


@pytest.fixture
def made(monkeypatch) -> list[str]:
    """Ids of the runs that were made, by a stand-in that needs no time."""
    ids = []

    def make(spec, *_):
        ids.append(spec.id)
        return execution.Finished(*fake_record(spec, 2.0, 200), None)

    monkeypatch.setattr(execution, "make", make)
    return ids


def run(todo, store, say=lambda line: None) -> int:
    return runner.run_all(todo, store, None, None, verbose=0, say=say, again="repeat")


def test_a_run_that_diverges_is_named_and_the_others_go_on(store):
    """A learning rate at which no number stays finite, beside one at which the network learns."""
    wild, tame = specs(2)
    wild = RunSpec.parse({**wild.model_dump(), "learning_rate": 1e30, "warmup": 0.0})
    said = []
    with pytest.raises(StudyError, match="1 of 2 runs failed, the others are stored") as caught:
        run([wild, tame], store, said.append)
    assert f"{wild.id} (small_scratch): training diverged in its main phase" in str(caught.value)
    assert "Lower learning_rate (1e+30)" in str(caught.value)
    assert f"repeat --only {wild.id}" in str(caught.value)
    assert any(line.startswith("    failed: training diverged") for line in said)
    assert store.ids() == [tame.id]
    assert verify(store) == 1
    assert isinstance(caught.value, Diverged), "a study of a folder leaves such a run out"


def test_a_run_that_another_process_makes_is_left_to_it(store, made):
    first, second = specs(2)
    said = []
    with locks.Lock(store.root / locks.FOLDER, first.id):
        assert run([first, second], store, said.append) == 1
    assert made == [second.id]
    assert f"1 runs are being made by another process and were left to it: {first.id}" in said[-1]
    assert not list((store.root / locks.FOLDER).iterdir()), "no lock is left"


@pytest.mark.slow
def test_two_processes_share_a_folder_without_losing_or_repeating_a_run(store):
    """Both are given all runs: each is made once, by either of them, and both end when all are there or in the other's hands."""
    (store.root).mkdir(parents=True)
    (store.root / manifest.NAME).write_text("")
    names = ("one", "two")
    both = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_OF_TWO, str(Path(__file__).parent), str(store.root), *order],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for order in (names, names[::-1])
    ]
    try:
        outcomes = [process.communicate(timeout=900) for process in both]
    finally:
        for process in both:
            process.kill()
    assert [process.returncode for process in both] == [0, 0], outcomes
    made = [int(out.splitlines()[-1]) for out, _ in outcomes]
    assert sum(made) == SHARED, "no run is made twice"
    assert min(made) > 0, "they worked at the same time"
    assert store.ids() == sorted(spec.id for spec in specs(SHARED)), "none is lost"
    assert verify(store) == SHARED
    assert manifest.check(store.root) == 2 * SHARED, "the list has a record and predictions of each"
    assert not list((store.root / locks.FOLDER).iterdir())
    assert list(manifest.strays(store.root)) == []


def test_a_run_that_another_process_gave_up_is_made_at_the_end(store, made):
    first, second = specs(2)
    lock = locks.Lock(store.root / locks.FOLDER, first.id)

    def say(line):
        if "written" in line:
            lock.release()

    assert run([first, second], store, say) == 2
    assert made == [second.id, first.id]
    assert verify(store) == 2


def test_a_run_that_was_stored_meanwhile_is_kept(store):
    spec = specs(1)[0]
    first, other = (execution.Finished(*fake_record(spec, strength, 200), None) for strength in (1.0, 3.0))
    kept = storing.keep(store, spec, first)
    assert storing.keep(store, spec, other) == kept
    assert verify(store) == 1


def test_stores_at_once_leave_a_record_and_predictions_that_agree(store):
    """Four threads have one process id, as containers and nodes of a cluster may."""
    spec, errors = specs(1)[0], []
    outcomes = [fake_record(spec, strength, 200) for strength in (1.0, 2.0, 3.0, 4.0)]

    def save(record, predictions):
        try:
            for _ in range(4):
                store.save(record, predictions)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=save, args=outcome) for outcome in outcomes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert verify(store) == 1
    assert sorted(path.name for path in store.runs.iterdir()) == [f"{spec.id}.json", f"{spec.id}.npz.xz"]


def test_files_written_at_once_are_all_listed(store):
    store.root.mkdir()
    (store.root / manifest.NAME).write_text("")

    def put(number):
        for k in range(5):
            write_atomic(store.root / "look" / f"{number}-{k}.json", b"{}")

    threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert manifest.check(store.root) == 20


def test_a_results_path_that_is_a_file_is_refused_before_training(store, made):
    store.root.write_text("no folder")
    with pytest.raises(StudyError, match=r"results is no folder, so no run could be stored there"):
        run(specs(1), store)
    assert made == []


@pytest.mark.skipif(
    not Path("/sys/kernel").is_dir(), reason="needs a folder in which even root writes nothing"
)
def test_a_folder_that_cannot_be_written_is_refused_before_training(store, made):
    with pytest.raises(StudyError, match=r"--results /sys/kernel/results: nothing can be written there \("):
        run(specs(1), Store("/sys/kernel/results"))
    assert made == []


def test_a_full_disk_keeps_the_run_elsewhere(store, made, monkeypatch, tmp_path):
    save = Store.save

    def full(self, *arguments):
        if self.root == store.root:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return save(self, *arguments)

    monkeypatch.setattr(Store, "save", full)
    todo = specs(2)
    with pytest.raises(StudyError, match="2 of 2 runs failed") as caught:
        run(todo, store)
    place = tmp_path / "cache" / "unstored"
    assert (
        f"run {todo[0].id} is made, but could not be stored in {store.root} (No space left on device)"
        in str(caught.value)
    )
    assert f"cp -r {place}/. {store.root}/" in str(caught.value)
    assert sorted(Store(place).ids()) == sorted(spec.id for spec in todo)
    assert verify(Store(place)) == 2


def test_what_interrupted_writes_left_is_removed_and_what_is_being_written_is_not(store):
    store.runs.mkdir(parents=True)
    left, active = (store.runs / f".{name}.json.0123.part" for name in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"))
    for path in (left, active):
        path.write_bytes(b"{")
    with locks.Lock(store.root / locks.FOLDER, "bbbbbbbbbbbb.store"):
        storing.try_writing(store)
    assert not left.exists()
    assert active.exists()


@pytest.mark.slow
def test_workers_end_with_a_parent_that_is_killed():
    code = (
        "import threading, time\n"
        "from transferstudy.running.jobs import Local\n"
        "workers = Local(2)\n"
        "for _ in range(2):\n"
        "    threading.Thread(target=workers.call, args=(time.sleep, 300), daemon=True).start()\n"
        "time.sleep(300)"
    )
    parent = psutil.Process(subprocess.Popen([sys.executable, "-c", code]).pid)
    workers, until = [], time.monotonic() + 60
    while len(workers) < 2 and time.monotonic() < until:
        workers = [p for p in parent.children(recursive=True) if "LokyProcess" in " ".join(p.cmdline())]
        time.sleep(0.2)
    time.sleep(3)  # until they are at work
    parent.kill()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert len(workers) == 2
    assert alive == []


def test_threads_that_start_workers_find_the_library_loaded():
    """A thread that found joblib half imported by another one lost its run, once in hundreds of commands."""
    code = (
        "import sys; from transferstudy.running.jobs import Local; Local(2); print('joblib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "True", done.stderr

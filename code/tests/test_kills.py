"""Commands that are killed with signal 9 at moments of chance: nothing is damaged, lost or doubled, and the numbers are the same.

With TRANSFERSTUDY_TEST_ALL=1: one kill for each way of working; TRANSFERSTUDY_TEST_KILLS=17 makes 51, in about half an hour.
"""

import functools
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from transferstudy.checking.verify import verify
from transferstudy.plan.presets import expand
from transferstudy.plan.spec import RunSpec
from transferstudy.results import locks, manifest
from transferstudy.results.store import Store
from transferstudy.running.jobs import limit_threads
from transferstudy.running.runner import run_all

KILLS = int(os.environ.get("TRANSFERSTUDY_TEST_KILLS", "1"))
LATEST = 12.0  # seconds after which a command that has begun to work is killed at the latest
RUNS = 3
COMMAND = """
import sys
import tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_kills as test
from transferstudy.results.store import Store
test.go(Store(Path(sys.argv[2])), test.WAYS[sys.argv[3]], sys.argv[4:])
"""
WAYS = {"one worker": {}, "two workers": {"jobs": 2}, "a Dask cluster": {"backend": "dask"}}
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
# Of each network: alone it takes what there is, two processes share that, the cluster below gives one.
THREADS = {
    "one worker": int(os.environ.get("TF_NUM_INTRAOP_THREADS") or CORES),
    "two workers": max(1, CORES // 2),
    "a Dask cluster": 1,
}


def specs() -> list[RunSpec]:
    smoke = expand("smoke")[0].model_dump()
    return [RunSpec.parse({**smoke, "seed": seed, "min_steps": 40}) for seed in range(RUNS)]


def go(store: Store, options: dict, address: list[str]) -> None:
    """Make all runs; the first line is printed when they begin."""
    where = {"address": address[0]} if address else {}
    run_all(
        specs(), store, None, None, verbose=0, say=lambda line: print(line, flush=True), **options, **where
    )


def start(root: Path, way: str, address: list[str], **variables: str) -> subprocess.Popen:
    command = [sys.executable, "-c", COMMAND, str(Path(__file__).parent), str(root), way, *address]
    environment = {**os.environ, "TRANSFERSTUDY_CACHE": str(root.parent / "cache"), **variables}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def contents(store: Store) -> dict[str, bytes]:
    return {run_id: (store.runs / f"{run_id}.npz.xz").read_bytes() for run_id in store.ids()}


@pytest.fixture
def address(request, tmp_path, monkeypatch) -> list[str]:
    """Where the cluster is, for the way that needs one."""
    if request.getfixturevalue("way") != "a Dask cluster":
        yield []
        return
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "cache"))  # of its workers
    with distributed.LocalCluster(**options) as cluster:
        yield [cluster.scheduler_address]


@functools.cache
def made_undisturbed(threads: int) -> dict[str, bytes]:
    """The predictions of all runs, made by one process that nobody kills.

    On some processors the last bits depend on how many threads a network has, and on nothing else in the way of working.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "results"
        process = start(root, "one worker", [], **limit_threads(threads))
        _, said = process.communicate(timeout=600)
        assert process.returncode == 0, said
        return contents(Store(root))


@pytest.fixture
def undisturbed(way) -> dict[str, bytes]:
    return made_undisturbed(THREADS[way])


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_killed_commands_leave_whole_results_and_the_same_numbers(way, address, undisturbed, tmp_path):
    rng, store = random.Random(), Store(tmp_path / "results")  # noqa: S311
    for _ in range(KILLS):
        process = start(store.root, way, address)
        process.stdout.readline()  # the runs begin
        try:
            process.wait(rng.uniform(0, LATEST))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        finished = contents(store)
        assert not finished or verify(store) == len(finished), "what is stored is whole"
        assert finished.items() <= undisturbed.items()
    process = start(store.root, way, address)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said
    assert contents(store) == undisturbed
    assert verify(store) == RUNS
    assert list(manifest.strays(store.root)) == [], "no unfinished file is left"
    assert not list((store.root / locks.FOLDER).glob("*"))
    assert not list((tmp_path / "cache" / "checkpoints").glob("*/*"))

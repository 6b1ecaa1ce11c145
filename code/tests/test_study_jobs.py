"""Several workers: results come back whole, a worker that dies loses only its own run, clusters are found or named."""

import os
import signal
import sys
import threading
import time

import pytest
from fakes import fake_record

from transferstudy.checking.verify import verify
from transferstudy.cli import main
from transferstudy.errors import Diverged, StudyError
from transferstudy.plan.presets import expand
from transferstudy.plan.spec import RunSpec
from transferstudy.results.store import Store
from transferstudy.running import jobs, runner
from transferstudy.running.jobs import Cluster, Local, WorkerLost, in_parallel, limit_threads, open_workers
from transferstudy.training.execution import Finished

SMOKE = expand("smoke")[0]


def specs(n: int) -> list[RunSpec]:
    return [RunSpec.parse({**SMOKE.model_dump(), "seed": seed}) for seed in range(n)]


def task(order):
    """What a worker is asked for in these tests: a number, its process, its death, or an error."""
    if order == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if order == "wrong":
        raise StudyError("wrong input")
    if order == "environment":
        return {name: os.environ.get(name) for name in limit_threads(1)}
    if order == "cores":
        return sorted(os.sched_getaffinity(0))
    if order == "pid":
        time.sleep(0.3)
        return os.getpid()
    time.sleep(0.05)
    return order * order


def outcomes(workers, orders) -> dict:
    return {order: error or result for order, result, error in in_parallel(workers, orders, task)}


def test_a_local_worker_that_dies_loses_only_its_own_run():
    with open_workers(2) as workers:
        found = outcomes(workers, [1, "die", 2, 3, "wrong", 4, 5])
        assert {k: v for k, v in found.items() if isinstance(k, int)} == {1: 1, 2: 4, 3: 9, 4: 16, 5: 25}
        assert isinstance(found["die"], WorkerLost)
        assert "its process died" in str(found["die"])
        assert isinstance(found["wrong"], StudyError)
        assert outcomes(workers, [6]) == {6: 36}, "a new process took the dead one's place"


def test_local_workers_keep_to_their_share_of_the_cores():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with open_workers(2) as workers:
        assert workers.threads == max(1, cores // 2)
        made = outcomes(workers, ["environment"])["environment"]
        assert made == limit_threads(workers.threads)
        pids = [result for _, result, _ in in_parallel(workers, ["pid", "pid"], task)]
        assert len(set(pids)) == 2
        assert os.getpid() not in pids


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="processes can be tied to cores on Linux only"
)
def test_pinned_workers_have_cores_of_their_own():
    workers = Local(1, threads=1, pin=True)
    try:
        assert len(outcomes(workers, ["cores"])["cores"]) == 1
    finally:
        workers.close()


def failing(error_at: int):
    """Stand-in for `in_parallel`: every run succeeds but one."""

    def stand_in(workers, orders, claim):
        for number, order in enumerate(orders):
            finished = Finished(*fake_record(order.spec, 2.0, 200), None)
            yield (
                (order, None, WorkerLost("its process died"))
                if number == error_at
                else (order, finished, None)
            )

    return stand_in


def test_failed_runs_are_named_with_the_command_that_repeats_them(tmp_path, monkeypatch):
    store, todo = Store(tmp_path / "results"), specs(3)
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path))
    monkeypatch.setattr(jobs, "in_parallel", failing(1))
    said = []
    with pytest.raises(StudyError) as caught:
        runner.run_all(todo, store, None, None, verbose=0, say=said.append, jobs=2, again="repeat --preset x")
    assert str(caught.value).startswith("1 of 3 runs failed, the others are stored")
    assert f"{todo[1].id} (small_scratch): its process died" in str(caught.value)
    assert f"repeat --preset x --only {todo[1].id}" in str(caught.value)
    assert sorted(store.ids()) == sorted([todo[0].id, todo[2].id])
    assert any("failed: its process died" in line for line in said)
    assert not isinstance(caught.value, Diverged)


@pytest.fixture(scope="module")
def cluster():
    """A real Dask cluster of two worker processes, whose scheduler gives a lost task to nobody else."""
    distributed = pytest.importorskip("distributed")
    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as made,
    ):
        yield made


@pytest.mark.slow
def test_runs_go_to_a_dask_cluster_and_come_back_whole(cluster, tmp_path, monkeypatch, capsys):
    """Two smoke runs on two processes; what they store is what `verify` recomputes."""
    monkeypatch.setattr("transferstudy.plan.presets.expand", lambda *_, **__: specs(2))
    arguments = ["run", "--preset", "smoke", "--backend", "dask", "--address", cluster.scheduler_address]
    assert main([*arguments, "--results", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "2 workers with 1 threads each" in out
    store = Store(tmp_path)
    assert verify(store) == 2
    assert main([*arguments, "--results", str(tmp_path)]) == 0
    assert "2 of 2 runs are done; 0 to make" in capsys.readouterr().out


@pytest.mark.slow
def test_a_dask_worker_that_is_killed_loses_only_its_own_run(cluster):
    """The process of one worker is killed from outside while both work."""
    workers = Cluster("dask", cluster.scheduler_address)
    pids = list(workers.client.run(os.getpid).values())
    assert len(pids) == 2
    assert os.getpid() not in pids

    def kill():
        time.sleep(1.0)
        os.kill(pids[0], signal.SIGKILL)

    threading.Thread(target=kill).start()
    try:
        orders = [(number, 2.5 if number < 2 else 0.1) for number in range(6)]
        found = {order[0]: (result, error) for order, result, error in in_parallel(workers, orders, sleeper)}
    finally:
        workers.close()
    lost = [number for number, (_, error) in found.items() if error]
    assert len(lost) == 1
    assert isinstance(found[lost[0]][1], WorkerLost)
    assert "KilledWorker" in str(found[lost[0]][1])
    assert all(found[k][0] == k for k in range(6) if k not in lost)


def sleeper(order):
    number, seconds = order
    time.sleep(seconds)
    return number


def test_workers_refuse_other_images(monkeypatch):
    order = jobs.Order(SMOKE, None, None, data_sha256="00" * 32)
    with pytest.raises(StudyError, match="holds other images than the caller's"):
        jobs.work(order)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--backend", "dask"], "--backend dask: say where the cluster is, with --address"),
        (["--address", "tcp://127.0.0.1:1"], "say what answers there, with --backend dask or --backend ray"),
        (["--backend", "ray", "--address", "auto"], 'python -m pip install "ray[default]"'),
    ],
)
def test_clusters_that_cannot_be_had_are_named(tmp_path, capsys, options, said, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    assert main(["run", "--preset", "smoke", *options, "--results", str(tmp_path / "results")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_no_scheduler_at_the_address():
    pytest.importorskip("distributed")
    with pytest.raises(StudyError, match=r"--address tcp://127.0.0.1:9: no Dask scheduler answers there"):
        Cluster("dask", "tcp://127.0.0.1:9", wait=1)


@pytest.mark.parametrize("wrong", ["0", "-2", "many"])
def test_jobs_is_a_positive_number(wrong, capsys):
    with pytest.raises(SystemExit):
        main(["run", "--jobs", wrong])
    assert "expected a whole number of at least 1" in capsys.readouterr().err

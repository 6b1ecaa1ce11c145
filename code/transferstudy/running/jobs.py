"""Runs on several processes or machines, through joblib: loky here, Dask or Ray on a cluster that exists already.

Every run is sent off alone and its result comes back here, so a worker needs no folder in common with the caller: only the
package, the images and the weights, at the paths given to the command. This process alone writes to the store. A worker
that dies loses the run it was making, never another one.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..data.folders.choice import Reading
from ..errors import StudyError
from ..plan.spec import RunSpec
from .orphans import end_with

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
_INSTALL = {"dask": '"dask[distributed]"', "ray": '"ray[default]"'}
_one_at_a_time = threading.Lock()


class WorkerLost(Exception):
    """A worker's process died, or could not be reached any more, while it made a run."""


@dataclass(frozen=True)
class Order:
    """What a worker needs to make one run.

    Attributes:
        spec: the run.
        source: where the images lie, or None for Keras' download.
        weights: where the weights file lies, or None.
        data_sha256: content hash of the images that the caller means.
        keep_model, robust: as in `execution.make`.
        reading: what the user decided about a folder of pictures.
    """

    spec: RunSpec
    source: Path | None
    weights: Path | None
    data_sha256: str
    keep_model: bool = False
    robust: bool = False
    reading: Reading | None = None


def work(order: Order):
    """Make the run of an order, in a worker; return a `Finished`.

    Keras holds settings that are global to a process: where a worker has several threads, one run waits for the other.

    Raises:
        StudyError: the worker cannot read images or weights, or holds others than the caller.
    """
    with _one_at_a_time:
        from ..models.weightsfile import find_weights, resolve
        from ..training.execution import make

        data = _data(order.spec.dataset, order.source, order.spec.image_size, order.spec.fit, order.reading)
        if data.sha256 != order.data_sha256:
            raise StudyError(f"the worker's {data.name} holds other images than the caller's: give it those")
        weights = find_weights(str(order.weights)) if order.weights else None
        resolve(order.spec.weights, weights)
        return make(order.spec, data, weights, order.keep_model, order.robust, verbose=0)


@lru_cache(maxsize=1)
def _data(name: str, source: Path | None, side: int, fit: str, reading: Reading | None):
    from ..data import load

    return load(name, source, side, fit, reading)


def limit_threads(threads: int) -> dict[str, str]:
    """Return environment variables that limit TensorFlow, PyTorch, OpenMP and BLAS to a number of threads.

    They are read when the libraries are first imported. TensorFlow's operations may wait for each other, so that with a single
    thread between them Keras' `predict` can hang: it always gets two, which take turns on one core.
    """
    return {**dict.fromkeys(_THREAD_VARIABLES, str(threads)), "TF_NUM_INTEROP_THREADS": str(max(2, threads))}


class Taken(Exception):
    """Another process makes this run at this moment."""


def _start(cores: tuple[int, ...] | None, parent: int) -> None:
    """Set a local worker up: let it end with its parent, and on Linux tie it to some cores."""
    end_with(parent)
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


class Local:
    """Worker processes on this machine, each limited to its share of the cores.

    Every one is a loky executor of its own: in a common one, a worker that dies takes the others' unfinished runs along.

    Args:
        jobs: number of processes.
        threads: threads of each; by default its share of the cores.
        pin: tie each process to cores of its own (Linux), so that no thread of any library runs elsewhere.
    """

    def __init__(self, jobs: int, threads: int | None = None, pin: bool = False):
        # Before any thread: two that import it at the same moment may see half of it.
        import joblib.externals.loky.process_executor  # noqa: F401

        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count())
        self.workers, self.threads = jobs, threads or max(1, len(cores) // jobs)
        self._cores = [
            tuple(cores[(k * self.threads + i) % len(cores)] for i in range(self.threads)) if pin else None
            for k in range(jobs)
        ]
        self._free: queue.Queue = queue.Queue()
        for slot in range(jobs):
            self._free.put(slot)
        self._executors: dict[int, Any] = {}

    def call(self, function: Callable, argument):
        """Call `function(argument)` in a free worker and return the result.

        Raises:
            WorkerLost: the process died.
        """
        from joblib.externals.loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

        slot = self._free.get()
        try:
            if slot not in self._executors:
                self._executors[slot] = ProcessPoolExecutor(
                    max_workers=1,
                    env=limit_threads(self.threads),
                    initializer=_start,
                    initargs=(self._cores[slot], os.getpid()),
                )
            return self._executors[slot].submit(function, argument).result()
        except BrokenProcessPool as error:
            if executor := self._executors.pop(slot, None):
                executor.shutdown(wait=False, kill_workers=True)
            raise WorkerLost(f"its process died ({type(error).__name__})") from None
        finally:
            self._free.put(slot)

    def close(self) -> None:
        """End all workers."""
        for executor in self._executors.values():
            executor.shutdown(wait=True, kill_workers=True)
        self._executors.clear()


class Cluster:
    """A Dask or Ray cluster that exists already.

    Args:
        backend: "dask" or "ray".
        address: of the scheduler (Dask, such as tcp://host:8786) or the head node (Ray, such as ray://host:10001).
        wait: seconds to wait for an answer from a Dask scheduler.

    Raises:
        StudyError: the library is not installed, nothing answers at the address, or the cluster has no workers.
    """

    def __init__(self, backend: str, address: str, wait: float = 10):
        self._wait = wait
        try:
            connect = getattr(self, f"_{backend}")
            self._backend, self.workers, self.threads = connect(address)
        except ImportError:
            raise StudyError(
                f"--backend {backend}: not installed; install it with python -m pip install {_INSTALL[backend]}"
            ) from None
        if self.workers == 0:
            raise StudyError(
                f"--backend {backend} --address {address}: the cluster has no workers; start some"
            )

    def _dask(self, address: str) -> tuple[Callable, int, int]:
        from distributed import Client

        from .daskbackend import backend_of

        try:
            client = Client(address, timeout=self._wait, set_as_default=False)
        except (OSError, ValueError) as error:
            raise StudyError(f"--address {address}: no Dask scheduler answers there ({error})") from None
        self.close = client.close
        threads = list(client.nthreads().values())
        self.client = client
        return lambda: backend_of(client), len(threads), min(threads, default=1)

    def _ray(self, address: str) -> tuple[Callable, int, int]:
        import ray
        from ray.util.joblib import register_ray

        try:
            ray.init(address=address, ignore_reinit_error=True, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise StudyError(f"--address {address}: no Ray cluster answers there ({error})") from None
        register_ray()
        self.close = ray.shutdown
        return lambda: "ray", int(ray.cluster_resources().get("CPU", 0)), 1

    def call(self, function: Callable, argument):
        """Call `function(argument)` on a worker and return the result.

        A Dask scheduler gives the run of a worker that died to another one, up to its setting
        `distributed.scheduler.allowed-failures`.

        Raises:
            WorkerLost: the worker, or the cluster, is gone.
        """
        from joblib import Parallel, delayed

        try:
            # Two jobs, because joblib takes one job to mean this process.
            parallel = Parallel(n_jobs=2, backend=self._backend(), batch_size=1)
            (result,) = parallel([delayed(_on_cluster)(function, argument, self.threads)])
        except StudyError:
            raise
        except Exception as error:
            raise WorkerLost(f"{type(error).__name__}: {error}") from error
        return result


def _on_cluster(function: Callable, argument, threads: int):
    """Call a function in a worker of a cluster, limited to the worker's threads if TensorFlow is not loaded yet."""
    if "tensorflow" not in sys.modules:
        for name, value in limit_threads(threads).items():
            os.environ[name] = value
    return function(argument)


@contextmanager
def open_workers(
    jobs: int, backend: str | None = None, address: str | None = None
) -> Iterator[Local | Cluster]:
    """Start local workers, or connect to a cluster, and end them or disconnect at the end.

    Raises:
        StudyError: as `Cluster`, or an address is missing.
    """
    if backend and not address:
        raise StudyError(f"--backend {backend}: say where the cluster is, with --address")
    if address and not backend:
        raise StudyError(f"--address {address}: say what answers there, with --backend dask or --backend ray")
    workers = Cluster(backend, address) if backend else Local(jobs)
    try:
        yield workers
    finally:
        workers.close()


def in_parallel(
    workers: Local | Cluster,
    orders: list,
    function: Callable = work,
    claim: Callable[[Any], bool] | None = None,
) -> Iterator[tuple[Any, Any, Exception | None]]:
    """Carry out orders on all workers and yield each as soon as it is finished: order, result, error.

    An error ends only its own order: a `StudyError`, a `WorkerLost`, `Taken`, or whatever the function raised.

    Args:
        workers: as `open_workers` gives them.
        orders: arguments of `function`.
        function: importable on the workers.
        claim: asked before an order is sent off; where it says no, the order is not carried out: its error is `Taken`.
    """

    def carry_out(order):
        if claim is not None and not claim(order):
            raise Taken
        return workers.call(function, order)

    pool = ThreadPoolExecutor(workers.workers)
    futures = {pool.submit(carry_out, order): order for order in orders}
    try:
        for future in as_completed(futures):
            error = future.exception()
            yield futures[future], None if error else future.result(), error
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()

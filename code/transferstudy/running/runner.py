"""Run what is missing, one after another or on several workers; what is finished stays finished."""

from collections.abc import Callable, Collection
from pathlib import Path

from ..errors import StudyError
from ..plan.spec import RunSpec
from ..results.store import Store


def missing(specs: list[RunSpec], store: Store) -> list[RunSpec]:
    """Return the runs that have no result yet, in order."""
    return [spec for spec in specs if not store.has(spec)]


def run_all(
    specs: list[RunSpec],
    store: Store,
    source: Path | None,
    weights,
    keep: Collection[str] = (),
    robust: Collection[str] = (),
    verbose: int = 2,
    say: Callable[[str], None] = print,
    jobs: int = 1,
    backend: str | None = None,
    address: str | None = None,
    again: str = "python -m transferstudy run",
) -> int:
    """Make every missing run.

    Everything that can be wrong with the input (data, labels, weights) is checked before the first run starts.

    Args:
        specs: runs, in the order in which to make them.
        store: where results go.
        source: path of the data, or None for Keras' download.
        weights: a `WeightsFile`, or None.
        keep: ids of the runs whose weights are kept.
        robust: ids of the runs that also predict corrupted test images.
        verbose: as in `training.train`; workers are silent.
        say: receives lines for the reader.
        jobs: processes at a time, each with its share of the cores.
        backend: "dask" or "ray" for a cluster that exists already; `jobs` is then not used.
        address: of the cluster.
        again: the command that makes a run again, without its `--only`.

    Returns:
        Number of runs made.

    Raises:
        StudyError: wrong input; nothing was written then. Or, with several workers, runs that failed; the others are stored.
    """
    todo = missing(specs, store)
    say(f"{len(specs) - len(todo)} of {len(specs)} runs are done; {len(todo)} to make")
    if not todo:
        return 0
    from ..models.weightsfile import resolve

    for name in {spec.weights for spec in todo}:
        resolve(name, weights)
    datasets = _load(todo, source)
    if backend is None and address is None and min(jobs, len(todo)) <= 1:
        _one_after_another(todo, datasets, store, source, weights, keep, robust, verbose, say)
        return len(todo)
    from .jobs import Order, in_parallel, open_workers

    orders = [
        Order(
            spec,
            source.resolve() if source else None,
            weights.path.resolve() if weights else None,
            datasets[_data_key(spec, source)].sha256,
            spec.id in keep,
            spec.id in robust,
        )
        for spec in todo
    ]
    datasets.clear()  # the workers load their own
    failed = []
    with open_workers(min(jobs, len(todo)), backend, address) as workers:
        say(f"{workers.workers} workers with {workers.threads} threads each")
        for number, (order, finished, error) in enumerate(in_parallel(workers, orders), 1):
            title = f"[{number}/{len(todo)}] {_title(order.spec)}"
            if error:
                repeat = f"{again} --only {order.spec.id}"
                failed.append(f"  {order.spec.id} ({order.spec.strategy}): {error}\n    {repeat}")
                say(f"{title}: failed: {error}")
                continue
            record = store.save(finished.record, finished.predictions, finished.model)
            say(f"{title}\n    {_outcome(record, store)}")
    if failed:
        raise StudyError(
            f"{len(failed)} of {len(todo)} runs failed, the others are stored; make these again:\n"
            + "\n".join(failed)
        )
    return len(todo)


def _one_after_another(todo, datasets, store, source, weights, keep, robust, verbose, say) -> None:
    from ..training.execution import make

    for number, spec in enumerate(todo, 1):
        if store.has(spec):  # made meanwhile by another process that shares the folder
            continue
        say(f"[{number}/{len(todo)}] {_title(spec)}")
        data = datasets[_data_key(spec, source)]
        finished = make(spec, data, weights, spec.id in keep, spec.id in robust, verbose)
        record = store.save(finished.record, finished.predictions, finished.model)
        say(f"    {_outcome(record, store)}")


def _title(spec: RunSpec) -> str:
    tuning = ", tuning" if spec.purpose == "tuning" else ""
    return f"{spec.id} {spec.strategy}, {spec.n_labels:,} labels, seed {spec.seed}{tuning}"


def _outcome(record: dict, store: Store) -> str:
    return (
        f"validation {record['metrics']['val']['accuracy']:.3f}, "
        f"{record['timing']['total']['wall']:.0f} s, {store.record_path(record['id']).name} written"
    )


def _data_key(spec: RunSpec, source: Path | None) -> tuple:
    """Return what decides which images a run needs: only a folder's images are resized when they are read."""
    from ..data.source import dataset_name

    return spec.dataset, spec.image_size if dataset_name(source) else 32


def _load(todo: list[RunSpec], source: Path | None) -> dict:
    from ..data import load

    datasets = {}
    for spec in todo:
        key = _data_key(spec, source)
        if key not in datasets:
            datasets[key] = load(key[0], source, key[1])
        available = len(datasets[key].y_train)
        if spec.n_labels > available:
            raise StudyError(
                f"n_labels={spec.n_labels:,}: {spec.dataset} has only {available:,} labelled images"
            )
    return datasets

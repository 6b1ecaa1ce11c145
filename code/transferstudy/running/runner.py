"""Run what is missing, one after another or on several workers; what is finished stays finished."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Diverged, StudyError
from ..plan.spec import RunSpec
from ..results.store import Store
from .storing import Claims, NotStored, try_writing
from .storing import keep as keep_finished

if TYPE_CHECKING:
    from ..data.folders.choice import Reading


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
    reading: Reading | None = None,
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
        reading: what the user decided about a folder of pictures.

    Returns:
        Number of runs made.

    Raises:
        StudyError: wrong input, or a results folder that cannot be written; nothing was trained then. Or runs that failed:
            they diverged (`Diverged` where each of them did), could not be stored or, with several workers, stopped for any
            reason; the others are stored.
    """
    todo = missing(specs, store)
    say(f"{len(specs) - len(todo)} of {len(specs)} runs are done; {len(todo)} to make")
    if not todo:
        return 0
    from ..models.weightsfile import resolve

    for name in {spec.weights for spec in todo}:
        resolve(name, weights)
    datasets = _load(todo, source, reading)
    try_writing(store)
    maker = _Maker(todo, store, keep, robust, say, again)
    with maker.claims:
        if backend is None and address is None and min(jobs, len(todo)) <= 1:
            maker.one_after_another(lambda spec: datasets[_data_key(spec, source)], weights, verbose)
        else:
            contents = {spec.id: datasets[_data_key(spec, source)].sha256 for spec in todo}
            datasets.clear()  # the workers load their own
            maker.on_workers(source, weights, contents, reading, jobs, backend, address)
    return maker.finish()


class _Maker:
    """Makes runs, and remembers what came of them.

    A run that another process makes at this moment is left to it, and looked at again at the end.

    Args:
        todo: the runs.
        store, keep, robust, say, again: as in `run_all`.
    """

    def __init__(self, todo: list[RunSpec], store: Store, keep, robust, say, again: str):
        self.todo, self.store, self.keep, self.robust, self.say, self.again = (
            todo, store, keep, robust, say, again,
        )  # fmt: skip
        self.claims, self.failed, self.made, self._number = Claims(store), [], 0, 0

    def one_after_another(self, data_of, weights, verbose: int) -> None:
        """Make all runs in this process; `data_of` gives the images of a run."""
        from ..training.execution import make

        for left in (self.todo, None):
            for spec in self._left(left):
                if not self.claims.take(spec):
                    continue
                try:
                    if self.store.has(spec):  # made meanwhile by another process that shares the folder
                        continue
                    title = self._next_title(spec)
                    self.say(title)
                    self._keep(
                        spec,
                        make(
                            spec,
                            data_of(spec),
                            weights,
                            spec.id in self.keep,
                            spec.id in self.robust,
                            verbose,
                        ),
                        "",
                    )
                except (Diverged, NotStored) as error:
                    self._fail(spec, error, "    ")
                finally:
                    self.claims.release(spec)

    def on_workers(self, source, weights, contents, reading, jobs, backend, address) -> None:
        """Make all runs in other processes; `contents` are the hashes of their images."""
        from .jobs import Order, Taken, in_parallel, open_workers

        def order(spec: RunSpec) -> Order:
            return Order(
                spec,
                source.resolve() if source else None,
                weights.path.resolve() if weights else None,
                contents[spec.id],
                spec.id in self.keep,
                spec.id in self.robust,
                reading,
            )

        def claim(order: Order) -> bool:
            return self.claims.take(order.spec) and not self.store.has(order.spec)

        with open_workers(min(jobs, len(self.todo)), backend, address) as workers:
            self.say(f"{workers.workers} workers with {workers.threads} threads each")
            for left in (self.todo, None):
                orders = [order(spec) for spec in self._left(left)]
                for done, finished, error in in_parallel(workers, orders, claim=claim) if orders else ():
                    if not isinstance(error, Taken):
                        title = self._next_title(done.spec)
                        try:
                            if error:
                                raise error
                            self._keep(done.spec, finished, title + "\n")
                        except Exception as wrong:
                            self._fail(done.spec, wrong, f"{title}: ")
                    self.claims.release(done.spec)

    def _left(self, first: list[RunSpec] | None) -> list[RunSpec]:
        """Return the runs of the first round, or of the second: those that were left to another process and are not stored."""
        if first is not None:
            return first
        failed = {spec.id for spec, _ in self.failed}
        return [spec for spec in missing(self.todo, self.store) if spec.id not in failed]

    def _next_title(self, spec: RunSpec) -> str:
        self._number += 1
        return f"[{self._number}/{len(self.todo)}] {_title(spec)}"

    def _keep(self, spec: RunSpec, finished, before: str) -> None:
        from ..training.unfinished import discard

        record = keep_finished(self.store, spec, finished)
        discard(spec.id)
        self.made += 1
        self.say(f"{before}    {_outcome(record, self.store)}")

    def _fail(self, spec: RunSpec, error: Exception, before: str) -> None:
        self.failed.append((spec, error))
        self.say(f"{before}failed: {error}")

    def finish(self) -> int:
        """Return how many runs were made.

        Raises:
            StudyError: some failed; all are named. `Diverged` where each of them did.
        """
        failed = {spec.id for spec, _ in self.failed}
        if elsewhere := [s.id for s in missing(self.todo, self.store) if s.id not in failed]:
            self.say(
                f"{len(elsewhere)} runs are being made by another process and were left to it: {', '.join(elsewhere)}. "
                "python -m transferstudy status says when they are done."
            )
        if self.failed:
            kind = Diverged if all(isinstance(error, Diverged) for _, error in self.failed) else StudyError
            raise kind(
                f"{len(failed)} of {len(self.todo)} runs failed, the others are stored; make these again:\n"
                + "\n".join(
                    f"  {spec.id} ({spec.strategy}): {error}\n    {self.again} --only {spec.id}"
                    for spec, error in self.failed
                )
            )
        return self.made


def _title(spec: RunSpec) -> str:
    tuning = ", tuning" if spec.purpose == "tuning" else ""
    return f"{spec.id} {spec.strategy}, {spec.n_labels:,} labels, seed {spec.seed}{fold_words(spec)}{tuning}"


def fold_words(spec: RunSpec) -> str:
    """Return which fold a run tests, as an addition to its title: ", fold 2 of 5", or nothing."""
    return f", fold {spec.fold + 1} of {spec.folds}" if spec.folds else ""


def _outcome(record: dict, store: Store) -> str:
    return (
        f"validation {record['metrics']['val']['accuracy']:.3f}, "
        f"{record['timing']['total']['wall']:.0f} s, {store.record_path(record['id']).name} written"
    )


def _data_key(spec: RunSpec, source: Path | None) -> tuple:
    """Return what decides which images a run needs: only a folder's images are resized when they are read."""
    from ..data.source import dataset_name

    folder = dataset_name(source) is not None
    return spec.dataset, *((spec.image_size, spec.fit) if folder else (32, "crop"))


def _load(todo: list[RunSpec], source: Path | None, reading: Reading | None) -> dict:
    from ..data import draw, load
    from ..data.division import divided
    from ..training.execution import check_identity

    datasets, drawn = {}, set()
    for spec in todo:
        key = _data_key(spec, source)
        if key not in datasets:
            datasets[key] = load(*key[:1], source, *key[1:], reading)
        check_identity(spec, datasets[key])
        wanted = (*key, spec.n_labels, spec.seed, spec.sampling, spec.folds, spec.fold)
        if wanted not in drawn:
            drawn.add(wanted)
            draw(
                divided(datasets[key], spec.folds, spec.fold, spec.seed),
                spec.n_labels,
                spec.seed,
                spec.sampling,
            )
    return datasets

"""Make the runs of a study of a folder until they are done or the time is over."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from ...data import ImageData, load
from ...data.folders.choice import Reading
from ...errors import Diverged
from ...plan.spec import RunSpec
from ...plan.strategies import get_strategy
from ...results.store import Store
from ...running.storing import keep
from .plan import Frame, Unit, unit_specs


@dataclass
class Making:
    """What making runs needs.

    Attributes:
        frame: what the runs have in common.
        store: where they go.
        source: the folder of pictures.
        reading: what the user decided about it.
        weights: a `WeightsFile`, or None.
        jobs, backend, address: as in `runner.run_all`.
        say: receives lines for the reader.
        loaded: side -> the pictures at that side.
        drift: strategy -> measured over estimated seconds of finished units.
        diverged: units that have no result, because a training diverged.
    """

    frame: Frame
    store: Store
    source: Path
    reading: Reading
    weights: object
    jobs: int = 1
    backend: str | None = None
    address: str | None = None
    say: Callable[[str], None] = print
    loaded: dict[int, ImageData] = field(default_factory=dict)
    drift: dict[str, list[float]] = field(default_factory=dict)
    diverged: list[Unit] = field(default_factory=list)

    def data(self, side: int) -> ImageData:
        """Return the pictures at a side; read once."""
        if side not in self.loaded:
            frame = self.frame
            self.loaded[side] = load(frame.dataset, self.source, side, frame.fit, self.reading)
        return self.loaded[side]

    def missing(self, unit: Unit) -> list[RunSpec]:
        """Return the runs of a unit that are not stored."""
        return [spec for spec in unit_specs(self.frame, unit) if not self.store.has(spec)]

    def expected(self, unit: Unit) -> float:
        """Return how long the rest of a unit should take, by the plan and by how long others of its strategy took."""
        share = len(self.missing(unit)) / (self.frame.folds or 1)
        known = self.drift.get(unit.strategy)
        return unit.seconds * share * (median(known) if known else 1.0) / max(1, self.jobs)


def run_units(making: Making, units: list[Unit], seconds: float) -> list[Unit]:
    """Make the runs of units, those of the plan first, then others for which there is time.

    No unit is begun that should not be finished in time, so a unit that is too long is passed over and a shorter one is made. A
    unit that diverges is left out, and noted in `making`.

    Args:
        making: see `Making`.
        units: in the order of their worth.
        seconds: for all of them.

    Returns:
        Units of the plan that were not made, because this machine was slower than the measuring said.
    """
    end = time.monotonic() + seconds
    todo = [u for u in units if u.planned and making.missing(u)]
    more = [u for u in units if not u.planned and making.missing(u)]
    made, passed = 0, []
    folds = f" ({making.frame.folds} runs, one a fold)" if making.frame.folds else ""
    for unit in [*todo, *more]:
        left = end - time.monotonic()
        if making.expected(unit) > left:
            passed += [unit] if unit.planned else []
            continue
        made += 1
        of = f"[{made}/{len(todo)}]" if unit.planned else "[time left]"
        making.say(
            f"{of} {words(unit)}{folds}: about {_minutes(making.expected(unit))}; {_minutes(left)} left"
        )
        try:
            _make(making, unit)
        except Diverged:  # it would do so each time: the others must not wait for it
            making.diverged.append(unit)
            making.say("    Left out: the training diverged, so its numbers were no longer finite.")
    return passed


def words(unit: Unit) -> str:
    """Return a unit in words."""
    return f"{get_strategy(unit.strategy).label}, {unit.n_labels:,} labels, seed {unit.seed}"


def _make(making: Making, unit: Unit) -> None:
    """Make the runs of a unit that are missing, and say how many pictures its networks name rightly.

    Raises:
        Diverged: a run of it did.
        StudyError: as `make_one` and `run_all`.
    """
    specs = making.missing(unit)
    began = time.monotonic()
    expected = unit.seconds * len(specs) / (making.frame.folds or 1) / max(1, making.jobs)
    if making.jobs > 1 or making.backend:
        from ...running.runner import run_all

        run_all(
            specs, making.store, making.source, making.weights, verbose=0, say=lambda line: None,
            jobs=making.jobs, backend=making.backend, address=making.address, reading=making.reading,
        )  # fmt: skip
    else:
        for spec in specs:
            make_one(making, spec)
    took = time.monotonic() - began
    if expected:
        making.drift.setdefault(unit.strategy, []).append(took / expected)
    records = [making.store.load(spec.id) for spec in unit_specs(making.frame, unit)]
    tested = sum(r["metrics"]["test"]["n"] for r in records)
    right = sum(r["metrics"]["test"]["accuracy"] * r["metrics"]["test"]["n"] for r in records)
    making.say(f"    {100 * right / tested:.1f} % of {tested:,} test pictures are right; {_minutes(took)}")


def make_one(making: Making, spec: RunSpec) -> None:
    """Make one run in this process, and store it.

    Raises:
        StudyError: as `execution.make` and `storing.keep`.
    """
    from ...training.execution import make
    from ...training.unfinished import discard

    finished = make(spec, making.data(spec.image_size), making.weights, verbose=0, checkpoint_every=60.0)
    keep(making.store, spec, finished)
    discard(spec.id)


def spent_seconds(store: Store) -> float:
    """Return how long the stored runs took, earlier attempts that were gone on with included."""
    return sum(store.load(run_id)["timing"]["total"]["wall"] for run_id in store.ids())


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"

"""The finished runs of a preset, grouped into arms: what pages, figures and claims look at."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from .errors import StudyError
from .presets import expand
from .spec import RunSpec
from .store import Store
from .strategies import STRATEGIES, Strategy


@dataclass(frozen=True)
class Arm:
    """The runs of one strategy at one number of labels, one a seed.

    Attributes:
        strategy: what was done.
        n_labels: labelled images, training and validation together.
        records: the runs' records, sorted by seed.
    """

    strategy: Strategy
    n_labels: int
    records: tuple[dict, ...]

    @property
    def anchor(self) -> str:
        """Id of the arm's section on the page of records."""
        return f"arm-{self.strategy.name}-{self.n_labels}"

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, sorted."""
        return tuple(r["spec"]["seed"] for r in self.records)

    def test(self, measure: str) -> np.ndarray:
        """Return one test measure (`accuracy`, `nll`, `ece`, `class_accuracy`, `confusion`) of each seed: (seeds, ...)."""
        return np.array([r["metrics"]["test"][measure] for r in self.records])

    def validation(self, measure: str) -> np.ndarray:
        """Return one validation measure of each seed: (seeds, ...)."""
        return np.array([r["metrics"]["val"][measure] for r in self.records])

    @property
    def accuracy(self) -> float:
        """Mean test accuracy over the seeds, 0..1."""
        return float(self.test("accuracy").mean())

    def cpu_seconds(self) -> np.ndarray:
        """Return the processor time of each run in seconds, all cores added up: features, training and prediction.

        Unlike wall time it hardly depends on what else the machine was doing.
        """
        return np.array([r["timing"]["total"]["cpu"] for r in self.records])


class Study:
    """All arms of a preset.

    Args:
        specs: the runs the preset asks for.
        store: where their results lie.

    Raises:
        StudyError: a result is missing, damaged, or made from other data or weights than the rest.
    """

    def __init__(self, specs: list[RunSpec], store: Store):
        self.specs, self.store = specs, store
        self.records = {spec.id: store.load(spec.id) for spec in specs}
        for what in ("data", "weights"):
            self._same(what)
        arms: dict[tuple[str, int], list[dict]] = {}
        for spec in sorted(specs, key=lambda s: s.seed):
            arms.setdefault(spec.arm, []).append(self.records[spec.id])
        self.arms = {
            (name, n): Arm(STRATEGIES[name], n, tuple(records)) for (name, n), records in arms.items()
        }
        self.sizes = tuple(sorted({n for _, n in self.arms}))
        self.strategies = tuple(
            s for s in STRATEGIES.values() if any(name == s.name for name, _ in self.arms)
        )
        self._correct: dict[tuple[str, int], np.ndarray] = {}

    def _same(self, what: str):
        found: dict[tuple, str] = {}
        for run_id, record in self.records.items():
            key = (record[what]["name"], record[what]["sha256"])
            found.setdefault(key, run_id)
        by_name: dict[str, list[str]] = {}
        for (name, _), run_id in found.items():
            by_name.setdefault(name, []).append(run_id)
        for name, ids in by_name.items():
            if len(ids) > 1:
                raise StudyError(
                    f"runs {ids[0]} and {ids[1]} were made from different copies of {name}: compare only results "
                    f"of the same {what}; make one of them again with python -m transferstudy run --only {ids[0]}"
                )

    @property
    def first(self) -> dict:
        """Any record: for what all runs share, such as the classes."""
        return next(iter(self.records.values()))

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in label order."""
        return tuple(self.first["data"]["classes"])

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """All seeds of the preset, sorted."""
        return tuple(sorted({spec.seed for spec in self.specs}))

    @property
    def seeds_per_arm(self) -> tuple[int, int]:
        """The fewest and the most seeds that an arm has."""
        counts = [len(arm.records) for arm in self.arms.values()]
        return min(counts), max(counts)

    def arm(self, strategy: str, n_labels: int) -> Arm:
        """Return one arm.

        Raises:
            StudyError: the preset has no such arm.
        """
        if (strategy, n_labels) not in self.arms:
            raise StudyError(f"the study has no arm {strategy!r} with {n_labels:,} labels")
        return self.arms[strategy, n_labels]

    def has(self, strategy: str, n_labels: int) -> bool:
        """Return whether the preset contains this arm."""
        return (strategy, n_labels) in self.arms

    def correct(self, strategy: str, n_labels: int) -> np.ndarray:
        """Return which test images each seed's model got right: bool array (seeds, images), images in canonical order."""
        key = (strategy, n_labels)
        if key not in self._correct:
            rows = []
            for record in self.arm(*key).records:
                stored = self.store.predictions(record)
                rows.append(stored["test_log_p"].argmax(axis=1) == stored["test_y"])
            self._correct[key] = np.array(rows)
        return self._correct[key]

    def test_predictions(self, strategy: str, n_labels: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the stored test log-probabilities of all seeds (seeds, images, classes) and the labels (images,)."""
        stored = [self.store.predictions(r) for r in self.arm(strategy, n_labels).records]
        return np.stack([s["test_log_p"] for s in stored]), stored[0]["test_y"].astype(int)

    def best(self, n_labels: int, pretrained: bool) -> Arm:
        """Return the arm with the highest mean validation accuracy at a size, among pretrained or random starts.

        Chosen on validation images, so that its test accuracy is not the best of several looks at the test set. The control
        with frozen random weights is no candidate.
        """
        candidates = [
            arm
            for (name, n), arm in self.arms.items()
            if n == n_labels and arm.strategy.pretrained == pretrained and name != "random_features"
        ]
        if not candidates:
            kind = "pretrained" if pretrained else "from-scratch"
            raise StudyError(f"the study has no {kind} arm with {n_labels:,} labels")
        return max(candidates, key=lambda arm: arm.validation("accuracy").mean())


def load(preset: str = "report", results: Path | str | None = None) -> Study:
    """Load the finished study of a preset.

    Args:
        preset: name in presets.toml.
        results: results folder, by default the project's.

    Raises:
        StudyError: a result is missing; the message names the run and the command that makes it.
    """
    return Study(expand(preset), Store(results))

"""The runs of one strategy at one number of labels and one image size."""

from dataclasses import dataclass

import numpy as np

from ..plan.strategies import Strategy


@dataclass(frozen=True)
class Arm:
    """The runs of one strategy at one number of labels and one image size, one a seed.

    Attributes:
        strategy: what was done.
        n_labels: labelled images, training and validation together.
        records: the runs' records, sorted by seed.
        image_size: pixels a side that go into the network.
        anchor: id of the arm's section on the page of records.
    """

    strategy: Strategy
    n_labels: int
    records: tuple[dict, ...]
    image_size: int
    anchor: str

    @property
    def key(self) -> tuple[str, int, int]:
        """Strategy, number of labels and image size: the arm's place in `Study.arms`."""
        return self.strategy.name, self.n_labels, self.image_size

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

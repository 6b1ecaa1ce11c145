"""How finely a study asks its question: input side, training steps and folds, as fine as the time allows."""

from collections.abc import Iterable
from dataclasses import dataclass

from .machine_speed import Speed
from .plan import Frame, Unit, feature_seconds, seconds_of, unit_specs

PACES = (1.0, 0.5, 0.25)  # shares of the usual training steps
FEWER_FOLDS = (
    3  # where time is short: each picture is still tested once a seed, by networks that learned from fewer
)
_SHARE = 0.8  # of the time that the core may take; what is left goes to more seeds


@dataclass(frozen=True)
class Level:
    """One way to ask the question.

    Attributes:
        side: pixels a side of the pretrained network's input.
        pace: share of the usual training steps.
        folds: into how many parts the pictures are cut, or None.
    """

    side: int
    pace: float
    folds: int | None

    @property
    def worth(self) -> float:
        """How much a level is wanted; only the order counts.

        Accuracy falls most with a smaller side, then with fewer pictures to learn from, least with a shorter schedule.
        """
        return self.side * self.pace ** (1 / 3) * (self.folds or 1) ** 0.4


def levels(sides: Iterable[int], folds: Iterable[int | None]) -> list[Level]:
    """Return all levels, the one that is wanted most first."""
    found = [Level(side, pace, k) for side in sides for pace in PACES for k in folds]
    return sorted(found, key=lambda level: -level.worth)


def core_seconds(frame: Frame, speed: Speed, sizes: list[int]) -> float:
    """Return how long the part takes without which a study says little.

    That is the probe at all sizes, and block 5 and training from scratch at all labels, with one seed.
    """
    units = [("linear_probe", n) for n in sizes] + [
        ("finetune_block5", sizes[-1]),
        ("small_scratch", sizes[-1]),
    ]
    runs = [spec for strategy, n in units for spec in unit_specs(frame, Unit(strategy, n, 0, 0.0))]
    features = sum(
        feature_seconds(frame, speed, strategy) for strategy in ("linear_probe", "finetune_block5")
    )
    return features + sum(seconds_of(frame, speed, spec) for spec in runs)


def fits(frame: Frame, speed: Speed, sizes: list[int], available: float) -> bool:
    """Return whether the core of a study fits into the seconds that its runs may take."""
    return core_seconds(frame, speed, sizes) <= _SHARE * available

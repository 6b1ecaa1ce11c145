"""Network and pretraining, two by two: VGG16 and the compact network, each from pretrained and from random weights."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .comparison import Difference, between
from .statistics.crossed import estimate
from .study import Arm, Study

NETWORKS = ("VGG16", "the compact network")
PLAIN = "plain VGG16"  # the same pretrained network against a weaker rival, without batch normalisation


@dataclass(frozen=True)
class Corners:
    """The four arms at one number of labels; None where one was not run.

    Attributes:
        study: the finished runs.
        n_labels: labelled images.
        arms: network -> (from scratch, pretrained). VGG16's partner is the network with batch normalisation, as one would
            train it today. The plain network, a weaker rival, comes last, where it was run.
    """

    study: Study
    n_labels: int
    arms: dict[str, tuple[Arm | None, Arm | None]]

    @property
    def complete(self) -> bool:
        """Whether all four arms were run."""
        return all(arm is not None for network in NETWORKS for arm in self.arms[network])

    def gain(self, network: str) -> Difference | None:
        """What pretraining changes for one network: pretrained minus scratch; None where an arm or a common seed lacks."""
        scratch, pretrained = self.arms[network]
        if scratch is None or pretrained is None or not set(scratch.seeds) & set(pretrained.seeds):
            return None
        return between(self.study, pretrained, scratch)

    @cached_property
    def interaction(self) -> tuple[float, float, float, int] | None:
        """How much more VGG16 gains from pretraining than the compact network.

        Returns:
            Mean, low and high of the 95 % interval (in accuracy, 0..1), and the number of seeds that all four arms share: each
            seed and each test image gives one difference of two differences (see `crossed.estimate`). None where an arm or a
            common seed lacks.
        """
        if not self.complete:
            return None
        four = [arm for network in NETWORKS for arm in self.arms[network]]
        shared = sorted(set.intersection(*(set(arm.seeds) for arm in four)))
        if not shared:
            return None
        right = [
            self.study.correct(*arm.key)[[arm.seeds.index(s) for s in shared]].astype(np.int8) for arm in four
        ]
        gain = (right[1] - right[0]) - (right[3] - right[2])
        found = estimate(gain)
        return found.mean, *found.interval(), len(shared)


def corners(study: Study, n_labels: int) -> Corners:
    """Return the four corners at one number of labels, as far as they were run."""

    def arm(name: str) -> Arm | None:
        return study.arm(name, n_labels) if study.has(name, n_labels) else None

    pairs = (
        (arm("scratch_bn"), arm("finetune_all")),
        (arm("small_scratch"), arm("small_finetune")),
    )
    arms = dict(zip(NETWORKS, pairs, strict=True))
    if arm("scratch") and arm("finetune_all"):
        arms[PLAIN] = (arm("scratch"), arm("finetune_all"))
    return Corners(study, n_labels, arms)


def all_corners(study: Study) -> list[Corners]:
    """Return the corners at each number of labels at which all four arms were run.

    If there is none: those with a network that was run both ways. If there is none either: all.
    """
    found = [corners(study, n) for n in study.sizes]
    complete = [c for c in found if c.complete]
    return complete or [c for c in found if any(None not in pair for pair in c.arms.values())] or found

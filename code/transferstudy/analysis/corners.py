"""Network and pretraining, two by two: VGG16 and the compact network, each from pretrained and from random weights."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .bootstrap import interval, resampled_means
from .comparison import Difference, between
from .study import Arm, Study

NETWORKS = ("VGG16", "the compact network")


@dataclass(frozen=True)
class Corners:
    """The four arms at one number of labels; None where one was not run.

    Attributes:
        study: the finished runs.
        n_labels: labelled images.
        arms: network -> (from scratch, pretrained). VGG16's partner is the plain network, which is also what its pretrained
            weights are for; where that was not run, the one with batch normalisation.
    """

    study: Study
    n_labels: int
    arms: dict[str, tuple[Arm | None, Arm | None]]

    @property
    def complete(self) -> bool:
        """Whether all four arms were run."""
        return all(arm is not None for pair in self.arms.values() for arm in pair)

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
            seed and each test image gives one difference of two differences, and the bootstrap draws both anew. None where
            an arm or a common seed lacks.
        """
        if not self.complete:
            return None
        four = [arm for pair in self.arms.values() for arm in pair]
        shared = sorted(set.intersection(*(set(arm.seeds) for arm in four)))
        if not shared:
            return None
        right = [
            self.study.correct(*arm.key)[[arm.seeds.index(s) for s in shared]].astype(np.int8) for arm in four
        ]
        gain = (right[1] - right[0]) - (right[3] - right[2])
        return float(gain.mean()), *interval(resampled_means(gain)), len(shared)


def corners(study: Study, n_labels: int) -> Corners:
    """Return the four corners at one number of labels, as far as they were run."""

    def arm(*names: str) -> Arm | None:
        return next((study.arm(name, n_labels) for name in names if study.has(name, n_labels)), None)

    pairs = (
        (arm("scratch", "scratch_bn"), arm("finetune_all")),
        (arm("small_scratch"), arm("small_finetune")),
    )
    return Corners(study, n_labels, dict(zip(NETWORKS, pairs, strict=True)))


def all_corners(study: Study) -> list[Corners]:
    """Return the corners at each number of labels at which all four arms were run.

    If there is none: those with a network that was run both ways. If there is none either: all.
    """
    found = [corners(study, n) for n in study.sizes]
    complete = [c for c in found if c.complete]
    return complete or [c for c in found if any(None not in pair for pair in c.arms.values())] or found

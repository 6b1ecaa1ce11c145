"""Which images a demonstration may see: a draw to learn from, validation images to choose by, and others that judge.

All of them come from the training set. The test images are taken away before anything else happens.
"""

from dataclasses import dataclass, replace

import numpy as np

from ...data import ImageData, draw
from .plan import Plan

JUDGES = 2**20  # seed of the images that judge: one that no run has


@dataclass(frozen=True)
class Images:
    """The images of one demonstration, uint8 (n, side, side, 3), and their labels (n,).

    Attributes:
        learn, choose, judge: pairs (pixels, labels): for training, for choosing the state that is kept, for the score.
        classes: class names.
        side: pixels a side.
    """

    learn: tuple[np.ndarray, np.ndarray]
    choose: tuple[np.ndarray, np.ndarray]
    judge: tuple[np.ndarray, np.ndarray]
    classes: tuple[str, ...]
    side: int


def without_test(data: ImageData) -> ImageData:
    """Return the data set with no test images, so that nothing after it can read one."""
    return replace(data, x_test=data.x_test[:0], y_test=data.y_test[:0])


def images_of(data: ImageData, plan: Plan) -> Images:
    """Draw the images of a demonstration: first those that judge, equal for all seeds, then the seed's own from the rest.

    Args:
        data: the data set that the plan names.
        plan: the demonstration.

    Raises:
        StudyError: the data set is too small for both draws.
    """
    data = without_test(data)
    chosen = draw(data, plan.judged, JUDGES)
    judge = np.sort(np.concatenate([chosen.train, chosen.validation]))
    free = np.ones(len(data.y_train), bool)
    free[judge] = False
    rest = replace(data, x_train=data.x_train[free], y_train=data.y_train[free])
    split = draw(rest, plan.n_labels, plan.seed)

    def pair(source: ImageData, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return source.x_train[index], source.y_train[index]

    return Images(
        pair(rest, split.train), pair(rest, split.validation), pair(data, judge), data.classes, data.side
    )

"""Predictions of both ways of a demonstration to the accuracy that each reports."""

import numpy as np


def correct(mistake: str, arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return which images the right and the wrong way get right, two bool arrays (images,).

    For the mistake "epoch" both ways are one and the same training run, and the images are its validation images in two
    halves. The right way takes the epoch that is best on one half and scores it on the other half. The wrong way scores
    it on the half that chose it. Each half plays both parts, so all images count once in each way.

    Args:
        mistake: name.
        arrays: as `stored.Stored.arrays` holds them.
    """
    if mistake != "epoch":
        y = arrays["judge_y"]
        return arrays["right_judged"] == y, arrays["wrong_judged"] == y
    hits = arrays["right_choices"] == arrays["choose_y"]
    second = halves(arrays["choose_y"])
    chosen = [int(hits[:, half].mean(axis=1).argmax()) for half in (~second, second)]
    own, other = np.where(second, chosen[1], chosen[0]), np.where(second, chosen[0], chosen[1])
    images = np.arange(hits.shape[1])
    return hits[other, images], hits[own, images]


def halves(y: np.ndarray) -> np.ndarray:
    """Return which images belong to the second half, bool (images,): every other image of each class."""
    second = np.zeros(len(y), bool)
    for label in np.unique(y):
        second[np.flatnonzero(y == label)[1::2]] = True
    return second


def measures(mistake: str, arrays: dict[str, np.ndarray]) -> dict:
    """Return what a record says of itself: images, and the accuracy (0..1) that each way reports."""
    right, wrong = correct(mistake, arrays)
    return {"images": len(right), "right": float(right.mean()), "wrong": float(wrong.mean())}

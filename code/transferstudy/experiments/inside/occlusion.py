"""Occlusion maps: how much of a class' probability goes when a patch of the image is hidden."""

import keras
import numpy as np
from scipy.special import softmax

from ...errors import StudyError


def occlusion(
    model: keras.Model,
    images: np.ndarray,
    classes: np.ndarray,
    patch: int = 8,
    stride: int = 4,
    batch_size: int = 256,
) -> np.ndarray:
    """Return occlusion maps (Zeiler and Fergus 2014, section 4.2): no gradients, so a check on Grad-CAM.

    A square patch is set to the image's own mean colour, place by place.

    Args:
        model: pixels (n, side, side, 3) in 0..255 to logits (n, classes).
        images: pixels (n, side, side, 3), any number type.
        classes: (n,), the class to explain in each image.
        patch: width of the square in pixels.
        stride: pixels between neighbouring places.
        batch_size: images a prediction.

    Returns:
        float32 (n, g, g) with g = (side - patch) // stride + 1: the fall of the class' probability, in -1..1. Negative
        where hiding the patch makes the class more likely.

    Raises:
        StudyError: the patch is larger than the image, or images and classes differ in number.
    """
    images, classes = np.asarray(images, np.float32), np.asarray(classes, np.int64)
    side = images.shape[1]
    if not 1 <= patch <= side or stride < 1:
        raise StudyError(f"a patch of {patch} with stride {stride} does not fit images of {side} pixels")
    if classes.shape != (len(images),):
        raise StudyError(f"{len(images)} images need as many classes, not an array of shape {classes.shape}")
    places = range(0, side - patch + 1, stride)
    maps = np.zeros((len(images), len(places), len(places)), np.float32)
    rows = np.arange(len(images))

    def probability(pixels) -> np.ndarray:
        return softmax(model.predict(pixels, batch_size=batch_size, verbose=0), axis=1)[rows, classes]

    if not len(images):
        return maps
    whole, mean = probability(images), images.mean(axis=(1, 2), keepdims=True)
    for i, top in enumerate(places):
        for j, left in enumerate(places):
            hidden = images.copy()
            hidden[:, top : top + patch, left : left + patch] = mean
            maps[:, i, j] = whole - probability(hidden)
    return maps

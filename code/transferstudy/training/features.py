"""A frozen prefix is computed once per image and augmentation view; training the suffix then costs only the suffix."""

import keras
import numpy as np

from ..data.augmentation import augment


def activations(prefix: keras.Model, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """Return the prefix' output for uint8 images, float32, shape (n, ...)."""
    return np.asarray(prefix.predict(images, batch_size=batch_size, verbose=0), dtype=np.float32)


def cached_views(
    prefix: keras.Model, images: np.ndarray, augmentation: str, views: int, seed: int
) -> np.ndarray:
    """Return activations of several augmented views of each image.

    Args:
        prefix: frozen model from pixels to activations.
        images: uint8 pixels (n, side, side, 3).
        augmentation: as in `augment`; with "none" one view is enough and only one is made.
        views: number of views; the first one is the image itself.
        seed: source of the augmentations.

    Returns:
        float32 array (views, n, ...).
    """
    views = 1 if augmentation == "none" else views
    made = [activations(prefix, images)]
    for view in range(1, views):
        rng = np.random.default_rng((seed, 2, view))
        made.append(activations(prefix, augment(images, augmentation, rng)))
    return np.stack(made)


def pooled_from(at_cut: tuple[np.ndarray, np.ndarray], rest: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Carry cached activations on to the pooled features, so that the prefix need not run again for the head.

    Args:
        at_cut: training activations (views, n, ...) and validation activations (m, ...) at the cut.
        rest: the part from the cut to the pooled features.

    Returns:
        The same two arrays after `rest`.
    """
    train, validation = at_cut
    return np.stack([activations(rest, view) for view in train]), activations(rest, validation)

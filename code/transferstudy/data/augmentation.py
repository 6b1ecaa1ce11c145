"""Random changes of images that leave their class alone."""

import numpy as np


def augment(images: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return randomly changed copies of images.

    Args:
        images: uint8 pixels, shape (n, side, side, 3).
        kind: "none"; "flip": mirrored left to right with probability one half; "crop-flip": also shifted by up to an eighth
            of the side, edges filled by reflection (at 32 pixels the shift by 4 of He et al. 2016, arXiv:1512.03385, section 4.2).
        rng: source of randomness.

    Returns:
        Array of the same shape and dtype; never a view of `images`.
    """
    images = images.copy()
    if kind == "none":
        return images
    n, side = images.shape[:2]
    flipped = rng.random(n) < 0.5
    images[flipped] = images[flipped, :, ::-1]
    if kind == "crop-flip":
        pad = side // 8
        padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
        top, left = rng.integers(0, 2 * pad + 1, (2, n))
        images = np.ascontiguousarray(windows[np.arange(n), top, left].transpose(0, 2, 3, 1))
    return images

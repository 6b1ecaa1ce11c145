"""How well two pictures agree when one may be a part of the other: the highest pixel correlation over a set of alignments."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import uniform_filter

from .descriptors import LUMA, SIDE, sampling

# Height and width in pixels to which one image is shrunk before it is looked for inside the other.
SIZES = ((32, 32), (30, 30), (28, 28), (26, 26), (24, 24), (32, 28), (32, 24), (28, 32), (24, 32))
_BLOCK = 200
_WINDOW = 5
_NOISE = 4  # pixel values; weaker texture than this counts less


def aligned(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how well pairs of images agree at their best alignment.

    Either image is shrunk to each of `SIZES`, also mirrored, and slid over the other; the position with the highest
    correlation of luma counts (normalised cross-correlation; Lewis 1995, Vision Interface, 120-123).

    Args:
        a: uint8 RGB, (n, 32, 32, 3).
        b: as a; pair i is a[i] and b[i].

    Returns:
        Two float32 arrays (n,), -1..1: the correlation of red, green and blue there, means of each channel removed; and the
        same of edges and texture, after a 5 by 5 mean was subtracted and contrast made even.
    """
    pixels, detail = np.empty(len(a), np.float32), np.empty(len(a), np.float32)
    for start in range(0, len(a), _BLOCK):
        part = slice(start, start + _BLOCK)
        pixels[part], detail[part] = _block(a[part].astype(np.float32), b[part].astype(np.float32))
    return pixels, detail


def _block(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = len(a)
    best = np.full(n, -2.0, np.float32)
    chosen: list = [None] * n
    for whole, part, swapped in ((a, b, False), (b, a, True)):
        field = whole @ LUMA[0]
        for size in SIZES[1 if swapped else 0 :]:  # two whole images need to be compared once only
            small = _shrunk(part, size)
            for i, (value, place) in enumerate(_slide(field, small @ LUMA[0])):
                if value > best[i]:
                    best[i], chosen[i] = value, (swapped, size, place)
    pixels, detail = np.empty(n, np.float32), np.empty(n, np.float32)
    for i, (swapped, (height, width), (top, left, flipped)) in enumerate(chosen):
        whole, part = (b, a) if swapped else (a, b)
        window = whole[i, top : top + height, left : left + width]
        small = _shrunk(part[i : i + 1], (height, width))[0]
        small = small[:, ::-1] if flipped else small
        pixels[i] = correlation(window, small)
        detail[i] = correlation(_edges(window), _edges(small))
    return pixels, detail


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the correlation of two images (height, width, 3), the mean of each channel removed; 0 if one has no contrast."""
    a, b = a - a.mean(axis=(0, 1)), b - b.mean(axis=(0, 1))
    norm = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / norm) if norm > 1e-3 else 0.0


def _edges(image: np.ndarray) -> np.ndarray:
    """Return what a local mean leaves of an image (height, width, 3), divided by its local strength.

    Without the division one strong edge, a horizon or a frame, would decide; with it, every part of the picture counts.
    """
    rest = image - uniform_filter(image, size=(_WINDOW, _WINDOW, 1), mode="nearest")
    # The filter keeps running sums, so a mean of squares may come out a little below zero.
    strength = np.sqrt(np.maximum(uniform_filter((rest**2).mean(axis=2), size=_WINDOW, mode="nearest"), 0))
    return rest / (strength + _NOISE)[:, :, None]


def _shrunk(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if size == (SIDE, SIDE):
        return images
    down, across = (sampling(SIDE, 0, 1, cells) for cells in size)
    return np.einsum("hy,nyxc,wx->nhwc", down, images, across, optimize=True)


def _slide(field: np.ndarray, small: np.ndarray) -> list[tuple[float, tuple[int, int, bool]]]:
    """Return, pair by pair, the best correlation of a small grey image and its mirror image with any window, and where."""
    n, height, width = small.shape
    windows = sliding_window_view(field, (height, width), axis=(1, 2))
    rows, columns = windows.shape[1:3]
    windows = windows.reshape(n, rows * columns, height * width)
    templates = np.stack([small, small[:, :, ::-1]], axis=3).reshape(n, height * width, 2)
    templates = templates - templates.mean(axis=1, keepdims=True)
    templates /= np.maximum(np.linalg.norm(templates, axis=1, keepdims=True), 1e-3)
    # The templates have no mean, so the windows' means drop out of the product; only their spread is needed.
    squares = np.einsum("npk,npk->np", windows, windows) - height * width * windows.mean(axis=2) ** 2
    spread = np.sqrt(np.maximum(squares, 1.0))
    r = (windows @ templates / spread[:, :, None]).reshape(n, -1)
    at = r.argmax(axis=1)
    places, flipped = np.divmod(at, 2)
    return [
        (float(r[i, at[i]]), (int(p // columns), int(p % columns), bool(f)))
        for i, (p, f) in enumerate(zip(places, flipped, strict=True))
    ]

"""What two pictures are compared by first: a perceptual hash and a short vector, both from the lowest cosine frequencies.

Both are linear in the pixels up to their last step, so a crop of an image costs one small matrix product and no resizing.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.fft import dct

SIDE = 32
LOW = 8  # frequencies kept in each direction
LOW_COLOUR = 4  # the same for the two colour channels, which vary more slowly
COLOUR_WEIGHT = 0.5
# ITU-R BT.601 (2011), section 2.5.1: luma and the two colour differences of red, green and blue.
LUMA = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)


@dataclass(frozen=True)
class Frame:
    """A rectangular part of an image, and whether it is mirrored.

    Attributes:
        top, left, height, width: of the part, as shares of the image's side, 0..1.
        mirrored: left and right exchanged.
    """

    top: float = 0.0
    left: float = 0.0
    height: float = 1.0
    width: float = 1.0
    mirrored: bool = False


WHOLE = Frame()


def centre(height: float, width: float) -> Frame:
    """Return the middle part of an image, given its height and width as shares of the side (0..1)."""
    return Frame((1 - height) / 2, (1 - width) / 2, height, width)


def mirror(frame: Frame) -> Frame:
    """Return the same part with left and right exchanged."""
    return replace(frame, mirrored=not frame.mirrored)


def sampling(side: int, start: float, size: float, cells: int) -> np.ndarray:
    """Return the matrix (cells, side) that averages pixels over equal cells of a part of the axis.

    Args:
        side: pixels on the axis.
        start: of the part, as a share of the side.
        size: of the part, as a share of the side.
        cells: number of cells into which the part is cut.
    """
    edges = (start + size * np.arange(cells + 1) / cells) * side
    pixels = np.arange(side)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(overlap, 0, None) / np.diff(edges)[:, None]).astype(np.float32)


def coefficients(images: np.ndarray, frame: Frame = WHOLE, block: int = 2_000) -> np.ndarray:
    """Return the lowest cosine coefficients (type II, not normalised) of a part of each image, seen at 32 pixels a side.

    Args:
        images: uint8 RGB, (n, side, side, 3).
        frame: the part.
        block: images at a time, which bounds the memory.

    Returns:
        float32 (n, 3, 8, 8): luma and two colour differences, rows down, columns across.
    """
    side = images.shape[1]
    basis = dct(np.eye(SIDE, dtype=np.float32), axis=0)[:LOW]
    down = basis @ sampling(side, frame.top, frame.height, SIDE)
    across = basis @ sampling(side, frame.left, frame.width, SIDE)
    if frame.mirrored:  # cosines of odd order are odd about the middle: mirroring changes their sign
        across = across * np.where(np.arange(LOW) % 2, -1, 1)[:, None].astype(np.float32)
    out = np.empty((len(images), 3, LOW, LOW), np.float32)
    for start in range(0, len(images), block):
        part = images[start : start + block].astype(np.float32)
        rows = np.matmul(part.transpose(0, 3, 2, 1).reshape(-1, side), down.T).reshape(-1, 3, side, LOW)
        low = np.matmul(rows.transpose(0, 1, 3, 2), across.T)
        out[start : start + block] = np.einsum("kc,nchw->nkhw", LUMA, low)
    return out


def hashes(coefficient: np.ndarray) -> np.ndarray:
    """Return 64-bit perceptual hashes as unit vectors, so that their product is 1 - 2 h / 64 for h different bits.

    The bit of a luma coefficient says whether it exceeds the median of the 64: `phash` of the imagehash library, at 32 pixels.

    Args:
        coefficient: as `coefficients` returns it.

    Returns:
        float32 (n, 64), entries +-1/8.
    """
    luma = coefficient[:, 0].reshape(len(coefficient), -1)
    above = luma > np.median(luma, axis=1, keepdims=True)
    return np.where(above, 1, -1).astype(np.float32) / np.sqrt(luma.shape[1]).astype(np.float32)


class Whitening:
    """Short vectors whose product says how alike two images are, every frequency counting alike.

    Neighbouring pixels agree in any photograph; the cosine transform nearly undoes that, and dividing each coefficient by
    its spread leaves what tells one picture from another. Mean brightness and mean colour are left out.

    Args:
        coefficient: of the images that set the spread, as `coefficients` returns them.
    """

    def __init__(self, coefficient: np.ndarray):
        self._spread = self._chosen(coefficient).std(axis=0) + 1e-6

    @staticmethod
    def _chosen(c: np.ndarray) -> np.ndarray:
        n = len(c)
        luma = c[:, 0].reshape(n, -1)[:, 1:]
        colour = c[:, 1:, :LOW_COLOUR, :LOW_COLOUR].reshape(n, 2, -1)[:, :, 1:].reshape(n, -1)
        return np.concatenate([luma, COLOUR_WEIGHT * colour], axis=1)

    def vectors(self, coefficient: np.ndarray) -> np.ndarray:
        """Return float32 (n, 93) vectors of length one (or zero, for an image of one colour)."""
        weight = np.concatenate([np.ones(LOW * LOW - 1), np.full(2 * (LOW_COLOUR**2 - 1), COLOUR_WEIGHT)])
        v = self._chosen(coefficient) / self._spread * weight.astype(np.float32)
        return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-6)

"""Many small images in one WebP file, side by side, row by row, without loss: about half of what compressed arrays take."""

import io

import numpy as np


def tiled(images: np.ndarray, columns: int) -> np.ndarray:
    """Set images into rows, without gaps, and return one image, uint8 (height, width, 3).

    Args:
        images: uint8 (n, side, side, 3).
        columns: images in a row; the last row may be shorter, and is filled with black.
    """
    side, rows = images.shape[1], max(1, -(-len(images) // columns))
    whole = np.zeros((rows * columns, side, side, 3), np.uint8)
    whole[: len(images)] = images
    whole = whole.reshape(rows, columns, side, side, 3).swapaxes(1, 2)
    return whole.reshape(rows * side, columns * side, 3)


def to_mosaic(images: np.ndarray, columns: int) -> bytes:
    """Return images as one WebP file, set into rows as `tiled` does."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(tiled(images, columns)).save(buffer, "WEBP", lossless=True, quality=100, method=6)
    return buffer.getvalue()


def from_mosaic(content: bytes, side: int) -> np.ndarray:
    """Return the images of such a file, uint8 (rows x columns, side, side, 3), those that only fill the last row included.

    Args:
        content: what `to_mosaic` returned.
        side: pixels a side of one image.

    Raises:
        OSError: this is no picture.
        ValueError: its sides are not multiples of `side`.
    """
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        whole = np.asarray(image.convert("RGB"))
    rows, columns = whole.shape[0] // side, whole.shape[1] // side
    return whole.reshape(rows, side, columns, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)

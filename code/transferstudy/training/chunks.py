"""One file of kept activations: the images that they belong to, a row for each, and a checksum over both.

    64 bytes       eight integers: images, dimensions of a row, its shape, zeros
    32 bytes each  digests of the images
    float32        activations, row after row; all numbers have the smallest byte first
    32 bytes       SHA-256 of the network part's identity and of all that stands before

Not NumPy's own format: its header is text that NumPy parses, and damaged it fails in many ways. The identity of the part is in
no file, but in every checksum: a file that is moved to another part's folder counts as damaged.
"""

import hashlib
import math
import uuid
from pathlib import Path

import numpy as np

SUFFIX = ".chunk"
PART_SUFFIX = ".part"
_CHECKSUM = 32  # bytes of a SHA-256
_INTEGERS = 8  # integers of 8 bytes
_BLOCK = 2**20


def write_chunk(folder: Path, part: str, digests: list[bytes], rows: np.ndarray) -> Path:
    """Write a file of activations, so that a reader sees all of it or nothing.

    Its name comes from its images: two processes that compute the same at once replace each other's file with an equal one.

    Args:
        folder: where it goes; made when it is not there.
        part: identity of the network part, hex digits.
        digests: 32 bytes an image.
        rows: float32 (n, ...), in the same order.

    Returns:
        The file.

    Raises:
        OSError: the folder cannot be written, or the disk is full; nothing is left behind then.
    """
    head = np.zeros(_INTEGERS, "<i8")
    head[: rows.ndim + 1] = len(rows), rows.ndim - 1, *rows.shape[1:]
    names = b"".join(digests)
    content = [head.tobytes(), names, np.ascontiguousarray(rows, "<f4").data]
    hasher = hashlib.sha256(part.encode())
    for piece in content:
        hasher.update(piece)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (hashlib.sha256(names).hexdigest()[:32] + SUFFIX)
    unfinished = folder / f".{uuid.uuid4().hex}{PART_SUFFIX}"
    try:
        with unfinished.open("xb") as file:
            for piece in (*content, hasher.digest()):
                file.write(piece)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def chunk_bytes(rows: np.ndarray) -> int:
    """Return how large the file of so many rows is."""
    return 8 * _INTEGERS + _CHECKSUM * len(rows) + rows.nbytes + _CHECKSUM


class Chunk:
    """A file of activations, memory-mapped; the digests are read at once, the checksum is looked at when it is asked for.

    Args:
        path: the file.

    Attributes:
        digests: of the images, 32 bytes each.
        rows: read-only float32 (n, ...), memory-mapped.

    Raises:
        OSError, ValueError: the file is gone, cut short, or something else.
    """

    def __init__(self, path: Path):
        self.path, self._whole = path, None
        with path.open("rb") as file:
            head = np.frombuffer(file.read(8 * _INTEGERS), "<i8").tolist()
            if len(head) != _INTEGERS or not 0 < head[1] <= _INTEGERS - 2 or min(head) < 0:
                raise ValueError("no such file")
            n, shape, start = head[0], head[2 : 2 + head[1]], 8 * _INTEGERS + _CHECKSUM * head[0]
            if path.stat().st_size != start + 4 * n * math.prod(shape) + _CHECKSUM:
                raise ValueError("cut short")
            names = file.read(_CHECKSUM * n)
        self.digests = [names[i : i + _CHECKSUM] for i in range(0, len(names), _CHECKSUM)]
        self.rows = np.memmap(path, "<f4", "r", start, (n, *shape))

    def whole(self, part: str) -> bool:
        """Return whether the file is as it was written, and for this network part."""
        if self._whole is None:
            hasher, left = hashlib.sha256(part.encode()), self.path.stat().st_size - _CHECKSUM
            with self.path.open("rb") as file:
                while left > 0 and (block := file.read(min(_BLOCK, left))):
                    hasher.update(block)
                    left -= len(block)
                self._whole = file.read() == hasher.digest()
        return self._whole

"""One file of kept activations: the images that they belong to, a row for each, and a checksum over both.

    NumPy array file   digests of the images, uint8 (n, 32)
    NumPy array file   activations, float32 (n, ...)
    32 bytes           SHA-256 of the network part's identity and of all that stands before

The identity of the part is in no file, but in every checksum: a file that is moved to another part's folder counts as damaged.
"""

import hashlib
import io
import math
import uuid
from pathlib import Path

import numpy as np

SUFFIX = ".chunk"
PART_SUFFIX = ".part"
_CHECKSUM = 32
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
    head = io.BytesIO()
    np.save(head, np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1))
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f4", "fortran_order": False, "shape": tuple(map(int, rows.shape))}
    )
    body = np.ascontiguousarray(rows, "<f4").data
    hasher = hashlib.sha256(part.encode() + head.getvalue())
    hasher.update(body)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (hashlib.sha256(b"".join(digests)).hexdigest()[:32] + SUFFIX)
    unfinished = folder / f".{uuid.uuid4().hex}{PART_SUFFIX}"
    try:
        with unfinished.open("xb") as file:
            for content in (head.getvalue(), body, hasher.digest()):
                file.write(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


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
            shape = _header(file, "|u1")
            if len(shape) != 2 or shape[1] != _CHECKSUM or math.prod(shape) > path.stat().st_size:
                raise ValueError("no digests")
            content = file.read(math.prod(shape))
            self.digests = [content[i : i + _CHECKSUM] for i in range(0, len(content), _CHECKSUM)]
            rows = _header(file, "<f4")
            start = file.tell()
        if rows[:1] != shape[:1] or path.stat().st_size != start + 4 * math.prod(rows) + _CHECKSUM:
            raise ValueError("cut short")
        self.rows = np.memmap(path, "<f4", "r", start, rows)

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


def _header(file, dtype: str) -> tuple[int, ...]:
    np.lib.format.read_magic(file)
    shape, fortran_order, found = np.lib.format.read_array_header_1_0(file)
    if found != np.dtype(dtype) or fortran_order:
        raise ValueError("another type of numbers")
    return shape

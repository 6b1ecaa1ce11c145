"""NumPy archives from bytes that may be anything: nothing in them is run, and no more memory is taken than a limit."""

import io
import lzma
import math
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

LIMIT = 2**30  # bytes that an archive may unpack to
_LZMA_MEMORY = 2**28  # bytes; what `packing` writes needs a quarter of it
# Whatever zipfile, zlib, LZMA and NumPy raise when bytes make no sense.
BROKEN = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, OSError, OverflowError, MemoryError, NotImplementedError,
    RuntimeError, SyntaxError, RecursionError, struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
)  # fmt: skip


def check_npz(path: Path, limit: int = LIMIT) -> None:
    """Check what a NumPy archive says of its arrays, before one of them is read.

    Args:
        path: the `.npz` file.
        limit: bytes that all arrays may have together.

    Raises:
        OSError, ValueError, and what else is in `BROKEN`: as `read_npz`.
    """
    with zipfile.ZipFile(path) as archive:
        _check_members(archive, limit)


def check_size(archive: zipfile.ZipFile, limit: int = LIMIT) -> None:
    """Check how much an archive unpacks to; `zipfile` unpacks no more of a member than the archive says.

    Raises:
        ValueError: it is more than the limit, in bytes.
    """
    total = sum(member.file_size for member in archive.infolist())
    if total > limit:
        raise ValueError(f"it unpacks to {total:,} bytes, and at most {limit:,} are read")


def _check_members(archive: zipfile.ZipFile, limit: int) -> None:
    check_size(archive, limit)
    for member in archive.infolist():
        check_member(archive, member)


def read_npz(content: bytes, limit: int = LIMIT) -> dict[str, np.ndarray]:
    """Return the arrays of a NumPy archive by name.

    Args:
        content: of the `.npz` file.
        limit: bytes that all arrays may have together.

    Raises:
        ValueError: the bytes are no such archive, an array is a pickled Python object or says another size than it has, or the
            arrays are larger than the limit.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_members(archive, limit)
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return dict(archive)
    except BROKEN as error:
        raise ValueError(_words(error)) from None


def check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.dtype:
    """Check what an array says of itself before memory is taken for it, and return its type.

    Raises:
        ValueError: it is no array of plain numbers, or says that it is larger or smaller than its bytes.
    """
    if not member.filename.endswith(".npy"):
        raise ValueError(f"{member.filename!r} is no NumPy array")
    name = member.filename.removesuffix(".npy")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, _, dtype = header[version](file)
        if dtype.hasobject:
            raise ValueError(f"{name} is a pickled Python object, which could run foreign code")
        if math.prod(shape) * dtype.itemsize != member.file_size - file.tell():
            raise ValueError(f"{name} says that it has the shape {shape}, but holds another number of bytes")
    return dtype


def decompressed(content: bytes, limit: int = LIMIT) -> bytes:
    """Return what LZMA compressed.

    Args:
        content: of the `.xz` file.
        limit: bytes that it may have unpacked.

    Raises:
        ValueError: damaged, cut short, or larger than the limit.
    """
    reader = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
    try:
        unpacked = reader.decompress(content, limit)
    except (lzma.LZMAError, EOFError, MemoryError) as error:
        raise ValueError(_words(error)) from None
    if not reader.eof:
        raise ValueError(
            f"it unpacks to more than {limit:,} bytes" if len(unpacked) >= limit else "it is cut short"
        )
    return unpacked


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{text[:200] or type(error).__name__}"

"""Activations on disk: memory-mapped, checksummed, bounded, and found by what they were computed from.

One file an entry: a NumPy array file with the SHA-256 of all that stands before it as its last 32 bytes. A file that is cut
short or changed is thrown away and computed again. When the folder would grow beyond its limit, what was not used for the
longest time goes first.
"""

import hashlib
import io
import math
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from ..errors import StudyError
from ..paths import cache_dir

LIMIT_GIB = 4.0
LIMIT_VARIABLE = "TRANSFERSTUDY_CACHE_GIB"
_CHECKSUM = 32
_BLOCK = 2**20
_LEFT_OVER = 24 * 3600  # seconds after which an unfinished file must belong to a process that is gone


def limit_bytes() -> int:
    """Return how large the cache may grow: `TRANSFERSTUDY_CACHE_GIB`, or 4 GiB. Zero turns it off.

    Raises:
        StudyError: the variable holds no number, or a negative one.
    """
    text = os.environ.get(LIMIT_VARIABLE, str(LIMIT_GIB))
    try:
        gib = float(text)
    except ValueError:
        gib = math.nan
    if not 0 <= gib < math.inf:
        raise StudyError(f"{LIMIT_VARIABLE}={text}: expected a number of GiB, such as {LIMIT_GIB:g}, or 0")
    return int(gib * 2**30)


def _default_folder() -> Path | None:
    try:
        return cache_dir() / "activations"
    except StudyError:  # the package is used outside a project: there is no place to keep anything
        return None


class ActivationCache:
    """The folder of kept activations, and how many rows were found there or computed since this object was made.

    Args:
        folder: by default `activations` in the project's cache folder; without a project nothing is kept.
        limit: bytes that may lie there; by default `limit_bytes()`.

    Attributes:
        computed, reused: rows (images times views) that were computed, and that were found.
    """

    def __init__(self, folder: Path | None = None, limit: int | None = None):
        self.folder = folder if folder is not None else _default_folder()
        self.limit = limit_bytes() if limit is None else limit
        self.computed = self.reused = 0

    def get(self, key: str, shape: tuple[int, ...], chunks: Callable[[], Iterable[np.ndarray]]) -> np.ndarray:
        """Return the array of a key, from disk or computed.

        Args:
            key: hex digest over everything that the values depend on.
            shape: of the whole array.
            chunks: makes the array's rows, in order, as float32 arrays; called when the entry is missing or damaged.

        Returns:
            Read-only float32 array of `shape`, memory-mapped. An array that is larger than the limit, or that could not be
            written because the disk is full, is in memory instead.
        """
        found = self._load(key, shape)
        if found is not None:
            self.reused += shape[0]
            return found
        self.computed += shape[0]
        size = 4 * math.prod(shape)
        if self.folder is not None and size <= self.limit:
            try:
                self._make_room(size)
                return self._map(self._write(key, shape, chunks()), shape)
            except OSError:
                pass
        return np.concatenate([np.asarray(rows, np.float32) for rows in chunks()]).reshape(shape)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def _load(self, key: str, shape: tuple[int, ...]) -> np.ndarray | None:
        if self.folder is None or not self._path(key).is_file():
            return None
        path = self._path(key)
        try:
            if not _whole(path):
                raise ValueError("checksum")
            mapped = self._map(path, shape)
            os.utime(path)
            return mapped
        except (OSError, ValueError):
            path.unlink(missing_ok=True)
            return None

    @staticmethod
    def _map(path: Path, shape: tuple[int, ...]) -> np.ndarray:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        if mapped.shape != tuple(shape) or mapped.dtype != np.float32:
            raise ValueError("another shape")
        return mapped

    def _write(self, key: str, shape: tuple[int, ...], chunks: Iterable[np.ndarray]) -> Path:
        part = self.folder / f".{key}.{os.getpid()}.part"
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f4", "fortran_order": False, "shape": tuple(map(int, shape))}
        )
        hasher = hashlib.sha256(header.getvalue())
        try:
            with part.open("wb") as file:
                file.write(header.getvalue())
                for rows in chunks:
                    content = np.ascontiguousarray(rows, "<f4").data
                    hasher.update(content)
                    file.write(content)
                file.write(hasher.digest())
            part.replace(self._path(key))
        finally:
            part.unlink(missing_ok=True)
        return self._path(key)

    def _make_room(self, size: int) -> None:
        """Remove the entries that were not used for the longest time, until `size` more bytes fit."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for part in self.folder.glob(".*.part"):
            if time.time() - part.stat().st_mtime > _LEFT_OVER:
                part.unlink(missing_ok=True)
        entries = sorted((p.stat().st_mtime_ns, p.stat().st_size, p) for p in self.folder.glob("*.npy"))
        total = sum(bytes_ for _, bytes_, _ in entries)
        for _, bytes_, path in entries:
            if total + size <= self.limit:
                break
            path.unlink(missing_ok=True)  # a process that has it mapped keeps its pages
            total -= bytes_


def _whole(path: Path) -> bool:
    """Return whether a file's last 32 bytes are the SHA-256 of the rest."""
    left = path.stat().st_size - _CHECKSUM
    if left <= 0:
        return False
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(_BLOCK, left))):
            hasher.update(block)
            left -= len(block)
        return file.read() == hasher.digest()

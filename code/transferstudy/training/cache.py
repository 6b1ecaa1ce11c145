"""Activations on disk: found by the network part and the image that they belong to, checksummed, bounded.

A computation writes a file whenever it has worked for half a minute, so that a stop loses no more than that; and as rows
belong to images, runs of other seeds and sizes find what they share. A file that is cut short, changed or exchanged is thrown
away and computed again. When the folder would grow beyond its limit, what was not used for the longest time goes first.
"""

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..errors import StudyError
from ..paths import cache_dir
from .chunks import PART_SUFFIX, SUFFIX, Chunk, chunk_bytes, write_chunk
from .rows import Rows

LIMIT_GIB = 4.0
LIMIT_VARIABLE = "TRANSFERSTUDY_CACHE_GIB"
CHUNK_BYTES = 2**26
CHUNK_SECONDS = 30.0
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
        computed, reused: distinct rows (images and views of images) that were computed, and that were found.
    """

    def __init__(self, folder: Path | None = None, limit: int | None = None):
        self.folder = folder if folder is not None else _default_folder()
        self.limit = limit_bytes() if limit is None else limit
        self.computed = self.reused = 0
        self._opened: dict[Path, Chunk] = {}

    def get(
        self,
        part: str,
        digests: list[bytes],
        shape: tuple[int, ...],
        compute: Callable[[np.ndarray], Iterable[np.ndarray]],
    ) -> np.ndarray | Rows:
        """Return the activations of images, from disk or computed; each distinct image is computed once.

        Args:
            part: identity of the network part, hex digits: everything but the image that the values depend on.
            digests: SHA-256 of each image, 32 bytes.
            shape: of an image's activations.
            compute: takes positions in `digests` and makes their rows, in order, as float32 arrays of a few rows each.

        Returns:
            Read-only float32 rows (n, ...) in the order of `digests`: an array, or `Rows` where they are many. What finds no
            room within the limit, or on a full disk, is in memory.
        """
        first: dict[bytes, int] = {}
        for position, digest in enumerate(digests):
            first.setdefault(digest, position)
        places = self._find(part, first, tuple(shape))
        used = {Path(array.filename) for array in {id(array): array for array, _ in places.values()}.values()}
        missing = [digest for digest in first if digest not in places]
        self.reused += len(places)
        self.computed += len(missing)
        made = compute(np.array([first[digest] for digest in missing], np.intp)) if missing else ()
        start = 0
        for rows in _in_chunks(made):
            names = missing[start : start + len(rows)]
            start += len(rows)
            kept = self._keep(part, names, rows, used)
            places.update((name, (kept, k)) for k, name in enumerate(names))
        number = {digest: k for k, digest in enumerate(first)}
        index = np.array([number[digest] for digest in digests], np.intp)
        return Rows([places[digest] for digest in first], index, tuple(shape)).gathered()

    def _find(self, part: str, wanted: dict[bytes, int], shape: tuple[int, ...]) -> dict:
        """Return digest -> (memory-mapped rows, position) of what is kept."""
        places: dict[bytes, tuple[np.ndarray, int]] = {}
        if self.folder is None or not self.limit:
            return places
        for path in sorted((self.folder / part).glob(f"*{SUFFIX}")):
            try:
                if path not in self._opened:
                    self._opened[path] = Chunk(path)
                chunk = self._opened[path]
                here = {d: k for k, d in enumerate(chunk.digests) if d in wanted and d not in places}
                if not here:
                    continue
                if chunk.rows.shape[1:] != shape or not chunk.whole(part):
                    raise ValueError("damaged")
            except FileNotFoundError:  # another process needed the room
                self._opened.pop(path, None)
                continue
            except (OSError, ValueError):
                self._opened.pop(path, None)
                with suppress(OSError):
                    path.unlink()
                continue
            with suppress(OSError):  # a folder that may only be read still serves
                os.utime(path)
            places.update((digest, (chunk.rows, k)) for digest, k in here.items())
        return places

    def _keep(self, part: str, digests: list[bytes], rows: np.ndarray, used: set[Path]) -> np.ndarray:
        """Write rows and return them memory-mapped; or as they are, where there is no room for them."""
        if self.folder is None:
            return rows
        try:
            if not self._make_room(chunk_bytes(rows), used):
                return rows
            path = write_chunk(self.folder / part, part, digests, rows)
            chunk = Chunk(path)
        except OSError:
            return rows
        used.add(path)
        return chunk.rows

    def _make_room(self, size: int, used: set[Path]) -> bool:
        """Remove the files that were not used for the longest time, until `size` more bytes fit; return whether they do."""
        if size > self.limit:
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        for part in self.folder.glob(f"*/.*{PART_SUFFIX}"):
            with suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > _LEFT_OVER:
                    part.unlink()
        entries = []
        for path in (
            *self.folder.glob(f"*/*{SUFFIX}"),
            *self.folder.glob("*.npy"),
        ):  # .npy: of earlier versions
            with suppress(FileNotFoundError):
                entries.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        total = sum(bytes_ for _, bytes_, _ in entries)
        for _, bytes_, path in sorted(entries):
            if total + size <= self.limit:
                break
            if path not in used:
                path.unlink(missing_ok=True)  # a process that has it mapped keeps its pages
                self._opened.pop(path, None)
                total -= bytes_
                with suppress(OSError):  # not empty
                    path.parent.rmdir()
        return total + size <= self.limit


def _in_chunks(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Join batches of rows until they are `CHUNK_BYTES`, or took `CHUNK_SECONDS` to make."""
    held: list[np.ndarray] = []
    started = time.perf_counter()
    for rows in batches:
        held.append(np.asarray(rows, np.float32))
        if sum(r.nbytes for r in held) >= CHUNK_BYTES or time.perf_counter() - started >= CHUNK_SECONDS:
            yield np.concatenate(held)
            held, started = [], time.perf_counter()
    if held:
        yield np.concatenate(held)

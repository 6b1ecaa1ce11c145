"""Locks between processes that share a results folder. The system lets go of them when a process ends, however it ends.

Where a file system has no locks, nothing is held and nobody waits: then two processes may do the same work, but what each
writes is whole.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER = (
    ".locks"  # inside a results folder, and stays there: removing it could take it from under the next lock
)
WAIT = 60.0  # seconds for a lock that is held while a few files are written


class Held(Exception):
    """Another process has the lock."""


class Lock:
    """A lock on one name inside a folder, held from the moment that this object is made.

    Args:
        folder: where the lock's file lies; made when it is not there.
        name: what is locked, such as a run's id.

    Raises:
        Held: somebody else has it, in this process or in another one.
    """

    def __init__(self, folder: Path, name: str):
        self._path, self._file = folder / name, None
        while True:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                file = self._path.open("ab")
            except (
                OSError
            ):  # a folder that may only be read: whoever wants to write there is told so elsewhere
                return
            try:
                _lock(file)
            except BlockingIOError:
                file.close()
                raise Held(name) from None
            except OSError:  # no locks here
                file.close()
                return
            if self._is(file):
                self._file = file
                return
            file.close()  # removed by the one who had it before: lock the new one

    def _is(self, file) -> bool:
        with suppress(OSError):
            here, there = os.fstat(file.fileno()), self._path.stat()
            return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
        return False

    @property
    def held(self) -> bool:
        """Whether the lock is held; False also where the file system has no locks."""
        return self._file is not None

    def release(self) -> None:
        """Let go, and remove what is left of the lock."""
        if self._file:
            with suppress(OSError):  # Windows removes no open file: then it stays, empty
                self._path.unlink()
            self._file.close()
            self._file = None

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *_) -> None:
        self.release()


@contextmanager
def waiting(folder: Path, name: str) -> Iterator[None]:
    """Hold a lock that others hold for a moment only, after waiting for it; after `WAIT` seconds go on without it."""
    lock, until = None, time.monotonic() + WAIT
    while lock is None and time.monotonic() < until:
        try:
            lock = Lock(folder, name)
        except Held:
            time.sleep(0.02)
    try:
        yield
    finally:
        if lock:
            lock.release()


def _lock(file) -> None:
    """Lock an open file without waiting.

    Raises:
        BlockingIOError: somebody has it.
        OSError: the file system has no locks.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from None
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

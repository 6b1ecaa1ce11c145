"""From a finished run to the store: tried before the training, claimed while it lasts, kept elsewhere where storing fails."""

import shlex
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path

from ..errors import StudyError, mend
from ..files import PART_SUFFIX
from ..paths import cache_dir
from ..plan.spec import RunSpec
from ..results import locks, manifest
from ..results.store import Store

_TRIAL = 2**20  # bytes; more than most runs take
_LEFT_OVER = 3600  # seconds after which an unfinished file is nobody's, where the file system has no locks


class NotStored(StudyError):
    """A run that is made, but could not be stored where it belongs."""


class Claims:
    """The runs that this process makes; whoever shares the results folder leaves them to it.

    Args:
        store: the results.
    """

    def __init__(self, store: Store):
        self._store, self._held = store, {}

    def take(self, spec: RunSpec) -> bool:
        """Claim a run; return False where another process makes it at this moment."""
        try:
            self._held[spec.id] = locks.Lock(self._store.root / locks.FOLDER, spec.id)
        except locks.Held:
            return False
        return True

    def release(self, spec: RunSpec) -> None:
        """Give a run up, made or not."""
        if lock := self._held.pop(spec.id, None):
            lock.release()

    def __enter__(self) -> "Claims":
        return self

    def __exit__(self, *_) -> None:
        for lock in self._held.values():
            lock.release()
        self._held.clear()


def try_writing(store: Store, option: str = "--results", place: Path | None = None) -> None:
    """Write and remove a file in the results folder, and remove what interrupted writes left there.

    A folder that does not exist is not made: its nearest parent is tried.

    Args:
        store: the results.
        option: that names their place.
        place: what it names, where that is not the results folder itself.

    Raises:
        StudyError: it cannot be written, or is full; before anything is trained.
    """
    folder, named = store.runs, f"{option} {place or store.root}"
    while not folder.exists() and not folder.is_symlink() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise StudyError(
            f"{named}: {folder} is no folder, so no run could be stored there. Name another place with {option} DIR."
        )
    trial = folder / f".{uuid.uuid4().hex}{PART_SUFFIX}"
    try:
        try:
            with trial.open("xb") as file:
                file.write(bytes(_TRIAL))
        finally:
            trial.unlink(missing_ok=True)
    except OSError as error:
        raise StudyError(
            f"{named}: nothing can be written there ({error.strerror}), so no run could be stored. "
            + mend(error, f"another place with {option} DIR")
        ) from None
    _sweep(store)


def _sweep(store: Store) -> None:
    """Remove what writes left that were interrupted; what somebody is writing now is locked, or young."""
    left = [
        path for folder in (store.runs, store.root / "models") for path in folder.glob(f".*{PART_SUFFIX}")
    ]
    left += store.root.glob(f".{manifest.NAME}.*{PART_SUFFIX}")
    for path in left:
        whose = manifest.NAME if path.parent == store.root else f"{path.name[1:].split('.')[0]}.store"
        with (
            suppress(locks.Held, OSError),
            locks.Lock(store.root / locks.FOLDER, whose) as lock,
        ):
            if lock.held or time.time() - path.stat().st_mtime > _LEFT_OVER:
                path.unlink()


def keep(store: Store, spec: RunSpec, finished) -> dict:
    """Store a finished run and return its record; where that fails, keep it elsewhere.

    A run that another process stored meanwhile stays as it is, and its record is returned.

    Args:
        store: the results.
        spec: the run.
        finished: its `Finished`.

    Raises:
        NotStored: the message says where it is kept instead.
    """
    if store.has(spec):
        return store.load(spec.id)
    try:
        return store.save(finished.record, finished.predictions, finished.model)
    except OSError as error:
        why = error.strerror or str(error)
    tried = [f"{store.root} ({why})"]
    for place in _elsewhere():
        try:
            Store(place).save(finished.record, finished.predictions, finished.model)
        except OSError as error:
            tried.append(f"{place} ({error.strerror})")
            continue
        raise NotStored(
            f"run {spec.id} is made, but could not be stored in {store.root} ({why}). It is kept in {place}. When {store.root} "
            f"can be written again, copy it there: cp -r {shlex.quote(str(place))}/. {shlex.quote(str(store.root))}/"
        )
    raise NotStored(
        f"run {spec.id} is made, but could be stored nowhere: tried {', '.join(tried)}. Make room and run it again"
    )


def _elsewhere() -> list[Path]:
    """Return places for runs that cannot be stored where they belong."""
    places = [Path(tempfile.gettempdir()) / "transferstudy-unstored"]
    with suppress(StudyError):  # outside a project there is no cache folder
        places.insert(0, cache_dir() / "unstored")
    return places

"""Every picture of a folder read once: what it is, which class and part it belongs to, and what it looks like in small."""

import base64
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import PIL

from ...errors import StudyError, printable
from ...files import write_whole
from ...paths import cache_dir
from . import pictures
from .duplicates import SIDE
from .files import Found, folders_in, nfc, walk
from .pictures import UnreadablePicture, decode, read_bytes
from .split_folders import Layout, Role, find_layout

Progress = Callable[[int, int], None]
# ITU-R BT.601 (2011), section 2.5.1: how bright red, green and blue are.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Facts:
    """What one picture file is.

    Attributes:
        sha256: hex digest of the file.
        width, height: of the upright picture, in pixels.
        format: such as "JPEG".
        notes: as in `pictures.Picture`.
        thumb: uint8 luma, (32, 32): the whole picture squeezed to a square.
    """

    sha256: str
    width: int
    height: int
    format: str
    notes: tuple[str, ...]
    thumb: np.ndarray


@dataclass(frozen=True)
class Survey:
    """A folder of pictures as it lies there; nothing is decided yet but which of its classes are looked at.

    Attributes:
        root: the folder.
        layout: which of its folders is which part.
        classes: class names, sorted, in Unicode's composed form; a label is an index into them.
        files: readable pictures, relative to the root, sorted.
        roles: part of each picture; "train" for all where there are no split folders.
        labels: int64, one for each picture.
        facts: one for each picture.
        unreadable: file or folder -> what is wrong and what mends it.
        found: counts of hidden and other files.
        empty: folders that hold no picture and so are no classes.
        loose: pictures outside the class folders.
        passed: class that the user does not want -> number of its pictures, which are not read.
    """

    root: Path
    layout: Layout
    classes: tuple[str, ...]
    files: tuple[str, ...]
    roles: tuple[Role, ...]
    labels: np.ndarray
    facts: tuple[Facts, ...]
    unreadable: dict[str, str]
    found: Found
    empty: tuple[str, ...]
    loose: tuple[str, ...]
    passed: dict[str, int] = field(default_factory=dict)


def survey(root: Path, progress: Progress | None = None, wanted: tuple[str, ...] | None = None) -> Survey:
    """Read every picture of a folder once; those that were read before and have not changed since are remembered.

    Args:
        root: folder of class folders, or of split folders with class folders in them.
        progress: called with the number of pictures read and the number of all.
        wanted: names of the classes to look at; None for all.

    Raises:
        StudyError: no classes, one that is wanted but not there, class folders that differ between the parts, or folders whose
            purpose is not clear.
    """
    layout = find_layout(root, wanted)
    found, loose = Found(), Found()
    walk(root, "", loose, deep=False)
    places: list[tuple[str, Role, str]] = []  # file, part, class
    empty: list[str] = []
    passed: Counter[str] = Counter()
    for role, part in layout.folders.items():
        if part:
            walk(root, part, loose, deep=False)
        for name in folders_in(root / part):
            folder = f"{part}/{name}" if part else name
            if wanted is not None and nfc(name) not in wanted:
                passed[nfc(name)] += len(walk(root, folder, Found()).pictures)
                continue
            before = len(found.pictures)
            walk(root, folder, found)
            new = found.pictures[before:]
            places += [(file, role, _class_name(root / part, name)) for file in new]
            if not new:
                empty.append(folder)
    found.hidden += loose.hidden
    found.other += loose.other
    passed = +passed
    _check_wanted(root, wanted, {name for _, _, name in places} | set(passed))
    classes = _check_classes(root, layout, places)
    places.sort()
    facts, unreadable = _read_all(root, [file for file, _, _ in places], progress)
    good = [place for place in places if place[0] in facts]
    number = {name: label for label, name in enumerate(classes)}
    return Survey(
        root,
        layout,
        classes,
        tuple(file for file, _, _ in good),
        tuple(role for _, role, _ in good),
        np.array([number[name] for _, _, name in good], np.int64),
        tuple(facts[file] for file, _, _ in good),
        {**found.closed, **unreadable},
        found,
        tuple(empty),
        tuple(loose.pictures),
        dict(passed),
    )


def in_threads(work: Callable, items: Sequence, progress: Progress | None) -> list:
    """Return `work(item)` for each item, in order, on all cores: Pillow decodes without holding Python's lock."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    done = []
    with ThreadPoolExecutor(cores) as pool:
        try:
            for result in pool.map(work, items):
                done.append(result)
                if progress:
                    progress(len(done), len(items))
        except BaseException:  # whoever stops it does not wait for the rest
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return done


def _class_name(part: Path, name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise StudyError(
            f"{printable(part / name)}: the name of this class folder is not valid UTF-8. Rename it."
        ) from None
    return nfc(name)


def _check_wanted(root: Path, wanted: tuple[str, ...] | None, there: set[str]) -> None:
    unknown = [printable(name) for name in wanted or () if name not in there]
    if unknown:
        raise StudyError(
            f"--classes: {printable(root)} has no class {' and no class '.join(unknown)}. It has "
            f"{', '.join(map(printable, sorted(there))) or 'no folder with pictures'}."
        )


def _check_classes(root: Path, layout: Layout, places: list[tuple[str, Role, str]]) -> tuple[str, ...]:
    found = {role: sorted({c for _, r, c in places if r == role}) for role in layout.folders}
    classes = found["train"]
    if len(classes) < 2:
        inner = [n for n in folders_in(root) if len(folders_in(root / n)) > 1]
        hint = f" Do you mean {printable(root / inner[0])}?" if len(inner) == 1 else ""
        raise StudyError(
            f"{printable(root / layout.folders['train'])}: at least two folders with pictures are needed, one for each class; "
            f"{len(classes) or 'none'} found.{hint}"
        )
    for role, names in found.items():
        for name in sorted(set(names) ^ set(classes)):
            here, there = (role, "train") if name in names else ("train", role)
            raise StudyError(
                f"{printable(root)}: the class {printable(name)!r} is in {printable(layout.folders[here])}/ but not in "
                f"{printable(layout.folders[there])}/. Add pictures of it there, or move its folder elsewhere."
            )
    return tuple(classes)


def _facts(path: Path) -> Facts:
    picture = decode(read_bytes(path), path, SIDE, "squeeze")
    thumb = np.round(picture.pixels @ _LUMA).astype(np.uint8)
    return Facts(picture.sha256, picture.width, picture.height, picture.format, picture.notes, thumb)


def _read_all(
    root: Path, files: list[str], progress: Progress | None
) -> tuple[dict[str, Facts], dict[str, str]]:
    """Return the facts of the readable files, and what is wrong with the others."""
    known = _Remembered(root)

    def read(file: str) -> Facts | UnreadablePicture:
        path = root / file
        # Before the content, so that a file that is saved anew meanwhile is read again next time.
        state = _state(path)
        if (facts := known.get(file, state)) is not None:
            return facts
        try:
            return known.put(file, state, _facts(path))
        except UnreadablePicture as error:
            return error

    try:
        results = dict(zip(files, in_threads(read, files, progress), strict=True))
    except BaseException:
        # Stopped: what was read is kept, as the message then says, beside what was known of the others.
        known.keep_old()
        raise
    finally:
        known.save()
    facts = {file: result for file, result in results.items() if isinstance(result, Facts)}
    return facts, {f: r.reason for f, r in results.items() if isinstance(r, UnreadablePicture)}


def _state(path: Path) -> list[int] | None:
    """Return what tells whether a file was changed, or None where there is none: whoever reads it says why."""
    try:
        s = path.stat()
    except OSError:
        return None
    return [s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino]


class _Remembered:
    """Facts of the pictures of a folder, kept in the project's cache until a file, the reader or Pillow changes.

    A file counts as unchanged while its size, its times of change and its place on the disk are: the time of change of its
    status cannot be set back by a program.
    """

    def __init__(self, root: Path):
        self._path, self._old, self._new = None, {}, {}
        try:
            name = hashlib.sha256(str(root.resolve()).encode(errors="surrogateescape")).hexdigest()[:24]
            self._path = cache_dir() / "pictures" / f"{name}.json"
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            self._old = kept["files"] if kept["reader"] == _reader() else {}
        except (StudyError, OSError, ValueError, KeyError, TypeError):
            pass  # no project, nothing kept yet, or a damaged file: the pictures are read again

    def get(self, file: str, state: list[int] | None) -> Facts | None:
        try:
            before, sha256, width, height, kind, notes, thumb = self._old[file]
            if state is None or state != before:
                return None
            pixels = np.frombuffer(base64.b64decode(thumb), np.uint8).reshape(SIDE, SIDE)
        except (KeyError, ValueError, TypeError):
            return None
        self._new[file] = self._old[file]
        return Facts(sha256, width, height, kind, tuple(notes), pixels)

    def put(self, file: str, state: list[int] | None, facts: Facts) -> Facts:
        thumb = base64.b64encode(facts.thumb.tobytes()).decode()
        self._new[file] = [
            state,
            facts.sha256,
            facts.width,
            facts.height,
            facts.format,
            facts.notes,
            thumb,
        ]
        return facts

    def keep_old(self) -> None:
        self._new = self._old | self._new

    def save(self) -> None:
        if self._path is None or self._new == self._old:
            return
        text = json.dumps({"reader": _reader(), "files": self._new})
        with suppress(OSError):  # a cache that cannot be written costs time, nothing else
            write_whole(self._path, text.encode())


@cache
def _reader() -> str:
    """Return what decides how a file is read: this code and Pillow."""
    sources = b"".join(Path(module).read_bytes() for module in (pictures.__file__, __file__))
    return hashlib.sha256(sources + PIL.__version__.encode()).hexdigest()

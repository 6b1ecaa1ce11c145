"""What lies in a folder of pictures: pictures, what systems and editors leave behind, and other files. No picture is opened."""

import errno
import os
import stat
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from ...files import is_file
from .pictures import MAGIC

# Formats that Pillow or its HEIC plug-in may read, then formats of pictures that nothing here reads: a user takes both for
# pictures, so both are tried, and those that fail are named.
PICTURES = frozenset(
    ".avif .bmp .dib .gif .heic .heif .jfif .jp2 .j2k .jpe .jpeg .jpg .mpo .pbm .pgm .png .pnm .ppm .tif .tiff .webp "
    ".arw .cr2 .cr3 .dcm .dng .eps .exr .hdr .jxl .nef .orf .psd .raw .rw2 .svg .tga .xcf".split()
)
_SYSTEM = frozenset(
    ("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "lost+found", "icon\r")
)
_DEEPEST = 200  # folders within each other; far below the depth at which Python stops


@dataclass
class Found:
    """Files below a folder, named relative to the data set's root with "/" between folders.

    Attributes:
        pictures: files that are pictures by their name, or by their first bytes where the name has no suffix.
        hidden: number of hidden and system files, those in hidden folders included.
        other: suffix (or "no suffix") -> number of files that are no pictures.
        closed: folder -> why it could not be looked into.
    """

    pictures: list[str] = field(default_factory=list)
    hidden: int = 0
    other: Counter = field(default_factory=Counter)
    closed: dict[str, str] = field(default_factory=dict)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or was left behind by a system or an editor."""
    return name.startswith(".") or name.endswith("~") or name.casefold() in _SYSTEM


def nfc(name: str) -> str:
    """Return a name in Unicode's composed form: macOS writes names decomposed, other systems keep them as typed."""
    return unicodedata.normalize("NFC", name)


def folders_in(folder: Path) -> list[str]:
    """Return the names of the folders in a folder that are not hidden, sorted.

    Raises:
        OSError: the folder cannot be looked into.
    """
    return sorted(p.name for p in _entries(folder) if not is_hidden(p.name) and _is_folder(p))


def has_pictures(folder: Path) -> bool:
    """Whether a picture lies directly in a folder.

    Raises:
        OSError: the folder cannot be looked into.
    """
    return any(
        not is_hidden(p.name) and _is_picture(p) and not os.path.isdir(p)  # noqa: PTH112 (Path.is_dir may raise)
        for p in _entries(folder)
    )


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, sorted; the names alone, without the right to follow them, are not enough.

    Raises:
        OSError: the folder cannot be looked into.
    """
    entries = sorted(folder.iterdir(), key=lambda p: p.name)
    os.stat(os.path.join(folder, "."))  # noqa: PTH116, PTH118 (pathlib drops the dot, which asks for that right)
    return entries


def _is_folder(path: Path) -> bool:
    """Return whether a path leads to a folder; a link to nothing or to itself leads to none.

    Raises:
        OSError: that cannot be found out.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return False
        raise


def walk(root: Path, start: str, found: Found, deep: bool = True) -> Found:
    """Add what lies in a folder to `found`, links to folders followed unless they lead back to where one came from.

    Args:
        root: the data set's root.
        start: the folder, relative to the root; "" for the root itself.
        found: added to.
        deep: whether folders inside are walked, too; otherwise only hidden ones are counted.

    Returns:
        `found`.
    """
    above = frozenset(_identity(root / p) for p in PurePath(start).parents)  # of "" there are none
    _walk(root / start, start, found, deep, above)
    return found


def _identity(folder: Path) -> tuple[int, int]:
    about = folder.stat()
    return about.st_dev, about.st_ino


def _walk(folder: Path, name: str, found: Found, deep: bool, above: frozenset) -> None:
    try:
        here, entries = _identity(folder), _entries(folder)
    except OSError as error:
        found.closed[name] = _closed(error)
        return
    if here in above:
        found.closed[name] = "this link leads back to a folder above it. Remove the link."
        return
    if len(above) > _DEEPEST:
        found.closed[name] = (
            f"more than {_DEEPEST} folders lie within each other here. Move the pictures further up."
        )
        return
    for path in entries:
        inside = f"{name}/{path.name}" if name else path.name
        try:
            is_folder = _is_folder(path)
        except OSError as error:
            if not is_hidden(path.name) and not _is_picture(path):
                found.closed[inside] = _closed(error)
                continue
            is_folder = False  # whoever reads the picture says why it cannot be read
        if is_hidden(path.name):
            found.hidden += _files_below(path) if is_folder else 1
        elif is_folder:
            if deep:
                _walk(path, inside, found, deep, above | {here})
        elif _is_picture(path):
            found.pictures.append(inside)
        else:
            found.other[path.suffix.lower() or "no suffix"] += 1


def _closed(error: OSError) -> str:
    mend = "Shorten its path" if error.errno == errno.ENAMETOOLONG else "Change its permissions"
    return f"this folder cannot be opened ({error.strerror}). {mend}."


def _files_below(folder: Path) -> int:
    try:
        return sum(len(files) for _, _, files in os.walk(folder))
    except RecursionError:  # until Python 3.12
        return 1


def _is_picture(path: Path) -> bool:
    if path.suffix or not is_file(path):
        return path.suffix.lower() in PICTURES
    try:
        with path.open("rb") as file:
            return file.read(12).startswith(MAGIC)
    except OSError:
        return False

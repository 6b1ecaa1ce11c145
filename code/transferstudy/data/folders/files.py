"""What lies in a folder of pictures: pictures, what systems and editors leave behind, and other files. No picture is opened."""

import os
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .pictures import MAGIC

# Formats that Pillow or its HEIC plug-in may read, then formats of pictures that nothing here reads: a user takes both for
# pictures, so both are tried, and those that fail are named.
PICTURES = frozenset(
    ".avif .bmp .dib .gif .heic .heif .jfif .jp2 .j2k .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tif .tiff .webp "
    ".arw .cr2 .cr3 .dcm .dng .eps .exr .hdr .jxl .nef .orf .psd .raw .rw2 .svg .tga .xcf".split()
)
_SYSTEM = frozenset(
    ("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "lost+found", "icon\r")
)


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
    return sorted(p.name for p in folder.iterdir() if not is_hidden(p.name) and p.is_dir())


def has_pictures(folder: Path) -> bool:
    """Whether a picture lies directly in a folder.

    Raises:
        OSError: the folder cannot be looked into.
    """
    return any(not is_hidden(p.name) and not p.is_dir() and _is_picture(p) for p in folder.iterdir())


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
    _walk(root / start, start, found, deep, frozenset())
    return found


def _walk(folder: Path, name: str, found: Found, deep: bool, above: frozenset) -> None:
    try:
        here = folder.stat()
        entries = sorted(folder.iterdir(), key=lambda p: p.name)
    except OSError as error:
        found.closed[name] = f"this folder cannot be opened ({error.strerror}). Change its permissions."
        return
    if (here.st_dev, here.st_ino) in above:
        found.closed[name] = "this link leads back to a folder above it. Remove the link."
        return
    above |= {(here.st_dev, here.st_ino)}
    for path in entries:
        inside = f"{name}/{path.name}" if name else path.name
        if is_hidden(path.name):
            found.hidden += sum(len(files) for _, _, files in os.walk(path)) if path.is_dir() else 1
        elif path.is_dir():
            if deep:
                _walk(path, inside, found, deep, above)
        elif _is_picture(path):
            found.pictures.append(inside)
        else:
            found.other[path.suffix.lower() or "no suffix"] += 1


def _is_picture(path: Path) -> bool:
    if path.suffix or not path.is_file():
        return path.suffix.lower() in PICTURES
    try:
        with path.open("rb") as file:
            return file.read(12).startswith(MAGIC)
    except OSError:
        return False

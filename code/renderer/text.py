"""Texts that people wrote, read as UTF-8 and as nothing else."""

from __future__ import annotations

import codecs
from pathlib import Path

from renderer.errors import RenderError

OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
SAVE = "save it as UTF-8, which every editor offers"


def read(root: Path, path: str | Path) -> str:
    r"""Read a text file of the project.

    Args:
        root: the project's root.
        path: the file, relative to ``root``; named in errors.

    Returns:
        its text, without a byte-order mark, with ``\n`` at the end of each line.

    Raises:
        RenderError: the file is not UTF-8, with the line of the first byte at fault.
        OSError: the file cannot be read.
    """
    raw = (root / path).read_bytes()
    for mark, name in OTHER_MARKS.items():
        if raw.startswith(mark):
            raise RenderError(f"this file is {name}, not UTF-8", path, 1, SAVE)
    raw = raw.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RenderError(
            f"this line is not UTF-8 (byte 0x{raw[error.start]:02x})", path, line, SAVE
        ) from None
    if "\0" in text:  # UTF-16 without its mark looks like this
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RenderError("this line holds a null character, so the file is not UTF-8 text", path, line, SAVE)
    return text

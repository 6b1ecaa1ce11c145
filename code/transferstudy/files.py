"""Files in, bytes and plain values out. Whatever lies at a path, a reader gets its content or one clear sentence.

Folders, links, pipes and files of absurd size are refused before they are opened; text that is no UTF-8, broken JSON, YAML or
TOML and numbers of thousands of digits become a `StudyError` that names the file.
"""

import hashlib
import json
import os
import stat
import uuid
from pathlib import Path
from typing import Any

from .errors import StudyError, printable

LIMIT = 2**30  # bytes; far above every file that the study writes
TEXT_LIMIT = 2**26  # bytes of a text file
PART_SUFFIX = ".part"  # of a file that is being written


def read_bytes(path: Path, mend: str, shown: str | None = None, limit: int = LIMIT) -> bytes:
    """Return the content of a file that the study wrote or ships.

    Args:
        path: the file.
        mend: what the reader can do about a bad file, as the end of a sentence without its full stop.
        shown: how messages call the file; by default its path.
        limit: bytes; a larger file is not read.

    Raises:
        FileNotFoundError: nothing lies there.
        StudyError: a folder, a link, a pipe or a device lies there, the file is too large, or it may not be read.
    """
    shown = printable(shown or path)
    try:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            raise StudyError(f"{shown}: {_kind(about.st_mode)} lies there instead of a file; {mend}")
        if about.st_size > limit:
            raise StudyError(
                f"{shown}: {about.st_size:,} bytes are too many for this file (at most {limit:,} are read); {mend}"
            )
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(shown) from None
    except OSError as error:
        raise StudyError(f"{shown}: cannot be read ({error.strerror}); {mend}") from None


def is_file(path: str | Path) -> bool:
    """Return whether a path leads to a file; text that is too long for a path leads to none."""
    return os.path.isfile(path)  # noqa: PTH113 (Path.is_file raises for such a text until Python 3.14)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a link" if stat.S_ISLNK(mode) else "a pipe, a device or a socket"


def read_text(path: Path, mend: str, shown: str | None = None) -> str:
    """Return the text of a UTF-8 file; a byte-order mark at its start is left out.

    Raises:
        FileNotFoundError, StudyError: as `read_bytes`; or the text is not UTF-8, and the message has the line.
    """
    content = read_bytes(path, mend, shown, TEXT_LIMIT)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StudyError(
            f"{printable(shown or path)}: line {line} is not UTF-8 text, so the file is damaged or in another encoding; {mend}"
        ) from None


def read_json(path: Path, mend: str, shown: str | None = None) -> Any:
    """Return the content of a JSON file.

    Raises:
        FileNotFoundError, StudyError: as `read_text`; or the text is no JSON.
    """
    text = read_text(path, mend, shown)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise StudyError(
            f"{printable(shown or path)}: damaged, perhaps cut short ({_why(error)}); {mend}"
        ) from None


def read_yaml(path: Path, mend: str, shown: str | None = None) -> Any:
    """Return the content of a YAML file of plain values.

    Raises:
        FileNotFoundError, StudyError: as `read_text`; or the text is no YAML, or stands for something else than plain values.
    """
    import yaml

    text = read_text(path, mend, shown)
    try:
        return yaml.safe_load(text)
    # PyYAML turns dates and numbers into Python's without looking for what Python refuses.
    except (
        yaml.YAMLError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        OverflowError,
        RecursionError,
    ) as error:
        raise StudyError(f"{printable(shown or path)}: not valid YAML ({_why(error)}); {mend}") from None


def read_toml(path: Path, mend: str, shown: str | None = None) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises:
        FileNotFoundError, StudyError: as `read_text`; or the text is no TOML.
    """
    import tomllib

    text = read_text(path, mend, shown)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{printable(shown or path)}: not valid TOML ({_why(error)}); {mend}") from None


def fitting(model: type, values: Any, shown: str, mend: str = ""):
    """Return values as a pydantic model, or refuse them by the name of file and field.

    Args:
        model: a pydantic `BaseModel`.
        values: as read from the file.
        shown: how messages call the file.
        mend: as in `read_bytes`; "" where the message itself says enough.

    Raises:
        StudyError: a field is missing, unknown, or holds something else than it should, or two fields contradict each other.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise StudyError(f"{printable(shown)}: {first_fault(error)}" + f"; {mend}" * bool(mend)) from None


def first_fault(error, skip: int = 0, whole: str = "") -> str:
    """Return the first thing that pydantic found wrong: the field, if it is one, and what is wrong with it.

    Args:
        error: pydantic's `ValidationError`.
        skip: steps at the beginning of the field's path that say nothing.
        whole: what to name where no single field is wrong.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    field = printable(".".join(map(str, first["loc"][skip:]))) or whole
    return f"{field}{': ' if field else ''}{first['msg'].removeprefix('Value error, ')}"


def _why(error: Exception) -> str:
    """Return an exception's message on one line, short."""
    if isinstance(error, RecursionError):
        return "brackets within brackets, thousands deep"
    text = " ".join(str(error).split())
    if "integer string conversion" in text:
        return "a number of thousands of digits"
    return printable(text if len(text) <= 200 else text[:200] + "...")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content, the new content, or no file; never a part.

    The unfinished file has a random name: process ids coincide where several machines or containers share a folder.

    Raises:
        OSError: the folder cannot be written, or the disk is full; nothing is left behind then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}{PART_SUFFIX}")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        if error.errno:  # a full disk names no file, and the name of the unfinished one would help nobody
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    finally:
        part.unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

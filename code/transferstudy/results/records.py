"""Small JSON records with their own checksum: written in one piece, refused when they are missing, cut short or edited."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StudyError
from ..files import fitting, read_bytes, read_json, write_whole
from . import manifest

if TYPE_CHECKING:
    import numpy as np

CHECK = "record_sha256"


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content, the new content, or no file; never a part.

    Where its results folder lists its files (`manifest`), the list has the new content afterwards.

    Raises:
        OSError: the folder cannot be written, or the disk is full; nothing is left behind then.
    """
    write_whole(path, content)
    manifest.note(path, content)


def as_json(value) -> str:
    """Return JSON to keep in the repository: keys sorted, one entry a line, but what is flat within a list whole on one line.

    Confusion matrices and curves are most of a record; one number a line, they would be larger and show less.

    Args:
        value: anything that `json.dumps` takes.

    Raises:
        TypeError, ValueError: as `json.dumps`.
    """
    return _json_lines(json.loads(json.dumps(value)), "\n") + "\n"


def _json_lines(value, newline: str) -> str:
    inner = newline + " "
    if isinstance(value, dict) and value:
        entries = [f"{json.dumps(key)}: {_json_lines(value[key], inner)}" for key in sorted(value)]
        return "{" + inner + f",{inner}".join(entries) + newline + "}"
    if isinstance(value, list) and not _flat(value):
        items = [json.dumps(i, sort_keys=True) if _flat(i) else _json_lines(i, inner) for i in value]
        return "[" + inner + f",{inner}".join(items) + newline + "]"
    return json.dumps(value)


def _flat(value) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not any(isinstance(part, dict | list) for part in parts)


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes as hex digits."""
    return hashlib.sha256(content).hexdigest()


def record_digest(record: dict) -> str:
    """Return the SHA-256 of a record's canonical JSON, its own checksum left out."""
    rest = {key: value for key, value in record.items() if key != CHECK}
    try:
        return digest(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode())
    except RecursionError:  # a record that nobody wrote: brackets within brackets, a thousand deep
        return ""


def write_record(path: Path, record: dict) -> dict:
    """Write a record with its checksum, atomically, and return it.

    Args:
        path: the JSON file.
        record: plain values.
    """
    record = {**record, CHECK: record_digest(record)}
    write_atomic(path, as_json(record).encode())
    return record


def read_record(
    path: Path, again: str, schema: int | None = None, model: type | None = None, study: bool = False
) -> dict:
    """Read and check a record.

    Args:
        path: the JSON file.
        again: command that makes it again, for the error.
        schema: the value its `schema` must have; None where records of its kind have none.
        model: a pydantic model of the fields that it must have; None where the reader checks them.
        study: whether it is part of a study of somebody's own pictures, which Git does not hold.

    Raises:
        StudyError: missing, no plain file, cut short, edited by hand, of another schema, or a field holds something else
            than it should; the message names file and command.
    """
    shown = Path(*path.parts[-4 if study else -3 :])
    restore = f"restore it (git checkout -- {shown}), or make it again: {again}"
    if study:
        restore = f"delete it, then {again} makes it again"
    try:
        record = read_json(path, restore, str(shown))
    except FileNotFoundError:
        raise StudyError(f"{shown}: missing; make it with {again}") from None
    if not isinstance(record, dict) or record.get(CHECK) != record_digest(record):
        raise StudyError(f"{shown}: its content does not match its checksum: it was edited; {restore}")
    if schema is not None and record.get("schema") != schema:
        raise StudyError(
            f"{shown}: made by another version of the study; {restore if study else f'make it again: {again}'}"
        )
    if model is not None:
        fitting(model, record, str(shown), restore)
    return record


def read_beside(root: Path, entry: dict, mend: str) -> bytes:
    """Return the content of a file that a record names.

    Args:
        root: the results folder.
        entry: `file` (a path inside the folder) and `sha256`, as the record has them.
        mend: what the reader can do about a bad file, as the end of a sentence without its full stop.

    Raises:
        StudyError: missing, no plain file, or its SHA-256 is not the recorded one.
    """
    shown = f"{Path(root).name}/{entry['file']}"
    try:
        content = read_bytes(Path(root) / entry["file"], mend, shown)
    except FileNotFoundError:
        raise StudyError(f"{shown}: missing; {mend}") from None
    if digest(content) != entry["sha256"]:
        raise StudyError(f"{shown}: damaged or edited: its SHA-256 differs from the record's; {mend}")
    return content


def read_arrays_beside(root: Path, entry: dict, mend: str) -> dict[str, np.ndarray]:
    """Return the arrays of a NumPy archive that a record names.

    Raises:
        StudyError: as `read_beside`, or the archive cannot be read.
    """
    from ..arrays import read_npz

    content = read_beside(root, entry, mend)
    try:
        return read_npz(content)
    except ValueError as error:
        raise StudyError(f"{Path(root).name}/{entry['file']}: cannot be read ({error}); {mend}") from None

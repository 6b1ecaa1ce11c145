"""Small JSON records with their own checksum: written in one piece, refused when they are missing, cut short or edited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StudyError
from ..files import fitting, read_bytes, read_json
from .store import as_json, digest, record_digest, write_atomic

if TYPE_CHECKING:
    import numpy as np

CHECK = "record_sha256"


def write_record(path: Path, record: dict) -> dict:
    """Write a record with its checksum, atomically, and return it.

    Args:
        path: the JSON file.
        record: plain values.
    """
    record = {**record, CHECK: record_digest(record)}
    write_atomic(path, as_json(record).encode())
    return record


def read_record(path: Path, again: str, schema: int | None = None, model: type | None = None) -> dict:
    """Read and check a record.

    Args:
        path: the JSON file.
        again: command that makes it again, for the error.
        schema: the value its `schema` must have; None where records of its kind have none.
        model: a pydantic model of the fields that it must have; None where the reader checks them.

    Raises:
        StudyError: missing, no plain file, cut short, edited by hand, of another schema, or a field holds something else
            than it should; the message names file and command.
    """
    shown = Path(*path.parts[-3:])
    restore = f"restore it (git checkout -- {shown}), or make it again: {again}"
    try:
        record = read_json(path, restore, str(shown))
    except FileNotFoundError:
        raise StudyError(f"{shown}: missing; make it with {again}") from None
    if not isinstance(record, dict) or record.get(CHECK) != record_digest(record):
        raise StudyError(f"{shown}: its content does not match its checksum: it was edited; {restore}")
    if schema is not None and record.get("schema") != schema:
        raise StudyError(f"{shown}: made by another version of the study; make it again: {again}")
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

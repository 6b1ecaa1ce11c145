"""Small JSON records with their own checksum: written in one piece, refused when they are missing, cut short or edited."""

import json
from pathlib import Path

from ..errors import StudyError
from .store import as_json, record_digest, write_atomic

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


def read_record(path: Path, again: str, schema: int | None = None) -> dict:
    """Read and check a record.

    Args:
        path: the JSON file.
        again: command that makes it again, for the error.
        schema: the value its `schema` must have; None where records of its kind have none.

    Raises:
        StudyError: missing, cut short, edited by hand, or of another schema; the message names file and command.
    """
    shown = Path(*path.parts[-3:])
    restore = f"restore it (git checkout -- {shown}), or make it again: {again}"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{shown}: missing; make it with {again}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{shown}: damaged, perhaps cut short ({error}); {restore}") from None
    if not isinstance(record, dict) or record.get(CHECK) != record_digest(record):
        raise StudyError(f"{shown}: its content does not match its checksum: it was edited; {restore}")
    if schema is not None and record.get("schema") != schema:
        raise StudyError(f"{shown}: made by another version of the study; make it again: {again}")
    return record

"""`results/pretraining/<id>.json` and `results/weights/<name>.json`: what was pretrained, and which weights are shipped."""

import json
from pathlib import Path

from ..errors import StudyError
from ..store import digest, record_digest, write_atomic

CHECK = "record_sha256"


def write_record(path: Path, record: dict) -> dict:
    """Write a record with its checksum and return it."""
    record = {**record, CHECK: record_digest(record)}
    write_atomic(path, (json.dumps(record, indent=1, sort_keys=True) + "\n").encode())
    return record


def read_record(path: Path, again: str) -> dict:
    """Read and check a record.

    Args:
        path: the JSON file.
        again: command that makes it again, for the error.

    Raises:
        StudyError: missing, cut short or edited by hand.
    """
    shown = Path(*path.parts[-3:])
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{shown}: missing; make it with {again}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StudyError(
            f"{shown}: damaged ({error}); restore it: git checkout -- {shown}, or {again}"
        ) from None
    if not isinstance(record, dict) or record.get(CHECK) != record_digest(record):
        raise StudyError(
            f"{shown}: its content does not match its checksum: it was edited; restore it: git checkout -- {shown}"
        )
    return record


def pretraining_records(root: Path) -> dict[str, dict]:
    """Return all pretraining records below a results folder, id -> record.

    Raises:
        StudyError: as `read_record`.
    """
    again = "python -m transferstudy pretrain"
    return {path.stem: read_record(path, again) for path in sorted((root / "pretraining").glob("*.json"))}


def manifests(folder: Path) -> dict[str, dict]:
    """Return what a folder of shipped weights holds, name -> manifest.

    Raises:
        StudyError: as `read_record`.
    """
    return {
        path.stem: read_record(path, "python -m transferstudy ship") for path in sorted(folder.glob("*.json"))
    }


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits."""
    return digest(path.read_bytes())

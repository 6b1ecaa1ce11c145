"""`results/pretraining/<id>.json` and `results/weights/<name>.json`: what was pretrained, and which weights are shipped."""

from pathlib import Path

from .records import read_record
from .store import digest


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

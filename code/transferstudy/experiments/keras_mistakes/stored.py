"""`results/mistakes/` on disk: one JSON record and one small NumPy archive a demonstration; atomic, checksummed.

    results/mistakes/<mistake>-<seed>-<hash>.json   plan, measures, phases, provenance, environment, timing
    results/mistakes/<mistake>-<seed>-<hash>.npz    predicted classes of both ways, and the labels
    results/mistakes/backends.json                  what each backend does when `trainable` changes without compiling again

A demonstration exists when its JSON does: it is written last.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import StudyError
from ...results.records import read_record, write_record
from ...results.store import digest, write_atomic
from .measures import measures
from .plan import Plan

SCHEMA = 1
BACKENDS = "backends"
COMMAND = "python -m transferstudy mistakes"


@dataclass(frozen=True)
class Stored:
    """One demonstration as it lies on disk.

    Attributes:
        about: the record.
        arrays: `judge_y` (judges,), `right_judged`, `wrong_judged` (judges,), `choose_y` (choosers,), `right_choices`,
            `wrong_choices` (rounds, choosers): labels and predicted classes, uint8.
    """

    about: dict
    arrays: dict[str, np.ndarray]


def folder(results: Path) -> Path:
    """Return the folder of demonstrations inside a results folder."""
    return Path(results) / "mistakes"


def names(results: Path) -> list[str]:
    """Return the names of all demonstrations that are there, sorted."""
    return sorted(path.stem for path in folder(results).glob("*.json") if path.stem != BACKENDS)


def save(results: Path, name: str, about: dict, arrays: dict[str, np.ndarray] | None = None) -> dict:
    """Write arrays, then the record, each atomically, and return the record as written.

    Args:
        results: the results folder.
        name: of the demonstration, or "backends".
        about: plain values.
        arrays: as in `Stored`, or None.
    """
    about = {**about, "schema": SCHEMA, "id": name}
    if arrays is not None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        content = buffer.getvalue()
        write_atomic(folder(results) / f"{name}.npz", content)
        about["arrays"] = {
            "file": f"mistakes/{name}.npz", "sha256": digest(content), "bytes": len(content),
        }  # fmt: skip
    return write_record(folder(results) / f"{name}.json", about)


def read(results: Path, name: str) -> dict:
    """Read and check one record.

    Raises:
        StudyError: missing, damaged or edited by hand.
    """
    about = read_record(folder(results) / f"{name}.json", _make(name), SCHEMA)
    if about.get("id") != name:
        raise StudyError(f"mistakes/{name}.json: a record of another name; delete it, then {_make(name)}")
    return about


def load(results: Path, name: str) -> Stored:
    """Read and check one demonstration.

    Raises:
        StudyError: as `read`; its arrays are missing or damaged; or it was made from another plan than its name says.
    """
    about = read(results, name)
    if Plan.parse(about["plan"], f"mistakes/{name}.json").id != name:
        raise StudyError(f"mistakes/{name}.json: its plan has another name; delete it, then {_make(name)}")
    entry = about["arrays"]
    try:
        content = (folder(results) / f"{name}.npz").read_bytes()
    except FileNotFoundError:
        raise StudyError(f"{entry['file']}: missing; delete its .json, then {_make(name)}") from None
    if digest(content) != entry["sha256"]:
        raise StudyError(
            f"{entry['file']}: damaged: its SHA-256 differs; delete its .json, then {_make(name)}"
        )
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return Stored(about, dict(archive))
    except (ValueError, zipfile.BadZipFile) as error:
        raise StudyError(
            f"{entry['file']}: cannot be read ({error}); delete its .json, then {_make(name)}"
        ) from None


def _make(name: str) -> str:
    mistake = name.split("-")[0]
    return COMMAND if mistake == BACKENDS else f"{COMMAND} --only {mistake}"


def check_all(results: Path) -> int:
    """Read every record, recompute its measures from the stored predictions, and return the number of demonstrations.

    Raises:
        StudyError: as `load`, or a measure differs from what the predictions give.
    """
    found = names(results)
    for name in found:
        stored = load(results, name)
        fresh = measures(stored.about["plan"]["mistake"], stored.arrays)
        if fresh != stored.about["measures"]:
            raise StudyError(
                f"mistakes/{name}.json: measures differ from what the predictions give; delete it, then {_make(name)}"
            )
    if found or (folder(results) / f"{BACKENDS}.json").exists():
        read(results, BACKENDS)
    return len(found)

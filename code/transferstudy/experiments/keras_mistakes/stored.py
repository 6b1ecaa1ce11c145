"""`results/mistakes/` on disk: one JSON record and one small NumPy archive a demonstration; atomic, checksummed.

    results/mistakes/<mistake>-<seed>-<hash>.json   plan, measures, phases, provenance, environment, timing
    results/mistakes/<mistake>-<seed>-<hash>.npz    predicted classes of both ways, and the labels
    results/mistakes/backends.json                  what each backend does when `trainable` changes without compiling again

A demonstration exists when its JSON does: it is written last.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from ...arrays import BROKEN
from ...errors import StudyError
from ...results.records import digest, read_arrays_beside, read_record, write_atomic, write_record
from ...results.schema import Closed, Content, Count, Open, Share, StoredFile
from .measures import measures
from .plan import Plan

SCHEMA = 1
BACKENDS = "backends"
COMMAND = "python -m transferstudy mistakes"


class Measures(Closed):
    """As `measures` returns them."""

    images: Count
    right: Share
    wrong: Share


class About(Open):
    """The record of a demonstration."""

    id: str
    plan: dict
    measures: Measures
    data: Content
    arrays: StoredFile


class Backend(Open):
    """What one backend answers."""

    installed: bool
    answers: dict[str, dict] = Field({})


class Backends(Open):
    """The record of all backends."""

    id: str
    backends: dict[str, Backend]


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
    model = Backends if name == BACKENDS else About
    about = read_record(folder(results) / f"{name}.json", _make(name), SCHEMA, model)
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
    mend = f"delete its .json, then {_make(name)}"
    return Stored(about, read_arrays_beside(results, about["arrays"], mend))


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
        try:
            fresh = measures(stored.about["plan"]["mistake"], stored.arrays)
        except BROKEN:  # arrays of other names or shapes
            fresh = None
        if fresh != stored.about["measures"]:
            raise StudyError(
                f"mistakes/{name}.json: measures differ from what the predictions give; delete it, then {_make(name)}"
            )
    if found or (folder(results) / f"{BACKENDS}.json").exists():
        read(results, BACKENDS)
    return len(found)

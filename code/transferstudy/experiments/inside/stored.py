"""What looking inside a run left behind: small arrays under `results/inside/`, read without any deep-learning framework.

    results/inside/<id>.json      which run, which images and layers, checksums, provenance
    results/inside/<id>.npz       maps, CKA, filters, places (NumPy archive)

A result exists when its JSON does: it is written last.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...analysis.study import Study
from ...errors import StudyError
from ...plan.spec import RunSpec
from ...results.records import digest, read_arrays_beside, read_record, write_atomic, write_record
from ...results.schema import Content, Open, StoredFile

SCHEMA = 1


class About(Open):
    """What the record of a run that was looked into has."""

    id: str
    arrays: StoredFile
    data: Content
    spec: dict
    layer: str
    grid: int
    patch: int
    stride: int
    layers: list[str]
    cka_images: int
    accuracy: float


@dataclass(frozen=True)
class Inside:
    """What is known of the inside of one run.

    Attributes:
        about: provenance: `spec`, `layer` and `grid` of Grad-CAM, `patch` and `stride` of occlusion, `layers` of CKA,
            `accuracy` of the network looked into, data, weights, environment.
        arrays: `pictures` (k, side, side, 3) uint8 with `picture_index`, `true`, `predicted` (k,); `gradcam` (k, h, w) in
            0..1 and `occlusion` (k, g, g) in -1..1, float16, both for the true class; `cka` (layers before, layers
            after) float16; `filters_before`, `filters_after` (filters, h, w, 3) in 0..1 float16; `places_before`,
            `places_after` (n, 2) float16 with `place_index`, `place_label` (n,).
    """

    about: dict
    arrays: dict[str, np.ndarray]


def folder(results: Path) -> Path:
    """Return the folder of these results inside a results folder."""
    return Path(results) / "inside"


def save(results: Path, name: str, about: dict, arrays: dict[str, np.ndarray]) -> dict:
    """Write arrays, then what they are, each atomically, and return the latter as written.

    Args:
        results: the results folder.
        name: run id.
        about: plain values.
        arrays: small arrays.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    content = buffer.getvalue()
    write_atomic(folder(results) / f"{name}.npz", content)
    file = {"file": f"inside/{name}.npz", "sha256": digest(content), "bytes": len(content)}
    about = {**about, "schema": SCHEMA, "id": name, "arrays": file}
    return write_record(folder(results) / f"{name}.json", about)


def load(results: Path, name: str, command: str) -> Inside:
    """Read and check one result.

    Args:
        results: the results folder.
        name: run id.
        command: what makes it, for the message.

    Raises:
        StudyError: missing, damaged, edited by hand, or not for the run that its name says.
    """
    about = read_record(folder(results) / f"{name}.json", command, SCHEMA, About)
    if about["id"] != name or RunSpec.parse(about["spec"], f"inside/{name}.json").id != name:
        raise StudyError(
            f"inside/{name}.json: made by another version of the study; delete it, then {command}"
        )
    mend = f"restore it: git checkout -- {Path(results).name}/inside, or delete it, then {command}"
    return Inside(about, read_arrays_beside(results, about["arrays"], mend))


def names(results: Path) -> list[str]:
    """Return the names of all results that are there, sorted."""
    return sorted(path.stem for path in folder(results).glob("*.json"))


def check_all(results: Path) -> int:
    """Read every result, and return their number.

    Raises:
        StudyError: as `load`.
    """
    for name in names(results):
        load(results, name, "python -m transferstudy inside")
    return len(names(results))


def available(study: Study, strategy: str, n_labels: int) -> bool:
    """Return whether a run of this arm has been looked into."""
    there = set(names(study.store.root))
    return study.has(strategy, n_labels) and any(
        r["id"] in there for r in study.arm(strategy, n_labels).records
    )


def inside_of(study: Study, strategy: str, n_labels: int) -> Inside:
    """Return the first run of an arm that has been looked into.

    Raises:
        StudyError: there is none; the message has the command that makes it.
    """
    arm, there = study.arm(strategy, n_labels), set(names(study.store.root))
    found = [record["id"] for record in arm.records if record["id"] in there]
    first = found[0] if found else arm.records[0]["id"]
    command = f"python -m transferstudy inside --preset {study.name} --only {first}"
    return load(study.store.root, first, command)

"""Runs that were made twice: how far does the accuracy move on another machine, with another Keras backend?

`results/again/runs.json` lists them; beside it lie the classes that the second networks predicted, so that every number
can be computed anew. What the second runs were apart from that is not kept.
"""

from pathlib import Path

import numpy as np

from ..errors import StudyError
from ..results.environment import machine
from ..results.packing import pack, unpack
from ..results.records import digest, read_beside, read_record, write_atomic, write_record
from ..results.schema import Count, Open, RunId, Share, StoredFile
from ..results.store import Store

SCHEMA = 1
AGAIN = "python -m transferstudy again DIR"
_PREDICTED = "again/classes.npz.xz"


class Making(Open):
    """Where and when a run was made."""

    machine: str
    backend: str
    finished: str


class Repeated(Open):
    """A run that was made twice."""

    id: RunId
    strategy: str
    n_labels: Count
    seed: Count
    first: Making
    second: Making
    accuracy: list[Share]
    changed: Share


class Record(Open):
    """All runs that were made twice."""

    runs: list[Repeated]
    predicted: StoredFile


def path_of(root: Path) -> Path:
    """Return where the record lies or would lie in a results folder."""
    return root / "again" / "runs.json"


def keep(store: Store, second: Store) -> dict:
    """Compare every run that stands in both stores, and keep what came out in the first.

    Args:
        store: the study's results.
        second: results of the same specifications, made again.

    Returns:
        The record: `runs`, one entry a run with what `compare` finds, and `predicted`, the file of classes.

    Raises:
        StudyError: no run stands in both, a file is damaged, or the two saw other images or weights.
    """
    rows, classes = [], {}
    for run_id in sorted(set(store.ids()) & set(second.ids())):
        first, other = store.load(run_id), second.load(run_id)
        if first["spec"]["purpose"] == "tuning":
            continue  # it has no test predictions
        for what in ("data", "weights"):
            if first[what]["sha256"] != other[what]["sha256"]:
                raise StudyError(
                    f"run {run_id}: made again from other {what}: it cannot be compared. Make it again from the same {what}."
                )
        classes[run_id] = second.predictions(other)["test_log_p"].argmax(axis=1).astype(np.uint8)
        rows.append(_entry(store, first, other, classes[run_id]))
    if not rows:
        raise StudyError(
            f"{second.root}: holds no run that stands in {store.root.name} too; make some with "
            "python -m transferstudy run --results DIR"
        )
    content = pack(classes)
    write_atomic(store.root / _PREDICTED, content)
    predicted = {"file": _PREDICTED, "sha256": digest(content), "bytes": len(content)}
    return write_record(path_of(store.root), {"schema": SCHEMA, "runs": rows, "predicted": predicted})


def _entry(store: Store, first: dict, other: dict, classes: np.ndarray) -> dict:
    spec = first["spec"]
    made = [
        {
            "machine": machine(r["environment"]),
            "backend": r["environment"]["backend"],
            "finished": r["finished"],
        }
        for r in (first, other)
    ]
    return {
        "id": first["id"],
        **{field: spec[field] for field in ("strategy", "n_labels", "seed")},
        "first": made[0],
        "second": made[1],
        **compare(store.predictions(first), classes),
    }


def compare(first: dict[str, np.ndarray], classes: np.ndarray) -> dict[str, float]:
    """Compare the test predictions of a run with the classes that its repetition predicted.

    Args:
        first: predictions of the run, `test_log_p` (n, classes) and `test_y` (n,).
        classes: predicted again, (n,).

    Returns:
        `accuracy` (of the first, of the second), and `changed`, the share of images with another predicted class; in 0..1.
    """
    own, truth = first["test_log_p"].argmax(axis=1), first["test_y"]
    accuracies = [round(float((c == truth).mean()), 6) for c in (own, classes)]
    return {"accuracy": accuracies, "changed": round(float((own != classes).mean()), 6)}


def load(root: Path) -> dict | None:
    """Return the record, or None where nothing was made again.

    Raises:
        StudyError: damaged, edited, or of another version.
    """
    return read_record(path_of(root), AGAIN, SCHEMA, Record) if path_of(root).is_file() else None


def check(store: Store) -> int:
    """Compute every number of the record anew and return how many runs it holds; 0 where there is no record.

    Raises:
        StudyError: a file is damaged, or a number is not what the predictions give.
    """
    record = load(store.root)
    if record is None:
        return 0
    content = read_beside(store.root, record["predicted"], f"make it again: {AGAIN}")
    try:
        classes = unpack(content)
    except ValueError as error:
        raise StudyError(
            f"{record['predicted']['file']}: cannot be read ({error}); make it again: {AGAIN}"
        ) from None
    for row in record["runs"]:
        own, again = store.predictions(store.load(row["id"])), classes.get(row["id"])
        fits = again is not None and "test_y" in own and again.shape == own["test_y"].shape
        fresh = compare(own, again) if fits else {"changed": None}
        if any(fresh[key] != row[key] for key in fresh):
            raise StudyError(
                f"again/runs.json: run {row['id']} differs from what its predictions give; make it again: {AGAIN}"
            )
    return len(record["runs"])

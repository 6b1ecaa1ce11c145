"""Check results: every file whole, every measure equal to what its predictions give."""

import math

from .errors import StudyError
from .metrics import measure
from .store import Store

TOLERANCE = 1e-6


def verify(store: Store) -> int:
    """Check all results of a store and return their number.

    Raises:
        StudyError: the first file that is damaged, or the first measure that differs from its recomputation.
    """
    ids = store.ids()
    if not ids:
        raise StudyError(f"{store.root.name}: no results; make them with python -m transferstudy run")
    for run_id in ids:
        record = store.load(run_id)
        predictions = store.predictions(record)
        for part in ("val", "test"):
            fresh = measure(predictions[f"{part}_log_p"], predictions[f"{part}_y"])
            for name, value in fresh.items():
                if not _equal(value, record["metrics"][part][name]):
                    raise StudyError(
                        f"runs/{run_id}.json: {part} {name} differs from what the predictions give; "
                        f"delete the record and make it again: python -m transferstudy run --only {run_id}"
                    )
        if record["model"] is not None:
            store.model(record)
    return len(ids)


def _equal(a, b) -> bool:
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(_equal, a, b))
    return math.isclose(a, b, rel_tol=0, abs_tol=TOLERANCE)

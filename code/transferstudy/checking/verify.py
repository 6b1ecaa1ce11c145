"""Check results: every file whole, every measure equal to what its predictions give."""

import math
from collections import Counter
from pathlib import Path

from ..arrays import BROKEN
from ..errors import StudyError, printable
from ..results.manifest import strays
from ..results.metrics import measure_all
from ..results.store import Store

TOLERANCE = 1e-6


def verify(store: Store) -> int:
    """Check all results of a store and return their number.

    Raises:
        StudyError: the first file that is damaged, the first measure that differs from its recomputation, or a tuning run
            that holds predictions of test images.
    """
    ids = store.ids()
    if not ids:
        raise StudyError(f"{store.root.name}: no results; make them with python -m transferstudy run")
    for run_id in ids:
        record = store.load(run_id)
        predictions = store.predictions(record)
        again = store.remake(run_id)
        _check_parts(record, predictions, again)
        try:
            fresh = measure_all(predictions)
        except BROKEN as error:  # arrays that a run would not have written so
            raise StudyError(
                f"{record['predictions']['file']}: no measures can be computed from it ({error}); {again}"
            ) from None
        check_measures(record, fresh, again)
        if record["model"] is not None:
            store.model(record)
    return len(ids)


def check_strays(root: Path) -> None:
    """Refuse files that belong to no result.

    Raises:
        StudyError: predictions, arrays or weights without their record, or what an interrupted write left; all are named.
    """
    if found := list(strays(root)):
        raise StudyError(
            f"{root.name}: {len(found)} file{'s belong' if len(found) > 1 else ' belongs'} to no result: "
            f"{', '.join(map(printable, found))}. Restore the records (git checkout -- {root.name}), or delete these files."
        )


def roundings(store: Store) -> Counter:
    """Return how many results hold predictions of which rounding, as their records name it (`rounding`)."""
    return Counter(store.load(run_id)["predictions"]["rounding"] for run_id in store.ids())


def check_measures(record: dict, fresh: dict, again: str) -> None:
    """Compare the measures of a record with those that `measure_all` gives for its predictions.

    Raises:
        StudyError: the first that is missing or differs.
    """
    for part, measures in fresh.items():
        if extra := sorted(set(record["metrics"].get(part, {})) - set(measures)):
            raise StudyError(
                f"runs/{record['id']}.json: {part} {extra[0]} is no measure of the study; {again}"
            )
        for name, value in measures.items():
            if not _equal(value, record["metrics"].get(part, {}).get(name)):
                raise StudyError(
                    f"runs/{record['id']}.json: {part} {name} differs from what the predictions give; {again}"
                )


def _check_parts(record: dict, predictions: dict, again: str) -> None:
    """Say when predictions and measures do not belong to the same images, or a tuning run looked at the test images."""
    where = f"runs/{record['id']}.json"
    tuning = record["spec"].get("purpose", "study") == "tuning"
    expected = {"val"} if tuning else {"val", "test"}
    if "robust_top1" in predictions and not tuning:
        expected.add("robustness")
    stored = {name.removesuffix("_y") for name in predictions if name.endswith("_y")}
    if tuning and (stored != {"val"} or "robust_top1" in predictions):
        raise StudyError(f"{where}: a tuning run with predictions of test images; {again}")
    if stored != expected - {"robustness"} or set(record["metrics"]) != expected:
        raise StudyError(
            f"{where}: measures of {', '.join(sorted(record['metrics']))}, predictions give {', '.join(sorted(expected))}; "
            f"{again}"
        )


def _equal(a, b) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_equal(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return isinstance(b, int | float) and math.isclose(a, b, rel_tol=0, abs_tol=TOLERANCE)

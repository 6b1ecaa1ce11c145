"""The folds of a seed put together: each picture of a folder tested once, by a network that had not seen it."""

from collections import defaultdict

import numpy as np

from ..errors import StudyError
from ..plan.spec import RunSpec
from ..results.store import Store


def by_seed(specs: list[RunSpec]) -> dict[str, list[RunSpec]]:
    """Return the runs that are folds of one seed, by the id of their first fold, folds rising; others stand alone."""
    found: dict[str, list[RunSpec]] = defaultdict(list)
    for spec in sorted(specs, key=lambda s: s.fold):
        first = spec.model_copy(update={"fold": 0})
        found[first.id].append(spec)
    return dict(found)


def together(specs: list[RunSpec], store: Store) -> tuple[dict, dict[str, np.ndarray]]:
    """Put the folds of one seed together.

    Args:
        specs: all folds of one seed, as `by_seed` returns them.
        store: where their results lie.

    Returns:
        A record like that of the first fold, whose test metrics are those of all pictures, whose validation metrics are means
        over the folds, and in which `folds` names the runs; and predictions: `test_log_p` (n, classes), `test_y`, `test_i`
        and `test_group` (n,), sorted by `test_i`, and the validation predictions of all folds, one after the other.

    Raises:
        StudyError: a result is missing or damaged, or the folds do not test each picture exactly once.
    """
    from ..results.metrics import measure  # it brings scikit-learn, which a look at plans does without

    records = [store.load(spec.id) for spec in specs]
    parts = [store.predictions(record) for record in records]
    if lacking := next(
        (r["id"] for r, part in zip(records, parts, strict=True) if "test_i" not in part), None
    ):
        raise StudyError(
            f"run {lacking} does not say which pictures its fold tests: delete its files in {store.runs.name}/ and make it again"
        )
    both = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(both["test_i"])
    stored = {name: a[order] if name.startswith("test_") else a for name, a in both.items()}
    if not np.array_equal(stored["test_i"], np.arange(len(order))):
        raise StudyError(
            f"the folds of run {records[0]['id']} do not test each picture once: delete the files of runs "
            f"{', '.join(r['id'] for r in records)} in {store.runs.name}/ and make them again"
        )
    validation = [r["metrics"]["val"] for r in records]
    means = {name: _mean([v[name] for v in validation]) for name in validation[0]}
    test = measure(stored["test_log_p"], stored["test_y"])
    data = {**records[0]["data"], "test": len(order)}
    data["sha256"] = data.get(
        "content", data["sha256"]
    )  # of the folder: each cut of it has a hash of its own
    record = {
        **records[0],
        "metrics": {"val": means, "test": test},
        "data": data,
        "folds": [r["id"] for r in records],
    }
    return record, stored


def _mean(values: list):
    return np.mean(values, axis=0).tolist()

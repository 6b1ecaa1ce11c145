"""How long will it take? An estimate from the time that finished runs took."""

from statistics import median

from .data.splits import MAX_VALIDATION, VALIDATION_SHARE
from .spec import RunSpec
from .store import Store
from .strategies import get_strategy


def training_images(n_labels: int) -> int:
    """Return how many of `n_labels` images are trained on, the validation split left out."""
    return n_labels - min(round(VALIDATION_SHARE * n_labels), MAX_VALIDATION)


def seconds(spec: RunSpec, records: list[dict]) -> float | None:
    """Estimate the wall time of a run in seconds.

    The time a step, a cached view and the prediction took is the median over finished runs of the same strategy,
    backbone, image size, batch size and precision; each is scaled to the run's own counts.

    Args:
        spec: the run.
        records: records of finished runs.

    Returns:
        Seconds, or None when no comparable run is finished.
    """
    same = ("strategy", "backbone", "image_size", "batch_size", "precision")
    alike = [r for r in records if all(r["spec"][key] == getattr(spec, key) for key in same)]
    if not alike:
        return None
    n_train, total = training_images(spec.n_labels), 0.0
    strategy = get_strategy(spec.strategy)
    for phase, used in (("head", strategy.head_first), ("main", strategy.train_from is not None)):
        if used:
            rates = [
                r["timing"][phase]["wall"] / p["steps"]
                for r in alike
                for p in r["phases"]
                if p["name"] == phase
            ]
            total += median(rates) * spec.steps(phase, n_train)
    views = spec.augmentation_views if spec.augmentation != "none" else 1
    rates = [
        r["timing"]["features"]["wall"] / (r["data"]["train"] * r["spec"]["augmentation_views"])
        for r in alike
        if "features" in r["timing"]
    ]
    if rates:
        total += median(rates) * n_train * views
    return total + median(r["timing"]["prediction"]["wall"] for r in alike)


def estimate(specs: list[RunSpec], store: Store) -> str:
    """Return the estimate as text: hours for all runs, hours still to do, and the runs that nothing can be said of."""
    records = [store.load(run_id) for run_id in store.ids()]
    all_, todo, unknown = 0.0, 0.0, []
    for spec in specs:
        guess = seconds(spec, records)
        if guess is None:
            unknown.append(spec)
            continue
        all_ += guess
        todo += 0 if store.has(spec) else guess
    machines = sorted(
        {f"{r['environment']['processor']}, {r['environment']['cores']} cores" for r in records}
    )
    lines = [f"estimate: {all_ / 3600:.1f} hours for all, {todo / 3600:.1f} hours still to do"]
    if machines:
        lines.append(f"measured on: {'; '.join(machines)}")
    if unknown:
        names = sorted({f"{s.strategy} on {s.backbone} at {s.image_size} px" for s in unknown})
        lines.append(f"not included, no comparable run is finished: {len(unknown)} runs ({'; '.join(names)})")
    return "\n".join(lines)

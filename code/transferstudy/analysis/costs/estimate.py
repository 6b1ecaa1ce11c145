"""How long will it take? An estimate from the time that finished runs took."""

from collections.abc import Collection, Sequence
from statistics import median

from ...data.corruptions import CORRUPTIONS, IMAGES, SEVERITIES
from ...data.splits import draw_sizes
from ...plan.spec import PACE_KEYS, RunSpec
from ...plan.strategies import get_strategy
from ...results.environment import hardware, machine
from ...results.store import Store
from .cost import on_accelerator


def shared_keys(spec: RunSpec, robust: bool = False) -> dict[str, tuple]:
    """Return what a run takes from the cache of activations, if another run of the same key was there before.

    Args:
        spec: the run.
        robust: whether it predicts corrupted images.

    Returns:
        "features" -> what decides the activations that its training uses; "test" and "corrupted" -> what decides those of
        the test images. Nothing that is not kept: no part of the network is frozen, or the activations are large.
    """
    strategy, keys = get_strategy(spec.strategy), {}
    if not strategy.head_first:
        return keys
    # Random weights are others for each seed.
    start = spec.weights if spec.weights != "none" else f"random {spec.seed}"
    prefix = (spec.dataset, spec.image_size, spec.backbone, start, spec.precision)
    views = spec.augmentation_views if spec.augmentation != "none" else 1
    cut = None if strategy.train_from == "all" else strategy.train_from
    keys["features"] = (*prefix, cut, spec.n_labels, spec.seed, spec.augmentation, views)
    if strategy.train_from != "all" and spec.purpose != "tuning":
        keys["test"] = (*prefix, cut)
        if robust and cut in (None, "block5"):
            keys["corrupted"] = (*prefix, cut)
    return keys


def seconds(
    spec: RunSpec,
    records: Sequence[dict],
    robust: bool = False,
    there: Collection[str] = (),
    here: str | None = None,
    measured: Sequence[dict] = (),
) -> float | None:
    """Estimate the wall time of a run in seconds.

    The time a step, a cached view and a predicted image took is the median over finished runs of the same strategy,
    backbone, image size and precision; each is scaled to the run's own counts. Runs of the same batch size come first;
    elsewhere a step counts by its images. A run that had one core of several, beside others, counts for its share of the
    machine: the estimate is for cores that are all kept busy.

    Args:
        spec: the run.
        records: records of finished runs.
        robust: whether it predicts corrupted images.
        there: names in `shared_keys` whose activations an earlier run left in the cache.
        here: the machine that the estimate is for, as `environment.machine` calls it: where comparable runs were made on
            such a machine, they alone count, and otherwise those made without an accelerator.
        measured: what counts before the finished runs, as `training.timing.measured` returns it. How many test images a data
            set has, finished runs tell.

    Returns:
        Seconds, or None when no comparable run is finished.
    """
    timed = [r for r in measured if _alike(spec, r)]
    alike = timed or [r for r in records if _alike(spec, r)]
    if not alike:
        return None
    if here is not None and not timed:
        plain = [r for r in alike if not on_accelerator(r)]
        alike = [r for r in alike if machine(r["environment"]) == here] or plain or alike
    alike = [r for r in alike if r["spec"]["batch_size"] == spec.batch_size] or alike
    n_train, total = draw_sizes(spec.n_labels)[0], 0.0
    strategy = get_strategy(spec.strategy)
    for phase, used in (("head", strategy.head_first), ("main", strategy.train_from is not None)):
        if used:
            rates = [
                _share(r)
                * r["timing"][phase]["wall"]
                / p["steps"]
                * spec.batch_size
                / r["spec"]["batch_size"]
                for r in alike
                for p in r["phases"]
                if p["name"] == phase
            ]
            total += median(rates) * spec.steps(phase, n_train)
    views = spec.augmentation_views if spec.augmentation != "none" else 1
    rates = [_feature_rate(r) for r in alike if _computed(r, "features") and "features" in r["timing"]]
    if rates and "features" not in there:
        total += median(rates) * n_train * views
    test = 0 if spec.purpose == "tuning" else spec.test_images or _test_images(spec, records, alike)
    rates = [rate for r in alike if (rate := _image_rate(r)) is not None] or [0.0]
    validation = spec.n_labels - n_train if strategy.train_from == "all" else 0  # else kept since training
    total += median(rates) * (validation + (0 if "test" in there else test))
    if robust and spec.purpose != "tuning" and "corrupted" not in there:
        images = len(CORRUPTIONS) * len(SEVERITIES) * min(IMAGES, test)
        of_corrupted = [
            _share(r) * r["timing"]["robustness"]["wall"] / images
            for r in alike
            if "robustness" in r["timing"] and _computed(r, "robustness")
        ]
        total += median(of_corrupted or rates) * images
    return total + median([_around(r) for r in alike])


def _alike(spec: RunSpec, record: dict) -> bool:
    return all(record["spec"][key] == getattr(spec, key) for key in PACE_KEYS)


def _test_images(spec: RunSpec, records: Sequence[dict], alike: Sequence[dict]) -> float:
    """The number of test images of a run's data set: a measured time stands for another number of them."""
    whole = [
        r for r in records if r["spec"].get("dataset") == spec.dataset and not r["spec"].get("test_images")
    ]
    return median([r["data"]["test"] for r in whole or alike])


def _around(record: dict) -> float:
    """Seconds of a run in none of its parts: building the network, compiling, storing. 0 where the record does not tell."""
    walls = {name: part["wall"] for name, part in record["timing"].items()}
    return _share(record) * max(0.0, 2 * walls["total"] - sum(walls.values())) if "total" in walls else 0.0


def _share(record: dict) -> float:
    """The share of its machine's cores that a run kept busy, at most 1; 1 where the record does not tell."""
    total, cores = record["timing"].get("total", {}), record.get("environment", {}).get("cores")
    return min(1.0, total["cpu"] / (total["wall"] * cores)) if "cpu" in total and cores else 1.0


def _computed(record: dict, what: str) -> bool:
    """Return whether a run computed all activations itself, or kept none at all; older records always did."""
    return record.get("activations", {}).get(what, {}).get("reused", 0) == 0


def _feature_rate(record: dict) -> float:
    spec = record["spec"]
    views = spec["augmentation_views"] if spec["augmentation"] != "none" else 1
    return _share(record) * record["timing"]["features"]["wall"] / (record["data"]["train"] * views)


def _image_rate(record: dict) -> float | None:
    """Seconds an image that went through the network when a run predicted validation and test images; None if none did."""
    counts = record["data"]
    test = 0 if record["spec"].get("purpose") == "tuning" else counts["test"]
    images = (
        counts["validation"] + test - record.get("activations", {}).get("prediction", {}).get("reused", 0)
    )
    return _share(record) * record["timing"]["prediction"]["wall"] / images if images > 0 else None


def hours(
    specs: Sequence[RunSpec],
    records: Sequence[dict],
    robust: Collection[str] = (),
    measured: Sequence[dict] = (),
    here: str | None = None,
) -> tuple[float, list[RunSpec]]:
    """Estimate the wall time of runs that are made one after another, in order.

    What one leaves in the cache of activations the next ones need not compute.

    Args:
        specs: the runs.
        records: of finished runs.
        robust: ids of the runs that also predict corrupted test images.
        measured: what counts before the finished runs, as `training.timing.measured` returns it.
        here: as in `seconds`.

    Returns:
        Hours, and the runs that are not in them because nothing comparable is finished.
    """
    total, seen, unknown = 0.0, set(), []
    for spec in specs:
        keys = shared_keys(spec, spec.id in robust)
        there = {what for what, key in keys.items() if (what, key) in seen}
        guess = seconds(spec, records, spec.id in robust, there, here, measured)
        seen.update(keys.items())
        if guess is None:
            unknown.append(spec)
        else:
            total += guess / 3600
    return total, unknown


def without_pace(specs: Sequence[RunSpec], records: Sequence[dict]) -> list[RunSpec]:
    """Return the runs that no finished run tells the time of.

    Args:
        specs: the runs.
        records: of finished runs.
    """
    return [spec for spec in specs if not any(_alike(spec, record) for record in records)]


def estimate(
    specs: list[RunSpec], store: Store, robust: Collection[str] = (), measured: Sequence[dict] = ()
) -> str:
    """Return the estimate as text: hours for all runs, hours still to do, and the runs that nothing can be said of.

    Args:
        specs: the runs.
        store: where finished runs lie.
        robust: as in `hours`.
        measured: as in `hours`.

    Runs that were made on a machine like this one count before those of others.
    """
    here = machine(hardware())
    records = [store.load(run_id) for run_id in store.ids()]
    whole, _ = hours(specs, records, robust, measured, here)
    rest, unknown = hours([s for s in specs if not store.has(s)], records, robust, measured, here)
    machines = sorted({machine(r["environment"]) for r in records})
    lines = [f"estimate, all cores kept busy: {whole:.1f} hours for all, {rest:.1f} hours still to do"]
    if measured:
        lines.append(f"measured now on: {here}")
    elif machines:
        lines.append(f"measured on: {'; '.join(machines)}")
        lines.append(f"for: {here}" + ("" if here in machines else ", where no run was made yet"))
    if unknown:
        names = sorted({f"{s.strategy} on {s.backbone} at {s.image_size} px" for s in unknown})
        lines.append(f"not included, no comparable run is finished: {len(unknown)} runs ({'; '.join(names)})")
    return "\n".join(lines)

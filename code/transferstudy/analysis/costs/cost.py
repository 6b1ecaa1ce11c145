"""What a trained model cost, from the times that its run stored: processor time, wall time, images a second.

Counted is what it takes to make the model: running images through what is frozen, training, and looking at the validation
images on the way. Predicting the test images, clean or corrupted, is how the study examines a model and no part of its price.
Where an earlier run had kept activations, a run is charged what they would have cost it.
Runs on an accelerator do not count beside runs on a processor: `timed` says why.
"""

from functools import cache
from statistics import median

import numpy as np

from ...plan.strategies import get_strategy
from ...results.environment import machine
from ..study import Arm, Study

_LEARNING = ("head", "main")


def _prefix(record: dict) -> tuple:
    """What decides how long an image takes through the frozen part of a run's network."""
    spec = record["spec"]
    cut = get_strategy(spec["strategy"]).train_from
    return spec["backbone"], spec["image_size"], spec["precision"], None if cut == "all" else cut


def made_on(record: dict) -> str:
    """Return the kind of machine that a run was made on."""
    return machine(record["environment"])


def on_accelerator(record: dict) -> bool:
    """Return whether a GPU or TPU took part in a run."""
    return bool(record["environment"].get("accelerators"))


def timed(study: Study, arm: Arm) -> tuple[dict, ...]:
    """Return the records of an arm whose times count.

    Processor time says nothing of what an accelerator did, and its minutes cannot be averaged with those of a processor. So
    in a study that has runs without one, those alone count; an arm may then have none. In a study made on accelerators
    throughout, all count.
    """
    if all(on_accelerator(record) for record in study.records.values()):
        return arm.records
    return tuple(record for record in arm.records if not on_accelerator(record))


def _rows(record: dict) -> tuple[int, int]:
    """Images, views counted singly, whose activations a run computed and took over; (0, 0) where none were kept.

    Records of the first version do not count them. Those runs computed everything themselves.
    """
    if "features" not in record["timing"]:
        return 0, 0
    counts = record.get("activations", {}).get("features")
    if counts:
        return counts["computed"], counts["reused"]
    spec, data = record["spec"], record["data"]
    views = spec["augmentation_views"] if spec["augmentation"] != "none" else 1
    return data["train"] * views + data["validation"], 0


@cache
def _rates(study: Study, kind: str) -> dict[tuple, float]:
    """Seconds that an image takes through each frozen part: the median over the runs that computed most of them.

    By part and machine, and by part alone for machines on which none did.
    """
    found: dict[tuple, list[float]] = {}
    for record in (record for arm in study.arms.values() for record in timed(study, arm)):
        computed, reused = _rows(record)
        if computed > 10 * reused:
            part, rate = _prefix(record), record["timing"]["features"][kind] / computed
            for key in (part, (part, made_on(record))):
                found.setdefault(key, []).append(rate)
    return {key: median(values) for key, values in found.items()}


def _features(study: Study, record: dict, kind: str) -> float:
    """Seconds for the activations of the frozen part, as if the run had computed all of them."""
    if "features" not in record["timing"]:
        return 0.0
    # A part that no run of the study computed nearly in full cannot be charged; then only what was paid counts.
    _, reused = _rows(record)
    rates, part = _rates(study, kind), _prefix(record)
    rate = rates.get((part, made_on(record)), rates.get(part, 0.0))
    return record["timing"]["features"][kind] + reused * rate


def _seconds(study: Study, record: dict, kind: str) -> float:
    timing = record["timing"]
    learning = sum(timing[phase][kind] for phase in _LEARNING if phase in timing)
    return learning + _features(study, record, kind)


def cpu_seconds(study: Study, arm: Arm) -> np.ndarray:
    """Return the processor time of each run's training in seconds, all cores added up, one for each of `timed`.

    Unlike wall time it hardly depends on what else the machine was doing.
    """
    return np.array([_seconds(study, record, "cpu") for record in timed(study, arm)])


def share_machines(study: Study, a: Arm, b: Arm) -> bool:
    """Return whether two arms' times compare: both have some, from the same kinds of machine, seed by seed."""
    kinds = [{r["spec"]["seed"]: made_on(r) for r in timed(study, arm)} for arm in (a, b)]
    return bool(kinds[0]) and kinds[0] == kinds[1]


def wall_seconds(study: Study, arm: Arm) -> np.ndarray:
    """Return how long each run's training lasted in seconds, one for each of `timed`."""
    return np.array([_seconds(study, record, "wall") for record in timed(study, arm)])


def training_rate(study: Study, arm: Arm) -> float:
    """Return how many training images a second the phase that learns last takes, mean over the runs of `timed`.

    Images of its steps over its wall time; where a part stays frozen, the time for that part's activations is added. Without
    it a step on kept activations would look nearly free.
    """
    rates = []
    for record in timed(study, arm):
        last = record["phases"][-1]
        seconds = record["timing"][last["name"]]["wall"]
        if get_strategy(record["spec"]["strategy"]).train_from != "all":
            seconds += _features(study, record, "wall")
        rates.append(last["steps"] * record["spec"]["batch_size"] / seconds)
    return float(np.mean(rates))


def prediction_rate(study: Study, arm: Arm) -> float | None:
    """Return how many images a second the trained network classifies, mean over those of `timed` that computed some.

    None where every run took the activations of all test images from an earlier one.
    """
    rates = []
    for r in timed(study, arm):
        counts = r.get("activations", {}).get("prediction", {"computed": 0, "reused": 0})
        if counts["computed"] or not counts["reused"]:
            images = r["data"]["validation"] + r["data"]["test"] - counts["reused"]
            rates.append(images / r["timing"]["prediction"]["wall"])
    return float(np.mean(rates)) if rates else None

"""Make the demonstrations that are missing; what is finished stays finished."""

import importlib
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...data import ImageData
from ...results.environment import describe
from ...training.cache import ActivationCache
from .backends import ask_all
from .images import images_of
from .measures import measures
from .plan import Plan, Way
from .stored import BACKENDS, folder, names, save
from .training import Trained, train_way

_FACTS = ("name", "sha256", "origin")


def missing(plans: list[Plan], results: Path) -> list[Plan]:
    """Return the demonstrations that are not stored yet, seed by seed, so that ways which they share are trained once."""
    there = set(names(results))
    return sorted((plan for plan in plans if plan.id not in there), key=lambda plan: plan.seed)


def make_all(
    plans: list[Plan],
    results: Path,
    load: Callable[[str, int], ImageData],
    weights=None,
    verbose: int = 0,
    say: Callable[[str], None] = print,
) -> int:
    """Make and store every missing demonstration, and the answers of the backends.

    Args:
        plans: demonstrations.
        results: the results folder.
        load: data set's name and side in pixels -> the data set.
        weights: a `WeightsFile` given on the command line, or None.
        verbose: as in `train_way`.
        say: receives lines for the reader.

    Returns:
        Number of demonstrations made.

    Raises:
        StudyError: data or weights are not there, or the data set is too small.
    """
    if not (folder(results) / f"{BACKENDS}.json").is_file():
        save(results, BACKENDS, {"backends": ask_all(say), "environment": _environment(), "made": _now()})
    todo = missing(plans, results)
    say(f"{len(plans) - len(todo)} of {len(plans)} demonstrations are done; {len(todo)} to make")
    trained: dict[str, Trained] = {}
    data: dict[tuple, ImageData] = {}
    cache = ActivationCache()
    for number, plan in enumerate(todo, 1):
        say(f"[{number}/{len(todo)}] {plan.id}")
        key = plan.dataset, plan.image_size
        if key not in data:
            data[key] = load(*key)
        images = images_of(data[key], plan)

        def of(way: Way, plan=plan, images=images) -> tuple[Trained, bool]:
            shared = plan.key(way) in trained
            if not shared:
                trained[plan.key(way)] = train_way(plan, way, images, weights, cache, verbose)
            return trained[plan.key(way)], shared

        record = _store(plan, images, data[key], of(plan.right), of(plan.wrong), results)
        seen = record["measures"]
        say(f"    right {seen['right']:.3f}, wrong {seen['wrong']:.3f}, {record['id']}.json written")
    return len(todo)


def _store(plan: Plan, images, data: ImageData, right, wrong, results: Path) -> dict:
    arrays = {
        "judge_y": images.judge[1].astype(np.uint8),
        "choose_y": images.choose[1].astype(np.uint8),
        **{f"{name}_judged": way.judged for name, (way, _) in (("right", right), ("wrong", wrong))},
        **{f"{name}_choices": way.choices for name, (way, _) in (("right", right), ("wrong", wrong))},
    }
    about = {
        "plan": plan.model_dump(),
        "plan_hash": plan.hash,
        "measures": measures(plan.mistake, arrays),
        "ways": {
            name: {
                "phases": way.phases,
                "backbone_moved": way.moved,
                "seconds": way.seconds,
                "shared_with_another_record": shared,
            }
            for name, (way, shared) in (("right", right), ("wrong", wrong))
        },
        "data": {
            **{fact: getattr(data, fact) for fact in _FACTS},
            "learn": len(images.learn[1]), "choose": len(images.choose[1]), "judge": len(images.judge[1]), "test": 0,
        },
        "weights": {"name": plan.weights, "sha256": right[0].weights_sha256},
        "environment": _environment(),
        "made": _now(),
    }  # fmt: skip
    return save(results, plan.id, about, arrays)


def _environment() -> dict:
    """Describe software and hardware; the backend's own version is asked of the backend, whatever its package is called."""
    found = describe()
    backend = found["backend"]
    libraries = {**found["libraries"], backend: importlib.import_module(backend).__version__}
    return {**found, "libraries": libraries}


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

"""How long the parts of a run take on the machine at hand: a network, an image through its frozen part, a step."""

import time
from collections.abc import Callable, Iterable

import numpy as np

from ..models import build_model, set_trainable, split_at
from ..plan.spec import PACE_KEYS, RunSpec
from ..plan.strategies import get_strategy
from ..results.environment import accelerators, hardware

_IMAGES = 32  # that go through a frozen part while it is measured
_NO_RUN = 10_000  # test images that a measured time stands for; only the time of one image is used


def network(backbone: str, classes: int, side: int, precision: str, standardise: bool):
    """Return a new network with random weights, and forget those made before."""
    import keras

    keras.utils.clear_session()
    return build_model(backbone, classes, side, standardise=standardise, precision=precision)


def image_seconds(model, stage: str | None = None) -> float:
    """Return seconds of one image through what lies before a stage; before the head by default."""
    prefix, _ = split_at(model, stage)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (_IMAGES, *model.input_shape[1:])).astype(np.uint8)
    prefix.predict_on_batch(pixels)
    return _fastest(lambda: prefix.predict_on_batch(pixels)) / _IMAGES


def step_seconds(model, stage: str | None, classes: int, batch: int) -> tuple[float, float]:
    """Return seconds of the first training step, which is compiled, and of a later one.

    Args:
        model: a network.
        stage: from where on it learns, as `Strategy.train_from`; None for the head alone.
        classes: of the labels.
        batch: images a step.
    """
    from .adamw import adamw
    from .phase import compile_model

    began = time.perf_counter()
    set_trainable(model, stage)
    suffix = model if stage == "all" else split_at(model, stage)[1]
    rng = np.random.default_rng(0)
    x = rng.random((batch, *suffix.input_shape[1:]), np.float32)
    y = rng.integers(0, classes, batch)
    compile_model(suffix, adamw(learning_rate=1e-5, weight_decay=1e-4, global_clipnorm=1.0))
    suffix.train_on_batch(x, y)
    started = time.perf_counter() - began
    return started, _fastest(lambda: [suffix.train_on_batch(x, y) for _ in range(2)]) / 2


def _fastest(work: Callable[[], object]) -> float:
    """Return the shorter of two times: what else the machine did meanwhile only makes it longer."""
    times = []
    for _ in range(2):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def measured(specs: Iterable[RunSpec], say: Callable[[str], None], classes: int = 10) -> list[dict]:
    """Measure what runs take here; what `analysis.costs.estimate` reads of a record, one for each kind of run.

    Runs are of one kind where strategy, network, side and precision agree. The smallest batch of a kind is measured.

    Args:
        specs: the runs.
        say: receives a line for each kind.
        classes: of the labels.
    """
    kinds: dict[tuple, RunSpec] = {}
    for spec in specs:
        key = tuple(getattr(spec, name) for name in PACE_KEYS)
        if key not in kinds or spec.batch_size < kinds[key].batch_size:
            kinds[key] = spec
    found = []
    for spec in kinds.values():
        say(f"measuring {spec.strategy} on {spec.backbone} at {spec.image_size} px")
        found.append(_as_record(spec, classes))
    return found


def _as_record(spec: RunSpec, classes: int) -> dict:
    strategy = get_strategy(spec.strategy)
    began = time.perf_counter()
    model = network(spec.backbone, classes, spec.image_size, spec.precision, strategy.head_first)
    whole = image_seconds(model)
    started, timing, phases = time.perf_counter() - began, {}, []
    for phase, stage, used in (
        ("head", None, strategy.head_first),
        ("main", strategy.train_from, strategy.train_from is not None),
    ):
        if used:
            first, later = step_seconds(model, stage, classes, spec.batch_size)
            started += first
            timing[phase] = {"wall": later}
            phases.append({"name": phase, "steps": 1})
    frozen = strategy.train_from not in (None, "all")
    before = image_seconds(model, strategy.train_from) if frozen else whole
    timing["features"] = {"wall": before}
    timing["prediction"] = {
        "wall": _NO_RUN * (before if strategy.head_first and strategy.train_from != "all" else whole)
    }
    timing["total"] = {"wall": started + sum(part["wall"] for part in timing.values())}
    return {
        "spec": spec.model_dump() | {"augmentation": "none", "augmentation_views": 1, "purpose": "study"},
        "environment": {**hardware(), "accelerators": accelerators()},
        "phases": phases,
        "timing": timing,
        "data": {"train": 1, "validation": 0, "test": _NO_RUN},
    }

"""Run what is missing, one run after another; what is finished stays finished."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from .errors import StudyError
from .presets import preset_table
from .spec import RunSpec
from .store import Store


def missing(specs: list[RunSpec], store: Store) -> list[RunSpec]:
    """Return the runs that have no result yet, in order."""
    return [spec for spec in specs if not store.has(spec)]


def keeps_model(preset: str, spec: RunSpec) -> bool:
    """Return whether a preset keeps the trained weights of this run (for the small model that pages run)."""
    rule = preset_table(preset).get("keep_model")
    return rule is not None and all(getattr(spec, key) == value for key, value in rule.items())


def run_all(
    specs: list[RunSpec],
    store: Store,
    source: Path | None,
    weights,
    keep: Callable[[RunSpec], bool] = lambda spec: False,
    verbose: int = 2,
    say: Callable[[str], None] = print,
) -> int:
    """Make every missing run.

    Everything that can be wrong with the input (data, labels, weights) is checked before the first run starts.

    Args:
        specs: runs, in the order in which to make them.
        store: where results go.
        source: path of the data, or None for Keras' download.
        weights: a `WeightsFile`, or None.
        keep: whether a run's weights are kept.
        verbose: as in `training.train`.
        say: receives lines for the reader.

    Returns:
        Number of runs made.

    Raises:
        StudyError: wrong input. Nothing was written then.
    """
    todo = missing(specs, store)
    say(f"{len(specs) - len(todo)} of {len(specs)} runs are done; {len(todo)} to make")
    if not todo:
        return 0
    from .data import load
    from .weightsfile import resolve

    for name in {spec.weights for spec in todo}:
        resolve(name, weights)
    datasets = {}
    for spec in todo:
        key = (spec.dataset, spec.image_size)
        if key not in datasets:
            datasets[key] = load(spec.dataset, source, spec.image_size)
        _check_labels(spec, datasets[key])
    for number, spec in enumerate(todo, 1):
        if store.has(spec):  # made meanwhile by another process that shares the folder
            continue
        say(f"[{number}/{len(todo)}] {spec.id} {spec.strategy}, {spec.n_labels:,} labels, seed {spec.seed}")
        record = run_one(spec, datasets[spec.dataset, spec.image_size], store, weights, keep(spec), verbose)
        say(
            f"    validation {record['metrics']['val']['accuracy']:.3f}, "
            f"{record['timing']['total']['wall']:.0f} s, {store.record_path(spec.id).name} written"
        )
    return len(todo)


def _check_labels(spec: RunSpec, data) -> None:
    if spec.n_labels > len(data.y_train):
        raise StudyError(
            f"n_labels={spec.n_labels:,}: {data.name} has only {len(data.y_train):,} labelled images"
        )


def run_one(spec: RunSpec, data, store: Store, weights, keep_model: bool, verbose: int) -> dict:
    """Train, predict, measure and store one run; return its record.

    Raises:
        StudyError: as `training.train`.
    """
    import keras

    from .environment import describe
    from .metrics import measure
    from .prediction import predict
    from .training import train

    keras.utils.clear_session()
    started = time.time()
    wall, cpu = time.perf_counter(), time.process_time()
    trained = train(spec, data, weights, verbose)
    before = time.perf_counter()
    predictions = predict(trained, data)
    timing = {
        **trained.timing,
        "prediction": {"wall": round(time.perf_counter() - before, 3)},
        "total": {"wall": round(time.perf_counter() - wall, 3), "cpu": round(time.process_time() - cpu, 3)},
    }
    record = {
        "spec": spec.model_dump(),
        "spec_hash": spec.hash,
        "metrics": {
            part: measure(predictions[f"{part}_log_p"], predictions[f"{part}_y"]) for part in ("val", "test")
        },
        "phases": [asdict(phase) for phase in trained.phases],
        "learning_layers": trained.learning,
        "parameters": {"total": trained.model.count_params(), "trainable": trained.trainable_parameters},
        "data": {
            "name": data.name,
            "sha256": data.sha256,
            "origin": data.origin,
            "classes": list(data.classes),
            "side": data.side,
            "train": len(trained.split.train),
            "validation": len(trained.split.validation),
            "test": len(data.y_test),
        },
        "weights": {"name": spec.weights, "sha256": trained.weights_sha256},
        "environment": describe(),
        "timing": timing,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
    }
    return store.save(record, predictions, model_arrays(trained.model) if keep_model else None)


def model_arrays(model) -> dict[str, np.ndarray]:
    """Return a model's weights as float16 arrays named `<layer>/<variable>`."""
    return {
        f"{layer.name}/{variable.name}": np.asarray(variable).astype(np.float16)
        for layer in model.layers
        for variable in layer.weights
    }

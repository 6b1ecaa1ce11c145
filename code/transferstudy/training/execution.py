"""One run made: train, predict, measure. What comes out can be stored here or sent to where the store is."""

import time
from dataclasses import asdict, dataclass

import numpy as np

from .. import keras_settings
from ..data.corruptions import CORRUPTIONS, SEED, SEVERITIES
from ..errors import StudyError
from ..plan.spec import RunSpec


@dataclass
class Finished:
    """A finished run that is not stored yet: plain values and arrays, so that it can travel between machines.

    Attributes:
        record, predictions, model: the arguments of `Store.save`.
    """

    record: dict
    predictions: dict[str, np.ndarray]
    model: dict[str, np.ndarray] | None


def check_identity(spec: RunSpec, data) -> None:
    """Refuse images that are not those of a run's identity.

    Args:
        spec: the run.
        data: the `ImageData` that it would be made with.

    Raises:
        StudyError: a folder's content differs, or only one of the two is a folder.
    """
    if spec.data_sha256 != data.content:
        raise StudyError(
            f"run {spec.id} is for the pictures {(spec.data_sha256 or 'of ' + spec.dataset)[:12]}, but --data holds "
            f"{(data.content or data.name)[:12]}. Give the folder that the run is for, or plan the run again."
        )


def make(
    spec: RunSpec,
    data,
    weights,
    keep_model: bool = False,
    robust: bool = False,
    verbose: int = 2,
    checkpoint_every: float | None = None,
) -> Finished:
    """Train, predict and measure one run; nothing is written to the store.

    A run that trains for long keeps how far it is in the cache folder. An attempt that was stopped is gone on with, and its
    time counts; `training.unfinished.discard` removes what is kept once the run is stored.

    Args:
        spec: the run.
        data: the `ImageData` that it names.
        weights: a `WeightsFile`, or None.
        keep_model: whether its trained weights are kept.
        robust: whether corrupted test images are predicted as well; a tuning run never does that.
        verbose: as in `training.train`.
        checkpoint_every: seconds of training after which its state is kept; by default five minutes.

    Raises:
        StudyError: as `training.train` and `keras_settings.prepare`, or the images are not those of the run.
    """
    keras_settings.prepare()
    import keras

    from ..data.division import divided
    from ..results.environment import software
    from .checkpoint import INTERVAL, Checkpoint

    check_identity(spec, data)
    data = divided(data, spec.folds, spec.fold, spec.seed)
    keras_settings.use()
    keras.utils.clear_session()
    interval = INTERVAL if checkpoint_every is None else checkpoint_every
    with Checkpoint(spec, software(), interval) as checkpoint:
        return _made(spec, data, weights, keep_model, robust, verbose, checkpoint)


def _made(spec: RunSpec, data, weights, keep_model: bool, robust: bool, verbose: int, checkpoint) -> Finished:
    from ..results.environment import describe
    from ..results.metrics import measure_all
    from . import train
    from .prediction import predict, predict_corrupted

    trained = train(spec, data, weights, verbose, checkpoint=checkpoint)
    timing, rows, corruptions = dict(trained.timing), {"features": trained.rows}, None

    def timed(name: str, work):
        before, cache = time.perf_counter(), trained.cache
        counts = cache.computed, cache.reused
        result = work()
        timing[name] = {"wall": round(time.perf_counter() - before, 3)}
        rows[name] = {"computed": cache.computed - counts[0], "reused": cache.reused - counts[1]}
        return result

    predictions = timed("prediction", lambda: predict(trained, data))
    if robust and spec.purpose != "tuning":
        top, sha256 = timed("robustness", lambda: predict_corrupted(trained, data))
        predictions["robust_top1"] = top
        kinds = {kind: list(strengths) for kind, strengths in CORRUPTIONS.items()}
        corruptions = {"kinds": kinds, "severities": list(SEVERITIES), "seed": SEED, "sha256": sha256}
    timing["total"] = checkpoint.total()
    record = {
        "spec": spec.model_dump(),
        "spec_hash": spec.hash,
        "metrics": measure_all(predictions),
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
            "test": len(data.y_test) if spec.test_images is None else spec.test_images,
            **({"content": data.content} if data.content else {}),
            **({"corruptions": corruptions} if corruptions else {}),
        },
        "weights": {"name": spec.weights, "sha256": trained.weights_sha256},
        "environment": describe(),
        "timing": timing,
        "activations": rows,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(checkpoint.started)),
        **({"resumed": checkpoint.times} if checkpoint.times else {}),
    }
    return Finished(record, predictions, model_arrays(trained.model) if keep_model else None)


def model_arrays(model) -> dict[str, np.ndarray]:
    """Return a model's weights as float16 arrays named `<layer>/<variable>`."""
    return {
        f"{layer.name}/{variable.name}": np.asarray(variable).astype(np.float16)
        for layer in model.layers
        for variable in layer.weights
    }

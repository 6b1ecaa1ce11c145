"""The model that is taken away: the recommended strategy, trained on all labels, in one file that plain Keras opens."""

import contextlib
import io
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from ...data import ImageData
from ...data.batches import Batches
from ...data.division import pooled
from ...data.splits import draw_sizes
from ...errors import StudyError, printable
from ...models import between, set_trainable, split_at, standardise_head
from ...models.build import build_model
from ...plan.backbones import get_backbone
from ...plan.spec import RunSpec
from ...plan.strategies import get_strategy
from ...results.records import write_atomic
from ...training.cache import ActivationCache
from ...training.features import Views, cached_views, onward
from ...training.phase import compile_model, optimiser
from ...training.run import start_model

# What `preprocess_input` of keras.applications.vgg16 subtracts from blue, green and red.
_VGG_MEANS = (103.939, 116.779, 123.68)
LITERT, ONNX, NETWORK = "model.tflite", "model.onnx", "network"


def chosen_steps(records) -> dict[str, int]:
    """Return how many steps of each phase the runs found best on their validation pictures: the median over runs.

    Args:
        records: of the runs of the recommended strategy at all labels.
    """
    found: dict[str, list[int]] = {}
    for record in records:
        for phase in record["phases"]:
            found.setdefault(phase["name"], []).append((phase["best_round"] + 1) * phase["steps_per_round"])
    return {name: round(median(steps)) for name, steps in found.items()}


def train_on_all(spec: RunSpec, data: ImageData, weights, steps: dict[str, int]):
    """Train a strategy on every labelled picture, without validation, for a number of steps that is known.

    Pictures that the folder itself sets apart for testing stay apart.

    Args:
        spec: a run of the strategy at all labels; its seed is used.
        data: the pictures.
        weights: a `WeightsFile`, or None.
        steps: phase -> optimiser steps.

    Returns:
        Keras model from pixels (n, side, side, 3) in 0..255 to logits, and the number of pictures that it learned from.
    """
    x, y = (data.x_train, data.y_train) if data.own_test else pooled(data)[:2]
    strategy = get_strategy(spec.strategy)
    model, _ = start_model(spec, len(data.classes), data.side, weights)
    cache = ActivationCache()

    def fit(name: str, suffix, rows, cached: bool) -> None:
        n_train = draw_sizes(spec.n_labels)[0]
        peak = spec.head_learning_rate if name == "head" else spec.learning_rate
        # The schedule is that of the runs: the rate falls as it did there, up to the step that was best.
        compile_model(suffix, optimiser(spec, peak, max(spec.steps(name, n_train), steps[name])))
        batches = Batches(rows, y, spec.batch_size, steps[name], spec.seed, spec.augmentation, cached)
        suffix.fit(batches, epochs=1, verbose=0, shuffle=False)

    def views(stage: str | None) -> Views:
        prefix, _ = split_at(model, stage)
        return cached_views(prefix, x, spec.augmentation, spec.augmentation_views, spec.seed, cache)

    at_cut = views(strategy.train_from) if strategy.train_from not in (None, "all") else None
    if strategy.head_first:
        features = onward(between(model, strategy.train_from), at_cut, cache) if at_cut else views(None)
        set_trainable(model, None)
        standardise_head(model, features.rows())
        fit("head", split_at(model, None)[1], features, True)
    if strategy.train_from is not None:
        set_trainable(model, strategy.train_from)
        suffix = split_at(model, strategy.train_from)[1] if at_cut else model
        fit("main", suffix, at_cut or x, bool(at_cut))
    return model, len(y)


def portable(model, spec: RunSpec, classes: int):
    """Return a model of Keras' own layers alone: pixels (n, height, width, 3) in 0..255 in, probabilities out, in float32.

    Its part `network` takes pixels that have the model's side already.

    Args:
        model: as `train_on_all` returns it.
        spec: its run.
        classes: their number.
    """
    import keras
    from keras import layers

    backbone = get_backbone(spec.backbone)
    side, vgg = spec.image_size, backbone.preprocessing == "vgg16"
    plain = build_model(spec.backbone, classes, side, standardise=get_strategy(spec.strategy).head_first)
    for layer in plain.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    body = keras.Model(plain.get_layer("preprocess").output, plain.output, name=spec.backbone)
    square = keras.Input((side, side, 3), name="square_pixels")
    if vgg:  # blue, green, red: the first kernel is turned instead of the picture
        first = body.get_layer("block1_conv1")
        kernel, bias = first.get_weights()
        first.set_weights([kernel[:, :, ::-1], bias])
        offset = [-mean for mean in reversed(_VGG_MEANS)]
        x = layers.Rescaling(1.0, offset=offset, name="scale")(square)
    else:
        x = layers.Rescaling(1 / 255, name="scale")(square)
    network = keras.Model(square, layers.Softmax(name="probabilities")(body(x)), name=NETWORK)
    pixels = keras.Input((None, None, 3), name="pixels")
    fit = {f"{spec.fit}_to_aspect_ratio": True}
    x = layers.Resizing(side, side, antialias=True, name="square", **fit)(pixels)
    whole = keras.Model(pixels, network(x), name="portable")
    whole.trainable = False
    return whole


def opened_up(whole) -> tuple:
    """Return what a portable model is made of: the layer that scales pixels, and the network from there to logits.

    Args:
        whole: as `portable` returns it, or as it was opened from its file.
    """
    import keras

    network = whole.get_layer(NETWORK)
    return network.get_layer("scale"), next(part for part in network.layers if isinstance(part, keras.Model))


def export(whole, folder: Path) -> dict[str, str]:
    """Write the model in other formats with Keras' own `export`, where the libraries for them are installed.

    Exported models take pictures that are square already, of the model's own side: no other format knows Keras' resizing. LiteRT
    needs TensorFlow and nothing else. A file of an earlier model is removed where no new one takes its place.

    Args:
        whole: as `portable` returns it.
        folder: where to.

    Returns:
        File name -> "written", or why not.
    """
    network, found = whole.get_layer(NETWORK), {}
    network(np.zeros((1, *network.input_shape[1:]), np.float32))  # a model must have been called
    for name, kind in ((LITERT, "litert"), (ONNX, "onnx")):
        (folder / name).unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as place:
            made = Path(place) / name
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    network.export(made, format=kind, verbose=False)
                write_atomic(folder / name, made.read_bytes())
                found[name] = "written"
            except ModuleNotFoundError as error:
                found[name] = f"not written, because the package {error.name} is not installed"
            except ImportError as error:
                found[name] = f"not written: {_first_line(error)}"
            except Exception as error:  # a converter fails in its own ways, and the model itself is whole
                found[name] = f"not written: {type(error).__name__}: {_first_line(error)}"
    return found


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:200]


def check_same(model, whole, x: np.ndarray, tolerance: float = 0.05) -> float:
    """Return the largest difference of probabilities between a trained model and its portable file.

    Args:
        model: to logits.
        whole: to probabilities.
        x: pictures (n, side, side, 3).
        tolerance: largest difference that rounding to 16 bits explains.

    Raises:
        StudyError: they differ by more.
    """
    from scipy.special import softmax

    a = softmax(np.asarray(model.predict(x, verbose=0), np.float64), axis=1)
    b = np.asarray(whole.predict(x.astype("float32"), verbose=0), np.float64)
    off = float(np.abs(a - b).max())
    if off > tolerance:
        raise StudyError(
            f"the portable model differs from the trained one by {off:.2f}; please report this with {printable(model.name)}"
        )
    return off

"""Pretrained weights: checked against the network before anything is loaded."""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from ..errors import StudyError
from . import imagenet
from .archives import read_arrays
from .layout import Shapes, misfit, shapes_of


def load_weights(model, path: Path | str) -> list[str]:
    """Load a weights file into the layers of the same names; the classifier of the source task is left out.

    Args:
        model: a model of `build_model`, or `keras.applications.VGG16(include_top=False)`.
        path: a file as `archives.read_arrays` takes it.

    Returns:
        Names of the layers that were set.

    Raises:
        StudyError: damaged, or made for another network; nothing is changed then.
    """
    return set_arrays(model, imagenet.backbone_arrays(read_arrays(path)), path)


def set_arrays(model, arrays: Mapping[str, np.ndarray], where: Path | str) -> list[str]:
    """Set the weights of a model's backbone.

    Args:
        model: its layers named `head*` are left alone.
        arrays: `<layer>/<variable>` -> array, of all other layers.
        where: the file, for the error.

    Returns:
        Names of the layers that were set.

    Raises:
        StudyError: made for another network; nothing is changed then.
    """
    layers = _layers(model)
    if odd := misfit(shapes_of(arrays), _shapes(layers)):
        raise StudyError(
            f"{where}: made for another network than {model.name!r}: {odd}; give a file of that network"
        )
    for layer in layers:
        layer.set_weights([arrays[f"{layer.name}/{v.name}"] for v in layer.weights])
    return [layer.name for layer in layers]


def get_arrays(model) -> dict[str, np.ndarray]:
    """Return the weights of a model's backbone as float32 arrays named `<layer>/<variable>`."""
    return {
        f"{layer.name}/{v.name}": np.asarray(v, np.float32) for layer in _layers(model) for v in layer.weights
    }


def download() -> dict[str, np.ndarray]:
    """Return the 26 arrays of ImageNet's VGG16 from Keras' download, which Keras keeps for the next time.

    Raises:
        StudyError: the download fails, or brings other numbers.
    """
    try:
        model = keras.applications.VGG16(include_top=False, weights=imagenet.NAME)
    except Exception as error:  # Keras lets through what its network and file libraries raise
        raise StudyError(
            f"VGG16's weights {imagenet.NAME!r} could not be downloaded ({error}). "
            "Give a file that holds them with --weights PATH."
        ) from None
    arrays = get_arrays(model)
    if imagenet.imagenet_vgg16(arrays) is None:
        raise StudyError(
            f"keras.applications.VGG16: the weights {imagenet.NAME!r} that Keras downloaded are not ImageNet's VGG16: their arrays "
            f"have SHA-256 {imagenet.arrays_sha256(arrays)}, not {imagenet.SHA256}. Delete vgg16_weights_*.h5 from Keras' folder of "
            "models and try again, or give a file with --weights PATH."
        )
    return arrays


def _layers(model) -> list:
    return [layer for layer in model.layers if layer.weights and not layer.name.startswith("head")]


def _shapes(layers) -> Shapes:
    return {f"{layer.name}/{v.name}": tuple(v.shape) for layer in layers for v in layer.weights}

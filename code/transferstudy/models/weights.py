"""Pretrained weights: read from a file and checked against the network before anything is loaded."""

import hashlib
import zipfile
from pathlib import Path

import numpy as np

from ..errors import StudyError
from .quantised import restored
from .weightsfile import HELP


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read a `.npz` of arrays named `<layer>/<variable>` as float32; int8 kernels are multiplied by their scales.

    Raises:
        StudyError: the file is damaged or no such archive.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = restored({key: archive[key] for key in archive.files})
    except (OSError, KeyError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise StudyError(
            f"{path}: cannot be read as .npz weights ({error}): it may be truncated; fetch it again"
        ) from None
    if not any("/" in key for key in arrays):
        raise StudyError(f"{path}: holds no arrays named <layer>/<variable>; {HELP}")
    return arrays


def load_weights(model, path: Path) -> list[str]:
    """Load a `.npz` weights file into the layers of the same names; the head of the source task is left out.

    Args:
        model: a model of `build_model`, or `keras.applications.VGG16(include_top=False)`.
        path: archive with `<layer>/kernel`, `<layer>/bias`, ... of float16 or float32.

    Returns:
        Names of the layers that were set.

    Raises:
        StudyError: damaged, or made for another network; nothing is changed then.
    """
    arrays = read_arrays(path)
    layers = {
        layer.name: layer for layer in model.layers if layer.weights and not layer.name.startswith("head")
    }
    in_file = {key.rpartition("/")[0] for key in arrays if not key.startswith("head/")}
    if in_file != set(layers):
        odd = sorted(in_file ^ set(layers))[0]
        place = "the file" if odd in in_file else "the network"
        raise StudyError(
            f"{path}: made for another network than {model.name!r}: layer {odd!r} stands only in {place}"
        )
    values = {}
    for name, layer in layers.items():
        values[name] = []
        for variable in layer.weights:
            array = arrays.get(f"{name}/{variable.name}")
            if array is None or array.shape != tuple(variable.shape):
                found = "is missing" if array is None else f"has shape {array.shape}"
                raise StudyError(
                    f"{path}: made for another network than {model.name!r}: {name}/{variable.name} {found}, needs {tuple(variable.shape)}"
                )
            values[name].append(array)
    for name, layer in layers.items():
        layer.set_weights(values[name])
    return list(layers)


def arrays_sha256(model) -> str:
    """Return a SHA-256 over the backbone's weights (names, shapes, float32 bytes): the identity of downloaded weights."""
    hasher = hashlib.sha256()
    for layer in model.layers:
        if layer.name.startswith("head"):
            continue
        for variable in layer.weights:
            array = np.asarray(variable, dtype=np.float32)
            hasher.update(f"{layer.name}/{variable.name}{array.shape}".encode() + array.tobytes())
    return hasher.hexdigest()

"""Read the arrays of a weights file, in every container that Keras users have. Nothing that the file holds is run.

    .npz            NumPy arrays named `<layer>/<variable>`
    .h5             Keras' classic file: `<layer>/.../kernel:0`, or `block1_conv1/block1_conv1_W_1:0` as Keras' host has it
    .weights.h5     Keras 3, `model.save_weights`: `layers/conv2d_3/vars/0`, with the layer's name as an attribute
    .keras          Keras 3, `model.save`: a zip archive with such a file inside; only that file is opened

The content decides which of them a file is, not its name.
"""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np

from ..arrays import check_member
from ..errors import StudyError
from .hdf5 import named
from .quantised import SCALE, restored

FORMATS = ".npz, .weights.h5, .keras and .h5"
# Above VGG16 with its classifier (553 MB), below what fills the memory of a small machine.
LIMIT = 2**30
_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
_KERAS_MEMBER = "model.weights.h5"


def read_arrays(path: Path | str) -> dict[str, np.ndarray]:
    """Read the arrays of a weights file as float32, named `<layer>/<variable>`.

    Args:
        path: a file in one of the formats above. In a `.npz`, kernels may be int8 with a scale for each output channel
            (`quantised`); they are multiplied by it.

    Raises:
        StudyError: the file is damaged or of another format, unpacks to more than `LIMIT` bytes, or an array holds
            something else than finite numbers; the message names the file, and the array where it is one.
    """
    path = Path(path)
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
            arrays = _read(path)
    except StudyError:
        raise
    except Exception as error:  # whatever zipfile, NumPy or HDF5 raises when the bytes make no sense
        raise StudyError(
            f"{path}: this weights file cannot be read ({error}). "
            f"It may be cut short or damaged: fetch it again. {FORMATS} files can be read."
        ) from None
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise StudyError(
                f"{path}: {name} holds values that are not finite numbers (NaN or infinity), so no network can start from it. "
                "Save the weights again from a healthy model."
            )
    return arrays


def _read(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as file:
        start = file.read(len(_HDF5))
    if start == _HDF5:
        return _hdf5(path, path)
    if not start.startswith(_ZIP):
        raise StudyError(
            f"{path}: this is no weights file that can be read. Fetch it again, or save the weights with Keras' save_weights. "
            f"{FORMATS} files can be read."
        )
    with zipfile.ZipFile(path) as archive:
        if _KERAS_MEMBER in archive.namelist():
            _check_size(path, archive.getinfo(_KERAS_MEMBER).file_size)
            return _hdf5(path, io.BytesIO(archive.read(_KERAS_MEMBER)))
        members = archive.infolist()
        _check_size(path, sum(member.file_size for member in members))
        for member in members:
            try:
                check_member(archive, member)
            except ValueError as error:
                raise StudyError(
                    f"{path}: {error}. Save the weights as plain arrays of numbers. {FORMATS} files can be read."
                ) from None
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, array in arrays.items():
        _check_type(path, name, array.dtype, scaled=name + SCALE in arrays)
    if not any("/" in name for name in arrays):
        raise StudyError(
            f"{path}: no array in it is named <layer>/<variable>, such as block1_conv1/kernel. "
            "Name the arrays so, or save the model with Keras' save_weights."
        )
    return restored(arrays)


def _hdf5(path: Path, content: Path | io.BytesIO) -> dict[str, np.ndarray]:
    with h5py.File(content, "r") as file:
        datasets = named(file)
        if not datasets:
            raise StudyError(
                f"{path}: holds no layers with weights as Keras writes them. Save the model again with save_weights."
            )
        for name, dataset in datasets.items():
            if dataset.external or dataset.is_virtual:
                raise StudyError(
                    f"{path}: {name} lies in another file, and only arrays inside the weights file are read. Save the model again with "
                    "save_weights."
                )
            _check_type(path, name, dataset.dtype)
        _check_size(path, sum(dataset.nbytes for dataset in datasets.values()))
        return {name: np.asarray(dataset[()], np.float32) for name, dataset in datasets.items()}


def _check_size(path: Path, size: int) -> None:
    if size > LIMIT:
        raise StudyError(
            f"{path}: unpacks to {size / 1e9:.1f} GB, and at most {LIMIT / 1e9:.1f} GB are read. Save only the weights of the "
            "network without its classifier and optimiser: backbone.save_weights('backbone.weights.h5')."
        )


def _check_type(path: Path, name: str, dtype: np.dtype, scaled: bool = False) -> None:
    if dtype.kind != "f" and not (scaled and dtype == np.int8):
        raise StudyError(
            f"{path}: {name} holds values of type {dtype}. Weights are float16, float32 or float64 numbers, or int8 with a "
            f"float32 array {name}{SCALE} beside them. Save them so."
        )

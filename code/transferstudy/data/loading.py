"""Find a data set: an archive, the official CIFAR-10 files, a folder of class folders, or Keras' own download."""

import codecs
import io
import json
import pickle
import tarfile
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..arrays import BROKEN, check_npz
from ..errors import StudyError
from ..paths import SAMPLE
from .dataset import ImageData
from .folders.choice import Reading
from .folders.load import load_folder
from .folders.pictures import Fit
from .mosaic import from_mosaic
from .source import HELP, dataset_name, find_batches

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_LIMIT = 2**31  # bytes that a data set may unpack to; CIFAR-10 has 184 MB
_CIFAR10_COUNTS = {"train": 50_000, "test": 10_000}


def load(
    name: str,
    source: Path | None = None,
    side: int = 32,
    fit: Fit = "crop",
    reading: Reading | None = None,
) -> ImageData:
    """Load data set `name`.

    Args:
        name: "cifar10", "cifar10-sample" (the few hundred images in the package) or the name of a class-folder data set.
        source: a `.npz` archive, the folder `cifar-10-batches-py` or its `.tar.gz`, a folder of class folders, or None: then
            CIFAR-10 is downloaded by Keras.
        side: pixels a side to which a folder's images are resized; archives keep their own size.
        fit: how a folder's images become square.
        reading: what the user decided about a folder.

    Raises:
        StudyError: nothing there, a damaged or wrong file, or no network.
    """
    if name == "cifar10-sample":
        return _sample(name)
    if source is not None and dataset_name(source) is not None:
        return load_folder(name, source, side, fit, reading)
    if name != "cifar10":
        raise StudyError(f"data set {name!r} is a folder of class folders: {HELP}")
    if source is None:
        return _from_keras()
    if source.suffix == ".npz":
        return load_npz(name, source, "CIFAR-10 archive", counts=_CIFAR10_COUNTS)
    return _from_batches(source)


def _sample(name: str) -> ImageData:
    """Read the sample: training images first, then test images, both in the order of their labels' lists."""
    about = json.loads(SAMPLE.with_suffix(".json").read_text(encoding="utf-8"))
    images, count = from_mosaic(SAMPLE.read_bytes(), about["side"]), len(about["y_train"])
    train = images[:count], np.array(about["y_train"])
    test = images[count : count + len(about["y_test"])], np.array(about["y_test"])
    return ImageData.build(name, CIFAR10_CLASSES, train, test, about["origin"], SAMPLE)


def load_npz(name: str, path: Path, origin: str, counts: dict[str, int] | None) -> ImageData:
    """Load an archive with arrays x_train, y_train, x_test, y_test and, if present, classes and origin.

    Args:
        name: the data set's name.
        path: the `.npz` file.
        origin: said when the file itself does not say it.
        counts: required numbers of images a split, or None.

    Raises:
        StudyError: truncated, not an archive, arrays missing or wrong.
    """
    try:
        check_npz(path, _LIMIT)
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in ("x_train", "y_train", "x_test", "y_test")}
            classes = archive.get("classes", CIFAR10_CLASSES)
            origin = str(archive["origin"]) if "origin" in archive else origin
    except KeyError as error:
        raise StudyError(
            f"{path}: has no array {error.args[0]}; expected x_train, y_train, x_test, y_test"
        ) from None
    except BROKEN as error:
        raise StudyError(
            f"{path}: cannot be read as an .npz archive ({error}): it may be truncated; fetch or unpack it again"
        ) from None
    for split, count in (counts or {}).items():
        if len(arrays[f"x_{split}"]) != count:
            raise StudyError(
                f"{path}: x_{split} holds {len(arrays[f'x_{split}']):,} images, CIFAR-10 has {count:,}"
            )
    train, test = ((arrays[f"x_{s}"], arrays[f"y_{s}"]) for s in ("train", "test"))
    return ImageData.build(name, classes, train, test, origin, path)


def _from_batches(source: Path) -> ImageData:
    """Read the official `cifar-10-batches-py` folder, or its `.tar.gz` without unpacking it to disk."""
    names = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
    try:
        if source.is_dir():
            folder = find_batches(source)
            if odd := [name for name in names if not (folder / name).is_file()]:
                raise ValueError(f"{odd[0]} is no file")
            raw = {name: (folder / name).read_bytes() for name in names}
        else:
            with tarfile.open(source) as tar:
                members = {}
                for member in tar:  # one after the other: an archive may unpack to more than a disk holds
                    if member.offset_data + member.size > _LIMIT:
                        raise ValueError(f"it unpacks to more than {_LIMIT:,} bytes")
                    if member.isfile():
                        members[Path(member.name).name] = member
                raw = {name: tar.extractfile(members[name]).read() for name in names}
        batches = {name: _PlainUnpickler.loads(data) for name, data in raw.items()}
        x = {
            name: np.asarray(b[b"data"], np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
            for name, b in batches.items()
        }
        y = {name: np.asarray(b[b"labels"], np.int64) for name, b in batches.items()}
    except (*BROKEN, tarfile.TarError, pickle.UnpicklingError) as error:
        raise StudyError(
            f"{source}: cannot be read as CIFAR-10 ({type(error).__name__}: {error}); expected a .npz archive, the folder "
            "cifar-10-batches-py, or cifar-10-python.tar.gz; fetch it again if it is truncated"
        ) from None
    train = tuple(np.concatenate([part[name] for name in names[:5]]) for part in (x, y))
    counts = len(train[0]), len(x["test_batch"])
    if counts != tuple(_CIFAR10_COUNTS.values()):
        raise StudyError(
            f"{source}: holds {counts[0]:,} training and {counts[1]:,} test images, CIFAR-10 has 50,000 and 10,000"
        )
    return ImageData.build(
        "cifar10",
        CIFAR10_CLASSES,
        train,
        (x["test_batch"], y["test_batch"]),
        "official CIFAR-10 batches",
        source,
    )


class _PlainUnpickler(pickle.Unpickler):
    """Reads the official batches and nothing else: a pickle may otherwise run any code."""

    # What arrays need, as Python 2 wrote them in the official files and as Python 3 writes them in copies.
    _ALLOWED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): codecs.encode,
    }

    def find_class(self, module, name):
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(
                f"the file asks for {module}.{name}, which CIFAR-10's own files do not"
            )
        return self._ALLOWED[module, name]

    @classmethod
    def loads(cls, data: bytes):
        return cls(io.BytesIO(data), encoding="bytes").load()


def _from_keras() -> ImageData:
    from keras.datasets import cifar10  # imported late: the only loader that needs a framework

    try:
        train, test = cifar10.load_data()
    except (
        Exception
    ) as error:  # Keras raises different types for no network, a proxy's answer or a bad archive
        raise StudyError(
            f"CIFAR-10 could not be downloaded ({error}); {HELP}: a cifar10.npz, cifar-10-python.tar.gz or cifar-10-batches-py"
        ) from None
    return ImageData.build(
        "cifar10", CIFAR10_CLASSES, train, test, "downloaded by keras.datasets", "keras.datasets.cifar10"
    )

"""ImageNet's VGG16, recognised by its numbers: the same weights in any file, or from Keras' download, are the same weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .layout import misfit, shapes_of, stack_shapes, without_top

if TYPE_CHECKING:
    import numpy as np

NAME = "imagenet"
BACKBONE = "vgg16"
# `arrays_sha256` of the 13 convolutions that keras.applications.VGG16(weights="imagenet") downloads. How this was checked
# against what others published of that file is told in cards/vgg16-imagenet.yaml.
SHA256 = "ef077bd548cd57b713180fff62ac219b86ac1846b726a32e1cea190a0683e921"


def arrays_sha256(arrays: Mapping[str, np.ndarray]) -> str:
    """Return a SHA-256 over name, shape and little-endian float32 bytes of each array, sorted by name.

    It says what the weights are, whatever file holds them.
    """
    import numpy as np

    hasher = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name], "<f4")
        hasher.update(f"{name}{array.shape}".encode() + array.tobytes())
    return hasher.hexdigest()


def imagenet_vgg16(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    """Return ImageNet's VGG16 if it is among the arrays of a file: its 26 arrays, without what stands around them.

    Args:
        arrays: `<layer>/<variable>` -> float32 array.
    """
    wanted = stack_shapes(BACKBONE)
    found = {name: arrays[name] for name in wanted if name in arrays}
    whole = misfit(shapes_of(found), wanted) is None
    return found if whole and arrays_sha256(found) == SHA256 else None


def backbone_arrays(arrays: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Return the arrays of a file that belong to a backbone: ImageNet's VGG16 if it is among them, else all but a classifier."""
    return imagenet_vgg16(arrays) or without_top(arrays)

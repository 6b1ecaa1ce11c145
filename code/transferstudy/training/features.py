"""A frozen prefix is computed once per image and augmentation view; training the suffix then costs only the suffix."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache as once

import keras
import numpy as np

from ..data.augmentation import augment
from .cache import ActivationCache

_ROWS = 4096  # images that are in memory at once, as activations


def activations(prefix: keras.Model, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """Return the prefix' output for uint8 images, float32, shape (n, ...)."""
    return np.asarray(prefix.predict(images, batch_size=batch_size, verbose=0), dtype=np.float32)


@dataclass(frozen=True)
class Known:
    """An array together with the digest of what it was made from.

    Attributes:
        array: images or activations, shape (n, ...).
        identity: SHA-256 of the pixels; for activations, also over the network parts that made them.
    """

    array: np.ndarray
    identity: str

    @classmethod
    def images(cls, pixels: np.ndarray) -> "Known":
        """Take images, uint8 (n, side, side, 3): their identity is the hash of their pixels.

        So it covers the data set, the drawn subset, the seed and the augmentation at once, and stays right should any
        of these be made in another way.
        """
        return cls(pixels, hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest())


class Views:
    """Activations of several views of the same images, indexed like one array of shape (views, n, ...).

    Args:
        known: one entry a view, equal in shape.
    """

    def __init__(self, known: list[Known]):
        self.known = known
        self.arrays = [view.array for view in known]

    def __len__(self) -> int:
        return len(self.arrays)

    def __getitem__(self, index: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Return rows: `index` holds the view and the image of each."""
        views, images = index
        rows = np.empty((len(images), *self.arrays[0].shape[1:]), self.arrays[0].dtype)
        for view in np.unique(views):
            of_view = views == view
            rows[of_view] = self.arrays[view][images[of_view]]
        return rows

    def rows(self) -> np.ndarray:
        """Return all views one after another: (views * n, ...)."""
        return np.concatenate(self.arrays)


@once
def _software() -> str:
    from ..results.environment import accelerators, versions

    return json.dumps([keras.backend.backend(), versions(), accelerators()], sort_keys=True)


def identity(part: keras.Model) -> str:
    """Return a SHA-256 over a network part: its layers and their settings, its weights, and the software that runs it.

    The weights themselves are hashed, not the name of the file or the seed that they came from.
    """
    hasher = hashlib.sha256(_software().encode())
    layers = json.dumps(part.get_config()["layers"], sort_keys=True, default=str)
    for layer in part.layers:
        if isinstance(layer, keras.layers.InputLayer):  # Keras numbers the inputs of parts as it makes them
            layers = layers.replace(f'"{layer.name}"', '"input"')
    hasher.update(layers.encode())
    for layer in part.layers:
        for variable in layer.weights:
            array = np.asarray(variable)
            hasher.update(f"{layer.name}/{variable.name}{array.shape}{array.dtype}".encode())
            hasher.update(array.tobytes())
    return hasher.hexdigest()


def through(
    part: keras.Model,
    given: Known,
    cache: ActivationCache,
    batch_size: int = 256,
    part_identity: str | None = None,
) -> Known:
    """Carry an array through a frozen part of a network, or find what an earlier run computed.

    Args:
        part: maps `given.array` to activations, one tensor.
        given: images or activations.
        cache: where the result is kept.
        batch_size: images a step.
        part_identity: `identity(part)`, where the caller knows it already.

    Returns:
        Activations, float32 (n, ...), with their identity.
    """
    key = hashlib.sha256(f"{part_identity or identity(part)}:{given.identity}".encode()).hexdigest()
    step = max(batch_size, _ROWS // batch_size * batch_size)

    def chunks() -> Iterator[np.ndarray]:
        for start in range(0, len(given.array), step):
            yield activations(part, given.array[start : start + step], batch_size)

    shape = (len(given.array), *part.output_shape[1:])
    return Known(cache.get(key, shape, chunks), key)


def image_views(images: np.ndarray, augmentation: str, views: int, seed: int) -> Iterator[np.ndarray]:
    """Make augmented views of images, one after another; the first one is the images themselves.

    Args:
        images: uint8 pixels (n, side, side, 3).
        augmentation: as in `augment`; with "none" one view is enough and only one is made.
        views: number of views.
        seed: source of the augmentations.
    """
    yield images
    for view in range(1, 1 if augmentation == "none" else views):
        rng = np.random.default_rng((seed, 2, view))
        yield augment(images, augmentation, rng)


def cached_views(
    prefix: keras.Model,
    images: np.ndarray,
    augmentation: str,
    views: int,
    seed: int,
    cache: ActivationCache,
) -> Views:
    """Return activations of augmented views of each image; arguments as in `image_views` and `through`."""
    name = identity(prefix)
    return Views(
        [
            through(prefix, Known.images(view), cache, part_identity=name)
            for view in image_views(images, augmentation, views, seed)
        ]
    )


def onward(rest: keras.Model, at_cut: Views, cache: ActivationCache) -> Views:
    """Carry all views on through `rest`, a later frozen part, so that the first part need not run again."""
    name = identity(rest)
    return Views([through(rest, view, cache, part_identity=name) for view in at_cut.known])

"""A frozen prefix is computed once per image and augmentation view; training the suffix then costs only the suffix."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache as once

import keras
import numpy as np

from ..data.augmentation import augment
from ..data.dataset import pixel_digests
from .cache import ActivationCache
from .rows import Rows

_FLOATS = 2**25  # numbers in the largest activation of a batch: 128 MiB
_BATCH = 8, 64  # images a batch, at least and at most


def batch_of(part: keras.Model) -> int:
    """Return how many images go through a network part at once: as many for every run, whatever the number of images."""
    largest = max(int(np.prod(tensor.shape[1:])) for layer in part.layers for tensor in _outputs(layer))
    return min(max(_FLOATS // largest, _BATCH[0]), _BATCH[1])


def _outputs(layer: keras.Layer) -> list:
    return layer.output if isinstance(layer.output, list | tuple) else [layer.output]


def activations(part: keras.Model, rows) -> Iterator[np.ndarray]:
    """Carry rows through a part of a network, batch by batch.

    Every batch has the same shape, the last one filled up with copies of its last row: libraries choose how they compute by
    the shape, and a row's activations must not depend on which other rows a run happens to ask for.

    Args:
        part: maps images or activations to activations, one tensor.
        rows: (n, ...), anything that slices give arrays of.

    Yields:
        Activations, float32 (k, ...).
    """
    size = batch_of(part)
    for start in range(0, len(rows), size):
        given = rows[start : start + size]
        filled = np.concatenate([given, np.repeat(given[-1:], size - len(given), axis=0)])
        yield np.asarray(part.predict_on_batch(filled), np.float32)[: len(given)]


@dataclass(frozen=True)
class Known:
    """Rows together with the digest of what each was made from.

    Attributes:
        array: images or activations (n, ...): an array, or what gives rows for positions.
        digests: 32 bytes a row: SHA-256 of an image's pixels; for activations, also over the network parts that made them.
    """

    array: "np.ndarray | Rows | ImageViews"
    digests: list[bytes]

    @classmethod
    def images(cls, pixels: np.ndarray) -> "Known":
        """Take images, uint8 (n, side, side, 3): the hash of an image's pixels is its digest.

        So runs of any data set, subset, seed and augmentation share an image that they have in common, and none shares one
        by mistake should any of these be made in another way.
        """
        return cls(pixels, pixel_digests(pixels))


class Views:
    """Activations of several views of the same images, indexed like one array of shape (views, n, ...).

    Args:
        known: view after view, (views * n, ...).
        views: how many there are.
    """

    def __init__(self, known: Known, views: int):
        self.known, self._views = known, views

    def __len__(self) -> int:
        return self._views

    def __getitem__(self, index: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Return rows: `index` holds the view and the image of each."""
        views, images = index
        return self.known.array[views * (len(self.known.digests) // self._views) + images]

    def rows(self) -> np.ndarray:
        """Return all views one after another: (views * n, ...)."""
        return np.asarray(self.known.array)


@once
def _software() -> str:
    from ..results.environment import accelerators, versions

    return json.dumps([keras.backend.backend(), versions(), accelerators()], sort_keys=True)


def identity(part: keras.Model) -> str:
    """Return a SHA-256 over a network part: its layers and their settings, its weights, and the software that runs it.

    The weights themselves are hashed, not the name of the file or the seed that they came from. Which layers learn is left
    out: a part that only predicts computes the same. The size of batches counts, because last digits may depend on it.
    """
    hasher = hashlib.sha256(f"{_software()}{batch_of(part)}".encode())
    settings = part.get_config()["layers"]
    for layer in settings:
        layer["config"].pop("trainable", None)
    layers = json.dumps(settings, sort_keys=True, default=str)
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


class _Chosen:
    """Some rows of a large array, each read when its batch comes."""

    def __init__(self, array, positions: np.ndarray):
        self._array, self._positions = array, positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, part: slice) -> np.ndarray:
        return self._array[self._positions[part]]


def through(part: keras.Model, given: Known, cache: ActivationCache) -> Known:
    """Carry rows through a frozen part of a network, or find what an earlier run computed.

    Args:
        part: maps `given.array` to activations, one tensor.
        given: images or activations.
        cache: where the result is kept.

    Returns:
        Activations, float32 (n, ...), with their digests.
    """
    name = identity(part)
    array = cache.get(
        name,
        given.digests,
        part.output_shape[1:],
        lambda positions: activations(part, _Chosen(given.array, positions)),
    )
    return Known(array, [hashlib.sha256(name.encode() + digest).digest() for digest in given.digests])


class ImageViews:
    """Augmented views of images, view after view, like one array (views * n, side, side, 3); the first are the images themselves.

    A view is made anew when rows of it are asked for, and one is in memory at a time.

    Args:
        images: uint8 pixels (n, side, side, 3).
        augmentation: as in `augment`; with "none" one view is enough and only one is made.
        views: number of views.
        seed: source of the augmentations.
    """

    def __init__(self, images: np.ndarray, augmentation: str, views: int, seed: int):
        self.views = 1 if augmentation == "none" else views
        self._images, self._augmentation, self._seed = images, augmentation, seed
        self._number, self._last = 0, images

    def __len__(self) -> int:
        return self.views * len(self._images)

    def view(self, number: int) -> np.ndarray:
        """Return all images of one view, uint8 (n, side, side, 3)."""
        if number == 0:
            return self._images
        if number != self._number:
            rng = np.random.default_rng((self._seed, 2, number))
            self._number, self._last = number, augment(self._images, self._augmentation, rng)
        return self._last

    def __getitem__(self, positions: np.ndarray) -> np.ndarray:
        """Return the images at positions, uint8 (k, side, side, 3)."""
        views, images = np.divmod(positions, len(self._images))
        rows = np.empty((len(positions), *self._images.shape[1:]), self._images.dtype)
        for number in np.unique(views).tolist():
            here = views == number
            rows[here] = self.view(number)[images[here]]
        return rows

    def known(self) -> Known:
        """Return all views with their digests."""
        return Known(
            self, [digest for number in range(self.views) for digest in pixel_digests(self.view(number))]
        )


def cached_views(
    prefix: keras.Model,
    images: np.ndarray,
    augmentation: str,
    views: int,
    seed: int,
    cache: ActivationCache,
) -> Views:
    """Return activations of augmented views of each image; arguments as in `ImageViews` and `through`."""
    made = ImageViews(images, augmentation, views, seed)
    return Views(through(prefix, made.known(), cache), made.views)


def onward(rest: keras.Model, at_cut: Views, cache: ActivationCache) -> Views:
    """Carry all views on through `rest`, a later frozen part, so that the first part need not run again."""
    return Views(through(rest, at_cut.known, cache), len(at_cut))

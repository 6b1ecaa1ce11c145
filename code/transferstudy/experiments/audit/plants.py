"""Copies of real images, changed in known ways and planted into the other set: how many of them does the audit find?"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from .descriptors import SIDE

BICUBIC = Image.Resampling.BICUBIC


def _crop(image: Image.Image, rng, height: float, width: float) -> Image.Image:
    side = image.width
    h, w = height * side, width * side
    top, left = rng.uniform(0, side - h), rng.uniform(0, side - w)
    return image.resize((SIDE, SIDE), BICUBIC, box=(left, top, left + w, top + h))


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.resize((SIDE, SIDE), BICUBIC).save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def _brightness(image: Image.Image, rng) -> Image.Image:
    factor = rng.uniform(0.6, 0.8) if rng.random() < 0.5 else rng.uniform(1.25, 1.5)
    return ImageEnhance.Brightness(image.resize((SIDE, SIDE), BICUBIC)).enhance(factor)


def _coarser(image: Image.Image) -> Image.Image:
    """As soft as many images of CIFAR-10 are beside those of larger collections."""
    return image.resize((20, 20), BICUBIC).resize((SIDE, SIDE), BICUBIC)


def _several(image: Image.Image, rng) -> Image.Image:
    return _jpeg(_brightness(ImageOps.mirror(_crop(image, rng, 7 / 8, 7 / 8)), rng), 75)


# What is done to a copy, in words that the pages show. Numbers: shares of the side, JPEG qualities, factors on pixel values.
KINDS: dict[str, Callable] = {
    "jpeg": lambda image, rng: _jpeg(image, 50),
    "coarser": lambda image, rng: _coarser(image),
    "brightness": _brightness,
    "mirrored": lambda image, rng: ImageOps.mirror(image.resize((SIDE, SIDE), BICUBIC)),
    "crop-7/8": lambda image, rng: _crop(image, rng, 7 / 8, 7 / 8),
    "crop-3/4": lambda image, rng: _crop(image, rng, 3 / 4, 3 / 4),
    "narrower": lambda image, rng: _crop(image, rng, 1, 3 / 4),
    "several": _several,
}


def plant(images: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return changed copies of images.

    Args:
        images: uint8 RGB, (n, side, side, 3), side at least 32.
        kind: one of `KINDS`.
        rng: decides where crops lie and how far brightness moves.

    Returns:
        uint8 (n, 32, 32, 3).
    """
    change = KINDS[kind]
    return np.stack([np.asarray(change(Image.fromarray(image), rng).convert("RGB")) for image in images])

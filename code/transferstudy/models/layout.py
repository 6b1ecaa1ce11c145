"""Which weights a network has, by name and shape, and whether those of a file fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Stack:
    """VGG's pattern (Simonyan & Zisserman 2015, table 1): stages of 3x3 convolutions, each followed by a 2x2 max pooling.

    Attributes:
        widths: output channels of the convolutions of each stage.
        depths: how many convolutions each stage has.
        batch_norm: whether batch normalisation follows each convolution, which then has no bias.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    batch_norm: bool

    def layers(self) -> list[tuple[int, int, int]]:
        """Return (stage, place within the stage, width) of each convolution, in order; both count from 1."""
        return [
            (stage, place, width)
            for stage, (width, depth) in enumerate(zip(self.widths, self.depths, strict=True), 1)
            for place in range(1, depth + 1)
        ]


_VGG16 = ((64, 128, 256, 512, 512), (2, 2, 3, 3, 3))
STACKS = {
    "vgg16": Stack(*_VGG16, batch_norm=False),
    "vgg16_bn": Stack(*_VGG16, batch_norm=True),
    "compact": Stack((32, 64, 128), (2, 2, 2), batch_norm=True),
    "compact_wide": Stack((64, 128, 256), (2, 2, 2), batch_norm=True),
}


def convolutions(backbone: str) -> list[str]:
    """Return the names of a stack's convolutions, in order: block1_conv1, block1_conv2, ..."""
    return [f"block{stage}_conv{place}" for stage, place, _ in STACKS[backbone].layers()]


def stack_shapes(backbone: str) -> Shapes:
    """Return the shape of every weight of a stack without its classifier, by `<layer>/<variable>`."""
    stack, channels, shapes = STACKS[backbone], 3, {}
    for stage, place, width in stack.layers():
        name = f"block{stage}_conv{place}"
        shapes[f"{name}/kernel"] = (3, 3, channels, width)
        if stack.batch_norm:
            parts = ("gamma", "beta", "moving_mean", "moving_variance")
            shapes |= {f"block{stage}_bn{place}/{part}": (width,) for part in parts}
        else:
            shapes[f"{name}/bias"] = (width,)
        channels = width
    return shapes


def without_top(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return weights without those of a classifier: layers named `head*`, and dense layers (a kernel of two axes)."""
    top = {_layer(name) for name, array in arrays.items() if name.endswith("/kernel") and array.ndim == 2}
    return {n: a for n, a in arrays.items() if not n.startswith("head") and _layer(n) not in top}


def shapes_of(arrays: Mapping[str, np.ndarray]) -> Shapes:
    """Return the shape of each array."""
    return {name: array.shape for name, array in arrays.items()}


def misfit(found: Shapes, wanted: Shapes) -> str | None:
    """Say where weights do not fit a network, or return None where they do.

    Args:
        found: of a file, without the classifier.
        wanted: of the network's backbone.
    """
    odd = sorted(_layers(found) ^ _layers(wanted))
    if odd:
        place = "the file" if odd[0] in _layers(found) else "the network"
        return f"layer {odd[0]!r} stands only in {place}"
    for name, shape in wanted.items():
        if found.get(name) != shape:
            has = "is missing" if name not in found else f"has shape {found[name]}"
            return f"{name} {has}, needs {shape}"
    return None


def _layer(name: str) -> str:
    return name.rpartition("/")[0]


def _layers(names: Iterable[str]) -> set[str]:
    return {_layer(name) for name in names}

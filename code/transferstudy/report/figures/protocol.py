"""How images are used: drawn, nested, split, and tested once."""

import numpy as np
from matplotlib.figure import Figure

from ...analysis.study import Study
from ...data import ImageData
from ...data.mosaic import tiled
from ...data.splits import draw_sizes
from ..cards import card
from ..values import count
from .diagram import arrow, box, plane
from .style import colour


def _pictures(axis, images: np.ndarray, place: tuple[float, float, float, float], columns: int) -> None:
    left, bottom, width, height = place
    axis.imshow(
        tiled(images, columns), extent=(left, left + width, bottom, bottom + height), interpolation="none",
        aspect="auto", zorder=1,
    )  # fmt: skip


def protocol(study: Study, sample: ImageData, theme: str = "light", size: str = "page") -> Figure:
    """From images to a score: labels are drawn, each draw inside the next, part of it chooses which state is kept; testing comes once."""
    images, facts = study.first["data"], card(study.first["data"]["name"])["images"]
    if size == "phone":
        return _below(study, sample, theme)
    height = 38.0
    with plane(theme, size, height / 100) as (figure, axis, face):
        tone, small = colour("finetune_all", theme), face.font * 0.92
        train, test = _some(sample)
        _pictures(axis, train, (0, 8, 24, 24), 6)
        pool = f"{count(facts['train'])} images\nto draw from"
        axis.text(12, 33, pool, ha="center", va="bottom", linespacing=1.25)
        axis.text(
            12, 7, f"{len(images['classes'])} classes,\n{images['side']} pixels a side", ha="center", va="top",
            color=face.muted, fontsize=small, linespacing=1.3,
        )  # fmt: skip
        arrow(axis, (24.8, 20), (29.2, 20), face)
        drawn = "labels drawn, each\ndraw inside the next"
        axis.text(31, 33, drawn, ha="left", va="bottom", linespacing=1.25)
        _draws(axis, study, face, tone, (39.5, 24.0, 32.0, 8.0))
        arrow(axis, (64.4, 20), (68.8, 24), face)
        axis.text(84.7, 33, "model", ha="center", va="bottom")
        box(axis, (69.5, 22.5, 30.5, 9.5), "prepare pixels,\nbackbone, head", face, "filled", tone)
        _pictures(axis, test, (69.5, 7.5, 30.5, 10.17), 9)
        arrow(axis, (84.7, 18.2), (84.7, 22), face)
        axis.text(
            84.7, 6.5, f"{count(images['test'])} test images,\nread once, at the end", ha="center", va="top",
            color=face.muted, fontsize=small, linespacing=1.3,
        )  # fmt: skip
    return figure


def _some(sample: ImageData) -> tuple[np.ndarray, np.ndarray]:
    """A few training images of every class, and a few test images."""
    of_each = [np.flatnonzero(sample.y_train == k)[:4] for k in range(len(sample.classes))]
    train = sample.x_train[np.array(of_each).T.ravel()[:36]]
    return train, sample.x_test[np.linspace(0, len(sample.x_test) - 1, 18).astype(int)]


def _below(study: Study, sample: ImageData, theme: str) -> Figure:
    """The same from top to bottom, for a phone."""
    images, facts = study.first["data"], card(study.first["data"]["name"])["images"]
    rows = len(study.sizes)
    bars = 7.0 * rows
    top = bars + 107
    with plane(theme, "phone", top / 100) as (figure, axis, face):
        tone, small = colour("finetune_all", theme), face.font * 0.92
        train, test = _some(sample)
        _pictures(axis, train, (0, top - 31, 30, 30), 6)
        axis.text(34, top - 2, f"{count(facts['train'])} images\nto draw from", va="top", linespacing=1.3)
        axis.text(
            34, top - 16, f"{len(images['classes'])} classes,\n{images['side']} pixels a side", va="top",
            color=face.muted, fontsize=small, linespacing=1.3,
        )  # fmt: skip
        arrow(axis, (15, top - 31.5), (15, top - 37), face)
        axis.text(0, top - 38, "labels drawn, each draw inside the next", va="top")
        _draws(axis, study, face, tone, (22.0, 78.0, top - 44, top - 44 - bars))
        arrow(axis, (61, 55), (61, 50), face)
        box(axis, (22, 36, 78, 13.5), "prepare pixels,\nbackbone, head", face, "filled", tone)
        axis.text(19, 42.7, "model", ha="right", va="center")
        arrow(axis, (61, 29.8), (61, 35.4), face)
        _pictures(axis, test, (22, 12, 78, 17.3), 9)
        axis.text(
            61, 10.8, f"{count(images['test'])} test images,\nread once, at the end", ha="center", va="top",
            color=face.muted, fontsize=small, linespacing=1.3,
        )  # fmt: skip
    return figure


def _draws(axis, study: Study, face, tone: str, place: tuple[float, float, float, float]) -> None:
    """The draws as bars on a logarithmic scale, largest below: filled to learn from, hatched to choose which state is kept.

    `place` is left, width, top, bottom.
    """
    left, width, top, bottom = place
    small, sizes = face.font * 0.92, study.sizes
    step = (top - bottom) / len(sizes)
    lengths = np.log10(np.array(sizes) / sizes[0]) + 1
    for row, (n, length) in enumerate(zip(sizes, width * lengths / lengths[-1], strict=True)):
        y, thick = top - step * (row + 1), min(4.0, step * 0.7)
        share = draw_sizes(n)[0] / n
        learned, low = length * share, y + (step - thick) / 2
        box(axis, (left, low, learned, thick), "", face, "filled", tone, corner=0)
        box(axis, (left + learned, low, length * (1 - share), thick), "", face, "frozen", tone, corner=0)
        axis.text(left - 1, y + step / 2, count(n), ha="right", va="center", fontsize=small)
    axis.text(left, bottom - 1, "learn from", ha="left", va="top", color=tone, fontsize=small)
    axis.text(
        left + width, bottom - 1, "keep the best", ha="right", va="top", color=face.muted, fontsize=small
    )

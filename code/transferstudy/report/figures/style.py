"""One look for all figures: two themes, two sizes, one colour and one marker a strategy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

THEMES = ("light", "dark")
SIZES = ("page", "slide")


@dataclass(frozen=True)
class Look:
    """Colours of a theme and measures of a size.

    Attributes:
        ink, muted, grid, paper, fill: text, secondary text, grid lines, page background, quiet areas.
        width: of a figure, in inches (96 CSS pixels each).
        font: base font size in points.
        line, marker: line width and marker size in points.
        theme, size: the names.
    """

    ink: str
    muted: str
    grid: str
    paper: str
    fill: str
    width: float
    font: float
    line: float
    marker: float
    theme: str
    size: str


_COLOURS = {
    "light": {"ink": "#1b1f24", "muted": "#57606a", "grid": "#d8dee4", "paper": "#ffffff", "fill": "#eaeef2"},
    "dark": {"ink": "#e6edf3", "muted": "#a5b0bb", "grid": "#39424d", "paper": "#14181d", "fill": "#2a323b"},
}
# On a slide nothing may be smaller than 20 CSS pixels, which is 15 points.
_MEASURES = {
    "page": {"width": 7.4, "font": 10.5, "line": 1.8, "marker": 6.0},
    "slide": {"width": 11.6, "font": 17.0, "line": 3.0, "marker": 10.0},
}

# Okabe and Ito's palette (2008, jfly.uni-koeln.de/color), distinguishable by colour-blind readers; a second tone where
# the original is too pale on white or too dark on black. Markers carry the same distinction in black and white.
_STRATEGY = {
    "finetune_all": ("#0072b2", "#56b4e9", "o", "-"),
    "finetune_block5": ("#007a5a", "#1fc79a", "s", "-"),
    "linear_probe": ("#9c4f7f", "#e79fc8", "D", "-"),
    "small_finetune": ("#7a6a00", "#f0e442", "P", "-"),
    "small_scratch": ("#a84300", "#f2803a", "^", "--"),
    "scratch_bn": ("#8a6100", "#e8b03a", "v", "--"),
    "scratch": ("#57606a", "#b6c2cf", "X", "--"),
    "random_features": ("#7d8590", "#8b949e", "*", ":"),
}
_OTHER = ("#57606a", "#b6c2cf", "h", "-")


def look(theme: str, size: str) -> Look:
    """Return the look of a theme and size.

    Raises:
        ValueError: unknown theme or size.
    """
    if theme not in THEMES or size not in SIZES:
        raise ValueError(f"theme must be one of {THEMES} and size one of {SIZES}, not {theme!r} and {size!r}")
    return Look(**_COLOURS[theme], **_MEASURES[size], theme=theme, size=size)


def colour(strategy: str, theme: str) -> str:
    """Return the colour of a strategy: the same everywhere."""
    return _STRATEGY.get(strategy, _OTHER)[THEMES.index(theme)]


def marker(strategy: str) -> str:
    """Return the marker of a strategy."""
    return _STRATEGY.get(strategy, _OTHER)[2]


def dash(strategy: str) -> str:
    """Return the line style of a strategy: solid when it starts from pretrained weights."""
    return _STRATEGY.get(strategy, _OTHER)[3]


@contextmanager
def canvas(
    theme: str, size: str, height: float, rows: int = 1, columns: int = 1, **options
) -> Iterator[tuple]:
    """Make a figure in a theme and size.

    Args:
        theme: "light" or "dark".
        size: "page" or "slide".
        height: height as a share of the width.
        rows: of axes.
        columns: of axes.
        options: passed to `plt.subplots`.

    Yields:
        (figure, axes, look); axes as `plt.subplots` gives them.
    """
    face = look(theme, size)
    settings = {
        "font.size": face.font,
        "font.family": "DejaVu Sans",
        "axes.titlesize": face.font,
        "axes.labelsize": face.font,
        "xtick.labelsize": face.font * 0.92,
        "ytick.labelsize": face.font * 0.92,
        "legend.fontsize": face.font * 0.92,
        "text.color": face.ink,
        "axes.labelcolor": face.ink,
        "axes.edgecolor": face.muted,
        "xtick.color": face.ink,
        "ytick.color": face.ink,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": face.grid,
        "grid.linewidth": 0.8,
        "lines.linewidth": face.line,
        "lines.markersize": face.marker,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "svg.hashsalt": "transferstudy",
    }
    _use_svg()
    with mpl.rc_context(settings):
        figure, axes = plt.subplots(
            rows, columns, figsize=(face.width, face.width * height), layout="constrained", **options
        )
        yield figure, axes, face


def _use_svg() -> None:
    """In a notebook, show figures as SVG at their exact size; elsewhere do nothing."""
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    if get_ipython() is not None:
        set_matplotlib_formats("svg", bbox_inches=None, metadata={"Date": None})


def spread(positions: list[float], gap: float, low: float, high: float) -> np.ndarray:
    """Move label positions apart until neighbours are at least `gap` from each other, keeping their order.

    Args:
        positions: wanted positions.
        gap: smallest distance.
        low: lowest position allowed.
        high: highest position allowed; if the labels do not fit in between, they stand evenly from `low` on.

    Returns:
        Positions in the order given.
    """
    order = np.argsort(positions, kind="stable")
    placed = np.clip(np.array(positions, float)[order], low, high)
    for _ in range(500):
        distance = np.diff(placed)
        if (distance >= gap - 1e-6).all():
            break
        for i in np.flatnonzero(distance < gap - 1e-6):
            push = (gap - (placed[i + 1] - placed[i])) / 2
            placed[i] -= push
            placed[i + 1] += push
        placed += max(0.0, low - placed[0]) - max(0.0, placed[-1] - high)
    result = np.empty_like(placed)
    result[order] = placed
    return result

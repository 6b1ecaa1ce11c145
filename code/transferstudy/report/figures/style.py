"""One look for all figures: two themes, three sizes, one colour and one marker a strategy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.pyplot as plt

from ...plan.strategies import STRATEGIES

THEMES = ("light", "dark")
SIZES = ("page", "slide", "phone")
TILTED = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}  # words below an axis


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
# A slide's figure is as wide as the text of a slide, 1,152 CSS pixels. Nothing on it may be smaller than 20 of them, which
# is 15 points. A phone's is 326 pixels wide, so that it fits one of 360; nothing on it may be smaller than 10.
_MEASURES = {
    "page": {"width": 7.4, "font": 10.5, "line": 1.8, "marker": 6.0},
    "phone": {"width": 3.4, "font": 9.0, "line": 1.5, "marker": 4.6},
    "slide": {"width": 12.0, "font": 17.5, "line": 3.2, "marker": 10.5},
}

# One colour a strategy. Chosen by search so that every pair stays apart for readers with protanopia, deuteranopia and
# tritanopia (simulated after Machado et al. 2009, doi:10.1109/TVCG.2009.113), and every colour is fit for text on its
# background (4.5:1). Markers and dashes carry the same distinction in black and white. Tests hold all three.
_STRATEGY = {
    "finetune_all": ("#1d63c0", "#4db5ff", "o"),
    "finetune_block5": ("#0f6b43", "#4fe39a", "s"),
    "linear_probe": ("#7d1075", "#e06ccf", "D"),
    "small_finetune": ("#9333ea", "#9d6aff", "P"),
    "small_scratch": ("#8a1f00", "#e08a70", "^"),
    "scratch_bn": ("#85701c", "#f5c23d", "v"),
    "scratch": ("#1b1f24", "#f2f5f8", "X"),
    "random_features": ("#6b7685", "#8a95a2", "*"),
}
_GREY = "#57606a", "#b6c2cf"
# All others are grey, and told apart by marker and dashes alone.
_OTHERS = {
    "finetune_block4": "p", "finetune_block3": "h", "finetune_block2": "d", "wide_scratch": "<", "residual_scratch": ">",
}  # fmt: skip
_SYMBOLS = {
    "o": "●", "s": "■", "D": "◆", "P": "✚", "^": "▲", "v": "▼", "X": "✖", "*": "★",
    "p": "⬟", "h": "⬢", "d": "♦", "<": "◀", ">": "▶",
}  # fmt: skip


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
    return _STRATEGY.get(strategy, _GREY)[THEMES.index(theme)]


def marker(strategy: str) -> str:
    """Return the marker of a strategy."""
    return _STRATEGY[strategy][2] if strategy in _STRATEGY else _OTHERS[strategy]


def dash(strategy: str) -> str:
    """Return the line style of a strategy: solid from pretrained weights, dashed from random ones, dotted for the control."""
    return ":" if strategy == "random_features" else "-" if STRATEGIES[strategy].pretrained else "--"


def symbol(strategy: str) -> str:
    """Return the marker of a strategy as a character, for text."""
    return _SYMBOLS[marker(strategy)]


def by_size(size: str, page, slide, phone):
    """Return what belongs to a size, such as the height of a figure."""
    return {"page": page, "slide": slide, "phone": phone}[size]


@contextmanager
def canvas(
    theme: str, size: str, height: float, rows: int = 1, columns: int = 1, **options
) -> Iterator[tuple]:
    """Make a figure in a theme and size, of a height that is a share of its width; options go to `plt.subplots`.

    Yields:
        (figure, axes, look); axes as `plt.subplots` gives them.
    """
    face = look(theme, size)
    settings = {
        **dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize"), face.font),
        **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), face.font * 0.92),
        **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), face.ink),
        **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), "none"),
        "font.family": "DejaVu Sans", "axes.edgecolor": face.muted, "grid.color": face.grid, "grid.linewidth": 0.8,
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
        "lines.linewidth": face.line, "lines.markersize": face.marker,
        "text.parse_math": False,  # names of classes may hold dollars
    }  # fmt: skip
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

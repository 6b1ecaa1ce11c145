"""Marks that many figures share: intervals, seeds, and names that stand beside the lines they belong to."""

import matplotlib.ticker as ticker
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from .style import Look

# What an artist stands for, kept as its id: it reaches the SVG, and tests look for it.
INTERVAL_ID, SEED_ID = "interval", "seed"
# Characters of a name that fit beside a phone's chart, and in half its width.
_SHORT, _HALF = 10, 17


def draw_interval(axis: Axes, x, y, tone: str, face: Look, width: float = 1.0) -> None:
    """Draw one interval: a line between two points, of a width that is a multiple of the figure's lines.

    `x` and `y` are its two positions along an axis, or one that both ends share.
    """
    x, y = (np.broadcast_to(v, 2) for v in (x, y))
    axis.plot(
        x, y, color=tone, linewidth=face.line * width, solid_capstyle="butt", gid=INTERVAL_ID, zorder=2.4
    )


def draw_seeds(axis: Axes, x, y, tone: str, face: Look) -> None:
    """Draw one small dot a seed, at positions of which one may be shared."""
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    axis.plot(
        x, y, linestyle="none", marker=".", markersize=face.marker * 0.75, color=tone, alpha=0.65, gid=SEED_ID
    )


_WIDE = 100  # times: where what is drawn spans more, ticks at powers of ten alone have room


def minutes_axis(axis: Axes) -> None:
    """Make the horizontal axis logarithmic, with ticks at powers of ten, and at 2 and 5 times these where there is room, written out."""
    axis.set_xscale("log")
    low, high = axis.dataLim.intervalx
    axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1,) if high > _WIDE * low > 0 else (1, 2, 5)))
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.xaxis.set_minor_locator(ticker.NullLocator())


def name_ends(figure: Figure, axis: Axes, ends: list[tuple[float, float, str, str]], face: Look) -> None:
    """Write names to the right of an axis, each joined to the end of its line, pushed apart where they would overlap.

    On a phone only short names fit there; longer ones stand below the figure, with their marks. `ends` are (x, y, text, colour)
    of each line's last point in data coordinates. The axis' limits must be final: the figure is laid out to measure its text.
    """
    if not ends:
        return
    if face.size == "phone" and max(len(text) for _, _, text, _ in ends) > _SHORT:
        _legend_below(figure, axis, ends)
        return
    low, high = axis.get_ylim()
    names = [
        axis.annotate(
            text, (x, y), xytext=(1.035, y), textcoords=axis.get_yaxis_transform(), color=tone, va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": tone, "alpha": 0.45, "linewidth": face.line * 0.35, "shrinkA": 1,
                "shrinkB": face.marker * 0.6, "relpos": (0, 0.5),
            },
        )
        for x, y, text, tone in ends
    ]  # fmt: skip
    figure.draw_without_rendering()
    height = max(text_box(name).height for name in names)
    gap = 1.04 * height / axis.bbox.height * (high - low)
    places = spread([y for _, y, *_ in ends], gap, low, high)
    for name, place in zip(names, places, strict=True):
        name.set_position((1.035, place))


def _legend_below(figure: Figure, axis: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """List the names under the figure, the highest line's first, each with the dash and mark of the line of its colour."""
    lines = [line for line in axis.lines if line.get_gid() not in (INTERVAL_ID, SEED_ID)]
    names, handles = [], []
    for _, y, text, tone in sorted(ends, key=lambda end: -end[1]):
        same = [line for line in lines if same_color(line.get_color(), tone)]
        own = next(
            (line for line in same[::-1] if len(line.get_ydata()) and line.get_ydata()[-1] == y), same[0]
        )
        marks = [line.get_marker() for line in (own, *same) if line.get_marker() not in ("None", None, "")]
        marks += [s.get_paths()[0] for s in axis.collections if same_color(s.get_facecolor()[0], tone)]
        handles.append(
            Line2D([], [], color=tone, linestyle=own.get_linestyle(), marker=marks[0] if marks else "None")
        )
        names.append(text)
    columns = 2 if max(map(len, names)) <= _HALF else 1
    figure.legend(
        handles, names, loc="outside lower left", ncols=columns, frameon=False, columnspacing=1.0, handlelength=2.4,
        borderpad=0,
    )  # fmt: skip


def text_box(text):
    """Return the extent of a text alone, in pixels: of an annotation without its arrow."""
    from matplotlib.text import Text

    return Text.get_window_extent(text) if isinstance(text, Annotation) else text.get_window_extent()


def spread(positions: list[float], gap: float, low: float, high: float) -> np.ndarray:
    """Move label positions apart until neighbours are at least `gap` from each other; return them in the order given.

    If the labels do not fit between `low` and `high`, they stand evenly from `low` on.
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

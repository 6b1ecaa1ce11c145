"""The figures of a study's report, in the look of `report.figures`: both themes, page and slide."""

import matplotlib.ticker as ticker
import numpy as np
from matplotlib.figure import Figure

from ...analysis.statistics.learning_curve import LEAST, fit
from ...report.figures.calibration import diagonal, reliability_curve
from ...report.figures.classes import draw_matrix
from ...report.figures.images import frameless
from ...report.figures.marks import draw_interval, minutes_axis, name_ends
from ...report.figures.style import by_size, canvas, colour, dash, marker
from ...results.metrics import measure
from .arm import share
from .outcome import Outcome

_MANY = 12  # classes, above which a matrix has no numbers in its cells


def curve(o: Outcome, further: bool = False, theme: str = "light", size: str = "page") -> Figure:
    """Accuracy on new pictures against the number of labels, one line a strategy; chance as a dotted line.

    With `further` only the recommended strategy and the power law through it are drawn, up to twice the labels.
    """
    with canvas(theme, size, by_size(size, 0.6, 0.4, 1.25)) as (figure, axis, face):
        names = [o.best.strategy.name] if further else list(dict.fromkeys(name for name, _ in o.arms))
        lows, ends = [100 * o.chance], []
        for name in names:
            arms = [o.arms[name, n] for n in o.sizes(name)]
            tone = colour(name, theme)
            for arm in arms:
                draw_interval(
                    axis, arm.n_labels, (100 * arm.accuracy.low, 100 * arm.accuracy.high), tone, face, 0.7
                )
                lows.append(100 * arm.accuracy.low)
            y = [100 * arm.accuracy.value for arm in arms]
            axis.plot([arm.n_labels for arm in arms], y, dash(name), color=tone, marker=marker(name))
            ends.append((arms[-1].n_labels, y[-1], arms[0].strategy.label, tone))
        axis.axhline(100 * o.chance, color=face.muted, linestyle=":", linewidth=face.line * 0.7)
        axis.set_xscale("log")
        shown = sorted({n for _, n in o.arms})
        if further:
            shown = _further(axis, o, face, theme, shown)
        axis.xaxis.set_major_locator(ticker.FixedLocator(shown))
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axis.xaxis.set_minor_locator(ticker.NullLocator())
        axis.set(xlim=(shown[0] * 0.9, shown[-1] * 1.1), ylim=(max(0, min(lows) - 4), 101))
        axis.set(xlabel="labelled pictures", ylabel="right on new pictures (%)")
        x, y = axis.get_xlim()[0] * 1.02, 100 * o.chance + 0.6
        axis.text(x, y, "always the largest class", color=face.muted, fontsize=face.font * 0.85, va="bottom")
        if not further:
            name_ends(figure, axis, ends, face)
    return figure


def _further(axis, o: Outcome, face, theme: str, shown: list[int]) -> list[int]:
    """Draw the power law and what it says about twice the labels; return the sizes for the axis."""
    name, more = o.best.strategy.name, o.more
    sizes = o.sizes(name)
    if len(sizes) < LEAST:
        return shown
    law = fit(sizes, [o.arms[name, n].accuracy.value for n in sizes])
    x = np.geomspace(sizes[0], more.target if more.said else sizes[-1], 60)
    axis.plot(x, 100 * law.accuracy(x), ":", color=face.ink, linewidth=face.line * 0.8)
    if more.said is None:
        return shown
    draw_interval(axis, more.target, (100 * more.said.low, 100 * more.said.high), face.ink, face, 0.9)
    axis.plot([more.target], [100 * more.said.value], "D", color=face.ink, fillstyle="none")
    return [*shown, more.target]


def confusion(o: Outcome, theme: str = "light", size: str = "page") -> Figure:
    """What the recommended strategy takes for what: rows are labels, cells are per cent of the row."""
    table = np.zeros((len(o.classes), len(o.classes)))
    for log_p in o.best.log_p:
        np.add.at(table, (o.best.y, log_p.argmax(axis=1)), 1)
    rows = 100 * table / np.maximum(1, table.sum(axis=1, keepdims=True))
    with canvas(theme, size, by_size(size, 0.75, 0.42, 1.0)) as (figure, axis, face):
        font = face.font * (0.9 if len(o.classes) <= 8 else 0.75) if size == "page" else face.font * 0.88
        names, tone = [short(name) for name in o.classes], colour(o.best.strategy.name, theme)
        draw_matrix(axis, rows, names, face.fill, tone, font, len(o.classes) <= _MANY)
        axis.tick_params(labelsize=font)
        axis.set(xlabel="taken for", ylabel="label")
    return figure


def short(name: str, most: int = 18) -> str:
    """Return a class name that fits beside an axis."""
    return name if len(name) <= most else name[: most - 1] + "…"


def classes(o: Outcome, theme: str = "light", size: str = "page") -> Figure:
    """Share of each class that is recognised, with intervals, hardest first; at most twenty classes."""
    found = worst_classes(o)[:20]
    height = by_size(size, 0.12 + 0.05 * len(found), 0.42, 0.25 + 0.08 * len(found))
    with canvas(theme, size, height) as (figure, axis, face):
        tone = colour(o.best.strategy.name, theme)
        for row, (_, interval) in enumerate(found):
            draw_interval(axis, (100 * interval.low, 100 * interval.high), row, tone, face)
            axis.plot([100 * interval.value], [row], marker(o.best.strategy.name), color=tone)
        axis.set_yticks(range(len(found)), [short(o.classes[label]) for label, _ in found])
        axis.invert_yaxis()
        axis.set(xlim=(0, 101), xlabel="recognised (%)")
    return figure


def worst_classes(o: Outcome) -> list[tuple]:
    """Return (label, share recognised with its interval) of the classes that were tested, hardest first."""
    found = []
    for label in np.flatnonzero(o.counts).tolist():
        here = o.best.y == label
        groups = o.best.groups[here] if o.best.groups is not None else None
        found.append((label, share(o.best.right[:, here], groups)))
    return sorted(found, key=lambda entry: entry[1].value)


def pictures(
    shown: list[tuple[np.ndarray, str]], columns: int = 4, theme: str = "light", size: str = "page"
) -> Figure:
    """Some pictures, uint8 (side, side, 3), with a line or two below each, at most so many columns."""
    if not shown:
        with canvas(theme, size, 0.1) as (figure, axis, face):
            axis.axis("off")
            axis.text(0, 0.5, "none", color=face.muted, va="center")
        return figure
    columns = min(columns, len(shown))
    if size == "phone":
        columns = min(columns, 2)
    rows = max(1, -(-len(shown) // columns))
    height = rows * (min(0.36, 1.4 / columns) if size == "slide" else 1.28 / columns)
    with canvas(theme, size, height, rows, columns, squeeze=False) as (figure, axes, face):
        for axis in axes.ravel()[len(shown) :]:
            axis.set_visible(False)
        for axis, (pixels, text) in zip(axes.ravel(), shown, strict=False):
            axis.imshow(pixels, interpolation="nearest")
            frameless(axis)
            axis.set_xlabel(text, fontsize=face.font * 0.85)
    return figure


def calibration(o: Outcome, theme: str = "light", size: str = "page") -> Figure:
    """How often the recommended strategy is right against how sure it says it is."""
    with canvas(theme, size, by_size(size, 0.62, 0.42, 1.0)) as (figure, axis, face):
        name = o.best.strategy.name
        diagonal(axis, face)
        label, tone = o.best.strategy.label, colour(name, theme)
        reliability_curve(axis, face, o.best.log_p, o.best.y, label, tone, marker(name), dash(name))
        axis.set_ylabel("right (%)")
    return figure


def calibration_error(o: Outcome) -> float:
    """Return the expected calibration error of the recommended strategy, the mean over its seeds."""
    return float(np.mean([measure(log_p, o.best.y)["ece"] for log_p in o.best.log_p]))


def cost(o: Outcome, theme: str = "light", size: str = "page") -> Figure:
    """Accuracy at all labels against the minutes that one network takes."""
    with canvas(theme, size, by_size(size, 0.55, 0.4, 1.1)) as (figure, axis, face):
        ends = []
        for arm in o.top:
            tone = colour(arm.strategy.name, theme)
            draw_interval(axis, arm.minutes, (100 * arm.accuracy.low, 100 * arm.accuracy.high), tone, face)
            axis.plot([arm.minutes], [100 * arm.accuracy.value], marker(arm.strategy.name), color=tone)
            ends.append((arm.minutes, 100 * arm.accuracy.value, arm.strategy.label, tone))
        minutes_axis(axis)
        low, high = min(e[0] for e in ends), max(e[0] for e in ends)
        long = "minutes of training one network on this machine"
        words = "minutes for one network" if size == "phone" else long
        axis.set(xlim=(low / 1.5, high * 1.5), xlabel=words, ylabel="right on new pictures (%)")
        name_ends(figure, axis, ends, face)
    return figure

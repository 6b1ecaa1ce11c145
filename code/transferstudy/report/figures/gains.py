"""What transfer gains at each number of labels, and what it costs."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...analysis.comparison import between
from ...analysis.costs.cost import cpu_seconds, share_machines, timed
from ...analysis.study import Arm, Study
from ..claims.costs import machines
from ..values import signed
from .marks import draw_interval, draw_seeds, minutes_axis
from .style import canvas, colour, marker, symbol


def gain(study: Study, price: bool = False, theme: str = "light", size: str = "page") -> Figure:
    """Seed-paired difference in test accuracy, best transfer arm minus best from-scratch arm, one row a number of labels.

    With `price` a second panel shows the processor time of one run of either arm.
    """
    pairs = [(n, study.best(n, True), study.best(n, False)) for n in study.contested]
    rows = max(len(pairs), 2)
    panels = 2 if price else 1
    if size == "phone":  # the panels stand below each other
        height, shape = panels * (0.15 + rows * 0.19), {"rows": panels}
    else:
        height = 0.056 + rows * (0.1 if size == "page" else min(0.12, 0.365 / rows))
        shape = {"columns": panels, "width_ratios": [1.25, 1] if price else [1]}
    with canvas(theme, size, height, **shape, sharey=True, squeeze=False) as (figure, axes, face):
        axes = axes.reshape(1, -1)
        left = axes[0, 0]
        left.axvline(0, color=face.muted, linewidth=face.line * 0.5)
        for row, (n, a, b) in enumerate(pairs):
            d = between(study, a, b)
            tone = colour(a.strategy.name, theme)
            draw_interval(left, (100 * d.low, 100 * d.high), row, tone, face, 1.2)
            left.plot(
                100 * d.mean, row, marker=marker(a.strategy.name), color=tone, markersize=face.marker * 1.4,
                zorder=3,
            )  # fmt: skip
            draw_seeds(left, 100 * np.array(d.per_seed), row - 0.22, face.muted, face)
            left.annotate(
                signed(d.mean), (100 * d.mean, row), xytext=(0, -face.font * 1.05), textcoords="offset points",
                ha="center", va="center", color=face.ink, fontweight="bold",
                bbox={"facecolor": axes[0, 0].get_facecolor(), "edgecolor": "none", "pad": 0.5},  # over the line at zero
            )  # fmt: skip
            for axis in axes[0] if size == "phone" else [left]:
                _row_name(axis, row, n, a, b, face)
        left.set_yticks([])
        low, high = left.get_xlim()
        left.set(xlim=(min(low, -1), max(high, 1)), ylim=(len(pairs) - 0.5, -0.5))
        bins = 4 if size == "phone" else 5 if price else 8
        left.xaxis.set_major_locator(MaxNLocator(bins, steps=(1, 2, 5, 10)))
        left.set_xlabel("gain (points)" if size == "phone" else "gain in test accuracy (points)")
        if price:
            _price(axes[0, 1], study, pairs, face)
        for axis in axes[0]:
            for row in range(1, len(pairs)):
                axis.axhline(row - 0.5, color=face.grid, linewidth=0.8)
            axis.grid(axis="y", visible=False)
            axis.spines["left"].set_visible(False)
    return figure


def _row_name(axis, row: int, n_labels: int, a: Arm, b: Arm, face) -> None:
    """Left of the axis: the number of labels, and the two arms in their colours with their markers."""
    lines = [(f"{n_labels:,} labels", face.ink, "bold")]
    for sign, arm in (("", a), ("− ", b)):
        name = arm.strategy.name
        lines.append((f"{sign}{arm.strategy.label} {symbol(name)}", colour(name, face.theme), "normal"))
    for step, (text, tone, weight) in zip((1, 0, -1), lines, strict=True):
        axis.annotate(
            text, (0, row), xycoords=axis.get_yaxis_transform(), xytext=(-face.font * 0.8, step * face.font * 1.22),
            textcoords="offset points", ha="right", va="center", color=tone, fontweight=weight,
            fontsize=face.font * 0.92, annotation_clip=False,
        )  # fmt: skip


def _price(axis, study: Study, pairs: list, face) -> None:
    """The processor time of one run of either arm, joined by a line; the dearer one's number stands to the right."""
    for row, (_, *arms) in enumerate(pairs):
        if not all(timed(study, arm) for arm in arms):
            continue
        minutes = [float(cpu_seconds(study, arm).mean()) / 60 for arm in arms]
        axis.plot(minutes, [row, row], color=face.grid, linewidth=face.line * 1.2, zorder=1)
        for arm, at in zip(arms, minutes, strict=True):
            first = at == min(minutes) and at != max(minutes)
            axis.plot(
                at, row, marker=marker(arm.strategy.name), color=colour(arm.strategy.name, face.theme),
                markersize=face.marker * 1.3, linestyle="none",
            )  # fmt: skip
            axis.annotate(
                f"{at:.1f}", (at, row), xytext=(face.font * (-0.8 if first else 0.8), 0),
                textcoords="offset points", ha="right" if first else "left", va="center", color=face.ink,
            )  # fmt: skip
    minutes_axis(axis)
    low, high = axis.get_xlim()
    axis.set_xlim(low / (high / low) ** 0.3, high * (high / low) ** 0.3)
    if not all(share_machines(study, a, b) for _, a, b in pairs):
        axis.set_xlabel("core-minutes, roughly")
    else:
        axis.set_xlabel("core-minutes (row by row)" if machines(study) else "core-minutes of training")

"""Accuracy against what it costs."""

import numpy as np
from matplotlib.figure import Figure

from ...analysis.comparison import arm_interval
from ...analysis.costs.cost import cpu_seconds, timed
from ...analysis.study import Study
from ..bill import pretrainings
from .marks import draw_interval, minutes_axis, name_ends
from .style import by_size, canvas, colour, dash, marker


def cost(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy against the processor time of training one model; lines join the sizes of a strategy, larger markers have more labels.

    Where it is known what the pretrained weights took to make, a line stands at that time: it was spent once.
    """
    with canvas(theme, size, by_size(size, 0.62, 0.4, 1.4)) as (figure, axis, face):
        ends = []
        for strategy in study.strategies:
            arms = [study.arm(strategy.name, n) for n in study.sizes_of(strategy.name)]
            arms = [arm for arm in arms if timed(study, arm)]
            if not arms:
                continue
            minutes = [float(np.mean(cpu_seconds(study, a))) / 60 for a in arms]
            accuracy = [100 * a.accuracy for a in arms]
            tone = colour(strategy.name, theme)
            axis.plot(
                minutes, accuracy, dash(strategy.name), color=tone, alpha=0.5, linewidth=face.line * 0.6
            )
            for at, arm in zip(minutes, arms, strict=True):
                low, high = arm_interval(study, arm)
                draw_interval(axis, at, (100 * low, 100 * high), tone, face, 0.6)
            axis.scatter(
                minutes, accuracy, s=[(face.marker * f) ** 2 for f in np.linspace(0.8, 1.4, len(arms))],
                color=tone, marker=marker(strategy.name), zorder=3,
            )  # fmt: skip
            ends.append((minutes[-1], accuracy[-1], strategy.label, tone))
        # The dearest lowest: its words pass under the lines of the others, which end above them.
        known = sorted(pretrainings(study).values(), key=lambda made: -made.cpu_seconds)
        low, high = axis.get_ylim()
        # room for their names below every point
        axis.set_ylim(low - 0.09 * len(known) * (high - low), high)
        for row, made in enumerate(known):
            at = made.cpu_seconds / 60
            axis.axvline(
                at, ymin=0.015 + 0.08 * row, color=face.muted, linestyle=":", linewidth=face.line * 0.7
            )
            axis.annotate(
                f"pretraining {made.network}, once", (at, 0.03 + 0.08 * row), xycoords=("data", "axes fraction"),
                xytext=(-face.font * 0.4, 0), textcoords="offset points", ha="right", color=face.muted,
            )  # fmt: skip
        minutes_axis(axis)
        axis.set(xlabel="core-minutes for training one model", ylabel="test accuracy (%)")
        name_ends(figure, axis, ends, face)
    return figure

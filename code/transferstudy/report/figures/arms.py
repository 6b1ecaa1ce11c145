"""All strategies side by side: accuracy at one size, and accuracy against what it costs."""

import numpy as np
from matplotlib.figure import Figure

from ...analysis.comparison import arm_interval
from ...analysis.cost import cpu_seconds, timed
from ...analysis.study import Study
from ..bill import pretrainings
from .marks import draw_interval, draw_seeds, minutes_axis, name_ends
from .style import by_size, canvas, colour, dash, marker


def arms_at(study: Study, n_labels: int, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy of every strategy at one number of labels, sorted: mean, interval, and a small dot for each seed."""
    arms = sorted(study.at(n_labels), key=lambda a: a.accuracy)
    with canvas(theme, size, 0.1 + by_size(size, 0.055, 0.043, 0.105) * len(arms)) as (figure, axis, face):
        for row, arm in enumerate(arms):
            tone = colour(arm.strategy.name, theme)
            low, high = arm_interval(study, arm)
            draw_interval(axis, (100 * low, 100 * high), row, tone, face)
            axis.plot(
                100 * arm.accuracy, row, marker=marker(arm.strategy.name), color=tone,
                markersize=face.marker * 1.3, zorder=3,
            )  # fmt: skip
            draw_seeds(axis, 100 * arm.test("accuracy"), row + 0.3, tone, face)
            axis.annotate(
                f"{100 * arm.accuracy:.1f}", (100 * high, row), xytext=(face.font * 0.7, 0),
                textcoords="offset points", va="center", color=face.ink,
            )  # fmt: skip
        axis.set_yticks(range(len(arms)), [a.strategy.label for a in arms])
        low, high = axis.get_xlim()
        axis.set_xlim(max(0, low), high + 0.09 * (high - low))
        axis.set_ylim(-0.6, len(arms) - 0.4)
        axis.set_xlabel(
            f"test accuracy (%){chr(10) if size == 'phone' else ' '}with {n_labels:,} labelled images"
        )
        axis.grid(axis="y", visible=False)
        axis.tick_params(axis="y", length=0)
    return figure


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
        axis.set_xlabel("core-minutes for training one model")
        axis.set_ylabel("test accuracy (%)")
        name_ends(figure, axis, ends, face)
    return figure

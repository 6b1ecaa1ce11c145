"""Curves: accuracy against labels, and accuracy during training."""

import matplotlib.ticker as ticker
import numpy as np
from matplotlib.figure import Figure

from ...analysis.comparison import arm_interval
from ...analysis.study import Study
from .marks import draw_interval, draw_seeds, name_ends
from .style import by_size, canvas, colour, dash, marker

_DODGE = 0.014  # of the axis' width: strategies at one size stand side by side, so that their intervals can be told apart


def learning_curves(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy against the number of labelled images: a line through the means, and a bar for each interval.

    On a page every seed is a small dot; from the back of a room dots are clutter, so a slide has the intervals alone.
    A strategy that was not run at all sizes ends, or starts, where its runs do. Where a study has several image sizes, the names
    say which ones were chosen.
    """
    with canvas(theme, size, by_size(size, 0.66, 0.42, 1.3)) as (figure, axis, face):
        shown = [s for s in study.strategies if study.sizes_of(s.name)]
        decades = max(np.log10(study.sizes[-1] / study.sizes[0]), 1.0)
        aside = 10 ** (_DODGE * decades * np.linspace(-1, 1, len(shown))) if len(shown) > 1 else [1.0]
        ends = []
        for shift, strategy in zip(aside, shown, strict=True):
            arms = [study.arm(strategy.name, n) for n in study.sizes_of(strategy.name)]
            at = [shift * arm.n_labels for arm in arms]
            means, tone = [100 * arm.accuracy for arm in arms], colour(strategy.name, theme)
            axis.plot(at, means, dash(strategy.name), color=tone, marker=marker(strategy.name), zorder=3)
            for x, arm in zip(at, arms, strict=True):
                low, high = arm_interval(study, arm)
                draw_interval(axis, x, (100 * low, 100 * high), tone, face, 0.75)
                if size != "slide":
                    draw_seeds(axis, x, 100 * arm.test("accuracy"), tone, face)
            name = strategy.label
            if len(study.image_sizes) > 1:
                name += (", " if size == "phone" else "\n") + _pixels([arm.image_size for arm in arms])
            ends.append((at[-1], means[-1], name, tone))
        axis.set_xscale("log")
        words = [f"{n:,}" for n in study.sizes]
        if size == "phone":  # numbers that would touch take turns in height
            close = np.diff(np.log10(study.sizes), prepend=-9) < 0.2 * decades
            words = [
                "\n" * int(near and k % 2 == 0) + word
                for k, (near, word) in enumerate(zip(close, words, strict=True))
            ]
        axis.set_xticks(study.sizes, words)
        axis.xaxis.set_minor_locator(ticker.NullLocator())
        low, high = axis.get_ylim()
        words = "labelled images" + ", training and validation together" * (size != "phone")
        axis.set(xlabel=words, ylabel="test accuracy (%)", ylim=(max(0, low), min(100, high)))
        axis.grid(axis="x", visible=False)
        name_ends(figure, axis, ends, face)
    return figure


def _pixels(sides: list[int]) -> str:
    low, high = min(sides), max(sides)
    return f"{low} px" if low == high else f"{low} to {high} px"


def training_curves(
    study: Study, n_labels: int, strategies: list[str] | None = None, theme: str = "light", size: str = "page"
) -> Figure:
    """Validation accuracy against optimiser steps at one number of labels, a line a seed; a marker shows the kept state."""
    chosen = strategies or [s.name for s in study.strategies if study.has(s.name, n_labels)]
    with canvas(theme, size, by_size(size, 0.6, 0.4, 1.1)) as (figure, axis, face):
        ends = []
        for name in chosen:
            arm, tone = study.arm(name, n_labels), colour(name, theme)
            for record in arm.records:
                offset, last = 0, (0.0, 0.0)
                for phase in record["phases"]:
                    accuracy = [100 * r["val_accuracy"] for r in phase["rounds"]]
                    steps = offset + phase["steps_per_round"] * np.arange(1, len(accuracy) + 1)
                    style = ":" if phase["name"] == "head" else "-"
                    axis.plot(steps, accuracy, style, color=tone, linewidth=face.line * 0.8)
                    best = phase["best_round"]
                    axis.plot(steps[best], accuracy[best], marker(name), color=tone, markersize=face.marker)
                    offset, last = steps[-1], (float(steps[-1]), accuracy[-1])
            ends.append((*last, arm.strategy.label, tone))
        axis.set_xlabel(f"optimiser steps{chr(10) if size == 'phone' else ' '}(dotted: only the head learns)")
        axis.set(ylabel="validation accuracy (%)", ylim=axis.get_ylim())
        name_ends(figure, axis, ends, face)
    return figure

"""Curves: accuracy against labels, the gain from transfer, and accuracy during training."""

import matplotlib.ticker as ticker
import numpy as np
from matplotlib.figure import Figure

from ...comparison import arm_interval, difference
from ...study import Study
from .style import canvas, colour, dash, marker, spread


def _label_axis(axis, study: Study, face):
    axis.set_xscale("log")
    axis.set_xticks(study.sizes, [f"{n:,}" for n in study.sizes])
    axis.xaxis.set_minor_locator(ticker.NullLocator())
    axis.set_xlabel("labelled images, training and validation together")
    axis.grid(axis="x", visible=False)


def learning_curves(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy against the number of labelled images: a line through the means, a bar for the interval, a dot a seed."""
    with canvas(theme, size, 0.62 if size == "page" else 0.44) as (figure, axis, face):
        ends, names = [], []
        for strategy in study.strategies:
            sizes = study.sizes_of(strategy.name)
            if not sizes:
                continue
            means = [100 * study.arm(strategy.name, n).accuracy for n in sizes]
            tone = colour(strategy.name, theme)
            axis.plot(sizes, means, dash(strategy.name), color=tone, marker=marker(strategy.name))
            for n in sizes:
                arm = study.arm(strategy.name, n)
                seeds = 100 * arm.test("accuracy")
                low, high = arm_interval(study, arm)
                axis.plot([n, n], [100 * low, 100 * high], color=tone, alpha=0.6, linewidth=face.line * 0.7)
                axis.plot([n] * len(seeds), seeds, linestyle="none", marker=".", color=tone, alpha=0.55)
            ends.append(means[-1])
            names.append(strategy)
        _label_axis(axis, study, face)
        axis.set_ylabel("test accuracy (%)")
        low, high = axis.get_ylim()
        axis.set_ylim(max(0, low), high)
        gap = (high - max(0, low)) * face.font * 1.35 / (72 * figure.get_figheight() * 0.8)
        for strategy, y, place in zip(names, ends, spread(ends, gap, *axis.get_ylim()), strict=True):
            axis.annotate(
                strategy.label,
                (study.sizes[-1], y),
                xytext=(1.03, place),
                textcoords=axis.get_yaxis_transform(),
                color=colour(strategy.name, theme),
                va="center",
                annotation_clip=False,
            )
    return figure


def gain(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """Seed-paired difference in test accuracy, best transfer arm minus best from-scratch arm, by number of labels."""
    with canvas(theme, size, 0.46 if size == "page" else 0.4) as (figure, axis, face):
        axis.axhline(0, color=face.muted, linewidth=1)
        for position, n in enumerate(study.contested):
            a, b = study.best(n, True).strategy, study.best(n, False).strategy
            d = difference(study, a.name, b.name, n)
            tone = colour(a.name, theme)
            axis.plot([position] * 2, [100 * d.low, 100 * d.high], color=tone, solid_capstyle="butt")
            axis.plot(position, 100 * d.mean, marker=marker(a.name), color=tone, markersize=face.marker * 1.3)
            axis.plot(
                [position + 0.06] * d.seeds,
                100 * np.array(d.per_seed),
                ".",
                color=face.muted,
                markersize=face.marker,
            )
            axis.annotate(
                f"{a.label}\nminus\n{b.label}",
                (position, 100 * d.mean),
                xytext=(face.font * 1.3, 0),
                textcoords="offset points",
                va="center",
                color=face.ink,
                fontsize=face.font * 0.92,
            )
        axis.set_xticks(range(len(study.contested)), [f"{n:,}" for n in study.contested])
        axis.set_xlim(-0.3, len(study.contested) - 0.3)
        axis.set_xlabel("labelled images, training and validation together")
        axis.set_ylabel("difference in test\naccuracy (points)")
        axis.grid(axis="x", visible=False)
        low, high = axis.get_ylim()
        axis.set_ylim(min(low, -1), max(high, 1) * 1.08)
    return figure


def training_curves(
    study: Study, n_labels: int, strategies: list[str] | None = None, theme: str = "light", size: str = "page"
) -> Figure:
    """Validation accuracy against optimiser steps at one number of labels, a line a seed; a cross marks the kept state."""
    chosen = strategies or [s.name for s in study.strategies if study.has(s.name, n_labels)]
    with canvas(theme, size, 0.6 if size == "page" else 0.42) as (figure, axis, face):
        ends, names = [], []
        for name in chosen:
            arm, tone = study.arm(name, n_labels), colour(name, theme)
            for record in arm.records:
                offset, last = 0, 0.0
                for phase in record["phases"]:
                    accuracy = [100 * r["val_accuracy"] for r in phase["rounds"]]
                    steps = offset + phase["steps_per_round"] * np.arange(1, len(accuracy) + 1)
                    style = ":" if phase["name"] == "head" else "-"
                    axis.plot(steps, accuracy, style, color=tone, linewidth=face.line * 0.8)
                    best = phase["best_round"]
                    axis.plot(steps[best], accuracy[best], "x", color=tone, markersize=face.marker)
                    offset, last = steps[-1], accuracy[-1]
            ends.append(last)
            names.append(arm.strategy)
        axis.set_xlabel("optimiser steps (dotted: only the head learns)")
        axis.set_ylabel("validation accuracy (%)")
        low, high = axis.get_ylim()
        gap = (high - low) * face.font * 1.35 / (72 * figure.get_figheight() * 0.8)
        for strategy, place in zip(names, spread(ends, gap, low, high), strict=True):
            axis.text(
                1.02,
                place,
                strategy.label,
                transform=axis.get_yaxis_transform(),
                color=colour(strategy.name, theme),
                va="center",
            )
    return figure

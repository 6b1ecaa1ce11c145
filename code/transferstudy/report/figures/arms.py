"""All strategies side by side: accuracy at one size, and accuracy against what it costs."""

import matplotlib.ticker as ticker
import numpy as np
from matplotlib.figure import Figure

from ...study import Study
from .style import canvas, colour, marker


def arms_at(study: Study, n_labels: int, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy of every strategy at one number of labels: the mean as a marker, every seed as a dot, sorted."""
    arms = sorted(study.at(n_labels), key=lambda a: a.accuracy)
    with canvas(theme, size, 0.45 if size == "page" else 0.4) as (figure, axis, face):
        for row, arm in enumerate(arms):
            tone, seeds = colour(arm.strategy.name, theme), 100 * arm.test("accuracy")
            axis.plot([0, 100 * arm.accuracy], [row, row], color=tone, alpha=0.35, linewidth=face.line * 1.5)
            axis.plot(
                100 * arm.accuracy,
                row,
                marker=marker(arm.strategy.name),
                color=tone,
                markersize=face.marker * 1.3,
            )
            axis.plot(seeds, [row + 0.27] * len(seeds), ".", color=tone, alpha=0.7)
            axis.annotate(
                f"{100 * arm.accuracy:.1f}",
                (max(seeds.max(), 100 * arm.accuracy), row),
                xytext=(face.font * 0.9, 0),
                textcoords="offset points",
                va="center",
            )
        axis.set_yticks(range(len(arms)), [a.strategy.label for a in arms])
        axis.set_xlim(0, max(100 * a.test("accuracy").max() for a in arms) * 1.12)
        axis.set_ylim(-0.6, len(arms) - 0.4)
        axis.set_xlabel(f"test accuracy (%) with {n_labels:,} labelled images")
        axis.grid(axis="y", visible=False)
        axis.tick_params(axis="y", length=0)
    return figure


def cost(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy against the processor time of one run; lines join the sizes of a strategy, larger markers have more labels."""
    with canvas(theme, size, 0.58 if size == "page" else 0.42) as (figure, axis, face):
        for strategy in study.strategies:
            arms = [study.arm(strategy.name, n) for n in study.sizes if study.has(strategy.name, n)]
            minutes = [float(np.mean(a.cpu_seconds())) / 60 for a in arms]
            accuracy = [100 * a.accuracy for a in arms]
            tone = colour(strategy.name, theme)
            axis.plot(minutes, accuracy, color=tone, alpha=0.4, linewidth=face.line * 0.7)
            axis.scatter(
                minutes,
                accuracy,
                s=[(face.marker * f) ** 2 for f in np.linspace(0.8, 1.5, len(arms))],
                color=tone,
                marker=marker(strategy.name),
                label=strategy.label,
            )
        axis.set_xscale("log")
        # 1, 2 and 5 of each power of ten: the range may hold no power of ten itself.
        axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.xaxis.set_minor_locator(ticker.NullLocator())
        axis.set_xlabel("core-minutes for one run, pretraining not counted")
        axis.set_ylabel("test accuracy (%)")
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure

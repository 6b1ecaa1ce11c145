"""Which classes are hard, and what is taken for what."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from ...analysis.comparison import class_intervals
from ...analysis.study import Study
from .marks import draw_interval
from .style import TILTED, by_size, canvas, colour, marker


def confusion(study: Study, strategy: str, n_labels: int, theme: str = "light", size: str = "page") -> Figure:
    """Confusion of the test images, mean over the seeds: rows are the true class, columns the predicted one, in % of the row."""
    counts = study.arm(strategy, n_labels).test("confusion").mean(axis=0)
    share = 100 * counts / counts.sum(axis=1, keepdims=True)
    with canvas(theme, size, by_size(size, 0.78, 0.45, 1.0)) as (figure, axis, face):
        tones = LinearSegmentedColormap.from_list("share", [face.fill, colour(strategy, theme)])
        axis.imshow(np.sqrt(share), cmap=tones, vmin=0, vmax=10, aspect="auto")
        places = range(len(study.classes))
        axis.set_xticks(places, study.classes, **TILTED)
        axis.set_yticks(places, study.classes)
        axis.set(xlabel="predicted class", ylabel="true class")
        axis.grid(visible=False)
        for (i, j), value in np.ndenumerate(share):
            if round(value) >= 1:
                luminance = np.dot(tones(np.sqrt(value) / 10)[:3], (0.299, 0.587, 0.114))
                axis.text(
                    j, i, f"{value:.0f}", ha="center", va="center",
                    color="#14181d" if luminance > 0.5 else "#ffffff",
                    fontsize=face.font * 0.9,
                )  # fmt: skip
    return figure


def class_accuracy(
    study: Study, strategies: list[str], n_labels: int, theme: str = "light", size: str = "page"
) -> Figure:
    """Test accuracy within each class for some strategies at one number of labels: means as markers, bars for intervals."""
    arms = [study.arm(name, n_labels) for name in strategies]
    means = [100 * arm.test("class_accuracy").mean(axis=0) for arm in arms]
    order = np.argsort(np.mean(means, axis=0))
    aside = np.linspace(0.17, -0.17, len(arms)) if len(arms) > 1 else [0.0]
    with canvas(theme, size, by_size(size, 0.62, 0.42, 1.1)) as (figure, axis, face):
        for arm, mean, shift in zip(arms, means, aside, strict=True):
            name = arm.strategy.name
            tone = colour(name, theme)
            for row, (low, high) in enumerate(class_intervals(study, arm)[order]):
                draw_interval(axis, (100 * low, 100 * high), row + shift, tone, face, 0.75)
            axis.plot(
                mean[order], np.arange(len(order)) + shift, linestyle="none", marker=marker(name), color=tone,
                label=arm.strategy.label,
            )  # fmt: skip
        axis.set_yticks(range(len(order)), [study.classes[i] for i in order])
        space = "\n" if size == "phone" else " "
        axis.set_xlabel(f"accuracy within the class (%){space}with {n_labels:,} labelled images")
        axis.grid(axis="y", visible=False)
        axis.tick_params(axis="y", length=0)
        plt.setp(axis.spines["left"], visible=False)
        columns = 1 if size == "phone" else len(strategies)
        figure.legend(loc="outside upper center", ncols=columns, frameon=False)
    return figure

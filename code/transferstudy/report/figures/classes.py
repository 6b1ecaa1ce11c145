"""Which classes are hard, and what is taken for what."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from ...analysis.comparison import class_intervals
from ...analysis.study import Study
from .marks import draw_interval
from .style import TILTED, by_size, canvas, colour, marker

_INKS = ("#14181d", "#ffffff")


def confusion(study: Study, strategy: str, n_labels: int, theme: str = "light", size: str = "page") -> Figure:
    """Confusion of the test images, mean over the seeds: rows are the true class, columns the predicted one, in % of the row."""
    counts = study.arm(strategy, n_labels).test("confusion").mean(axis=0)
    share = 100 * counts / counts.sum(axis=1, keepdims=True)
    with canvas(theme, size, by_size(size, 0.78, 0.45, 1.0)) as (figure, axis, face):
        draw_matrix(axis, share, study.classes, face.fill, colour(strategy, theme), face.font * 0.9)
        axis.set(xlabel="predicted class", ylabel="true class")
    return figure


def draw_matrix(
    axis: Axes,
    share: np.ndarray,
    names: Sequence[str],
    low: str,
    high: str,
    font: float,
    numbers: bool = True,
) -> None:
    """Draw a confusion matrix, with a number in each cell of half a per cent or more.

    Args:
        axis: to draw on.
        share: (classes, classes), in % of the row.
        names: of the classes.
        low: colour of 0 %.
        high: colour of 100 %; between them tones follow the root, so that small shares show.
        font: size of the numbers in points.
        numbers: whether there is room for them.
    """
    tones = LinearSegmentedColormap.from_list("share", [low, high])
    axis.imshow(np.sqrt(share), cmap=tones, vmin=0, vmax=10, aspect="auto")
    axis.set_xticks(range(len(names)), names, **TILTED)
    axis.set_yticks(range(len(names)), names)
    axis.grid(visible=False)
    for (i, j), value in np.ndenumerate(share):
        if numbers and value >= 0.5:
            ground = tones(np.sqrt(value) / 10)
            ink = max(_INKS, key=lambda tone: contrast(tone, ground))
            axis.text(j, i, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=font)


def contrast(*colours) -> float:
    """Return how well two colours can be told apart, 1 to 21: the contrast ratio of WCAG 2."""
    parts = [np.array(to_rgb(each)) for each in colours]
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in parts]
    dark, light = sorted(float(c @ (0.2126, 0.7152, 0.0722)) for c in linear)
    return (light + 0.05) / (dark + 0.05)


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

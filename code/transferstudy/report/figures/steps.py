"""Accuracy along one setting: how deep fine-tuning goes, how large the images are, how badly they are corrupted."""

import numpy as np
from matplotlib.figure import Figure

from ...analysis.plan import DEPTHS
from ...comparison import arm_interval
from ...errors import StudyError
from ...study import Arm, Study
from ..claims.beyond import robust_accuracy, robust_arms
from .style import canvas, colour, dash, marker

_DEPTH_NAMES = ("none", "block 5", "block 4", "block 3", "block 2", "all")
_MARKS = ("o", "s", "^", "D", "v")


def _line(study: Study, axis, face, places: list[int], arms: list[Arm], tone: str, mark: str, **options):
    axis.plot(places, [100 * a.accuracy for a in arms], color=tone, marker=mark, **options)
    for place, arm in zip(places, arms, strict=True):
        low, high = arm_interval(study, arm)
        axis.plot([place, place], [100 * low, 100 * high], color=tone, alpha=0.6, linewidth=face.line * 0.7)
        seeds = 100 * arm.test("accuracy")
        axis.plot([place] * len(seeds), seeds, ".", color=tone, alpha=0.55)


def depths(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy against the first block that learns, one line a number of labels; bars are intervals, dots are seeds."""
    with canvas(theme, size, 0.5 if size == "page" else 0.42) as (figure, axis, face):
        names = [name for name in DEPTHS if study.sizes_of(name)]
        tones = (colour("finetune_all", theme), colour("small_scratch", theme), colour("linear_probe", theme))
        for row, n in enumerate(study.sizes):
            here = [i for i, name in enumerate(names) if study.has(name, n)]
            arms = [study.arm(names[i], n) for i in here]
            mark, tone = _MARKS[row % len(_MARKS)], tones[row % len(tones)]
            if arms:
                _line(study, axis, face, here, arms, tone, mark, label=f"{n:,} labels")
        axis.set_xticks(range(len(names)), [_DEPTH_NAMES[DEPTHS.index(name)] for name in names])
        axis.set_xlabel("first layers that learn, beside the head")
        axis.set_ylabel("test accuracy (%)")
        axis.grid(axis="x", visible=False)
        figure.legend(loc="outside upper center", ncols=len(study.sizes), frameon=False)
    return figure


def resolutions(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy against image size, one line a strategy and number of labels; bars are intervals, dots are seeds."""
    with canvas(theme, size, 0.5 if size == "page" else 0.42) as (figure, axis, face):
        for strategy in study.strategies:
            for row, n in enumerate(study.sizes):
                sides = [side for side in study.image_sizes if study.has(strategy.name, n, side)]
                arms = [study.arm(strategy.name, n, side) for side in sides]
                if arms:
                    label = f"{strategy.label}, {n:,}" if len(study.sizes) > 1 else strategy.label
                    mark = marker(strategy.name) if row == 0 else _MARKS[row % len(_MARKS)]
                    tone, style = colour(strategy.name, theme), dash(strategy.name)
                    _line(study, axis, face, sides, arms, tone, mark, linestyle=style, label=label)
        axis.set_xticks(study.image_sizes, [str(side) for side in study.image_sizes])
        axis.set_xlabel("pixels a side that go into the network")
        axis.set_ylabel("test accuracy (%)")
        axis.grid(axis="x", visible=False)
        figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def robustness(
    study: Study, strategies: list[str], n_labels: int, theme: str = "light", size: str = "page"
) -> Figure:
    """Accuracy on corrupted test images against severity, one panel a corruption, one line a strategy, means over the seeds.

    Raises:
        StudyError: none of the strategies was tested on corrupted images at this size.
    """
    arms = [a for a in robust_arms(study, n_labels) if a.strategy.name in strategies]
    if not arms:
        raise StudyError(
            f"no run of {', '.join(strategies)} with {n_labels:,} labels was tested on corruptions"
        )
    shares = {a.strategy.name: robust_accuracy(a) for a in arms}
    kinds = [kind for kind in shares[arms[0].strategy.name] if kind != "clean"]
    with canvas(
        theme, size, 0.62 if size == "page" else 0.46, 2, -(-len(kinds) // 2), sharey=True, sharex=True
    ) as (figure, axes, _):
        panels = axes.ravel()
        for axis, kind in zip(panels, kinds, strict=False):
            for arm in arms:
                found, name = shares[arm.strategy.name], arm.strategy.name
                means = [found["clean"].mean(), *found[kind].mean(axis=0)]
                axis.plot(
                    range(len(means)), 100 * np.array(means), dash(name), color=colour(name, theme),
                    marker=marker(name), label=arm.strategy.label if kind == kinds[0] else None,
                )  # fmt: skip
            axis.set_title(kind)
            axis.set_xticks(range(len(means)))
        for axis in panels[len(kinds) :]:
            axis.set_visible(False)
        figure.supxlabel("severity (0: images as they are)", fontsize=panels[0].xaxis.label.get_size())
        figure.supylabel("accuracy (%)", fontsize=panels[0].yaxis.label.get_size())
        figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure

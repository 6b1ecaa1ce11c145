"""Accuracy along one setting: how deep fine-tuning goes, how large the images are, how badly they are corrupted."""

import numpy as np
from matplotlib.figure import Figure

from ...analysis.comparison import arm_interval
from ...analysis.study import Arm, Study
from ...errors import StudyError
from ...plan.declared import DEPTHS
from ..claims.beyond import corruption_name, robust_accuracy, robust_arms
from .marks import draw_interval, draw_seeds, name_ends
from .style import by_size, canvas, colour, dash, marker

_DEPTH_NAMES = ("none", "block 5", "block 4", "block 3", "block 2", "all")
# Numbers of labels are no strategies, so they take none of their colours: only marks and dashes tell them apart.
_MARKS = ("o", "s", "^", "D", "v")
_DASHES = ("-", "--", "-.", ":", (0, (8, 2)))


def _line(study: Study, axis, face, places: list[int], arms: list[Arm], tone: str, mark: str, style) -> None:
    axis.plot(places, [100 * a.accuracy for a in arms], color=tone, marker=mark, linestyle=style)
    for place, arm in zip(places, arms, strict=True):
        low, high = arm_interval(study, arm)
        draw_interval(axis, place, (100 * low, 100 * high), tone, face, 0.75)
        draw_seeds(axis, place, 100 * arm.test("accuracy"), tone, face)


def depths(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy against the first block that learns, one line a number of labels; bars are intervals, dots are seeds."""
    with canvas(theme, size, by_size(size, 0.52, 0.4, 1.1)) as (figure, axis, face):
        names, ends = [name for name in DEPTHS if study.sizes_of(name)], []
        for row, n in enumerate(study.sizes):
            here = [i for i, name in enumerate(names) if study.has(name, n)]
            arms = [study.arm(names[i], n) for i in here]
            tone = (face.ink, face.muted)[row % 2]
            mark, style = _MARKS[row % len(_MARKS)], _DASHES[row % len(_DASHES)]
            if arms:
                _line(study, axis, face, here, arms, tone, mark, style)
                ends.append((here[-1], 100 * arms[-1].accuracy, f"{n:,} labels", tone))
        words = [_DEPTH_NAMES[DEPTHS.index(name)] for name in names]
        words = [w.replace(" ", "\n") for w in words] if size == "phone" else words
        axis.set_xticks(range(len(names)), words)
        axis.set(xlabel="first layers that learn, beside the head", ylabel="test accuracy (%)", ylim=axis.get_ylim())  # fmt: skip
        axis.grid(axis="x", visible=False)
        name_ends(figure, axis, ends, face)
    return figure


def resolutions(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy against image size, one line a strategy and number of labels; bars are intervals, dots are seeds."""
    with canvas(theme, size, by_size(size, 0.52, 0.4, 1.1)) as (figure, axis, face):
        ends = []
        for strategy in study.strategies:
            for row, n in enumerate(study.sizes):
                sides = [side for side in study.image_sizes if study.has(strategy.name, n, side)]
                arms = [study.arm(strategy.name, n, side) for side in sides]
                if not arms:
                    continue
                label = f"{strategy.label}, {n:,}" if len(study.sizes) > 1 else strategy.label
                mark = marker(strategy.name) if row == 0 else _MARKS[row % len(_MARKS)]
                tone = colour(strategy.name, theme)
                _line(study, axis, face, sides, arms, tone, mark, dash(strategy.name))
                ends.append((sides[-1], 100 * arms[-1].accuracy, label, tone))
        axis.set_xticks(study.image_sizes, [str(side) for side in study.image_sizes])
        axis.set(xlabel="pixels a side that go into the network", ylabel="test accuracy (%)", ylim=axis.get_ylim())  # fmt: skip
        axis.grid(axis="x", visible=False)
        name_ends(figure, axis, ends, face)
    return figure


def robustness(
    study: Study, strategies: list[str], n_labels: int, theme: str = "light", size: str = "page"
) -> Figure:
    """Accuracy on corrupted test images against severity, one panel a corruption, one line a strategy; dots are seeds.

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
    columns = 2 if size == "phone" else -(-len(kinds) // 2)
    rows = -(-len(kinds) // columns)
    with canvas(
        theme, size, by_size(size, 0.66, 0.45, 0.45 * rows + 0.3), rows, columns, sharey=True, sharex=True
    ) as (figure, axes, face):
        panels = axes.ravel()
        for axis, kind in zip(panels, kinds, strict=False):
            for arm in arms:
                found, name = shares[arm.strategy.name], arm.strategy.name
                each = 100 * np.column_stack([found["clean"], found[kind]])
                tone, across = colour(name, theme), np.arange(each.shape[1])
                axis.plot(
                    across, each.mean(axis=0), dash(name), color=tone, marker=marker(name),
                    label=arm.strategy.label if kind == kinds[0] else None,
                )  # fmt: skip
                for one in each:
                    draw_seeds(axis, across, one, tone, face)
            axis.set_title(corruption_name(kind))
            axis.set_xticks(across)
        for place in range(len(kinds), len(panels)):
            panels[place].set_visible(False)
            panels[place - columns].tick_params(labelbottom=True)
        figure.supxlabel("severity (0: images as they are)", fontsize=panels[0].xaxis.label.get_size())
        figure.supylabel("accuracy (%)", fontsize=panels[0].yaxis.label.get_size())
        figure.legend(loc="outside upper center", ncols=1 if size == "phone" else 2, frameon=False)
    return figure

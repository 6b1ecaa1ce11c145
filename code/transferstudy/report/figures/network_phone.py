"""The diagrams of the network as they fit a phone: what stands side by side on a page stands below each other here."""

from matplotlib.figure import Figure

from ...analysis.study import Study
from ...plan.strategies import Strategy
from ..claims.inline import Values
from .blocks import BLOCKS, draw_blocks, stretches
from .diagram import arrow, box, plane
from .style import canvas, colour


def layers(rows: list[Strategy], theme: str) -> Figure:
    """One row a strategy, as `network.layers`; its name and its start stand above it."""
    step = 1.75
    with canvas(theme, "phone", 0.06 + 0.135 * len(rows)) as (figure, axis, face):
        for row, strategy in enumerate(rows):
            y, tone = step * (len(rows) - 1 - row), colour(strategy.name, theme)
            for first, last, word in stretches(strategy):
                style = "frozen" if word == "frozen" else "filled"
                box(axis, (first + 0.04, y, last - first + 0.92, 0.9), word, face, style, tone, corner=0.08)
            start = "pretrained" if strategy.pretrained else "random"
            axis.text(
                0.04, y + 1.0, f"{strategy.label} ({start} start)", va="bottom", fontsize=face.font * 0.92
            )
        for block, name in enumerate(BLOCKS):
            axis.text(
                block + 0.5, step * len(rows) + 0.1, name, ha="center", va="bottom", color=face.muted,
                fontsize=face.font * 0.92,
            )  # fmt: skip
        axis.set(xlim=(0, len(BLOCKS) + 0.02), ylim=(-0.05, step * len(rows) + 0.75))
        axis.axis("off")
    return figure


def transfer(theme: str) -> Figure:
    """Source task on the left, target task on the right; features are copied across, names are not."""
    parts = (("edges,\ncolours", 66), ("textures,\npatterns", 48), ("parts of\nobjects", 30))
    with plane(theme, "phone", 0.96) as (figure, axis, face):
        tone, head = colour("finetune_all", theme), colour("linear_probe", theme)
        for x, task, names in (
            (0, "source task\nmany labels", "old\nnames"),
            (62, "target task\nfew labels", "new\nnames"),
        ):
            axis.text(x + 19, 95, task, ha="center", va="top", fontweight="bold", linespacing=1.3)
            for text, y in parts:
                box(axis, (x, y, 38, 12.5), text, face, "filled", tone)
                arrow(axis, (x + 19, y - 0.5), (x + 19, y - 5), face)
            box(axis, (x, 12, 38, 12.5), names, face, "filled" if x else "dashed", head if x else face.muted)
        for _, y in parts:
            arrow(axis, (39, y + 5), (61, y + 5), face, tone)
            axis.text(50, y + 6.5, "copied", ha="center", va="bottom", color=tone)
        axis.text(50, 18.2, "replaced", ha="center", va="center", color=head)
        axis.text(
            50, 9.5, "above: useful for any picture\nbelow: made for the task", ha="center", va="top",
            color=face.muted, linespacing=1.3,
        )  # fmt: skip
    return figure


def side_of(study: Study) -> int:
    """Return the image size of the best pretrained arm with the most labels; without a rival from scratch that of the data."""
    n = study.contested[-1:]
    return study.best(n[0], True).image_size if n else study.first["data"]["side"]


def borrowed(study: Study, theme: str) -> Figure:
    """The blocks across, and under them what is cut off and what takes its place."""
    v, side = Values(study), side_of(study)
    with plane(theme, "phone", 0.77) as (figure, axis, face):
        tone, head = colour("finetune_all", theme), colour("linear_probe", theme)
        draw_blocks(axis, face, tone, side, (0.6, 45.0, 5.6, 6.4, 3.6, 0.9))
        box(axis, (0, 11.5, 46, 13), "3 dense layers,\n1,000 names", face, "dashed", face.muted)
        axis.text(23, 26, "cut off", ha="center", va="bottom", color=face.muted)
        box(axis, (54, 11.5, 46, 13), f"new head,\n{v.n_classes} names", face, "filled", head)
        arrow(axis, (77, 33.5), (77, 25.2), face)
        axis.text(
            77, 10.3, "mean over the map,\none linear layer", ha="center", va="top", color=face.muted,
            fontsize=face.font * 0.92, linespacing=1.3,
        )  # fmt: skip
    return figure

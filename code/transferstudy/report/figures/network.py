"""Diagrams of the network: what learns in which strategy, what is borrowed, and what transfer reuses."""

from matplotlib.figure import Figure

from ...analysis.study import Study
from ..claims.inline import Values
from . import network_phone as phone
from .blocks import BLOCKS, draw_blocks, stretches
from .diagram import arrow, box, plane
from .style import canvas, colour


def layers(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """VGG16's blocks and head, one row a strategy: filled parts learn, hatched ones stay frozen; the start stands at left."""
    rows = [s for s in study.strategies if s.backbone is None]
    if size == "phone":
        return phone.layers(rows, theme)
    with canvas(theme, size, 0.05 + 0.066 * len(rows)) as (figure, axis, face):
        for row, strategy in enumerate(rows):
            y, tone = len(rows) - 1 - row, colour(strategy.name, theme)
            for first, last, word in stretches(strategy):
                left, width = first + 0.05, last - first + 0.9
                style = "frozen" if word == "frozen" else "filled"
                box(axis, (left, y + 0.13, width, 0.74), word, face, style, tone, corner=0.08)
            start = "pretrained" if strategy.pretrained else "random"
            axis.text(
                -0.12, y + 0.5, f"{strategy.label}\n({start} start)", ha="right", va="center",
                fontsize=face.font * 0.92,
            )  # fmt: skip
        for block, name in enumerate(BLOCKS):
            axis.text(
                block + 0.5, len(rows) + 0.08, name, ha="center", va="bottom", color=face.muted,
                fontsize=face.font * 0.92,
            )  # fmt: skip
        axis.set(xlim=(-2.5, len(BLOCKS) + 0.02), ylim=(0, len(rows) + 0.5))
        axis.axis("off")
    return figure


def transfer(theme: str = "light", size: str = "page") -> Figure:
    """Transfer in one picture: a network for a source task above, one for a target task below; features are copied, not names."""
    if size == "phone":
        return phone.transfer(theme)
    parts = (("edges,\ncolours", 22, 18), ("textures,\npatterns", 43, 18), ("parts of\nobjects", 64, 18))
    with plane(theme, size, 0.37) as (figure, axis, face):
        tone, head = colour("finetune_all", theme), colour("linear_probe", theme)
        for y, task, names in (
            (25, "source task\nmany labels", "old\nnames"),
            (7.5, "target task\nfew labels", "new\nnames"),
        ):
            axis.text(0, y + 4, task, ha="left", va="center", fontweight="bold", linespacing=1.35)
            for text, x, width in parts:
                box(axis, (x, y, width, 8), text, face, "filled", tone)
            old = y > 10
            box(axis, (85, y, 15, 8), names, face, "dashed" if old else "filled", face.muted if old else head)
            for x in (18, 40, 61, 82):
                arrow(axis, (x, y + 4), (x + 3 + (x == 18), y + 4), face)
        for _, x, width in parts:
            arrow(axis, (x + width / 2, 24.4), (x + width / 2, 16.1), face, tone)
        axis.text(33.2, 20.3, "copied", ha="left", va="center", color=tone)
        axis.text(92.5, 20.3, "replaced", ha="center", va="center", color=head)
        axis.annotate(
            "", (82, 4.6), (22, 4.6), arrowprops={"arrowstyle": "<->", "color": face.muted, "linewidth": 1.4}
        )
        axis.text(22, 3.4, "useful for any picture", ha="left", va="top", color=face.muted)
        axis.text(82, 3.4, "made for the task", ha="right", va="top", color=face.muted)
    return figure


def borrowed(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """VGG16 as it was built, and the part of it that the study borrows: five blocks of convolutions and a new head.

    Heights follow the width of the maps on a logarithmic scale, at the image size of the best pretrained arm with the most labels.
    """
    if size == "phone":
        return phone.borrowed(study, theme)
    v, side = Values(study), phone.side_of(study)
    with plane(theme, size, 0.37) as (figure, axis, face):
        tone, head = colour("finetune_all", theme), colour("linear_probe", theme)
        base, small = 9.0, face.font * 0.92
        x = draw_blocks(axis, face, tone, side, (1.0, base, 3.1, 3.8, 2.4, 0.7))
        box(axis, (68, 22.5, 30, 11), "3 dense layers,\n1,000 names", face, "dashed", face.muted)
        axis.text(83, 34.6, "cut off", ha="center", va="bottom", color=face.muted)
        box(axis, (68, base, 30, 9), f"new head,\n{v.n_classes} names", face, "filled", head)
        arrow(axis, (x - 2.6, base + 4.5), (67.4, base + 4.5), face)
        axis.text(
            83, base - 0.8, "mean over the map,\none linear layer", ha="center", va="top", color=face.muted,
            fontsize=small, linespacing=1.3,
        )  # fmt: skip
    return figure

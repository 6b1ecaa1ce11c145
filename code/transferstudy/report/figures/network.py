"""A diagram of VGG16: which blocks are frozen and which learn, strategy by strategy."""

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from ...study import Study
from .style import canvas, colour

_BLOCKS = ("block 1", "block 2", "block 3", "block 4", "block 5", "head")


def _learns(train_from: str | None, block: int) -> bool:
    """Return whether block number `block` (0..4; 5 is the head) learns."""
    if block == 5 or train_from == "all":
        return True
    return train_from is not None and block + 1 >= int(train_from.removeprefix("block"))


def layers(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """VGG16's blocks as boxes, one row a strategy: filled boxes learn, hatched ones stay frozen; the start is written at left."""
    rows = [s for s in study.strategies if s.backbone is None]
    with canvas(theme, size, 0.46 if size == "page" else 0.42) as (figure, axis, face):
        for row, strategy in enumerate(rows):
            y, tone = len(rows) - 1 - row, colour(strategy.name, theme)
            for block in range(len(_BLOCKS)):
                learns = _learns(strategy.train_from, block)
                axis.add_patch(
                    FancyBboxPatch(
                        (block + 0.06, y + 0.12), 0.88, 0.76,
                        boxstyle="round,pad=0,rounding_size=0.08",
                        facecolor=tone if learns else face.fill,
                        edgecolor=tone if learns else face.muted,
                        linewidth=face.line * 0.6,
                        hatch=None if learns else "///",
                    )
                )  # fmt: skip
                axis.text(
                    block + 0.5, y + 0.5, "learns" if learns else "frozen", ha="center", va="center",
                    color=face.paper if learns else face.ink, fontsize=face.font * 0.9,
                    bbox=None if learns else {"facecolor": face.fill, "edgecolor": "none", "pad": 1.5},
                )  # fmt: skip
            start = "pretrained" if strategy.pretrained else "random start"
            axis.text(-0.08, y + 0.5, f"{strategy.label}\n({start})", ha="right", va="center")
        for block, name in enumerate(_BLOCKS):
            axis.text(block + 0.5, len(rows) + 0.12, name, ha="center", va="bottom")
        axis.set_xlim(-2.4, len(_BLOCKS))
        axis.set_ylim(0, len(rows) + 0.6)
        axis.axis("off")
    return figure

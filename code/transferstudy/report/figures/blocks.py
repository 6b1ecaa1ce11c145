"""VGG16 in blocks, and what each strategy does with them."""

from ...plan.strategies import Strategy
from .diagram import box
from .style import Look

BLOCKS = ("block 1", "block 2", "block 3", "block 4", "block 5", "head")
HEAD = len(BLOCKS) - 1
# Simonyan and Zisserman (2015), table 1, column D: convolutions and channels of each block.
VGG16 = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


def stretches(strategy: Strategy) -> list[tuple[int, int, str]]:
    """Return which parts of the network do what in a strategy: (first, last, word), the head being number 5.

    The words are "frozen", "learns", and, where the head learns before the rest, "first" and "then".
    """
    if strategy.train_from is None:
        return [(0, HEAD - 1, "frozen"), (HEAD, HEAD, "learns")]
    start = 0 if strategy.train_from == "all" else int(strategy.train_from.removeprefix("block")) - 1
    frozen = [(0, start - 1, "frozen")] if start else []
    if not strategy.head_first:
        return [*frozen, (start, HEAD, "learns")]
    return [*frozen, (start, HEAD - 1, "then"), (HEAD, HEAD, "first")]


def draw_blocks(axis, face: Look, tone: str, side: int, measures: tuple[float, ...]) -> float:
    """Draw VGG16's convolutions from left to right, with pixels a side above and channels below each block.

    Heights follow the width of the maps on a logarithmic scale.

    Args:
        axis: of a `diagram.plane`.
        face: its look.
        tone: colour of the boxes.
        side: pixels a side of the images.
        measures: where the first box begins and stands, its width, the step to the next one, what more there is between blocks,
            and how far texts stand off.

    Returns:
        Where the next block would begin.
    """
    x, base, width, step, between, off = measures
    small = face.font * 0.92
    for number, (convolutions, channels) in enumerate(VGG16):
        height, start = 9 + 4 * (len(VGG16) - 1 - number), x
        for _ in range(convolutions):
            box(axis, (x, base, width, height), "", face, "filled", tone, corner=0.35)
            x += step
        middle, pixels = (start + x - step + width) / 2, f"{side // 2**number} px"
        axis.text(middle, base + height + off, pixels, ha="center", va="bottom", fontsize=small)
        axis.text(
            middle, base - off - 0.1, f"block {number + 1}\n{channels}", ha="center", va="top", color=face.muted,
            fontsize=small, linespacing=1.3,
        )  # fmt: skip
        x += between
    return x

"""VGG16 in blocks, and what each strategy does with them."""

from ...plan.strategies import Strategy

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

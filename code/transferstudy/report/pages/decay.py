"""What more weight decay does to linear probes from ImageNet: runs with what the first search chose beside those that count now."""

from ...analysis.study import Study
from ..claims.words import acc
from ..values import count, listing

_PROBE = "linear_probe"


def gained(before: Study | None, now: Study | None, where: str = "") -> str:
    """Return the test accuracy of linear probes with the decay of the wider search and of the first one, in a sentence.

    Args:
        before: linear probes at one image size, with the settings of the first search; None while they have no run.
        now: the study with those of the wider search; None while it has no run.
        where: on which images, as the sentence begins; by default it names the image size.

    Returns:
        The sentence; empty where no number of labels has both.
    """
    if not before or not now:
        return ""
    side = before.image_size
    said = [
        f"{acc(now.arm(_PROBE, n, side))} instead of {acc(before.arm(_PROBE, n))} with {count(n)}"
        for n in before.sizes_of(_PROBE)
        if side in now.sides_of(_PROBE, n)
    ]
    where = where or f"At {side} pixels"
    return f"{where} linear probes now reach {listing(said)} labels." if said else ""

"""What more weight decay does to linear probes from ImageNet: the same runs with what the first search chose and with what counts now."""

from ...analysis.study import load_if_run
from ..claims.words import acc
from ..values import count, listing
from .imagenet import study

_PROBE, _BEFORE = "linear_probe", "weak-decay"


def gained() -> str:
    """Return the test accuracy of linear probes with the first and with the wider search, in a sentence; empty where one has no run."""
    before, now = load_if_run(_BEFORE), study()
    if not before:
        return ""
    side = before.image_sizes[0]
    said = [
        f"{acc(now.arm(_PROBE, n, side))} instead of {acc(before.arm(_PROBE, n))} with {count(n)}"
        for n in before.sizes_of(_PROBE)
        if side in now.sides_of(_PROBE, n)
    ]
    return f"At {side} pixels linear probes now reach {listing(said)} labels." if said else ""

"""One spec in, one trained model out: the head first, then deeper layers at a lower rate."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .run import Trained, train

__all__ = ["Trained", "train"]


def __getattr__(name: str):
    """Import what trains when it is asked for: it brings a deep-learning framework, which other modules here do without."""
    if name in __all__:
        from . import run

        return getattr(run, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

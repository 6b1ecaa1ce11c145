"""One spec in, one trained model out: the head first, then deeper layers at a lower rate."""

from .run import Trained, train

__all__ = ["Trained", "train"]

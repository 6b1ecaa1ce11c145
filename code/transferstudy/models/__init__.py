"""Networks: a backbone with preprocessing inside, a head, pretrained weights, and which layers may learn."""

from .build import build_model, standardise_head
from .convolution import check_arithmetic
from .freezing import between, set_trainable, split_at, trainable_layers
from .weights import load_weights

__all__ = [
    "between",
    "build_model",
    "check_arithmetic",
    "load_weights",
    "set_trainable",
    "split_at",
    "standardise_head",
    "trainable_layers",
]

"""The pretraining belongs to the project too: from the pixels of Tiny ImageNet to weights that a study can start from."""

from .settings import PretrainSpec, pretraining

__all__ = ["PretrainSpec", "pretraining"]

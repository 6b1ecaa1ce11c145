"""What one run is: `RunSpec`, a frozen and validated record whose canonical JSON is its identity."""

import hashlib
import json
import re
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..files import fitting
from .backbones import get_backbone
from .strategies import get_strategy

WEIGHT_NAMES = (
    "none",
    "imagenet",
    "imagenet-vgg16-int8",  # in 8 bits, small enough for the repository: for demonstrations without a network
    "tiny-imagenet",
    "tiny-imagenet-vgg16",
    "tiny-imagenet-compact",
)
_FILE_WEIGHTS = re.compile(r"sha256:[0-9a-f]{64}")
NORM_MOMENTUM = 0.99  # Keras' own; at this value a network keeps what it was built with, which some of Keras' own do not share
# Runs that agree in these take equally long for a step of an image.
PACE_KEYS = ("strategy", "backbone", "image_size", "precision")


class RunSpec(BaseModel):
    """Everything that decides the outcome of one run, and nothing else.

    Where the images and weights lie on this machine is not part of it: their content hashes go into the result.
    Learning rates are per optimiser step; steps count optimiser updates; sizes are in pixels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dataset: str = Field(min_length=1)
    data_sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="content of a folder of pictures, classes and groups included; None for the named data sets",
    )
    image_size: int = Field(ge=8, le=1024)
    fit: Literal["crop", "pad"] = Field("crop", description="how a folder's pictures become square")
    n_labels: int = Field(ge=2, description="labelled images, training and validation together")
    sampling: Literal["balanced", "stratified"] = Field(
        "balanced", description="whether drawn labels are equal in number or as frequent as in the data set"
    )
    folds: int | None = Field(
        None, ge=2, le=20, description="parts into which the seed cuts a folder; each is the test set once"
    )
    fold: int = Field(0, ge=0, description="which of the folds is the test set of this run")
    backbone: str
    weights: str
    strategy: str
    head: Literal["linear", "mlp"] = "linear"
    augmentation: Literal["none", "flip", "crop-flip"] = "crop-flip"
    augmentation_views: int = Field(
        8, ge=1, le=64, description="cached views an image when a prefix is frozen"
    )
    optimizer: Literal["adamw", "sgd"] = "adamw"
    head_learning_rate: float | None = Field(None, gt=0)
    learning_rate: float | None = Field(None, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    clip_norm: float = Field(
        1.0, gt=0, description="global gradient norm above which gradients are scaled down"
    )
    warmup: float = Field(0.1, ge=0, le=0.5, description="fraction of the steps with rising learning rate")
    head_epochs: int = Field(0, ge=0)
    head_min_steps: int = Field(0, ge=0)
    epochs: int = Field(0, ge=0)
    min_steps: int = Field(0, ge=0)
    evaluations: int = Field(10, ge=1, description="validations a phase; the best one is kept")
    patience: int = Field(5, ge=1, description="validations without improvement before a phase stops")
    batch_size: int = Field(32, ge=1)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    test_images: int | None = Field(
        None,
        ge=1,
        description="test images predicted, the same for every run (`data.splits.test_subset`); None: all",
    )
    norm_momentum: float = Field(
        NORM_MOMENTUM,
        gt=0,
        lt=1,
        description="share of batch normalisation's running statistics that a step keeps; by default as the network was built",
    )
    seed: int = Field(ge=0)
    purpose: Literal["study", "tuning"] = Field(
        "study", description="a tuning run chooses settings on validation images; it never reads a test image"
    )

    @model_validator(mode="after")
    def _consistent(self):
        strategy, backbone = get_strategy(self.strategy), get_backbone(self.backbone)
        if self.weights not in WEIGHT_NAMES and not _FILE_WEIGHTS.fullmatch(self.weights):
            raise ValueError(
                f"weights must be one of {', '.join(WEIGHT_NAMES)} or sha256:<64 hex digits>, not {self.weights!r}"
            )
        if strategy.pretrained != (self.weights != "none"):
            need = "pretrained weights" if strategy.pretrained else 'weights "none"'
            raise ValueError(f"strategy {self.strategy!r} needs {need}, not {self.weights!r}")
        if strategy.batch_norm is not None and strategy.batch_norm != backbone.batch_norm:
            word = "with" if strategy.batch_norm else "without"
            raise ValueError(
                f"strategy {self.strategy!r} needs a backbone {word} batch normalisation, not {self.backbone!r}"
            )
        if strategy.backbone not in (None, self.backbone):
            raise ValueError(f"strategy {self.strategy!r} is defined for backbone {strategy.backbone!r} only")
        if strategy.train_from not in (None, "all", *backbone.cuts):
            raise ValueError(
                f"backbone {self.backbone!r} has no stage {strategy.train_from!r}: it has {', '.join(backbone.cuts)}"
            )
        if self.image_size < backbone.min_size:
            raise ValueError(
                f"backbone {self.backbone!r} needs images of at least {backbone.min_size} pixels, not {self.image_size}"
            )
        if self.norm_momentum != NORM_MOMENTUM and not backbone.batch_norm:
            raise ValueError(
                f"backbone {self.backbone!r} has no batch normalisation: leave norm_momentum out"
            )
        if self.purpose == "tuning" and self.test_images is not None:
            raise ValueError("a tuning run reads no test image: leave test_images out")
        if self.fold >= (self.folds or 1):
            raise ValueError(f"fold {self.fold} is not one of {self.folds or 'no'} folds; they count from 0")
        for phase, used in (("head_", strategy.head_first), ("", strategy.train_from is not None)):
            rate, steps = (
                getattr(self, f"{phase}learning_rate"),
                getattr(self, f"{phase}epochs") + getattr(self, f"{phase}min_steps"),
            )
            if used and (rate is None or steps == 0):
                raise ValueError(
                    f"strategy {self.strategy!r} needs {phase}learning_rate, and {phase}epochs or {phase}min_steps"
                )
            if not used and (rate is not None or steps):
                # Knobs that change nothing would give one run two identities.
                raise ValueError(
                    f"strategy {self.strategy!r} does not use {phase}learning_rate, {phase}epochs, {phase}min_steps"
                )
        return self

    @classmethod
    def parse(cls, values: dict[str, Any], where: str = "run specification") -> "RunSpec":
        """Make a spec from plain values.

        Args:
            values: field name -> value.
            where: what to name in the error, such as a file and table.

        Raises:
            StudyError: a field is missing, unknown or out of range, or two fields contradict each other.
        """
        return fitting(cls, values, where)

    def model_copy(self, *, update: dict[str, Any] | None = None, deep: bool = False) -> "RunSpec":
        """Return a copy; with other values it has another identity, so what is remembered of `hash` is left behind."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("hash", None)
        return copied

    def canonical_json(self) -> str:
        """Return the spec as JSON with sorted keys and no spaces: equal specs give equal text.

        Fields at their default are left out, so that a field added later leaves old identities alone. A record holds all
        fields: should a default change, old records no longer match their names and count as made by another version.
        """
        return json.dumps(self.model_dump(exclude_defaults=True), sort_keys=True, separators=(",", ":"))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `canonical_json`, 64 hex digits."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    @property
    def id(self) -> str:
        """The first 12 hex digits of `hash`: the run's name in files, links and commands."""
        return self.hash[:12]

    @property
    def arm(self) -> tuple[str, int]:
        """Strategy and number of labels: what the runs of different seeds have in common on a page."""
        return self.strategy, self.n_labels

    def steps(self, phase: Literal["head", "main"], n_train: int) -> int:
        """Return the optimiser steps of a phase for `n_train` training images.

        A number of passes over the data, but never fewer than the minimum: with few images an epoch is only a few
        steps, too few for any optimiser.
        """
        prefix = "head_" if phase == "head" else ""
        per_epoch = -(-n_train // self.batch_size)
        return max(getattr(self, f"{prefix}min_steps"), getattr(self, f"{prefix}epochs") * per_epoch)

"""What one pretraining run is: `PretrainSpec`, validated, with an identity of its own; the settings stand in presets.toml."""

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...errors import StudyError
from ...files import fitting
from ...paths import PRESETS
from ...plan.backbones import get_backbone
from ...plan.presets import toml_tables

SOURCE = "tiny-imagenet"
SOURCE_SIDE = 64


class PretrainSpec(BaseModel):
    """Everything that decides the outcome of one pretraining run.

    The learning rate is the peak, per optimiser step; sizes are in pixels a side; `warmup` is a share of all steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(min_length=1, description="name of the weights, as a RunSpec calls them")
    backbone: Literal["vgg16_bn", "compact"]
    source: Literal["tiny-imagenet"] = SOURCE
    image_size: Literal[32, 64] = 32
    epochs: int = Field(ge=1)
    batch_size: int = Field(128, ge=1)
    learning_rate: float = Field(gt=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(ge=0, description="decoupled: multiplied by the learning rate of the step")
    warmup: float = Field(0.1, ge=0, le=0.5)
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    augmentation: Literal["none", "flip", "crop-flip"] = "crop-flip"
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    per_class: int | None = Field(
        None, ge=1, description="training images taken from each class; None for all, a few for a test"
    )
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _fits(self):
        if self.image_size < get_backbone(self.backbone).min_size:
            raise ValueError(f"backbone {self.backbone!r} does not take images of {self.image_size} pixels")
        return self

    @classmethod
    def parse(cls, values: dict[str, Any], where: str) -> "PretrainSpec":
        """Make a spec from plain values.

        Args:
            values: field name -> value.
            where: what to name in the error, such as a file.

        Raises:
            StudyError: a field is missing, unknown, out of range or of another type, or two fields contradict each other.
        """
        return fitting(cls, values, where)

    def canonical_json(self) -> str:
        """Return the spec as JSON with sorted keys and no spaces, fields at their default left out."""
        return json.dumps(self.model_dump(exclude_defaults=True), sort_keys=True, separators=(",", ":"))

    @property
    def id(self) -> str:
        """The first 12 hex digits of the SHA-256 of `canonical_json`."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()[:12]


def pretraining(network: str, **overrides) -> PretrainSpec:
    """Return the settings of `[pretraining.<network>]` in presets.toml.

    Args:
        network: "vgg16" or "compact".
        overrides: fields to replace, such as `epochs`; None leaves the field alone.

    Raises:
        StudyError: no such table, or a value out of range.
    """
    tables = toml_tables(PRESETS).get("pretraining", {})
    if network not in tables:
        raise StudyError(f"--backbone {network}: choose one of {', '.join(tables)}")
    values = {**tables[network], **{key: value for key, value in overrides.items() if value is not None}}
    return PretrainSpec.parse(values, f"pretraining {network!r}")

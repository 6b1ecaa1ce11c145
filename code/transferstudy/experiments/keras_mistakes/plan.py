"""What one demonstration is: a mistake and its right way on the same images from the same seed, validated and hashed."""

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...errors import StudyError
from ...files import fitting
from ...paths import PRESETS
from ...plan.presets import toml_tables
from ...plan.spec import NORM_MOMENTUM
from ...plan.strategies import Strategy, get_strategy

NAMES = ("pixels", "epoch", "head", "rate", "compile")


class Way(BaseModel):
    """How one side of a demonstration is trained.

    Attributes:
        pixels: how pixels are prepared: as the network expects it, or divided by 255 whatever it expects.
        head_steps, steps: optimiser steps of the head alone, and of the strategy's layers.
        head_rate, rate: (peak) learning rates of the two phases, per optimiser step; None where a phase has no steps.
        recompiled: whether the model is compiled again after `trainable` was changed for the second phase.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pixels: Literal["preprocess_input", "1/255"] = "preprocess_input"
    head_steps: int = Field(0, ge=0)
    head_rate: float | None = Field(None, gt=0)
    steps: int = Field(0, ge=0)
    rate: float | None = Field(None, gt=0)
    recompiled: bool = True

    @model_validator(mode="after")
    def _consistent(self):
        if self.head_steps + self.steps == 0:
            raise ValueError("head_steps and steps are both 0: nothing would be trained")
        for prefix in ("head_", ""):
            if (getattr(self, f"{prefix}rate") is None) != (getattr(self, f"{prefix}steps") == 0):
                raise ValueError(f"{prefix}steps and {prefix}rate belong together: give both or neither")
        if not self.recompiled and (self.rate != self.head_rate or not self.steps):
            raise ValueError("without compiling again both phases are needed, and rate stays head_rate")
        return self


class Plan(BaseModel):
    """Everything that decides the outcome of one demonstration.

    Attributes:
        mistake: which one.
        judged: images of the training set that are set apart before all seeds draw theirs; both ways are judged by them.
        strategy: which layers learn, as in `transferstudy.plan.strategies`.
        augmentation_views: cached views of an image while the backbone is frozen.
        schedule: "cosine" for the study's own optimiser, with warm-up, decay and clipping; "constant" for plain Adam.
        evaluations: validations of each phase; the state of the best one is kept.
        right, wrong: the two ways.

    `precision`, `head` and `norm_momentum` are those that `training.run.start_model` asks a spec for; `optimizer`, `weight_decay`,
    `clip_norm` and `warmup` those that `training.phase.optimiser` asks for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mistake: Literal[NAMES]
    dataset: str = Field(min_length=1)
    image_size: int = Field(ge=8, le=1024)
    n_labels: int = Field(ge=2)
    judged: int = Field(ge=2)
    backbone: str
    weights: str
    strategy: str
    head: Literal["linear"] = "linear"
    precision: Literal["float32"] = "float32"
    augmentation: Literal["none", "flip", "crop-flip"]
    augmentation_views: int = Field(ge=1, le=64)
    schedule: Literal["cosine", "constant"]
    optimizer: Literal["adamw"] = "adamw"
    weight_decay: float = Field(1e-4, ge=0)
    clip_norm: float = Field(1.0, gt=0)
    warmup: float = Field(0.1, ge=0, le=0.5)
    batch_size: int = Field(ge=1)
    evaluations: int = Field(ge=1)
    seed: int = Field(ge=0)
    right: Way
    wrong: Way

    @model_validator(mode="after")
    def _consistent(self):
        deeper = self.kind.train_from is not None
        for name, way in (("right", self.right), ("wrong", self.wrong)):
            if not deeper and way.steps:
                raise ValueError(
                    f"{name}: strategy {self.strategy!r} trains the head only, so it has no steps"
                )
            if way.pixels == "1/255" and deeper:
                raise ValueError(f"{name}: pixels / 255 are shown with a frozen backbone only")
        return self

    @property
    def kind(self) -> Strategy:
        """The strategy's facts."""
        return get_strategy(self.strategy)

    @property
    def norm_momentum(self) -> float:
        """How slowly running statistics of batch normalisation follow: as Keras builds them, in every demonstration."""
        return NORM_MOMENTUM

    @property
    def hash(self) -> str:
        """SHA-256 of all fields as JSON with sorted keys, 64 hex digits."""
        text = json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def id(self) -> str:
        """The record's name: mistake, seed, and the first 8 digits of the hash, so that other settings get other files."""
        return f"{self.mistake}-{self.seed}-{self.hash[:8]}"

    def key(self, way: Way) -> str:
        """Return what decides the training of one way: two demonstrations with equal keys may share it."""
        shared = self.model_dump(exclude={"mistake", "right", "wrong"})
        return json.dumps([shared, way.model_dump()], sort_keys=True)

    @classmethod
    def parse(cls, values: dict, where: str) -> "Plan":
        """Make a plan from plain values.

        Args:
            values: field name -> value.
            where: what to name in the error, such as a file and table.

        Raises:
            StudyError: a field is missing, unknown or out of range, or two contradict each other.
        """
        return fitting(cls, values, where)


def plans(path: Path = PRESETS, only: list[str] | None = None, **overrides) -> list[Plan]:
    """Return all demonstrations of `[mistakes.*]` in presets.toml, in the order of `NAMES`, seed by seed.

    Args:
        path: the TOML file.
        only: expressions that each one must match: a mistake's name, a record's name, or `seed=0,1`.
        overrides: fields to replace, such as `dataset`.

    Raises:
        StudyError: a value is wrong, or an expression matches nothing.
    """
    tables = toml_tables(path).get("mistakes", {})
    found = []
    for name in NAMES:
        values = {**tables.get("defaults", {}), **tables.get(name, {}), **overrides}
        seeds = values.pop("seeds", None)
        if not isinstance(seeds, list):
            raise StudyError(f"{path.name}, [mistakes.{name}]: seeds: give a list of whole numbers")
        found += [
            Plan.parse({**values, "mistake": name, "seed": seed}, f"{path.name}, [mistakes.{name}]")
            for seed in seeds
        ]
    for expression in only or []:
        kept = [plan for plan in found if _matches(plan, expression)]
        if not kept:
            raise StudyError(
                f"--only {expression}: no demonstration matches; give one of {', '.join(NAMES)}, or seed=0,1"
            )
        found = kept
    return found


def _matches(plan: Plan, expression: str) -> bool:
    field, equals, value = expression.partition("=")
    if equals:
        return field == "seed" and str(plan.seed) in value.split(",")
    return expression in (plan.mistake, plan.id)

"""The form of presets.toml: which tables there are, and what kind of value each holds. What runs allow is `RunSpec`'s matter."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Whole = Annotated[int, Field(ge=0)]
Values = dict[str, Any]  # field of a run -> value
Choices = dict[str, Annotated[list[Any], Field(min_length=1)]]  # field of a run -> values


class Preset(BaseModel):
    """One preset; `presets` says what each table means."""

    model_config = ConfigDict(strict=True, extra="forbid")

    n_labels: list[Whole] = []
    seeds: list[Whole] = []
    strategies: list[str] = []
    includes: list[str] | None = None
    set: Values = {}
    set_strategy: dict[str, Values] = {}
    set_labels: dict[str, dict[str, Values | list[Whole]]] = {}
    grid: Choices = {}
    grid_strategy: dict[str, Choices] = {}
    tuned: dict[str, Whole] = {}
    settings: str = "tuned"
    unfinished: bool = False
    keep_model: Values = {}
    robustness: Values = {}

    def model_post_init(self, context) -> None:
        product = {"n_labels", "seeds", "strategies"}
        if self.includes is None and (missing := sorted(product - self.model_fields_set)):
            raise ValueError(
                f"{missing[0]} is missing: a preset has n_labels, seeds and strategies, or includes others"
            )
        for n, at_size in self.set_labels.items():
            if odd := [name for name, v in at_size.items() if isinstance(v, list) != (name == "seeds")]:
                raise ValueError(
                    f"set_labels.{n}.{odd[0]}: seeds is a list, and every strategy has a table of fields"
                )


class Tables(BaseModel):
    """The whole file."""

    model_config = ConfigDict(strict=True)

    defaults: Values
    strategies: dict[str, Values]
    presets: dict[str, Preset]
    tuned: dict[str, dict[str, Values]] = {}
    second: dict[str, dict[str, Values]] = {}
    faster: dict[str, dict[str, Values]] = {}
    own: dict[str, dict[str, Values]] = {}
    pretraining: dict[str, Values] = {}
    mistakes: dict[str, Values] = {}

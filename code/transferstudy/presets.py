"""Presets: named lists of runs, expanded from one TOML file that holds every knob."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from .errors import StudyError
from .paths import PRESETS
from .spec import RunSpec
from .strategies import get_strategy


@cache
def toml_tables(path: Path) -> dict[str, Any]:
    """Return the content of the settings file.

    Raises:
        StudyError: not valid TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path}: not valid TOML: {error}") from None


def preset_names(path: Path = PRESETS) -> list[str]:
    """Return the names of all presets in the file, in its order."""
    return list(toml_tables(path)["presets"])


def preset_table(name: str, path: Path = PRESETS) -> dict[str, Any]:
    """Return the table of one preset as it stands in the file.

    Raises:
        StudyError: no such preset; the message lists those that exist.
    """
    presets = toml_tables(path)["presets"]
    if name not in presets:
        raise StudyError(
            f"unknown preset {name!r}: choose one of {', '.join(presets)} (they stand in {path.name})"
        )
    return presets[name]


def expand(name: str, path: Path = PRESETS, **overrides: Any) -> list[RunSpec]:
    """Return the runs of a preset, in the order in which they should be made.

    Values come from, later ones winning: `[defaults]`, `[strategies.<name>]`, the preset's own `[set]`,
    `[set_strategy.<name>]` and `[set_labels.<n>.<name>]`, and `overrides`. The runs are the product n_labels x seeds x
    strategies, in that order, so that a study that is stopped early has complete comparisons at the first sizes. `seeds`
    in `[set_labels.<n>]`, or in a strategy's table there, keeps only some of the preset's seeds.

    Args:
        name: the preset.
        path: the TOML file.
        overrides: fields given on the command line, such as `dataset`; `weights` replaces the weights of pretrained strategies.

    Raises:
        StudyError: unknown preset or strategy, or a run that is not valid.
    """
    tables, preset = toml_tables(path), preset_table(name, path)
    new_weights = overrides.pop("weights", None)
    runs = []
    for n_labels in preset["n_labels"]:
        at_size = preset.get("set_labels", {}).get(str(n_labels), {})
        for seed in preset["seeds"]:
            for strategy_name in preset["strategies"]:
                own = at_size.get(strategy_name, {})
                if seed not in own.get("seeds", at_size.get("seeds", preset["seeds"])):
                    continue
                strategy = get_strategy(strategy_name)
                values = {
                    **tables["defaults"],
                    **tables["strategies"].get(strategy_name, {}),
                    **preset.get("set", {}),
                    **preset.get("set_strategy", {}).get(strategy_name, {}),
                    **{key: value for key, value in own.items() if key != "seeds"},
                    **overrides,
                    "strategy": strategy_name,
                    "n_labels": n_labels,
                    "seed": seed,
                }
                if strategy.pretrained and new_weights:
                    values["weights"] = new_weights
                runs.append(
                    RunSpec.parse(values, f"preset {name!r} in {path.name}, strategy {strategy_name!r}")
                )
    return runs


def select(specs: list[RunSpec], only: list[str] | None) -> list[RunSpec]:
    """Keep the runs that match every `only` expression.

    An expression is a run id or its beginning (at least 4 digits), a strategy name, or `field=value[,value...]` such as `seed=0,1`.

    Raises:
        StudyError: an expression names no field, or nothing matches.
    """
    for expression in only or []:
        field, equals, value = expression.partition("=")
        if equals and field not in RunSpec.model_fields:
            raise StudyError(
                f"--only {expression}: {field!r} is no field of a run: use one of {', '.join(RunSpec.model_fields)}"
            )
        if equals:
            kept = [s for s in specs if str(getattr(s, field)) in value.split(",")]
        else:
            kept = [
                s
                for s in specs
                if s.strategy == expression or (len(expression) >= 4 and s.hash.startswith(expression))
            ]
        if not kept:
            raise StudyError(
                f"--only {expression}: no run of this preset matches; `python -m transferstudy plan` lists them"
            )
        specs = kept
    return specs

"""Presets: named lists of runs, expanded from one TOML file that holds every knob.

A preset is a product or a union:

    [presets.<name>]
    n_labels, seeds, strategies     the runs are the product of these three lists
    [presets.<name>.set]            fields of every run
    [presets.<name>.set_strategy.<strategy>]      fields of one strategy's runs
    [presets.<name>.set_labels.<n>]               the same at one size, by strategy; `seeds` keeps only some seeds
    [presets.<name>.grid]                         field = [values]: every combination is a run of its own
    [presets.<name>.grid_strategy.<strategy>]     the same for one strategy; wins over `grid` field by field
    [presets.<name>.tuned]                        <n> = <size>: at n labels the settings of [tuned.<size>.<strategy>] hold
    settings = "second"                           the same, but of [second.<size>.<strategy>]; so with "faster"

    [presets.<name>]
    includes = ["a", "b"]           the runs of other presets, each once, in this order

    folds = k in [set]              every run is made once for each of k folds

    unfinished = true               pages show the preset although runs are missing, and name those

    [presets.<name>.keep_model]     field = value or [values]: the runs whose trained weights are kept
    [presets.<name>.robustness]     the same: the runs that also predict corrupted test images

    [tuned.<size>.<strategy>]       what the tuning at a number of labels chose, as `python -m transferstudy tuned` prints it;
    [second.<size>.<strategy>]      the same for the second edition's search
    [faster.<size>.<strategy>]      the same for its search with faster running statistics of batch normalisation
    [own.<size>.<strategy>]         what a study of one's own images takes instead

The rules `keep_model` and `robustness` are no part of a run's identity. A union has those of the presets it includes.
"""

import itertools
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import StudyError
from ..files import fitting, read_toml
from ..paths import PRESETS
from .backbones import get_backbone
from .spec import RunSpec
from .strategies import get_strategy
from .tables import Tables


@cache
def toml_tables(path: Path) -> dict[str, Any]:
    """Return the content of the settings file.

    Raises:
        StudyError: missing, not valid TOML, or a table holds something else than it should.
    """
    mend = f"mend it, or restore it: git checkout -- {path}"
    try:
        tables = read_toml(path, mend)
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; it holds the presets; restore it from the repository") from None
    fitting(Tables, tables, str(path), mend)
    return tables


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
    `[set_strategy.<name>]` and `[set_labels.<n>.<name>]`, the tuned settings, its grid, and `overrides`. The order is n_labels, seeds,
    strategies, grid (the last one varies fastest), so that a study that is stopped early has complete comparisons at the
    first sizes.

    Args:
        name: the preset.
        path: the TOML file.
        overrides: fields given on the command line, such as `dataset`; `weights` replaces the weights of pretrained strategies:
            a name ("imagenet" only where Keras has some for the network), or network -> name, where others keep their own.

    Raises:
        StudyError: unknown preset or strategy, a preset that includes itself, or a run that is not valid.
    """
    products = _products(name, path)
    runs = [spec for part, table, _ in products for spec in _product(part, table, path, overrides)]
    return list({spec.hash: spec for spec in runs}.values())


def following(name: str, rule: str, path: Path = PRESETS, **overrides: Any) -> frozenset[str]:
    """Return the ids of a preset's runs that fall under a table `rule`, such as `keep_model`.

    A rule names fields and their value, or the list of their values; all must agree. The rule of an included preset
    holds for that preset's own runs.

    Args:
        name: the preset.
        rule: the table's name.
        path: the TOML file.
        overrides: as in `expand`.

    Raises:
        StudyError: as `expand`, or the rule names a field that runs do not have.
    """
    found = set()
    for part, table, above in _products(name, path):
        wanted = [preset_table(owner, path)[rule] for owner in above if rule in preset_table(owner, path)]
        for field in sorted({field for conditions in wanted for field in conditions}):
            if field not in RunSpec.model_fields:
                raise StudyError(f"preset {name!r} in {path.name}: {rule} names {field!r}, no field of a run")
        for spec in _product(part, table, path, overrides) if wanted else []:
            if any(_agrees(spec, conditions) for conditions in wanted):
                found.add(spec.id)
    return frozenset(found)


def untuned(name: str, path: Path = PRESETS) -> list[tuple[str, int]]:
    """Return the arms, as (strategy, number of labels), whose preset wants tuned settings that the file does not hold yet.

    Their runs must not be made: they would get the first choices of `[strategies.*]`, and other identities later.

    Raises:
        StudyError: as `expand`.
    """
    tables = toml_tables(path)
    arms = {
        spec.arm: None
        for part, table, _ in _products(name, path)
        for spec in _product(part, table, path, {})
        if _tuned(table, tables, spec.n_labels, spec.strategy) == {}
    }
    return list(arms)


def tuned_at(name: str, arms: set[tuple[str, int]], path: Path = PRESETS) -> list[int]:
    """Return the numbers of labels at which the settings of some arms of a preset were tuned, rising.

    Args:
        name: the preset.
        arms: (strategy, number of labels).
        path: the TOML file.

    Raises:
        StudyError: as `expand`.
    """
    return sorted(
        {
            int(table["tuned"][str(n)])
            for _, table, _ in _products(name, path)
            for _, n in arms
            if str(n) in table.get("tuned", {})
        }
    )


def _tuned(preset: dict, tables: dict, n_labels: int, strategy: str) -> dict[str, Any] | None:
    """Return the tuned settings of an arm: None where its preset wants none, {} where they are not in the file yet."""
    size = preset.get("tuned", {}).get(str(n_labels))
    chosen = tables.get(preset.get("settings", "tuned"), {})
    return None if size is None else chosen.get(str(size), {}).get(strategy, {})


def _agrees(spec: RunSpec, conditions: dict[str, Any]) -> bool:
    return all(
        getattr(spec, field) in (value if isinstance(value, list) else [value])
        for field, value in conditions.items()
    )


def _products(name: str, path: Path, above: tuple[str, ...] = ()) -> list[tuple[str, dict, tuple[str, ...]]]:
    """Return every preset that is a product and is reached from `name`: its name, its table, and the presets on the way."""
    preset = preset_table(name, path)
    if name in above:
        raise StudyError(f"preset {name!r} in {path.name} includes itself: {' -> '.join([*above, name])}")
    above = (*above, name)
    if "includes" not in preset:
        return [(name, preset, above)]
    if extra := sorted({"n_labels", "seeds", "strategies"} & set(preset)):
        raise StudyError(
            f"preset {name!r} in {path.name}: has both includes and {extra[0]}; give one of them"
        )
    return [found for part in preset["includes"] for found in _products(part, path, above)]


def _product(name: str, preset: dict, path: Path, overrides: dict) -> list[RunSpec]:
    return _made(name, preset, path, overrides) if overrides else _as_in_file(name, path)


@cache
def _as_in_file(name: str, path: Path) -> list[RunSpec]:
    """Return a preset's own runs without overrides; presets that include each other ask for the same ones again and again."""
    return _made(name, preset_table(name, path), path, {})


def _made(name: str, preset: dict, path: Path, overrides: dict) -> list[RunSpec]:
    tables, overrides = toml_tables(path), dict(overrides)
    new_weights = overrides.pop("weights", None)
    runs = []
    for n_labels, seed, strategy_name in itertools.product(
        preset["n_labels"], preset["seeds"], preset["strategies"]
    ):
        at_size = preset.get("set_labels", {}).get(str(n_labels), {})
        own = at_size.get(strategy_name, {})
        if seed not in own.get("seeds", at_size.get("seeds", preset["seeds"])):
            continue
        strategy = get_strategy(strategy_name)
        grid = {**preset.get("grid", {}), **preset.get("grid_strategy", {}).get(strategy_name, {})}
        for combination in itertools.product(*grid.values()):
            values = {
                **tables["defaults"],
                **tables["strategies"].get(strategy_name, {}),
                **preset.get("set", {}),
                **preset.get("set_strategy", {}).get(strategy_name, {}),
                **{key: value for key, value in own.items() if key != "seeds"},
                **(_tuned(preset, tables, n_labels, strategy_name) or {}),
                **dict(zip(grid, combination, strict=True)),
                **overrides,
                "strategy": strategy_name,
                "n_labels": n_labels,
                "seed": seed,
            }
            if strategy.pretrained and new_weights:
                values["weights"] = _replaced(new_weights, values["backbone"]) or values["weights"]
            where = f"preset {name!r} in {path.name}, strategy {strategy_name!r}"
            folds = [{}] if values.get("folds") is None or "fold" in values else _every_fold(values)
            runs += [RunSpec.parse({**values, **fold}, where) for fold in folds]
    return runs


def _every_fold(values: dict) -> list[dict]:
    """Return the field `fold` of each of a run's folds; a number of folds that is none is left for `RunSpec` to refuse."""
    folds = values["folds"]
    return [{"fold": fold} for fold in range(folds)] if isinstance(folds, int) and folds > 0 else [{}]


def _replaced(weights: str | dict[str, str], backbone: str) -> str | None:
    """Return the weights that replace a network's own, or None: Keras offers "imagenet" for its own networks only."""
    if isinstance(weights, dict):
        return weights.get(backbone)
    offered = weights != "imagenet" or get_backbone(backbone).application is not None
    return weights if offered else None


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

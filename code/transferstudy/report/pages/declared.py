"""The plan as tables: what it declares, from presets.toml and `plan.declared`, and how far it is run."""

from collections import Counter

from IPython.display import Markdown

from ...analysis.study import MAIN, Study
from ...data.splits import draw_sizes
from ...plan import declared as plan
from ...plan.presets import expand
from ...plan.rules_of_thumb import RULES
from ...plan.spec import RunSpec
from ...plan.strategies import STRATEGIES, get_strategy
from ..markdown import pipe_table
from ..values import count, listing, percent

_KNOBS = ("head_learning_rate", "learning_rate", "weight_decay")


def _grid(cells: dict[tuple[str, int], str], otherwise: str = "not run") -> Markdown:
    """Return a table of cells by strategy and number of labels."""
    sizes = sorted({n for _, n in cells})
    rows = [
        [get_strategy(name).label, *(cells.get((name, n), otherwise) for n in sizes)]
        for name in STRATEGIES
        if any(name == strategy for strategy, _ in cells)
    ]
    return pipe_table(["strategy", *(f"{n:,} labels" for n in sizes)], rows, "l" + "r" * len(sizes))


def _by_strategy(specs: list[RunSpec]) -> dict[str, list[RunSpec]]:
    """Return the runs of each strategy, in the order of strategies."""
    found = {name: [spec for spec in specs if spec.strategy == name] for name in STRATEGIES}
    return {name: own for name, own in found.items() if own}


def seeds(preset: str = MAIN) -> Markdown:
    """Return how many seeds each strategy is declared to run at each number of labels."""
    declared = Counter(arm for arm, _ in {(spec.arm, spec.seed) for spec in expand(preset)})
    return _grid({arm: str(number) for arm, number in declared.items()})


def schedules(preset: str = MAIN) -> Markdown:
    """Return the optimiser steps of each strategy's last phase at each number of labels, with the batch size."""
    return _grid({spec.arm: f"{_steps(spec):,} × {spec.batch_size}" for spec in expand(preset)})


def _steps(spec: RunSpec) -> int:
    phase = "head" if get_strategy(spec.strategy).train_from is None else "main"
    return spec.steps(phase, draw_sizes(spec.n_labels)[0])


def fewest_steps(preset: str = MAIN) -> str:
    """Return the fewest optimiser steps that any declared run of a preset gives to what learns last."""
    return count(min(_steps(spec) for spec in expand(preset)))


def longer(preset: str = "long", than: str = MAIN) -> str:
    """Return how many times the steps of the same arms of another preset a preset's runs take: "4", or "3 to 5".

    Steps are those of the phase that learns last.
    """
    short = {spec.arm: _steps(spec) for spec in expand(than)}
    times = sorted({count(_steps(spec) / short[spec.arm]) for spec in expand(preset)})
    return times[0] if len(times) == 1 else f"{times[0]} to {times[-1]}"


def tuning(preset: str = "tuning") -> Markdown:
    """Return the settings that are tried for each strategy, and how many runs that makes."""
    rows = []
    for name, own in _by_strategy(expand(preset)).items():
        tried = {
            knob: sorted({getattr(s, knob) for s in own if getattr(s, knob) is not None}) for knob in _KNOBS
        }
        rates = tried["learning_rate"] if get_strategy(name).train_from else tried["head_learning_rate"]
        tries = (", ".join(f"{value:g}" for value in each) for each in (rates, tried["weight_decay"]))
        rows.append([get_strategy(name).label, *tries, len(own)])
    return pipe_table(["strategy", "learning rates", "weight decays", "runs"], rows, "lllr")


def family() -> Markdown:
    """Return the declared comparisons with the question that each answers."""
    rows = [[c.question, get_strategy(c.a).label, get_strategy(c.b).label] for c in plan.FAMILY]
    return pipe_table(["question", "arm a", "arm b"], rows, "lll")


def rules() -> Markdown:
    """Return the rules of thumb that the second edition's runs can refute, with what decides about each."""
    rows = [[number, r.rule, r.holds, r.fails] for number, r in enumerate(RULES, 1)]
    return pipe_table(["", "the rule", "it holds if", "it fails if"], rows, "rlll")


def strategies(preset: str = "full") -> Markdown:
    """Return the declared strategies: network, start, what learns."""
    rows = []
    for name, (spec, *_) in _by_strategy(expand(preset)).items():
        start = {"none": "random", "imagenet": "ImageNet"}.get(spec.weights, "Tiny ImageNet")
        rows.append([get_strategy(name).label, f"`{spec.backbone}`", start, get_strategy(name).summary])
    return pipe_table(["strategy", "network", "start", "what happens"], rows, "llll")


def runs(preset: str) -> str:
    """Return the number of runs that a preset declares."""
    return count(len(expand(preset)))


def passes(preset: str, strategy: str, n_labels: int) -> str:
    """Return how often a run of a preset sees each of its training images, rounded, in the phase that learns last."""
    spec = next(s for s in expand(preset) if s.strategy == strategy and s.n_labels == n_labels)
    images = draw_sizes(n_labels)[0]
    return count(round(spec.steps("main", images) * spec.batch_size / images))


def progress(preset: str = "full") -> str:
    """Return how many of the declared runs are in `results/`: "12 of 283"."""
    from ...results.store import Store

    store, specs = Store(), expand(preset)
    return f"{count(sum(store.has(spec) for spec in specs))} of {count(len(specs))}"


def made(study: Study) -> Markdown:
    """Return how many of the declared seeds are finished, for each strategy and number of labels: "3 of 5"."""
    done = Counter(spec.arm for spec in study.specs)
    declared = done + Counter(spec.arm for spec in study.missing)
    return _grid({arm: f"{done[arm]} of {declared[arm]}" for arm in declared}, "not declared")


def precision(preset: str = "full") -> str:
    """Return the number formats that the runs of a preset compute in, as code: "`mixed_bfloat16`"."""
    return listing([f"`{name}`" for name in sorted({spec.precision for spec in expand(preset)})])


def percent_margin() -> str:
    """Return the margin below which a difference counts as none, in points."""
    return f"{100 * plan.MARGIN:g}"


def bars() -> str:
    """Return the accuracy that each from-scratch baseline must reach with all labels, in words."""
    return listing(
        [f"{percent(bar, 0)} for *{get_strategy(name).label}*" for name, bar in plan.BASELINE_BARS.items()]
    )

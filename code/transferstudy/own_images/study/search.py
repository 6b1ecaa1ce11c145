"""A small search of learning rates, where a study has the time: each strategy's own rate, a third of it, and three times as much.

The rates of `plan` come from other images. Only validation pictures decide. So there is no search where the pictures are tested in
folds: every picture that could choose a rate is a test picture of another fold.
"""

from dataclasses import replace

from ...data.splits import draw_sizes
from ...errors import Diverged
from ...plan.spec import RunSpec
from ...plan.strategies import get_strategy
from .machine_speed import Speed
from .plan import Frame, feature_seconds, run_spec, seconds_of, units
from .run import Making, make_one

FACTORS = (1.0, 1 / 3, 3.0)
SEEDS = 3  # the search may not cost the study its repetitions
LEAST = 100  # validation pictures; fewer cannot tell rates apart


def settle(making: Making, speed: Speed, sizes: list[int], available: float) -> tuple[Frame, list[dict]]:
    """Try three rates for every strategy, if there is time and there are pictures enough, and return the frame with the best.

    Each is tried with all labels and the first seed. What is stored already is not made again. A rate that diverges is left out.

    Args:
        making: how runs are made; its frame has the rates to begin with.
        speed: of this machine.
        sizes: training-set sizes, rising.
        available: seconds for runs, of all workers together.

    Returns:
        The frame, its rates those that did best on validation pictures (the usual one where several did), and what was tried: one
        dict a run with `strategy`, `factor`, `rate`, `accuracy` (of the validation pictures, 0..1), `id` and `chosen`. Nothing
        where nothing was tried.
    """
    frame, candidates = making.frame, _candidates(making.frame, sizes[-1])
    if not _affordable(making, speed, sizes, available, candidates):
        return frame, []
    making.say(f"  Trying {len(FACTORS)} learning rates for each strategy, on validation pictures ...")
    tried = []
    for (strategy, factor), spec in candidates.items():
        name = get_strategy(strategy).label
        try:
            if not making.store.has(spec):
                make_one(making, spec)
        except Diverged:
            making.say(f"    {name}, rate {_rate(spec):g}: left out, because the training diverged")
            continue
        accuracy = making.store.load(spec.id)["metrics"]["val"]["accuracy"]
        making.say(
            f"    {name}, rate {_rate(spec):g}: {100 * accuracy:.1f} % of the validation pictures are right"
        )
        tried.append(
            {"strategy": strategy, "factor": factor, "rate": _rate(spec), "accuracy": accuracy, "id": spec.id}
        )
    factors = dict.fromkeys(frame.settings, 1.0)  # for a strategy that diverged at every rate
    for strategy in dict.fromkeys(entry["strategy"] for entry in tried):
        own = [entry for entry in tried if entry["strategy"] == strategy]
        factors[strategy] = max(own, key=lambda entry: entry["accuracy"])["factor"]  # the first of equals
    for entry in tried:
        entry["chosen"] = entry["factor"] == factors[entry["strategy"]]
    settings = {strategy: _scaled(tables, factors[strategy]) for strategy, tables in frame.settings.items()}
    return replace(frame, settings=settings), tried


def said(tried: list[dict]) -> str:
    """Return which rates were chosen, in a sentence; empty where none was tried."""
    chosen = [
        f"{get_strategy(entry['strategy']).label} {entry['rate']:g}" for entry in tried if entry["chosen"]
    ]
    if not chosen:
        return ""
    return f" Of {len(FACTORS)} learning rates a strategy, validation pictures chose: {'; '.join(chosen)}."


def _affordable(making: Making, speed: Speed, sizes: list[int], available: float, candidates) -> bool:
    frame = making.frame
    validation = draw_sizes(frame.largest)[1]
    if frame.folds or validation < LEAST:
        return False
    cost = sum(seconds_of(frame, speed, spec) for spec in candidates.values())
    cost += sum(
        feature_seconds(frame, speed, strategy) for strategy in dict.fromkeys(s for s, _ in candidates)
    )
    return all(unit.planned for unit in units(frame, speed, sizes, SEEDS, available - making.jobs * cost))


def _candidates(frame: Frame, n_labels: int) -> dict[tuple[str, float], RunSpec]:
    found = {}
    for strategy in frame.settings:
        for factor in FACTORS:
            settings = frame.settings | {strategy: _scaled(frame.settings[strategy], factor)}
            spec = run_spec(replace(frame, settings=settings), strategy, n_labels, 0)
            found[strategy, factor] = RunSpec.parse({**spec.model_dump(), "purpose": "tuning"})
    return found


def _scaled(tables: dict[str, dict[str, float]], factor: float) -> dict[str, dict[str, float]]:
    """Multiply the rate of what learns last, in all tables of a strategy; tidy numbers of two digits."""
    if factor == 1:
        return tables
    scaled = {}
    for size, table in tables.items():
        knob = _knob(table)
        scaled[size] = table | {knob: float(f"{table[knob] * factor:.2g}")} if knob else table
    return scaled


def _knob(table: dict[str, float]) -> str | None:
    return next((name for name in ("learning_rate", "head_learning_rate") if table.get(name)), None)


def _rate(spec: RunSpec) -> float:
    return spec.learning_rate or spec.head_learning_rate

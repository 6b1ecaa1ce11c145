"""What a study of a folder runs: strategies, sizes and seeds by worth, as many as fit into the time.

A *unit* is one strategy at one size with one seed: one run, or one for each fold. Units stand in the order of their worth,
so that a short study has the comparison that decides most, and a longer one adds to it.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass, field

from ...data.splits import draw_sizes
from ...errors import StudyError
from ...plan.presets import PRESETS, toml_tables
from ...plan.spec import RunSpec
from .machine_speed import Speed

STRATEGIES = ("linear_probe", "finetune_block5", "finetune_block3", "finetune_all", "small_scratch")
SEEDS = 5  # at most
SCRATCH_SIDES = 64, 32  # of the compact network, made for small images: at full pace, and where time is short
SIZES = 4
RESERVE = 0.12  # of the time, kept for report and model
AFTER = 2.5  # as many times the measuring as model and report take
VIEWS = 2  # an image and its mirror
# Passes over the training images, and the fewest and the most steps of the phase that learns last, at full pace.
_STEPS = {
    "linear_probe": (0, 1000, 1000),  # on kept features they cost seconds
    "finetune_block5": (12, 120, 500),
    "finetune_block3": (12, 120, 500),
    "finetune_all": (12, 120, 500),
    "small_scratch": (40, 300, 1500),
}
_HEAD_STEPS = 150
# With Keras' 0.99 and the few steps that a short study has, the running statistics lag behind the weights: with 340 hand signs
# the compact network was right for 25 % of the validation pictures, with this for 93 %, all else equal.
_NORM_MOMENTUM = 0.9


@dataclass(frozen=True)
class Unit:
    """One strategy at one size with one seed.

    Attributes:
        strategy, n_labels, seed: as in `RunSpec`.
        seconds: how long its runs should take here, all folds together.
        planned: whether it fits into the time.
    """

    strategy: str
    n_labels: int
    seed: int
    seconds: float
    planned: bool = False


@dataclass(frozen=True)
class Frame:
    """What all runs of a study have in common.

    Attributes:
        dataset, data_sha256, fit, sampling, folds: as in `RunSpec`.
        side: pixels a side of the pretrained network's input.
        weights: name of the pretrained weights.
        precision: as in `RunSpec`.
        pace: share of the usual training steps. Below 1 the compact network takes smaller images, and twice this share.
        classes, pictures, test, largest: numbers of classes, of pictures, of pictures tested by one run, of labels at most.
        settings: the project's tables of learning rates and weight decay when the study was planned, as `settings` returns them;
            a later version of the project may have others, and a study does not mix them.
    """

    dataset: str
    data_sha256: str
    fit: str
    sampling: str
    folds: int | None
    side: int
    weights: str
    precision: str
    pace: float
    classes: int
    pictures: int
    test: int
    largest: int
    settings: dict = field(default_factory=dict, hash=False)


def sizes_up_to(largest: int, least: int) -> list[int]:
    """Return up to four training-set sizes, rising, each about half of the next, the last one all labels.

    Args:
        largest: all labels that a run may learn from.
        least: the smallest size that can be drawn.

    Raises:
        StudyError: not even the smallest size is there.
    """
    if largest < least:
        raise StudyError(
            f"{largest} labelled pictures to learn from; at least {least} are needed: add pictures, or use fewer classes (--classes)"
        )
    ratio = max(0.5, (least / largest) ** (1 / (SIZES - 1)))
    found = [largest]
    for k in range(1, SIZES):
        n = largest * ratio**k
        n = round(n, -1) if n >= 100 else round(n)
        if least <= n < found[-1] * 0.95:
            found.append(int(n))
    return sorted(found)


def least_size(classes: int) -> int:
    """Return the smallest number of labels that leaves each class a picture to learn from and one to choose by."""
    return 5 * classes


def compact_side(frame: Frame) -> int:
    """Return the pixels a side of the compact network's input."""
    return min(frame.side, SCRATCH_SIDES[frame.pace < 1])


def run_spec(frame: Frame, strategy: str, n_labels: int, seed: int, fold: int = 0) -> RunSpec:
    """Return one run of a study.

    Learning rate and weight decay are what the project's tuning chose at the nearest size.
    """
    tables = toml_tables(PRESETS)
    compact = strategy == "small_scratch"
    batch = 16 if n_labels < 200 else 32
    passes, fewest, most = _STEPS[strategy]
    pace = min(1.0, 2 * frame.pace) if compact else frame.pace
    probe = strategy == "linear_probe"
    steps = round((1.0 if probe else pace) * min(most, max(fewest, passes * 0.8 * n_labels / batch)))
    values = {
        **tables["defaults"],
        "dataset": frame.dataset,
        "data_sha256": frame.data_sha256,
        "image_size": compact_side(frame) if compact else frame.side,
        "fit": frame.fit,
        "n_labels": n_labels,
        "sampling": frame.sampling,
        "folds": frame.folds,
        "fold": fold,
        "backbone": "compact" if compact else "vgg16",
        "weights": "none" if compact else frame.weights,
        "strategy": strategy,
        "augmentation": "crop-flip" if compact else "flip",
        "augmentation_views": VIEWS,
        "batch_size": batch,
        "precision": frame.precision,
        "evaluations": 8,
        "patience": 8,
        "seed": seed,
        **_rates(frame, strategy, n_labels),
    }
    if not compact:
        values["head_min_steps"] = steps if probe else _HEAD_STEPS
    if not probe:
        values["min_steps"] = steps
    if compact:
        values["norm_momentum"] = _NORM_MOMENTUM
    return RunSpec.parse(values, f"the study's {strategy}")


def settings() -> dict[str, dict[str, dict[str, float]]]:
    """Return the project's learning rates and weight decay: strategy -> number of labels -> setting -> value.

    "0" has what a strategy gets where nothing was tuned.
    """
    tables, known = toml_tables(PRESETS), ("head_learning_rate", "learning_rate", "weight_decay")
    found = {}
    for strategy in STRATEGIES:
        found[strategy] = {"0": {k: v for k, v in tables["strategies"][strategy].items() if k in known}}
        for name in ("tuned", "second", "own"):
            for size, table in tables.get(name, {}).items():
                if strategy in table:
                    found[strategy][size] = {k: v for k, v in table[strategy].items() if k in known}
    return found


def _rates(frame: Frame, strategy: str, n_labels: int) -> dict[str, float]:
    """Return the learning rates and weight decay of a strategy, as tuned at the size nearest to `n_labels`."""
    known = (frame.settings or settings())[strategy]
    nearest = min(
        (size for size in known if size != "0"), key=lambda size: abs(int(size) - n_labels), default="0"
    )
    return known["0"] | known[nearest]


def unit_specs(frame: Frame, unit: Unit) -> list[RunSpec]:
    """Return the runs of a unit: one for each fold, or one."""
    return [
        run_spec(frame, unit.strategy, unit.n_labels, unit.seed, fold) for fold in range(frame.folds or 1)
    ]


def by_worth(sizes: list[int], seeds: int) -> list[tuple[str, int, int]]:
    """Return all (strategy, size, seed), the one that is worth most first."""
    probe, last, deep, whole, scratch = STRATEGIES
    top, rest = sizes[-1], sizes[-2::-1]
    order = [(probe, n, 0) for n in (top, *rest)]
    order += [(last, top, 0), (scratch, top, 0)]
    order += [(strategy, n, 0) for n in rest for strategy in (last, scratch)]
    order += [(probe, n, seed) for seed in (1, 2) for n in (top, *rest)]
    order += [(strategy, top, seed) for seed in (1, 2) for strategy in (last, scratch)]
    order += [(whole, top, 0), (deep, top, 0)]
    order += [(strategy, n, seed) for seed in (1, 2) for n in rest for strategy in (last, scratch)]
    order += [(strategy, n, 0) for n in rest for strategy in (whole, deep)]
    order += [(strategy, n, seed) for seed in (1, 2) for n in (top, *rest) for strategy in (whole, deep)]
    order += [(s, n, seed) for seed in range(3, SEEDS) for n in (top, *rest) for s in STRATEGIES]
    return [entry for entry in order if entry[2] < seeds]


def seconds_of(frame: Frame, speed: Speed, spec: RunSpec) -> float:
    """Return how long one run should take here, its features not counted."""
    n_train = draw_sizes(spec.n_labels)[0]
    total = speed.start[spec.strategy]
    if spec.head_learning_rate:
        total += spec.steps("head", n_train) * speed.head_step
    if spec.learning_rate:
        total += spec.steps("main", n_train) * speed.step(spec.strategy, spec.image_size, spec.batch_size)
    judged = spec.evaluations * (spec.n_labels - n_train) + frame.test
    return total + judged * speed.judged(spec.strategy, spec.image_size)


def feature_seconds(frame: Frame, speed: Speed, strategy: str) -> float:
    """Return how long the features of all pictures and their mirrors take, once for all runs of a strategy."""
    return 0.0 if strategy == "small_scratch" else VIEWS * frame.pictures / speed.features(frame.side)


def units(
    frame: Frame, speed: Speed, sizes: list[int], seeds: int, available: float, done: Collection[str] = ()
) -> list[Unit]:
    """Return all units in the order of their worth, those marked that fit into the time.

    A strategy that was not measured has none: a study that an earlier version planned goes on without those that came later.

    Args:
        frame: what the runs have in common.
        speed: of this machine.
        sizes: training-set sizes, rising.
        seeds: how many at most.
        available: seconds for runs that are still to be made.
        done: ids of the runs that are stored; they cost nothing.
    """
    found, left, seen = [], available, set()
    for strategy, n, seed in by_worth(sizes, seeds):
        if strategy not in speed.start:
            continue
        unit = Unit(strategy, n, seed, 0.0)
        missing = [spec for spec in unit_specs(frame, unit) if spec.id not in done]
        cost = sum(seconds_of(frame, speed, spec) for spec in missing)
        if missing and strategy not in seen:
            cost += feature_seconds(frame, speed, strategy)
        fits = cost <= left
        if fits:
            left -= cost
            seen.add(strategy)
        found.append(Unit(strategy, n, seed, round(cost, 1), fits))
    return found


def available_seconds(hours: float, measured: float, spent: float = 0.0) -> float:
    """Return the seconds that are left for runs: the time less what was used and what model and report need.

    Args:
        hours: for the whole study.
        measured: seconds that measuring took; a machine that is slow at it is slow at model and report as well.
        spent: seconds that were used already, those of measuring included.
    """
    total = 3600 * hours
    return max(0.0, total - min(max(RESERVE * total, AFTER * measured), total / 2) - spent)


def as_records(found: list[Unit]) -> list[dict]:
    """Return units as plain values."""
    return [asdict(unit) for unit in found]

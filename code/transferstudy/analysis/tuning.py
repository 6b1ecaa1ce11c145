"""The plan's rule of tuning: of all settings that were tried for a strategy at a size, which one wins?"""

from collections.abc import Set
from dataclasses import dataclass

from ..errors import StudyError
from ..plan.presets import expand
from ..plan.spec import RunSpec
from ..plan.strategies import get_strategy
from ..results.store import Store

PRESET, BEYOND = "tuning", "edges"
FOLLOWS = {  # strategies that are not tuned themselves -> the one whose winner they take
    "finetune_block4": "finetune_all",
    "finetune_block3": "finetune_all",
    "finetune_block2": "finetune_all",
}


@dataclass(frozen=True)
class Winner:
    """The setting that won for one strategy at one number of labels.

    Attributes:
        strategy: its name.
        n_labels: labelled images of the draw on which the settings were tried.
        knob: name of the tuned rate: "head_learning_rate" where nothing but the head learns, else "learning_rate".
        rate, weight_decay: the winner's.
        accuracy: its validation accuracy, 0..1, the mean over the draws.
        images: validation images that judged, those of all draws together.
        worst: the lowest validation accuracy among the settings.
        tried: how many settings were tried.
        edge: "lowest" or "highest" when no lower, or no higher, rate was tried; else None.
        ids: ids of all runs, the winner's first.
    """

    strategy: str
    n_labels: int
    knob: str
    rate: float
    weight_decay: float
    accuracy: float
    images: int
    worst: float
    tried: int
    edge: str | None
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Beyond:
    """What the next rate beyond an edge gave, all else as the winner: tried afterwards, and no part of any choice.

    Attributes:
        winner: the setting at the edge.
        rate: the next lower or higher one.
        accuracy: validation accuracy with it, 0..1, on the winner's images.
        id: id of the run.
    """

    winner: Winner
    rate: float
    accuracy: float
    id: str

    @property
    def images(self) -> int:
        """How many more validation images it got right than the winner did; fewer where negative."""
        return round((self.accuracy - self.winner.accuracy) * self.winner.images)


def rate_knob(strategy: str) -> str:
    """Return the name of the rate that is tuned for a strategy."""
    return "head_learning_rate" if get_strategy(strategy).train_from is None else "learning_rate"


def winner(specs: list[RunSpec], store: Store) -> Winner:
    """Return the winner among finished tuning runs of one strategy at one size.

    The highest validation accuracy wins, averaged over the draws where a setting was tried on several; ties go to the lower
    validation loss.

    Args:
        specs: the runs.
        store: where their results lie.

    Raises:
        StudyError: a result is missing or damaged.
    """
    by_setting: dict[RunSpec, list[RunSpec]] = {}
    for spec in specs:
        by_setting.setdefault(spec.model_copy(update={"seed": 0}), []).append(spec)
    found = []
    for runs in by_setting.values():
        metrics = [store.load(spec.id)["metrics"]["val"] for spec in runs]
        mean = [sum(m[key] for m in metrics) / len(metrics) for key in ("accuracy", "nll")]
        found.append((-mean[0], mean[1], sum(m["n"] for m in metrics), runs))
    order = sorted(found, key=lambda setting: setting[:2])
    accuracy, _, images, runs = order[0]
    best, knob = runs[0], rate_knob(runs[0].strategy)
    rates, rate = [getattr(spec, knob) for spec in specs], getattr(best, knob)
    return Winner(
        best.strategy,
        best.n_labels,
        knob,
        rate,
        best.weight_decay,
        -accuracy,
        images,
        -order[-1][0],
        len(order),
        "lowest" if rate == min(rates) else "highest" if rate == max(rates) else None,
        tuple(spec.id for _, _, _, runs in order for spec in runs),
    )


def winners(store: Store, specs: list[RunSpec] | None = None) -> list[Winner]:
    """Return the winners of every strategy and size whose tuning runs are all finished, in the preset's order.

    Args:
        store: where the results lie.
        specs: the tuning runs, by default those of the preset `tuning`.
    """
    groups: dict[tuple[str, int], list[RunSpec]] = {}
    for spec in expand(PRESET) if specs is None else specs:
        groups.setdefault(spec.arm, []).append(spec)
    return [winner(group, store) for group in groups.values() if all(store.has(s) for s in group)]


def beyond(found: list[Winner], store: Store, specs: list[RunSpec] | None = None) -> list[Beyond]:
    """Return what one rate beyond each edge gave, of the finished runs, in the winners' order.

    Args:
        found: winners; those at no edge are left out.
        store: where the results lie.
        specs: the runs beyond, by default those of the preset `edges`.

    Raises:
        StudyError: a run differs from its winner in more than the rate, or does not lie beyond it.
    """
    by_arm = {spec.arm: spec for spec in (expand(BEYOND) if specs is None else specs)}
    made = []
    for w in (w for w in found if w.edge):
        spec = by_arm.get((w.strategy, w.n_labels))
        if spec is None or not store.has(spec):
            continue
        rate, own = getattr(spec, w.knob), RunSpec.parse(store.load(w.ids[0])["spec"])
        outside = rate < w.rate if w.edge == "lowest" else rate > w.rate
        if not outside or spec.model_copy(update={w.knob: w.rate}) != own:
            raise StudyError(
                f"presets.toml: {BEYOND}: {w.strategy} at {w.n_labels} labels is not run {w.ids[0]}, the tuning's winner, with "
                f"a {'lower' if w.edge == 'lowest' else 'higher'} rate; mend the preset"
            )
        made.append(Beyond(w, rate, store.load(spec.id)["metrics"]["val"]["accuracy"], spec.id))
    return made


def as_toml(
    found: list[Winner], table: str = "tuned", searched: Set[str] = frozenset(), held: dict | None = None
) -> str:
    """Return the winners as the tables `[<table>.<labels>.<strategy>]` of presets.toml.

    Args:
        found: the winners.
        table: "tuned", or what a preset names under `settings`. Strategies that are not tuned themselves (`FOLLOWS`) take the
            winner of another one.
        searched: strategies that have tuning runs of their own, finished or not: they follow nobody.
        held: labels -> strategy -> settings that the file holds already; those tables are left out.
    """
    tables = []
    for n in sorted({w.n_labels for w in found}):
        by_name = {w.strategy: w for w in found if w.n_labels == n}
        for follower, leader in FOLLOWS.items():
            if leader in by_name and follower not in searched:
                by_name.setdefault(follower, by_name[leader])
        tables += [
            f"[{table}.{n}.{name}]\n{w.knob} = {w.rate:g}\nweight_decay = {w.weight_decay:g}\n"
            for name, w in by_name.items()
            if name not in (held or {}).get(str(n), {})
        ]
    return "\n".join(tables)

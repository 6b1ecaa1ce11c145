"""The rules of thumb of `plan.rules_of_thumb`, each judged by the runs: it holds, fails, or stays open."""

from dataclasses import dataclass

from ..data.splits import draw_sizes
from ..paths import PRESETS
from ..plan.declared import DEPTHS
from ..plan.presets import toml_tables
from ..plan.rules_of_thumb import RULES, Rule
from .comparison import MIN_SEEDS, Difference, between, verdict
from .study import Arm, Study

HOLDS, FAILS, OPEN = "holds", "fails", "open"


@dataclass(frozen=True)
class Outcome:
    """What the runs say of one rule.

    Attributes:
        rule: as the plan states it.
        verdict: HOLDS, FAILS or OPEN.
        deciding: the differences that decided, as (difference, its verdict), the one nearest to refuting the rule first; of an
            open rule those that there are.
        reason: why a rule is open although no difference says so, or what decided instead of a difference; else "".
        study: whose differences these are; None while it has no run.
    """

    rule: Rule
    verdict: str
    deciding: tuple[tuple[Difference, str], ...] = ()
    reason: str = ""
    study: Study | None = None


Judgement = tuple[str, tuple[tuple[Difference, str], ...], str]


def layer_rules(near: Study | None, few: int, many: int, far: Study | None = None) -> tuple[Outcome, ...]:
    """Judge the four rules on which layers to train: near and far from the source, with few labels and with many.

    Args:
        near: the study on images near the source; None while it has no run.
        few: labelled images that count as few.
        many: labelled images near the source that count as many; far from it, all that the study has.
        far: the study on images far from the source; None while it has no run.
    """
    judgements = (
        _head_suffices(near, few),
        _everything_wins(near, many),
        _fewer_layers_win(far, few),
        _everything_wins(far, max(far.sizes) if far else 0),
    )
    studies = near, near, far, far
    return tuple(map(Outcome, RULES, *zip(*judgements, strict=True), studies))


def outcomes(
    near: Study | None, sources: Study | None = None, far: Study | None = None
) -> tuple[Outcome, ...]:
    """Judge every rule of `RULES`, in their order.

    Args:
        near: the study on images near ImageNet: the arms from ImageNet's weights and from scratch, and the linear probes at
            all sides; None while it has no run.
        sources: linear probes from Tiny ImageNet's weights at 32 pixels, trained as those of `near`; None while there is no run.
        far: the study on images far from ImageNet; None while it has no run.
    """
    judgements = (
        _size_pays(near, 1_000, 224, 32),
        _size_beats_source(near, sources, 1_000, 128, 32),
        _scratch_catches_up(near, 50_000),
        _gentle(),
    )
    first = layer_rules(near, 100, 20_000, far)
    rest = zip(RULES[len(first) :], judgements, strict=True)
    return (*first, *(Outcome(claim, *judged, near) for claim, judged in rest))


def _missing(what: str) -> Judgement:
    return OPEN, (), f"not run yet: {what}"


def _judged(
    study: Study, pairs: list[tuple[Arm, Arm]], refuting: int = -1
) -> tuple[tuple[Difference, str], ...]:
    """Differences with their verdicts; with `refuting` 1 the largest first, with -1 the smallest."""
    found = [between(study, a, b) for a, b in pairs if set(a.seeds) & set(b.seeds)]
    found.sort(key=lambda d: -refuting * d.mean)
    return tuple((d, verdict(study, d)) for d in found)


def _decide(
    judged: tuple[tuple[Difference, str], ...], holds: set[str], fails: set[str], every: bool = True
) -> Judgement:
    """A rule fails by one verdict in `fails`; it holds when all (or with `every=False`, some) verdicts are in `holds`."""
    verdicts = [v for _, v in judged]
    if any(v in fails for v in verdicts):
        return FAILS, tuple(pair for pair in judged if pair[1] in fails), ""
    if verdicts and (all if every else any)(v in holds for v in verdicts):
        return HOLDS, judged, ""
    return OPEN, judged, ""


def _depths(study: Study, n: int) -> dict[str, Arm]:
    return {d: study.chosen(d, n) for d in DEPTHS if study.sides_of(d, n)}


def _head_suffices(near: Study | None, n: int) -> Judgement:
    run = _depths(near, n) if near else {}
    deeper = [arm for name, arm in run.items() if name != "linear_probe"]
    if "linear_probe" not in run or not deeper:
        return _missing(f"the comparison of the linear probe and deeper fine-tuning with {n:,} labels")
    judged = _judged(near, [(arm, run["linear_probe"]) for arm in deeper], refuting=1)
    return _decide(judged, {"worse", "equivalent"}, {"better"})


def _everything_wins(study: Study | None, n: int) -> Judgement:
    run = _depths(study, n) if study else {}
    shallower = [arm for name, arm in run.items() if name != "finetune_all"]
    if "finetune_all" not in run or not shallower:
        return _missing(
            "the comparison of Fine-tune all and shallower arms with "
            + (f"{n:,} labels" if n else "far images")
        )
    judged = _judged(study, [(run["finetune_all"], arm) for arm in shallower])
    return _decide(judged, {"better", "equivalent"}, {"worse"})


def _fewer_layers_win(far: Study | None, n: int) -> Judgement:
    run = _depths(far, n) if far else {}
    if not {"linear_probe", "finetune_all"} <= set(run):
        return _missing(
            f"the comparison of the linear probe and Fine-tune all on far images with {n:,} labels"
        )
    judged = _judged(far, [(run["linear_probe"], run["finetune_all"])])
    return _decide(judged, {"better", "equivalent"}, {"worse"})


def _size_pays(near: Study | None, n: int, large: int, small: int) -> Judgement:
    if not near or not {large, small} <= set(near.sides_of("linear_probe", n)):
        return _missing(f"linear probes at {small} and {large} pixels with {n:,} labels")
    pair = near.arm("linear_probe", n, large), near.arm("linear_probe", n, small)
    return _decide(_judged(near, [pair]), {"better"}, {"worse", "equivalent"})


def _size_beats_source(
    near: Study | None, sources: Study | None, n: int, large: int, small: int
) -> Judgement:
    sides = near.sides_of("linear_probe", n) if near else ()
    if not {large, small} <= set(sides) or not sources or small not in sources.sides_of("linear_probe", n):
        return _missing(f"linear probes with {n:,} labels from both sources")
    size = between(near, near.arm("linear_probe", n, large), near.arm("linear_probe", n, small))
    ours = sources.arm("linear_probe", n, small).accuracy
    theirs = near.arm("linear_probe", n, small).accuracy
    gain = ours - theirs
    found = OPEN
    if size.seeds >= MIN_SEEDS and not size.low <= gain <= size.high:
        found = HOLDS if size.low > gain else FAILS
    return (
        found,
        ((size, verdict(near, size)),),
        f"at {small} px the probe from Tiny ImageNet, trained alike, gains {100 * gain:+.1f} points over ImageNet's",
    )


def _scratch_catches_up(near: Study | None, most: int) -> Judgement:
    if not near or not near.contested:
        return _missing("arms from ImageNet and from scratch")
    judged = _judged(near, [(near.best(n, True), near.best(n, False)) for n in near.contested])
    caught = tuple(pair for pair in judged if pair[1] in ("worse", "equivalent"))
    if caught:
        return HOLDS, caught, ""
    last = tuple(pair for pair in judged if pair[0].n_labels == most and pair[1] == "better")
    return (FAILS, last, "") if last else (OPEN, judged, "")


def _gentle() -> Judgement:
    chosen = toml_tables(PRESETS).get("second", {}).get("500", {})
    if not {"finetune_all", "scratch_bn"} <= set(chosen):
        return _missing("the searches of Fine-tune all and Batch norm from scratch with 500 labels")
    gentle, bold = (chosen[name]["learning_rate"] for name in ("finetune_all", "scratch_bn"))
    reason = f"the searches chose the rates {gentle:g} and {bold:g}, on {draw_sizes(500)[1]} validation images, so this verdict is weak"
    if gentle <= bold / 10:
        return HOLDS, (), reason
    return (FAILS if gentle >= bold else OPEN), (), reason

"""Sentences on single questions: weights or architecture, depth, network, normalisation, resolution."""

from ...analysis.comparison import MIN_SEEDS, declared, difference
from ...analysis.corners import NETWORKS, all_corners
from ...analysis.cost import on_accelerator
from ...analysis.study import Study
from ...plan.declared import DEPTHS
from ..sources import card_of
from ..values import count, listing, percent, points, signed
from .words import acc, compare, diff, interval, judged_words, label, pairing, stand


def _along(study: Study, a: str, b: str) -> list[str]:
    found = [difference(study, a, b, n) for n in study.sizes_of(a, b)]
    return [f"{diff(d)} with {count(d.n_labels)} labels ({interval(d)})" for d in found]


def control(study: Study) -> str:
    """Return what frozen pretrained features give over frozen random ones: weights or architecture?"""
    parts, sizes = _along(study, "linear_probe", "random_features"), study.sizes_of("random_features")
    if not parts:
        return "The control with random features was not run beside a linear probe."
    low, high = study.arm("random_features", sizes[0]), study.arm("random_features", sizes[-1])
    chance = 1 / len(study.classes)
    above = low.accuracy > chance + 0.02
    reached = acc(low) if low is high else f"{acc(low)} to {acc(high)}"
    reading = f"Random features alone lie {'above' if above else 'near'} the {percent(chance, 0)} of guessing ({reached})"
    return (
        f"{reading}. The same frozen architecture with pretrained weights changes that by {listing(parts)}."
    )


def depth(study: Study) -> str:
    """Return how far into the network it paid to fine-tune, size by size."""
    sentences = []
    for n in study.sizes:
        names = [name for name in DEPTHS if study.has(name, n)]
        if len(names) < 2:
            continue
        order = sorted(names, key=lambda name: study.arm(name, n).accuracy, reverse=True)
        d = difference(study, order[0], order[1], n)
        clear = pairing(*(study.arm(name, n) for name in order[:2]))
        clear += "" if d.excludes_zero else ", a difference whose interval includes zero"
        ranked = listing([f"{label(name)} ({acc(study.arm(name, n))})" for name in order], "then")
        sentences.append(
            f"With {count(n)} labels the order is {ranked}; the first leads the second by {diff(d, study)}{clear}."
        )
    return " ".join(sentences) or "Depths were not compared."


def depth_steps(study: Study) -> str:
    """Return, for a study of depths, which further block was worth its place: each depth against the next shallower one."""
    sentences = []
    for n in study.sizes:
        steps = [d for d in declared(study) if d.n_labels == n]
        parts = [f"{label(d.a)} after {label(d.b)} {diff(d)} ({judged_words(study, d)})" for d in steps]
        if parts:
            sentences.append(
                f"With {count(n)} labels, step by step: {listing(parts)}.{_machines_apart(study, n)}"
            )
    return " ".join(sentences) or "Depths were not compared step by step."


def _machines_apart(study: Study, n_labels: int) -> str:
    """Say which arms at a size were trained on an accelerator, where others were not."""
    arms = study.at(n_labels)
    there = [arm for arm in arms if any(map(on_accelerator, arm.records))]
    if len(there) in (0, len(arms)):
        return ""
    names = listing([label(arm.strategy.name) for arm in there])
    return (
        f" At this size {names} {'was' if len(there) == 1 else 'were'} trained on a GPU, the others on a processor; "
        "how far that moves a result [was measured](/chapters/reproducibility.qmd#limits)."
    )


def rival(study: Study) -> str:
    """Return how the compact network fares against VGG16, both from scratch, and against the best transfer arm."""
    parts = _along(study, "small_scratch", "scratch_bn")
    if not parts:
        return "The compact network was not run beside VGG16 with batch normalisation."
    n = study.sizes_of("small_scratch")[-1]
    text = f"The compact network, from scratch, against VGG16 with batch normalisation, from scratch: {listing(parts)}."
    if not study.candidates(n, True):
        return text
    best = study.best(n, True).strategy.name
    against = difference(study, best, "small_scratch", n)
    return f"{text} At {count(n)} labels {label(best)} is {compare(study, against, 'the compact network from scratch')} ({diff(against, study)})."


def two_by_two(study: Study) -> str:
    """Return what pretraining does for each of the two networks: network and pretraining, two by two."""
    found = [c for c in all_corners(study) if c.complete]
    if not found:
        return "One corner of the comparison is empty: the compact network was not run both pretrained and from scratch."
    sentences = []
    for c in found:
        parts = [f"of {network} by {diff(d)}" for network in NETWORKS if (d := c.gain(network))]
        if parts:
            text = f"With {count(c.n_labels)} labels, pretraining changes the accuracy {listing(parts)}."
            sentences.append(text + (_which_gains_more(*c.interaction) if c.interaction else ""))
    return " ".join(sentences)


def _which_gains_more(mean: float, low: float, high: float, seeds: int) -> str:
    ends = f"95 % interval {signed(low)} to {signed(high)}"
    if low <= 0 <= high:
        return f" These runs do not tell which of the two gains more (the gains differ by {points(mean)}, {ends})."
    more = NETWORKS[0] if mean > 0 else NETWORKS[1]
    doubt = ", but from too few seeds for a verdict" if seeds < MIN_SEEDS else ""
    return f" {more[:1].upper()}{more[1:]} gained more, by {points(abs(mean)).lstrip('+')} ({ends}){doubt}."


def baseline(study: Study) -> str:
    """Return what batch normalisation does for VGG16 from scratch."""
    parts = _along(study, "scratch_bn", "scratch")
    if not parts:
        return "VGG16 from scratch was not run both with and without batch normalisation."
    return f"Batch normalisation changes the test accuracy of VGG16 from scratch by {listing(parts)}."


def resolution(study: Study) -> str:
    """Return, for a study of image sizes, what larger images give to each strategy, at each number of labels."""
    sentences = []
    for n in study.sizes:
        for strategy in study.strategies:
            sides = [side for side in study.image_sizes if study.has(strategy.name, n, side)]
            if len(sides) < 2:
                continue
            parts = []
            for side in sides[1:]:
                d = difference(study, strategy.name, strategy.name, n, (side, sides[0]))
                parts.append(f"{diff(d)} at {side} pixels ({interval(d)}; {judged_words(study, d)})")
            start = f"{acc(study.arm(strategy.name, n, sides[0]))} at {sides[0]} pixels"
            sentences.append(
                f"{label(strategy.name)} with {count(n)} labels: {start}, and against that {listing(parts)}."
            )
    return " ".join(sentences) or "Image sizes were not compared."


def object_size(study: Study) -> str:
    """Return, for a study of image sizes, what the largest does to pretrained features beside random ones, and a reading of it.

    Random features are the control: what they gain, enlarging itself can give; what only pretrained ones lose, the weights lose.
    """
    names = ("linear_probe", "random_features")
    both = [
        (n, side)
        for n in study.sizes
        for side in study.image_sizes
        if all(study.has(name, n, side) for name in names)
    ]
    n = both[-1][0] if both else 0
    sides = [side for size, side in both if size == n]
    if len(sides) < 2:
        return "Pretrained and random features were not compared on enlarged images."
    probe, control = (difference(study, name, name, n, (sides[-1], sides[0])) for name in names)
    side = card_of(study.arm("linear_probe", n, sides[0]).records[0], study.store)["side"]
    learned = f"The pretrained weights learned on images of {side} pixels"
    word, control_gains = stand(study, probe), stand(study, control) == "leads"
    if word not in ("leads", "trails"):
        return f"{learned}; whether they do better or worse on enlarged ones is not settled."
    if word == "leads":
        more = " So do random ones: the weights need not be the reason." if control_gains else ""
        return f"{learned}, and still their features gain from enlarged ones.{more}"
    if control_gains:
        return (
            f"Enlarging by itself does no harm: random features gain from it. {learned}. On larger ones they meet "
            "everything at a scale that they have not seen."
        )
    return f"{learned}, and do worse on enlarged ones. Random features do not tell whether enlarging itself is to blame."

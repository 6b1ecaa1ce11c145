"""Sentences whose truth depends on the results: computed here, so that no page can contradict `results/`."""

import numpy as np

from ..comparison import MIN_SEEDS, Difference, difference
from ..strategies import STRATEGIES
from ..study import Arm, Study
from ..values import Value, count, listing, percent, points, record_link, signed


def _acc(arm: Arm) -> str:
    return Value(percent(arm.accuracy), record_link(arm.anchor))._repr_markdown_()


def _diff(d: Difference) -> str:
    return Value(points(d.mean), record_link(d.anchor))._repr_markdown_()


def _interval(d: Difference) -> str:
    return f"95 % interval {signed(d.low)} to {signed(d.high)}, {d.seeds} seed{'s' if d.seeds > 1 else ''}"


def _label(name: str) -> str:
    return f"*{STRATEGIES[name].label}*"


def _compare(d: Difference, other: str) -> str:
    """Say in words how arm a of a difference stands to the other one, no more than the runs show."""
    if not d.excludes_zero:
        return f"not clearly apart from {other}"
    words = f"{'ahead of' if d.mean > 0 else 'behind'} {other}"
    if d.seeds >= MIN_SEEDS:
        return words
    return (
        f"{words} in each of the {d.seeds} seeds"
        if d.consistent
        else f"{words} in the mean, not in each seed"
    )


def best_pair(study: Study, n: int) -> tuple[Arm, Arm, Difference]:
    """Return the best transfer arm, the best from-scratch arm (both chosen on validation) and their difference at `n` labels."""
    a, b = study.best(n, True), study.best(n, False)
    return a, b, difference(study, a.strategy.name, b.strategy.name, n)


def headline(study: Study, short: bool = False) -> str:
    """Return the answer in one paragraph: best transfer against best scratch, at the fewest and the most labels."""
    sentences = []
    for n in (study.sizes[0], study.sizes[-1]):
        a, b, d = best_pair(study, n)
        if short:
            sentences.append(
                f"{count(n)} labels: {_acc(a)} with transfer, {_acc(b)} from scratch ({_diff(d)})"
            )
            continue
        sentences.append(
            f"With {count(n)} labelled images the best transfer arm ({_label(a.strategy.name)}) classifies {_acc(a)} of the "
            f"test images correctly, the best network trained from scratch ({_label(b.strategy.name)}) {_acc(b)}: "
            f"a difference of {_diff(d)} ({_interval(d)})."
        )
    if short:
        return "; ".join(sentences)
    return " ".join(sentences)


def slide_headline(study: Study) -> str:
    """Return the result as one plain sentence, fit for a heading."""
    n = study.sizes[0]
    d = best_pair(study, n)[2]
    if not d.excludes_zero:
        return f"With {count(n)} labels, transfer and scratch cannot be told apart"
    word = "leads" if d.mean > 0 else "trails"
    return f"With {count(n)} labels, transfer {word} by {abs(100 * d.mean):.0f} points"


def trend(study: Study) -> str:
    """Return whether the gain from transfer grows or shrinks with the number of labels."""
    sizes = study.sizes
    gains = [best_pair(study, n)[2] for n in sizes]
    listed = listing([f"{_diff(d)} with {count(d.n_labels)} labels" for d in gains])
    means = np.array([d.mean for d in gains])
    if (np.diff(means) < 0).all():
        word = "The gain shrinks as labels are added"
    elif (np.diff(means) > 0).all():
        word = "The gain grows as labels are added"
    else:
        word = "The gain neither shrinks nor grows steadily as labels are added"
    first, last = gains[0], gains[-1]
    if first.low <= last.high and last.low <= first.high:
        word += ", but the intervals of the fewest and the most labels overlap"
    return f"{word}: {listed}."


def slide_trend(study: Study) -> str:
    """Return the trend of the gain as a short sentence, fit for a heading."""
    means = np.array([best_pair(study, n)[2].mean for n in study.sizes])
    if (np.diff(means) < 0).all():
        return "The fewer the labels, the more transfer gains"
    if (np.diff(means) > 0).all():
        return "The more the labels, the more transfer gains"
    return "What transfer gains changes with the labels, but not steadily"


def control(study: Study) -> str:
    """Return what frozen pretrained features give over frozen random ones: weights or architecture?"""
    parts = []
    for n in study.sizes:
        d = difference(study, "linear_probe", "random_features", n)
        parts.append(f"{_diff(d)} with {count(n)} labels ({_interval(d)})")
    low, high = study.arm("random_features", study.sizes[0]), study.arm("random_features", study.sizes[-1])
    chance = 1 / len(study.classes)
    above = low.accuracy > chance + 0.02
    reading = (
        f"Random features alone lie {'above' if above else 'near'} the {percent(chance, 0)} of guessing"
        f" ({_acc(low)} to {_acc(high)})"
    )
    return (
        f"{reading}. The same frozen architecture with pretrained weights changes that by {listing(parts)}."
    )


def depth(study: Study) -> str:
    """Return how far into the network it paid to fine-tune, size by size."""
    names = [n for n in ("linear_probe", "finetune_block5", "finetune_all") if study.has(n, study.sizes[0])]
    sentences = []
    for n in study.sizes:
        order = sorted(names, key=lambda name: study.arm(name, n).accuracy, reverse=True)
        d = difference(study, order[0], order[1], n)
        clear = "" if d.excludes_zero else ", a difference whose interval includes zero"
        ranked = listing([f"{_label(name)} ({_acc(study.arm(name, n))})" for name in order], "then")
        sentences.append(
            f"With {count(n)} labels the order is {ranked}; the first leads the second by {_diff(d)}{clear}."
        )
    return " ".join(sentences)


def rival(study: Study) -> str:
    """Return how the compact network fares against VGG16, both from scratch, and against the best transfer arm."""
    sentences = []
    for n in study.sizes:
        d = difference(study, "small_scratch", "scratch_bn", n)
        sentences.append(f"{_diff(d)} with {count(n)} labels ({_interval(d)})")
    n = study.sizes[-1]
    best = study.best(n, True).strategy.name
    against = difference(study, best, "small_scratch", n)
    return (
        f"The compact network, from scratch, against VGG16 with batch normalisation, from scratch: {listing(sentences)}. "
        f"At {count(n)} labels {_label(best)} is {_compare(against, 'the compact network')} ({_diff(against)})."
    )


def baseline(study: Study) -> str:
    """Return what batch normalisation does for VGG16 from scratch."""
    parts = []
    for n in study.sizes:
        d = difference(study, "scratch_bn", "scratch", n)
        parts.append(f"{_diff(d)} with {count(n)} labels ({_interval(d)})")
    return f"Batch normalisation changes the test accuracy of VGG16 from scratch by {listing(parts)}."


def calibration(study: Study) -> str:
    """Return the expected calibration error of the best transfer and the best from-scratch arm at the most labels."""
    n = study.sizes[-1]
    parts = []
    for arm in best_pair(study, n)[:2]:
        error = Value(percent(float(arm.test("ece").mean())), record_link(arm.anchor))._repr_markdown_()
        parts.append(f"{error} for {_label(arm.strategy.name)}")
    return (
        f"With {count(n)} labels the expected calibration error on the test images is {listing(parts)}: that far, on average, "
        "the stated confidence lies from the share that is right."
    )


def cost(study: Study) -> str:
    """Return what one run of the cheapest transfer arm and of the main arms costs in processor time at the most labels."""
    n = study.sizes[-1]
    parts = []
    for name in ("linear_probe", "finetune_block5", "finetune_all", "scratch_bn", "small_scratch"):
        if study.has(name, n):
            arm = study.arm(name, n)
            minutes = Value(
                f"{np.mean(arm.cpu_seconds()) / 60:.1f}", record_link(arm.anchor)
            )._repr_markdown_()
            parts.append(f"{minutes} for {_label(name)}")
    return f"One run with {count(n)} labels took, in core-minutes, {listing(parts)}. The cost of pretraining is not in these numbers."


def hardest(study: Study) -> str:
    """Return which class is hardest for the best transfer arm at the most labels, and what it is most often taken for."""
    n = study.sizes[-1]
    arm = study.best(n, True)
    recall, confusion = arm.test("class_accuracy").mean(axis=0), arm.test("confusion").mean(axis=0)
    worst = int(recall.argmin())
    others = confusion[worst].copy()
    others[worst] = -1
    share = Value(percent(float(recall[worst])), record_link(arm.anchor))._repr_markdown_()
    return (
        f"For {_label(arm.strategy.name)} with {count(n)} labels the hardest class is *{study.classes[worst]}*: {share} of its "
        f"test images are recognised; the most frequent mistake is to call it *{study.classes[int(others.argmax())]}*."
    )


def verdict_rule(study: Study) -> str:
    """Return what may be concluded from this many seeds."""
    fewest, seeds = study.seeds_per_arm
    if fewest < MIN_SEEDS:
        number = f"{fewest} to {seeds}" if fewest < seeds else f"{seeds}"
        return (
            f"Each arm was run with {number} seed{'s' if seeds > 1 else ''}. That shows effects much larger than the spread between seeds; "
            f"it does not settle close calls. The intervals resample test images and seeds, and with fewer than {MIN_SEEDS} seeds "
            "they are too narrow. So this page describes what these runs did and gives no verdict on methods."
        )
    return (
        f"Each arm was run with up to {seeds} seeds. A difference counts as shown when its interval, over seeds and test images, "
        "excludes zero."
    )


def not_run(study: Study) -> str:
    """Return which strategies the package defines but this study did not run."""
    ran = {s.name for s in study.strategies}
    missing = [_label(name) for name in STRATEGIES if name not in ran]
    if not missing:
        return "Every strategy that the package defines was run."
    return f"Defined but not run here: {listing(missing)}."

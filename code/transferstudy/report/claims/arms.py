"""Sentences on single questions: weights or architecture, depth, network, normalisation, resolution."""

from collections import Counter

from ...analysis.comparison import declared, difference, judged
from ...analysis.corners import NETWORKS, all_corners
from ...analysis.costs.cost import on_accelerator
from ...analysis.study import Study
from ...plan.declared import DEPTHS
from ..sources import card_of
from ..values import capital, count, listing, percent
from .words import diff, doubtful, label, stand

_DOUBT = ", but not significantly among so many comparisons"
_STANDS = {
    "leads": "is ahead of {}",
    "perhaps": "comes out ahead of {}" + _DOUBT,
    "equal": "is equivalent to {}",
    "undecided": "cannot be told apart from {}",
    "hardly": "comes out behind {}" + _DOUBT,
    "trails": "is behind {}",
}
_AFTERWARDS = {
    "perhaps": "it comes out ahead" + _DOUBT,
    "equal": "the two are equivalent",
    "undecided": "the two cannot be told apart",
    "hardly": "it comes out behind" + _DOUBT,
    "trails": "it is behind",
}


def at_labels(sizes: list[int]) -> str:
    """Return "with 100 and 500 labels"."""
    return f"with {listing([count(n) for n in sizes])} labels"


def _throughout(study: Study, a: str, b: str, a_words: str, b_words: str) -> str | None:
    """Say how arm a stands to arm b at every number of labels that both have, and between which ends the difference lies."""
    found = [difference(study, a, b, n) for n in study.sizes_of(a, b)]
    if not found:
        return None
    groups: dict[str, list[int]] = {}
    for d in found:
        groups.setdefault(doubtful(stand(study, d), d), []).append(d.n_labels)
    if len(groups) == 1 and len(found) > 1:
        text = f"At every number of labels, {a_words} {_STANDS[next(iter(groups))].format(b_words)}"
    else:
        parts = []
        for word in (w for w in _STANDS if w in groups):
            stands = f"{a_words} {_STANDS[word].format(b_words)}" if not parts else _AFTERWARDS[word]
            parts.append(f"{at_labels(groups[word]).capitalize()}, {stands}")
        text = ". ".join(parts)
    if len(found) == 1:
        return f"{text}; the difference is {diff(found[0])}."
    low, high = (f(found, key=lambda d: d.mean) for f in (min, max))
    return f"{text}. The difference lies between {diff(low)} and {diff(high)}."


def control(study: Study) -> str:
    """Return what frozen pretrained features give over frozen random ones: weights or architecture?"""
    text = _throughout(
        study, "linear_probe", "random_features",
        "a linear probe on pretrained features", "the same probe on random features",
    )  # fmt: skip
    if text is None:
        return "The control with random features was not run beside a linear probe."
    n = study.sizes_of("random_features")[0]
    chance = 1 / len(study.classes)
    above = study.arm("random_features", n).accuracy > chance + 0.02
    side = "better than" if above else "hardly better than"
    return f"{text} Random features are {side} guessing, which would get {percent(chance, 0)} right."


def depth(study: Study) -> str:
    """Return how far into the network it paid to fine-tune, over all numbers of labels."""
    first, clear = {}, []
    for n in study.sizes:
        names = [name for name in DEPTHS if study.has(name, n)]
        if len(names) < 2:
            continue
        order = sorted(names, key=lambda name: study.arm(name, n).accuracy, reverse=True)
        first.setdefault(order[0], []).append(n)
        if stand(study, difference(study, order[0], order[1], n)) == "leads":
            clear.append(n)
    if not first:
        return "Depths were not compared."
    if len(first) == 1:
        name, sizes = next(iter(first.items()))
        text = f"{label(name)} is the most accurate of these strategies {'at every number of labels' if len(sizes) > 1 else at_labels(sizes)}"
    else:
        names = [f"{label(name)} {at_labels(sizes)}" for name, sizes in first.items()]
        text = f"The most accurate of these strategies is {listing(names)}"
    lead = f"is larger than chance {at_labels(clear)}" if clear else "may be chance at each of them"
    return f"{text}. Its lead over the next one {lead}."


def depth_steps(study: Study) -> str:
    """Return, for a study of depths, how often one further block was worth thawing."""
    found = Counter(each.verdict.rpartition(": ")[2] for each in judged(study))
    total = len(declared(study))
    if not total:
        return "Depths were not compared step by step."
    n = found["better"]
    better = f"{count(n)} {'is' if n == 1 else 'are'} clearly better" if n else "none is clearly better"
    step = "step" if total == 1 else "steps"
    return f"Of {count(total)} {step} that thaw one block more, {better} than the step before." + "".join(
        _machines_apart(study, n) for n in study.sizes
    )


def _machines_apart(study: Study, n_labels: int) -> str:
    """Say which arms at a size were trained on an accelerator, where others were not."""
    arms = study.at(n_labels)
    there = [arm for arm in arms if any(map(on_accelerator, arm.records))]
    if len(there) in (0, len(arms)):
        return ""
    names = listing([label(arm.strategy.name) for arm in there])
    return (
        f" With {count(n_labels)} labels, {names} {'was' if len(there) == 1 else 'were'} trained on a GPU, the others on a "
        "processor; how far this moves a result [was measured](/chapters/reproducibility.qmd#limits)."
    )


def rival(study: Study) -> str:
    """Return how the compact network fares against VGG16, both from scratch."""
    text = _throughout(
        study, "small_scratch", "scratch_bn", "the compact network from scratch", "VGG16 with batch normalisation from scratch"
    )  # fmt: skip
    return text or "The compact network was not run beside VGG16 with batch normalisation."


def two_by_two(study: Study) -> str:
    """Return which of the two networks gains more from pretraining, at which numbers of labels."""
    found = [c for c in all_corners(study) if c.complete]
    if not found:
        return "One corner of the comparison is empty: the compact network was not run both pretrained and from scratch."
    groups: dict[str, list[int]] = {}
    for c in found:
        if c.interaction:
            _, low, high, _ = c.interaction
            groups.setdefault("" if low <= 0 <= high else NETWORKS[low < 0], []).append(c.n_labels)
    sentences = []
    for network, sizes in groups.items():
        said = f"{network} gains more from pretraining than {NETWORKS[network == NETWORKS[0]]}"
        said = said if network else "these runs do not tell which of the two gains more"
        sentences.append(f"{capital(at_labels(sizes))}, {said}.")
    text = " ".join(sentences)
    return text or "The four arms share no seed, so the gains of the two networks cannot be compared."


def baseline(study: Study) -> str:
    """Return what batch normalisation does for VGG16 from scratch."""
    text = _throughout(study, "scratch_bn", "scratch", "VGG16 with batch normalisation", "plain VGG16")
    return text or "VGG16 from scratch was not run both with and without batch normalisation."


def resolution(study: Study) -> str:
    """Return, for a study of image sizes, what the largest images do to each strategy."""
    words = {
        "leads": "raises", "trails": "lowers", "equal": "does not change", "undecided": "does not clearly change",
    }  # fmt: skip
    sentences = []
    for n in study.sizes:
        groups: dict[tuple[int, int], list[str]] = {}
        for strategy in study.strategies:
            sides = [side for side in study.image_sizes if study.has(strategy.name, n, side)]
            if len(sides) > 1:
                d = difference(study, strategy.name, strategy.name, n, (sides[-1], sides[0]))
                change = f"{words[stand(study, d)]} the accuracy of {label(strategy.name)} ({diff(d)})"
                groups.setdefault((sides[0], sides[-1]), []).append(change)
        sentences += [
            f"With {count(n)} labels, enlarging the images from {low} to {high} pixels {listing(changes)}."
            for (low, high), changes in groups.items()
        ]
    return " ".join(sentences) or "Image sizes were not compared."


def object_size(study: Study) -> str:
    """Return, for a study of image sizes, what the largest does to pretrained features beside random ones, and a reading of it.

    Random features are the control: what they gain, enlarging itself can give; what only pretrained ones lose, the weights lose.
    """
    names = ("linear_probe", "random_features")
    n, sides = 0, []
    for size in study.sizes:
        if found := [s for s in study.image_sizes if all(study.has(name, size, s) for name in names)]:
            n, sides = size, found
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

"""The answer: the best transfer arm against the best from-scratch arm, and how that changes with the labels."""

import numpy as np

from ...analysis.comparison import Difference, between
from ...analysis.study import Arm, Study
from ...errors import StudyError
from ..sources import source
from ..values import count, listing
from .words import acc, diff, interval, named, on_images, pairing, stand, unequal


def best_pair(study: Study, n: int) -> tuple[Arm, Arm, Difference]:
    """Return the best transfer arm, the best from-scratch arm (both chosen on validation) and their difference at `n` labels."""
    a, b = study.best(n, True), study.best(n, False)
    return a, b, between(study, a, b)


def ends_of(study: Study) -> list[int]:
    """Return the fewest and the most labels at which transfer and scratch meet."""
    if not study.contested:
        raise StudyError(
            "no number of labels has both a pretrained and a from-scratch arm: run more of the study"
        )
    return list(dict.fromkeys((study.contested[0], study.contested[-1])))


def headline(study: Study, with_source: bool = True) -> str:
    """Return the answer at the fewest and at the most labels, by default with the source of the weights and its own top-1."""
    sentences, starts = [], []
    for n in ends_of(study):
        a, b, d = best_pair(study, n)
        starts.append(str(source(study, a)))
        several = len(study.candidates(n, False)) > 1
        rival = ", the network trained from scratch that did best on validation images," if several else ""
        sentences.append(
            f"With {count(n)} labelled images, {named(study, a)} classifies {acc(a)} of the test images correctly. "
            f"{named(study, b)}{rival} reaches {acc(b)}. {_outcome(study, a, b, d)}{unequal(a, b)}"
        )
    if said := tested_on(study):
        sentences.append(said)
    if with_source:
        sentences.append(f"We started from {listing(list(dict.fromkeys(starts)))}.")
    return " ".join(sentences)


def brief(study: Study) -> str:
    """Return `brief_at` for the fewest and the most labels."""
    return " ".join(brief_at(study, n) for n in ends_of(study))


def brief_at(study: Study, n: int) -> str:
    """Return the answer at a number of labels in two sentences, without the source of the weights.

    Where differences are taken on fewer images than the accuracies beside them, `tested_on` says so.
    """
    a, b, d = best_pair(study, n)
    return (
        f"With {count(n)} labelled images, {named(study, a)} is right for {acc(a)} of the test images and {named(study, b)} for {acc(b)}. "
        f"{_outcome(study, a, b, d)}"
    )


def tested_on(study: Study) -> str:
    """Return which test images the differences of `brief` are taken on, in a sentence; empty where all are."""
    return on_images([best_pair(study, n)[:2] for n in ends_of(study)])


def _outcome(study: Study, a: Arm, b: Arm, d: Difference) -> str:
    measured = f"{diff(d)} ({interval(d)}{pairing(a, b)})"
    return {
        "leads": f"So the pretrained start is ahead by {measured}.",
        "trails": f"So here training from scratch is better; the difference is {measured}.",
        "equal": f"So the two are equivalent; the difference is {measured}.",
        "undecided": f"So these runs do not tell which of the two is better; the difference is {measured}.",
    }[stand(study, d)]


def trend(study: Study) -> str:
    """Return whether the gain from transfer grows or shrinks with the number of labels."""
    ends = ends_of(study)
    gains = [best_pair(study, n)[2] for n in study.contested]
    word = direction(np.array([d.mean for d in gains]))
    if word is None:
        return f"The gain was measured at one number of labels only: {diff(gains[0])} with {count(ends[0])} labels."
    first, last = gains[0], gains[-1]
    if first.low <= last.high and last.low <= first.high:
        change = "shrinks" if last.mean < first.mean else "grows"
        return (
            f"With {count(ends[0])} labels the gain is {diff(first)}, with {count(ends[-1])} it is {diff(last)}. The intervals "
            f"overlap, so we cannot say that it {change} as labels are added."
        )
    return f"{word}, from {diff(first)} with {count(ends[0])} labels to {diff(last)} with {count(ends[-1])}."


def direction(means: np.ndarray) -> str | None:
    """Return in words how gains at rising numbers of labels change, or None for fewer than two."""
    if len(means) < 2:
        return None
    if (np.diff(means) < 0).all():
        return "The gain shrinks as labels are added"
    if (np.diff(means) > 0).all():
        return "The gain grows as labels are added"
    return "The gain neither shrinks nor grows steadily as labels are added"


def catching_up(study: Study) -> str:
    """Return at which number of labels training from scratch stops being behind, as far as the runs show."""
    ends_of(study)
    for n in study.contested:
        d = best_pair(study, n)[2]
        found = {
            "trails": "is ahead",
            "undecided": "can no longer be told apart from transfer",
            "equal": "is equivalent to transfer",
        }.get(stand(study, d))
        if found:
            return f"With {count(n)} labels the best network trained from scratch {found}."
    n = study.contested[-1]
    return f"Training from scratch does not catch up within the {count(n)} labels that we tried."

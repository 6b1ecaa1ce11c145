"""The answer: the best transfer arm against the best from-scratch arm, and how that changes with the labels."""

import numpy as np

from ...analysis.comparison import MIN_SEEDS, Difference, difference
from ...analysis.study import Arm, Study
from ...errors import StudyError
from ..sources import source
from ..values import count, listing
from .words import acc, diff, interval, label, pairing


def best_pair(study: Study, n: int) -> tuple[Arm, Arm, Difference]:
    """Return the best transfer arm, the best from-scratch arm (both chosen on validation) and their difference at `n` labels."""
    a, b = study.best(n, True), study.best(n, False)
    return a, b, difference(study, a.strategy.name, b.strategy.name, n)


def ends_of(study: Study) -> list[int]:
    """Return the fewest and the most labels at which transfer and scratch meet."""
    if not study.contested:
        raise StudyError(
            "no number of labels has both a pretrained and a from-scratch arm: run more of the study"
        )
    return list(dict.fromkeys((study.contested[0], study.contested[-1])))


def headline(study: Study, short: bool = False) -> str:
    """Return the answer in one paragraph, with the source of the pretrained weights and its own top-1."""
    sentences, starts = [], []
    for n in ends_of(study):
        a, b, d = best_pair(study, n)
        starts.append(str(source(study, a)))
        if short:
            sentences.append(
                f"{count(n)} labels: {acc(a)} with transfer, {acc(b)} from scratch ({diff(d)}{pairing(a, b)})"
            )
            continue
        sentences.append(
            f"With {count(n)} labelled images the best transfer arm ({label(a.strategy.name)}) classifies {acc(a)} of the "
            f"test images correctly, the best network trained from scratch ({label(b.strategy.name)}) {acc(b)}: "
            f"a difference of {diff(d)} ({interval(d)}{pairing(a, b)})."
        )
    start = listing(list(dict.fromkeys(starts)))
    if short:
        return f"{'; '.join(sentences)}. Start: {start}"
    return f"{' '.join(sentences)} Transfer starts here from {start}."


def trend(study: Study) -> str:
    """Return whether the gain from transfer grows or shrinks with the number of labels."""
    ends_of(study)
    gains = [best_pair(study, n)[2] for n in study.contested]
    listed = listing([f"{diff(d)} with {count(d.n_labels)} labels" for d in gains])
    word = direction(np.array([d.mean for d in gains]))
    if word is None:
        return f"The gain was measured at one size: {listed}."
    first, last = gains[0], gains[-1]
    if first.low <= last.high and last.low <= first.high:
        word += ", but the intervals of the fewest and the most labels overlap"
    return f"{word}: {listed}."


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
        if d.low <= 0:
            stand = "is ahead" if d.high < 0 else "can no longer be told apart from transfer"
            if d.within_margin and d.seeds >= MIN_SEEDS:
                stand = "does as well as transfer, by the rule of the plan"
            return f"With {count(n)} labels the best network trained from scratch {stand} ({diff(d)}, {interval(d)})."
    n = study.contested[-1]
    d = best_pair(study, n)[2]
    return f"Training from scratch does not catch up within the {count(n)} labels that were tried ({diff(d)}, {interval(d)})."

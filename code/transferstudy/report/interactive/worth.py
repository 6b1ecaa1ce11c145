"""The index page's slider: what to expect from a number of labelled images, and how many of them transfer saves."""

from functools import cache

from IPython.display import Markdown

from ...analysis.comparison import CONFIDENCE, MIN_SEEDS, arm_interval
from ...analysis.interpolation import Estimate, Saving, interpolated, straight_line_gap
from ...analysis.label_efficiency import Labels
from ...analysis.study import Arm, Study
from ...plan.strategies import STRATEGIES, Strategy
from ..claims.judgement import labels_in_words, may_equal
from ..claims.words import link
from ..markdown import by_size
from ..values import NBSP, count, percent, points
from .parts import embedded, html, tenths, tones

# On the rail, in thousandths of its length: past the largest size; its negative, below the smallest.
_BEYOND = 2000
_PHRASES = {"none": "no labels", "not known": "an unknown number of labels"}
_estimates = cache(interpolated)


def _kind(strategy: Strategy) -> str:
    if strategy.name == "random_features":
        return "control"
    return "pretrained" if strategy.pretrained else "random"


def _accuracy(estimate: Estimate, names: tuple[str, ...]) -> str:
    labels = " to ".join(STRATEGIES[name].label for name in names)
    low, high = (f"{100 * end:.1f}" for end in (estimate.low, estimate.high))
    return f"{percent(estimate.mean)} ({labels}; {percent(CONFIDENCE, 0)} interval {low} to {high}{NBSP}%)"


def expected(n: int, saving: Saving | None, measured: bool) -> str:
    """Return the accuracies of the best arms as a sentence."""
    if saving is None:
        return f"With {count(n)} labelled images there is no pretrained network to compare with."
    start = "Measured" if measured else "Between measured sizes"
    scratch = "a network trained from scratch was not measured here"
    if saving.scratch:
        scratch = f"the best network trained from scratch {_accuracy(saving.scratch, saving.scratch_names)}"
    return (
        f"{start}: with {count(n)} labelled images the pretrained network that did best on validation images classifies "
        f"{_accuracy(saving.transfer, saving.transfer_names)} of the test images correctly, {scratch}."
    )


def saved(n: int, saving: Saving | None, largest: int) -> str:
    """Return how many labels transfer saves, in a few words: "about 900", "more than 4,000", "none", "not known"."""
    if saving is None:
        return "not known"
    if saving.needed.side == "more":
        return f"more than {count(largest - n)}" if largest > n else "not known"
    # From the number as it is shown, so that a reader's own subtraction agrees.
    left = float(f"{saving.needed.number:.2g}") - n
    return labels_in_words(Labels(left)) if saving.needed.side == "" and left > 0 else "none"


def needed(n: int, saving: Saving | None, largest: int) -> str:
    """Return how many labels training from scratch needs for the accuracy of transfer, as a sentence."""
    if saving is None:
        return "How many labels transfer saves cannot be said here."
    low, high = labels_in_words(saving.low), labels_in_words(saving.high)
    ends = f" ({percent(CONFIDENCE, 0)} interval {low if low == high else f'{low} to {high}'})"
    few = "" if saving.seeds >= MIN_SEEDS else " These are too few seeds for a verdict."
    words, saves = labels_in_words(saving.needed), saved(n, saving, largest)
    same = f"Training from scratch does as well with {words} labels{ends}"
    if saving.needed.side == "more":
        known = saves != "not known"
        rest = f"transfer saves {saves}" if known else "how many labels transfer saves is not known"
        return f"Training from scratch would need {words} labels, the most that were measured{ends}: {rest}.{few}"  # fmt: skip
    if may_equal(n, saving.low, saving.high):
        return f"{same}: these runs show no saving.{few}"
    if saves == "none":
        return f"{same}: transfer saves none.{few}"
    return f"To do as well, training from scratch needs {words} labels{ends}: transfer saves {saves}.{few}"


def _place(labels: Labels, at: tuple[int, ...]) -> int:
    """Return where a number of labels stands along the slider, in thousandths; `_BEYOND` outside what was measured."""
    if labels.side:
        return _BEYOND if labels.side == "more" else -_BEYOND
    # The slider steps from position to position, so a number between two of them stands between two steps.
    step = next(k for k in range(1, len(at)) if labels.number <= at[k])
    share = (labels.number - at[step - 1]) / (at[step] - at[step - 1])
    return round(1000 * (step - 1 + share) / (len(at) - 1))


def worth_data(study: Study) -> dict:
    """Return what the slider looks up.

    Returns:
        "labels": the positions; "measured": indices of the measured sizes among them; "start": index to begin at;
        "strategies": name -> one [mean, low, high] a position in tenths of a per cent, or None;
        "says": one [accuracies, labels needed] a position, as sentences; "saves": the same in a few words;
        "rail": one [needed, low, high] a position, in thousandths of the slider, 2000 for more than measured.
    """
    found, largest = _estimates(study), study.sizes[-1]
    at = found.positions
    pairs = list(zip(at, found.savings, strict=True))
    return {
        "labels": at,
        "measured": [at.index(n) for n in study.sizes],
        "start": at.index((study.contested or study.sizes)[0]),
        "strategies": {
            name: [e and [tenths(v) for v in (e.mean, e.low, e.high)] for e in row]
            for name, row in found.accuracy.items()
        },
        "says": [[expected(n, s, n in study.sizes), needed(n, s, largest)] for n, s in pairs],
        "saves": [_PHRASES.get(words := saved(n, s, largest), f"{words} labels") for n, s in pairs],
        "rail": [s and [_place(x, at) for x in (s.needed, s.low, s.high)] for _, s in pairs],
    }


def worth(study: Study) -> Markdown:
    """Return the slider; nothing where there is one size, for then there is nothing to slide along."""
    if len(study.sizes) < 2:
        return Markdown("")
    data = worth_data(study)
    rows = [
        {"name": s.name, "label": s.label, "kind": kind, "tones": tones(s.name)}
        for kind in ("pretrained", "random", "control")
        for s in study.strategies
        if _kind(s) == kind and s.name in data["strategies"]
    ]
    at, last = data["labels"], len(data["labels"]) - 1
    marks = [{"index": i, "words": count(at[i]), "place": round(100 * i / last, 2)} for i in data["measured"]]
    return html("worth.html.j2", data=embedded(data), rows=rows, marks=marks, last=last, start=data["start"])


def worth_table(study: Study) -> Markdown:
    """Return the measured sizes as a table: mean test accuracy in per cent and its interval."""

    def cell(arm: Arm) -> str:
        low, high = (f"{100 * end:.1f}" for end in arm_interval(study, arm))
        return f"{link(arm, f'{100 * arm.accuracy:.1f}')} ({low}–{high})"

    return by_size(study, cell)


def worth_note(study: Study) -> str:
    """Return how the slider's numbers come about and what their intervals mean."""
    counts = [len(arm.records) for arm in study.arms.values()]
    sentences = [
        "Between the measured numbers of labels the slider follows a smooth curve. Straight lines instead would change an accuracy "
        f"by up to {points(straight_line_gap(study)).lstrip('+')}; the intervals do not cover this choice.",
    ]
    if min(counts) < MIN_SEEDS:
        sentences.append(f"Fewer than {MIN_SEEDS} seeds are too few to rely on the intervals.")
    if min(counts) == 1:
        sentences.append("Where a strategy has one seed, the intervals cover its test images only.")
    sentences.append("The best strategy of either kind is the one that did best on validation images.")
    return " ".join(sentences)

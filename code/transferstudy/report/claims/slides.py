"""Sentences for slides: short, for a heading or a card, and never more than the runs show."""

from dataclasses import dataclass

import numpy as np

from ...analysis.comparison import Difference
from ...analysis.costs.cost import cpu_seconds, share_machines
from ...analysis.label_efficiency import worth
from ...analysis.study import Study
from ..sources import DOWNLOADED, Source, source, sources
from ..values import count, listing, percent
from .headline import best_pair, direction, ends_of
from .judgement import labels_in_words
from .words import link, stand

_ALIKE = 1.15  # computing that differs by less is called the same


def _points(d: Difference) -> str:
    """The size of a difference, as finely as the figure below the heading has it where a whole number would disagree."""
    gain = abs(100 * d.mean)
    return f"{gain:.0f} points" if round(gain, 1) >= 10 else f"{gain:.1f} points"


def slide_headline(study: Study) -> str:
    """Return the result as one plain sentence, fit for a heading; it names the source, its top-1 stands in `headline`."""
    n = ends_of(study)[0]
    a, _, d = best_pair(study, n)
    start, word = f"With {count(n)} labels, transfer from {source(study, a).data}", stand(study, d)
    if word == "equal":
        return f"{start} and scratch do equally well"
    if word == "undecided":
        return f"{start} and scratch cannot be told apart"
    return f"{start} {word} training from scratch by {_points(d)}"


def slide_trend(study: Study) -> str:
    """Return the trend of the gain as a short sentence."""
    means = np.array([best_pair(study, n)[2].mean for n in study.contested])
    word = direction(means)
    if word is None:
        return "The gain from transfer was measured at one number of labels."
    if "neither" in word:
        return "What transfer gains changes with the labels, but not steadily."
    gains = [best_pair(study, n)[2] for n in ends_of(study)]
    apart = gains[0].low > gains[1].high or gains[1].low > gains[0].high
    more = "fewer" if "shrinks" in word else "more"
    doubt = "" if apart else ", though the intervals at both ends overlap"
    return f"The {more} the labels, the more transfer gains{doubt}."


def slide_price(study: Study) -> str:
    """Return what the gain at the most labels costs in computing, as one plain sentence, fit for a heading; the trend where machines differ."""
    n = ends_of(study)[-1]
    a, b, d = best_pair(study, n)
    if not share_machines(study, a, b):
        return slide_trend(study).rstrip(".")
    times = float(cpu_seconds(study, a).mean() / cpu_seconds(study, b).mean())
    if times >= _ALIKE:
        price = f"{times:.1f} times the computing"
    elif times <= 1 / _ALIKE:
        price = f"{percent(times, 0)} of the computing"
    else:
        price = "about the same computing"
    word = stand(study, d)
    if word == "leads":
        return f"With {count(n)} labels, {_points(d)} more take {price}"
    if word == "trails":
        return f"With {count(n)} labels, transfer trails by {_points(d)} for {price}"
    return f"With {count(n)} labels, transfer brings no clear gain for {price}"


@dataclass(frozen=True)
class Card:
    """A card on a slide.

    Attributes:
        word: what it speaks of.
        number: what stands large.
        text: what the number says.
    """

    word: str
    number: str
    text: str


def saving(study: Study, trained: str = "") -> Card:
    """Return, for a card, how many labels training from scratch needs to match transfer with the fewest labels.

    Where labels cannot be compared, the card has the gain in points.

    Args:
        study: the finished runs.
        trained: what to add to "from scratch", where that was trained for longer.
    """
    n = ends_of(study)[0]
    arm, _, d = best_pair(study, n)
    found = worth(study, arm)
    if found is None:
        shown = "Benefit" if stand(study, d) == "leads" else "No clear benefit"
        return Card(shown, f"{100 * d.mean:+.0f}".replace("-", "−"), f"points with {count(n)} labels")
    word = "Benefit" if found.low.side != "fewer" and found.low.number > n else "No clear benefit"
    number = link(arm, count(float(f"{found.equal_at.number:.2g}")))
    side = {"more": "more than ", "fewer": "fewer than "}.get(found.equal_at.side, "")
    text = (
        f"labels from scratch{trained} do what {count(n)} do with transfer (95 % interval {labels_in_words(found.low)} to "
        f"{labels_in_words(found.high)})"
    )
    return Card(word, f"{side}{number}", text)


def doubt(study: Study) -> Card:
    """Return, for a card, how far the confidence of the best transfer arm lies from the share that is right."""
    n = ends_of(study)[-1]
    a, b, _ = best_pair(study, n)
    gaps = [float(arm.test("ece").mean()) for arm in (a, b)]
    text = (
        f"is the gap between confidence and accuracy of transfer with {count(n)} labels; from scratch it is "
        f"{link(b, percent(gaps[1]))}"
    )
    return Card("Pitfall", link(a, percent(gaps[0])), text)


def unknowns(study: Study) -> list[tuple[str, str]]:
    """Return what the study leaves open, and what would settle it: (limit, next step), what still holds of it only."""
    rows = []
    fewest, most = study.seeds_per_arm
    if fewest < 5:
        seeds = f"{fewest} to {most}" if fewest < most else count(most)
        plural = "s" if most > 1 else ""
        rows.append((f"{seeds} seed{plural} each: close calls stay open", "five seeds everywhere"))
    data = study.first["data"]
    largest, pool = ends_of(study)[-1], _pool(data["name"])
    if pool and largest < pool:
        few = f"{_data(sources(study))} weights: at most {count(largest)} of {count(pool)} labels"
        rows.append((few, "all labels, longer training"))
    else:
        rows.append(("short training, few settings searched", "longer training, a wider search"))
    pretrained = study.sizes_of("small_finetune")
    starts = sources(study)
    newer = any(start.weights == DOWNLOADED for start in starts)
    if not pretrained and not newer:  # nobody offers the compact network's weights for download
        rows.append(("compact network: from scratch only", "runs from its pretrained weights"))
    elif len(pretrained) == 1:
        rows.append((f"compact, pretrained: {count(pretrained[0])} labels only", "runs with the other sizes"))
    rows.append((_weights(starts), "newer networks" if newer else "weights from larger images"))
    rows.append(("one clean data set of tiny pictures", "images collected elsewhere"))
    return rows


def _weights(starts: list[Source]) -> str:
    """The weights of a study as a limit: what they come from, and the least and the most that they reach there."""
    data = _data(starts)
    least, most = (percent(end(start.top1 for start in starts), 0) for end in (min, max))
    return f"{data} weights, top-1 {most if least == most else f'{least.split()[0]} to {most}'}"


def _data(starts: list[Source]) -> str:
    return listing(sorted({start.data for start in starts}))


def _pool(name: str) -> int | None:
    """How many training images there are to draw from, where a card says so."""
    from ...errors import StudyError
    from ..cards import card

    try:
        return card(name)["images"]["train"]
    except StudyError:
        return None

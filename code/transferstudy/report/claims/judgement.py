"""What may be concluded: the plan's rule, the verdicts, the worth of transfer in labels, and what was not run."""

from collections import Counter

from ...analysis.comparison import MIN_SEEDS, judged
from ...analysis.label_efficiency import Labels, Worth, worth
from ...analysis.study import Study
from ...plan.declared import ALPHA, CONFIDENCE, MARGIN
from ...plan.presets import expand
from ...plan.strategies import STRATEGIES
from ..values import count, listing, percent
from .words import diff, interval, label, link


def verdict_rule(study: Study) -> str:
    """Return what may be concluded from this many seeds."""
    fewest, seeds = study.seeds_per_arm
    number = f"{fewest} to {seeds}" if fewest < seeds else f"{seeds}"
    plural = "s" if seeds > 1 else ""
    trained = f"We trained each network with {number} seed{plural}."
    if seeds < MIN_SEEDS:
        return (
            f"{trained} That shows effects much larger than the spread between seeds, but it does not settle close calls. "
            "So we describe what these runs did, and give no verdict on methods."
        )
    rule = (
        f"{trained} We call a difference *real*, and one strategy *better* or *worse* than the other, when its p-value is at most "
        f"{ALPHA:g} after correcting for the number of comparisons by Holm's method. We call two strategies *equivalent* when "
        f"the whole {percent(CONFIDENCE, 0)} interval of their difference is smaller than {100 * MARGIN:g} point either way. "
        "Where neither holds, the comparison is *undecided*: these runs do not tell."
    )
    if fewest < MIN_SEEDS:
        rule += f" Comparisons with fewer than {MIN_SEEDS} seeds are described and get no verdict."
    return rule


def verdicts(study: Study) -> str:
    """Return how many declared comparisons ended how."""
    found = sorted(Counter(each.verdict for each in judged(study)).items())
    parts = [f"{count(number)} as *{word}*" for word, number in found]
    if not parts:
        return ""
    verb = "ends" if found[0][1] == 1 else "end"
    parts[0] = parts[0].replace(" as ", f" {verb} as ", 1)
    return f"Of {count(len(judged(study)))} declared comparisons, {listing(parts)}."


def surprises(study: Study) -> str:
    """Return the declared comparisons in which arm a did worse; the plan names first what was expected to be ahead, if anything."""
    if all(each.verdict.endswith("no verdict") for each in judged(study)):
        return "Without verdicts nothing can be called a surprise either."
    against = [each for each in judged(study) if each.verdict == "worse"]
    if not against:
        return "In no declared comparison did the strategy named first do worse."
    parts = [
        f"{label(j.difference.a)} against {label(j.difference.b)} with {count(j.difference.n_labels)} labels "
        f"({diff(j.difference)}, {interval(j.difference)})"
        for j in against
    ]
    return f"The strategy named first did worse in {_times(len(parts))}: {listing(parts)}."


def _times(number: int) -> str:
    return "one comparison" if number == 1 else f"{count(number)} comparisons"


def labels_in_words(labels: Labels) -> str:
    """Return a number of labels as a reader sees it: two digits, "more than", "fewer than"."""
    if labels.side:
        return f"{labels.side} than {count(labels.number)}"
    rounded = float(f"{labels.number:.2g}")
    return f"about {count(rounded)}"


def worth_in_words(found: Worth) -> str:
    """Return one result of `label_efficiency.worth`: the number and its interval."""
    low, high = labels_in_words(found.low), labels_in_words(found.high)
    ends = low if low == high else f"{low} to {high}"
    return f"{labels_in_words(found.equal_at)} (95 % interval {ends})"


def may_equal(n_labels: int, low: Labels, high: Labels) -> bool:
    """Return whether an interval of labels holds a number of labels: then none that are saved can be told from none at all."""
    begins = low.side == "fewer" or (low.side == "" and low.number <= n_labels)
    return begins and (high.side == "more" or (high.side == "" and high.number >= n_labels))


def labels_worth(study: Study) -> str:
    """Return how many labelled images the best transfer arm is worth at each size, on the best from-scratch curve."""
    arms = [study.best(n, True) for n in study.contested]
    found = [worth(study, arm) for arm in arms]
    if None in found:
        return "A learning curve from scratch needs two sizes; there is one, so labels cannot be compared."
    few = [not value.verdict_allowed for value in found]
    sentences = [
        f"To match {label(arm.strategy.name)} with {link(arm, count(arm.n_labels))} labels, training from scratch needs "
        f"{worth_in_words(value)}{_no_saving(value)}{', from too few seeds for a verdict' if too_few and not all(few) else ''}."
        for arm, value, too_few in zip(arms, found, few, strict=True)
    ]
    if all(few) and len(few) > 1:
        sentences.append("None of these comes from enough seeds for a verdict.")
    elif all(few):
        sentences.append("That comes from too few seeds for a verdict.")
    return " ".join(sentences)


def _no_saving(found: Worth) -> str:
    equal = may_equal(found.n_labels, found.low, found.high)
    return ", so that no saving can be told" if equal else ""


def not_run(study: Study) -> str:
    """Return what the study did not run: strategies of which no part of the plan has a run yet, and runs of the preset without a result."""
    ran = {s.name for s in study.strategies} | {s.strategy for s in expand("full") if study.store.has(s)}
    missing = [label(name) for name in STRATEGIES if name not in ran]
    text = (
        f"Defined but not run: {listing(missing)}."
        if missing
        else "Every strategy that the package defines was run."
    )
    gaps = Counter(spec.n_labels for spec in study.missing)
    asked = gaps + Counter(spec.n_labels for spec in study.specs)
    parts = [f"{count(gaps[n])} of {count(asked[n])} runs with {count(n)} labels" for n in sorted(gaps)]
    return f"{text} Planned but not finished: {listing(parts)}." if parts else text

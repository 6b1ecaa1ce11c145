"""What may be concluded: the plan's rule, the verdicts, the worth of transfer in labels, and what was not run."""

from collections import Counter

from ...analysis.comparison import MIN_SEEDS, judged
from ...analysis.label_efficiency import Labels, Worth, worth
from ...analysis.study import Study
from ...plan.declared import ALPHA, CONFIDENCE, MARGIN
from ...plan.presets import expand
from ...plan.strategies import STRATEGIES
from ..values import count, listing, percent
from .headline import ends_of
from .words import diff, label, link

_NAMED = 3  # comparisons that a sentence lists by name; more are counted


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
    found = judged(study)
    settled = Counter(each.verdict for each in found if not each.verdict.endswith("no verdict"))
    left = len(found) - settled.total()
    if not found:
        return ""
    few = f"{count(left)} get no verdict, because they have too few seeds."
    if not settled:
        return f"Of {count(len(found))} declared comparisons, {few}"
    parts = listing([f"*{word}* in {count(number)}" for word, number in sorted(settled.items())])
    of = (
        f"the {count(len(found))} declared comparisons whose runs are made"
        if study.missing
        else f"{count(len(found))} declared comparisons"
    )
    text = f"Of {of}, the strategy named first is {parts}."
    if study.missing:
        text += " As more runs are made, the correction for the number of comparisons grows, and a verdict may become undecided."
    return f"{text} Another {few}" if left else text


def surprises(study: Study) -> str:
    """Return the declared comparisons in which arm a did worse; the plan names first what was expected to be ahead, if anything."""
    if all(each.verdict.endswith("no verdict") for each in judged(study)):
        return "Without verdicts nothing can be called a surprise either."
    against = [each.difference for each in judged(study) if each.verdict == "worse"]
    if not against:
        return "In no declared comparison is the strategy named first *worse* by this rule."
    if len(against) > _NAMED:
        return f"In {count(len(against))} comparisons the strategy that we named first did worse."
    parts = [
        f"{label(d.a)} against {label(d.b)} with {count(d.n_labels)} labels ({diff(d)})" for d in against
    ]
    return f"The strategy that we named first did worse in {_times(len(parts))}: {listing(parts)}."


def _times(number: int) -> str:
    return "one comparison" if number == 1 else f"{count(number)} comparisons"


def labels_in_words(labels: Labels) -> str:
    """Return a number of labels as a reader sees it: two digits, "more than", "fewer than"."""
    if labels.side:
        return f"{labels.side} than {count(labels.number)}"
    rounded = float(f"{labels.number:.2g}")
    return f"about {count(rounded)}"


def worth_in_words(found: Worth) -> str:
    """Return one result of `label_efficiency.worth`: the number of labels, and its interval unless that says the same."""
    number, low, high = (labels_in_words(each) for each in (found.equal_at, found.low, found.high))
    if number == low == high:
        return f"{number} labels"
    return f"{number} labels (95 % interval {low if low == high else f'{low} to {high}'})"


def may_equal(n_labels: int, low: Labels, high: Labels) -> bool:
    """Return whether an interval of labels holds a number of labels: then none that are saved can be told from none at all."""
    begins = low.side == "fewer" or (low.side == "" and low.number <= n_labels)
    return begins and (high.side == "more" or (high.side == "" and high.number >= n_labels))


def labels_worth(study: Study) -> str:
    """Return how many labelled images the best transfer arm is worth at the fewest and the most labels; a table has the rest."""
    if not study.contested:
        return "No number of labels has both a pretrained arm and one from scratch."
    arms = [study.best(n, True) for n in ends_of(study)]
    found = [worth(study, arm) for arm in arms]
    if None in found:
        return "A learning curve from scratch needs two sizes; there is one, so labels cannot be compared."
    sentences = [
        f"With {link(arm, count(arm.n_labels))} labels, these runs show no saving of labels."
        if may_equal(value.n_labels, value.low, value.high)
        else f"{label(arm.strategy.name)} with {link(arm, count(arm.n_labels))} labels is as accurate as training from scratch "
        f"with {worth_in_words(value)}."
        for arm, value in zip(arms, found, strict=True)
    ]
    if not all(value.verdict_allowed for value in found):
        sentences.append("There are too few seeds for a verdict.")
    return " ".join(sentences)


def not_run(study: Study) -> str:
    """Return what the study did not run: strategies of which no part of the plan has a run yet, and runs of the preset without a result."""
    ran = {s.name for s in study.strategies} | {s.strategy for s in expand("full") if study.store.has(s)}
    missing = [label(name) for name in STRATEGIES if name not in ran]
    text = "We ran every strategy that the package defines."
    if missing:
        text = f"We defined these strategies but have not run them: {listing(missing)}."
    gaps = Counter(spec.n_labels for spec in study.missing)
    asked = gaps + Counter(spec.n_labels for spec in study.specs)
    parts = [f"{count(gaps[n])} of {count(asked[n])} runs with {count(n)} labels" for n in sorted(gaps)]
    return f"{text} Still to be run: {listing(parts)}." if parts else text

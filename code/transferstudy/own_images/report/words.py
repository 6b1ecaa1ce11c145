"""The sentences of a study's report that depend on its results; each reads as written by hand whatever came out."""

from statistics import median

from ...plan.strategies import Strategy, get_strategy
from ...report.values import capital, listing, literal, percent
from ..study.search import said
from .arm import Interval, Rival
from .caveats import caveats as caveats
from .outcome import Outcome

# Strategy -> its name within a sentence, the advice to use it, what it does.
_SAID = {
    "linear_probe": ("a linear probe", "Use a linear probe", "leaves the pretrained network as it is and trains only a new last layer"),
    "finetune_block5": ("fine-tuning from block 5", "Fine-tune from block 5", "trains a new last layer and the last block of the pretrained network"),
    "finetune_block3": ("fine-tuning from block 3", "Fine-tune from block 3", "trains a new last layer and the last three blocks of the pretrained network"),
    "finetune_all": ("fine-tuning everything", "Fine-tune everything", "trains a new last layer, and then the whole pretrained network"),
    "small_scratch": ("training a compact network from scratch", "Train a compact network from scratch", "trains a small network from random weights, without any pretraining"),
}  # fmt: skip


def plain(strategy: Strategy) -> str:
    """Return a strategy's name as it stands within a sentence."""
    return _SAID[strategy.name][0] if strategy.name in _SAID else strategy.label


def pct(share: float) -> str:
    """Return a share in whole per cent."""
    return percent(share, 0)


def between(interval: Interval) -> str:
    """Return the ends of an interval of shares: "91 to 95 %"."""
    return f"{100 * interval.low:.0f} to {percent(interval.high, 0)}"


def in_points(difference: float) -> str:
    """Return a difference of shares in points, without a sign: "6 points", "0.4 points"."""
    size = 100 * abs(difference)
    text = f"{size:.0f}" if size >= 2 else f"{size:.1f}"
    return f"{text} point{'' if text == '1' else 's'}"


def headline(o: Outcome) -> str:
    """Return the answer in one line, as a heading."""
    name, accuracy = plain(o.best.strategy), pct(o.best.accuracy.value)
    if o.verdict == "too few":
        return f"Too few pictures to tell; {name} did best, with {accuracy} right"
    if o.verdict == "win":
        return f"{capital(name)} wins: expect {accuracy} right on new pictures"
    return f"{capital(name)} is a good choice: expect {accuracy} right on new pictures"


def answer(o: Outcome) -> str:
    """Return the answer in one paragraph."""
    best, count = o.best, len(o.best.y)
    (name, advice, does), accuracy = _SAID[best.strategy.name], best.accuracy
    rest = "Treat the order of the strategies as a guess, and the model as a first try."
    tested = f"{count:,} pictures that the networks had not seen"
    chance = f"Always naming the largest class would be right for {pct(o.chance)}."
    if o.verdict == "too few":
        why = f"the 95 % interval reaches from {between(accuracy)}"
        if accuracy.low <= o.chance:
            why += ", which includes what always naming the largest class would give"
        elif o.few:
            why += f" and the smallest class has only {o.counts.min():,} pictures"
        return (
            f"**There are too few pictures to tell which strategy is best.** The best guess is {name}, which {does}. "
            f"It was right for {pct(accuracy.value)} of {tested}, but {why}. {chance} {rest}"
        )
    lead = (
        f"**{advice}.** This {does}. On new pictures like these, expect it to be right for "
        f"{pct(accuracy.value)} (95 % interval {between(accuracy)}), as it was on {tested}. {chance}"
    )
    return f"{lead} {_rivals(o)}"


def _rivals(o: Outcome) -> str:
    if not o.rivals:
        if o.diverged:
            return "No other strategy has a finished network, so nothing can be said about the others."
        return "No other strategy fitted into the time, so nothing can be said about the others; more hours add them."
    shown = sorted((r for r in o.rivals if r.shown), key=lambda r: r.ahead.value)
    open_ = [r for r in o.rivals if not r.shown]
    if not open_:
        nearest = shown[0]
        others = (
            "" if len(shown) == 1 else f" The other{'s are' if len(shown) > 2 else ' is'} further behind."
        )
        return f"The next best, {_name(nearest)}, is {in_points(nearest.ahead.value)} behind, which is more than chance.{others}"
    names = listing([_name(r) for r in open_], "or")
    text = f"We could not tell it from {names}: a difference as small as ours can be chance."
    cheaper = [r for r in open_ if r.ahead.value < 0]
    if cheaper:
        text += " It is cheaper, and within one point of the best."
    if shown:
        text += f" It is better than {listing([_name(r) for r in shown])} by more than chance."
    return text


def _name(rival: Rival) -> str:
    return plain(rival.arm.strategy)


def sure(o: Outcome) -> str:
    """Return how sure the answer is and what would change it."""
    best = o.best
    seeds, folds = len(best.seeds), o.plan["frame"]["folds"]
    networks = len(best.records)
    how = f"{networks} network{'s' if networks > 1 else ''}"
    how += f" ({seeds} seed{'s' if seeds > 1 else ''}, each in {folds} parts)" if folds else ""
    text = f"The accuracy comes from {how}. "
    units = "groups of pictures" if o.plan["reading"].get("groups") else "pictures"
    text += f"Its interval covers other {units} of the same kind and other draws of the training pictures. "
    text += (
        "It does not cover pictures of another kind: another camera, other light, another place. If yours will differ, test on some "
        "of those before you rely on the number. "
    )
    if seeds < 3:
        text += "With fewer than three seeds, the spread between trainings is known only roughly; more hours add seeds. "
    behind = [r for r in o.rivals if not r.shown]
    if o.verdict == "too few":
        text += "What would change the answer: more labelled pictures. More hours alone will not help much."
    elif behind:
        text += (
            f"What could change the answer: more labels or more seeds may separate {plain(best.strategy)} from "
            f"{listing([_name(r) for r in behind], 'or')}."
        )
    else:
        text += "What could change the answer: many more labels, with which deeper fine-tuning and training from scratch gain most."
    return text


def unequal(o: Outcome) -> str:
    """Return what unequal classes mean here, or nothing."""
    if not o.unequal:
        return ""
    big, small = int(o.counts.argmax()), int(o.counts.argmin())
    return (
        f"The classes are unequal: {o.counts[big]:,} pictures of *{literal(o.classes[big])}*, but {o.counts[small]:,} of *{literal(o.classes[small])}*. "
        f"Accuracy alone flatters whoever knows the large classes, so the table also gives the *balanced accuracy*, the mean over the "
        f"classes: {pct(o.best.balanced)} for {plain(o.best.strategy)}."
    )


def more(o: Outcome) -> str:
    """Return what twice the labels should bring."""
    m, now = o.more, o.best.accuracy.value
    if m.said is None:
        return f"**What twice the labels would bring cannot be told.** {m.why}"
    gain = m.said.value - now
    if m.said.low > now + 0.005:
        lead = f"**With twice the labels, expect about {pct(m.said.value)}** instead of {pct(now)}"
    elif gain < 0.005:
        lead = f"**Twice the labels would hardly help**: about {pct(m.said.value)}, against {pct(now)} now"
    else:
        lead = f"**Twice the labels may help a little**: about {pct(m.said.value)}, against {pct(now)} now"
    return f"{lead} (95 % interval {between(m.said)}). {m.why}"


def hidden(o: Outcome) -> str:
    """Return how the curve did on the largest size when that was hidden from it."""
    tested = o.more.tested
    if tested is None:
        return "The curve could not be tested, because there are too few sizes."
    n, said, measured = tested
    word = "inside" if said.low <= measured <= said.high else "outside"
    return (
        f"We tested the curve by hiding the accuracy at {n:,} labels from it. It then said {between(said)}; we measured "
        f"{pct(measured)}, which lies {word} that interval."
    )


def worst(o: Outcome, worst_class: tuple[int, Interval, int | None]) -> str:
    """Return which class is hardest, from its label, its share recognised, and the class it is most often taken for."""
    label, found, taken = worst_class
    if taken is None:
        return (
            f"No class was ever taken for another. For *{literal(o.classes[label])}*, the interval of the share recognised still reaches from "
            f"{between(found)}."
        )
    text = (
        f"The hardest class is *{literal(o.classes[label])}*: {pct(found.value)} of its pictures are recognised "
        f"(95 % interval {between(found)})."
    )
    return f"{text} It is most often taken for *{literal(o.classes[taken])}*."


def to_check(count: int) -> str:
    """Return how many labels are worth a look."""
    if not count:
        return "The networks never contradict a label with a probability of one half or more, so no label is on the list to check."
    many = f"{count:,} pictures get" if count > 1 else "One picture gets"
    return (
        f"{many} another class than their label with a probability of one half or more. Some of these labels may be wrong, so the list "
        "is worth a look: [labels-to-check.csv](labels-to-check.csv)."
    )


def calibration(error: float, bins: int) -> str:
    """Return whether probabilities can be taken at their word, by calibration error (0..1) and bins with enough predictions."""
    if not bins:
        return "There are too few predictions to tell whether the probabilities can be taken at their word."
    if error < 0.03:
        return f"The probabilities can be taken at their word: on average they are off by {in_points(error)}."
    if error < 0.08:
        return f"The probabilities are roughly right: on average they are off by {in_points(error)}."
    return f"Do not take the probabilities at their word: on average they are off by {in_points(error)}."


def cost(o: Outcome) -> str:
    """Return what the recommended strategy costs beside the cheapest one."""
    cheap = min(o.top, key=lambda a: a.minutes)
    if cheap is o.best:
        return f"{capital(plain(o.best.strategy))} is also the cheapest: {duration(o.best.minutes)} for one network on this machine."
    gain = o.best.accuracy.value - cheap.accuracy.value
    return (
        f"One network takes {duration(o.best.minutes)} with {plain(o.best.strategy)} and {duration(cheap.minutes)} with "
        f"{plain(cheap.strategy)}, which is {in_points(gain)} {'less' if gain >= 0 else 'more'} accurate."
    )


def exposure(o: Outcome) -> str:
    """Return how many pictures a network of each strategy saw while it learned, and whether schedules were cut."""
    seen = [
        f"{round(median(sum(p['steps'] for p in r['phases']) * r['spec']['batch_size'] for r in arm.records), -2):,.0f} with {plain(arm.strategy)}"
        for arm in o.top
    ]
    text = f"With all labels, a network saw this many pictures while it learned, repetitions counted: {listing(seen)}."
    pace = o.plan["frame"]["pace"]
    if pace < 1:
        text += (
            f" To fit into the time, fine-tuning got {pct(pace)} of the usual steps, and training from scratch {pct(min(1.0, 2 * pace))}. "
            "With longer schedules the numbers may rise, and not equally; a new study with more hours would show it."
        )
    return text


def duration(minutes: float) -> str:
    """Return minutes in words, as seconds where there are few."""
    if minutes < 2:
        seconds = max(1, round(60 * minutes))
        return f"{seconds} second{'s' if seconds > 1 else ''}"
    return f"{minutes:.0f} minutes"


def method(o: Outcome) -> str:
    """Return how the study was made, in a few sentences."""
    frame = o.plan["frame"]
    if frame["folds"]:
        tested = (
            f"Each seed cuts the pictures into {frame['folds']} parts; each part is tested by networks that learned from the others, "
            "so that every picture is tested once a seed."
        )
    elif o.pictures["own_test"]:
        tested = "The folder sets its test pictures apart itself; no network learned from them."
    else:
        tested = "A fifth of the pictures was set apart for testing; no network learned from it."
    groups = ", and pictures of one group," if o.plan["reading"].get("groups") else ""
    copies = f"Copies of one picture{groups} stay together."
    if o.look.get("copies") == "equal":
        copies = f"Equal files{groups} stay together; other pictures that look alike do not, because --copies equal was asked for."
    draws = (
        "as the classes occur" if frame["sampling"] == "stratified" else "in equal numbers from each class"
    )
    return (
        f"{tested} {copies} Of the labels that a network may use, a fifth chooses when to stop, the others are learned from. Smaller "
        f"training sets are drawn {draws} and lie within the larger ones. The pretrained network is VGG16 "
        f"([Simonyan and Zisserman 2015](https://arxiv.org/abs/1409.1556)) with ImageNet's weights ({frame['weights']}). The time "
        f"given was {o.plan['hours']:g} hour{'' if o.plan['hours'] == 1 else 's'}; strategies, sizes and seeds were chosen to fit into it, those first that tell most."
        + said(o.plan.get("search", []))
        + _diverged(o)
    )


def _diverged(o: Outcome) -> str:
    """Return which networks are missing because their training diverged; empty where none is."""
    if not o.diverged:
        return ""
    seeds: dict[tuple[str, int], list[str]] = {}
    for name, n, seed in o.diverged:
        seeds.setdefault((name, n), []).append(str(seed))
    lost = [
        f"{plain(get_strategy(name))} with {n:,} labels (seed{'s'[: len(found) > 1]} {listing(found)})"
        for (name, n), found in seeds.items()
    ]
    return (
        f" {capital(listing(lost))} diverged, which means that the numbers in the network were no longer finite. A network that "
        "diverged has no accuracy and is missing from all tables and figures."
    )

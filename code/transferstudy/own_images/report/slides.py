"""The sentences of a study's ten slides: one message each, short enough for its place."""

from types import SimpleNamespace

from IPython.display import Markdown

from ...report.values import capital, literal
from . import words
from .figures import short, worst_classes
from .outcome import CHECKED, Outcome


def slide_text(o: Outcome, model: dict | None, taken_for) -> SimpleNamespace:
    """Return all sentences of the slides, as Markdown; `taken_for` gives the class that a label is most often taken for, or None."""
    texts = {
        "headline": words.headline(o),
        "chance": f"Always naming the largest class would be right for {words.pct(o.chance)} of the pictures.",
        **_pictures(o),
        **_strategies(o),
        **_sure(o),
        **_more(o),
        **_classes(o, taken_for),
        **_check(o),
        "cost_title": _cost_title(o),
        "model": _model(o, model),
    }
    return SimpleNamespace(**{name: Markdown(text) for name, text in texts.items()})


def _pictures(o: Outcome) -> dict:
    used, classes = o.look["counts"]["used"], len(o.classes)
    odd = sum(map(len, o.look["odd"].values()))
    found = [
        (len(o.look["conflicts"]), "in two classes"),
        (len(o.look["unreadable"]), "that cannot be read"),
        (len(o.look["near"]) + len(o.look["exact"]), "with copies"),
        (odd, "that is odd" if odd == 1 else "that are odd"),
    ]
    said = ", ".join(f"{count:,} {what}" for count, what in found if count)
    none = "We found no copies and nothing odd in the folder."
    return {
        "pictures": f"We have {used:,} labelled pictures in {classes} classes",
        "found": f"Found in the folder: {said}." if said else none,
    }


def _strategies(o: Outcome) -> dict:
    titles = {
        "too few": "No strategy can be told from the others yet",
        "win": f"{capital(words.plain(o.best.strategy))} beats the others by more than chance",
        "tie": "Some strategies cannot be told apart",
    }
    return {
        "strategies_title": titles[o.verdict] if o.rivals else "One strategy fitted into the time",
        "strategies": f"Accuracy on pictures that the networks had not seen, with {o.best.n_labels:,} labels.",
    }


def _sure(o: Outcome) -> dict:
    best = o.best
    networks = len(best.records)
    lines = [
        f"95 % interval: {words.between(best.accuracy)}, for new pictures of the same kind",
        f"measured with {networks} network{'s' if networks > 1 else ''} on {len(best.y):,} pictures that were new to them",
        "another camera, other light or another place: test again before you rely on it",
    ]
    if o.verdict == "too few":
        lines.append("more labelled pictures would narrow the interval; more computing would not")
    elif o.verdict == "tie":
        lines.append("more labels or more seeds may separate the strategies that are close")
    return {
        "sure_title": f"On new pictures, expect {words.pct(best.accuracy.value)} right, give or take {words.in_points(best.accuracy.half)}",
        "sure": "\n".join(f"- {line}" for line in lines),
    }


def _more(o: Outcome) -> dict:
    m, now = o.more, o.best.accuracy.value
    if m.said is None:
        return {"more_title": "What more labels would bring cannot be told yet", "more": m.why}
    text = f"The curve says {words.pct(m.said.value)} at {m.target:,} labels (95 % interval {words.between(m.said)}). {m.why}"
    if m.said.low > now + 0.005:
        return {"more_title": f"Twice the labels should bring about {words.pct(m.said.value)}", "more": text}
    return {"more_title": "Twice the labels would bring little, if anything", "more": text}


def _classes(o: Outcome, taken_for) -> dict:
    label = worst_classes(o)[0][0]
    taken = taken_for(label)
    if taken is None:
        return {"worst_title": "No class was ever taken for another"}
    name, other = (literal(short(o.classes[each])) for each in (label, taken))
    return {"worst_title": f"“{name}” is hardest, most often taken for “{other}”"}


def _check(o: Outcome) -> dict:
    found = o.mistakes()
    doubted = sum(m[2] >= CHECKED for m in found)
    if not doubted:
        nearest = "These are the mistakes that come nearest to it."
        said = nearest if found else "The networks never contradicted a label."
        return {"check_title": "No label stands out as wrong", "check": said}
    labels = f"{doubted:,} labels are" if doubted > 1 else "One label is"
    return {
        "check_title": f"{labels} worth a second look",
        "check": f"The networks name another class, with a probability of {words.pct(CHECKED)} or more. Each is a hard picture or a wrong "
        "label; labels-to-check.csv lists them all.",
    }


def _cost_title(o: Outcome) -> str:
    if min(o.top, key=lambda a: a.minutes) is o.best and len(o.top) > 1:
        return "The recommended strategy is also the cheapest"
    return f"Training takes {words.duration(o.best.minutes)} a network on this machine"


def _model(o: Outcome, model: dict | None) -> str:
    lines = [f"`model.keras`: {words.plain(o.best.strategy)}, trained on all labels"]
    if model:
        lines[0] += f", {model['bytes'] / 1e6:.0f}\u00a0MB"
    lines += [
        "pictures of any size go in; class names and preprocessing are inside",
        "for a folder: `python -m transferstudy predict --model model.keras FOLDER --csv predictions.csv`",
        "it knows these classes only, and names one of them for any picture",
    ]
    return "\n".join(f"- {line}" for line in lines)

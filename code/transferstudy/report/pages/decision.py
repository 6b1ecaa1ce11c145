"""What to do with a number of labelled images: the decision chart, read off the results."""

from IPython.display import Markdown

from ...analysis.comparison import Difference, between
from ...analysis.study import Arm, Study
from ..claims.arms import at_labels
from ..claims.headline import best_pair
from ..claims.words import acc, apart_at_all, by_chance, label, stand
from ..markdown import pipe_table
from ..values import capital, count, listing

_LAYERS = {None: "the head only", "all": "every layer"}
_CHEAP = "linear_probe"
_NONE = "Not measured."
_DEEPER = "Not measured yet; do the same as with little time."


def _learns(arm: Arm) -> str:
    stage = arm.strategy.train_from
    return _LAYERS.get(stage) or f"the layers from {str(stage).replace('block', 'block ')} on"


_STRONG = 1  # weight decay from which on it is named: AdamW multiplies it by the rate


def _rate(arm: Arm) -> str:
    spec = arm.records[0]["spec"]
    return f"{spec['learning_rate'] or spec['head_learning_rate']:g}"


def _settings(arm: Arm) -> str:
    """The peak rate, and the weight decay as well where it is not one that hardly matters."""
    decay = arm.records[0]["spec"]["weight_decay"]
    return f"rate {_rate(arm)}" + f", weight decay {decay:g}" * (decay >= _STRONG)


def _winner(study: Study, n: int) -> Arm:
    a, b, d = best_pair(study, n)
    return b if stand(study, d) == "trails" else a


def _advice(study: Study, n: int) -> tuple[str, str]:
    """What to do with n labels and time to train, and the same for little time: strategy, layers and rate; the accuracy apart."""
    a, b, d = best_pair(study, n)
    probe = study.arm(_CHEAP, n) if study.has(_CHEAP, n) else None
    cheap = f"{_strategy(study, probe)}, {_settings(probe)}" if probe else _NONE
    word = stand(study, d)
    other = f"{label(b.strategy.name)}, {_settings(b)}"
    scratch = {
        "equal": f". Starting from scratch is equivalent ({other})",
        "undecided": f". Starting from scratch may do as well ({other})",
    }.get(word, "")
    if a is probe and word != "trails":
        deeper = [arm for arm in study.candidates(n, True) if arm.strategy.name != _CHEAP]
        found = {stand(study, between(study, arm, probe)) for arm in deeper}
        clear = found <= {"trails", "equal"}
        more = "Nothing deeper did better" if clear else "Training more layers may do as well"
        if deeper:
            return f"{cheap}{scratch}. {more}", cheap
        return f"{cheap}{scratch}" if scratch else _DEEPER, cheap
    answer = f"{_strategy(study, a)}, {_settings(a)}{scratch}"
    if word == "trails":
        answer = f"**{label(b.strategy.name)}**: start from scratch, {_settings(b)}"
    if probe and word != "trails" and not _ahead_of(study, a, probe):
        answer += ". Training only the head may do as well"
    return answer, cheap


def _ahead_of(study: Study, a: Arm, b: Arm) -> bool:
    """Whether an arm is ahead of another one by verdict, or at least by an interval that leaves out zero."""
    d = between(study, a, b)
    return stand(study, d) == "leads" or (d.excludes_zero and d.mean > 0)


def _strategy(study: Study, arm: Arm) -> str:
    """A pretrained arm's strategy in bold, with the pixels to enlarge to where it enlarges."""
    enlarged = arm.image_size > arm.records[0]["data"]["side"]
    return f"**{label(arm.strategy.name)}**" + (f" at {arm.image_size} pixels" if enlarged else "")


def _expect(arms: list[Arm]) -> str:
    if len(arms) == 1:
        return f"Expect {acc(arms[0])}."
    return f"Expect {listing([f'{acc(arm)} with {count(arm.n_labels)}' for arm in arms])}."


def far_chart(far: Study | None) -> Markdown:
    """Return what to do with images far from the source, a row for each number of labels.

    Without a rival from scratch nothing is recommended there: a pretrained start may be the worse one.
    """
    if not far or not far.contested:
        return Markdown("Not compared yet.")
    rows = [[count(n), f"{_advice(far, n)[0]}. {_expect([_winner(far, n)])}"] for n in far.contested]
    return pipe_table(["labelled images", "images far from the source"], rows, "rl")


def far_answer(far: Study | None, where: str = "In our planned runs on hand signs") -> str:
    """Return which start was ahead in the planned runs on images far from the source; the first sentence begins with `where`.

    Empty where no runs compare them.
    """
    groups: dict[tuple[str, str, bool], list[Difference]] = {}
    for n in far.contested if far else ():
        a, _, d = best_pair(far, n)
        word = stand(far, d)
        if word == "undecided" and by_chance(d):
            word = "chance"
        ahead = d.mean > 0 or word in ("equal", "undecided")  # there it says nothing
        groups.setdefault((word, label(a.strategy.name), ahead), []).append(d)
    said = [_far_said(*key, found) for key, found in groups.items()]
    return f"{where}, {'. '.join([*said[:1], *map(capital, said[1:])])}." if said else ""


def _far_said(word: str, ours: str, ahead: bool, found: list[Difference]) -> str:
    """How a pretrained arm stands to training from scratch, at all numbers of labels at which it stands so."""
    gaps, scratch = apart_at_all(found), "training from scratch"
    first, second = (ours, scratch) if ahead else (scratch, ours)
    how = {
        "leads": f"{first} was ahead of {second} by {gaps}",
        "trails": f"{first} was ahead of {second} by {gaps}",
        "chance": f"{first} came out ahead of {second} by {gaps}{by_chance(found[0])}",
        "equal": f"{ours} and {scratch} are equivalent: they differ by {gaps}",
        "undecided": f"{ours} and {scratch} cannot be told apart: they differ by {gaps}",
    }[word]
    return f"{at_labels([d.n_labels for d in found])} {how}"


def far_spoken(far: Study | None, more: str = "") -> str:
    """Return the same in words that can be spoken, without numbers of points; empty where nothing is compared.

    Args:
        far: the runs.
        more: how many more steps training from scratch has, as `longer.times_the_steps` says it; empty where no more.
    """
    ahead: dict[str, list[int]] = {}
    for n in far.contested if far else ():
        words = {"leads": "pretrained weights were ahead", "trails": "training from scratch was ahead"}
        word = words.get(stand(far, best_pair(far, n)[2]), "neither start was clearly ahead")
        ahead.setdefault(word, []).append(n)
    said = [f"{word} {at_labels(sizes)}" for word, sizes in ahead.items()]
    length = f"All trained briefly{f', but training from scratch had {more}' if more else ''}."
    return f"On hand signs, which look different, {'; '.join(said)}. {length}" if said else ""


def chart(study: Study) -> Markdown:
    """Return the decision chart for images like the source's: labels by budget, each answer with the accuracy to expect, linked.

    Neighbouring numbers of labels with the same advice share a row. `far_chart` is for other images.
    """
    groups: list[tuple[tuple[str, str], list[int]]] = []
    for n in study.contested:
        advice = _advice(study, n)
        if groups and groups[-1][0] == advice:
            groups[-1][1].append(n)
        else:
            groups.append((advice, [n]))
    rows = []
    for (answer, cheap), sizes in groups:
        named = count(sizes[0]) if len(sizes) == 1 else f"{count(sizes[0])} to {count(sizes[-1])}"
        probes = [study.arm(_CHEAP, n) for n in sizes if study.has(_CHEAP, n)]
        expected = f". {_expect([_winner(study, n) for n in sizes])}"
        rows.append([
            named, answer if answer == _DEEPER else answer + expected,
            f"{cheap}. {_expect(probes)}" if probes else cheap,
        ])  # fmt: skip
    return pipe_table(["labelled images", "time to train", "little time"], rows, "rll")


def _ahead(study: Study) -> list[int]:
    """The numbers of labels at which the pretrained start was ahead."""
    return [n for n in study.contested if stand(study, best_pair(study, n)[2]) == "leads"]


def until(study: Study) -> str:
    """Return, in a sentence to act on, up to how many labels the pretrained start was better, and from when it was not shown to be."""
    ahead = _ahead(study)
    if not ahead:
        return "At no number of labels that we tried was starting from pretrained weights clearly better than training from scratch."
    if ahead == list(study.contested):
        return (
            "Start from pretrained weights: at every number of labels that we tried, up to "
            f"{count(ahead[-1])}, they were better than training from scratch."
        )
    later = next((n for n in study.contested if n > ahead[-1]), None)
    text = f"With up to {count(ahead[-1])} labelled images, start from pretrained weights"
    return (
        f"{text}."
        if later is None
        else f"{text}; with {count(later)} we could no longer show that they help."
    )


def which_layers(study: Study) -> str:
    """Return which layers to train where pretrained weights are ahead and several ways were run, in a sentence to act on."""
    best: dict[str, list[int]] = {}
    for n in study.contested:
        a, _, d = best_pair(study, n)
        if stand(study, d) == "leads" and len(study.candidates(n, True)) > 1:
            best.setdefault(f"{label(a.strategy.name)} (it trains {_learns(a)})", []).append(n)
    if not best:
        return "Which layers to train cannot be said from these runs."
    if len(best) == 1:
        (name, sizes), *_ = best.items()
        return f"Of the ways to use them, {name} did best on validation images {at_labels(sizes)}."
    return f"On validation images the best way to use them was {'; '.join(f'{name} {at_labels(sizes)}' for name, sizes in best.items())}."


def slide_rule(study: Study) -> str:
    """Return the decision rule as a heading of a slide."""
    ahead = _ahead(study)
    if not ahead:
        return "Take home: in these runs pretrained weights did not clearly pay"
    return (
        f"Take home: for everyday pictures and up to {count(ahead[-1])} labels, start from pretrained weights"
    )


def slide_chart(study: Study) -> Markdown:
    """Return the decision chart for a slide: what to train and what to expect at the fewest, a middle and the most labels."""
    sizes, rows = study.contested, []
    for n in dict.fromkeys((sizes[0], sizes[len(sizes) // 2], sizes[-1])):
        _, b, d = best_pair(study, n)
        best = _winner(study, n)
        also = f", or {label(b.strategy.name)}" if stand(study, d) in ("equal", "undecided") else ""
        side = f" at {best.image_size} px" if best.image_size > best.records[0]["data"]["side"] else ""
        decay = best.records[0]["spec"]["weight_decay"]
        strong = f", decay {decay:g}" * (decay >= _STRONG)
        rows.append([count(n), f"{label(best.strategy.name)}{side}{strong}{also}", _rate(best), acc(best)])
    return pipe_table(["labels", "train", "peak rate", "expect"], rows, "rlrr")

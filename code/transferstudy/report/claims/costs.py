"""Sentences on what a model costs: processor time, energy and CO2e, and the share of the pretraining."""

import math

from ...analysis.costs.cost import made_on, on_accelerator, prediction_rate, share_machines, timed
from ...analysis.study import Arm, Study
from ..bill import Bill, bill
from ..values import count, listing
from .headline import best_pair
from .words import label, link, unequal

_NAMES = "linear_probe finetune_block5 finetune_all scratch_bn small_finetune small_scratch".split()


def in_words(number: float, digits: int = 2) -> str:
    """Return an amount with that many significant digits, no exponent: 0.8163 -> "0.82", 46.7 -> "47", 1234 -> "1,200"."""
    if number == 0:
        return "0"
    rounded = float(f"{number:.{digits}g}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}"


def _arms(study: Study) -> tuple[int, list[tuple[Arm, Bill]]]:
    n = study.contested[-1]
    arms = [study.arm(name, n) for name in _NAMES if study.has(name, n)]
    arms = [arm for arm in arms if timed(study, arm)]
    return n, [(arm, bill(study, arm)) for arm in arms]


def cost(study: Study) -> str:
    """Return what training one model of the main arms costs in processor time at the most labels."""
    n, arms = _arms(study)
    if not arms:
        return "The cost of single models was not compared."
    arms.sort(key=lambda pair: pair[1].cpu_seconds)
    parts = [
        f"{link(arm, f'{each.cpu_seconds / 60:.1f}')} core-minutes for {label(arm.strategy.name)}"
        for arm, each in ([arms[0], arms[-1]] if len(arms) > 1 else arms)
    ]
    kinds = {made_on(record) for arm, _ in arms for record in timed(study, arm)}
    mixed = "Not all runs were made on the same kind of machine, so compare the times roughly."
    mixed = mixed if len(kinds) > 1 else machines(study)
    span = "between " if len(parts) > 1 else ""
    return (
        f"With {count(n)} labels, training one model took {span}{listing(parts)}. "
        f"The cost of pretraining is not in these numbers. {mixed}".rstrip()
        + _left_out(study)
    )


def in_use(study: Study, n_labels: int) -> str:
    """Return how many times as many images the faster of the best pretrained and the best network from scratch classifies.

    Nothing where predictions were not timed.
    """
    arms = study.best(n_labels, True), study.best(n_labels, False)
    rates = {arm.key: prediction_rate(study, arm) for arm in arms}
    if None in rates.values():
        return ""
    slow, fast = sorted(arms, key=lambda arm: rates[arm.key])
    sizes = {"network": _parameters, "images": lambda arm: arm.image_size}
    larger = [name for name, size in sizes.items() if size(slow) > size(fast)]
    is_ = "are" if "images" in larger else "is"
    why = f" The {' and the '.join(larger)} of {label(slow.strategy.name)} {is_} larger." if larger else ""
    return (
        f"In use, {label(fast.strategy.name)} classifies {link(fast, in_words(rates[fast.key] / rates[slow.key]))} times as many "
        f"images in the same time as {label(slow.strategy.name)}.{_rough(study, slow, fast, 'ran')}{why}"
    )


def _rough(study: Study, a: Arm, b: Arm, made: str) -> str:
    same = share_machines(study, a, b)
    return "" if same else f" That is rough: the two {made} on different kinds of machine."


def _parameters(arm: Arm) -> int:
    return arm.records[0]["parameters"]["total"]


def _left_out(study: Study) -> str:
    """Say how many runs' times do not count because an accelerator made them."""
    counted = sum(len(timed(study, arm)) for arm in study.arms.values())
    out = sum(len(arm.records) for arm in study.arms.values()) - counted
    if not out:
        return ""
    names = sorted(
        {n for r in study.records.values() if on_accelerator(r) for n in r["environment"]["accelerators"]}
    )
    runs = "one run" if out == 1 else f"{count(out)} runs"
    return f" We leave out the times of {runs} on {listing(names)}, because they are not processor time."


def machines(study: Study) -> str:
    """Return a warning, to be added to a text, where runs were made on different kinds of machine; else nothing."""
    counted = [record for arm in study.arms.values() for record in timed(study, arm)]
    kinds = {made_on(record) for record in counted}
    if len(kinds) < 2:
        return ""
    sizes = {(r["spec"]["n_labels"], made_on(r)) for r in counted}
    if len(sizes) > len({n for n, _ in sizes}):
        return "Not all runs were made on the same kind of machine, so compare times roughly."
    return "Runs with different numbers of labels were made on different kinds of machine, so compare times within a number of labels."


def energy(study: Study) -> str:
    """Return the estimated energy and CO2e of one model of the best arms, and of the pretraining behind them."""
    n = study.contested[-1]
    best = {arm.key: arm for arm in best_pair(study, n)[:2]}.values()
    parts, sentences, made = [], [], {}
    for arm in best:
        each = bill(study, arm)
        if each.watt_hours is None:
            sentences.append(
                f"For {label(arm.strategy.name)} there is no estimate: an accelerator trained it."
            )
            continue
        parts.append(f"{link(arm, in_words(each.watt_hours))} watt-hours for {label(arm.strategy.name)}")
        if each.pretraining and each.pretraining_wh:
            made[each.pretraining.network] = (each, arm)
    if parts:
        sentences.insert(0, f"Training one model with {count(n)} labels took about {listing(parts)}.")
    for network, (each, arm) in made.items():
        sentences.append(
            f"Pretraining {network} took about {in_words(each.pretraining_wh)} watt-hours, as much as "
            f"{link(arm, count(each.pretraining_wh / each.watt_hours))} such trainings ({each.pretraining.account})."
        )
    return " ".join(sentences)


def payback(study: Study) -> str:
    """Return after how many models the pretraining is paid back in processor time, for the best arms at the most labels."""
    n = study.contested[-1]
    a, b, _ = best_pair(study, n)
    ours, theirs = bill(study, a), bill(study, b)
    if ours.pretraining is None:
        return "What the pretraining of these weights took is not known, so it cannot be set against what transfer saves."
    if ours.cpu_seconds is None or theirs.cpu_seconds is None:
        return "What transfer saves at the most labels cannot be said: one of the two was trained on accelerators alone."
    saved = theirs.cpu_seconds - ours.cpu_seconds
    with_labels, names = f"With {count(n)} labels", (label(a.strategy.name), label(b.strategy.name))
    if saved <= 0:
        return f"{with_labels}, {names[0]} takes more processor time than {names[1]}, so the time of pretraining is never paid back."
    models = math.ceil(ours.pretraining.cpu_seconds / saved)
    return (
        f"{with_labels}, {names[0]} takes {link(a, in_words(saved / 60))} core-minutes less than {names[1]}, so the time of "
        f"pretraining is paid back after {count(models)} models.{unequal(a, b)}{_rough(study, a, b, 'were trained')}"
    )

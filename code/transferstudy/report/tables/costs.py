"""Tables of cost: time, speed, energy and power."""

from IPython.display import Markdown

from ...analysis.costs.cost import cpu_seconds, prediction_rate, timed, training_rate, wall_seconds
from ...analysis.study import Study
from ...results.environment import machine
from ..bill import bill, estimator
from ..claims.costs import in_words
from ..claims.words import link
from ..markdown import by_size, pipe_table
from ..values import count


def _amount(number: float) -> str:
    """Two digits, or three where a small part must stay visible beside a large one."""
    return in_words(number, 3 if number >= 10 else 2)


def cost(study: Study) -> Markdown:
    """Processor time of training one model, mean over the seeds, in core-minutes; a dash where no time counts."""
    return by_size(
        study,
        lambda arm: link(arm, f"{cpu_seconds(study, arm).mean() / 60:.1f}") if timed(study, arm) else "–",
    )


def speed(study: Study, n_labels: int) -> Markdown:
    """What learns, how many images a second a strategy trains on and classifies, and how long training lasted at one size.

    The side of its images stands beside a strategy where the study has several.
    """
    rows = []
    for arm in study.at(n_labels):
        learning = count(arm.records[0]["parameters"]["trainable"])
        name = arm.strategy.label + (f", {arm.image_size} px" if len(study.image_sizes) > 1 else "")
        if not timed(study, arm):
            rows.append([name, learning, *"––––"])
            continue
        rate = prediction_rate(study, arm)
        rows.append([
            name, learning, link(arm, in_words(training_rate(study, arm))), in_words(rate) if rate else "–",
            *(f"{seconds(study, arm).mean() / 60:.1f}" for seconds in (wall_seconds, cpu_seconds)),
        ])  # fmt: skip
    header = "strategy | learning parameters | images/s, training | images/s, in use | minutes | core-minutes"
    return pipe_table(header, rows, "lrrrrr")


def energy(study: Study, n_labels: int) -> Markdown:
    """Core-minutes, watt-hours and grams of CO2e of one model at one size: its training alone, and with the whole pretraining."""
    rows = []
    for arm in study.at(n_labels):
        each, unknown = bill(study, arm), "not known"
        alone, whole = each.watt_hours, each.whole_wh
        rows.append([
            arm.strategy.label,
            link(arm, in_words(each.cpu_seconds / 60)) if each.cpu_seconds is not None else unknown,
            *([in_words(alone), in_words(estimator().grams(alone))] if alone is not None else 2 * [unknown]),
            _amount(each.whole_cpu_seconds / 60) if each.whole_cpu_seconds is not None else unknown,
            *([_amount(whole), _amount(estimator().grams(whole))] if whole is not None else 2 * [unknown]),
        ])  # fmt: skip
    header = "strategy | core-minutes | Wh | g CO₂e | core-minutes with pretraining | Wh with pretraining | g CO₂e with pretraining"
    return pipe_table(header, rows, "lrrrrrr")


def power(study: Study) -> Markdown:
    """What the estimator assumes: watts of a busy core and of the memory, machine by machine, and grams a kilowatt-hour."""
    rows, seen = [], set()
    for record in (r for arm in study.arms.values() for r in timed(study, arm)):
        env = record["environment"]
        key = machine(env), env["memory_gib"]
        if key in seen:
            continue
        seen.add(key)
        watts = estimator().power(env)
        rows.append([
            f"{key[0]}, {key[1]} GiB", *(f"{each:g}" for each in (watts.core, watts.memory, watts.per_core)),
            "rated power of the processor" if watts.rated else "default: the processor's name says too little",
        ])  # fmt: skip
    header = ["machine", "W a busy core", "W of its memory", "W charged a core", "basis"]
    return pipe_table(header, rows, "lrrrl")

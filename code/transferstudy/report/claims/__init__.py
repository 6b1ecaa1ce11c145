"""Sentences whose truth depends on the results: computed here, so that no page can contradict `results/`."""

from .arms import baseline, control, depth, depth_steps, object_size, resolution, rival, two_by_two
from .bars import bar
from .beyond import calibration, hardest, robust_exceptions, robust_size, robustness, temperature, worst
from .costs import cost, energy, in_use, machines, payback
from .gaps import chosen_settings, experiments, higher_rates
from .headline import best_pair, brief, catching_up, headline, tested_on, trend
from .judgement import labels_worth, not_run, surprises, verdict_rule, verdicts
from .look import change, looked_into
from .slides import doubt, saving, slide_headline, slide_price, slide_trend, unknowns

# Every sentence that needs nothing but a study of the main kind: what `python -m transferstudy diff` compares.
SENTENCES = {
    f.__name__: f
    for f in (
        headline,
        slide_headline,
        trend,
        slide_trend,
        slide_price,
        catching_up,
        verdict_rule,
        verdicts,
        surprises,
        bar,
        labels_worth,
        control,
        depth,
        rival,
        two_by_two,
        chosen_settings,
        higher_rates,
        baseline,
        calibration,
        temperature,
        hardest,
        worst,
        robustness,
        robust_exceptions,
        cost,
        energy,
        payback,
        not_run,
    )
}

__all__ = [
    "SENTENCES",
    "bar",
    "baseline",
    "best_pair",
    "brief",
    "calibration",
    "catching_up",
    "change",
    "chosen_settings",
    "control",
    "cost",
    "depth",
    "depth_steps",
    "doubt",
    "energy",
    "experiments",
    "hardest",
    "headline",
    "higher_rates",
    "in_use",
    "labels_worth",
    "looked_into",
    "machines",
    "not_run",
    "object_size",
    "payback",
    "resolution",
    "rival",
    "robust_exceptions",
    "robust_size",
    "robustness",
    "saving",
    "slide_headline",
    "slide_price",
    "slide_trend",
    "surprises",
    "temperature",
    "tested_on",
    "trend",
    "two_by_two",
    "unknowns",
    "verdict_rule",
    "verdicts",
    "worst",
]

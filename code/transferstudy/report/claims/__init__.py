"""Sentences whose truth depends on the results: computed here, so that no page can contradict `results/`."""

from .arms import baseline, control, depth, depth_steps, object_size, resolution, rival, two_by_two
from .bars import bar
from .beyond import calibration, hardest, robust_exceptions, robust_size, robustness, temperature, worst
from .costs import cost, energy, in_use, machines, payback
from .gaps import chosen_settings, experiments, higher_rates
from .headline import best_pair, brief, brief_at, catching_up, headline, tested_on, trend
from .judgement import labels_worth, not_run, surprises, verdict_rule, verdicts
from .look import change, looked_into
from .slides import doubt, saving, slide_headline, slide_price, slide_trend, unknowns
from .words import acc, unequal

"""What pages and slides call: the study's values, sentences, figures and tables. No deep-learning framework is imported."""

from pathlib import Path

from ..analysis.study import MAIN, Study, load_if_run
from ..analysis.study import load as load_study
from ..experiments.inside.stored import inside_of as inside
from . import bill, claims, figures, tables
from .cards import card
from .claims.guards import check_pages, holds
from .claims.inline import Values as values
from .pages import (
    again,
    applications,
    audit,
    benches,
    decay,
    decision,
    declared,
    groups,
    imagenet,
    literature,
    long_schedule,
    longer,
    momentum,
    not_run,
    opinions,
    rules_of_thumb,
    tuning,
    weights,
)
from .pages import keras_mistakes as mistakes
from .pages.notebook import buttons as notebook_links
from .pages.records import records
from .show import load_trained, predict_one, sample, show, show_slide, summary


def load(preset: str = MAIN, results: Path | str | None = None, partial: bool | None = None) -> Study:
    """Load a study for a page, as `study.load`, and refuse pages that say more than it shows.

    Raises:
        StudyError: a result is missing (see `study.load`), or a page calls the results ImageNet-pretrained though no run
            started from ImageNet's weights (see `guards.check_pages`).
    """
    study = load_study(preset, results, partial)
    check_pages(study)
    return study

"""What pages and slides call: the study's values, sentences, figures and tables. No deep-learning framework is imported."""

from pathlib import Path

from ..inside.stored import inside_of as inside
from ..notebook.links import buttons as notebook_links
from ..study import MAIN, Study
from ..study import load as load_study
from . import (
    again,
    applications,
    benches,
    bill,
    claims,
    declared,
    figures,
    literature,
    mistakes,
    official,
    opinions,
    patience,
    tables,
    tuning,
    weights,
)
from .cards import card
from .guards import check_pages, holds, verdict_is
from .inline import values
from .records import records
from .show import predict_one, sample, show, show_slide, summary
from .sources import source, sources

__all__ = [
    "Study",
    "again",
    "applications",
    "benches",
    "bill",
    "card",
    "claims",
    "declared",
    "figures",
    "holds",
    "inside",
    "literature",
    "load",
    "mistakes",
    "notebook_links",
    "official",
    "opinions",
    "patience",
    "predict_one",
    "records",
    "sample",
    "show",
    "show_slide",
    "source",
    "sources",
    "summary",
    "tables",
    "tuning",
    "values",
    "verdict_is",
    "weights",
]


def load(preset: str = MAIN, results: Path | str | None = None, partial: bool | None = None) -> Study:
    """Load a study for a page, and refuse pages that say more than it shows.

    Args:
        preset: name in presets.toml.
        results: results folder, by default the project's.
        partial: whether runs may be missing; `claims.not_run` lists them then. By default what the preset says.

    Raises:
        StudyError: a result is missing (see `study.load`), or a page calls the results ImageNet-pretrained though no run
            started from ImageNet's weights (see `guards.check_pages`).
    """
    study = load_study(preset, results, partial)
    check_pages(study)
    return study

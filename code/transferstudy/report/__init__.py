"""What pages and slides call: the study's values, sentences, figures and tables. No deep-learning framework is imported."""

from ..study import Study, load
from . import claims, figures, literature, tables
from .cards import card
from .inline import values
from .records import records
from .show import predict_one, sample, show, show_slide, summary

__all__ = [
    "Study",
    "card",
    "claims",
    "figures",
    "literature",
    "load",
    "predict_one",
    "records",
    "sample",
    "show",
    "show_slide",
    "summary",
    "tables",
    "values",
]

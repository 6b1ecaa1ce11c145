"""Predicates on our results: does what others found hold here too? `cards/citations.yaml` names them."""

from . import behaviour
from .base import AGREES, DISAGREES, NOT_TESTED, PARTLY, PREDICATES, UNDECIDED, Evidence

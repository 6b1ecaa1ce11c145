"""Stored predictions of both ways to what the mistake changes: image by image, then paired over seeds with intervals."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...analysis.statistics.paired import Difference, paired
from ...errors import StudyError
from .measures import correct
from .plan import NAMES, plans
from .stored import load


@dataclass(frozen=True)
class Effect:
    """What one mistake changes.

    Attributes:
        mistake: name.
        difference: reported accuracy with the mistake minus without, over equal seeds.
        right, wrong: mean reported accuracy of each way, 0..1.
        images: images an accuracy is counted on.
        records: the records, in the order of the seeds.
    """

    mistake: str
    difference: Difference
    right: float
    wrong: float
    images: int
    records: tuple[dict, ...]


def effect(mistake: str, stored: list) -> Effect:
    """Return the effect of one mistake from the stored demonstrations of all its seeds.

    The interval is that of the study (see `crossed.estimate`). The validation images of "epoch" are other ones for each seed;
    as they are independent draws, what images have in common is then nothing but chance, and seeds decide.

    Raises:
        StudyError: two of them were made from other data or weights than each other.
    """
    for what in ("data", "weights"):
        found = {record.about[what]["sha256"] for record in stored}
        if len(found) > 1:
            raise StudyError(
                f"mistakes/{mistake}: its seeds were made from different {what}; delete its records, then "
                f"python -m transferstudy mistakes --only {mistake}"
            )
    ways = [correct(mistake, record.arrays) for record in stored]
    right, wrong = (np.array([pair[k] for pair in ways]) for k in (0, 1))
    difference = paired(
        ("wrong", "right"),
        stored[0].about["plan"]["n_labels"],
        wrong,
        right,
        f"mistake-{mistake}",
        "with the mistake − without",
    )
    records = tuple(record.about for record in stored)
    return Effect(mistake, difference, float(right.mean()), float(wrong.mean()), right.shape[1], records)


def effects(results: Path) -> dict[str, Effect]:
    """Return the effect of every mistake, in the order of `NAMES`.

    Args:
        results: the results folder.

    Raises:
        StudyError: a demonstration is missing or damaged; the message has the command that makes it.
    """
    wanted = plans()
    return {
        name: effect(name, [load(results, plan.id) for plan in wanted if plan.mistake == name])
        for name in NAMES
    }

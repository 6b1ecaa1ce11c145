"""What the user asks of a study, as the command's options say it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...data.folders.choice import Reading
from .folder import StudyFolder
from .plan import SEEDS


@dataclass
class Wish:
    """What the user asks for.

    Attributes:
        source: the folder of pictures.
        folder: where the study goes.
        hours: time for the whole study, earlier calls included; None for as much as it has already, or one hour.
        reading: what was decided about the pictures.
        weights: a `WeightsFile`, or None.
        weights_name: name of the pretrained weights.
        side, fit, folds, sampling: as in `RunSpec`; None for what the pictures suggest.
        seeds: at most.
        jobs, backend, address: as in `runner.run_all`.
        command: the command that repeats the study, from its hours.
        renderer: "auto", "quarto", "embedded" or "none".
        say: receives lines for the reader.
    """

    source: Path
    folder: StudyFolder
    hours: float | None
    reading: Reading
    weights: object
    weights_name: str
    side: int | None = None
    fit: str | None = None
    folds: str | None = None
    sampling: str | None = None
    seeds: int = SEEDS
    jobs: int = 1
    backend: str | None = None
    address: str | None = None
    command: Callable[[float], str] = "python -m transferstudy study FOLDER --hours {:g}".format
    renderer: str = "auto"
    say: Callable[[str], None] = print

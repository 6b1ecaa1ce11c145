"""Where the state of unfinished runs lies. Whoever only removes it needs no deep-learning framework."""

import shutil
from pathlib import Path

from ..errors import StudyError
from ..paths import cache_dir


def folder_of(run_id: str) -> Path | None:
    """Return the folder of what is kept of an unfinished run, or None outside a project, where nothing is kept."""
    try:
        return cache_dir() / "checkpoints" / run_id
    except StudyError:
        return None


def discard(run_id: str) -> None:
    """Remove what is kept of a run that is stored now."""
    if folder := folder_of(run_id):
        shutil.rmtree(folder, ignore_errors=True)

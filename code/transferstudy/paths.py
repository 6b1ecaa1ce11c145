"""Where things lie: the project's folders, and the environment variables that move them."""

import os
from pathlib import Path

from .errors import StudyError

PACKAGE = Path(__file__).resolve().parent
SAMPLE = PACKAGE / "sample" / "cifar10-sample.webp"  # its labels lie beside it, in a JSON file
PRESETS = PACKAGE / "plan" / "presets.toml"


def project_root() -> Path:
    """Return the project's root folder.

    The working directory or the nearest parent that holds `_quarto.yml`; otherwise the checkout in which the package
    lies (an editable install).

    Raises:
        StudyError: neither exists.
    """
    for folder in (Path.cwd(), *Path.cwd().parents, PACKAGE.parent.parent):
        if (folder / "_quarto.yml").is_file():
            return folder
    raise StudyError(f"no _quarto.yml in {Path.cwd()} or above it: run the command inside the project")


def results_dir() -> Path:
    """Return the folder of committed results: `TRANSFERSTUDY_RESULTS`, or `results/` in the project."""
    override = os.environ.get("TRANSFERSTUDY_RESULTS")
    return Path(override).expanduser() if override else project_root() / "results"


def weights_dir() -> Path:
    """Return the folder of the weights that the project ships, `results/weights/`, wherever results go.

    A folder that `study` wrote is a project of its own without weights; there, those of the checkout count.
    """
    own = project_root() / "results" / "weights"
    return own if own.is_dir() else PACKAGE.parent.parent / "results" / "weights"


def energy_file() -> Path:
    """Return the tables of the energy estimator, `results/energy/codecarbon.json` in the project, wherever results go."""
    return project_root() / "results" / "energy" / "codecarbon.json"


def cards_dir() -> Path:
    """Return the folder of the cards of data sets and weights, `cards/` in the project."""
    return project_root() / "cards"


def cache_dir() -> Path:
    """Return the folder for files that can be made again: `TRANSFERSTUDY_CACHE`, or `.cache/` in the project."""
    override = os.environ.get("TRANSFERSTUDY_CACHE")
    return Path(override).expanduser() if override else project_root() / ".cache"

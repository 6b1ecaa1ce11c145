"""Which modules the notebook promises to hold, and what it says when something of them is in no cell."""

import re
from pathlib import Path

from ..errors import StudyError
from ..paths import PACKAGE
from .narrative import Narrative
from .source import read_module

# Data, models, training, prediction and evaluation: every public function of these stands in the notebook.
FOLDERS = ("analysis", "data", "models", "training")
MODULES = (
    "backbones.py",
    "comparison.py",
    "metrics.py",
    "prediction.py",
    "robustness.py",
    "spec.py",
    "strategies.py",
    "study.py",
)
_FIGURE = re.compile(r"\bfigures\.([a-z]\w*)")


def covered(root: Path = PACKAGE) -> list[str]:
    """Return the covered modules, relative to the package; a module added to a covered folder is one of them."""
    inside = [
        p for folder in FOLDERS for p in sorted((root / folder).glob("*.py")) if p.name != "__init__.py"
    ]
    return sorted([*MODULES, *(p.relative_to(root).as_posix() for p in inside)])


def figures_on_pages(root: Path) -> list[tuple[str, str]]:
    """Return (module, name) of every figure function of the report that a page or slide calls, sorted.

    Args:
        root: the project.
    """
    pages = [*root.glob("*.qmd"), *root.glob("chapters/*.qmd")]
    called = {name for page in pages for name in _FIGURE.findall(page.read_text(encoding="utf-8"))}
    homes = read_module("report/figures/__init__.py").own
    return sorted((homes[name], name) for name in called & homes.keys())


def check(placed: set[tuple[str, str]], narrative: Narrative, root: Path = PACKAGE) -> None:
    """Check that every public function and class of a covered module has its place.

    Args:
        placed: (module, name) of everything that stands in a cell.
        narrative: for what is left out or the notebook's own.
        root: the package.

    Raises:
        StudyError: something new is nowhere, or something that was left out no longer exists.
    """
    excused = narrative.own | narrative.left_out
    missing = [
        f"{path}: {d.name}"
        for path in covered(root)
        for d in read_module(path, root).definitions.values()
        if d.public and (path, d.name) not in placed | excused
    ]
    if missing:
        raise StudyError(
            "the notebook lacks " + ", ".join(missing) + ": give each a place in notebooks/narrative/ "
            "(<!-- code: module.py: name -->), or say there why not (<!-- left out: module.py: name: why -->); "
            "then python -m transferstudy notebook"
        )
    for path, name in sorted(excused):
        if name not in read_module(path, root).definitions:
            raise StudyError(f"the narrative speaks of {path}: {name}, which does not exist any more")
    for path, name in sorted(narrative.left_out & placed):
        raise StudyError(f"the narrative leaves {path}: {name} out, but the notebook needs it")

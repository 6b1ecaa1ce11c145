"""Digests of what a render depends on, and the memory of the last render."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Set
from pathlib import Path

STAMP = Path(".cache/renderer/stamp.json")
READ_BY_CELLS = ("code", "results", "cards", "examples")
PAGES = (
    "*.local",
    *(
        f"*.{kind}"
        for kind in ("qmd", "md", "yml", "bib", "csl", "css", "scss", "html", "png", "svg", "ico", "js")
    ),
    "chapters/**/*",
    "styles/**/*",
    "images/**/*",
    "notebooks/**/*",
)
VARIABLES = ("KERAS_BACKEND", "TRANSFERSTUDY_RESULTS", "TRANSFERSTUDY_DATA")
LOCKS = ("requirements*.lock", "requirements*.txt")
SKIPPED = {".locks", "site", "__pycache__", "tests", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"}


def cell_inputs(root: Path) -> str:
    """Digest of everything that a cell may read: code without its tests, results, cards and the lock.

    How pages are laid out is no matter of cells; how they are run is.
    """
    layout = set((root / "code/renderer").rglob("*")) - {root / "code/renderer/execute.py"}
    return _digest(root, [*(f"{folder}/**/*" for folder in READ_BY_CELLS), *LOCKS], layout)


def everything(root: Path) -> str:
    """Digest of everything that the site depends on."""
    return _digest(root, [*(f"{folder}/**/*" for folder in READ_BY_CELLS), *LOCKS, *PAGES])


def _digest(root: Path, patterns: Iterable[str], without: Set[Path] = frozenset()) -> str:
    variables = {name: os.environ.get(name) for name in VARIABLES}
    told = hashlib.sha256(json.dumps([sys.version, variables]).encode())
    paths = {path: path.relative_to(root) for pattern in patterns for path in root.glob(pattern)}
    if variables["TRANSFERSTUDY_RESULTS"]:
        folder = Path(variables["TRANSFERSTUDY_RESULTS"])
        paths |= {path: path.relative_to(folder) for path in folder.rglob("*")}
    for path, relative in sorted(paths.items()):
        if path in without:
            continue
        if SKIPPED & set(relative.parts) or any(part.endswith(".egg-info") for part in relative.parts):
            continue
        if path.is_file():
            told.update(f"{relative.as_posix()}\0{path.stat().st_size}\0".encode())
            told.update(path.read_bytes())
    return told.hexdigest()


def remember(root: Path, site: Path, digest: str, renderer: str) -> None:
    """Note what the site was rendered from, by what, and which files it has."""
    stamp = {"digest": digest, "renderer": renderer, "files": _files(site)}
    (root / STAMP).parent.mkdir(parents=True, exist_ok=True)
    (root / STAMP).write_text(json.dumps(stamp))


def rendered_by(root: Path, site: Path, digest: str) -> str | None:
    """The renderer that made the present site from the same sources; None if anything changed or is missing."""
    try:
        stamp = json.loads((root / STAMP).read_text())
    except (OSError, ValueError):
        return None
    if stamp.get("digest") != digest:
        return None
    present = _files(site)
    whole = all(present.get(name) == size for name, size in stamp["files"].items())
    return stamp["renderer"] if whole else None


def _files(site: Path) -> dict[str, int]:
    return {
        path.relative_to(site).as_posix(): path.stat().st_size for path in site.rglob("*") if path.is_file()
    }

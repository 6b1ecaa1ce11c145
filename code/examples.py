"""Renders the studies of other pictures under `examples/`, before the site (`project: pre-render:` in `_quarto.yml`).

Run from the project's root. Of such a study only its results and lists are kept; its pages are those that `transferstudy study`
writes. They go into `site` beside the results, and are made anew where results or code have changed.
"""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from transferstudy.errors import StudyError
from transferstudy.own_images.report.render import put_pages, render, write_archive
from transferstudy.own_images.study.folder import StudyFolder
from transferstudy.results.manifest import check

EXAMPLES = Path("examples")
KEPT = ("results", "labels-to-check.csv")
MADE_FROM = "made-from.txt"


def main() -> int:
    """Render what has changed; 0 if it went well, 2 with an explanation if not."""
    try:
        for folder in sorted(path.parent for path in EXAMPLES.glob("*/results")):
            check(folder / "results")
            _make(folder)
    except StudyError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _make(folder: Path) -> None:
    """Render one study into its folder `site`, unless that is there and made from just this."""
    site, state = folder / "site", _state(folder)
    if (site / MADE_FROM).is_file() and (site / MADE_FROM).read_text(encoding="utf-8") == state:
        return
    with tempfile.TemporaryDirectory() as scratch:
        study = StudyFolder(Path(scratch).resolve())
        for name in KEPT:
            source = folder / name
            copy = shutil.copytree if source.is_dir() else shutil.copyfile
            copy(source, study.root / name)
        put_pages(study, folder.name.replace("-", " ").capitalize())
        render(study, "embedded", lambda line: None)
        write_archive(study)
        made = study.root / "_site"
        shutil.copyfile(study.root / "study.zip", made / "study.zip")
        (made / MADE_FROM).write_text(state, encoding="utf-8")
        shutil.rmtree(site, ignore_errors=True)
        shutil.move(made, site)


def _state(folder: Path) -> str:
    """Return a SHA-256 of everything that the pages of a study are made from."""
    told, code = hashlib.sha256(), Path(__file__).parent
    for root in (folder / "results", code / "transferstudy", code / "renderer", Path("styles")):
        for path in sorted(p for p in root.rglob("*") if p.is_file() and p.suffix != ".pyc"):
            told.update(f"{path.relative_to(root).as_posix()}\0".encode())
            told.update(path.read_bytes())
    return told.hexdigest()


if __name__ == "__main__":
    sys.exit(main())

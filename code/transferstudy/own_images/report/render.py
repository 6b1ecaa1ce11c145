"""The report of a study: pages that are written once and then belong to the reader, rendered anew from the results."""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from ...errors import StudyError, printable
from ...files import write_whole
from ...results.records import write_atomic
from ..study.folder import ARCHIVE, LABELS, StudyFolder

PACKAGE = Path(__file__).resolve().parents[2]
FILES = Path(__file__).parent / "files"
STYLES = PACKAGE.parent.parent / "styles"
_STYLES = "report.css interactive.css deck.css shared.scss light.scss dark.scss favicon.svg".split()
_IN_ARCHIVE = ("results/**/*", "*.qmd", "_quarto.yml", "styles/*", LABELS)


def write_report(wish) -> None:
    """Write pages that are not there yet, render all, and pack the archive.

    Raises:
        StudyError: the renderer stopped; its own words stand above.
    """
    put_pages(wish.folder, wish.source.resolve().name)
    if wish.renderer != "none":
        render(wish.folder, wish.renderer, wish.say)
        site = wish.folder.root / "_site"
        wish.say(f"  Report: {site / 'index.html'}; slides: {site / 'slides.html'}")
    write_archive(wish.folder)


def put_pages(folder: StudyFolder, name: str) -> None:
    """Copy the pages, their settings and styles into the study, except those that are there: they may have been edited.

    Each is written in one piece: half a page from a command that was stopped would be taken for an edited one, and stay.
    """
    for source in sorted(FILES.iterdir()):
        target = folder.root / source.name
        if source.suffix in (".qmd", ".yml") and not target.exists():
            text = source.read_text(encoding="utf-8").replace("{{name}}", _plain(name))
            write_whole(target, text.encode())
    styles = folder.root / "styles"
    for style in _STYLES:
        if not (styles / style).exists():
            write_whole(styles / style, (STYLES / style).read_bytes())
    own = FILES / "study.css"
    write_whole(styles / own.name, own.read_bytes())


def _plain(name: str) -> str:
    """Return a folder's name as it may stand within quotes in YAML."""
    return printable(name).replace("\\", "\\\\").replace('"', '\\"')


def render(folder: StudyFolder, renderer: str, say) -> None:
    """Render pages and slides, with Quarto where it is installed and the embedded renderer elsewhere.

    Raises:
        StudyError: it stopped.
    """
    # The renderer remembers cells until the project's code changes; a study's code lies elsewhere.
    shutil.rmtree(folder.root / ".cache" / "renderer", ignore_errors=True)
    paths = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    for name in ("TRANSFERSTUDY_RESULTS", "TRANSFERSTUDY_DATA"):
        env.pop(name, None)
    options = ["--root", str(folder.root), "report", "--with", renderer, "--force"]
    command = [sys.executable, "-m", "renderer", *options]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StudyError(
            f"the report could not be rendered:\n{done.stdout.strip()}\n{done.stderr.strip()}\nMend the page, or remove it to get "
            f"the original back, and render again: python -m renderer --root {printable(folder.root)} report"
        )
    say(f"  {done.stdout.strip().splitlines()[-1]}")


def write_archive(folder: StudyFolder) -> None:
    """Write `study.zip`: results, pages and lists, with nothing that differs between two writings of the same study."""
    names = sorted({p for pattern in _IN_ARCHIVE for p in folder.root.glob(pattern) if p.is_file()})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in names:
            name = path.relative_to(folder.root).as_posix()
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED, 6)
    write_atomic(folder.root / ARCHIVE, buffer.getvalue())

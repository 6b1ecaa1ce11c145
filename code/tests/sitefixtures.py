"""Small projects to render in tests, and a browser to look at them."""

import atexit
import fcntl
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = Path(__file__).parent / "fixtures" / "site"
CONFIG = """project:
  type: website
  execute-dir: project
website:
  title: Small
"""


def copy_fixture(target: Path) -> Path:
    """The fixture project with the report's own style sheets."""
    shutil.copytree(FIXTURE, target, dirs_exist_ok=True)
    shutil.copytree(ROOT / "styles", target / "styles", dirs_exist_ok=True)
    sample = "code/transferstudy/sample"  # the deck's title page shows it
    shutil.copytree(ROOT / sample, target / sample, dirs_exist_ok=True)
    return target


def project(target: Path, config: str = CONFIG, **pages: str) -> Path:
    """A project of a few pages, given by name."""
    target.mkdir(parents=True, exist_ok=True)
    (target / "_quarto.yml").write_text(config)
    for name, text in pages.items():
        (target / f"{name}.qmd").write_text(text)
    return target


def command(root: Path, *arguments: str, **environment) -> subprocess.CompletedProcess:
    """Run ``python -m renderer`` as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "renderer", "--root", str(root), *arguments],
        capture_output=True,
        text=True,
        check=False,
        **environment,
    )


@functools.cache
def fixture_site() -> Path:
    """The fixture project's site, rendered once for all tests."""
    folder = tempfile.mkdtemp(prefix="report-fixture-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    root = copy_fixture(Path(folder))
    done = command(root, "report", "--with", "embedded")
    assert done.returncode == 0, done.stderr
    return root / "_site"


@functools.cache
def report_site() -> Path:
    """The real report, rendered by `make report` if it is not up to date.

    A test that points the study at other results or data means its own work by that, not the site that all tests share: rendered
    from those it would be stale for the next test, which would render it again.
    """
    own = {k: v for k, v in os.environ.items() if k not in ("TRANSFERSTUDY_RESULTS", "TRANSFERSTUDY_DATA")}
    (ROOT / ".cache").mkdir(exist_ok=True)
    with (ROOT / ".cache" / "report.lock").open("w") as file:
        fcntl.flock(
            file, fcntl.LOCK_EX
        )  # other processes of tests wait for the same site instead of making it again
        done = subprocess.run(
            ["make", "report"], cwd=ROOT, env=own, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "_site"

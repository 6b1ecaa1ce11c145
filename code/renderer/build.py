"""The whole render: execute, write beside the old site, finish, and only then take its place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from renderer import digest, metadata, postrender, project
from renderer.errors import RenderError, RenderErrors
from renderer.execute import execute
from renderer.pages import DECK_LIBRARY, HERE, PAGE_LIBRARY, Renderer
from renderer.project import CONFIG

CACHE = Path(".cache/renderer/cells")
JOBS = 2
LEFT_BEHIND = 3600  # seconds after which a folder is what a killed render left, not one that is being written


def build(root: Path, site: Path, say: Callable[[str], None] = print) -> None:
    """Render a project.

    Args:
        root: project root.
        site: the folder to (re)place; untouched if anything fails.
        say: where progress goes.

    Raises:
        RenderError: what is wrong, with file and line.
    """
    loaded = project.load(root)
    for path in root.glob(f".{site.name}-new-*"):
        if time.time() - path.stat().st_mtime > LEFT_BEHIND:
            shutil.rmtree(path, ignore_errors=True)
    out = Path(tempfile.mkdtemp(prefix=f".{site.name}-new-", dir=root))
    try:
        out.chmod(0o755)
        _prepare(loaded)
        with tempfile.TemporaryDirectory() as scratch:
            _render_into(loaded, out, Path(scratch), say)
        postrender.finish(out, prefix=postrender.site_path(root))
        _swap(out, site)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def _render_into(loaded: project.Project, out: Path, scratch: Path, say: Callable[[str], None]) -> None:
    root = loaded.root
    renderer = Renderer(loaded, out, scratch)
    pages = list(loaded.pages.values())
    say(f"Executing the cells of {len(pages)} pages (what has not changed is remembered) ...")
    work = [(page.source, page.figures, page.execution) for page in pages]
    results = execute(root, work, root / CACHE, digest.cell_inputs(root), JOBS)
    say("Writing the pages ...")
    with ThreadPoolExecutor(JOBS) as pool:
        futures = [pool.submit(renderer.render, page, results[page.path]) for page in pages]
    errors = [future.exception() for future in futures if future.exception()]
    for error in errors:
        if not isinstance(error, RenderError):
            raise error
    if errors:
        raise RenderErrors(errors)
    resources = set().union(
        *(future.result() for future in futures), _resources(loaded), metadata.pictures(loaded)
    )
    _copy(root, resources, out)
    shutil.copytree(HERE / "static" / "page", out / PAGE_LIBRARY)
    if any(page.deck for page in pages):
        _copy_reveal(out / DECK_LIBRARY)
    if renderer.navigation.search:
        _index(out)


def _prepare(loaded: project.Project) -> None:
    """Run the project's own scripts, in its root, as Quarto does before it renders."""
    scripts = loaded.config["project"].get("pre-render") or []
    for script in [scripts] if isinstance(scripts, str) else scripts:
        if not script.endswith(".py"):
            raise RenderError(f"the embedded renderer runs only Python before a render: `{script}`", CONFIG)
        done = subprocess.run(
            [sys.executable, script], cwd=loaded.root, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RenderError(
                f"this script ended with status {done.returncode}:\n{done.stderr.strip()}", script
            )


def _resources(loaded: project.Project) -> set[Path]:
    patterns = loaded.config["project"].get("resources") or []
    patterns = [patterns] if isinstance(patterns, str) else patterns
    return {
        path.relative_to(loaded.root)
        for name in patterns
        for path in loaded.root.glob(name)
        if path.is_file()
    }


def _copy(root: Path, files: set[Path], out: Path) -> None:
    for file in sorted(files):
        if not (root / file).is_file():
            raise RenderError("no such file, but pages use it", file)
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, out / file)


def _copy_reveal(target: Path) -> None:
    """Reveal.js comes with the package ``sphinx-revealjs``; only what a deck needs is taken."""
    import importlib.util

    spec = importlib.util.find_spec("sphinx_revealjs")
    if spec is None or spec.origin is None:
        raise RenderError("the package sphinx-revealjs is not installed", mend="pip install sphinx-revealjs")
    reveal = Path(spec.origin).parent / "_static" / "revealjs"
    target.mkdir(parents=True)
    for name in ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes"):
        source, goal = reveal / name, target / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, goal) if source.is_dir() else shutil.copyfile(source, goal)
    shutil.copytree(HERE / "static" / "deck", target / "base")


def _index(out: Path) -> None:
    """Write the search index with Pagefind."""
    command = [sys.executable, "-m", "pagefind", "--site", str(out), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RenderError(f"Pagefind could not index the site:\n{done.stdout}{done.stderr}")


def _swap(new: Path, site: Path) -> None:
    """Put the new folder in the old one's place; the old one goes last."""
    old = site.with_name(f".{site.name}-old-{os.getpid()}")
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)

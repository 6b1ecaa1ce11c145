"""``python -m renderer report | serve | slides-pdf | check``."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from renderer.errors import RenderError

SITE = "_site"
QUARTO_NEEDED = (1, 7)


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 if it went well, 2 with an explanation if not."""
    parser = argparse.ArgumentParser(
        prog="python -m renderer", description="Render the report and its slides."
    )
    parser.add_argument("--root", type=Path, default=Path(), help="project root (default: here)")
    commands = parser.add_subparsers(dest="command", required=True)
    report = commands.add_parser("report", help="render the site and the deck, if anything changed")
    report.add_argument("--with", dest="renderer", choices=["auto", "quarto", "embedded"], default="auto")
    report.add_argument("--force", action="store_true", help="render even if nothing changed")
    serve_ = commands.add_parser("serve", help="serve the rendered site on localhost")
    serve_.add_argument("--port", type=int, default=8000)
    commands.add_parser("slides-pdf", help=f"print the deck to {SITE}/slides.pdf")
    commands.add_parser("check", help="check the links of the rendered site")
    options = parser.parse_args(argv)
    try:
        root = options.root.resolve()
        if options.command == "report":
            render(root, options.renderer, options.force)
        elif options.command == "serve":
            serve(root / SITE, options.port)
        elif options.command == "slides-pdf":
            slides_pdf(root / SITE)
        else:
            check(root)
    except RenderError as error:
        print(f"{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def render(root: Path, wanted: str, force: bool) -> None:
    """Render with Quarto where there is one, else with the embedded renderer; nothing if nothing changed."""
    from renderer import digest

    start = time.monotonic()
    site = root / SITE
    before = digest.everything(root)
    name, program = choose(wanted)
    made_by = None if force else digest.rendered_by(root, site, before)
    if made_by is not None and made_by == name:
        print(f"Nothing has changed since {made_by} rendered this: {site / 'index.html'}")
        return
    print(f"Rendering with {name}.", flush=True)
    if program:
        _run_quarto(program, root)
    else:
        from renderer.build import build

        build(root, site, lambda line: print(line, flush=True))
    digest.remember(root, site, before, name)
    print(f"Rendered with {name} in {time.monotonic() - start:.0f} s: {site / 'index.html'}")


def choose(wanted: str) -> tuple[str, str | None]:
    """The renderer to use: its name and, for Quarto, its program.

    Raises:
        RenderError: Quarto was asked for and there is none that is new enough.
    """
    program = shutil.which("quarto") if wanted != "embedded" else None
    if program:
        told = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False
        ).stdout.strip()
        version = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
        if version >= QUARTO_NEEDED:
            return f"Quarto {told}", program
        print(f"Quarto {told} is older than {'.'.join(map(str, QUARTO_NEEDED))}.")
    if wanted == "quarto":
        raise RenderError(
            "no Quarto of version 1.7 or newer on PATH", mend="install it, or leave out --with quarto"
        )
    return "the embedded renderer (no Quarto needed)", None


def _run_quarto(program: str, root: Path) -> None:
    environment = os.environ | {"QUARTO_PYTHON": sys.executable}
    done = subprocess.run([program, "render"], cwd=root, env=environment, check=False)
    if done.returncode:
        raise RenderError(f"quarto render ended with status {done.returncode}; its words are above")


def serve(site: Path, port: int) -> None:
    """Serve until interrupted."""
    from renderer.server import open_server

    with open_server(site, port) as server:
        print(f"Serving {site} on http://127.0.0.1:{server.server_port}/ (Ctrl+C ends)", flush=True)
        server.serve_forever()


def slides_pdf(site: Path) -> None:
    """Print the deck."""
    from renderer import chromium
    from renderer.server import serving

    if not (site / "slides.html").is_file():
        raise RenderError(f"there is no deck in {site}", mend="make report")
    with serving(site) as address:
        chromium.print_deck(f"{address}slides.html", site / "slides.pdf")
    print(f"Printed {site / 'slides.pdf'}")


def check(root: Path) -> None:
    """Check the links of the rendered site."""
    from renderer.links import Checker
    from renderer.postrender import site_path

    site = root / SITE
    pages = [page for page in sorted(site.rglob("*.html")) if "site_libs" not in page.relative_to(site).parts]
    if not pages:
        raise RenderError(f"there is no site in {site}", mend="make report")
    Checker(site, site_path(root)).check(pages)
    print(f"{len(pages)} pages, no broken link.")

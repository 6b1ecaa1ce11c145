"""``_quarto.yml`` and the pages it names."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import dataclass
from pathlib import Path

from renderer import schema, source, text
from renderer.errors import RenderError, RenderErrors

CONFIG = "_quarto.yml"
LOCAL = f"{CONFIG}.local"
FORMAT_DEFAULTS = {"fig-width": 7, "fig-height": 5, "fig-dpi": 96, "fig-format": "retina"}
DECK_DEFAULTS = FORMAT_DEFAULTS | {
    "fig-width": 10,
    "fig-height": 5,
    "width": 1050,
    "height": 700,
    "margin": 0.1,
}


@dataclass
class Page:
    """A page with its settings, the project's merged in.

    ``format`` holds the options of its output format, ``execution`` the defaults of its cells.
    """

    source: source.Source
    deck: bool
    format: dict
    execution: dict

    @property
    def path(self) -> Path:
        return self.source.path

    @property
    def output(self) -> Path:
        return self.path.with_suffix(".html")

    @property
    def figures(self) -> dict:
        """What the kernel is told about figures."""
        return {key: self.format[f"fig-{key}"] for key in ("width", "height", "dpi", "format")}


@dataclass
class Project:
    """A checked project: its configuration and its pages in order of their paths."""

    root: Path
    config: dict
    pages: dict[Path, Page]

    @property
    def website(self) -> dict:
        return self.config.get("website", {})

    def setting(self, page: Page, key: str, otherwise=None):
        """A setting of a page: its own, its format's, or the project's."""
        for place in (page.source.meta, page.format, self.config):
            if key in place:
                return place[key]
        return otherwise


def load(root: Path) -> Project:
    """Read and check the configuration and every page.

    Raises:
        RenderError: the configuration is missing or has something unknown.
        RenderErrors: the first fault of every faulty page.
    """
    config = settings(root)
    if config.get("project", {}).get("execute-dir") != "project":
        raise RenderError(
            "cells run in the project root", CONFIG, mend="set `execute-dir: project` under `project:`"
        )
    pages, errors = {}, []
    for path in find_pages(root, config["project"].get("render")):
        try:
            pages[path] = _page(source.read(root, path), config)
        except RenderError as error:
            errors.append(error)
    if errors:
        raise RenderErrors(errors)
    if not pages:
        raise RenderError("no page to render", CONFIG, mend="name pages under `project: render:`")
    return Project(root, config, pages)


def settings(root: Path) -> dict:
    """The configuration, with what ``_quarto.yml.local`` says on top: the settings of one copy of the project.

    Raises:
        RenderError: the configuration is missing or has something unknown.
    """
    try:
        written = text.read(root, CONFIG)
    except OSError:
        raise RenderError(
            f"no {CONFIG} in {root.resolve()}", mend="run this from the project's root"
        ) from None
    config = schema.load(written, schema.PROJECT, CONFIG)
    if (root / LOCAL).is_file():
        own = schema.load(text.read(root, LOCAL), schema.PROJECT, LOCAL)
        config = _merged(config, own)
    return config


def _merged(below: dict, above: dict) -> dict:
    """Dictionaries are merged, lists joined, as Quarto does it; any other value of ``above`` replaces."""
    merged = dict(below)
    for key, value in above.items():
        old = below.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _merged(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            value = old + [item for item in value if item not in old]
        merged[key] = value
    return merged


def find_pages(root: Path, patterns: list[str] | None) -> list[Path]:
    """The .qmd files to render, as Quarto finds them: a pattern holds at any depth, ``!`` takes away."""
    patterns = patterns or ["*.qmd"]
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    dropped = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    found = set()
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        names = [name for name in names if name.endswith(".qmd") and not name.startswith((".", "_"))]
        found |= {(Path(folder) / name).relative_to(root) for name in names}
    return sorted(
        path
        for path in found
        if any(_matches(path, pattern) for pattern in wanted)
        and not any(_matches(path, pattern) for pattern in dropped)
    )


def _matches(path: Path, pattern: str) -> bool:
    if pattern.endswith("/"):
        pattern += "*"
    places = (pattern.lstrip("/"),) if pattern.startswith("/") else (pattern, f"*/{pattern}")
    return any(fnmatch.fnmatch(path.as_posix(), place) for place in places)


def _page(page: source.Source, config: dict) -> Page:
    own = page.meta.get("format")
    own = {own: {}} if isinstance(own, str) else own or {"html": {}}
    kind = next(iter(own))
    options = own[kind] if isinstance(own[kind], dict) else {}
    shared = config.get("format")
    shared = shared.get(kind) if isinstance(shared, dict) else {}
    deck = kind == "revealjs"
    merged = (
        (DECK_DEFAULTS if deck else FORMAT_DEFAULTS) | (shared if isinstance(shared, dict) else {}) | options
    )
    if deck and merged.get("auto-stretch") is not False:
        raise RenderError(
            "the embedded renderer does not stretch figures",
            page.path,
            page.locate("revealjs"),
            "set `auto-stretch: false` under `revealjs:`",
        )
    execution = {"echo": False, "warning": False} if deck else {}
    for place in (config.get("execute"), merged.get("execute"), page.meta.get("execute")):
        execution |= place or {}
    for key in ("code-fold", "code-summary"):
        if key in page.meta or key in merged:
            execution[key] = page.meta.get(key, merged.get(key))
    return Page(page, deck, merged, execution)

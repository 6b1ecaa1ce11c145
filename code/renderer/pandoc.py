"""Pandoc, as it comes with ``pypandoc_binary``."""

from __future__ import annotations

import io
import json
from pathlib import Path

import panflute
import pypandoc

from renderer import text as texts
from renderer.errors import RenderError

SPLIT = "<!-- renderer:split -->"
TEMPLATE = f"$table-of-contents$\n{SPLIT}\n$body$"


def convert(text: str, to: str, source: str = "markdown", options: tuple[str, ...] = ()) -> str:
    """Run Pandoc once; its warnings count as errors.

    Raises:
        RenderError: Pandoc's own words.
    """
    try:
        return pypandoc.convert_text(text, to, format=source, extra_args=["--fail-if-warnings", *options])
    except RuntimeError as error:
        told = str(error).replace("Failing because there were warnings.", "")
        told = told.split('exitcode "', 1)[-1].split('" during conversion: ', 1)[-1]
        raise RenderError(f"Pandoc: {' '.join(told.split())}") from None


def parse(markdown: str) -> panflute.Doc:
    """Markdown to a panflute document."""
    return panflute.load(io.StringIO(convert(markdown, "json")))


def write(doc: panflute.Doc, to: str, options: tuple[str, ...], template: Path) -> tuple[str, str]:
    """A panflute document to HTML.

    Args:
        doc: the document.
        to: ``html5`` or ``revealjs``.
        options: further Pandoc options.
        template: a file to hold Pandoc's template.

    Returns:
        the table of contents and the body.
    """
    stream = io.StringIO()
    panflute.dump(doc, stream)
    template.write_text(TEMPLATE, encoding="utf-8")
    html = convert(stream.getvalue(), to, "json", ("--standalone", f"--template={template}", *options))
    contents, body = html.split(SPLIT)
    return contents.strip(), body.strip()


def inline_html(markdown: str) -> str:
    """A line of Markdown (a title, a footer) to HTML without its paragraph."""
    html = convert(str(markdown), "html5", options=("--mathml",)).strip()
    if html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1:
        return html[3:-4]
    return html


def plain(markdown: str) -> str:
    """A line of Markdown without its marks."""
    return convert(str(markdown), "plain", options=("--wrap=none",)).strip()


def citation_keys(root: Path, name: str) -> set[str]:
    """The keys of a BibTeX or CSL JSON bibliography.

    Args:
        root: the project's root.
        name: the file, relative to ``root``.

    Raises:
        RenderError: the file is missing or not UTF-8, or Pandoc cannot read it.
    """
    if (root / name).exists() and not (root / name).is_file():
        raise RenderError("this is no file, but pages take their references from it", name)
    try:
        text = texts.read(root, name)
    except OSError as error:
        raise RenderError(f"this bibliography cannot be read: {error.strerror}", name) from None
    kind = "csljson" if name.endswith(".json") else "biblatex"
    try:
        return {entry["id"] for entry in json.loads(convert(text, "csljson", kind))}
    except RenderError as error:
        error.file = error.file or name
        raise

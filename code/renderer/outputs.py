"""Cells and their outputs written back as Pandoc Markdown."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path

from renderer import narrow
from renderer.errors import RenderError
from renderer.execute import ANSI
from renderer.source import INLINE, Cell, Source

IMAGES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}
DISPLAY = ("text/html", "text/markdown", *IMAGES, "text/plain")
PLOT_REPR = re.compile(r"^[\[({]*(<matplotlib\.|<Figure |<Axes|Text\()")
ESCAPED = re.compile(r"([\\`*_{}\[\]()>#+,\-.!$@~^<&|'\"])")


class Writer:
    """Writes the Markdown of one page.

    Args:
        source: the parsed page.
        results: what :func:`renderer.execute.execute` returned for it.
        defaults: ``echo``, ``warning``, ``output``, ``include``, ``code-fold`` and ``code-summary`` of the page.
        files: folder for the page's images, absolute.
        url: the same folder as the page's links see it.
        dark: whether the output has a dark theme (a deck has none).
    """

    def __init__(
        self, source: Source, results: list, defaults: dict, files: Path, url: str, dark: bool = True
    ):
        self.source, self.results, self.defaults = source, results, defaults
        self.files, self.url, self.dark = files, url, dark
        self.number = 0

    def markdown(self) -> str:
        """The whole body of the page, images written."""
        parts = []
        for chunk, result in zip(self.source.chunks, self.results, strict=True):
            if isinstance(chunk, Cell):
                self.number += 1
                parts.append(_indented(self._cell(chunk, result), chunk.indent))
            else:
                parts.append(fill_inline(chunk.text, result))
        return "\n".join(parts)

    def _option(self, cell: Cell, name: str, otherwise):
        return cell.options.get(name, self.defaults.get(name, otherwise))

    def _cell(self, cell: Cell, outputs: list) -> str:
        if not self._option(cell, "include", True):
            return ""
        label = str(cell.options.get("label", ""))
        output = self._option(cell, "output", True)
        shown = [] if output is False else self._shown(cell, outputs)
        if output == "asis":
            body = "\n".join(self._asis(item) for item in shown)
        else:
            body = "\n".join(self._output(cell, item, i + 1) for i, item in enumerate(shown))
        if cell.options.get("renderings") and not self.dark:
            raise RenderError(
                "Quarto shows both renderings in a deck",
                self.source.path,
                cell.line,
                "show the light figure only",
            )
        if cell.options.get("renderings") and shown:
            body = self._renderings(cell, shown)
        code = self._code(cell) if self._option(cell, "echo", True) else ""
        caption = cell.options.get("fig-cap") or cell.options.get("tbl-cap")
        if not (code or body):
            return ""
        if label.startswith(("fig-", "tbl-")):
            if not caption:
                raise RenderError(
                    f"the cell `{label}` has no caption", self.source.path, cell.line, "add `#| fig-cap:`"
                )
            return f"{code}\n\n:::: {{#{label}}}\n\n::: {{.cell}}\n{body}\n:::\n\n{caption}\n\n::::\n"
        if caption:
            raise RenderError(
                "a captioned cell needs a label `fig-…` or `tbl-…`",
                self.source.path,
                cell.line,
                "add `#| label:`",
            )
        if output == "asis":
            return f"{code}\n\n{body}\n"
        name = f"#{label} " if label else ""
        return f"\n::: {{{name}.cell}}\n{code}\n{body}\n:::\n"

    def _code(self, cell: Cell) -> str:
        fold = self._option(cell, "code-fold", False)
        block = f"{_fenced(cell.shown, '.python .cell-code')}\n"
        if not cell.shown:
            return ""
        if not fold:
            return block
        summary = self._option(cell, "code-summary", "Code")
        opened = " open" if fold == "show" else ""
        start = f'<details class="code-fold"{opened}><summary>{html.escape(summary)}</summary>'
        return f"{_fenced(start, '', '{=html}')}\n\n{block}\n{_fenced('</details>', '', '{=html}')}\n"

    def _shown(self, cell: Cell, outputs: list) -> list:
        kept = []
        pictured = any(set(item.get("data", {})) & set(IMAGES) for item in outputs)
        for item in outputs:
            if item["output_type"] == "stream":
                if item["name"] == "stderr" and not self._option(cell, "warning", True):
                    continue
                if kept and kept[-1].get("name") == item["name"]:
                    kept[-1] = kept[-1] | {"text": kept[-1]["text"] + item["text"]}
                    continue
            elif pictured and _is_plot_repr(item["data"]):
                continue
            kept.append(item)
        return kept

    def _asis(self, item: dict) -> str:
        if item["output_type"] == "stream":
            return terminal(item["text"])
        data = item["data"]
        return data.get("text/markdown") or data.get("text/plain", "")

    def _output(self, cell: Cell, item: dict, number: int) -> str:
        if item["output_type"] == "stream":
            classes = f".cell-output .cell-output-{item['name']}"
            return f"\n::: {{{classes}}}\n{_fenced(terminal(item['text']), '')}\n:::\n"
        return f"\n::: {{.cell-output .cell-output-display}}\n{self._display(cell, item, number)}\n:::\n"

    def _display(self, cell: Cell, item: dict, number: int, alt: str | None = None) -> str:
        kind = next((kind for kind in DISPLAY if kind in item["data"]), None)
        if kind is None:
            known = ", ".join(item["data"])
            raise RenderError(
                f"this cell shows what the renderer cannot: {known}", self.source.path, cell.line
            )
        data = item["data"][kind]
        if kind in IMAGES:
            return self._image(cell, data, kind, item.get("metadata", {}).get(kind, {}), number, alt)
        if kind == "text/html":
            return _fenced(data, "", "{=html}")
        if kind == "text/plain":
            return _fenced(data, "")
        return f"\n{data}\n"

    def _image(self, cell: Cell, data: str, kind: str, size: dict, number: int, alt: str | None) -> str:
        alts = cell.options.get("fig-alt", "")
        if alt is None:
            alt = (alts[number - 1] if number <= len(alts) else "") if isinstance(alts, list) else alts
        if not alt:
            raise RenderError(
                "this cell draws a figure without alternative text",
                self.source.path,
                cell.line,
                "add `#| fig-alt:`",
            )
        stem = cell.options.get("label") or f"cell-{self.number}"
        name = f"{stem}-output-{number}.{IMAGES[kind]}"
        self.files.mkdir(parents=True, exist_ok=True)
        (self.files / name).write_bytes(data.encode() if kind == "image/svg+xml" else base64.b64decode(data))
        if (
            kind == "image/svg+xml"
            and not size
            and 'pt"' in data[:1000]
            and (found := narrow.SIZE.search(data))
        ):
            size = {
                k: round(float(v) * narrow.PIXELS)
                for k, v in zip(("width", "height"), found.groups(), strict=True)
            }
        sizes = "".join(f" {side}={size[side]}" for side in ("width", "height") if side in size)
        return f"\n![]({self.url}/{name}){{fig-alt={json.dumps(alt, ensure_ascii=False)}{sizes}}}\n"

    def _renderings(self, cell: Cell, shown: list) -> str:
        displays = [item for item in shown if item["output_type"] != "stream"]
        if len(displays) != 2:
            raise RenderError(
                f"`renderings: [light, dark]` needs two figures, this cell shows {len(displays)}",
                self.source.path,
                cell.line,
                "show one figure for each theme",
            )
        alts = cell.options.get("fig-alt")
        parts = []
        for i, (theme, item) in enumerate(zip(("light", "dark"), displays, strict=True)):
            body = self._display(cell, item, i + 1, alts if isinstance(alts, str) else None)
            parts.append(f"\n::: {{.cell-output .cell-output-display .{theme}-content}}\n{body}\n:::\n")
        return "\n".join(parts)


def fill_inline(text: str, values: list[dict]) -> str:
    """Put the values of inline expressions in their places.

    A value with Markdown of its own is inserted as Markdown; a string is escaped; anything else is its ``repr``.
    """
    left = iter(values)

    def value(match: re.Match) -> str:
        data = next(left)
        if "text/html" in data and "text/markdown" not in data:
            return f"{match[1]}`{data['text/html']}`{{=html}}"
        return match[1] + (
            data["text/markdown"] if "text/markdown" in data else escape(data.get("text/plain", ""))
        )

    return INLINE.sub(value, text).replace("`{{python}}", "`{python}")


def escape(plain: str) -> str:
    """Escape the ``repr`` of a string, without its quotes, for Markdown; leave any other ``repr`` as it is."""
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "'\"":
        return ESCAPED.sub(r"\\\1", plain[1:-1])
    return plain


def terminal(text: str) -> str:
    """What a terminal would show at the end: no colours, progress bars at their last state."""
    text = ANSI.sub("", text).replace("\r\n", "\n")
    while re.search(r"[^\n]\x08", text):
        text = re.sub(r"[^\n\x08]\x08", "", text)
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n")).rstrip()


def _is_plot_repr(data: dict) -> bool:
    """What a plotting call returns stands beside the figure and says nothing."""
    return not set(data) & set(DISPLAY[:-1]) and bool(PLOT_REPR.match(data.get("text/plain", "")))


def _fenced(body: str, classes: str, braces: str = "") -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", body)), default=2)
    fence = "`" * (longest + 1)
    info = braces or (f"{{{classes}}}" if classes else "")
    return f"{fence}{info}\n{body}\n{fence}"


def _indented(text: str, indent: str) -> str:
    return "\n".join(indent + line if line else line for line in text.split("\n")) if indent else text

"""A .qmd file taken apart: front matter, text and executable cells, each with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from renderer import schema, text
from renderer.errors import RenderError

FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})(?P<info>.*)$")
INLINE = re.compile(r"(^|[^`])`\{python\}[ \t]([^`]+)`", re.MULTILINE)
SHORTCODE = re.compile(r"\{\{<.*?>\}\}")
CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")


@dataclass(frozen=True)
class Cell:
    """One executable cell; ``line`` is the line of its first line of code or options."""

    line: int
    code: str
    options: dict
    indent: str = ""

    @property
    def shown(self) -> str:
        """The code as readers see it: without the option lines."""
        lines = self.code.splitlines()
        kept = lines[_option_lines(lines) :]
        return "\n".join(kept).strip("\n")


@dataclass(frozen=True)
class Text:
    """Markdown between two cells; ``inline`` are the expressions of its inline values, in order."""

    line: int
    text: str

    @property
    def inline(self) -> list[str]:
        return [match[1].strip() for match in INLINE.findall(self.text)]

    def line_of_inline(self, index: int) -> int:
        """The line on which the ``index``-th inline value stands."""
        start = [match.start(2) for match in INLINE.finditer(self.text)][index]
        return self.line + self.text.count("\n", 0, start)


@dataclass
class Source:
    """A parsed page: ``path`` is relative to the project root."""

    path: Path
    raw: str
    meta: dict
    chunks: list[Text | Cell] = field(default_factory=list)

    def locate(self, *needles: str) -> int | None:
        """The first line of the file that contains one of the needles."""
        for needle in needles:
            position = self.raw.find(needle)
            if position >= 0:
                return self.raw.count("\n", 0, position) + 1
        return None


def read(root: Path, path: Path) -> Source:
    """Read and check one page.

    Args:
        root: project root.
        path: the .qmd file, relative to ``root``.

    Raises:
        RenderError: a file that is not UTF-8; front matter, cell option or code block that the renderer does not know.
    """
    raw = text.read(root, path)
    lines = raw.removesuffix("\n").split("\n")
    meta, start = {}, 0
    if lines and lines[0].strip() == "---":
        try:
            end = next(i for i in range(1, len(lines)) if lines[i].strip() in ("---", "..."))
        except StopIteration:
            raise RenderError("the front matter has no end", path, 1, "close it with a line `---`") from None
        meta = schema.load("\n".join(lines[1:end]), schema.PAGE, path, 2)
        start = end + 1
    return Source(path, raw, meta, list(_chunks(lines, start, path)))


def _chunks(lines: list[str], start: int, path: Path):
    text: list[str] = []
    text_line = start + 1
    i = start
    while i < len(lines):
        fence = FENCE.match(lines[i])
        if not fence or (fence["ticks"][0] == "`" and "`" in fence["info"]):
            _refuse_shortcodes(lines[i], path, i + 1)
            text.append(lines[i])
            i += 1
            continue
        end = _closing(lines, i, fence["ticks"])
        if end is None:
            raise RenderError("this code block has no end", path, i + 1, f"close it with `{fence['ticks']}`")
        info = fence["info"].strip()
        if info == "{python}":
            yield Text(text_line, "\n".join(text) + "\n")
            yield _cell(lines[i + 1 : end], fence["indent"], path, i + 2)
            text, text_line = [], end + 2
        elif re.match(r"\{(?!\{)\s*[A-Za-z]", info):
            raise RenderError(
                f"the embedded renderer cannot run a cell `{info}`",
                path,
                i + 1,
                "use ```{python} with `#|` options",
            )
        else:
            text += lines[i : end + 1]
        i = end + 1
    yield Text(text_line, "\n".join(text) + "\n")


def _closing(lines: list[str], start: int, ticks: str) -> int | None:
    pattern = re.compile(rf"^[ \t]*{re.escape(ticks[0])}{{{len(ticks)},}}[ \t]*$")
    return next((i for i in range(start + 1, len(lines)) if pattern.match(lines[i])), None)


def _cell(lines: list[str], indent: str, path: Path, line: int) -> Cell:
    lines = [text.removeprefix(indent) for text in lines]
    count = _option_lines(lines)
    options = schema.load(
        "\n".join(text[2:].removeprefix(" ") for text in lines[:count]), schema.CELL, path, line
    )
    if options.get("renderings") not in (None, ["light", "dark"]):
        raise RenderError("`renderings` must be `[light, dark]`", path, line)
    return Cell(line, "\n".join(lines), options, indent)


def _option_lines(lines: list[str]) -> int:
    return next((i for i, text in enumerate(lines) if not text.startswith("#|")), len(lines))


def _refuse_shortcodes(line: str, path: Path, number: int) -> None:
    shortcode = SHORTCODE.search(CODE_SPAN.sub("", line))
    if shortcode:
        raise RenderError(f"the embedded renderer knows no shortcodes: `{shortcode[0]}`", path, number)

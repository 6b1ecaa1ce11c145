"""Everything a reader of the pages sees, sentence by sentence, with inline values and citations marked.

Prose is read through Pandoc, so that markup cannot hide a number. YAML, cells, SVG and HTML have their own parsers.
"""

import ast
import builtins
import io
import json
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pypandoc
import yaml
from bs4 import BeautifulSoup

VALUE = "⟨value⟩"  # an inline value or the computed part of an f-string
CITATION = "⟨citation⟩"
CODE = "⟨code⟩"  # an identifier or command in the running text

# Attributes that people read or hear. Others (width, style) hold numbers that are nobody's result.
_READ = r"alt|cap|caption|title|summary|subtitle|description|label|content|aria-.*|data-caption"
_READ_ATTRIBUTE = re.compile(rf"(?:fig-|tbl-)?(?:{_READ})")
# YAML: keys whose values are settings, not words; and keys whose values are words even when YAML reads a number.
_SETTINGS = {
    "bibliography",
    "css",
    "csl",
    "date",
    "date-format",
    "file",
    "href",
    "id",
    "label",
    "lang",
    "layout",
}
_SETTINGS |= {"include-in-header", "quarto-required", "theme", "url", "version", "fig-width", "fig-height"}
_WORDS = re.compile(
    r".*(?:title|description|abstract|text|footer|alt|cap|summary|left|right|center|author|name)"
)
_CROSS_REFERENCE = re.compile(r"(?:fig|tbl|sec|eq|lst|tip|nte|wrn|imp|cau|thm)-")
_INLINE_TAGS = ["a", "abbr", "b", "code", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "tspan"]
_TEXT_LANGUAGES = {"", "text", "output", "console", "markdown", "mermaid", "dot", "html", "svg"}
_SPEAKING_CODE = "code/transferstudy/report"
_NOT_PAGES = {"code", "results", "examples", "notebooks", "cards", "docs", "_site", "_freeze"}
_SENTENCE_END = re.compile(
    r"""(?<!e\.g\.)(?<!i\.e\.)(?<!al\.)(?<!vs\.)(?<!cf\.)(?<=[.!?])["”’)\]]*\s+(?=[^a-z\s])"""
)


@dataclass(frozen=True)
class Passage:
    """One sentence, caption, label or string that a reader can see."""

    file: str
    place: str  # where in the file: "prose", "front matter", "cell", ...
    text: str
    context: str = ""  # words that give the text its meaning: a table's header, the line above a list
    code: bool = False  # shown as code: a decimal alone is a setting, not a result
    typed: bool = False  # known to be typed by hand: a number where a computed value belongs

    @property
    def cited(self) -> bool:
        """The sentence names its source."""
        return CITATION in self.text


def passages(root: Path) -> Iterator[Passage]:
    """Yield what the site's and the deck's sources show.

    Args:
        root: the project's root, with `*.qmd`, `chapters/`, `_quarto.yml` and pictures as SVG or HTML.
    """
    for path in sorted(source_files(root)):
        name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        if path.suffix == ".qmd":
            yield from page_passages(name, text)
        elif path.suffix == ".py":
            yield from module_passages(name, text)
        elif path.suffix in {".yml", ".yaml"}:
            yield from _yaml(name, "YAML", yaml.safe_load(text))
        else:
            yield from _markup(name, path.suffix[1:].upper(), text)


def source_files(root: Path) -> Iterator[Path]:
    """Yield the sources of pages and slides under `root`: not results or what rendering made.

    Of the code, the modules belong to them that hold the words of figures, tables and claims.
    """
    yield from (root / _SPEAKING_CODE).rglob("*.py")
    for path in root.rglob("*"):
        top = path.relative_to(root).parts[0]
        if top.startswith(".") or top in _NOT_PAGES:
            continue
        page_settings = path.suffix in {".yml", ".yaml"} and path.name.startswith("_")
        if path.is_file() and (path.suffix in {".qmd", ".svg", ".html"} or page_settings):
            yield path


def page_passages(name: str, text: str) -> Iterator[Passage]:
    """Yield the passages of one `.qmd` source.

    Args:
        name: the file's name, as it will stand in messages.
        text: its content.
    """
    front = re.match(r"---\n(.*?\n)(---|\.\.\.)\n", text, re.DOTALL)
    if front:
        yield from _yaml(name, "front matter", yaml.safe_load(front[1]))
        text = text[front.end() :]
    # Quarto's ```{python} is no Pandoc block: give it the form that Pandoc reads.
    text = re.sub(r"^(\s*[`~]{3,})\s*\{(\w+)[^}\n]*\}\s*$", r"\1 {.\2 .cell}", text, flags=re.MULTILINE)
    text = re.sub(r"\{\{<.*?>\}\}", "", text)
    document = pypandoc.convert_text(text, "json", format="markdown+lists_without_preceding_blankline")
    yield from _Page(name).blocks(json.loads(document)["blocks"])


class _Page:
    """Walks the Pandoc document of one page."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.place = "prose"
        self.extra: list[Passage] = []  # found inside a sentence, but not part of it: footnotes, alt text

    def blocks(self, blocks: list[dict], context: str = "") -> Iterator[Passage]:
        above = context
        for block in blocks:
            above = yield from self.block(block, above) or context

    def block(self, block: dict, context: str) -> Iterator[Passage]:
        """Yield a block's passages; return the words that introduce the next block, if it ends in a colon."""
        kind, content = block["t"], block.get("c")
        if kind in {"Para", "Plain"}:
            text = yield from self.sentences(content, context)
            return text if text.rstrip("*_ ").endswith(":") else ""
        if kind == "Header":
            yield from self.attributes(content[1])
            yield from self.sentences(content[2], context, "heading")
        elif kind == "Div":
            yield from self.attributes(content[0])
            before, self.place = self.place, "speaker notes" if "notes" in content[0][1] else self.place
            yield from self.blocks(content[1], context)
            self.place = before
        elif kind in {"BlockQuote"}:
            yield from self.blocks(content, context)
        elif kind == "Figure":
            yield from self.attributes(content[0])
            yield from self.blocks(content[1][1] or [], context)
            yield from self.blocks(content[2], context)
        elif kind in {"BulletList", "OrderedList"}:
            for item in content if kind == "BulletList" else content[1]:
                yield from self.blocks(item, context)
        elif kind == "DefinitionList":
            for term, definitions in content:
                words = yield from self.sentences(term, context)
                for definition in definitions:
                    yield from self.blocks(definition, f"{context} {words}")
        elif kind == "LineBlock":
            for line in content:
                yield from self.sentences(line, context)
        elif kind == "Table":
            yield from self.table(content, context)
        elif kind == "CodeBlock":
            yield from self.code_block(*content)
        elif kind == "RawBlock":
            yield from _markup(self.name, "HTML", content[1])
        return ""

    def table(self, content: list, context: str) -> Iterator[Passage]:
        attributes, caption, _, head, bodies, foot = content
        yield from self.attributes(attributes)
        yield from self.blocks(caption[1], context)
        context = f"{context} {self.flat(caption[1])}"
        header = [self.flat(cell[4]) for row in head[1] for cell in row[1]]
        rows = [row for body in bodies for row in body[2] + body[3]] + foot[1]
        for row in head[1]:
            yield from self.row(row, context)
        for row in rows:
            yield from self.row(row, f"{context} {' '.join(header)}")

    def row(self, row: list, context: str) -> Iterator[Passage]:
        """A row is one sentence: a citation in one of its cells speaks for the numbers beside it."""
        text = " | ".join(self.flat(cell[4]) for cell in row[1])
        yield Passage(self.name, "table", _tidy(text), context)
        yield from self.drain()

    def flat(self, blocks: list[dict]) -> str:
        return " ".join(self.inlines(block["c"]) for block in blocks if block["t"] in {"Plain", "Para"})

    def code_block(self, attributes: list, code: str) -> Iterator[Passage]:
        classes = attributes[1]
        yield from self.attributes(attributes)
        if "python" in classes:
            yield from cell_passages(self.name, code)
            return
        language = classes[0] if classes else ""
        for line in code.splitlines():
            yield Passage(self.name, "code block", _tidy(line), code=language not in _TEXT_LANGUAGES)

    def attributes(self, attributes: list) -> Iterator[Passage]:
        for key, value in attributes[2]:
            if _READ_ATTRIBUTE.fullmatch(key):
                yield from _sentences(self.name, f"{key} attribute", value)

    def sentences(self, inlines: list, context: str = "", place: str = "") -> Iterator[Passage]:
        text = self.inlines(inlines)
        for passage in _sentences(self.name, place or self.place, text, marked=True):
            yield Passage(self.name, passage.place, passage.text, context)
        yield from self.drain()
        return text

    def drain(self) -> Iterator[Passage]:
        found, self.extra = self.extra, []
        yield from found

    def inlines(self, inlines: list) -> str:
        return "".join(self.inline(inline["t"], inline.get("c")) for inline in inlines)

    def inline(self, kind: str, content: list | str | None) -> str:
        if kind in {"Str"}:
            return content
        if kind in {"Space", "SoftBreak", "LineBreak"}:
            return " "
        if kind == "Math":
            return content[1].replace("\\%", "%").replace("\\", " ")
        if kind == "Code":
            return self.code(content[1])
        if kind == "Cite":
            references = [cite["citationId"] for cite in content[0]]
            return "" if all(map(_CROSS_REFERENCE.match, references)) else CITATION
        if kind == "Note":
            self.extra += list(_Page(self.name).blocks(content))
            return ""
        if kind == "RawInline":
            self.extra += _markup(self.name, "HTML", content[1])
            return ""
        if kind == "Image":
            self.extra += self.attributes(content[0])
            self.extra += _sentences(self.name, "alt text", self.inlines(content[1]), marked=True)
            self.extra += _sentences(self.name, "picture title", content[2][1])
            return ""
        if kind in {"Link", "Span"}:
            self.extra += self.attributes(content[0])
            if kind == "Link":
                self.extra += _sentences(self.name, "link title", content[2][1])
            return self.inlines(content[1])
        return self.inlines(content[1] if kind == "Quoted" else content)

    def code(self, code: str) -> str:
        inline_value = re.match(r"\{python\}\s*(.*)", code, re.DOTALL)
        if inline_value:
            self.extra += _expression(self.name, inline_value[1])
            return VALUE
        return code if _is_number(code) else CODE


def _is_number(code: str) -> bool:
    """A number set as code is read as a number: `91.2 %`; a command or an identifier is not."""
    return bool(re.fullmatch(r"[\W\d]*\d[\W\d]*[a-z%]{0,2}", code))


def _expression(name: str, expression: str) -> Iterator[Passage]:
    """An inline value has to come from somewhere: a constant, however wrapped, is typed by hand."""
    tree = ast.parse(expression.strip(), mode="eval")
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    literal = any(isinstance(node, ast.Constant) for node in ast.walk(tree))
    if literal and names <= {"Markdown", "HTML", *dir(builtins)}:
        yield Passage(name, "inline value", f"`{{python}} {expression}`", typed=True)
    yield from _strings(name, "inline value", tree)
    yield from _floats(name, "inline value", tree)


def cell_passages(name: str, code: str) -> Iterator[Passage]:
    """Yield what a Python cell can show: its options, comments, strings and typed numbers.

    Args:
        name: the page's name.
        code: the cell, with its `#|` options.
    """
    lines = code.splitlines()
    options = [line.lstrip()[2:].removeprefix(" ") for line in lines if line.lstrip().startswith("#|")]
    yield from _yaml(name, "cell option", yaml.safe_load("\n".join(options)))
    code = "\n".join("" if line.lstrip().startswith(("#|", "%", "!")) else line for line in lines)
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            yield from _sentences(name, "comment", token.string.lstrip("# "))
    tree = ast.parse(code)
    yield from _strings(name, "cell", tree)
    yield from _floats(name, "cell", tree)
    yield from _named_numbers(name, tree)


def module_passages(name: str, code: str) -> Iterator[Passage]:
    """Yield the strings of a Python module, docstrings apart: they end up in figures, tables and sentences.

    Args:
        name: the module's file name.
        code: its source.
    """
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body[0].value.value = ""
    yield from _strings(name, "string", tree)


def _strings(name: str, place: str, tree: ast.AST) -> Iterator[Passage]:
    """The tree's strings. The parts of an f-string belong together; its computed parts are values."""
    nodes = list(ast.walk(tree))
    formats = {node.format_spec for node in nodes if isinstance(node, ast.FormattedValue)}
    inside = {part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values} | {
        part for node in formats if node for part in node.values
    }
    for node in nodes:
        if node in formats:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else VALUE for part in node.values)
            yield from _sentences(name, place, "".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            setting = re.fullmatch(r"\S+=\S+", node.value)  # Matplotlib's "round,pad=0.1"
            yield from _sentences(name, place, node.value, code=bool(setting))


def _floats(name: str, place: str, tree: ast.AST) -> Iterator[Passage]:
    """Fractions in code, but for keyword arguments: those are settings (`learning_rate=1e-4`)."""
    keywords = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword)]
    settings = {part for value in keywords for part in ast.walk(value)}
    for node in ast.walk(tree):
        is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
        if is_float and not node.value.is_integer() and node not in settings:
            yield Passage(name, place, f"{node.value} in code", typed=True)


def _named_numbers(name: str, tree: ast.AST) -> Iterator[Passage]:
    """Numbers whose name gives them away: `accuracy = 91`, `Row(error=9)`, `{"gain": 3}`."""
    for node in ast.walk(tree):
        pairs: list[tuple[str, ast.AST]] = []
        if isinstance(node, ast.Assign):
            pairs = [(ast.unparse(target), node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign) and node.value:
            pairs = [(ast.unparse(node.target), node.value)]
        elif isinstance(node, ast.keyword) and node.arg:
            pairs = [(node.arg, node.value)]
        elif isinstance(node, ast.Dict):
            entries = zip(node.keys, node.values, strict=True)
            pairs = [(ast.unparse(key), value) for key, value in entries if key]
        for label, value in pairs:
            words = re.sub(r"[\W_]+", " ", label)
            for element in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
                number = element.operand if isinstance(element, ast.UnaryOp) else element
                if isinstance(number, ast.Constant) and type(number.value) in {int, float}:
                    yield Passage(name, "cell", f"{words} = {number.value}", code=True)


def _yaml(name: str, place: str, value: object, key: str = "") -> Iterator[Passage]:
    """The words of a YAML value, at any depth."""
    if isinstance(value, dict):
        for inner, content in value.items():
            if inner not in _SETTINGS:
                yield from _yaml(name, place, content, str(inner))
    elif isinstance(value, list):
        for content in value:
            yield from _yaml(name, place, content, key)
    elif isinstance(value, str) or (_WORDS.fullmatch(key) and isinstance(value, int | float)):
        yield from _sentences(name, f"{place} ({key})" if key else place, str(value))


def _markup(name: str, place: str, text: str) -> list[Passage]:
    """The words of HTML or SVG: its text and the attributes that are read aloud."""
    soup = BeautifulSoup(text, "html.parser")
    for unseen in soup(["script", "style"]):
        unseen.decompose()
    words = []
    for tag in soup.find_all(True):
        words += [str(value) for key, value in tag.attrs.items() if _READ_ATTRIBUTE.fullmatch(key)]
    for inline in soup(_INLINE_TAGS):  # a number may be cut in two by markup
        inline.unwrap()
    soup.smooth()
    words.append(soup.get_text("\n"))
    return [passage for line in "\n".join(words).splitlines() for passage in _sentences(name, place, line)]


def _sentences(
    name: str, place: str, text: str, marked: bool = False, code: bool = False
) -> Iterator[Passage]:
    """Cut a text into sentences; a citation that stands alone belongs to the sentence before it.

    Args:
        name: the file's name.
        place: where in the file the text stands.
        text: the text; unless `marked`, Markdown's inline values and citations in it are still to be marked.
        marked: values and citations are marked already.
        code: the text is a setting, not a sentence.
    """
    if not marked:
        text = re.sub(r"`\{python\}[^`]*`", VALUE, text)
        text = re.sub(r"`([^`]*)`", lambda code: code[1] if _is_number(code[1]) else CODE, text)
        text = re.sub(r"(?<![\w.])@(?!(?:fig|tbl|sec|eq|lst)-)[A-Za-z][\w:.-]*\w", CITATION, text)
        text = re.sub(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?=\W|$)", "", text)
    text = _tidy(text)
    start, found = 0, []
    for end in [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]:
        sentence = text[start:end].strip()
        if sentence and found and not sentence.replace(CITATION, "").strip(" ;,.[]()"):
            found[-1] += " " + sentence
        elif sentence:
            found.append(sentence)
        start = end
    for sentence in found:
        yield Passage(name, place, sentence, code=code)


def _tidy(text: str) -> str:
    """One line, ordinary spaces, no web addresses."""
    text = re.sub(r"(https?://|doi\.org/|doi:\s*|arxiv:)\S+", "", text, flags=re.IGNORECASE)
    return re.sub(r"\s+", " ", text.replace("\\%", "%")).strip()

"""Pages are taken apart correctly, and what the renderer does not know is named with file and line."""

from pathlib import Path

import pytest
from sitefixtures import CONFIG, project

from renderer import source
from renderer.build import build
from renderer.errors import RenderError
from renderer.outputs import escape, fill_inline, terminal
from renderer.project import find_pages, load
from renderer.source import Cell, Text

PAGE = """---
title: A
---

Text `{python} one`.

```{python}
#| label: fig-a
#| echo: false
x = 1
```

More `{python} two` and
`{python} three`.

````markdown
```{python}
not run
```
````
"""


def read(tmp_path: Path, text: str) -> source.Source:
    (tmp_path / "page.qmd").write_text(text)
    return source.read(tmp_path, Path("page.qmd"))


def test_cells_texts_and_their_lines(tmp_path):
    page = read(tmp_path, PAGE)
    first, cell, second = page.chunks
    assert page.meta == {"title": "A"}
    assert isinstance(first, Text)
    assert first.inline == ["one"]
    assert isinstance(cell, Cell)
    assert (cell.line, cell.options, cell.shown) == (8, {"label": "fig-a", "echo": False}, "x = 1")
    assert second.inline == ["two", "three"]
    assert [second.line_of_inline(i) for i in (0, 1)] == [13, 14]
    assert "not run" in second.text


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("---\ntitle: A\nfreeze: auto\n---\n", 3, "`freeze`"),
        ("---\nformat:\n  html:\n    lightbox: true\n---\n", 4, "`format.html.lightbox`"),
        ("---\nformat: pdf\n---\n", 2, "`format: pdf`"),
        ("---\ntitle: [\n---\n", 2, "not valid YAML"),
        ("---\ntitle: A\n", 1, "no end"),
        ("\n```{python}\n#| echo: true\n#| fig-width: 3\n1\n```\n", 4, "`fig-width`"),
        ("```{python}\n#| echo: fenced\n1\n```\n", 2, "`echo: fenced`"),
        ("```{python}\n#| renderings: [dark, light]\n1\n```\n", 2, "renderings"),
        ("text\n\n```{mermaid}\na\n```\n", 3, "`{mermaid}`"),
        ("```{r}\n1\n```\n", 1, "`{r}`"),
        ("```{python}\n1\n", 1, "no end"),
        ("\n\nsee {{< include other.qmd >}}\n", 3, "include other.qmd"),
    ],
)
def test_what_is_not_known_is_named_with_its_line(tmp_path, text, line, words):
    with pytest.raises(RenderError) as error:
        read(tmp_path, text)
    assert words in str(error.value)
    assert (str(error.value.file), error.value.line) == ("page.qmd", line)


def test_code_may_speak_of_shortcodes_and_cells(tmp_path):
    page = read(tmp_path, "`{{< video >}}`\n\n```\n{{< video >}}\n```\n\n```{{python}}\n1\n```\n")
    assert len(page.chunks) == 1


@pytest.mark.parametrize(
    ("addition", "words"),
    [
        ("format:\n  html:\n    theme: cosmo\n    grid: 3\n", "`format.html.grid`"),
        ("filters: [x]\n", "`filters`"),
        ("format:\n  html:\n    html-math-method: katex\n", "katex"),
        ("execute:\n  freeze: auto\n", "`execute.freeze`"),
    ],
)
def test_unknown_settings_of_the_project_are_named(tmp_path, addition, words):
    root = project(tmp_path, CONFIG + addition, index="# A\n")
    with pytest.raises(RenderError, match=r"_quarto.yml:\d+: ") as error:
        load(root)
    assert words in str(error.value)


def test_a_folder_without_a_project_is_refused(tmp_path):
    with pytest.raises(RenderError, match="project's root"):
        load(tmp_path)


def test_pages_are_found_by_pattern_and_hidden_ones_are_not(tmp_path):
    for name in ("index.qmd", "chapters/a.qmd", "chapters/b.qmd", "_draft/c.qmd", ".venv/d.qmd", "_e.qmd"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")

    def found(*patterns):
        return [path.as_posix() for path in find_pages(tmp_path, list(patterns) or None)]

    assert found() == ["chapters/a.qmd", "chapters/b.qmd", "index.qmd"]
    assert found("*.qmd", "!chapters/b.qmd") == ["chapters/a.qmd", "index.qmd"]
    assert found("*.qmd", "!chapters/") == ["index.qmd"]
    assert found("index.qmd") == ["index.qmd"]


def test_strings_are_escaped_and_other_values_are_not():
    assert escape("'a*b_[c]'") == r"a\*b\_\[c\]"
    assert escape("3.14") == "3.14"


def test_a_value_with_markdown_of_its_own_is_inserted_as_markdown():
    values = [{"text/plain": "<V>", "text/markdown": "[1](x.qmd)"}, {"text/plain": "'a_b'"}]
    assert fill_inline("`{python} v` and `{python} w`", values) == r"[1](x.qmd) and a\_b"


def test_terminal_output_is_what_a_terminal_shows_in_the_end():
    assert terminal("\r 1/2\r 2/2\n\x1b[1mdone\x1b[0m\n") == " 2/2\ndone"
    assert terminal("10%\x08\x08\x0820%\n") == "20%"


def test_a_byte_order_mark_and_the_line_ends_of_other_systems_are_no_matter(tmp_path):
    (tmp_path / "page.qmd").write_bytes(b"\xef\xbb\xbf" + PAGE.replace("\n", "\r\n").encode())
    marked = source.read(tmp_path, Path("page.qmd"))
    assert marked.meta == {"title": "A"}
    assert marked.chunks == read(tmp_path, PAGE).chunks


def test_lines_are_counted_as_editors_count_them(tmp_path):
    """Python also ends a line at characters such as a form feed; an editor does not."""
    page = read(tmp_path, "a\u2028b\x0cc\n\n```{python}\nx\n```\n")
    assert [chunk.line for chunk in page.chunks if isinstance(chunk, Cell)] == [4]


ENCODED = {
    "UTF-16": ("a\nb".encode("utf-16"), 1, "UTF-16, not UTF-8"),
    "UTF-32": ("a\nb".encode("utf-32"), 1, "UTF-32, not UTF-8"),
    "UTF-16 without a mark": ("a\nb".encode("utf-16-le"), 1, "null character"),
    "Latin-1": ("one\ntwo\nna\u00efve".encode("latin-1"), 3, "0xef"),
    "a cut character": ("one\r\ntwo\rna\u00ef".encode()[:-1], 3, "0xc3"),
}
TEXTS = ("index.qmd", "_quarto.yml", "_quarto.yml.local", "refs.bib")


@pytest.mark.parametrize("file", TEXTS)
@pytest.mark.parametrize("name", ENCODED)
def test_another_encoding_is_refused_by_file_and_line(tmp_path, name, file):
    root = project(tmp_path, CONFIG + "bibliography: refs.bib\n", index="Text.\n")
    (root / "refs.bib").write_text("@misc{a, title = {T}}\n")
    raw, line, words = ENCODED[name]
    (root / file).write_bytes(raw)
    with pytest.raises(RenderError) as error:
        build(root, root / "_site", lambda told: None)
    told = str(error.value)
    assert told.startswith(f"{file}:{line}: ")
    assert words in told
    assert "UTF-8" in told.splitlines()[-1]
    assert not (root / "_site").exists()

"""Features outside the known ones fail the render, each with file and line; the old site stays."""

import pytest
from sitefixtures import CONFIG, project

from renderer.build import build
from renderer.errors import RenderError

REFUSED = {
    "unresolved reference": ("See @fig-none.", 1, "`@fig-none` refers to nothing"),
    "unknown citation": ("\nAs [@nobody1900] says.", 2, "no `nobody1900`"),
    "unknown callout": ("::: {.callout-danger}\nx\n:::", 1, "`.callout-danger`"),
    "unknown panel": ("\n\n::: {.panel-sidebar}\nx\n:::", 3, "`.panel-sidebar`"),
    "margin column": ("::: {.column-margin}\nx\n:::", 1, "`.column-margin`"),
    "conditional content": ('::: {.content-visible when-format="html"}\nx\n:::', 1, "`.content-visible`"),
    "layout": ("::: {layout-ncol=2}\nx\n:::", 1, "`layout-ncol`"),
    "theorem": ("::: {#thm-a}\nx\n:::", 1, "`#thm-a`"),
    "listing": ('```{.python filename="a.py"}\nx\n```', 1, "`filename`"),
    "sub-figures": ("::: {#fig-a}\n![x](a.png){#fig-b fig-alt=x}\n\nCaption\n:::", 2, "sub-figures"),
    "speaker notes on a page": ("::: {.notes}\nx\n:::", 1, "speaker notes"),
    "tab group": ('::: {.panel-tabset group="a"}\n## A\nx\n:::', 1, "`group`"),
    "tabs without headings": ("::: {.panel-tabset}\nx\n:::", 1, "starts with a heading"),
    "link to no page": ("[x](other.qmd)", 1, "leads to no page"),
    "broken picture": ("![x](none.png)", None, "none.png"),
    "picture without alternative text": ("![](styles.png)", 1, "no alternative text"),
    "broken anchor": ("[x](#nowhere)", None, "#nowhere"),
    "picture from elsewhere": ("![x](https://example.org/a.png)", None, "another host"),
    "unclosed block": ("::: {.callout-note}\nx", None, "unclosed"),
    "failing cell": ("\n```{python}\n#| echo: false\nx = 1\nnone.value\n```", 5, "NameError"),
    "failing value": ("a\nb `{python} 1 / 0`", 2, "ZeroDivisionError"),
    "figure without alternative text": (
        "```{python}\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n```",
        2,
        "`#| fig-alt:`",
    ),
    "label without caption": ("```{python}\n#| label: tbl-a\nprint(1)\n```", 2, "no caption"),
    "one figure for two renderings": (
        "```{python}\n#| renderings: [light, dark]\n#| fig-alt: x\nfrom IPython.display import Markdown\nMarkdown('x')\n```",
        2,
        "needs two figures",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(tmp_path, name):
    text, line, words = REFUSED[name]
    root = project(tmp_path, CONFIG + "bibliography: refs.bib\n", index="---\ntitle: A\n---\n" + text + "\n")
    (root / "refs.bib").write_text("@misc{somebody1901, title = {T}}\n")
    site = root / "_site"
    site.mkdir()
    (site / "index.html").write_text("old")
    with pytest.raises(RenderError) as error:
        build(root, site, lambda told: None)
    told = str(error.value)
    assert words in told
    assert told.startswith(f"index.qmd:{line + 3}: " if line else "index."), told
    assert (site / "index.html").read_text() == "old"
    assert [path.name for path in root.iterdir() if path.name.startswith("._site")] == []


def test_every_faulty_page_is_named(tmp_path):
    root = project(tmp_path, index="[x](none.qmd)\n", other="`{python} none`\n", third="`{python} 1 + 1`\n")
    with pytest.raises(RenderError) as error:
        build(root, root / "_site", lambda told: None)
    assert "other.qmd:1:" in str(error.value)
    project(tmp_path, index="[x](none.qmd)\n", other="@fig-none\n")
    with pytest.raises(RenderError) as error:
        build(root, root / "_site", lambda told: None)
    assert "index.qmd:1:" in str(error.value)
    assert "other.qmd:1:" in str(error.value)


@pytest.mark.parametrize(
    ("deck", "words"),
    [
        ("auto-stretch: false\n---\n\n## A\n\nx[^1]\n\n[^1]: y\n", "footnotes"),
        ("width: 1280\n---\n\n## A\n", "auto-stretch"),
        ("chalkboard: true\n---\n\n## A\n", "chalkboard"),
        (
            "auto-stretch: false\n---\n\n## A\n\n```{python}\n#| renderings: [light, dark]\n#| fig-alt: x\n1\n```\n",
            "light figure only",
        ),
    ],
)
def test_refusals_in_decks(tmp_path, deck, words):
    root = project(tmp_path, index="---\ntitle: A\nformat:\n  revealjs:\n    " + deck)
    with pytest.raises(RenderError, match=words):
        build(root, root / "_site", lambda told: None)

"""Names of classes, folders and machines are data: on a page, a slide and in a figure they are shown, and nothing in them runs."""

import os
import shutil
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from sitefixtures import ROOT, project

from renderer import chromium, links
from renderer.build import build
from renderer.server import serving
from transferstudy.errors import printable
from transferstudy.own_images.report import words
from transferstudy.own_images.report.arm import Interval
from transferstudy.report import cards
from transferstudy.report.markdown import pipe_table
from transferstudy.report.values import code, literal

RUNS = "window.ran=(window.ran||0)+1"
HOSTILE = (
    f"<img src=x onerror={RUNS}>",
    f'"><script>{RUNS}</script>',
    f"</script><script>{RUNS}</script>",
    f"`<b onclick={RUNS}>`{{=html}} ```",
    f"[x](javascript:{RUNS})",
    "a|b *c* _d_ @key $\\foo$ ~e~ ^f^ # {{< include x >}} `{python} 1/0`",
    "\x1b[31mred\x07",
    "line\n\n```\n# break",
    "\udcff not UTF-8",
    "&lt;i&gt; <!-- ",
)
CONFIG = """project:
  type: website
  execute-dir: project
website:
  title: Small
"""
SETUP = f"""import sys
sys.path.insert(0, {str(ROOT / "code/tests")!r})
from pathlib import Path
import fakes
from fakes import fake_images, fake_study
from IPython.display import Markdown
from names import NAMES
from transferstudy import report
from transferstudy.experiments import sheet
from transferstudy.report import claims, interactive, tables
from transferstudy.report.values import Value
Value._repr_markdown_ = lambda self: self.text  # the pages that values lead to are not here
fakes.CLASSES[:] = NAMES
arms = [(name, n, 2) for name in ("finetune_all", "small_scratch") for n in (500, 1000)]
study = fake_study(Path("made"), arms)
for record in study.records.values():
    record["data"] |= {{"origin": NAMES[5]}}
    record["environment"] |= {{"processor": NAMES[1], "system": NAMES[2], "accelerators": [NAMES[4]]}}
v = report.values(study)
"""
PAGE = f"""---
title: Hostile
---

```{{python}}
#| echo: false
{SETUP}
data = fake_images(study)
sheet.make(study, data, budget=20)
explorer = interactive.Explorer(study)
hardest, worst = Markdown(claims.hardest(study)), Markdown(claims.worst(study))
```

Classes: `{{python}} v.class_list`. The set `{{python}} v.dataset`; *`{{python}} v.hardest_class`*, *`{{python}} v.easiest_class`*.

`{{python}} hardest` `{{python}} worst` Plain text: `{{python}} NAMES[0]`.

```{{python}}
#| echo: false
tables.worst(study)
```

```{{python}}
#| echo: false
tables.provenance(study)
```

```{{python}}
#| echo: false
tables.environment(study)
```

```{{python}}
#| echo: false
explorer.controls()
```

```{{python}}
#| echo: false
explorer.curve()
```

```{{python}}
#| echo: false
explorer.confusion()
```

```{{python}}
#| echo: false
explorer.pictures()
```

```{{python}}
#| echo: false
#| fig-alt: "A confusion matrix."
#| renderings: [light, dark]
report.show(report.figures.confusion, study, "finetune_all", 500)
```

End of the page.
"""
DECK = f"""---
title: Slides
format:
  revealjs:
    auto-stretch: false
---

## One

```{{python}}
{SETUP}
```

`{{python}} v.class_list`

`{{python}} v.hardest_class`

::: {{.notes}}
`{{python}} v.hardest_class`
:::
"""


def test_names_are_shown_and_nothing_in_them_runs(tmp_path, monkeypatch):
    root = project(tmp_path, CONFIG, index=PAGE, slides=DECK)
    shutil.copytree(ROOT / "cards", root / "cards")
    (root / "names.py").write_text(f"NAMES = {list(HOSTILE)!a}\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root), str(ROOT / "code")]))
    monkeypatch.setattr(links.Checker, "check", lambda self, pages: None)  # as above
    build(root, root / "_site", lambda told: None)
    with serving(root / "_site") as address, chromium.browser() as browser:
        view, faults = browser.new_page(viewport={"width": 390, "height": 800}), []
        view.on("dialog", lambda dialog: faults.append(dialog.message))
        view.on(
            "request",
            lambda request: request.url.startswith((address, "data:")) or faults.append(request.url),
        )
        for name in ("index.html", "slides.html"):
            view.goto(address + name)
            view.wait_for_load_state("networkidle")
            assert view.evaluate("window.ran") is None, name
            text = view.locator("body").evaluate("(body) => body.textContent")
            for shown in map(printable, HOSTILE):
                assert " ".join(shown.split()) in " ".join(text.split()), (name, shown)
            handlers = "[...document.querySelectorAll('main *, .slides *')].filter((item) => [...item.attributes].some((a) => a.name.startsWith('on')))"
            assert view.evaluate(f"{handlers}.length") == 0
        assert faults == []
        view.goto(address + "index.html")
        view.add_script_tag(path=ROOT / "styles/explore.js")
        view.select_option("#explore-class", "0", timeout=5000)
        assert printable(HOSTILE[0]) in view.locator("#explore-says").text_content()
        assert view.evaluate("window.ran") is None
        assert view.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    soup = BeautifulSoup((root / "_site/index.html").read_text(encoding="utf-8"), "html.parser")
    assert "End of the page." in soup.find("main").find_all("p", recursive=True)[-1].get_text()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_in_a_table_keeps_to_its_cell(name):
    lines = pipe_table(["a", "b"], [[literal(name), "1"]], "lr").data.split("\n")
    assert len(lines) == 3
    assert lines[2].count("|") == 3


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_as_code_is_words_where_it_could_end_the_code(name):
    assert code(name) == literal(name)
    assert code("imagenet-vgg16_int8") == "`imagenet-vgg16_int8`"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_class_in_the_words_of_a_study_is_data(name):
    outcome = SimpleNamespace(classes=[name, "cat"])
    for worst in ((0, Interval(0.5, 0.4, 0.6), 1), (0, Interval(0.5, 0.4, 0.6), None)):
        assert f"*{literal(name)}*" in words.worst(outcome, worst)


def test_html_in_a_card_is_words(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "project_root", lambda: tmp_path)
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards/x.yaml").write_text(
        "title: <img src=x onerror=a()> and [a citation](b.qmd) [@c]\nfaults: ['`<b>`{=html}']\n"
    )
    found = cards.card("x")
    assert found["title"] == "&lt;img src=x onerror=a()> and [a citation](b.qmd) [@c]"
    assert found["faults"] == ["`&lt;b>`&#123;=html}"]

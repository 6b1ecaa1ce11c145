"""No page or slide holds a result that was typed by hand; and the check that says so does find them."""

import re
from pathlib import Path

import pytest
from passages import page_passages, source_files
from typed_numbers import ALLOWED, AllowanceError, Finding, find, not_allowed, typed_results

ROOT = Path(__file__).resolve().parents[2]

# Results in every form that a hand might give them. Each is a sentence's end; {place} names where it stands.
RESULTS = {
    "percent": "{place} reaches 91.2 %",
    "percent without space": "{place} reaches 91%",
    "percent in words": "{place} reaches ninety-one per cent",
    "percentage points": "{place} is ahead by 3 percentage points",
    "points in words": "{place} gains nine points",
    "decimal": "{place} is 0.912",
    "decimal comma": "{place} is 91,2 of a hundred",
    "decimal in words": "{place} is ninety-one point two",
    "plain number": "{place} has an accuracy of 91",
    "plain number in words": "{place} scores ninety-one",
    "times": "{place} is 3 times as large",
    "times sign": "{place} is 3× as large",
    "times in words": "{place} is three times as large",
    "fold": "{place} is fivefold",
    "twice": "{place} needs twice as many images",
    "half": "{place} makes half of the errors",
    "third": "{place} loses a third",
    "out of": "{place} gets nine out of ten",
    "doubling": "{place} doubles the accuracy",
    "seconds": "{place} needs 12 seconds",
    "hours in words": "{place} took seven hours",
    "carbon": "{place} emits 40 g of CO2",
    "throughput": "{place} sees 850 images per second",
    "loss": "{place} ends at a loss of 2",
    "small count": "{place} wins in seven classes",
    "points": "{place} beats all others by 4 points",
    "magnitude": "{place} is an order of magnitude larger",
    "near ninety": "{place} is in the mid-90s of accuracy",
}

# Every place where a reader can meet a sentence. {0}, {1} ... are its results.
PLACES = """\
---
title: "{title}"
subtitle: "{subtitle}"
format:
  html:
    description: "{description}"
---

## {heading}

A sentence of prose. *{emphasis}*, said again: **{strong}**. [{link}](data.qmd)

> {quotation}

- {bullet}

1. {numbered}

Term
: {definition}

| Start | What we saw |
|---|---|
| VGG16 | {cell} |

: {pipe_caption} {{#tbl-x}}

::: {{.callout-note title="{callout}"}}
{inside}
:::

::: {{.notes}}
{notes}
:::

::: {{#fig-x}}
```{{python}}
#| label: fig-y
#| fig-cap: "{option_caption}"
#| fig-alt: >-
#|   {option_alt}
from IPython.display import Markdown
# {comment}
Markdown("{markdown}")
plt.title(f"{fstring} and {{v.accuracy}}")
```

{div_caption}
:::

![{picture}](a.png){{fig-alt="{picture_alt}"}}

A footnote.[^1]

[^1]: {footnote}

```text
{printed}
```

<p>{html}</p>

<img src="a.png" alt="{html_alt}">

<svg><title>{svg_title}</title><text>{svg}</text></svg>

A value `{{python}} Markdown("{inline}")`, and `{{python}} f"{inline_fstring} {{v.accuracy}}"`.
"""
NAMES = re.findall(r"(?<!\{)\{(\w+)\}(?!\})", PLACES)

CLEAN = """\
---
title: "What a pretrained network knows"
format:
  revealjs:
    width: 1280
    margin: 0.1
---

## Results {#sec-results}

Fine-tuning reaches `{python} v.finetuned`, which is `{python} v.gain` above `{python} v.scratch` (@fig-x).
VGG16 has 13 convolutions in five blocks; its input here is 32 × 32 pixels, and block 5 learns last.
It was trained on ImageNet in 2014 and reached 92.7 % top-5 accuracy [@simonyan2015, p. 2].
@krizhevsky2009 report an error of 11 %.
With Python 3.11 to 3.13 and Keras 3 the pictures go in as 0 to 255. Whiskers are 95 % confidence intervals.
Two things explain the gap, and one of them is the learning rate. The third curve shows the loss of the two runs.
Dividing by 255 is an error. A difference between two arms is no gain by itself. We look at top-1 accuracy on CIFAR-10.
The accuracy of ResNet50 and EfficientNetV2B0 is not reported. The licence is CC BY 4.0.

| Source | Accuracy |
|---|---|
| @simonyan2015 | 92.7 |
| here | `{python} v.finetuned` |

::: {.notes}
The head first, then everything at a lower rate: `{python} v.gain`.
:::

::: {#fig-x}
```{python}
#| renderings: [light, dark]
#| fig-alt: "Accuracy against the number of labelled images, one line a strategy."
#| fig-width: 7.5
from transferstudy import claims, figures
v = claims.values()
model.compile(keras.optimizers.SGD(learning_rate=1e-3, momentum=0.9), metrics=["accuracy"])
images = images / 255.0
print(f"{v.accuracy:.1f} %")
n_rows = 3
box = dict(boxstyle="round,pad=0.1")
```

Error bars show the spread: `{python} v.spread`.
:::

```python
history = model.fit(images, labels, epochs=20, validation_split=0.2)
```

```bash
make report
```

<div style="width: 91.2%"><img src="a.png" width="91%" alt="A network"></div>
"""


def found(page: str) -> list[tuple[str, str]]:
    return [(p.text, number) for p in page_passages("page.qmd", page) for number in typed_results(p)]


@pytest.mark.parametrize("kind", RESULTS)
def test_typed_result_is_found_at_every_place(kind):
    markers = {name: f"Spot{name.replace('_', '').title()}end" for name in NAMES}
    page = PLACES.format(**{name: RESULTS[kind].format(place=marker) for name, marker in markers.items()})
    sentences = [text for text, _ in found(page)]
    missed = [name for name, marker in markers.items() if not any(marker in text for text in sentences)]
    assert not missed


def test_places_without_results_are_clean():
    page = PLACES.format(**dict.fromkeys(NAMES, "Nothing to see"))
    # A constant is no inline value, whatever it says.
    assert not found(page.replace('Markdown("Nothing to see")`', "v.accuracy`"))


def test_clean_prose_passes():
    assert not found(CLEAN)


@pytest.mark.parametrize(
    "typed",
    [
        "`{python} 91.2`",
        '`{python} "91.2 %"`',
        '`{python} Markdown(f"{round(91.2)}")`',
        "**91**.2 %",
        "Accuracies:\n\n- VGG16: 91\n",
        "| | Accuracy |\n|---|---|\n| VGG16 | 91 |\n",
        "Accuracy is `91`.",
        "$\\text{accuracy} = 0.912$",
        "It reaches 91&nbsp;% (@fig-x).",
        "Fine-tuning reaches `{python} v.accuracy`, ahead by 4 points.",
        "<span>91</span><span> %</span>",
        "It is better [@simonyan2015]. It reaches 91 %.",
        "```{python}\naccuracy = 91\n```",
        "```{python}\nbars = ax.bar(names, [0.91, 0.82])\n```",
        "```{python}\nrow(error=9)\n```",
        '```{python}\nx = {"gain": 3}\n```',
        '```{python}\nprint("91 " + "%, " + "91 %")\n```',
        '```{python}\nax.set_title("accuracy=0.91")\n```',
        "```\naccuracy: 91\n```",
        "::: {.callout-note}\n## Gains 3 points\nText.\n:::",
        "Text.^[It reaches 91 %.]",
        '[text](data.qmd "reaches 91 %")',
    ],
)
def test_typed_result_in_disguise_is_found(typed):
    assert found(typed)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("_quarto.yml", "website:\n  title: Fine-tuning gains 3 points\n"),
        ("_quarto.yml", "website:\n  page-footer:\n    center: 'It reaches 91 %'\n"),
        ("chapters/_metadata.yml", "subtitle: Half of the errors\n"),
        ("images/plot.svg", "<svg><text>91<tspan>.2 %</tspan></text></svg>"),
        ("images/plot.svg", "<svg aria-label='reaches 91 %'></svg>"),
        ("parts/banner.html", "<p>Accuracy <b>91</b></p>"),
        (
            "code/transferstudy/report/claims.py",
            "def verdict(gain):\n    return f'{gain} ahead, by 4 points'\n",
        ),
        ("slides.qmd", "---\ntitle: Slides\n---\n\n## One\n\n::: {.notes}\nIt wins by nine points.\n:::\n"),
    ],
)
def test_every_kind_of_source_is_read(tmp_path, name, text):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert [finding.passage.file for finding in find(tmp_path)] == [name]


@pytest.fixture
def one_finding(tmp_path) -> tuple[list[Finding], Path]:
    (tmp_path / "index.qmd").write_text("Momentum is 0.9 throughout.\n", encoding="utf-8")
    return find(tmp_path), tmp_path / "allowed.yml"


def test_allowance_covers_its_sentence_only(one_finding):
    findings, allowed = one_finding
    allowed.write_text("- {file: index.qmd, text: Momentum is 0.9, reason: a setting}\n", encoding="utf-8")
    assert list(not_allowed(findings, allowed)) == []
    allowed.write_text("[]\n", encoding="utf-8")
    assert list(not_allowed(findings, allowed)) == findings


@pytest.mark.parametrize(
    "entry",
    [
        "{file: index.qmd, text: Momentum is 0.8, reason: a setting}",
        "{file: other.qmd, text: Momentum is 0.9, reason: a setting}",
        "{file: index.qmd, text: Momentum is, reason: the number is not in the text}",
        "{file: index.qmd, text: Momentum is 0.9, reason: ''}",
        "{file: index.qmd, text: Momentum is 0.9}",
    ],
)
def test_idle_or_incomplete_allowance_is_an_error(one_finding, entry):
    findings, allowed = one_finding
    allowed.write_text(f"- {entry}\n", encoding="utf-8")
    with pytest.raises(AllowanceError):
        list(not_allowed(findings, allowed))


def test_pages_hold_no_typed_result():
    names = {path.relative_to(ROOT).as_posix() for path in source_files(ROOT)}
    assert {"index.qmd", "slides.qmd", "_quarto.yml"} <= names, "the pages are not there"
    assert any(name.startswith("chapters/") for name in names), "the chapters are not there"
    typed = [str(finding) for finding in not_allowed(find(ROOT), ALLOWED)]
    assert not typed, "\n" + "\n".join(typed)

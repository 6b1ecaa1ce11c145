"""The pages for teachers and learners: terms that resolve, exercises whose answers run, and an answer that the results support."""

import re
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from fakes import STRENGTH, fake_study

from renderer import glossary
from transferstudy import report
from transferstudy.analysis.comparison import between
from transferstudy.report import decision
from transferstudy.report.claims import best_pair
from transferstudy.report.claims.words import stand

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = """<main id="quarto-document-content"><div class="glossary"><dl>
<dt><span id="freezing" data-also="freeze|frozen">Freezing</span></dt><dd><p>Keeping the
weights.</p></dd>
<dt><span id="training">Training</span></dt><dd>Changing the weights.</dd>
<dt><span id="scratch" data-also="training from scratch">From scratch</span></dt><dd>A random start.</dd>
</dl></div></main>"""
PAGE = """<main id="quarto-document-content"><h2>Freezing</h2><p><code>frozen</code> is code, <a href="x">frozen</a> a link.
Unfrozen layers learn. <em>Freeze all</em> is a name. A <b>frozen</b> layer stays, and what is frozen stays frozen; training from scratch is training.</p>
<table><tr><td>freeze</td></tr></table></main>"""


@pytest.fixture
def terms(tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / glossary.PAGE).write_text(GLOSSARY, encoding="utf-8")
    return glossary.terms(tmp_path)


def test_the_first_use_of_a_term_in_prose_leads_to_its_definition(terms):
    page = BeautifulSoup(PAGE, "html.parser")
    words = page.get_text()
    assert glossary.link(page, terms, "../")
    found = [(a.get_text(), a["href"], a["title"]) for a in page.select("a.term")]
    assert found == [
        ("frozen", "../chapters/glossary.html#freezing", "Keeping the weights."),
        ("training from scratch", "../chapters/glossary.html#scratch", "A random start."),
        ("training", "../chapters/glossary.html#training", "Changing the weights."),
    ]
    assert page.select_one("b > a.term"), "not the heading, the code, the link, the name or 'Unfrozen'"
    assert page.get_text() == words


def test_linking_twice_changes_nothing_and_the_glossary_stays_as_it_is(terms):
    page, own = (BeautifulSoup(text, "html.parser") for text in (PAGE, GLOSSARY))
    glossary.link(page, terms, "")
    once = str(page)
    assert not glossary.link(page, terms, "")
    assert str(page) == once
    assert not glossary.link(own, terms, "")
    assert glossary.terms(ROOT / "code") == [], "no glossary, no terms"


def test_the_glossary_has_thirty_terms_or_a_few_more_in_order_with_a_definition_each():
    text = (ROOT / "chapters/glossary.qmd").read_text(encoding="utf-8")
    entries = re.findall(r"^\[(.+?)\]\{#[\w-]+(?: also=\"[^\"]*\")?\}\n:   (.+)$", text, flags=re.MULTILINE)
    names = [name for name, _ in entries]
    assert 30 <= len(names) <= 35
    assert names == sorted(names, key=str.casefold)
    assert all(8 <= len(definition.split()) <= 45 for _, definition in entries)


def test_every_exercise_has_a_folded_answer_with_code_that_runs_in_a_render():
    text = (ROOT / "chapters/exercises.qmd").read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert [int(part.split(".")[0]) for part in parts] == list(range(1, 11))
    for part in parts:
        answer = part.partition('::: {.callout-tip collapse="true" title="Answer"}')[2]
        assert answer.count("```{python}") >= 1, part.splitlines()[0]
    assert "eval: false" not in text


def test_the_sidebar_has_a_section_for_teachers_and_learners():
    config = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))
    sections = {
        part["section"]: part["contents"]
        for part in config["website"]["sidebar"]["contents"]
        if isinstance(part, dict)
    }
    assert sections["For teachers and learners"] == [
        "chapters/glossary.qmd", "chapters/exercises.qmd", "chapters/teaching.qmd",
    ]  # fmt: skip


def test_the_answer_in_the_readme_is_what_the_results_show():
    study = report.load()
    first, last = (best_pair(study, n)[2] for n in (study.contested[0], study.contested[-1]))
    assert first.low > 0.1, "by a wide margin"
    assert first.mean > last.mean, "the gain shrinks as labels are added"
    assert stand(study, last) != "leads", "could no longer show any"
    imagenet = report.imagenet.study()
    for n in imagenet.contested:
        a, b, d = best_pair(imagenet, n)
        assert d.low > 0.1 and a.image_size > b.image_size, (
            "by a wide margin, with images that are enlarged first"
        )
    small, large = report.imagenet.ends(report.imagenet.probes())
    assert between(report.imagenet.probes(), large, small).low > 0, "gain from enlarged images"
    short = report.load_if_run("far")
    for far, won in ((short, [short.contested[0]]), (report.longer.strongest(short), [])):
        leads = [n for n in far.contested if stand(far, best_pair(far, n)[2]) == "leads"]
        assert leads == won, (
            "On hand signs, they clearly won only with the fewest labels, and only after short training"
        )


EVEN = dict.fromkeys(STRENGTH, 2.0)
ARMS = [
    (name, n, 3)
    for name in ("linear_probe", "finetune_all", "scratch_bn", "small_scratch")
    for n in (100, 1000)
]


@pytest.mark.parametrize(
    ("strength", "until", "slide"),
    [
        (STRENGTH, "Start from pretrained weights", "and up to 1,000 labels"),
        (EVEN, "At no number of labels", "did not clearly pay"),
        ({**EVEN, "small_scratch": 5.0}, "At no number of labels", "did not clearly pay"),
    ],
)
def test_the_decision_chart_turns_with_the_results(tmp_path, strength, until, slide):
    study = fake_study(tmp_path, ARMS, strength, 500)
    assert until in decision.until(study)
    assert slide in decision.slide_rule(study)
    chart = decision.chart(study).data
    assert ("start from scratch" in chart) == (strength.get("small_scratch") == 5.0)
    assert ("may do as well" in chart) == (strength is EVEN)
    assert decision.far_chart(None).data == "Not compared yet."
    for anchor in re.findall(r"records\.qmd#([\w-]+)", chart):
        assert f"{{#{anchor}}}" in report.records(study).data
    rules = report.rules_of_thumb.layers(study).data
    assert rules.count("not run yet") == 2
    assert len(decision.slide_chart(study).data.splitlines()) == 4


@pytest.mark.parametrize(
    ("block5", "expected"),
    [
        (0.5, "rate 0.001. Nothing deeper did better. Expect"),
        (2.9, "rate 0.001. Training more layers may do as well. Expect"),
    ],
)
def test_the_chart_says_whether_more_layers_than_the_head_may_do_as_well(tmp_path, block5, expected):
    arms = [(name, 1000, 3) for name in ("linear_probe", "finetune_block5", "small_scratch")]
    strength = {"linear_probe": 3.0, "finetune_block5": block5, "small_scratch": 0.5}
    assert expected in decision.chart(fake_study(tmp_path, arms, strength, 500)).data


def test_the_chart_names_the_pixels_to_enlarge_to_and_what_is_not_measured(tmp_path):
    arms = [("linear_probe", 100, 3, 96), ("small_scratch", 100, 3)]
    (row,) = decision.chart(fake_study(tmp_path, arms, STRENGTH, 500)).data.splitlines()[2:]
    assert row.startswith("| 100 | Not measured yet; do the same as with little time. |")
    assert "**Linear probe** at 96 pixels" in row.replace("***", "**")


def test_the_answer_ends_where_pretrained_weights_are_no_longer_ahead(tmp_path):
    arms = [
        ("linear_probe", 100, 3),
        ("small_scratch", 100, 3),
        ("linear_probe", 50_000, 3),
        ("small_scratch", 50_000, 3, 48),
    ]
    study = fake_study(tmp_path, arms, {**STRENGTH, ("small_scratch", 48): 9.0}, 500)
    assert decision.until(study).startswith("With up to 100 labelled images, start from pretrained")
    assert decision.until(study).endswith("; with 50,000 we could no longer show that they help.")


def test_images_far_from_the_source_get_advice_only_where_both_starts_were_run(tmp_path):
    alone = fake_study(tmp_path / "alone", [("linear_probe", 100, 3)], STRENGTH, 500)
    assert decision.far_chart(alone).data == "Not compared yet."
    scratch = {"linear_probe": 1.0, "finetune_all": 1.0, "small_scratch": 4.0}
    both = [(name, 100, 3) for name in scratch]
    far = fake_study(tmp_path / "far", both, scratch, 500)
    row = decision.far_chart(far).data.splitlines()[-1]
    assert row.startswith("| 100 | ***Compact from scratch***: start from scratch, rate 0.003. Expect ")


@pytest.mark.parametrize(
    ("scratch", "expected"),
    [
        (4.0, "with 100 and 500 labels training from scratch was ahead of *Linear probe* by "),
        (0.5, "with 100 and 500 labels *Linear probe* was ahead of training from scratch by "),
        (
            2.0,
            "with 100 and 500 labels *Linear probe* and training from scratch cannot be told apart: they differ by ",
        ),
    ],
)
def test_the_planned_runs_on_far_images_say_who_was_ahead(tmp_path, scratch, expected):
    arms = [(name, n, 3) for name in ("linear_probe", "small_scratch") for n in (100, 500)]
    far = fake_study(tmp_path / "far", arms, {"linear_probe": 2.0, "small_scratch": scratch}, 500)
    said = decision.far_answer(far)
    assert said.startswith(f"In our planned runs on hand signs, {expected}")
    zero = "includes" if scratch == 2.0 else "excludes"
    assert said.endswith(f" points (each 95 % interval {zero} zero)."), "one clause, and no chain of numbers"
    assert "interval -" not in said and decision.far_answer(None) == ""
    who = {4.0: "scratch was ahead", 0.5: "weights were ahead", 2.0: "clearly ahead"}[scratch]
    assert decision.far_spoken(far).endswith(f"{who} with 100 and 500 labels. All trained briefly.")
    assert decision.far_spoken(far, "4 times the steps").endswith(
        " All trained briefly, but training from scratch had 4 times the steps."
    )
    assert decision.far_spoken(None) == ""

"""The findings of others beside ours: verdicts and numbers are computed, grow with the grid, and miss nothing loudly."""

import re

import pytest
import yaml
from fakes import STRENGTH, fake_record, fake_spec, fake_study

from transferstudy.analysis.study import Study
from transferstudy.errors import StudyError
from transferstudy.plan.strategies import STRATEGIES
from transferstudy.report import literature
from transferstudy.report.pages.evidence import (
    AGREES,
    DISAGREES,
    NOT_TESTED,
    PARTLY,
    PREDICATES,
    UNDECIDED,
)
from transferstudy.report.pages.records import records
from transferstudy.results.store import Store

MAIN = (
    "linear_probe",
    "random_features",
    "finetune_block5",
    "finetune_all",
    "small_scratch",
    "scratch_bn",
    "scratch",
)
ARMS = [(name, n, 3) for name in MAIN for n in (500, 5000)]  # fmt: skip

COMPACT = {"a": "finetune_all", "b": "scratch_bn", "than_a": "small_finetune", "than_b": "small_scratch"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return fake_study(tmp_path_factory.mktemp("results"), ARMS, n_test=500)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """More sizes, the compact network pretrained, accuracies under corruption."""
    arms = [(name, n, 5) for name in (*MAIN, "small_finetune") for n in (100, 1000, 10000)]
    return fake_study(tmp_path_factory.mktemp("grown"), arms, n_test=500, robust=True)


def ask(study, predicate, **arguments):
    return PREDICATES[predicate](study, **arguments)


def test_who_leads(study):
    ahead = ask(study, "leads", a="finetune_all", b="scratch")
    assert ahead.verdict == AGREES
    assert ahead.seeds == 3
    assert "with 500 labels" in ahead.shown
    assert "with 5,000 labels" in ahead.shown
    assert ask(study, "leads", a="scratch", b="finetune_all").verdict == DISAGREES
    assert ask(study, "leads", a="best transfer", b="best from scratch").verdict == AGREES


def test_the_shown_number_is_the_difference_of_the_accuracies(study):
    means = [study.arm(name, 500).accuracy for name in ("linear_probe", "random_features")]
    shown = ask(study, "leads", a="linear_probe", b="random_features", sizes="smallest").shown
    assert f"[{100 * (means[0] - means[1]):+.1f}\u00a0points]" in shown
    assert "5,000" not in shown


def test_arms_alike_leave_a_finding_undecided_and_nobody_behind(tmp_path):
    alike = fake_study(
        tmp_path, [("finetune_all", 500, 3), ("finetune_block5", 500, 3)], dict.fromkeys(STRENGTH, 2.0)
    )
    assert ask(alike, "leads", a="finetune_all", b="finetune_block5").verdict == UNDECIDED
    assert ask(alike, "keeps_up", a="finetune_all", b="finetune_block5").verdict == AGREES


def test_who_keeps_up(study):
    assert ask(study, "keeps_up", a="finetune_all", b="scratch").verdict == AGREES
    assert ask(study, "keeps_up", a="scratch", b="finetune_all").verdict == DISAGREES


def test_a_lead_at_some_sizes_is_a_part_of_one(tmp_path):
    store, specs = Store(tmp_path), []
    for n, lead in ((500, 3.0), (5000, 0.0)):
        for name in ("linear_probe", "small_scratch"):
            for seed in range(3):
                spec = fake_spec(name, n, seed)
                store.save(*fake_record(spec, 1.0 + (lead if name == "linear_probe" else 0), 500))
                specs.append(spec)
    mixed = Study(specs, store)
    assert ask(mixed, "leads", a="linear_probe", b="small_scratch").verdict == PARTLY
    assert ask(mixed, "shrinks", a="linear_probe", b="small_scratch").verdict == AGREES
    assert ask(mixed, "shrinks", a="small_scratch", b="linear_probe").verdict == DISAGREES
    assert ask(mixed, "shrinks", a="best transfer", b="best from scratch").verdict == AGREES


def test_missing_arms_are_not_tested_and_no_error(study):
    assert ask(study, "leads", a="small_finetune", b="small_scratch").verdict == NOT_TESTED
    assert ask(study, "worth", a="best transfer", b="best from scratch", factor=100).verdict == NOT_TESTED
    assert ask(study, "leads", a="linear_probe", b="scratch", sizes=200).verdict == NOT_TESTED
    assert ask(study, "leads_when_corrupted", a="linear_probe", b="finetune_all").verdict == NOT_TESTED
    assert ask(study, "gains_more", **COMPACT).verdict == NOT_TESTED


def test_a_study_without_a_kind_of_arm_is_no_error(tmp_path):
    only = fake_study(tmp_path, [("linear_probe", 500, 3), ("random_features", 500, 3)])
    assert ask(only, "leads", a="best transfer", b="best from scratch").verdict == NOT_TESTED
    assert ask(only, "shrinks", a="linear_probe", b="random_features").verdict == NOT_TESTED
    assert ask(only, "leads", a="linear_probe", b="random_features").verdict == AGREES


def test_what_was_missing_is_tested_once_the_grid_has_grown(grown):
    more = ask(grown, "gains_more", **COMPACT)
    assert more.verdict == AGREES  # the made-up gains differ widely
    assert "1 size between" in more.shown
    worth = ask(grown, "worth", a="best transfer", b="best from scratch", factor=100)
    assert worth.verdict == AGREES
    assert "with 100 labels" in worth.shown
    assert ask(grown, "worth", a="scratch", b="finetune_all", factor=10).verdict == DISAGREES
    corrupted = ask(grown, "leads_when_corrupted", a="linear_probe", b="finetune_all")
    assert corrupted.verdict == DISAGREES
    assert (
        ask(grown, "leads_when_corrupted", a="finetune_all", b="linear_probe", sizes="largest").verdict
        == AGREES
    )


def test_behaviour(study):
    assert ask(study, "above_chance", arm="random_features").verdict == AGREES
    errors = [study.arm(name, 500).test("ece") for name in ("finetune_all", "scratch")]
    evidence = ask(study, "better_calibrated", a="finetune_all", b="scratch", sizes="smallest")
    expected = (
        AGREES if (errors[0] < errors[1]).all() else DISAGREES if (errors[0] > errors[1]).all() else UNDECIDED
    )
    assert evidence.verdict == expected
    assert f"{100 * errors[0].mean():.1f}\u00a0%" in evidence.shown
    # Made-up logits spread wider than the strength of the weakest arm warrants.
    assert ask(study, "overconfident", arm="random_features").verdict == AGREES


def test_sooner_counts_steps_to_the_others_best_validation_accuracy(tmp_path):
    store, specs = Store(tmp_path), []
    for name, accuracies in (("finetune_all", [0.2, 0.6, 0.7]), ("scratch_bn", [0.1, 0.3, 0.5])):
        for seed in range(3):
            spec = fake_spec(name, 500, seed)
            record, predictions = fake_record(spec, 1.0, 100)
            rounds = [{"val_accuracy": accuracy} for accuracy in accuracies]
            record["phases"] = [
                {
                    "name": "main",
                    "planned_steps": 30,
                    "steps": 30,
                    "steps_per_round": 10,
                    "best_round": 2,
                    "rounds": rounds,
                }
            ]
            store.save(record, predictions)
            specs.append(spec)
    study = Study(specs, store)
    sooner = ask(study, "sooner", a="finetune_all", b="scratch_bn")
    assert sooner.verdict == AGREES
    assert "67\u00a0%" in sooner.shown  # 20 steps against 30
    never = ask(study, "sooner", a="scratch_bn", b="finetune_all")
    assert never.verdict == DISAGREES
    assert "not in 3 of 3 seeds" in never.shown


def test_the_table_has_a_row_for_each_finding_and_links_that_lead_somewhere(study):
    findings = [fact for fact in literature.facts() if fact.finding]
    lines = literature.findings(study).data.splitlines()
    assert len(lines) == len(findings) + 2
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    page = records(study).data
    for anchor in re.findall(r"records\.qmd#([\w-]+)", "\n".join(lines)):
        assert f"{{#{anchor}}}" in page, f"{anchor} is no anchor of the records page"


def test_the_tally_adds_up(study, grown):
    for each in (study, grown):
        total, *counts = map(int, re.findall(r"\d+", literature.tally(each)))
        assert total == sum(counts) == len(literature.compared(each))
    assert literature.tally(study) != literature.tally(grown)


def test_a_verdict_from_few_seeds_says_so(tmp_path):
    few = fake_study(tmp_path, [(name, 500, 2) for name in MAIN])
    verdicts = re.findall(r"\*\*(.+?)\*\*", literature.findings(few).data)
    assert "agrees so far" in verdicts
    assert set(verdicts) & {AGREES, DISAGREES, PARTLY} == set()


def test_every_test_in_the_table_of_facts_can_be_asked(grown):
    """Arms and sizes that a row names exist: else it would be 'not tested' for ever."""
    asked = [fact for fact in literature.facts() if fact.test]
    assert len(asked) >= 12
    for fact in asked:
        for name in ("a", "b", "arm", "than_a", "than_b"):
            assert fact.test.get(name, "best transfer") in {*STRATEGIES, "best transfer", "best from scratch"}
        assert fact.evidence(grown).verdict != NOT_TESTED, fact


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"where": None}, "row has key, fact, where, checked and seen"),
        ({"colour": "red"}, "colour"),
        ({"checked": "believed"}, "choose one of paper"),
        ({"finding": "So.", "test": {"predicate": "wins"}}, "no such predicate"),
        ({"finding": "So."}, "needs a test, or a note"),
        ({"test": {"predicate": "leads"}}, "needs a finding"),
    ],
)
def test_a_wrong_row_is_named(change, message, tmp_path, monkeypatch):
    row = {
        "key": "a2020",
        "fact": "It is so.",
        "where": "abstract",
        "checked": "abstract",
        "seen": "https://a.org",
    }
    row = {key: value for key, value in {**row, **change}.items() if value is not None}
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards/citations.yaml").write_text(yaml.safe_dump({"facts": [row]}))
    (tmp_path / "_quarto.yml").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match=r"cards/citations.yaml: row 1 \(a2020\)") as error:
        literature.facts()
    assert message in str(error.value)


def test_the_list_of_facts_has_a_row_for_each():
    lines = literature.cited_for().data.splitlines()
    assert len(lines) == len(literature.facts()) + 2
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1

"""The rules of thumb are judged by the runs: each can hold, fail or stay open."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import fake_record

from transferstudy.analysis import rules_of_thumb as rules
from transferstudy.analysis.comparison import between, correct_pair, pairs_of
from transferstudy.analysis.study import Study
from transferstudy.errors import StudyError
from transferstudy.plan import presets
from transferstudy.plan.rules_of_thumb import RULES
from transferstudy.plan.spec import RunSpec
from transferstudy.results.store import Store

STRENGTH = {
    "linear_probe": 2.6,
    "finetune_block5": 2.6,
    "finetune_block3": 2.6,
    "finetune_all": 2.6,
    "scratch_bn": 1.4,
}


def spec(strategy: str, n_labels: int, seed: int, **fields) -> RunSpec:
    base = next(
        s for s in presets.expand("from-imagenet") if s.strategy == strategy and s.n_labels == n_labels
    )
    return RunSpec.parse(base.model_dump() | {"seed": seed, **fields})


def study(folder, strengths: dict[tuple, float], n_test: int = 1000) -> Study:
    """Made-up runs: (strategy, labels, side) -> how strongly the true class is favoured; three seeds each."""
    store, specs = Store(folder), []
    for (strategy, n_labels, side), strength in strengths.items():
        for seed in range(3):
            one = spec(strategy, n_labels, seed, image_size=side, test_images=None)
            record, predictions = fake_record(one, strength, n_test)
            store.save(record, predictions)
            specs.append(one)
    return Study(specs, store, "made-up")


def verdicts(near=None, sources=None, far=None) -> dict[str, str]:
    found = rules.outcomes(near, sources, far)
    return {str(number): outcome.verdict for number, outcome in enumerate(found, 1)}


def test_without_runs_every_rule_is_open_and_says_what_lacks():
    found = rules.outcomes(None)
    assert len(found) == len(RULES)
    for outcome in found[:-1]:
        assert outcome.verdict == rules.OPEN and outcome.reason.startswith("not run yet")


@pytest.mark.parametrize(
    ("deeper", "expected"),
    [(0.8, rules.HOLDS), (4.5, rules.FAILS)],
    ids=["the head is ahead", "depth is ahead"],
)
def test_near_and_few(tmp_path, deeper, expected):
    near = study(tmp_path, {("linear_probe", 100, 32): 2.6, ("finetune_block5", 100, 64): deeper})
    assert verdicts(near)["1"] == expected
    (decided, verdict), *_ = rules.outcomes(near)[0].deciding
    assert decided.n_labels == 100
    assert verdict == {rules.HOLDS: "worse", rules.FAILS: "better"}[expected]


def test_a_tie_leaves_a_rule_open(tmp_path):
    near = study(tmp_path, {("linear_probe", 100, 32): 2.6, ("finetune_all", 100, 64): 2.6}, n_test=200)
    assert verdicts(near)["1"] == rules.OPEN
    assert rules.outcomes(near)[0].deciding[0][1] == "undecided"


@pytest.mark.parametrize(("everything", "expected"), [(4.5, rules.HOLDS), (0.8, rules.FAILS)])
def test_near_and_many(tmp_path, everything, expected):
    arms = {
        ("linear_probe", 20_000, 32): 2.6,
        ("finetune_block3", 20_000, 64): 2.7,
        ("finetune_all", 20_000, 64): everything,
        ("scratch_bn", 20_000, 32): 0.5,
    }
    assert verdicts(study(tmp_path, arms))["2"] == expected


@pytest.mark.parametrize(("probe", "expected"), [(4.5, rules.HOLDS), (0.8, rules.FAILS)])
def test_far(tmp_path, probe, expected):
    arms = {("linear_probe", 100, 96): probe, ("finetune_all", 100, 64): 2.6}
    found = verdicts(far=study(tmp_path, arms))
    assert found["3"] == expected
    assert found["4"] == {rules.HOLDS: rules.FAILS, rules.FAILS: rules.HOLDS}[expected]


@pytest.mark.parametrize(("large", "expected"), [(4.5, rules.HOLDS), (0.8, rules.FAILS)])
def test_size_and_source(tmp_path, large, expected):
    arms = {
        ("linear_probe", 1000, 32): 2.0,
        ("linear_probe", 1000, 128): large,
        ("linear_probe", 1000, 224): large,
    }
    near = study(tmp_path / "near", arms)
    sources = study(tmp_path / "sources", {("linear_probe", 1000, 32): 2.4})
    found = verdicts(near, sources)
    assert (found["5"], found["6"]) == (expected, expected)


@pytest.mark.parametrize(("scratch", "expected"), [(4.5, rules.HOLDS), (0.8, rules.FAILS)])
def test_scratch_catches_up(tmp_path, scratch, expected):
    arms = {("finetune_all", 50_000, 64): 2.6, ("scratch_bn", 50_000, 32): scratch}
    assert verdicts(study(tmp_path, arms))["7"] == expected


@pytest.mark.parametrize(
    ("gentle", "bold", "expected"),
    [(1e-5, 1e-3, rules.HOLDS), (1e-4, 1e-4, rules.FAILS), (1e-4, 3e-4, rules.OPEN)],
)
def test_gentle(monkeypatch, gentle, bold, expected):
    chosen = {"finetune_all": {"learning_rate": gentle}, "scratch_bn": {"learning_rate": bold}}
    monkeypatch.setattr(rules, "toml_tables", lambda path: {"second": {"500": chosen}})
    assert verdicts()["8"] == expected
    assert f"{gentle:g}" in rules.outcomes(None)[-1].reason


def test_arms_of_several_sides_compare_on_the_images_that_both_predicted(tmp_path):
    """Fine-tuning at 128 pixels predicts a quarter of the test images; it is compared on that quarter alone."""
    store, specs = Store(tmp_path), []
    part = np.sort(np.random.default_rng(0).permutation(1000)[:250])
    for name, images in (("finetune_block5", 250), ("scratch_bn", None)):
        for seed in range(3):
            one = spec(name, 1000, seed, test_images=images)
            record, predictions = fake_record(one, STRENGTH[name])
            if images:
                predictions |= {k: predictions[k][part] for k in ("test_log_p", "test_y")}
                predictions["test_i"] = part.astype(np.uint32)
            store.save(record, predictions)
            specs.append(one)
    found = Study(specs, store, "made-up")
    a, b = found.arm("finetune_block5", 1000), found.arm("scratch_bn", 1000)
    assert (a.image_size, b.image_size) == (128, 32), "each has its one size without being asked"
    first, second = correct_pair(found, a, b)
    assert first.shape == second.shape == (3, 250)
    np.testing.assert_array_equal(second, found.correct("scratch_bn", 1000)[:, part])
    assert "at 128 px" in between(found, a, b).label
    assert pairs_of(found)[0] == (a, b)
    other = replace(a, records=(a.records[0], b.records[1]))
    with pytest.raises(StudyError, match="predicted different test images"):
        found.tested(other)


def test_the_side_is_chosen_on_validation_images(tmp_path):
    found = study(tmp_path, {("linear_probe", 100, 32): 1.0, ("linear_probe", 100, 64): 4.0})
    assert found.chosen("linear_probe", 100).image_size == 64
    assert found.compares_sides and found.sides_of("linear_probe", 100) == (32, 64)

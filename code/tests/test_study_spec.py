"""Specs and presets: validated, frozen, and stable in their identity."""

import pytest
from pydantic import ValidationError

from transferstudy.errors import StudyError
from transferstudy.paths import PRESETS
from transferstudy.plan.presets import expand, following, preset_names, select
from transferstudy.plan.spec import RunSpec

PROBE = {
    "dataset": "cifar10", "image_size": 32, "n_labels": 500, "backbone": "vgg16", "weights": "tiny-imagenet",
    "strategy": "linear_probe", "head_learning_rate": 1e-3, "head_min_steps": 10, "seed": 0,
}  # fmt: skip
SCRATCH = {
    "dataset": "cifar10", "image_size": 32, "n_labels": 500, "backbone": "vgg16_bn", "weights": "none",
    "strategy": "scratch_bn", "learning_rate": 1e-3, "min_steps": 10, "seed": 0,
}  # fmt: skip


def test_a_spec_is_frozen():
    spec = RunSpec.parse(PROBE)
    with pytest.raises(ValidationError):
        spec.seed = 1


def test_identity_is_pinned():
    """A change of this hash makes every stored result stale: it must be meant."""
    assert RunSpec.parse(PROBE).id == "e6b83c5489ab"


def test_identity_ignores_the_order_of_fields_and_spelled_out_defaults():
    spec = RunSpec.parse(PROBE)
    assert RunSpec.parse(dict(reversed(PROBE.items()))).hash == spec.hash
    assert RunSpec.parse(spec.model_dump()).hash == spec.hash


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"n_labels": 501}, {"head_learning_rate": 2e-3}, {"augmentation": "none"}]
)
def test_identity_changes_with_every_field(change):
    assert RunSpec.parse({**PROBE, **change}).hash != RunSpec.parse(PROBE).hash


@pytest.mark.parametrize(
    ("base", "change", "named"),
    [
        (PROBE, {"strategy": "magic"}, "unknown strategy 'magic'"),
        (PROBE, {"backbone": "vgg99"}, "unknown backbone 'vgg99'"),
        (PROBE, {"weights": "none"}, "needs pretrained weights"),
        (PROBE, {"weights": "a/path.npz"}, "weights must be one of"),
        (PROBE, {"learning_rate": 1e-3}, "does not use learning_rate"),
        (PROBE, {"head_learning_rate": None}, "needs head_learning_rate"),
        (PROBE, {"n_labels": 1}, "n_labels"),
        (PROBE, {"typo": 3}, "typo"),
        (PROBE, {"seed": -1}, "seed"),
        (PROBE, {"backbone": "inception_v3"}, "at least 75 pixels"),
        (PROBE, {"norm_momentum": 0.9}, "has no batch normalisation: leave norm_momentum out"),
        (SCRATCH, {"weights": "imagenet"}, 'needs weights "none"'),
        (SCRATCH, {"backbone": "vgg16"}, "with batch normalisation"),
        (SCRATCH, {"strategy": "small_scratch"}, "backbone 'compact' only"),
    ],
)
def test_contradictions_are_refused_by_name(base, change, named):
    with pytest.raises(StudyError, match=named):
        RunSpec.parse({**base, **change})


def test_steps_are_epochs_but_never_fewer_than_the_minimum():
    spec = RunSpec.parse({**SCRATCH, "epochs": 3, "min_steps": 100, "batch_size": 32})
    assert spec.steps("main", 400) == 100  # three epochs of 13 steps are too few
    assert spec.steps("main", 4000) == 375


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_expands_to_distinct_runs(name):
    specs = expand(name)
    assert specs
    assert len({s.id for s in specs}) == len(specs)


def test_the_report_compares_all_declared_strategies_with_shared_seeds():
    specs = expand("report")
    arms = {}
    for spec in specs:
        arms.setdefault(spec.arm, set()).add(spec.seed)
    for arm, seeds in arms.items():
        assert seeds == set(range(len(seeds))), (
            f"{arm}: arms take the same first seeds, so that they can be paired"
        )
    assert {s.n_labels for s in specs} == {100, 500, 1000, 5000, 50000}
    assert len({s.strategy for s in specs}) == 8


def test_a_size_or_an_arm_may_have_fewer_seeds(tmp_path):
    text = PRESETS.read_text().replace(
        "[presets.smoke.set]", "[presets.smoke.set_labels.50]\n{rule}\n[presets.smoke.set]"
    )
    text = text.replace("n_labels = [50]\nseeds = [0]", "n_labels = [50, 60]\nseeds = [0, 1, 2]")
    for number, rule in enumerate(("seeds = [0]", "small_scratch = { seeds = [0], min_steps = 5 }")):
        path = tmp_path / f"{number}.toml"
        path.write_text(text.replace("{rule}", rule))
        assert [(s.n_labels, s.seed) for s in expand("smoke", path)] == [(50, 0), (60, 0), (60, 1), (60, 2)]


def test_other_weights_change_only_the_pretrained_arms():
    ours, theirs = expand("report"), expand("report", weights=f"sha256:{'0' * 64}")
    for a, b in zip(ours, theirs, strict=True):
        assert (a.id == b.id) == (a.weights == "none")


def test_selection():
    specs = expand("report")
    assert {s.strategy for s in select(specs, ["scratch"])} == {"scratch"}
    assert {s.seed for s in select(specs, ["seed=1", "n_labels=500,1000"])} == {1}
    assert select(specs, [specs[3].id[:8]]) == [specs[3]]
    for wrong in ("sed=1", "nothing", "seed=77"):
        with pytest.raises(StudyError, match=wrong):
            select(specs, [wrong])


def test_unknown_preset():
    with pytest.raises(StudyError, match="unknown preset 'grand': choose one of full"):
        expand("grand")


def test_the_purpose_of_old_runs_is_study_and_changes_no_identity():
    assert RunSpec.parse(PROBE).purpose == "study"
    assert RunSpec.parse({**PROBE, "purpose": "study"}).id == "e6b83c5489ab"
    assert RunSpec.parse({**PROBE, "purpose": "tuning"}).id != "e6b83c5489ab"
    with pytest.raises(StudyError, match="purpose"):
        RunSpec.parse({**PROBE, "purpose": "testing"})


@pytest.fixture
def language(tmp_path):
    """A settings file with a grid, a union of presets and rules."""
    path = tmp_path / "presets.toml"
    extra = """
[presets.rates]
n_labels = [100]
seeds = [0]
strategies = ["small_scratch", "random_features"]
[presets.rates.set]
purpose = "tuning"
[presets.rates.grid]
weight_decay = [1e-4, 1e-3]
[presets.rates.grid_strategy.small_scratch]
learning_rate = [1e-3, 3e-3, 1e-2]
[presets.sizes]
n_labels = [100]
seeds = [0, 1]
strategies = ["small_scratch"]
[presets.sizes.grid]
image_size = [32, 64]
[presets.sizes.robustness]
seed = [1]
[presets.both]
includes = ["sizes", "rates", "sizes"]
[presets.both.keep_model]
strategy = "small_scratch"
seed = 0
image_size = 64
[presets.all]
includes = ["both", "smoke"]
[presets.ring]
includes = ["ring2"]
[presets.ring2]
includes = ["ring"]
[presets.odd]
includes = ["smoke"]
seeds = [0]
[presets.wrong_rule]
includes = ["smoke"]
[presets.wrong_rule.robustness]
sede = 0
"""
    path.write_text(PRESETS.read_text() + extra)
    return path


def test_a_grid_is_the_product_of_its_values(language):
    rates = expand("rates", language)
    small = [(s.learning_rate, s.weight_decay) for s in rates if s.strategy == "small_scratch"]
    assert small == [(rate, decay) for decay in (1e-4, 1e-3) for rate in (1e-3, 3e-3, 1e-2)]
    assert [s.weight_decay for s in rates if s.strategy == "random_features"] == [1e-4, 1e-3]
    assert {s.purpose for s in rates} == {"tuning"}
    assert [s.image_size for s in expand("sizes", language)] == [32, 64, 32, 64]


def test_a_union_has_every_run_once(language):
    sizes, rates = expand("sizes", language), expand("rates", language)
    assert expand("both", language) == [*sizes, *rates]
    assert expand("all", language, dataset="cats")[: len(sizes)] == expand("sizes", language, dataset="cats")
    for preset, said in (
        ("ring", "includes itself: ring -> ring2 -> ring"),
        ("odd", "both includes and seeds"),
    ):
        with pytest.raises(StudyError, match=said):
            expand(preset, language)


def test_rules_name_runs_and_hold_within_their_own_preset(language):
    ids = {(s.seed, s.image_size): s.id for s in expand("sizes", language)}
    assert following("sizes", "robustness", language) == {ids[1, 32], ids[1, 64]}
    assert following("all", "robustness", language) == {ids[1, 32], ids[1, 64]}
    assert following("all", "keep_model", language) == {ids[0, 64]}
    assert following("sizes", "keep_model", language) == frozenset()
    moved = following("sizes", "robustness", language, dataset="cats")
    assert moved == {s.id for s in expand("sizes", language, dataset="cats") if s.seed == 1}
    with pytest.raises(StudyError, match="robustness names 'sede'"):
        following("wrong_rule", "robustness", language)


def test_the_report_keeps_one_small_model():
    (kept,) = following("report", "keep_model")
    spec = next(s for s in expand("report") if s.id == kept)
    assert (spec.strategy, spec.n_labels, spec.seed) == ("small_scratch", 5000, 0)

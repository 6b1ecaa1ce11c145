"""What the pages say of the runs from ImageNet's weights while some of them are still to come."""

from itertools import product
from types import SimpleNamespace

import pytest
from fakes import fake_manifest, fake_record, fake_spec, fake_study

from transferstudy import report
from transferstudy.analysis.study import Study
from transferstudy.errors import StudyError
from transferstudy.plan.presets import expand
from transferstudy.report.claims.words import apart, on_images
from transferstudy.report.pages import decay, imagenet, longer, momentum, not_run
from transferstudy.results.store import Store

BOTH = {"linear_probe": 3.0, "small_scratch": 1.0}


def runs(folder, strength=BOTH, scratch=(100, 1000), sides=(32, 96)):
    arms = [("linear_probe", n, 3, side) for n in (100, 1000) for side in sides]
    return fake_study(
        folder, arms + [("small_scratch", n, 3) for n in scratch], strength, name="from-imagenet"
    )


@pytest.mark.parametrize(
    ("block5", "expected"),
    [
        (9.0, "it does: *Fine-tune from block 5* is ahead of *Linear probe* by "),
        (3.0, "we cannot tell: *Fine-tune from block 5* and *Linear probe* differ by "),
        (0.5, "it does not: *Fine-tune from block 5* is behind *Linear probe* by "),
    ],
)
def test_whether_more_layers_than_the_head_pay_is_said_where_both_were_run(tmp_path, block5, expected):
    arms = [(name, n, 3, 96) for n in (500, 1000) for name in ("linear_probe", "finetune_block5")]
    arms += [("linear_probe", 100, 3, 96)]
    found = fake_study(tmp_path, arms, {**BOTH, "finetune_block5": block5}, name="from-imagenet")
    said, last = imagenet.deeper(found), imagenet.deeper(found, most=True)
    assert f"head? With 500 and 1,000 labels {expected}" in said and said.count("95 % interval") == 1
    assert f"head? With 1,000 labels {expected}" in last and "100 labels" not in said
    assert imagenet.deeper(runs(tmp_path / "other")) == ""


def test_training_every_layer_is_told_apart_from_training_some(tmp_path):
    arms = [(name, 100, 3) for name in ("linear_probe", "finetune_block5", "finetune_all")]
    found = fake_study(
        tmp_path, arms, {**BOTH, "finetune_block5": 9.0, "finetune_all": 0.5}, name="from-imagenet"
    )
    assert "*Fine-tune from block 5* is ahead of *Linear probe*" in imagenet.deeper(found)
    said = imagenet.deeper(found, only="finetune_all")
    assert said.startswith("Does it pay to train every layer instead of the head alone? With 100 labels ")
    assert "*Fine-tune all* is behind *Linear probe* by" in said
    assert imagenet.deeper(found, only="finetune_block3") == ""


def test_what_is_declared_and_not_run_is_named(tmp_path):
    said = imagenet.to_come(runs(tmp_path))
    assert "*Fine-tune from block 5*" in said and "*Compact from scratch*" not in said
    assert said.endswith("the comparison with 500, 5,000, 20,000 and 50,000 labels.")


def test_an_arm_without_a_side_is_the_one_that_validation_chose(tmp_path):
    found = runs(tmp_path)
    assert report.claims.best_pair(found, 1000)[0].image_size == 96
    assert "*Linear probe* at 96 pixels" in report.claims.headline(found, with_source=False)


@pytest.mark.parametrize(
    ("at_32", "expected"),
    [
        (4.0, "the pretrained one is ahead by "),
        (2.0, "they cannot be told apart and differ by "),
        (0.5, "it is behind by "),
    ],
)
def test_what_enlarging_has_to_do_with_the_gain_is_said(tmp_path, at_32, expected):
    strength = {("linear_probe", 32): at_32, ("linear_probe", 96): 6.0, ("small_scratch", 32): 2.0}
    said = imagenet.without_enlarging(runs(tmp_path, {**BOTH, **strength}))
    assert said.startswith(
        "On images of 32 pixels, *Linear probe* and the network trained from scratch compare so: with 100 and 1,000 labels "
        + expected
    )
    assert said.endswith("We have not tested yet whether enlarged images help training from scratch as well.")


def test_where_the_best_strategy_was_not_run_on_small_images_another_one_is_named(tmp_path):
    arms = [("linear_probe", 1000, 3, side) for side in (32, 96)]
    arms += [("small_scratch", 1000, 3, 32), ("finetune_block5", 1000, 3, 96)]
    strength = {("linear_probe", 32): 0.5, "finetune_block5": 8.0, ("small_scratch", 32): 2.0}
    found = fake_study(tmp_path, arms, {**BOTH, **strength}, name="from-imagenet")
    said = imagenet.without_enlarging(found)
    assert said.startswith(
        "*Fine-tune from block 5* was not run at 32 pixels. On images of 32 pixels, *Linear probe* and"
    )


@pytest.mark.parametrize(
    ("at_64", "expected"),
    [
        (
            4.0,
            "With 1,000 labels, enlarging the images to 64 pixels raises the accuracy of *Compact from scratch* by ",
        ),
        (
            2.0,
            "enlarging the images to 64 pixels makes no difference to *Compact from scratch* that we can tell",
        ),
        (0.5, "lowers the accuracy of *Compact from scratch* by "),
    ],
)
def test_what_enlarging_does_for_training_from_scratch_is_said(tmp_path, at_64, expected):
    arms = [("linear_probe", 1000, 3, side) for side in (32, 96)]
    arms += [("small_scratch", 1000, 3, side) for side in (32, 64)]
    strength = {("linear_probe", 96): 6.0, ("small_scratch", 32): 2.0, ("small_scratch", 64): at_64}
    found = fake_study(tmp_path, arms, {**BOTH, **strength}, name="from-imagenet")
    said = imagenet.without_enlarging(found)
    assert said.startswith("On images of 32 pixels, *Linear probe* and ") and expected in said
    assert "not tested yet" not in said


def test_nothing_is_said_of_enlarging_where_nothing_is_enlarged(tmp_path):
    assert imagenet.without_enlarging(runs(tmp_path, sides=(32,))) == ""


def test_settings_at_the_edge_of_the_search_are_named(tmp_path, monkeypatch):
    tables = {"500": {"small_scratch": {"learning_rate": 0.003, "weight_decay": 0.01}}}
    monkeypatch.setattr(imagenet, "toml_tables", lambda path: {"second": tables})
    assert imagenet.at_the_edge(runs(tmp_path)) == ""
    tables["100"] = {"small_scratch": {"learning_rate": 0.003, "weight_decay": 0.1}}
    assert "at the edge of what it tried for *Compact from scratch*" in imagenet.at_the_edge(runs(tmp_path))


def test_every_declared_run_is_made_or_listed_as_not_run():
    specs = expand("second-edition")
    assert {spec.id for preset in not_run._FOR for spec in expand(preset)} == {spec.id for spec in specs}
    made = sum(Store().has(spec) for spec in specs)
    lines = not_run.table().data.splitlines()
    assert f"| {made:,} of {len(specs):,} |" in lines[-1]
    assert not any("unknown" in line or "and more" in line for line in lines)
    counted = [line.split("|")[3].split(" of ") for line in lines[2:-1]]
    listed = sum(int(all_) - int(done) for done, all_ in counted)
    assert listed == len(specs) - made


class Made:
    """A store in which all runs are made; with slower statistics networks learn less."""

    def __init__(self):
        self.specs = {s.id: s for name in ("search", "search-momentum") for s in expand(name)}

    def has(self, spec) -> bool:
        return True

    def load(self, run_id: str) -> dict:
        spec = self.specs[run_id]
        accuracy = {0.99: 0.3, 0.9: 0.5}[spec.norm_momentum] + spec.weight_decay
        return {"metrics": {"val": {"accuracy": accuracy}}}


def test_what_faster_statistics_do_to_the_search_is_said():
    said = momentum.sentence(Made())
    assert (
        "its settings reach 50\u00a0% to 60\u00a0% of the validation images, and 30\u00a0% to 40\u00a0% with"
        in said
    )


def test_what_more_weight_decay_gains_is_read_off_both_studies(tmp_path):
    now = runs(tmp_path / "now")
    before = fake_study(
        tmp_path / "before", [("linear_probe", n, 3, 96) for n in (100, 500)], {"linear_probe": 1.0}
    )
    ours, theirs = (f"{100 * each.arm('linear_probe', 100, 96).accuracy:.1f}" for each in (now, before))
    said = decay.gained(before, now)
    assert said.startswith(f"At 96 pixels linear probes now reach [{ours}\xa0%]")
    assert f"instead of [{theirs}\xa0%]" in said and said.endswith("with 100 labels.")
    assert decay.gained(None, now) == ""


class MadeWithMoreDecay(Made):
    """A store in which all searches are made; strong weight decay changes what a setting reaches by `gain`."""

    def __init__(self, gain: float):
        self.specs = {s.id: s for name in ("search", "search-momentum", "search-decay") for s in expand(name)}
        self.gain = gain

    def load(self, run_id: str) -> dict:
        accuracy = 0.5 + self.gain * (self.specs[run_id].weight_decay >= 0.3)
        return {"metrics": {"val": {"accuracy": accuracy}}}


def test_what_more_weight_decay_does_in_the_searches_of_the_others_is_said(tmp_path):
    said = decay.searched(MadeWithMoreDecay(0.02))
    assert said.count("So its runs stand") == 2
    assert said.startswith(
        "On validation images the best setting of *Compact from scratch* there reaches 52\xa0% with 100 labels (before: 50\xa0%)"
    )
    with pytest.raises(StudyError, match="the runs of Compact from scratch stand"):
        decay.searched(MadeWithMoreDecay(0.04))
    assert decay.searched(Store(tmp_path)) == ""


def test_what_other_small_networks_reach_in_the_search_is_said(tmp_path):
    said = momentum.other_networks(Made())
    assert (
        "60\u00a0% with *Compact from scratch*, 60\u00a0% with *Residual from scratch* and 60\u00a0% with *Wide compact from scratch*"
        in said
    )
    assert momentum.other_networks(Store(tmp_path)) == ""


def test_the_runs_with_faster_statistics_must_not_do_clearly_better(tmp_path, monkeypatch):
    arm = [("small_scratch", 500, 3)]
    first, level, better = (
        fake_study(tmp_path / name, arm, {"small_scratch": strength})
        for name, strength in (("first", 2.0), ("level", 2.0), ("better", 6.0))
    )
    monkeypatch.setattr(momentum, "load_if_run", {"near": first, "faster-compact": level}.get)
    assert "near ImageNet by +0.0 points on validation images and by" in momentum.runs_again()
    assert momentum.runs_again().endswith("By that rule the first runs count everywhere.")
    monkeypatch.setattr(momentum, "load_if_run", {"near": first, "faster-compact": better}.get)
    with pytest.raises(StudyError, match="the first runs of the compact network stand"):
        momentum.runs_again()
    monkeypatch.setattr(momentum, "load_if_run", lambda preset: None)
    assert momentum.runs_again() == ""


def test_a_search_that_was_not_repeated_is_still_to_come(tmp_path):
    assert momentum.sentence(Store(tmp_path)) == "its runs are still to come."


@pytest.mark.parametrize(
    ("at_96", "at_128", "expected"),
    [
        (6.0, 1.0, "that is ahead of 128 pixels by "),
        (3.2, 3.0, "We cannot tell whether 128 pixels"),
        (2.0, 6.0, None),
    ],
)
def test_where_fewer_pixels_do_better_it_is_said(tmp_path, at_96, at_128, expected):
    arms = [("linear_probe", 1000, 3, side) for side in (32, 96, 128)] + [("small_scratch", 1000, 3, 32)]
    strength = {("linear_probe", 32): 0.5, ("linear_probe", 96): at_96, ("linear_probe", 128): at_128}
    found = fake_study(tmp_path, arms, {**BOTH, **strength}, name="from-imagenet")
    said = imagenet.sentence(found, found).data
    if expected is None:
        assert "did best" not in said
    else:
        assert "96 pixels did best" in said and expected in said


def test_where_the_first_edition_did_better_is_said_and_elsewhere_nothing(tmp_path):
    first = fake_study(
        tmp_path / "first",
        [(s, n, 3) for s in BOTH for n in (100, 1000)],
        {"linear_probe": 6.0, "small_scratch": 1.0},
    )
    for name in ("tiny-imagenet", "imagenet"):
        fake_manifest(tmp_path / "first", name)
    weaker = runs(tmp_path / "weaker", {"linear_probe": 1.0, "small_scratch": 0.5})
    said = imagenet.against_first(weaker, first)
    assert "with 100 labels the best strategy reaches" in said and "with 1,000 labels" in said
    assert (
        imagenet.against_first(
            runs(tmp_path / "stronger", {"linear_probe": 12.0, "small_scratch": 1.0}), first
        )
        == ""
    )


def test_a_difference_on_fewer_images_than_the_means_beside_it_says_so(tmp_path):
    found = runs(tmp_path)
    a, b, _ = report.claims.best_pair(found, 1000)
    assert on_images([(a, b)]) == ""
    a.records[0]["metrics"]["test"]["n"] = 250
    said = "Each difference is taken on the 250 test images that both networks predicted, so it is not exactly that"
    assert on_images([(a, b)]).startswith(said)
    assert said in report.claims.headline(found)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("far_end", "shown"), [(-0.01, "−1.0 to +5.0"), (0.01, "1.0 to 5.0")])
def test_size_and_interval_of_a_difference_point_the_same_way(sign, far_end, shown):
    low, high = sorted((sign * far_end, sign * 0.05))
    d = SimpleNamespace(mean=sign * 0.02, low=low, high=high, excludes_zero=low * high > 0)
    assert apart(d) == f"2.0 points (95 % interval {shown})"


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        (2.0, "*Linear probe* at 96 pixels, which had fewer steps, is still ahead of it, by "),
        (4.1, "which had fewer steps, cannot be told from it then; they differ by "),
        (6.0, "which had fewer steps, is then behind it, by "),
    ],
)
def test_more_steps_from_scratch_are_told_with_who_is_ahead_then(tmp_path, patient, expected):
    found = runs(tmp_path, scratch=(1000,))
    more = with_more_steps(found, (1000,), patient)
    said = longer.sentences(found, longer.beside(found, more))
    assert said.startswith("With 1,000 labels and 4 times the steps, *Compact from scratch* reaches ")
    assert expected in said
    assert len(longer.table(found, longer.beside(found, more)).data.splitlines()) == 3


def with_more_steps(found: Study, sizes: tuple[int, ...], patient: float = 4.0) -> Study:
    """Runs of the compact network with four times the steps; `patient` says how much they favour the truth."""
    specs = []
    for n, seed in product(sizes, range(3)):
        spec = fake_spec("small_scratch", n, seed, min_steps=4000)
        record, predictions = fake_record(spec, patient, 300)
        record["phases"][0]["planned_steps"] *= 4
        found.store.save(record, predictions)
        specs.append(spec)
    return Study(specs, found.store, "longer-scratch")


@pytest.mark.parametrize(("sizes", "whole"), [((100, 1000), True), ((1000,), False)])
def test_labels_are_compared_with_the_longest_training_that_each_number_has(
    tmp_path, monkeypatch, sizes, whole
):
    found = runs(tmp_path, scratch=(100, 1000))
    more = with_more_steps(found, sizes)
    monkeypatch.setattr(longer, "load_if_run", lambda preset, store: more)
    longer.study.cache_clear()
    strongest, steps = longer.strongest(found), longer.times_the_steps(found)
    longer.study.cache_clear()
    assert strongest.contested == found.contested
    for n in found.contested:
        more_steps = strongest.best(n, False).records[0]["spec"]["min_steps"] == 4000
        assert more_steps == (n in sizes), n
    assert steps == ("4 times the steps" if whole else "4 times the steps with 1,000 labels")


def test_longer_training_counts_with_as_many_seeds_as_a_verdict_asks_for(tmp_path, monkeypatch):
    """One seed has an interval over test images only, and looked like a verdict."""
    found = runs(tmp_path, scratch=(100, 1000))
    more = with_more_steps(found, (100, 1000))
    few = Study([s for s in more.specs if s.n_labels == 1000 or s.seed < 2], found.store, "longer-scratch")
    monkeypatch.setattr(longer, "load_if_run", lambda preset, store: few)
    assert longer.times_the_steps(found) == "4 times the steps with 1,000 labels"
    assert longer.strongest(found).best(100, False).records[0]["spec"]["min_steps"] != 4000
    longer.study.cache_clear()
    monkeypatch.setattr(longer, "load_if_run", lambda preset, store: None)
    assert longer.strongest(None) is None and longer.how_long(found) == ""
    longer.study.cache_clear()


def test_longer_training_of_one_network_leaves_the_other_rivals_in(tmp_path):
    arms = [(name, 100, 3) for name in ("linear_probe", "small_scratch", "scratch_bn")]
    found = fake_study(
        tmp_path, arms, {**BOTH, "small_scratch": 1.0, "scratch_bn": 9.0}, name="from-imagenet"
    )
    beside = longer.beside(found, with_more_steps(found, (100,), 2.0))
    assert beside.best(100, False).strategy.name == "scratch_bn"
    assert beside.arm("small_scratch", 100).records[0]["spec"]["min_steps"] == 4000


def test_training_that_was_not_equally_long_is_said(tmp_path):
    found = runs(tmp_path)
    a, b, _ = report.claims.best_pair(found, 1000)
    assert report.claims.unequal(a, b) == ""
    b.records[0]["phases"][-1]["planned_steps"] *= 2
    said = report.claims.unequal(a, b)
    assert said.startswith(" Training was not equally long there") and "*Compact from scratch*" in said
    assert said in report.claims.headline(found)


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        (4.1, "With more steps from scratch it shrinks further"),
        (0.2, "More steps from scratch do not make it smaller"),
    ],
)
def test_where_the_gain_shrinks_with_more_steps_is_said(tmp_path, patient, expected):
    found = runs(tmp_path, scratch=(100, 1000))
    more = longer.beside(found, with_more_steps(found, (100, 1000), patient))
    assert longer.gain(found, more) == expected
    assert longer.gain(found, None) == ""


def test_before_its_runs_nothing_is_said_of_more_steps(tmp_path):
    assert longer.sentences(runs(tmp_path), None).startswith("We have not tested yet")


@pytest.mark.parametrize(("strength", "verdict"), [(1.0, "It is not met"), (6.0, "It is met")])
def test_whether_few_labels_reach_the_bar_is_said(tmp_path, strength, verdict):
    arms = [("linear_probe", 500, 3), ("small_scratch", 500, 3)]
    found = fake_study(tmp_path, arms, {**BOTH, "small_scratch": strength}, name="from-imagenet")
    reached = f"{100 * found.arm('small_scratch', 500).accuracy:.1f}"
    said = longer.bar(found, None)
    assert said.startswith(f"The plan asks for 55\u00a0% from scratch with 500 labels. {verdict}")
    assert reached in said


def test_every_length_of_training_counts_for_the_bar(tmp_path):
    arms = [("linear_probe", 500, 3), ("small_scratch", 500, 3)]
    found = fake_study(tmp_path, arms, {**BOTH, "small_scratch": 1.0}, name="from-imagenet")
    spec = next(s for s in expand("patience") if s.arm == ("small_scratch", 500) and s.min_steps == 15_000)
    found.store.save(*fake_record(spec, 6.0))
    assert longer.bar(found, None).endswith("with 15,000 steps (1 of 3 seeds so far).")


def test_without_runs_with_few_labels_nothing_is_said_of_the_bar(tmp_path):
    assert longer.bar(runs(tmp_path, scratch=(1000,)), None) == ""

"""How far the plan is carried out, and what pages say of a study with gaps."""

import json
import re

import pytest
from fakes import STRENGTH, fake_record, fake_spec, fake_study

from transferstudy import report
from transferstudy.analysis import comparison
from transferstudy.analysis.study import Study, load
from transferstudy.errors import StudyError
from transferstudy.plan.declared import BASELINE_BARS, BASELINE_LABELS
from transferstudy.plan.presets import expand, preset_table
from transferstudy.report import declared, tables, values
from transferstudy.report.claims import bar, control, headline, rival, robust_size, robustness, words
from transferstudy.report.sources import card_of, downloaded, source
from transferstudy.report.values import percent
from transferstudy.results.store import Store

ARMS = [("linear_probe", 500, 3), ("random_features", 500, 3), ("scratch", 500, 3)]


def half_made(root, seeds: int = 3) -> Study:
    """A study whose last arm lacks its last seed, and which has a size without any run."""
    store = Store(root)
    specs = [fake_spec(name, n, seed) for n in (500, 1000) for name, *_ in ARMS for seed in range(seeds)]
    for spec in specs:
        if spec.n_labels == 500 and (spec.strategy, spec.seed) != ("scratch", seeds - 1):
            store.save(*fake_record(spec, STRENGTH[spec.strategy], 100))
    return Study(specs, store, "report", partial=True)


def test_what_is_made_is_counted_for_each_arm(tmp_path):
    lines = declared.made(half_made(tmp_path)).data.splitlines()
    assert lines[0] == "| strategy | 500 labels | 1,000 labels |"
    assert set(lines[2:]) == {
        "| Linear probe | 3 of 3 | 0 of 3 |",
        "| Random features | 3 of 3 | 0 of 3 |",
        "| Plain VGG16 from scratch | 2 of 3 | 0 of 3 |",
    }


def test_arms_that_were_not_declared_say_so(tmp_path):
    study = fake_study(tmp_path, [*ARMS, ("linear_probe", 1000, 1)])
    assert "| Plain VGG16 from scratch | 3 of 3 | not declared |" in declared.made(study).data


def test_a_preset_that_calls_itself_unfinished_loads_without_its_missing_runs(tmp_path):
    assert preset_table("report")["unfinished"]
    study = half_made(tmp_path)
    spec = expand("report")[0]
    study.store.save(*fake_record(spec, 1.0, 100))
    loaded = load("report", study.store.root)
    assert [s.id for s in loaded.specs] == [spec.id]
    assert len(loaded.missing) == len(expand("report")) - 1


def test_one_size_is_no_range(tmp_path):
    study = fake_study(tmp_path, ARMS)
    assert "; the difference is " in control(study)
    assert "between" not in control(study)


def test_the_size_of_the_robustness_page_is_the_largest_that_was_tested(tmp_path):
    plain = fake_study(tmp_path / "a", ARMS)
    assert robust_size(plain) is None
    assert robust_size(fake_study(tmp_path / "b", ARMS, robust=True)) == 500


def test_an_arm_counts_as_tested_when_one_of_its_runs_was(tmp_path):
    study = fake_study(tmp_path, ARMS, robust=True)
    for arm in study.at(500):
        for record in arm.records[1:]:
            del record["metrics"]["robustness"]
    assert robust_size(study) == 500
    assert re.search(r"measured with 500 labels on [\d,]+ test images \(one seed\)", robustness(study))
    assert all(row.endswith("| 1 |") for row in tables.robustness(study, 500).data.splitlines()[2:])


def test_comparisons_at_one_size_do_not_repeat_it(tmp_path):
    one = tables.verdicts(fake_study(tmp_path / "a", ARMS)).data.splitlines()
    two = tables.verdicts(
        fake_study(tmp_path / "b", [*ARMS, *((a, 1000, k) for a, _, k in ARMS)])
    ).data.splitlines()
    assert one[0].split(" | ")[1] == "difference (95 % interval)"
    assert two[0].split(" | ")[1] == "labels"
    assert {line.count(" | ") for line in one[2:]} == {one[0].count(" | ")}
    assert {line.count(" | ") for line in two[2:]} == {two[0].count(" | ")}


def test_the_bar_is_reached_missed_or_waits(tmp_path):
    full = [(name, BASELINE_LABELS, 1) for name in BASELINE_BARS]
    assert bar(fake_study(tmp_path / "a", ARMS)).count("it has not been run.") == 2
    one = bar(fake_study(tmp_path / "b", [*ARMS, full[0]], {**STRENGTH, "small_scratch": 9.0}))
    assert "; it reaches " in one
    assert one.count("it has not been run.") == 1
    strong = dict.fromkeys(STRENGTH, 9.0)
    assert bar(fake_study(tmp_path / "c", [*ARMS, *full], strong)).endswith("the baselines are strong.")
    weak = bar(fake_study(tmp_path / "d", [*ARMS, *full], {**strong, "scratch_bn": 0.5}))
    assert "it only reaches" in weak
    assert "leaves the headline" in weak


def test_packed_weights_have_the_card_of_what_they_were_packed_from_and_their_own_accuracy():
    study = load("report")
    record = study.arm("linear_probe", study.sizes_of("linear_probe")[0]).records[0]
    assert card_of(record, study.store)["name"] == "vgg16-tiny-imagenet"
    manifest = json.loads((study.store.root / "weights" / "tiny-imagenet-vgg16.json").read_text("utf-8"))
    assert str(values(study).weights_top1) == percent(manifest["source"]["after"]["top1"])


def test_what_is_known_of_downloaded_weights_is_read_not_typed(tmp_path):
    spec = next(s for s in expand("report", weights="imagenet") if s.strategy == "linear_probe")
    store = Store(tmp_path)
    store.save(*fake_record(spec, 0.5, 100))
    study = Study([spec], store)
    arm = study.arm(*spec.arm)
    found = card_of(arm.records[0], store)
    assert found == downloaded("vgg16")
    assert (found["side"], found["validation_top1"]) == (224, 0.713)
    assert str(source(study, arm)) == (
        "VGG16 pretrained on ImageNet (it is right for 71.3\u00a0% of the validation images there)"
    )
    with pytest.raises(StudyError, match="has no top-1 of compact"):
        downloaded("compact")


def test_other_weights_leave_networks_alone_that_have_none():
    for ours, theirs in zip(expand("report"), expand("report", weights="imagenet"), strict=True):
        assert (theirs.weights == "imagenet") == (ours.weights != "none" and ours.backbone == "vgg16")
        assert (ours.id == theirs.id) == (theirs.weights != "imagenet")


def test_a_difference_beside_two_means_says_when_it_rests_on_fewer_seeds(tmp_path):
    names = ("finetune_all", "linear_probe", "small_scratch")
    even = fake_study(tmp_path / "a", [(name, 500, 2) for name in names])
    ragged = fake_study(tmp_path / "b", [(name, 500, 2 - (name == "finetune_all")) for name in names])
    assert "over the seeds that both have" not in headline(even)
    assert "over the seeds that both have" in headline(ragged)


def test_every_linked_difference_has_a_row_also_the_other_way_round(tmp_path):
    arms = [
        (name, 500, 2)
        for name in ("finetune_all", "random_features", "linear_probe", "small_scratch", "scratch_bn")
    ]
    strength = {**STRENGTH, "linear_probe": 5.0, "scratch_bn": 4.0}
    study = fake_study(tmp_path, arms, strength)
    page = report.records(study).data
    for sentence in (control, rival):
        links = re.findall(r"records\.qmd#([\w-]+)", sentence(study))
        assert links
        assert all(f"{{#{link}}}" in page for link in links)


def test_a_difference_of_image_sizes_is_linked_to_the_row_of_those_sizes_or_to_its_arm(tmp_path):
    arms = [("linear_probe", 1000, 3, side) for side in (32, 64, 128)] + [("small_scratch", 1000, 3, 32)]
    study = fake_study(tmp_path, arms, {**STRENGTH}, name="resolution")
    rows = {d.anchor for d in comparison.declared(study)}
    sides = [(128, 32), (64, 32), (32, 64), (128, 64)]
    found = [
        words.anchor_of(study, comparison.difference(study, "linear_probe", "linear_probe", 1000, pair))
        for pair in sides
    ]
    assert found[0] in rows and found[0].endswith("128px-32px")
    assert found[1] in rows and found[1] == found[2] and found[1].endswith("64px-32px")
    assert found[3] == study.arm("linear_probe", 1000).anchor


def test_how_often_a_run_sees_its_images_follows_its_settings():
    """1,000 steps of 64 images over 4,000 of them, and four times as many."""
    assert declared.passes("near", "small_scratch", 5000) == "16"
    assert declared.passes("longer-scratch", "small_scratch", 5000) == "64"

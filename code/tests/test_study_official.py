"""Runs from the weights that Keras downloads: made by one flag, shown by themselves, never mixed with the report's."""

import pytest
from fakes import STRENGTH, fake_record, fake_store

from transferstudy import report
from transferstudy.analysis.study import load
from transferstudy.errors import StudyError
from transferstudy.plan.presets import expand
from transferstudy.report import claims, official
from transferstudy.report.sources import card_of, downloaded, source


@pytest.fixture
def both(tmp_path):
    """The report's fake runs, and those of three strategies at 500 labels from downloaded weights."""
    store = fake_store(tmp_path / "results", n_test=100)
    for spec in expand("report", weights="imagenet"):
        if spec.n_labels == 500 and spec.seed < 2 and spec.weights == "imagenet":
            store.save(*fake_record(spec, STRENGTH[spec.strategy] + 1, 100))
    return store


def test_the_flag_leaves_networks_alone_that_keras_has_no_weights_for():
    for ours, theirs in zip(expand("report"), expand("report", weights="imagenet"), strict=True):
        assert (theirs.weights == "imagenet") == (ours.weights != "none" and ours.backbone == "vgg16")
        assert (ours.id == theirs.id) == (theirs.weights != "imagenet")


def test_without_such_runs_the_section_names_the_command(tmp_path):
    store = fake_store(tmp_path / "results", n_test=50)
    assert official.load(store.root) is None
    assert "--preset report --weights imagenet" in official.sentence(None)
    assert official.table(report.load(results=store.root), None).data == ""


def test_with_such_runs_it_speaks_of_them_by_themselves(both):
    ours, theirs = report.load(results=both.root), official.load(both.root)
    said = official.sentence(theirs)
    assert "VGG16 pretrained on ImageNet (it is right for 71.3\u00a0% of the validation images there)" in said
    assert "ImageNet (71.3" not in claims.headline(ours)
    lines = official.table(ours, theirs).data.splitlines()
    assert lines[0] == "| strategy | labels | Tiny ImageNet | ImageNet | change |"
    assert len(lines) == 2 + 3
    assert all("| 500 |" in line and "| +" in line for line in lines[2:])


def test_their_numbers_lead_to_records_of_their_own(both):
    ours, theirs = report.load(results=both.root), official.load(both.root)
    page = report.records(ours, theirs).data
    for arm in theirs.at(500):
        assert f"{{#{arm.anchor}}}" in page
        assert ours.arm(arm.strategy.name, 500).anchor != arm.anchor
    assert "--weights imagenet --only finetune_all --only n_labels=500" in page


def test_what_is_known_of_downloaded_weights_is_read_not_typed(both):
    arm = load("report", both.root, weights="imagenet").arm("linear_probe", 500)
    found = card_of(arm.records[0], both)
    assert found == downloaded("vgg16")
    assert (found["side"], found["validation_top1"]) == (224, 0.713)
    assert source(official.load(both.root), arm).top1 == 0.713
    with pytest.raises(StudyError, match="has no top-1 of compact"):
        downloaded("compact")

"""What keras.applications offers: the stored facts are the installed library's, and published figures belong to it."""

import json

import keras
import pytest

from transferstudy.errors import StudyError
from transferstudy.experiments.applications import builders, inspect_builder, load, path
from transferstudy.paths import project_root
from transferstudy.report import literature
from transferstudy.report.cards import published
from transferstudy.report.pages.applications import Applications
from transferstudy.results.records import record_digest

ROOT = project_root()


@pytest.fixture(scope="module")
def record():
    return load(ROOT / "results")


@pytest.fixture(scope="module")
def offered():
    return Applications()


def test_the_record_is_of_the_installed_library(record):
    again = "python -m transferstudy applications"
    assert record["keras"] == keras.__version__, f"another Keras is installed: {again}"
    assert [entry["name"] for entry in record["builders"]] == list(builders()), again


@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV3Small"])
def test_a_network_built_again_has_the_stored_facts(record, name):
    stored = {entry["name"]: entry for entry in record["builders"]}
    assert inspect_builder(name, builders()[name]) == stored[name]


def test_facts_agree_with_keras_own_table(record):
    """Parameters that the literature table quotes from it, and VGG16's and ResNet50's depth."""
    stored = {entry["name"]: entry for entry in record["builders"]}
    facts = " ".join(f.fact for f in literature.facts() if f.key == "kerasapplications2026")
    assert f"{stored['VGG16']['parameters']:,}" in facts
    assert f"{stored['MobileNetV2']['parameters'] / 1e6:.1f} million" in facts
    assert (stored["VGG16"]["depth"], stored["ResNet50"]["depth"]) == (16, 107)
    assert stored["InceptionV3"]["side"] == 299
    assert stored["InceptionV3"]["min_side"] == 75
    assert stored["VGG16"]["batch_norm"] == 0
    assert stored["VGG16"]["prepared"][0] < -100
    assert stored["EfficientNetB0"]["prepares_itself"]


def test_every_paper_is_known_and_every_family_stands_in_the_table(record, offered):
    assert all(entry["arxiv"] for entry in record["builders"])
    lines = offered.table().data.splitlines()
    assert len(lines) == len(offered.families) + 2
    assert len({line.count("|") for line in lines}) == 1
    papers = [group[0]["arxiv"] for group in offered.families]
    assert papers == sorted(papers)


def test_published_accuracies_belong_to_the_networks_shown(offered):
    shown = {group[0]["name"] for group in offered.families}
    assert shown <= set(published())
    assert set(published()) <= set(offered.builders)


def test_words_on_the_offer(offered):
    assert "`VGG16`" in offered.without_norm()
    assert "`ResNet50`" not in offered.without_norm()
    assert "`InceptionV3`" in offered.refusing(32)
    assert offered.refusing(1000) == "none"
    assert "`EfficientNetB0`" in offered.preparing()
    assert "`VGG16`" not in offered.preparing()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "missing; make it"), ("{", "damaged"), ('{"keras": "4"}', "edited")],
)
def test_a_spoilt_record_is_refused(tmp_path, content, message):
    if content is not None:
        path(tmp_path).parent.mkdir()
        path(tmp_path).write_text(content)
    with pytest.raises(StudyError, match=message):
        load(tmp_path)


def test_a_wrong_row_of_published_figures_is_refused(tmp_path, monkeypatch):
    (tmp_path / "cards").mkdir()
    (tmp_path / "_quarto.yml").touch()
    (tmp_path / "cards/applications.yaml").write_text("top1: [{builder: VGG16, top1: 71.3, seen: a table}]")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match="between 0 and 1"):
        published()


def test_the_record_carries_its_checksum(record):
    assert record["record_sha256"] == record_digest(json.loads(json.dumps(record)))

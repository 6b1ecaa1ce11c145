"""Cards: every one is valid, says what is known to be wrong, has a page, and a faulty one is refused with the field's name."""

from pathlib import Path

import pytest
import yaml

from transferstudy.errors import StudyError
from transferstudy.models import imagenet
from transferstudy.report import cards
from transferstudy.report.cards import card, card_names, read_card
from transferstudy.report.pages import cardpage
from transferstudy.report.pages.cardpage import card_page
from transferstudy.results.pretrained import manifests, pretraining_records

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["cifar10", "compact-tiny-imagenet", "tiny-imagenet", "vgg16-imagenet", "vgg16-tiny-imagenet"]
SETTINGS = (ROOT / "_quarto.yml").read_text(encoding="utf-8")


def test_the_cards_of_the_project_are_found_and_other_tables_are_not():
    assert card_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_card_has_a_page_that_calls_it_and_the_site_lists(name):
    page = ROOT / "chapters" / f"card-{name}.qmd"
    assert f'card_page("{name}")' in page.read_text(encoding="utf-8")
    assert f"chapters/card-{name}.qmd" in SETTINGS


@pytest.mark.parametrize("name", ["cifar10", "tiny-imagenet"])
def test_a_data_card_follows_the_datasheet(name):
    body = card_page(name).data
    for section in (
        "Motivation",
        "Composition",
        "Collection",
        "Preparation",
        "Uses",
        "Distribution",
        "Maintenance",
    ):
        assert f"## {section}" in body
    assert "## What is known to be wrong" in body
    assert "[@northcutt2021pervasive]" in body
    assert read_card(name).sha256[:16] in body


def test_known_faults_are_named():
    assert "birhane2021large" in card_page("cifar10").data
    assert "80 Million Tiny Images" in card_page("cifar10").data
    assert "49,904" in card_page("cifar10").data
    assert "yang2020towards" in card_page("tiny-imagenet").data


@pytest.mark.parametrize("name", ["vgg16-tiny-imagenet", "compact-tiny-imagenet"])
def test_a_model_card_follows_the_model_card_and_names_the_shipped_file(name):
    body = card_page(name).data
    for section in (
        "Model details", "Intended use", "Factors", "Metrics", "Training data", "Evaluation data", "Quantitative analyses",
        "Ethical considerations", "Caveats and recommendations",
    ):  # fmt: skip
        assert f"## {section}" in body
    shipped = manifests(ROOT / "results/weights").values()
    own = [m for m in shipped if name.split("-")[0] == m["backbone"] and "source" in m]
    assert own
    for manifest in own:
        assert manifest["file_sha256"][:16] in body
        assert f"{100 * manifest['source']['after']['top1']:.2f}" in body
        classes = manifest["source"]["after"]["class_top1"]
        assert min(classes, key=classes.get).split(",")[0] in body
    for fact in (
        "Made by",
        "Date",
        "Version",
        "Cite as",
        "Questions",
        "Decision threshold",
        "Meant for",
        "95 % interval",
    ):
        assert fact in body


def test_the_card_of_imagenets_vgg16_says_how_the_copy_was_checked_and_what_rounding_costs():
    body, found = card_page("vgg16-imagenet").data, read_card("vgg16-imagenet")
    assert found.sha256 == imagenet.SHA256
    assert "CC BY 4.0" in body
    assert "## How our copy was checked" in body
    assert "two to three weeks" in body
    probe = manifests(ROOT / "results/weights")["imagenet-vgg16-int8"]["probe"]
    for seed, exact, rounded in zip(probe["seeds"], probe["before"], probe["after"], strict=True):
        assert f"| {seed} | {100 * exact:.1f} % | {100 * rounded:.1f} % |".replace(" %", "\u00a0%") in body


def test_numbers_of_our_own_pretraining_come_from_its_record(monkeypatch):
    records = pretraining_records(ROOT / "results")
    run_id, record = next(
        (i, r) for i, r in records.items() if r["weights"]["name"] == "tiny-imagenet-compact"
    )
    body = card_page("compact-tiny-imagenet").data
    assert run_id in body
    assert f"{100 * record['final']['top1']:.1f}" in body
    record["final"]["top1"] = 0.123
    monkeypatch.setattr(cardpage, "pretraining_records", lambda root: records)
    assert "12.3" in card_page("compact-tiny-imagenet").data
    monkeypatch.setattr(cardpage, "pretraining_records", lambda root: {})
    assert "Not made yet" in card_page("compact-tiny-imagenet").data


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    (tmp_path / "cards").mkdir()
    monkeypatch.setattr(cards, "project_root", lambda: tmp_path)
    return tmp_path / "cards"


@pytest.mark.parametrize(
    ("name", "field", "value", "message"),
    [
        ("cifar10", "licence", None, "licence: Field required"),
        ("cifar10", "sha256", "abc", "sha256: String should match"),
        ("cifar10", "images", {"train": 0}, r"images\.train: "),
        ("cifar10", "known_faults", [], "known_faults: "),
        ("cifar10", "colour", "red", "colour: Extra inputs"),
        ("cifar10", "kind", "song", "kind: "),
        ("cifar10", "name", "cifar", "must be the file's name"),
        ("vgg16-tiny-imagenet", "sha256", None, "weights made elsewhere need"),
        ("vgg16-tiny-imagenet", "intended", "all", "intended: "),
        ("compact-tiny-imagenet", "validation_top1", 0.5, "leave them out"),
        ("compact-tiny-imagenet", "thresholds", None, "thresholds: Field required"),
        ("vgg16-tiny-imagenet", "contact", None, "contact: Field required"),
    ],
)
def test_a_faulty_card_is_refused_with_the_field(folder, name, field, value, message):
    content = yaml.safe_load((ROOT / f"cards/{name}.yaml").read_text(encoding="utf-8"))
    content[field] = value
    if value is None:
        del content[field]
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(StudyError, match=message) as error:
        read_card(name)
    assert f"cards/{name}.yaml" in str(error.value)


def test_a_missing_or_broken_card_is_refused(folder):
    with pytest.raises(StudyError, match=r"cards/none\.yaml: missing"):
        card("none")
    (folder / "bad.yaml").write_text("a: [")
    with pytest.raises(StudyError, match=r"cards/bad\.yaml: not valid YAML"):
        read_card("bad")


def test_another_data_set_brings_its_own_card(folder):
    content = yaml.safe_load((ROOT / "cards/tiny-imagenet.yaml").read_text(encoding="utf-8"))
    content |= {"name": "leaves", "title": "Leaves", "side": 128, "images": {"train": 900, "test": 100}}
    (folder / "leaves.yaml").write_text(yaml.safe_dump(content))
    body = card_page("leaves").data
    assert "128 by 128 pixels" in body
    assert "900 training and 100 test" in body
    assert "cards/leaves.yaml" in body

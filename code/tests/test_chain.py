"""`verify` names the first link that does not hold, also where somebody has made the checksums fit."""

import json
import shutil
from pathlib import Path

import pytest
from fakes import fake_record, fake_spec

from transferstudy.checking import provenance as chain
from transferstudy.errors import StudyError
from transferstudy.paths import cards_dir
from transferstudy.results.records import record_digest
from transferstudy.results.store import Store

ROOT = Path(__file__).resolve().parents[2]
PACKED = "tiny-imagenet-vgg16"


def rewrite(path: Path, change) -> None:
    """Change a record and give it a checksum that fits."""
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    record["record_sha256"] = record_digest(record)
    path.write_text(json.dumps(record), encoding="utf-8")


@pytest.fixture
def store(tmp_path) -> Store:
    """The project's own weights, records and audit, and one made-up run that starts from the shipped VGG16."""
    for folder in ("weights", "pretraining", "audit"):
        shutil.copytree(ROOT / "results" / folder, tmp_path / folder)
    made = Store(tmp_path)
    record, predictions = fake_record(fake_spec("linear_probe", 500, weights=PACKED), 1.0, 50)
    manifest = json.loads((tmp_path / "weights" / f"{PACKED}.json").read_text(encoding="utf-8"))
    record["weights"] = {"name": PACKED, "sha256": manifest["sha256"]}
    record["data"]["sha256"] = chain._card(cards_dir(), "cifar10")["sha256"]
    made.save(record, predictions)
    return made


def test_an_unbroken_chain_is_counted(store):
    reached = chain.check(store, cards_dir())
    assert (reached["results"], reached["weights"]) == (1, 3)
    assert reached["pretraining"] >= 1


@pytest.mark.parametrize(
    ("path", "change", "message"),
    [
        ("runs", lambda r: r["weights"].update(sha256="ab" * 32), "started from tiny-imagenet-vgg16 with SHA-256 abab"),
        ("runs", lambda r: r["data"].update(sha256="ab" * 32), "made from a copy of cifar10 with SHA-256 abab"),
        ("weights/tiny-imagenet-vgg16", lambda r: r.update(file_sha256="ab" * 32), "its manifest says abab"),
        ("weights/tiny-imagenet-vgg16", lambda r: r["made_from"].update(sha256="ab" * 32), "cards/vgg16-tiny-imagenet.yaml"),
        ("weights/tiny-imagenet-vgg16", lambda r: r["source"].update(sha256="ab" * 32), "images of the source task"),
        ("weights/tiny-imagenet-compact", lambda r: r["made_from"].update(pretraining="gone"), "gone.json is missing"),
        ("pretraining", lambda r: r["data"].update(sha256="ab" * 32), "pretraining/.*images of the source task"),
        ("pretraining", lambda r: r["weights"].update(sha256="ab" * 32), "describes abab"),
        ("audit/audit", lambda r: r["data"]["source"].update(sha256="ab" * 32), "audit/audit.json: images of the source"),
        ("audit/audit", lambda r: r["data"]["target"].update(sha256="ab" * 32), "audit/audit.json: made from a copy"),
    ],
)  # fmt: skip
def test_the_first_broken_link_is_named(store, path, change, message):
    found = store.root / f"{path}.json"
    if not found.is_file():
        compact = "tiny-imagenet-compact"
        found = next(
            p
            for p in sorted((store.root / path).glob("*.json"))
            if path == "runs" or json.loads(p.read_text())["weights"]["name"] == compact
        )
    rewrite(found, change)
    with pytest.raises(StudyError, match=message):
        chain.check(store, cards_dir())


def test_a_damaged_picture_of_the_audit_is_named(store):
    path = store.root / "audit" / "pairs.webp"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StudyError, match=r"audit/pairs\.webp"):
        chain.check(store, cards_dir())

"""From a result back to pixels: result -> weights file -> pretraining record or card -> images of the source task; the audit too.

Every link is a SHA-256 that the one before names. `check` follows them and stops at the first that does not hold.
"""

from pathlib import Path

from ..errors import StudyError
from ..experiments.audit.stored import load as load_audit
from ..experiments.pretraining.settings import PretrainSpec
from ..files import file_sha256, read_yaml
from ..models import imagenet
from ..models.weightsfile import KNOWN_FILES
from ..results.pretrained import manifests, pretraining_records
from ..results.store import Store


def check(store: Store, cards: Path) -> dict[str, int]:
    """Follow the chain of every result that started from a file.

    Args:
        store: the results; shipped weights and pretraining records lie below its root.
        cards: folder of the cards (`<name>.yaml`) of weights made outside the project and of data sets.

    Returns:
        How many results, weights files and pretraining records were reached.

    Raises:
        StudyError: the first broken link: what names which SHA-256, and what was found instead.
    """
    shipped = manifests(store.root / "weights")
    made = pretraining_records(store.root)
    source = _card(cards, "tiny-imagenet")
    for name, manifest in shipped.items():
        _check_weights(name, manifest, store.root / "weights", made, cards)
        if "source" in manifest:
            _check_source(f"weights/{name}.json", manifest["source"]["sha256"], source)
        else:
            _check_target(f"weights/{name}.json", manifest["probe"]["data"], cards)
    for run_id, record in made.items():
        where = f"pretraining/{run_id}.json"
        if {record["id"], PretrainSpec.parse(record["spec"], where).id} != {run_id}:
            raise StudyError(
                f"{where}: it describes another pretraining run than its name says; restore it: "
                "git checkout -- results/pretraining"
            )
        _check_source(f"pretraining/{run_id}.json", record["data"]["sha256"], source)
    if (store.root / "audit" / "audit.json").is_file():
        compared = load_audit(store.root).record["data"]
        _check_source("audit/audit.json", compared["source"]["sha256"], source)
        _check_target("audit/audit.json", compared["target"], cards)
    known = {manifest["sha256"]: name for name, manifest in shipped.items()}
    known |= {sha256: name for name, sha256 in KNOWN_FILES.items()}
    known[imagenet.SHA256] = imagenet.NAME
    started = 0
    for run_id in store.ids():
        record = store.load(run_id)
        _check_target(f"runs/{run_id}.json", record["data"], cards)
        weights = record["weights"]
        if weights["name"] == "none" or weights["name"].startswith("sha256:"):
            continue  # a random start, or a file of the user's own
        if weights["name"] == imagenet.NAME and record["spec"]["backbone"] != imagenet.BACKBONE:
            continue  # Keras' download for another network, whose hash nobody here knows
        started += 1
        if known.get(weights["sha256"]) != weights["name"]:
            raise StudyError(
                f"runs/{run_id}.json: started from {weights['name']} with SHA-256 {weights['sha256']}, but no shipped or known "
                f"file of that name has it; make the run again: delete the record, then python -m transferstudy run --only {run_id}"
            )
    return {"results": started, "weights": len(shipped), "pretraining": len(made)}


def _check_weights(name: str, manifest: dict, folder: Path, made: dict[str, dict], cards: Path) -> None:
    path = folder / manifest["file"]
    if not path.is_file() or file_sha256(path) != manifest["file_sha256"]:
        found = "is missing" if not path.is_file() else f"has SHA-256 {file_sha256(path)}"
        raise StudyError(
            f"weights/{path.name}: {found}, its manifest says {manifest['file_sha256']}; restore it: git checkout -- results/weights"
        )
    origin = manifest["made_from"]
    if origin["pretraining"] is not None:
        record = made.get(origin["pretraining"])
        found = record and record["weights"]["sha256"]
        where = f"pretraining/{origin['pretraining']}.json"
    else:
        found = _card(cards, origin["card"]).get("sha256")
        where = f"cards/{origin['card']}.yaml"
    if found != origin["sha256"]:
        raise StudyError(
            f"weights/{name}.json: made from {origin['sha256']}, but {where} "
            f"{'is missing' if found is None else f'describes {found}'}; pack the weights again: python -m transferstudy ship"
        )


def _check_target(where: str, data: dict, cards: Path) -> None:
    if data.get("content") or not (cards / f"{data['name']}.yaml").is_file():
        return  # a user's own images: there is a card only where somebody wrote one
    described = _card(cards, data["name"]).get("sha256")
    if described != data["sha256"]:
        raise StudyError(
            f"{where}: made from a copy of {data['name']} with SHA-256 {data['sha256']}, cards/{data['name']}.yaml "
            f"describes {described}; make it again from that copy, or describe yours in the card"
        )


def check_pixels(data: Path | None, source: Path | None, cards: Path) -> list[str]:
    """Hash the images themselves and compare with the cards: the last link, for those who have them.

    Args:
        data: CIFAR-10, or None to leave it out.
        source: Tiny ImageNet, or None.
        cards: folder of the cards.

    Returns:
        Names of the data sets whose pixels agree.

    Raises:
        StudyError: the pixels are not those that the card describes, or cannot be read.
    """
    agree = []
    for name, path in (("cifar10", data), ("tiny-imagenet", source)):
        if path is None:
            continue
        if name == "cifar10":
            from ..data import load

            found = load(name, path).sha256
        else:
            from ..experiments.pretraining.source import load_source

            found = load_source(path).sha256
        described = _card(cards, name).get("sha256")
        if found != described:
            raise StudyError(
                f"{path}: these images have SHA-256 {found}, cards/{name}.yaml describes {described}: another copy, or a changed one"
            )
        agree.append(name)
    return agree


def _check_source(where: str, sha256: str, card: dict) -> None:
    if card.get("sha256") != sha256:
        raise StudyError(
            f"{where}: images of the source task have SHA-256 {sha256}, cards/tiny-imagenet.yaml describes {card.get('sha256')}; "
            "make it again from the data that the card describes, or mend the card"
        )


def _card(cards: Path, name: str) -> dict:
    path = cards / f"{name}.yaml"
    if not path.is_file():
        raise StudyError(f"cards/{name}.yaml: missing; restore it: git checkout -- cards")
    shown = f"cards/{name}.yaml"
    found = read_yaml(path, "restore it: git checkout -- cards", shown)
    if not isinstance(found, dict):
        raise StudyError(f"{shown}: holds no fields; restore it: git checkout -- cards")
    return found

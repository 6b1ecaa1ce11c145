"""What pretrained arms started from, in words: the network, its source, and how good it was there."""

from dataclasses import dataclass

from ..analysis.study import Arm, Study
from ..errors import StudyError
from ..experiments.applications import load
from ..paths import results_dir
from ..plan.backbones import get_backbone
from ..results.pretrained import manifests
from ..results.store import Store
from .cards import card, published
from .values import percent

DOWNLOADED = "imagenet"
_DATA = {"tiny-imagenet": "Tiny ImageNet", "imagenet": "ImageNet"}
# Backbone -> what a reader calls it; others go by the name of their builder.
NETWORKS = {"vgg16_bn": "VGG16 with batch normalisation", "compact": "the compact network"}


@dataclass(frozen=True)
class Source:
    """Where pretrained weights come from.

    Attributes:
        network: for a reader: "VGG16".
        data: name of the source data set.
        top1: accuracy on the source's validation images, 0..1.
        weights: what runs call the weights.
    """

    network: str
    data: str
    top1: float
    weights: str

    def __str__(self) -> str:
        return f"{self.network} pretrained on {self.data} (it is right for {percent(self.top1)} of the validation images there)"


def source(study: Study, arm: Arm) -> Source:
    """Return where the weights of a pretrained arm come from.

    The manifest in `results/weights/` or the card `cards/<network>-<weights>.yaml` must describe the very file that the
    runs started from: the SHA-256 decides. A card without one speaks of weights that Keras downloads.

    Raises:
        StudyError: the arm is not pretrained, or nothing describes its weights.
    """
    if not arm.strategy.pretrained:
        raise StudyError(f"{arm.strategy.name!r} starts from random weights: it has no source")
    return source_of(arm.records[0], study.store)


def source_of(record: dict, store: Store) -> Source:
    """Return where the weights of a pretrained run come from; see `source`.

    Raises:
        StudyError: nothing describes its weights.
    """
    weights, backbone = record["weights"], record["spec"]["backbone"]
    name, sha256 = weights["name"], weights["sha256"]
    network = NETWORKS.get(backbone) or get_backbone(backbone).application or backbone
    manifest = _manifest(record, store)
    if manifest and "source" in manifest:
        data = manifest["source"]["name"]
        return Source(network, _DATA.get(data, data), manifest["source"]["after"]["top1"], name)
    if manifest:  # packed from weights whose card says how good they were
        facts = card(manifest["made_from"]["card"])
        return Source(network, _DATA[DOWNLOADED], facts["validation_top1"], name)
    facts = downloaded(backbone) if name == DOWNLOADED else card(f"{backbone}-{name}")
    if facts.get("sha256") not in (None, sha256):
        raise StudyError(
            f"run {record['id']} started from {name} {sha256[:12]}, but cards/{backbone}-{name}.yaml describes "
            f"{facts['sha256'][:12]} and results/weights has no manifest of it: write one of them"
        )
    return Source(network, facts["source"], facts["validation_top1"], name)


def downloaded(backbone: str) -> dict:
    """Return what is known of the weights that Keras downloads for a network, in the words of a card.

    Returns:
        `title`, `source`, `classes` of the source, `side` in pixels of the images that they learned on, and the published
        `validation_top1`, 0..1 (`cards/applications.yaml` says where it was read).

    Raises:
        StudyError: Keras has no such network, or its top-1 is not on record.
    """
    builder = get_backbone(backbone).application
    found = published().get(builder)
    if found is None:
        raise StudyError(
            f"cards/applications.yaml: has no top-1 of {builder or backbone}, from whose downloaded weights runs started: add it"
        )
    return {
        "title": f"{builder} as keras.applications downloads it",
        "source": _DATA[DOWNLOADED],
        "classes": 1000,
        "side": next(e["side"] for e in load(results_dir())["builders"] if e["name"] == builder),
        "validation_top1": found["top1"],
    }


def _manifest(record: dict, store: Store) -> dict | None:
    """What `ship` wrote of the very weights file that a run started from; None if it is not one of those that ship."""
    path = store.root / "weights" / f"{record['weights']['name']}.json"
    if not path.is_file():
        return None
    manifest = manifests(path.parent)[path.stem]
    return manifest if manifest["sha256"] == record["weights"]["sha256"] else None


def card_of(record: dict, store: Store) -> dict:
    """Return the card of the weights that a pretrained run started from: their own, or that of the file they were packed from.

    Raises:
        StudyError: there is no such card.
    """
    if record["weights"]["name"] == DOWNLOADED:
        return downloaded(record["spec"]["backbone"])
    packed = (_manifest(record, store) or {}).get("made_from", {}).get("card")
    return card(packed or f"{record['spec']['backbone']}-{record['weights']['name']}")


def sources(study: Study) -> list[Source]:
    """Return the distinct sources of the pretrained arms."""
    arms = [arm for arm in study.arms.values() if arm.strategy.pretrained]
    return list(dict.fromkeys(source(study, arm) for arm in arms))

"""The bill of an arm: its own training, the pretraining that it started from, and the energy of both, as an estimate."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..analysis.costs.cost import cpu_seconds, timed
from ..analysis.study import Arm, Study
from ..experiments.energy import load
from ..paths import weights_dir
from ..results.pretrained import manifests, pretraining_records
from .cards import card_names, read_card
from .cardschema import WeightsCard
from .sources import NETWORKS

MEASURED, REPORTED = "measured by this project", "by the account of their makers"
estimator = cache(load)  # the stored one


@dataclass(frozen=True)
class Pretraining:
    """What it took to make pretrained weights, once.

    Attributes:
        network: "VGG16" or "the compact network".
        cpu_seconds: processor time, all cores added up; for weights made elsewhere the reported time of all their cores.
        account: `MEASURED` or `REPORTED`.
        environment: of the record of the pretraining, or None where the machine is not known.
    """

    network: str
    cpu_seconds: float
    account: str
    environment: dict | None


@dataclass(frozen=True)
class Bill:
    """Means over the seeds of an arm; None where no run's time counts, and where energy in watt-hours cannot be estimated.

    Attributes:
        cpu_seconds, watt_hours: of one run's training.
        pretraining: what the weights took, None for a random start or where nobody knows.
        pretraining_wh: its energy.
        known: whether the cost of the pretraining is known; true for a random start, which has none.
    """

    cpu_seconds: float | None
    watt_hours: float | None
    pretraining: Pretraining | None
    pretraining_wh: float | None
    known: bool

    @property
    def whole_cpu_seconds(self) -> float | None:
        """Processor time with the whole pretraining, as if its weights were used for this one model."""
        if not self.known or self.cpu_seconds is None:
            return None
        return self.cpu_seconds + (self.pretraining.cpu_seconds if self.pretraining else 0.0)

    @property
    def whole_wh(self) -> float | None:
        """Energy with the whole pretraining."""
        if not self.known or self.watt_hours is None:
            return None
        return self.watt_hours + (self.pretraining_wh or 0.0)


@cache
def pretraining_of(name: str, backbone: str) -> Pretraining | None:
    """Return what weights took to make.

    Args:
        name: what a RunSpec calls them; the project ships them or has a card of them.
        backbone: the network of the run.

    Returns:
        None where nothing says it, as for weights that Keras downloads.
    """
    network = NETWORKS.get(backbone, "VGG16")
    manifest = manifests(weights_dir()).get(name)
    origin = manifest["made_from"] if manifest else {"pretraining": None, "card": f"{backbone}-{name}"}
    if origin["pretraining"]:
        record = pretraining_records(weights_dir().parent)[origin["pretraining"]]
        return Pretraining(network, record["timing"]["cpu"], MEASURED, record["environment"])
    card = _card(origin["card"])
    if card is None or card.training is None or None in (card.training.cores, card.training.minutes):
        return None
    return Pretraining(network, 60.0 * card.training.minutes * card.training.cores, REPORTED, None)


def _card(name: str) -> WeightsCard | None:
    found = read_card(name) if name in card_names() else None
    return found if isinstance(found, WeightsCard) else None


def bill(study: Study, arm: Arm) -> Bill:
    """Return the bill of an arm, means over its seeds.

    Weights whose machine is not known are charged as if made on the machine of the run.
    """
    record, counted = arm.records[0], timed(study, arm)
    weights, backbone = record["weights"]["name"], record["spec"]["backbone"]
    seconds, estimate = cpu_seconds(study, arm), estimator()
    energy = [estimate.watt_hours(s, r["environment"]) for s, r in zip(seconds, counted, strict=True)]
    own = None if None in energy or not energy else float(np.mean(energy))
    before = None if weights == "none" else pretraining_of(weights, backbone)
    before_wh = before and estimate.watt_hours(
        before.cpu_seconds, before.environment or {**record["environment"], "accelerators": []}
    )
    known = weights == "none" or before is not None
    return Bill(float(seconds.mean()) if counted else None, own, before, before_wh, known)


def pretrainings(study: Study) -> dict[str, Pretraining]:
    """Return the pretrainings that a study's arms started from: network -> what it took."""
    found = {}
    for arm in study.arms.values():
        if arm.strategy.pretrained:
            record = arm.records[0]
            made = pretraining_of(record["weights"]["name"], record["spec"]["backbone"])
            if made:
                found.setdefault(made.network, made)
    return found

"""What packing weights costs where no source task is at hand: the same linear probe from the exact and from the packed ones."""

import numpy as np

from ...data import ImageData, draw
from ...models.weightsfile import WeightsFile
from ...paths import PRESETS
from ...plan.presets import toml_tables
from ...plan.spec import RunSpec
from ...training import train

N_LABELS = 1_000
SEEDS = (0, 1)
# Further images of the training part, which neither the head nor the choice of its epoch has seen. Test images are not read.
HELD_OUT = 1_000


def probe_cost(
    exact: WeightsFile, packed: WeightsFile, backbone: str, image_size: int, data: ImageData
) -> dict:
    """Train a linear probe from the exact and from the packed weights, and compare them on the same held-out images.

    Args:
        exact: the weights before.
        packed: the weights after.
        backbone: the network that they are for.
        image_size: pixels a side that the network sees.
        data: labelled images; only those for training are used.

    Returns:
        Settings, and for each seed the accuracy (0..1) "before" and "after", and "agree": the share of held-out images that
        both give the same class.

    Raises:
        StudyError: as `training.train`.
    """
    before, after, agree = [], [], []
    for seed in SEEDS:
        held_out = _held_out(data, seed)
        labels = data.y_train[held_out]
        named = [_predict(file, backbone, image_size, seed, data, held_out) for file in (exact, packed)]
        before.append(round(float((named[0] == labels).mean()), 4))
        after.append(round(float((named[1] == labels).mean()), 4))
        agree.append(round(float((named[0] == named[1]).mean()), 4))
    return {
        "data": {"name": data.name, "sha256": data.sha256},
        "image_size": image_size,
        "n_labels": N_LABELS,
        "held_out": HELD_OUT,
        "seeds": list(SEEDS),
        "before": before,
        "after": after,
        "agree": agree,
    }


def _predict(file: WeightsFile, backbone: str, image_size: int, seed: int, data: ImageData, rows: np.ndarray):
    tables = toml_tables(PRESETS)
    values = {
        **tables["defaults"],
        **tables["strategies"]["linear_probe"],
        "dataset": data.name,
        "backbone": backbone,
        "weights": file.name,
        "strategy": "linear_probe",
        "augmentation": "none",
        "image_size": image_size,
        "n_labels": N_LABELS,
        "seed": seed,
        "purpose": "tuning",
    }
    trained = train(RunSpec.parse(values, f"linear probe from {file.path.name}"), data, file, verbose=0)
    return trained.model.predict(data.x_train[rows], batch_size=64, verbose=0).argmax(axis=1)


def _held_out(data: ImageData, seed: int) -> np.ndarray:
    """Return the images that a larger draw has beyond the probe's own: draws are nested and balanced over the classes."""
    small, large = draw(data, N_LABELS, seed), draw(data, N_LABELS + HELD_OUT, seed)
    used = np.concatenate([small.train, small.validation])
    return np.setdiff1d(np.concatenate([large.train, large.validation]), used)

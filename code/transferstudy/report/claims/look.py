"""Sentences on the inside of networks: what fine-tuning changed, and where."""

import numpy as np

from ...analysis.study import Study
from ...experiments.inside.stored import available, inside_of
from ..values import count, percent
from .words import label, link


def change(study: Study, strategy: str, n_labels: int) -> str:
    """Return which layers a strategy changed most and least, by CKA of each layer with itself before training.

    Raises:
        StudyError: no run of the arm has been looked into.
    """
    arm, inside = study.arm(strategy, n_labels), inside_of(study, strategy, n_labels)
    same, layers = inside.arrays["cka"].astype(float).diagonal(), inside.about["layers"]
    most, least = int(np.argmin(same)), int(np.argmax(same))
    return (
        f"{label(strategy)} with {count(n_labels)} labels changed the layer `{layers[most]}` most (CKA "
        f"{link(arm, f'{same[most]:.2f}')}) and `{layers[least]}` least ({link(arm, f'{same[least]:.2f}')}). This network classifies "
        f"{percent(inside.about['accuracy'])} of {count(len(inside.arrays['place_index']))} test images correctly."
    )


def looked_into(study: Study) -> list[tuple[str, int]]:
    """Return the arms of which a run has been looked into: (strategy, number of labels)."""
    keys = [(name, n) for name, n, side in study.arms if side == study.image_size]
    return [key for key in keys if available(study, *key)]

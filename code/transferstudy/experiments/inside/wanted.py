"""Which test images figures of mistakes show, and keeping them: data sets are not in the repository, a few pictures are."""

import numpy as np

from ...analysis.misclassified import confident_mistakes
from ...analysis.study import Study
from ...data import ImageData
from ...errors import StudyError
from .stored import PICTURES, save

COUNT = 12


def wanted(study: Study) -> list[int]:
    """Return the positions of the test images that are worth keeping, sorted.

    They are the most confident mistakes of the best transfer and the best from-scratch arm at the fewest and at the most
    labels.
    """
    found: set[int] = set()
    for n in {study.contested[0], study.contested[-1]}:
        for pretrained in (True, False):
            name = study.best(n, pretrained).strategy.name
            found |= {m.index for m in confident_mistakes(study, name, n, COUNT)}
    return sorted(found)


def check_same_images(study: Study, data: ImageData) -> None:
    """Check that images are those that a study was made from, by their hash.

    Raises:
        StudyError: they are another copy.
    """
    made_from = study.first["data"]
    if data.sha256 != made_from["sha256"]:
        raise StudyError(
            f"these images are not the copy of {made_from['name']} that the results were made from "
            f"(SHA-256 {data.sha256[:12]}, not {made_from['sha256'][:12]}): give it with --data PATH"
        )


def keep_pictures(study: Study, data: ImageData) -> int:
    """Store the wanted test images and return their number.

    Raises:
        StudyError: the data are not those that the study was made from.
    """
    check_same_images(study, data)
    index = np.array(wanted(study), np.int32)
    about = {"data": {"name": data.name, "sha256": data.sha256}, "preset": study.name}
    save(
        study.store.root,
        PICTURES,
        about,
        {"index": index, "pictures": data.x_test[index], "label": data.y_test[index].astype(np.int16)},
    )
    return len(index)

"""Which pretrained weights a study starts from: those given, Keras' own where they are at hand, else the shipped ones."""

import os
import socket
from pathlib import Path

from ...errors import StudyError, printable
from ...models.weightsfile import WeightsFile, find_weights, misfit_of, resolve
from .folder import StudyFolder

SHIPPED = "imagenet-vgg16-int8"
KERAS = "imagenet"
_NETWORK = "vgg16"
_HOST, _PORT, _WAIT = "storage.googleapis.com", 443, 3.0  # where Keras' weights lie
_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"


def chosen_weights(option: str | None, folder: StudyFolder) -> tuple[WeightsFile | None, str, str]:
    """Return the weights file, the name that runs give it, and a sentence for the reader.

    Args:
        option: what `--weights` says, or None.
        folder: a study that exists already keeps its weights.

    Raises:
        StudyError: as `find_weights` and `resolve`; or the study's pretrained network cannot start from the weights.
    """
    file = find_weights(option)
    if file is not None or option:
        name = file.name if file else str(option)
        _check(f"--weights {printable(option)}" if option else "TRANSFERSTUDY_WEIGHTS", name, file)
        where = f"the weights in {file.path.name}" if file else f"the weights {name}"
        return file, name, f"Weights: {where}."
    if folder.has("plan"):
        name = folder.read("plan")["frame"]["weights"]
        return resolve(name, None), name, f"Weights: {name}, as the study began with."
    if _at_hand():
        return None, KERAS, "Weights: ImageNet's, from Keras."
    said = (
        "Weights: ImageNet's as they come with this project, in 8 bits, because Keras' download cannot be reached. "
        "--weights PATH starts from a file."
    )
    return resolve(SHIPPED, None), SHIPPED, said


def _check(named: str, name: str, file: WeightsFile | None) -> None:
    """Refuse weights before a plan is made with them: a study keeps the weights that it began with."""
    if name == "none":
        raise StudyError(
            f"{named}: a study compares pretrained weights with a random start, so it needs some. Leave the option out, or give "
            "--weights PATH."
        )
    resolve(name, file)
    if why := misfit_of(name, file, _NETWORK):
        raise StudyError(
            f"{named}: the pretrained network of a study is VGG16, and these weights do not fit it: {why}. Give VGG16's weights, or "
            "leave the option out."
        )


def _at_hand() -> bool:
    """Return whether Keras has its weights already or can fetch them."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    if (home / "models" / _FILE).is_file():
        return True
    try:
        with socket.create_connection((_HOST, _PORT), _WAIT):
            return True
    except OSError:
        return False

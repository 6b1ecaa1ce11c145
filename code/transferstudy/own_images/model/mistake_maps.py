"""Where the model looks when the networks were surely wrong: Grad-CAM of the most confident mistakes.

A study keeps the predictions of its networks and not the networks, so the maps are those of the model that is taken away. It
was trained in the same way, but on every label. Pages say so, and how many of the mistakes it still makes.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import StudyError
from ...results.records import digest, read_arrays_beside, write_atomic
from ..report.outcome import Outcome
from ..study.folder import StudyFolder

SHOWN = 6
NAME = "maps"


@dataclass(frozen=True)
class MistakeMaps:
    """What `keep_maps` kept.

    Attributes:
        about: `model` (SHA-256 of the file), `layer`, `seen` (whether the model learned from these pictures), and
            `mistakes`: a list of `file`, `label`, `said` (numbers of classes), `probability` of `said`, as the networks of the
            runs gave it, and `now`, the class that the model names.
        for_said, for_label: float16 (mistakes, h, w) in 0..1: which places speak for the class that the networks named, and which
            for the label; each map has its own scale, and is zero where nothing speaks for the class.
    """

    about: dict
    for_said: np.ndarray
    for_label: np.ndarray


def keep_maps(folder: StudyFolder, outcome: Outcome, source: Path) -> None:
    """Make and keep the maps of the most confident mistakes, unless those that are there are just these.

    Args:
        folder: the study; its model must be there.
        outcome: of its runs.
        source: the folder of pictures.

    Raises:
        StudyError: as `open_portable` and `read_picture`.
    """
    files = outcome.pictures["files"]
    mistakes = [
        {"file": files[i], "label": int(outcome.best.y[i]), "said": said, "probability": round(p, 4)}
        for i, said, p in outcome.mistakes()[:SHOWN]
    ]
    sha256 = folder.read("model")["sha256"]
    if _same(folder, sha256, mistakes):
        return
    about, maps = _made(folder, mistakes, source)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **maps)
    write_atomic(folder.records / f"{NAME}.npz", buffer.getvalue())
    arrays = {"file": f"study/{NAME}.npz", "sha256": digest(buffer.getvalue()), "bytes": buffer.tell()}
    seen = not outcome.pictures["own_test"]
    folder.write(NAME, {"model": sha256, "seen": seen, "mistakes": mistakes, **about, "arrays": arrays})


def read_maps(folder: StudyFolder) -> MistakeMaps:
    """Read and check the maps.

    Raises:
        StudyError: missing, damaged or edited.
    """
    about = folder.read(NAME)
    maps = read_arrays_beside(folder.store.root, about["arrays"], f"make it again: {folder.again}")
    return MistakeMaps(about, maps["for_said"], maps["for_label"])


def _same(folder: StudyFolder, sha256: str, mistakes: list[dict]) -> bool:
    try:
        about = read_maps(folder).about
    except StudyError:
        return False
    before = [{k: v for k, v in m.items() if k != "now"} for m in about["mistakes"]]
    return about["model"] == sha256 and before == mistakes


def _made(folder: StudyFolder, mistakes: list[dict], source: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Return the layer of the maps and the maps; the class that the model names is added to each mistake."""
    from keras.ops import convert_to_numpy

    from ...data.folders.pictures import read_picture
    from ...experiments.inside.gradcam import grad_cam, map_layer
    from ...training.keras_file import input_of, open_portable
    from .final_model import opened_up

    model, _ = open_portable(folder.model)
    side, fit = input_of(model)
    scale, network = opened_up(model)
    layer = map_layer(network)
    pixels = [read_picture(source / m["file"], side, fit).pixels for m in mistakes]
    x = convert_to_numpy(scale(np.array(pixels, np.float32).reshape(-1, side, side, 3)))
    if mistakes:
        named = network.predict(x, verbose=0).argmax(axis=1)
        for mistake, now in zip(mistakes, named.tolist(), strict=True):
            mistake["now"] = now
    maps = {
        f"for_{what}": grad_cam(network, x, np.array([m[what] for m in mistakes], np.int32), layer).astype(
            np.float16
        )
        for what in ("said", "label")
    }
    return {"layer": layer, "side": side}, maps

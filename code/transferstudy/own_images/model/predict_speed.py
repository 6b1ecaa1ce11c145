"""How fast is `predict` on a folder? Timed beside what one would write with Keras alone."""

import tempfile
import time
from pathlib import Path

import numpy as np

from ...data.folders.files import Found, walk
from ...errors import StudyError, printable
from .predict_folder import BATCH, predict_folder


def beside_keras(folder: Path, model: Path, rounds: int = 2) -> dict:
    """Time `predict_folder` and a plain loop of Keras on the same pictures, in turn; opening the model counts.

    Args:
        folder: of pictures that can all be read.
        model: a `.keras` file of `study` or `export`.
        rounds: how often; the fastest counts, because other programs can only slow things down.

    Returns:
        `pictures`, `batch_size`, and pictures a second as `predict` and `keras_loop`.

    Raises:
        StudyError: as `predict_folder`, or pictures that cannot be read.
    """
    files = [folder / name for name in walk(folder, "", Found()).pictures]
    best = {"predict": float("inf"), "keras_loop": float("inf")}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            began = time.perf_counter()
            unreadable = predict_folder(folder, model, Path(place) / "classes.csv", lambda line: None)
            best["predict"] = min(best["predict"], time.perf_counter() - began)
        if unreadable:
            raise StudyError(
                f"{printable(folder)}: {len(unreadable):,} of {len(files):,} files cannot be read, such as {printable(unreadable[0])}. Time a folder "
                "without them."
            )
        began = time.perf_counter()
        keras_loop(files, model)
        best["keras_loop"] = min(best["keras_loop"], time.perf_counter() - began)
    speeds = {what: round(len(files) / seconds, 1) for what, seconds in best.items()}
    return {"pictures": len(files), "batch_size": BATCH, **speeds}


def keras_loop(files: list[Path], model: Path) -> np.ndarray:
    """Return the probabilities of pictures (n, classes), with nothing but Keras, as most would write it.

    Args:
        files: pictures.
        model: a `.keras` file.
    """
    import keras
    from keras.utils import img_to_array, load_img

    from ...training.keras_file import input_of

    network = keras.saving.load_model(model, compile=False)
    size = (input_of(network)[0],) * 2
    found = []
    for start in range(0, len(files), BATCH):
        batch = files[start : start + BATCH]
        x = np.stack([img_to_array(load_img(f, target_size=size, keep_aspect_ratio=True)) for f in batch])
        found.append(network.predict(x, batch_size=BATCH, verbose=0))
    return np.concatenate(found)

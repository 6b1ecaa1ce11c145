"""One `.keras` file that takes photographs of any size: cropping, resizing and scaling of pixels are inside, class names too."""

import io
import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Annotated

from pydantic import Field

from .. import keras_settings
from ..arrays import BROKEN, LIMIT
from ..errors import StudyError
from ..files import fitting
from ..paths import project_root
from ..results.records import digest, write_atomic
from ..results.schema import Open, Weights
from ..results.store import Store

NAME = "compact-finetuned.keras"
NOTES = "transferstudy.json"  # Keras reads its own members of the archive and leaves others alone
_SQUARE = "square"  # name of the layer that makes a picture square


class Notes(Open):
    """What stands in the notes."""

    classes: Annotated[list[str], Field(min_length=2)]
    run: str
    weights: Weights


def export(store: Store, record: dict, path: Path) -> None:
    """Write the kept model of a run as a portable file.

    The file needs nothing but Keras 3: pixels (n, height, width, 3) in 0..255 go in, probabilities (n, classes) come out.
    Inside, an image is made square as the run's pictures were (`RunSpec.fit`) and resized with antialiasing to the side of the
    run. A square of that side passes unchanged: `predict` reads files as training does (`data.folders.pictures`) and gives it those.

    Args:
        store: where the run lies.
        record: its record; it must have kept its weights.
        path: the file to write; replaced whole or not at all.

    Raises:
        StudyError: the run kept no weights, or its network prepares pixels in another way than division by 255.
    """
    import keras
    from keras import layers

    from ..models.kept import rebuild
    from ..plan.backbones import get_backbone

    spec = record["spec"]
    if get_backbone(spec["backbone"]).preprocessing is not None:
        raise StudyError(
            f"run {record['id']}: {spec['backbone']} is too large to ship; export a run of the compact network"
        )
    model = rebuild(store, record)
    rest = keras.Model(model.get_layer("preprocess").output, model.output, name=spec["backbone"])
    side = record["data"]["side"]
    pixels = keras.Input((None, None, 3), name="pixels")
    fit = f"{spec.get('fit', 'crop')}_to_aspect_ratio"  # a record of an older study has no `fit`: it cropped
    x = layers.Resizing(side, side, antialias=True, name=_SQUARE, **{fit: True})(pixels)
    x = rest(layers.Rescaling(1 / 255, name="scale")(x))
    whole = keras.Model(pixels, layers.Softmax(name="probabilities")(x), name="portable")
    # Called as whole(images), Keras' image layers switch the layers after them to training, and batch normalisation would
    # then learn from what it should classify. A frozen one never does.
    whole.trainable = False
    notes = {"classes": record["data"]["classes"], "run": record["id"], "weights": record["weights"]}
    save(whole, path, notes)


def save(whole, path: Path, notes: dict) -> str:
    """Write a model with its notes as one `.keras` file and return the file's SHA-256.

    Args:
        whole: a portable model, which takes pixels and gives probabilities.
        path: where to.
        notes: `classes` and whatever else a reader of the file should know, as plain values.
    """
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / NAME
        whole.save(saved)
        with zipfile.ZipFile(saved, "a") as archive:
            archive.writestr(NOTES, json.dumps(notes, indent=1, ensure_ascii=False))
        content = deflated(saved)
    write_atomic(path, content)
    return digest(content)


def deflated(path: Path) -> bytes:
    """Return a zip archive with the same members, compressed: Keras does not, and weights from float16 shrink by half.

    Args:
        path: the archive.

    Raises:
        OSError, zipfile.BadZipFile: missing, or no such archive.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            # The date of a ZipInfo is a fixed one, so that the same members give the same file.
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def _elsewhere(path: Path) -> str:
    """Where the model may be instead: beside a study whose pictures have changed, or in the project's history."""
    if kept := sorted((path.parent / "earlier").glob(f"*/{path.name}")):
        return f", or take the model of the earlier pictures, {kept[-1]}, until the study is made again"
    if path.resolve().parent == project_root() / "results" / "models":
        return ", or restore the project's own model: git checkout -- results/models"
    return ""


def open_portable(path: Path):
    """Open a file that `export` wrote.

    Returns:
        Keras model from pixels (n, height, width, 3) in 0..255 to probabilities (n, classes), and the notes: a dict with
        `classes` (names in the order of the probabilities), `run` and `weights`.

    Raises:
        StudyError: missing, damaged, of another origin, or written by a version of Keras whose files this one cannot open.
    """
    if not path.is_file():
        raise StudyError(f"--model: {path} does not exist. Check the path{_elsewhere(path)}.")
    notes = read_notes(path)
    import keras

    keras_settings.use()
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # whatever Keras, HDF5 or zlib raise when the bytes make no sense
        if (made := _keras_version(path)) not in (None, keras.__version__):
            raise StudyError(
                f"{path}: Keras {made} wrote this model, and Keras {keras.__version__} cannot open it. Install that version with "
                f"python -m pip install keras=={made}, or make the model again here."
            ) from None
        raise StudyError(
            f"{path}: cannot be read as a .keras file ({' '.join(str(error).split())[:300]}); restore or fetch it again"
        ) from None
    if model.output_shape[1:] != (len(notes["classes"]),):
        raise StudyError(
            f"{path}: it names {len(notes['classes'])} classes, but its network has another number of outputs; restore or "
            "fetch it again"
        )
    return model, notes


def _keras_version(path: Path) -> str | None:
    """Return the version of Keras that wrote a file, as it says itself, or None where it says none that could be one."""
    try:
        with zipfile.ZipFile(path) as archive:
            made = json.loads(archive.read("metadata.json"))["keras_version"]
    except BROKEN:
        return None
    return made if isinstance(made, str) and re.fullmatch(r"\d[\w.]{0,20}", made, re.ASCII) else None


def read_notes(path: Path) -> dict:
    """Return what `export` noted in a portable file; the network itself is not opened.

    Raises:
        StudyError: no zip archive, larger unpacked than `LIMIT`, without notes, or with notes of another form.
    """
    mend = "restore or fetch it again, or make one with python -m transferstudy export"
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > LIMIT:
                raise StudyError(
                    f"{path}: unpacks to {size / 1e9:.1f} GB, more than any model of the study; {mend}"
                )
            notes = json.loads(archive.read(NOTES))
    except KeyError:
        raise StudyError(f"{path}: a Keras model without class names; {mend}") from None
    except BROKEN as error:
        raise StudyError(f"{path}: cannot be read as a .keras file ({error}); {mend}") from None
    fitting(Notes, notes, f"{path}, {NOTES} in it", mend)
    return notes


def input_of(model) -> tuple[int, str]:
    """Return how a portable model wants its pictures: pixels a side, and "crop" or "pad", as `data.folders.pictures` takes them.

    Args:
        model: as `open_portable` returns it.
    """
    layer = model.get_layer(_SQUARE)
    return layer.height, "pad" if layer.pad_to_aspect_ratio else "crop"

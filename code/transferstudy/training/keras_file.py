"""One `.keras` file that takes photographs of any size: cropping, resizing and scaling of pixels are inside, class names too."""

import io
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from ..errors import StudyError
from ..results.store import Store, write_atomic

NAME = "compact-finetuned.keras"
NOTES = "transferstudy.json"  # Keras reads its own members of the archive and leaves others alone
MIN_SIDE = 8


def export(store: Store, record: dict, path: Path) -> None:
    """Write the kept model of a run as a portable file.

    The file needs nothing but Keras 3: pixels (n, height, width, 3) in 0..255 go in, probabilities (n, classes) come out.
    An image is cropped to a centred square and resized with antialiasing to the side that the run was trained at.

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
    x = layers.Resizing(side, side, crop_to_aspect_ratio=True, antialias=True, name="square")(pixels)
    x = rest(layers.Rescaling(1 / 255, name="scale")(x))
    whole = keras.Model(pixels, layers.Softmax(name="probabilities")(x), name="portable")
    # Called as whole(images), Keras' image layers switch the layers after them to training, and batch normalisation would
    # then learn from what it should classify. A frozen one never does.
    whole.trainable = False
    notes = {"classes": record["data"]["classes"], "run": record["id"], "weights": record["weights"]}
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / NAME
        whole.save(saved)
        with zipfile.ZipFile(saved, "a") as archive:
            archive.writestr(NOTES, json.dumps(notes, indent=1))
        write_atomic(path, deflated(saved))


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


def open_portable(path: Path):
    """Open a file that `export` wrote.

    Returns:
        Keras model from pixels (n, height, width, 3) in 0..255 to probabilities (n, classes), and the notes: a dict with
        `classes` (names in the order of the probabilities), `run` and `weights`.

    Raises:
        StudyError: missing, damaged, or a Keras file of another origin.
    """
    import keras

    if not path.is_file():
        raise StudyError(
            f"--model: {path} does not exist; git checkout -- results/models brings the one of the project back"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            notes = json.loads(archive.read(NOTES))
        return keras.saving.load_model(path, compile=False), notes
    except KeyError:
        raise StudyError(
            f"{path}: a Keras model without class names; make one with python -m transferstudy export"
        ) from None
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise StudyError(
            f"{path}: cannot be read as a .keras file ({error}); restore or fetch it again"
        ) from None


def read_photo(path: Path) -> np.ndarray:
    """Read an image file as uint8 RGB pixels (height, width, 3), turned upright as its EXIF data say.

    Raises:
        StudyError: missing, no image, or smaller than 8 pixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not path.is_file():
        raise StudyError(
            f"{path}: no such file" if not path.exists() else f"{path}: not a file; name images one by one"
        )
    try:
        with Image.open(path) as image:
            pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except UnidentifiedImageError:
        raise StudyError(f"{path}: not an image that Pillow can read; convert it to PNG or JPEG") from None
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise StudyError(f"{path}: cannot be read as an image ({error}); it may be cut short") from None
    if min(pixels.shape[:2]) < MIN_SIDE:
        raise StudyError(
            f"{path}: {pixels.shape[1]} x {pixels.shape[0]} pixels; needs at least {MIN_SIDE} a side"
        )
    return pixels

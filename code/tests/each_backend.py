"""Asks the backend of this process everything that must hold on each one, without a network: FOLDER takes what it answers.

test_each_backend.py starts it once for each backend, because to start one takes longer than any answer.
"""

import json
import socket
import sys
import traceback
from pathlib import Path

import keras
import numpy as np

from transferstudy.cli import main
from transferstudy.data import load
from transferstudy.errors import StudyError
from transferstudy.experiments.inside.gradcam import grad_cam
from transferstudy.experiments.keras_mistakes import backends
from transferstudy.models import load_weights
from transferstudy.plan.presets import expand
from transferstudy.results.store import Store
from transferstudy.training.run import start_model

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "results" / "weights" / "tiny-imagenet-vgg16.npz"
IMAGES = 6


def mistakes(folder: Path) -> dict:
    """What the chapter on mistakes says of this backend."""
    return {"keras": keras.__version__, "answers": backends.answers()}


def training(folder: Path) -> str:
    """Train the smallest run, check what is stored; the backend that its record names."""
    results = ["--results", str(folder / "results")]
    assert main(["run", "--preset", "smoke", "--progress", "none", *results]) == 0
    assert main(["verify", *results]) == 0
    store = Store(folder / "results")
    return store.load(store.ids()[0])["environment"]["backend"]


def features(folder: Path) -> list[list[float]]:
    """Features of some images from the shipped weights in Keras' own VGG16, (images, 512)."""
    plain = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    assert len(load_weights(plain, str(FILE))) == 13
    x = load("cifar10-sample").x_test[:IMAGES].astype("float32")
    return plain.predict(keras.applications.vgg16.preprocess_input(x), verbose=0).tolist()


def maps(folder: Path) -> float:
    """How far Grad-CAM is from CAM at most, where both are the same.

    With global average pooling and one linear layer, Grad-CAM is CAM: the activations weighted by the class' weights
    (Selvaraju et al. 2017, appendix A).
    """
    keras.utils.set_random_seed(3)
    inputs = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(5, 3, padding="same", activation="relu", name="map")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(4, name="logits")(x))
    images = np.random.default_rng(0).integers(0, 256, (70, 12, 12, 3)).astype("uint8")
    classes = np.arange(70) % 4
    found = grad_cam(model, images, classes, "map")
    assert found.dtype == np.float32
    assert found.shape == (70, 12, 12)
    seen = keras.ops.convert_to_numpy(
        keras.Model(inputs, model.get_layer("map").output)(images.astype("float32"))
    )
    kernel = model.get_layer("logits").get_weights()[0]
    cam = np.maximum(np.einsum("nhwc,cn->nhw", seen, kernel[:, classes]), 0)
    peak = cam.max(axis=(1, 2), keepdims=True)
    cam = np.divide(cam, peak, out=np.zeros_like(cam), where=peak > 0)
    assert (found.max(axis=(1, 2)) == 1).any()
    return float(np.abs(found - cam).max())


def sixteen_bits(folder: Path) -> str:
    """How the smallest network computes in 16 bits: as in 32, wrong by how much, or why it is refused."""
    spec = next(s for s in expand("report") if s.strategy == "small_scratch")
    pixels, seen = np.random.default_rng(1).uniform(0, 255, (8, 32, 32, 3)), {}
    for precision in ("float32", "mixed_bfloat16"):
        try:
            model, _ = start_model(spec.model_copy(update={"precision": precision}), 10, 32, None)
        except StudyError as error:
            return f"refused {precision}: {error}"
        seen[precision] = model.predict(pixels, verbose=0)
    gap = np.abs(seen["float32"] - seen["mixed_bfloat16"]).max() / np.abs(seen["float32"]).max()
    return "right" if gap < 0.1 else f"wrong by {gap:.2f}"


def refuse(*arguments, **options):
    raise OSError("this runs without a network")


if __name__ == "__main__":
    socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
    said = {"backend": keras.backend.backend(), "failed": {}}
    for ask in (mistakes, features, maps, sixteen_bits, training):
        try:
            said[ask.__name__] = ask(Path(sys.argv[1]))
        except Exception:  # one that fails leaves the others to be told
            said["failed"][ask.__name__] = traceback.format_exc()
    Path(sys.argv[1], "said.json").write_text(json.dumps(said))

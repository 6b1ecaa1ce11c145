"""The shipped weights load offline into Keras' own VGG16 on each backend and give the features that their definition gives."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from transferstudy.data import load
from transferstudy.models.archives import read_arrays
from transferstudy.pretraining.records import file_digest, manifests

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "results" / "weights" / "tiny-imagenet-vgg16.npz"
IMAGES = 6
# What `preprocess_input` takes off the channels blue, green and red: ImageNet's means (keras.applications.imagenet_utils).
MEANS = np.array([103.939, 116.779, 123.68], np.float32)

FEATURES = """
import socket, sys
import numpy as np

def refuse(*arguments, **options):
    raise OSError("this test runs without a network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
import keras
from transferstudy.data import load
from transferstudy.models import load_weights

plain = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
assert len(load_weights(plain, sys.argv[1])) == 13
x = load("cifar10-sample").x_test[: int(sys.argv[2])].astype("float32")
np.save(sys.argv[3], plain.predict(keras.applications.vgg16.preprocess_input(x), verbose=0))
print("features on", keras.backend.backend())
"""


def convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """A convolution of 3 by 3 pixels with zeros around the image, and the rectifier: (n, h, w, in) to (n, h, w, out)."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))  # (n, h, w, in, 3, 3)
    return np.maximum(np.einsum("nhwcij,ijco->nhwo", windows, kernel, optimize=True) + bias, 0)


@pytest.fixture(scope="module")
def by_definition() -> np.ndarray:
    """Pooled features of a few images in NumPy alone: VGG16 as Simonyan and Zisserman (2015, table 1, column D) have it."""
    arrays = read_arrays(FILE)
    x = load("cifar10-sample").x_test[:IMAGES].astype(np.float32)[..., ::-1] - MEANS
    for block, layers in enumerate((2, 2, 3, 3, 3), 1):
        for layer in range(1, layers + 1):
            name = f"block{block}_conv{layer}"
            x = convolved(x, arrays[f"{name}/kernel"], arrays[f"{name}/bias"])
        n, h, w, c = x.shape
        x = x.reshape(n, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))
    return x.mean(axis=(1, 2))


def test_every_shipped_file_is_the_one_that_its_manifest_names_and_small_enough():
    found = manifests(FILE.parent)
    assert {"tiny-imagenet-vgg16", "tiny-imagenet-compact"} <= set(found)
    for name, manifest in found.items():
        path = FILE.parent / manifest["file"]
        assert file_digest(path) == manifest["sha256"], name
        assert path.stat().st_size == manifest["bytes"] <= 16 * 10**6, name
    assert found["tiny-imagenet-compact"]["bytes"] < 10**6


@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_the_shipped_vgg16_gives_the_same_features_on_each_backend(backend, by_definition, tmp_path):
    wanted = backend == "tensorflow" or os.environ.get("TRANSFERSTUDY_TEST_BACKENDS") == "1"
    if not wanted and importlib.util.find_spec(backend) is None:
        pytest.skip(
            f"{backend} is not installed; TRANSFERSTUDY_TEST_BACKENDS=1 make test installs and tests it"
        )
    env = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    out = tmp_path / "features.npy"
    done = subprocess.run(
        [sys.executable, "-c", FEATURES, str(FILE), str(IMAGES), str(out)],
        env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"features on {backend}" in done.stdout
    features = np.load(out)
    assert features.shape == by_definition.shape == (IMAGES, 512)
    assert features.max() > 0.5, "features are not all but zero"
    assert np.abs(features - by_definition).max() < 1e-3

"""The shipped weights load offline into Keras' own VGG16 on each backend and give the features that their definition gives."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from transferstudy.data import load
from transferstudy.experiments.pretraining import packing_cost
from transferstudy.models import build_model, imagenet
from transferstudy.models.archives import read_arrays
from transferstudy.models.weights import get_arrays
from transferstudy.models.weightsfile import find_weights
from transferstudy.plan.spec import WEIGHT_NAMES
from transferstudy.results.pretrained import file_digest, manifests

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
    assert (
        {"tiny-imagenet-vgg16", "tiny-imagenet-compact", "imagenet-vgg16-int8"}
        <= set(found)
        <= set(WEIGHT_NAMES)
    )
    for name, manifest in found.items():
        path = FILE.parent / manifest["file"]
        assert file_digest(path) == manifest["sha256"], name
        assert path.stat().st_size == manifest["bytes"] <= 16 * 10**6, name
    assert found["tiny-imagenet-compact"]["bytes"] < 10**6


def test_imagenets_vgg16_in_8_bits_stays_close_to_the_exact_weights_and_keeps_a_name_of_its_own():
    path = FILE.parent / "imagenet-vgg16-int8.npz"
    file, manifest = find_weights(str(path)), manifests(FILE.parent)["imagenet-vgg16-int8"]
    assert (file.name, file.misfit("vgg16")) == ("imagenet-vgg16-int8", None)
    assert manifest["made_from"]["sha256"] == imagenet.SHA256
    # Single weights that public code asserts of Keras' file: rounded to 1 of 127 steps of their output channel.
    arrays = read_arrays(path)
    assert arrays["block1_conv1/kernel"][0, 0, 0, 0] == pytest.approx(0.42947057, abs=0.005)
    assert arrays["block1_conv1/bias"][25] == np.float32(0.7446502)
    probe = manifest["probe"]
    assert len(probe["seeds"]) >= 2
    for before, after, agree in zip(probe["before"], probe["after"], probe["agree"], strict=True):
        assert before > 0.5
        assert abs(before - after) < 0.02
        assert agree > 0.95


def test_a_probe_measures_what_packing_costs(tmp_path, monkeypatch):
    files = []
    for seed in (0, 1):  # the second file stands for a packing that destroys everything
        keras.utils.set_random_seed(seed)
        path = tmp_path / f"{seed}.npz"
        np.savez(path, **get_arrays(build_model("compact", 10, 32)))
        files.append(find_weights(str(path)))
    for name, value in {"N_LABELS": 100, "HELD_OUT": 100, "SEEDS": (0,)}.items():
        monkeypatch.setattr(packing_cost, name, value)
    data = replace(load("cifar10-sample"), x_test=None, y_test=None)  # test images are not to be read
    cost = packing_cost.probe_cost(*files, "compact", 32, data)
    assert cost["before"][0] > 0.1
    assert cost["agree"][0] < 0.9
    assert cost["data"] == {"name": data.name, "sha256": data.sha256}


@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_the_shipped_vgg16_gives_the_same_features_on_each_backend(backend, by_definition, tmp_path):
    wanted = backend == "tensorflow" or os.environ.get("TRANSFERSTUDY_TEST_ALL") == "1"
    if not wanted and importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; TRANSFERSTUDY_TEST_ALL=1 make test installs and tests it")
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

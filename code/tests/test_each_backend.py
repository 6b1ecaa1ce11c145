"""What must hold on TensorFlow, JAX and PyTorch alike: a run, the features of the shipped weights, Grad-CAM, 16 bits, pitfalls.

TRANSFERSTUDY_TEST_ALL=1 installs JAX and PyTorch (CI does); there they must work.
"""

import importlib.util
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import each_backend
import numpy as np
import pytest

from transferstudy.data import load
from transferstudy.experiments.keras_mistakes import stored
from transferstudy.experiments.keras_mistakes.backends import BACKENDS
from transferstudy.models.archives import read_arrays

# What `preprocess_input` takes off the channels blue, green and red: ImageNet's means (keras.applications.imagenet_utils).
MEANS = np.array([103.939, 116.779, 123.68], np.float32)


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request) -> str:
    asked = request.param == "tensorflow" or os.environ.get("TRANSFERSTUDY_TEST_ALL") == "1"
    if not asked and importlib.util.find_spec(request.param) is None:
        pytest.skip(
            f"{request.param} is not installed; TRANSFERSTUDY_TEST_ALL=1 make test installs and tests it"
        )
    return request.param


@pytest.fixture(scope="module")
def said(backend, tmp_path_factory):
    """Gives what the backend answered to one question, after all were put to it."""
    folder = tmp_path_factory.mktemp(backend)
    ours = ("TRANSFERSTUDY_DATA", "TRANSFERSTUDY_WEIGHTS", "TRANSFERSTUDY_RESULTS")
    env = {k: v for k, v in os.environ.items() if k not in ours}
    env |= {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, each_backend.__file__, str(folder)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    answers = json.loads((folder / "said.json").read_text())
    assert answers["backend"] == backend

    def answer(question: str):
        assert question in answers, answers["failed"][question]
        return answers[question]

    return answer


def test_it_trains_stores_and_verifies_a_run(said, backend):
    assert said("training") == backend


@cache
def by_definition() -> np.ndarray:
    """Pooled features of a few images in NumPy alone: VGG16 as Simonyan and Zisserman (2015, table 1, column D) have it."""
    arrays = read_arrays(each_backend.FILE)
    x = load("cifar10-sample").x_test[: each_backend.IMAGES].astype(np.float32)[..., ::-1] - MEANS
    for block, layers in enumerate((2, 2, 3, 3, 3), 1):
        for layer in range(1, layers + 1):
            name = f"block{block}_conv{layer}"
            x = convolved(x, arrays[f"{name}/kernel"], arrays[f"{name}/bias"])
        n, h, w, c = x.shape
        x = x.reshape(n, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))
    return x.mean(axis=(1, 2))


def convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """A convolution of 3 by 3 pixels with zeros around the image, and the rectifier: (n, h, w, in) to (n, h, w, out)."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))  # (n, h, w, in, 3, 3)
    return np.maximum(np.einsum("nhwcij,ijco->nhwo", windows, kernel, optimize=True) + bias, 0)


def test_the_shipped_vgg16_gives_the_features_of_its_definition(said):
    features = np.array(said("features"))
    assert features.shape == by_definition().shape == (each_backend.IMAGES, 512)
    assert features.max() > 0.5, "features are not all but zero"
    assert np.abs(features - by_definition()).max() < 1e-3


def test_grad_cam_of_a_pooled_linear_network_is_cam(said):
    assert said("maps") <= 1e-4


def test_sixteen_bits_compute_the_same_network_or_are_refused(said, backend):
    """Some versions of JAX compile bfloat16 convolutions wrongly on a processor: nobody may train with that unawares."""
    answer = said("sixteen_bits")
    refused = answer.startswith("refused mixed_bfloat16: JAX on this processor")
    assert answer == "right" or (backend == "jax" and refused), answer


def test_the_stored_answers_on_mistakes_are_what_the_installed_backend_does(said, backend):
    kept = stored.read(Path(each_backend.ROOT, "results"), stored.BACKENDS)["backends"][backend]
    assert kept["installed"], f"{backend} was not asked: sh code/environment.sh backends, then make it again"
    assert said("mistakes") == {name: kept[name] for name in ("keras", "answers")}

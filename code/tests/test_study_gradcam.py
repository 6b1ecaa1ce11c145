"""Grad-CAM: equal to the known answer where there is one, on each backend that is installed."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from transferstudy.errors import StudyError
from transferstudy.experiments.inside.gradcam import grad_cam, map_layer
from transferstudy.models import build_model

# With global average pooling and one linear layer, Grad-CAM is CAM: the activations weighted by the class' weights
# (Selvaraju et al. 2017, appendix A).
SAME_AS_CAM = """
import keras, numpy as np
from transferstudy.experiments.inside.gradcam import grad_cam
keras.utils.set_random_seed(3)
inputs = keras.Input((12, 12, 3))
x = keras.layers.Conv2D(5, 3, padding="same", activation="relu", name="map")(inputs)
x = keras.layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, keras.layers.Dense(4, name="logits")(x))
images = np.random.default_rng(0).integers(0, 256, (70, 12, 12, 3)).astype("uint8")
classes = np.arange(70) % 4
maps = grad_cam(model, images, classes, "map")
seen = keras.ops.convert_to_numpy(keras.Model(inputs, model.get_layer("map").output)(images.astype("float32")))
kernel = model.get_layer("logits").get_weights()[0]
cam = np.maximum(np.einsum("nhwc,cn->nhw", seen, kernel[:, classes]), 0)
peak = cam.max(axis=(1, 2), keepdims=True)
cam = np.divide(cam, peak, out=np.zeros_like(cam), where=peak > 0)
assert maps.dtype == np.float32 and maps.shape == (70, 12, 12)
np.testing.assert_allclose(maps, cam, atol=1e-4)
assert 0 < (maps.max(axis=(1, 2)) == 1).mean()
print("same on", keras.backend.backend())
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_grad_cam_of_a_pooled_linear_network_is_cam(backend):
    wanted = backend == "tensorflow" or os.environ.get("TRANSFERSTUDY_TEST_ALL") == "1"
    if not wanted and importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; TRANSFERSTUDY_TEST_ALL=1 make test installs and tests it")
    env = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", SAME_AS_CAM], env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"same on {backend}" in done.stdout


@pytest.mark.parametrize(
    "backbone, layer", [("vgg16", "block3_conv3"), ("vgg16_bn", "block3_relu3"), ("compact", "block3_relu2")]
)
def test_the_layer_is_deep_but_its_map_is_large_enough(backbone, layer):
    model = build_model(backbone, 10, 32)
    assert map_layer(model) == layer
    assert model.get_layer(layer).output.shape[1:3] == (8, 8)


def test_maps_of_the_study_s_network_lie_in_0_to_1_and_depend_on_the_class():
    keras.utils.set_random_seed(0)
    model = build_model("compact", 10, 32)
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    one, other = (grad_cam(model, images, np.full(3, c), map_layer(model)) for c in (0, 1))
    for maps in (one, other):
        assert maps.shape == (3, 8, 8)
        assert maps.min() >= 0
        assert maps.max() == pytest.approx(1)
    assert not np.allclose(one, other)


def test_wrong_input_is_named():
    model = build_model("compact", 10, 32)
    images = np.zeros((2, 32, 32, 3), np.uint8)
    with pytest.raises(StudyError, match="no layer 'block9'"):
        grad_cam(model, images, [0, 1], "block9")
    with pytest.raises(StudyError, match="'pooled' gives no map"):
        grad_cam(model, images, [0, 1], "pooled")
    with pytest.raises(StudyError, match="2 images need as many classes"):
        grad_cam(model, images, [0], map_layer(model))
    with pytest.raises(StudyError, match="no layer has a map of 40 by 40"):
        map_layer(model, 40)
    assert grad_cam(model, images[:0], [], map_layer(model)).shape == (0, 8, 8)

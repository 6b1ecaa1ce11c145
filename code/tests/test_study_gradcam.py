"""Grad-CAM: which layer it looks at, and what it refuses; test_each_backend.py holds it against a known answer."""

import keras
import numpy as np
import pytest

from transferstudy.errors import StudyError
from transferstudy.experiments.inside.gradcam import grad_cam, map_layer
from transferstudy.models import build_model


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

"""The first layer's filters as pictures."""

import keras
import numpy as np

from ...errors import StudyError
from ...plan.backbones import get_backbone

# Modules of keras.applications whose `preprocess_input` turns RGB into BGR ("caffe" mode).
_BGR = {"vgg16", "vgg19", "resnet"}


def first_convolution(model: keras.Model):
    """Return the first convolution of a model.

    Raises:
        StudyError: it has none.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            return layer
    raise StudyError(f"{model.name} has no convolution")


def filter_pictures(model: keras.Model) -> np.ndarray:
    """Return the first convolution's filters as RGB pictures, each stretched to its own range.

    Args:
        model: of `models.build_model`; its name says how pixels are prepared, and so the order of the colours.

    Returns:
        float32 (filters, height, width, 3) in 0..1; middle grey is zero.

    Raises:
        StudyError: no convolution, or its input has not three channels.
    """
    kernel = np.asarray(first_convolution(model).get_weights()[0], np.float32)
    if kernel.shape[2] != 3:
        raise StudyError(
            f"{model.name}: the first convolution sees {kernel.shape[2]} channels, not 3 colours"
        )
    pictures = kernel.transpose(3, 0, 1, 2)
    if get_backbone(model.name).preprocessing in _BGR:
        pictures = pictures[..., ::-1]
    peak = np.abs(pictures).max(axis=(1, 2, 3), keepdims=True)
    return 0.5 + 0.5 * np.divide(pictures, peak, out=np.zeros_like(pictures), where=peak > 0)

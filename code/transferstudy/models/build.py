"""Build a classifier: raw pixels in, class logits out."""

import keras
import numpy as np
from keras import layers

from .. import keras_settings
from ..errors import StudyError
from ..plan.backbones import Backbone, get_backbone
from .convolution import convolve_in_float32, gradient_by_products, without_avx512
from .imagenet import BACKBONE as IMAGENET_BACKBONE
from .layout import Shapes, shapes_of
from .own import OWN_NETWORKS
from .weights import download, get_arrays, set_arrays

HEAD_PREFIX = "head_"
STANDARDISE = HEAD_PREFIX + "standardise"


@keras.saving.register_keras_serializable("transferstudy")
class Preprocess(layers.Layer):
    """The backbone's own preparation of pixels, as a layer, so that raw RGB in 0..255 goes into the model.

    Args:
        preprocessing: module of `keras.applications` whose `preprocess_input` is applied (for VGG16: RGB to BGR, ImageNet
            means subtracted, no division; keras.io/api/applications/vgg), or None for division by 255.
    """

    def __init__(self, preprocessing: str | None, **kwargs):
        # Pixels stay float32 under mixed precision: 255 steps do not fit bfloat16's 8 bits after the mean is subtracted.
        super().__init__(**{"name": "preprocess", "dtype": "float32", "trainable": False, **kwargs})
        self.preprocessing = preprocessing

    def call(self, x):
        if self.preprocessing is None:
            return x / 255.0
        return getattr(keras.applications, self.preprocessing).preprocess_input(x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "preprocessing": self.preprocessing}


def build_model(
    backbone: str,
    n_classes: int,
    side: int,
    image_size: int | None = None,
    head: str = "linear",
    standardise: bool = False,
    weights: str | None = None,
    precision: str = "float32",
) -> keras.Model:
    """Build backbone and head as one flat functional model, so that it can be cut at any layer.

    Args:
        backbone: name in `transferstudy.plan.backbones.BACKBONES`.
        n_classes: number of logits.
        side: pixels a side of the images that go in (float or uint8, 0..255, RGB).
        image_size: pixels a side that the backbone sees; images are resized bilinearly when it differs from `side`.
        head: "linear" (global average pooling, then one dense layer) or "mlp" (a hidden layer of 256 with dropout between).
        standardise: whether the head standardises the pooled features, with statistics that `standardise_head` sets once.
            Pretrained and random features differ in scale by orders of magnitude; standardised, one learning rate suits both.
        weights: None for a random start (He et al. 2015, arXiv:1502.01852) or "imagenet" (Keras downloads them;
            those of VGG16 must be the ones that `imagenet` describes).
        precision: Keras' dtype policy. It is set here for every network, so that none inherits that of the one before.

    Returns:
        Uncompiled model; the head's layers are named `head_*`.

    Raises:
        StudyError: unknown backbone, an image too small for it, or weights that cannot be downloaded or are others.
    """
    keras_settings.use(precision)
    facts, image_size = get_backbone(backbone), image_size or side
    if image_size < facts.min_size:
        raise StudyError(
            f"backbone {backbone!r} needs images of at least {facts.min_size} pixels, not {image_size}"
        )
    inputs = keras.Input((side, side, 3), name="pixels")
    x = inputs
    if image_size != side:
        x = layers.Resizing(image_size, image_size, interpolation="bilinear", name="resize")(x)
    x = Preprocess(facts.preprocessing)(x)
    checked = download() if weights is not None and backbone == IMAGENET_BACKBONE else None
    x = _backbone(facts, x, weights if checked is None else None)
    x = layers.GlobalAveragePooling2D(name="pooled", dtype="float32")(x)
    if standardise:
        x = layers.BatchNormalization(
            center=False, scale=False, trainable=False, name=STANDARDISE, dtype="float32"
        )(x)
    if head == "mlp":
        x = layers.Dense(256, activation="relu", name=HEAD_PREFIX + "hidden")(x)
        x = layers.Dropout(0.5, name=HEAD_PREFIX + "dropout")(x)
    # Logits in float32 even under mixed precision: a softmax in 16 bits loses the small probabilities.
    logits = layers.Dense(n_classes, name=HEAD_PREFIX + "logits", dtype="float32")(x)
    model = keras.Model(inputs, logits, name=backbone)
    if checked is not None:
        set_arrays(model, checked, "Keras' download")
    if without_avx512():
        gradient_by_products(model)
        convolve_in_float32(model)
    return model


def built_shapes(backbone: str) -> Shapes:
    """Build a network and return the shape of every weight of its backbone, by `<layer>/<variable>`.

    Raises:
        StudyError: unknown backbone.
    """
    return shapes_of(get_arrays(build_model(backbone, 2, get_backbone(backbone).min_size)))


def _backbone(facts: Backbone, x, weights: str | None):
    if facts.application is None:
        return OWN_NETWORKS[facts.name](x)
    builder = getattr(keras.applications, facts.application)
    options = {"include_preprocessing": False} if facts.name == "efficientnet_v2_b0" else {}
    try:
        model = builder(include_top=False, weights=weights, input_tensor=x, **options)
    except Exception as error:
        if weights is None:
            raise
        raise StudyError(
            f"{facts.application} weights {weights!r} could not be downloaded ({error}); give a file with --weights PATH"
        ) from None
    if weights is None:
        he_initialise(model)
    return model.output


def standardise_head(model: keras.Model, features: np.ndarray) -> None:
    """Set the head's mean and variance from pooled training features of shape (n, width); they stay fixed from then on.

    A hundredth of the average variance is added to each: a unit that happens to be silent on all training images would
    otherwise be divided by almost nothing, and one test image that wakes it would drown every other unit.
    """
    variance = features.var(axis=0)
    model.get_layer(STANDARDISE).set_weights(
        [features.mean(axis=0), variance + 0.01 * variance.mean() + 1e-12]
    )


def set_norm_momentum(model: keras.Model, momentum: float) -> None:
    """Set how slowly the running statistics of the backbone's batch normalisation follow.

    Keras' 0.99 averages over about a hundred steps. In a schedule of two hundred they lag so far behind the weights that a
    network which has learned its images cannot be used for others; the head's own statistics never move.

    Args:
        model: of `build_model`; compile it afterwards.
        momentum: the share of the old statistics that a step keeps, 0..1.
    """
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization) and layer.name != STANDARDISE:
            layer.momentum = momentum


def he_initialise(model: keras.Model) -> None:
    """Draw all convolution and dense kernels anew from He's normal distribution (He et al. 2015, arXiv:1502.01852, eq. 10).

    Keras' default (Glorot) halves the variance at every rectifier: after VGG16's 13 layers almost nothing of the signal is left.
    """
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.Dense) and not isinstance(layer, layers.DepthwiseConv2D):
            layer.kernel.assign(keras.initializers.HeNormal()(layer.kernel.shape))

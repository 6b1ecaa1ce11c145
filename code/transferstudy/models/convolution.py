"""Convolutions in bfloat16 where there is no GPU: slow on some processors, and wrong in some versions of XLA."""

import platform

import keras
import numpy as np

from ..errors import StudyError
from ..results.environment import accelerators, instructions


def slow_in_bfloat16() -> bool:
    """Say whether TensorFlow computes here on an x86 processor without AVX-512, and without a GPU.

    There oneDNN does not take bfloat16, and TensorFlow falls back to its own convolutions, several times slower:
    https://github.com/tensorflow/tensorflow/pull/62011.
    """
    if keras.backend.backend() != "tensorflow" or platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    import tensorflow as tf

    wide = any(name == "X86_V4" or name.startswith("AVX512") for name in instructions())
    return not wide and not tf.config.list_physical_devices("GPU")


def check_arithmetic(model: keras.Model) -> None:
    """Refuse to go on where JAX, on a processor, compiles a bfloat16 network into one that computes something else.

    Seen with jax 0.11.2: two bfloat16 convolutions and a pooling, compiled together, give NaN or zeros, while the same
    operations one by one are right. Nothing fails then; a network only seems to learn nothing. So a few images of noise go
    through the network both ways. On other backends, on a GPU and in float32 nothing is done.

    Args:
        model: from pixels (n, side, side, 3) in 0..255 to logits, untrained or not.

    Raises:
        StudyError: the two ways differ by more than rounding.
    """
    if keras.backend.backend() != "jax" or accelerators():
        return
    if not any(layer.compute_dtype == "bfloat16" for layer in model.layers):
        return
    pixels = np.random.default_rng(0).uniform(0, 255, (4, *model.input_shape[1:])).astype("float32")
    one_by_one = np.asarray(model(pixels, training=False), "float32")
    compiled = model.predict(pixels, verbose=0)
    if not np.abs(compiled - one_by_one).max() <= 0.1 * np.abs(one_by_one).max():  # NaN fails, too
        raise StudyError(
            "JAX on this processor compiles bfloat16 convolutions wrongly (seen with jax 0.11.2): nothing was trained. Use a "
            "GPU, another version of jax, or KERAS_BACKEND=tensorflow"
        )


def convolve_in_float32(model: keras.Model) -> None:
    """Let the bfloat16 convolutions of a model multiply and add in float32, and round only what goes in and what comes out.

    That is what the instructions for bfloat16 do as well (products are exact, sums are float32), so results differ by the
    order of sums only. Gradients are rounded in the same places.

    Args:
        model: its `Conv2D` layers whose compute dtype is bfloat16 are changed in place; all others are left alone.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D) and layer.compute_dtype == "bfloat16":
            layer.convolution_op = _widened(layer.convolution_op)


def _widened(convolution):
    def convolve(inputs, kernel):
        wide = convolution(keras.ops.cast(inputs, "float32"), keras.ops.cast(kernel, "float32"))
        return keras.ops.cast(wide, "bfloat16")

    return convolve

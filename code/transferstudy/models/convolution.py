"""Convolutions in bfloat16 on processors that have no instructions for it."""

import platform

import keras

from ..environment import instructions


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

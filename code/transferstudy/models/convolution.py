"""Convolutions where there is no GPU: bfloat16 is slow on some processors and wrong in some versions of XLA, small maps are slow."""

import platform

import keras
import numpy as np

from ..errors import StudyError
from ..results.environment import accelerators, instructions

SMALL_MAP = 4  # pixels a side, up to which `gradient_by_products` pays


def without_avx512() -> bool:
    """Say whether TensorFlow computes here on an x86 processor without AVX-512, and without a GPU.

    There bfloat16 is slow: oneDNN does not take bfloat16, and TensorFlow falls back to its own convolutions, several times slower:
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


def gradient_by_products(model: keras.Model) -> None:
    """Give the 3x3 convolutions of small maps a gradient made of matrix products and of a forward convolution.

    Without AVX-512, TensorFlow's own gradient of a convolution of 512 channels on 2x2 pixels computes at a twentieth of the
    speed of the forward pass, on 4x4 pixels at a third; most of VGG16's weights lie there when images are small. The
    gradient is the same sum in another order (Goodfellow et al. 2016, Deep Learning, section 9.5: the gradient of the input is a
    convolution with the turned kernel, that of the kernel correlates input and gradient).

    Args:
        model: its `Conv2D` layers with 3x3 kernels, stride 1 and "same" padding whose input is at most `SMALL_MAP` pixels a
            side are changed in place; all others are left alone.
    """
    for layer in model.layers:
        if (
            isinstance(layer, keras.layers.Conv2D)
            and (layer.kernel_size, layer.strides, layer.dilation_rate) == ((3, 3), (1, 1), (1, 1))
            and (layer.padding, layer.groups) == ("same", 1)
            and max(layer.input.shape[1:3]) <= SMALL_MAP
        ):
            layer.convolution_op = _with_products()


def _with_products():
    import tensorflow as tf

    @tf.custom_gradient
    def convolve(inputs, kernel):
        def gradient(upstream):
            turned = tf.transpose(kernel[::-1, ::-1], (0, 1, 3, 2))
            height, width, channels = inputs.shape[1:]
            padded = tf.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)))
            flat = tf.reshape(upstream, (-1, kernel.shape[3]))
            products = [
                tf.matmul(
                    tf.reshape(padded[:, i : i + height, j : j + width], (-1, channels)),
                    flat,
                    transpose_a=True,
                )
                for i in range(3)
                for j in range(3)
            ]
            return tf.nn.conv2d(upstream, turned, 1, "SAME"), tf.reshape(tf.stack(products), kernel.shape)

        return tf.nn.conv2d(inputs, kernel, 1, "SAME"), gradient

    # A variable would be taken for one that the function hides from the tape.
    return lambda inputs, kernel: convolve(tf.convert_to_tensor(inputs), tf.convert_to_tensor(kernel))

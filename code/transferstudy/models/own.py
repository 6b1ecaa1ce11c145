"""Networks that Keras does not offer: VGG16 with batch normalisation, and small ones for small images."""

from functools import partial

from keras import layers

from .layout import STACKS, Stack


def _stack(x, stack: Stack):
    for stage, place, width in stack.layers():
        x = _conv(width, f"block{stage}_conv{place}", bias=not stack.batch_norm)(x)
        if stack.batch_norm:
            x = layers.BatchNormalization(epsilon=1e-5, name=f"block{stage}_bn{place}")(x)
        x = layers.Activation("relu", name=f"block{stage}_relu{place}")(x)
        if place == stack.depths[stage - 1]:
            x = layers.MaxPooling2D(name=f"block{stage}_pool")(x)
    return x


def _wide_residual(x, widen: int):
    """WRN-16-`widen` (Zagoruyko & Komodakis 2016, arXiv:1605.07146, table 1): three stages of two pre-activated blocks."""
    x = _conv(16, "stem_conv")(x)
    for stage, (width, stride) in enumerate(((16, 1), (32, 2), (64, 2)), 1):
        for block in (1, 2):
            x = _block(x, width * widen, stride if block == 1 else 1, f"block{stage}_{block}")
        x = layers.Activation("linear", name=f"block{stage}_out")(x)
    return _normalised(x, "top")


def _block(x, width: int, stride: int, name: str):
    inside = _normalised(x, f"{name}_1")
    # Where the shape changes, the shortcut starts after the first rectifier, as in the authors' figure 1.
    short = x if stride == 1 and x.shape[-1] == width else _conv(width, f"{name}_short", stride, 1)(inside)
    inside = _conv(width, f"{name}_conv1", stride)(inside)
    inside = _conv(width, f"{name}_conv2")(_normalised(inside, f"{name}_2"))
    return layers.Add(name=f"{name}_add")([short, inside])


def _normalised(x, name: str):
    return layers.Activation("relu", name=f"{name}_relu")(
        layers.BatchNormalization(epsilon=1e-5, name=f"{name}_bn")(x)
    )


def _conv(width: int, name: str, stride: int = 1, size: int = 3, bias: bool = False) -> layers.Conv2D:
    return layers.Conv2D(
        width,
        size,
        stride,
        padding="same",
        use_bias=bias,
        kernel_initializer="he_normal",
        name=name,
    )


# Name in `plan.backbones.BACKBONES` -> function from prepared pixels to the last map.
OWN_NETWORKS = {
    **{name: partial(_stack, stack=stack) for name, stack in STACKS.items()},
    "wrn16_2": partial(_wide_residual, widen=2),
}

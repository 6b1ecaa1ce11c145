"""Batch normalisation folded into the convolution before it: the same function with fewer parts."""

import numpy as np


def fold(kernel, gamma, beta, mean, variance, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel and bias of the one convolution that equals convolution, then normalisation.

    gamma (w*x - mean) / sqrt(variance + epsilon) + beta = (s w)*x + (beta - s mean) with s = gamma / sqrt(variance + epsilon)
    (Jacob et al. 2018, arXiv:1712.05877, section 3.2). Zero padding stays zero padding, so borders agree as well.

    Args:
        kernel: (height, width, in, out) of a convolution without bias.
        gamma: (out,), scale of the normalisation.
        beta: (out,), its offset.
        mean: (out,), its running mean.
        variance: (out,), its running variance.
        epsilon: what it adds to the variance.

    Returns:
        float32 arrays (height, width, in, out) and (out,).
    """
    scale = np.asarray(gamma, np.float64) / np.sqrt(np.asarray(variance, np.float64) + epsilon)
    folded = np.asarray(kernel, np.float64) * scale
    bias = np.asarray(beta, np.float64) - scale * np.asarray(mean, np.float64)
    return folded.astype(np.float32), bias.astype(np.float32)


def folded_arrays(model) -> dict[str, np.ndarray]:
    """Return the weights of a network of `block<i>_conv<k>` / `block<i>_bn<k>` pairs as those of one without normalisation.

    Args:
        model: `build_model("vgg16_bn", ...)`.

    Returns:
        float32 arrays `block<i>_conv<k>/kernel` and `/bias`, named as in `keras.applications.VGG16`, and the source task's
        `head/kernel` and `head/bias`.
    """
    arrays = {}
    for layer in model.layers:
        if "_conv" in layer.name:
            norm = model.get_layer(layer.name.replace("_conv", "_bn"))
            kernel, bias = fold(layer.get_weights()[0], *norm.get_weights(), norm.epsilon)
            arrays[f"{layer.name}/kernel"], arrays[f"{layer.name}/bias"] = kernel, bias
    return arrays | head_arrays(model)


def plain_arrays(model) -> dict[str, np.ndarray]:
    """Return a network's weights as they are, float32, named `<layer>/<variable>`, with the source task's head as `head/...`."""
    arrays = {
        f"{layer.name}/{variable.name}": np.asarray(variable, dtype=np.float32)
        for layer in model.layers
        if not layer.name.startswith("head")
        for variable in layer.weights
    }
    return arrays | head_arrays(model)


def head_arrays(model) -> dict[str, np.ndarray]:
    """Return the source task's last layer as `head/kernel` (width, classes) and `head/bias` (classes,), float32."""
    kernel, bias = model.get_layer("head_logits").get_weights()
    return {"head/kernel": kernel.astype(np.float32), "head/bias": bias.astype(np.float32)}

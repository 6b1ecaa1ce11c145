"""Grad-CAM on any Keras backend: which places of the image raise the score of a class."""

import keras
import numpy as np

from ...errors import StudyError

BATCH = 64


def map_layer(model: keras.Model, smallest: int = 8) -> str:
    """Return the deepest layer whose map is at least `smallest` places wide.

    VGG16's last map is 1 by 1 at 32 pixels: it knows no places. The default, 8 by 8 there, still means something.

    Args:
        model: with image-shaped layers.
        smallest: width and height of the map.

    Raises:
        StudyError: no layer has a map as large.
    """
    found = [layer.name for layer in model.layers[1:] if _side(layer) >= smallest]
    if not found:
        raise StudyError(f"{model.name}: no layer has a map of {smallest} by {smallest} or more")
    return found[-1]


def _side(layer) -> int:
    shape = tuple(getattr(getattr(layer, "output", None), "shape", ()))
    return min(shape[1:3]) if len(shape) == 4 and None not in shape[1:3] else 0


def grad_cam(model: keras.Model, images: np.ndarray, classes: np.ndarray, layer: str) -> np.ndarray:
    """Return Grad-CAM maps: where a layer's activations speak for a class.

    Each channel is weighted by the mean gradient of the class' logit with respect to it; the weighted sum is cut at zero
    (Selvaraju et al. 2017, arXiv:1610.02391, equations 1 and 2), then divided by its largest value in the image.

    Args:
        model: functional model from pixels (n, side, side, 3) in 0..255 to logits (n, classes).
        images: pixels, any number type.
        classes: (n,), the class to explain in each image.
        layer: name of a layer whose output is a map (n, h, w, channels); all later layers must depend on it alone.

    Returns:
        float32 (n, h, w) in 0..1. A map is all zero where nothing in the layer speaks for the class.

    Raises:
        StudyError: no such layer, its output is no map, or images and classes differ in number.
    """
    names = [each.name for each in model.layers]
    if layer not in names:
        raise StudyError(f"{model.name} has no layer {layer!r}: it has {', '.join(names)}")
    boundary = model.get_layer(layer).output
    if len(boundary.shape) != 4:
        raise StudyError(f"layer {layer!r} gives no map: its output has the shape {tuple(boundary.shape)}")
    classes = np.asarray(classes, np.int32)
    if classes.shape != (len(images),):
        raise StudyError(f"{len(images)} images need as many classes, not an array of shape {classes.shape}")
    before = keras.Model(model.input, boundary)
    after = keras.Model(boundary, model.output)
    maps = [np.zeros((0, *boundary.shape[1:3]), np.float32)]
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        pixels = np.asarray(images[part], np.float32)
        activations, gradient = _gradient(before, after, pixels, classes[part])
        weighted = (activations * gradient.mean(axis=(1, 2), keepdims=True)).sum(axis=-1)
        positive = np.maximum(weighted, 0)
        peak = positive.max(axis=(1, 2), keepdims=True)
        maps.append(np.divide(positive, peak, out=np.zeros_like(positive), where=peak > 0))
    return np.concatenate(maps)


def _gradient(before, after, pixels: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a layer's activations and the gradient of the classes' logits with respect to them, both (n, h, w, c)."""
    chosen = np.eye(after.output.shape[-1], dtype=np.float32)[classes]
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        activations = before(pixels, training=False)
        with tf.GradientTape() as tape:
            tape.watch(activations)
            score = tf.reduce_sum(tf.cast(after(activations, training=False), tf.float32) * chosen)
        gradient = tape.gradient(score, activations)
    elif backend == "jax":
        import jax

        activations = before(pixels, training=False)
        trainable = [v.value for v in after.trainable_variables]
        rest = [v.value for v in after.non_trainable_variables]

        def score(x):
            logits, _ = after.stateless_call(trainable, rest, x, training=False)
            return (logits.astype("float32") * chosen).sum()

        gradient = jax.grad(score)(activations)
    elif backend == "torch":
        import torch

        with torch.enable_grad():
            activations = before(pixels, training=False).detach().requires_grad_(True)
            logits = after(activations, training=False).float()
            score = (logits * torch.as_tensor(chosen, device=logits.device)).sum()
            (gradient,) = torch.autograd.grad(score, activations)
        activations = activations.detach()
    else:
        raise StudyError(f"Grad-CAM needs Keras on tensorflow, jax or torch, not on {backend!r}")
    as_array = keras.ops.convert_to_numpy
    return as_array(activations).astype(np.float32), as_array(gradient).astype(np.float32)

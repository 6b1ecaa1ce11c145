"""How good are weights on their own source task? Measured from the file, as everybody else will load it."""

import keras
import numpy as np

from ...models import build_model
from ...models.archives import read_arrays
from ...models.weights import load_weights


def source_model(path, backbone: str, image_size: int) -> keras.Model:
    """Build backbone and source head from a weights file: pixels (n, side, side, 3) in 0..255 to source logits.

    Args:
        path: a `.npz` as `models.read_arrays` reads it, with `head/kernel` and `head/bias`.
        backbone: "vgg16" or "compact".
        image_size: pixels a side.

    Raises:
        StudyError: the file is damaged or made for another network.
    """
    arrays = read_arrays(path)
    model = build_model(backbone, arrays["head/bias"].shape[0], image_size)
    load_weights(model, path)
    model.get_layer("head_logits").set_weights([arrays["head/kernel"], arrays["head/bias"]])
    return model


def source_accuracy(
    model: keras.Model, images: np.ndarray, labels: np.ndarray, names: tuple[str, ...] | None = None
) -> dict:
    """Return top1, top5 (0..1), the mean negative log-likelihood in nats (no label smoothing) and n on labelled images.

    Args:
        model: as `source_model` returns it.
        images: uint8 (n, side, side, 3).
        labels: (n,).
        names: of the classes; if given, `class_top1` is added: the accuracy within each class, by name.
    """
    from scipy.special import log_softmax
    from sklearn.metrics import top_k_accuracy_score

    log_p = log_softmax(np.asarray(model.predict(images, batch_size=256, verbose=0), np.float64), axis=1)
    known = np.arange(log_p.shape[1])
    right = log_p.argmax(axis=1) == labels
    of_class = {name: round(float(right[labels == k].mean()), 4) for k, name in enumerate(names or ())}
    return {
        **({"class_top1": of_class} if names else {}),
        "top1": float(top_k_accuracy_score(labels, log_p, k=1, labels=known)),
        "top5": float(top_k_accuracy_score(labels, log_p, k=5, labels=known)),
        "nll": round(float(-log_p[np.arange(len(labels)), labels].mean()), 6),
        "n": len(labels),
    }

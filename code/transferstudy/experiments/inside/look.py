"""Look into one run: train it again, and keep what pages show of its inside."""

import keras
import numpy as np

from ...data import ImageData
from ...models import split_at
from ...plan.spec import RunSpec
from ...results.environment import describe
from ...training import train
from ...training.run import start_model
from .cka import cka_matrix, gram
from .embedding import two_dimensions
from .filters import filter_pictures
from .gradcam import grad_cam, map_layer
from .occlusion import occlusion

PATCH, STRIDE = 8, 4  # at 32 pixels; larger images have larger patches
N_PICTURES, N_CKA, N_PLACES = 10, 500, 1000


def chosen_images(y_test: np.ndarray, n_classes: int) -> dict[str, np.ndarray]:
    """Return which test images are looked at: the same for every run.

    Args:
        y_test: labels (n,).
        n_classes: number of classes.

    Returns:
        `pictures`: one image of each of the first ten classes; `cka` and `places`: images drawn from all. int32 positions.
    """
    rng = np.random.default_rng(20)
    pictures = [rng.choice(np.flatnonzero(y_test == label)) for label in range(min(n_classes, N_PICTURES))]
    places = rng.choice(len(y_test), min(N_PLACES, len(y_test)), replace=False)
    return {
        "pictures": np.array(pictures, np.int32),
        "cka": np.sort(places[:N_CKA]).astype(np.int32),
        "places": np.sort(places).astype(np.int32),
    }


def compared_layers(model: keras.Model) -> list[str]:
    """Return the layers that CKA compares: the rectified output of every convolution of the backbone, and the pooled features."""
    names = []
    for layer in model.layers:
        kind = layer.__class__.__name__
        rectified = getattr(getattr(layer, "activation", None), "__name__", "linear") != "linear"
        if kind in ("Conv2D", "Activation", "ReLU") and (rectified or kind == "ReLU"):
            names.append(layer.name)
    return [*names, "pooled"]


def _grams(model: keras.Model, images: np.ndarray, layers: list[str]) -> list[np.ndarray]:
    """One layer at a time: all activations at once would not fit a small machine."""
    return [
        gram(
            keras.Model(model.input, model.get_layer(name).output).predict(images, batch_size=256, verbose=0)
        )
        for name in layers
    ]


def _pooled(model: keras.Model, images: np.ndarray) -> np.ndarray:
    prefix, _ = split_at(model, None)
    return prefix.predict(images, batch_size=256, verbose=0)


def look(spec: RunSpec, data: ImageData, weights, verbose: int = 2) -> tuple[dict, dict[str, np.ndarray]]:
    """Train a run as it was made and return what `stored.save` keeps of it.

    The network is a second one of the same spec, not the one whose predictions are stored: equal seeds give equal
    networks only on equal machines. `accuracy` says how good this one is on the images of the map.

    Args:
        spec: the run.
        data: the data set it names.
        weights: a `WeightsFile`, or None.
        verbose: as in `training.train`.

    Returns:
        (about, arrays), as `stored.Inside` describes them.

    Raises:
        StudyError: as `training.train`; or the network has no map large enough.
    """
    which = chosen_images(data.y_test, len(data.classes))
    images = {name: data.x_test[index] for name, index in which.items()}
    start, sha256 = start_model(spec, len(data.classes), data.side, weights)
    layer, layers = map_layer(start), compared_layers(start)
    grams = _grams(start, images["cka"], layers)
    filters_before, features_before = filter_pictures(start), _pooled(start, images["places"])
    del start
    model = train(spec, data, weights, verbose).model
    grams += _grams(model, images["cka"], layers)
    features = _pooled(model, images["places"])
    true = data.y_test[which["pictures"]]
    logits = model.predict(images["pictures"], verbose=0)
    right = (
        model.predict(images["places"], batch_size=256, verbose=0).argmax(axis=1)
        == data.y_test[which["places"]]
    )
    scale = data.side / 32
    patch, stride = max(1, round(PATCH * scale)), max(1, round(STRIDE * scale))
    maps = grad_cam(model, images["pictures"], true, layer)
    arrays = {
        "pictures": images["pictures"],
        "picture_index": which["pictures"],
        "true": true.astype(np.int16),
        "predicted": logits.argmax(axis=1).astype(np.int16),
        "gradcam": maps.astype(np.float16),
        "occlusion": occlusion(model, images["pictures"], true, patch, stride).astype(np.float16),
        "cka": cka_matrix(grams)[: len(layers), len(layers) :].astype(np.float16),
        "filters_before": filters_before.astype(np.float16),
        "filters_after": filter_pictures(model).astype(np.float16),
        "places_before": two_dimensions(features_before).astype(np.float16),
        "places_after": two_dimensions(features).astype(np.float16),
        "place_index": which["places"],
        "place_label": data.y_test[which["places"]].astype(np.int16),
    }
    about = {
        "spec": spec.model_dump(),
        "layer": layer,
        "grid": maps.shape[1],
        "patch": patch,
        "stride": stride,
        "layers": layers,
        "cka_images": len(which["cka"]),
        "accuracy": float(right.mean()),
        "data": {"name": data.name, "sha256": data.sha256, "classes": list(data.classes)},
        "weights": {"name": spec.weights, "sha256": sha256},
        "environment": describe(),
    }
    return about, arrays

"""A stored run whose weights were kept, as a Keras model again."""

from ..results.store import Store
from .build import build_model


def rebuild(store: Store, record: dict):
    """Build the model of a record and fill in its kept weights.

    Raises:
        StudyError: as `Store.model`.
    """
    spec, arrays = record["spec"], store.model(record)
    standardise = any(name.startswith("head_standardise/") for name in arrays)
    model = build_model(
        spec["backbone"],
        len(record["data"]["classes"]),
        record["data"]["side"],
        spec["image_size"],
        spec["head"],
        standardise=standardise,
    )
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([arrays[f"{layer.name}/{v.name}"].astype("float32") for v in layer.weights])
    model.record = record
    return model

"""The one trained model whose weights are kept: small enough for the repository, so that pages can run it."""

from .errors import StudyError
from .models import build_model
from .store import Store
from .study import Study, load


def load_trained(study: Study | None = None):
    """Return the kept model of the report's preset: a real run's best state, weights stored in float16.

    Args:
        study: the study, loaded when not given.

    Returns:
        Keras model from pixels (n, side, side, 3) in 0..255 to logits; its `record` attribute is the run's record.

    Raises:
        StudyError: no run of the study kept its weights, or the file is damaged.
    """
    study = study or load()
    kept = [record for record in study.records.values() if record["model"]]
    if not kept:
        raise StudyError("no run of the study kept its weights; presets.toml names one under keep_model")
    return rebuild(study.store, kept[0])


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

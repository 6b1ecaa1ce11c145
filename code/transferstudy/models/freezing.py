"""Which layers learn, and how a network is cut into a frozen prefix and a trainable suffix."""

import keras

from ..errors import StudyError
from ..plan.backbones import get_backbone
from .build import HEAD_PREFIX, STANDARDISE

POOLED = "pooled"


def cut_layer(backbone: str, train_from: str | None) -> str | None:
    """Return the name of the last frozen layer.

    Args:
        backbone: backbone name.
        train_from: None (only the head learns), a stage such as "block5", or "all".

    Returns:
        Layer name, or None when nothing is frozen.

    Raises:
        StudyError: the backbone has no such stage.
    """
    if train_from == "all":
        return None
    if train_from is None:
        return POOLED
    cuts = get_backbone(backbone).cuts
    if train_from not in cuts:
        raise StudyError(f"backbone {backbone!r} has no stage {train_from!r}: it has {', '.join(cuts)}")
    return cuts[train_from]


def trainable_layers(model: keras.Model, train_from: str | None) -> list[str]:
    """Return the names of the layers that learn, in order: those with weights after the cut.

    Args:
        model: a model of `build_model`; its name is the backbone's.
        train_from: as in `cut_layer`.
    """
    cut = cut_layer(model.name, train_from)
    names = [layer.name for layer in model.layers]
    after = names[names.index(cut) + 1 :] if cut else names
    learns = {layer.name for layer in model.layers if layer.weights} - {STANDARDISE}
    return [name for name in after if name in learns]


def set_trainable(model: keras.Model, train_from: str | None) -> list[str]:
    """Set `trainable` on every layer for a strategy stage, and return the names of the layers that learn.

    Keras reads `trainable` when the model is compiled: compile afterwards. A frozen BatchNormalization also runs in
    inference mode (keras.io/guides/transfer_learning).
    """
    learning = trainable_layers(model, train_from)
    for layer in model.layers:
        layer.trainable = layer.name in learning
    return learning


def split_at(model: keras.Model, train_from: str | None) -> tuple[keras.Model | None, keras.Model]:
    """Cut a model into (frozen prefix, trainable suffix) that share its weights.

    Returns:
        The prefix maps pixels to activations, the suffix maps activations to logits; the prefix is None when
        everything learns.
    """
    cut = cut_layer(model.name, train_from)
    if cut is None:
        return None, model
    boundary = model.get_layer(cut).output
    return keras.Model(model.input, boundary, name="prefix"), keras.Model(
        boundary, model.output, name="suffix"
    )


def between(model: keras.Model, train_from: str | None) -> keras.Model | None:
    """Return the part from the cut of `train_from` to the pooled features, or None when the cut is there or at the input."""
    cut = cut_layer(model.name, train_from)
    if cut in (None, POOLED):
        return None
    return keras.Model(model.get_layer(cut).output, model.get_layer(POOLED).output, name="between")


def is_head(layer_name: str) -> bool:
    """Return whether a layer belongs to the head."""
    return layer_name.startswith(HEAD_PREFIX)

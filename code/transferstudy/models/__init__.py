"""Networks: a backbone with preprocessing inside, a head, pretrained weights, and which layers may learn."""

from importlib import import_module

_HOMES = {
    "between": "freezing",
    "build_model": "build",
    "check_arithmetic": "convolution",
    "load_weights": "weights",
    "seeded": "seeds",
    "set_norm_momentum": "build",
    "set_trainable": "freezing",
    "split_at": "freezing",
    "standardise_head": "build",
    "trainable_layers": "freezing",
}
__all__ = list(_HOMES)


def __getattr__(name: str):
    """Import Keras only when a network is wanted: looking at weights files and results does without it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)

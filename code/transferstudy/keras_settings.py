"""Keras' own settings: looked at before Keras is loaded, and set to what the study means before a network is built.

Keras reads `keras.json` in `~/.keras` (or in `KERAS_HOME`) and some environment variables. The backend is the user's choice,
and every record names it. The other settings would change numbers without a word, so the study sets them itself.
"""

import json
import os
from importlib.util import find_spec
from pathlib import Path

from .errors import StudyError, printable

BACKENDS = ("tensorflow", "jax", "torch")
_FLOATX, _FORMAT, _EPSILON = "float32", "channels_last", 1e-7
# Keras stops at its import on other values than these.
_ACCEPTED = {
    "floatx": (_FLOATX, lambda value: value in ("float16", "float32", "float64")),
    "epsilon": (_EPSILON, lambda value: isinstance(value, float)),
    "image_data_format": (_FORMAT, lambda value: value in ("channels_last", "channels_first")),
}
_CAPS = (
    "max_epochs",
    "max_steps_per_epoch",
)  # for debugging: fewer steps than were asked for, also in prediction


def prepare() -> None:
    """Refuse settings that Keras cannot start with, and take its caps on epochs and steps out of the environment.

    Keras is not imported.

    Raises:
        StudyError: the backend is not installed or none that the study runs on, or `keras.json` holds what Keras refuses.
    """
    path = _file()
    found = _content(path)
    for name, (usual, accepts) in _ACCEPTED.items():
        if name in found and not accepts(found[name]):
            raise StudyError(
                f"{printable(path)}: Keras does not accept {name} {printable(json.dumps(found[name]))}. Write "
                f"{json.dumps(usual)}, or delete the file; Keras writes it anew."
            )
    _check_backend(path, found)
    for name in _CAPS:
        os.environ.pop(f"KERAS_{name.upper()}", None)


def use(precision: str = _FLOATX) -> None:
    """Set what would change numbers: float32, channels last, the usual epsilon, and no cap on epochs and steps.

    Args:
        precision: the dtype policy of what is built from now on, "float32" or "mixed_bfloat16" for example.
    """
    import keras

    keras.config.set_floatx(_FLOATX)
    keras.config.set_dtype_policy(precision)
    keras.config.set_image_data_format(_FORMAT)
    keras.config.set_epsilon(_EPSILON)
    for name in _CAPS:
        if uncap := getattr(keras.config, f"set_{name}", None):  # not in Keras' first versions
            uncap(None)


def _file() -> Path:
    """Return where Keras looks for its settings."""
    if (home := os.environ.get("KERAS_HOME")) is not None:
        return Path(home).expanduser() / "keras.json"
    base = Path.home()
    return (base if os.access(base, os.W_OK) else Path("/tmp")) / ".keras" / "keras.json"  # noqa: S108


def _content(path: Path) -> dict:
    """Return the settings in the file; none where there is no file, or no JSON in it, which Keras passes over as well."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    except OSError as error:
        raise StudyError(
            f"{printable(path)}: Keras' settings cannot be read ({error.strerror}). Delete it; Keras writes it anew."
        ) from None
    if not isinstance(found, dict):
        raise StudyError(
            f"{printable(path)}: these are no settings of Keras. Delete the file; Keras writes it anew."
        )
    return found


def _check_backend(path: Path, found: dict) -> None:
    name, where = os.environ.get("KERAS_BACKEND"), "KERAS_BACKEND"
    if not name:
        name, where = found.get("backend", BACKENDS[0]), f"{printable(path)}: backend"
    shown = f"{where}={printable(name)}" if where == "KERAS_BACKEND" else f"{where} {printable(name)}"
    here = [backend for backend in BACKENDS if find_spec(backend)]
    other = f"set KERAS_BACKEND={here[0]}" if here else "install tensorflow-cpu"
    if name not in BACKENDS:
        raise StudyError(
            f"{shown}: the study runs on {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}. To go on, {other}."
        )
    if name not in here:
        raise StudyError(
            f"{shown}: {name} is not installed here. Install it with python -m pip install {name}, or {other}."
        )

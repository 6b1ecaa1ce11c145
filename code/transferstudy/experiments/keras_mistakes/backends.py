"""What a change of `trainable` does without compiling again, asked of each installed backend with a tiny network.

Keras is imported with one backend a process, so each backend is asked in a process of its own:
`python -m transferstudy.experiments.keras_mistakes.backends` prints the answers of the backend that `KERAS_BACKEND` names.
"""

import importlib
import importlib.util
import json
import os
import subprocess
import sys

BACKENDS = ("tensorflow", "jax", "torch")
# What is asked: a change of `trainable` on a backbone, and when it is made.
QUESTIONS = (
    "thaw",  # the head has been trained, then the backbone is thawed
    "freeze",  # everything has been trained, then the backbone is frozen
    "thaw, another batch size",
    "freeze, another batch size",
    "thaw, untrained",  # compiled, but not one step was made
    "freeze, untrained",
    "thaw, compiled again",
    "freeze, compiled again",
)
_ROWS = 32


def ask_all(say=print) -> dict[str, dict]:
    """Ask every backend.

    Args:
        say: receives a line a backend.

    Returns:
        Backend -> `version` of the backend, `keras` version and `answers` (see `answers`); only `{"installed": False}`
        where it is not installed.
    """
    found = {}
    for backend in BACKENDS:
        if importlib.util.find_spec(backend) is None:
            say(f"{backend}: not installed (sh code/environment.sh backends installs it)")
            found[backend] = {"installed": False}
            continue
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(
            [sys.executable, "-m", __name__], env=environment, capture_output=True, text=True, check=True
        )
        found[backend] = {"installed": True, **json.loads(done.stdout.splitlines()[-1])}
        outcomes = ", ".join(f"{q}: {outcome(a)}" for q, a in found[backend]["answers"].items())
        say(f"{backend}: {outcomes}")
    return found


def outcome(answer: dict) -> str:
    """Return an answer as one of "takes effect", "no effect", "error", "error, weights lost"."""
    if answer["error"]:
        return "error, weights lost" if answer["weights_lost"] else "error"
    return "takes effect" if answer["obeyed"] else "no effect"


def answers() -> dict[str, dict]:
    """Ask the backend of this process.

    Returns:
        Question -> `obeyed` (whether exactly the layers that `trainable` names have learned), `backbone` and `statistics`
        (whether the backbone's kernel, and the running mean of its batch normalisation, have changed), `error` (type and
        first line, or None) and `weights_lost` (whether the model's weights can no longer be read).
    """
    import keras

    found = {}
    for question in QUESTIONS:
        keras.utils.clear_session()
        found[question] = _answer(question)
    return found


def _answer(question: str) -> dict:
    import keras
    import numpy as np

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(_ROWS, 4)).astype("float32"), np.ones((_ROWS, 1), "float32")
    dense, norm = keras.layers.Dense(3), keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((4,)), dense, norm, keras.layers.Dense(1)])
    change, _, when = question.partition(", ")

    def set_backbone(trainable: bool):
        dense.trainable = norm.trainable = trainable

    def fit(rows: int = _ROWS):
        model.fit(x[:rows], y[:rows], batch_size=rows, verbose=0, shuffle=False)

    def state():
        return [np.array(dense.kernel), np.array(norm.moving_mean)]

    learns = change == "thaw"
    set_backbone(not learns)
    model.compile("adam", "mse")
    if when != "untrained":
        fit()
    set_backbone(learns)
    if when == "compiled again":
        model.compile("adam", "mse")
    before = state()
    found = {"obeyed": False, "backbone": None, "statistics": None, "error": None, "weights_lost": False}
    try:
        fit(_ROWS // 2 if when == "another batch size" else _ROWS)
    except Exception as error:  # each backend refuses in its own way: that is the answer
        text = str(error).strip().splitlines()[0].split("<")[0].strip(" .'\"")
        found["error"] = f"{type(error).__name__}: {text}"
    try:
        after = state()
    except TypeError:
        return {**found, "weights_lost": True}
    moved = [not np.array_equal(old, new) for old, new in zip(before, after, strict=True)]
    found |= {"backbone": moved[0], "statistics": moved[1]}
    return {**found, "obeyed": not found["error"] and moved == [learns, learns]}


def main() -> None:
    """Print this process's answers as one line of JSON."""
    import keras

    backend = keras.backend.backend()
    version = importlib.import_module(backend).__version__
    print(json.dumps({"keras": keras.__version__, "version": version, "answers": answers()}))


if __name__ == "__main__":
    main()

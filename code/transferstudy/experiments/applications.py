"""What `keras.applications` offers, asked of the installed library: each builder is built and looked at.

    results/keras/applications.json     one entry a builder, with the version of Keras and a checksum

Pages read the record; building forty networks takes minutes and several GiB.
"""

import gc
import re
from collections.abc import Callable
from pathlib import Path

from ..results.records import read_record, write_record
from ..results.schema import Count, Open

COMMAND = "python -m transferstudy applications"
_ARXIV = re.compile(r"arxiv\.org/(?:abs|pdf)/(\d{4}\.\d{4,5})")


class Builder(Open):
    """One network, as `inspect_builder` returns it."""

    name: str
    module: str
    parameters: Count
    depth: Count
    batch_norm: Count
    side: int | None
    min_side: int | None
    prepared: list[float]
    prepares_itself: bool
    arxiv: str | None


class Record(Open):
    """`applications.json`."""

    keras: str
    builders: list[Builder]


def path(results: Path) -> Path:
    """Return where the record lies in a results folder."""
    return Path(results) / "keras" / "applications.json"


def builders() -> dict[str, Callable]:
    """Return the builders of the installed `keras.applications` by name, sorted."""
    import inspect

    import keras

    found = inspect.getmembers(keras.applications, inspect.isfunction)
    return {name: builder for name, builder in sorted(found) if name[0].isupper()}


def inspect_builder(name: str, builder: Callable) -> dict:
    """Build one network with random weights and return its facts.

    Returns:
        `name`; `module` of `keras.applications`; `parameters` with classifier; `depth` (layers with weights);
        `batch_norm` (such layers); `side` (pixels a side when nothing is asked for, None for any) and `min_side` (smallest
        without classifier); `prepared` (what `preprocess_input` makes of black and of white: lowest and highest value);
        `prepares_itself` (whether preparation is part of the network); `arxiv` (number of the paper in its documentation).
    """
    import keras
    import numpy as np

    module = builder.__module__.rsplit(".", 1)[-1]
    prepare = getattr(keras.applications, module).preprocess_input
    model = builder(weights=None)
    kinds = [type(layer).__name__ for layer in model.layers]
    ends = [np.asarray(prepare(np.full((1, 1, 1, 3), value, "float32"))) for value in (0, 255)]
    paper = _ARXIV.search(builder.__doc__ or "")
    facts = {
        "name": name,
        "module": module,
        "parameters": int(model.count_params()),
        "depth": sum(bool(layer.weights) for layer in model.layers),
        "batch_norm": kinds.count("BatchNormalization"),
        "side": model.input_shape[1],
        "min_side": _smallest_side(builder),
        "prepared": [
            round(float(min(e.min() for e in ends)), 1),
            round(float(max(e.max() for e in ends)), 1),
        ],
        "prepares_itself": any(kind in ("Rescaling", "Normalization") for kind in kinds),
        "arxiv": paper[1] if paper else None,
    }
    del model
    keras.utils.clear_session()
    gc.collect()
    return facts


def _smallest_side(builder: Callable) -> int | None:
    """Return the smallest side that a builder accepts, as its own refusal of one pixel names it."""
    try:
        builder(weights=None, include_top=False, input_shape=(1, 1, 3))
    except ValueError as error:
        if found := re.search(r"at least (\d+)", str(error)):
            return int(found[1])
    return None


def make(results: Path, say: Callable[[str], None] = print) -> dict:
    """Look at every builder and store what was found; return the record."""
    import keras

    entries = []
    for name, builder in builders().items():
        entries.append(inspect_builder(name, builder))
        say(f"{name}: {entries[-1]['parameters']:,} parameters, {entries[-1]['depth']} layers with weights")
    return write_record(path(results), {"keras": keras.__version__, "builders": entries})


def load(results: Path) -> dict:
    """Read and check the record.

    Raises:
        StudyError: missing, damaged or edited by hand.
    """
    return read_record(path(results), COMMAND, model=Record)

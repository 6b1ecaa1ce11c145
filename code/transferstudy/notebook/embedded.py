"""What the notebook carries inside itself: images, the compact network's weights, settings, and the report's accuracies."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
from PIL import Image

from ..data import ImageData
from ..errors import StudyError
from ..mosaic import to_mosaic
from ..paths import PRESETS
from ..presets import expand, preset_table
from ..pretraining.records import manifests
from ..store import Store, digest
from ..study import MAIN

NAME = "transfer_learning.ipynb"
WEIGHTS = "tiny-imagenet-compact"
PER_CLASS = 50  # training images and test images of each class
COLUMNS = 25
EXCERPT_SHA256 = "506ad2869e60c27fd5a48c39ea3ff9cb91dc1ed4a80077a24f1032a05aa7f298"  # of the mosaic


def excerpt(data: ImageData) -> bytes:
    """Return the images that the notebook carries: one lossless WebP mosaic, class after class, training images first.

    The training images are those of the study's draw of 500 labels with seed 0, so that the notebook's network learns from
    the same images as the report's. The test images are the first of each class in the data set's order, which a hash decides.

    Args:
        data: CIFAR-10, with ten classes.
    """
    from ..data import draw

    split = draw(data, PER_CLASS * len(data.classes), seed=0)
    train = np.sort(np.concatenate([split.train, split.validation]))
    test = np.concatenate(
        [np.flatnonzero(data.y_test == label)[:PER_CLASS] for label in range(len(data.classes))]
    )
    return to_mosaic(np.concatenate([data.x_train[train], data.x_test[test]]), COLUMNS)


def carried_excerpt(path: Path) -> bytes:
    """Return the images that a notebook carries already: it is their only home, so that they lie in the repository once.

    Args:
        path: the notebook.

    Raises:
        StudyError: there is no notebook, or its images are not those that the project chose.
    """
    again = "choose them anew: python -m transferstudy notebook --excerpt --data PATH"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(r'EXCERPT = \\"([A-Za-z0-9+/=]+)\\"', text)
    images = base64.b64decode(found[1]) if found else b""
    if digest(images) != EXCERPT_SHA256:
        raise StudyError(f"notebooks/{path.name} does not carry the project's images; {again}")
    return images


def read_file(path: Path, command: str) -> bytes:
    """Return a file's bytes.

    Raises:
        StudyError: it is not there; `command` makes it.
    """
    if not path.is_file():
        raise StudyError(f"{path.name} is not in {path.parent.name}/: make it with {command}")
    return path.read_bytes()


def as_text(content: bytes) -> str:
    """Return bytes as base64 on one line."""
    return base64.b64encode(content).decode()


def settings(path: Path = PRESETS) -> str:
    """Return the tables of presets.toml that the report's runs come from, as they stand in the file."""
    tables = re.split(r"\n(?=(?:#[^\n]*\n)*\[)", path.read_text(encoding="utf-8"))
    reached = _reached(MAIN, path)
    tuned = ["tuned"] if any("tuned" in preset_table(name, path) for name in reached) else []
    parts = ("defaults", "strategies", *tuned, *(f"presets.{name}" for name in reached))
    kept = [
        table
        for table in tables
        if (name := re.search(r"^\[+([^\]]+)", table, re.M))
        and any(name[1] == part or name[1].startswith(f"{part}.") for part in parts)
    ]
    return "\n".join(table.rstrip() + "\n" for table in kept).rstrip()


def _reached(preset: str, path: Path) -> list[str]:
    """A preset and those that it includes."""
    return [
        preset,
        *(p for part in preset_table(preset, path).get("includes", []) for p in _reached(part, path)),
    ]


def accuracies(store: Store) -> str:
    """Return the test accuracy of every finished run of the report, as JSON: run id -> accuracy."""
    finished = {s.id: store.load(s.id) for s in expand(MAIN) if store.has(s)}
    return json.dumps({run_id: r["metrics"]["test"]["accuracy"] for run_id, r in sorted(finished.items())})


def data_sha256(store: Store) -> str:
    """Return the content hash of the images behind the report's runs, or "" while there is no run."""
    for spec in expand(MAIN):
        if store.has(spec):
            return store.load(spec.id)["data"]["sha256"]
    return ""


def fill(
    root: Path, store: Store, weights: Path | None = None, images: bytes | None = None
) -> dict[str, str]:
    """Return what takes the place of each @@name@@ in the narrative's own code.

    Args:
        root: the project.
        store: the report's results.
        weights: the compact network's weights, by default those that the project ships.
        images: what `excerpt` returns, by default what the committed notebook carries.

    Raises:
        StudyError: images or weights are not there.
    """
    images = images or carried_excerpt(root / "notebooks" / NAME)
    network = read_file(
        weights or root / "results" / "weights" / f"{WEIGHTS}.npz",
        "python -m transferstudy pretrain --backbone small",
    )
    with Image.open(io.BytesIO(images)) as mosaic:
        side = mosaic.width // COLUMNS
    shipped = {name: m["sha256"] for name, m in manifests(root / "results" / "weights").items()}
    known = dict(sorted({**shipped, WEIGHTS: digest(network)}.items()))
    return {
        "excerpt": as_text(images),
        "excerpt_side": str(side),
        "excerpt_per_class": str(PER_CLASS),
        "weights": as_text(network),
        "weights_name": WEIGHTS,
        "weights_known": json.dumps(known),
        "preset": MAIN,
        "settings": settings(),
        "accuracies": accuracies(store),
        "data_sha256": data_sha256(store),
    }

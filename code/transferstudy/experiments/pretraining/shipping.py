"""Weights for the repository: one small file and a manifest that says what it was made from and what the packing costs."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ...data import load
from ...errors import StudyError
from ...models.archives import read_arrays
from ...models.quantised import quantised
from ...models.weightsfile import WeightsFile, find_weights
from ...results.pretrained import pretraining_records
from ...results.records import digest, write_atomic, write_record
from .evaluate import source_accuracy, source_model
from .packing_cost import probe_cost
from .run import packed
from .settings import SOURCE
from .source import load_source, shrink

LIMIT = 16 * 10**6


def ship(
    file: Path,
    name: str,
    backbone: str,
    image_size: int,
    form: str,
    source: Path | None,
    results: Path,
    card: str | None = None,
    data: Path | None = None,
) -> dict:
    """Write `results/weights/<name>.npz` and its manifest `<name>.json`.

    The packed arrays are the definition of the weights from then on: runs start from them and name the SHA-256 of their `.npz`
    without compression, which does not depend on the version of zlib that compressed the file. What the packing costs is measured beside it: top-1 and top-5 on the source task's validation images where the file has the head of that task,
    otherwise a linear probe on other images (`packing_cost.probe_cost`).

    Args:
        file: weights, as `pretrain` writes them, or without a head.
        name: what a RunSpec calls the weights.
        backbone: "vgg16" or "compact".
        image_size: pixels a side at which they are measured.
        form: "int8" (kernels quantised) or "float16" (taken as they are).
        source: Tiny ImageNet, to measure on where the file has its head.
        results: the results folder.
        card: name of the card that describes weights made outside the project.
        data: CIFAR-10, for the probe of weights without a head.

    Returns:
        The manifest.

    Raises:
        StudyError: a file that is missing, damaged or too large for the repository.
    """
    if not file.is_file():
        raise StudyError(f"--weights: {file} does not exist")
    given = find_weights(str(file.resolve()))
    made_by = [i for i, r in pretraining_records(results).items() if r["weights"]["sha256"] == given.sha256]
    if not made_by and card is None:
        raise StudyError(
            f"{file}: no record in results/pretraining made this file; name the card that says where it comes from with --card NAME"
        )
    arrays = read_arrays(file)
    measure = _on_source if "head/bias" in arrays else _by_probe
    stored = quantised(arrays) if form == "int8" else arrays
    sha256, content = digest(packed(stored)), packed(stored, compressed=True)
    if len(content) > LIMIT:
        raise StudyError(
            f"{file}: {len(content):,} bytes as {form}, the repository takes {LIMIT:,}: use --form int8"
        )
    # Measured before anything is stored: that takes minutes, and a file without its manifest would be left if it were stopped.
    with TemporaryDirectory() as folder:
        trial = Path(folder) / f"{name}.npz"
        trial.write_bytes(content)
        cost = measure(given, WeightsFile(trial, sha256, name), backbone, image_size, source, data)
        rounding = _largest_rounding(arrays, read_arrays(trial))
    path = results / "weights" / f"{name}.npz"
    write_atomic(path, content)
    return write_record(
        path.with_suffix(".json"),
        {
            "name": name,
            "file": path.name,
            "sha256": sha256,
            "file_sha256": digest(content),
            "bytes": len(content),
            "form": form,
            "backbone": backbone,
            "image_size": image_size,
            "largest_rounding": rounding,
            "made_from": {
                "sha256": given.sha256,
                "pretraining": made_by[0] if made_by else None,
                "card": card,
            },
            **cost,
            "shipped": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    )


def _on_source(given, shipped, backbone, image_size, source, data) -> dict:
    """Measure both files on the validation images of Tiny ImageNet."""
    task = load_source(source)
    images, labels = shrink(task.x_val, image_size), task.y_val
    before = source_accuracy(source_model(given.path, backbone, image_size), images, labels)
    after = source_accuracy(source_model(shipped.path, backbone, image_size), images, labels, task.classes)
    return {"source": {"name": SOURCE, "sha256": task.sha256, "before": before, "after": after}}


def _by_probe(given, shipped, backbone, image_size, source, data) -> dict:
    """Measure both files by a linear probe on CIFAR-10."""
    return {"probe": probe_cost(given, shipped, backbone, image_size, load("cifar10", data))}


def _largest_rounding(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> float:
    """Return the largest change of a kernel's entry, relative to the largest entry of its output channel."""
    worst = 0.0
    for name, array in before.items():
        if array.ndim > 1:
            largest = np.abs(array).reshape(-1, array.shape[-1]).max(axis=0)
            change = np.abs(array - after[name]).reshape(-1, array.shape[-1]).max(axis=0)
            worst = max(worst, float((change / np.where(largest > 0, largest, 1)).max()))
    return round(worst, 6)

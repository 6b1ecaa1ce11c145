"""Weights for the repository: one small file and a manifest that says what it was made from and what the packing costs."""

import time
from pathlib import Path

import numpy as np

from ...errors import StudyError
from ...models.quantised import quantised
from ...models.weights import read_arrays
from ...models.weightsfile import file_sha256
from ...results.pretrained import pretraining_records
from ...results.records import write_record
from ...results.store import digest, write_atomic
from .evaluate import source_accuracy, source_model
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
) -> dict:
    """Write `results/weights/<name>.npz` and its manifest `<name>.json`.

    The packed file is the definition of the weights from then on: runs start from it and name its SHA-256. Its top-1 and
    top-5 on the source task's validation images are measured beside those of the file it was made from.

    Args:
        file: weights with the source head, as `pretrain` writes them.
        name: what a RunSpec calls the weights.
        backbone: "vgg16" or "compact".
        image_size: pixels a side at which they were trained.
        form: "int8" (kernels quantised) or "float16" (taken as they are).
        source: Tiny ImageNet, to measure on.
        results: the results folder.
        card: name of the card that describes weights made outside the project.

    Returns:
        The manifest.

    Raises:
        StudyError: a file that is missing, damaged or too large for the repository.
    """
    if not file.is_file():
        raise StudyError(f"--weights: {file} does not exist")
    original = file_sha256(file)
    made_by = [i for i, r in pretraining_records(results).items() if r["weights"]["sha256"] == original]
    if not made_by and card is None:
        raise StudyError(
            f"{file}: no record in results/pretraining made this file; name the card that says where it comes from with --card NAME"
        )
    data = load_source(source)
    images, labels = shrink(data.x_val, image_size), data.y_val
    before = source_accuracy(source_model(file, backbone, image_size), images, labels)
    arrays = read_arrays(file)
    content = packed(quantised(arrays)) if form == "int8" else file.read_bytes()
    if len(content) > LIMIT:
        raise StudyError(
            f"{file}: {len(content):,} bytes as {form}, the repository takes {LIMIT:,}: use --form int8"
        )
    path = results / "weights" / f"{name}.npz"
    write_atomic(path, content)
    after = source_accuracy(source_model(path, backbone, image_size), images, labels, data.classes)
    return write_record(
        path.with_suffix(".json"),
        {
            "name": name,
            "file": path.name,
            "sha256": digest(content),
            "bytes": len(content),
            "form": form,
            "backbone": backbone,
            "image_size": image_size,
            "largest_rounding": _largest_rounding(arrays, read_arrays(path)),
            "made_from": {"sha256": original, "pretraining": made_by[0] if made_by else None, "card": card},
            "source": {"name": SOURCE, "sha256": data.sha256, "before": before, "after": after},
            "shipped": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    )


def _largest_rounding(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> float:
    """Return the largest change of a kernel's entry, relative to the largest entry of its output channel."""
    worst = 0.0
    for name, array in before.items():
        if array.ndim > 1:
            largest = np.abs(array).reshape(-1, array.shape[-1]).max(axis=0)
            change = np.abs(array - after[name]).reshape(-1, array.shape[-1]).max(axis=0)
            worst = max(worst, float((change / np.where(largest > 0, largest, 1)).max()))
    return round(worst, 6)

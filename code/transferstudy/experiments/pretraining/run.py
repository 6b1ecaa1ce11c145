"""One pretraining run from images to stored weights and a record."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...errors import StudyError
from ...files import file_sha256
from ...paths import cache_dir
from ...results.records import digest, read_record, write_atomic, write_record
from ...results.store import Store
from .settings import PretrainSpec
from .source import SourceData, load_source, shrink

# The network that the stored weights are for: folding turns one into the other.
STORED_AS = {"vgg16_bn": "vgg16", "compact": "compact"}


def pretrain(
    spec: PretrainSpec,
    source: Path | None,
    store: Store,
    weights_dir: Path | None = None,
    verbose: int = 2,
    say: Callable[[str], None] = print,
) -> dict:
    """Train a network on Tiny ImageNet; write `<name>.npz` and `results/pretraining/<id>.json`.

    A run that was stopped goes on after its last whole epoch; a finished one is not made again.

    Args:
        spec: the run.
        source: Tiny ImageNet, as `source.load_source` takes it.
        store: its root gets the record.
        weights_dir: folder for the weights, by default `.cache/weights`.
        verbose: Keras' `verbose`.
        say: receives lines for the reader.

    Returns:
        The record.

    Raises:
        StudyError: no data, or too few images for one batch.
    """
    record_path = store.root / "pretraining" / f"{spec.id}.json"
    weights_path = (weights_dir or cache_dir() / "weights") / f"{spec.name}-{spec.id}.npz"
    if record_path.is_file() and weights_path.is_file():
        record = read_record(record_path, "python -m transferstudy pretrain")
        if record["weights"]["sha256"] == file_sha256(weights_path):
            say(f"pretraining {spec.id} is done: {weights_path}")
            return record
    data = load_source(source)
    from ...results.environment import describe
    from .evaluate import source_accuracy, source_model
    from .training import train_source

    train, validation = prepared(data, spec)
    if len(train[1]) < spec.batch_size:
        raise StudyError(
            f"--per-class {spec.per_class}: {len(train[1])} images are fewer than one batch of {spec.batch_size}"
        )
    say(
        f"pretraining {spec.id}: {spec.backbone}, {len(train[1]):,} images of {spec.image_size} px, {spec.epochs} epochs"
    )
    state = cache_dir() / "pretraining" / spec.id
    model, log = train_source(spec, train, validation, len(data.classes), state, verbose, say)
    content = packed(stored_arrays(model))
    write_atomic(weights_path, content)
    final = source_accuracy(
        source_model(weights_path, STORED_AS[spec.backbone], spec.image_size), *validation
    )
    record = write_record(
        record_path,
        {
            "id": spec.id,
            "spec": spec.model_dump(),
            "epochs": log,
            "final": final,
            "parameters": model.count_params(),
            "data": {
                "name": spec.source,
                "sha256": data.sha256,
                "train": len(train[1]),
                "validation": len(validation[1]),
                "classes": len(data.classes),
            },
            "weights": {
                "name": spec.name,
                "backbone": STORED_AS[spec.backbone],
                "sha256": digest(content),
                "bytes": len(content),
            },
            "environment": describe(),
            "timing": {
                key: round(sum(e[f"{p}seconds"] for e in log), 1)
                for key, p in (("wall", ""), ("cpu", "cpu_"))
            },
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    )
    say(
        f"validation top-1 {final['top1']:.4f}, top-5 {final['top5']:.4f} from the stored weights: {weights_path}"
    )
    return record


def prepared(data: SourceData, spec: PretrainSpec):
    """Return (training images, labels), (validation images, labels) at the size the run asks for, uint8 and int64."""
    chosen = slice(None)
    if spec.per_class is not None:
        rank = np.concatenate(
            [np.arange(n) for n in np.bincount(data.y_train)]
        )  # images stand class by class
        chosen = rank < spec.per_class
    train = shrink(data.x_train[chosen], spec.image_size), data.y_train[chosen]
    return train, (shrink(data.x_val, spec.image_size), data.y_val)


def stored_arrays(model) -> dict[str, np.ndarray]:
    """Return the arrays that are kept: normalisation folded where the stored network has none; kernels float16, the rest float32."""
    from .folding import folded_arrays, plain_arrays

    arrays = folded_arrays(model) if model.name == "vgg16_bn" else plain_arrays(model)
    return {name: a.astype(np.float16) if a.ndim > 1 else a for name, a in arrays.items()}


def packed(arrays: dict[str, np.ndarray], compressed: bool = False) -> bytes:
    """Return arrays as the bytes of a `.npz` file; without compression, equal arrays give equal bytes everywhere."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()

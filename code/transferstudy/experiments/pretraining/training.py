"""Train a network on the source task, epoch by epoch; a run that is stopped goes on from its last whole epoch."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from ...data.batches import Batches
from ...models import build_model
from ...results.records import write_atomic
from ...training.phase import xla
from .settings import PretrainSpec


class OneHotBatches(Batches):
    """`Batches` with labels as one-hot vectors, which label smoothing needs: float32 (batch, classes)."""

    def __init__(self, *args, n_classes: int, **options):
        super().__init__(*args, **options)
        self.n_classes = n_classes

    def __getitem__(self, index: int):
        x, y = super().__getitem__(index)
        return x, keras.utils.to_categorical(y, self.n_classes)


def compile_source_model(model: keras.Model, spec: PretrainSpec, steps: int) -> None:
    """Compile for the source task: SGD with Nesterov momentum, linear warm-up, cosine decay to zero over `steps`.

    Label smoothing is that of Szegedy et al. 2016 (arXiv:1512.00567, section 7). Weight decay is decoupled and leaves
    biases and normalisation alone.
    """
    warmup = max(1, int(spec.warmup * steps))
    rate = keras.optimizers.schedules.CosineDecay(
        spec.learning_rate / 100,
        max(1, steps - warmup),
        warmup_target=spec.learning_rate,
        warmup_steps=warmup,
    )
    rule = keras.optimizers.SGD(rate, momentum=spec.momentum, nesterov=True, weight_decay=spec.weight_decay)
    rule.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(
        optimizer=rule,
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=spec.label_smoothing),
        metrics=[
            keras.metrics.CategoricalAccuracy(name="top1"),
            keras.metrics.TopKCategoricalAccuracy(5, name="top5"),
        ],
        jit_compile=xla(),
    )


def train_source(
    spec: PretrainSpec,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    n_classes: int,
    state: Path,
    verbose: int = 2,
    say: Callable[[str], None] = print,
) -> tuple[keras.Model, list[dict]]:
    """Train, and keep weights, optimiser and log in `state` after every epoch.

    Args:
        spec: the run.
        train: uint8 images (n, side, side, 3) and labels (n,).
        validation: the same for the source task's validation images; they are looked at, never trained on.
        n_classes: number of source classes.
        state: folder for the state of an unfinished run; one that a stopped run left is continued.
        verbose: Keras' `verbose`.
        say: receives lines for the reader.

    Returns:
        The trained model, and one dict an epoch: loss, top1, top5 on augmented training images while they are learned
        from; val_loss, val_top1, val_top5; seconds (wall) and cpu_seconds of the epoch, validation included.
        Losses are in nats, with label smoothing; top1 and top5 in 0..1.
    """
    keras.utils.set_random_seed(spec.seed)
    model = build_model(spec.backbone, n_classes, spec.image_size, precision=spec.precision)
    per_epoch = len(train[1]) // spec.batch_size
    compile_source_model(model, spec, spec.epochs * per_epoch)
    model.optimizer.build(model.trainable_variables)
    log = _resume(model, state, say)
    batches = OneHotBatches(
        *train, spec.batch_size, per_epoch, spec.seed, spec.augmentation, n_classes=n_classes
    )
    held_out = validation[0], keras.utils.to_categorical(validation[1], n_classes)
    for epoch in range(len(log), spec.epochs):
        batches.round = epoch
        wall, cpu = time.perf_counter(), time.process_time()
        history = model.fit(
            batches,
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=held_out,
            validation_batch_size=256,
            verbose=verbose,
            shuffle=False,
        ).history
        entry = {key: round(float(values[0]), 6) for key, values in history.items()}
        entry["seconds"] = round(time.perf_counter() - wall, 1)
        entry["cpu_seconds"] = round(time.process_time() - cpu, 1)
        log.append(entry)
        _keep(model, log, state)
        say(
            f"epoch {epoch + 1} of {spec.epochs}: validation top-1 {entry['val_top1']:.4f}, top-5 {entry['val_top5']:.4f}, "
            f"loss {entry['val_loss']:.3f}, {entry['seconds']:.0f} s"
        )
    return model, log


def _resume(model: keras.Model, state: Path, say) -> list[dict]:
    try:
        kept = json.loads((state / "log.json").read_text(encoding="utf-8"))
        model.load_weights(state / kept["weights"])
    except FileNotFoundError:
        return []
    say(f"going on after epoch {len(kept['epochs'])}")
    return kept["epochs"]


def _keep(model: keras.Model, log: list[dict], state: Path) -> None:
    """Write the state of a finished epoch; the log is replaced last and names the weights that belong to it."""
    state.mkdir(parents=True, exist_ok=True)
    name = f"epoch-{len(log):03}.weights.h5"
    model.save_weights(state / name)
    write_atomic(state / "log.json", json.dumps({"weights": name, "epochs": log}, indent=1).encode())
    for old in state.glob("epoch-*.weights.h5"):
        if old.name != name:
            old.unlink()

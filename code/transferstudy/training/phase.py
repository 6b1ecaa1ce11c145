"""One phase of training: a model, batches, a learning-rate schedule, validation, and the best state kept."""

from dataclasses import dataclass, field

import keras
import numpy as np

from ..data.batches import Batches
from ..plan.spec import RunSpec
from .adamw import adamw


def optimiser(spec: RunSpec, peak: float, steps: int) -> keras.optimizers.Optimizer:
    """Return the spec's optimiser with linear warm-up to `peak` and cosine decay to zero over `steps` updates.

    Warm-up follows Goyal et al. 2017 (arXiv:1706.02677), the cosine Loshchilov & Hutter 2017 (arXiv:1608.03983);
    weight decay is decoupled (arXiv:1711.05101) and leaves biases and normalisation alone.
    """
    warmup = int(spec.warmup * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=peak / 100 if warmup else peak,
        decay_steps=max(1, steps - warmup),
        warmup_target=peak if warmup else None,
        warmup_steps=warmup,
    )
    options = {"learning_rate": rate, "weight_decay": spec.weight_decay, "global_clipnorm": spec.clip_norm}
    if spec.optimizer == "sgd":
        made = keras.optimizers.SGD(momentum=0.9, nesterov=True, **options)
    else:
        made = adamw(**options)
    made.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return made


def compile_model(model: keras.Model, rule: keras.optimizers.Optimizer) -> None:
    """Compile for integer labels and logits, with the measure `accuracy`."""
    model.compile(
        optimizer=rule,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=xla(),
    )


def xla() -> str | bool:
    """Return Keras' `jit_compile`: off on TensorFlow without a GPU, where compiled convolutions are many times slower."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return "auto" if tf.config.list_physical_devices("GPU") else False
    return "auto"


class KeepBest(keras.callbacks.Callback):
    """Keep the weights of the best validation and stop when it is long past.

    Best is the highest validation accuracy; ties, frequent with a hundred validation images, go to the lower loss.
    Keras' own `EarlyStopping` compares one number only.

    Args:
        patience: validations without improvement before training stops.
    """

    def __init__(self, patience: int):
        super().__init__()
        self.patience, self.best, self.best_round, self.weights = patience, None, -1, None

    def on_epoch_end(self, epoch, logs=None):
        score = (logs["val_accuracy"], -logs["val_loss"])
        if self.best is None or score > self.best:
            self.best, self.best_round, self.weights = score, epoch, self.model.get_weights()
        elif epoch - self.best_round >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        self.model.set_weights(self.weights)


@dataclass
class PhaseLog:
    """What happened in a phase.

    Attributes:
        name: "head" or "main".
        steps_per_round: optimiser steps between two validations.
        rounds: one dict a validation: loss, accuracy, val_loss, val_accuracy (accuracies in 0..1, losses in nats).
        best_round: index of the round whose weights were kept.
        planned_steps, steps: optimiser steps planned and made.
    """

    name: str
    planned_steps: int
    steps_per_round: int
    rounds: list[dict] = field(default_factory=list)
    best_round: int = 0
    steps: int = 0


def run_phase(
    name: str,
    model: keras.Model,
    spec: RunSpec,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    cached: bool,
    verbose: int,
) -> PhaseLog:
    """Train `model` in place and leave it with the weights of its best validation.

    Args:
        name: "head" or "main": which learning rate and number of steps of the spec apply.
        model: maps what `train[0]` holds to logits.
        spec: the run.
        train: images (n, side, side, 3) or, when `cached`, activations (views, n, ...); labels (n,).
        validation: images or activations (m, ...), without augmentation; labels (m,).
        cached: whether activations are given.
        verbose: 0 silent, 1 Keras' progress bar, 2 a line a round.

    Returns:
        The log of the phase.
    """
    x, y = train
    steps = spec.steps(name, len(y))
    per_round = max(1, -(-steps // spec.evaluations))
    rounds = max(1, round(steps / per_round))
    peak = spec.head_learning_rate if name == "head" else spec.learning_rate
    compile_model(model, optimiser(spec, peak, rounds * per_round))
    keep = KeepBest(spec.patience)
    batches = Batches(x, y, spec.batch_size, per_round, spec.seed, spec.augmentation, cached)
    history = model.fit(
        batches,
        epochs=rounds,
        validation_data=validation,
        validation_batch_size=256,
        callbacks=[keep],
        verbose=verbose,
        shuffle=False,
    ).history
    keys = ("loss", "accuracy", "val_loss", "val_accuracy")
    log = [{key: round(float(history[key][i]), 6) for key in keys} for i in range(len(history["loss"]))]
    return PhaseLog(name, rounds * per_round, per_round, log, keep.best_round, len(log) * per_round)

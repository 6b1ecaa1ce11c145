"""One phase of training: a model, batches, a learning-rate schedule, validation, and the best state kept."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np

from ..data.batches import Batches, InOrder
from ..errors import Diverged
from ..plan.spec import RunSpec
from .adamw import adamw
from .checkpoint import KeepGoing


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
    """Compile for integer labels and logits, with the measure `accuracy`.

    The optimiser's variables are made here: made by the first step, they would have TensorFlow trace the step twice.
    """
    model.compile(
        optimizer=rule,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=xla(),
    )
    rule.build(model.trainable_variables)


def xla() -> str | bool:
    """Return Keras' `jit_compile`: off on TensorFlow without a GPU, where compiled convolutions are many times slower."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return "auto" if tf.config.list_physical_devices("GPU") else False
    return "auto"


class KeepBest(keras.callbacks.Callback):
    """Keep the weights of the best validation and stop when it is long past, or when the loss is no number any more.

    Best is the highest validation accuracy; ties, frequent with a hundred validation images, go to the lower loss.
    Keras' own `EarlyStopping` compares one number only.

    Args:
        patience: validations without improvement before training stops.

    Attributes:
        rounds: one dict a validation, as in `PhaseLog`.
        best_round: index of the best of them.
        weights: of the model at that time.
    """

    def __init__(self, patience: int):
        super().__init__()
        self.patience, self.best, self.best_round, self.weights = patience, None, -1, None
        self.rounds: list[dict] = []

    def on_epoch_end(self, epoch, logs=None):
        score = (logs["val_accuracy"], -logs["val_loss"])
        self.rounds.append({key: round(float(value), 6) for key, value in logs.items()})
        if not math.isfinite(logs["val_loss"]):  # it can only stay like that; an earlier state may be kept
            self.model.stop_training = True
        elif self.best is None or score > self.best:
            self.best, self.best_round, self.weights = score, epoch, self.model.get_weights()
        elif self.exhausted:
            self.model.stop_training = True

    @property
    def exhausted(self) -> bool:
        """Whether the best validation is longer past than patience allows, or the loss is no number any more."""
        if self.rounds and not math.isfinite(self.rounds[-1]["val_loss"]):
            return True
        return len(self.rounds) - 1 - self.best_round >= self.patience

    def state(self) -> tuple[dict, list[np.ndarray]]:
        """Return what it knows, as plain values and arrays."""
        return {"score": self.best, "round": self.best_round, "rounds": self.rounds}, self.weights or []

    def put_back(self, values: dict, weights: list[np.ndarray]) -> None:
        """Take over what `state` gave."""
        self.best = tuple(values["score"]) if values["score"] else None
        self.best_round, self.rounds, self.weights = values["round"], values["rounds"], weights or None


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
    keep_going: Callable[[str, KeepBest, int], KeepGoing] | None = None,
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
        keep_going: makes the callback that keeps how far the phase is; None when nothing is to be kept.

    Returns:
        The log of the phase.

    Raises:
        Diverged: no validation had a finite loss.
    """
    x, y = train
    steps = spec.steps(name, len(y))
    per_round = max(1, -(-steps // spec.evaluations))
    rounds = max(1, round(steps / per_round))
    peak = spec.head_learning_rate if name == "head" else spec.learning_rate
    compile_model(model, optimiser(spec, peak, rounds * per_round))
    best = KeepBest(spec.patience)
    batches = Batches(x, y, spec.batch_size, per_round, spec.seed, spec.augmentation, cached)
    # Keras counts one round too many before its first, and stored runs were made so; a run that goes on must count alike.
    count = keras.callbacks.LambdaCallback(on_epoch_begin=lambda k, logs: setattr(batches, "round", k + 1))
    callbacks, start = [count, best], 0
    if keep_going:
        callbacks.append(keep_going(name, best, per_round))
        start, batches.first = callbacks[-1].put_back(model, batches[0])

    def fit(end: int) -> None:
        model.fit(
            batches,
            initial_epoch=start,
            epochs=end,
            validation_data=validation if isinstance(validation[0], np.ndarray) else InOrder(*validation),
            validation_batch_size=256,
            callbacks=callbacks,
            verbose=verbose,
            shuffle=False,
        )

    if batches.first:  # the rest of a round that was interrupted: Keras asks once how many steps a round has
        fit(start + 1)
        start, batches.first = start + 1, 0
    if start < rounds and not best.exhausted:
        fit(rounds)
    if best.weights is None:
        raise Diverged(
            f"training diverged in its {name} phase: the validation loss is not a finite number from the first validation on. "
            f"Lower {'head_' if name == 'head' else ''}learning_rate ({peak:g}) or clip_norm ({spec.clip_norm:g}), or train in "
            f"float32 (precision is {spec.precision})"
        )
    model.set_weights(best.weights)
    made = len(best.rounds)
    return PhaseLog(name, rounds * per_round, per_round, best.rounds, best.best_round, made * per_round)

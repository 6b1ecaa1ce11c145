"""One way of one demonstration, trained: a head, then deeper layers."""

import time
from dataclasses import dataclass

import keras
import numpy as np

from ...data.batches import Batches
from ...errors import StudyError
from ...models import set_trainable, split_at, standardise_head
from ...models.freezing import is_head
from ...results.rounding import log_softmax
from ...training.cache import ActivationCache
from ...training.features import Known, cached_views, through
from ...training.phase import compile_model, optimiser
from ...training.run import start_model
from .images import Images
from .plan import Plan, Way


@dataclass(frozen=True)
class Trained:
    """What one way left behind.

    Attributes:
        judged: predicted class of each image that judges, uint8 (images,).
        choices: predicted class of each validation image after each round of the last phase, uint8 (rounds, images).
        phases: one dict a phase: name, steps, `rounds` (loss and validation accuracy, 0..1) and `best_round`.
        moved: whether a weight of the backbone changed in the second phase; None where there was none.
        weights_sha256: identity of the pretrained weights.
        seconds: wall and processor time.
    """

    judged: np.ndarray
    choices: np.ndarray
    phases: list[dict]
    moved: bool | None
    weights_sha256: str | None
    seconds: dict[str, float]


def train_way(
    plan: Plan, way: Way, images: Images, file, cache: ActivationCache, verbose: int = 0
) -> Trained:
    """Train one way from the plan's pretrained weights and predict.

    Args:
        plan: the demonstration.
        way: `plan.right` or `plan.wrong`.
        images: what it learns from, chooses by and is judged by.
        file: pretrained weights, a `WeightsFile`, where the project does not ship them.
        cache: of activations of the frozen backbone.
        verbose: 0 silent, 1 progress bars, 2 a line a round.

    Raises:
        StudyError: weights that are missing, or a backend that refuses what this way does.
    """
    backend = keras.backend.backend()
    if not way.recompiled and backend != "tensorflow":
        raise StudyError(
            f"mistake {plan.mistake!r}: on {backend} Keras stops with an error when `trainable` changes without compiling "
            "again, so there is nothing to measure; take KERAS_BACKEND=tensorflow"
        )
    keras.utils.clear_session()
    wall, cpu = time.perf_counter(), time.process_time()
    model, sha256 = start_model(plan, len(images.classes), images.side, file)
    if way.pixels == "1/255":
        model.get_layer("preprocess").preprocessing = None  # the layer then divides by 255
    run = _Run(plan, way, images, model, cache, verbose)
    run.head()
    moved = run.deeper() if way.steps else None
    judged = run.predict(images.judge[0])
    seconds = {
        "wall": round(time.perf_counter() - wall, 3),
        "cpu": round(time.process_time() - cpu, 3),
    }
    return Trained(judged, np.array(run.choices), run.phases, moved, sha256, seconds)


class _Round(Batches):
    """The stream of batches, of which each `fit` takes the round that `round` names; Keras may not move it on."""

    def on_epoch_end(self):
        """Stay."""


class _Run:
    """The steps of `train_way`, which share the model and its frozen part."""

    def __init__(self, plan: Plan, way: Way, images: Images, model, cache: ActivationCache, verbose: int):
        self.plan, self.way, self.images, self.model, self.cache = plan, way, images, model, cache
        self.verbose, self.phases, self.choices = verbose, [], []
        self.prefix, self.suffix = split_at(model, None)
        self.features = cached_views(
            self.prefix, images.learn[0], plan.augmentation, plan.augmentation_views, plan.seed, cache
        )
        standardise_head(model, self.features.rows())
        set_trainable(model, None)

    def head(self) -> None:
        """Train the head alone: on cached features, or in the whole model when that will not be compiled again."""
        if not self.way.head_steps:
            return
        part = self.suffix if self.way.recompiled else self.model
        x = self.features if self.way.recompiled else self.images.learn[0]
        all_steps = self.way.head_steps + (0 if self.way.recompiled else self.way.steps)
        compile_model(part, self._optimiser(self.way.head_rate, all_steps))
        self._phase("head", part, x, self.way.head_steps)

    def _optimiser(self, rate: float, steps: int) -> keras.optimizers.Optimizer:
        """Return the plan's optimiser for so many steps: one that is not compiled again has those of both phases."""
        if self.plan.schedule == "constant":
            return keras.optimizers.Adam(rate)
        return optimiser(self.plan, rate, steps)

    def deeper(self) -> bool:
        """Let the strategy's layers learn, and return whether a weight of the backbone changed."""
        backbone = [v for layer in self.model.layers if not is_head(layer.name) for v in layer.weights]
        before = [np.array(v) for v in backbone]
        set_trainable(self.model, self.plan.kind.train_from)
        if self.way.recompiled:
            compile_model(self.model, self._optimiser(self.way.rate, self.way.steps))
        self._phase("main", self.model, self.images.learn[0], self.way.steps)
        return not all(np.array_equal(old, np.array(v)) for old, v in zip(before, backbone, strict=True))

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """Return the predicted classes of images, uint8 (n,)."""
        return self._logits(pixels).argmax(axis=1).astype(np.uint8)

    def _logits(self, pixels: np.ndarray) -> np.ndarray:
        if (
            self.plan.kind.train_from is None
        ):  # the frozen part of equal images is computed once, over all seeds
            pooled = through(self.prefix, Known.images(pixels), self.cache).array
            return self.suffix.predict(pooled, batch_size=256, verbose=0)
        return self.model.predict(pixels, batch_size=256, verbose=0)

    def _phase(self, name: str, part, x, steps: int) -> None:
        """Train round by round, and leave the model with the weights of its best validation (ties: the lower loss)."""
        plan, (pixels, y) = self.plan, self.images.choose
        per_round = max(1, round(steps / plan.evaluations))
        cached = x is self.features
        batches = _Round(
            x, self.images.learn[1], plan.batch_size, per_round, plan.seed, plan.augmentation, cached
        )
        rounds, best, self.choices = [], None, []
        for number in range(plan.evaluations):
            batches.round = number
            history = part.fit(batches, verbose=self.verbose, shuffle=False).history
            log_p = log_softmax(self._logits(pixels))
            top = log_p.argmax(axis=1).astype(np.uint8)
            score = (float((top == y).mean()), float(log_p[np.arange(len(y)), y].mean()))
            rounds.append({"loss": round(float(history["loss"][0]), 6), "val_accuracy": round(score[0], 6)})
            self.choices.append(top)
            if best is None or score > best[0]:
                best = score, number, self.model.get_weights()
        self.model.set_weights(best[2])
        self.phases.append(
            {"name": name, "steps": per_round * plan.evaluations, "rounds": rounds, "best_round": best[1]}
        )

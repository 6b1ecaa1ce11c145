"""From a spec and images to a trained model."""

import time
from dataclasses import asdict, dataclass

import keras
import numpy as np

from ..data import ImageData, Split, draw
from ..models import (
    between,
    build_model,
    check_arithmetic,
    seeded,
    set_norm_momentum,
    set_trainable,
    split_at,
    standardise_head,
)
from ..models.archives import read_arrays
from ..models.imagenet import BACKBONE as IMAGENET_BACKBONE
from ..models.imagenet import arrays_sha256, backbone_arrays
from ..models.weights import download, get_arrays, set_arrays
from ..models.weightsfile import WeightsFile, resolve
from ..plan.spec import NORM_MOMENTUM, RunSpec
from ..plan.strategies import get_strategy
from .cache import ActivationCache
from .checkpoint import Checkpoint, KeepGoing
from .features import Known, Views, activations, cached_views, onward, through
from .phase import PhaseLog, run_phase


@dataclass
class Trained:
    """A trained model and how it came about.

    Attributes:
        spec: the run.
        model: pixels (n, side, side, 3) in 0..255 to logits (n, classes).
        split: the images it learned from.
        phases: logs, in order.
        learning: phase name -> names of the layers that learned.
        trainable_parameters: numbers that the last phase could change.
        weights_sha256: identity of the pretrained weights, or None.
        timing: seconds of wall and processor time: "features", "head", "main".
        cache: where the activations of frozen parts are kept, or None when everything was computed at every step.
        rows: images times views whose activations were "computed" and "reused" while training.
    """

    spec: RunSpec
    model: keras.Model
    split: Split
    phases: list[PhaseLog]
    learning: dict[str, list[str]]
    trainable_parameters: int
    weights_sha256: str | None
    timing: dict[str, dict[str, float]]
    cache: ActivationCache | None
    rows: dict[str, int]


class Stopwatch:
    """Adds up wall and processor seconds under names.

    Args:
        seconds: of earlier attempts, by name.
    """

    def __init__(self, seconds: dict[str, dict[str, float]]):
        self.seconds = seconds
        self._running: tuple[str, float, float] | None = None

    def measure(self, name: str, work):
        """Call `work()`, add the time it took to `name`, return its result."""
        self._running = name, time.perf_counter(), time.process_time()
        result = work()
        self.seconds, self._running = self.so_far(), None
        return result

    def so_far(self) -> dict[str, dict[str, float]]:
        """Return the seconds by name, those of the work that is under way included."""
        seconds = dict(self.seconds)
        if self._running:
            name, wall, cpu = self._running
            before = seconds.get(name, {"wall": 0.0, "cpu": 0.0})
            seconds[name] = {
                "wall": round(before["wall"] + time.perf_counter() - wall, 3),
                "cpu": round(before["cpu"] + time.process_time() - cpu, 3),
            }
        return seconds


def start_model(
    spec: RunSpec, n_classes: int, side: int, file: WeightsFile | None
) -> tuple[keras.Model, str | None]:
    """Build the untrained model of a spec with its starting weights.

    Returns:
        Model and the SHA-256 of the pretrained weights (None for a random start).

    Raises:
        StudyError: weights that are missing or made for another network, or arithmetic that is wrong (`check_arithmetic`).
    """
    strategy = get_strategy(spec.strategy)
    # Before the seed is set: Keras' own VGG16 draws random numbers while it is built, and a file does not.
    arrays, sha256, where = _start_arrays(spec, file)
    downloads = spec.weights == "imagenet" and arrays is None
    with seeded(spec.seed):
        model = build_model(
            spec.backbone,
            n_classes,
            side,
            spec.image_size,
            spec.head,
            standardise=strategy.head_first,
            weights="imagenet" if downloads else None,
            precision=spec.precision,
        )
    if spec.norm_momentum != NORM_MOMENTUM:
        set_norm_momentum(model, spec.norm_momentum)
    check_arithmetic(model)
    if arrays is not None:
        set_arrays(model, arrays, where)
    return model, arrays_sha256(get_arrays(model)) if downloads else sha256


def _start_arrays(spec: RunSpec, file: WeightsFile | None):
    """Return the arrays that a run starts from, their identity, and where they lie.

    ImageNet's VGG16 is the same whether it comes from a file or from Keras. All three are None for a random start, and for
    another network's download, which Keras loads itself.
    """
    if spec.weights == "none" or (spec.weights == "imagenet" and spec.backbone != IMAGENET_BACKBONE):
        return None, None, None
    file = resolve(spec.weights, file)
    if file is None:
        arrays = download()
        return arrays, arrays_sha256(arrays), "Keras' download"
    return backbone_arrays(read_arrays(file.path)), file.sha256, file.path


def train(
    spec: RunSpec,
    data: ImageData,
    file: WeightsFile | None = None,
    verbose: int = 2,
    cache: bool = True,
    checkpoint: Checkpoint | None = None,
) -> Trained:
    """Train one run: draw its images, start its model, train the head, then the deeper layers.

    Only training and validation images are touched. The seed draws subset, initialisation and order together.

    Args:
        spec: the run.
        data: the data set the spec names.
        file: pretrained weights, when the spec starts from a file.
        verbose: 0 silent, 1 progress bars, 2 a line a validation.
        cache: whether a frozen part runs once per image and view, its activations kept on disk. Without it, every step
            runs the whole network: much slower, the same numbers when nothing is augmented, and with augmentation a fresh
            view at every step instead of one of `augmentation_views`.
        checkpoint: where a long run keeps how far it is, and finds how far an earlier attempt was; None to keep nothing.

    Raises:
        StudyError: weights or labelled images that the spec asks for are not there.
    """
    strategy = get_strategy(spec.strategy)
    split = draw(data, spec.n_labels, spec.seed, spec.sampling)
    model, weights_sha256 = start_model(spec, len(data.classes), data.side, file)
    x_train, y_train = data.x_train[split.train], data.y_train[split.train]
    x_val, y_val = data.x_train[split.validation], data.y_train[split.validation]
    if checkpoint:
        checkpoint.find(data.sha256, weights_sha256)
    state = (checkpoint and checkpoint.state) or {"timing": {}, "phases": [], "rows": None}
    watch, learning = Stopwatch(state["timing"]), {}
    phases = [PhaseLog(**log) for log in state["phases"]]
    done = {log.name for log in phases}
    kept = ActivationCache() if cache else None

    def rows() -> dict[str, int]:
        now = {"computed": kept.computed, "reused": kept.reused} if kept else {"computed": 0, "reused": 0}
        before = state["rows"]  # counted by an earlier attempt: what it computed, this one finds
        return {**before, "computed": before["computed"] + now["computed"]} if before else now

    def about() -> dict:
        return {"timing": watch.so_far(), "phases": [asdict(log) for log in phases], "rows": rows()}

    def keep_going(*of_phase) -> KeepGoing:
        return KeepGoing(checkpoint, model, *of_phase, about)

    def frozen(train_from: str | None) -> tuple[Views, Views]:
        """Activations at the cut of `train_from`: all views of the training images, and the validation images."""
        prefix, _ = split_at(model, train_from)
        views = cached_views(prefix, x_train, spec.augmentation, spec.augmentation_views, spec.seed, kept)
        return views, Views(through(prefix, Known.images(x_val), kept), 1)

    def phase(name: str, train_from: str | None, inputs: tuple[Views, Views] | None):
        learning[name] = set_trainable(model, train_from)
        if name in done:  # by an earlier attempt, which kept its outcome with that of the next phase
            return
        _, suffix = split_at(model, train_from) if inputs else (None, model)
        x, x_held_out = (inputs[0], inputs[1].known.array) if inputs else (x_train, x_val)
        if name == "head":
            standardise_head(
                model,
                x.rows() if inputs else np.concatenate([*activations(split_at(model, None)[0], x_train)]),
            )
        log = watch.measure(
            name,
            lambda: run_phase(
                name, suffix, spec, (x, y_train), (x_held_out, y_val), inputs is not None, verbose,
                keep_going if checkpoint else None,
            ),
        )  # fmt: skip
        phases.append(log)

    at_cut = pooled = None
    if cache and strategy.train_from not in (None, "all"):
        at_cut = watch.measure("features", lambda: frozen(strategy.train_from))
    if strategy.head_first and "head" not in done:
        if at_cut:
            rest = between(model, strategy.train_from)
            pooled = watch.measure("features", lambda: tuple(onward(rest, part, kept) for part in at_cut))
        elif cache:
            pooled = watch.measure("features", lambda: frozen(None))
    if strategy.head_first:
        phase("head", None, pooled)
    if strategy.train_from is not None:
        phase("main", strategy.train_from, at_cut)
    parameters = int(sum(np.prod(v.shape) for v in model.trainable_weights))
    return Trained(
        spec, model, split, phases, learning, parameters, weights_sha256, watch.seconds, kept, rows()
    )

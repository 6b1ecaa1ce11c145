"""How fast this machine is at what a study does: at most a minute of measuring before the plan is made."""

import time
from dataclasses import asdict, dataclass, field

_BATCH = 16
_SIDE = 64  # pixels of the pretrained network's input while it is measured
_START = 3.0  # seconds to build a network, to compile its head and its predictions, and to store a run
_GAIN = 1.2  # how much faster 16 bits must be to be chosen


@dataclass
class Speed:
    """Seconds that things take here.

    Attributes:
        precision: what the measuring chose, as in `RunSpec`.
        start: strategy -> seconds before a run's first step and after its last: building, compiling, storing.
        head_step: seconds of a step of a head on features.
        feature: side -> seconds of one image through the frozen network.
        main_step: strategy -> side -> seconds of a step of 16 images.
        measured: seconds that measuring took.
    """

    precision: str = "float32"
    start: dict[str, float] = field(default_factory=dict)
    head_step: float = 0.002
    feature: dict[int, float] = field(default_factory=dict)
    main_step: dict[str, dict[int, float]] = field(default_factory=dict)
    measured: float = 0.0

    def features(self, side: int) -> float:
        """Return images a second through the frozen network."""
        return 1 / _at(self.feature, side)

    def step(self, strategy: str, side: int, batch: int) -> float:
        """Return seconds of one training step."""
        return _at(self.main_step[strategy], side) * batch / _BATCH

    def judged(self, strategy: str, side: int) -> float:
        """Return seconds to predict one image; what a frozen part makes of it is kept."""
        if strategy not in self.main_step:
            return 1e-4
        return (
            _at(self.main_step[strategy], side) / _BATCH / 3
        )  # a step goes forwards once and backwards twice

    def as_record(self) -> dict:
        """Return everything as plain values."""
        return asdict(self) | {
            "feature": {str(k): v for k, v in self.feature.items()},
            "main_step": {s: {str(k): v for k, v in t.items()} for s, t in self.main_step.items()},
        }

    @classmethod
    def from_record(cls, record: dict) -> "Speed":
        """Return what `as_record` gave."""
        values = dict(record)
        values["feature"] = {int(k): v for k, v in record["feature"].items()}
        values["main_step"] = {s: {int(k): v for k, v in t.items()} for s, t in record["main_step"].items()}
        return cls(**values)


def _at(table: dict[int, float], side: int) -> float:
    """Return a time at a side, from that at the side that was measured: it grows with the number of pixels."""
    ((known, value),) = table.items()
    return value * (side / known) ** 2


def measure(classes: int, strategies: tuple[str, ...], compact_side: int) -> Speed:
    """Measure this machine.

    Args:
        classes: of the pictures.
        strategies: what may be run.
        compact_side: pixels a side of the compact network's input.
    """
    from ...plan.strategies import get_strategy
    from ...training.timing import image_seconds, network, step_seconds

    began = time.perf_counter()
    speed = Speed()
    model = network("vgg16", classes, _SIDE, "float32", True)
    slow = image_seconds(model)
    model = network("vgg16", classes, _SIDE, "mixed_bfloat16", True)
    speed.feature[_SIDE] = image_seconds(model)
    if slow < _GAIN * speed.feature[_SIDE]:
        speed.precision, speed.feature[_SIDE] = "float32", slow
        model = network("vgg16", classes, _SIDE, "float32", True)
    for strategy in strategies:
        speed.start[strategy] = _START
        if strategy == "linear_probe":
            continue
        side, trained = _SIDE, model
        if strategy == "small_scratch":
            side = compact_side
            trained = network("compact", classes, side, speed.precision, False)
        started, step = step_seconds(trained, get_strategy(strategy).train_from, classes, _BATCH)
        speed.start[strategy] += started
        speed.main_step[strategy] = {side: step}
    speed.measured = round(time.perf_counter() - began, 1)
    return speed

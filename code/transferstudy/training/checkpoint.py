"""How far an unfinished run is, kept on disk, so that a run that was stopped goes on and ends as if it had not been.

One file a run, `checkpoints/<run id>/state` in the cache folder: NumPy's `.npz` of all variables and, as JSON, the position and
the log; then a SHA-256 of that. It is replaced as a whole, by the one process that holds the lock beside it.
"""

import hashlib
import io
import json
import time
from collections.abc import Callable
from contextlib import suppress

import keras
import numpy as np

from ..plan.spec import RunSpec
from ..results.locks import Held, Lock
from ..results.records import write_atomic
from .unfinished import folder_of

INTERVAL = 300.0  # seconds
_SHA256 = 32  # bytes
_ABOUT = "about"


class Checkpoint:
    """What is kept of one run while it is made; a context manager that holds it for this process.

    Another process that makes the same run meanwhile neither reads nor writes it, and makes the run from the start.

    Args:
        spec: the run.
        software: text that differs where the software does: what an attempt with other software left is not used.
        interval: seconds of training after which the state is kept, and kept again.
        say: receives lines for the reader.

    Attributes:
        state: what an earlier attempt left, plain values; None when this one starts anew.
        arrays: its variables, by name.
        times: how often the run has gone on so far.
    """

    def __init__(
        self, spec: RunSpec, software: str, interval: float = INTERVAL, say: Callable[[str], None] = print
    ):
        self._spec, self._software, self._interval, self._say = spec, software, interval, say
        self._path = folder / "state" if (folder := folder_of(spec.id)) else None
        self._lock = self._key = self._last = None
        self._started, self._clock = time.time(), (time.perf_counter(), time.process_time())
        self.state: dict | None = None
        self.arrays: dict[str, np.ndarray] = {}

    def __enter__(self) -> "Checkpoint":
        if self._path:
            with suppress(Held):  # without a place for it, or held by another process: nothing is kept
                lock = Lock(self._path.parent, "lock")
                self._lock = lock if lock.held else None
        return self

    def __exit__(self, *_) -> None:
        if self._lock:
            self._lock.release()
            self._lock = None

    def find(self, data_sha256: str, weights_sha256: str | None) -> None:
        """Read what an earlier attempt left, if it was made from the same images and weights by the same software.

        Args:
            data_sha256: content hash of the data set.
            weights_sha256: of the pretrained weights, or None.
        """
        if not self._lock:
            return
        decides = [self._spec.canonical_json(), data_sha256, weights_sha256, self._software]
        self._key = hashlib.sha256(json.dumps(decides).encode()).hexdigest()
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            self._say(f"    {self._shown}: cannot be read ({error.strerror}); the run starts anew")
            return
        content, checksum = content[:-_SHA256], content[-_SHA256:]
        if hashlib.sha256(content).digest() != checksum:
            self._say(f"    {self._shown}: damaged; the run starts anew")
            return
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = dict(archive)
        state = json.loads(str(arrays.pop(_ABOUT)))
        if state["key"] != self._key:
            self._say(f"    {self._shown}: of other images, weights or software; the run starts anew")
            return
        self.state, self.arrays = state, arrays
        where = f"phase {state['phase']!r}, round {state['round'] + 1}, step {state['step'] + 1}"
        self._say(f"    goes on where it was stopped: {where}")

    @property
    def _shown(self) -> str:
        return "/".join(self._path.parts[-3:])

    @property
    def times(self) -> int:
        return self.state["times"] + 1 if self.state else 0

    @property
    def started(self) -> float:
        """When the first attempt started, in seconds since 1970."""
        return self.state["started"] if self.state else self._started

    def total(self) -> dict[str, float]:
        """Return the wall and processor seconds of this attempt, and of earlier ones as far as their work was kept."""
        earlier = self.state["total"] if self.state else {"wall": 0.0, "cpu": 0.0}
        return {
            "wall": round(earlier["wall"] + time.perf_counter() - self._clock[0], 3),
            "cpu": round(earlier["cpu"] + time.process_time() - self._clock[1], 3),
        }

    def due(self) -> bool:
        """Return whether it is time to keep the state. The first call starts the clock."""
        if self._last is None:
            self._last = time.perf_counter()
        return bool(self._lock) and time.perf_counter() - self._last >= self._interval

    def keep(self, state: dict, arrays: dict[str, np.ndarray]) -> None:
        """Write the state, in one piece.

        Args:
            state: plain values: at least `phase`, and `round` and `step` to go on with.
            arrays: variables by name.
        """
        about = {
            **state,
            "key": self._key,
            "times": self.times,
            "started": self.started,
            "total": self.total(),
        }
        buffer = io.BytesIO()
        np.savez(buffer, **{_ABOUT: np.array(json.dumps(about))}, **arrays)
        buffer.write(hashlib.sha256(buffer.getvalue()).digest())
        try:
            write_atomic(self._path, buffer.getvalue())
        except OSError as error:
            self._say(
                f"    {self._shown}: cannot be written ({error.strerror}); if it is stopped, the run starts anew"
            )
        self._last = time.perf_counter()


class KeepGoing(keras.callbacks.Callback):
    """Keeps how far a phase is whenever that is due, and puts back what was kept.

    Args:
        checkpoint: of the run.
        network: the whole network; the model that trains may be a part of it.
        phase: its name.
        best: the `KeepBest` of the phase.
        per_round: steps between two validations.
        about: gives what else is to be kept of the run, plain values.
    """

    def __init__(
        self, checkpoint: Checkpoint, network, phase: str, best, per_round: int, about: Callable[[], dict]
    ):
        super().__init__()
        self._checkpoint, self._network, self._phase, self._best = checkpoint, network, phase, best
        self._per_round, self._about = per_round, about
        self._round, self._first, self._measures = 0, 0, None

    def put_back(self, part: keras.Model, batch: tuple[np.ndarray, np.ndarray]) -> tuple[int, int]:
        """Restore variables, optimiser and best state, and return (round, step) to go on with; (0, 0) at the start.

        Args:
            part: the compiled model that trains.
            batch: images or activations, and labels; only their shapes matter.
        """
        state = self._checkpoint.state
        if not state or state["phase"] != self._phase:
            return 0, 0
        part.test_on_batch(*batch)  # Keras makes the variables of measures when it first meets a batch
        kept = self._checkpoint.arrays
        for name, variables in self._variables(part).items():
            if name != "measure":  # Keras resets them when a round begins
                for k, variable in enumerate(variables):
                    variable.assign(kept[f"{name}{k}"])
        self._best.put_back(state["best"], _numbered("best", kept))
        self._first, self._measures = state["step"], _numbered("measure", kept) if state["step"] else None
        return state["round"], state["step"]

    def _variables(self, part: keras.Model) -> dict[str, list]:
        return {
            "network": self._network.variables,
            "optimiser": part.optimizer.variables,
            "measure": part.metrics_variables,
        }

    def on_epoch_begin(self, epoch, logs=None):
        self._round = epoch
        if self._measures:
            for variable, value in zip(self.model.metrics_variables, self._measures, strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        step = self._first + batch + 1
        if self._checkpoint.due() and step < self._per_round:
            self._keep(self._round, step)

    def on_epoch_end(self, epoch, logs=None):
        self._first, self._measures = 0, None
        if self._checkpoint.due():
            self._keep(epoch + 1, 0)

    def _keep(self, number: int, step: int) -> None:
        variables = self._variables(self.model)
        arrays = {
            f"{name}{k}": keras.ops.convert_to_numpy(variable)
            for name, found in variables.items()
            for k, variable in enumerate(found)
        }
        best, weights = self._best.state()
        arrays |= {f"best{k}": array for k, array in enumerate(weights)}
        state = {"phase": self._phase, "round": number, "step": step, "best": best, **self._about()}
        self._checkpoint.keep(state, arrays)


def _numbered(name: str, arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return the arrays `<name>0`, `<name>1` and so on."""
    found = []
    while (key := f"{name}{len(found)}") in arrays:
        found.append(arrays[key])
    return found

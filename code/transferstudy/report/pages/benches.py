"""What pages say of the bench: kept activations, the store, two workers; read from `results/bench/`."""

from pathlib import Path

from IPython.display import Markdown

from ...paths import results_dir
from ...results.benches import COMMANDS, read_bench
from ...results.environment import machine
from ..claims.costs import in_words
from ..markdown import pipe_table
from ..values import Value, count

# What the project asks of itself: times faster than without.
BARS = {"linear_probe": 10.0, "finetune": 3.0, "workers": 1.7}
EPOCHS = {
    "linear_probe": "an epoch of the linear probe",
    "finetune": "an epoch of fine-tuning the last block",
}


def stored(what: str) -> dict | None:
    """Return a stored bench, "training", "workers" or "paces" (of runs that are not made); None where it was not made.

    Raises:
        StudyError: the file is damaged or was edited.
    """
    path: Path = results_dir() / "bench" / f"{what}.json"
    return read_bench(path) if path.is_file() else None


def _where(found: dict) -> str:
    env = found["environment"]
    kept = ", glibc told to keep freed memory" if "MALLOC_TRIM_THRESHOLD_" in env.get("allocator", {}) else ""
    return f"{machine(env)}, {env['backend']}{kept}, {found['made']}"


def _times(what: str, found: dict, decimals: int) -> Value:
    return Value(f"{found['speedup']:.{decimals}f}", f"/results/bench/{what}.json")


def _asked(key: str, found: dict) -> str:
    return f"{BARS[key]:g}, {'reached' if found['speedup'] >= BARS[key] else 'missed'}"


def table() -> Markdown:
    """What was compared, how many times faster it was, what arithmetic or the number of workers allows, and what was asked for."""
    rows = []
    if made := stored("training"):
        for key, name in EPOCHS.items():
            found = made[key]
            times = f"{in_words(found['without_cache'])} s → {in_words(found['with_cache'])} s"
            what = f"{name}: activations computed at each step, or kept"
            rows.append(
                [what, times, _times("training", found, 1), in_words(found["ceiling"]), _asked(key, found)]
            )
    if made := stored("workers"):
        found = made["workers"]
        few, many = (f(found["seconds"], key=int) for f in (min, max))
        what = f"{count(found['runs'])} runs: {few} worker or {many}, each tied to one core"
        times = f"{in_words(found['seconds'][few])} s → {in_words(found['seconds'][many])} s"
        rows.append([what, times, _times("workers", found, 2), many, _asked("workers", found)])
    header = ["what", "time", "times faster", "ceiling", "asked for"]
    return pipe_table(header, rows or [["not measured yet", "–", "–", "–", "–"]], "lrrrr")


def sentence() -> str:
    """Return what the store costs, and where the bench was run."""
    training, workers = stored("training"), stored("workers")
    said = []
    if training:
        save, load = (in_words(training["store"][f"{what}_seconds"]) for what in ("save", "load"))
        said.append(
            f"Storing a run takes {save} s and reading it back {load} s. This and the epochs were measured on {_where(training)}."
        )
    if workers:
        said.append(f"The workers were measured on {_where(workers)}.")
    said += [
        f"Not measured yet: `{COMMANDS[what]}`."
        for what, made in (("training", training), ("workers", workers))
        if not made
    ]
    return " ".join(said)

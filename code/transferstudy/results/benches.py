"""`results/bench/<what>.json`: how fast this project's code was, measured on a machine that the file names."""

from pathlib import Path

from .records import read_record

COMMANDS = {
    "training": "python -m transferstudy bench --keep",
    "workers": "python -m transferstudy bench --workers --keep",
    "paces": "python -m transferstudy plan --preset second-edition --cost --measure --keep",
}


def read_bench(path: Path) -> dict:
    """Return a stored bench.

    Args:
        path: "training.json", "workers.json" or "paces.json" (of runs that are not made).

    Raises:
        StudyError: the file is damaged or was edited; the message names the command that makes it.
    """
    from .schema import Bench

    return read_record(path, COMMANDS[path.stem], model=Bench)

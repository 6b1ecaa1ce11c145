"""Where the images are: the option, the environment variable, and what kind of thing lies there."""

import os
from pathlib import Path

from ..errors import StudyError

HELP = "give it with --data PATH or TRANSFERSTUDY_DATA=PATH"


def data_source(option: str | None) -> Path | None:
    """Return the path given with `--data`, or else `TRANSFERSTUDY_DATA`, or None.

    Raises:
        StudyError: the path does not exist.
    """
    value, name = (
        (option, "--data") if option else (os.environ.get("TRANSFERSTUDY_DATA"), "TRANSFERSTUDY_DATA")
    )
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.exists():
        raise StudyError(f"{name}: {path} does not exist")
    return path


def dataset_name(source: Path | None) -> str | None:
    """Return the data set's name that a source implies: a folder of class folders is named after itself, else None."""
    if source is None or not source.is_dir() or find_batches(source):
        return None
    return source.name


def find_batches(folder: Path) -> Path | None:
    """Return the folder that holds the official CIFAR-10 batches: `folder` or its `cifar-10-batches-py`; None if neither."""
    for candidate in (folder, folder / "cifar-10-batches-py"):
        if (candidate / "data_batch_1").is_file():
            return candidate
    return None

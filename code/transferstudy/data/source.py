"""Where the images are: the option, the environment variable, and what kind of thing lies there."""

import os
from pathlib import Path

from ..errors import StudyError, printable
from ..files import is_file

RESERVED = ("cifar10", "cifar10-sample", "tiny-imagenet")  # data sets that the study knows by name
HELP = "give it with --data PATH or TRANSFERSTUDY_DATA=PATH"


def data_source(option: str | None, name: str = "--data") -> Path | None:
    """Return the path given with an option, or else `TRANSFERSTUDY_DATA`, or None.

    Args:
        option: its value.
        name: of the option.

    Raises:
        StudyError: the path does not exist.
    """
    value = option
    if option is None:
        value, name = os.environ.get("TRANSFERSTUDY_DATA"), "TRANSFERSTUDY_DATA"
    elif not option:
        raise StudyError(f"{name}: the path is empty. Name a file or a folder, or leave {name} out.")
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.exists():
        raise StudyError(f"{name}: {printable(path)} does not exist. Check the path.")
    return path


def dataset_name(source: Path | None) -> str | None:
    """Return the data set's name that a source implies: a folder of class folders is named after itself, else None.

    "." is named after the working directory. A folder that happens to be called like a data set that the study knows gets
    the ending "-folder", so that nobody takes its runs for that data set's.

    Raises:
        StudyError: the folder has no name, as the root of a disk, or one that is not UTF-8.
    """
    if source is None or not source.is_dir() or find_batches(source):
        return None
    name = source.resolve().name
    try:
        name.encode()
    except UnicodeEncodeError:
        raise StudyError(f"{printable(source)}: the folder's name is not valid UTF-8. Rename it.") from None
    if not name:
        raise StudyError(f"{printable(source)}: the root of a disk is no data set. Name a folder in it.")
    return f"{name}-folder" if name in RESERVED else name


def find_batches(folder: Path) -> Path | None:
    """Return the folder that holds the official CIFAR-10 batches: `folder` or its `cifar-10-batches-py`; None if neither."""
    for candidate in (folder, folder / "cifar-10-batches-py"):
        if is_file(candidate / "data_batch_1"):
            return candidate
    return None

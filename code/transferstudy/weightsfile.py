"""Which weights file is meant: found by content, so that its place on this machine never matters."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from .errors import StudyError
from .spec import WEIGHT_NAMES

# Name in a RunSpec -> SHA-256 of the file that carries it.
KNOWN_FILES = {"tiny-imagenet": "d4add738cd57a8e504e40b331c01909236bbd1deaf33629156c0ef61b72f2b94"}
HELP = "give the file with --weights PATH or TRANSFERSTUDY_WEIGHTS=PATH"


@dataclass(frozen=True)
class WeightsFile:
    """A weights file and its identity.

    Attributes:
        path: where it lies here.
        sha256: of the file.
        name: what a RunSpec calls it: a known name, or "sha256:<digest>".
    """

    path: Path
    sha256: str
    name: str


def find_weights(option: str | None) -> WeightsFile | None:
    """Identify the file given with `--weights`, or else `TRANSFERSTUDY_WEIGHTS`.

    Returns:
        None when neither is given, or when the option is a name such as "imagenet".

    Raises:
        StudyError: the file does not exist.
    """
    value, source = (
        (option, "--weights")
        if option
        else (os.environ.get("TRANSFERSTUDY_WEIGHTS"), "TRANSFERSTUDY_WEIGHTS")
    )
    if not value or value in WEIGHT_NAMES:
        return None
    path = Path(value).expanduser()
    if not path.is_file():
        raise StudyError(
            f"{source}: {value!r} is neither a weights file nor one of {', '.join(WEIGHT_NAMES)}"
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    known = {sha: name for name, sha in KNOWN_FILES.items()}
    return WeightsFile(path, digest, known.get(digest, f"sha256:{digest}"))


def check_available(name: str, file: WeightsFile | None) -> None:
    """Say before a run starts whether its weights can be had.

    Raises:
        StudyError: the spec asks for a file that was not given, or another one was given.
    """
    if name in ("none", "imagenet"):
        return
    if file is None:
        raise StudyError(f"weights {name!r}: no file given; {HELP}")
    if file.name != name:
        raise StudyError(f"weights {name!r}: {file.path} holds {file.name!r} instead; {HELP}")

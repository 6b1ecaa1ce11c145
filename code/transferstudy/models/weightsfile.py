"""Which weights file is meant: found by content, so that its place on this machine never matters."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import StudyError
from ..paths import weights_dir
from ..plan.spec import WEIGHT_NAMES

# Name in a RunSpec -> SHA-256 of the file that carries it.
KNOWN_FILES = {
    # Trained outside the project, in float16; what is shipped is its int8 version, "tiny-imagenet-vgg16".
    "tiny-imagenet": "d4add738cd57a8e504e40b331c01909236bbd1deaf33629156c0ef61b72f2b94",
}
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


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shipped() -> dict[str, str]:
    """Return the names of the weights in `results/weights/` and the SHA-256 that their manifests give."""
    from ..results.pretrained import manifests

    return {name: manifest["sha256"] for name, manifest in manifests(weights_dir()).items()}


def known_files() -> dict[str, str]:
    """Return every name that stands for a file, and the SHA-256 of that file."""
    return KNOWN_FILES | shipped()


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
    sha256 = file_sha256(path)
    names = {sha: name for name, sha in known_files().items()}
    return WeightsFile(path, sha256, names.get(sha256, f"sha256:{sha256}"))


def resolve(name: str, given: WeightsFile | None) -> WeightsFile | None:
    """Return the file behind the weights of a spec: the one given, or the one that the project ships under this name.

    Args:
        name: as in a RunSpec.
        given: the file given on the command line, if any.

    Returns:
        None for "none" and "imagenet", which need no file.

    Raises:
        StudyError: the spec asks for a file that was not given, another one was given, or the shipped file is damaged.
    """
    if name in ("none", "imagenet"):
        return None
    if given is not None and given.name == name:
        return given
    expected = shipped().get(name)
    if expected is not None:
        path = weights_dir() / f"{name}.npz"
        if not path.is_file() or file_sha256(path) != expected:
            raise StudyError(
                f"results/weights/{name}.npz: missing or not what its manifest says; restore it: git checkout -- results/weights"
            )
        return WeightsFile(path, expected, name)
    if given is None:
        raise StudyError(f"weights {name!r}: no file given; {HELP}")
    raise StudyError(f"weights {name!r}: {given.path} holds {given.name!r} instead; {HELP}")

"""Which weights file is meant: found by content, so that its place on this machine never matters."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import StudyError
from ..files import file_sha256
from ..paths import weights_dir
from ..plan.backbones import get_backbone
from ..plan.spec import WEIGHT_NAMES, RunSpec
from ..results.pretrained import manifests
from . import imagenet
from .layout import STACKS, misfit, shapes_of, stack_shapes, without_top

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
        sha256: of the file; for "imagenet" of its arrays (`models.imagenet.arrays_sha256`), because any file that holds them will do;
            for shipped weights of the file without compression, because that is what records call them.
        name: what a RunSpec calls it: a known name, or "sha256:<digest>".
        shapes: of its arrays without a classifier, by `<layer>/<variable>`.
    """

    path: Path
    sha256: str
    name: str
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)

    def misfit(self, backbone: str) -> str | None:
        """Say where the file does not fit a network, or return None where it does."""
        if backbone in STACKS:
            return misfit(self.shapes, stack_shapes(backbone))
        from .build import built_shapes  # needs Keras

        return misfit(self.shapes, built_shapes(backbone))


def shipped() -> dict[str, str]:
    """Return the names of the weights in `results/weights/` and the SHA-256 by which records call them."""
    return {name: manifest["sha256"] for name, manifest in manifests(weights_dir()).items()}


def shipped_for() -> dict[str, str]:
    """Return the names of the weights in `results/weights/` and the network that each is for."""
    return {name: manifest["backbone"] for name, manifest in manifests(weights_dir()).items()}


def known_files() -> dict[str, str]:
    """Return every name that stands for a file, and the SHA-256 by which records call it."""
    return KNOWN_FILES | shipped()


def find_weights(option: str | None) -> WeightsFile | None:
    """Identify the file given with `--weights`, or else `TRANSFERSTUDY_WEIGHTS`, by what it holds.

    Returns:
        None when neither is given, or when the option is a name such as "imagenet".

    Raises:
        StudyError: the file does not exist, or cannot be read as weights.
    """
    value, source = (
        (option, "--weights")
        if option
        else (os.environ.get("TRANSFERSTUDY_WEIGHTS"), "TRANSFERSTUDY_WEIGHTS")
    )
    if not value or value in WEIGHT_NAMES:
        return None
    from .archives import FORMATS, read_arrays  # loads HDF5's library: only when there is a file

    path = Path(value).expanduser()
    if not path.is_file():
        raise StudyError(
            f"{source}: {value!r} is neither a weights file ({FORMATS}) nor one of {', '.join(WEIGHT_NAMES)}"
        )
    arrays = read_arrays(path)
    if (exact := imagenet.imagenet_vgg16(arrays)) is not None:
        return WeightsFile(path, imagenet.SHA256, imagenet.NAME, shapes_of(exact))
    sha256 = file_sha256(path)
    packed = {m["file_sha256"]: m["sha256"] for m in manifests(weights_dir()).values()}
    sha256 = packed.get(sha256, sha256)
    names = {sha: name for name, sha in known_files().items()}
    return WeightsFile(path, sha256, names.get(sha256, f"sha256:{sha256}"), shapes_of(without_top(arrays)))


def serving(option: str, file: WeightsFile | None, specs: list[RunSpec]) -> tuple[dict[str, str], str]:
    """Decide which networks start from the weights given with `--weights`; the others keep their own.

    Where runs of the preset ask for these very weights by name, the file serves those, and no other run changes its weights.

    Args:
        option: the value of `--weights`.
        file: what `find_weights` made of it: None for a name.
        specs: all runs of a preset.

    Returns:
        Network -> name of the weights that replace its own, as `presets.expand` takes it; and a line for the reader.

    Raises:
        StudyError: no run that starts from pretrained weights has a network that they fit.
    """
    name = file.name if file else option
    pretrained = [s for s in specs if s.weights != "none"]
    odd = {backbone: misfit_of(name, file, backbone) for backbone in sorted({s.backbone for s in pretrained})}
    fitting = {backbone: name for backbone, why in odd.items() if why is None}
    if not pretrained:
        raise StudyError(
            f"--weights {option}: all runs of this preset start at random. Leave the option out."
        )
    if not fitting:
        raise StudyError(
            f"--weights {option}: no run can start from these weights. "
            + " ".join(f"They do not fit {backbone}: {why}." for backbone, why in odd.items())
        )
    asked = any(s.weights == name for s in pretrained)
    served = [s for s in pretrained if (s.weights == name if asked else s.backbone in fitting)]
    kept = sorted({s.weights for s in pretrained} - {s.weights for s in served})
    shown = name[:19] + "…" if name.startswith("sha256:") else name
    said = f"--weights {option}" + (f" holds {shown}" if file else "") + ": "
    said += ", ".join(dict.fromkeys(s.strategy for s in served)) + " start from it"
    said += f"; other runs keep {', '.join(kept)}" if kept else ""
    return {} if asked else fitting, said


def misfit_of(name: str, file: WeightsFile | None, backbone: str) -> str | None:
    """Say why a network cannot start from a file or from weights of that name, or return None where it can."""
    if file is not None:
        return file.misfit(backbone)
    if name == "imagenet":
        has = get_backbone(backbone).application is not None
        return None if has else "Keras offers no weights for it"
    made_for = shipped_for().get(name, backbone)
    return None if made_for == backbone else f"{name} was made for {made_for}"


def resolve(name: str, given: WeightsFile | None) -> WeightsFile | None:
    """Return the file behind the weights of a spec: the one given, or the one that the project ships under this name.

    Args:
        name: as in a RunSpec.
        given: the file given on the command line, if any.

    Returns:
        None for "none", and for "imagenet" unless the file given holds it: Keras can download that.

    Raises:
        StudyError: the spec asks for a file that was not given, another one was given, or the shipped file is damaged.
    """
    if given is not None and given.name == name:
        return given
    if name in ("none", "imagenet"):
        return None
    manifest = manifests(weights_dir()).get(name)
    if manifest is not None:
        path = weights_dir() / manifest["file"]
        if not path.is_file() or file_sha256(path) != manifest["file_sha256"]:
            raise StudyError(
                f"results/weights/{name}.npz: missing or not what its manifest says; restore it: git checkout -- results/weights"
            )
        return WeightsFile(path, manifest["sha256"], name)
    if given is None:
        raise StudyError(f"weights {name!r}: no file given; {HELP}")
    raise StudyError(f"weights {name!r}: {given.path} holds {given.name!r} instead; {HELP}")

"""`results/pretraining/<id>.json` and `results/weights/<name>.json`: what was pretrained, and which weights are shipped."""

from pathlib import Path

from ..errors import StudyError
from .records import read_record


def pretraining_records(root: Path) -> dict[str, dict]:
    """Return all pretraining records below a results folder, id -> record.

    Raises:
        StudyError: as `read_record`.
    """
    from .schema import Pretraining

    again = "python -m transferstudy pretrain"
    paths = sorted((root / "pretraining").glob("*.json"))
    return {path.stem: read_record(path, again, model=Pretraining) for path in paths}


def manifests(folder: Path) -> dict[str, dict]:
    """Return what a folder of shipped weights holds, name -> manifest.

    Raises:
        StudyError: as `read_record`, or a manifest is of other weights than its file's name says.
    """
    from .schema import Shipped

    again = "python -m transferstudy ship"
    found = {path.stem: read_record(path, again, model=Shipped) for path in sorted(folder.glob("*.json"))}
    for name, manifest in found.items():
        if (manifest["name"], manifest["file"]) != (name, f"{name}.npz"):
            raise StudyError(
                f"weights/{name}.json: it describes {manifest['file']!r}; give it the name of its weights, or restore it: "
                "git checkout -- results/weights"
            )
    return found

"""Check a study of a folder, as it lies or packed, on any machine: files whole, measures equal, one data set."""

import tempfile
import zipfile
from pathlib import Path

from ...arrays import BROKEN, check_size
from ...checking.verify import verify
from ...errors import StudyError, printable
from ..model.mistake_maps import read_maps
from ..report.outcome import load
from .folder import StudyFolder


def is_study(path: Path) -> bool:
    """Return whether a path is a study's folder, the results in it, or its archive."""
    if path.is_file():
        return path.suffix == ".zip"
    return any((path / place / "plan.json").is_file() for place in ("study", "results/study"))


def check_study(path: Path) -> list[str]:
    """Check a study and return what was checked, in lines.

    Args:
        path: as `is_study` takes it.

    Raises:
        StudyError: what is damaged, edited, or of other pictures.
    """
    if path.is_file():
        with tempfile.TemporaryDirectory() as folder:
            try:
                with zipfile.ZipFile(path) as archive:
                    check_size(archive)
                    for name in archive.namelist():
                        if name.startswith("/") or ".." in Path(name).parts:
                            raise StudyError(
                                f"{printable(path)}: the name {printable(name)} leads out of the archive; fetch the archive again"
                            )
                    archive.extractall(folder)
            except BROKEN as error:
                raise StudyError(
                    f"{printable(path)}: cannot be read as an archive ({error}); fetch it again"
                ) from None
            if not is_study(Path(folder)):
                raise StudyError(
                    f"{printable(path)}: this archive holds no study. Name a study.zip that study wrote."
                )
            try:
                return _checked(StudyFolder(Path(folder)))
            except (
                StudyError
            ) as error:  # it tells of a folder that is gone in a moment, and of how to mend what lies in it
                what = str(error).split("; delete")[0].replace(f"{Path(folder).name}/", "")
                raise StudyError(f"{printable(path)}: {what}; fetch the archive again") from None
    return _checked(StudyFolder(path if (path / "results").is_dir() else path.resolve().parent))


def _checked(folder: StudyFolder) -> list[str]:
    runs = verify(folder.store)
    o = load(folder)
    lines = [
        f"{runs} results: files whole, measures recomputed from the predictions and equal",
        f"all of one set of pictures: {o.pictures['content'][:12]}... ({len(o.pictures['files']):,} tested, "
        f"{len(o.classes)} classes)",
    ]
    if folder.has("model"):
        card = folder.read("model")
        if folder.model.is_file():
            from ...files import file_sha256

            if file_sha256(folder.model) != card["sha256"]:
                raise StudyError(
                    f"{printable(folder.model)}: its SHA-256 is not that of the model's record. Remove it and run the study's "
                    "command again."
                )
            lines.append("model.keras: the file of the record")
        else:
            lines.append(f"model.keras is not here; its SHA-256 should be {card['sha256']}")
    if folder.has("maps"):
        read_maps(folder)
        lines.append("maps of the mistakes: whole")
    return lines

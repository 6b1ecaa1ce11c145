"""Pictures that have changed since a study was made: its runs are set aside, or found again. What only looks like it is refused."""

from pathlib import Path

from ...data import ImageData
from ...data.folders.choice import Reading
from ...errors import StudyError, printable
from ...files import is_file
from ..look.pictures import short_keys
from .wish import Wish


def set_changed_aside(wish: Wish, data: ImageData) -> None:
    """Move runs of other pictures out of the way, and bring those back that were made of these before.

    The list of pictures tells: it is there before the first run, the plan is not.

    Args:
        wish: what the user asks for.
        data: the pictures as they are now, or their outline.

    Raises:
        StudyError: the folder is read otherwise than before, or another one: hours of runs would go for a forgotten option.
    """
    folder = wish.folder
    if folder.has("pictures"):
        old = folder.read("pictures")
        before, tested = old["content"], len(set(old["files"]))
        if before == data.content:
            return
        if folder.store.ids():
            reading = old.get("reading") or (folder.read("plan")["reading"] if folder.has("plan") else {})
            _check_same_reading(wish, reading)
            _check_same_folder(wish, old, data)
        stale = folder.set_aside(before)
        wish.say(
            f"  The pictures{' or their groups' if wish.reading.groups else ''} have changed since this study was made ({tested:,} were "
            f"tested then). Its {stale:,} runs, its model and its lists are of the earlier pictures, so they are stale; they now lie in "
            f"earlier/{before[:12]}/. Features of pictures that did not change are reused."
        )
    if runs := folder.take_back(data.content):
        wish.say(
            f"  These very pictures were studied before: {runs:,} runs are back from earlier/{data.content[:12]}/."
        )


def as_record(reading: Reading) -> dict:
    """Return how a folder is read as plain values; of a table of groups its name, whose place is nobody's business."""
    groups = reading.groups
    table = groups and is_file(groups)
    return {
        "groups": Path(groups).name if table else groups,
        "skip_unreadable": reading.skip_unreadable,
        "conflicts": reading.conflicts,
        "copies": reading.copies,
        "classes": list(reading.classes) if reading.classes else None,
    }


def _check_same_reading(wish: Wish, before: dict) -> None:
    """Refuse options that make other data of the same pictures.

    A new --skip-unreadable or a first --conflicts follows from pictures that have changed, so they are no sign of a mistake.
    """
    from ..look.options import as_option

    now = as_record(wish.reading)
    conflicts = before.get("conflicts") or "refuse", now["conflicts"]
    for option, wanted, there in (
        ("--classes", as_option(now["classes"]), as_option(before.get("classes"))),
        ("--groups", now["groups"], before.get("groups")),
        ("--copies", *(None if c == "alike" else c for c in (now["copies"], before.get("copies", "alike")))),
        ("--conflicts", *(reversed(conflicts) if "refuse" not in conflicts else (None, None))),
    ):
        if wanted != there:
            made = f"with {option} {printable(there)}" if there else "without it"
            raise StudyError(
                f"{option}: the study in {printable(wish.folder.root)} was made {made}. "
                f"{'Give the same' if there else 'Leave it out'}, or name another folder with --out for another study."
            )


def _check_same_folder(wish: Wish, old: dict, data: ImageData) -> None:
    """Refuse a folder that has nothing in common with the one that was studied but its name."""
    origins = data.train_origins, data.test_origins
    keys = {key for part in origins for key in short_keys(part)}
    files = {file for part in origins for file in part.files}
    if not (keys & set(old["keys"]) if "keys" in old else files & set(old["files"])):
        raise StudyError(
            f"{printable(wish.source)}: not one picture of this folder was tested in the study in {printable(wish.folder.root)}, so it is "
            "another folder, or all of its pictures were saved anew. Name another folder with --out for another study."
        )

"""Stored runs of folders of pictures: which pictures they are of, and what was found in the folder."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import printable
from ...results.records import read_record, write_record
from ...results.store import Store


def keep_look(store: Store, found: dict) -> Path:
    """Write what a folder holds to `look/<content>.json` in the results, and return the path.

    Args:
        store: the results.
        found: as `look.look` returns it.
    """
    path = store.root / "look" / f"{found['content'][:12]}.json"
    write_record(path, found)
    return path


def of_folders(store: Store) -> dict[str, tuple[str, str]]:
    """Return the stored runs of folders of pictures: id -> name of the folder and SHA-256 of its content.

    Raises:
        StudyError: as `Store.load`.
    """
    specs = {run_id: store.load(run_id)["spec"] for run_id in store.ids()}
    return {i: (s["dataset"], s["data_sha256"]) for i, s in specs.items() if s.get("data_sha256")}


def of_other_pictures(stored: dict[str, tuple[str, str]], specs: Sequence) -> str | None:
    """Say which stored runs of folders belong to other pictures than the runs that are asked for.

    Args:
        stored: as `of_folders` returns it.
        specs: the runs that are asked for.
    """
    asked = {spec.data_sha256 for spec in specs}
    others = {i: name for i, (name, content) in stored.items() if content not in asked}
    names = {spec.dataset for spec in specs if spec.data_sha256}
    same = sorted(i for i, name in others.items() if name in names)
    if same:
        return (
            f"{_runs(len(same))} of a folder called {printable(next(iter(names)))} belong to other pictures, and do not count here: "
            f"{', '.join(same)}"
        )
    if others and not names:
        return f"{_runs(len(others))} belong to folders of pictures; --data FOLDER says which of its runs are done"
    return None


def pictures_of(store: Store, source: Path | None, reading) -> Iterator[str]:
    """Yield lines that say which pictures the stored runs of folders are of.

    Args:
        store: the results.
        source: a folder whose pictures are compared with them, or None.
        reading: a `Reading`, what the user decided about that folder.

    Raises:
        StudyError: the folder cannot be used, or what was kept of one is damaged.
    """
    from ...data.folders.load import surveyed
    from ...data.source import dataset_name

    for path in sorted((store.root / "look").glob("*.json")):
        read_record(path, "python -m transferstudy run --data FOLDER")
    stored = of_folders(store)
    for (name, content), count in sorted(Counter(stored.values()).items()):
        yield f"{_runs(count)} of the pictures {content[:12]}... from a folder called {printable(name)}"
    if (name := dataset_name(source)) is None:
        return
    _, choice = surveyed(source, reading)
    same = sum(content == choice.content for _, content in stored.values())
    other = sum(there == name and content != choice.content for there, content in stored.values())
    yield f"{printable(name)}: {_runs(same)} of exactly these pictures ({choice.content[:12]}...)"
    if other:
        yield f"{printable(name)}: {_runs(other)} of a folder of this name belong to other pictures or groups"


def _runs(count: int) -> str:
    return f"{count:,} stored run{'' if count == 1 else 's'}"

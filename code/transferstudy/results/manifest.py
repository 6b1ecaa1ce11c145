"""`results/files.txt`: every file of a results folder with its size and SHA-256, so that none is lost, added or changed unseen.

One line a file, sorted by name. Two branches that each add runs merge line by line (`.gitattributes` says so). Whatever the
study writes into a folder that has such a list is entered at once; `python -m transferstudy manifest` writes the whole list
anew. A folder without a list is checked without one.
"""

import hashlib
import shlex
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import StudyError, mend, printable
from ..files import PART_SUFFIX, read_text, write_whole
from ..paths import results_dir
from . import locks

NAME = "files.txt"
COMMAND = "python -m transferstudy manifest"
_HEAD = f"# SHA-256, bytes and name of every file in this folder; {COMMAND} writes this list\n"
_SHOWN = 10  # names of each kind in a message
_OUTSIDE = {locks.FOLDER, ".DS_Store", ".gitignore", ".gitkeep"}  # no results
_DEPTH = 2  # every file of the study lies in a folder of the results folder


@dataclass(frozen=True)
class Entry:
    """What the list says of a file.

    Attributes:
        sha256: of its content, hex digits.
        size: in bytes.
    """

    sha256: str
    size: int


def listed(root: Path) -> dict[str, Entry] | None:
    """Return what the list of a results folder says, name -> entry, or None where there is none.

    Raises:
        StudyError: the list is damaged, or names a file twice with different contents.
    """
    shown = f"{root.name}/{NAME}"
    mend = f"restore it (git checkout -- {shown}), or write it anew: {_command(root)}"
    try:
        lines = read_text(root / NAME, mend, shown).splitlines()
    except FileNotFoundError:
        return None
    found: dict[str, Entry] = {}
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        sha256, size, name = [*line.split(" ", 2), "", ""][:3]
        if len(sha256) != 64 or set(sha256) - set("0123456789abcdef") or not _is_size(size) or not name:
            raise StudyError(f"{shown}: line {number} has no SHA-256, size and name of a file; {mend}")
        entry = Entry(sha256, int(size))
        if found.setdefault(name, entry) != entry:
            raise StudyError(
                f"{shown}: {printable(name)} is listed twice with different contents, perhaps after a merge; {mend}"
            )
    return found


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


def present(root: Path) -> dict[str, Path]:
    """Return everything that lies in a results folder and is no folder, name -> path, sorted by name."""
    found = {
        path.relative_to(root).as_posix(): path
        for path in root.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    return {
        name: found[name]
        for name in sorted(found)
        if name != NAME and not _OUTSIDE & set(name.split("/")) and not _being_listed(name)
    }


def _being_listed(name: str) -> bool:
    """Whether a file is the list itself while it is written."""
    return name.startswith(f".{NAME}.") and name.endswith(PART_SUFFIX)


def entry_of(path: Path) -> Entry:
    """Return size and SHA-256 of a file.

    Raises:
        OSError: it is gone or cannot be read.
    """
    hasher, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(2**20):
            hasher.update(block)
            size += len(block)
    return Entry(hasher.hexdigest(), size)


def _refusal(name: str, path: Path) -> str | None:
    """Say why something can be no entry of the list, or return None where it can."""
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        return "is a link, a pipe or a device; put the file itself there, or delete it"
    if name.endswith(PART_SUFFIX):
        return "is what an interrupted write left; delete it, unless a command is writing there now"
    try:
        return "has a line break in its name; rename it" if name.encode().splitlines()[1:] else None
    except UnicodeEncodeError:
        return "has a name that is not UTF-8; rename it"


def changes(root: Path) -> dict[str, list[str]]:
    """Return how a results folder differs from its list: "missing", "changed" and "not listed", each with the names.

    Raises:
        StudyError: there is no list, or it is damaged; or a file cannot be read.
    """
    known, found = listed(root), present(root)
    if known is None:
        raise StudyError(f"{root.name}/{NAME}: missing; write it with {_command(root)}")
    changed = [name for name, path in found.items() if name in known and _differs(root, path, known[name])]
    return {
        "missing": sorted(set(known) - set(found)),
        "changed": changed,
        "not listed": sorted(set(found) - set(known)),
    }


def _differs(root: Path, path: Path, entry: Entry) -> bool:
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode) or about.st_size != entry.size:
        return True
    try:
        return entry_of(path) != entry
    except OSError as error:
        name = path.relative_to(root.parent).as_posix()
        raise StudyError(f"{printable(name)}: cannot be read ({error.strerror})") from None


def check(root: Path) -> int | None:
    """Hold a results folder to its list; return how many files it has, or None where there is no list.

    Raises:
        StudyError: files are missing, changed or not listed, all named in one message; or the list is damaged.
    """
    if (known := listed(root)) is None:
        return None
    wrong = [
        f"  {_name_count(kind, names)}: {', '.join(map(printable, names[:_SHOWN]))}{', ...' if len(names) > _SHOWN else ''}"
        for kind, names in changes(root).items()
        if names
    ]
    if wrong:
        raise StudyError(
            f"{root.name}: its files are not those that {NAME} lists:\n"
            + "\n".join(wrong)
            + f"\nIf you did not mean this, restore the files: git checkout -- {root.name}, and delete what is not listed. "
            f"If you did, write the list anew: {_command(root)}"
        )
    return len(known)


def _name_count(kind: str, names: list[str]) -> str:
    """Return a kind of change with its number: "2 missing"."""
    return f"{len(names):,} {kind}"


def write(root: Path) -> dict[str, list[str]]:
    """Write the list of a results folder anew, and return what changed in it.

    Returns:
        "added", "changed" and "removed", each with the names.

    Raises:
        StudyError: no such folder; something in it is no plain file or is left over from an interrupted write; or the
            list cannot be written.
    """
    if not root.is_dir():
        raise StudyError(f"{root}: no such folder; name a results folder with --results DIR")
    with locks.waiting(root / locks.FOLDER, NAME):
        found = present(root)
        for name, path in found.items():
            if why := _refusal(name, path):
                raise StudyError(f"{root.name}/{printable(name)}: {why}")
        try:
            fresh = {name: entry_of(path) for name, path in found.items()}
        except OSError as error:
            raise StudyError(f"{error.filename}: cannot be read ({error.strerror})") from None
        try:
            known = listed(root) or {}
        except StudyError:  # damaged: that is what writing it anew mends
            known = {}
        try:
            _put(root, fresh)
        except OSError as error:
            raise StudyError(
                f"{root.name}/{NAME}: cannot be written ({error.strerror}). {mend(error)}"
            ) from None
    return {
        "added": sorted(set(fresh) - set(known)),
        "changed": sorted(n for n in fresh if n in known and fresh[n] != known[n]),
        "removed": sorted(set(known) - set(fresh)),
    }


def _put(root: Path, entries: dict[str, Entry]) -> None:
    lines = (f"{e.sha256} {e.size} {name}\n" for name, e in sorted(entries.items()))
    write_whole(root / NAME, (_HEAD + "".join(lines)).encode())


def note(path: Path, content: bytes) -> None:
    """Enter a file that was just written into the list of its results folder, where there is one.

    A list that is damaged or cannot be written is left as it is: `verify` names what is not in it.

    Args:
        path: the file.
        content: what was written.
    """
    for root in path.parents[:_DEPTH]:
        if (root / NAME).is_file() and path.name != NAME:
            with suppress(StudyError, OSError), locks.waiting(root / locks.FOLDER, NAME):
                entry = Entry(hashlib.sha256(content).hexdigest(), len(content))
                _put(root, {**(listed(root) or {}), path.relative_to(root).as_posix(): entry})
            return


def strays(root: Path) -> Iterator[str]:
    """Yield names of files that belong to no result: what interrupted writes left, and arrays or models without their record.

    This needs no list. A folder in a record's place is left to whoever reads the record, and names it.
    """
    found = present(root)
    for name in found:
        folder, _, file = name.rpartition("/")
        stem = file.split(".")[0]
        whole = {
            "runs": (".npz.xz", f"runs/{stem}.json"),
            "models": (".npz", f"runs/{stem}.json"),
            **{other: (".npz", f"{other}/{stem}.json") for other in ("inside", "mistakes", "weights")},
        }
        suffix, record = whole.get(folder, ("", ""))
        lost = suffix and file.endswith(suffix) and record not in found and not (root / record).is_dir()
        if name.endswith(PART_SUFFIX) or lost:
            yield name


def _command(root: Path) -> str:
    """Return the command that writes this folder's list anew."""
    with suppress(StudyError):  # outside a project there is no folder that need not be named
        if root.resolve() == results_dir().resolve():
            return COMMAND
    return f"{COMMAND} --results {shlex.quote(str(root))}"

"""Which folder of a data set is for training, for validation and for the test, whatever its makers called them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...errors import StudyError, printable
from .files import folders_in, has_pictures, nfc

Role = Literal["train", "validation", "test"]
WORDS: dict[str, Role] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "development"), "validation"),
    **dict.fromkeys(("test", "testing", "holdout", "heldout"), "test"),
}
_MEANT = "train, training, val, valid, validation, dev, test, testing and holdout, in any case and with other words or numbers beside"
_SHOWN = 6  # names in a sentence
_PURPOSE = {
    "train": "for training",
    "validation": "for validation: it chooses the epoch and the settings",
    "test": "for the test",
}


@dataclass(frozen=True)
class Layout:
    """Where the class folders of each part of a data set are.

    Attributes:
        folders: role -> folder relative to the root. Without split folders, "train" -> "": a test part is then drawn.
        why: sentences for the reader, one a decision.
    """

    folders: dict[Role, str]
    why: tuple[str, ...]

    @property
    def has_test(self) -> bool:
        """Whether the data set's makers set test pictures apart."""
        return "test" in self.folders


def role_of(name: str) -> Role | None:
    """Return what a folder of this name is for, or None: case, spaces, hyphens, and endings such as "_set" do not matter."""
    plain = re.sub(r"[\W_]+", "", nfc(name).casefold())
    return WORDS.get(plain) or WORDS.get(re.sub(r"(set|data|images|imgs|pictures|photos|split)$", "", plain))


def _called_like_splits(names: list[str]) -> dict[str, Role]:
    """Return the folders that are called like splits, with what they are for.

    A word among others, as in seg_train, train2017 and X_test, counts where all folders together name two parts or more: a
    freight_train beside a bus is a class.
    """
    exact = {name: role for name in names if (role := role_of(name))}
    every = {name: role for name in names if (role := exact.get(name) or _role_among_words(name))}
    return every if len(set(every.values())) > 1 else exact


def _role_among_words(name: str) -> Role | None:
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", nfc(name)))
    roles = {role for word in words if (role := role_of(word))}
    return roles.pop() if len(roles) == 1 else None


def find_layout(root: Path, wanted: tuple[str, ...] | None = None) -> Layout:
    """Say which folder of a data set is which part.

    A folder is a split when it is called like one and holds class folders. A folder that is called like one but holds
    pictures itself, beside others that hold pictures, is a class: somebody may sort trains from buses.

    Args:
        root: the data set's folder.
        wanted: names of the classes that the user gave, which decide where two readings are possible; None for all.

    Raises:
        StudyError: the folder cannot be opened, or what its folders are for is not clear.
    """
    try:
        layout = _layout(root)
        _refuse_two_readings(root / layout.folders["train"], wanted)
        return layout
    except OSError as error:
        closed = printable(Path(error.filename or root))  # a folder inside, perhaps
        raise StudyError(f"{closed}: cannot be opened ({error.strerror}). Change its permissions.") from None


def _layout(root: Path) -> Layout:
    names = folders_in(root)
    called = _called_like_splits(names)
    splits = {name: role for name, role in called.items() if _holds_classes(root / name)}
    if not splits:
        return _no_splits(root, names, called)
    _refuse_mixture(root, names, called, splits)
    folders: dict[Role, str] = {role: name for name, role in splits.items()}
    if "train" not in folders:
        raise StudyError(
            f"{printable(root)}: there is {_listed(splits)} but no folder for training. Add one called train, or name the "
            "folder whose folders are the classes."
        )
    why = [f"{printable(folders[role])}/ is {_PURPOSE[role]}." for role in _PURPOSE if role in folders]
    if "test" not in folders and "validation" in folders:
        folders["test"] = folders.pop("validation")
        why[1] = (
            f"{printable(folders['test'])}/ is for the test, because no other folder is: nothing is chosen with its pictures."
        )
    if "test" not in folders:
        why.append("The test pictures are drawn from it.")
    if "validation" not in folders:
        why.append("Validation pictures are drawn from those for training.")
    return Layout(folders, tuple(why))


def _holds_classes(folder: Path) -> bool:
    inner = folders_in(folder)
    return len(inner) > 1 or (len(inner) == 1 and not has_pictures(folder))


def _no_splits(root: Path, names: list[str], called: dict[str, Role]) -> Layout:
    if called and len(called) == len(names):
        raise StudyError(
            f"{printable(root)}: {_listed(called)} {'is' if len(called) == 1 else 'are'} called like splits but "
            "hold pictures instead of class folders, so the classes are not known. Make one folder a class inside each."
        )
    for name in names:
        if inner := list(_called_like_splits(folders_in(root / name))):
            raise StudyError(
                f"{printable(root / name)}: the class {printable(name)} holds {_listed(inner)}. Put the splits on top and the "
                f"classes inside them: {printable(inner[0])}/{printable(name)}."
            )
    why = ["There are no folders for training and test, so the test pictures are drawn."]
    why += [
        f"{printable(n)}/ is taken for a class, because it holds pictures and not class folders."
        for n in called
    ]
    return Layout({"train": ""}, tuple(why))


def _refuse_mixture(root: Path, names: list[str], called: dict[str, Role], splits: dict[str, Role]) -> None:
    for name in names:
        if name in splits:
            continue
        if name in called:
            raise StudyError(
                f"{printable(root / name)}: beside {_listed(splits)} this folder holds pictures without class folders, so "
                "their labels are not known. Sort them into class folders, or move this folder elsewhere."
            )
        raise StudyError(
            f"{printable(root / name)}: beside {_listed(splits)} it is not clear what this folder is for. Split folders are called "
            f"{_MEANT}. Rename it, or move it elsewhere."
        )
    if len(set(splits.values())) < len(splits):
        twice = next(role for role in splits.values() if list(splits.values()).count(role) > 1)
        both = [name for name, role in splits.items() if role == twice]
        raise StudyError(
            f"{printable(root)}: {_listed(both)} are both {_PURPOSE[twice].split(':')[0]}. Join them in one folder."
        )


def _refuse_two_readings(folder: Path, wanted: tuple[str, ...] | None) -> None:
    """Refuse class folders that may be something else, such as hospitals, unless the user named them with `--classes`."""
    inside = {name: folders_in(folder / name) for name in folders_in(folder)}
    names = [name for name, inner in inside.items() if inner or has_pictures(folder / name)]
    if wanted is not None and set(wanted) <= {nfc(name) for name in names}:
        return
    if sorted(re.sub("s$", "", name.casefold()) for name in names) in (["image", "mask"], ["img", "mask"]):
        raise StudyError(
            f"{printable(folder)}: {_listed(names)} look like pictures and their masks, which say where something is in a picture. "
            "Classes of whole pictures are learned here: make one folder a class instead, without the masks."
        )
    kinds = {frozenset(map(nfc, inside[name])) for name in names}
    if len(names) < 2 or len(kinds) > 1 or len(next(iter(kinds))) < 2:
        return
    if not any(has_pictures(folder / name) for name in names):
        inner = inside[names[0]]
        raise StudyError(
            f"{printable(folder)}: {_listed(names)} hold the same folders {_listed(inner)}, so it is not clear which are the classes. "
            f"If {_listed(names)} are, name them: --classes {_option(names)}. If {_listed(inner)} are, put them on top "
            f"({printable(inner[0])}/{printable(names[0])}), and name them: --classes {_option(inner)}."
        )


def _option(names: list[str]) -> str:
    return ",".join(map(printable, names[:_SHOWN])) + ",..." * (len(names) > _SHOWN)


def _listed(names) -> str:
    names = [printable(name) for name in names]
    if len(names) > _SHOWN:
        names = [*names[: _SHOWN - 1], f"{len(names) - _SHOWN + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

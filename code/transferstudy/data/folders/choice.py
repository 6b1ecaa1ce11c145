"""Which pictures of a folder are used, and which must stay on one side of every split."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import StudyError, printable
from .duplicates import joined, same_pictures
from .groups import assign_groups
from .survey import Survey

MIN_CLASS = 5  # pictures of a class, below which nothing can be learned, chosen and tested
MIN_GROUPS = 3  # independent groups of a class: one each for training, validation and test
ALIKE = 10  # pictures of a class that look the same and are more than half of it: then likeness says nothing about copies
_RANK = {"train": 0, "validation": 1, "test": 2}


@dataclass(frozen=True)
class Reading:
    """What the user decided about a folder.

    Attributes:
        groups: what `--groups` says, or None.
        skip_unreadable: whether unreadable files are left out instead of refused.
        conflicts: what happens to a picture that lies in two classes: "refuse", "drop" all its copies, or "keep" them all.
        classes: names of the classes that are used, sorted; None for all.
        copies: what counts as a copy: pictures that look "alike", or "equal" files alone, where a fixed camera makes all alike.
    """

    groups: str | None = None
    skip_unreadable: bool = False
    conflicts: Literal["refuse", "drop", "keep"] = "refuse"
    classes: tuple[str, ...] | None = None
    copies: Literal["alike", "equal"] = "alike"


@dataclass(frozen=True)
class Choice:
    """What is used of a survey. Numbers are places in `Survey.files`.

    Attributes:
        used: numbers of the pictures that are used, sorted.
        group: int64, one for every picture of the survey: pictures of one number stay on one side of every split.
        given_groups: how many groups the user gave, or None.
        exact: sets of pictures whose files are equal.
        near: sets of pictures that show the same in different files; equal files may be among them.
        alike: sets that would be `near` or `conflicts`, but hold most of a class: there, likeness does not mean that they are copies.
        alike_in_two: whether some of these lie in different classes, the same way up.
        conflicts: sets of pictures that show the same, the same way up, in different classes.
        leaks: sets of pictures that show the same in different given parts, such as training and test.
        left_out: file -> why it is not used, although it can be read.
        content: SHA-256, in hex, over the classes and the used pictures with their files' content, part and given group.
        copies: as in `Reading`.
    """

    used: np.ndarray
    group: np.ndarray
    given_groups: int | None
    exact: tuple[tuple[int, ...], ...]
    near: tuple[tuple[int, ...], ...]
    alike: tuple[tuple[int, ...], ...]
    alike_in_two: bool
    conflicts: tuple[tuple[int, ...], ...]
    leaks: tuple[tuple[int, ...], ...]
    left_out: dict[str, str]
    content: str
    copies: str


def choose(survey: Survey, reading: Reading) -> Choice:
    """Find what shows the same, and decide what is used; nothing is refused here but groups that cannot be kept.

    Args:
        survey: the folder.
        reading: what the user decided.

    Raises:
        StudyError: as `groups.assign_groups`, or a given group stands in two parts that the folder itself sets apart.
    """
    n = len(survey.files)
    exact, upright, every = _alike(survey, reading.copies == "alike")
    alike = _sets(every, lambda s: _differ(survey, s) and bool(_mostly_in(survey, s)))
    plain = np.ones(n, bool)
    plain[[i for s in alike for i in s]] = False
    near = _sets(every, lambda s: plain[s[0]] and _differ(survey, s))
    twice = _sets(upright, lambda s: _in_two_classes(survey, s))
    conflicts = tuple(s for s in twice if plain[s[0]])
    leaks = _sets(every, lambda s: len({survey.roles[i] for i in s}) > 1)
    left_out: dict[str, str] = {}
    if reading.conflicts == "drop":
        left_out |= {survey.files[i]: "the same picture is in two classes" for s in conflicts for i in s}
    for s in leaks:
        last = max(_RANK[survey.roles[i]] for i in s)
        for i in s:
            if _RANK[survey.roles[i]] < last:
                left_out[survey.files[i]] = "a copy of it is in the part that must not be learned from"
    given = None
    if reading.groups is not None:
        given = assign_groups(reading.groups, survey.root, survey.files)
        _check_parts(survey, given)
        _, first, name = np.unique(given, return_index=True, return_inverse=True)
        every = joined(every, first[name], np.arange(n))
    used = np.array([i for i in range(n) if survey.files[i] not in left_out], np.int64)
    return Choice(
        used,
        every,
        len(set(given)) if given else None,
        _sets(exact),
        near,
        alike,
        len(conflicts) < len(twice),
        conflicts,
        leaks,
        left_out,
        _content(survey, used, given, reading.copies),
        reading.copies,
    )


def check(survey: Survey, choice: Choice, reading: Reading) -> None:
    """Refuse a folder that nothing should be trained on as it is, everything that is wrong in one message.

    Args:
        survey: the folder.
        choice: as `choose` returns it.
        reading: what the user decided.

    Raises:
        StudyError: unreadable files or label conflicts that the user said nothing about, or a class that is too small.
    """
    wrong = []
    if survey.unreadable and not reading.skip_unreadable:
        wrong.append(unreadable_text(survey))
    if choice.conflicts and reading.conflicts == "refuse":
        wrong.append(conflict_text(survey, choice))
    used = survey.labels[choice.used]
    training = np.array([survey.roles[i] == "train" for i in choice.used], bool)
    alike = {label for s in choice.alike for label in _mostly_in(survey, s)}
    stopped = choice.alike_in_two and reading.conflicts != "keep"
    for label, name in enumerate(survey.classes):
        members = choice.used[(used == label) & training]
        groups = len(set(choice.group[members].tolist()))
        if label in alike and (len(members) < MIN_CLASS or groups < MIN_GROUPS):
            stopped = True
        elif len(members) < MIN_CLASS:
            wrong.append(
                f"The class {printable(name)!r} has {len(members)} pictures to learn from; at least {MIN_CLASS} are needed. "
                "Add some, or move its folder elsewhere."
            )
        elif groups < MIN_GROUPS:
            wrong.append(
                f"The {len(members)} pictures of the class {printable(name)!r} form {groups} group{'s'[: groups > 1]} that must "
                f"not be torn apart (copies, or one group of --groups); at least {MIN_GROUPS} are needed, for training, validation "
                "and test."
            )
    if stopped:
        wrong.append(alike_text(alike_counts(survey, choice)))
    for role in survey.layout.folders:
        for label, name in enumerate(survey.classes):
            if role != "train" and not any(
                survey.roles[i] == role for i in choice.used[used == label].tolist()
            ):
                wrong.append(f"The class {printable(name)!r} has no picture left in the {role} part.")
    if wrong:
        raise StudyError(f"{printable(survey.root)}: " + "\n".join(wrong))


def unreadable_text(survey: Survey) -> str:
    """List every unreadable file under its reason."""
    total = len(survey.files) + len(survey.unreadable)
    return "\n".join(
        [
            f"{len(survey.unreadable):,} of {total:,} pictures cannot be read:",
            *by_reason(survey.unreadable),
            "Mend them, or leave them out with --skip-unreadable.",
        ]
    )


def by_reason(unreadable: dict[str, str]) -> list[str]:
    """Return lines that name each file below what is wrong with it.

    Args:
        unreadable: file -> reason.
    """
    reasons = defaultdict(list)
    for file, reason in unreadable.items():
        reasons[reason].append(f"    {printable(file)}")
    return [
        line for reason, files in reasons.items() for line in (f"  {reason[0].upper()}{reason[1:]}", *files)
    ]


def conflict_text(survey: Survey, choice: Choice) -> str:
    """List the pictures that lie in two classes."""
    count = len(choice.conflicts)
    are, look = ("pictures are", "look") if count > 1 else ("picture is", "looks")
    lines = [f"{count:,} {are} in more than one class, or {look} the same there:"]
    lines += ["    " + "  =  ".join(printable(survey.files[i]) for i in one) for one in choice.conflicts]
    lines.append(
        "Remove the wrong copies; or leave out all of them with --conflicts drop, or use all of them with --conflicts keep."
    )
    return "\n".join(lines)


def alike_counts(survey: Survey, choice: Choice) -> list[dict]:
    """Return for each class that mostly looks alike its name, how many pictures do, and how many there are."""
    return [
        {"class": survey.classes[label], "pictures": count, "of": int((survey.labels == label).sum())}
        for s in choice.alike
        for label, count in _mostly_in(survey, s).items()
    ]


def alike_text(counts: list[dict]) -> str:
    """Say that pictures look alike, and what follows; `counts` as `alike_counts` returns them."""
    shown = ", ".join(f"{c['pictures']:,} of the {c['of']:,} of {printable(c['class'])!r}" for c in counts)
    return (
        f"Your pictures look alike ({shown}), as those of a fixed camera do, so copies cannot be told from other pictures. If they "
        "show different things, give --copies equal: then only equal files count as copies, and --groups says what else belongs "
        "together. If they are copies, add other pictures."
    )


def _mostly_in(survey: Survey, members) -> dict[int, int]:
    """Return the classes of which a set holds most pictures, with the number of those."""
    counts = np.bincount(survey.labels[list(members)], minlength=len(survey.classes))
    most = (counts >= ALIKE) & (2 * counts > np.bincount(survey.labels, minlength=len(survey.classes)))
    return {int(label): int(counts[label]) for label in np.flatnonzero(most)}


def _in_two_classes(survey: Survey, members) -> bool:
    return len(set(survey.labels[list(members)].tolist())) > 1


def _alike(survey: Survey, near: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return group numbers of the pictures: of equal files; of those that show the same; and of those that do when turned."""
    place: dict[str, int] = {}
    exact = np.array([place.setdefault(f.sha256, len(place)) for f in survey.facts], np.int64)
    if not near or not place:
        return exact, exact, exact
    _, first = np.unique(exact, return_index=True)
    upright, every = same_pictures(np.stack([survey.facts[i].thumb for i in first]))
    return exact, upright[exact], every[exact]


def _sets(number: np.ndarray, wanted=lambda s: True) -> tuple[tuple[int, ...], ...]:
    """Return the sets of two and more pictures of one number that `wanted` accepts, sorted by their first picture."""
    members = defaultdict(list)
    for i, k in enumerate(number.tolist()):
        members[k].append(i)
    return tuple(tuple(s) for s in members.values() if len(s) > 1 and wanted(s))


def _differ(survey: Survey, members) -> bool:
    return len({survey.facts[i].sha256 for i in members}) > 1


def _check_parts(survey: Survey, given: list[str]) -> None:
    parts = defaultdict(set)
    for name, role in zip(given, survey.roles, strict=True):
        parts[name].add(role)
    torn = sorted(name for name, roles in parts.items() if len(roles) > 1)
    if torn:
        raise StudyError(
            f"--groups: {len(torn):,} of {len(parts):,} groups stand in more than one of the folders "
            f"{', '.join(printable(f) for f in survey.layout.folders.values())}, such as {printable(torn[0])}. Move their pictures "
            "to one side, or put all pictures into plain class folders, so that the parts are drawn."
        )


def _content(survey: Survey, used: np.ndarray, given: list[str] | None, copies: str) -> str:
    rows = sorted(
        (survey.classes[survey.labels[i]], survey.facts[i].sha256, survey.roles[i], given[i] if given else "")
        for i in used.tolist()
    )
    marks = ["", f"copies: {copies}"] if copies != "alike" else []  # they are split otherwise
    text = "\n".join([*survey.classes, "", *("\t".join(row) for row in rows), *marks])
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()

"""Which pictures of a folder are used, and which must stay on one side of every split."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import StudyError, printable
from .duplicates import Pair, grouped, same_pictures
from .groups import assign_groups
from .survey import Survey

MIN_CLASS = 5  # pictures of a class, below which nothing can be learned, chosen and tested
MIN_GROUPS = 3  # independent groups of a class: one each for training, validation and test
_RANK = {"train": 0, "validation": 1, "test": 2}


@dataclass(frozen=True)
class Reading:
    """What the user decided about a folder.

    Attributes:
        groups: what `--groups` says, or None.
        skip_unreadable: whether unreadable files are left out instead of refused.
        conflicts: what happens to a picture that lies in two classes: "refuse", "drop" all its copies, or "keep" them all.
        classes: names of the classes that are used, sorted; None for all.
    """

    groups: str | None = None
    skip_unreadable: bool = False
    conflicts: Literal["refuse", "drop", "keep"] = "refuse"
    classes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Choice:
    """What is used of a survey. Numbers are places in `Survey.files`.

    Attributes:
        used: numbers of the pictures that are used, sorted.
        group: int64, one for every picture of the survey: pictures of one number stay on one side of every split.
        given_groups: how many groups the user gave, or None.
        exact: sets of pictures whose files are equal.
        near: sets of pictures that show the same in different files; equal files may be among them.
        conflicts: sets of pictures that show the same, the same way up, in different classes.
        leaks: sets of pictures that show the same in different given parts, such as training and test.
        left_out: file -> why it is not used, although it can be read.
        content: SHA-256, in hex, over the classes and the used pictures with their files' content, part and given group.
    """

    used: np.ndarray
    group: np.ndarray
    given_groups: int | None
    exact: tuple[tuple[int, ...], ...]
    near: tuple[tuple[int, ...], ...]
    conflicts: tuple[tuple[int, ...], ...]
    leaks: tuple[tuple[int, ...], ...]
    left_out: dict[str, str]
    content: str


def choose(survey: Survey, reading: Reading) -> Choice:
    """Find what shows the same, and decide what is used; nothing is refused here but groups that cannot be kept.

    Args:
        survey: the folder.
        reading: what the user decided.

    Raises:
        StudyError: as `groups.assign_groups`, or a given group stands in two parts that the folder itself sets apart.
    """
    n = len(survey.files)
    exact, pairs = _alike(survey)
    every = [(p.a, p.b) for p in pairs]
    upright = [(p.a, p.b) for p in pairs if p.upright]
    conflicts = _sets(n, upright, lambda s: len(set(survey.labels[list(s)].tolist())) > 1)
    leaks = _sets(n, every, lambda s: len({survey.roles[i] for i in s}) > 1)
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
        every += _chain(given)
    used = np.array([i for i in range(n) if survey.files[i] not in left_out], np.int64)
    return Choice(
        used,
        grouped(n, every),
        len(set(given)) if given else None,
        tuple(s for s in exact.values() if len(s) > 1),
        _sets(n, every if given is None else [(p.a, p.b) for p in pairs], lambda s: _differ(survey, s)),
        conflicts,
        leaks,
        left_out,
        _content(survey, used, given),
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
    training = np.array([survey.roles[i] == "train" for i in choice.used])
    for label, name in enumerate(survey.classes):
        members = choice.used[(used == label) & training]
        if len(members) < MIN_CLASS:
            wrong.append(
                f"The class {printable(name)!r} has {len(members)} pictures to learn from; at least {MIN_CLASS} are needed. "
                "Add some, or move its folder elsewhere."
            )
        elif (count := len(set(choice.group[members].tolist()))) < MIN_GROUPS:
            wrong.append(
                f"The {len(members)} pictures of the class {printable(name)!r} form {count} group{'s'[: count > 1]} that must "
                f"not be torn apart (copies, or one group of --groups); at least {MIN_GROUPS} are needed, for training, validation "
                "and test."
            )
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


def _alike(survey: Survey) -> tuple[dict[str, tuple[int, ...]], list[Pair]]:
    """Return which pictures share a file's content, and all pairs that show the same, equal files included."""
    exact = defaultdict(tuple)
    for i, facts in enumerate(survey.facts):
        exact[facts.sha256] += (i,)
    first = [members[0] for members in exact.values()]
    if not first:
        return exact, []
    found = same_pictures(np.stack([survey.facts[i].thumb for i in first]))
    pairs = [Pair(first[p.a], first[p.b], p.upright) for p in found]
    pairs += [Pair(s[k], s[k + 1], True) for s in exact.values() for k in range(len(s) - 1)]
    return exact, pairs


def _sets(n: int, pairs: list[tuple[int, int]], wanted) -> tuple[tuple[int, ...], ...]:
    """Return the sets of pictures that pairs join and that `wanted` accepts, sorted by their first picture."""
    members = defaultdict(list)
    number = grouped(n, pairs)
    for i in sorted({i for pair in pairs for i in pair}):
        members[number[i]].append(i)
    return tuple(tuple(s) for s in members.values() if wanted(s))


def _chain(names: list[str]) -> list[tuple[int, int]]:
    """Return pairs that join all pictures of one name."""
    last, pairs = {}, []
    for i, name in enumerate(names):
        if name in last:
            pairs.append((last[name], i))
        last[name] = i
    return pairs


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


def _content(survey: Survey, used: np.ndarray, given: list[str] | None) -> str:
    rows = sorted(
        (survey.classes[survey.labels[i]], survey.facts[i].sha256, survey.roles[i], given[i] if given else "")
        for i in used.tolist()
    )
    text = "\n".join([*survey.classes, "", *("\t".join(row) for row in rows)])
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()

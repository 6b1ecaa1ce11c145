"""What `look` found, as lines for a terminal: in full, and in short before runs."""

from collections.abc import Iterator

from ...data.division import TEST_PARTS
from ...data.folders.choice import alike_text, by_reason
from ...errors import printable

SHOWN = 20  # files of a kind that are listed; JSON has them all


def in_full(name: str, found: dict) -> list[str]:
    """Return everything that was found.

    Args:
        name: of the folder.
        found: as `look.look` returns it.
    """
    return [
        _headline(name, found),
        *_classes(found),
        *_use(found),
        *_skipped(found),
        *_unreadable(found),
        *_pictures(found),
        *_copies(found),
        *_odd(found),
        f"Input side: {found['side']} pixels is proposed, the largest usual side that enlarges at most half of the pictures.",
        f"Content: {found['content']}",
    ]


def in_short(name: str, found: dict, side: int, fit: str) -> list[str]:
    """Return what must be known before a run: the counts, what was decided, and what was done to the pictures.

    Args:
        name: of the folder.
        found: as `look.look` returns it.
        side: pixels a side of the runs' images.
        fit: "crop" or "pad".
    """
    lines = [_headline(name, found), *_use(found), *_skipped(found)]
    if found["unreadable"]:
        lines.append(f"Left out: {_files(len(found['unreadable']))} that cannot be read.")
    if found["notes"]:
        lines.append(_notes(found))
    if found["exact"] or found["near"]:
        lines.append("Copies of one picture stay on one side of every split.")
    if found["sizes"]["not_square"]:
        lines.append(_not_square(found, fit))
    if found["side"] != side:
        lines.append(
            f"The runs use {side} x {side} pixels; for these pictures {found['side']} is proposed (--side {found['side']})."
        )
    return [*lines, *_few(found)]


def findings(found: dict) -> list[str]:
    """Return what somebody should look at: unreadable files, copies, pictures in two classes, odd ones.

    Args:
        found: as `look.look` returns it.
    """
    lines = [*_unreadable(found), *_copies(found), *_odd(found)]
    return [line.strip() for line in lines]


def in_one_line(message: str) -> str:
    """Return a message without the names that it lists, which `in_full` has shown already."""
    return " ".join(line for line in message.split("\n") if not line.startswith("  "))


def _headline(name: str, found: dict) -> str:
    return f"{printable(name)}: {_pics(found['counts']['used'])} in {len(found['classes'])} classes"


def _classes(found: dict) -> list[str]:
    parts = [part for part in ("train", "validation", "test") if part in found["classes"][0]]
    names = [printable(entry["name"]) for entry in found["classes"]]
    width = max(5, *map(len, names))
    heads = ["pictures"] if len(parts) == 1 else parts
    lines = [f"  {'class':{width}}  " + "  ".join(f"{head:>10}" for head in heads)]
    for name, entry in zip(names, found["classes"], strict=True):
        lines.append(f"  {name:{width}}  " + "  ".join(f"{entry[part]:10,}" for part in parts))
    return lines


def _use(found: dict) -> Iterator[str]:
    yield from (f"Splits: {sentence}" for sentence in found["splits"]["why"])
    test, groups = found["test"], found["groups"]
    if test["folds"]:
        few = test.get("most", TEST_PARTS) < TEST_PARTS  # looks of an older version do not have it
        part = (
            f"{test['most']} parts at most keep what belongs together"
            if few
            else f"a fifth is only {_pics(test['pictures'])}"
        )
        yield (
            f"Splits: {part}, so the pictures are cut into {test['folds']} folds, and each picture is tested once for every seed "
            f"(--folds none for a single {'part' if few else 'fifth'})."
        )
    if found.get("copies") == "equal":
        yield "Copies: only equal files stay on one side of every split (--copies equal); whatever else looks alike may stand on both."
    if groups["given"]:
        yield f"Groups: {groups['given']:,} groups; the pictures of one group stay on one side of every split."
    if passed := found.get("classes_left_out"):  # looks of an older version do not have it
        names = [f"{printable(entry['name'])} ({_pics(entry['pictures'])})" for entry in passed[:SHOWN]]
        names += [f"{len(passed) - SHOWN:,} more"] if len(passed) > SHOWN else []
        yield f"Classes left out, because --classes does not name them: {', '.join(names)}."
    if inside := found.get("inside"):  # as above
        total, first = sum(entry["pictures"] for entry in inside), printable(inside[0]["folder"])
        yield (
            f"Classes: {_pics(total)} {_are(total)} from folders inside class folders, such as {first}/, and used for the class of the "
            "outer folder."
        )
    for entry in found["left_out"][:SHOWN]:
        yield f"Left out: {printable(entry['file'])}: {entry['reason']}."
    if len(found["left_out"]) > SHOWN:
        yield f"Left out: {_files(len(found['left_out']) - SHOWN)} more."


def no_pictures(hidden: int, other: dict[str, int]) -> Iterator[str]:
    """Yield what was passed over because it is no picture.

    Args:
        hidden: number of hidden and system files.
        other: suffix -> number of files.
    """
    if hidden:
        yield f"Skipped: {_files(hidden)} that {_are(hidden)} hidden or left behind by a system."
    if other:
        kinds = ", ".join(f"{printable(suffix)} {count:,}" for suffix, count in other.items())
        yield f"Skipped: {_files(sum(other.values()))} that {_are(sum(other.values()))} no pictures ({kinds})."


def _skipped(found: dict) -> Iterator[str]:
    yield from no_pictures(found["counts"]["hidden"], found["counts"]["other"])
    if loose := found["loose"]:
        yield f"Skipped: {_pics(len(loose))} outside the class folders, such as {printable(loose[0])}."
    for folder in found["empty"]:
        yield f"Skipped: {printable(folder)}/ holds no picture, so it is not taken for a class."


def _unreadable(found: dict) -> Iterator[str]:
    if not found["unreadable"]:
        return
    yield f"Cannot be read: {_files(len(found['unreadable']))}. Runs stop at them, or leave them out with --skip-unreadable."
    yield from by_reason({entry["file"]: entry["reason"] for entry in found["unreadable"]})


def _pictures(found: dict) -> Iterator[str]:
    sizes = found["sizes"]
    if not sizes["shorter_side"]:
        return
    commonest = ", ".join(f"{w} x {h} ({count:,})" for w, h, count in sizes["commonest"])
    low, middle, high = sizes["shorter_side"]
    yield f"Formats: {', '.join(f'{kind} {count:,}' for kind, count in found['formats'].items())}."
    yield f"Sizes: {commonest}{', ...' if sizes['shapes'] > len(sizes['commonest']) else ''} pixels."
    if low < high:
        yield f"Sizes: the shorter side has {low:,} to {high:,} pixels; half of the pictures have {middle:,} or more."
    if sizes["not_square"]:
        yield _not_square(found, None)
    if found["notes"]:
        yield _notes(found)


def _not_square(found: dict, fit: str | None) -> str:
    count = _pics(found["sizes"]["not_square"])
    if fit == "pad":
        return f"Shapes: {count} {_are(found['sizes']['not_square'])} not square; black is added to make a square."
    return (
        f"Shapes: {count} {_are(found['sizes']['not_square'])} not square; the centred square is used "
        "(--fit pad keeps the whole picture and adds black)."
    )


def _notes(found: dict) -> str:
    return (
        "Changed while reading: "
        + ", ".join(f"{count:,} {note}" for note, count in found["notes"].items())
        + "."
    )


def _copies(found: dict) -> Iterator[str]:
    yield from _sets("Equal files", "", found["exact"])
    yield from _sets(
        "The same picture in different files", "resized, re-encoded, mirrored or turned", found["near"]
    )
    if found["exact"] or found["near"]:
        yield "  Copies stay on one side of every split."
    if alike := found.get("alike"):
        yield alike_text(alike)
        yield "  Without --copies equal they stay on one side of every split."
    yield from _sets(
        "In two classes", "runs stop at them; --conflicts drop or keep decides", found["conflicts"]
    )
    yield from _sets("In two parts", "the copy for training is left out", found["leaks"])


def _sets(title: str, remark: str, sets: list[list[str]]) -> Iterator[str]:
    if not sets:
        return
    yield f"{title}: {len(sets):,} {'picture' if len(sets) == 1 else 'pictures'}{f' ({remark})' if remark else ''}."
    for members in sets[:SHOWN]:
        more = f"  and {len(members) - SHOWN:,} more" if len(members) > SHOWN else ""
        yield f"  {'  =  '.join(map(printable, members[:SHOWN]))}{more}"
    if len(sets) > SHOWN:
        yield f"  and {len(sets) - SHOWN:,} more (--json FILE lists all)"


def _odd(found: dict) -> Iterator[str]:
    for what, files in found["odd"].items():
        more = ", ..." if len(files) > 3 else ""
        yield f"Odd: {_pics(len(files))} {_are(len(files))} {what}: {', '.join(map(printable, files[:3]))}{more}"
    yield from _few(found)


def _few(found: dict) -> Iterator[str]:
    if found["few"]:
        names = ", ".join(map(printable, found["few"][:SHOWN]))
        yield f"Few pictures: fewer than 20 to learn from in {names}. Too few to tell how well such a class is recognised."


def _pics(count: int) -> str:
    return f"{count:,} picture{'' if count == 1 else 's'}"


def _files(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"

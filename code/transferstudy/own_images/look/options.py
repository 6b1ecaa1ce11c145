"""The options that say how a folder of pictures is read and split, and what they mean for the runs of a preset."""

import argparse
import csv
import io
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ...errors import StudyError, printable
from ...files import is_file

NAMED = ("cifar10", "cifar10-sample")


def reading_options(parser) -> None:
    """Add the options that decide which pictures of a folder are used and which belong together."""
    parser.add_argument(
        "--classes", type=_names, metavar="A,B,...", help="use these classes of the folder and no others"
    )
    parser.add_argument(
        "--groups",
        metavar="PATTERN|CSV",
        help="keep the pictures of a person, patient or object together: a regular expression over file names (or their folders, where it fits no name), or a table file,group",
    )
    parser.add_argument(
        "--skip-unreadable", action="store_true", help="leave out pictures that cannot be read"
    )
    parser.add_argument(
        "--conflicts",
        choices=("refuse", "drop", "keep"),
        default="refuse",
        help="a picture that lies in two classes: stop (default), drop all its copies, or keep them all",
    )
    parser.add_argument(
        "--copies",
        choices=("alike", "equal"),
        default="alike",
        help="pictures that stay together: those that look alike (default), or equal files alone, as for a fixed camera",
    )


def split_options(parser) -> None:
    """Add the options that become fields of a folder's runs."""
    parser.add_argument("--side", type=_side, metavar="PIXELS", help="input side of the runs (32 to 1024)")
    parser.add_argument(
        "--fit",
        choices=("crop", "pad"),
        help="pictures that are not square: centred square (default), or black added",
    )
    parser.add_argument(
        "--folds",
        metavar="K|none",
        help="test every picture once in K parts (default: 5 where a fifth is under 1,000)",
    )
    parser.add_argument(
        "--sampling",
        choices=("stratified", "balanced"),
        help="labels drawn as the classes occur (default for folders), or equally many of each",
    )


def reading(args):
    """Return what the options of `reading_options` say, as a `data.folders.choice.Reading`."""
    from ...data.folders.choice import Reading

    groups = args.groups
    if groups and is_file(groups):  # workers elsewhere have another working directory
        groups = str(Path(groups).resolve())
    return Reading(groups, args.skip_unreadable, args.conflicts, args.classes, args.copies)


def _side(text: str) -> int:
    """Read a number of pixels that the networks can take."""
    if not text.isdecimal() or not 32 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"expected a whole number of pixels from 32 to 1024, not {text!r}")
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    """Read the names of classes; one with a comma in it stands in double quotes."""
    from ...data.folders.files import nfc

    row = next(csv.reader([text], skipinitialspace=True), [])
    names = {nfc(name.strip().rstrip("/")) for name in row} - {""}
    if len(names) < 2:
        raise argparse.ArgumentTypeError(
            f"expected the names of two or more classes, such as cat,dog, not {text!r}"
        )
    return tuple(sorted(names))


def as_option(classes: tuple[str, ...] | None) -> str | None:
    """Return names of classes as `--classes` takes them, or None where all are used."""
    if classes is None:
        return None
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(classes)
    return line.getvalue()


def given(args) -> dict[str, object]:
    """Return the options of this module as they were given: option -> value, which is None or False where it was not."""
    return {
        "--classes": as_option(args.classes),
        "--groups": args.groups,
        "--conflicts": args.conflicts if args.conflicts != "refuse" else None,
        "--copies": args.copies if args.copies != "alike" else None,
        "--side": args.side,
        "--fit": args.fit,
        "--folds": args.folds,
        "--sampling": args.sampling,
        "--skip-unreadable": args.skip_unreadable,
    }


def command_line(command: list[str], options: dict[str, object]) -> str:
    """Return a command of this package with options, as a shell takes it; those without a value are left out."""
    words = [w for o, value in options.items() if value for w in ([o] if value is True else [o, str(value)])]
    return shlex.join(["python", "-m", "transferstudy", *command, *words])


def progress(done: int, total: int) -> None:
    """Show on the error stream how many pictures are read: one line that changes on a terminal, else a line a tenth."""
    if sys.stderr.isatty() and total >= 100 and (done % 20 == 0 or done == total):
        print(
            f"\rreading pictures: {done:,} of {total:,}", end="\n" if done == total else "", file=sys.stderr
        )
    elif not sys.stderr.isatty() and total >= 1000 and done * 10 // total > (done - 1) * 10 // total:
        print(f"reading pictures: {done:,} of {total:,}", file=sys.stderr)


def run_fields(args, source: Path | None, specs: Sequence) -> tuple[dict, dict | None]:
    """Return the fields that `--data` and the options beside it set in every run of a preset, and what the folder holds.

    Args:
        args: the options; `data`, and those of this module.
        source: the path of the data, or None.
        specs: the preset's runs as they stand in the file.

    Returns:
        Field name -> value; and the folder as `look.look` describes it, or None for a named data set.

    Raises:
        StudyError: an option that would have no effect, a preset that is made for other data, or a folder that is refused.
    """
    from ...data.source import dataset_name

    fields = {"image_size": args.side} if args.side else {}
    fixed = sorted({spec.dataset for spec in specs})
    name = dataset_name(source)
    if name is None:
        _refuse_without_folder(args)
        if args.data and fixed == ["cifar10-sample"]:
            raise StudyError(
                f"--data {printable(args.data)}: the preset {args.preset} uses the images that come with the package. Leave --data "
                "out, choose another preset, or give a folder of class folders."
            )
        return fields | ({"sampling": args.sampling} if args.sampling else {}), None
    from ...data.folders.load import surveyed
    from .look import look

    survey, choice = surveyed(source, reading(args), progress)
    found = look(survey, choice)
    contents = {spec.data_sha256 for spec in specs} - {None}
    own = [dataset for dataset in fixed if dataset not in NAMED]
    if contents and contents != {choice.content}:
        raise StudyError(
            f"--data {printable(args.data or source)}: the preset {args.preset} is made for other pictures or groups of {', '.join(fixed)}: "
            f"their content is {min(contents)[:12]}..., that of this folder {choice.content[:12]}..."
        )
    if contents:
        return fields, found
    if own and own != [name]:
        raise StudyError(
            f"--data {printable(args.data or source)}: the preset {args.preset} is made for {', '.join(own)}, not for {printable(name)}"
        )
    fields |= {"dataset": name, "data_sha256": choice.content, "sampling": args.sampling or "stratified"}
    fields["folds"] = found["test"]["folds"] = folds_of(args.folds, found["test"])
    if args.fit:
        fields["fit"] = args.fit
    return fields, found


def folds_of(option: str | None, test: dict) -> int | None:
    """Return the number of folds that `--folds` asks for, or what the pictures suggest.

    Args:
        option: its value, or None.
        test: as `look.look` returns it.

    Raises:
        StudyError: no number that makes sense, more than the pictures can be cut into, or the folder sets its test pictures apart itself.
    """
    if option is None:
        return test["folds"]
    if option == "none":
        return None
    if not option.isdecimal() or not 2 <= int(option) <= 20:
        raise StudyError(f"--folds {printable(option)}: must be a whole number from 2 to 20, or none")
    if test["own"]:
        raise StudyError(
            f"--folds {option}: the folder sets its test pictures apart itself. Leave --folds out, or put all pictures into plain "
            "class folders."
        )
    if int(option) > test["most"]:
        raise StudyError(
            f"--folds {option}: these pictures can be cut into {test['most']} parts at most, because a part needs a group of pictures that "
            f"stay together, and a picture of the largest class. Give --folds {test['most']} or fewer, or add pictures."
        )
    return int(option)


def _refuse_without_folder(args) -> None:
    given = {
        "--classes": args.classes,
        "--groups": args.groups,
        "--skip-unreadable": args.skip_unreadable,
        "--conflicts": args.conflicts != "refuse",
        "--copies": args.copies != "alike",
        "--fit": args.fit,
        "--folds": args.folds,
    }
    for option, value in given.items():
        if value:
            raise StudyError(
                f"{option}: this is for a folder of pictures; give one with --data FOLDER, or leave {option} out"
            )


def say_folder(found: dict, specs: Sequence, store) -> None:
    """Print in short what a folder holds, keep all of it beside the runs, and name stored runs of other pictures.

    Args:
        found: as `look.look` returns it.
        specs: the runs that are asked for.
        store: where they go.
    """
    from .stored import keep_look, of_folders, of_other_pictures
    from .text import in_short

    for side, fit, name in sorted({(spec.image_size, spec.fit, spec.dataset) for spec in specs}):
        print("\n".join(in_short(name, found, side, fit)))
    if others := of_other_pictures(of_folders(store), specs):
        print(others)
    keep_look(store, found)

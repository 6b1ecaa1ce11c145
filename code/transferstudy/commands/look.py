"""`python -m transferstudy look FOLDER`: what a folder of pictures holds, before anything is trained on it."""

from pathlib import Path

HELP = "look at a folder of pictures: classes, splits, unreadable files, copies, odd pictures"
PARENTS = ()
GROUP = "your images"


def arguments(parser) -> None:
    """Add the command's options."""
    from ..own_images.look.options import reading_options

    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="one folder a class, or split folders above them"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found as JSON")
    reading_options(parser)


def run(args) -> None:
    """Run the command."""
    from ..data.folders.choice import choose
    from ..data.folders.survey import survey
    from ..data.source import data_source, dataset_name
    from ..errors import StudyError, mend, printable
    from ..own_images.look.look import look
    from ..own_images.look.options import progress, reading
    from ..own_images.look.pictures import refusal
    from ..own_images.look.text import in_full, in_one_line
    from ..results.records import as_json, write_atomic

    source = data_source(str(args.folder), "FOLDER")
    if (name := dataset_name(source)) is None:
        raise StudyError(f"{printable(source)}: look needs a folder of pictures, one folder for each class")
    asked = reading(args)
    seen = survey(source, progress, asked.classes)
    choice = choose(seen, asked)
    found = look(seen, choice)
    print("\n".join(in_full(name, found)))
    if args.groups is None and (source / "groups.csv").is_file():
        print("Groups: this folder has a groups.csv; --groups groups.csv keeps its groups together.")
    if args.json:
        try:
            write_atomic(args.json, as_json(found).encode())
        except OSError as error:
            raise StudyError(
                f"--json {printable(args.json)}: cannot be written ({error.strerror}). {mend(error, 'another file')}"
            ) from None
        print(f"{printable(args.json)} written")
    if why := refusal(name, seen, choice, asked, found["test"]["folds"]):
        print(f"study would stop: {in_one_line(why)}")

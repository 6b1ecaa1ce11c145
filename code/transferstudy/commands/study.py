"""`python -m transferstudy study FOLDER --hours H`: from a folder of pictures to an answer, a report, slides and a model."""

import argparse
import math
from functools import partial
from pathlib import Path

from .options import positive

HELP = "study a folder of pictures: an answer, a report, ten slides and a model"
PARENTS = ()
GROUP = "your images"


def arguments(parser) -> None:
    """Add the command's options."""
    from ..own_images.look.options import reading_options, split_options

    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="one folder a class, or split folders above them"
    )
    parser.add_argument(
        "--hours",
        type=_hours,
        metavar="H",
        help="time for the whole study (default: 1, or what it had); more later goes on",
    )
    parser.add_argument("--out", metavar="DIR", help="where the study goes (default: NAME-study here)")
    parser.add_argument("--weights", metavar="PATH|NAME", help="pretrained weights of VGG16, as for run")
    parser.add_argument("--seeds", type=positive, default=3, metavar="N", help="seeds at most (default: 3)")
    parser.add_argument("--jobs", type=positive, default=1, metavar="N", help="N runs at a time")
    parser.add_argument("--backend", choices=("dask", "ray"), help="run on a cluster that exists already")
    parser.add_argument("--address", metavar="ADDRESS", help="of the cluster")
    parser.add_argument(
        "--with",
        dest="renderer",
        choices=("auto", "quarto", "embedded", "none"),
        default="auto",
        help="what renders the report",
    )
    split_options(parser)
    reading_options(parser)


def _hours(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.01 <= value <= 1000:
        raise argparse.ArgumentTypeError(
            f"expected a number of hours from 0.01 to 1000, such as 0.5, not {text!r}"
        )
    return value


def run(args) -> None:
    """Run the command."""
    from ..data.source import data_source, dataset_name
    from ..errors import StudyError, printable
    from ..own_images.look.options import reading
    from ..own_images.study.folder import study_folder
    from ..own_images.study.steps import study
    from ..own_images.study.weights import chosen_weights
    from ..own_images.study.wish import Wish
    from ..running.storing import try_writing

    source = data_source(str(args.folder), "FOLDER")
    if dataset_name(source) is None:
        raise StudyError(f"{printable(source)}: study needs a folder of pictures, one folder for each class")
    folder = study_folder(args.out, source)
    try_writing(folder.store, "--out", folder.root)
    file, name, said = chosen_weights(args.weights, folder)
    print(said)
    study(
        Wish(
            source, folder, args.hours, reading(args), file, name, args.side, args.fit, args.folds, args.sampling,
            args.seeds, args.jobs, args.backend, args.address, partial(_command, args), args.renderer,
            lambda line: print(line, flush=True),
        )
    )  # fmt: skip


def _command(args, hours: float) -> str:
    """Return the command that repeats a study of so many hours, with the folder's name instead of its place."""
    from ..files import is_file
    from ..own_images.look.options import command_line, given

    table = args.groups and is_file(args.groups)
    options = {
        "--hours": f"{hours:g}",
        "--weights": args.weights and Path(args.weights).name,
        **given(args),
        "--groups": Path(args.groups).name if table else args.groups,
        "--seeds": args.seeds if args.seeds != 3 else None,
    }
    return command_line(["study", args.folder.resolve().name], options)

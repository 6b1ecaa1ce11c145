"""`python -m transferstudy predict`: classify image files with the shipped model, or a folder with a model of your own."""

from pathlib import Path

HELP = "classify image files, or a whole folder with your own model"
PARENTS = ("where",)
GROUP = "your images"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGE", help="image files, or one folder of them"
    )
    parser.add_argument(
        "--model", type=Path, metavar="FILE", help="a .keras file that `study` or `export` wrote"
    )
    parser.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="for a folder: where classes go (default: NAME-predictions.csv here)",
    )
    parser.add_argument(
        "--top", type=int, default=3, metavar="K", help="classes to print, likeliest first (default: 3)"
    )


def run(args) -> int | None:
    """Run the command: all images are read before anything is predicted, so one wrong file prints no half answer."""
    import numpy as np

    from ..data.folders.pictures import UnreadablePicture, read_picture
    from ..errors import StudyError, printable
    from ..results.store import Store
    from ..training.keras_file import NAME, input_of, open_portable

    folders = [path for path in args.images if path.is_dir()]
    if folders:
        return _folder(args, folders)
    if args.csv:
        raise StudyError("--csv: this is for a folder of pictures; leave it out for single files")
    if args.top < 1:
        raise StudyError(f"--top {args.top}: must be 1 or more")
    model, notes = open_portable(args.model or Store(args.results).root / "models" / NAME)
    side, fit = input_of(model)
    photos, wrong = [], []
    for path in args.images:
        try:
            photos.append(read_picture(path, side, fit))
        except UnreadablePicture as error:
            wrong.append(str(error))
    if wrong:
        raise StudyError("\n  ".join(wrong))
    for path, photo in zip(args.images, photos, strict=True):
        probabilities = np.asarray(model(photo.pixels[None].astype("float32"), training=False))[0]
        print(printable(path) + (f" ({', '.join(photo.notes)})" if photo.notes else ""))
        for k in np.argsort(-probabilities)[: args.top]:
            print(f"  {printable(notes['classes'][k]):12} {100 * probabilities[k]:5.1f} %")
    print(
        f"run {printable(notes['run'])}; it knows these {len(notes['classes'])} classes and no others: "
        f"{', '.join(map(printable, notes['classes']))}"
    )


def _folder(args, folders: list[Path]) -> int:
    """Classify a folder into a CSV; the status is 1 where pictures or folders could not be read."""
    from ..errors import StudyError, printable
    from ..own_images.model.predict_folder import predict_folder

    if len(args.images) > 1:
        raise StudyError(f"{printable(folders[0])}: give one folder alone, or files")
    if args.model is None:
        raise StudyError(
            f"--model: {printable(folders[0])} is a folder of pictures; name the model that a study of yours wrote, such as "
            "photos-study/model.keras"
        )
    table = args.csv or Path(f"{folders[0].resolve().name}-predictions.csv")
    return 1 if predict_folder(folders[0], args.model, table, lambda line: print(line, flush=True)) else 0

"""`python -m transferstudy predict photo.jpg`: classify images with the fine-tuned compact network that the project ships."""

from pathlib import Path

HELP = "classify image files with a shipped fine-tuned model"
PARENTS = ("where",)
GROUP = "your images"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="image files")
    parser.add_argument("--model", type=Path, metavar="FILE", help="a .keras file that `export` wrote")
    parser.add_argument(
        "--top", type=int, default=3, metavar="K", help="classes to print, likeliest first (default: 3)"
    )


def run(args) -> None:
    """Run the command: all images are read before anything is predicted, so one wrong file prints no half answer."""
    import numpy as np

    from ..errors import StudyError
    from ..results.store import Store
    from ..training.keras_file import NAME, open_portable, read_photo

    if args.top < 1:
        raise StudyError(f"--top {args.top}: must be 1 or more")
    photos = [read_photo(path) for path in args.images]
    model, notes = open_portable(args.model or Store(args.results).root / "models" / NAME)
    for path, photo in zip(args.images, photos, strict=True):
        probabilities = np.asarray(model(photo[None].astype("float32"), training=False))[0]
        print(path)
        for k in np.argsort(-probabilities)[: args.top]:
            print(f"  {notes['classes'][k]:12} {100 * probabilities[k]:5.1f} %")
    print(
        f"run {notes['run']}; it knows these {len(notes['classes'])} classes and no others: {', '.join(notes['classes'])}"
    )

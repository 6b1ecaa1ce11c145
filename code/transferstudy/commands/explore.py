"""`python -m transferstudy explore`: keep the test images that arms get most confidently wrong, for the page "Explore"."""

HELP = "keep pictures of the most confident mistakes for the page Explore (needs --data)"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options."""
    from .options import positive

    parser.add_argument(
        "--preset",
        default="from-imagenet",
        help="whose arms propose images (default: from-imagenet, as on the page)",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="cifar10.npz, cifar-10-batches-py, its archive, or a folder of class folders",
    )
    parser.add_argument("--images", type=positive, metavar="N", help="at most so many (default: 400)")


def run(args) -> None:
    """Run the command.

    Raises:
        StudyError: no results, no data, or data that the results were not made from.
    """
    from ..analysis.study import load as load_study
    from ..data import load
    from ..data.source import data_source
    from ..experiments.sheet import IMAGES, make

    study = load_study(args.preset, args.results, partial=True)
    described = study.first["data"]
    data = load(described["name"], data_source(args.data), described["side"])
    record = make(study, data, args.images or IMAGES)
    picture = record["picture"]
    print(f"{picture['file']}: {len(record['index'])} test images, {picture['bytes']:,} bytes")

"""`python -m transferstudy mistakes`: make mistakes on purpose, each beside its right way, and keep what they change."""

HELP = "show what mistakes that Keras makes easy change: each one beside its right way"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--only",
        action="append",
        metavar="WHAT",
        help="a mistake (pixels, epoch, head, rate, compile) or seed=0,1; repeat to narrow down",
    )
    parser.add_argument("--data", metavar="PATH", help="cifar10.npz, cifar-10-batches-py, or its archive")
    parser.add_argument(
        "--weights",
        metavar="PATH|imagenet",
        help="start VGG16 from this file or name instead: other demonstrations, stored under other names",
    )
    parser.add_argument("--progress", choices=("bar", "lines", "none"), default="none")


def run(args) -> None:
    """Run the command.

    Raises:
        StudyError: wrong input.
    """
    from ..data import load
    from ..data.source import data_source, dataset_name
    from ..experiments.keras_mistakes.plan import plans
    from ..models.weightsfile import find_weights, resolve
    from ..results.store import Store
    from .options import VERBOSE

    source, file = data_source(args.data), find_weights(args.weights)
    chosen = plans(only=args.only, **({"dataset": name} if (name := dataset_name(source)) else {}))
    if args.weights:
        other = file.name if file else args.weights
        chosen = [p.model_copy(update={"weights": other}) if p.backbone == "vgg16" else p for p in chosen]
    for weights in {plan.weights for plan in chosen}:
        resolve(weights, file)
    from ..experiments.keras_mistakes.run import make_all

    make_all(
        chosen,
        Store(args.results).root,
        lambda name, side: load(name, source, side),
        file,
        VERBOSE[args.progress],
        lambda line: print(line, flush=True),
    )

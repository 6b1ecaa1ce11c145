"""`python -m transferstudy audit`: look for test images among the training images and in the source of the weights."""

from pathlib import Path

HELP = "look for near-duplicates between test, training and source images (needs --data and --source)"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="cifar10.npz, cifar-10-batches-py, its archive, or a folder of class folders",
    )
    parser.add_argument("--source", metavar="PATH", help="tiny-imagenet.npz or the official folder")
    parser.add_argument("--seed", type=int, default=0, help="of the planted copies (default: 0)")
    parser.add_argument(
        "--sheets", type=Path, metavar="DIR", help="only draw the stored pairs, large, to be looked at"
    )


def run(args) -> None:
    """Run the command."""
    from ..errors import StudyError
    from ..results.store import Store

    root = Store(args.results).root
    if args.sheets:
        from ..experiments.audit.sheets import draw

        for path in draw(root, args.sheets):
            print(path)
        return
    from ..data import load
    from ..data.source import data_source, dataset_name
    from ..experiments.audit.run import audit
    from ..experiments.pretraining.source import load_source

    try:
        source = load_source(Path(args.source).expanduser() if args.source else None)
    except StudyError as error:  # the same loader serves `pretrain`, where the option is called --data
        raise StudyError(
            str(error).replace("--data", "--source").replace("pretraining needs", "audit needs")
        ) from None
    path = data_source(args.data)
    data = load(dataset_name(path) or "cifar10", path)
    record = audit(data, source, root, args.seed, say=lambda line: print(line, flush=True))
    above = sum(pair["above"] for pair in record["pairs"])
    print(f"{above} pairs reach the threshold of {record['threshold']:.3f}: {root.name}/audit/audit.json")

"""`python -m transferstudy export RUN`: write a run's kept model as one `.keras` file for `predict`."""

from pathlib import Path

HELP = "write the kept model of a run as one .keras file"
PARENTS = ("where",)
GROUP = "your images"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument("run", help="id of a run that kept its weights")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: the file that `predict` reads")


def run(args) -> None:
    """Run the command."""
    from ..results.store import Store
    from ..training.keras_file import NAME, export

    store = Store(args.results)
    path = args.out or store.root / "models" / NAME
    export(store, store.load(args.run), path)
    print(f"{path}: {path.stat().st_size:,} bytes")

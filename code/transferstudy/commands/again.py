"""`python -m transferstudy again DIR`: compare runs with the same runs made again elsewhere, and keep what came out."""

HELP = "compare runs with the same ones made again on another machine, and keep how far they agree"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "second", metavar="DIR", help="results folder with runs made again (run --results DIR)"
    )


def run(args) -> None:
    """Run the command.

    Raises:
        StudyError: the folder holds no such runs, or they were made from other images or weights.
    """
    from pathlib import Path

    from ..analysis.repeated_runs import keep, path_of
    from ..results.store import Store

    store = Store(args.results)
    record = keep(store, Store(Path(args.second)))
    print(f"{path_of(store.root).relative_to(store.root)}: {len(record['runs'])} runs made twice")

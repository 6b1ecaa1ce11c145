"""`python -m transferstudy applications`: look at every network of the installed `keras.applications`."""

HELP = "build every network of keras.applications once and keep its size, depth and inputs for the pages"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options: it has none of its own."""


def run(args) -> None:
    """Run the command."""
    from ..experiments.applications import make
    from ..results.store import Store

    record = make(Store(args.results).root, lambda line: print(line, flush=True))
    print(f"keras/applications.json: {len(record['builders'])} networks of Keras {record['keras']}")

"""`python -m transferstudy convert`: bring records of the first edition to this one."""

HELP = "bring records of the first edition to this one"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add no options: the results folder is all that the command needs."""


def run(args) -> None:
    """Run the command.

    Raises:
        StudyError: a damaged file, or a record whose accuracy is not what its predictions give.
    """
    from ..checking.conversion import convert
    from ..results.store import Store

    store = Store(args.results)
    converted = convert(store)
    print(f"{converted} of {len(store.ids())} records converted; the others are of this edition already")

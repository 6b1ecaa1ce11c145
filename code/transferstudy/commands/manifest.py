"""`python -m transferstudy manifest`: write the list of all result files anew, with sizes and SHA-256."""

HELP = "write the list of all result files, which verify and the render hold the folder to"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add no options: the results folder is all that the command needs."""


def run(args) -> None:
    """Run the command.

    Raises:
        StudyError: no such folder, something in it that is no result, or the list cannot be written.
    """
    from ..errors import printable
    from ..results.manifest import NAME, listed, write
    from ..results.store import Store

    root = Store(args.results).root
    for change, names in write(root).items():
        for name in names[:20]:
            print(f"{change:7}  {printable(name)}")
        if len(names) > 20:
            print(f"{change:7}  {len(names) - 20:,} more")
    print(f"{root.name}/{NAME}: {len(listed(root) or {}):,} files")

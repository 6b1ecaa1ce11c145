"""`python -m transferstudy tuned`: the settings that won the tuning, as tables for presets.toml."""

HELP = "the settings that won the tuning, as tables for presets.toml"
PARENTS = ("where",)
GROUP = "study"


def arguments(parser) -> None:
    """Add the command's own options."""
    parser.add_argument("--preset", default="tuning", help="the tuning runs: tuning, or search")
    parser.add_argument("--table", default="tuned", help="the table to write: tuned, or second")


def run(args) -> None:
    """Run the command.

    Raises:
        StudyError: no strategy has all its tuning runs yet.
    """
    from ..analysis.tuning import as_toml, winners
    from ..errors import StudyError
    from ..plan.presets import expand
    from ..results.store import Store

    found = winners(Store(args.results), expand(args.preset))
    if not found:
        raise StudyError(
            f"tuned: no strategy has all its tuning runs: make them with python -m transferstudy run --preset {args.preset}"
        )
    print(as_toml(found, args.table), end="")

"""`python -m transferstudy tuned`: the settings that won the tuning, as tables for presets.toml."""

HELP = "the settings that won the tuning, as tables for presets.toml"
PARENTS = ("where",)
GROUP = "study"


def arguments(parser) -> None:
    """Add the command's own options."""
    parser.add_argument(
        "--preset",
        default="tuning",
        help="the tuning runs: tuning, search, or several that belong together, as search,search-decay",
    )
    parser.add_argument("--table", default="tuned", help="the table to write: tuned, or second")
    parser.add_argument("--new", action="store_true", help="only what presets.toml does not hold yet")


def run(args) -> None:
    """Run the command.

    Raises:
        StudyError: no strategy has all its tuning runs yet.
    """
    from ..analysis.tuning import as_toml, winners
    from ..errors import StudyError
    from ..paths import PRESETS
    from ..plan.presets import expand, toml_tables
    from ..results.store import Store

    specs = [spec for preset in args.preset.split(",") for spec in expand(preset)]
    found = winners(Store(args.results), specs)
    if not found:
        raise StudyError(
            "tuned: no strategy has all its tuning runs: make them with "
            + " and ".join(f"python -m transferstudy run --preset {name}" for name in args.preset.split(","))
        )
    held = toml_tables(PRESETS).get(args.table, {}) if args.new else {}
    print(as_toml(found, args.table, {spec.strategy for spec in specs}, held), end="")

"""`python -m transferstudy tuned`: the settings that won the tuning, as tables for presets.toml."""

HELP = "the settings that won the tuning, as tables for presets.toml"
PARENTS = ("where",)
GROUP = "study"


def arguments(parser) -> None:
    """The command has no options of its own."""


def run(args) -> None:
    """Run the command.

    Raises:
        StudyError: no strategy has all its tuning runs yet.
    """
    from ..analysis.tuning import PRESET, as_toml, winners
    from ..errors import StudyError
    from ..results.store import Store

    found = winners(Store(args.results))
    if not found:
        raise StudyError(
            f"tuned: no strategy has all its tuning runs: make them with python -m transferstudy run --preset {PRESET}"
        )
    print(as_toml(found), end="")

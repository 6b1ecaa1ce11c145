"""Commands of `transferstudy`, one module each; `cli` finds them here.

A module has `HELP` (one line), `GROUP` (one of `GROUPS`, under which the help lists it), `PARENTS` (which shared groups of
options it takes: "chosen", "where"), `arguments(parser)`, which adds its own options, and `run(args)`, which returns an exit
status or None. Its file name is the command's name. Heavy libraries are imported inside `run`.
"""

import importlib
import pkgutil

GROUPS = ("study", "your images", "behind the runs")


def modules() -> dict:
    """Return command name -> module, sorted by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "options")
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}

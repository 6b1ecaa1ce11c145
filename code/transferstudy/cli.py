"""The command line: `transferstudy COMMAND`, or `python -m transferstudy COMMAND`.

Each command is a module of `commands/`; here they are put together. Nothing heavy is imported until a command needs it, so
that looking at results takes a moment.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

# Before pydantic is imported: to look for plugins, it reads the entry points of every installed package.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from . import keras_settings
from .commands import GROUPS, modules
from .commands.options import shared
from .errors import StudyError, in_words, printable

# Commands that compute with Keras.
_COMPUTING = frozenset(
    (
        "applications",
        "audit",
        "bench",
        "export",
        "inside",
        "mistakes",
        "predict",
        "pretrain",
        "run",
        "ship",
        "study",
    )
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    found = modules()
    top = argparse.ArgumentParser(
        prog="transferstudy" if Path(sys.argv[0]).stem == "transferstudy" else "python -m transferstudy",
        usage="%(prog)s [-h] COMMAND ...",
        description="Run the study and look at its results.",
        epilog=_in_groups(found),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", help=argparse.SUPPRESS)
    parents = shared()
    for name, module in found.items():
        own = commands.add_parser(
            name, parents=[parents[key] for key in module.PARENTS], description=module.HELP
        )
        module.arguments(own)
    return top


def _in_groups(found: dict) -> str:
    """Return the commands with a line each, under the headings of their groups; argparse has no groups of commands."""
    width = max(map(len, found))
    parts = []
    for group in GROUPS:
        own = [f"  {name:{width}}  {module.HELP}" for name, module in found.items() if group == module.GROUP]
        parts.append("\n".join([f"{group}:", *own]))
    return "\n\n".join(parts)


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 after an error message, 130 or 143 when it was told to stop."""
    args = parser().parse_args(argv)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns that each run compiles a network anew
    try:
        if args.command in _COMPUTING:
            keras_settings.prepare()
        with _terminable():
            return modules()[args.command].run(args) or 0
    except StudyError as error:
        print("error: " + "\n".join(map(printable, str(error).split("\n"))), file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"error: {in_words(error, args.command)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print("stopped; what was finished is kept, the same command goes on from there", file=sys.stderr)
        return 128 + (signal.SIGTERM if isinstance(stop, _Terminated) else signal.SIGINT)


class _Terminated(KeyboardInterrupt):
    """SIGTERM came: from `kill`, or from a cluster whose time limit is reached."""


@contextmanager
def _terminable():
    """Take SIGTERM as Ctrl-C is taken; by default Python ends at once, and worker processes would compute on without it."""

    def stop(*_):
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

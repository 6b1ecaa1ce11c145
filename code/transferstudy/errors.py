"""The one exception that means "your input is wrong", shown without a traceback by the command line."""

import unicodedata


class StudyError(Exception):
    """Wrong input: a file, an option or a missing result.

    The message names the file or option, says what was wrong, and gives the command that mends it.
    The command line prints it and exits with status 2.
    """


class Diverged(StudyError):
    """A run whose numbers stopped being numbers: it has no result, and other runs are none the worse for it."""


def printable(text) -> str:
    r"""Return text that is safe on a terminal: control characters and broken UTF-8 of names become `\x1b` and the like.

    Args:
        text: a file or class name, or anything that `str` turns into one.
    """
    return "".join(
        c if c == " " or unicodedata.category(c)[0] not in "CZ" else c.encode("unicode_escape").decode()
        for c in str(text)
    )

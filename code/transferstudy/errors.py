"""What is shown without a traceback by the command line: wrong input, and files that the system does not give or take."""

import errno
import unicodedata


class StudyError(Exception):
    """Wrong input: a file, an option or a missing result.

    The message names the file or option, says what was wrong, and gives the command that mends it.
    The command line prints it and exits with status 2.
    """


class Diverged(StudyError):
    """A run whose numbers stopped being numbers: it has no result, and other runs are none the worse for it."""


def mend(error: OSError, instead: str = "another place") -> str:
    """Return, as a sentence, what the reader can do where the system gives or takes no file.

    Args:
        error: what the system said.
        instead: what else could be named, such as "another place with --out DIR".
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"Make room, or name {instead}."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"Change its permissions, or name {instead}."
    return (
        "Check the disk and the network." if error.filename is None else f"Check the path, or name {instead}."
    )


def in_words(error: OSError, command: str) -> str:
    """Return an error of the system as a message.

    Args:
        error: what the system said.
        command: what was done, for errors that name no file.
    """
    where = command if error.filename is None else error.filename
    what = error.strerror or " ".join(str(error).split()) or type(error).__name__
    return f"{printable(where)}: {printable(what).rstrip('.')}. {mend(error)}"


def printable(text) -> str:
    r"""Return text that is safe on a terminal: control characters and broken UTF-8 of names become `\x1b` and the like.

    Args:
        text: a file or class name, or anything that `str` turns into one.
    """
    return "".join(
        c if c == " " or unicodedata.category(c)[0] not in "CZ" else c.encode("unicode_escape").decode()
        for c in str(text)
    )

"""The one exception that means "your input is wrong", shown without a traceback by the command line."""


class StudyError(Exception):
    """Wrong input: a file, an option or a missing result.

    The message names the file or option, says what was wrong, and gives the command that mends it.
    The command line prints it and exits with status 2.
    """

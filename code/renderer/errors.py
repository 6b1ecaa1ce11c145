"""The one error that users of the renderer see."""

from __future__ import annotations

from pathlib import Path


class RenderError(Exception):
    """Something in the sources, the set-up or the rendered site is wrong.

    Args:
        message: what is wrong.
        file: the file at fault, relative to the project root where possible.
        line: 1-based line in that file.
        mend: what the reader can do about it.
    """

    def __init__(self, message: str, file: str | Path | None = None, line: int | None = None, mend: str = ""):
        self.message, self.file, self.line, self.mend = message, file, line, mend
        super().__init__(message)

    def __str__(self) -> str:
        place = "" if self.file is None else f"{self.file}:{self.line}: " if self.line else f"{self.file}: "
        return place + self.message + (f"\n  To mend it: {self.mend}" if self.mend else "")


class RenderErrors(RenderError):
    """Several errors at once, so that one render names them all."""

    def __init__(self, errors: list[RenderError]):
        self.errors = errors
        super().__init__("\n".join(str(error) for error in errors))

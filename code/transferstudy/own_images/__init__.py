"""The study on a reader's own folder of pictures."""

__all__ = ["open_study"]


def __getattr__(name: str):
    """Give the pages of a study what they begin with, wherever it lies: a reader may have edited them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .report.pages import open_study

    return open_study

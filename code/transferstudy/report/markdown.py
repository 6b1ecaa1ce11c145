"""Pipe tables for pages."""

from collections.abc import Callable

from IPython.display import Markdown

from ..analysis.study import Arm, Study


def pipe_table(header: str | list[str], rows: list[list], align: str) -> Markdown:
    """Return a Markdown pipe table.

    Args:
        header: column titles; in one string with bars between them.
        rows: cells; anything with `_repr_markdown_` is shown so, a pipe in text is escaped.
        align: one letter a column: l or r.
    """
    marks = {"l": ":--", "r": "--:"}
    titles = header.split(" | ") if isinstance(header, str) else header
    lines = [titles, [marks[a] for a in align], *rows]
    return Markdown("\n".join(f"| {' | '.join(_cell(c) for c in line)} |" for line in lines))


def by_size(study: Study, cell: Callable[[Arm], object]) -> Markdown:
    """Return a table of arms, one row a strategy and one column a number of labels; where one was not run, it says so."""
    rows = [
        [s.label, *(cell(study.arm(s.name, n)) if study.has(s.name, n) else "not run" for n in study.sizes)]
        for s in study.strategies
    ]
    return pipe_table(
        ["strategy", *(f"{n:,} labels" for n in study.sizes)], rows, "l" + "r" * len(study.sizes)
    )


def _cell(content) -> str:
    text = content._repr_markdown_() if hasattr(content, "_repr_markdown_") else str(content)
    return text.replace("|", "\\|")

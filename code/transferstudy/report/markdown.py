"""Pipe tables for pages."""

from IPython.display import Markdown


def pipe_table(header: list[str], rows: list[list], align: str) -> Markdown:
    """Return a Markdown pipe table.

    Args:
        header: column titles.
        rows: cells; anything with `_repr_markdown_` is shown so, a pipe in text is escaped.
        align: one letter a column: l or r.
    """
    marks = {"l": ":--", "r": "--:"}
    lines = [header, [marks[a] for a in align], *rows]
    return Markdown("\n".join(f"| {' | '.join(_cell(c) for c in line)} |" for line in lines))


def _cell(content) -> str:
    text = content._repr_markdown_() if hasattr(content, "_repr_markdown_") else str(content)
    return text.replace("|", "\\|")

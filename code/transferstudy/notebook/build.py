"""Cells to a notebook file: always the same bytes from the same sources; outputs of a run are put in afterwards."""

import json
import re
from pathlib import Path

from ..errors import StudyError
from ..store import Store, write_atomic
from .assemble import Assembly, Cell
from .embedded import NAME, fill
from .narrative import read_narrative

LARGEST = 5_000_000  # bytes
METADATA = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "provenance": [], "toc_visible": True},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
HIDDEN = {"cellView": "form", "collapsed": True, "jupyter": {"source_hidden": True}}


def notebook(
    root: Path, store: Store | None = None, weights: Path | None = None, images: bytes | None = None
) -> dict:
    """Return the notebook without outputs, as the notebook format's JSON (version 4.5).

    Args:
        root: the project.
        store: the report's results, by default the project's.
        weights: another file for the compact network, for a trial.
        images: what `embedded.excerpt` returns, by default what the committed notebook carries.

    Raises:
        StudyError: as `Assembly.cells`, `read_narrative` and `embedded.fill`.
    """
    narrative = read_narrative(root / "notebooks" / "narrative")
    filled = fill(root, store or Store(root / "results"), weights, images)
    cells, counts = [], {}
    for cell in Assembly(narrative, filled).cells():
        if cell.kind == "text" and (heading := re.match(r"## (.+)", cell.text)):
            section = re.sub(r"\W+", "-", heading[1].split(":")[0].lower()).strip("-")
        elif not cells:
            section = "start"
        counts[section] = counts.get(section, 0) + 1
        cells.append(_cell(cell, f"{section[:40]}-{counts[section]}"))
    return {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def _cell(cell: Cell, name: str) -> dict:
    source = cell.text.splitlines(keepends=True)
    if cell.kind == "text":
        return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}
    metadata = HIDDEN if cell.kind == "hidden" else {}
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": name,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def without_outputs(content: dict) -> dict:
    """Return a notebook as if it had never been run."""
    cells = [
        {**cell, "execution_count": None, "outputs": []} if cell["cell_type"] == "code" else cell
        for cell in content["cells"]
    ]
    return {**content, "cells": cells}


def with_outputs(content: dict, executed: dict) -> dict:
    """Return a notebook with the outputs of a run of the same cells; the log lines of libraries are left out."""
    cells = []
    for cell, ran in zip(content["cells"], executed["cells"], strict=True):
        if cell["cell_type"] == "code":
            shown = [output for output in ran["outputs"] if output.get("name") != "stderr"]
            cell = {**cell, "execution_count": ran["execution_count"], "outputs": shown}
        cells.append(cell)
    return {**content, "cells": cells}


def as_bytes(content: dict) -> bytes:
    """Return the file: indented by one, keys sorted, as Jupyter writes it."""
    return (json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def write(content: dict, path: Path) -> None:
    """Write the notebook.

    Raises:
        StudyError: it is larger than 5 MB, more than Colab and GitHub show well.
    """
    made = as_bytes(content)
    if len(made) > LARGEST:
        raise StudyError(f"{path.name}: {len(made):,} bytes, more than {LARGEST:,}: carry fewer images")
    write_atomic(path, made)


def check(root: Path, content: dict) -> None:
    """Check that the committed file is what the sources give, outputs aside, and that it was run.

    Raises:
        StudyError: it is missing, differs, or holds no outputs; the message names the first cell that differs.
    """
    path, again = root / "notebooks" / NAME, "make it again: python -m transferstudy notebook"
    if not path.is_file():
        raise StudyError(f"notebooks/{NAME} is missing; {again}")
    raw = path.read_bytes()
    try:
        committed = json.loads(raw)
    except ValueError as error:
        raise StudyError(f"notebooks/{NAME}: no notebook ({error}); {again}") from None
    if as_bytes(without_outputs(committed)) != as_bytes(content) or as_bytes(committed) != raw:
        for ours, theirs in zip(content["cells"], committed["cells"], strict=False):
            if ours["source"] != theirs["source"]:
                raise StudyError(
                    f"notebooks/{NAME}: cell {theirs['id']} is not what the sources give; {again}"
                )
        raise StudyError(f"notebooks/{NAME}: is not what the sources give; {again}")
    if not any(cell.get("outputs") for cell in committed["cells"]):
        raise StudyError(f"notebooks/{NAME}: holds no outputs of a run; {again}")

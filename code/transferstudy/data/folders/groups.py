"""Which pictures belong together, such as all of one person: from a pattern over file names, or from a table."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from ...errors import StudyError, printable
from ...files import is_file, read_text
from .files import nfc


def assign_groups(option: str, root: Path, files: Sequence[str]) -> list[str]:
    """Return the group of each file.

    Args:
        option: what `--groups` says: a CSV file with the columns `file` and `group`, looked for in the working directory and in
            the data set's folder; or a regular expression that is searched in the file's name; or, where it fits no
            name, in its path below the root, so that folders may be groups. Its first parenthesis is the group, or the
            whole match where it has none.
        root: the data set's folder; the table names files relative to it.
        files: relative to the root, with "/" between folders.

    Raises:
        StudyError: no such table, a table or an expression that cannot be read, files without a group, or groups that hold
            nothing together or everything.
    """
    found = next((p for p in (Path(option), root / option) if is_file(p)), None)
    if found is None and option.lower().endswith((".csv", ".tsv", ".txt")):
        raise StudyError(
            f"--groups {printable(option)}: no such file, neither here nor in {printable(root.name)}/. Check the name."
        )
    groups = _from_table(found, files) if found else _from_pattern(option, files)
    if len(set(groups)) == 1:
        raise StudyError(
            f"--groups {printable(option)}: all {len(files):,} pictures fall into one group, so they cannot be split. "
            "Change it so that it tells the groups apart."
        )
    if len(set(groups)) == len(files):
        raise StudyError(
            f"--groups {printable(option)}: each of the {len(files):,} pictures is a group of its own, so nothing is kept "
            "together. Name the part of the file name that several pictures share."
        )
    return groups


def _from_pattern(option: str, files: Sequence[str]) -> list[str]:
    try:
        pattern = re.compile(option)
    except re.error as error:
        raise StudyError(
            f"--groups {printable(option)}: neither a file nor a regular expression ({error}). For names such as p07_3.jpg, "
            r"write --groups '^(p\d+)_'."
        ) from None

    def found(texts) -> list[str | None]:
        matches = [pattern.search(nfc(text)) for text in texts]
        return [match and (match.group(1) if pattern.groups else match.group()) for match in matches]

    groups = found(file.rsplit("/", 1)[-1] for file in files)
    if not any(groups):
        groups = found(files)
    missing = [file for file, group in zip(files, groups, strict=True) if not group]
    if missing:
        raise StudyError(
            f"--groups {printable(option)}: {len(missing):,} of {len(files):,} file names do not match, such as "
            f"{printable(missing[0])}. Change the expression so that it matches every name."
        )
    return groups


def _from_table(path: Path, files: Sequence[str]) -> list[str]:
    shown = f"--groups {printable(path.name)}"
    text = read_text(path.resolve(), "make it a CSV table in UTF-8 that you may read", shown)
    first = text.partition("\n")[0].rstrip("\r")
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        table = _table(rows, first, shown)
    except csv.Error as error:
        raise StudyError(
            f"{shown}: what follows line {rows.line_num} cannot be read as a row of a table ({error}). Save the table as CSV in UTF-8."
        ) from None
    missing = [file for file in files if nfc(file) not in table]
    if missing:
        raise StudyError(
            f"{shown}: {len(missing):,} of {len(files):,} pictures are not listed, such as {printable(missing[0])}. Add a line "
            "for each; names are relative to the data set's folder."
        )
    return [table[nfc(file)] for file in files]


def _table(rows: csv.DictReader, first: str, shown: str) -> dict[str, str]:
    """Return file -> group; `first` is the table's first line."""
    if not {"file", "group"} <= set(rows.fieldnames or ()):
        raise StudyError(
            f"{shown}: line 1 says {printable(first)[:80]!r}. Write the names of the columns there: file,group."
        )
    table: dict[str, str] = {}
    for row in rows:
        file, group = (nfc((row[key] or "").strip()) for key in ("file", "group"))
        file = file.replace("\\", "/").removeprefix("./")
        if not file or not group:
            raise StudyError(
                f"{shown}: line {rows.line_num} has no file or no group. Fill it in, or delete the line."
            )
        if table.setdefault(file, group) != group:
            raise StudyError(
                f"{shown}: line {rows.line_num} puts {printable(file)} into the group {printable(group)}, "
                f"an earlier line into {printable(table[file])}. Keep one of them."
            )
    return table

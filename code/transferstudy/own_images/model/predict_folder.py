"""Classify a whole folder of pictures with a model file: batch by batch into a CSV that a stopped run goes on with.

Each row has the hash of its picture's file beside that of the model: another day's photographs often have the same names.
"""

import csv
import hashlib
import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np

from ...data.folders.choice import by_reason
from ...data.folders.files import Found, walk
from ...data.folders.pictures import UnreadablePicture, read_bytes, read_picture
from ...data.folders.survey import in_threads
from ...errors import StudyError, mend, printable
from ...files import file_sha256
from ...training.keras_file import input_of, open_portable
from ..look.text import no_pictures

BATCH = 64
HEADER = ["file", "class", "probability", "second best", "second probability", "model", "sha256"]
_DIGITS = 12  # of a SHA-256 that a row shows
_REMEDY = "Name another file with --csv, or remove this one."
_LONGEST_ROW = 2**14  # bytes; a path has at most 4,096, and quotes are doubled


def predict_folder(folder: Path, model: Path, table: Path, say: Callable[[str], None] = print) -> list[str]:
    """Write the classes of all pictures below a folder as CSV.

    Args:
        folder: of pictures, with folders in it or without.
        model: a `.keras` file of `study` or `export`.
        table: the CSV; what an earlier, stopped call with the same model wrote into it is kept.
        say: receives lines for the reader.

    Returns:
        Files that cannot be read, and folders that cannot be opened.

    Raises:
        StudyError: no pictures, a model that cannot be opened, or a CSV of another model, of other pictures or origin.
    """
    lying = walk(folder, "", Found())
    files, closed = lying.pictures, {f"{name or '.'}/": reason for name, reason in lying.closed.items()}
    if not files:
        where = "\n".join(
            [f"{printable(folder)}: no picture in this folder or below it.", *by_reason(closed)]
        )
        raise StudyError(where if closed else f"{where} Check the path.")
    for line in (*no_pictures(lying.hidden, dict(sorted(lying.other.items()))), *by_reason(closed)):
        say(line)
    network, notes = open_portable(model)
    side, fit = input_of(network)
    mark = file_sha256(model)[:_DIGITS]
    done, size = _rows(table, mark)
    _check_same(table, folder, done)
    todo = [name for name in files if name not in done]
    if done:
        say(f"{printable(table)}: {len(files) - len(todo):,} pictures are there already")
    classes, unreadable, began = notes["classes"], {}, time.perf_counter()

    def read(name: str):
        try:
            return read_picture(folder / name, side, fit)
        except UnreadablePicture as error:
            return error

    def batch(names: list[str]) -> dict:
        return dict(zip(names, in_threads(read, names, None), strict=True))

    with _to_append(table, size) as file:
        out = csv.writer(file, lineterminator="\n")
        for found in _ahead(batch, [todo[start : start + BATCH] for start in range(0, len(todo), BATCH)]):
            wrong = {n: e.reason for n, e in found.items() if isinstance(e, UnreadablePicture)}
            unreadable |= wrong
            good = [n for n in found if n not in wrong]
            if good:
                out.writerows(_classified(network, classes, good, found, mark))
                file.flush()
    seconds = time.perf_counter() - began
    read_now = len(todo) - len(unreadable)
    say(
        f"{printable(table)}: {read_now:,} pictures in {seconds:.1f} s ({read_now / max(seconds, 1e-3):.0f} a second)"
    )
    if unreadable:
        say(
            "\n".join(
                [f"{len(unreadable):,} of {len(files):,} pictures cannot be read:", *by_reason(unreadable)]
            )
        )
    return [*closed, *unreadable]


def _ahead(work: Callable, items: list) -> Iterator:
    """Yield `work(item)` for each item; the next one is worked on while the caller deals with this one."""
    with ThreadPoolExecutor(1) as pool:
        coming = None
        for item in items:
            before, coming = coming, pool.submit(work, item)
            if before is not None:
                yield before.result()
        if coming is not None:
            yield coming.result()


def _classified(network, classes, names: list[str], found: dict, mark: str):
    """Yield a row for each picture; a batch always has the same size, so that nothing is compiled twice."""
    pixels = np.stack([found[n].pixels for n in names])
    filled = np.concatenate([pixels, np.repeat(pixels[-1:], BATCH - len(pixels), axis=0)])
    probabilities = np.asarray(network.predict_on_batch(filled.astype("float32")))[: len(names)]
    for name, row in zip(names, probabilities, strict=True):
        first, second = np.argsort(-row)[:2]
        digest = found[name].sha256[:_DIGITS]
        yield [name, classes[first], f"{row[first]:.4f}", classes[second], f"{row[second]:.4f}", mark, digest]


def _rows(table: Path, mark: str) -> tuple[dict[str, str], int]:
    """Return the files that a CSV has already with their hashes, and how many of its bytes are whole rows.

    Raises:
        StudyError: another model wrote the CSV, or it is something else.
    """
    where = f"--csv {printable(table)}"
    try:
        content = table.read_bytes() if table.exists() else b""
    except OSError as error:
        raise StudyError(f"{where}: cannot be read ({error.strerror}). Name another file.") from None
    if not content:
        return {}, 0
    whole = content[: content.rfind(b"\n") + 1]
    # The row that a stopped call cut short may have ended within quotes, where a line break is part of a file's name.
    while whole.count(b'"') % 2 and len(content) - len(whole) < _LONGEST_ROW:
        whole = whole[: whole.rfind(b"\n", 0, -1) + 1]
    try:
        rows = list(csv.reader(io.StringIO(whole.decode("utf-8", "surrogateescape"))))
    except csv.Error:
        rows = []
    if rows[:1] == [HEADER[:-1]]:
        raise StudyError(
            f"{where}: an older version wrote this file, without the hashes that tell which pictures its rows are of. {_REMEDY}"
        )
    if rows[:1] != [HEADER] or any(len(row) != len(HEADER) for row in rows):
        raise StudyError(f"{where}: this file was not written by predict. Name another file.")
    if any(row[-2] != mark for row in rows[1:]):
        raise StudyError(f"{where}: another model wrote this file. {_REMEDY}")
    return {row[0]: row[-1] for row in rows[1:]}, len(whole)


def _check_same(table: Path, folder: Path, done: dict[str, str]) -> None:
    """Refuse to go on with a CSV whose rows are of other pictures than those that lie in the folder now.

    Raises:
        StudyError: a file of the CSV is not there, or holds something else.
    """

    def now(name: str) -> str | None:
        try:
            return hashlib.sha256(read_bytes(folder / name)).hexdigest()[:_DIGITS]
        except UnreadablePicture:
            return None

    there = dict(zip(done, in_threads(now, list(done), None), strict=True))
    if other := [name for name in done if there[name] != done[name]]:
        raise StudyError(
            f"--csv {printable(table)}: {len(other):,} of the {len(done):,} pictures in this file are not in {printable(folder)} as they "
            f"were classified, such as {printable(other[0])}; two sets of pictures are not mixed in one file. {_REMEDY}"
        )


def _to_append(table: Path, size: int) -> IO[str]:
    """Open a CSV at the end of its whole rows: what is left of a row that was cut short goes, a missing header comes.

    Raises:
        StudyError: it cannot be written.
    """
    try:
        file = table.open("a", encoding="utf-8", errors="surrogateescape", newline="")
        file.truncate(size)
        if not size:
            csv.writer(file, lineterminator="\n").writerow(HEADER)
            file.flush()
    except OSError as error:
        where = f"--csv {printable(table)}"
        raise StudyError(
            f"{where}: cannot be written ({error.strerror}). {mend(error, 'another file')}"
        ) from None
    return file

"""One sheet of small test images: those that any arm gets most confidently wrong, for the page on which readers pick the arm.

    results/explore/sheet.webp   the images side by side, row by row, without loss
    results/explore/sheet.json   which test image stands where, of which data, checksums

These are the first edition's; those of another preset carry its name. The pages show those of `sheet-from-imagenet.webp`.

An image goes by its position among the test images in canonical order, so the sheet stays valid when runs are added: arms that
came later show those of their mistakes that are on it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..analysis.misclassified import Mistake, confident_mistakes, mistakes
from ..analysis.study import MAIN, Study
from ..data import ImageData
from ..data.mosaic import from_mosaic, to_mosaic
from ..errors import StudyError
from ..results.records import digest, read_beside, read_record, write_atomic, write_record
from ..results.schema import Content, Count, Open, StoredFile

SCHEMA = 1
FOLDER = "explore"
IMAGES = 400  # on the sheet, at most
SHOWN = 6  # mistakes of an arm within a class that a page shows
MAX_SIDE = 64  # pixels; larger images are shrunk
MAX_BYTES = 900_000
COLUMNS = 20


class Record(Open):
    """`sheet.json`."""

    preset: str
    data: Content
    side: Annotated[int, Field(ge=1)]
    columns: Annotated[int, Field(ge=1)]
    index: list[Count]
    picture: StoredFile


@dataclass(frozen=True)
class Sheet:
    """The sheet as stored.

    Attributes:
        file: path of the picture, relative to the results folder.
        side: pixels a side of one image.
        columns, rows: of images.
        place: position among the test images -> place on the sheet, counted row by row.
        data_sha256: content hash of the data set.
    """

    file: str
    side: int
    columns: int
    rows: int
    place: dict[int, int]
    data_sha256: str


def command(preset: str) -> str:
    """Return the command that makes the sheet."""
    return f"python -m transferstudy explore --preset {preset} --data PATH"


def wanted(study: Study, budget: int = IMAGES) -> list[int]:
    """Return which test images to keep, sorted.

    First come the most confident mistakes of the best transfer and the best from-scratch arm at each size, which figures show.
    Then every arm and class proposes its most confident mistake, then its second, and so on, so that all are served alike. Within
    a round, images that are among the leading mistakes of more arms come first.

    Args:
        study: the finished runs.
        budget: at most so many.
    """
    lists = []
    for arm in (arm for n in study.sizes for arm in study.at(n)):
        found = mistakes(study, arm.strategy.name, arm.n_labels)
        for label in range(len(study.classes)):
            lists.append([m.index for m in found if m.true == label][:SHOWN])
    shared: dict[int, int] = {}
    for index in (i for each in lists for i in each):
        shared[index] = shared.get(index, 0) + 1
    best = [study.best(n, pretrained) for n in study.contested for pretrained in (True, False)]
    leading = [m.index for arm in best for m in confident_mistakes(study, arm.strategy.name, arm.n_labels)]
    kept = set(list(dict.fromkeys(leading))[:budget])
    for rank in range(SHOWN):
        proposed = {each[rank] for each in lists if rank < len(each)} - kept
        order = sorted(proposed, key=lambda i: (-shared[i], i))
        kept |= set(order[: budget - len(kept)])
    return sorted(kept)


def make(study: Study, data: ImageData, budget: int = IMAGES) -> dict:
    """Write the sheet of a study's mistakes and return its record as written.

    Args:
        study: the finished runs.
        data: the images that they were made from.
        budget: at most so many images; fewer if the file would get too large.

    Raises:
        StudyError: the data are not those that the study was made from.
    """
    check_same_images(study, data)
    index = wanted(study, budget)
    content, side = _picture(data.x_test[index])
    while len(content) > MAX_BYTES:
        index = wanted(study, int(0.95 * len(index) * MAX_BYTES / len(content)))
        content, side = _picture(data.x_test[index])
    file = f"{_stem(study.name)}.webp"
    write_atomic(study.store.root / file, content)
    record = {
        "schema": SCHEMA,
        "preset": study.name,
        "data": {"name": data.name, "sha256": data.sha256},
        "side": side,
        "columns": COLUMNS,
        "index": index,
        "picture": {"file": file, "sha256": digest(content), "bytes": len(content)},
    }
    return write_record(_path(study.store.root, study.name), record)


def check_same_images(study: Study, data: ImageData) -> None:
    """Check that images are those that a study was made from, by their hash.

    Raises:
        StudyError: they are another copy.
    """
    made_from = study.first["data"]
    if data.sha256 != made_from["sha256"]:
        raise StudyError(
            f"these images are not the copy of {made_from['name']} that the results were made from "
            f"(SHA-256 {data.sha256[:12]}, not {made_from['sha256'][:12]}): give it with --data PATH"
        )


def _stem(preset: str) -> str:
    return f"{FOLDER}/sheet" + ("" if preset == MAIN else f"-{preset}")


def _path(root: Path, preset: str) -> Path:
    return Path(root) / f"{_stem(preset)}.json"


def _picture(images: np.ndarray) -> tuple[bytes, int]:
    """Return images (n, side, side, 3), uint8, as one WebP file, and the side that each has on it."""
    from PIL import Image

    side = min(images.shape[1], MAX_SIDE)
    if images.shape[1] != side:
        size, how = (side, side), Image.Resampling.LANCZOS
        images = np.stack([np.asarray(Image.fromarray(image).resize(size, how)) for image in images])
    return to_mosaic(images, COLUMNS), side


def load(study: Study) -> Sheet:
    """Read and check the sheet beside a study's results.

    Raises:
        StudyError: missing, damaged, edited, or of other data than the study's; the message has the command that makes it.
    """
    sheet = read(study.store.root, study.name)
    if sheet.data_sha256 != study.first["data"]["sha256"]:
        raise StudyError(
            f"{_stem(study.name)}.json: pictures of another copy of the data; make it again: {command(study.name)}"
        )
    return sheet


def read(root: Path, preset: str = MAIN) -> Sheet:
    """Read and check the sheet of a preset in a results folder.

    Args:
        root: the results folder.
        preset: whose mistakes it shows.

    Raises:
        StudyError: missing, damaged or edited.
    """
    record = read_record(_path(root, preset), command(preset), SCHEMA, Record)
    entry, index = record["picture"], record["index"]
    read_beside(root, entry, f"make it with {command(preset)}")
    rows = max(1, -(-len(index) // record["columns"]))
    place = {i: k for k, i in enumerate(index)}
    return Sheet(entry["file"], record["side"], record["columns"], rows, place, record["data"]["sha256"])


def pictures(root: Path, sheet: Sheet) -> np.ndarray:
    """Return the images of a sheet, uint8 (n, side, side, 3), in the order of their places."""
    return from_mosaic((Path(root) / sheet.file).read_bytes(), sheet.side)[: len(sheet.place)]


def of_mistakes(study: Study, found: list[Mistake]) -> np.ndarray:
    """Return the images of some mistakes of a study, uint8 (n, side, side, 3).

    Raises:
        StudyError: as `load`, or one of them is not on the sheet.
    """
    sheet = load(study)
    if absent := [m.index for m in found if m.index not in sheet.place]:
        raise StudyError(
            f"{sheet.file}: has no test image {absent[0]}: results have changed; make it again with {command(study.name)}"
        )
    return pictures(study.store.root, sheet)[[sheet.place[m.index] for m in found]]


def check(root: Path, source: Path | None = None) -> int:
    """Check all sheets of a results folder, and their pixels where the data are at hand.

    Args:
        root: the results folder.
        source: the data set that the sheets were made from, or None.

    Returns:
        The number of images on them; 0 where there is no sheet.

    Raises:
        StudyError: as `read`, or an image on a sheet is not the one that the data have at its position.
    """
    total = 0
    for path in sorted((Path(root) / FOLDER).glob("sheet*.json")):
        record = read_record(path, command(MAIN), SCHEMA, Record)
        sheet = read(root, record["preset"])
        total += len(sheet.place)
        if source is not None:
            from ..data import load as load_data

            data = load_data(record["data"]["name"], source, record["side"])
            same = data.side == sheet.side and data.sha256 == sheet.data_sha256
            if same and not np.array_equal(pictures(root, sheet), data.x_test[list(sheet.place)]):
                raise StudyError(
                    f"{sheet.file}: not the images that its record names; make it with {command(record['preset'])}"
                )
    return total

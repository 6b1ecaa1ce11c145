"""The stored audit: `results/audit/` on disk, checked when it is read.

audit.json        made by `python -m transferstudy audit`: counts, recall, every pair above the threshold and the closest below; checksummed
pairs.webp        made with it: pictures of some of the pairs, both images of a pair side by side
judgements.yaml   made by eye: what each of these pairs shows
classes.yaml      made by hand: which source classes mean the same as a target class
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ...data.mosaic import from_mosaic
from ...errors import StudyError
from ...files import fitting, read_yaml
from ...results.records import read_beside, read_record, write_atomic, write_record
from ...results.schema import Content, Count, Inside, Open, Sha256
from .descriptors import SIDE

SCHEMA = 2
MAKE = "python -m transferstudy audit --data cifar10.npz --source tiny-imagenet.npz"
VERDICTS = ("same image", "same object", "different")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Judgements(_Strict):
    """What people saw in the pairs; a key is both images' names in `audit.json`, joined by a hyphen."""

    judged_by: str = Field(min_length=1)
    how: str = Field(min_length=1)
    meaning: dict[Literal["same image", "same object", "different"], str]
    pairs: dict[str, Literal["same image", "same object", "different"]]


class Classes(_Strict):
    """Which source classes mean the same as a target class, or nearly: target class -> WordNet id -> source class."""

    rule: str = Field(min_length=1)
    near_rule: str = Field(min_length=1)
    judged_by: str = Field(min_length=1)
    is_a: dict[str, dict[str, str]]
    near: dict[str, dict[str, str]]


class Compared(Open):
    """The two data sets of an audit."""

    target: Content
    source: Content


class Pictures(Open):
    """The file of pictures of pairs."""

    file: Inside
    sha256: Sha256


class Pair(Open):
    """Two images that look alike."""

    comparison: str
    a_sha256: str
    b_sha256: str
    picture: Count | None = None


class Record(Open):
    """`audit.json`, as far as it is the same for every comparison."""

    data: Compared
    threshold: float
    comparisons: dict[str, dict]
    pairs: list[Pair]
    parameters: dict
    pictures: Pictures


@dataclass(frozen=True)
class Audit:
    """The audit as stored.

    Attributes:
        record: the content of `audit.json`.
        pictures: uint8 (n, 2, 32, 32, 3); a pair's `picture` is the position here.
        judgements, classes: the two files made by hand.
    """

    record: dict
    pictures: np.ndarray
    judgements: Judgements
    classes: Classes

    def pairs(self, comparison: str) -> list[dict]:
        """Return the pairs of a comparison such as "test-train", closest first, each with its `verdict` or None."""
        own = [p for p in self.record["pairs"] if p["comparison"] == comparison]
        return [{**p, "verdict": self.judgements.pairs.get(name(p))} for p in own]


def name(pair: dict) -> str:
    """Return the name of a pair: the beginnings of both images' SHA-256."""
    return f"{pair['a_sha256']}-{pair['b_sha256']}"


def save(root: Path, record: dict, pictures: bytes) -> dict:
    """Write pictures and record, the record last, and return it with its checksum."""
    write_atomic(root / record["pictures"]["file"], pictures)
    return write_record(root / "audit/audit.json", {**record, "schema": SCHEMA})


def load(root: Path) -> Audit:
    """Read and check the stored audit.

    Args:
        root: the results folder.

    Raises:
        StudyError: a file is missing, damaged, edited, or not valid.
    """
    record = read_record(root / "audit/audit.json", MAKE, SCHEMA, Record)
    again = f"restore it (git checkout -- {root.name}/{record['pictures']['file']}) or make it again: {MAKE}"
    return Audit(record, _pictures(root, record, again), read_judgements(root), read_classes(root))


def _pictures(root: Path, record: dict, again: str) -> np.ndarray:
    entry = record["pictures"]
    shown = f"{root.name}/{entry['file']}"
    content = read_beside(root, entry, again)
    count = sum("picture" in pair for pair in record["pairs"])
    try:
        return from_mosaic(content, SIDE)[: 2 * count].reshape(count, 2, SIDE, SIDE, 3)
    except (OSError, ValueError) as error:
        raise StudyError(f"{shown}: cannot be read ({error}); {again}") from None


def read_judgements(root: Path) -> Judgements:
    """Read `judgements.yaml`. Raises StudyError: missing or not valid."""
    return _read(root, "judgements.yaml", Judgements)


def read_classes(root: Path) -> Classes:
    """Read `classes.yaml`. Raises StudyError: missing or not valid."""
    return _read(root, "classes.yaml", Classes)


def _read(root: Path, file: str, kind: type[BaseModel]):
    path, shown = root / "audit" / file, f"{root.name}/audit/{file}"
    again = f"restore it: git checkout -- {shown}"
    try:
        return fitting(kind, read_yaml(path, again, shown), shown, f"mend it or {again}")
    except FileNotFoundError:
        raise StudyError(f"{shown}: missing; it is made by hand; {again}") from None


def check_classes(classes: Classes, data, source) -> None:
    """Check that both data sets have the classes that `classes.yaml` names.

    Args:
        classes: the mapping.
        data: the target's `ImageData`.
        source: the source's `SourceData`.

    Raises:
        StudyError: naming the first class that is not there.
    """
    words = dict(zip(source.wnids, source.classes, strict=True))
    for group in (classes.is_a, classes.near):
        for target, members in group.items():
            if target not in data.classes:
                raise StudyError(f"audit/classes.yaml: {target}: {data.name} has no such class")
            for wnid, word in members.items():
                if word not in words.get(wnid, "").split(", "):
                    raise StudyError(
                        f"audit/classes.yaml: {wnid} {word}: the source has {words.get(wnid, 'no such class')!r}"
                    )

"""What `--groups` changes: the runs of the preset `groups`, made once with it and once without, in `results/groups`."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import StudyError
from ...paths import results_dir
from ...results.records import read_record
from ...results.store import Store
from ..values import Value, count, percent, points, signed

AGAIN = "python -m transferstudy run --preset groups --data FOLDER --results results/groups"
CLEAR = 0.005  # share of the pictures; a difference below half a point is none


@dataclass(frozen=True)
class Measured:
    """Both ways to split one folder of pictures.

    Attributes:
        pictures: number of pictures; each is tested once for each seed.
        people: number of given groups.
        labels: labelled pictures of a run, validation included.
        side: pixels a side of the pictures that the network saw.
        kept: test accuracy (0..1) by seed, where a group stands on one side of every split.
        mixed: the same where pictures are split without groups.
        target: link to what was found in the folder.
    """

    pictures: int
    people: int
    labels: int
    side: int
    kept: np.ndarray
    mixed: np.ndarray
    target: str


def measured(root: Path | None = None) -> Measured | None:
    """Return what the stored runs show, over the seeds of which all folds were made both ways; None where there are none.

    Raises:
        StudyError: a record is missing or damaged, or the runs are not of one folder.
    """
    store = Store((root or results_dir()) / "groups")
    looks = [read_record(path, AGAIN) for path in sorted((store.root / "look").glob("*.json"))]
    given = {found["content"]: found["groups"]["given"] for found in looks}
    folds: dict[tuple[bool, int], list[dict]] = defaultdict(list)
    for record in map(store.load, store.ids()):
        spec = record["spec"]
        if spec["data_sha256"] not in given:
            raise StudyError(
                f"groups/runs/{record['id']}.json: what its folder holds is not in groups/look; make it with {AGAIN}"
            )
        folds[given[spec["data_sha256"]] is not None, spec["seed"]].append(record)
    whole = {key for key, records in folds.items() if len(records) == records[0]["spec"]["folds"]}
    seeds = sorted(seed for grouped, seed in whole if grouped and (False, seed) in whole)
    if not seeds:
        return None
    kept, mixed = (np.array([_accuracy(folds[grouped, seed]) for seed in seeds]) for grouped in (True, False))
    one = folds[True, seeds[0]]
    spec, pictures = one[0]["spec"], sum(record["metrics"]["test"]["n"] for record in one)
    content = spec["data_sha256"]
    target = f"/results/groups/look/{content[:12]}.json"
    return Measured(pictures, given[content], spec["n_labels"], spec["image_size"], kept, mixed, target)


def _accuracy(records: list[dict]) -> float:
    """Return the share of all pictures that a seed got right, each in the fold that tests it."""
    tests = [record["metrics"]["test"] for record in records]
    return sum(test["accuracy"] * test["n"] for test in tests) / sum(test["n"] for test in tests)


def sentence(found: Measured | None = None) -> str:
    """Return what keeping people together changes, in words. Raises StudyError as `measured`."""
    found = found or measured()
    if found is None:
        return "How much it changes for them has not been measured yet."

    def shown(text: str) -> str:
        return Value(text, found.target)._repr_markdown_()

    gain = found.mixed - found.kept
    first = (
        f"We trained a linear probe on {count(found.labels)} of them at {found.side} pixels and tested each of the {count(found.pictures)} pictures once for "
        f"each seed. When each of the {count(found.people)} people stands on one side of every split, it gets "
        f"{shown(percent(found.kept.mean()))} of the pictures right; when people are mixed, it gets "
        f"{shown(percent(found.mixed.mean()))}."
    )
    each = f"(by {signed(gain.min())} to {signed(gain.max())} points in {count(len(gain))} seeds)"
    if gain.min() > 0 and gain.mean() > CLEAR:
        return (
            f"{first} So a random split makes the network look {points(gain.mean()).lstrip('+')} better than it is for people "
            f"whom it has never seen {each}."
        )
    if gain.max() < 0 and gain.mean() < -CLEAR:
        return (
            f"{first} So mixing people did not flatter the network here: its accuracy is even "
            f"{points(abs(gain.mean())).lstrip('+')} lower (by {100 * -gain.max():.1f} to {100 * -gain.min():.1f} points in {count(len(gain))} seeds)."
        )
    return (
        f"{first} The difference is too small, or changes too much from seed to seed, to say that mixing people flatters the "
        f"network here {each}."
    )

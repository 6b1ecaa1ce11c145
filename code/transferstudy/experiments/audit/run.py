"""Make the audit: three comparisons, one threshold, the closest pairs and pictures of some."""

import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...data import ImageData
from ...data.dataset import pixel_digests
from ...data.mosaic import to_mosaic
from ...errors import StudyError
from ...results.environment import versions
from ...results.records import digest
from ..pretraining.source import SourceData, shrink
from . import comparison as c
from .alignment import SIZES
from .descriptors import SIDE
from .features import NetworkFeatures
from .plants import KINDS
from .stored import check_classes, read_classes, save

QUANTILE = 0.05  # of the planted copies' scores: the threshold, which 95 % of the copies reach
# How many pairs of a comparison are kept as pictures, to be looked at: the closest, and some drawn from the others that reach
# the threshold. Test images in the source are what the audit is about, so there the closest are many.
CLOSEST, SAMPLED = {"test-train": 8, "test-source": 64, "train-source": 8}, 24
COLUMNS = 16  # of the pictures' file: eight pairs in a row
DIGITS = 16  # of an image's SHA-256 that name it in the list of pairs


def audit(
    data: ImageData,
    source: SourceData,
    root: Path,
    seed: int = 0,
    say: Callable[[str], None] = print,
    features: NetworkFeatures | None = None,
) -> dict:
    """Compare test, training and source images, all pairs, and write the result to `root/audit`.

    Args:
        data: the target task, 32 pixels a side.
        source: the source task; its images are averaged to 32 pixels.
        root: the results folder.
        seed: of the planted copies and of the sample of pairs to look at.
        say: called with a line for each step.
        features: of a network, for the second shortlist; None makes those of the shipped compact network.

    Returns:
        The record as written.

    Raises:
        StudyError: images of another size, or `classes.yaml` names a class that one of the data sets does not have.
    """
    if data.side != SIDE:
        raise StudyError(f"the audit compares images of {SIDE} pixels a side; {data.name} has {data.side}")
    check_classes(read_classes(root), data, source)
    started, features = time.process_time(), features or NetworkFeatures()
    source_x = shrink(np.concatenate([source.x_train, source.x_val]), SIDE)
    source_y = np.concatenate([source.y_train, source.y_val])
    sides = {
        "test": (data.x_test, data.y_test, data.classes),
        "train": (data.x_train, data.y_train, data.classes),
        "source": (source_x, source_y, source.classes),
    }
    # Training images against the source tell nothing about the test: whole images only, which is most of the cost.
    plan = {
        ("test", "train"): c.PARTS,
        ("test", "source"): c.PARTS,
        ("train", "source"): (),
    }
    found = {}
    for pair, parts in plan.items():
        found[pair] = c.compare(sides[pair[0]][0], sides[pair[1]][0], parts, seed, features)
        seconds = time.process_time() - started
        say(f"{pair[0]} against {pair[1]}: {len(found[pair].pairs):,} pairs aligned, {seconds:.0f} s so far")
    threshold = float(
        np.quantile([s for f in found.values() for p in f.planted.values() for s in p["detail"]], QUANTILE)
    )
    pairs, pictures, compared = [], [], {}
    for names, result in found.items():
        compared["-".join(names)] = _summary(result, *(len(sides[name][0]) for name in names), threshold)
        rows, chosen = _pairs(names, result, sides, threshold, seed)
        for place in chosen:
            rows[place]["picture"] = len(pictures)
            pictures.append([sides[n][0][rows[place][k]] for n, k in zip(names, ("a", "b"), strict=True)])
        pairs += rows
    picture = to_mosaic(np.array(pictures, np.uint8).reshape(-1, SIDE, SIDE, 3), COLUMNS)
    record = {
        "data": {
            "target": _described(data.name, data.sha256, train=data.x_train, test=data.x_test),
            "source": _described(
                "tiny-imagenet", source.sha256, train=source.x_train, validation=source.x_val
            ),
        },
        "parameters": {**_parameters(seed), "features": features.about()},
        "threshold": threshold,
        "comparisons": compared,
        "pairs": pairs,
        "pictures": {"file": "audit/pairs.webp", "sha256": digest(picture)},
        "software": {"python": platform.python_version(), **versions()},
        "cpu_seconds": round(time.process_time() - started),
    }
    return save(root, record, picture)


def _described(name: str, sha256: str, **splits) -> dict:
    return {"name": name, "sha256": sha256, **{split: len(x) for split, x in splits.items()}}


def _parameters(seed: int) -> dict:
    return {
        "seed": seed,
        "side": SIDE,
        "hash_bits": c.HASH_BITS,
        "floor": c.FLOOR,
        "shortlist": c.SHORTLIST,
        "alignment_sizes": [list(size) for size in SIZES],
        "planted": 2 * c.PLANTED,
        "kinds": list(KINDS),
        "quantile": QUANTILE,
        "closest": CLOSEST,
        "sampled": SAMPLED,
    }


def _summary(result: c.Compared, queries: int, references: int, threshold: float) -> dict:
    recall = {
        kind: {
            "n": len(p["detail"]),
            "hash": int(p["hash"].sum()),
            "features": int(p["features"].sum()),
            "listed": int(p["listed"].sum()),
            "found": int((p["listed"] * (p["detail"] >= threshold)).sum()),
        }
        for kind, p in result.planted.items()
    }
    return {
        "queries": queries,
        "references": references,
        "by_hash": result.by_hash,
        "by_vector": result.by_vector,
        "by_features": result.by_features,
        "aligned": len(result.pairs),
        "similarity": result.similarity,
        "feature_similarity": result.feature_similarity,
        "recall": recall,
    }


def _pairs(names, result, sides, threshold, seed) -> tuple[list[dict], list[int]]:
    """Return the pairs that reach the threshold, or more where they are few, closest first, and which are to be looked at."""
    closest = CLOSEST["-".join(names)]
    order = np.argsort(-result.detail, kind="stable")
    order = order[: max(int((result.detail >= threshold).sum()), closest)]
    digests = []
    for name, column in zip(names, (0, 1), strict=True):
        digests.append([d.hex()[:DIGITS] for d in pixel_digests(sides[name][0][result.pairs[order, column]])])
    rows = []
    for place, k in enumerate(order):
        a, b = map(int, result.pairs[k])
        labels = [sides[n][2][sides[n][1][i]].split(",")[0] for n, i in zip(names, (a, b), strict=True)]
        rows.append(
            {
                "comparison": "-".join(names), "a": a, "b": b,
                "a_sha256": digests[0][place], "b_sha256": digests[1][place],
                "a_class": labels[0], "b_class": labels[1],
                "pixels": round(float(result.pixels[k]), 4), "detail": round(float(result.detail[k]), 4),
                "above": bool(result.detail[k] >= threshold),
            }
        )  # fmt: skip
    rest = np.arange(min(closest, len(rows)), len(rows))
    sample = np.random.default_rng(seed).permutation(rest)[:SAMPLED]
    return rows, [*range(min(closest, len(rows))), *sorted(sample.tolist())]

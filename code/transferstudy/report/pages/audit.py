"""What pages say of the audit: numbers, sentences and tables, all read from `results/audit/`."""

from collections import Counter

from IPython.display import Markdown

from ...experiments.audit.stored import VERDICTS, Audit
from ...experiments.audit.stored import load as load_audit
from ...paths import results_dir
from ..cards import read_card
from ..markdown import pipe_table
from ..values import Value, count, listing, percent

RECORD = "/results/audit/audit.json"
NAMES = {
    "test-train": "test against training",
    "test-source": "test against source",
    "train-source": "training against source",
}
KINDS = {
    "jpeg": "JPEG of quality 50",
    "coarser": "coarser: shrunk to 20 pixels and enlarged",
    "brightness": "darker or brighter",
    "mirrored": "mirrored",
    "crop-7/8": "cropped to 7/8 of the side",
    "crop-3/4": "cropped to 3/4 of the side",
    "narrower": "only the width cropped, to 3/4",
    "several": "cropped to 7/8, mirrored, brightness, JPEG of quality 75",
}
_WAYS = {
    "hash": "close by hash",
    "features": "close in features",
    "listed": "on any shortlist",
    "found": "found in the end",
}


def load() -> Audit:
    """Return the stored audit of the results folder. Raises StudyError as `audit.stored.load` does."""
    return load_audit(results_dir())


class AuditValues:
    """Inline values of the audit."""

    def __init__(self, stored: Audit):
        self._stored = stored
        compared = stored.record["comparisons"]
        self.n_pairs = self._value(count(sum(c["queries"] * c["references"] for c in compared.values())))
        self.n_planted = self._value(count(stored.record["parameters"]["planted"]))
        self.kept_by_threshold = self._value(percent(1 - stored.record["parameters"]["quantile"], 0))
        self.shortlist = self._value(count(stored.record["parameters"]["shortlist"]))

    def _value(self, text: str) -> Value:
        return Value(text, RECORD)

    def _above(self, comparison: str) -> list[dict]:
        return [p for p in self._stored.pairs(comparison) if p["above"]]

    def n_images(self, comparison: str) -> Value:
        """Images of the comparison's first set that are in such a pair."""
        return self._value(count(len({p["a"] for p in self._above(comparison)})))

    def share(self, comparison: str) -> Value:
        """The same as a share of the first set."""
        images = len({p["a"] for p in self._above(comparison)})
        return self._value(percent(images / self._stored.record["comparisons"][comparison]["queries"], 2))

    def _seen(self, comparison: str) -> int:
        return len({p["a"] for p in self._stored.pairs(comparison) if p["verdict"] == VERDICTS[0]})

    def seen_images(self, comparison: str) -> Value:
        """Images of the comparison's first set that people saw in the other one: "same image" among the pictured pairs."""
        return self._value(count(self._seen(comparison)))

    def seen_share(self, comparison: str) -> Value:
        """The same as a share of the first set."""
        queries = self._stored.record["comparisons"][comparison]["queries"]
        return self._value(percent(self._seen(comparison) / queries, 2))

    def other_class(self, comparison: str) -> Value:
        """Pairs above the threshold whose two images carry different labels."""
        return self._value(count(sum(p["a_class"] != p["b_class"] for p in self._above(comparison))))

    def listed(self, comparison: str, kind: str, way: str) -> Value:
        """Share of planted copies of a kind that got on a shortlist: by "hash", by "features", or in any way ("listed")."""
        r = self._stored.record["comparisons"][comparison]["recall"][kind]
        return self._value(percent(r[way] / r["n"], 0))

    def recall(self, comparison: str, kind: str) -> Value:
        """Share of planted copies of a kind that were found."""
        return self.listed(comparison, kind, "found")


def judged(stored: Audit, comparison: str) -> str:
    """Return in one or two sentences what people saw in the pictured pairs, those above the threshold apart from the rest."""
    pictured = [p for p in stored.pairs(comparison) if "picture" in p]
    parts = []
    for above, words in ((True, "that reach the threshold"), (False, "that come closest below it")):
        group = [p for p in pictured if p["above"] is above]
        if not group:
            continue
        seen = Counter(p["verdict"] or "not judged" for p in group)
        phrases = [f"{count(seen[v])} {_reads(v, seen[v])}" for v in (*VERDICTS, "not judged") if seen[v]]
        parts.append(f"Of {count(len(group))} pairs {words} and were looked at, {listing(phrases)}.")
    return " ".join(parts)


def _reads(verdict: str, n: int) -> str:
    if verdict == "not judged":
        return "not yet judged"
    verb = "shows" if n == 1 else "show"
    return f"{verb} the {verdict}" if verdict != "different" else f"{'is' if n == 1 else 'are'} different"


def searched(stored: Audit) -> Markdown:
    """How many pairs each step of the search left, comparison by comparison."""
    rows, compared = [], stored.record["comparisons"]
    for name in NAMES:
        c = compared[name]
        above = sum(p["above"] for p in stored.pairs(name))
        rows.append(
            [
                NAMES[name], count(c["queries"] * c["references"]), count(c["by_hash"]), count(c["by_vector"]),
                count(c["by_features"]), count(c["aligned"]), count(above),
                count(len({p["a"] for p in stored.pairs(name) if p["above"]})),
            ]
        )  # fmt: skip
    header = "comparison | all pairs | by hash | by frequencies | by features | aligned | reach the threshold | images in them"
    return pipe_table(header, rows, "lrrrrrrr")


def recall(stored: Audit) -> Markdown:
    """Which share of the planted copies was found, kind by kind and comparison by comparison."""
    compared = stored.record["comparisons"]
    rows = []
    for kind in stored.record["parameters"]["kinds"]:
        found = [compared[name]["recall"][kind] for name in NAMES]
        rows.append(
            [KINDS[kind], count(found[0]["n"]), *(f"{percent(f['found'] / f['n'], 0)}" for f in found)]
        )
    return pipe_table(["planted copy", "number", *NAMES.values()], rows, "l" + "r" * (1 + len(NAMES)))


def ways(stored: Audit, comparison: str = "test-source") -> Markdown:
    """What each way of searching finds of the planted copies in one comparison, kind by kind, and what is left after alignment."""
    found = stored.record["comparisons"][comparison]["recall"]
    rows = [
        [KINDS[kind], *(percent(found[kind][way] / found[kind]["n"], 0) for way in _WAYS)]
        for kind in stored.record["parameters"]["kinds"]
    ]
    return pipe_table(["planted copy", *_WAYS.values()], rows, "l" + "r" * len(_WAYS))


def overlap(stored: Audit) -> Markdown:
    """Which source classes are a kind of a target class, and which only come near one."""
    classes = stored.classes
    targets = sorted({*classes.is_a, *classes.near})
    groups = classes.is_a, classes.near
    rows = [[t, *(", ".join(group.get(t, {}).values()) or "none" for group in groups)] for t in targets]
    return pipe_table(["target class", "source classes of the same meaning", "near"], rows, "lll")


def _shared(stored: Audit, target_classes: tuple[str, ...]) -> tuple[dict[str, int], int, int]:
    """Source classes that are a kind of each target class; how many source classes there are; their training images together."""
    source = read_card("tiny-imagenet")
    named = {c: len(stored.classes.is_a.get(c, {})) for c in target_classes}
    return named, source.classes, sum(named.values()) * source.images.train // source.classes


def overlap_sentence(stored: Audit, target_classes: tuple[str, ...]) -> str:
    """Return how many source classes mean the same as a target class, and which target classes have none."""
    named, classes, images = _shared(stored, target_classes)
    without = [c for c, k in named.items() if not k]
    rest = f" Only {listing(without)} {'has' if len(without) == 1 else 'have'} none." if without else ""
    return (
        f"Of the {count(classes)} source classes, {count(sum(named.values()))} are kinds of a target class. Together they have "
        f"{count(images)} training images.{rest}"
    )


def imagenet_helps(stored: Audit, target_classes: tuple[str, ...]) -> str:
    """Return, for beside the headline, that ImageNet shows the target's classes as well, as far as we know it; empty if it does not."""
    named, classes, _ = _shared(stored, target_classes)
    shared = sum(named.values())
    if not shared:
        return ""
    shown = Value(count(shared), "/chapters/audit.qmd#classes")._repr_markdown_()
    return (
        f"ImageNet has photographs of our classes too: of {count(classes)} of its classes that we looked at, {shown} are kinds of ours. "
        "So part of the gain may come from them."
    )


def helped(stored: Audit, target_classes: tuple[str, ...]) -> str:
    """Return, for beside the headline, that the source shows the target's classes as well, with the number of images."""
    _, _, images = _shared(stored, target_classes)
    if not images:
        return "The source of these weights holds no images of the target's classes."
    shown = Value(count(images), "/chapters/audit.qmd#classes")._repr_markdown_()
    return f"The source of these weights holds {shown} labelled images that belong to our classes, so part of the gain may come from them."

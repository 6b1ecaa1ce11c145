"""The page on which readers pick a strategy, a number of labels and a class: its data, and its first view as HTML."""

from math import log, sqrt

import numpy as np
from IPython.display import Markdown

from ...analysis.misclassified import Mistake, mistakes, worst_class
from ...analysis.study import Arm, Study
from ...experiments import sheet as sheets
from ..values import NBSP, count
from .parts import embedded, fill, html, shown, tenths, tones

# Filled here for the first view and by styles/explore.js for any other.
SENTENCES = {
    "says": "{strategy} with {labels} labelled images recognises {mean} of the test images of the class {class} ({spread}), "
    "and {all} over all classes.",
    "other": "It takes them most often for {other}: {share}.",
    "seeds": "seeds from {low} to {high}",
    "seed": "one seed",
    "curve": "Accuracy within the class {class} against the number of labelled images: {strategy} in colour, with "
    "a dot for each seed, and the other strategies in grey. Lines join the means; dashed ones start from random weights.",
    "point": "{mean} with {labels} labels",
    "confusion": "{strategy} with {labels} labelled images: of all test images of a row's class, how many were taken for the "
    "column's class, in per cent, mean over the seeds. The row of the class {class} is marked.",
    "mistakes": "With the probabilities of its seeds averaged, {strategy} with {labels} labelled images gets {count} of the {n} "
    "test images of the class {class} wrong. {kept} of these mistakes have a picture here; the {shown} most confident of "
    "them are shown.",
    "none": "None of the mistakes of {strategy} with {labels} labelled images in the class {class} has a picture here.",
    "picture": "Test image number {index} of the class {class}",
}


class Explorer:
    """The explorer of a study, on a page that reaches the site's root by `root`.

    Attributes:
        data: what the page's script looks up: "classes"; "sizes"; "strategies" (name, label); "first" (the view without a
            script, or without a view in the address); "sentences"; "sheet"; "arms": "strategy/labels", at the image size that
            did best on validation images -> "record" (anchor), "tested" (test images of each class), "all" (accuracy), "confusion" (rows true, whole per cent), "recall" (class,
            then mean and seeds), "other" (class -> what it is most often taken for, or None), "mistakes" (class -> number
            and the pictures: place on the sheet, index, predicted class, probability, rank). Accuracies and probabilities
            are in tenths of a per cent.

    Raises:
        StudyError: the sheet of pictures is missing, damaged or of other data (see `sheet.load`).
    """

    def __init__(self, study: Study, root: str = "../"):
        self._study, self._sheet = study, sheets.load(study)
        arms = [arm for n in study.sizes for arm in study.at(n)]
        self.data = {
            "classes": study.classes,
            "sizes": list(study.sizes),
            "strategies": [[s.name, s.label] for s in study.strategies],
            "first": self._first(),
            "sentences": SENTENCES,
            "sheet": {
                "src": f"{root}results/{self._sheet.file}",
                **{key: getattr(self._sheet, key) for key in ("side", "columns", "rows")},
            },
            "arms": {f"{arm.strategy.name}/{arm.n_labels}": self._arm(arm) for arm in arms},
        }

    def _first(self) -> list:
        """The best transfer arm at the fewest labels, and its hardest class; else the first arm there is."""
        study = self._study
        contested = study.contested
        arm = study.best(contested[0], True) if contested else study.at(study.sizes[0])[0]
        return [arm.strategy.name, arm.n_labels, worst_class(arm)[0]]

    def _arm(self, arm: Arm) -> dict:
        study = self._study
        counts = arm.test("confusion").mean(axis=0)
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        recall = arm.test("class_accuracy")
        off = counts.copy()
        np.fill_diagonal(off, -1)
        found = mistakes(study, arm.strategy.name, arm.n_labels)
        classes = range(len(study.classes))
        return {
            "record": arm.anchor,
            "tested": arm.test("confusion")[0].sum(axis=1).tolist(),
            "all": tenths(arm.accuracy),
            "confusion": [[int(f"{100 * v:.0f}") for v in row] for row in share],
            "recall": [[tenths(float(v)) for v in (recall[:, k].mean(), *recall[:, k])] for k in classes],
            "other": [int(off[k].argmax()) if off[k].max() > 0 else None for k in classes],
            "mistakes": [self._pictures([m for m in found if m.true == k]) for k in classes],
        }  # fmt: skip

    def _pictures(self, found: list[Mistake]) -> list:
        """Number of mistakes, number with a picture, and the leading pictures."""
        place = self._sheet.place
        kept = [
            [place[m.index], m.index, m.predicted, tenths(m.confidence), rank]
            for rank, m in enumerate(found, 1)
            if m.index in place
        ]
        return [len(found), len(kept), kept[: sheets.SHOWN]]

    def view(self, strategy: str, n_labels: int, label: int) -> dict:
        """Return what a view shows in words: "says", "curve", "confusion", "mistakes", "points", and its "hash"."""
        data, arm = self.data, self.data["arms"][f"{strategy}/{n_labels}"]
        name, (mean, *seeds) = data["classes"][label], arm["recall"][label]
        basic = {"strategy": dict(data["strategies"])[strategy], "labels": count(n_labels), "class": name}
        ends = {"low": _percent(min(seeds)), "high": _percent(max(seeds))}
        spread = fill(SENTENCES["seeds"], ends) if len(seeds) > 1 else SENTENCES["seed"]
        whole = {**basic, "mean": _percent(mean), "spread": spread, "all": _percent(arm["all"])}
        says = fill(SENTENCES["says"], whole)
        other = arm["other"][label]
        if other is not None:
            share = f"{arm['confusion'][label][other]}{NBSP}%"
            says += " " + fill(SENTENCES["other"], {"other": data["classes"][other], "share": share})
        number, kept, rows = arm["mistakes"][label]
        tested = count(arm["tested"][label])
        numbers = {"count": count(number), "n": tested, "kept": count(kept), "shown": len(rows)}
        points = [
            fill(SENTENCES["point"], {"mean": _percent(self._mean(strategy, n, label)), "labels": count(n)})
            for n in self._study.sizes_of(strategy)
        ]
        return {
            "hash": f"view-{strategy}-{n_labels}-{name}",
            "says": says,
            "curve": fill(SENTENCES["curve"], basic),
            "points": "; ".join(points),
            "confusion": fill(SENTENCES["confusion"], basic),
            "mistakes": fill(SENTENCES["mistakes" if rows else "none"], {**basic, **numbers}),
        }  # fmt: skip

    def _mean(self, strategy: str, n_labels: int, label: int) -> int:
        return self.data["arms"][f"{strategy}/{n_labels}"]["recall"][label][0]

    def controls(self) -> Markdown:
        """Return the controls, the sentence that they answer with, and the data."""
        groups = [
            [f"Start from {kind} weights", [s for s in self._study.strategies if s.pretrained == start]]
            for kind, start in (("pretrained", True), ("random", False))
        ]
        sizes = [(n, count(n)) for n in self.data["sizes"]]
        return self._html("controls", groups=groups, json=embedded(self.data), sizes=sizes)

    def curve(self) -> Markdown:
        """Return the chart of the class over the sizes."""
        strategy, _, label = self.data["first"]
        sizes = self.data["sizes"]
        first, width = log(sizes[0]), log(sizes[-1]) - log(sizes[0])
        x = {n: round(100 * (log(n) - first) / width, 2) if width else 50 for n in sizes}
        lines = []
        for s in self._study.strategies:
            means = {n: self._mean(s.name, n, label) for n in self._study.sizes_of(s.name)}
            points = " ".join(f"{x[n]},{100 - mean / 10:g}" for n, mean in means.items())
            kind = "pretrained" if s.pretrained else "random"
            lines.append({"name": s.name, "tones": tones(s.name), "kind": kind, "points": points})
        dots = [
            (x[n], 100 - value / 10)
            for n in self._study.sizes_of(strategy)
            for value in self.data["arms"][f"{strategy}/{n}"]["recall"][label][1:]
        ]
        axis = [(n, count(n), x[n]) for n in sizes]
        return self._html("curve", lines=lines, dots=dots, axis=axis, tone=tones(strategy), chosen=strategy)

    def confusion(self) -> Markdown:
        """Return the confusion of the arm as a table."""
        strategy, n_labels, label = self.data["first"]
        rows = self.data["arms"][f"{strategy}/{n_labels}"]["confusion"]
        shades = [[(v, f"{sqrt(v / 100):.2f}") for v in row] for row in rows]
        return self._html("confusion", rows=shades, label=label, tone=tones(strategy))

    def pictures(self) -> Markdown:
        """Return the most confident mistakes as pictures."""
        strategy, n_labels, label = self.data["first"]
        found = self.data["arms"][f"{strategy}/{n_labels}"]["mistakes"][label][2]
        alts = [fill(SENTENCES["picture"], {"index": count(m[1]), "class": self.data["classes"][label]}) for m in found]  # fmt: skip
        found = [(*m[:3], _percent(m[3]), m[4]) for m in found]
        return self._html("pictures", found=list(zip(found, alts, strict=True)), most=sheets.SHOWN)

    def _html(self, name: str, **values) -> Markdown:
        view = self.view(*self.data["first"])
        return html(f"{name}.html.j2", data=self.data, view=view, **values)


def _percent(value: int) -> str:
    return f"{shown(value)}{NBSP}%"

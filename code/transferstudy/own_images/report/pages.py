"""What the pages and slides of a study call, by `open_study`: everything comes from the results of the folder that they lie in."""

import io
from functools import cached_property
from pathlib import Path

import numpy as np
from IPython.display import Markdown

from ...data.mosaic import from_mosaic
from ...errors import StudyError, printable
from ...report.markdown import pipe_table
from ...report.show import show, show_slide
from ...report.values import literal, percent, signed
from ...results.environment import machine
from ..look import text as look_text
from ..study.folder import StudyFolder
from . import figures, outcome, words
from .slides import slide_text

PARTS = ("train", "validation", "test")


def open_study(root: Path | str = ".") -> "Pages":
    """Open the study in a folder, by default the one that the page lies in.

    Raises:
        StudyError: as `outcome.load`.
    """
    return Pages(StudyFolder(Path(root).resolve()))


class Pages:
    """Texts, tables and figures of one study."""

    def __init__(self, folder: StudyFolder):
        self.folder = folder
        self.outcome = outcome.load(folder)

    def text(self, name: str) -> Markdown:
        """Return one of the sentences of `words` that need only the outcome, such as "answer"."""
        return Markdown(getattr(words, name)(self.outcome))

    def figure(self, name: str, **options) -> None:
        """Show one of the figures of `figures` in both themes; its cell has `renderings: [light, dark]`."""
        show(getattr(figures, name), self.outcome, **options)

    def slide(self, name: str, **options) -> None:
        """Show one of the figures of `figures` at the size of a slide."""
        show_slide(getattr(figures, name), self.outcome, **options)

    # Pictures

    @cached_property
    def kept(self) -> dict[str, np.ndarray]:
        """Pictures that pages show: file -> uint8 (side, side, 3)."""
        path = self.folder.records / "shown.npz"
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
                files = archive["files"].tolist()
                pixels = from_mosaic(archive["sheet"].tobytes(), int(archive["side"]))[: len(files)]
                return dict(zip(files, pixels, strict=True))
        except (OSError, ValueError, KeyError):
            raise StudyError(
                f"{printable(path)}: missing or damaged; {self.folder.command(self.outcome.plan)} writes it again"
            ) from None

    def mistakes(self, count: int = 8, slide: bool = False) -> None:
        """Show the mistakes that the networks were surest of."""
        o = self.outcome
        found = []
        for i, predicted, p in o.mistakes()[:count]:
            label = figures.short(o.classes[o.best.y[i]], 14)
            name = figures.short(o.classes[predicted], 14)
            found.append(
                (self.kept[o.pictures["files"][i]], f"label: {label}\nsaid: {name}\n{100 * p:.0f} %")
            )
        self._pictures(found, slide)

    def examples(self, slide: bool = False) -> None:
        """Show a few pictures of the first classes."""
        o, found = self.outcome, []
        for label in range(min(len(o.classes), 8 if slide else 12)):
            name = next(
                f for f, y in zip(o.pictures["files"], o.pictures["labels"], strict=True) if y == label
            )
            found.append((self.kept[name], figures.short(o.classes[label], 14)))
        self._pictures(found, slide, 6)

    def findings(self) -> None:
        """Show pictures that somebody should look at: the same one in two classes, copies, odd ones."""
        look, found = self.outcome.look, []
        for kind, word in (("conflicts", "in two classes"), ("near", "copies"), ("exact", "equal files")):
            for members in look[kind][:4]:
                found += [(self.kept[f], f"{word}:\n{_short(f)}") for f in members[:3] if f in self.kept]
        for what, names in look["odd"].items():
            found += [(self.kept[f], f"{what}:\n{_short(f)}") for f in names[:3] if f in self.kept]
        self._pictures(found[:12], False)

    def _pictures(self, found, slide: bool, columns: int = 4) -> None:
        if slide:
            show_slide(figures.pictures, found, columns=len(found[:8]))
        else:
            show(figures.pictures, found, columns=columns)

    # Tables

    def strategies(self) -> Markdown:
        """Table: the strategies at all labels, best first."""
        o, shown = self.outcome, {r.arm.strategy.name: r for r in self.outcome.rivals}
        header = ["strategy", "right", "95 % interval", "behind", "more than chance", "minutes"]
        if o.unequal:
            header[3:3] = ["balanced", "macro F1"]
        rows = []
        for arm in sorted(o.top, key=lambda a: -a.accuracy.value):
            rival = shown.get(arm.strategy.name)
            row = [
                f"**{arm.strategy.label}**" if arm is o.best else arm.strategy.label, percent(arm.accuracy.value),
                f"{percent(arm.accuracy.low)} to {percent(arm.accuracy.high)}", signed(-rival.ahead.value) if rival else "",
                ("yes" if rival.shown else "cannot be told") if rival else "recommended", f"{arm.minutes:.1f}",
            ]  # fmt: skip
            if o.unequal:
                row[3:3] = [percent(arm.balanced), f"{arm.macro_f1:.2f}"]
            rows.append(row)
        return pipe_table(header, rows, "l" + "r" * (len(header) - 3) + "lr")

    def class_counts(self) -> Markdown:
        """Table: pictures of each class."""
        found = self.outcome.look["classes"]
        parts = [p for p in PARTS if p in found[0]]
        header = ["class", *(parts if len(parts) > 1 else ["pictures"])]
        rows = [[literal(entry["name"]), *(f"{entry[p]:,}" for p in parts)] for entry in found]
        return pipe_table(header, rows, "l" + "r" * len(parts))

    def class_results(self) -> Markdown:
        """Table: the hardest classes with their intervals and what they are taken for."""
        rows = []
        for label, found in figures.worst_classes(self.outcome)[:10]:
            taken = self._taken_for(label)
            name = literal(self.outcome.classes[taken]) if taken is not None else "nothing else"
            shown = f"{percent(found.low, 0)} to {percent(found.high, 0)}"
            rows.append([literal(self.outcome.classes[label]), percent(found.value, 0), shown, name])
        return pipe_table(["class", "recognised", "95 % interval", "most often taken for"], rows, "lrrl")

    def _taken_for(self, label: int) -> int | None:
        best = self.outcome.best
        here = best.y == label
        counts = np.bincount(best.log_p[:, here].argmax(axis=2).ravel(), minlength=len(self.outcome.classes))
        counts[label] = 0
        return int(counts.argmax()) if counts.any() else None

    def runs(self) -> Markdown:
        """Table: strategies, sizes and seeds that were run."""
        rows = [
            [a.strategy.label, f"{n:,}", len(a.seeds), len(a.records), percent(a.accuracy.value),
             f"{sum(r['timing']['total']['wall'] for r in a.records) / 60:.1f}"]
            for (_, n), a in self.outcome.arms.items()
        ]  # fmt: skip
        return pipe_table("strategy | labels | seeds | networks | right | minutes in all", rows, "lrrrrr")

    def settings(self) -> Markdown:
        """Table: the settings of each strategy at all labels."""
        rows = []
        for arm in self.outcome.top:
            spec = arm.records[0]["spec"]
            steps = {p["name"]: str(p["planned_steps"]) for p in arm.records[0]["phases"]}
            rates = [f"{spec[key]:g}" for key in ("head_learning_rate", "learning_rate") if spec[key]]
            rows.append([
                arm.strategy.label, spec["backbone"], f"{spec['image_size']} px", spec["batch_size"],
                " then ".join(steps.values()), " then ".join(rates), f"{spec['weight_decay']:g}",
            ])  # fmt: skip
        header = "strategy | network | side | batch | steps | learning rate | weight decay"
        return pipe_table(header, rows, "llrrrrr")

    def strategies_short(self) -> Markdown:
        """Table for a slide: strategies, accuracy, whether they differ from the recommended one."""
        o = self.outcome
        verdicts = {r.arm.strategy.name: "worse" if r.shown else "cannot be told" for r in o.rivals}
        rows = []
        for a in sorted(o.top, key=lambda a: -a.accuracy.value):
            verdict = verdicts.get(a.strategy.name, "recommended")
            rows.append([a.strategy.label, percent(a.accuracy.value), words.between(a.accuracy), verdict])
        return pipe_table(["strategy", "right", "95 % interval", "against the recommended"], rows, "lrrl")

    # Texts that need more than the outcome

    def slide_text(self):
        """Return the sentences of the slides, by name."""
        model = self.model if self.folder.has("model") else None
        return slide_text(self.outcome, model, self._taken_for)

    def looked(self) -> Markdown:
        """Return what the look found, as a list."""
        o, frame = self.outcome, self.outcome.plan["frame"]
        test = {**o.look["test"], "folds": frame["folds"]}  # the plan may have chosen fewer
        look = {**o.look, "test": test}
        lines = look_text.in_short(frame["dataset"], look, frame["side"], frame["fit"])
        lines += look_text.findings(look)
        return Markdown("\n".join(f"- {literal(line)}" for line in lines))

    def worst(self) -> Markdown:
        """Return which class is hardest."""
        label, found = figures.worst_classes(self.outcome)[0]
        return Markdown(words.worst(self.outcome, (label, found, self._taken_for(label))))

    def to_check(self) -> Markdown:
        """Return how many labels are worth a look."""
        doubted = [m for m in self.outcome.mistakes() if m[2] >= outcome.CHECKED]
        return Markdown(words.to_check(len(doubted)))

    def calibrated(self) -> Markdown:
        """Return whether the probabilities can be taken at their word."""
        from ...analysis.statistics.reliability import reliability_bins

        best = self.outcome.best
        bins = len(reliability_bins(best.log_p, best.y))
        return Markdown(words.calibration(figures.calibration_error(self.outcome), bins))

    @cached_property
    def model(self) -> dict:
        """The record of the model file.

        Raises:
            StudyError: the model is not made yet.
        """
        return self.folder.read("model")

    @property
    def command(self) -> str:
        """The command that repeats the study."""
        return self.outcome.plan["command"]

    def machines(self) -> Markdown:
        """Return which machines made the runs, and with which libraries."""
        found = {machine(r["environment"]) for arm in self.outcome.arms.values() for r in arm.records}
        libraries = self.outcome.best.records[0]["environment"]["libraries"]
        versions = ", ".join(f"{name} {version}" for name, version in libraries.items())
        return Markdown(f"{'; '.join(sorted(found))}. {versions}.")

    def model_card(self) -> Markdown:
        """Table: what the model is."""
        m, o = self.model, self.outcome
        spec = m["spec"]
        exports = "; ".join(f"{name}: {said}" for name, said in m["exports"].items())
        rows = [
            ["what it does", f"names one of {len(m['classes'])} classes: {', '.join(map(literal, m['classes'][:30]))}"],
            ["how it was made", f"{o.best.strategy.label}, {spec['backbone']} at {spec['image_size']} pixels, weights: {spec['weights']}"],
            ["learned from", f"{m['learned_from']:,} pictures"],
            ["expected to be right", f"{percent(o.best.accuracy.value)} ({words.between(o.best.accuracy)}), measured on networks that were trained in the same way on fewer pictures"],
            ["size", f"{m['bytes'] / 1e6:.1f} MB"],
            ["SHA-256", f"`{m['sha256']}`"],
            ["other formats", exports],
        ]  # fmt: skip
        return pipe_table(["", ""], rows, "ll")


def _short(file: str, most: int = 20) -> str:
    name = printable(file)
    return name if len(name) <= most else "…" + name[-(most - 1) :]

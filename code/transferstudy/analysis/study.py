"""The finished runs of a preset, grouped into arms: what pages, figures and claims look at."""

from collections import Counter
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from ..errors import StudyError, printable
from ..plan.presets import expand, preset_table
from ..plan.spec import RunSpec
from ..plan.strategies import STRATEGIES
from ..results.store import Store
from .arm import Arm
from .folds import by_seed, together

__all__ = ["MAIN", "Arm", "Study", "load", "load_if_run"]

MAIN = "report"


class Study:
    """All arms of a preset.

    The folds of a seed count as one run (see `folds.together`), and a seed without all of its folds as missing.

    Most presets have one image size; `image_size` arguments may then be left out. Where a strategy has several at a number of
    labels, the one with the highest mean validation accuracy stands for a missing argument.

    Args:
        specs: the runs the preset asks for; one that is given twice counts once.
        store: where their results lie.
        name: the preset's name; anchors on the page of records begin with it, except for the main study's.
        partial: leave out runs that have no result, and list them in `missing`, instead of refusing.
        plan: of a study that is put together from two presets, the name of the one that holds the runs which `name` lacks, and
            with whose partners its p-values are corrected (`comparison.corrected_with`); by default `name`.

    Raises:
        StudyError: a result is missing, damaged, or made from other data or weights than the rest.
    """

    def __init__(
        self,
        specs: list[RunSpec],
        store: Store,
        name: str = MAIN,
        partial: bool = False,
        plan: str | None = None,
    ):
        specs = list(dict.fromkeys(specs))
        lacking = {s.id for own in by_seed(specs).values() if not all(map(store.has, own)) for s in own}
        self.missing = tuple(spec for spec in specs if partial and spec.id in lacking)
        specs = [spec for spec in specs if spec not in self.missing]
        if not specs:
            raise StudyError(
                f"preset {name!r}: none of its runs has a result: python -m transferstudy run --preset {name}"
            )
        self.specs, self.store, self.name, self.plan = specs, store, name, plan or name
        self.prefix = "" if name == MAIN else f"{name}-"
        self._stored: dict[str, dict[str, np.ndarray]] = {}
        self.records = {own[0].id: self._read(own) for own in by_seed(specs).values()}
        for what in ("data", "weights"):
            self._same(what)
        counts = Counter(spec.image_size for spec in specs)
        self.image_sizes = tuple(sorted(counts))
        self.image_size = max(self.image_sizes, key=lambda side: (counts[side], -side))
        runs: dict[tuple[str, int, int], list[dict]] = {}
        for spec in sorted(specs, key=lambda s: s.seed):
            if spec.id in self.records:
                arm = (spec.strategy, spec.n_labels, spec.image_size)
                runs.setdefault(arm, []).append(self.records[spec.id])
        self.arms = {
            key: Arm(STRATEGIES[key[0]], key[1], tuple(records), key[2], self._anchor(*key))
            for key, records in runs.items()
        }
        self._sides: dict[tuple[str, int], list[int]] = {}
        for name, n_labels, side in sorted(self.arms):
            self._sides.setdefault((name, n_labels), []).append(side)
        self.sizes = tuple(sorted({n for _, n, _ in self.arms}))
        self.strategies = tuple(
            s for s in STRATEGIES.values() if any(name == s.name for name, *_ in self.arms)
        )

    def _read(self, own: list[RunSpec]) -> dict:
        """The record of a run; of all folds of a seed one record, whose predictions are kept."""
        if not own[0].folds:
            return self.store.load(own[0].id)
        record, self._stored[own[0].id] = together(own, self.store)
        return record

    def _anchor(self, strategy: str, n_labels: int, image_size: int) -> str:
        side = "" if image_size == self.image_size else f"-{image_size}px"
        return f"{self.prefix}arm-{strategy}-{n_labels}{side}"

    def _same(self, what: str):
        found: dict[tuple, str] = {}
        for run_id, record in self.records.items():
            key = (record[what]["name"], record[what]["sha256"])
            found.setdefault(key, run_id)
        by_name: dict[str, list[str]] = {}
        for (name, _), run_id in found.items():
            by_name.setdefault(name, []).append(run_id)
        for name, ids in by_name.items():
            if len(ids) > 1:
                raise StudyError(
                    f"runs {ids[0]} and {ids[1]} were made from different copies of {name}: compare only results "
                    f"of the same {what}; make one of them again with python -m transferstudy run --only {ids[0]}"
                )

    @property
    def first(self) -> dict:
        """Any record: for what all runs share, such as the classes."""
        return next(iter(self.records.values()))

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in label order, as they can be shown: see `printable`."""
        return tuple(printable(name) for name in self.first["data"]["classes"])

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """All seeds of the preset, sorted."""
        return tuple(sorted({spec.seed for spec in self.specs}))

    @property
    def seeds_per_arm(self) -> tuple[int, int]:
        """The fewest and the most seeds that an arm has."""
        counts = [len(arm.records) for arm in self.arms.values()]
        return min(counts), max(counts)

    def arm(self, strategy: str, n_labels: int, image_size: int | None = None) -> Arm:
        """Return one arm.

        Raises:
            StudyError: the preset has no such arm.
        """
        key = (strategy, n_labels, image_size or self._side(strategy, n_labels))
        if key not in self.arms:
            raise StudyError(f"the study has no arm {strategy!r} with {n_labels:,} labels at {key[2]} px")
        return self.arms[key]

    def has(self, strategy: str, n_labels: int, image_size: int | None = None) -> bool:
        """Return whether the preset contains this arm."""
        return (strategy, n_labels, image_size or self._side(strategy, n_labels)) in self.arms

    def _side(self, strategy: str, n_labels: int) -> int:
        if not self._sides.get((strategy, n_labels)):
            return self.image_size
        return self.chosen(strategy, n_labels).image_size

    def sides_of(self, strategy: str, n_labels: int) -> tuple[int, ...]:
        """Return the image sizes of a strategy's arms at one number of labels, rising."""
        return tuple(self._sides.get((strategy, n_labels), ()))

    @property
    def compares_sides(self) -> bool:
        """Whether some strategy was run with several image sizes at one number of labels."""
        return any(len(sides) > 1 for sides in self._sides.values())

    def at(self, n_labels: int, image_size: int | None = None) -> list[Arm]:
        """Return all arms with this number of labels, in the order of `STRATEGIES`, one a strategy."""
        return [
            self.arm(s.name, n_labels, image_size)
            for s in self.strategies
            if self.has(s.name, n_labels, image_size)
        ]

    def sizes_of(self, *strategies: str) -> list[int]:
        """Return the numbers of labels at which all these strategies were run, rising."""
        return [n for n in self.sizes if all(self.sides_of(name, n) for name in strategies)]

    def predictions(self, record: dict) -> dict[str, np.ndarray]:
        """Return the stored predictions of a run, read and checked once (see `Store.predictions`)."""
        if record["id"] not in self._stored:
            self._stored[record["id"]] = self.store.predictions(record)
        return self._stored[record["id"]]

    def correct(self, strategy: str, n_labels: int, image_size: int | None = None) -> np.ndarray:
        """Return which test images each seed's model got right: bool array (seeds, images), images in the order of `tested`."""
        rows = []
        for record in self.arm(strategy, n_labels, image_size).records:
            stored = self.predictions(record)
            rows.append(stored["test_log_p"].argmax(axis=1) == stored["test_y"])
        return np.array(rows)

    def tested(self, arm: Arm) -> np.ndarray:
        """Return the indices of the test images that an arm's runs predicted, rising: (images,).

        Raises:
            StudyError: its runs predicted different ones.
        """
        found = [self.predictions(record) for record in arm.records]
        read = [stored.get("test_i", np.arange(len(stored["test_y"]))) for stored in found]
        for record, images in zip(arm.records[1:], read[1:], strict=True):
            if not np.array_equal(images, read[0]):
                raise StudyError(
                    f"runs {arm.records[0]['id']} and {record['id']} of one arm predicted different test images; "
                    "give both the same test_images"
                )
        return read[0]

    def groups(self, arm: Arm) -> np.ndarray | None:
        """Return which test images of an arm belong together, such as those of one person: (images,), or None."""
        return self.predictions(arm.records[0]).get("test_group")

    def test_predictions(
        self, strategy: str, n_labels: int, image_size: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the stored test log-probabilities of all seeds (seeds, images, classes) and the labels (images,)."""
        stored = [self.predictions(r) for r in self.arm(strategy, n_labels, image_size).records]
        return np.stack([s["test_log_p"] for s in stored]), stored[0]["test_y"].astype(int)

    def chosen(self, strategy: str, n_labels: int) -> Arm:
        """Return a strategy's arm at the image size with the highest mean validation accuracy.

        Raises:
            StudyError: the preset has no arm of this strategy there.
        """
        sides = self.sides_of(strategy, n_labels) or (None,)
        arms = [self.arm(strategy, n_labels, side) for side in sides]
        return max(arms, key=lambda arm: arm.validation("accuracy").mean())

    def candidates(self, n_labels: int, pretrained: bool) -> list[Arm]:
        """Return the arms among which `best` chooses: frozen random weights are a control and no candidate."""
        return [
            self.chosen(strategy.name, n_labels)
            for strategy in self.strategies
            if strategy.pretrained == pretrained
            and strategy.name != "random_features"
            and self.sides_of(strategy.name, n_labels)
        ]

    def best(self, n_labels: int, pretrained: bool) -> Arm:
        """Return the arm with the highest mean validation accuracy at a size, among pretrained or random starts.

        Chosen on validation images, so that its test accuracy is not the best of several looks at the test set.

        Raises:
            StudyError: there is no candidate.
        """
        candidates = self.candidates(n_labels, pretrained)
        if not candidates:
            kind = "pretrained" if pretrained else "from-scratch"
            raise StudyError(f"the study has no {kind} arm with {n_labels:,} labels")
        return max(candidates, key=lambda arm: arm.validation("accuracy").mean())

    @property
    def contested(self) -> list[int]:
        """The numbers of labels at which both a pretrained and a from-scratch arm were run, rising."""
        return [n for n in self.sizes if self.candidates(n, True) and self.candidates(n, False)]


def load(preset: str = MAIN, results: Path | str | None = None, partial: bool | None = None) -> Study:
    """Load the study of a preset.

    Args:
        preset: name in presets.toml.
        results: results folder, by default the project's.
        partial: whether runs may be missing; `Study.missing` lists them then. By default what the preset says of itself
            under `unfinished`.

    Raises:
        StudyError: a result is missing; the message names the run and the command that makes it.
    """
    if partial is None:
        partial = preset_table(preset).get("unfinished", False)
    store = Store(results)
    return _study(tuple(expand(preset)), store.root, store.state(), preset, partial)


def load_if_run(preset: str, store: Store | None = None) -> Study | None:
    """Load what was run of a preset; None while no run, or no seed with all of its folds, has a result.

    Args:
        preset: name in presets.toml.
        store: where the results lie, by default the project's.

    Raises:
        StudyError: a result is damaged.
    """
    store, specs = store or Store(), expand(preset)
    whole = any(all(map(store.has, own)) for own in by_seed(specs).values())
    return _study(tuple(specs), store.root, store.state(), preset, True) if whole else None


@lru_cache(maxsize=16)
def _study(specs: tuple[RunSpec, ...], root: Path, _, name: str, partial: bool) -> Study:
    """The same study for all who ask, while its files stay as they are: to read and compare runs takes seconds."""
    return Study(list(specs), Store(root), name, partial)

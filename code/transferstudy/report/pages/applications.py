"""The table of what `keras.applications` offers: the library's own facts joined with published accuracies."""

from collections import defaultdict
from collections.abc import Callable

from IPython.display import Markdown

from ...experiments.applications import load
from ...paths import results_dir
from ..cards import published
from ..markdown import pipe_table
from ..values import Value, count, listing

_RECORD = "/results/keras/applications.json"
_BYTES = 4  # of a float32


class Applications:
    """What the installed `keras.applications` offers, as stored.

    Attributes:
        keras: version of Keras that was looked at.
        builders: name -> facts, as `applications.inspect_builder` returns them.
    """

    def __init__(self):
        record = load(results_dir())
        self.keras = Value(record["keras"], _RECORD)
        self.builders = {entry["name"]: entry for entry in record["builders"]}

    @property
    def families(self) -> list[list[dict]]:
        """The builders by paper, each family smallest network first, families in order of their papers."""
        grouped = defaultdict(list)
        for entry in self.builders.values():
            grouped[entry["arxiv"] or entry["module"]].append(entry)
        return [sorted(group, key=lambda e: e["parameters"]) for _, group in sorted(grouped.items())]

    @property
    def n_networks(self) -> Value:
        """Number of builders."""
        return Value(count(len(self.builders)), _RECORD)

    @property
    def n_families(self) -> Value:
        """Number of families: networks of one paper."""
        return Value(count(len(self.families)), _RECORD)

    def takes(self, side: int) -> Value:
        """Number of networks that accept images of this side, in pixels."""
        return Value(count(sum((e["min_side"] or 0) <= side for e in self.builders.values())), _RECORD)

    def _named(self, holds: Callable[[dict], bool]) -> str:
        """Return in words the families of which every network has a property, each by its smallest network."""
        named = [f"`{group[0]['name']}`" for group in self.families if all(map(holds, group))]
        return listing(named) if named else "none"

    def refusing(self, side: int) -> str:
        """The networks that need larger images than `side` pixels, in words."""
        return self._named(lambda e: (e["min_side"] or 0) > side)

    def without_norm(self) -> str:
        """The networks that contain no batch normalisation, in words."""
        return self._named(lambda e: not e["batch_norm"])

    def preparing(self) -> str:
        """The networks that prepare their pixels themselves, in words."""
        return self._named(lambda e: e["prepares_itself"])

    def table(self) -> Markdown:
        """One row a family, its smallest network: paper, published top-1, and what the library says of it."""
        known, rows = published(), []
        for group in self.families:
            smallest = group[0]
            paper = smallest["arxiv"]
            year = Value(f"20{paper[:2]}", f"https://arxiv.org/abs/{paper}") if paper else "not given"
            top1 = known.get(smallest["name"])
            rows.append([
                f"`{smallest['name']}`", year, f"{100 * top1['top1']:.1f}" if top1 else "not given",
                f"{smallest['parameters'] / 1e6:.1f}", f"{smallest['parameters'] * _BYTES / 2**20:.0f}", smallest["depth"],
                *("any" if smallest[side] is None else str(smallest[side]) for side in ("side", "min_side")),
                "yes" if smallest["batch_norm"] else "no", _prepared(smallest),
            ])  # fmt: skip
        header = "network | paper | top-1 (%) | parameters (M) | MiB | layers | side | smallest side | batch norm | pixels"
        return pipe_table(header, rows, "lrrrrrrrll")


def _prepared(entry: dict) -> str:
    low, high = (f"{value:g}".replace("-", "−") for value in entry["prepared"])
    return f"{low} to {high}" if not entry["prepares_itself"] else f"{low} to {high}, prepared inside"

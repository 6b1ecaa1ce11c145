"""Figures of a pretraining run."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..sources import NETWORKS
from .marks import name_ends
from .style import canvas


def pretraining(*records: dict, theme: str = "light", size: str = "page") -> Figure:
    """Loss and accuracy of runs in `results/pretraining`, one a row, epoch by epoch, on training and validation images of the source."""
    phone = size == "phone"  # losses and accuracies stand below each other
    height = (1.3 if phone else 0.42) * len(records) + 0.02
    shape = {"rows": (1 + phone) * len(records), "columns": 2 - phone, "squeeze": False}
    with canvas(theme, size, height, **shape) as (figure, axes, face):
        named = []
        for record, (left, right) in zip(records, axes.reshape(-1, 2), strict=True):
            losses, names = _row(record, left, right, face)
            named += [(left, losses), (right, names)]
            if len(records) > 1:
                backbone = record["spec"]["backbone"]
                left.set_title(NETWORKS.get(backbone, backbone).removeprefix("the "), loc="left")
        for axis, ends in named:
            name_ends(figure, axis, ends, face)
    return figure


def _row(record: dict, left, right, face) -> tuple[list[tuple], list[tuple]]:
    """Draw one run, losses on the left and accuracies on the right; return the ends of the lines that want a name."""
    epochs = record["epochs"]
    across = range(1, len(epochs) + 1)
    series = (("", "training", face.muted, "--"), ("val_", "validation", face.ink, "-"))
    losses, names = [], []
    for part, word, tone, style in series:
        values = [e[f"{part}loss"] for e in epochs]
        left.plot(across, values, style, color=tone)
        losses.append((across[-1], values[-1], word, tone))
        for measure, mark in (("top1", "o"), ("top5", "s")):
            values = [100 * e[f"{part}{measure}"] for e in epochs]
            right.plot(across, values, style, color=tone, marker=mark, markersize=face.marker * 0.7)
            if part == "val_":
                names.append((across[-1], values[-1], f"top-{measure[-1]}", tone))
    left.set_ylabel("loss (nats)")
    right.set_ylabel("accuracy (%)")
    right.set_ylim(0, 100)
    left.set_ylim(left.get_ylim())
    for axis in (left, right):
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axis.grid(axis="x", visible=False)
    return losses, names

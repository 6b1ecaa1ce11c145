"""Figures of a pretraining run."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .marks import name_ends
from .style import canvas


def pretraining(record: dict, theme: str = "light", size: str = "page") -> Figure:
    """Loss and accuracy of a pretraining run, epoch by epoch, on training and on validation images of the source task.

    Args:
        record: a record of `results/pretraining`.
        theme: "light" or "dark".
        size: "page" or "slide".
    """
    epochs = record["epochs"]
    across = range(1, len(epochs) + 1)
    with canvas(theme, size, 0.44 if size == "page" else 0.4, columns=2) as (figure, (left, right), face):
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
        name_ends(figure, left, losses, face)
        name_ends(figure, right, names, face)
    return figure

"""Figures of a pretraining run."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .style import canvas

_NETWORKS = {"vgg16_bn": "VGG16 with batch normalisation", "compact": "compact network"}


def pretraining(*records: dict, theme: str = "light", size: str = "page") -> Figure:
    """Loss and accuracy of pretraining runs, epoch by epoch, on training and on validation images of the source task.

    Args:
        records: of `results/pretraining`, one a row.
        theme: "light" or "dark".
        size: "page" or "slide".
    """
    height = 0.42 * len(records) + 0.02
    with canvas(theme, size, height, rows=len(records), columns=2, squeeze=False) as (figure, axes, face):
        for record, (left, right) in zip(records, axes, strict=True):
            _row(record, left, right, theme, face)
            if len(records) > 1:
                left.set_title(
                    _NETWORKS.get(record["spec"]["backbone"], record["spec"]["backbone"]), loc="left"
                )
    return figure


def _row(record: dict, left, right, theme: str, face) -> None:
    """Draw one run: losses on the left, accuracies on the right."""
    epochs = record["epochs"]
    across = range(1, len(epochs) + 1)
    tones = {"": face.muted, "val_": ("#0072b2", "#56b4e9")[theme == "dark"]}
    words = {"": "training", "val_": "validation"}
    for part, tone in tones.items():
        style = "--" if part == "" else "-"
        losses = [e[f"{part}loss"] for e in epochs]
        left.plot(across, losses, style, color=tone)
        _name(
            left,
            across,
            losses,
            words[part],
            tone,
            face,
            above=losses[-1] == max(e[-1] for e in _ends(epochs, "loss")),
        )
    for measure, mark in (("top1", "o"), ("top5", "s")):
        for part, tone in tones.items():
            values = [100 * e[f"{part}{measure}"] for e in epochs]
            right.plot(
                across,
                values,
                "--" if part == "" else "-",
                color=tone,
                marker=mark,
                markersize=face.marker * 0.7,
            )
        shown = [100 * e[f"val_{measure}"] for e in epochs]
        right.annotate(
            f"top-{measure[-1]}", (across[-1], shown[-1]), xytext=(face.font * 0.6, 0), textcoords="offset points",
            va="center", color=tones["val_"], annotation_clip=False,
        )  # fmt: skip
    left.set_ylabel("loss (nats)")
    right.set_ylabel("accuracy (%)")
    right.set_ylim(0, 100)
    for axis in (left, right):
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axis.grid(axis="x", visible=False)


def _ends(epochs: list[dict], measure: str) -> list[list[float]]:
    return [[e[f"{part}{measure}"] for e in epochs] for part in ("", "val_")]


def _name(axis, across, values, word, tone, face, above: bool) -> None:
    middle = len(values) // 2
    axis.annotate(
        word, (across[middle], values[middle]), xytext=(0, face.font * (0.9 if above else -2.1)),
        textcoords="offset points", ha="left" if above else "right", color=tone,
    )  # fmt: skip

"""Inside the networks: Grad-CAM beside occlusion, what fine-tuning changed, filters, features on a map."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from ...analysis.study import Study
from ...experiments.inside.stored import Inside, inside_of
from .images import picture
from .marks import name_ends
from .style import TILTED, by_size, canvas, colour, dash, marker

_MARKS = ("o", "s", "^", "D", "v", "p", "X", "*", "<", ">")


def overlay(axis, image: np.ndarray, heat: np.ndarray, tones, low: float, high: float, place=None):
    """Show a picture in grey with a map over it; `place` is (left, right) of the map in pixels."""
    side = len(image)
    left, right = place or (0, side)
    axis.imshow(
        image.mean(axis=-1), cmap="gray", vmin=0, vmax=255, interpolation="none", extent=(0, side, side, 0)
    )
    axis.imshow(
        heat.astype(float), cmap=tones, vmin=low, vmax=high, alpha=0.6, interpolation="none",
        extent=(left, right, right, left),
    )  # fmt: skip
    axis.set(xlim=(0, side), ylim=(side, 0), xticks=[], yticks=[])
    axis.grid(visible=False)


_LEAST = 0.05  # probability: the end of an occlusion map's scale, at least


def maps(
    study: Study, strategies: list[str], n_labels: int, count: int = 4, theme: str = "light", size: str = "page"
) -> Figure:  # fmt: skip
    """Grad-CAM beside occlusion for the true class of the same test images, two columns a strategy.

    Maps are shown at their own grid, not smoothed to look finer than they are. Bright is where the class is seen, in both, and
    in grey as well. Each occlusion map has a scale of its own, with no effect in the middle, so that a sure network shows its
    small changes too; changes below five points stay pale.
    """
    found = [(study.arm(name, n_labels).strategy, inside_of(study, name, n_labels)) for name in strategies]
    count = min(count, 2) if size == "slide" else count  # as many as fit
    blocks = len(found) if size == "phone" else 1  # a phone shows one strategy below the other
    columns = 1 + 2 * len(found) // blocks
    height = by_size(size, 1.06, 0.9, 1.16) * count * blocks / columns + 0.1 * blocks
    with canvas(theme, size, height, count * blocks, columns, squeeze=False) as (figure, grid, face):
        axes = np.hstack([part[:, 0 if k == 0 else 1 :] for k, part in enumerate(np.vsplit(grid, blocks))])
        for row in range(count):
            first = found[0][1]
            for block in range(blocks):
                axis = grid[row + count * block, 0]
                picture(axis, first.arrays["pictures"][row])
                axis.set_ylabel(study.classes[first.arrays["true"][row]], fontsize=face.font * 0.9)
            for k, (_, inside) in enumerate(found):
                image, side = inside.arrays["pictures"][row], inside.arrays["pictures"].shape[1]
                overlay(axes[row, 1 + 2 * k], image, inside.arrays["gradcam"][row], "inferno", 0, 1)
                # A map's cell stands for the middle of a patch.
                patch, stride = inside.about["patch"], inside.about["stride"]
                left = (patch - stride) / 2
                right = left + stride * inside.arrays["occlusion"].shape[1]
                peak = max(_LEAST, float(np.abs(inside.arrays["occlusion"][row].astype(float)).max()))
                overlay(
                    axes[row, 2 + 2 * k], image, inside.arrays["occlusion"][row], "cividis", -peak, peak,
                    (left, min(side, right)),
                )  # fmt: skip
        for k, (strategy, _) in enumerate(found):
            axes[0, 1 + 2 * k].set_title(f"{strategy.label}:\nGrad-CAM", fontsize=face.font * 0.9)
            axes[0, 2 + 2 * k].set_title("\nocclusion", fontsize=face.font * 0.9)
    return figure


def _short(layers: list[str]) -> list[str]:
    return [name.replace("block", "").replace("_conv", ".").replace("_relu", ".") for name in layers]


def cka(study: Study, strategy: str, n_labels: int, theme: str = "light", size: str = "page") -> Figure:
    """CKA between every layer before training (rows) and after it (columns); 1 is the same representation."""
    inside = inside_of(study, strategy, n_labels)
    names = _short(inside.about["layers"])
    with canvas(theme, size, by_size(size, 0.72, 0.45, 0.95)) as (figure, axis, face):
        tones = LinearSegmentedColormap.from_list("same", [face.fill, colour(strategy, theme)])
        shown = axis.imshow(inside.arrays["cka"].astype(float), cmap=tones, vmin=0, vmax=1, aspect="auto")
        step = by_size(size, 1, 3, 2)
        ticks = range(0, len(names), step)
        axis.set_xticks(ticks, [names[i] for i in ticks], **TILTED)
        axis.set_yticks(ticks, [names[i] for i in ticks])
        axis.set(xlabel="layer after training", ylabel="layer before training")
        axis.grid(visible=False)
        figure.colorbar(shown, ax=axis, label="CKA")
    return figure


def change(
    study: Study, strategies: list[str], n_labels: int, theme: str = "light", size: str = "page"
) -> Figure:
    """CKA of each layer with itself before training, one line a strategy: what training changed, and where."""
    with canvas(theme, size, by_size(size, 0.5, 0.4, 1.0)) as (figure, axis, face):
        longest: list[str] = []
        ends = []
        for name in strategies:
            inside = inside_of(study, name, n_labels)
            same = inside.arrays["cka"].astype(float).diagonal()
            longest, tone = max(longest, inside.about["layers"], key=len), colour(name, theme)
            axis.plot(range(len(same)), same, dash(name), color=tone, marker=marker(name))
            ends.append((len(same) - 1, float(same[-1]), study.arm(name, n_labels).strategy.label, tone))
        step = by_size(size, 1, 3, 2)
        ticks = range(0, len(longest), step)
        axis.set_xticks(ticks, [_short(longest)[i] for i in ticks], **TILTED)
        ours = "CKA with itself\nbefore training"
        axis.set(ylim=(-0.05, 1.05), xlabel="layer: block and convolution", ylabel=ours)
        name_ends(figure, axis, ends, face)
    return figure


def filters(study: Study, strategy: str, n_labels: int, theme: str = "light", size: str = "page") -> Figure:
    """The first convolution's filters before and after training, each stretched to its own range."""
    inside = inside_of(study, strategy, n_labels)
    with canvas(theme, size, by_size(size, 0.5, 0.42, 0.56), 1, 2) as (figure, axes, _):
        for axis, when in zip(axes, ("before", "after"), strict=True):
            picture(axis, _mosaic(inside.arrays[f"filters_{when}"].astype(float)), f"{when} training")
    return figure


def _mosaic(pictures: np.ndarray) -> np.ndarray:
    """Set pictures (n, h, w, 3) in 0..1 into a square with grey lines between them."""
    n, height, width, _ = pictures.shape
    columns = int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    board = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1, 3), 0.5)
    for i, tile in enumerate(np.clip(pictures, 0, 1)):
        top, left = (i // columns) * (height + 1) + 1, (i % columns) * (width + 1) + 1
        board[top : top + height, left : left + width] = tile
    return board


def places(study: Study, strategy: str, n_labels: int, theme: str = "light", size: str = "page") -> Figure:
    """A map of the pooled features of test images before and after training (t-SNE), one colour and mark a class."""
    inside = inside_of(study, strategy, n_labels)
    rows = by_size(size, 1, 1, 2)
    with canvas(theme, size, by_size(size, 0.5, 0.42, 1.9), rows, 2 // rows) as (figure, axes, face):
        for axis, when in zip(axes, ("before", "after"), strict=True):
            _scatter(axis, inside, f"places_{when}", study.classes, face)
            axis.set_title(f"{when} training")
        # The legend is shared; Matplotlib takes it from one panel.
        handles, labels = axes[0].get_legend_handles_labels()
        columns = min(by_size(size, 5, 5, 3), len(labels))
        figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    return figure


def _scatter(axis, inside: Inside, which: str, classes, face):
    import matplotlib as mpl

    spots, labels = inside.arrays[which].astype(float), inside.arrays["place_label"]
    tones = mpl.colormaps["tab10" if face.theme == "light" else "Set3"].colors
    for label, name in enumerate(classes):
        mine = spots[labels == label]
        axis.scatter(
            mine[:, 0], mine[:, 1], s=(face.marker * 0.6) ** 2, color=tones[label % len(tones)],
            marker=_MARKS[label % len(_MARKS)], linewidths=0.4, label=name,
        )  # fmt: skip
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)

"""Pictures of real images: the classes, augmented views, preprocessing, one prediction."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ...data import ImageData
from .style import by_size, canvas


def frameless(axis) -> None:
    """Take ticks, grid and frame off axes that show a picture."""
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)


def picture(axis, image: np.ndarray, title: str | None = None) -> None:
    """Draw an image pixel by pixel: uint8 (side, side, 3), or (side, side) in grey."""
    axis.imshow(image, interpolation="none")  # each pixel once; `svg` keeps their edges
    frameless(axis)
    if title:
        axis.set_title(title, pad=4)


def examples(sample: ImageData, per_class: int = 6, theme: str = "light", size: str = "page") -> Figure:
    """Some training images of every class, one column a class."""
    n_classes = len(sample.classes)
    if size == "phone":
        return _examples_by_row(sample, per_class, theme)
    per_class = min(per_class, 4) if size == "slide" else per_class  # as many as fit
    height = 0.75 * per_class / n_classes + 0.06
    with canvas(theme, size, height, per_class, n_classes) as (figure, axes, face):
        for label, name in enumerate(sample.classes):
            members = np.flatnonzero(sample.y_train == label)[:per_class]
            for row, index in enumerate(members):
                picture(axes[row, label], sample.x_train[index])
            # Ten names do not fit side by side at the size of the text, so neighbours take turns in height.
            pad = 4 if label % 2 else 4 + face.font * 1.25
            axes[0, label].set_title(name, pad=pad, fontsize=face.font * 0.9)
    return figure


def _examples_by_row(sample: ImageData, per_class: int, theme: str) -> Figure:
    """One row a class: on a phone ten names fit below each other only."""
    rows = len(sample.classes)
    with canvas(theme, "phone", 0.145 * rows, rows, per_class, squeeze=False) as (figure, axes, face):
        for label, name in enumerate(sample.classes):
            members = np.flatnonzero(sample.y_train == label)[:per_class]
            for axis, index in zip(axes[label], members, strict=False):
                picture(axis, sample.x_train[index])
            for axis in axes[label, len(members) :]:
                axis.set_visible(False)
            axes[label, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=face.font * 0.9)
    return figure


def views(
    sample: ImageData, index: int = 0, count: int = 7, theme: str = "light", size: str = "page"
) -> Figure:
    """One training image and augmented views of it: mirrored at random, shifted by up to an eighth of the side."""
    from ...data.augmentation import augment

    image = sample.x_train[index]
    rng = np.random.default_rng(3)
    made = augment(np.repeat(image[None], count, axis=0), "crop-flip", rng)
    rows = 2 if size == "phone" else 1
    shape = (rows, -(-(count + 1) // rows))
    with canvas(theme, size, by_size(size, 0.17, 0.17, 0.6), *shape, squeeze=False) as (figure, grid, _):
        axes = grid.ravel()
        for axis in axes[count + 1 :]:
            axis.set_visible(False)
        picture(axes[0], image, "original")
        for axis, view in zip(axes[1:], made, strict=False):
            picture(axis, view)
    return figure


def preprocessing(sample: ImageData, index: int = 0, theme: str = "light", size: str = "page") -> Figure:
    """The distribution of one image's pixel values: as stored, after VGG16's `preprocess_input`, and after division by 255."""
    # Keras' constants (keras.src.applications.imagenet_utils, mode "caffe"): means of ImageNet's red, green and blue.
    means = np.array([123.68, 116.779, 103.939])
    image = sample.x_train[index].astype(float)
    versions = {"stored: 0 to 255": image, "preprocess_input": image - means, "divided by 255": image / 255}
    phone = size == "phone"
    shape = {"rows": 2, "columns": 2} if phone else {"columns": 4, "width_ratios": [0.9, 1.2, 1.2, 1.2]}
    with canvas(theme, size, 1.0 if phone else 0.4, **shape) as (figure, axes, face):
        axes = axes.ravel()
        picture(axes[0], sample.x_train[index], sample.classes[sample.y_train[index]])
        tones = ("#c0392b", "#2e7d32", "#1565c0") if theme == "light" else ("#ff7b72", "#7ee787", "#79c0ff")
        looks = [
            {"color": tone, "linestyle": style} for tone, style in zip(tones, ("-", "--", ":"), strict=True)
        ]
        for axis, (title, pixels) in zip(axes[1:], versions.items(), strict=True):
            for values, own in zip(pixels.reshape(-1, 3).T, looks, strict=True):
                axis.hist(values, bins=24, histtype="step", linewidth=face.line * 0.8, **own)
            axis.set(title=title, yticks=[], xlabel="pixel value")
        axes[1].set_ylabel("pixels")
        lines = [plt.Line2D([], [], **own) for own in looks]
        names = ("red", "green", "blue")
        figure.legend(lines, names, loc="outside lower center", ncols=3, frameon=False)
    return figure


def prediction(
    image: np.ndarray,
    probabilities: np.ndarray,
    classes,
    true_label: int,
    theme: str = "light",
    size: str = "page",
) -> Figure:
    """One image, uint8 (side, side, 3), beside the probability of every class, summing to one; the true class is marked."""
    shape = {"columns": 2, "width_ratios": [1, 1.6]}
    if size == "phone":
        shape = {"rows": 2, "height_ratios": [1, 1.7]}
    with canvas(theme, size, by_size(size, 0.4, 0.4, 1.35), **shape) as (figure, axes, face):
        picture(axes[0], image, f"true class:\n{classes[true_label]}")
        order = np.argsort(probabilities)
        tones = [face.ink if i == true_label else face.muted for i in order]
        axes[1].barh(range(len(order)), 100 * np.asarray(probabilities)[order], color=tones)
        names = [classes[i] + (" (true)" if i == true_label else "") for i in order]
        axes[1].set_yticks(range(len(order)), names)
        axes[1].set_xlabel("probability (%)")
        axes[1].grid(axis="y", visible=False)
    return figure

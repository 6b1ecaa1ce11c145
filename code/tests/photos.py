"""Small folders of made-up pictures for tests: reddish discs ("cat") and bluish stripes ("dog"), drawn from a seed."""

from pathlib import Path

import numpy as np
from PIL import Image


def picture(label: int, k: int, width: int = 64, height: int = 48) -> Image.Image:
    """Picture k of a class: any two of them differ in every pixel's noise."""
    rng = np.random.default_rng(1000 * label + k)
    pixels = rng.integers(0, 90, (height, width, 3)).astype(np.uint8)
    y, x = np.mgrid[:height, :width]
    if label == 0:
        cx, cy, r = (
            width * rng.uniform(0.3, 0.7),
            height * rng.uniform(0.3, 0.7),
            height * rng.uniform(0.2, 0.4),
        )
        pixels[(x - cx) ** 2 + (y - cy) ** 2 < r**2] = (220, 40 + k % 60, 40)
    else:
        pixels[(x // 4 + k) % 2 == 0] = (40, 40 + k % 60, 220)
    return Image.fromarray(pixels)


def fill(folder: Path, label: int, count: int, start: int = 0, name: str = "photo{:03}.png", **save) -> None:
    """Write pictures of one class into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(start, start + count):
        picture(label, k).save(folder / name.format(k), **save)


def one_scene(root: Path, count: int = 12) -> Path:
    """Write the two classes as a fixed camera sees them: all pictures look alike, and no two files are equal."""
    rng, scene = np.random.default_rng(5), np.asarray(picture(0, 3)).astype(int)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for k in range(count):
            frame = np.clip(scene + rng.integers(-4, 5, scene.shape), 0, 255).astype(np.uint8)
            Image.fromarray(frame).save(root / name / f"frame{k:03}.png")
    return root


def both(root: Path, count: int = 10, **options) -> Path:
    """Write a folder with the two classes and return it."""
    fill(root / "cat", 0, count, **options)
    fill(root / "dog", 1, count, **options)
    return root

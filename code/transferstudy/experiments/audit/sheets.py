"""Contact sheets: the stored pairs, enlarged, for the look that no measure replaces."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from .stored import load, name

SCALE, COLUMNS, MARGIN, LINE = 5, 4, 10, 14


def draw(root: Path, folder: Path) -> list[Path]:
    """Write one PNG a comparison with all its pictured pairs side by side, and return the files.

    Args:
        root: the results folder.
        folder: where the sheets go; made if it is not there.
    """
    stored = load(root)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for comparison in stored.record["comparisons"]:
        shown = [p for p in stored.pairs(comparison) if "picture" in p]
        if shown:
            path = folder / f"{comparison}.png"
            _sheet(stored.pictures, shown).save(path)
            written.append(path)
    return written


def _sheet(pictures: np.ndarray, shown: list[dict]) -> Image.Image:
    side = pictures.shape[2] * SCALE
    width, height = 2 * side + MARGIN, side + 3 * LINE
    sheet = Image.new("RGB", (COLUMNS * width, -(-len(shown) // COLUMNS) * height), "white")
    pen = ImageDraw.Draw(sheet)
    for place, pair in enumerate(shown):
        top, left = place // COLUMNS * height, place % COLUMNS * width
        for k, pixels in enumerate(pictures[pair["picture"]]):
            image = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)
            sheet.paste(image, (left + k * side, top))
        pen.text((left, top + side), f"{place} {name(pair)}", fill="black")
        pen.text(
            (left, top + side + LINE),
            f"{pair['a_class']} / {pair['b_class']}  {pair['detail']:.2f} {pair['pixels']:.2f}",
            fill="black",
        )
    return sheet

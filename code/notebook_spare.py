"""Puts the spare into the notebook's source: a sample of CIFAR-10 and the compact network's weights, as one line of text.

The notebook must run in an empty folder without a network, so what it learns from has to be inside it. Run this only if the
sample or the weights change: `.venv/bin/python code/notebook_spare.py cifar10.npz`, and then `make notebook`.
"""

import base64
import io
import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from transferstudy.data import load
from transferstudy.data.dataset import pixel_digests
from transferstudy.data.mosaic import tiled

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "transfer_learning.py"
WEIGHTS = ROOT / "results" / "weights" / "tiny-imagenet-compact.npz"
TRAIN, TEST, COLUMNS = 40, 50, 30  # images a class, images a row of the picture
QUALITY = 60  # of WebP; without loss the images would take three times the room
LARGEST = 31  # 6 bits a weight; 4 bits cost accuracy
SPARE = re.compile(r'(?<=b85decode\(")[^"]*(?="\))')


def sample(data) -> bytes:
    """Return training and then test images as one WebP picture, class by class, chosen by the rank of their pixels' SHA-256."""
    chosen = []
    for x, y, count in ((data.x_train, data.y_train, TRAIN), (data.x_test, data.y_test, TEST)):
        for label in range(len(data.classes)):
            members = np.flatnonzero(y == label)
            chosen.append(x[members[np.argsort(np.array(pixel_digests(x[members])))[:count]]])
    buffer = io.BytesIO()
    picture = Image.fromarray(tiled(np.concatenate(chosen), COLUMNS))
    picture.save(buffer, "WEBP", quality=QUALITY, method=6)
    return buffer.getvalue()


def small(stored: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return weights with kernels as small integers and a scale for each output channel, other arrays as float16.

    The head of the source task is left out.
    """
    out = {}
    for name, array in stored.items():
        if name.startswith("head/"):
            continue
        out[name] = array.astype(np.float16)
        if array.ndim == 4:
            scale = np.abs(array.astype(np.float32)).max(axis=(0, 1, 2)) / LARGEST
            out[name] = np.rint(array / scale).astype(np.int8)
            out[f"{name}_scale"] = scale
    return out


def main(path: str) -> None:
    """Write the line anew.

    Args:
        path: of CIFAR-10, in any form that `--data` takes.
    """
    with np.load(WEIGHTS) as stored:
        arrays = small(dict(stored))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=np.frombuffer(sample(load("cifar10", Path(path))), np.uint8), **arrays)
    text = base64.b85encode(buffer.getvalue()).decode()
    source, count = SPARE.subn(lambda _: text, NOTEBOOK.read_text(encoding="utf-8"))
    if count != 1:
        sys.exit(f'{NOTEBOOK.relative_to(ROOT)}: expected one b85decode("...") to fill, found {count}')
    part = NOTEBOOK.with_suffix(".part")
    part.write_text(source, encoding="utf-8")
    part.replace(NOTEBOOK)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Give the path of CIFAR-10: code/notebook_spare.py cifar10.npz")
    main(sys.argv[1])

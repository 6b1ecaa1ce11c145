"""Tiny ImageNet in memory: from the packed archive or from the official folder."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ...arrays import BROKEN, check_npz
from ...data.dataset import check_images, pixel_digests
from ...errors import StudyError
from .settings import SOURCE_SIDE

HELP = (
    "give --data PATH: tiny-imagenet.npz (arrays x_train, y_train, x_val, y_val, classes, wnids) or the official folder "
    "tiny-imagenet-200 (cs231n.stanford.edu/tiny-imagenet-200.zip, unpacked)"
)
_LIMIT = 2**31  # bytes that the archive may unpack to; Tiny ImageNet has 1.4 GB


@dataclass(frozen=True)
class SourceData:
    """The source task's images.

    Attributes:
        classes: class names in words; a label is an index into them.
        wnids: WordNet ids of the classes, such as "n01443537".
        x_train, x_val: uint8 RGB pixels in 0..255, shape (n, 64, 64, 3).
        y_train, y_val: int64 labels, shape (n,).
        sha256: content hash over class ids, pixels and labels, independent of the images' order.
    """

    classes: tuple[str, ...]
    wnids: tuple[str, ...]
    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    sha256: str


def load_source(path: Path | None) -> SourceData:
    """Load Tiny ImageNet (Le & Yang 2015), sorted by class and pixel hash so that its order never matters.

    Args:
        path: the `.npz` archive or the official folder.

    Raises:
        StudyError: no path, nothing there, a damaged file, or images of another size.
    """
    if path is None:
        raise StudyError(f"pretraining needs Tiny ImageNet, which cannot be downloaded by itself: {HELP}")
    if not path.exists():
        raise StudyError(f"--data: {path} does not exist; {HELP}")
    classes, wnids, train, val = _from_folder(path) if path.is_dir() else _from_archive(path)
    hasher = hashlib.sha256("\n".join(wnids).encode())
    parts = []
    for name, (x, y) in (("training", train), ("validation", val)):
        x, y = check_images(x, y, len(classes), f"{path}: {name} images")
        if x.shape[1] != SOURCE_SIDE:
            raise StudyError(
                f"{path}: {name} images have {x.shape[1]} pixels a side, Tiny ImageNet has {SOURCE_SIDE}"
            )
        digests = pixel_digests(x)
        order = [i for _, _, i in sorted(zip(y.tolist(), digests, range(len(x)), strict=True))]
        for i in order:
            hasher.update(int(y[i]).to_bytes(4, "little") + digests[i])
        parts += [x[order], y[order]]
    return SourceData(tuple(classes), tuple(wnids), *parts, hasher.hexdigest())


def shrink(images: np.ndarray, side: int) -> np.ndarray:
    """Average square blocks of pixels: uint8 (n, 64, 64, 3) to uint8 (n, side, side, 3), `side` a divisor of 64.

    Block means rather than single pixels, so that no pattern finer than the new grid is folded back into it.
    """
    block = images.shape[1] // side
    if block == 1:
        return images
    out = np.empty((len(images), side, side, 3), np.uint8)
    for start in range(0, len(images), 10_000):  # a float copy of all images at once would need gigabytes
        part = images[start : start + 10_000].reshape(-1, side, block, side, block, 3)
        out[start : start + 10_000] = np.rint(part.mean(axis=(2, 4), dtype=np.float32))
    return out


def _from_archive(path: Path):
    try:
        check_npz(path, _LIMIT)
        with np.load(path, allow_pickle=False) as archive:
            a = {key: archive[key] for key in ("x_train", "y_train", "x_val", "y_val", "classes", "wnids")}
    except KeyError as error:
        raise StudyError(f"{path}: {str(error.args[0]).split(' is not')[0]}: no such array; {HELP}") from None
    except BROKEN as error:
        raise StudyError(
            f"{path}: cannot be read as an .npz archive ({error}): it may be truncated; unpack it again"
        ) from None
    return (
        a["classes"].tolist(),
        a["wnids"].tolist(),
        (a["x_train"], a["y_train"]),
        (a["x_val"], a["y_val"]),
    )


def _from_folder(folder: Path):
    try:
        wnids = sorted((folder / "wnids.txt").read_text(encoding="utf-8").split())
        words = dict(
            line.split("\t", 1) for line in (folder / "words.txt").read_text(encoding="utf-8").splitlines()
        )
        annotations = (folder / "val" / "val_annotations.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise StudyError(f"{folder}: not the official folder of Tiny ImageNet ({error}); {HELP}") from None
    label = {wnid: i for i, wnid in enumerate(wnids)}
    train = [(p, label[w]) for w in wnids for p in sorted((folder / "train" / w).rglob("*.JPEG"))]
    val = [
        (folder / "val" / "images" / name, label[wnid])
        for name, wnid in (line.split("\t")[:2] for line in annotations)
    ]
    if not train or not val:
        raise StudyError(f"{folder}: no training or no validation images; {HELP}")
    return [words[w] for w in wnids], wnids, _read(train), _read(val)


def _read(files: list[tuple[Path, int]]) -> tuple[np.ndarray, np.ndarray]:
    x = []
    for path, _ in files:
        try:
            with Image.open(path) as image:
                x.append(np.asarray(image.convert("RGB")))
        except OSError as error:
            raise StudyError(f"{path}: cannot be read as an image ({error}): unpack it again") from None
    return np.stack(x), np.array([y for _, y in files])

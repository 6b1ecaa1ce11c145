"""Test images made worse on purpose: five corruptions at three severities, the same for every run.

Kinds and constants are those of CIFAR-10-C at its severities 1, 3 and 5 (Hendrycks & Dietterich 2019, arXiv:1903.12261, and
the script make_cifar_c.py that its authors published), with two differences: pixels are rounded to whole numbers, not cut
off, and JPEG is Pillow's. A blur's width grows with the side of the image, since the constants are meant for 32 pixels.
"""

import hashlib
import io

import numpy as np
from PIL import Image

SEVERITIES = (1, 3, 5)
CORRUPTIONS: dict[str, tuple[float, float, float]] = {
    "noise": (0.04, 0.08, 0.10),  # standard deviation of normal noise, pixels in 0..1
    "blur": (0.4, 0.7, 1.0),  # standard deviation of a Gaussian kernel, in pixels of an image of 32
    "contrast": (0.75, 0.40, 0.15),  # factor of the distance from each channel's mean
    "brightness": (0.05, 0.15, 0.30),  # added to the value of hue, saturation, value, in 0..1
    "jpeg": (80, 58, 40),  # quality
}
IMAGES = 2_000
SEED = 20_190_312  # of the noise; any number would do, but it must never change
_SIDE = 32


def chosen(y: np.ndarray, n: int = IMAGES) -> np.ndarray:
    """Return which test images are corrupted: positions, sorted, the same number of each class.

    Test images stand in the order of label, then SHA-256 of their pixels (`data.dataset`). The first ones of each class are
    therefore a draw by hash rank, and the labels alone say which they are. A class with fewer images gives all of them.

    Args:
        y: labels of all test images (m,), sorted.
        n: how many images in all; where the classes do not divide it, the first ones give one more.
    """
    y = np.asarray(y)
    classes = np.unique(y)
    shares = [n // len(classes) + (i < n % len(classes)) for i in range(len(classes))]
    return np.concatenate(
        [np.flatnonzero(y == label)[:share] for label, share in zip(classes, shares, strict=True)]
    )


def corrupt(images: np.ndarray, kind: str, strength: float) -> np.ndarray:
    """Return corrupted copies of images.

    Args:
        images: uint8 RGB pixels (n, side, side, 3) in 0..255.
        kind: a key of `CORRUPTIONS`.
        strength: in the unit that stands beside the kind in `CORRUPTIONS`.

    Returns:
        uint8 array of the same shape.
    """
    if kind == "jpeg":
        return np.stack([_jpeg(image, int(strength)) for image in images])
    x = images.astype(np.float32) / 255
    if kind == "noise":
        rng = np.random.default_rng((SEED, round(strength * 1000)))
        x = x + rng.normal(0, strength, x.shape).astype(np.float32)
    elif kind == "blur":
        from scipy.ndimage import gaussian_filter

        sigma = strength * images.shape[1] / _SIDE
        x = gaussian_filter(x, (0, sigma, sigma, 0), mode="nearest")
    elif kind == "contrast":
        mean = x.mean(axis=(1, 2), keepdims=True)
        x = (x - mean) * strength + mean
    elif kind == "brightness":
        # Raising the value V of a colour (the largest channel) to V' at the same hue and saturation multiplies it by V' / V.
        value = x.max(axis=3, keepdims=True)
        raised = np.minimum(value + strength, 1)
        x = np.where(value > 0, x * raised / np.maximum(value, 1e-9), raised)
    else:
        raise ValueError(f"no corruption {kind!r}: there are {', '.join(CORRUPTIONS)}")
    return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


_made: dict[str, tuple[np.ndarray, str]] = {}


def corrupted(data) -> tuple[np.ndarray, str]:
    """Return the corrupted test images of a data set; they are made once a process.

    Args:
        data: an `ImageData`.

    Returns:
        uint8 pixels (corruptions, severities, images, side, side, 3), in the order of `CORRUPTIONS`, and their SHA-256: a
        record keeps it, because JPEG may differ between versions of its library.
    """
    if data.sha256 not in _made:
        _made.clear()
        clean = data.x_test[chosen(data.y_test)]
        pixels = np.stack(
            [
                np.stack([corrupt(clean, kind, strength) for strength in strengths])
                for kind, strengths in CORRUPTIONS.items()
            ]
        )
        _made[data.sha256] = pixels, hashlib.sha256(pixels.tobytes()).hexdigest()
    return _made[data.sha256]


def measure_robustness(test_log_p: np.ndarray, test_y: np.ndarray, robust_top1: np.ndarray) -> dict:
    """Return the accuracy on corrupted images and on the same images as they are.

    Args:
        test_log_p: stored log-probabilities of all test images (m, classes).
        test_y: their labels (m,), sorted.
        robust_top1: top class of the corrupted images, shape (corruptions, severities, images).

    Returns:
        `images` (how many); `clean` (top-1 accuracy on them as they are, 0..1); `accuracy` (corruption -> one number a
        severity, mildest first).
    """
    which = chosen(test_y)
    y = np.asarray(test_y)[which]
    right = np.asarray(robust_top1) == y
    return {
        "images": len(which),
        "clean": float((np.asarray(test_log_p)[which].argmax(axis=1) == y).mean()),
        "accuracy": {
            kind: [float(share) for share in right[k].mean(axis=1)] for k, kind in enumerate(CORRUPTIONS)
        },
    }

"""Linear CKA: how alike two layers represent the same images."""

import numpy as np


def gram(features: np.ndarray) -> np.ndarray:
    """Return the Gram matrix of features: inner products between images.

    Args:
        features: (n, ...), flattened to one row an image.

    Returns:
        float64 (n, n).
    """
    rows = np.asarray(features, np.float32).reshape(len(features), -1)
    return (rows @ rows.T).astype(np.float64)


def _biased(grams: np.ndarray) -> np.ndarray:
    centred = grams - grams.mean(axis=1, keepdims=True)
    centred -= centred.mean(axis=2, keepdims=True)
    flat = centred.reshape(len(centred), -1)
    return flat @ flat.T


def _unbiased(grams: np.ndarray) -> np.ndarray:
    """Return the unbiased HSIC estimate of each pair, up to a common factor (Song et al. 2012, JMLR 13, 1393-1434)."""
    k = grams.copy()
    n = k.shape[1]
    index = np.arange(n)
    k[:, index, index] = 0
    rows = k.sum(axis=1)
    total = rows.sum(axis=1)
    flat = k.reshape(len(k), -1)
    return (flat @ flat.T + np.outer(total, total) / ((n - 1) * (n - 2)) - 2 * (rows @ rows.T) / (n - 2)) / (
        n * (n - 3)
    )


def cka_matrix(grams: list[np.ndarray], unbiased: bool = True) -> np.ndarray:
    """Return linear CKA between every two of several representations of the same images.

    Kornblith et al. 2019 (arXiv:1905.00414, section 3) define CKA with the biased HSIC, which comes out high when the
    features outnumber the images, as in early convolutions. The default therefore uses the unbiased HSIC (Nguyen,
    Raghu and Kornblith 2021, arXiv:2010.15327, equation 3); all images go into one batch, so nothing is averaged over minibatches.

    Args:
        grams: matrices of `gram`, all (n, n) over the same images in the same order.
        unbiased: which HSIC; it needs n > 3.

    Returns:
        float32 (m, m), 1 on the diagonal, near 0 for unrelated features; the unbiased form may be a little negative.

    Raises:
        ValueError: the matrices differ in size, or there are too few images.
    """
    if len({g.shape for g in grams}) != 1:
        raise ValueError(f"Gram matrices must be of the same images, not {sorted({g.shape for g in grams})}")
    if len(grams[0]) <= 3:
        raise ValueError(f"CKA needs more than 3 images, not {len(grams[0])}")
    stack = np.stack(grams)
    hsic = _unbiased(stack) if unbiased else _biased(stack)
    norm = np.sqrt(np.maximum(hsic.diagonal(), 1e-300))
    return (hsic / np.outer(norm, norm)).astype(np.float32)

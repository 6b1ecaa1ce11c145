"""A map of features: many dimensions to two."""

import numpy as np


def two_dimensions(features: np.ndarray, method: str = "tsne", seed: int = 0) -> np.ndarray:
    """Return places in the plane for features.

    Args:
        features: (n, width), any number type, n at least 10.
        method: "tsne" (van der Maaten and Hinton 2008; perplexity 30, or a third of the images; started from the principal
            components, so that equal seeds give equal maps) or "pca" (the first two principal components).
        seed: of t-SNE.

    Returns:
        float32 (n, 2). Distances between far groups in a t-SNE map mean nothing.

    Raises:
        ValueError: unknown method or too few images.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    rows = np.asarray(features, np.float32)
    if method not in ("tsne", "pca"):
        raise ValueError(f"method must be tsne or pca, not {method!r}")
    if rows.ndim != 2 or len(rows) < 10:
        raise ValueError(f"a map needs at least 10 rows of features, not an array of shape {rows.shape}")
    if method == "pca":
        return PCA(2, random_state=seed).fit_transform(rows).astype(np.float32)
    reduced = PCA(min(50, *rows.shape), random_state=seed).fit_transform(rows)
    perplexity = min(30.0, (len(rows) - 1) / 3)
    return (
        TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
        .fit_transform(reduced)
        .astype(np.float32)
    )

"""What two pictures are compared by second: features of a network, with which crops are found that pixels miss.

The network is the compact one, pretrained on the source; of it the first two blocks, whose maps of 8 by 8 cells are averaged to
2 by 2. Deeper maps say more about the class of an image and less about which image it is.
"""

import hashlib
from pathlib import Path

import numpy as np

from ...files import file_sha256
from ...paths import weights_dir

WEIGHTS, LAYER, GRID = "tiny-imagenet-compact", "block2_pool", 2
BATCH = 512
# Directions in which features hardly vary are noise: none is stretched by more than this share of the mean variance allows.
FLOOR = 0.01


class NetworkFeatures:
    """Features of images, each set of images seen once.

    Args:
        weights: the file of the compact network's weights, by default the shipped one.
    """

    def __init__(self, weights: Path | None = None):
        import keras

        from ...models import build_model, load_weights

        self.path = weights or weights_dir() / f"{WEIGHTS}.npz"
        model = build_model("compact", 10, 32)
        load_weights(model, self.path)
        cells = model.get_layer(LAYER).output
        pooled = keras.layers.AveragePooling2D(cells.shape[1] // GRID)(cells)
        self._network = keras.Model(model.input, keras.layers.Flatten()(pooled))
        self._seen: dict[str, np.ndarray] = {}

    def about(self) -> dict:
        """Return what a record says of the network: weights, their SHA-256, layer and grid."""
        return {"weights": WEIGHTS, "sha256": file_sha256(self.path), "layer": LAYER, "grid": GRID}

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Return float32 (n, 256) features of uint8 RGB images (n, 32, 32, 3)."""
        key = hashlib.sha256(np.ascontiguousarray(images)).hexdigest()
        if key not in self._seen:
            parts = [
                np.asarray(self._network.predict_on_batch(images[i : i + BATCH].astype(np.float32)))
                for i in range(0, len(images), BATCH)
            ]
            self._seen[key] = np.concatenate(parts).astype(np.float32)
        return self._seen[key]


class Decorrelation:
    """Features of length one that vary alike in all directions, so that their product tells images apart, not kinds of image.

    Args:
        features: of the images that set mean and directions, (n, d).
    """

    def __init__(self, features: np.ndarray):
        self._mean = features.mean(axis=0)
        variance, directions = np.linalg.eigh(np.cov((features - self._mean).T))
        floor = FLOOR * variance.mean()
        self._matrix = (directions / np.sqrt(np.maximum(variance, 0) + floor)).astype(np.float32)

    def vectors(self, features: np.ndarray) -> np.ndarray:
        """Return float32 (n, d) vectors of length one."""
        v = (features - self._mean) @ self._matrix
        return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-6)

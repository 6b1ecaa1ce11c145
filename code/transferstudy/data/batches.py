"""Batches for training: shuffled, augmented, and the same for the same seed whatever the backend or the number of workers."""

import keras
import numpy as np

from .augmentation import augment


class InOrder(keras.utils.PyDataset):
    """Rows in their order, for validation and prediction: what is too large to be an array is read batch by batch.

    Args:
        x: images or activations (n, ...), an array or what slices give arrays of.
        y: labels (n,), or None.
        batch_size: rows a batch; the last one may be shorter.
    """

    def __init__(self, x, y: np.ndarray | None = None, batch_size: int = 256):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return (self.x[part],) if self.y is None else (self.x[part], self.y[part])


class Batches(keras.utils.PyDataset):
    """An endless stream of training batches, cut into rounds of `steps`: one round lies between two validations.

    Step g of the stream takes images g*b..(g+1)*b of a sequence of permutations, so every image is seen once in each
    pass. All randomness of a step comes from (seed, step): it does not matter which worker makes the batch.

    Args:
        x: images (n, side, side, 3) in uint8, or cached activations (views, n, ...) when `cached`.
        y: labels (n,).
        batch_size, steps, seed: see above.
        augmentation: as in `augment`; not used for cached activations, whose views were augmented when they were made.
        cached: whether `x` holds cached activations; then a random view of each image is taken.

    Attributes:
        round: the round that comes next. Keras moves on to 1 before the first one.
        first: the step at which that round starts, when the steps before were made already.
    """

    def __init__(
        self, x, y, batch_size: int, steps: int, seed: int, augmentation: str = "none", cached: bool = False
    ):
        super().__init__()
        self.x, self.y, self.batch_size, self.steps = x, y, batch_size, steps
        self.seed, self.augmentation, self.cached = seed, augmentation, cached
        self.round = self.first = 0

    def __len__(self) -> int:
        return self.steps - self.first

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        step = self.round * self.steps + self.first + index
        chosen = self._indices(step)
        rng = np.random.default_rng((self.seed, 1, step))
        if self.cached:
            x = self.x[rng.integers(0, len(self.x), len(chosen)), chosen]
        else:
            x = augment(self.x[chosen], self.augmentation, rng)
        return x, self.y[chosen]

    def on_epoch_end(self):
        self.round += 1

    def _indices(self, step: int) -> np.ndarray:
        n, start = len(self.y), step * self.batch_size
        positions = np.arange(start, start + self.batch_size)
        passes = {
            p: np.random.default_rng((self.seed, 0, p)).permutation(n)
            for p in np.unique(positions // n).tolist()
        }
        return np.array(
            [passes[p][q] for p, q in zip((positions // n).tolist(), (positions % n).tolist(), strict=True)]
        )

"""The seeds of a network's random start, which nothing else in the process may disturb."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras.src.random import seed_generator


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let Keras draw the seeds of the layers that are built inside from a generator of their own.

    Keras takes them from Python's `random`, which belongs to the whole process. The threads by which a Dask worker keeps in
    touch with its scheduler draw from it too: now and then, in the middle of a network, and the run would start from other
    weights. The numbers are those of `keras.utils.set_random_seed(seed)` in a process where nothing else draws.

    Args:
        seed: 0 or greater. Backend, NumPy and `random` get it as well, as by `keras.utils.set_random_seed`.
    """
    keras.utils.set_random_seed(seed)
    shared = seed_generator.python_random
    seed_generator.python_random = random.Random(seed)  # noqa: S311
    try:
        yield
    finally:
        seed_generator.python_random = shared

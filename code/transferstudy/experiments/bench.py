"""How fast is it? Times with and without cached activations beside what arithmetic allows, the store, and two workers."""

import os
import time
from pathlib import Path
from statistics import median

import numpy as np

from ..errors import StudyError
from ..plan.spec import RunSpec

_TUNING = {"purpose": "tuning", "weights": "none", "augmentation": "none", "weight_decay": 1e-4}


def multiply_adds(model, start: str | None = None, end: str | None = None) -> int:
    """Count the multiply-adds of one image's forward pass through the convolutions and dense layers of a model.

    A layer's count is the size of its kernel times the positions it is applied at; biases, normalisation and pooling,
    about a hundredth of it in VGG16, are left out.

    Args:
        model: a model of `build_model`.
        start: count what comes after this layer; None from the input.
        end: count up to and with this layer; None up to the logits.
    """
    import keras

    names = [layer.name for layer in model.layers]
    first = names.index(start) + 1 if start else 0
    last = names.index(end) + 1 if end else len(names)
    total = 0
    for layer in model.layers[first:last]:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            positions = np.prod([side for side in layer.output.shape[1:-1] if side])
            total += int(np.prod(layer.kernel.shape) * positions)
    return total


def ceiling(prefix: int, suffix: int) -> float:
    """Return how many times faster training can become when a frozen prefix need not run, by arithmetic alone.

    A step costs one forward pass of what is frozen, and three of what learns: forward, gradient of the activations and
    gradient of the weights, each about as much. Without the prefix only the three remain.

    Args:
        prefix: multiply-adds of a forward pass through what is frozen.
        suffix: the same of what learns.
    """
    return (prefix + 3 * suffix) / (3 * suffix)


def training(
    train_from: str | None,
    data,
    backbone: str,
    images: int,
    batch_size: int,
    rounds: int,
    image_size: int | None = None,
) -> dict:
    """Time epochs of training with a frozen prefix, with its activations cached and without.

    Weights are random: they do not change the time. Validation is left out; the first epoch, which also compiles, is not
    counted. The cached activations are read from a memory-mapped file, as in a run. Of the epochs the fastest speaks: what
    makes another one slower is other work on the machine (https://docs.python.org/3/library/timeit.html#timeit.Timer.repeat).

    Args:
        train_from: stage from which the network learns, such as "block5"; None when only the head does.
        data: an `ImageData`; as many of its training images as asked for are taken.
        backbone: name of a backbone.
        images: images of an epoch.
        batch_size: images a step.
        rounds: epochs that are timed.
        image_size: pixels a side that the backbone sees; by default that of the images.

    Returns:
        Seconds an epoch `with_cache` and `without_cache` (fastest), `seconds` (every epoch's), `speedup`, `prepare_seconds`
        (computing the cache once), and of one image the `multiply_adds` of prefix and suffix and the `ceiling`.
    """
    import tempfile

    import keras

    from ..models import build_model, set_trainable, split_at
    from ..models.freezing import cut_layer
    from ..training.cache import ActivationCache
    from ..training.features import cached_views

    spec = RunSpec.parse(
        {
            **_TUNING,
            "dataset": data.name,
            "image_size": image_size or data.side,
            "n_labels": images,
            "backbone": backbone,
            "strategy": "random_features",
            "head_learning_rate": 1e-3,
            "head_min_steps": 1,
            "batch_size": batch_size,
            "seed": 0,
        }
    )
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = build_model(backbone, len(data.classes), data.side, spec.image_size, standardise=True)
    set_trainable(model, train_from)
    prefix, suffix = split_at(model, train_from)
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.permutation(len(data.y_train))[:images])
    x, y = data.x_train[chosen], data.y_train[chosen]
    with tempfile.TemporaryDirectory() as folder:
        before = time.perf_counter()
        views = cached_views(prefix, x, "none", 1, 0, ActivationCache(Path(folder)))
        prepare = time.perf_counter() - before
        cached = _epochs(suffix, spec, views, y, True, rounds)
        whole = _epochs(model, spec, x, y, False, rounds)
        del views
    cut = cut_layer(backbone, train_from)
    counts = multiply_adds(model, None, cut), multiply_adds(model, cut)
    return {
        "train_from": train_from,
        "backbone": backbone,
        "image_size": spec.image_size,
        "images": len(x),
        "batch_size": batch_size,
        "with_cache": min(cached),
        "without_cache": min(whole),
        "seconds": {"with_cache": cached, "without_cache": whole},
        "speedup": min(whole) / min(cached),
        "prepare_seconds": prepare,
        "multiply_adds": {"prefix": counts[0], "suffix": counts[1]},
        "ceiling": ceiling(*counts),
    }


def _epochs(model, spec: RunSpec, x, y: np.ndarray, cached: bool, rounds: int) -> list[float]:
    """Train for `rounds` epochs after a first one, and return the seconds of each."""
    from ..data.batches import Batches
    from ..training.phase import compile_model, optimiser

    steps = -(-len(y) // spec.batch_size)
    compile_model(model, optimiser(spec, spec.head_learning_rate, steps * (rounds + 1)))
    batches = Batches(x, y, spec.batch_size, steps, spec.seed, spec.augmentation, cached)
    times = []
    for _ in range(rounds + 1):
        before = time.perf_counter()
        model.fit(batches, epochs=1, verbose=0, shuffle=False)
        times.append(time.perf_counter() - before)
    return times[1:]


def store_overhead(results, repeats: int = 3) -> dict:
    """Time saving and loading one run, in a folder that is thrown away.

    Args:
        results: a `Store`; its largest run is copied. An empty one gives a made-up run with 10,000 test images.
        repeats: how often; the medians are returned.

    Returns:
        `save_seconds`, `load_seconds` (record and predictions, checksums included), `bytes` (of both files), and
        `test_images`.
    """
    import tempfile

    from ..results.store import Store

    records = [results.load(run_id) for run_id in results.ids()]
    if records:
        record = max(records, key=lambda r: r["predictions"]["bytes"])
        predictions = results.predictions(record)
    else:
        record, predictions = _made_up()
    saved, loaded = [], []
    with tempfile.TemporaryDirectory() as folder:
        for k in range(repeats):
            store = Store(Path(folder) / str(k))
            before = time.perf_counter()
            written = store.save(record, predictions)
            saved.append(time.perf_counter() - before)
            before = time.perf_counter()
            store.predictions(store.load(written["id"]))
            loaded.append(time.perf_counter() - before)
        size = sum(p.stat().st_size for p in store.runs.iterdir())
    return {
        "save_seconds": median(saved),
        "load_seconds": median(loaded),
        "bytes": size,
        "test_images": len(predictions.get("test_y", ())),
    }


def _made_up() -> tuple[dict, dict]:
    from ..plan.presets import expand
    from ..results.environment import describe
    from ..results.metrics import measure_all
    from ..results.rounding import log_softmax, rounded

    spec, rng, parts = expand("smoke")[0], np.random.default_rng(0), {}
    for part, n in (("val", 1_000), ("test", 10_000)):
        parts[f"{part}_y"] = np.sort(rng.integers(0, 10, n)).astype(np.uint8)
        parts[f"{part}_log_p"] = rounded(log_softmax(rng.normal(0, 4, (n, 10))), parts[f"{part}_y"])
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    record = {
        "spec": spec.model_dump(),
        "spec_hash": spec.hash,
        "metrics": measure_all(parts),
        "phases": [],
        "learning_layers": {},
        "parameters": {"total": 0, "trainable": 0},
        "data": {
            "name": spec.dataset, "sha256": "0" * 64, "origin": "made up", "classes": list("0123456789"), "side": 32,
            "train": 0, "validation": 1_000, "test": 10_000,
        },
        "weights": {"name": "none", "sha256": None},
        "environment": describe(),
        "timing": {"total": {"wall": 0.0, "cpu": 0.0}},
        "started": now,
        "finished": now,
    }  # fmt: skip
    return record, parts


def workers(counts: tuple[int, ...] = (1, 2), runs: int = 4, steps: int = 150) -> dict:
    """Time the same independent runs with one worker and with two, each tied to one core.

    The runs train the compact network on the sample of images in the package. Each worker is warm: it has imported its
    libraries and made a tiny run before the clock starts; how long that took is told apart.

    Args:
        counts: numbers of workers.
        runs: number of runs, a multiple of every count.
        steps: optimiser steps a run.

    Returns:
        `seconds` and `start_seconds` by number of workers, and the `speedup` of the last count over the first.

    Raises:
        StudyError: this machine has fewer cores than workers, or a run failed.
    """
    from ..data import load
    from ..plan.presets import expand
    from ..running.jobs import Local, Order, in_parallel

    if (os.cpu_count() or 1) < max(counts):
        raise StudyError(
            f"bench --workers: {max(counts)} workers need as many cores, there are {os.cpu_count()}"
        )
    smoke, sha = expand("smoke")[0], load("cifar10-sample").sha256

    def orders(n: int, n_steps: int) -> list[Order]:
        change = {"min_steps": n_steps, "epochs": 0, "purpose": "tuning", "evaluations": 1}
        specs = (RunSpec.parse({**smoke.model_dump(), **change, "seed": seed}) for seed in range(n))
        return [Order(spec, None, None, sha) for spec in specs]

    seconds, starts = {}, {}
    for count in counts:
        pool = Local(count, threads=1, pin=True)
        try:
            starts[count] = _timed(pool, orders(count, 2), in_parallel)
            seconds[count] = _timed(pool, orders(runs, steps), in_parallel)
        finally:
            pool.close()
    return {
        "runs": runs,
        "steps": steps,
        "cores_per_worker": 1,
        "seconds": seconds,
        "start_seconds": starts,
        "speedup": seconds[counts[0]] / seconds[counts[-1]],
    }


def _timed(pool, orders: list, in_parallel) -> float:
    before = time.perf_counter()
    for order, _, error in in_parallel(pool, orders):
        if error:
            raise StudyError(f"bench --workers: run {order.spec.id} failed: {error}")
    return time.perf_counter() - before

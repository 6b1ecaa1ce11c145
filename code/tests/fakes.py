"""Made-up results for tests: the right form, invented content. They never enter results/."""

from functools import cache
from pathlib import Path

import numpy as np
import yaml

from transferstudy.analysis.study import Study
from transferstudy.data import ImageData
from transferstudy.own_images.study.machine_speed import Speed
from transferstudy.paths import PRESETS
from transferstudy.plan.presets import expand, following, toml_tables
from transferstudy.plan.spec import RunSpec
from transferstudy.results.metrics import measure
from transferstudy.results.records import write_record
from transferstudy.results.store import Store

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
STRENGTH = {
    "random_features": 0.6,
    "linear_probe": 2.6,
    "finetune_block5": 2.9,
    "finetune_block4": 3.0,
    "finetune_block3": 3.1,
    "finetune_block2": 3.2,
    "finetune_all": 3.4,
    "scratch_bn": 1.4,
    "scratch": 1.0,
    "small_scratch": 1.8,
    "wide_scratch": 1.7,
    "residual_scratch": 1.9,
    "small_finetune": 2.4,
}
SPEED = Speed(  # of a machine that studies a folder
    "float32",
    dict.fromkeys(
        ("linear_probe", "finetune_block5", "finetune_block3", "finetune_all", "small_scratch"), 4.0
    ),
    0.002,
    {64: 0.01},
    {
        "finetune_block5": {64: 0.2},
        "finetune_block3": {64: 1.0},
        "finetune_all": {64: 1.2},
        "small_scratch": {64: 0.05},
    },
)
CORRUPTIONS = ("noise", "blur", "contrast", "brightness", "jpeg")


def fake_log_p(y: np.ndarray, strength: float, seed: int) -> np.ndarray:
    """Log-probabilities that favour the true class the more, the larger `strength` is."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(y), 10)) * 1.5
    logits[np.arange(len(y)), y] += strength
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logits.astype(np.float16)


def weights_sha256(spec) -> str:
    """The file that the card of the weights describes, so that made-up runs have a source; any other gets a made-up one."""
    return _described(f"{spec.backbone}-{spec.weights}") or "11" * 32


@cache
def _described(card: str) -> str | None:
    path = Path(__file__).resolve().parents[2] / "cards" / f"{card}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["sha256"] if path.is_file() else None


def fake_manifest(root: Path, name: str, top1: float = 0.3) -> None:
    """What `ship` writes beside weights."""
    reached = {"top1": top1, "top5": min(1.0, 2 * top1), "nll": 3.0, "n": 10_000}
    card = "vgg16-tiny-imagenet" if name == "tiny-imagenet-vgg16" else None
    about = {
        "name": name,
        "file": f"{name}.npz",
        "sha256": "11" * 32,
        "file_sha256": "12" * 32,
        "bytes": 1,
        "form": "int8",
        "backbone": "compact" if name.endswith("compact") else "vgg16",
        "image_size": 32,
        "largest_rounding": 0.004,
        "source": {"name": "tiny-imagenet", "sha256": "33" * 32, "before": reached, "after": reached},
        "made_from": {"sha256": "44" * 32, "pretraining": None, "card": card},
        "shipped": "2026-01-01T00:00:00Z",
    }
    write_record(root / "weights" / f"{name}.json", about)


def fake_record(spec, strength: float, n_test: int = 1000) -> tuple[dict, dict]:
    """A record and predictions as a run of `spec` would leave them."""
    n_val = max(20, min(spec.n_labels // 5, 1000)) if spec.n_labels > 20 else spec.n_labels // 2
    parts = {}
    for number, (part, n) in enumerate((("val", n_val), ("test", n_test))):
        y = np.sort(np.arange(n) % 10).astype(np.uint8)
        parts[f"{part}_y"] = y
        parts[f"{part}_log_p"] = fake_log_p(y, strength, int(spec.id[:6], 16) + number)
    rounds = [
        {"loss": 2 - k / 8, "accuracy": k / 16, "val_loss": 2 - k / 9, "val_accuracy": k / 18}
        for k in range(8)
    ]
    names = [n for n, used in (("head", spec.head_learning_rate), ("main", spec.learning_rate)) if used]
    phases = [
        {
            "name": n,
            "planned_steps": 80,
            "steps_per_round": 10,
            "rounds": rounds,
            "best_round": 7,
            "steps": 80,
        }
        for n in names
    ]
    trainable = 14_719_818 if "main" in names else 5_130
    record = {
        "spec": spec.model_dump(),
        "spec_hash": spec.hash,
        "metrics": {p: measure(parts[f"{p}_log_p"], parts[f"{p}_y"]) for p in ("val", "test")},
        "phases": phases,
        "learning_layers": {n: ["head_logits"] for n in names},
        "parameters": {"total": 14_720_842, "trainable": trainable},
        "data": {
            "name": "cifar10",
            "sha256": "00" * 32,
            "origin": "made up for tests",
            "classes": CLASSES,
            "side": 32,
            "train": spec.n_labels - n_val,
            "validation": n_val,
            "test": n_test,
        },
        "weights": {"name": spec.weights, "sha256": None if spec.weights == "none" else weights_sha256(spec)},
        "environment": {
            "python": "3.12.0",
            "system": "Linux x86_64",
            "processor": "Imaginary processor",
            "cores": 2,
            "memory_gib": 8,
            "backend": "tensorflow",
            "accelerators": [],
            "libraries": {"keras": "3.0.0", "tensorflow": "2.0.0", "numpy": "2.0.0"},
            "code_sha256": "22" * 32,
        },
        "timing": {
            "features": {"wall": 5.0, "cpu": 8.0},
            **{n: {"wall": 20.0 + len(spec.strategy), "cpu": 30.0} for n in names},
            "prediction": {"wall": 3.0},
            "total": {
                "wall": 30.0 + 3 * len(spec.strategy),
                "cpu": (5.0 + len(spec.strategy)) * spec.n_labels**0.4,
            },
        },
        "started": "2026-01-01T00:00:00Z",
        "finished": "2026-01-01T00:01:00Z",
    }
    return record, parts


def main_specs() -> list[RunSpec]:
    """A part of the report's runs that makes a small study: three sizes, two seeds, seven strategies."""
    specs = expand("report")
    return [s for s in specs if s.seed < 2 and 500 <= s.n_labels <= 5000 and s.strategy != "small_finetune"]


def fake_store(root: Path, preset: str = "report", n_test: int = 1000) -> Store:
    """A store with a made-up result for every run of a preset; of the report's, for `main_specs`."""
    store, kept = Store(root), following(preset, "keep_model")
    for spec in main_specs() if preset == "report" else expand(preset):
        strength = STRENGTH[spec.strategy] + 0.4 * np.log10(spec.n_labels / 500)
        record, predictions = fake_record(spec, strength, n_test)
        store.save(record, predictions, fake_model() if spec.id in kept else None)
        if record["weights"]["sha256"] == "11" * 32:
            fake_manifest(root, spec.weights)
    return store


def fake_model() -> dict[str, np.ndarray]:
    """Random float16 weights of the compact network."""
    from transferstudy.models import build_model
    from transferstudy.training.execution import model_arrays

    return model_arrays(build_model("compact", 10, 32))


def fake_spec(strategy: str, n_labels: int, seed: int = 0, **changes) -> RunSpec:
    """A run as presets.toml would define it, whether or not a preset has it."""
    tables = toml_tables(PRESETS)
    known = tables["strategies"]
    values = {**tables["defaults"], **known.get(strategy, known["finetune_block5"])}
    if (
        values["weights"] == "tiny-imagenet-vgg16"
    ):  # it needs a file in the results folder; the other has a card
        values["weights"] = "tiny-imagenet"
    values |= changes
    return RunSpec.parse({**values, "strategy": strategy, "n_labels": n_labels, "seed": seed})


def fake_robustness(clean: float) -> dict:
    """Accuracies under corruption, falling with severity, as a run leaves them."""
    hard, mild = ([round(clean * f, 4) for f in kept] for kept in ((0.8, 0.5, 0.3), (0.9, 0.7, 0.5)))
    accuracy = {name: hard if name == "noise" else mild for name in CORRUPTIONS}
    return {"images": 2000, "clean": clean, "accuracy": accuracy}


def fake_study(
    root: Path,
    arms: list[tuple],
    strength: dict = STRENGTH,
    n_test: int = 300,
    name: str = "report",
    robust: bool = False,
) -> Study:
    """A study of made-up runs.

    Args:
        root: where their results go.
        arms: (strategy, number of labels, number of seeds) or (..., image size).
        strength: strategy -> how much its predictions favour the truth; more labels and larger images add a little. A key
            (strategy, image size) says it exactly.
        n_test: test images.
        name: of the preset.
        robust: whether accuracies under corruption are there.
    """
    store, specs = Store(root), []
    for strategy, n_labels, seeds, *side in arms:
        for seed in range(seeds):
            spec = fake_spec(strategy, n_labels, seed, image_size=side[0] if side else 32)
            extra = 0.4 * np.log10(n_labels / 500) + (spec.image_size - 32) / 64
            exact = strength.get((strategy, spec.image_size))
            favour = strength[strategy] + extra if exact is None else exact
            record, predictions = fake_record(spec, favour, n_test)
            if robust:
                record["metrics"]["robustness"] = fake_robustness(record["metrics"]["test"]["accuracy"])
            store.save(record, predictions)
            specs.append(spec)
            if record["weights"]["sha256"] == "11" * 32:
                fake_manifest(root, spec.weights)
    return Study(specs, store, name)


def fake_inside(study: Study, strategy: str, n_labels: int) -> None:
    """What `inside` would keep of the first run of an arm, invented."""
    from transferstudy.experiments.inside import stored

    record = study.arm(strategy, n_labels).records[0]
    rng = np.random.default_rng(len(strategy))
    layers = [f"block{k}_conv{j}" for k in range(1, 6) for j in (1, 2)]
    labels = (np.arange(60) % 10).astype(np.int16)
    arrays = {
        "pictures": rng.integers(0, 256, (10, 32, 32, 3)).astype(np.uint8),
        "picture_index": np.arange(10, dtype=np.int32),
        "true": np.arange(10, dtype=np.int16),
        "predicted": np.arange(10, dtype=np.int16),
        "gradcam": rng.random((10, 8, 8)),
        "occlusion": rng.uniform(-0.2, 0.8, (10, 7, 7)),
        "cka": rng.random((10, 10)),
        "filters_before": rng.random((64, 3, 3, 3)),
        "filters_after": rng.random((64, 3, 3, 3)),
        "places_before": rng.normal(size=(60, 2)),
        "places_after": rng.normal(size=(60, 2)),
        "place_index": np.arange(60, dtype=np.int32),
        "place_label": labels,
    }
    arrays = {name: a.astype(np.float16) if a.dtype == np.float64 else a for name, a in arrays.items()}
    about = {
        "spec": record["spec"], "layer": "block3_conv3", "grid": 8, "patch": 8, "stride": 4, "layers": layers,
        "cka_images": 60, "accuracy": 0.5, "data": record["data"], "weights": record["weights"],
        "environment": record["environment"],
    }  # fmt: skip
    stored.save(study.store.root, record["id"], about, arrays)


def fake_images(study: Study, seed: int = 0, side: int = 32) -> ImageData:
    """Noise in place of the test images of a made-up study."""
    described, arm = study.first["data"], next(iter(study.arms.values()))
    x = np.random.default_rng(seed).integers(0, 256, (described["test"], side, side, 3)).astype(np.uint8)
    y = study.test_predictions(*arm.key)[1]
    classes = tuple(described["classes"])
    return ImageData("cifar10", classes, x[:10], y[:10], x, y, described["sha256"], "noise")


def fake_mistakes(root: Path, change: float = -0.1, seeds: int = 5, noise: float = 0.05) -> None:
    """Made-up demonstrations of every mistake that presets.toml asks for, and made-up answers of the backends.

    Args:
        root: results folder.
        change: accuracy with the mistake minus without; for "epoch" it is never below zero whatever is asked for.
        seeds: how many of the declared seeds are there.
        noise: share of the images on which the two ways differ at random.
    """
    from transferstudy.experiments.keras_mistakes import backends, stored
    from transferstudy.experiments.keras_mistakes.measures import measures
    from transferstudy.experiments.keras_mistakes.plan import plans

    for plan in plans():
        if plan.seed >= seeds:
            continue
        rng = np.random.default_rng(int(plan.hash[:8], 16))

        def predicted(y, share, rng=rng):
            return np.where(rng.random(y.shape) < share, y, (y + 1) % 10).astype(np.uint8)

        judge, choose = ((np.arange(n) % 10).astype(np.uint8) for n in (400, 200))
        rounds = np.tile(choose, (6, 1))
        right = predicted(judge, 0.6)
        wrong = np.where(rng.random(len(judge)) < noise, predicted(judge, 0.6), right)
        flipped = rng.random(len(judge)) < abs(change) / (0.6 if change < 0 else 0.4)
        wrong = np.where(flipped, (judge + 1) % 10 if change < 0 else judge, wrong).astype(np.uint8)
        choices = predicted(rounds, 0.6)
        arrays = {
            "judge_y": judge, "choose_y": choose, "right_judged": right, "wrong_judged": wrong,
            "right_choices": choices, "wrong_choices": choices if plan.mistake == "epoch" else predicted(rounds, 0.5),
        }  # fmt: skip
        about = {
            "plan": plan.model_dump(),
            "measures": measures(plan.mistake, arrays),
            "data": {"name": "cifar10", "sha256": "00" * 32, "test": 0},
            "weights": {"name": plan.weights, "sha256": "11" * 32},
        }
        stored.save(root, plan.id, about, arrays)
    answer = {"obeyed": True, "backbone": True, "statistics": True, "error": None, "weights_lost": False}
    silent, refused = {**answer, "obeyed": False}, {**answer, "obeyed": False, "error": "ValueError: no"}
    asked = {
        name: {"installed": True, "keras": "3.0.0", "version": "1.0", "answers": dict.fromkeys(backends.QUESTIONS, each)}
        for name, each in zip(backends.BACKENDS, (silent, {**refused, "weights_lost": True}, refused), strict=True)
    }  # fmt: skip
    stored.save(root, stored.BACKENDS, {"backends": asked})

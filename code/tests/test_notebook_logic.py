"""What the notebook decides: mode, runs, weights, comparison with the report, picture. Its cells run here, trainings aside."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from transferstudy.notebook import build
from transferstudy.presets import expand
from transferstudy.study import MAIN

ROOT = Path(__file__).resolve().parents[2]
# Cells that train, or use what was trained, begin here; of the later ones those that only define something run as well.
LAST = "### Run: train two networks"
LATER = ("def beside_report(", "def my_image(")
OFFICIAL = 50_000  # training images of CIFAR-10


@pytest.fixture(scope="module")
def cells(tmp_path_factory) -> Iterator[ModuleType]:
    """The notebook's names after its cells up to the first training have run in QUICK, in a folder of their own."""
    made = ModuleType("cells_of_the_notebook")
    made.display = lambda *_, **__: None
    content = build.notebook(ROOT)["cells"]
    text = ["".join(cell["source"]) for cell in content]
    first = next(i for i, part in enumerate(text) if LAST in part)
    chosen = [i for i in range(len(text)) if i < first or any(name in text[i] for name in LATER)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, made.__name__, made)  # dataclasses look their module up there
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        for name in ("MODE", "DATA", "WEIGHTS", "STEPS", "IMAGE", "WORK"):
            patch.delenv(f"NOTEBOOK_{name}", raising=False)
        patch.setenv("NOTEBOOK_MODE", "QUICK")
        for i in chosen:
            if content[i]["cell_type"] == "code":
                exec(compile(text[i], content[i]["id"], "exec"), made.__dict__)  # noqa: S102
        yield made


@pytest.fixture
def on_cifar10(cells, monkeypatch) -> ModuleType:
    """The same as if CIFAR-10 had been loaded."""
    for name, value in {"DATASET": "cifar10", "AVAILABLE": OFFICIAL, "STEPS": 1}.items():
        monkeypatch.setattr(cells, name, value)
    return cells


def given(cells: ModuleType, name: str | None):
    return cells.WeightsFile(Path("any.npz"), "0" * 64, name) if name else None


# ---- the mode


@pytest.mark.parametrize(
    ("gpus", "memory", "online", "data", "mode", "reason"),
    [
        ([], 16, True, "", "QUICK", "no GPU"),
        (["T4"], 4, True, "", "QUICK", "4 GB of memory are too few"),
        (["T4"], 12.7, False, "", "QUICK", "cannot be downloaded"),
        (["T4"], 12.7, False, ".", "STANDARD", "a way to images and weights"),
        (["T4"], 12.7, True, "", "STANDARD", "there is a GPU"),
    ],
)
def test_auto_looks_at_gpu_memory_and_network(cells, monkeypatch, gpus, memory, online, data, mode, reason):
    monkeypatch.setattr(cells, "DATA", data)
    monkeypatch.setattr(cells, "WEIGHTS", data)
    chosen, why = cells.choose_mode("auto", gpus, memory, online)
    assert chosen == mode and reason in why
    assert cells.choose_mode("FULL", gpus, memory, online) == ("FULL", "the settings say so")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MODE", "SLOW", "MODE = 'SLOW': choose auto, QUICK, STANDARD or FULL"),
        ("STEPS", 0, "choose a number above 0"),
        ("DATA", "nothing.npz", "DATA = 'nothing.npz': there is no such file"),
        ("WEIGHTS", "nothing.npz", "WEIGHTS = 'nothing.npz': there is no such file"),
    ],
)
def test_settings_that_make_no_sense_are_named(cells, monkeypatch, name, value, message):
    monkeypatch.setattr(cells, name, value)
    with pytest.raises(cells.StudyError, match=message):
        cells.choose_mode(value if name == "MODE" else "auto", [], 8, False)


# ---- the runs


def test_full_is_every_run_of_the_report_when_its_weights_are_given(on_cifar10, monkeypatch):
    report = expand(MAIN)
    (name,) = {s.weights for s in report if s.backbone != "compact"} - {"none"}
    monkeypatch.setattr(on_cifar10, "GIVEN", given(on_cifar10, name))
    runs = on_cifar10.choose_runs("FULL")
    assert [s.id for s in runs] == [s.id for s in report]
    standard = on_cifar10.choose_runs("STANDARD")
    assert {(s.n_labels, s.seed) for s in standard} == {(500, 0), (5000, 0)}
    assert {s.id for s in standard} < {s.id for s in runs}


def test_without_the_reports_weights_vgg16_starts_from_those_that_keras_downloads(on_cifar10, monkeypatch):
    monkeypatch.setattr(on_cifar10, "GIVEN", None)
    runs = on_cifar10.choose_runs("FULL")
    assert len(runs) == len(expand(MAIN))
    for spec in runs:
        if spec.weights != "none":
            assert spec.weights == ("tiny-imagenet-compact" if spec.backbone == "compact" else "imagenet")
    monkeypatch.setattr(on_cifar10, "GIVEN", given(on_cifar10, f"sha256:{'0' * 64}"))
    assert {s.weights for s in on_cifar10.choose_runs("FULL")} >= {"none", f"sha256:{'0' * 64}"}


def test_the_reports_weights_are_known_by_their_content(cells):
    path = ROOT / "results" / "weights" / "tiny-imagenet-vgg16.npz"
    assert cells.find_weights(str(path)).name == "tiny-imagenet-vgg16"


def test_a_folder_with_few_images_gets_smaller_runs(on_cifar10, monkeypatch):
    monkeypatch.setattr(on_cifar10, "DATASET", "pets")
    monkeypatch.setattr(on_cifar10, "AVAILABLE", 120)
    runs = on_cifar10.choose_runs("STANDARD")
    assert {(s.dataset, s.n_labels, s.seed) for s in runs} == {("pets", 120, 0)}
    assert len({s.strategy for s in runs}) == len(runs) == len({s.strategy for s in expand(MAIN)})
    monkeypatch.setattr(on_cifar10, "AVAILABLE", 700)
    assert {s.n_labels for s in on_cifar10.choose_runs("FULL")} == {n for n in (100, 500) if n in sizes()}


def sizes() -> set[int]:
    return {s.n_labels for s in expand(MAIN)}


def test_quick_compares_both_starts_at_two_sizes(cells):
    quick = cells.choose_runs("QUICK")
    assert {(s.n_labels, s.backbone) for s in quick} == {(100, "compact"), (500, "compact")}
    steps = {s.strategy: s.steps("head", 400) + s.steps("main", 400) for s in quick if s.n_labels == 500}
    assert steps["small_scratch"] >= 2 * steps["small_finetune"]


def test_steps_shortens_every_phase(on_cifar10, monkeypatch):
    monkeypatch.setattr(on_cifar10, "STEPS", 0.1)
    for short, whole in zip(on_cifar10.choose_runs("FULL"), expand(MAIN), strict=True):
        n_train, _ = on_cifar10.draw_sizes(whole.n_labels)
        assert short.strategy == whole.strategy and short.id != whole.id
        for phase in ("head", "main"):
            steps = whole.steps(phase, n_train)
            assert short.steps(phase, n_train) == (max(2, round(0.1 * steps)) if steps else 0)


# ---- beside the report


def test_equal_runs_are_compared_and_for_others_the_fields_are_named(cells):
    known = next(s for s in expand(MAIN) if s.id in cells.REPORT_ACCURACY)
    theirs = cells.REPORT_ACCURACY[known.id]
    same = cells.beside_report(known, theirs + 0.01)
    assert f"{theirs:.3f} in the report, +1.0 points" in same
    other = cells.RunSpec.parse({**known.model_dump(), "batch_size": 7, "augmentation": "none"})
    said = cells.beside_report(other, 0.5)
    assert "in the report," not in said and "not compared with the report, which differs in" in said
    assert f"batch_size (7, there {known.batch_size})" in said and "augmentation (none, there" in said
    assert f"{theirs:.3f}" not in said


# ---- a picture


def test_a_named_picture_is_cut_to_the_networks_size(cells, tmp_path):
    path = tmp_path / "wide.png"
    Image.fromarray(np.tile(np.arange(90, dtype=np.uint8)[None, :, None], (60, 1, 3))).save(path)
    image, title = cells.my_image(str(path))
    assert image.shape == (32, 32, 3) and title == "wide.png"
    assert 14 <= image.min() <= 16 and 73 <= image.max() <= 75  # the middle 60 of 90 columns
    assert cells.my_image("")[0].shape == (32, 32, 3)
    with pytest.raises(cells.StudyError, match=r"no file 'gone\.png'"):
        cells.my_image("gone.png")
    with pytest.raises(cells.StudyError, match="works in Colab"):
        cells.my_image("upload")


def test_an_uploaded_picture_is_used(cells, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 40), "red").save("mine.png")
    files = SimpleNamespace(upload=lambda: {"mine.png": b""})
    monkeypatch.setitem(sys.modules, "google", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace(files=files))
    image, title = cells.my_image("upload")
    assert title == "mine.png" and (image == [255, 0, 0]).all()

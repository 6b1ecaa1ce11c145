"""The notebook runs by itself: empty folder, no package, no network, every backend that is installed, images of one's own."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from transferstudy.data import load
from transferstudy.notebook import build
from transferstudy.presets import expand
from transferstudy.study import MAIN

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "notebooks" / build.NAME
LIMIT = 300  # seconds on two cores
MEMORY = 12e9  # bytes
# Loaded by every Python that finds it: only this machine answers, the package cannot be found, memory is noted at the end.
ALONE = """
import atexit, os, socket, sys

connect = socket.socket.connect


def local_only(self, address):
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError("no network in this test")
    return connect(self, address)


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "transferstudy":
            raise ModuleNotFoundError("the notebook stands alone")


def note_memory():
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    peak = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open(os.path.join(os.path.dirname(__file__), "memory"), "a") as file:
        file.write(f"{peak}\\n")


atexit.register(note_memory)
socket.socket.connect = local_only
socket.getaddrinfo = lambda host, *a, **k: (_ for _ in ()).throw(OSError("no network in this test"))
sys.meta_path.insert(0, Missing())
"""


@dataclass
class Ran:
    """A run: all it printed, the seconds it took, and the largest memory of a process in bytes."""

    printed: str
    seconds: float
    memory: int


def run(folder: Path, **variables: str) -> Ran:
    """Run the notebook as a reader's `jupyter nbconvert --execute` does, in `folder`/empty."""
    alone, empty = folder / "alone", folder / "empty"
    for part in (alone, empty):
        part.mkdir(exist_ok=True)
    (alone / "sitecustomize.py").write_text(ALONE)
    (empty / FILE.name).write_bytes(FILE.read_bytes())
    ours = ("TRANSFERSTUDY_", "NOTEBOOK_", "KERAS_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    environment |= {"PYTHONPATH": str(alone), "HOME": str(folder), **variables}
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", FILE.name]
    started = time.monotonic()
    ran = subprocess.run(
        [*command, "--output", "ran.ipynb"],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    seconds = time.monotonic() - started
    assert ran.returncode == 0, ran.stderr[-4000:]
    cells = json.loads((empty / "ran.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [o for c in cells for o in c.get("outputs", []) if o.get("name") != "stderr"]
    assert not (alone / "memory").read_text().startswith("0")
    peak = max(map(int, (alone / "memory").read_text().split()))
    return Ran("".join("".join(o.get("text", "")) for o in outputs), seconds, peak)


def accuracies(printed: str) -> dict[str, float]:
    """The test accuracy of the two networks whose training is shown."""
    return {name: float(a) for name, a in re.findall(r"^(\S.*?) +accuracy (\d\.\d+), cal", printed, re.M)}


def test_quick_runs_alone_and_offline_and_transfer_beats_scratch(tmp_path):
    ran = run(tmp_path, KERAS_BACKEND="tensorflow")
    assert "Keras on tensorflow" in ran.printed and "network: no" in ran.printed
    assert "QUICK, because there is no GPU" in ran.printed or "QUICK, because CIFAR-10 or" in ran.printed
    found = accuracies(ran.printed)
    assert found.keys() == {"Compact, fine-tune", "Compact, scratch"}
    assert found["Compact, scratch"] > 0.25  # ten classes: chance is a tenth
    assert found["Compact, fine-tune"] > found["Compact, scratch"]
    assert len(re.findall(r"labels: .+ minus .+ points, interval", ran.printed)) == 2
    assert ran.seconds < LIMIT and ran.memory < MEMORY


def others() -> list[str]:
    asked = os.environ.get("TRANSFERSTUDY_TEST_BACKENDS") == "1"
    return [b for b in ("torch", "jax") if asked and importlib.util.find_spec(b)]


@pytest.mark.parametrize("backend", others())
def test_other_backends_run_every_cell_and_show_a_picture_of_ones_own(tmp_path, backend):
    """A tenth of the steps: what they learn in all of them is the training code's business, which the backends share."""
    path = tmp_path / "mine.png"
    Image.fromarray(load("cifar10-sample").x_test[0]).resize((200, 150)).save(path)
    ran = run(tmp_path, KERAS_BACKEND=backend, NOTEBOOK_STEPS="0.1", NOTEBOOK_IMAGE=str(path))
    assert f"Keras on {backend}" in ran.printed and "with 0.1 of their steps" in ran.printed
    found = accuracies(ran.printed)
    assert found.keys() == {"Compact, fine-tune", "Compact, scratch"}
    assert found["Compact, fine-tune"] > 0.12
    assert re.search(r"labels: .+ minus .+ points, interval", ran.printed)
    assert len(re.findall(r"^[a-z]+ +\d+\.\d %$", ran.printed, re.M)) == 3


def own_images(folder: Path, train: int, test: int) -> Path:
    """A data set as a reader may have it: a folder a class, pictures in it."""
    sample = load("cifar10-sample")
    for part, count in (("train", train), ("test", test)):
        x, y = getattr(sample, f"x_{part}"), getattr(sample, f"y_{part}")
        for label, name in enumerate(sample.classes):
            (folder / part / name).mkdir(parents=True)
            for number, image in enumerate(x[y == label][:count]):
                Image.fromarray(image).save(folder / part / name / f"{number}.png")
    return folder


def test_standard_runs_through_the_same_cells_with_images_and_weights_by_path_and_twice(tmp_path):
    variables = {
        "KERAS_BACKEND": "tensorflow",
        "NOTEBOOK_MODE": "STANDARD",
        "NOTEBOOK_STEPS": "0.004",
        "NOTEBOOK_DATA": str(own_images(tmp_path / "pictures", 12, 3)),
        "NOTEBOOK_WEIGHTS": str(ROOT / "results" / "weights" / "tiny-imagenet-vgg16.npz"),
    }
    first = run(tmp_path, **variables)
    count = len({spec.strategy for spec in expand(MAIN)})
    assert "pictures: 120 labelled images, 30 test images" in first.printed
    assert f"STANDARD: {count} runs, with 0.004 of their steps" in first.printed
    assert re.search(r"finetune_all +starts from: tiny-imagenet-vgg16 +labels: 120$", first.printed, re.M)
    assert len(accuracies(first.printed)) == 2
    assert f"2 of {count} runs are done, {count - 2} to make" in first.printed
    assert "dataset (pictures, there cifar10)" in first.printed
    again = run(tmp_path, **variables)
    assert f"{count} of {count} runs are done, 0 to make" in again.printed
    after = "labels: .* minus .*"
    assert re.findall(after, again.printed) == re.findall(after, first.printed)

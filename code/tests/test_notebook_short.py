"""The notebook: short, plain, paired with its source, committed with the outputs of a real run, and able to run by itself."""

import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from transferstudy.data import load

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "notebooks" / "transfer_learning.ipynb"
SECTIONS = [
    "Set-up", "Data loading", "Preprocessing", "Model definition", "Training", "Prediction", "Evaluation",
    "Transfer against scratch", "What to try next",
]  # fmt: skip
# Loaded by every Python that finds it: only this machine answers.
OFFLINE = """
import socket

def refuse(*args, **options):
    raise OSError("no network in this test")

connect, names = socket.socket.connect, socket.getaddrinfo
local = ("127.0.0.1", "::1", "localhost")
socket.socket.connect = lambda self, to: connect(self, to) if not isinstance(to, tuple) or to[0] in local else refuse()
socket.getaddrinfo = lambda host, *a, **k: names(host, *a, **k) if host in local else refuse()
"""


@pytest.fixture(scope="module")
def cells() -> list[dict]:
    return json.loads(FILE.read_text(encoding="utf-8"))["cells"]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def code(cells: list[dict]) -> list[str]:
    return [source(cell) for cell in cells if cell["cell_type"] == "code"]


def percent(text: str) -> list[tuple[str, str]]:
    """The cells of jupytext's percent format: their kind and their text."""
    found = []
    for part in re.split(r"^# %%", text, flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        kind = "markdown" if head.strip().startswith("[markdown]") else "code"
        lines = body.strip().splitlines()
        found.append(
            (kind, "\n".join(re.sub("^# ?", "", ln) for ln in lines) if kind == "markdown" else body.strip())
        )
    return found


def test_the_notebook_and_its_source_are_one_text(cells):
    paired = percent(FILE.with_suffix(".py").read_text(encoding="utf-8"))
    assert [(cell["cell_type"], source(cell)) for cell in cells] == paired


def test_it_is_short_has_its_sections_and_explains_each_cell(cells):
    assert 25 <= len(cells) <= 40
    assert sum(len(text.splitlines()) for text in code(cells)) <= 400
    text = "\n".join(source(cell) for cell in cells if cell["cell_type"] == "markdown")
    assert re.findall(r"^## (.+)$", text, re.M) == SECTIONS
    kinds = [cell["cell_type"] for cell in cells]
    assert all(kinds[i - 1] == "markdown" for i, kind in enumerate(kinds) if kind == "code")
    assert not re.search(r"^\s*(?:from|import) transferstudy", "\n".join(code(cells)), re.M)


def test_it_carries_the_outputs_of_one_run_from_top_to_bottom(cells):
    ran = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in ran] == list(range(1, len(ran) + 1))
    outputs = [output for cell in ran for output in cell["outputs"]]
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert sum("image/png" in o.get("data", {}) for o in outputs) >= 5
    shown = "".join("".join(o.get("text", "")) for o in outputs)
    assert re.search(r"fine-tuned +\d+\.\d% ± \d+\.\d% +[+-]\d+\.\d ± \d+\.\d points", shown)
    assert not re.search(r"/(?:home|root|work|tmp|Users)/", shown)


def test_it_names_the_repository_that_the_site_names(cells):
    site = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))["website"]
    assert f'os.environ.get("REPOSITORY", "{site.get("repo-url", "")}")' in "\n".join(code(cells))


def test_the_spare_is_the_shipped_network_and_different_images(cells):
    names = {}
    spare = next(text for text in code(cells) if "SPARE = " in text)
    exec("import base64, io\nimport numpy as np\n" + spare, names)  # noqa: S102
    stored = names["SPARE"]
    with np.load(ROOT / "results" / "weights" / "tiny-imagenet-compact.npz") as shipped:
        kernels = [name for name in shipped.files if not name.startswith("head/")]
        assert {n for n in stored.files if n != "images" and not n.endswith("_scale")} == set(kernels)
        for name in kernels:
            scale = stored.get(f"{name}_scale", 1)
            step = np.maximum(np.abs(shipped[name]) / 1000, scale / 2).astype("float32")
            assert (
                np.abs(stored[name] * scale - shipped[name].astype("float32")) <= step * 1.01 + 1e-6
            ).all()
    picture = np.asarray(Image.open(io.BytesIO(stored["images"].tobytes())).convert("RGB"))
    tiles = picture.reshape(-1, 32, 30, 32, 3).swapaxes(1, 2).reshape(-1, 32 * 32 * 3)
    assert len(np.unique(tiles, axis=0)) == 10 * (40 + 50)


@pytest.mark.parametrize("pixels", [np.zeros((10, 32, 32, 3), "float32"), np.zeros((10, 64, 64, 3), "uint8")])
def test_an_archive_with_other_pixels_is_refused_by_name(cells, pixels, tmp_path):
    path, labels = tmp_path / "scaled.npz", np.zeros(10, int)
    np.savez(path, x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    loading = next(text for text in code(cells) if "np.load(DATA)" in text)
    with pytest.raises(ValueError, match="whole numbers from 0 to 255") as error:
        exec(loading, {"np": np, "DATA": str(path), "FULL": True})  # noqa: S102
    assert str(path) in str(error.value)


def run(folder: Path, **variables: str) -> str:
    """Run the notebook alone in an empty folder, without a network; return what it prints."""
    (folder / "sitecustomize.py").write_text(OFFLINE)
    empty = folder / "empty"
    empty.mkdir()
    (empty / FILE.name).write_bytes(FILE.read_bytes())
    ours = ("DATA", "WEIGHTS", "REPOSITORY", "SIDE", "LABELS", "TESTS", "EPOCHS", "SEED", "KERAS_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        FILE.name,
        "--output",
        "ran.ipynb",
    ]
    environment = kept | {"PYTHONPATH": str(folder), "HOME": str(folder), **variables}
    ran = subprocess.run(
        command, cwd=empty, env=environment, capture_output=True, text=True, timeout=1200, check=False
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    done = json.loads((empty / "ran.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [o for cell in done for o in cell.get("outputs", []) if o.get("name") != "stderr"]
    return "".join("".join(o.get("text", "")) for o in outputs)


UNDRAWN = {"MPLBACKEND": "agg"}  # figures are made, but not drawn: one run does that for all


def backends() -> list[str]:
    asked = os.environ.get("TRANSFERSTUDY_TEST_ALL") == "1"
    return ["tensorflow", *(b for b in ("jax", "torch") if asked and importlib.util.find_spec(b))]


@pytest.mark.parametrize("backend", backends())
def test_alone_and_offline_it_trains_and_compares_both(tmp_path, backend):
    """With fewer images and epochs than a reader gets: how well they learn is the business of the committed outputs."""
    drawn = {} if backend == "tensorflow" else UNDRAWN
    printed = run(tmp_path, KERAS_BACKEND=backend, LABELS="200", TESTS="200", EPOCHS="6,1,1", **drawn)
    assert f"on {backend}, without a GPU" in printed or f"on {backend}, with a GPU" in printed
    assert "Images: the small sample" in printed and "Pretrained network: the spare" in printed
    rows = re.findall(r"^(head only|fine-tuned|from scratch) +(\d+\.\d)% ±", printed, re.M)
    accuracy = {name: float(share) for name, share in rows}
    assert len(accuracy) == 3 and accuracy["head only"] > 25  # of ten classes; chance is a tenth


@pytest.mark.slow
def test_files_by_path_are_taken(tmp_path):
    sample = load("cifar10-sample")
    archive = tmp_path / "mine.npz"
    np.savez(
        archive, x_train=sample.x_train, y_train=sample.y_train, x_test=sample.x_test, y_test=sample.y_test
    )
    weights = ROOT / "results" / "weights" / "imagenet-vgg16-int8.npz"
    settings = {"SIDE": "32", "LABELS": "50", "TESTS": "20", "EPOCHS": "1,1,1", **UNDRAWN}
    printed = run(tmp_path, DATA=str(archive), WEIGHTS=str(weights), **settings)
    assert "mine.npz, which you gave" in printed and f"VGG16 with {weights.name}" in printed
    assert "40 training, 10 validation and 20 test images" in printed and "last block: block5" in printed

"""The committed notebook runs by itself: empty folder, no package, no network, every backend that is installed."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from transferstudy.notebook import build

FILE = Path(__file__).resolve().parents[2] / "notebooks" / build.NAME
LIMIT = 300  # seconds on two cores
# Loaded by every Python that finds it: only this machine answers, and the package cannot be found.
ALONE = """
import socket, sys

connect = socket.socket.connect


def local_only(self, address):
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError("no network in this test")
    return connect(self, address)


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "transferstudy":
            raise ModuleNotFoundError("the notebook stands alone")


socket.socket.connect = local_only
socket.getaddrinfo = lambda host, *a, **k: (_ for _ in ()).throw(OSError("no network in this test"))
sys.meta_path.insert(0, Missing())
"""


def run(folder: Path, **variables: str) -> tuple[str, float]:
    """Run the notebook as a reader's `jupyter nbconvert --execute` does; return all it printed and the seconds it took."""
    alone = folder / "alone"
    alone.mkdir()
    (alone / "sitecustomize.py").write_text(ALONE)
    empty = folder / "empty"
    empty.mkdir()
    (empty / FILE.name).write_bytes(FILE.read_bytes())
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("TRANSFERSTUDY_", "NOTEBOOK_", "KERAS_"))
    }
    environment = kept | {"PYTHONPATH": str(alone), "HOME": str(folder)} | variables
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "--output",
        "ran.ipynb",
        FILE.name,
    ]
    started = time.monotonic()
    ran = subprocess.run(
        command, cwd=empty, env=environment, capture_output=True, text=True, timeout=1500, check=False
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    cells = json.loads((empty / "ran.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [o for c in cells for o in c.get("outputs", [])]
    return "".join("".join(o.get("text", "")) for o in outputs), time.monotonic() - started


def backends() -> list[str]:
    others = os.environ.get("TRANSFERSTUDY_TEST_BACKENDS") == "1"
    return ["tensorflow", *(b for b in ("torch", "jax") if others and importlib.util.find_spec(b))]


@pytest.mark.parametrize("backend", backends())
def test_it_runs_alone_offline_and_compares_transfer_with_scratch(tmp_path, backend):
    printed, seconds = run(tmp_path, NOTEBOOK_MODE="auto", KERAS_BACKEND=backend)
    assert f"Keras on {backend}" in printed and "QUICK, because" in printed
    accuracies = {
        name: float(value)
        for name, value in re.findall(r"^(Compact, (?:fine-tune|scratch)) +accuracy (\d\.\d+)", printed, re.M)
    }
    assert set(accuracies) == {"Compact, fine-tune", "Compact, scratch"}
    assert accuracies["Compact, fine-tune"] > 0.25  # ten classes: chance is a tenth
    assert accuracies["Compact, scratch"] > 0.15
    assert re.search(r"labels: .+ minus .+ points, interval", printed)
    if backend == "tensorflow":
        assert seconds < LIMIT

"""The script for the minutes with a GPU: what is worth most comes first, within the time, and with weights where they are due."""

import subprocess
import sys
from pathlib import Path

import pytest
from photos import both

from transferstudy.paths import project_root
from transferstudy.plan.presets import expand, select
from transferstudy.results.store import Store

SCRIPT = project_root() / "code" / "on_a_gpu.sh"


def call(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["sh", str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", **variables},
    )


@pytest.fixture
def files(tmp_path) -> tuple[str, str]:
    found = tmp_path / "cifar10.npz", tmp_path / "vgg16.npz"
    for file in found:
        file.write_bytes(b"")
    return tuple(map(str, found))


def python(tmp_path: Path, body: str) -> str:
    """A stand-in for the interpreter."""
    file = tmp_path / "python"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return str(file)


def test_all_steps_in_their_order_are_runs_that_are_declared(tmp_path, files):
    data, weights = files
    done = call("1", data, weights, PYTHON=python(tmp_path, f'echo "$@" >> {tmp_path}/called'))
    assert done.returncode == 0, done.stderr
    called = (tmp_path / "called").read_text().splitlines()
    assert sum("tuned --preset search --table second --new" in line for line in called) == 2
    seen = []
    for line in called:
        words = line.split()
        if words[2] != "run":
            continue
        preset, only = (
            words[words.index("--preset") + 1],
            [w for k, w in enumerate(words) if words[k - 1] == "--only"],
        )
        specs = select(expand(preset), only)
        assert {spec.weights != "none" for spec in specs} == {"--weights" in words}, line
        assert words[words.index("--data") + 1] == data
        seen.append(preset)
    assert seen == [
        "search",
        "search-momentum",
        "near",
        "near",
        "gpu-equal",
        "gpu-equal",
        "gpu-sides",
        "search",
        "gpu-sides",
        "gpu-long",
    ]


def test_the_clock_ends_a_step_and_all_that_follow(tmp_path, files):
    slow = python(tmp_path, f'echo "$@" >> {tmp_path}/called; exec sleep 90')
    (tmp_path / "date").write_text(  # each look at the clock finds it 40 seconds on
        f"#!/bin/sh\necho . >> {tmp_path}/looks; echo $((40 * $(wc -l < {tmp_path}/looks)))\n"
    )
    (tmp_path / "timeout").write_text('#!/bin/sh\nshift 3\n"$@" & sleep 0.2; kill $!; exit 124\n')
    for name in ("date", "timeout"):
        (tmp_path / name).chmod(0o755)
    done = call("1", *files, PYTHON=slow, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert done.returncode == 0
    assert "stopped with status 124" in done.stdout
    assert done.stdout.rstrip().endswith("The time is over.")
    assert len((tmp_path / "called").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "usage: sh code/on_a_gpu.sh MINUTES"),
        (("0", "a", "b"), "MINUTES: expected a whole number of at least 1, not '0'"),
        (("5", "nowhere.npz", "b"), "nowhere.npz: no such file"),
    ],
)
def test_wrong_arguments_are_named(arguments, said):
    done = call(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.slow
def test_at_toy_size_it_makes_a_real_run(tmp_path):
    """On a processor, with the smallest preset in the steps' place."""
    root = project_root()
    steps, results, photos = tmp_path / "steps", tmp_path / "results", both(tmp_path / "photos", 40)
    steps.write_text("+ --preset smoke-finetune --folds none\n")
    done = call(
        *("10", str(photos), str(root / "results/weights/tiny-imagenet-compact.npz")),
        PYTHON=sys.executable, STEPS=str(steps), JOBS="1", TRANSFERSTUDY_RESULTS=str(results),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "stopped" not in done.stdout
    made = [Store(results).load(run_id)["spec"]["strategy"] for run_id in Store(results).ids()]
    assert made == ["small_finetune"]

"""The command line: quick, resumable, and clear about wrong input."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from fakes import fake_store

from transferstudy.cli import main, parser
from transferstudy.commands import GROUPS, modules
from transferstudy.plan.presets import expand
from transferstudy.results.store import Store


def command(*arguments, results, **environment):
    env = {**os.environ, "TRANSFERSTUDY_RESULTS": str(results), "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    return [sys.executable, "-m", "transferstudy", *arguments], env


def call(*arguments, results, **environment):
    line, env = command(*arguments, results=results, **environment)
    return subprocess.run(line, env=env, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(autouse=True)
def no_sources(monkeypatch):
    for name in ("TRANSFERSTUDY_DATA", "TRANSFERSTUDY_WEIGHTS", "TRANSFERSTUDY_RESULTS"):
        monkeypatch.delenv(name, raising=False)


# None of them may be loaded by a command that only looks.
HEAVY = tuple(
    "tensorflow keras jax torch h5py sklearn scipy pandas matplotlib IPython joblib distributed".split()
)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Made-up results of the report's runs, to be looked at only."""
    return fake_store(tmp_path_factory.mktemp("looked at"), n_test=100)


# Nor these by the two that are asked most often.
ARRAYS = ("numpy", "PIL")


@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["plan", "--cost"], ["show", "PREFIX"]])
def test_looking_imports_no_framework(store, arguments):
    """Run as a module with an import hook that fails on any deep-learning framework."""
    heavy = HEAVY + (ARRAYS if arguments[0] in ("--help", "status") else ())
    arguments = [store.ids()[0][:6] if a == "PREFIX" else a for a in arguments]
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name.split('.')[0] in {heavy}:\n"
        "            raise ImportError('heavy import: ' + name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        f"from transferstudy.cli import main\nsys.exit(main({arguments!r}))"
    )
    env = {**os.environ, "TRANSFERSTUDY_RESULTS": str(store.root)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_help_lists_every_command_once_under_its_group():
    lines = parser().format_help().splitlines()
    starts = [lines.index(f"{group}:") for group in GROUPS]
    assert starts == sorted(starts)
    listed = [line.split()[0] for line in lines[starts[0] :] if line.startswith("  ")]
    assert sorted(listed) == sorted(modules())


def test_run_twice_trains_once(tmp_path):
    first = call("run", "--preset", "smoke", results=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "1 to make" in first.stdout
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    started = time.perf_counter()
    second = call("run", "--preset", "smoke", results=tmp_path)
    assert second.returncode == 0
    assert "1 of 1 runs are done; 0 to make" in second.stdout
    assert time.perf_counter() - started < 5, "about a second on a free machine"
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before
    assert main(["verify", "--results", str(tmp_path)]) == 0


def test_a_command_that_is_told_to_stop_takes_its_workers_along(tmp_path):
    """SIGTERM to the command alone, as `kill` and a cluster's time limit send it, while two processes train."""
    line, env = command("run", "--preset", "quick", "--jobs", "2", results=tmp_path)
    process = subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for text in process.stdout:
        if "2 workers" in text:
            break
    parent, workers = psutil.Process(process.pid), []
    while len(workers) < 2 and process.poll() is None:
        workers = [p for p in parent.children(recursive=True) if "LokyProcess" in " ".join(p.cmdline())]
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "what was finished is kept" in error
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert len(workers) == 2
    assert alive == []
    assert [path for path in tmp_path.rglob("*") if ".tmp" in path.name] == []


@pytest.fixture
def bad(tmp_path):
    """Wrong inputs on disk."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (50, 32, 32, 3), dtype=np.uint8), np.arange(50) % 10
    np.savez(tmp_path / "few.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    full = np.zeros((50_000, 1), np.uint8), np.arange(50_000) % 10
    np.savez(
        tmp_path / "flat.npz",
        x_train=full[0],
        y_train=full[1],
        x_test=full[0][:10_000],
        y_test=full[1][:10_000],
    )
    (tmp_path / "cut.npz").write_bytes((tmp_path / "few.npz").read_bytes()[:3000])
    np.savez(tmp_path / "weights.npz", **{"conv1/kernel": np.zeros((3, 3, 3, 8))})
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--preset", "grand"], "unknown preset 'grand'"),
        (["run", "--only", "strategy=magic"], "--only strategy=magic"),
        (["run", "--data", "{bad}/gone.npz"], "--data: {bad}/gone.npz does not exist"),
        (
            ["run", "--only", "small_scratch", "--data", "{bad}/cut.npz"],
            "cut.npz: cannot be read as an .npz archive",
        ),
        (
            ["run", "--only", "small_scratch", "--data", "{bad}/flat.npz"],
            "flat.npz: training images: expected an array of shape",
        ),
        (
            ["run", "--only", "small_scratch", "--data", "{bad}/few.npz"],
            "few.npz: x_train holds 50 images, CIFAR-10 has 50,000",
        ),
        (
            ["run", "--weights", "{bad}/gone.npz"],
            "--weights: '{bad}/gone.npz' is neither a weights file (.npz, .weights.h5, .keras and .h5) nor one of",
        ),
        (["show", "ffff"], "show ffff: matches 0 results"),
        (["verify"], "--results {bad}/results: does not exist. Check the path."),
    ],
)
def test_wrong_input_exits_with_2_and_writes_nothing(bad, capsys, arguments, said):
    results = bad / "results"
    assert main([a.format(bad=bad) for a in arguments] + ["--results", str(results)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert said.format(bad=bad) in captured.err
    assert not results.exists()


def test_weights_for_another_network(bad, capsys):
    """A weights file is checked against the network before any training: nothing is written."""
    arguments = [
        "run",
        "--preset",
        "smoke-finetune",
        "--weights",
        str(bad / "weights.npz"),
        "--results",
        str(bad / "results"),
    ]
    assert main(arguments) == 2
    assert "weights.npz: no run can start from these weights. They do not fit" in capsys.readouterr().err
    assert not (bad / "results").exists()


def test_more_labels_than_exist(capsys, tmp_path, monkeypatch):
    presets = tmp_path / "presets.toml"
    from transferstudy.plan import presets as module

    presets.write_text(module.PRESETS.read_text().replace("n_labels = [50]", "n_labels = [5000]"))
    monkeypatch.setattr(module.expand, "__defaults__", (presets,))
    monkeypatch.setattr(module.preset_table, "__defaults__", (presets,))
    assert main(["run", "--preset", "smoke", "--results", str(tmp_path / "results")]) == 2
    assert "n_labels=5,000: cifar10-sample has only 200 labelled images" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_no_network_and_no_data(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "keras.datasets.cifar10.load_data", lambda: (_ for _ in ()).throw(OSError("no route"))
    )
    assert main(["run", "--only", "small_scratch", "--results", str(tmp_path / "results")]) == 2
    assert "CIFAR-10 could not be downloaded (no route)" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_a_folder_of_class_folders_runs_through_the_same_study(tmp_path, capsys):
    from PIL import Image

    rng = np.random.default_rng(0)
    for label, name in enumerate(("dark", "bright")):
        (tmp_path / "tones" / name).mkdir(parents=True)
        for k in range(40):
            pixels = rng.integers(0 + 128 * label, 128 + 128 * label, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "tones" / name / f"{k}.png")
    arguments = [
        "--preset",
        "smoke",
        "--data",
        str(tmp_path / "tones"),
        "--folds",
        "none",
        "--results",
        str(tmp_path / "results"),
    ]
    assert main(["run", *arguments]) == 0
    store = Store(tmp_path / "results")
    record = store.load(store.ids()[0])
    assert record["spec"]["dataset"] == "tones"
    assert record["data"]["classes"] == ["bright", "dark"]
    assert main(["status", *arguments]) == 0
    assert "1 of 1 runs done" in capsys.readouterr().out


def test_cost_of_a_plan_says_what_it_knows(tmp_path, capsys):
    fake_store(tmp_path / "results", n_test=100)
    assert main(["plan", "--cost", "--results", str(tmp_path / "results")]) == 0
    out = capsys.readouterr().out
    assert "hours still to do" in out
    assert "21 runs (small_finetune on compact at 32 px)" in out
    assert "Imaginary processor, 2 cores" in out
    assert main(["plan", "--cost", "--preset", "quick", "--results", str(tmp_path / "empty")]) == 0
    assert "no comparable run is finished: 2 runs" in capsys.readouterr().out


def test_stale_results_are_named(tmp_path, capsys):
    store = fake_store(tmp_path / "results", n_test=100)
    spec = expand("report")[0].model_copy(update={"seed": 77})
    from fakes import fake_record

    store.save(*fake_record(spec, 1.0, 100))
    assert main(["status", "--results", str(store.root)]) == 0
    said = capsys.readouterr().out
    assert f"stale: 1 results belong to no preset: {spec.id}" in said
    assert (
        f"second edition: 0 of {len(expand('second-edition'))} declared runs done; the others are not" in said
    )

"""The bench counts and divides rightly; how fast this machine is, is no matter of right or wrong."""

import csv
import json
from pathlib import Path

import keras
import pytest
from fakes import fake_store, fake_study, main_specs
from photos import both
from PIL import Image

from transferstudy.analysis.costs.estimate import hours, seconds, shared_keys, without_pace
from transferstudy.cli import main
from transferstudy.experiments import bench
from transferstudy.models import build_model
from transferstudy.own_images.model import predict_speed
from transferstudy.own_images.model.predict_folder import predict_folder
from transferstudy.plan.backbones import get_backbone
from transferstudy.plan.presets import expand
from transferstudy.plan.spec import PACE_KEYS, RunSpec
from transferstudy.report.pages import benches
from transferstudy.results.store import Store
from transferstudy.training import timing

SHIPPED = Path(__file__).resolve().parents[2] / "results" / "models" / "compact-finetuned.keras"


def test_multiply_adds_of_a_network_known_from_the_literature():
    """VGG16's convolutions at 224 pixels: 15.3 billion (Simonyan & Zisserman 2015; counted in He et al. 2016, section 4.1)."""
    model = build_model("vgg16", 10, 224)
    assert bench.multiply_adds(model) == pytest.approx(15.35e9, rel=0.002)
    small = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, padding="same", name="c"), keras.layers.Flatten(), keras.layers.Dense(5)]
    )  # fmt: skip
    assert bench.multiply_adds(small) == 8 * 8 * 27 * 4 + 8 * 8 * 4 * 5
    assert bench.multiply_adds(small, None, "c") == 8 * 8 * 27 * 4
    assert bench.multiply_adds(small, "c") == 8 * 8 * 4 * 5


def test_the_ceiling_of_block_5_at_32_pixels():
    model = build_model("vgg16", 10, 32)
    cut = get_backbone("vgg16").cuts["block5"]
    prefix, suffix = bench.multiply_adds(model, None, cut), bench.multiply_adds(model, cut)
    assert bench.ceiling(prefix, suffix) == pytest.approx(4.35, abs=0.02)
    assert bench.ceiling(9, 1) == 4


def test_bench_prints_and_writes_what_it_measured(tmp_path, capsys):
    fake_store(tmp_path / "results", n_test=200)
    out = tmp_path / "bench.json"
    arguments = ["--backbone", "compact", "--images", "60", "--batch-size", "30", "--epochs", "1"]
    assert main(["bench", *arguments, "--out", str(out), "--results", str(tmp_path / "results")]) == 0
    printed = capsys.readouterr().out
    assert "linear probe, compact at 32 px, 60 images, batches of 30" in printed
    assert "fine-tuning from block3" in printed
    figures = json.loads(out.read_text())
    probe, tuned = figures["linear_probe"], figures["finetune"]
    assert probe["speedup"] == pytest.approx(probe["without_cache"] / probe["with_cache"])
    assert tuned["ceiling"] == pytest.approx(
        bench.ceiling(tuned["multiply_adds"]["prefix"], tuned["multiply_adds"]["suffix"])
    )
    assert figures["store"]["test_images"] == 200
    assert figures["store"]["bytes"] > 1000
    assert len(list((tmp_path / "results" / "runs").iterdir())) == 2 * len(main_specs())


def test_store_overhead_without_results(tmp_path):
    made = bench.store_overhead(Store(tmp_path / "none"), repeats=1)
    assert made["test_images"] == 10_000
    assert made["save_seconds"] > made["load_seconds"] > 0


def record(spec: RunSpec, features: float, prediction: float, reused: int, **timing) -> dict:
    """The parts of a record that an estimate reads."""
    return {
        "spec": spec.model_dump(),
        "data": {"train": 400, "validation": 100, "test": 10_000},
        "timing": {"features": {"wall": features}, "head": {"wall": 10.0}, "prediction": {"wall": prediction}, **timing},
        "phases": [{"name": "head", "steps": 1000}],
        "activations": {key: {"computed": 1, "reused": reused} for key in ("features", "prediction", "robustness")},
    }  # fmt: skip


def test_an_estimate_knows_what_the_cache_saves():
    spec = next(s for s in expand("report") if s.strategy == "linear_probe" and s.n_labels == 500)
    head = 0.01 * spec.steps("head", 400)
    computing = record(spec, features=16.0, prediction=101.0, reused=0)
    reusing = record(spec, features=0.1, prediction=1.0, reused=10_100)
    for records in ([computing], [computing, reusing, reusing]):
        assert seconds(spec, records) == pytest.approx(
            head + 16.0 + 100.0
        )  # validation images are kept since training
        assert seconds(spec, records, there=("features",)) == pytest.approx(head + 100.0)
        assert seconds(spec, records, there=("features", "test")) == pytest.approx(head)
        assert seconds(spec, records, robust=True) == pytest.approx(head + 16.0 + 100.0 + 15 * 2000 * 0.01)
    tuning = RunSpec.parse({**spec.model_dump(), "purpose": "tuning"})
    assert seconds(tuning, [computing], robust=True) == pytest.approx(head + 16.0)
    slow = record(spec, 16.0, 101.0, 0, robustness={"wall": 600.0})
    assert seconds(spec, [slow], robust=True) == pytest.approx(head + 16.0 + 100.0 + 600.0)


def test_a_run_beside_another_one_counts_for_its_share_of_the_machine():
    spec = next(s for s in expand("report") if s.strategy == "linear_probe" and s.n_labels == 500)
    alone = record(spec, features=16.0, prediction=101.0, reused=0)
    whole = seconds(spec, [alone])
    half = {**alone, "environment": {"cores": 2}}
    half["timing"] = {**alone["timing"], "total": {"wall": 100.0, "cpu": 100.0}}
    assert seconds(spec, [half]) == pytest.approx(whole / 2)
    half["timing"]["total"]["cpu"] = 250.0  # more than there is: rounding, or threads of a library
    assert seconds(spec, [half]) == pytest.approx(whole)


def test_what_surrounds_the_parts_of_a_run_counts():
    """Building the network, compiling and storing are in none of the parts."""
    spec = next(s for s in expand("report") if s.strategy == "linear_probe" and s.n_labels == 500)
    parts = record(spec, features=16.0, prediction=101.0, reused=0)
    whole = record(spec, features=16.0, prediction=101.0, reused=0, total={"wall": 127.0 + 7.0})
    assert seconds(spec, [whole]) == pytest.approx(seconds(spec, [parts]) + 7.0)


def test_the_estimate_of_a_measured_machine_needs_no_finished_run(tmp_path, capsys):
    results = ["--results", str(tmp_path / "results")]
    assert main(["plan", "--preset", "smoke", "--cost", *results]) == 0
    assert "no comparable run is finished" in capsys.readouterr().out
    assert main(["plan", "--preset", "smoke", "--cost", "--measure", *results]) == 0
    out = capsys.readouterr()
    assert "measured now on: " in out.out and "not included" not in out.out
    assert "measuring small_scratch on compact at 32 px" in out.err
    assert main(["plan", "--preset", "smoke", "--measure", *results]) == 2
    assert "--measure: it is for the estimate; give --cost as well" in capsys.readouterr().err
    assert main(["plan", "--preset", "smoke", "--keep", *results]) == 2
    assert "--keep: it keeps what was measured; give --cost --measure as well" in capsys.readouterr().err


def test_times_of_kinds_that_no_run_tells_of_are_kept_for_the_page(tmp_path, monkeypatch, capsys):
    made = fake_study(tmp_path, [("finetune_all", 1000, 1)], n_test=50)
    left = [spec for spec in expand("smoke") if spec.id not in made.records]
    told = made.store.load(next(iter(made.records)))
    alike = left[0].model_copy(update={key: told["spec"][key] for key in PACE_KEYS})
    assert without_pace([alike, *left], [told]) == left
    arguments = ["plan", "--preset", "smoke", "--cost", "--measure", "--keep", "--results", str(tmp_path)]
    assert main(arguments) == 0
    assert "paces.json written" in capsys.readouterr().out
    monkeypatch.setenv("TRANSFERSTUDY_RESULTS", str(tmp_path))
    kept = benches.stored("paces")["paces"]
    assert {each["spec"]["strategy"] for each in kept} == {spec.strategy for spec in left}
    assert hours(left, kept)[1] == []


def test_a_measured_run_predicts_as_many_test_images_as_its_data_have():
    spec = next(s for s in expand("report") if s.strategy == "linear_probe" and s.n_labels == 500)
    ours, few = (record(spec, features=16.0, prediction=101.0, reused=0) for _ in range(2))
    few["data"] = {**few["data"], "test": 400}
    assert seconds(spec, [few], measured=[ours]) == pytest.approx(seconds(spec, [ours]) - 9_600 * 0.01)


def test_measured_times_are_those_of_a_run(monkeypatch):
    """With every step a hundredth of a second and every image a thousandth, the estimate is plain arithmetic."""
    monkeypatch.setattr(timing, "step_seconds", lambda *_: (0.5, 0.01))
    monkeypatch.setattr(timing, "image_seconds", lambda *_: 0.001)
    spec = next(s for s in expand("near-probes") if s.n_labels == 100 and s.image_size == 32)
    (measured,) = timing.measured([spec], lambda line: None)
    images = spec.augmentation_views * 80 + spec.test_images
    start = measured["timing"]["total"]["wall"] - sum(
        measured["timing"][part]["wall"] for part in ("head", "features", "prediction")
    )
    assert start >= 0.5
    assert seconds(spec, [measured]) == pytest.approx(0.01 * spec.steps("head", 80) + 0.001 * images + start)


def test_runs_share_what_they_start_from():
    by_name = {s.strategy: s for s in expand("report") if s.n_labels == 500 and s.seed == 0}
    keys = {name: shared_keys(spec, robust=True) for name, spec in by_name.items()}
    assert set(keys["linear_probe"]) == {"features", "test", "corrupted"}
    assert keys["linear_probe"]["features"] == keys["finetune_all"]["features"]
    assert "test" not in keys["finetune_all"]
    assert keys["linear_probe"]["test"] != keys["finetune_block5"]["test"]
    assert keys["scratch"] == {}
    other = by_name["linear_probe"].model_copy(update={"seed": 1})
    assert shared_keys(other)["test"] == keys["linear_probe"]["test"]
    assert shared_keys(other)["features"] != keys["linear_probe"]["features"]
    random = by_name["random_features"].model_copy(update={"seed": 1})
    assert shared_keys(random)["test"] != keys["random_features"]["test"]


def test_predict_is_timed_beside_a_loop_that_does_the_same(tmp_path, capsys):
    root = both(tmp_path / "photos", 4, name="photo{}.png")
    for path in root.rglob("*.png"):
        Image.open(path).resize((32, 32)).save(path)
    table = tmp_path / "classes.csv"
    predict_folder(root, SHIPPED, table)
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    p = predict_speed.keras_loop([root / row["file"] for row in rows], SHIPPED)
    assert [f"{x:.4f}" for x in p.max(axis=1)] == [row["probability"] for row in rows]
    out = tmp_path / "bench.json"
    assert main(["bench", "--predict", str(root), "--model", str(SHIPPED), "--out", str(out)]) == 0
    assert "8 pictures in batches of 64: predict" in capsys.readouterr().out
    found = json.loads(out.read_text())["predict"]
    assert found["pictures"] == 8 and found["predict"] > 0 and found["keras_loop"] > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--predict", "photos"], "--predict FOLDER and --model FILE belong together"),
        (
            ["--predict", "photos", "--model", "m.keras", "--keep"],
            "--keep: no page shows how fast predict is",
        ),
        (
            ["--predict", "{root}", "--model", str(SHIPPED)],
            "1 of 5 files cannot be read, such as cat/broken.png",
        ),
    ],
)
def test_what_cannot_be_timed_is_refused(options, said, tmp_path, capsys):
    root = both(tmp_path / "photos", 2)
    (root / "cat" / "broken.png").write_bytes(b"no picture")
    assert main(["bench", *(o.format(root=root) for o in options)]) == 2
    assert said in capsys.readouterr().err

"""What a model cost: its own time, the pretraining behind it, energy as an estimate; and the two-by-two of the arms."""

import json
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from fakes import fake_record, fake_spec, fake_study

from transferstudy.analysis.corners import NETWORKS, PLAIN, corners
from transferstudy.analysis.costs import cost as expense
from transferstudy.analysis.costs import estimate as cost
from transferstudy.analysis.study import Study
from transferstudy.cli import main
from transferstudy.data.splits import draw_sizes
from transferstudy.errors import StudyError
from transferstudy.experiments.energy import Estimator, load
from transferstudy.paths import energy_file
from transferstudy.report import benches, bill, claims, figures, tables
from transferstudy.report.claims.costs import in_words
from transferstudy.results.environment import describe, instructions
from transferstudy.results.environment import machine as in_words_of
from transferstudy.results.store import Store

mpl.use("Agg")

TABLE = {
    "estimator": "codecarbon", "version": "3", "processors": {"Known": 120.0, "Nameless": None}, "default_watts_per_core": 4,
    "memory_watts": {"16": 10.0, "32": 20.0}, "world_g_per_kwh": 475, "countries_g_per_kwh": {"FRA": 50.0, "IND": 700.0},
}  # fmt: skip
FOUR = ("finetune_all", "scratch", "small_finetune", "small_scratch")


def machine(processor: str, cores: int = 4, memory: int = 24, **more) -> dict:
    return {"processor": processor, "cores": cores, "memory_gib": memory, "accelerators": [], **more}


# ---- energy


def test_power_and_energy_by_the_rules_of_the_library():
    estimator = Estimator(TABLE)
    known, nameless = estimator.power(machine("Known")), estimator.power(machine("Nameless"))
    assert (known.core, known.memory, known.per_core, known.rated) == (30.0, 20.0, 35.0, True)
    assert (nameless.core, nameless.per_core, nameless.rated) == (4, 9.0, False)
    assert estimator.power(machine("never seen", memory=16)).per_core == 4 + 10 / 4
    assert estimator.power(machine("never seen", memory=9999)).memory == 20.0
    assert estimator.watt_hours(7200, machine("Known")) == 70.0  # two core-hours
    assert estimator.watt_hours(7200, machine("Known", accelerators=["a GPU"])) is None
    assert estimator.grams(1000) == 475
    assert estimator.grams(1000, "fra") == 50
    assert estimator.extremes == (50, 700)
    with pytest.raises(StudyError, match="--country XYZ"):
        estimator.intensity("XYZ")


def test_the_stored_tables_are_whole_and_cover_the_machines_of_the_records(tmp_path):
    estimator, store = load(), Store()
    for run_id in store.ids():
        assert estimator.power(store.load(run_id)["environment"]).per_core > 0
    copy = tmp_path / "codecarbon.json"
    copy.write_text(energy_file().read_text().replace("475", "47"))
    with pytest.raises(StudyError, match="it was edited"):
        load(copy)


def test_the_stored_tables_are_those_of_the_library(tmp_path):
    library = pytest.importorskip(
        "codecarbon", reason="needed only to make the tables in results/energy anew"
    )
    stored = json.loads(energy_file().read_text())
    if library.__version__ != stored["version"]:
        pytest.skip(f"codecarbon {library.__version__} is installed, the tables are of {stored['version']}")
    from transferstudy.experiments.energy.tables import make

    made = make(set(stored["processors"]), tmp_path / "again.json")
    for key in (
        "processors",
        "default_watts_per_core",
        "memory_watts",
        "world_g_per_kwh",
        "countries_g_per_kwh",
    ):
        assert made[key] == stored[key], key


def test_tables_cannot_be_made_without_the_library(monkeypatch, capsys):
    import sys

    monkeypatch.setitem(sys.modules, "codecarbon", None)
    assert main(["energy", "--update"]) == 2
    assert "pip install" in capsys.readouterr().err


# ---- time


def a_study(tmp_path, reused: int = 0) -> Study:
    """Two runs of a linear probe, of which the second may have taken over activations, and one from scratch."""
    store, specs = Store(tmp_path), []
    for strategy, seed in (("linear_probe", 0), ("linear_probe", 1), ("scratch", 0)):
        spec = fake_spec(strategy, 500, seed)
        record, predictions = fake_record(spec, 1.0, 100)
        taken = reused if seed else 0
        if strategy == "linear_probe":
            rows = {"computed": 2000 - taken, "reused": taken}
            record["activations"] = {"features": rows, "prediction": {"computed": 0, "reused": taken}}
            record["timing"]["features"] = {
                "wall": 10.0 * (1 - taken / 2000),
                "cpu": 20.0 * (1 - taken / 2000),
            }
        else:
            del record["timing"]["features"]
        store.save(record, predictions)
        specs.append(spec)
    return Study(specs, store)


@pytest.mark.parametrize("reused", [0, 500, 2000])
def test_a_run_is_charged_what_its_activations_would_have_cost(tmp_path, reused):
    study = a_study(tmp_path, reused)
    probe = study.arm("linear_probe", 500)
    assert expense.cpu_seconds(study, probe).tolist() == pytest.approx([50.0, 50.0])
    wall = 10.0 + 20.0 + len("linear_probe")
    assert expense.wall_seconds(study, probe).tolist() == pytest.approx([wall, wall])
    assert expense.training_rate(study, probe) == pytest.approx(80 * 32 / wall)
    assert expense.prediction_rate(study, probe) == pytest.approx((100 + 100) / 3.0)


def test_activations_are_charged_as_the_same_kind_of_machine_computes_them(tmp_path):
    study = a_study(tmp_path, 2000)
    computed, reused = study.arm("linear_probe", 500).records
    slow = {**reused["environment"], "processor": "A slow processor"}
    reused["environment"] = slow
    assert expense._features(study, reused, "cpu") == pytest.approx(20.0), "no other run was made on it"
    expense._rates.cache_clear()
    scratch = study.arm("scratch", 500).records[0]
    scratch.update(spec=computed["spec"], environment=slow)
    scratch["activations"] = {"features": {"computed": 2000, "reused": 0}}
    scratch["timing"]["features"] = {"wall": 30.0, "cpu": 60.0}
    assert expense._features(study, reused, "cpu") == pytest.approx(60.0)
    assert expense._features(study, computed, "cpu") == pytest.approx(20.0)


def on_gpu(record: dict) -> None:
    record["environment"] = {**record["environment"], "accelerators": ["A GPU"]}


def test_times_on_an_accelerator_do_not_mix_with_those_of_a_processor(tmp_path):
    study = a_study(tmp_path)
    probe, scratch = study.arm("linear_probe", 500), study.arm("scratch", 500)
    first, second = probe.records
    on_gpu(second)
    second["timing"]["head"]["cpu"] = 9e9
    expense._rates.cache_clear()
    assert expense.timed(study, probe) == (first,)
    assert expense.cpu_seconds(study, probe).tolist() == pytest.approx([50.0])
    assert expense.share_machines(study, probe, scratch), "seed 0 of both was made on the same machine"
    assert "one run on A GPU" in claims.cost(study)
    on_gpu(scratch.records[0])
    assert expense.timed(study, scratch) == ()
    assert not expense.share_machines(study, scratch, scratch)
    assert expense.prediction_rate(study, scratch) is None
    on_gpu(first)
    assert expense.timed(study, probe) == (first, second), (
        "a study made on accelerators throughout counts them all"
    )


def test_what_a_network_costs_in_use_is_the_ratio_of_its_rates(four, monkeypatch):
    pretrained, scratch = four.best(5000, True), four.best(5000, False)
    for arm, wall in ((pretrained, 10.0), (scratch, 2.5)):
        for record in arm.records:
            timing = {**record["timing"], "prediction": {**record["timing"]["prediction"], "wall": wall}}
            monkeypatch.setitem(record, "timing", timing)
    said = claims.in_use(four, 5000)
    assert f"*{scratch.strategy.label}* classifies [4.0](" in said
    assert f"times as many images in the same time as *{pretrained.strategy.label}*." in said
    monkeypatch.setattr(claims.costs, "prediction_rate", lambda study, arm: None)
    assert claims.in_use(four, 5000) == ""


def test_pages_of_cost_stand_without_the_times_of_an_arm(four, monkeypatch):
    from transferstudy import report

    best, other = four.best(5000, True), four.best(5000, False)
    for record in best.records:
        monkeypatch.setitem(record, "environment", {**record["environment"], "accelerators": ["A GPU"]})
    made = bill.bill(four, best)
    assert (made.cpu_seconds, made.watt_hours, made.whole_cpu_seconds) == (None, None, None)
    row = f"| {best.strategy.label} "
    for table in (report.tables.cost(four), report.tables.speed(four, 5000)):
        assert (
            next(line for line in table.data.splitlines() if line.startswith(row)).rstrip(" |").endswith("–")
        )
    assert "not known" in report.tables.energy(four, 5000).data
    assert "cannot be said" in claims.payback(four)
    assert "there is no estimate" in claims.energy(four)
    assert "core-minutes" not in claims.slides.slide_price(four)
    assert str(report.values(four).minutes(best.strategy.name, 5000)) == "not measured"
    for figure in (report.figures.cost(four), report.figures.gain(four, price=True)):
        texts = [t.get_text() for axis in figure.axes for t in axis.texts]
        assert texts and "nan" not in " ".join(texts)
    assert other.records


def test_predicting_test_images_is_no_part_of_the_price(tmp_path):
    study = a_study(tmp_path)
    scratch = study.arm("scratch", 500)
    assert expense.cpu_seconds(study, scratch).tolist() == [30.0]
    assert scratch.records[0]["timing"]["total"]["cpu"] > 30.0


def test_records_of_the_first_version_count_as_computed(tmp_path):
    study = fake_study(tmp_path, [("linear_probe", 500, 2)])
    assert expense.cpu_seconds(study, study.arm("linear_probe", 500)).tolist() == [38.0, 38.0]


# ---- the bill


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    return fake_study(tmp_path_factory.mktemp("four"), [(name, n, 3) for n in (500, 5000) for name in FOUR])


def test_the_share_of_the_pretraining(four):
    card = bill.pretraining_of("tiny-imagenet", "vgg16")
    assert (card.cpu_seconds, card.account) == (100 * 60 * 2, bill.REPORTED)
    assert bill.pretraining_of("tiny-imagenet-vgg16", "vgg16") == card, "the packed file is the same weights"
    own = bill.pretraining_of("tiny-imagenet-compact", "compact")
    assert own.account == bill.MEASURED
    assert own.cpu_seconds > 1000
    assert bill.pretraining_of("imagenet", "vgg16") is None

    tuned, scratch = (bill.bill(four, four.arm(name, 500)) for name in ("finetune_all", "scratch"))
    assert tuned.whole_cpu_seconds == pytest.approx(tuned.cpu_seconds + card.cpu_seconds)
    assert tuned.whole_wh == pytest.approx(tuned.watt_hours * (1 + card.cpu_seconds / tuned.cpu_seconds))
    assert scratch.whole_wh == scratch.watt_hours
    assert set(bill.pretrainings(four)) == {"VGG16", "the compact network"}


def test_what_nobody_knows_is_called_so(four, monkeypatch):
    monkeypatch.setattr(bill, "pretraining_of", lambda name, backbone: None)
    tuned = bill.bill(four, four.arm("finetune_all", 500))
    assert (tuned.known, tuned.whole_wh, tuned.whole_cpu_seconds) == (False, None, None)
    assert "not known" in tables.energy(four, 500).data
    assert "is not known" in claims.payback(four)
    assert bill.pretrainings(four) == {}


def test_an_accelerator_leaves_the_energy_open(tmp_path):
    study = fake_study(tmp_path, [("finetune_all", 500, 1), ("scratch", 500, 1)])
    for record in study.records.values():
        record["environment"]["accelerators"] = ["a GPU"]
    assert bill.bill(study, study.arm("scratch", 500)).watt_hours is None
    assert "there is no estimate" in claims.energy(study)
    assert "not known" in tables.energy(study, 500).data


def test_payback_turns_with_the_times(tmp_path):
    study = fake_study(tmp_path, [("finetune_all", 500, 1), ("scratch", 500, 1)])
    assert "never paid back" in claims.payback(study), "the made-up fine-tuning takes longer"
    study.arm("scratch", 500).records[0]["timing"]["main"]["cpu"] = 30.0 + 38.0 + 600.0
    # It now takes 638 seconds more with its own "features", which made-up runs all have: 12,000 / 600 = 20 and a bit.
    saved = (
        expense.cpu_seconds(study, study.arm("scratch", 500))[0]
        - expense.cpu_seconds(study, study.arm("finetune_all", 500))[0]
    )
    assert f"after {-(-12_000 // saved):.0f} models" in claims.payback(study)


def test_amounts_in_words():
    assert [in_words(x) for x in (0, 0.8163, 0.996, 4.96, 9.99, 46.7, 1234)] == [
        "0",
        "0.82",
        "1.0",
        "5.0",
        "10",
        "47",
        "1,200",
    ]
    assert in_words(201.6, 3) == "202"


def test_the_command_lists_every_arm(tmp_path, capsys):
    assert main(["energy", "--country", "FRA"]) == 0
    said = capsys.readouterr().out
    assert "an estimate by the tables of codecarbon" in said
    assert said.count("finetune_block5") == said.count("linear_probe") > 0
    assert main(["energy", "--country", "XX"]) == 2


# ---- two by two


@pytest.fixture(scope="module")
def corner_study(tmp_path_factory):
    arms = [(name, n, 3) for n in (500, 5000) for name in (*FOUR, "scratch_bn")]
    return fake_study(tmp_path_factory.mktemp("corners"), arms)


def test_two_by_two_of_network_and_pretraining(corner_study):
    found = corners(corner_study, 500)
    assert found.complete
    assert found.gain(NETWORKS[0]).b == "scratch_bn"  # the fair rival; the plain network comes beside it
    assert found.gain(PLAIN).b == "scratch"
    gains = [found.gain(network).mean for network in NETWORKS]
    mean, low, high, seeds = found.interaction
    assert mean == pytest.approx(gains[0] - gains[1])
    assert low < mean < high
    assert seeds == 3
    text = claims.two_by_two(corner_study)
    assert "VGG16 gains more from pretraining than the compact network" in text
    assert all(
        tables.two_by_two(corner_study).data.count(f"| VGG16, {rival} from scratch |") == 2
        for rival in ("batch norm", "plain")
    )


def test_two_by_two_with_an_empty_corner(tmp_path):
    study = fake_study(tmp_path, [(name, 500, 1) for name in ("finetune_all", "scratch_bn", "small_scratch")])
    assert corners(study, 500).interaction is None
    assert "corner of the comparison is empty" in claims.two_by_two(study)
    table = tables.two_by_two(study).data
    assert "VGG16, batch norm from scratch" in table
    assert "not run" in table
    texts = [t.get_text() for t in figures.two_by_two(study).findobj(mpl.text.Text)]
    assert "Compact network, pretrained: not run" in texts


def test_a_difference_of_differences_that_is_none_is_called_unsettled(tmp_path):
    from fakes import STRENGTH

    same = {**STRENGTH, "finetune_all": 2.0, "scratch_bn": 2.0, "small_finetune": 2.0, "small_scratch": 2.0}
    study = fake_study(tmp_path, [(name, 500, 3) for name in (*FOUR, "scratch_bn")], same)
    assert np.sign(corners(study, 500).interaction[1]) < 0 < corners(study, 500).interaction[2]
    assert "do not tell which of the two gains more" in claims.two_by_two(study)


# ---- the bench on its page


def test_the_page_reads_the_bench_and_says_what_it_missed(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TRANSFERSTUDY_RESULTS", str(tmp_path))
    assert benches.sentence().count("Not measured yet") == 2
    assert "not measured yet" in benches.table().data
    monkeypatch.setattr(
        "transferstudy.experiments.bench.workers",
        lambda runs, steps: {
            "runs": runs, "steps": steps, "cores_per_worker": 1, "seconds": {1: 30.0, 2: 20.0}, "start_seconds": {1: 5.0, 2: 5.0},
            "speedup": 1.5,
        },
    )  # fmt: skip
    assert main(["bench", "--workers", "--keep", "--results", str(tmp_path)]) == 0
    assert "workers.json written" in capsys.readouterr().out
    assert "The workers were measured on" in benches.sentence()
    assert "1.7, missed" in benches.table().data
    path = tmp_path / "bench" / "workers.json"
    path.write_text(path.read_text().replace("1.5", "1.9"))
    with pytest.raises(StudyError, match="it was edited"):
        benches.sentence()


def test_the_page_shows_kept_activations_beside_the_ceiling(monkeypatch):
    one = {"without_cache": 30.0, "with_cache": 1.0, "speedup": 30.0, "ceiling": 9000.4}
    two = {"without_cache": 40.0, "with_cache": 10.0, "speedup": 4.0, "ceiling": 4.35}
    env = {"processor": "P", "cores": 2, "backend": "tensorflow"}
    kept = {"save_seconds": 0.2, "load_seconds": 0.1, "test_images": 10_000, "bytes": 90_000}
    made = SimpleNamespace(
        training={
            "linear_probe": one,
            "finetune": two,
            "store": kept,
            "environment": env,
            "made": "2026-01-01",
        }
    )
    monkeypatch.setattr(benches, "stored", lambda what: getattr(made, what, None))
    assert "reading it back 0.10 s" in benches.sentence()
    assert "| 9,000 |" in benches.table().data
    assert "| 4.3 |" in benches.table().data or "| 4.4 |" in benches.table().data
    assert benches.table().data.count("reached") == 2


def test_a_machine_is_told_by_processor_instructions_and_cores():
    old = {"processor": "P", "cores": 2}
    assert in_words_of(old) == "P, 2 cores"
    assert in_words_of({**old, "instructions": []}) == "P, 2 cores"
    assert in_words_of({**old, "instructions": ["X86_V2", "X86_V3"]}) == "P (X86_V3), 2 cores"
    assert instructions() == describe()["instructions"]


def test_cost_on_two_kinds_of_machine_is_called_a_rough_comparison(tmp_path):
    study = fake_study(tmp_path, [("finetune_all", 500, 2), ("scratch_bn", 500, 2)])
    assert "compare the times roughly" not in claims.cost(study)
    study.arm("scratch_bn", 500).records[1]["environment"]["instructions"] = ["X86_V3"]
    assert "Not all runs were made on the same kind of machine, so compare the times roughly." in claims.cost(
        study
    )


def test_an_estimate_takes_runs_made_on_such_a_machine_before_others():
    spec = fake_spec("scratch_bn", 500)
    slow, fast = (fake_record(spec, 1.0)[0] for _ in range(2))
    for record, wall, instructions_ in ((slow, 400.0, ["X86_V3"]), (fast, 20.0, ["X86_V4"])):
        record["environment"]["instructions"] = instructions_
        for part in ("main", "total"):
            record["timing"][part] = {"wall": wall, "cpu": 2 * wall}
    both = [slow, fast]
    for record in both:
        alone = cost.seconds(spec, [record])
        assert cost.seconds(spec, both, here=in_words_of(record["environment"])) == pytest.approx(alone)
    between = cost.seconds(spec, both)
    assert cost.seconds(spec, [fast]) < between < cost.seconds(spec, [slow])
    assert cost.seconds(spec, both, here="another machine") == pytest.approx(between)


def test_an_estimate_counts_a_step_by_its_images_where_no_run_had_that_batch():
    spec = fake_spec("scratch_bn", 500, batch_size=16)
    twice = fake_spec("scratch_bn", 500, batch_size=32)
    record = fake_record(spec, 1.0)[0]
    total, cores = record["timing"]["total"], record["environment"]["cores"]
    busy = min(1.0, total["cpu"] / (total["wall"] * cores))
    step = busy * record["timing"]["main"]["wall"] / record["phases"][0]["steps"]
    steps = [s.steps("main", draw_sizes(500)[0]) for s in (spec, twice)]
    more = cost.seconds(twice, [record]) - cost.seconds(spec, [record])
    assert more == pytest.approx(step * (2 * steps[1] - steps[0]))
    other = fake_record(twice, 1.0)[0]
    assert cost.seconds(spec, [record, other]) == cost.seconds(spec, [record])


def test_sizes_run_on_different_machines_are_not_compared(tmp_path):
    arms = [(name, n, 1) for name in ("finetune_all", "scratch") for n in (500, 1000)]
    same, moved = fake_study(tmp_path / "a", arms), fake_study(tmp_path / "b", arms)
    for arm in moved.at(500):
        arm.records[0]["environment"]["processor"] = "Another processor"
    for study, words, label in (
        (same, "", "core-minutes of training"),
        (moved, "compare times within a number of labels.", "core-minutes (row by row)"),
    ):
        assert claims.machines(study).endswith(words)
        assert claims.cost(study).endswith(words or "not in these numbers.")
        drawn = figures.gain(study, price=True)
        assert drawn.axes[1].get_xlabel() == label
    assert claims.machines(same) == ""


def test_one_size_run_on_different_machines_is_compared_roughly_and_makes_no_heading(tmp_path):
    study = fake_study(tmp_path, [(name, n, 2) for name in ("finetune_all", "scratch") for n in (500, 1000)])
    tuned, scratch = (study.arm(name, 1000) for name in ("finetune_all", "scratch"))
    scratch.records[0]["timing"]["main"]["cpu"] = 2000.0  # so that transfer saves time and can pay back
    assert "the computing" in claims.slide_price(study)
    assert not claims.payback(study).endswith("kinds of machine.")
    scratch.records[0]["environment"]["processor"] = "Another processor"
    assert claims.machines(study).endswith("so compare times roughly.")
    assert claims.payback(study).endswith("kinds of machine.")
    assert figures.gain(study, price=True).axes[1].get_xlabel() == "core-minutes, roughly"
    assert "the computing" not in claims.slide_price(study)
    assert claims.slide_price(study) == claims.slide_trend(study).rstrip(".")
    # The other arm moves along: seed by seed both were trained alike, so the times compare again.
    tuned.records[0]["environment"]["processor"] = "Another processor"
    assert "the computing" in claims.slide_price(study)
    assert not claims.payback(study).endswith("kinds of machine.")

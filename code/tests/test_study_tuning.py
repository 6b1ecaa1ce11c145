"""The plan's tuning rule: who wins, what follows, and that the settings file holds what the results chose."""

import tomllib

from fakes import fake_record, fake_spec

from transferstudy.analysis.tuning import FOLLOWS, as_toml, rate_knob, winner, winners
from transferstudy.cli import main
from transferstudy.paths import PRESETS, project_root
from transferstudy.presets import expand, preset_table, toml_tables, untuned
from transferstudy.report import tuning
from transferstudy.store import Store

RATES = (3e-5, 1e-4, 3e-4)


def tried(store, scores, strategy="finetune_all", decays=(1e-4,)):
    """Store made-up tuning runs: one (accuracy, loss) on validation images for each rate and decay."""
    specs = [
        fake_spec(strategy, 500, **{rate_knob(strategy): rate}, weight_decay=decay, purpose="tuning")
        for rate in RATES
        for decay in decays
    ]
    for spec, (accuracy, loss) in zip(specs, scores, strict=True):
        record, predictions = fake_record(spec, 1.0, 20)
        record["metrics"] = {"val": {**record["metrics"]["val"], "accuracy": accuracy, "nll": loss}}
        store.save(record, {k: v for k, v in predictions.items() if k.startswith("val")})
    return specs


def test_the_highest_validation_accuracy_wins_and_ties_go_to_the_lower_loss(tmp_path):
    store = Store(tmp_path)
    specs = tried(store, [(0.5, 1.0), (0.6, 1.4), (0.6, 1.2)])
    found = winner(specs, store)
    assert (found.rate, found.accuracy, found.worst, found.tried) == (3e-4, 0.6, 0.5, 3)
    assert found.ids[0] == specs[2].id
    assert found.edge == "highest"


def test_a_winner_between_two_rates_is_at_no_edge(tmp_path):
    store = Store(tmp_path)
    found = winner(tried(store, [(0.5, 1.0), (0.6, 1.4), (0.4, 1.2)]), store)
    assert (found.rate, found.edge) == (1e-4, None)


def test_decay_is_chosen_with_the_rate(tmp_path):
    store = Store(tmp_path)
    specs = tried(store, [(0.5, 1), (0.6, 1), (0.1, 1), (0.7, 1), (0.2, 1), (0.3, 1)], decays=(1e-4, 1e-2))
    found = winner(specs, store)
    assert (found.rate, found.weight_decay, found.tried) == (1e-4, 1e-2, 6)


def test_a_strategy_whose_runs_are_not_all_there_has_no_winner(tmp_path):
    store = Store(tmp_path)
    specs = tried(store, [(0.5, 1.0), (0.6, 1.4), (0.4, 1.2)])
    store.record_path(specs[0].id).unlink()
    assert winners(store, specs) == []


def test_depths_in_between_take_what_suits_the_whole_network(tmp_path):
    store = Store(tmp_path)
    text = as_toml([winner(tried(store, [(0.5, 1.0), (0.6, 1.4), (0.4, 1.2)]), store)])
    for name in ("finetune_all", *FOLLOWS):
        assert f"[tuned.500.{name}]\nlearning_rate = 0.0001\nweight_decay = 0.0001\n" in text


def test_the_settings_file_holds_the_winners_of_the_stored_runs():
    """Every table is what the rule gives; where all strategies are tuned at a size, its tables are there."""
    found = winners(Store(project_root() / "results"))
    names = {spec.strategy for spec in expand("tuning")}
    by_rule = tomllib.loads(as_toml(found))["tuned"]
    in_file = toml_tables(PRESETS)["tuned"]
    for size, tables in in_file.items():
        for strategy, settings in tables.items():
            assert by_rule[size][strategy] == settings, f"{strategy} at {size} labels"
    for size in {w.n_labels for w in found}:
        if {w.strategy for w in found if w.n_labels == size} == names:
            assert in_file[str(size)] == by_rule[str(size)]
    assert set(in_file["500"]) >= names


def test_runs_of_the_grid_carry_the_tuned_settings():
    tuned = toml_tables(PRESETS)["tuned"]
    for preset in ("report", "depth", "resolution"):
        sizes = preset_table(preset)["tuned"]
        seen = 0
        for spec in expand(preset):
            for knob, value in tuned.get(str(sizes[str(spec.n_labels)]), {}).get(spec.strategy, {}).items():
                assert getattr(spec, knob) == value
                seen += 1
        assert seen


def test_pages_say_which_winners_lie_at_the_edge(tmp_path):
    store = Store(tmp_path)
    inner = winner(tried(store, [(0.5, 1.0), (0.6, 1.4), (0.4, 1.2)]), store)
    outer = winner(tried(store, [(0.5, 1.0), (0.6, 1.4), (0.7, 1.2)], "scratch"), store)
    assert "No winner lies at the edge" in tuning.edges([inner])
    assert "tried for 500 optimiser steps" in tuning.edges([inner]), "as presets.toml has it"
    assert "Not tuned yet: 5,000 labels." in tuning.edges([inner])
    assert "do better: Scratch, plain (highest, 500 labels)." in tuning.edges([inner, outer])
    assert "run --preset tuning" in tuning.edges([])


def test_the_table_of_winners_has_their_accuracy_and_the_worst(tmp_path):
    store = Store(tmp_path)
    found = winner(tried(store, [(0.5, 1.0), (0.6, 1.4), (0.4, 1.2)]), store)
    row = tuning.outcome([found]).data.splitlines()[2]
    rate = f"[0.0001](/results/runs/{found.ids[0]}.json){{.value}}"
    assert row == f"| 500 | Fine-tune all | {rate} | 0.0001 | 60.0 | 40.0 | – |"


SETTINGS = """
[defaults]
dataset = "cifar10"
image_size = 32
backbone = "vgg16"
[strategies.scratch]
weights = "none"
learning_rate = 1e-3
epochs = 1
[presets.p]
n_labels = [100, 500]
seeds = [0]
strategies = ["scratch"]
[presets.p.tuned]
500 = 200
"""


def test_an_arm_whose_settings_are_not_tuned_yet_is_named(tmp_path):
    path = tmp_path / "presets.toml"
    path.write_text(SETTINGS)
    assert untuned("p", path) == [("scratch", 500)]
    tuned = tmp_path / "tuned.toml"
    tuned.write_text(f"{SETTINGS}[tuned.200.scratch]\nlearning_rate = 3e-4\n")
    assert untuned("p", tuned) == []
    assert [s.learning_rate for s in expand("p", tuned)] == [1e-3, 3e-4]


def test_untuned_runs_are_refused_with_what_to_do(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("transferstudy.presets.untuned", lambda name: [("scratch", 1000)])
    assert main(["run", "--preset", "report", "--only", "n_labels=1000", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "scratch at 1,000 labels" in said
    assert "run --preset tuning" in said
    assert not list(tmp_path.iterdir())


def test_the_command_prints_tables_for_the_settings_file(capsys, tmp_path):
    assert main(["tuned"]) == 0
    assert capsys.readouterr().out == as_toml(winners(Store(project_root() / "results")))
    assert main(["tuned", "--results", str(tmp_path)]) == 2
    assert "run --preset tuning" in capsys.readouterr().err

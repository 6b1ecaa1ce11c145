"""The plan's tuning rule: who wins, what follows, and that the settings file holds what the results chose."""

import re
import tomllib

import pytest
from fakes import fake_record, fake_spec

from transferstudy.analysis.tuning import FOLLOWS, as_toml, beyond, rate_knob, winner, winners
from transferstudy.cli import main
from transferstudy.errors import StudyError
from transferstudy.paths import PRESETS, project_root
from transferstudy.plan.presets import expand, preset_table, toml_tables, untuned
from transferstudy.plan.spec import RunSpec
from transferstudy.report import tuning
from transferstudy.results.store import Store

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


def test_a_depth_with_a_search_of_its_own_follows_nobody_and_what_the_file_holds_is_left_out(tmp_path):
    store = Store(tmp_path)
    found = [winner(tried(store, [(0.5, 1.0), (0.6, 1.4), (0.4, 1.2)]), store)]
    text = as_toml(found, "second", {"finetune_all", "finetune_block3"}, {"500": {"finetune_block2": {}}})
    assert re.findall(r"second\.500\.(\w+)", text) == ["finetune_all", "finetune_block4"]


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


def test_a_study_of_own_images_takes_the_probe_of_the_lowest_validation_loss():
    store, own = Store(project_root() / "results"), toml_tables(PRESETS)["own"]
    probes = [s for name in ("search", "search-decay") for s in expand(name) if s.strategy == "linear_probe"]
    assert {s.n_labels for s in probes} == {int(size) for size in own}
    for size, table in own.items():
        losses: dict[tuple[float, float], list[float]] = {}
        for spec in (s for s in probes if s.n_labels == int(size)):
            setting = spec.head_learning_rate, spec.weight_decay
            losses.setdefault(setting, []).append(store.load(spec.id)["metrics"]["val"]["nll"])
        best = min(losses, key=lambda setting: sum(losses[setting]) / len(losses[setting]))
        assert tuple(table["linear_probe"].values()) == best


def test_runs_of_the_grid_carry_the_tuned_settings():
    tuned = toml_tables(PRESETS)["tuned"]
    for preset in ("cpu", "gpu", "long", "depth", "resolution"):
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
    assert "for 500 optimiser steps each" in tuning.edges([inner]), "as presets.toml has it"
    assert "Not tuned yet: 5,000 labels." in tuning.edges([inner])
    assert "Of 2 winners 1 lies at the edge" in tuning.edges([inner, outer])
    assert "Of 5 winners 4 lie at the edge of the rates tried" in tuning.edges([inner, *4 * [outer]])
    assert "run --preset tuning" in tuning.edges([])


def test_the_table_of_winners_has_their_accuracy_and_the_worst(tmp_path):
    store = Store(tmp_path)
    found = winner(tried(store, [(0.5, 1.0), (0.6, 1.4), (0.4, 1.2)]), store)
    row = tuning.outcome([found]).data.splitlines()[2]
    rate = f"[0.0001](/results/runs/{found.ids[0]}.json){{.value}}"
    assert row == f"| 500 | Fine-tune all | {rate} | 0.0001 | 60.0 | 40.0 | – |"


def beyond_edge(store, found, rate, right, **other):
    """Store a made-up run beyond a winner's edge that gets so many of 100 validation images right; return its spec."""
    own = {**store.load(found.ids[0])["spec"], found.knob: rate, **other}
    spec = RunSpec.parse(own, "a test")
    record, predictions = fake_record(spec, 1.0, 20)
    record["metrics"] = {"val": {**record["metrics"]["val"], "accuracy": right / 100}}
    store.save(record, {k: v for k, v in predictions.items() if k.startswith("val")})
    return spec


def test_a_rate_beyond_the_edge_is_set_beside_the_winner(tmp_path):
    store = Store(tmp_path)
    high = winner(tried(store, [(0.5, 1.0), (0.6, 1.4), (0.7, 1.2)], "scratch"), store)
    low = winner(tried(store, [(0.5, 1.0), (0.4, 1.4), (0.3, 1.2)]), store)
    inner = winner(tried(store, [(0.5, 1.0), (0.6, 1.4), (0.4, 1.2)], "finetune_block5"), store)
    assert tuning.missed([inner], []) == ""
    assert "was not tried: `python -m transferstudy run --preset edges` does it" in tuning.missed([high], [])
    specs = [beyond_edge(store, high, 1e-3, 73), beyond_edge(store, low, 1e-5, 45)]
    found = beyond([high, low, inner], store, specs)
    assert [(b.winner.strategy, b.rate, b.images) for b in found] == [
        ("scratch", 1e-3, 3),
        ("finetune_all", 1e-5, -5),
    ]
    text = tuning.missed([high, low, inner], found)
    assert "at each of these edges" in text
    assert "in 1 of 2 cases" in text
    gain = f"The largest gain is [3.0](/results/runs/{specs[0].id}.json){{.value}} points on 100 validation images"
    assert f"{gain}: Plain VGG16 from scratch with 500 labels." in text
    worse = [b for b in found if b.images <= 0]
    assert "never did better than the winner" in tuning.missed([low], worse)
    assert "at 1 of 2 of these edges" in tuning.missed([high, low], found[:1])
    rows = tuning.outcome([high, low], found).data.splitlines()[2:]
    assert [row.split(" | ")[-1] for row in rows] == [
        f"[73.0](/results/runs/{specs[0].id}.json){{.value}} |",
        f"[45.0](/results/runs/{specs[1].id}.json){{.value}} |",
    ]


@pytest.mark.parametrize(("rate", "other"), [(1e-5, {}), (1e-3, {"weight_decay": 0.1})])
def test_a_run_beyond_that_is_no_neighbour_of_the_winner_is_refused(tmp_path, rate, other):
    store = Store(tmp_path)
    high = winner(tried(store, [(0.5, 1.0), (0.6, 1.4), (0.7, 1.2)], "scratch"), store)
    with pytest.raises(
        StudyError, match=r"edges: scratch at 500 labels .* with a higher rate; mend the preset"
    ):
        beyond([high], store, [beyond_edge(store, high, rate, 73, **other)])


def test_every_edge_of_the_stored_tuning_has_a_run_beyond_and_nothing_else_has():
    found = winners(Store(project_root() / "results"))
    at_edge = [(w.strategy, w.n_labels) for w in found if w.edge]
    assert sorted(spec.arm for spec in expand("edges")) == sorted(at_edge)


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
    monkeypatch.setattr("transferstudy.plan.presets.untuned", lambda name: [("scratch", 1000)])
    assert main(["run", "--preset", "report", "--only", "n_labels=1000", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "scratch at 1,000 labels" in said
    assert "run --preset tuning" in said
    assert not list(tmp_path.iterdir())


def test_the_command_prints_tables_for_the_settings_file(capsys, tmp_path):
    assert main(["tuned"]) == 0
    assert capsys.readouterr().out == as_toml(winners(Store(project_root() / "results")))
    assert main(["tuned", "--new"]) == 0
    assert capsys.readouterr().out == ""  # presets.toml holds them all
    assert main(["tuned", "--results", str(tmp_path)]) == 2
    assert "run --preset tuning" in capsys.readouterr().err

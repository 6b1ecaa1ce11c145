"""Runs made twice, and arms trained for longer: what is kept, what is said, what is refused."""

import numpy as np
import pytest
from fakes import fake_record, fake_spec, fake_study

from transferstudy import report
from transferstudy.analysis import repeated_runs as agreement
from transferstudy.cli import main
from transferstudy.errors import StudyError
from transferstudy.report import again, long_schedule
from transferstudy.results.store import Store

ARMS = [("linear_probe", 0), ("linear_probe", 1), ("scratch", 0), ("scratch", 1)]


def made_twice(tmp_path, shift: float = 0.0) -> tuple[Store, Store]:
    """Two stores of the same runs; `shift` makes the second ones better."""
    stores = Store(tmp_path / "first"), Store(tmp_path / "second")
    for strategy, seed in ARMS:
        spec = fake_spec(strategy, 500, seed)
        for store, strength in zip(stores, (1.5, 1.5 + shift), strict=True):
            record, predictions = fake_record(spec, strength, 400)
            if store is stores[1]:
                record["environment"] |= {"backend": "jax", "accelerators": ["A GPU"]}
                rng = np.random.default_rng(seed)
                noise = rng.normal(scale=0.4, size=predictions["test_log_p"].shape)
                predictions["test_log_p"] = (predictions["test_log_p"] + noise).astype(np.float16)
            store.save(record, predictions)
    return stores


def test_what_is_kept_can_be_computed_anew(tmp_path):
    first, second = made_twice(tmp_path)
    record = agreement.keep(first, second)
    assert [row["id"] for row in record["runs"]] == first.ids()
    for row in record["runs"]:
        ours, theirs = first.predictions(first.load(row["id"])), second.predictions(second.load(row["id"]))
        tops = [p["test_log_p"].argmax(axis=1) for p in (ours, theirs)]
        assert row["changed"] == pytest.approx((tops[0] != tops[1]).mean())
        assert row["changed"] > 0
        assert row["accuracy"] == pytest.approx([(t == ours["test_y"]).mean() for t in tops])
        assert (row["first"]["backend"], row["second"]["backend"]) == ("tensorflow", "jax")
        assert row["second"]["machine"].endswith("A GPU")
    assert agreement.check(first) == len(ARMS)
    assert agreement.check(second) == 0, "nothing was made again there"


def test_a_change_of_either_side_is_noticed(tmp_path):
    first, second = made_twice(tmp_path)
    agreement.keep(first, second)
    spec = fake_spec("scratch", 500, 0)
    first.save(*fake_record(spec, 3.0, 400))
    with pytest.raises(StudyError, match=f"run {spec.id} differs"):
        agreement.check(first)
    (first.root / "again" / "classes.npz.xz").write_bytes(b"cut short")
    with pytest.raises(StudyError, match=r"classes\.npz\.xz: damaged or edited"):
        agreement.check(first)


def test_other_images_are_refused_and_nothing_is_written(tmp_path):
    first, second = made_twice(tmp_path)
    record, predictions = fake_record(fake_spec("scratch", 500, 0), 1.5, 400)
    record["data"]["sha256"] = "33" * 32
    second.save(record, predictions)
    with pytest.raises(StudyError, match="made again from other data"):
        agreement.keep(first, second)
    assert not agreement.path_of(first.root).exists()


def test_the_command_names_an_empty_folder(tmp_path, capsys):
    first, second = made_twice(tmp_path)
    assert main(["again", str(tmp_path / "nothing"), "--results", str(first.root)]) == 2
    assert "holds no run" in capsys.readouterr().err
    assert main(["again", str(second.root), "--results", str(first.root)]) == 0
    assert "4 runs made twice" in capsys.readouterr().out


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "no sign of a difference"), (1.5, "came out better")])
def test_the_sentence_follows_the_runs(tmp_path, monkeypatch, shift, verdict):
    first, second = made_twice(tmp_path, shift)
    agreement.keep(first, second)
    monkeypatch.setattr(again, "results_dir", lambda: first.root)
    said = again.sentence()
    assert verdict in said
    assert "TensorFlow on Imaginary processor" in said
    assert "JAX on" in said
    assert "which each backend draws for itself" in said
    rows = again.table().data.splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["Linear probe", "Plain VGG16 from scratch"]
    changes = np.subtract(*np.array([r["accuracy"] for r in agreement.load(first.root)["runs"]]).T[::-1])
    low, high = again.interval(changes)
    assert low < changes.mean() < high


def test_without_such_runs_the_page_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(again, "results_dir", lambda: tmp_path)
    assert agreement.AGAIN in again.sentence()
    assert "no run was made again" in again.table().data


# ---- longer schedules

LONG = [("scratch_bn", 50_000, 2), ("finetune_all", 50_000, 2)]


def stronger(study, strategy: str, by: float):
    """Replace an arm's test predictions by better ones."""
    for record in study.arm(strategy, 50_000).records:
        spec = fake_spec(strategy, 50_000, record["spec"]["seed"])
        made, predictions = fake_record(spec, by, record["data"]["test"])
        study.store.save({**record, "metrics": made["metrics"]}, predictions)


@pytest.mark.parametrize(
    ("scratch", "words"),
    [(5.0, "this rival from scratch is ahead"), (0.1, "transfer is ahead of this rival")],
)
def test_patience_says_who_leads_in_the_end(tmp_path, scratch, words):
    arms = [(name, n, 1) for name, n, _ in LONG]  # two seeds tell little: an interval from them is wide
    study = fake_study(tmp_path / "short", arms)
    longer = fake_study(tmp_path / "long", arms, name="long")
    stronger(longer, "scratch_bn", scratch)
    longer = type(longer)(longer.specs, longer.store, name="long")
    said = long_schedule.sentence(study, longer)
    assert words in said
    assert "too few for a verdict" in said
    assert len(long_schedule.table(study, longer).data.splitlines()) == 4
    short = long_schedule.in_short(study, longer)
    assert ("falls behind" in short) == ("scratch is ahead" in words)
    assert ("stays ahead of" in short) == ("transfer is ahead" in words)


def test_arms_that_were_not_run_for_longer_are_left_out(tmp_path):
    study = fake_study(tmp_path / "short", [("linear_probe", 50_000, 2)])
    longer = fake_study(tmp_path / "long", LONG, name="long")
    assert long_schedule.sentence(study, longer) == "No arm was run on a longer schedule."
    assert "No transfer arm was trained for longer" in long_schedule.in_short(study, longer)


def test_both_schedules_are_compared_over_the_seeds_that_both_have(tmp_path):
    study = fake_study(tmp_path / "short", [(name, n, 3) for name, n, _ in LONG])
    longer = fake_study(tmp_path / "long", LONG, name="long")
    for short, long in long_schedule.pairs(study, longer):
        assert short.seeds == long.seeds == (0, 1)
    assert "2 seeds" in long_schedule.sentence(study, longer)
    assert "3 seeds" not in long_schedule.sentence(study, longer)
    assert "on a GPU" not in long_schedule.sentence(study, longer)
    for record in longer.records.values():
        longer.store.save_record(
            {**record, "environment": {**record["environment"], "accelerators": ["A GPU"]}}
        )
    longer = type(longer)(longer.specs, longer.store, name="long")
    assert "the longer ones on a GPU" in long_schedule.sentence(study, longer)


def test_the_stored_long_runs_differ_from_the_main_ones_in_length_only():
    study, longer = report.load(), report.load("long")
    for short, long in long_schedule.pairs(study, longer):
        a, b = ({**arm.records[0]["spec"], "epochs": None, "seed": None} for arm in (short, long))
        assert a == b
        assert long.records[0]["spec"]["epochs"] == 4 * short.records[0]["spec"]["epochs"]


def test_depths_say_where_machines_differ(tmp_path):
    depths = [("linear_probe", 1000, 3), ("finetune_block5", 1000, 3), ("finetune_block4", 1000, 3)]
    study = fake_study(tmp_path, depths, name="depth")
    assert "GPU" not in report.claims.depth_steps(study)
    for record in study.arm("finetune_block4", 1000).records:
        record["environment"] = {**record["environment"], "accelerators": ["A GPU"]}
    assert "*Fine-tune from block 4* was trained on a GPU" in report.claims.depth_steps(study)


def test_the_plan_names_the_length_that_the_presets_hold():
    assert report.declared.longer() == "4"
    assert report.declared.longer("gpu") == "1", "more seeds, no longer ones"

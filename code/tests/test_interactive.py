"""The data behind the pieces that readers move: equal to the results where they were measured, never outside, safe to embed."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from fakes import fake_images, fake_study

from transferstudy import cli, report
from transferstudy.analysis.comparison import MIN_SEEDS, arm_interval
from transferstudy.analysis.interpolation import (
    Saving,
    interpolate,
    interpolated,
    positions,
    straight_line_gap,
)
from transferstudy.analysis.label_efficiency import Labels, bounds, labels_needed, scratch_curve, worth
from transferstudy.analysis.misclassified import confident_mistakes, mistakes
from transferstudy.errors import StudyError
from transferstudy.experiments import sheet
from transferstudy.report import interactive
from transferstudy.report.interactive import parts
from transferstudy.report.interactive.worth import expected, needed, saved, worth_data
from transferstudy.results.metrics import measure

# Unequal seeds, and strategies that were not run everywhere.
ARMS = [
    ("linear_probe", 100, 3),
    ("linear_probe", 1000, 2),
    ("finetune_all", 100, 3),
    ("finetune_all", 1000, 3),
    ("finetune_all", 5000, 1),
    ("scratch_bn", 100, 2),
    ("scratch_bn", 1000, 3),
    ("scratch_bn", 5000, 1),
    ("small_scratch", 1000, 1),
]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = fake_study(tmp_path_factory.mktemp("results"), ARMS)
    sheet.make(made, fake_images(made), budget=60)
    return made


@pytest.fixture(scope="module")
def found(study):
    return interpolated(study)


def test_positions_are_the_sizes_and_round_numbers_between():
    at = positions([500, 5000, 1234])
    assert {500, 1234, 5000, 1000, 2600} <= set(at)
    assert list(at) == sorted(set(at))
    assert (at[0], at[-1]) == (500, 5000)
    assert max(b / a for a, b in pairwise(at)) < 1.25
    assert positions([100]) == (100,)
    assert {12, 95} <= set(positions([12, 95]))


def test_a_curve_goes_through_its_points_and_stays_between_them():
    sizes, accuracy = [100, 500, 5000], [0.3, 0.7, 0.65]
    assert interpolate(sizes, accuracy, sizes).tolist() == accuracy
    inside = interpolate(sizes, accuracy, [100, 200, 499])
    assert (np.diff(inside) > 0).all()
    assert inside.max() <= 0.7
    falling = interpolate(sizes, accuracy, [501, 2000, 4999])
    assert (np.diff(falling) < 0).all()
    assert interpolate([100], [0.4], [100, 100]).tolist() == [0.4, 0.4]
    for outside in (99, 5001):
        with pytest.raises(ValueError, match="not within the measured sizes"):
            interpolate(sizes, accuracy, [200, outside])


def test_many_resamples_are_read_as_one_curve_is():
    rng = np.random.default_rng(3)
    sizes = [100, 500, 5000]
    curves = 0.4 + 0.3 * np.sort(rng.random((3, 40)), axis=0) + 0.05 * rng.normal(size=(3, 40))
    wanted = 0.35 + 0.4 * rng.random((5, 40))
    for (low, high), goals in zip(bounds(sizes, curves, wanted), wanted, strict=True):
        each = [labels_needed(sizes, c, g) for c, g in zip(curves.T, goals, strict=True)]
        logs = [np.log(x.number) + {"": 0, "more": 1e-6, "fewer": -1e-6}[x.side] for x in each]
        for end, q in ((low, 0.025), (high, 0.975)):
            value = np.quantile(logs, q)
            side = "more" if value > np.log(5000) else "fewer" if value < np.log(100) else ""
            assert end.side == side
            assert end.number == pytest.approx(np.clip(np.exp(value), 100, 5000))


def test_at_a_measured_size_everything_is_what_other_pages_say(study, found):
    for arm in study.arms.values():
        estimate = found.accuracy[arm.strategy.name][found.positions.index(arm.n_labels)]
        assert estimate.mean == arm.accuracy
        assert (estimate.low, estimate.high) == arm_interval(study, arm)
    for n in study.contested:
        saving = found.savings[found.positions.index(n)]
        known = worth(study, study.best(n, True))
        assert (saving.needed, saving.low, saving.high) == (known.equal_at, known.low, known.high)
        assert saving.seeds == known.seeds
        assert saving.transfer.mean == study.best(n, True).accuracy
        assert saving.scratch.mean == study.best(n, False).accuracy


def test_nothing_is_said_outside_the_sizes_of_a_strategy(study, found):
    for name, row in found.accuracy.items():
        sizes = study.sizes_of(name)
        for n, estimate in zip(found.positions, row, strict=True):
            assert (estimate is None) == (not sizes[0] <= n <= sizes[-1])
    assert found.accuracy["small_scratch"].count(None) == len(found.positions) - 1


def test_between_two_sizes_mean_and_interval_lie_between_theirs(study, found):
    row = found.accuracy["scratch_bn"]
    at = found.positions
    ends = {n: row[at.index(n)] for n in (100, 1000)}
    inside = [e for n, e in zip(at, row, strict=True) if 100 < n < 1000]
    assert all(ends[100].mean < e.mean < ends[1000].mean for e in inside)
    assert all(e.low <= e.mean <= e.high for e in inside)
    widths = [ends[n].high - ends[n].low for n in ends]
    assert all(e.high - e.low < 1.15 * max(widths) for e in inside)
    curve = scratch_curve(study)
    saving = found.savings[at.index(500)]
    assert saving.needed == labels_needed(
        [a.n_labels for a in curve], [a.accuracy for a in curve], saving.transfer.mean
    )
    assert saving.seeds == 1, (
        "the points around the labels needed, or around the size, have one seed at least"
    )


def test_straight_lines_are_no_further_away_than_said(study):
    gap = straight_line_gap(study)
    assert 0 < gap < 0.2
    arms = [study.arm("finetune_all", n) for n in (100, 1000, 5000)]
    straight = np.interp(np.log(300), np.log([100, 1000, 5000]), [a.accuracy for a in arms])
    curve = interpolate([100, 1000, 5000], [a.accuracy for a in arms], [300])[0]
    assert abs(curve - straight) <= gap


def test_without_a_rival_or_a_second_size_nothing_is_saved(tmp_path):
    alone = fake_study(tmp_path / "a", [("linear_probe", 100, 1), ("linear_probe", 500, 1)], n_test=100)
    assert set(interpolated(alone).savings) == {None}
    assert worth_data(alone)["saves"][0] == "an unknown number of labels"
    assert "cannot be said" in worth_data(alone)["says"][0][1]
    single = fake_study(tmp_path / "b", [("linear_probe", 100, 2), ("scratch_bn", 100, 2)], n_test=100)
    assert interactive.worth(single).data == ""
    assert interactive.worth_table(single).data.count("100 labels") == 1


def words(saving: Saving, n: int) -> tuple[str, str]:
    return saved(n, saving, 5000), needed(n, saving, 5000)


def test_the_saving_says_no_more_than_the_curves_allow(study, found):
    base = next(s for s in found.savings if s)
    base = replace(base, seeds=MIN_SEEDS, low=Labels(900.0), high=Labels(5000.0, "more"))
    short, long = words(replace(base, needed=Labels(1440.4)), 500)
    assert short == "about 900", "a reader subtracts the numbers that are shown"
    assert "about 1,400 labels (95\u00a0% interval about 900 to more than 5,000)" in long
    assert long.endswith("transfer saves about 900.")
    beyond = replace(base, needed=Labels(5000.0, "more"))
    assert words(beyond, 1000)[0] == "more than 4,000"
    assert "the most that were measured" in words(beyond, 1000)[1]
    assert words(beyond, 5000)[0] == "not known"
    assert "is not known" in words(beyond, 5000)[1]
    for fewer in (Labels(100.0, "fewer"), Labels(400.0), Labels(503.0)):
        assert words(replace(base, needed=fewer), 500)[0] == "none"
        assert "saves none" in words(replace(base, needed=fewer), 500)[1]
    few = replace(base, seeds=MIN_SEEDS - 1, needed=Labels(1440.0))
    assert words(few, 500)[1].endswith("too few seeds for a verdict.")
    assert expected(500, base, True).startswith("Measured: with 500 labelled images")
    assert expected(600, base, False).startswith("Between measured sizes: with 600")
    assert "was not measured here" in expected(600, replace(base, scratch=None), False)


def test_the_slider_has_every_position_and_its_rail_follows_the_words(study):
    data = worth_data(study)
    steps = len(data["labels"])
    assert [data["labels"][i] for i in data["measured"]] == list(study.sizes)
    assert data["labels"][data["start"]] == study.contested[0]
    for key in ("says", "saves", "rail"):
        assert len(data[key]) == steps
    for name, row in data["strategies"].items():
        assert len(row) == steps, name
    for words, rail in zip(data["saves"], data["rail"], strict=True):
        assert all(0 <= x <= 1000 or abs(x) == 2000 for x in rail)
        if words.startswith("more than"):
            assert rail[0] == 2000
    mean = study.arm("scratch_bn", 1000).accuracy
    assert data["strategies"]["scratch_bn"][data["labels"].index(1000)][0] == parts.tenths(mean)


def test_the_note_says_what_few_seeds_mean(study, tmp_path):
    note = interactive.worth_note(study)
    assert "smooth curve" in note
    assert "too few to rely on" in note
    assert "one seed" in note
    enough = [(name, n, MIN_SEEDS) for name in ("linear_probe", "scratch_bn") for n in (100, 500)]
    note = interactive.worth_note(fake_study(tmp_path, enough, n_test=100))
    assert "too few to rely on" not in note
    assert "one seed" not in note


def test_numbers_are_rounded_as_everywhere_and_data_cannot_leave_their_script():
    for share in (0.5635, 0.56125, 0.1, 1.0, 0.0):
        assert parts.shown(parts.tenths(share)) == f"{100 * share:.1f}"
    text = parts.embedded({"classes": ["</script><b>", "é"]})
    assert "<" not in text
    assert json.loads(text)["classes"][0] == "</script><b>"
    assert parts.fill("{a} of {b}", {"a": "{b}", "b": 2}) == "{b} of 2"


def test_pieces_are_markdown_with_raw_html(study):
    """A display of text/html would make Quarto load scripts from another host."""
    explorer = interactive.Explorer(study)
    shown = [explorer.controls(), explorer.curve(), explorer.confusion(), explorer.pictures()]
    for piece in (interactive.worth(study), *shown):
        assert not hasattr(piece, "_repr_html_")
        assert piece.data.startswith("```{=html}\n")
        assert piece.data.endswith("\n```")
        assert "```" not in piece.data[9:-3]
        assert "\n\n\n" not in piece.data


def test_the_sheet_holds_what_every_arm_and_class_gets_most_wrong(study):
    kept = sheet.load(study)
    assert len(kept.place) == 60
    wanted = sheet.wanted(study, 10_000)
    assert set(kept.place) <= set(wanted)
    small, large = sheet.wanted(study, 30), sheet.wanted(study, 31)
    assert len(small) == 30
    assert set(small) < set(large)
    for name in ("finetune_all", "scratch_bn"):
        for label in range(10):
            own = [m for m in mistakes(study, name, 1000) if m.true == label]
            assert {m.index for m in own[: sheet.SHOWN]} <= set(wanted)
    data = fake_images(study)
    np.testing.assert_array_equal(sheet.pictures(study.store.root, kept), data.x_test[list(kept.place)])


def test_a_sheet_stays_small_and_large_images_are_shrunk(tmp_path, monkeypatch):
    made = fake_study(tmp_path, [("finetune_all", 1000, 1), ("scratch_bn", 1000, 1)])
    monkeypatch.setattr(sheet, "MAX_BYTES", 100_000)
    record = sheet.make(made, fake_images(made), budget=60)
    assert record["picture"]["bytes"] <= 100_000
    assert 10 < len(record["index"]) < 40
    record = sheet.make(made, fake_images(made, side=80), budget=3)
    assert record["side"] == sheet.MAX_SIDE
    assert sheet.pictures(tmp_path, sheet.load(made)).shape == (3, 64, 64, 3)


def test_a_sheet_that_is_missing_damaged_or_of_other_data_is_refused(tmp_path):
    made = fake_study(tmp_path, [("finetune_all", 1000, 1), ("scratch_bn", 1000, 1)], n_test=100)
    with pytest.raises(StudyError, match=r"missing; make it with python -m transferstudy explore"):
        interactive.Explorer(made)
    assert sheet.check(tmp_path) == 0
    sheet.make(made, fake_images(made), budget=5)
    assert sheet.check(tmp_path) == 5
    picture, record = tmp_path / "explore/sheet.webp", tmp_path / "explore/sheet.json"
    content, text = picture.read_bytes(), record.read_text()
    picture.write_bytes(content[:-1])
    with pytest.raises(StudyError, match=r"sheet\.webp: damaged"):
        sheet.load(made)
    picture.unlink()
    with pytest.raises(StudyError, match=r"sheet\.webp: missing"):
        sheet.check(tmp_path)
    picture.write_bytes(content)
    record.write_text(text.replace('"side": 32', '"side": 31'))
    with pytest.raises(StudyError, match="edited"):
        sheet.load(made)
    record.write_text(text[:-5])
    with pytest.raises(StudyError, match="damaged"):
        sheet.load(made)
    record.write_text(text)
    with pytest.raises(StudyError, match="not the copy of cifar10"):
        sheet.make(made, replace(fake_images(made), sha256="ff" * 32))
    other = replace_data(made)
    with pytest.raises(StudyError, match="another copy of the data"):
        sheet.load(other)


def replace_data(made):
    """The same study, made from other data."""
    for run_id in made.records:
        record = made.store.load(run_id)
        record["data"]["sha256"] = "ee" * 32
        made.store.save_record(record)
    return type(made)(made.specs, made.store)


def test_the_command_writes_the_sheet_and_verify_looks_at_its_pixels(tmp_path, monkeypatch, capsys):
    made = fake_study(tmp_path, [("finetune_all", 1000, 1), ("scratch_bn", 1000, 1)], n_test=100)
    data = fake_images(made)
    monkeypatch.setattr("transferstudy.analysis.study.load", lambda *_, **__: made)
    monkeypatch.setattr("transferstudy.data.load", lambda *_: data)
    monkeypatch.setenv("TRANSFERSTUDY_DATA", str(tmp_path))
    assert cli.main(["explore", "--results", str(tmp_path), "--images", "7"]) == 0
    assert "explore/sheet.webp: 7 test images" in capsys.readouterr().out
    assert sheet.check(tmp_path, tmp_path) == 7
    monkeypatch.setattr("transferstudy.data.load", lambda *_: replace(data, x_test=255 - data.x_test))
    with pytest.raises(StudyError, match="not the images that its record names"):
        sheet.check(tmp_path, tmp_path)
    assert cli.main(["explore", "--data", str(tmp_path / "nowhere")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_every_number_of_the_explorer_is_in_the_results(study):
    data = interactive.Explorer(study).data
    assert set(data["arms"]) == {f"{a.strategy.name}/{a.n_labels}" for a in study.arms.values()}
    for key, shown in data["arms"].items():
        name, n = key.split("/")
        arm = study.arm(name, int(n))
        counts = arm.test("confusion").mean(axis=0)
        np.testing.assert_allclose(shown["confusion"], 100 * counts / counts.sum(1, keepdims=True), atol=0.51)
        for k, row in enumerate(shown["recall"]):
            assert row[1:] == [parts.tenths(r["metrics"]["test"]["class_accuracy"][k]) for r in arm.records]
            assert row[0] == parts.tenths(float(arm.test("class_accuracy")[:, k].mean()))
        assert shown["all"] == parts.tenths(arm.accuracy)
        assert shown["record"] == arm.anchor
        found = mistakes(study, name, int(n))
        assert sum(number for number, *_ in shown["mistakes"]) == len(found)
        for k, (number, kept, rows) in enumerate(shown["mistakes"]):
            own = [m for m in found if m.true == k]
            assert number == len(own)
            assert len(rows) == min(kept, sheet.SHOWN)
            for place, index, predicted, probability, rank in rows:
                assert own[rank - 1].index == index
                assert (own[rank - 1].predicted, parts.tenths(own[rank - 1].confidence)) == (
                    predicted,
                    probability,
                )
                assert predicted != k
                assert sheet.load(study).place[index] == place


def test_all_mistakes_begin_with_the_most_confident_ones(study):
    found = mistakes(study, "scratch_bn", 1000)
    assert found[:5] == confident_mistakes(study, "scratch_bn", 1000, 5)
    assert all(a.confidence >= b.confidence for a, b in pairwise(found))
    log_p, y = study.test_predictions("scratch_bn", 1000)
    wrong = np.exp(log_p.astype(float)).mean(axis=0).argmax(axis=1) != y
    assert len(found) == pytest.approx(wrong.sum(), abs=2)


def test_arms_that_came_later_show_what_is_on_the_sheet(study, tmp_path):
    later = fake_study(study.store.root, [*ARMS, ("small_finetune", 1000, 2)])
    data = interactive.Explorer(later).data
    arm = data["arms"]["small_finetune/1000"]
    kept = sum(kept for _, kept, _ in arm["mistakes"])
    assert 0 < kept < sum(number for number, *_ in arm["mistakes"])
    empty = next(
        (name, n, k)
        for name, n in (key.split("/") for key in data["arms"])
        for k, (_, have, _) in enumerate(data["arms"][f"{name}/{n}"]["mistakes"])
        if not have
    )
    words = interactive.Explorer(later).view(empty[0], int(empty[1]), empty[2])["mistakes"]
    assert words.startswith("None of the mistakes")


def test_the_first_view_is_the_hardest_class_of_the_best_transfer_arm(study):
    explorer = interactive.Explorer(study)
    name, n, label = explorer.data["first"]
    assert (name, n) == (study.best(100, True).strategy.name, 100)
    view = explorer.view(name, n, label)
    percent = explorer.data["arms"][f"{name}/{n}"]["recall"][label][0] / 10
    assert f"{percent:.1f}\u00a0% of the test images of the class {study.classes[label]}" in view["says"]
    assert re.fullmatch(r"view-\w+-100-\w+", view["hash"])
    one = explorer.view("finetune_all", 5000, 0)
    assert "one seed" in one["says"]


def test_the_committed_sheet_fits_the_report():
    study = report.imagenet.study()
    kept = sheet.load(study)
    assert (study.store.root / kept.file).stat().st_size < 900_000
    for arm in interactive.Explorer(study).data["arms"].values():
        assert sum(len(rows) for _, _, rows in arm["mistakes"]) > 0


def test_an_arm_that_predicted_some_test_images_shows_those(tmp_path):
    """Predictions are numbered by their own order; pictures go by the place among all test images."""
    made = fake_study(tmp_path, [("finetune_all", 1000, 2), ("scratch_bn", 1000, 1)], n_test=200)
    before, images = mistakes(made, "finetune_all", 1000), np.arange(1, 200, 2)
    for record in made.arm("finetune_all", 1000).records:
        predictions = made.store.predictions(record)
        kept = {
            name: values[images] if name.startswith("test_") else values
            for name, values in predictions.items()
        }
        record["metrics"]["test"] = measure(kept["test_log_p"], kept["test_y"])
        record["data"]["test"] = len(images)
        made.store.save({k: v for k, v in record.items() if k != "record_sha256"}, {**kept, "test_i": images})
    again = type(made)(made.specs, made.store)
    found = mistakes(again, "finetune_all", 1000)
    assert found
    assert all(m.index % 2 == 1 for m in found)
    assert found == [m for m in before if m.index % 2 == 1]

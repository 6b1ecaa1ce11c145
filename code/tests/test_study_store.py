"""Store, metrics and verification: what is written is whole, what is damaged is named, what is measured is right."""

import json
import lzma

import numpy as np
import pytest
from fakes import fake_log_p, fake_record
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss

from transferstudy.checking.verify import verify
from transferstudy.errors import StudyError
from transferstudy.plan.presets import expand
from transferstudy.results.metrics import expected_calibration_error, measure
from transferstudy.results.records import as_json, read_record, write_atomic, write_record
from transferstudy.results.rounding import log_softmax
from transferstudy.results.store import Store

SPEC = expand("report")[0]


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "results")
    made.save(*fake_record(SPEC, 2.0))
    return made


def test_round_trip(store):
    record, predictions = store.load(SPEC.id), store.predictions(store.load(SPEC.id))
    expected_record, expected = fake_record(SPEC, 2.0)
    assert record["metrics"] == expected_record["metrics"]
    for name, array in expected.items():
        np.testing.assert_array_equal(
            predictions[name], log_softmax(array) if name.endswith("log_p") else array
        )
    assert verify(store) == 1


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    write_atomic(path, b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        "[1,\n 2]",
        None,
        {"b": [1, 2.5e-17, -0.0, True, None], "a": {"": [], "x": {}}},
        {"text": ['"], [', "a, b", "\\", "\n", "\u2028é", "{}"], "[1, 2]": ["{", "}"]},
        [[], [{}], [[1, 2], 3], {"k": [[0.1, 0.2], [0.3]]}],
        {2: "two", 1: (1, 2)},
        {"large": 2**80, "exact": [0.1 + 0.2, 1e308, 5e-324]},
    ],
)
def test_json_keeps_every_value(value):
    text = as_json(value)
    assert json.dumps(json.loads(text), sort_keys=True) == json.dumps(
        json.loads(json.dumps(value)), sort_keys=True
    )
    assert text.endswith("\n")
    again = as_json(json.loads(text))
    assert again == text


def test_json_not_a_number_passes():
    assert np.isnan(json.loads(as_json({"x": [float("nan")]}))["x"][0])


def test_json_lists_of_plain_values_stand_on_one_line():
    value = {
        "matrix": [[1, 2], [3, 4]],
        "curve": [0.5, None, "a]"],
        "rounds": [{"loss": 1.5, "at": {"k": 1}}, {"b": 2, "a": 1}],
        "n": 3,
    }
    assert as_json(value) == (
        '{\n "curve": [0.5, null, "a]"],\n "matrix": [\n  [1, 2],\n  [3, 4]\n ],\n "n": 3,\n'
        ' "rounds": [\n  {\n   "at": {\n    "k": 1\n   },\n   "loss": 1.5\n  },\n  {"a": 1, "b": 2}\n ]\n}\n'
    )


def test_both_kinds_of_record_are_written_like_that_and_read_in_the_old_layout(store, tmp_path):
    path = store.record_path(SPEC.id)
    record = store.load(SPEC.id)
    assert path.read_text() == as_json(record)
    path.write_text(json.dumps(record, indent=1, sort_keys=True))
    assert store.load(SPEC.id) == record
    small = tmp_path / "small.json"
    made = write_record(small, {"values": [1, 2, 3]})
    assert '"values": [1, 2, 3]' in small.read_text()
    small.write_text(json.dumps(made, indent=1))
    assert read_record(small, "nothing") == made


def test_a_missing_result_names_run_and_command(store):
    other = expand("report")[1].id
    with pytest.raises(
        StudyError,
        match=f"no result for run {other}: make it with python -m transferstudy run --only {other}",
    ):
        store.load(other)


@pytest.mark.parametrize("damage", ["cut", "edited", "renamed", "other version"])
def test_damaged_records_are_named(store, damage):
    path = store.record_path(SPEC.id)
    text = path.read_text()
    if damage == "cut":
        path.write_text(text[: len(text) // 2])
    if damage == "edited":
        value = json.loads(text)["metrics"]["test"]["accuracy"]
        path.write_text(text.replace(f'"accuracy": {value}', '"accuracy": 0.99'))
        assert path.read_text() != text
    if damage == "renamed":
        path.rename(path.with_name("0123456789ab.json"))
    if damage == "other version":
        store.save_record({**json.loads(text), "schema": 99})
    run_id = "0123456789ab" if damage == "renamed" else SPEC.id
    with pytest.raises(StudyError, match=rf"results/runs/{run_id}\.json: .*run --only {run_id}"):
        store.load(run_id)


def test_damaged_predictions_are_named(store):
    path = store.runs / f"{SPEC.id}.npz.xz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StudyError, match=rf"{SPEC.id}\.npz\.xz: damaged or edited"):
        store.predictions(store.load(SPEC.id))
    path.unlink()
    with pytest.raises(StudyError, match="missing"):
        verify(store)


def test_verify_recomputes_every_measure(store):
    record = store.load(SPEC.id)
    record["metrics"]["test"]["class_accuracy"][3] += 1e-5
    store.save_record(record)
    with pytest.raises(StudyError, match="test class_accuracy differs from what the predictions give"):
        verify(store)


def test_verify_notices_predictions_that_were_changed_with_their_checksum(store):
    _, predictions = fake_record(SPEC, 2.0)
    row = predictions["test_log_p"][7]
    row[:] = row[::-1]
    record = {key: value for key, value in store.load(SPEC.id).items() if key != "record_sha256"}
    store.save(record, predictions)
    with pytest.raises(StudyError, match="differs from what the predictions give"):
        verify(store)


def test_an_empty_store_is_said_to_be_empty(tmp_path):
    with pytest.raises(StudyError, match="no results"):
        verify(Store(tmp_path / "results"))


def test_measures_agree_with_scikit_learn():
    y = np.arange(500) % 10
    log_p = log_softmax(fake_log_p(y, 2.0, 0))
    measured = measure(log_p, y)
    assert measured["accuracy"] == accuracy_score(y, log_p.argmax(axis=1))
    assert measured["nll"] == pytest.approx(log_loss(y, np.exp(log_p)), abs=1e-9)
    assert measured["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(y, log_p.argmax(axis=1)))
    assert measured["macro_f1"] == pytest.approx(f1_score(y, log_p.argmax(axis=1), average="macro"))
    assert np.mean(measured["class_accuracy"]) == pytest.approx(measured["accuracy"])
    assert np.sum(measured["confusion"]) == 500


@pytest.mark.filterwarnings("error")
def test_classes_count_alike_however_many_images_they_have():
    """Ten images of one class, all right; two of another, one right; a third class is predicted and does not occur."""
    y, predicted = np.array([0] * 10 + [1] * 2), np.array([0] * 10 + [1, 2])
    measured = measure(np.log(np.full((12, 3), 0.1) + 0.7 * np.eye(3)[predicted]), y)
    assert measured["balanced_accuracy"] == pytest.approx((1 + 0.5) / 2)
    assert measured["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_calibration_error_of_known_cases():
    y = np.array([0] * 80 + [1] * 20)
    at_80 = np.log(np.tile([0.8, 0.2], (100, 1)))
    assert expected_calibration_error(at_80, y) == pytest.approx(0.0, abs=1e-12)
    at_60 = np.log(np.tile([0.6, 0.4], (100, 1)))
    assert expected_calibration_error(at_60, y) == pytest.approx(0.2)
    certain = np.log(np.tile([1 - 1e-12, 1e-12], (100, 1)))
    assert expected_calibration_error(certain, y) == pytest.approx(0.2)


@pytest.mark.parametrize("content", [b"", b"no archive", lzma.compress(b"nothing of NumPy's")])
def test_predictions_that_cannot_be_read_are_named(store, content):
    record = store.load(SPEC.id)
    record["predictions"] = store._put(record["predictions"]["file"], content)
    with pytest.raises(StudyError, match=rf"{SPEC.id}\.npz\.xz: cannot be read"):
        store.predictions(store.save_record(record))

"""Store, metrics and verification: what is written is whole, what is damaged is named, what is measured is right."""

import io
import json
import lzma

import numpy as np
import pytest
from fakes import fake_log_p, fake_record
from sklearn.metrics import accuracy_score, log_loss

from transferstudy.errors import StudyError
from transferstudy.metrics import expected_calibration_error, measure, normalised
from transferstudy.packing import pack, unpack
from transferstudy.prediction import MANTISSA_BITS, log_softmax, round_log_probabilities
from transferstudy.presets import expand
from transferstudy.store import Store, write_atomic
from transferstudy.verify import verify

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
        np.testing.assert_array_equal(predictions[name], array)
        assert predictions[name].dtype == array.dtype
    assert verify(store) == 1


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    write_atomic(path, b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


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


def test_an_empty_store_is_said_to_be_empty(tmp_path):
    with pytest.raises(StudyError, match="no results"):
        verify(Store(tmp_path / "results"))


def test_rounding_keeps_the_top_class_and_nearly_everything_else():
    rng = np.random.default_rng(0)
    log_p = log_softmax(rng.normal(0, 6, (20_000, 10)))
    near = log_softmax(
        np.c_[np.full((1000, 2), 1.0) + rng.normal(0, 1e-4, (1000, 2)), rng.normal(0, 1, (1000, 8))]
    )
    for exact in (log_p, near, log_softmax(np.array([[80.0, 0, -300], [1e-6, 0, -9]]))):
        stored = round_log_probabilities(exact)
        assert stored.dtype == np.float16
        assert np.isfinite(stored).all()
        np.testing.assert_array_equal(stored.argmax(axis=1), exact.argmax(axis=1))
    stored = round_log_probabilities(log_p)
    relative = np.abs(stored - log_p)[log_p < -1e-3] / -log_p[log_p < -1e-3]
    assert np.quantile(relative, 0.999) <= 2.0 ** -(MANTISSA_BITS + 1)  # half a step of the mantissa
    y = log_p.argmax(axis=1)
    assert measure(stored, y)["nll"] == pytest.approx(measure(log_p, y)["nll"], rel=0.01)


def test_measures_agree_with_scikit_learn():
    y = np.arange(500) % 10
    log_p = normalised(fake_log_p(y, 2.0, 0))
    measured = measure(log_p, y)
    assert measured["accuracy"] == accuracy_score(y, log_p.argmax(axis=1))
    assert measured["nll"] == pytest.approx(log_loss(y, np.exp(log_p)), abs=1e-9)
    assert np.mean(measured["class_accuracy"]) == pytest.approx(measured["accuracy"])
    assert np.sum(measured["confusion"]) == 500


def test_calibration_error_of_known_cases():
    y = np.array([0] * 80 + [1] * 20)
    at_80 = np.log(np.tile([0.8, 0.2], (100, 1)))
    assert expected_calibration_error(at_80, y) == pytest.approx(0.0, abs=1e-12)
    at_60 = np.log(np.tile([0.6, 0.4], (100, 1)))
    assert expected_calibration_error(at_60, y) == pytest.approx(0.2)
    certain = np.log(np.tile([1 - 1e-12, 1e-12], (100, 1)))
    assert expected_calibration_error(certain, y) == pytest.approx(0.2)


def test_packed_predictions_come_back_bit_for_bit():
    rng = np.random.default_rng(0)
    rounded = round_log_probabilities(log_softmax(rng.normal(0, 6, (500, 10))))
    odd = np.array([[0.0, -0.0], [np.nan, -np.inf]], np.float16)
    many = rng.normal(size=(400, 10)).astype(np.float16)  # more values than a byte can number
    arrays = {
        "log_p": rounded,
        "odd": odd,
        "many": many,
        "y": np.arange(500, dtype=np.uint8),
        "x": np.ones((3, 2)),
    }
    found = unpack(pack(arrays))
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert np.ascontiguousarray(found[name]).tobytes() == array.tobytes()


def test_packing_makes_predictions_smaller_than_plain_lzma():
    log_p = round_log_probabilities(fake_log_p(np.arange(5000) % 10, 2.0, 0).astype(float))
    buffer = io.BytesIO()
    np.savez(buffer, log_p=log_p)
    assert len(pack({"log_p": log_p})) < 0.93 * len(lzma.compress(buffer.getvalue(), preset=9))


@pytest.mark.parametrize("content", [b"", b"no archive", lzma.compress(b"nothing of NumPy's")])
def test_predictions_that_cannot_be_read_are_named(store, content):
    record = store.load(SPEC.id)
    record["predictions"] = store._put(record["predictions"]["file"], content)
    with pytest.raises(StudyError, match=rf"{SPEC.id}\.npz\.xz: cannot be read"):
        store.predictions(store.save_record(record))

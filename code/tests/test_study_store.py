"""Store, metrics and verification: what is written is whole, what is damaged is named, what is measured is right."""

import io
import json
import lzma

import numpy as np
import pytest
from fakes import fake_log_p, fake_record
from sklearn.metrics import accuracy_score, log_loss

from transferstudy.checking.verify import verify
from transferstudy.errors import StudyError
from transferstudy.plan.presets import expand
from transferstudy.results.metrics import expected_calibration_error, measure, normalised
from transferstudy.results.packing import pack, unpack
from transferstudy.results.records import read_record, write_record
from transferstudy.results.store import Store, as_json, digest, write_atomic
from transferstudy.training.prediction import MANTISSA_BITS, log_softmax, round_log_probabilities

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


def _predictions(n: int = 500, classes: int = 10) -> dict[str, np.ndarray]:
    """Rounded log-probabilities of a network that is often right, and their labels."""
    rng = np.random.default_rng(n)
    y = np.sort(np.arange(n) % classes).astype(np.uint8)
    logits = rng.normal(0, 2, (n, classes))
    logits[np.arange(n), y] += 3
    return {"test_log_p": round_log_probabilities(log_softmax(logits)), "test_y": y}


def _stored(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(lzma.decompress(content))) as archive:
        return dict(archive)


def _same(found: dict, arrays: dict) -> bool:
    return list(found) == list(arrays) and all(
        (found[k].dtype, found[k].shape, np.ascontiguousarray(found[k]).tobytes())
        == (arrays[k].dtype, arrays[k].shape, np.ascontiguousarray(arrays[k]).tobytes())
        for k in arrays
    )


@pytest.mark.parametrize(("n", "classes"), [(500, 10), (1, 10), (40, 2), (300, 200)])
@pytest.mark.parametrize("label_type", [np.uint8, np.uint16, np.int64])
def test_predictions_with_labels_keep_the_true_class_as_an_offset(n, classes, label_type):
    arrays = _predictions(n, classes)
    arrays["test_y"] = np.random.default_rng(1).permutation(arrays["test_y"]).astype(label_type)
    content = pack(arrays)
    assert _stored(content).keys() == {"test_log_p.offsets", "test_log_p.table", "test_y"}
    assert _stored(content)["test_log_p.offsets"].shape == (classes, n)
    assert _same(unpack(content), arrays)
    in_fortran_order = {**arrays, "test_log_p": np.asfortranarray(arrays["test_log_p"])}
    assert pack(in_fortran_order) == content


def test_every_place_of_a_full_table_can_be_an_offset():
    """256 values, equal probabilities among them, rows that do not sum to one: a wrong prediction costs bytes, no values."""
    values = -np.arange(256, dtype=np.float16) / 4
    values[0] = -0.0
    values[255] = 0.0  # as likely as -0.0; and exp of most others is less than the unit
    rng = np.random.default_rng(0)
    arrays = {
        "val_log_p": values[rng.integers(0, 256, (3000, 10))],
        "val_y": rng.integers(0, 10, 3000).astype(np.uint8),
    }
    assert "val_log_p.offsets" in _stored(pack(arrays))
    assert _same(unpack(pack(arrays)), arrays)


@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf, 0.5])
def test_odd_values_are_stored_plainly(value):
    arrays = _predictions()
    arrays["test_log_p"][3, 4] = value
    assert "test_log_p.places" in _stored(pack(arrays))
    assert _same(unpack(pack(arrays)), arrays)


@pytest.mark.parametrize(
    "labels",
    [
        None,
        np.zeros(499, np.uint8),
        np.zeros((500, 1), np.uint8),
        np.full(500, 10, np.uint8),
        np.full(500, -1),
        np.zeros(500, np.float32),
        np.zeros(500, bool),
    ],
)
def test_without_labels_that_fit_predictions_are_stored_plainly(labels):
    arrays = {"test_log_p": _predictions()["test_log_p"]}
    if labels is not None:
        arrays["test_y"] = labels
    assert "test_log_p.places" in _stored(pack(arrays))
    assert _same(unpack(pack(arrays)), arrays)


@pytest.mark.parametrize("shape", [(0, 10), (5, 1)])
def test_predictions_without_rows_or_rivals_come_back(shape):
    arrays = {"test_log_p": np.zeros(shape, np.float16), "test_y": np.zeros(shape[0], np.uint8)}
    assert _same(unpack(pack(arrays)), arrays)


def test_archives_with_plain_places_are_still_read_and_larger():
    arrays = _predictions(5000)
    bits, places = np.unique(arrays["test_log_p"].view(np.uint16), return_inverse=True)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        **{
            "test_log_p.places": places.reshape(5000, 10).T.astype(np.uint8),
            "test_log_p.table": bits.view(np.float16),
            "test_y": arrays["test_y"],
        },
    )
    old = lzma.compress(
        buffer.getvalue(), filters=[{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 3, "lp": 0, "pb": 0}]
    )
    assert _same(unpack(old), arrays)
    assert len(pack(arrays)) < 0.95 * len(old)


def test_what_is_predicted_is_the_same_on_every_machine():
    """By digest: the offsets depend on a computation, and files must stay readable elsewhere and later."""
    steps = np.arange(1000).reshape(200, 5)
    arrays = {
        "test_log_p": (-(steps * 37 % 200) / 16).astype(np.float16),
        "test_y": (np.arange(200) * 7 % 5).astype(np.uint8),
    }
    assert (
        digest(_stored(pack(arrays))["test_log_p.offsets"].tobytes())
        == "dfb6b1ac685164f84f0659e842e966c01f5398ca565b3107e195b9340cdf40dd"
    )


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

"""What is kept of predictions: probabilities that sum to one, measures as the model's own, files that come back bit for bit."""

import io
import json
import lzma

import numpy as np
import pytest
from fakes import fake_record
from sklearn.metrics import log_loss

from transferstudy.checking.conversion import FIRST_ROUNDING, convert
from transferstudy.checking.verify import roundings, verify
from transferstudy.cli import main
from transferstudy.errors import StudyError
from transferstudy.plan.presets import expand
from transferstudy.results.metrics import expected_calibration_error, measure
from transferstudy.results.packing import pack, unpack
from transferstudy.results.rounding import ROUNDING, log_softmax, rounded
from transferstudy.results.store import FIRST, Store


def _model(n: int, classes: int, sure: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Exact log-probabilities of a network that is often right, and their labels; the surer, the larger the logits."""
    rng = np.random.default_rng(seed)
    y = np.sort(np.arange(n) % classes)
    logits = rng.normal(0, 1, (n, classes))
    logits[np.arange(n), y] += 1.5
    return log_softmax(sure * logits), y


@pytest.mark.parametrize(("n", "classes"), [(2000, 10), (10_000, 10), (2000, 3), (2000, 2), (2000, 100)])
@pytest.mark.parametrize("sure", [0.3, 1.0, 3.0])
def test_what_is_read_gives_the_measures_of_the_model(n, classes, sure):
    exact, y = _model(n, classes, sure)
    kept = log_softmax(rounded(exact, y))
    np.testing.assert_allclose(np.exp(kept).sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(kept.argmax(axis=1), exact.argmax(axis=1))
    found = measure(rounded(exact, y), y)
    assert found["nll"] == pytest.approx(log_loss(y, np.exp(exact), labels=range(classes)), abs=1e-3)
    assert found["ece"] == pytest.approx(expected_calibration_error(exact, y), abs=1e-3)


@pytest.mark.parametrize(
    "logits",
    [
        [[80.0, 0, -300], [1e-6, 0, -9]],
        [[1e5, 0, -1e5], [0, 0, 0], [0.3, 0.28, 0.27], [0.3, 0.15, 0.29]],
        [[0, 1e-7, -1e-7, -1e-7, -1e-7]],
        [[1, 1 + 1e-5, 1 - 1e-5, 0.9], [-20, 10, 10.0001, -20]],
        [[3.0], [-3.0]],
    ],
)
def test_the_predicted_class_is_kept_in_hard_cases(logits):
    """Certain, equal and nearly equal classes; whichever of them is the true one."""
    exact = log_softmax(logits)
    for true in range(exact.shape[1]):
        y = np.full(len(exact), true)
        scores = rounded(exact, y)
        assert scores.dtype == np.float16
        assert np.isfinite(scores).all()
        kept = log_softmax(scores)
        np.testing.assert_array_equal(kept.argmax(axis=1), exact.argmax(axis=1))
        np.testing.assert_allclose(np.exp(kept.max(axis=1)), np.exp(exact.max(axis=1)), atol=2e-3)


def _same(found: dict, arrays: dict) -> bool:
    return list(found) == list(arrays) and all(
        (found[k].dtype, found[k].shape, np.ascontiguousarray(found[k]).tobytes())
        == (arrays[k].dtype, arrays[k].shape, np.ascontiguousarray(arrays[k]).tobytes())
        for k in arrays
    )


def _stored(content: bytes) -> set[str]:
    with np.load(io.BytesIO(lzma.decompress(content))) as archive:
        return set(archive)


@pytest.mark.parametrize(("n", "classes"), [(500, 10), (1, 10), (40, 2), (300, 200), (5, 1)])
@pytest.mark.parametrize("label_type", [np.uint8, np.uint16, np.int64])
def test_rounded_predictions_come_back_bit_for_bit(n, classes, label_type):
    exact, y = _model(n, classes, 1.0)
    order = np.random.default_rng(1).permutation(n)
    arrays = {"test_log_p": rounded(exact, y)[order], "test_y": y[order].astype(label_type)}
    content = pack(arrays)
    assert _stored(content) == {"test_log_p.others", "test_log_p.whole", "test_y"}
    assert _same(unpack(content), arrays)
    assert pack({**arrays, "test_log_p": np.asfortranarray(arrays["test_log_p"])}) == content


@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf, 0.5, 0.0, -0.0, -1.0, -1.001])
def test_any_value_in_any_place_comes_back(value):
    exact, y = _model(60, 3, 1.0)
    for column in range(3):
        arrays = {"val_log_p": rounded(exact, y), "val_y": y.astype(np.uint8)}
        arrays["val_log_p"][::7, column] = value
        assert _same(unpack(pack(arrays)), arrays)


@pytest.mark.parametrize(
    "labels",
    [None, np.zeros(499, np.uint8), np.zeros((500, 1), np.uint8), np.full(500, 10, np.uint8), np.full(500, -1),
     np.zeros(500, np.float32), np.zeros(500, bool)],
)  # fmt: skip
def test_without_labels_that_fit_predictions_are_stored_plainly(labels):
    arrays = {"test_log_p": rounded(*_model(500, 10, 1.0)), "x": np.ones((3, 2))}
    if labels is not None:
        arrays["test_y"] = labels
    assert "test_log_p" in _stored(pack(arrays))
    assert _same(unpack(pack(arrays)), arrays)


def test_a_run_takes_no_more_room_than_it_must():
    """Of 16 bits a class, less than a third: 60 kB for 10,000 images of 10 classes."""
    exact, y = _model(10_000, 10, 2.0)
    assert len(pack({"test_log_p": rounded(exact, y), "test_y": y.astype(np.uint8)})) < 60_000


def _first_edition() -> tuple[bytes, np.ndarray]:
    """An archive as the first edition wrote it, put together by hand, and the matrix in it.

    Row 1: classes 1 and 2 leave 1 - 0.37 - 0.14 for the true class 0, which predicts place 0 (0.61): no offset. Row 2: classes 0
    and 1 leave 0.03 for class 2, which predicts place 2 (0.14); place 1 stands there, so the offset is -1 modulo 256.
    """
    buffer = io.BytesIO()
    np.savez(
        buffer,
        **{
            "test_log_p.offsets": np.array([[1, 0], [2, 1], [0, 255]], np.uint8),
            "test_log_p.table": np.array([-0.5, -1.0, -2.0], np.float16),
            "test_y": np.array([0, 2], np.uint8),
            "val_log_p.places": np.array([[0], [2], [1]], np.uint8),
            "val_log_p.table": np.array([-0.5, -1.0, -2.0], np.float16),
        },
    )
    return lzma.compress(buffer.getvalue()), np.array([[-0.5, -1, -2], [-0.5, -1, -1]], np.float16)


def test_files_of_the_first_edition_are_read():
    content, matrix = _first_edition()
    found = unpack(content)
    np.testing.assert_array_equal(found["test_log_p"], matrix)
    np.testing.assert_array_equal(found["val_log_p"], [[-0.5, -2, -1]])
    assert set(found) == {"test_log_p", "test_y", "val_log_p"}


@pytest.fixture
def old(tmp_path) -> Store:
    """Three results, one of them of this edition, two as the first edition left them."""
    store = Store(tmp_path / "results")
    for number, spec in enumerate(expand("report")[:3]):
        record = store.save(*fake_record(spec, 2.0))
        if number:
            _age(store, record)
    return store


def _age(store: Store, record: dict) -> None:
    record["schema"] = FIRST
    record["predictions"].pop("rounding")
    for measures in record["metrics"].values():
        del measures["balanced_accuracy"], measures["macro_f1"]
    store.save_record(record)


def test_records_of_the_first_edition_are_converted(old, capsys):
    ids = [spec.id for spec in expand("report")[:3]]
    before = {run_id: json.loads(old.record_path(run_id).read_text()) for run_id in ids}
    files = {path.name: path.read_bytes() for path in old.runs.glob("*.xz")}
    with pytest.raises(StudyError, match=r"of the first edition.*python -m transferstudy convert"):
        verify(old)
    assert main(["convert", "--results", str(old.root)]) == 0
    assert "2 of 3 records converted" in capsys.readouterr().out
    assert verify(old) == 3
    assert roundings(old) == {ROUNDING: 1, FIRST_ROUNDING: 2}
    for run_id in ids:
        after = old.load(run_id)
        for part, measures in before[run_id]["metrics"].items():
            assert measures.items() <= after["metrics"][part].items()
            assert {"balanced_accuracy", "macro_f1"} <= after["metrics"][part].keys()
    assert {path.name: path.read_bytes() for path in old.runs.glob("*.xz")} == files
    assert convert(old) == 0


def test_a_record_that_its_predictions_contradict_is_not_converted(old):
    run_id = expand("report")[2].id
    record = json.loads(old.record_path(run_id).read_text())
    record["metrics"]["test"]["nll"] += 1e-3
    old.save_record(record)
    content = old.record_path(run_id).read_bytes()
    with pytest.raises(StudyError, match=rf"runs/{run_id}\.json: test nll differs"):
        convert(old)
    assert old.record_path(run_id).read_bytes() == content

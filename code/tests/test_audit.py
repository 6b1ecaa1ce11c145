"""The audit: its measures do what they say, planted copies are found, and what is stored is whole and judged."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.fft import dctn
from sklearn.neighbors import NearestNeighbors

from transferstudy import report
from transferstudy.cli import main
from transferstudy.data import load
from transferstudy.data.dataset import ImageData
from transferstudy.errors import StudyError
from transferstudy.experiments.audit import comparison, search, stored
from transferstudy.experiments.audit import run as audit_run
from transferstudy.experiments.audit.alignment import aligned, correlation
from transferstudy.experiments.audit.descriptors import (
    LUMA,
    WHOLE,
    Whitening,
    centre,
    coefficients,
    hashes,
    sampling,
)
from transferstudy.experiments.audit.features import Decorrelation, NetworkFeatures
from transferstudy.experiments.audit.plants import KINDS, plant
from transferstudy.experiments.audit.run import CLOSEST, DIGITS, SAMPLED, audit
from transferstudy.experiments.audit.search import close_pairs
from transferstudy.experiments.pretraining.source import SourceData

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = load("cifar10-sample")
WNIDS = {"n02123045": "tabby, tabby cat", "n04285008": "sports car, sport car"}


def test_sampling_averages_equal_cells():
    matrix = sampling(64, 0.25, 0.5, 32)
    assert matrix.shape == (32, 64)
    assert matrix.sum(axis=1) == pytest.approx(np.ones(32))
    assert (matrix @ np.arange(64)) == pytest.approx(16.0 + np.arange(32))
    assert np.flatnonzero(matrix[0]).tolist() == [16]


def test_coefficients_are_the_cosine_transform_and_know_crops_and_mirror_images():
    x = SAMPLE.x_train[:3]
    luma = x.astype(float) @ LUMA[0]
    expected = np.stack([dctn(image, type=2)[:8, :8] for image in luma])
    assert coefficients(x)[:, 0] == pytest.approx(expected, rel=1e-3, abs=1)
    sign = np.where(np.arange(8) % 2, -1, 1)
    assert coefficients(x[:, :, ::-1]) == pytest.approx(coefficients(x) * sign, rel=1e-3, abs=1)
    inner = np.repeat(np.repeat(x[:, 8:24, 8:24], 2, axis=1), 2, axis=2)
    assert coefficients(x, centre(0.5, 0.5)) == pytest.approx(coefficients(inner), rel=1e-3, abs=1)


def test_hashes_count_different_bits():
    h = hashes(coefficients(SAMPLE.x_train[:20]))
    bits = h > 0
    assert (bits.sum(axis=1) == 32).all()
    different = (bits[0] != bits[1]).sum()
    assert h[0] @ h[1] == pytest.approx(1 - 2 * different / 64)
    assert different > 0


def test_close_pairs_are_those_of_scikit_learn(monkeypatch):
    monkeypatch.setattr(search, "_BLOCK", 32)
    c = coefficients(SAMPLE.x_train)
    v = Whitening(c).vectors(c)
    a, b = v[:150], v[10:]
    i, j, product = close_pairs(a, b, 0.5)
    # For unit vectors, product p and distance d belong together: d^2 = 2 - 2 p.
    near = NearestNeighbors(radius=1.0).fit(b).radius_neighbors(a, return_distance=False)
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == {
        (k, m) for k, row in enumerate(near) for m in row
    }
    assert product == pytest.approx((a[i] * b[j]).sum(axis=1), abs=1e-5)
    assert len(close_pairs(a, b, 1.1)[0]) == 0


@pytest.mark.parametrize("swapped", [False, True])
def test_alignment_finds_a_part_of_an_image_and_its_mirror_image(swapped):
    x = SAMPLE.x_train[:12]
    rng = np.random.default_rng(0)
    for kind in ("crop-7/8", "narrower", "mirrored", "coarser", "several"):
        copy = plant(x, kind, rng)
        own = aligned(copy, x)[1] if not swapped else aligned(x, copy)[1]
        other = aligned(copy, np.roll(x, 1, axis=0))[1]
        assert own.min() > other.max(), kind
        assert np.median(own) > 0.6, kind


def test_correlation_is_blind_to_brightness_and_colour_cast_and_knows_no_contrast():
    image = SAMPLE.x_train[0].astype(float)
    assert correlation(image, 0.5 * image + [10, 20, 30]) == pytest.approx(1)
    assert correlation(image, 255 - image) == pytest.approx(-1)
    assert correlation(image, np.full_like(image, 7)) == 0


def test_plants_are_changed_copies_of_32_pixels_and_the_generator_decides():
    large = np.repeat(np.repeat(SAMPLE.x_train[:2], 2, axis=1), 2, axis=2)
    for kind in KINDS:
        one, again = (plant(large, kind, np.random.default_rng(5)) for _ in range(2))
        assert one.shape == (2, 32, 32, 3)
        assert one.dtype == np.uint8
        assert np.array_equal(one, again)
        assert not np.array_equal(one, SAMPLE.x_train[:2])


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(comparison, "PLANTED", 6)
    monkeypatch.setattr(comparison, "SHORTLIST", 150)


def test_compare_finds_what_was_put_there_and_counts_only_real_pairs(small):
    x = SAMPLE.x_train
    queries, references = x[:100], np.concatenate([x[100:], plant(x[:5], "jpeg", np.random.default_rng(1))])
    found = comparison.compare(queries, references, comparison.PARTS, 0)
    score = {tuple(pair): d for pair, d in zip(found.pairs.tolist(), found.detail, strict=True)}
    assert found.pairs[:, 0].max() < 100
    assert found.pairs[:, 1].max() < 105
    assert all((k, 100 + k) in score for k in range(5))
    copies = min(score[k, 100 + k] for k in range(5))
    assert copies > 0.6
    assert sum(d >= copies for d in score.values()) <= 6
    assert set(found.planted) == set(KINDS)
    for kind in ("jpeg", "mirrored", "brightness"):
        assert found.planted[kind]["listed"].shape == (12,)
        assert found.planted[kind]["listed"].mean() == 1
    assert found.planted["mirrored"]["detail"].min() > 0.99
    whole = comparison.compare(queries, references, (), 0)
    assert whole.planted["crop-7/8"]["listed"].sum() <= found.planted["crop-7/8"]["listed"].sum()


@pytest.fixture(scope="module")
def network() -> NetworkFeatures:
    return NetworkFeatures()


def test_features_are_seen_once_and_decorrelated(network, monkeypatch):
    x = SAMPLE.x_train[:150]
    raw = network(x)
    assert raw.shape == (150, 256)
    assert raw.dtype == np.float32
    monkeypatch.setattr(network, "_network", None)  # a second look at the same images needs no network
    assert network(x.copy()) is raw
    about = network.about()
    assert (
        about["sha256"]
        == hashlib.sha256((ROOT / "results/weights/tiny-imagenet-compact.npz").read_bytes()).hexdigest()
    )
    monkeypatch.undo()

    rng = np.random.default_rng(0)
    mixed = (rng.normal(size=(4000, 6)) @ rng.normal(size=(6, 6))).astype(np.float32) + 5
    plain = Decorrelation(mixed)
    v = plain.vectors(mixed)
    assert np.linalg.norm(v, axis=1) == pytest.approx(np.ones(4000), abs=1e-5)
    spread = np.cov(v.T)
    assert np.abs(spread - np.diag(np.diag(spread))).max() < 0.03
    assert np.diag(spread) == pytest.approx(np.full(6, 1 / 6), rel=0.35)


def test_features_find_copies_that_were_cut_at_the_sides(network, monkeypatch):
    monkeypatch.setattr(comparison, "PLANTED", 20)
    monkeypatch.setattr(comparison, "SHORTLIST", 60)
    found = comparison.compare(SAMPLE.x_train[:120], SAMPLE.x_train[120:], (), 0, network)
    assert found.by_features == 60
    cut = found.planted["narrower"]
    assert cut["features"].sum() > cut["hash"].sum() + 10
    assert (cut["listed"] >= cut["features"]).all()
    assert found.planted["mirrored"]["features"].mean() > 0.9, "mirror images are looked at, too"
    assert -1 < found.feature_similarity < 1
    without = comparison.compare(SAMPLE.x_train[:120], SAMPLE.x_train[120:], (), 0)
    assert without.by_features == without.planted["narrower"]["features"].sum() == 0


def source_data(x: np.ndarray) -> SourceData:
    large = np.repeat(np.repeat(x, 2, axis=1), 2, axis=2)
    y = np.arange(len(x)) % 2
    half = len(x) // 2
    return SourceData(
        tuple(WNIDS.values()), tuple(WNIDS), large[:half], y[:half], large[half:], y[half:], "f" * 64
    )


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> tuple[Path, dict]:
    root = tmp_path_factory.mktemp("audit") / "results"
    (root / "audit").mkdir(parents=True)
    (root / "audit/classes.yaml").write_text(
        "rule: r\nnear_rule: n\njudged_by: me\nis_a: {cat: {n02123045: tabby}}\nnear: {truck: {n04285008: sports car}}\n"
    )
    (root / "audit/judgements.yaml").write_text(
        "judged_by: me\nhow: by eye\nmeaning: {same image: s, same object: o, different: d}\npairs: {}\n"
    )
    x, y = SAMPLE.x_train, SAMPLE.y_train
    test = np.concatenate([SAMPLE.x_test[:60], x[:2]])
    data = ImageData.build(
        "cifar10", SAMPLE.classes, (x, y), (test, np.r_[np.arange(60) % 10, y[:2]]), "here", "test"
    )
    source = source_data(np.concatenate([SAMPLE.x_test[60:100], test[:1]]))
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "PLANTED", 6)
        patch.setattr(comparison, "SHORTLIST", 150)
        patch.setattr(audit_run, "CLOSEST", dict.fromkeys(audit_run.CLOSEST, 8))
        record = audit(data, source, root, say=lines.append)
    assert len(lines) == 3
    return root, record


@pytest.fixture
def made(once, tmp_path) -> tuple[Path, dict]:
    """An audit of small data, whose files a test may change."""
    shutil.copytree(once[0], tmp_path / "results")
    return tmp_path / "results", once[1]


def test_audit_writes_what_it_found_and_reads_it_again(made, tmp_path, capsys):
    root, record = made
    found = stored.load(root)
    assert found.record == record
    planted = [p for p in found.pairs("test-train") if p["detail"] > 0.999]
    assert len(planted) == 2
    assert all(p["above"] and p["a_sha256"] == p["b_sha256"] for p in planted)
    closest = found.pairs("test-source")[0]
    assert closest["a_sha256"] == closest["b_sha256"]
    assert closest["b_class"] in ("tabby", "sports car")
    assert [p["detail"] for p in found.pairs("test-train")] == sorted(
        (p["detail"] for p in found.pairs("test-train")), reverse=True
    )
    for p in record["pairs"]:
        assert (
            p["above"] == (p["detail"] >= round(record["threshold"], 4))
            or abs(p["detail"] - record["threshold"]) < 1e-4
        )
    assert found.pictures.shape[1:] == (2, 32, 32, 3)
    assert found.record["data"]["source"]["sha256"] == "f" * 64
    assert main(["audit", "--results", str(root), "--sheets", str(tmp_path / "sheets")]) == 0
    assert "test-train.png" in capsys.readouterr().out
    assert (tmp_path / "sheets" / "test-train.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("audit.json", lambda t: t.replace('"seed": 0', '"seed": 1'), "does not match its checksum"),
        ("audit.json", lambda t: t[:200], "cut short"),
        ("audit.json", None, "missing; make it with python -m transferstudy audit"),
        ("pairs.webp", lambda t: "nothing", "SHA-256 differs from the record's"),
        ("pairs.webp", None, "missing"),
        ("judgements.yaml", lambda t: t.replace("pairs: {}", "pairs: {a-b: perhaps}"), r"pairs\.a-b"),
        ("judgements.yaml", lambda t: "a: [", "not valid YAML"),
        ("classes.yaml", lambda t: t.replace("rule: r\n", "", 1), "rule: Field required"),
        ("classes.yaml", None, "made by hand"),
    ],
)
def test_a_damaged_audit_is_refused_by_name(made, file, change, message):
    path = made[0] / "audit" / file
    if change is None:
        path.unlink()
    else:
        path.write_text(change(path.read_text(errors="replace")))
    with pytest.raises(StudyError, match=message) as error:
        stored.load(made[0])
    assert f"audit/{file}" in str(error.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [("n02123045: tabby", "n02123045: lynx"), ("n04285008", "n00000000"), ("cat:", "unicorn:")],
)
def test_a_mapping_to_classes_that_are_not_there_is_refused(made, old, new):
    path = made[0] / "audit/classes.yaml"
    path.write_text(path.read_text().replace(old, new))
    before = (made[0] / "audit/audit.json").read_bytes()
    with pytest.raises(StudyError, match=r"classes\.yaml"):
        audit(SAMPLE, source_data(SAMPLE.x_test[:4]), made[0])
    assert (made[0] / "audit/audit.json").read_bytes() == before


def test_the_command_says_what_it_needs(tmp_path, capsys):
    assert main(["audit", "--results", str(tmp_path)]) == 2
    assert "--source" in capsys.readouterr().err
    assert main(["audit", "--results", str(tmp_path), "--source", str(tmp_path / "no.npz")]) == 2
    message = capsys.readouterr().err
    assert "--source" in message
    assert "does not exist" in message
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def committed() -> stored.Audit:
    return stored.load(ROOT / "results")


def test_the_committed_pictures_are_the_pixels_that_the_pairs_name(committed):
    pictured = [p for p in committed.record["pairs"] if "picture" in p]
    assert sorted(p["picture"] for p in pictured) == list(range(len(committed.pictures)))
    assert committed.record["parameters"]["closest"] == CLOSEST
    for name, closest in CLOSEST.items():
        own = [p for p in committed.pairs(name) if "picture" in p]
        assert closest <= len(own) <= closest + SAMPLED
        assert own[:closest] == committed.pairs(name)[:closest]
    for pair in pictured:
        for side, pixels in zip("ab", committed.pictures[pair["picture"]], strict=True):
            assert hashlib.sha256(pixels.tobytes()).hexdigest()[:DIGITS] == pair[f"{side}_sha256"]


def test_every_committed_picture_was_looked_at_and_nothing_else(committed):
    pictured = {stored.name(p) for p in committed.record["pairs"] if "picture" in p}
    assert set(committed.judgements.pairs) == pictured


def test_the_committed_pairs_agree_with_the_threshold_and_the_recall_with_its_parts(committed):
    record = committed.record
    assert set(record["comparisons"]) == {"test-train", "test-source", "train-source"}
    for name, c in record["comparisons"].items():
        assert c["aligned"] >= c["by_hash"]
        for r in c["recall"].values():
            assert (
                0 <= max(r["hash"], r["features"]) <= r["listed"] <= r["n"] == record["parameters"]["planted"]
            )
            assert r["found"] <= r["listed"]
        for p in committed.pairs(name):
            assert (
                p["above"] == (p["detail"] >= record["threshold"])
                or abs(p["detail"] - record["threshold"]) < 1e-4
            )
    assert set(record["parameters"]["kinds"]) == set(KINDS), "made by an older version of the search"
    weights = json.loads((ROOT / "results/weights/tiny-imagenet-compact.json").read_text())
    assert record["parameters"]["features"]["sha256"] == weights["sha256"]
    runs = json.loads(next((ROOT / "results/runs").glob("*.json")).read_text())
    assert record["data"]["target"]["sha256"] == runs["data"]["sha256"]


def test_whole_images_are_the_default_frame():
    assert coefficients(SAMPLE.x_train[:2]) == pytest.approx(coefficients(SAMPLE.x_train[:2], WHOLE))


def test_a_copied_results_folder_holds_the_audit(committed, tmp_path):
    shutil.copytree(ROOT / "results/audit", tmp_path / "audit")
    assert stored.load(tmp_path).record == committed.record


def test_an_image_of_one_colour_has_a_score():
    flat = np.full((3, 32, 32, 3), 200, np.uint8)
    flat[1, :16] = 13
    flat[2, 5, 5] = 0
    with np.errstate(all="raise"):
        pixels, detail = aligned(flat, SAMPLE.x_train[:3])
    assert np.isfinite([pixels, detail]).all()
    assert detail[0] == 0


def test_that_imagenet_shows_the_target_s_classes_is_said():
    found = report.audit.load()
    assert "are kinds of ours" in report.audit.imagenet_helps(found, report.load().classes)
    assert report.audit.imagenet_helps(found, ("zero", "one")) == ""

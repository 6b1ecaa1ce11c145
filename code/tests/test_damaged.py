"""Three hundred seeded mutations of everything that is read: each is refused by the file's name, or noticed by `verify`; none is a traceback.

What is left alone on purpose stands in `HARMLESS`, with the reason.
"""

import io
import json
import lzma
import os
import pickle
import random
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fakes import fake_record, fake_spec

from transferstudy.analysis import repeated_runs
from transferstudy.arrays import decompressed, read_npz
from transferstudy.cli import main
from transferstudy.data.loading import load_npz
from transferstudy.errors import StudyError
from transferstudy.models.archives import read_arrays
from transferstudy.paths import PRESETS
from transferstudy.plan.presets import expand
from transferstudy.results import manifest
from transferstudy.results.records import as_json, digest, record_digest
from transferstudy.results.store import Store
from transferstudy.training.cache import ActivationCache
from transferstudy.training.keras_file import NAME, NOTES, read_notes

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "weights/tiny-imagenet-compact.json", "weights/tiny-imagenet-compact.npz", "pretraining/cec346b085af.json",
    "inside/7e3f9d3e9cab.json", "inside/7e3f9d3e9cab.npz", "mistakes/backends.json", "mistakes/epoch-0-061ca75e.json",
    "mistakes/epoch-0-061ca75e.npz", "explore/sheet-from-imagenet.json", "explore/sheet-from-imagenet.webp", "keras/applications.json",
    "energy/codecarbon.json", "bench/training.json", "audit/audit.json", "audit/pairs.webp", "audit/classes.yaml",
    "audit/judgements.yaml", f"models/{NAME}",
)  # fmt: skip
# Without the list of files: fields of a record that nothing on a page is computed from, or that may be anything.
HARMLESS = {
    "activations": "rows computed and found again: shown, never computed with",
    "data.corruptions": "how corrupted images were made: for the reader",
    "data.content": "left out for the named data sets",
    "environment.instructions": "left out where NumPy does not know them",
    "environment.allocator": "left out where nothing was set",
    "resumed": "left out where a run was never stopped",
    "timing.features.cpu": "not measured for every part",
    "timing.head.cpu": "not measured for every part",
    "timing.main.cpu": "not measured for every part",
    "timing.prediction.cpu": "not measured for every part",
}
LONG = "9" * 5000


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A small project with one result of every kind, made up where real ones are large."""
    root = tmp_path_factory.mktemp("damaged") / "project"
    (root / "results").mkdir(parents=True)
    shutil.copytree(ROOT / "cards", root / "cards")
    shutil.copy(ROOT / "_quarto.yml", root)
    for name in COPIED:
        (root / "results" / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "results" / name, root / "results" / name)
    store, second = Store(root / "results"), Store(root / "second")
    for place, strength in ((store, 2.0), (second, 2.5)):
        for seed in range(2):
            record, predictions = fake_record(fake_spec("small_scratch", 500, seed), strength, 100)
            record["data"]["name"] = "made-up"
            place.save(record, predictions, {"layer/kernel": np.ones(3, np.float16)} if seed else None)
    repeated_runs.keep(store, second)
    shutil.rmtree(second.root)
    manifest.write(store.root)
    return root


@pytest.fixture
def project(whole, tmp_path, monkeypatch) -> Path:
    """A copy that a test may damage; a command run in it looks at nothing else."""
    copy = tmp_path / "project"
    shutil.copytree(whole, copy)
    monkeypatch.chdir(copy)
    monkeypatch.delenv("TRANSFERSTUDY_RESULTS", raising=False)
    return copy


def seeded(number: int) -> random.Random:
    """Return a source of the same mutations at every call."""
    return random.Random(number)  # noqa: S311


def verified(capsys) -> tuple[int, str]:
    """Run `verify` and return its exit status and what it said."""
    status = main(["verify"])
    out = capsys.readouterr()
    return status, out.out + out.err


def restored(whole: Path, project: Path, *paths: Path) -> None:
    """Put files back as they were."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        shutil.copy(whole / path.relative_to(project), path)


def instead(path: Path, what: str) -> None:
    """Put something that is no file where a file was."""
    content = path.read_bytes()
    path.unlink()
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "link":
        elsewhere = path.parents[2] / "elsewhere"
        elsewhere.write_bytes(content)
        path.symlink_to(elsewhere)
    elif what == "loop":
        path.symlink_to(path)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Damage bytes in one of the ways in which disks, editors and networks do."""
    way = rng.choice(["cut", "bit", "zeros", "more", "empty", "middle"])
    at = rng.randrange(len(content))
    if way == "bit":
        return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
    if way == "zeros":
        return content[:at] + bytes(min(64, len(content) - at)) + content[at + 64 :] + b"\0"
    return {
        "cut": content[:at],
        "more": content + bytes(rng.randrange(256) for _ in range(rng.randrange(1, 40))),
        "empty": b"",
        "middle": content[: at // 2] + content[at:] if at > 1 else b"",
    }[way]


def test_the_undamaged_project_is_whole(project, capsys):
    status, said = verified(capsys)
    assert status == 0, said
    assert "none missing, changed or added" in said


def test_every_damaged_file_is_named(whole, project, capsys):
    """110 mutations of single files: bytes, and things that are no files."""
    rng, root = seeded(1), project / "results"
    names = [*manifest.present(root), manifest.NAME]
    for _ in range(110):
        path = root / rng.choice(names)
        way = rng.choice(["bytes", "bytes", "bytes", "removed", "folder", "fifo", "link", "loop"])
        if way == "bytes":
            path.write_bytes(mutated(path.read_bytes(), rng))
        else:
            instead(path, way)
        if path.name == manifest.NAME and not path.is_symlink() and way == "removed":
            restored(whole, project, path)  # a folder without a list is allowed: tried below
            continue
        status, said = verified(capsys)
        harmless = (
            path.name == manifest.NAME and status == 0 and manifest.check(root)
        )  # damage in its comment
        assert harmless or (status == 2 and path.name in said), (path.name, way, said)
        restored(whole, project, path)
    assert verified(capsys)[0] == 0


def test_files_that_are_too_many_or_in_each_others_place_are_named(whole, project, capsys):
    root = project / "results"
    for name in (
        "runs/0123456789ab.npz.xz",
        "runs/.0123456789ab.json.7.part",
        "inside/x.npz",
        "again/old.json",
        "loose.txt",
    ):
        (root / name).write_bytes(b"left")
        status, said = verified(capsys)
        assert status == 2, name
        assert name in said
        (root / name).unlink()
    files = list(manifest.present(root).values())
    rng = seeded(2)
    for _ in range(10):
        a, b = rng.sample(files, 2)
        one, two = a.read_bytes(), b.read_bytes()
        a.write_bytes(two)
        b.write_bytes(one)
        status, said = verified(capsys)
        assert status == 2
        assert a.name in said
        assert b.name in said
        restored(whole, project, a, b)
    for folder in ("mistakes", "again", "inside", "pretraining"):
        shutil.rmtree(root / folder)
        status, said = verified(capsys)
        assert status == 2
        assert f"{folder}/" in said
        shutil.copytree(whole / "results" / folder, root / folder)


def test_what_belongs_to_no_result_is_named_without_a_list(project, capsys):
    root = project / "results"
    (root / manifest.NAME).unlink()
    status, said = verified(capsys)
    assert status == 0, said
    assert "files.txt: not there" in said
    for name in (
        "runs/0123456789ab.npz.xz",
        "runs/.0123456789ab.json.7.part",
        "models/0123456789ab.npz",
        "mistakes/a.npz",
    ):
        (root / name).write_bytes(b"left")
        status, said = verified(capsys)
        assert status == 2
        assert name in said
        (root / name).unlink()


def places(value, at=()):
    """Yield the way to every value in a record."""
    if at:
        yield at
    steps = (
        value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    )
    for key, inner in steps:
        yield from places(inner, (*at, key))


def changed(record: dict, at: tuple, new) -> dict:
    """Return a record with another value at a place, or without it, under a checksum that fits."""
    record = json.loads(json.dumps(record))
    inner = record
    for key in at[:-1]:
        inner = inner[key]
    if new is changed:
        del inner[at[-1]]
    else:
        inner[at[-1]] = new
    record["record_sha256"] = record_digest(record)
    return record


def test_values_of_another_kind_in_runs_are_refused_by_name_though_every_checksum_fits(project, capsys):
    """Sixty mutations of records, without a list of files that would notice each of them.

    Of a run every value that pages read is checked; of other records what is refused is refused by name, without a traceback.
    """
    rng, root = seeded(3), project / "results"
    (root / manifest.NAME).unlink()
    kinds = ["runs"] * 3 + ["weights", "pretraining", "mistakes", "again", "explore", "keras", "inside"]
    for _ in range(60):
        path = rng.choice(sorted((root / rng.choice(kinds)).glob("*.json")))
        text = path.read_text()
        record = json.loads(text)
        at = rng.choice([p for p in places(record) if p[0] != "record_sha256"])
        old = record
        for key in at:
            old = old[key]
        odd = [None, True, "x", [], {"a": []}, float("nan"), -3, [[1]], changed]
        new = rng.choice([v for v in odd if type(v) is not type(old)])
        path.write_text(as_json(changed(record, at, new)))
        status, said = verified(capsys)
        place = ".".join(map(str, at))
        if status == 0 and path.parent.name == "runs":
            assert any(place.startswith(name) for name in HARMLESS), (place, new)
        assert status == 0 or path.name in said or path.stem in said, (path.name, place, new, said)
        path.write_text(text)


@pytest.mark.parametrize(
    ("field", "new"),
    [
        (("metrics",), changed), (("timing",), changed), (("timing", "total"), changed), (("spec",), [1, 2]),
        (("weights",), None), (("metrics", "val", "n"), True), (("metrics", "val", "wit"), 0.5), (("metrics", "extra"), {}),
        (("metrics", "test", "accuracy"), "0.5"), (("metrics", "test", "nll"), float("nan")), (("phases",), {}),
        (("spec", "seed"), True), (("predictions", "file"), "../../etc/passwd"), (("id",), "0123456789ab"),
        (("environment",), []), (("data", "classes"), "cats"), (("parameters", "total"), 1.5), (("model",), []),
    ],
)  # fmt: skip
def test_fields_of_a_record_are_checked(project, field, new):
    store = Store(project / "results")
    run_id = store.ids()[0]
    path = store.record_path(run_id)
    path.write_text(as_json(changed(json.loads(path.read_text()), field, new)))
    with pytest.raises(StudyError, match=rf"results/runs/{run_id}\.json: "):
        store.load(run_id)


@pytest.mark.parametrize(
    "text", [f'{{"n": {LONG}}}', "[" * 100_000, '{"a": 1', "[1, 2]", '"text"', "", "nul", '{"a": "\\ud800"}']
)
def test_json_that_nobody_wrote_is_refused_by_name(project, text):
    store = Store(project / "results")
    run_id = store.ids()[0]
    store.record_path(run_id).write_text(text)
    with pytest.raises(StudyError, match=rf"results/runs/{run_id}\.json: "):
        store.load(run_id)


def test_a_run_that_was_resumed_is_read(project):
    store = Store(project / "results")
    record = store.load(store.ids()[0])
    store.save_record({**record, "resumed": 2})
    assert store.load(record["id"])["resumed"] == 2


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def bomb() -> bytes:
    """An archive of some kilobytes whose array says that it has two gigabytes, and which unpacks to 33 megabytes of zeros."""
    buffer, array = io.BytesIO(), io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (2**29,)}
    np.lib.format.write_array_header_1_0(array, header)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a/kernel.npy", array.getvalue() + bytes(33 * 2**20))
    return buffer.getvalue()


def test_no_more_is_unpacked_than_the_limit():
    content = npz(a=np.zeros(1000))
    with pytest.raises(ValueError, match=r"it unpacks to 8,\d+ bytes, and at most 8,000 are read"):
        read_npz(content, 8000)
    with pytest.raises(ValueError, match="it unpacks to more than 8,000 bytes"):
        decompressed(lzma.compress(bytes(10_000)), 8000)


def odd_archives() -> dict[str, bytes]:
    """Bytes that are no predictions, by name."""
    y, scores = np.zeros(3, np.uint8), np.zeros((3, 2), np.float16)
    return {
        "nothing": b"",
        "text": b"no archive",
        "no arrays": lzma.compress(npz()),
        "no labels": lzma.compress(npz(val_log_p=scores)),
        "short labels": lzma.compress(npz(val_log_p=scores, val_y=y[:2])),
        "labels of other classes": lzma.compress(npz(val_log_p=scores, val_y=y + 9)),
        "NaN": lzma.compress(npz(val_log_p=scores + np.nan, val_y=y)),
        "text for numbers": lzma.compress(npz(val_log_p=np.array([["a", "b"]] * 3), val_y=y)),
        "a pickle": lzma.compress(npz(val_log_p=np.array([{1: 2}], object), val_y=y)),
        "a bare pickle": pickle.dumps({"val_log_p": 1}),
        "half of two": lzma.compress(npz(**{"val_log_p.others": np.zeros((1, 3), np.uint8), "val_y": y})),
        "parts that do not fit": lzma.compress(
            npz(
                **{
                    "val_log_p.others": np.zeros((1, 3), np.uint8),
                    "val_log_p.whole": np.zeros(1, np.uint8),
                    "val_y": y,
                }
            )
        ),
        "larger than it says": lzma.compress(bomb()),
        "cut": lzma.compress(npz(val_log_p=scores, val_y=y))[:-20],
    }


@pytest.mark.parametrize("name", odd_archives())
def test_predictions_that_are_none_are_refused_though_the_checksum_fits(project, name, capsys):
    store, content = Store(project / "results"), odd_archives()[name]
    record = store.load(store.ids()[0])
    file = store.root / record["predictions"]["file"]
    file.write_bytes(content)
    entry = {**record["predictions"], "sha256": digest(content), "bytes": len(content)}
    store.save_record({**record, "predictions": entry})
    with pytest.raises(StudyError, match=rf"{file.name}: cannot be read"):
        store.predictions(store.load(record["id"]))


def test_damaged_weights_are_refused_or_read_as_they_are(tmp_path):
    """Forty mutations of a weights file with a head."""
    rng, path = seeded(4), tmp_path / "weights.npz"
    arrays = {
        "block1_conv1/kernel": np.ones((3, 3, 3, 4), np.float32),
        "head/bias": np.arange(5, dtype=np.float32),
    }
    good = npz(**arrays)
    for _ in range(40):
        path.write_bytes(mutated(good, rng))
        try:
            read = read_arrays(path)
        except StudyError as error:
            assert str(path) in str(error)
        else:
            assert {n: a.tobytes() for n, a in read.items()} == {n: a.tobytes() for n, a in arrays.items()}
    for odd in (
        npz(**{**arrays, "head/bias": np.full(5, np.nan)}),
        bomb(),
        npz(**{"a/b": np.array([{}], object)}),
    ):
        path.write_bytes(odd)
        with pytest.raises(StudyError, match=r"weights\.npz: "):
            read_arrays(path)


def test_damaged_image_archives_are_refused(tmp_path):
    path = tmp_path / "cifar10.npz"
    for content in (
        b"",
        b"PK\x03\x04 and no more",
        bomb(),
        npz(x_train=np.array([{}], object)),
        npz(x_train=np.zeros(3)),
    ):
        path.write_bytes(content)
        with pytest.raises(StudyError, match=r"cifar10\.npz: "):
            load_npz("cifar10", path, "made up", None)


@pytest.mark.parametrize(
    "notes",
    [
        "[]",
        "{}",
        '{"classes": "cats"}',
        '{"classes": [1, 2], "run": "x", "weights": {"name": "none", "sha256": null}}',
        "{",
        LONG,
    ],
)
def test_notes_of_another_form_are_refused(tmp_path, notes):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(NOTES, notes)
    with pytest.raises(StudyError, match=r"model\.keras"):
        read_notes(path)


def test_damaged_cards_are_refused_by_name(whole, project):
    """Forty mutations of cards, by hand and by chance."""
    from transferstudy.report.cards import card, card_names, published, read_card
    from transferstudy.report.pages.literature import facts

    def read_all():
        for name in card_names():
            read_card(name)
        published()
        facts()
        return {path.stem: card(path.stem) for path in sorted((project / "cards").glob("*.yaml"))}

    rng, good = seeded(5), read_all()
    cards = sorted((project / "cards").glob("*.yaml"))
    odd = [
        b"",
        b"- a\n- list\n",
        b"a: [1, 2",
        b"\xff\xfe\x00",
        b"top1: 3",
        f"n: {LONG}".encode(),
        b"null",
        b"a: 2024-99-99",
    ]
    for path in cards:
        for content in rng.sample(odd, 3):
            path.write_bytes(content)
            with pytest.raises(StudyError, match=rf"cards/{path.stem}\.yaml: "):
                card(path.stem)
                read_all()
            restored(whole, project, path)
        for what in ("folder", "fifo", "link"):
            instead(path, what)
            with pytest.raises(StudyError, match=rf"cards/{path.stem}\.yaml: "):
                read_all()
            restored(whole, project, path)
    for _ in range(25):  # a text that lost its end is still a text: the card's author is asked about nothing
        path = rng.choice(cards)
        path.write_bytes(mutated(path.read_bytes(), rng))
        try:
            assert read_all().keys() == good.keys()
        except StudyError as error:
            assert f"cards/{path.stem}.yaml" in str(error) or path.stem in str(error)
        restored(whole, project, path)


def test_damaged_presets_are_refused_by_name(tmp_path):
    """Forty mutations: tables of other kinds, then bytes."""
    rng, good = seeded(6), PRESETS.read_text(encoding="utf-8")
    odd = [
        "presets = 3", "", "[presets]\nreport = []", "[presets.report]\nn_labels = 5", f"n = {LONG}", "a = [[[[",
        "defaults = 1\nstrategies = 2\n[presets]",
        good.replace("[presets.tuning]", "[presets.tuning]\nset_label = {}", 1),
        good.replace("[presets.tuning]", "[presets.tuning]\nseeds = 3", 1),
        good.replace("\n[defaults]", "\n[[defaults]]", 1),
    ]  # fmt: skip
    for number, text in enumerate(odd):
        path = tmp_path / f"odd{number}.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(StudyError, match=rf"odd{number}\.toml"):
            expand("report", path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes("# Grüße\n".encode("latin-1") + good.encode())
    with pytest.raises(StudyError, match=r"latin\.toml: line 1 is not UTF-8"):
        expand("report", latin)
    for number in range(30):
        path = tmp_path / f"mutated{number}.toml"
        path.write_bytes(mutated(good.encode(), rng))
        try:
            expand("report", path)  # a changed comment or number is another plan, and has other identities
        except StudyError as error:
            assert path.name in str(error)


def test_damaged_caches_are_computed_again(tmp_path):
    """Exchanged, cut and changed files of kept activations never reach a result."""
    rng = seeded(7)
    digests = [bytes([k]) * 32 for k in range(6)]
    values = {
        part: np.arange(6, dtype=np.float32)[:, None] + number
        for number, part in enumerate(("aa" * 32, "bb" * 32))
    }

    def read(part: str) -> np.ndarray:
        cache = ActivationCache(tmp_path, 2**30)
        return np.asarray(cache.get(part, digests, (1,), lambda positions: iter([values[part][positions]])))

    for part in values:
        read(part)
    first, second = sorted(tmp_path.glob("*/*.chunk"))
    one, two = first.read_bytes(), second.read_bytes()
    assert len(one) == len(two)
    for number in range(20):
        a, b = (two, one) if number == 0 else (mutated(one, rng), mutated(two, rng))
        first.write_bytes(a)
        second.write_bytes(b)
        for part, expected in values.items():
            np.testing.assert_array_equal(read(part), expected)

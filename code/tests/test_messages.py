"""What a reader is told when pictures, groups, weights, settings, records, folders or pages cannot be used: all of it, as text.

Each message says what is wrong, where, and what mends it. Texts of the first three tables are provoked where their kinds are
tested in every way in; this file provokes the others. "…" stands for what a library or the machine says.
"""

import errno
import json
import os
import re
import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import fake_record, fake_spec
from photos import both
from sitefixtures import project

from renderer.build import build
from renderer.errors import RenderError
from transferstudy import keras_settings
from transferstudy.cli import main
from transferstudy.commands import look
from transferstudy.data import load
from transferstudy.data.folders.choice import Reading
from transferstudy.errors import StudyError
from transferstudy.files import write_whole
from transferstudy.paths import PRESETS
from transferstudy.plan.presets import expand
from transferstudy.report.cards import read_card
from transferstudy.results import manifest
from transferstudy.results.records import as_json, record_digest
from transferstudy.results.store import Store
from transferstudy.running.storing import NotStored, keep, try_writing
from transferstudy.training.execution import Finished, check_identity
from transferstudy.training.keras_file import NOTES


def likeness(text: str) -> str:
    """Return a regular expression for a text in which "…" stands for anything on its line."""
    return ".*".join(map(re.escape, text.split("…")))


# ---- pictures, splits and weights: provoked where their kinds are tested in every way in

# Reasons; the file's name stands before them, or they are a heading above the names. Provoked in test_pictures.
PICTURES = {
    "heic": 'HEIC pictures cannot be read here. Install their reader with pip install "transferstudy[heic]", or convert the file to JPEG or PNG.',
    "heic called jpg": 'HEIC pictures cannot be read here. Install their reader with pip install "transferstudy[heic]", or convert the file to JPEG or PNG.',
    "web page": "this is a web page, not a picture. Download the picture again.",
    "git lfs": "this is a Git LFS pointer, not the picture itself. Fetch it with git lfs pull.",
    "empty": "this file is empty. Copy it again.",
    "text": "this is not a picture that can be read. Convert it to JPEG or PNG.",
    "drawing": "this is not a picture that can be read. Convert it to JPEG or PNG.",
    "cut short": "this file is cut short. Copy it again.",
    "zeros at the end": "this file is cut short. Copy it again.",
    "one byte changed": "this file is damaged, or of a kind that cannot be read. Copy it again, or convert it to JPEG or PNG.",
    "long text": "this PNG file holds a text of more than 1 MiB, the limit. Save the picture without it.",
    "too many pixels": "this picture has more than 178 million pixels, the limit. Save it smaller.",
    "too small": "this picture has 4 x 40 pixels; at least 8 a side are needed. Put a larger one there.",
    "no number": "its pixel values lie outside the range 0 to 65,535, so it is not clear what is black and what is white. Save it with 8 or 16 bits.",
    "negative": "its pixel values lie outside the range 0 to 65,535, so it is not clear what is black and what is white. Save it with 8 or 16 bits.",
    "which white": "its largest pixel value is 1.5, so it is not clear whether white is 1 or 255. Save it with 8 or 16 bits.",
    "which white of whole numbers": "its largest pixel value is 300, so it is not clear whether white is 255 or 65,535. Save it with 8 or 16 bits.",
    "pipe": "this is a pipe, a device or a socket, not a file. Name picture files.",
    "broken link": "this link points to no file. Check the name.",
}

# What follows the folder's name. Provoked in test_folders.
SPLITS = {
    "a folder of no known purpose": "/extra: beside train it is not clear what this folder is for. Split folders are called train, training, val, valid, validation, dev, test, testing and holdout, in any case and with other words or numbers beside. Rename it, or move it elsewhere.",
    "two folders for validation": ": val and valid are both for validation. Join them in one folder.",
    "a test folder without classes": "/test: beside train this folder holds pictures without class folders, so their labels are not known. Sort them into class folders, or move this folder elsewhere.",
    "splits without classes": ": train and val are called like splits but hold pictures instead of class folders, so the classes are not known. Make one folder a class inside each.",
    "splits with a number and no classes": ": test1 and train are called like splits but hold pictures instead of class folders, so the classes are not known. Make one folder a class inside each.",
    "hospitals or classes": ": siteA and siteB hold the same folders healthy and ill, so it is not clear which are the classes. If siteA and siteB are, name them: --classes siteA,siteB. If healthy and ill are, put them on top (healthy/siteA), and name them: --classes healthy,ill.",
    "pictures and masks": "/train: images and masks look like pictures and their masks, which say where something is in a picture. Classes of whole pictures are learned here: make one folder a class instead, without the masks.",
    "splits inside classes": "/cat: the class cat holds test and train. Put the splits on top and the classes inside them: test/cat.",
    "a class in one part only": ": the class 'bird' is in test/ but not in train/. Add pictures of it there, or move its folder elsewhere.",
    "one folder too high": ": at least two folders with pictures are needed, one for each class; 1 found. Do you mean {root}/data?",
    "a small class": ": The class 'rare' has 3 pictures to learn from; at least 5 are needed. Add some, or move its folder elsewhere.",
    "one scene": ": Your pictures look alike (12 of the 12 of 'cat', 12 of the 12 of 'dog'), as those of a fixed camera do, so copies cannot be told from other pictures. If they show different things, give --copies equal: then only equal files count as copies, and --groups says what else belongs together. If they are copies, add other pictures.",
    "no folder for training": ": there is test but no folder for training. Add one called train, or name the folder whose folders are the classes.",
    "one picture in two classes": ": 1 picture is in more than one class, or looks the same there:\n    cat/photo003.png  =  dog/strange.bmp\nRemove the wrong copies; or leave out all of them with --conflicts drop, or use all of them with --conflicts keep.",
}

GROUPS_IN_TWO_PARTS = (
    "--groups: 10 of 10 groups stand in more than one of the folders test, train, such as 0. Move their pictures to one side, or put "
    "all pictures into plain class folders, so that the parts are drawn."
)

# Provoked in test_weights_files.
WEIGHTS = {
    "NaN": "{file}: a/kernel holds values that are not finite numbers (NaN or infinity), so no network can start from it. Save the weights again from a healthy model.",
    "infinity in float64": "{file}: a/bias holds values that are not finite numbers (NaN or infinity), so no network can start from it. Save the weights again from a healthy model.",
    "pickle": "{file}: a/kernel is a pickled Python object, which could run foreign code. Save the weights as plain arrays of numbers. .npz, .weights.h5, .keras and .h5 files can be read.",
    "gigabytes": "{file}: unpacks to … GB, and at most … GB are read. Save only the weights of the network without its classifier and optimiser: backbone.save_weights('backbone.weights.h5').",
    "gigabytes of HDF5": "{file}: unpacks to … GB, and at most … GB are read. Save only the weights of the network without its classifier and optimiser: backbone.save_weights('backbone.weights.h5').",
    "false header": "{file}: a/kernel says that it has the shape (1099511627776,), but holds another number of bytes. Save the weights as plain arrays of numbers. .npz, .weights.h5, .keras and .h5 files can be read.",
    "whole numbers": "{file}: a/kernel holds values of type int64. Weights are float16, float32 or float64 numbers, or int8 with a float32 array a/kernel_scale beside them. Save them so.",
    "8 bits without scale": "{file}: a/kernel holds values of type int8. Weights are float16, float32 or float64 numbers, or int8 with a float32 array a/kernel_scale beside them. Save them so.",
    "text in HDF5": "{file}: a/kernel holds values of type object. Weights are float16, float32 or float64 numbers, or int8 with a float32 array a/kernel_scale beside them. Save them so.",
    "no layers": "{file}: no array in it is named <layer>/<variable>, such as block1_conv1/kernel. Name the arrays so, or save the model with Keras' save_weights.",
    "no layers in HDF5": "{file}: holds no layers with weights as Keras writes them. Save the model again with save_weights.",
    "PyTorch's": "{file}: 'archive/data.pkl' is no NumPy array. Save the weights as plain arrays of numbers. .npz, .weights.h5, .keras and .h5 files can be read.",
    "another file": "{file}: a/kernel lies in another file, and only arrays inside the weights file are read. Save the model again with save_weights.",
    "cut short": "{file}: this weights file cannot be read (…). It may be cut short or damaged: fetch it again. .npz, .weights.h5, .keras and .h5 files can be read.",
    "cut short archive": "{file}: this weights file cannot be read (…). It may be cut short or damaged: fetch it again. .npz, .weights.h5, .keras and .h5 files can be read.",
    "text": "{file}: this is no weights file that can be read. Fetch it again, or save the weights with Keras' save_weights. .npz, .weights.h5, .keras and .h5 files can be read.",
    "empty": "{file}: this is no weights file that can be read. Fetch it again, or save the weights with Keras' save_weights. .npz, .weights.h5, .keras and .h5 files can be read.",
}


# ---- groups


def group_file(name: str, content: bytes):
    def make(root: Path) -> str:
        (root / name).write_bytes(content)
        return name

    return make


GROUPS = {
    "no expression": (
        lambda root: "p(",
        "--groups p(: neither a file nor a regular expression (…). For names such as p07_3.jpg, write --groups '^(p\\d+)_'.",
    ),
    "no match": (
        lambda root: "shot",
        "--groups shot: 20 of 20 file names do not match, such as cat/photo000.png. Change the expression so that it matches every "
        "name.",
    ),
    "an empty group": (
        lambda root: "photo00(x?)",
        "--groups photo00(x?): 20 of 20 file names do not match, such as cat/photo000.png. Change the expression so that it "
        "matches every name.",
    ),
    "one group": (
        lambda root: "photo",
        "--groups photo: all 20 pictures fall into one group, so they cannot be split. Change it so that it tells the groups apart.",
    ),
    "each alone": (
        group_file("all.csv", b"file,group\n" + b"".join(b"%s/photo%03d.png,%s%d\n" % (c, k, c, k) for c in (b"cat", b"dog") for k in range(10))),
        "--groups all.csv: each of the 20 pictures is a group of its own, so nothing is kept together. Name the part of the file "
        "name that several pictures share.",
    ),
    "no table": (
        lambda root: "gone.csv",
        "--groups gone.csv: no such file, neither here nor in photos/. Check the name.",
    ),
    "half a table": (
        group_file("half.csv", b"file,group\ncat/photo000.png,a\n"),
        "--groups half.csv: 19 of 20 pictures are not listed, such as cat/photo001.png. Add a line for each; names are relative to "
        "the data set's folder.",
    ),
    "other columns": (
        group_file("wrong.csv", b"name,who\r\na,b\r\n"),
        "--groups wrong.csv: line 1 says 'name,who'. Write the names of the columns there: file,group.",
    ),
    "twice": (
        group_file("twice.csv", b"file,group\ncat/photo000.png,a\ncat/photo000.png,b\n"),
        "--groups twice.csv: line 3 puts cat/photo000.png into the group b, an earlier line into a. Keep one of them.",
    ),
    "no group": (
        group_file("empty.csv", b"file,group\ncat/photo000.png,\n"),
        "--groups empty.csv: line 2 has no file or no group. Fill it in, or delete the line.",
    ),
    "another encoding": (
        group_file("latin.csv", "file,group\ncat/phöto.png,a\n".encode("latin-1")),
        "--groups latin.csv: line 2 is not UTF-8 text, so the file is damaged or in another encoding; make it a CSV "
        "table in UTF-8 that you may read",
    ),
    "a cell without an end": (
        group_file("long.csv", b'file,group\n"' + b"x" * 200_000 + b"\n"),
        "--groups long.csv: what follows line 1 cannot be read as a row of a table (…). Save the table as CSV in UTF-8.",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    return both(tmp_path_factory.mktemp("messages") / "photos")


@pytest.mark.parametrize("kind", GROUPS)
def test_groups(kind, photos):
    make, expected = GROUPS[kind]
    with pytest.raises(StudyError) as error:
        load("photos", photos, 16, reading=Reading(groups=make(photos)))
    assert re.fullmatch(likeness(expected), str(error.value)), str(error.value)


# ---- which pictures a command is for

DATA = {
    "an archive for the sample's preset": (
        ["--data", "{file}"],
        "--data {file}: the preset smoke uses the images that come with the package. Leave --data out, choose another preset, or "
        "give a folder of class folders.",
    ),
    "groups of nothing": (
        ["--groups", "p"],
        "--groups: this is for a folder of pictures; give one with --data FOLDER, or leave --groups out",
    ),
    "a shape of nothing": (
        ["--fit", "pad"],
        "--fit: this is for a folder of pictures; give one with --data FOLDER, or leave --fit out",
    ),
    "no path": (["--data", ""], "--data: the path is empty. Name a file or a folder, or leave --data out."),
    "a path to nothing": (["--data", "{gone}"], "--data: {gone} does not exist. Check the path."),
    "the root": (["--data", "/"], "/: the root of a disk is no data set. Name a folder in it."),
    "one fold": (["--data", "{folder}", "--folds", "1"], "--folds 1: must be a whole number from 2 to 20, or none"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DATA)
def test_data(kind, photos, tmp_path, capsys):
    options, expected = DATA[kind]
    places = {"file": tmp_path / "cifar10.npz", "folder": photos, "gone": tmp_path / "gone"}
    places["file"].touch()
    assert main(["plan", "--preset", "smoke", *(o.format(**places) for o in options)]) == 2
    assert capsys.readouterr().err == f"error: {expected.format(**places)}\n"


OTHER_PICTURES = (
    "run {id} is for the pictures 111111111111, but --data holds 222222222222. Give the folder that the run is for, or plan the "
    "run again."
)


def test_a_run_of_other_pictures():
    spec = expand("smoke", dataset="photos", data_sha256="1" * 64)[0]
    with pytest.raises(StudyError) as error:
        check_identity(spec, SimpleNamespace(content="2" * 64, name="photos"))
    assert str(error.value) == OTHER_PICTURES.format(id=spec.id)


# ---- Keras' settings

KERAS = {  # environment variable, content of keras.json -> message after the file's name
    "a backend that is not there": (
        "jax",
        "",
        "KERAS_BACKEND=jax: jax is not installed here. Install it with python -m pip install jax, or set KERAS_BACKEND=tensorflow.",
    ),
    "another backend": (
        "theano",
        "",
        "KERAS_BACKEND=theano: the study runs on tensorflow, jax or torch. To go on, set KERAS_BACKEND=tensorflow.",
    ),
    "a backend in the file": (
        "",
        '{"backend": "jax"}',
        "{file}: backend jax: jax is not installed here. Install it with python -m pip install jax, or set KERAS_BACKEND=tensorflow.",
    ),
    "another type": (
        "",
        '{"floatx": "float8"}',
        '{file}: Keras does not accept floatx "float8". Write "float32", or delete the file; Keras writes it anew.',
    ),
    "another format": (
        "",
        '{"image_data_format": "last"}',
        '{file}: Keras does not accept image_data_format "last". Write "channels_last", or delete the file; Keras writes it anew.',
    ),
    "no settings": ("", "[1]", "{file}: these are no settings of Keras. Delete the file; Keras writes it anew."),
}  # fmt: skip


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """A folder of Keras' own, on a machine that has TensorFlow alone."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(keras_settings, "find_spec", lambda name: name == "tensorflow")
    return tmp_path / "keras.json"


@pytest.mark.parametrize("kind", KERAS)
@pytest.mark.parametrize(
    "command", [["run", "--preset", "smoke"], ["predict", "photo.jpg"]], ids=lambda c: c[0]
)
def test_keras(kind, command, keras_home, monkeypatch, capsys):
    variable, content, expected = KERAS[kind]
    monkeypatch.setenv("KERAS_BACKEND", variable)
    keras_home.write_text(content)
    assert main(command) == 2
    assert capsys.readouterr().err == f"error: {expected.replace('{file}', str(keras_home))}\n"


# ---- a model file


def model_file(**members: str):
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in members.items():
                archive.writestr(NOTES if name == "notes" else name, text)

    return write


MEND_MODEL = "restore or fetch it again, or make one with python -m transferstudy export"
MODELS = {
    "no file": (
        lambda path: None,
        "--model: {file} does not exist. Check the path.",
    ),
    "text": (lambda path: path.write_text("x"), "{file}: cannot be read as a .keras file (…); " + MEND_MODEL),
    "another model": (model_file(config="{}"), "{file}: a Keras model without class names; " + MEND_MODEL),
    "notes of another form": (
        model_file(notes='{"classes": ["a"], "run": "b"}'),
        f"{{file}}, {NOTES} in it: classes: List should have at least 2 items after validation, not 1; {MEND_MODEL}",
    ),
}


@pytest.mark.parametrize("kind", MODELS)
def test_models(kind, tmp_path, photos, capsys):
    write, expected = MODELS[kind]
    path = tmp_path / "model.keras"
    write(path)
    assert main(["predict", str(photos / "cat" / "photo000.png"), "--model", str(path)]) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(likeness(f"error: {expected.replace('{file}', str(path))}\n"), said), said


# ---- results

AGAIN = "restore it (git checkout -- results/runs/{id}.json) or make it again: delete it, then python -m transferstudy run --only {id}"
AGAIN_BESIDE = "restore it (git checkout -- {file}) or delete {id}.json, then python -m transferstudy run --only {id} makes it again"
RELIST = (
    "If you did not mean this, restore the files: git checkout -- results, and delete what is not listed. If you did, write the "
    "list anew: python -m transferstudy manifest --results {root}"
)


@pytest.fixture
def store(tmp_path) -> Store:
    """One made-up run."""
    made = Store(tmp_path / "results")
    made.save(*fake_record(fake_spec("small_scratch", 500), 2.0, 50))
    return made


def text_instead(text: str | bytes):
    def damage(path: Path) -> None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    return damage


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def field(name: str, value):
    """Change a field under a checksum that fits."""

    def damage(path: Path) -> None:
        record = {**json.loads(path.read_text()), name: value}
        path.write_text(as_json({**record, "record_sha256": record_digest(record)}))

    return damage


RECORDS = {
    "cut short": (text_instead('{"id": 1'), f"results/runs/{{id}}.json: damaged, perhaps cut short (…); {AGAIN}"),
    "long number": (
        text_instead(f'{{"n": {"9" * 5000}}}'),
        f"results/runs/{{id}}.json: damaged, perhaps cut short (a number of thousands of digits); {AGAIN}",
    ),
    "another encoding": (
        text_instead(b'{"a": "\xe4"}'),
        f"results/runs/{{id}}.json: line 1 is not UTF-8 text, so the file is damaged or in another encoding; {AGAIN}",
    ),
    "a folder": (folder_instead, f"results/runs/{{id}}.json: a folder lies there instead of a file; {AGAIN}"),
    "edited": (
        text_instead('{"id": 1}'),
        f"results/runs/{{id}}.json: its content does not match its checksum: it was edited; {AGAIN}",
    ),
    "another version": (field("schema", 9), f"results/runs/{{id}}.json: made by another version of the study; {AGAIN}"),
    "the first edition": (
        field("schema", 1),
        "results/runs/{id}.json: its record is of the first edition. Convert all such records with python -m transferstudy convert",
    ),
    "a field of another type": (field("weights", None), f"results/runs/{{id}}.json: weights: Input should be …; {AGAIN}"),
    "no measures": (field("metrics", {}), f"results/runs/{{id}}.json: metrics.val: Field required; {AGAIN}"),
    "another run's name": (
        field("id", "0123456789ab"),
        f"results/runs/{{id}}.json: it names another run or other predictions than its own; {AGAIN}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", RECORDS)
def test_records(kind, store, capsys):
    damage, expected = RECORDS[kind]
    (run_id,) = store.ids()
    damage(store.record_path(run_id))
    assert main(["verify", "--results", str(store.root)]) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(likeness(f"error: {expected.replace('{id}', run_id)}\n"), said), said


FILES = {
    "predictions are gone": (
        lambda path: path.unlink(),
        f"results/runs/{{id}}.npz.xz: missing; {AGAIN_BESIDE.replace('{file}', 'results/runs/{id}.npz.xz')}",
    ),
    "predictions are damaged": (
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        "results/runs/{id}.npz.xz: damaged or edited: its SHA-256 differs from the record's; "
        + AGAIN_BESIDE.replace("{file}", "results/runs/{id}.npz.xz"),
    ),
    "one too many": (
        lambda path: shutil.copy(path, path.with_name("0123456789ab.npz.xz")),
        "results: 1 file belongs to no result: runs/0123456789ab.npz.xz. Restore the records (git checkout -- results), or delete "
        "these files.",
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_beside_records(kind, store, capsys):
    damage, expected = FILES[kind]
    (run_id,) = store.ids()
    damage(store.runs / f"{run_id}.npz.xz")
    assert main(["verify", "--results", str(store.root)]) == 2
    assert capsys.readouterr().err == f"error: {expected.replace('{id}', run_id)}\n"


LISTED = {
    "missing": (
        lambda runs, run_id: (runs / f"{run_id}.npz.xz").unlink(),
        "results: its files are not those that files.txt lists:\n  1 missing: runs/{id}.npz.xz\n" + RELIST,
    ),
    "changed": (
        lambda runs, run_id: (runs / f"{run_id}.json").write_text("{}"),
        "results: its files are not those that files.txt lists:\n  1 changed: runs/{id}.json\n" + RELIST,
    ),
    "not listed": (
        lambda runs, run_id: (runs / ".x.json.part").touch(),
        "results: its files are not those that files.txt lists:\n  1 not listed: runs/.x.json.part\n"
        + RELIST,
    ),
    "a damaged list": (
        lambda runs, run_id: (runs.parent / "files.txt").write_text("what\n"),
        "results/files.txt: line 1 has no SHA-256, size and name of a file; restore it (git checkout -- results/files.txt), or "
        "write it anew: python -m transferstudy manifest --results {root}",
    ),
}


@pytest.mark.parametrize("kind", LISTED)
def test_the_list_of_files(kind, store, capsys):
    damage, expected = LISTED[kind]
    (run_id,) = store.ids()
    manifest.write(store.root)
    damage(store.runs, run_id)
    assert main(["verify", "--results", str(store.root)]) == 2
    assert (
        capsys.readouterr().err
        == f"error: {expected.replace('{id}', run_id).replace('{root}', str(store.root))}\n"
    )


# ---- a results folder that takes nothing

FOLDERS = {
    "a file": (
        None,
        "--results {root}: {root} is no folder, so no run could be stored there. Name another place with --results DIR.",
    ),
    "full": (
        errno.ENOSPC,
        "--results {root}: nothing can be written there (No space left on device), so no run could be stored. Make room, or name "
        "another place with --results DIR.",
    ),
    "read-only": (
        errno.EROFS,
        "--results {root}: nothing can be written there (Read-only file system), so no run could be stored. Change its permissions, "
        "or name another place with --results DIR.",
    ),
}


def failing(code: int):
    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize("kind", FOLDERS)
def test_folders_for_results(kind, tmp_path, monkeypatch):
    code, expected = FOLDERS[kind]
    root = tmp_path / "results"
    if code is None:
        root.touch()
    else:
        monkeypatch.setattr(Path, "open", failing(code))
    with pytest.raises(StudyError) as error:
        try_writing(Store(root))
    assert str(error.value) == expected.replace("{root}", str(root))


@pytest.mark.parametrize("option", [None, "elsewhere"])
def test_a_study_tries_its_place_before_it_looks_at_pictures(option, photos, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    opened = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda p, mode="r", *a, **k: (failing(errno.EACCES) if mode == "xb" else opened)(p, mode, *a, **k),
    )
    assert main(["study", str(photos), *(["--out", option] if option else [])]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: " + NO_PLACE.format(root=tmp_path / (option or "photos-study")) + "\n"
    assert list(tmp_path.iterdir()) == []


NO_PLACE = (
    "--out {root}: nothing can be written there (Permission denied), so no run could be stored. Change its permissions, or name "
    "another place with --out DIR."
)
SYSTEM = {  # what the system says -> how it is told
    "not permitted": (
        PermissionError(errno.EACCES, os.strerror(errno.EACCES), "look.json"),
        "look.json: Permission denied. Change its permissions, or name another place.",
    ),
    "no space": (
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "look.json"),
        "look.json: No space left on device. Make room, or name another place.",
    ),
    "no such folder": (
        FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "new/look.json"),
        "new/look.json: No such file or directory. Check the path, or name another place.",
    ),
    "no name": (
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        "look: No space left on device. Make room, or name another place.",
    ),
    "no number": (OSError("Unable to\nread it."), "look: Unable to read it. Check the disk and the network."),
}


@pytest.mark.parametrize("kind", SYSTEM)
def test_what_the_system_refuses_is_no_traceback(kind, monkeypatch, capsys):
    error, expected = SYSTEM[kind]

    def refused(_):
        raise error

    monkeypatch.setattr(look, "run", refused)
    assert main(["look", "photos"]) == 2
    assert capsys.readouterr().err == f"error: {expected}\n"


def test_a_file_that_cannot_be_written_whole_is_named(tmp_path, monkeypatch):
    for code, step in ((errno.ENOSPC, "fsync"), (errno.EACCES, "replace")):
        monkeypatch.setattr(os, step, failing(code))
        with pytest.raises(OSError, match=re.escape(f"{os.strerror(code)}: '{tmp_path}/look.json'") + "$"):
            write_whole(tmp_path / "look.json", b"{}")
        monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


KEPT_ELSEWHERE = (
    "run {id} is made, but could not be stored in {root} (No space left on device). It is kept in {cache}/unstored. When {root} can "
    "be written again, copy it there: cp -r {cache}/unstored/. {root}/"
)


def test_a_run_that_finds_no_room(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "cache"))
    store, spec, save = Store(tmp_path / "results"), fake_spec("small_scratch", 500), Store.save

    def full(self, *arguments):
        return save(self, *arguments) if self.root != store.root else failing(errno.ENOSPC)()

    monkeypatch.setattr(Store, "save", full)
    with pytest.raises(NotStored) as error:
        keep(store, spec, Finished(*fake_record(spec, 2.0, 50), None))
    assert str(error.value) == KEPT_ELSEWHERE.format(id=spec.id, root=store.root, cache=tmp_path / "cache")


# ---- cards and presets

TEXTS = {  # kind of file, its content -> message after its name
    "empty card": ("card", "", "a card is a list of fields with values; mend it, or restore it: git checkout -- cards/x.yaml"),
    "broken card": ("card", "a: [1", "not valid YAML (…); mend it, or restore it: git checkout -- cards/x.yaml"),
    "another card": (
        "card",
        "kind: cat",
        "kind: Input tag 'cat' found using 'kind' does not match any of the expected tags: …; "
        "code/transferstudy/report/cardschema.py lists the fields",
    ),
    "broken preset": ("preset", "a = [", "not valid TOML (…); mend it, or restore it: git checkout -- {file}"),
    "preset in another encoding": (
        "preset",
        b"# Gr\xfc\xdfe",
        "line 1 is not UTF-8 text, so the file is damaged or in another encoding; mend it, or restore it: git checkout -- {file}",
    ),
    "table of another kind": (
        "preset",
        PRESETS.read_text(encoding="utf-8").replace("[presets.smoke]\nn_labels = [50]", "[presets.smoke]\nn_labels = 50"),
        "presets.smoke.n_labels: Input should be a valid list; mend it, or restore it: git checkout -- {file}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", TEXTS)
def test_cards_and_presets(kind, tmp_path, monkeypatch):
    what, content, expected = TEXTS[kind]
    path = tmp_path / ("cards/x.yaml" if what == "card" else "presets.toml")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setattr("transferstudy.report.cards.project_root", lambda: tmp_path)
    with pytest.raises(StudyError) as error:
        read_card("x") if what == "card" else expand("smoke", path)
    shown = "cards/x.yaml" if what == "card" else str(path)
    assert re.fullmatch(likeness(f"{shown}: {expected.replace('{file}', str(path))}"), str(error.value)), str(
        error.value
    )


# ---- pages

PAGES = {
    "another encoding": (
        "Gr\xfc\xdfe".encode("latin-1"),
        "index.qmd:1: this line is not UTF-8 (byte 0xfc)\n  To mend it: save it as UTF-8, which every editor offers",
    ),
    "UTF-16": (
        "A".encode("utf-16"),
        "index.qmd:1: this file is UTF-16, not UTF-8\n  To mend it: save it as UTF-8, which every editor offers",
    ),
    "a null character": (
        b"A\n\0",
        "index.qmd:2: this line holds a null character, so the file is not UTF-8 text\n  To mend it: save it as UTF-8, which every "
        "editor offers",
    ),
}


@pytest.mark.parametrize("kind", PAGES)
def test_pages(kind, tmp_path):
    content, expected = PAGES[kind]
    root = project(tmp_path)
    (root / "index.qmd").write_bytes(content)
    with pytest.raises(RenderError) as error:
        build(root, root / "_site", lambda told: None)
    assert str(error.value) == expected


# ---- how all of them read

MENDS = (
    "add|change|check|choose|convert|copy|delete|do you mean|download|fetch|fill|give|install|join|keep|leave|lists the fields|make|mend|must be|"
    "move|name|put|remove|rename|restore|save|set|sort|write"
)
INTERNALS = r"Traceback|NoneType|\w+Error\b|<class|object at 0x|errno|please|invalid|sorry"
OWN = {
    **{f"pictures, {kind}": "{file}: " + text for kind, text in PICTURES.items()},
    **{f"splits, {kind}": "{root}" + text for kind, text in SPLITS.items()},
    "splits, groups in two parts": GROUPS_IN_TWO_PARTS,
    **{f"weights, {kind}": text for kind, text in WEIGHTS.items()},
    **{f"groups, {kind}": text for kind, (_, text) in GROUPS.items()},
    **{f"data, {kind}": text for kind, (_, text) in DATA.items()},
    "data, other pictures": OTHER_PICTURES,
    **{f"Keras, {kind}": text for kind, (_, _, text) in KERAS.items()},
    **{f"models, {kind}": text for kind, (_, text) in MODELS.items()},
    **{f"records, {kind}": text for kind, (_, text) in (RECORDS | FILES | LISTED).items()},
    **{f"folders, {kind}": text for kind, (_, text) in FOLDERS.items()},
    "folders, kept elsewhere": KEPT_ELSEWHERE,
    "folders, no place for a study": NO_PLACE,
    **{f"system, {kind}": text for kind, (_, text) in SYSTEM.items()},
    **{f"{kind}": "{file}: " + text for kind, (_, _, text) in TEXTS.items()},
    **{f"pages, {kind}": text for kind, (_, text) in PAGES.items()},
}


@pytest.mark.parametrize("kind", OWN)
def test_a_message_says_what_where_and_what_to_do(kind):
    text = OWN[kind]
    assert re.match(r"(--\w+[^:]*|\{\w+\}[^:]*|[\w./{}]+(:\d+)?|[A-Z_]+=\w+|run \{id\}[^:]*)[: ]", text), (
        "it names a place first"
    )
    assert re.search(rf"\b({MENDS})\b", text, re.I), "it says what mends it"
    assert not re.search(INTERNALS, text, re.I), "it says nothing of our insides"
    sentences = re.split(r"(?<=[.;]) (?=[A-Za-z])", text)
    assert len(sentences) <= 4, "it is short"

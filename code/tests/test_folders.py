"""Folders of pictures: which folder is which split, what stays together, and whose runs are whose."""

import csv
import errno
import json
import os
import shutil
import tracemalloc
import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from photos import both, fill, one_scene, picture
from PIL import Image
from test_messages import GROUPS_IN_TWO_PARTS, SPLITS

from transferstudy.cli import main, parser
from transferstudy.commands.study import _command
from transferstudy.data import draw, load
from transferstudy.data.division import divided, folds_for, places_of_test, pooled
from transferstudy.data.folders import survey as survey_module
from transferstudy.data.folders.choice import Reading
from transferstudy.data.folders.duplicates import same_pictures
from transferstudy.data.folders.split_folders import find_layout
from transferstudy.data.folders.survey import survey
from transferstudy.errors import StudyError
from transferstudy.plan.presets import expand
from transferstudy.plan.spec import RunSpec

LAYOUTS = {  # folders of the splits -> what each is for
    ("train", "val"): {"train": "train", "test": "val"},
    ("Train", "Test"): {"train": "Train", "test": "Test"},
    ("train", "valid", "test"): {"train": "train", "validation": "valid", "test": "test"},
    ("training", "validation"): {"train": "training", "test": "validation"},
    ("TRAIN", "dev", "hold-out"): {"train": "TRAIN", "validation": "dev", "test": "hold-out"},
    ("train_set", "test images"): {"train": "train_set", "test": "test images"},
    ("train",): {"train": "train"},
    ("seg_train", "seg_test"): {"train": "seg_train", "test": "seg_test"},
    ("train2017", "val2017"): {"train": "train2017", "test": "val2017"},
    ("X_train", "X_val", "test1"): {"train": "X_train", "validation": "X_val", "test": "test1"},
    ("myTrainImages", "test-set-2"): {"train": "myTrainImages", "test": "test-set-2"},
}


@pytest.mark.parametrize("folders", LAYOUTS)
def test_the_usual_names_of_splits_are_understood(folders, tmp_path):
    for number, name in enumerate(folders):
        both(tmp_path / name, 10 if number == 0 else 5, start=100 * number)
    layout = find_layout(tmp_path)
    assert layout.folders == LAYOUTS[folders]
    data = load("photos", tmp_path, 16)
    assert data.classes == ("cat", "dog")
    if "validation" in layout.folders:
        split = draw(data, 30, 0, "stratified")
        chosen = [data.train_origins.files[i] for i in split.validation]
        assert len(data.y_train) == 30
        assert {f.split("/")[0] for f in chosen} == {layout.folders["validation"]}
        assert not any(f.split("/")[0] == layout.folders["validation"] for f in _files(data, split.train))
    if "test" in layout.folders:
        assert {f.split("/")[0] for f in data.test_origins.files} == {layout.folders["test"]}
        assert data.own_test


def _files(data, index) -> list[str]:
    return [data.train_origins.files[i] for i in index]


def test_a_class_may_be_called_train(tmp_path):
    for name, label in (("train", 0), ("bus", 1), ("ship", 1)):
        fill(tmp_path / name, label, 8, start=200 * len(name))
    assert survey(tmp_path).classes == ("bus", "ship", "train")


def test_a_class_with_a_word_of_splits_in_its_name_stays_a_class(tmp_path):
    fill(tmp_path / "freight_train" / "2019", 0, 5)
    fill(tmp_path / "freight_train" / "2020", 0, 5, start=50)
    fill(tmp_path / "steam_train", 1, 8)
    fill(tmp_path / "bus", 1, 8, start=90)
    assert survey(tmp_path).classes == ("bus", "freight_train", "steam_train")


def test_folders_inside_class_folders_are_said_and_the_user_may_name_the_classes(tmp_path, capsys):
    root = _hospitals(tmp_path / "photos")
    assert main(["look", str(root), "--classes", "healthy,ill"]) == 2
    assert "hold the same folders healthy and ill" in capsys.readouterr().err
    assert main(["look", str(root), "--classes", "siteA,siteB", "--json", str(tmp_path / "look.json")]) == 0
    assert (
        "Classes: 20 pictures are from folders inside class folders, such as siteA/healthy/, and used for the class of the outer "
        "folder.\n" in capsys.readouterr().out
    )
    assert json.loads((tmp_path / "look.json").read_text())["inside"] == [
        {"folder": f"{site}/{what}", "pictures": 5}
        for site in ("siteA", "siteB")
        for what in ("healthy", "ill")
    ]


def test_composed_and_decomposed_names_are_one_class(tmp_path):
    for number, form in enumerate(("NFC", "NFD")):
        split = tmp_path / ("train", "test")[number]
        fill(split / unicodedata.normalize(form, "Bär"), 0, 8, start=100 * number)
        fill(split / "dog", 1, 8, start=100 * number)
    assert load("photos", tmp_path, 16).classes == (unicodedata.normalize("NFC", "Bär"), "dog")


def _mixture(root):
    both(root / "train")
    both(root / "extra")


def _twice(root):
    for name in ("train", "val", "valid"):
        both(root / name)


def _unlabelled(root):
    both(root / "train")
    fill(root / "test", 0, 5)


def _hospitals(root):
    for number, name in enumerate(("siteA", "siteB")):
        fill(root / name / "healthy", 0, 5, start=100 * number)
        fill(root / name / "ill", 1, 5, start=100 * number)
    (root / "docs").mkdir()
    return root


def _masks(root):
    for part in ("train", "val"):
        fill(root / part / "images", 0, 5)
        fill(root / part / "masks", 1, 5)


def _splits_inside_classes(root):
    for name in ("cat", "dog"):
        fill(root / name / "train", 0, 5)
        fill(root / name / "test", 0, 5)


def _missing_class(root):
    both(root / "train")
    both(root / "test", 5, start=50)
    shutil.rmtree(root / "test" / "dog")
    fill(root / "test" / "bird", 0, 5, start=70)


def _one_deeper(root):
    both(root / "data")


def _small_class(root):
    both(root)
    fill(root / "rare", 0, 3, start=500)


def _conflict(root):
    both(root)
    picture(0, 3).save(root / "dog" / "strange.bmp")


REFUSED = {  # what is wrong, as test_messages calls it -> how it is made
    "a folder of no known purpose": _mixture,
    "two folders for validation": _twice,
    "a test folder without classes": _unlabelled,
    "splits without classes": lambda root: (fill(root / "train", 0, 9), fill(root / "val", 1, 9)),
    "splits with a number and no classes": lambda root: (
        fill(root / "train", 0, 9),
        fill(root / "test1", 1, 9),
    ),
    "hospitals or classes": _hospitals,
    "pictures and masks": _masks,
    "splits inside classes": _splits_inside_classes,
    "a class in one part only": _missing_class,
    "one folder too high": _one_deeper,
    "a small class": _small_class,
    "one scene": one_scene,
    "no folder for training": lambda root: both(root / "test"),
    "one picture in two classes": _conflict,
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_clear_is_refused_in_plain_words(kind, tmp_path, capsys):
    root = tmp_path / "photos"
    root.mkdir()
    REFUSED[kind](root)
    assert main(["plan", "--preset", "smoke", "--data", str(root)]) == 2
    assert capsys.readouterr().err == f"error: {root}{SPLITS[kind].format(root=root)}\n"


def test_every_message_on_splits_has_its_fault():
    assert REFUSED.keys() == SPLITS.keys()


def test_the_folder_that_cannot_be_opened_is_named(tmp_path, capsys, monkeypatch):
    root, listed = both(tmp_path / "photos"), Path.iterdir

    def closed(path):
        if path.name == "dog":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", closed)
    assert main(["look", str(root)]) == 2
    said = f"error: {root}/dog: cannot be opened (Permission denied). Change its permissions.\n"
    assert capsys.readouterr().err == said


def test_a_folder_whose_names_alone_can_be_read_is_closed(tmp_path, capsys, monkeypatch):
    """Without the right to search a folder (x), its files have names, and nothing else can be learned about them."""
    root, asked = both(tmp_path / "photos"), os.stat
    fill(root / "dog" / "inner", 1, 2, start=50)

    def no_search(path, *arguments, **options):
        if Path(os.fspath(path)) == closed and str(path).endswith("."):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return asked(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", no_search)
    closed = root / "dog" / "inner"
    assert main(["look", str(root)]) == 0
    said = "  This folder cannot be opened (Permission denied). Change its permissions.\n    dog/inner\n"
    assert said in capsys.readouterr().out
    closed = root
    assert main(["look", str(root)]) == 2
    said = f"error: {root}: cannot be opened (Permission denied). Change its permissions.\n"
    assert capsys.readouterr().err == said


DEEP = {  # name of a folder, folders within each other -> what is said
    "many": ("d", 230, "More than 200 folders lie within each other here. Move the pictures further up."),
    "long": ("d" * 250, 20, "This folder cannot be opened (File name too long). Shorten its path."),
}


@pytest.mark.parametrize("kind", DEEP)
def test_folders_that_lie_too_deep_are_closed(kind, tmp_path, capsys, monkeypatch):
    root, (name, count, said) = both(tmp_path / "photos"), DEEP[kind]
    monkeypatch.chdir(root / "dog")
    for _ in range(count):
        Path(name).mkdir()
        os.chdir(name)
    picture(1, 50).save("deep.png")
    assert main(["look", str(root)]) == 0
    out = capsys.readouterr().out
    assert "Cannot be read: 1 file." in out
    assert f"  {said}\n    dog/{name}/{name}" in out


def test_a_link_to_the_data_set_itself_leads_nowhere(tmp_path):
    for root, link in (
        (both(tmp_path / "a"), "cat/back"),
        (both(tmp_path / "b" / "train").parent, "train/cat/x/back"),
    ):
        (root / link).parent.mkdir(exist_ok=True)
        (root / link).symlink_to(root, target_is_directory=True)
        found = survey(root)
        assert len(found.files) == 20
        assert found.unreadable == {link: "this link leads back to a folder above it. Remove the link."}


@pytest.mark.parametrize("then", ["saved anew", "deleted"])
def test_a_picture_that_changes_while_it_is_looked_at_is_read_again(then, tmp_path, monkeypatch):
    """Facts are kept with the state in which the file was before it was read; otherwise they would stay wrong for ever."""
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "cache"))
    root, facts = both(tmp_path / "photos"), survey_module._facts

    def changed(path):
        found = facts(path)
        if path.name == "photo003.png" and path.parent.name == "dog":
            picture(1, 77).save(path) if then == "saved anew" else path.unlink()
        return found

    monkeypatch.setattr(survey_module, "_facts", changed)
    assert len(survey(root).files) == 20
    monkeypatch.setattr(survey_module, "_facts", facts)
    data = load("photos", root, 16)
    assert len(data.y_train) + len(data.y_test) == (20 if then == "saved anew" else 19)
    assert [p.suffix for p in (tmp_path / "cache" / "pictures").iterdir()] == [".json"]


def test_pictures_that_did_not_change_are_not_read_again(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "cache"))
    root, facts, read = both(tmp_path / "photos"), survey_module._facts, []
    monkeypatch.setattr(survey_module, "_facts", lambda path: (read.append(path.name), facts(path))[1])
    first = survey(root)
    read.clear()
    picture(0, 3).save(root / "cat" / "photo003.png")
    assert survey(root).files == first.files
    assert read == ["photo003.png"]


def test_pictures_that_were_read_before_a_stop_are_not_read_again(tmp_path, monkeypatch):
    """The command says that what was finished is kept."""
    monkeypatch.setenv("TRANSFERSTUDY_CACHE", str(tmp_path / "cache"))
    root, facts, read = both(tmp_path / "photos", 40), survey_module._facts, []
    monkeypatch.setattr(survey_module, "_facts", lambda path: (read.append(path.name), facts(path))[1])
    fill(root / "cat", 0, 1, start=900)
    survey(root)
    for k in range(40):
        picture(0, k + 500).save(root / "cat" / f"photo{k:03}.png")

    def stop(done, total):
        if done == 20:
            raise KeyboardInterrupt

    read.clear()
    with pytest.raises(KeyboardInterrupt):
        survey(root, stop)
    before = len(read)
    survey(root)
    assert before >= 20 and len(read) == 40, "each of those that changed once, the others not at all"


def test_groups_that_stand_in_two_given_parts_are_refused(tmp_path):
    for name, start in (("train", 0), ("test", 50)):
        both(tmp_path / name, 10, start=start, name="p{:03}.png")
    with pytest.raises(StudyError) as error:
        load("photos", tmp_path, 16, reading=Reading(groups=r"^p\d\d(\d)"))
    assert str(error.value) == GROUPS_IN_TWO_PARTS


def test_leftovers_are_skipped_and_counted(tmp_path, capsys):
    root = both(tmp_path / "photos")
    clean = load("photos", root, 16)
    fill(root / "cat" / ".ipynb_checkpoints", 0, 5, start=50)
    for name in ("cat/._photo000.png", "__MACOSX/cat/._photo000.png", "dog/Thumbs.db", "dog/.DS_Store"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"left behind")
    (root / "dog" / "notes.txt").write_text("mine")
    (root / "docs").mkdir()
    picture(0, 99).save(root / "loose.png")
    assert load("photos", root, 16).sha256 == clean.sha256
    assert main(["look", str(root), "--json", str(tmp_path / "look.json")]) == 0
    said = capsys.readouterr().out
    assert "Skipped: 9 files that are hidden or left behind by a system." in said
    assert "Skipped: 1 file that is no pictures (.txt 1)." in said
    assert "Skipped: 1 picture outside the class folders, such as loose.png." in said
    assert "Skipped: docs/ holds no picture, so it is not taken for a class." in said
    stored = json.loads((tmp_path / "look.json").read_text())
    assert (stored["counts"]["hidden"], stored["loose"], stored["content"]) == (
        9,
        ["loose.png"],
        clean.content,
    )


def test_copies_are_found_and_never_stand_on_both_sides(tmp_path):
    root = both(tmp_path / "photos", 20)
    shutil.copytree(root / "cat", root / "cat" / "copies")
    for k in range(5):
        picture(1, k).save(root / "dog" / f"again{k}.jpg", quality=70)
        picture(1, 5 + k).resize((128, 96)).transpose(0).save(root / "dog" / f"mirrored{k}.png")
    whole = load("photos", root, 16)
    for seed in range(3):
        for fold in range(5):
            data = divided(whole, 5, fold, seed)
            split = draw(data, 40, seed, "stratified")
            sides = [data.train_origins.groups[split.train], data.train_origins.groups[split.validation]]
            sides.append(data.test_origins.groups)
            found = [set(side.tolist()) for side in sides]
            assert not (found[0] & found[1] or found[0] & found[2] or found[1] & found[2])
    groups = {
        f: g for o in (data.train_origins, data.test_origins) for f, g in zip(o.files, o.groups, strict=True)
    }
    assert len(set(groups.values())) == 40
    assert groups["cat/photo003.png"] == groups["cat/copies/photo003.png"]
    assert groups["dog/photo003.png"] == groups["dog/again3.jpg"]
    assert groups["dog/photo007.png"] == groups["dog/mirrored2.png"]


def test_a_copy_of_a_test_picture_is_not_learned_from(tmp_path):
    both(tmp_path / "train", 10)
    both(tmp_path / "test", 5, start=50)
    picture(0, 50).save(tmp_path / "train" / "cat" / "leak.jpg", quality=60)
    data = load("photos", tmp_path, 16)
    assert "train/cat/leak.jpg" not in data.train_origins.files
    assert (len(data.y_train), len(data.y_test)) == (20, 10)


def test_conflicts_are_dropped_or_kept_as_asked(tmp_path):
    root = tmp_path / "photos"
    _conflict(root)
    dropped, kept = (load("photos", root, 16, reading=Reading(conflicts=how)) for how in ("drop", "keep"))
    assert len(dropped.y_train) + len(dropped.y_test) == 19
    assert len(kept.y_train) + len(kept.y_test) == 21
    assert dropped.content != kept.content


def test_a_folder_of_which_nothing_is_left_is_refused_in_words(tmp_path, capsys):
    for name in ("cat", "dog"):
        fill(tmp_path / "photos" / name, 0, 8)
    assert main(["look", str(tmp_path / "photos"), "--conflicts", "drop"]) == 0
    assert "study would stop: " in capsys.readouterr().out
    with pytest.raises(StudyError, match="The class 'cat' has 0 pictures to learn from"):
        load("photos", tmp_path / "photos", 16, reading=Reading(conflicts="drop"))


def test_classes_that_look_alike_when_mirrored_are_no_conflict(tmp_path):
    root = one_scene(tmp_path / "photos", 20)
    for path in (root / "dog").iterdir():
        Image.open(path).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(path)
    both(root, 4, start=600)
    data = load("photos", root, 16)
    assert len(data.y_train) + len(data.y_test) == 48


def test_pictures_of_one_scene_can_be_used_and_are_another_data_set(tmp_path, capsys):
    """One picture in two classes, said look with a line of all names, and no option led on."""
    root = one_scene(tmp_path / "photos")
    assert main(["look", str(root)]) == 0
    said = capsys.readouterr().out
    assert "Your pictures look alike (12 of the 12 of 'cat'" in said
    assert "In two classes" not in said and "The same picture in different files" not in said
    shutil.copy(root / "cat" / "frame003.png", root / "cat" / "again.png")
    data = load("photos", root, 16, reading=Reading(copies="equal"))
    assert len(data.y_train) + len(data.y_test) == 25
    groups = np.concatenate([data.train_origins.groups, data.test_origins.groups])
    assert len(set(groups.tolist())) == 24, "equal files stay together"
    shutil.copy(root / "cat" / "frame003.png", root / "dog" / "again.png")
    with pytest.raises(StudyError, match="1 picture is in more than one class"):
        load("photos", root, 16, reading=Reading(copies="equal"))
    both(tmp_path / "others")
    contents = {
        load("photos", tmp_path / "others", 16, reading=Reading(copies=c)).content for c in ("alike", "equal")
    }
    assert len(contents) == 2, "their splits may differ"


def test_likeness_of_thousands_of_frames_needs_no_memory_for_every_pair():
    rng = np.random.default_rng(0)
    scene = rng.integers(20, 230, (32, 32))
    thumbs = (scene + rng.integers(-4, 5, (2_000, 32, 32))).astype(np.uint8)
    thumbs[7] = rng.integers(0, 255, (32, 32))
    thumbs[9] = thumbs[9][:, ::-1]
    tracemalloc.start()
    upright, every = same_pictures(thumbs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
    assert np.flatnonzero(upright != upright[0]).tolist() == [7, 9]
    assert np.flatnonzero(every != every[0]).tolist() == [7]


def test_classes_that_are_not_named_are_left_out_and_said(tmp_path, capsys):
    """What is left out is not even read, so nothing that is wrong in it stops the rest."""
    root = both(tmp_path / "photos", 10)
    fill(root / "bird, grey", 0, 3, start=500)  # too few to learn from
    (root / "bird, grey" / "broken.png").write_bytes(b"no picture")
    fill(root / "again", 1, 6)  # copies of the dogs
    with pytest.raises(StudyError):
        load("photos", root, 16)
    two = load("photos", root, 16, reading=Reading(classes=("cat", "dog")))
    assert two.classes == ("cat", "dog") and len(two.y_train) + len(two.y_test) == 20
    alone = tmp_path / "alone" / "photos"
    for name in two.classes:
        shutil.copytree(root / name, alone / name)
    assert load("photos", alone, 16).content == two.content
    assert main(["look", str(root), "--classes", "dog,cat", "--json", str(tmp_path / "look.json")]) == 0
    assert (
        "Classes left out, because --classes does not name them: again (6 pictures), bird, grey (4 pictures)."
        in capsys.readouterr().out
    )
    found = json.loads((tmp_path / "look.json").read_text())
    assert [entry["name"] for entry in found["classes"]] == ["cat", "dog"]
    assert found["classes_left_out"][0] == {"name": "again", "pictures": 6} and not found["unreadable"]
    assert main(["look", str(root), "--classes", '"bird, grey",cat']) == 0
    assert "bird, grey " in capsys.readouterr().out


def test_a_class_that_one_part_lacks_can_be_left_out(tmp_path):
    both(tmp_path / "train", 10)
    both(tmp_path / "test", 5, start=50)
    fill(tmp_path / "train" / "bird", 0, 6, start=500)
    with pytest.raises(StudyError, match="the class 'bird' is in train/ but not in test/"):
        load("photos", tmp_path, 16)
    data = load("photos", tmp_path, 16, reading=Reading(classes=("cat", "dog")))
    assert (len(data.y_train), len(data.y_test)) == (20, 10)


@pytest.mark.parametrize("command", [["look"], ["study"], ["plan", "--preset", "smoke", "--data"]])
def test_a_class_that_is_not_there_is_refused_with_those_that_are(command, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = both(tmp_path / "photos", 10)
    assert main([*command, str(root), "--classes", "cat,horse,dog"]) == 2
    assert "photos has no class horse. It has cat, dog." in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*command, str(root), "--classes", "cat"])
    assert "expected the names of two or more classes, such as cat,dog, not 'cat'" in capsys.readouterr().err


@pytest.fixture
def patients(tmp_path):
    """Twenty patients with three shots each; the same names in both classes are the same patients."""
    root = tmp_path / "photos"
    for label, name in enumerate(("cat", "dog")):
        for patient in range(20):
            fill(root / name, label, 3, start=10 * patient + 300 * label, name=f"p{patient:02}_{{}}.png")
    return root


def _patients(files) -> set[str]:
    return {file.split("/")[1].split("_")[0] for file in files}


def test_the_places_of_test_pictures_are_those_in_the_folder(patients):
    data = load("photos", patients, 16)
    _, y, origins = pooled(data)
    seen = []
    for fold in range(5):
        part = divided(data, 5, fold, seed=1)
        where = places_of_test(part)
        np.testing.assert_array_equal(y[where], part.y_test)
        assert [origins.keys[i] for i in where] == list(part.test_origins.keys)
        seen += where.tolist()
    assert sorted(seen) == list(range(len(y)))


def test_folders_may_be_groups_where_the_pattern_fits_no_name(tmp_path):
    root = tmp_path / "photos"
    for label, name in enumerate(("healthy", "ill")):
        for patient in range(4):
            fill(root / name / f"patient{label}{patient}", label, 3, start=10 * patient, name="IMG_{:04}.png")
    data = load("photos", root, 16, reading=Reading(groups=r"(patient\d+)"))
    tested = {file.split("/")[1] for file in data.test_origins.files}
    assert tested and not tested & {file.split("/")[1] for file in data.train_origins.files}
    fill(root / "ill" / "patient10", 1, 1, start=90, name="patient99.png")
    with pytest.raises(StudyError, match="24 of 25 file names do not match"):
        load("photos", root, 16, reading=Reading(groups=r"(patient\d+)"))


@pytest.mark.parametrize("way", ["pattern", "table"])
def test_groups_stay_on_one_side_of_every_split(way, patients):
    option = r"^(p\d+)_"
    if way == "table":
        rows = [f"{p.parent.name}\\{p.name};{p.name[:3]}" for p in sorted(patients.rglob("*.png"))]
        (patients / "groups.csv").write_text("\ufefffile;group\n" + "\n".join(rows), encoding="utf-8")
        option = "groups.csv"
    data = load("photos", patients, 16, reading=Reading(groups=option))
    tested = []
    for fold in range(5):
        part = divided(data, 5, fold, seed=1)
        tested += part.test_origins.files
        draws = [draw(part, n, 1, "stratified") for n in (20, 60, len(part.y_train))]
        for split, n in zip(draws, (20, 60, len(part.y_train)), strict=True):
            assert len(split.train) + len(split.validation) == n
            sides = [_patients(_files(part, split.train)), _patients(_files(part, split.validation))]
            sides.append(_patients(part.test_origins.files))
            assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
        for small, large in pairwise(draws):
            assert set(small.train) <= set(large.train)
            assert set(small.validation) <= set(large.validation)
    assert len(tested) == len(set(tested)) == 120
    assert load("photos", patients, 16).content != data.content


def test_a_pattern_may_be_longer_than_the_name_of_a_file(patients, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = "|".join([f"p{k:02}" for k in range(20)] + [f"somebody{k}" for k in range(30)])
    long, short = (load("photos", patients, 16, reading=Reading(groups=g)) for g in (names, r"^(p\d+)_"))
    assert len(names) > 255 and long.content == short.content
    assert main(["look", str(patients), "--groups", names]) == 0
    options = parser().parse_args(["study", str(patients), "--groups", names])
    assert _command(options, 1.0) == f"python -m transferstudy study photos --hours 1 --groups '{names}'"


def test_a_table_of_groups_is_read_as_csv_and_through_a_link(patients, tmp_path):
    """A cell in quotes may span lines, and not everything that ends a line elsewhere does so in CSV."""
    for k, name in enumerate(("p00_two\nlines.png", "p00_two\u2028lines.png")):
        (patients / "cat" / f"p00_{k}.png").rename(patients / "cat" / name)
    with (tmp_path / "mine.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(f"{p.parent.name}/{p.name}", p.name[:3]) for p in sorted(patients.rglob("*.png"))]
        csv.writer(file).writerows([("file", "group"), *rows])
    (patients / "groups.csv").symlink_to(tmp_path / "mine.csv")
    table, pattern = (
        load("photos", patients, 16, reading=Reading(groups=g)) for g in ("groups.csv", r"^(p\d+)_")
    )
    assert table.content == pattern.content


def test_unequal_classes_are_drawn_as_they_occur_or_equally(tmp_path):
    fill(tmp_path / "healthy", 0, 80)
    fill(tmp_path / "ill", 1, 20)
    data = load("photos", tmp_path, 16)
    split = draw(data, 50, 0, "stratified")
    both_sides = np.concatenate([split.train, split.validation])
    assert np.bincount(data.y_train[both_sides]).tolist() == [40, 10]
    split = draw(data, 20, 0, "balanced")
    assert np.bincount(data.y_train[split.train]).tolist() == [8, 8]
    with pytest.raises(StudyError, match="a class-balanced draw needs 37 images of 'ill' in one part"):
        draw(data, 62, 0, "balanced")
    assert folds_for(100, own_test=False) == 5
    assert folds_for(5_000, own_test=False) is folds_for(100, own_test=True) is None


def test_the_same_pictures_are_drawn_at_every_side(tmp_path):
    root = both(tmp_path / "photos", 20)
    small, large = load("photos", root, 16), load("photos", root, 24)
    assert small.train_origins.files == large.train_origins.files
    assert small.content == large.content
    assert small.sha256 != large.sha256
    a, b = draw(small, 20, 3, "stratified"), draw(large, 20, 3, "stratified")
    assert (a.train == b.train).all()


def test_fields_of_folders_leave_other_identities_alone_and_are_checked():
    spec = expand("smoke")[0]
    values = spec.model_dump()
    assert (
        RunSpec.parse({**values, "folds": None, "fold": 0, "sampling": "balanced", "fit": "crop"}).id
        == spec.id
    )
    assert len({RunSpec.parse({**values, "folds": 5, "fold": k}).id for k in range(5)}) == 5
    assert [s.fold for s in expand("smoke", folds=3)] == [0, 1, 2]
    with pytest.raises(StudyError, match="fold 5 is not one of 5 folds"):
        RunSpec.parse({**values, "folds": 5, "fold": 5})
    with pytest.raises(StudyError, match="has test pictures of its own"):
        divided(load("cifar10-sample"), 5, 0, 0)


def test_odd_pictures_and_small_classes_are_named(tmp_path, capsys):
    root = both(tmp_path / "photos", 25)
    fill(root / "few", 0, 6, start=500)
    noise = np.random.default_rng(0).integers(0, 12, (40, 40)).astype(np.uint8)
    odd = {
        "blank.png": Image.new("RGB", (40, 40), (90, 90, 90)),
        "dark.png": Image.fromarray(noise * 2),
        "long.png": picture(0, 77, 200, 40),
    }
    for name, image in odd.items():
        image.save(root / "cat" / name)
    assert main(["look", str(root)]) == 0
    said = capsys.readouterr().out
    for what, name in (("blank", "blank"), ("very dark", "dark"), ("very long or very tall", "long")):
        assert f"Odd: 1 picture is {what}: cat/{name}.png" in said
    assert "Few pictures: fewer than 20 to learn from in few." in said
    assert "Input side: 32 pixels is proposed" in said


def test_hostile_names_are_printed_harmlessly(tmp_path, capsys):
    root = both(tmp_path / "photos")
    fill(root / "\x1b[31mred", 0, 6, start=500)
    assert main(["look", str(root)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\\x1b[31mred" in said

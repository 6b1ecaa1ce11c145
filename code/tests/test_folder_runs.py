"""What `--data` names is used or refused, and the identity of a run holds what the pictures are."""

import shutil

import pytest
from photos import both, fill

from transferstudy.cli import main
from transferstudy.data import load
from transferstudy.data.source import dataset_name
from transferstudy.errors import StudyError
from transferstudy.plan.presets import expand
from transferstudy.results.store import Store
from transferstudy.training.execution import make


def _planned(capsys, *options) -> list[str]:
    assert main(["plan", "--preset", "smoke", "--folds", "none", *options]) == 0
    return [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]


def test_a_folder_is_the_same_data_however_it_is_named(tmp_path, capsys, monkeypatch):
    root = both(tmp_path / "photos")
    ids = _planned(capsys, "--data", str(root))
    assert ids == _planned(capsys, "--data", f"{root}/")
    monkeypatch.chdir(root)
    assert ids == _planned(capsys, "--data", ".")
    shutil.copytree(root, tmp_path / "elsewhere" / "photos")
    assert ids == _planned(capsys, "--data", str(tmp_path / "elsewhere" / "photos"))
    assert ids != [spec.id for spec in expand("smoke")]


def test_a_folder_called_cifar10_is_not_cifar10(tmp_path):
    assert dataset_name(both(tmp_path / "cifar10")) == "cifar10-folder"


def test_classes_of_no_folder_are_refused(capsys):
    assert main(["plan", "--preset", "smoke", "--classes", "cat,dog"]) == 2
    assert capsys.readouterr().err.startswith("error: --classes: this is for a folder of pictures")


def test_changed_pictures_mean_other_runs(tmp_path, capsys):
    root, results = both(tmp_path / "photos", 40), tmp_path / "results"
    arguments = ["--preset", "smoke", "--folds", "none", "--data", str(root), "--results", str(results)]
    assert main(["run", *arguments, "--progress", "none"]) == 0
    store = Store(results)
    (run_id,) = store.ids()
    record, data = store.load(run_id), load("photos", root, 32)
    assert record["spec"]["data_sha256"] == record["data"]["content"] == data.content
    assert (results / "look" / f"{data.content[:12]}.json").is_file()
    fill(root / "cat", 0, 1, start=500)
    capsys.readouterr()
    assert main(["status", *arguments]) == 0
    said = capsys.readouterr().out
    assert "0 of 1 runs done" in said
    assert (
        f"1 stored run of a folder called photos belong to other pictures, and do not count here: {run_id}"
        in said
    )
    (spec,) = expand("smoke", dataset="photos", data_sha256=data.content, sampling="stratified")
    assert spec.id == run_id
    with pytest.raises(StudyError, match=f"run {run_id} is for the pictures {data.content[:12]}"):
        make(spec, load("photos", root, 32), None)

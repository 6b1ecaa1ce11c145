"""The shipped weights are the files that their manifests name, small, and close to what they were made from."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from transferstudy.data import load
from transferstudy.experiments.pretraining import packing_cost
from transferstudy.experiments.pretraining.run import packed
from transferstudy.files import file_sha256
from transferstudy.models import build_model, imagenet
from transferstudy.models.archives import read_arrays
from transferstudy.models.weights import get_arrays
from transferstudy.models.weightsfile import find_weights
from transferstudy.plan.spec import WEIGHT_NAMES
from transferstudy.results.pretrained import manifests

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "results" / "weights" / "tiny-imagenet-vgg16.npz"


def test_every_shipped_file_is_the_one_that_its_manifest_names_and_small_enough():
    found = manifests(FILE.parent)
    assert (
        {"tiny-imagenet-vgg16", "tiny-imagenet-compact", "imagenet-vgg16-int8"}
        <= set(found)
        <= set(WEIGHT_NAMES)
    )
    for name, manifest in found.items():
        path = FILE.parent / manifest["file"]
        assert file_sha256(path) == manifest["file_sha256"], name
        assert path.stat().st_size == manifest["bytes"] <= 16 * 10**6, name
    assert found["tiny-imagenet-compact"]["bytes"] < 10**6


def test_records_call_shipped_weights_by_their_arrays_however_the_file_is_compressed(tmp_path):
    for name, manifest in manifests(FILE.parent).items():
        path = FILE.parent / manifest["file"]
        with np.load(path) as stored:
            (tmp_path / "stored.npz").write_bytes(packed({key: stored[key] for key in stored.files}))
        assert file_sha256(tmp_path / "stored.npz") == manifest["sha256"] != manifest["file_sha256"]
        for file in (find_weights(str(path)), find_weights(str(tmp_path / "stored.npz"))):
            assert (file.name, file.sha256) == (name, manifest["sha256"])


def test_imagenets_vgg16_in_8_bits_stays_close_to_the_exact_weights_and_keeps_a_name_of_its_own():
    path = FILE.parent / "imagenet-vgg16-int8.npz"
    file, manifest = find_weights(str(path)), manifests(FILE.parent)["imagenet-vgg16-int8"]
    assert (file.name, file.misfit("vgg16")) == ("imagenet-vgg16-int8", None)
    assert manifest["made_from"]["sha256"] == imagenet.SHA256
    # Single weights that public code asserts of Keras' file: rounded to 1 of 127 steps of their output channel.
    arrays = read_arrays(path)
    assert arrays["block1_conv1/kernel"][0, 0, 0, 0] == pytest.approx(0.42947057, abs=0.005)
    assert arrays["block1_conv1/bias"][25] == np.float32(0.7446502)
    probe = manifest["probe"]
    assert len(probe["seeds"]) >= 2
    for before, after, agree in zip(probe["before"], probe["after"], probe["agree"], strict=True):
        assert before > 0.5
        assert abs(before - after) < 0.02
        assert agree > 0.95


def test_a_probe_measures_what_packing_costs(tmp_path, monkeypatch):
    files = []
    for seed in (0, 1):  # the second file stands for a packing that destroys everything
        keras.utils.set_random_seed(seed)
        path = tmp_path / f"{seed}.npz"
        np.savez(path, **get_arrays(build_model("compact", 10, 32)))
        files.append(find_weights(str(path)))
    for name, value in {"N_LABELS": 100, "HELD_OUT": 100, "SEEDS": (0,)}.items():
        monkeypatch.setattr(packing_cost, name, value)
    data = replace(load("cifar10-sample"), x_test=None, y_test=None)  # test images are not to be read
    cost = packing_cost.probe_cost(*files, "compact", 32, data)
    assert cost["before"][0] > 0.1
    assert cost["agree"][0] < 0.9
    assert cost["data"] == {"name": data.name, "sha256": data.sha256}

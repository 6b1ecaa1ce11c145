"""Weights files: ImageNet's VGG16 is one and the same in every container, others keep their file's hash, odd ones are refused."""

import io
import random
import re
import zipfile

import h5py
import keras
import numpy as np
import pytest
from test_messages import WEIGHTS, likeness

from transferstudy.errors import StudyError
from transferstudy.files import file_sha256
from transferstudy.models import archives, imagenet, weightsfile
from transferstudy.models.archives import read_arrays
from transferstudy.models.weights import get_arrays
from transferstudy.models.weightsfile import find_weights, serving
from transferstudy.plan.presets import expand
from transferstudy.plan.spec import RunSpec
from transferstudy.training.run import start_model

PROBE = next(s for s in expand("report") if s.strategy == "linear_probe")
CONTAINERS = ["npz", "classic", "classic with top", "whole model", "keras 3", "keras 3 without names", "keras", "holding it"]  # fmt: skip


@pytest.fixture(scope="module")
def vgg16():
    """Keras' own VGG16 without its classifier, at random."""
    keras.utils.set_random_seed(3)
    return keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))


@pytest.fixture(scope="module")
def arrays(vgg16):
    return get_arrays(vgg16)


@pytest.fixture
def known(arrays, monkeypatch):
    """The random network stands for ImageNet's, whose 59 MB are not at hand."""
    monkeypatch.setattr(imagenet, "SHA256", imagenet.arrays_sha256(arrays))
    monkeypatch.delenv("TRANSFERSTUDY_WEIGHTS", raising=False)
    return imagenet.SHA256


def write_classic(path, arrays, top=False):
    """The file on Keras' host, with its names from Keras 1: block1_conv1/block1_conv1_W_1:0."""
    more = {"fc1/kernel": np.ones((8, 4), "f4"), "fc1/bias": np.ones(4, "f4")} if top else {}
    layers = list(dict.fromkeys(name.partition("/")[0] for name in {**arrays, **more}))
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in ["input_1", *layers]]
        file.create_group("input_1").attrs["weight_names"] = np.array([], "S1")
        for layer in layers:
            group, names = file.create_group(layer), []
            for part, old in (("kernel", "W"), ("bias", "b")):
                names.append(f"{layer}_{old}_1:0")
                group[names[-1]] = {**arrays, **more}[f"{layer}/{part}"]
            group.attrs["weight_names"] = [name.encode() for name in names]
    return path


@pytest.fixture
def container(vgg16, arrays, tmp_path):
    """Write the network into a container, under a name that says nothing of its content."""

    def write(kind):
        path = tmp_path / {"npz": "w.npz", "keras": "w.keras", "holding it": "w.keras"}.get(kind, "w.h5")
        if kind == "npz":
            np.savez(path, **arrays)
        elif kind.startswith("classic"):
            write_classic(path, arrays, "top" in kind)
        elif kind in ("whole model", "keras"):
            vgg16.save(path)
        elif kind == "holding it":
            dense = [keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.Dense(4)]
            model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.RandomFlip(), vgg16, *dense])
            model.save(path)
        else:
            vgg16.save_weights(tmp_path / "w.weights.h5")
            path = tmp_path / "w.weights.h5"
        if kind == "keras 3 without names":
            with h5py.File(path, "a") as file:
                for layer in file["layers"].values():
                    del layer["vars"].attrs["name"]
        return path

    return write


@pytest.mark.parametrize("kind", CONTAINERS)
def test_imagenet_is_recognised_in_every_container(kind, container, known, arrays):
    path = container(kind)
    file = find_weights(str(path))
    assert (file.name, file.sha256) == ("imagenet", known)
    weights, said = serving(str(path), file, expand("report"))
    assert weights == {"vgg16": "imagenet"}
    assert f"{path} holds imagenet" in said
    assert "other runs keep tiny-imagenet-compact" in said
    ids = [s.id for s in expand("report", weights=weights)]
    assert ids == [s.id for s in expand("report", weights="imagenet")]
    found = imagenet.backbone_arrays(read_arrays(path))
    assert found.keys() == arrays.keys()
    assert all(np.array_equal(found[name], array) for name, array in arrays.items())
    path.unlink()


def begin(spec, file):
    """Return all weights of a run's start, its weights' identity, and the state that later random numbers come from."""
    model, sha256 = start_model(spec, 10, 32, file)
    return model.get_weights(), sha256, random.getstate()


def test_a_run_begins_alike_from_a_file_and_from_the_download(container, known, monkeypatch):
    spec = RunSpec.parse({**PROBE.model_dump(), "weights": "imagenet", "head": "mlp"})
    path = container("classic")
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(path))
    weights, sha256, state = begin(spec, None)
    assert sha256 == known
    for kind in ("npz", "keras"):
        given = find_weights(str(container(kind)))
        monkeypatch.setattr(
            "keras.src.utils.file_utils.get_file", None
        )  # a file is used, nothing is downloaded
        again, same, later = begin(spec, given)
        assert same == sha256
        assert later == state
        assert all(np.array_equal(a, b) for a, b in zip(weights, again, strict=True))


def test_a_download_with_other_numbers_is_refused(container, known, monkeypatch, arrays, tmp_path):
    other = {**arrays, "block5_conv3/bias": arrays["block5_conv3/bias"] + 1}
    path = write_classic(tmp_path / "other.h5", other)
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(path))
    spec = RunSpec.parse({**PROBE.model_dump(), "weights": "imagenet"})
    with pytest.raises(
        StudyError, match=r"VGG16: the weights 'imagenet' that Keras downloaded are not.*--weights PATH"
    ):
        start_model(spec, 10, 32, None)


def test_other_arrays_keep_the_hash_of_their_file(container, arrays, monkeypatch):
    path = container("npz")
    file = find_weights(str(path))
    assert file.name == f"sha256:{file_sha256(path)}"
    assert file.misfit("vgg16") is None
    assert "block1_bn1" in file.misfit("compact")
    monkeypatch.setitem(weightsfile.KNOWN_FILES, "famous", file.sha256)
    assert find_weights(str(path)).name == "famous"


def test_a_file_serves_the_runs_that_ask_for_it_and_leaves_others_alone(container, known):
    path = container("npz")
    file, specs = find_weights(str(path)), expand("report")
    asking = [
        s.model_copy(update={"weights": "imagenet"}) if s.strategy == "linear_probe" else s for s in specs
    ]
    weights, said = serving(str(path), file, asking)
    assert weights == {}
    assert "linear_probe start from it; other runs keep tiny-imagenet-compact, tiny-imagenet-vgg16" in said
    with pytest.raises(
        StudyError, match=r"do not fit compact: layer 'block1_bn1' stands only in the network"
    ):
        serving(str(path), file, [s for s in specs if s.backbone == "compact"])
    with pytest.raises(StudyError, match="all runs of this preset start at random"):
        serving("imagenet", None, [s for s in specs if s.weights == "none"])


def test_names_serve_the_networks_that_they_were_made_for():
    specs = expand("report")
    assert serving("imagenet-vgg16-int8", None, specs)[0] == {"vgg16": "imagenet-vgg16-int8"}
    weights, said = serving("tiny-imagenet-compact", None, specs)
    assert (weights, said.count("small_finetune")) == ({}, 1)


def savez(path, **arrays):
    np.savez(path, **{name.replace("__", "/"): array for name, array in arrays.items()})


def pickled(path):
    savez(path, a__kernel=np.array([{"a": 1}], object))


def too_large(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/kernel.npy", bytes(3_000_000))


def false_header(path):
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": "<f4", "fortran_order": False, "shape": (2**40,)})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/kernel.npy", content.getvalue() + bytes(8))


def other_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"cposix\nsystem\n")


def elsewhere(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("a/kernel", (2, 2), "f4", external=[("/etc/hostname", 0, 16)])


def h5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name.replace("__", "/")] = array


def cut_short(path):
    h5(path, a__kernel=np.ones((50, 50), "f4"))
    path.write_bytes(path.read_bytes()[:900])


ODD = {  # what is wrong, as test_messages calls it -> how it is written
    "NaN": lambda p: savez(p, a__kernel=np.array([[1, np.nan]])),
    "infinity in float64": lambda p: h5(p, a__bias=np.array([1e300])),
    "pickle": pickled,
    "gigabytes": too_large,
    "gigabytes of HDF5": lambda p: h5(p, a__kernel=np.zeros(700_000, "f4")),
    "false header": false_header,
    "whole numbers": lambda p: savez(p, a__kernel=np.arange(4)),
    "8 bits without scale": lambda p: savez(p, a__kernel=np.ones((2, 2), "i1")),
    "text in HDF5": lambda p: h5(p, a__kernel="words"),
    "no layers": lambda p: savez(p, x=np.zeros(3)),
    "no layers in HDF5": lambda p: h5(p, x=np.zeros(3)),
    "PyTorch's": other_archive,
    "another file": elsewhere,
    "cut short": cut_short,
    "cut short archive": lambda p: p.write_bytes(b"PK\x03\x04" + bytes(50)),
    "text": lambda p: p.write_text("not an archive"),
    "empty": lambda p: p.write_bytes(b""),
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD)
def test_odd_files_are_refused_by_name(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LIMIT", 2_000_000)
    path = tmp_path / "odd.npz"
    ODD[kind](path)
    with pytest.raises(StudyError) as error:
        find_weights(str(path))
    assert re.fullmatch(likeness(WEIGHTS[kind].replace("{file}", str(path))), str(error.value)), str(
        error.value
    )


def test_every_message_on_weights_has_its_fault():
    assert ODD.keys() == WEIGHTS.keys()

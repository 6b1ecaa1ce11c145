"""Keras' own settings, in its file and in the environment, change no number; what is said of impossible ones: test_messages."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from transferstudy import keras_settings
from transferstudy.errors import StudyError
from transferstudy.paths import project_root
from transferstudy.training.keras_file import NAME, open_portable


def test_a_network_is_built_alike_whatever_keras_is_set_to():
    import keras

    from transferstudy.models import build_model

    config = keras.config
    capped = hasattr(config, "set_max_epochs")
    config.set_floatx("float64")
    config.set_epsilon(0.1)
    config.set_image_data_format("channels_first")
    config.set_dtype_policy("mixed_bfloat16")
    if capped:
        config.set_max_epochs(1)
        config.set_max_steps_per_epoch(1)
    model = build_model("compact", 10, 32)
    assert (config.floatx(), config.epsilon(), config.image_data_format()) == (
        "float32",
        1e-7,
        "channels_last",
    )
    assert model.input_shape == (None, 32, 32, 3)
    assert {str(variable.dtype) for variable in model.weights} == {"float32"}
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    if capped:
        assert (config.max_epochs(), config.max_steps_per_epoch()) == (None, None)


ONE_RUN = """
import hashlib
from transferstudy.data import load
from transferstudy.plan.presets import expand
from transferstudy.training.execution import make

done = make(expand("smoke")[0], load("cifar10-sample"), None, verbose=0)
print([phase["steps"] for phase in done.record["phases"]])
print({name: hashlib.sha256(values.tobytes()).hexdigest() for name, values in done.predictions.items()})
"""
ODD = {"floatx": "float64", "epsilon": 0.1, "image_data_format": "channels_first", "backend": "tensorflow"}
CAPS = {"KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "1"}


def test_a_run_is_the_same_whatever_keras_is_set_to(tmp_path):
    found = {}
    for name, settings, variables in (("usual", {}, {}), ("odd", ODD, CAPS)):
        home = tmp_path / name
        home.mkdir()
        (home / "keras.json").write_text(json.dumps(settings))
        own = {"KERAS_HOME": str(home), "TRANSFERSTUDY_CACHE": str(home / "cache"), **variables}
        done = subprocess.run(
            [sys.executable, "-c", ONE_RUN],
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found[name] = done.stdout
    assert found["odd"] == found["usual"]


def test_keras_caps_are_taken_out_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
    monkeypatch.setenv("KERAS_MAX_STEPS_PER_EPOCH", "1")
    keras_settings.prepare()
    assert "KERAS_MAX_EPOCHS" not in os.environ
    assert "KERAS_MAX_STEPS_PER_EPOCH" not in os.environ


def test_a_file_that_keras_passes_over_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    keras_settings.prepare()
    (tmp_path / "keras.json").write_text("{ no JSON")
    keras_settings.prepare()
    (tmp_path / "keras.json").unlink()
    (tmp_path / "keras.json").mkdir()
    with pytest.raises(StudyError, match=r"keras\.json: Keras' settings cannot be read \("):
        keras_settings.prepare()


def test_commands_that_only_look_need_no_backend(monkeypatch, tmp_path, capsys):
    from transferstudy.cli import main

    monkeypatch.setenv("KERAS_BACKEND", "theano")
    assert main(["status", "--preset", "smoke", "--results", str(tmp_path)]) == 0
    assert "0 of 1 runs done" in capsys.readouterr().out


@pytest.mark.parametrize("made", ["99.1.0", "$(reboot)", None])
def test_a_model_of_another_keras_gets_the_right_advice(made, tmp_path):
    path = tmp_path / "model.keras"
    with (
        zipfile.ZipFile(project_root() / "results" / "models" / NAME) as old,
        zipfile.ZipFile(path, "w") as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = content.replace(b'"Conv2D"', b'"Conv9D"')  # a layer of the future
            if name == "metadata.json" and made:
                content = json.dumps({"keras_version": made}).encode()
            new.writestr(name, content)
    with pytest.raises(StudyError) as error:
        open_portable(path)
    if made == "99.1.0":
        assert f"{path}: Keras 99.1.0 wrote this model, and Keras " in str(error.value)
        assert "Install that version with python -m pip install keras==99.1.0, or" in str(error.value)
    else:
        assert "cannot be read as a .keras file (" in str(error.value)

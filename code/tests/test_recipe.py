"""The recipe in plain Keras: its cells compute what the package computes, and its mistakes are changes to its own lines."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml

from transferstudy.data import draw, load
from transferstudy.models.build import STANDARDISE
from transferstudy.models.weightsfile import find_weights
from transferstudy.paths import PRESETS
from transferstudy.plan.presets import expand, toml_tables
from transferstudy.plan.spec import RunSpec
from transferstudy.training import phase, run, train

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "chapters" / "recipe.qmd"
WEIGHTS = ROOT / "results" / "weights" / "imagenet-vgg16-int8.npz"
IMAGES, EPOCHS, SIDE = 50, 2, 48


def cells() -> dict[str, str]:
    """The code cells of the page by their labels, without those that prepare the page itself."""
    found = re.findall(r"^```\{python\}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    named = {re.search(r"^#\| label: (\S+)", cell, re.M)[1]: cell for cell in found if "label:" in cell}
    return {name: cell for name, cell in named.items() if name != "setup"}


def short(cell: str, batch: int) -> str:
    """A cell with fewer epochs, and with all training images in one batch: then their order does not matter."""
    return re.sub(r"epochs=\d+", f"epochs={EPOCHS}", cell.replace("batch_size=16", f"batch_size={batch}"))


def no_download(monkeypatch):
    original = keras.applications.VGG16

    def offline(*args, weights="imagenet", **options):
        if weights == "imagenet":
            raise OSError("no network in this test")
        return original(*args, weights=weights, **options)

    monkeypatch.setattr(keras.applications, "VGG16", offline)


@pytest.fixture
def plain(monkeypatch):
    """Switch off the refinements that the page names: standardised features, and a rate that rises and falls."""
    monkeypatch.setenv("TRANSFERSTUDY_CACHE_GIB", "0")

    def unchanged(model, features):
        layer = model.get_layer(STANDARDISE)
        width = features.shape[-1]
        layer.set_weights([np.zeros(width), np.ones(width) - layer.epsilon])

    monkeypatch.setattr(run, "standardise_head", unchanged)
    monkeypatch.setattr(phase, "optimiser", lambda spec, peak, steps: keras.optimizers.Adam(peak))


def test_the_recipe_and_the_package_compute_the_same(monkeypatch, plain):
    no_download(monkeypatch)
    monkeypatch.chdir(ROOT)
    data, file = load("cifar10-sample"), find_weights(str(WEIGHTS))
    split = draw(data, IMAGES, seed=0)
    n = len(split.train)
    common = {
        "dataset": "cifar10-sample", "n_labels": IMAGES, "backbone": "vgg16", "augmentation": "none", "evaluations": 1,
        "batch_size": n, "seed": 0, "epochs": EPOCHS,
    }  # fmt: skip
    tuned = RunSpec(
        **common, strategy="finetune_block5", image_size=SIDE, weights=file.name, head_learning_rate=1e-2, head_epochs=EPOCHS,
        learning_rate=3e-5,
    )  # fmt: skip
    scratch = RunSpec(**common, strategy="scratch", image_size=32, weights="none", learning_rate=3e-4)
    names, code = {}, cells()
    exec(code["load-data"], names)  # noqa: S102 - the page's own code is what this test is about
    for part, index in (("train", split.train), ("val", split.validation)):
        names |= {f"x_{part}": data.x_train[index], f"y_{part}": data.y_train[index]}
    names |= {
        f"{part}_test": names[f"{part}_test"][::9] for part in "xy"
    }  # its own test images are of no concern here
    assert "side = 64" in code["base"]
    exec(code["base"].replace("side = 64", f"side = {SIDE}"), names)  # noqa: S102
    exec(code["make-model"], names)  # noqa: S102
    # The package draws other random numbers before it makes the head, so the recipe gets the head that it starts from.
    start, _ = run.start_model(tuned, 10, 32, file)
    names["model"].layers[-1].set_weights(start.get_layer("head_logits").get_weights())

    def accuracy(model) -> float:
        return model.evaluate(names["x_val"], names["y_val"], verbose=0)[1]

    exec(short(code["step-one"], n), names)  # noqa: S102
    after_head = accuracy(names["model"])
    exec(short(code["step-two"], n), names)  # noqa: S102
    exec(short(code["from-scratch"], n), names)  # noqa: S102
    for recipe, spec in (("model", tuned), ("scratch", scratch)):
        trained = train(spec, data, file if spec is tuned else None, verbose=0)
        accuracies = [phase.rounds[-1]["val_accuracy"] for phase in trained.phases]
        found = [after_head, accuracy(names[recipe])] if spec is tuned else [accuracy(names[recipe])]
        assert found == pytest.approx(accuracies, abs=1e-6), recipe
        ours, theirs = (m.predict(names["x_val"], verbose=0) for m in (trained.model, names[recipe]))
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=2e-3 * np.abs(ours).max(), err_msg=recipe)


def test_it_is_plain_keras_and_comes_early():
    code = "\n".join(cells().values())
    imported = set(re.findall(r"^(?:import|from) (\w+)", code, re.M))
    assert imported == {"json", "pathlib", "keras", "numpy", "PIL"}
    assert 'VGG16(weights="imagenet", include_top=False' in code and code.count(".fit(") == 4
    sections = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))["website"]["sidebar"][
        "contents"
    ]
    pages = [page for part in sections if isinstance(part, dict) for page in part["contents"]]
    assert pages[pages.index("chapters/transfer-learning.qmd") + 1] == "chapters/recipe.qmd"


def test_the_careful_head_has_the_settings_of_the_study():
    """Rate and weight decay are those that the searches chose for 100 labels, in a schedule of as many steps."""
    cell, chosen = cells()["careful-head"], toml_tables(PRESETS)["second"]["100"]["linear_probe"]
    spec = next(s for s in expand("near-probes") if s.n_labels == 100)
    steps, peak = re.search(r"batch, steps, peak = 16, (\d+), (\S+)", cell).groups()
    assert float(peak) == chosen["head_learning_rate"] == spec.head_learning_rate
    assert f"weight_decay={chosen['weight_decay']})" in cell
    assert (int(steps), spec.batch_size, spec.warmup) == (spec.head_min_steps, 16, 0.1)


def test_each_mistake_changes_lines_of_the_recipe():
    text = PAGE.read_text(encoding="utf-8")
    changes, lines = (
        re.findall(r"^```diff\n(.*?)^```", text, re.S | re.M),
        "\n".join(cells().values()).splitlines(),
    )
    assert len(changes) == 5
    for change in changes:
        kept = [line[2:] for line in change.splitlines() if line[:2] in ("- ", "  ")]
        assert kept and all(line in lines for line in kept), change

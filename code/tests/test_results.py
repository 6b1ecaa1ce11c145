"""The committed results: complete, whole, and what the pages say of them follows from them."""

import re

import numpy as np
import pytest
from scipy.special import softmax

from transferstudy import report
from transferstudy.checking.provenance import check
from transferstudy.models import imagenet
from transferstudy.models.weightsfile import known_files
from transferstudy.paths import cards_dir, project_root
from transferstudy.plan.presets import expand
from transferstudy.results import manifest
from transferstudy.results.store import Store


@pytest.fixture(scope="module")
def store():
    return Store(project_root() / "results")


def test_every_declared_run_is_there_and_nothing_else(store):
    """The runs of the second edition come one after another: of them, nothing else may be there."""
    first = {spec.id for name in ("full", "edges", "shipped") for spec in expand(name)}
    second = {spec.id for spec in expand("second-edition")}
    assert first <= set(store.ids()) <= first | second


def test_every_arm_begins_with_its_first_seed_and_leaves_none_out():
    """Runs are made seed by seed: an arm that has a later seed and lacks an earlier one has lost it, or was picked over."""
    for arm in report.load().arms.values():
        assert arm.seeds == tuple(range(len(arm.seeds))), arm.anchor


def test_the_chain_to_the_pixels_holds(store):
    reached = check(store, cards_dir())
    assert reached["weights"] == 3
    assert reached["pretraining"] >= 1
    assert reached["results"] > 0


def test_every_file_is_listed_and_as_listed(store):
    """After new results: python -m transferstudy manifest."""
    assert manifest.check(store.root) == len(manifest.present(store.root)) > len(store.ids())
    assert list(manifest.strays(store.root)) == []


def test_the_results_are_real(store):
    """From the data sets and weights that the report names, better than guessing.

    Of the photographs of hand signs a run tests one fold.
    """
    far, same = (
        {
            spec.id
            for preset in ("far", "far-longer", "far-faster", "far-weak-decay")
            for spec in expand(preset)
        },
        {},
    )
    for run_id in store.ids():
        record = store.load(run_id)
        name, images = record["data"]["name"], record["data"].get("content", record["data"]["sha256"])
        assert name == ("sign-digits" if run_id in far else "cifar10")
        assert images == same.setdefault(name, images)
        expected = (known_files() | {imagenet.NAME: imagenet.SHA256}).get(record["spec"]["weights"])
        assert record["weights"]["sha256"] == expected
        assert record["timing"]["total"]["wall"] > 1
        if record["spec"].get("purpose") == "tuning":
            assert set(record["metrics"]) == {"val"}, "a tuning run never looks at test images"
            continue
        tested = record["metrics"]["test"]["n"]
        assert record["data"]["test"] == tested
        assert run_id in far or tested == (record["spec"].get("test_images") or 10_000)
        assert record["metrics"]["test"]["accuracy"] > 0.12, (
            f"{run_id} hardly beats guessing: it did not learn"
        )


def test_records_carry_nothing_of_the_machine_but_its_kind(store):
    for run_id in store.ids():
        text = store.record_path(run_id).read_text()
        assert not re.search(r'"(/|[A-Za-z]:)[\\/\w]', text), f"{run_id}: an absolute path"


def test_results_stay_small():
    """The repository stays under 64 MiB; two files of 8-bit weights take the largest part."""
    files = [p for p in (project_root() / "results").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 58 * 2**20
    assert all(p.stat().st_size <= 16e6 for p in files)


def test_the_kept_model_predicts_what_was_stored(store):
    """The weights in the repository, run on the sample's test images, give the predictions that the run stored for them."""
    from transferstudy.report import load_trained

    study = report.load(results=store.root)
    model = load_trained(study)
    log_p, y = study.test_predictions("small_scratch", model.record["spec"]["n_labels"])
    sample = report.sample()
    logits = model.predict(sample.x_test, verbose=0)
    for image, row in zip(sample.x_test[::30], logits[::30], strict=True):
        np.testing.assert_allclose(report.predict_one(model, image), softmax(row), atol=1e-5)
    predicted = logits.argmax(axis=1)
    accuracy = (predicted == sample.y_test).mean()
    stored = model.record["metrics"]["test"]["accuracy"]
    # 90 images: four standard errors of a proportion.
    assert abs(accuracy - stored) < 4 * np.sqrt(stored * (1 - stored) / len(sample.y_test))
    assert len(y) == log_p.shape[1] == 10_000

"""Tables, claims and inline values follow the results, and say when results are missing."""

from inspect import getmembers, isfunction

import numpy as np
import pytest
from fakes import STRENGTH, fake_manifest, fake_record, fake_store, main_specs
from sentences import SILENT

from transferstudy import report
from transferstudy.analysis.comparison import difference
from transferstudy.analysis.statistics.bootstrap import interval, resampled_means
from transferstudy.analysis.study import Study
from transferstudy.errors import StudyError
from transferstudy.plan.presets import expand
from transferstudy.report.state import SENTENCES
from transferstudy.report.values import Value, listing, percent, points
from transferstudy.results.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return fake_store(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def study(store):
    return report.load(results=store.root)


def test_a_missing_result_stops_the_page_with_run_and_command(tmp_path):
    store = fake_store(tmp_path / "results", "resolution", n_test=50)
    gone = expand("resolution")[5].id
    store.record_path(gone).unlink()
    with pytest.raises(
        StudyError, match=f"no result for run {gone}: make it with python -m transferstudy run --only {gone}"
    ):
        report.load("resolution", store.root)


def test_results_of_different_data_are_not_compared(tmp_path):
    store = fake_store(tmp_path / "results", n_test=50)
    record = store.load(store.ids()[0])
    record["data"]["sha256"] = "99" * 32
    store.save_record(record)
    with pytest.raises(StudyError, match="different copies of cifar10"):
        report.load(results=store.root)


def test_a_run_that_is_given_twice_counts_once(study):
    twice = Study([*study.specs, *study.specs], study.store)
    assert {key: arm.seeds for key, arm in twice.arms.items()} == {
        key: arm.seeds for key, arm in study.arms.items()
    }


def test_difference_is_paired_by_seed(study):
    d = difference(study, "finetune_all", "scratch", 500)
    a, b = study.arm("finetune_all", 500).test("accuracy"), study.arm("scratch", 500).test("accuracy")
    assert d.mean == pytest.approx((a - b).mean())
    assert d.per_seed == pytest.approx(tuple(a - b))
    assert d.low < d.mean < d.high
    assert d.excludes_zero
    assert difference(study, "scratch", "finetune_all", 500).mean == pytest.approx(-d.mean)


def test_interval_covers_at_its_rate():
    """Draw many studies from a known truth: the interval holds it about as often as it says, given enough seeds."""
    rng = np.random.default_rng(0)
    truth, hits, trials = 0.1, 0, 200
    for trial in range(trials):
        seeds = truth + rng.normal(0, 0.02, 8)
        gain = np.stack([rng.choice([-1, 0, 1], size=1000, p=[0.2 - s / 2, 0.6, 0.2 + s / 2]) for s in seeds])
        low, high = interval(resampled_means(gain, 400, trial))
        hits += low <= truth <= high
    assert 0.87 <= hits / trials <= 0.99


def test_no_difference_is_not_called_one(tmp_path):
    same = dict.fromkeys(STRENGTH, 1.5)
    store = Store(tmp_path / "results")
    fake_manifest(store.root, "tiny-imagenet-vgg16")
    for spec in main_specs():
        store.save(*fake_record(spec, same[spec.strategy], 300))
    assert "cannot be told apart" in report.claims.slide_headline(report.load(results=store.root))


def test_sentences_change_when_two_arms_swap_results(study, tmp_path):
    """Give fine-tuning the results of plain scratch and the other way round: every sentence on them must follow."""
    swapped = {**STRENGTH, "finetune_all": STRENGTH["random_features"], "small_scratch": 6.0}
    store = Store(tmp_path / "results")
    fake_manifest(store.root, "tiny-imagenet-vgg16")
    for spec in main_specs():
        store.save(*fake_record(spec, swapped[spec.strategy], 500))
    other = report.load(results=store.root)
    before, after = report.claims.headline(study), report.claims.headline(other)
    assert "*Fine-tune all*" in before
    assert "*Fine-tune all*" not in after
    assert "transfer from Tiny ImageNet leads" in report.claims.slide_headline(study)
    assert "transfer from Tiny ImageNet trails" in report.claims.slide_headline(other)
    for name, sentence in SENTENCES.items():
        assert sentence(other) or name in SILENT, name
    assert report.claims.depth(study).startswith("*Fine-tune all* is the most accurate")
    assert not report.claims.depth(other).startswith("*Fine-tune all*")
    for name in ("trend", "rival", "calibration", "hardest", "temperature", "worst", "labels_worth"):
        assert getattr(report.claims, name)(study) != getattr(report.claims, name)(other)


def test_the_best_arm_is_chosen_on_validation_not_on_test(tmp_path):
    store = fake_store(tmp_path / "results", n_test=100)
    for spec in main_specs():
        if spec.strategy == "linear_probe" and spec.n_labels == 500:
            record = store.load(spec.id)
            record["metrics"]["val"]["accuracy"] = 0.999
            store.save_record(record)
    chosen = report.load(results=store.root).best(500, True)
    assert chosen.strategy.name == "linear_probe"
    assert chosen.accuracy < report.load(results=store.root).arm("finetune_all", 500).accuracy


def test_few_seeds_give_no_verdict(study):
    assert "no verdict" in report.claims.verdict_rule(study)
    assert "Fine-tune compact" in report.claims.not_run(study)


def test_inline_values_link_to_their_records(study):
    v = report.values(study)
    page = report.records(study).data
    accuracy = v.acc("finetune_all", 1000)
    assert str(accuracy) == percent(study.arm("finetune_all", 1000).accuracy)
    assert (
        accuracy._repr_markdown_() == f"[{accuracy}](/chapters/records.qmd#arm-finetune_all-1000){{.value}}"
    )
    made = [x for x in vars(v).values() if isinstance(x, Value)]
    made += [v.diff("finetune_all", "scratch_bn", 500)]
    assert len(made) > 25
    for value in made:
        if value.target and "records.qmd#" in value.target:
            assert f"{{#{value.target.partition('#')[2]}}}" in page, (
                f"{value.target} is no anchor of the records page"
            )


def test_the_page_of_records_names_every_run(study):
    page = report.records(study).data
    for run_id in study.records:
        assert f"(/results/runs/{run_id}.json)" in page
        assert f"{{#run-{run_id}}}" in page
    for anchor in ("data", "weights", "environment", "runs"):
        assert f"{{#{anchor}}}" in page


def test_tables_are_rectangular(study):
    at_size = {"energy", "robustness", "speed", "temperature"}
    pair = {"models": ("finetune_all", "linear_probe")}
    for name, table in getmembers(report.tables, isfunction):
        arguments = (500,) if name in at_size else pair.get(name, ())
        about = () if name == "backbones" else (study, *arguments)  # of no study
        lines = table(*about).data.splitlines()
        if name == "robustness":  # the report's runs were not tested on corrupted images
            assert len(lines) == 2
            continue
        assert len(lines) > 2, name
        assert len({line.count("|") for line in lines}) == 1, name


def test_formatting():
    assert percent(0.7314) == "73.1\u00a0%"
    assert points(-0.034) == "−3.4\u00a0points"
    assert points(-0.0001) == "0.0\u00a0points"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert listing(["a"]) == "a"


def test_the_kept_model_is_the_model_that_was_measured(store, study):
    from transferstudy.report import load_trained

    model = load_trained(study)
    assert model.record["spec"]["strategy"] == "small_scratch"
    probabilities = report.predict_one(model, report.sample().x_test[0])
    assert probabilities.shape == (10,)
    assert probabilities.sum() == pytest.approx(1.0)
    text = report.summary(model)
    assert "block1_conv1" in text
    assert "<" not in text

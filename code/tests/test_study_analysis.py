"""Statistics against known answers, and verdicts that say no more than the runs show."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import STRENGTH, fake_store, fake_study

from transferstudy.analysis.calibration import arm_calibration
from transferstudy.analysis.comparison import declared, difference, judge, judged, verdict
from transferstudy.analysis.label_efficiency import Labels, labels_needed, scratch_curve, worth
from transferstudy.analysis.misclassified import confident_mistakes, worst_class
from transferstudy.analysis.statistics.bootstrap import interval, p_value, resampled_means
from transferstudy.analysis.statistics.mcnemar import mcnemar
from transferstudy.analysis.statistics.multiplicity import holm
from transferstudy.analysis.statistics.temperature import fit_temperature, scaled
from transferstudy.analysis.study import Study, load
from transferstudy.errors import StudyError
from transferstudy.plan import declared as plan
from transferstudy.plan.strategies import STRATEGIES
from transferstudy.report.claims.judgement import may_equal
from transferstudy.results.rounding import log_softmax

ARMS = [
    *((name, 500, 3) for name in ("linear_probe", "finetune_all", "random_features", "scratch_bn")),
    *((name, 5000, 3) for name in ("linear_probe", "finetune_all", "random_features", "scratch_bn")),
    *((name, 50_000, 1) for name in ("finetune_all", "scratch_bn")),
]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return fake_study(tmp_path_factory.mktemp("results"), ARMS)


def test_the_plan_speaks_of_strategies_that_exist():
    names = {name for c in plan.FAMILY for name in (c.a, c.b)} | set(plan.DEPTHS)
    assert names <= set(STRATEGIES)
    assert len({(c.a, c.b) for c in plan.FAMILY}) == len(plan.FAMILY)
    assert not {(c.b, c.a) for c in plan.FAMILY} & {(c.a, c.b) for c in plan.FAMILY}


def test_holm_steps_down():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1.0, 1.0])
    assert holm([]).size == 0
    with pytest.raises(ValueError, match=r"0\.\.1"):
        holm([1.2])


def test_mcnemar_mid_p_is_what_a_hand_finds():
    """One and seven discordant pairs, by hand: twice (1 + 8) / 256, less the 8 / 256 of the table itself."""
    a, b = np.array([True] + [False] * 7 + [True] * 13), np.array([False] + [True] * 7 + [True] * 13)
    found = mcnemar(a, b)
    assert (found.only_a, found.only_b) == (1, 7)
    assert found.p == pytest.approx(10 / 256)
    assert mcnemar(b, a).p == found.p
    assert mcnemar(a, a).p == 1.0
    assert mcnemar(a[:2], ~a[:2]).p == pytest.approx(1.0)
    with pytest.raises(ValueError, match="different images"):
        mcnemar(a, b[:3])


def test_p_value_and_interval_are_two_views_of_one_thing():
    rng = np.random.default_rng(1)
    seen = set()
    for shift in np.linspace(0, 0.1, 12):
        gain = rng.choice([-1, 0, 1], size=(4, 500), p=[0.2 - shift / 2, 0.6, 0.2 + shift / 2])
        means = resampled_means(gain, 2000)
        low, high = interval(means)
        p = p_value(means)
        assert 0 < p <= 1
        if abs(p - plan.ALPHA) > 0.005:
            assert (low > 0 or high < 0) == (p < plan.ALPHA)
            seen.add(p < plan.ALPHA)
    assert seen == {True, False}
    assert p_value(np.zeros(100)) == 1.0
    assert p_value(np.ones(99)) == pytest.approx(2 / 100)


def test_few_seeds_do_not_make_the_interval_narrow():
    """The spread of resamples matches the true spread of a mean over three seeds; plain resampling has two thirds of it."""
    rng = np.random.default_rng(0)
    spread, truth = 0.1, []
    variances = []
    for trial in range(300):
        gain = (rng.random((3, 400)) < 0.5 + rng.normal(0, spread, (3, 1))).astype(np.int8)
        truth.append(gain.mean())
        variances.append(resampled_means(gain, 200, seed=trial).var())
    assert np.mean(variances) == pytest.approx(np.var(truth), rel=0.2)


def test_one_seed_gives_the_spread_of_the_test_images_and_no_verdict(study):
    d = difference(study, "finetune_all", "scratch_bn", 50_000)
    assert d.seeds == 1
    assert d.kind == "test images only"
    right = [study.correct(name, 50_000)[0].astype(float) for name in ("finetune_all", "scratch_bn")]
    error = (right[0] - right[1]).std() / np.sqrt(right[0].size)
    assert (d.high - d.low) / 2 == pytest.approx(1.96 * error, rel=0.1)
    assert verdict(study, d) == "one seed: no verdict"
    assert next(j for j in judged(study) if j.difference is d).p is None


def test_verdicts_in_words(study):
    d = difference(study, "finetune_all", "scratch_bn", 500)
    assert judge(replace(d, seeds=2), 0.001) == "two seeds: no verdict"
    big = replace(d, seeds=3, mean=0.2, p_equivalent=1.0)
    assert judge(big, 0.001) == "better"
    assert judge(replace(big, mean=-0.2), 0.001) == "worse"
    assert judge(big, plan.ALPHA * 1.01) == "undecided"
    tiny = replace(d, seeds=3, mean=0.002, p_equivalent=0.01)
    assert judge(tiny, 0.001) == "equivalent"
    assert judge(replace(tiny, p_equivalent=plan.ALPHA), 0.2) == "undecided"


def test_the_family_is_corrected_as_a_whole_and_verdicts_turn_with_the_arms(study, tmp_path):
    family = declared(study)
    assert len({d.anchor for d in family}) == len(family)
    best = difference(study, study.best(500, True).strategy.name, "scratch_bn", 500)
    assert best in family
    tested = [j for j in judged(study) if j.p is not None]
    assert all(j.p >= j.difference.p for j in tested)
    smallest = min(tested, key=lambda j: j.difference.p)
    assert smallest.p == pytest.approx(min(1, smallest.difference.p * len(tested)))
    d = difference(study, "finetune_all", "scratch_bn", 500)
    assert verdict(study, d) == "better"
    assert verdict(study, difference(study, "scratch_bn", "finetune_all", 500)) == "worse"
    assert (
        verdict(study, difference(study, "random_features", "scratch_bn", 500)) == "not declared: no verdict"
    )
    swapped = {**STRENGTH, "finetune_all": STRENGTH["scratch_bn"], "scratch_bn": STRENGTH["finetune_all"]}
    other = fake_study(tmp_path, ARMS, swapped)
    assert verdict(other, difference(other, "finetune_all", "scratch_bn", 500)) == "worse"


def test_differences_of_depths_and_of_image_sizes(tmp_path):
    names = ("linear_probe", "finetune_block5", "finetune_block4", "finetune_all")
    depth = fake_study(tmp_path / "depth", [(n, 1000, 3) for n in names], name="depth")
    assert [(d.a, d.b) for d in declared(depth)] == [
        ("finetune_block5", "linear_probe"),
        ("finetune_block4", "finetune_block5"),
        ("finetune_all", "finetune_block4"),
    ]
    assert all(d.anchor.startswith("depth-diff-") for d in declared(depth))
    sides = [(n, 1000, 3, s) for n in ("linear_probe", "random_features") for s in (32, 64, 96)]
    study = fake_study(tmp_path / "sides", sides, name="resolution")
    assert study.image_sizes == (32, 64, 96)
    assert study.image_size == 32
    family = declared(study)
    assert len(family) == 2 * 2 + 3
    assert len({d.anchor for d in family}) == len(family)
    larger = difference(study, "linear_probe", "linear_probe", 1000, (96, 32))
    assert larger in family
    assert larger.label == "Linear probe at 96 px − Linear probe at 32 px"
    a, b = study.arm("linear_probe", 1000, 96), study.arm("linear_probe", 1000, 32)
    assert study.arm("linear_probe", 1000) == study.chosen("linear_probe", 1000), (
        "the side that validation chose"
    )
    assert larger.mean == pytest.approx((a.test("accuracy") - b.test("accuracy")).mean())
    assert a.anchor == "resolution-arm-linear_probe-1000-96px"
    with pytest.raises(StudyError, match="at 128 px"):
        study.arm("linear_probe", 1000, 128)


def test_arms_without_a_common_seed_are_not_compared(study):
    kept = {("linear_probe", 500, 0), ("finetune_all", 500, 1), ("scratch_bn", 500, 1)}
    other = Study([s for s in study.specs if (s.strategy, s.n_labels, s.seed) in kept], study.store)
    assert [(d.a, d.b) for d in declared(other)] == [("finetune_all", "scratch_bn")]
    with pytest.raises(StudyError, match="no seed in common"):
        difference(other, "finetune_all", "linear_probe", 500)


def test_a_partial_study_lists_what_was_not_run(study):
    wanted = [*study.specs, study.specs[0].model_copy(update={"seed": 77})]
    partial = Study(wanted, study.store, partial=True)
    assert [s.seed for s in partial.missing] == [77]
    assert len(partial.records) == len(study.records)
    with pytest.raises(StudyError, match="no result for run"):
        Study(wanted, study.store)
    with pytest.raises(StudyError, match="none of its runs has a result"):
        load("quick", study.store.root, partial=True)


def test_a_study_is_read_once_until_one_of_its_files_changes(tmp_path):
    store = fake_store(tmp_path, "quick", 50)
    first = load("quick", tmp_path)
    assert load("quick", tmp_path) is first
    path = store.record_path(first.specs[0].id)
    whole = path.read_text()
    path.write_text(whole.replace('"seed"', '"sead"'))
    with pytest.raises(StudyError, match=path.name):
        load("quick", tmp_path)
    path.unlink()
    assert len(load("quick", tmp_path, partial=True).missing) == 1
    path.write_text(whole)
    assert not load("quick", tmp_path, partial=True).missing


def test_labels_needed_are_interpolated_never_extrapolated():
    sizes = [100, 1000, 10_000]
    line = [0.2, 0.4, 0.6]  # straight in log labels
    assert labels_needed(sizes, line, 0.4).number == pytest.approx(1000, rel=0.005)
    assert labels_needed(sizes, line, 0.5).number == pytest.approx(10**3.5, rel=0.005)
    assert labels_needed(sizes, line, 0.6) == Labels(pytest.approx(10_000, rel=0.005))
    assert labels_needed(sizes, line, 0.61) == Labels(10_000, "more")
    assert labels_needed(sizes, line, 0.1) == Labels(100, "fewer")
    dipped = labels_needed(sizes, [0.2, 0.4, 0.3], 0.4)
    assert dipped.side == ""
    assert dipped.number == pytest.approx(1000, rel=0.005)
    with pytest.raises(ValueError, match="two rising sizes"):
        labels_needed([100], [0.5], 0.4)


def test_what_transfer_is_worth_in_labels(study):
    assert [a.n_labels for a in scratch_curve(study)] == [500, 5000, 50_000]
    beyond = worth(study, study.arm("finetune_all", 5000), resamples=100)
    assert beyond.equal_at == Labels(50_000, "more")
    assert beyond.high.side == "more"
    assert beyond.seeds == 1
    assert not beyond.verdict_allowed
    # An arm as good as the curve's middle point is worth that many labels, give or take.
    middle = worth(study, study.best(5000, False), resamples=200)
    assert middle.equal_at.number == pytest.approx(5000, rel=0.01)
    assert middle.factor == pytest.approx(1, rel=0.01)
    assert middle.low.number <= middle.equal_at.number <= middle.high.number
    below = worth(study, study.arm("random_features", 500), resamples=100)
    assert below.equal_at == Labels(500, "fewer")


def test_a_curve_of_one_size_has_no_worth(tmp_path):
    study = fake_study(tmp_path, [("finetune_all", 500, 2), ("scratch_bn", 500, 2)])
    assert worth(study, study.arm("finetune_all", 500)) is None


def test_temperature_undoes_overconfidence():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 10)) * 2
    p = np.exp(log_softmax(logits))
    y = np.array([rng.choice(10, p=row) for row in p])
    assert fit_temperature(logits, y) == pytest.approx(1.0, rel=0.05)
    assert fit_temperature(3 * logits, y) == pytest.approx(3.0, rel=0.05)
    np.testing.assert_allclose(scaled(3 * logits, 3.0), log_softmax(logits), atol=1e-9)
    assert (scaled(logits, 7.0).argmax(axis=1) == logits.argmax(axis=1)).all()


def test_calibration_of_an_arm_is_measured_on_test_and_fitted_on_validation(study):
    rows = arm_calibration(study, "finetune_all", 5000)
    assert len(rows) == 3
    record = study.arm("finetune_all", 5000).records[0]
    assert rows[0].ece == pytest.approx(record["metrics"]["test"]["ece"])
    assert rows[0].nll == pytest.approx(record["metrics"]["test"]["nll"])
    stored = study.predictions(record)
    assert rows[0].temperature == fit_temperature(stored["val_log_p"], stored["val_y"])


def test_the_most_confident_mistakes_are_mistakes(study):
    found = confident_mistakes(study, "scratch_bn", 500, 5)
    assert len(found) == 5
    assert [m.confidence for m in found] == sorted((m.confidence for m in found), reverse=True)
    _, y = study.test_predictions("scratch_bn", 500)
    assert all(m.true == y[m.index] != m.predicted for m in found)


def test_the_worst_class_is_the_lowest_mean(study):
    arm = study.arm("scratch_bn", 500)
    label, mean, (low, high) = worst_class(arm)
    recall = arm.test("class_accuracy")
    assert mean == pytest.approx(recall.mean(axis=0).min())
    assert low <= mean <= high
    assert recall[:, label].min() == low


@pytest.mark.parametrize(
    ("low", "high", "equal"),
    [
        (Labels(40_000), Labels(50_000, "more"), True),
        (Labels(100, "fewer"), Labels(60_000), True),
        (Labels(40_000), Labels(49_000), False),
        (Labels(50_000, "more"), Labels(50_000, "more"), False),
        (Labels(100, "fewer"), Labels(100, "fewer"), False),
    ],
)
def test_no_saving_can_be_told_where_the_interval_holds_the_labels_themselves(low, high, equal):
    assert may_equal(50_000, low, high) is equal

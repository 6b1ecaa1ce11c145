"""The primary opinion on a verdict keeps its word, the bootstrap is checked against it, and equivalence is tested."""

import re
from dataclasses import replace

import numpy as np
import pytest
from fakes import STRENGTH, fake_study
from scipy.stats import norm, t, ttest_1samp

from transferstudy import report
from transferstudy.analysis import second_opinion
from transferstudy.analysis.comparison import corrected_with, declared, enough_seeds, judged, judged_family
from transferstudy.analysis.statistics.bootstrap import interval, resampled_means
from transferstudy.analysis.statistics.crossed import Estimate, by_group, estimate
from transferstudy.analysis.statistics.multiplicity import holm
from transferstudy.plan import declared as plan
from transferstudy.plan.presets import expand, select
from transferstudy.report import opinions
from transferstudy.report.pages.records import _arm_section

ARMS = [(name, n, 3) for name in ("linear_probe", "finetune_all", "scratch_bn") for n in (500, 5000)]


def drawn(rng, seeds: int, images: int, seed_sd: float, image_sd: float, mean: float = 0.03) -> np.ndarray:
    """Gains of -1, 0 and 1 whose expectation is `mean`, with effects of seeds and of images."""
    expected = mean + rng.normal(0, seed_sd, (seeds, 1)) + rng.normal(0, image_sd, images)
    moved = np.clip(0.25, abs(expected), 1)  # the share of images that only one network gets right
    u = rng.random((seeds, images))
    return np.where(u < (moved + expected) / 2, 1, np.where(u < moved, -1, 0)).astype(np.int8)


def test_readings_are_the_classical_ones():
    gain = drawn(np.random.default_rng(0), 4, 300, 0.05, 0.2)
    (images, images_df), (seeds, seeds_df), (both, both_df) = estimate(gain).errors
    known = ttest_1samp(gain.mean(axis=1), 0)
    assert seeds == pytest.approx(known.statistic**-1 * gain.mean())
    assert (images_df, seeds_df) == (299, known.df)
    assert images == pytest.approx(gain.mean(axis=0).std(ddof=1) / np.sqrt(300))
    assert both > seeds
    assert seeds_df < both_df < images_df
    one = estimate(gain[:1])
    assert one.errors == ((pytest.approx(gain[0].std(ddof=1) / np.sqrt(300)), 299),)


def test_interval_and_p_values_are_views_of_one_thing():
    for mean in np.linspace(-0.04, 0.04, 17):
        found = Estimate(mean, ((0.004, 2.0), (0.006, 500.0)))
        low, high = found.interval(1 - plan.ALPHA)
        assert (low > 0 or high < 0) == (found.p_value() < plan.ALPHA)
        inside = low > -plan.MARGIN and high < plan.MARGIN
        assert inside == (found.p_equivalent() < plan.ALPHA / 2)
    assert Estimate(0.002, ((0.001, 9.0),)).p_equivalent() == pytest.approx(t.sf(8, 9))
    assert Estimate(0.0, ((0.0, 9.0),)).p_value() == 1.0


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize(("seed_sd", "image_sd"), [(0.05, 0.0), (0.05, 0.15), (0.01, 0.15)])
def test_coverage_is_close_to_nominal(seeds, seed_sd, image_sd):
    rng, trials = np.random.default_rng(seeds), 600
    hits = 0
    for _ in range(trials):
        low, high = estimate(drawn(rng, seeds, 400, seed_sd, image_sd)).interval()
        hits += low <= 0.03 <= high
    assert 0.93 <= hits / trials <= 0.995


def test_the_bootstrap_is_too_narrow_with_three_seeds():
    rng, trials = np.random.default_rng(0), 300
    primary = second = 0
    for trial in range(trials):
        gain = drawn(rng, 3, 1000, 0.05, 0.1)
        for name, (low, high) in {
            "primary": estimate(gain).interval(),
            "second": interval(resampled_means(gain, 300, trial)),
        }.items():
            held = low <= 0.03 <= high
            primary += held and name == "primary"
            second += held and name == "second"
    assert primary / trials > 0.92
    assert second / trials < 0.90


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("share", [0.0, 1.0, 5.0])  # of the images in the variance, beside that of the seeds
def test_small_p_values_are_not_too_small(seeds, share):
    """Far out in the tail, where Holm's correction looks, each p comes as often as it says, or less often."""
    rng, n = np.random.default_rng(1), 20_000
    images = 200
    # Values whose mean squares are drawn directly: rows with a seed effect, columns with an image effect, no rest.
    a, b = 0.01, share * 0.01 / seeds
    level, found = 0.002, 0
    rows = rng.normal(0, np.sqrt(a), (n, seeds))
    off = rng.normal(0, np.sqrt(b), n)
    means = rows.mean(axis=1) + off
    # Student's quantiles are above the normal one: what does not reach that one need not be looked at.
    far = abs(means) > norm.isf(level / 2) * np.sqrt(rows.var(axis=1, ddof=1) / seeds + b)
    for row, shift in zip(rows[far], off[far], strict=True):
        mean, spread = row.mean() + shift, row.var(ddof=1) / seeds
        errors = [(np.sqrt(spread), seeds - 1), (np.sqrt(b) or 1e-9, images - 1)]
        if b:
            df = (spread + b) ** 2 / (spread**2 / (seeds - 1) + b**2 / (images - 1))
            errors.append((np.sqrt(spread + b), df))
        found += Estimate(mean, tuple(errors)).p_value() <= level
    assert found / n <= 1.75 * level


def test_groups_of_images_widen_the_interval_and_equal_groups_are_images():
    rng = np.random.default_rng(0)
    people = rng.normal(0, 0.3, 40)
    sizes = rng.integers(5, 16, 40)
    member = np.repeat(np.arange(40), sizes)
    values = 0.1 + people[member] + rng.normal(0, 0.3, (4, sizes.sum()))
    alone, grouped = estimate(values), estimate(values, member)
    assert grouped.mean == alone.mean == pytest.approx(values.mean())
    width = [np.ptp(e.interval()) for e in (alone, grouped)]
    assert width[1] > 2 * width[0]
    drawn = [np.ptp(interval(resampled_means(each, 2000))) for each in (values, by_group(values, member))]
    assert drawn[1] > 2 * drawn[0]
    # Groups of equal size are the same as the means over them; groups of one are the images.
    even = values[:, :200]
    by_ten = estimate(even, np.arange(200) // 10)
    np.testing.assert_allclose(by_ten.errors, estimate(even.reshape(4, 20, 10).mean(axis=2)).errors)
    np.testing.assert_allclose(estimate(even, np.arange(200)).errors, estimate(even).errors)
    with pytest.raises(ValueError, match="groups for 200 images"):
        estimate(even, np.arange(10))
    with pytest.raises(ValueError, match="two images"):
        estimate(even, np.zeros(200))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return fake_study(tmp_path_factory.mktemp("results"), ARMS)


def test_the_second_opinion_draws_groups_where_images_belong_together(tmp_path, monkeypatch):
    study, seen = fake_study(tmp_path, ARMS), []
    monkeypatch.setattr(type(study), "groups", lambda self, arm: np.arange(300) // 10)
    monkeypatch.setattr(
        second_opinion, "by_group", lambda gain, groups: seen.append(len(set(groups))) or gain
    )
    second_opinion.judged(study)
    assert set(seen) == {30}


def test_second_opinion_judges_the_same_comparisons_by_the_same_rule(study):
    first, second = judged(study), second_opinion.judged(study)
    assert [j.difference.anchor for j in first] == [j.difference.anchor for j in second]
    assert [j.difference.mean for j in first] == [j.difference.mean for j in second]
    floor = second_opinion.smallest_p(study)
    assert floor <= plan.ALPHA / 5
    assert min(j.p for j in second) == pytest.approx(floor)
    assert len({j.difference.p for j in first}) == len(first)  # in closed form none sits at a floor
    for a, b in second_opinion.disagreements(study):
        assert a.verdict != b.verdict
    assert second_opinion.resamples_for(1000) == 10 * 1000 / plan.ALPHA


def test_disagreements_are_counted_or_denied(study, tmp_path, monkeypatch):
    family = list(judged(study))
    assert "same verdict on all" in opinions.sentence(replace_second(monkeypatch, study, family))
    other = [replace(family[0], verdict="undecided"), *family[1:]]
    said = opinions.sentence(replace_second(monkeypatch, study, other))
    assert "on 1 of" in said
    assert opinions.table(study).data.count("**undecided**") == 1
    alone = fake_study(tmp_path, [("finetune_all", 500, 1), ("scratch_bn", 500, 1)], STRENGTH)
    assert "nothing to disagree on" in opinions.sentence(alone)


def replace_second(monkeypatch, study, family):
    monkeypatch.setattr(second_opinion, "judged", lambda _: tuple(family))
    return study


def test_the_studies_of_one_plan_are_corrected_together(tmp_path):
    """A p-value just below alpha in a study alone is none among those of the other study."""
    assert ("from-imagenet", "far") in plan.TOGETHER
    near = fake_study(tmp_path, [("linear_probe", 1000, 3), ("small_scratch", 1000, 3)], name="near")
    far = fake_study(tmp_path, [("linear_probe", 500, 3), ("small_scratch", 500, 3)], name="elsewhere")
    own, other = declared(near), declared(far)
    alone = judged_family(own)
    together = judged_family(own, tuple(d.p for d in other))
    assert len(alone) == len(together) == len(own)
    expected = holm([*(d.p for d in own), *(d.p for d in other)])[: len(own)]
    assert [each.p for each in together] == expected.tolist()
    assert all(b.p >= a.p for a, b in zip(alone, together, strict=True))


def test_the_committed_studies_know_each_other():
    imagenet, far = report.imagenet.study(), report.load("far")
    for study, other in ((imagenet, far), (far, imagenet)):
        assert [each.name for each in corrected_with(study)] == [other.name]
        pooled = [d.p for d in (*enough_seeds(declared(study)), *enough_seeds(declared(other)))]
        shown = [each.p for each in judged(study) if each.p is not None]
        assert shown == holm(pooled)[: len(shown)].tolist()
    assert corrected_with(report.load()) == ()


@pytest.mark.parametrize("found", [report.imagenet.study, lambda: report.load("far")], ids=["near", "far"])
def test_the_command_beside_an_arm_makes_its_runs_and_no_others(found):
    """Readers are told to delete the records first, so another command would lose them."""
    study = report.longer.strongest(found())
    assert study.name != study.plan
    for arm in study.arms.values():
        command = next(line for line in _arm_section(study, arm, set()) if line.startswith("```bash"))
        preset, *only = re.findall(r"--(?:preset|only) (\S+)", command)
        ids = {run_id for record in arm.records for run_id in record.get("folds", [record["id"]])}
        made = {spec.id for spec in select(expand(preset), only) if study.store.has(spec)}
        assert made == ids, command

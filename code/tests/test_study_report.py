"""Figures, tables, claims and inline values follow the results, and say when results are missing."""

import matplotlib as mpl
import numpy as np
import pytest
from fakes import STRENGTH, fake_inside, fake_mistakes, fake_record, fake_store, fake_study

from transferstudy import report
from transferstudy.analysis.plan import DEPTHS
from transferstudy.comparison import difference, paired_interval
from transferstudy.errors import StudyError
from transferstudy.keras_mistakes.effects import effects
from transferstudy.presets import expand
from transferstudy.report import audit
from transferstudy.report.figures.style import SIZES, THEMES, spread
from transferstudy.store import Store
from transferstudy.values import Value, listing, percent, points

mpl.use("Agg")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return fake_store(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def study(store):
    return report.load(results=store.root)


def test_a_missing_result_stops_the_page_with_run_and_command(tmp_path):
    store = fake_store(tmp_path / "results", n_test=50)
    gone = expand("report")[5].id
    store.record_path(gone).unlink()
    with pytest.raises(
        StudyError, match=f"no result for run {gone}: make it with python -m transferstudy run --only {gone}"
    ):
        report.load(results=store.root)


def test_results_of_different_data_are_not_compared(tmp_path):
    store = fake_store(tmp_path / "results", n_test=50)
    record = store.load(store.ids()[0])
    record["data"]["sha256"] = "99" * 32
    store.save_record(record)
    with pytest.raises(StudyError, match="different copies of cifar10"):
        report.load(results=store.root)


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
        low, high = paired_interval(gain, resamples=400, seed=trial)
        hits += low <= truth <= high
    assert 0.87 <= hits / trials <= 0.99


def test_no_difference_is_not_called_one(tmp_path):
    same = dict.fromkeys(STRENGTH, 1.5)
    store = Store(tmp_path / "results")
    for spec in expand("report"):
        store.save(*fake_record(spec, same[spec.strategy], 300))
    assert "cannot be told apart" in report.claims.slide_headline(report.load(results=store.root))


def test_sentences_change_when_two_arms_swap_results(study, tmp_path):
    """Give fine-tuning the results of plain scratch and the other way round: every sentence on them must follow."""
    swapped = {**STRENGTH, "finetune_all": STRENGTH["random_features"], "small_scratch": 6.0}
    store = Store(tmp_path / "results")
    for spec in expand("report"):
        store.save(*fake_record(spec, swapped[spec.strategy], 500))
    other = report.load(results=store.root)
    before, after = report.claims.headline(study), report.claims.headline(other)
    assert "*Fine-tune all*" in before
    assert "*Fine-tune all*" not in after
    assert "transfer from Tiny ImageNet leads" in report.claims.slide_headline(study)
    assert "transfer from Tiny ImageNet trails" in report.claims.slide_headline(other)
    for name in report.claims.SENTENCES:
        assert report.claims.SENTENCES[name](other), name
    assert report.claims.depth(study).startswith("With 500 labels the order is *Fine-tune all*")
    assert not report.claims.depth(other).startswith("With 500 labels the order is *Fine-tune all*")
    for name in ("trend", "rival", "calibration", "hardest", "temperature", "worst", "labels_worth"):
        assert getattr(report.claims, name)(study) != getattr(report.claims, name)(other)


def test_the_best_arm_is_chosen_on_validation_not_on_test(tmp_path):
    store = fake_store(tmp_path / "results", n_test=100)
    for spec in expand("report"):
        if spec.strategy == "linear_probe" and spec.n_labels == 500:
            record = store.load(spec.id)
            record["metrics"]["val"]["accuracy"] = 0.999
            store.save_record(record)
    chosen = report.load(results=store.root).best(500, True)
    assert chosen.strategy.name == "linear_probe"
    assert chosen.accuracy < report.load(results=store.root).arm("finetune_all", 500).accuracy


def test_few_seeds_give_no_verdict(study):
    assert "no verdict" in report.claims.verdict_rule(study)
    assert "Compact, fine-tune" in report.claims.not_run(study)


def test_inline_values_link_to_their_records(study):
    v = report.values(study)
    page = report.records(study).data
    accuracy = v.acc("finetune_all", 1000)
    assert str(accuracy) == percent(study.arm("finetune_all", 1000).accuracy)
    assert (
        accuracy._repr_markdown_() == f"[{accuracy}](/chapters/records.qmd#arm-finetune_all-1000){{.value}}"
    )
    made = [x for x in vars(v).values() if isinstance(x, Value)]
    made += [v.diff("finetune_all", "scratch_bn", 500), v.ece("scratch", 500), v.spread("scratch", 500)]
    assert len(made) > 40
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
    at_size = {"robustness", "temperature"}
    pair = {"models": ("finetune_all", "linear_probe")}
    for name in report.tables.__all__:
        arguments = (500,) if name in at_size else pair.get(name, ())
        lines = getattr(report.tables, name)(study, *arguments).data.splitlines()
        if name == "robustness":  # the report's runs were not tested on corrupted images
            assert len(lines) == 2
            continue
        assert len(lines) > 2, name
        assert len({line.count("|") for line in lines}) == 1, name


@pytest.fixture(scope="module")
def drawings(study, tmp_path_factory):
    """Every figure: name -> (function, arguments)."""
    f, sample = report.figures, report.sample()
    two = ["finetune_all", "small_scratch"]
    root = tmp_path_factory.mktemp("more")
    depth = fake_study(root / "d", [(n, k, 3) for n in DEPTHS for k in (1000, 5000)], name="depth")
    names = ("linear_probe", "random_features")
    sides = fake_study(root / "s", [(n, 1000, 3, s) for n in names for s in (32, 64, 96)], name="resolution")
    seen = fake_study(root / "i", [(n, k, 2) for n in two for k in (500, 5000)], robust=True)
    for name in two:
        fake_inside(seen, name, 500)
    fake_mistakes(root / "m")
    keys = ("loss", "val_loss", "top1", "val_top1", "top5", "val_top5")
    epochs = [{k: (3 - e / 3 if "loss" in k else (e + 1) / 8) for k in keys} for e in range(4)]
    return {
        "keras_mistakes": (f.keras_mistakes, effects(root / "m")),
        "pairs": (f.pairs, audit.load(), "test-train"),
        "pretraining": (f.pretraining, {"epochs": epochs}),
        "depths": (f.depths, depth),
        "resolutions": (f.resolutions, sides),
        "robustness": (f.robustness, seen, two, 500),
        "reliability_scaled": (f.reliability_scaled, seen, "finetune_all", 500),
        "maps": (f.maps, seen, two, 500),
        "cka": (f.cka, seen, "finetune_all", 500),
        "change": (f.change, seen, two, 500),
        "filters": (f.filters, seen, "finetune_all", 500),
        "places": (f.places, seen, "finetune_all", 500),
        "mistakes": (f.mistakes, seen, "finetune_all", 500),
        "learning_curves": (f.learning_curves, study),
        "gain": (f.gain, study),
        "arms_at": (f.arms_at, study, 500),
        "training_curves": (f.training_curves, study, 500),
        "confusion": (f.confusion, study, "finetune_all", 500),
        "class_accuracy": (f.class_accuracy, study, two, 500),
        "cost": (f.cost, study),
        "layers": (f.layers, study),
        "reliability": (f.reliability, study, two, 5000),
        "examples": (f.examples, sample),
        "views": (f.views, sample),
        "preprocessing": (f.preprocessing, sample),
        "prediction": (f.prediction, sample.x_test[0], np.full(10, 0.1), sample.classes, 0),
    }


def _ticks_out_of_view(figure) -> set:
    """Labels of ticks beyond the axis limits: Matplotlib keeps but never draws them."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    return hidden


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", THEMES)
def test_every_figure_in_both_themes_and_sizes(drawings, theme, size):
    """Drawn, not empty, all text inside the canvas; on a slide no text smaller than 20 CSS pixels (15 points)."""
    import matplotlib.pyplot as plt

    assert set(drawings) == set(report.figures.__all__)
    for name, (draw, *arguments) in drawings.items():
        figure = draw(*arguments, theme=theme, size=size)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())
        assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 20, name
        box, unseen = figure.bbox, _ticks_out_of_view(figure)
        for text in figure.findobj(mpl.text.Text):
            if not text.get_text().strip() or not text.get_visible() or text in unseen:
                continue
            extent = text.get_window_extent()
            if extent.width == 0:
                continue
            inside = (
                box.x0 - 1 <= extent.x0
                and extent.x1 <= box.x1 + 1
                and box.y0 - 1 <= extent.y0
                and extent.y1 <= box.y1 + 1
            )
            assert inside, f"{name} {theme} {size}: {text.get_text()!r} leaves the canvas"
            if size == "slide":
                assert text.get_fontsize() >= 15, (
                    f"{name}: {text.get_text()!r} has {text.get_fontsize()} points"
                )
        plt.close(figure)


def test_a_strategy_keeps_its_colour_and_strategies_differ():
    from transferstudy.report.figures.style import colour, dash, marker
    from transferstudy.strategies import STRATEGIES

    main = [n for n in STRATEGIES if n not in ("finetune_block2", "finetune_block3", "finetune_block4")]
    for theme in THEMES:
        assert len({colour(n, theme) for n in main}) == len(main)
    assert len({marker(n) for n in main}) == len(main)
    assert {dash(n) for n in main if STRATEGIES[n].pretrained} == {"-"}


def test_labels_are_pushed_apart_but_stay_in_range():
    placed = spread([1.0, 1.1, 5.0, 9.9, 9.95], 1.0, 0.0, 10.0)
    assert (np.diff(placed) > 0.99).all()
    assert placed.min() >= -1e-6
    assert placed.max() <= 10 + 1e-6


def test_formatting():
    assert percent(0.7314) == "73.1\u00a0%"
    assert points(-0.034) == "−3.4\u00a0points"
    assert points(-0.0001) == "0.0\u00a0points"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert listing(["a"]) == "a"


def test_the_kept_model_is_the_model_that_was_measured(store, study):
    from transferstudy.trained import load_trained

    model = load_trained(study)
    assert model.record["spec"]["strategy"] == "small_scratch"
    probabilities = report.predict_one(model, report.sample().x_test[0])
    assert probabilities.shape == (10,)
    assert probabilities.sum() == pytest.approx(1.0)
    text = report.summary(model)
    assert "block1_conv1" in text
    assert "<" not in text

"""A page that says more than the results show does not render; headlines name where the weights come from."""

import re

import pytest
from fakes import STRENGTH, fake_manifest, fake_robustness, fake_study
from sentences import SILENT

from transferstudy import report
from transferstudy.analysis.study import Study
from transferstudy.errors import StudyError
from transferstudy.report import claims
from transferstudy.report.claims import guards
from transferstudy.report.sources import source, sources
from transferstudy.report.state import SENTENCES

TWO_BY_TWO = ("finetune_all", "scratch", "small_finetune", "small_scratch")
ARMS = [(name, n, 3) for n in (500, 5000) for name in (*TWO_BY_TWO, "scratch_bn", "linear_probe")]
SWAPPED = {
    **STRENGTH, "finetune_all": STRENGTH["scratch"], "scratch": STRENGTH["finetune_all"],
    "small_finetune": STRENGTH["small_scratch"], "small_scratch": STRENGTH["small_finetune"], "linear_probe": 0.8,
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return fake_study(
        tmp_path_factory.mktemp("a"), [*ARMS, ("scratch_bn", 50_000, 1), ("finetune_all", 50_000, 1)]
    )


@pytest.fixture(scope="module")
def swapped(tmp_path_factory):
    return fake_study(tmp_path_factory.mktemp("b"), ARMS, SWAPPED)


def write(root, text):
    (root / "chapters").mkdir(exist_ok=True)
    (root / "chapters" / "page.qmd").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "Our ImageNet-pretrained VGG16 wins.",
        "The arms start from a VGG16 pretrained on ImageNet and do not overfit.",
        'title: "Transfer learning with ImageNet weights"',
        "![The network pre-trained on the full\nImageNet is ahead](x.png)",
        "First a sentence. ImageNet pretraining helps here!",
        "It is not slow: ImageNet features are enough.",
    ],
)
def test_imagenet_pretrained_stops_the_render(study, tmp_path, text):
    write(tmp_path, text)
    with pytest.raises(StudyError, match=r"chapters/page.qmd: .*no run started from ImageNet's weights"):
        guards.check_pages(study, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "A VGG16 pretrained on Tiny ImageNet wins. Tiny ImageNet weights are small.",
        "A network pretrained on ImageNet gains less with more data [@he2019rethinking].",
        "The weights are not ImageNet-pretrained. We use them instead of ImageNet weights.",
        "Official ImageNet weights were trained on larger pictures.",
        "Published results with ImageNet weights start elsewhere.",
        "ImageNet has many classes. `--weights imagenet` takes the weights that Keras downloads.",
        "The first results from ImageNet's weights [are below](#imagenet).",
        "```{python}\nstudy = report.imagenet.study()\n```\n\nOur ImageNet-pretrained VGG16 wins.",
    ],
)
def test_other_sentences_on_imagenet_pass(study, tmp_path, text):
    write(tmp_path, text)
    guards.check_pages(study, tmp_path)


def test_with_runs_from_imagenet_pages_may_say_so(study, tmp_path):
    other = Study(study.specs, study.store)
    first = next(r for r in other.records.values() if r["weights"]["sha256"])
    first["weights"] = {"name": "imagenet", "sha256": "33" * 32}
    write(tmp_path, "Our ImageNet-pretrained VGG16 wins.")
    guards.check_pages(other, tmp_path)


def test_pages_of_the_project_pass_and_are_checked_when_a_page_loads_the_study(study, monkeypatch, tmp_path):
    guards.check_pages(study)
    asked = []
    monkeypatch.setattr(report, "load_study", lambda *a: study)
    monkeypatch.setattr(report, "check_pages", asked.append)
    assert report.load() is study
    assert asked == [study]


def test_every_headline_names_the_source_and_its_own_top_1(study):
    whole = "VGG16 pretrained on Tiny ImageNet (it is right for 43.5\u00a0% of the validation images there)"
    assert str(source(study, study.arm("finetune_all", 500))) == whole
    assert whole in claims.headline(study)
    assert "Tiny ImageNet" in claims.slide_headline(study)
    assert [s.network for s in sources(study)] == ["VGG16", "the compact network"]
    with pytest.raises(StudyError, match="it has no source"):
        source(study, study.arm("scratch", 500))


def test_weights_that_nothing_describes_stop_the_render(study, tmp_path):
    other = fake_study(tmp_path, [("finetune_all", 500, 1), ("scratch_bn", 500, 1)], n_test=50)
    record = other.arm("finetune_all", 500).records[0]
    record["weights"]["sha256"] = "77" * 32
    with pytest.raises(StudyError, match=r"started from tiny-imagenet 777777777777, but cards/vgg16"):
        claims.headline(other)
    fake_manifest(tmp_path, "tiny-imagenet", 0.5)
    record["weights"]["sha256"] = "11" * 32
    assert source(other, other.arm("finetune_all", 500)).top1 == 0.5


def test_a_sentence_written_by_hand_stops_the_render_when_results_turn():
    with pytest.raises(StudyError, match=r"index\.qmd: the results no longer support 'transfer wins'"):
        guards.holds(False, "transfer wins", "index.qmd")


def test_every_sentence_that_compares_turns_with_the_results(study, swapped):
    names = ("headline", "slide_headline", "trend", "catching_up", "two_by_two", "rival", "surprises", "verdicts",
             "labels_worth", "temperature", "worst", "calibration", "hardest", "baseline")  # fmt: skip
    assert [name for name in names if SENTENCES[name](study) == SENTENCES[name](swapped)] == []
    assert "leads" in claims.slide_headline(study)
    assert "trails" in claims.slide_headline(swapped)
    assert (
        claims.surprises(study)
        == "In no declared comparison is the strategy named first *worse* by this rule."
    )
    assert re.match(
        r"In \d+ comparisons the strategy that we named first did worse", claims.surprises(swapped)
    )
    assert "does not catch up" in claims.catching_up(study)
    assert "is ahead" in claims.catching_up(swapped)


def test_sentences_cope_with_a_study_that_has_little(tmp_path):
    little = fake_study(tmp_path, [("linear_probe", 100, 1), ("small_scratch", 100, 1)])
    for name, sentence in SENTENCES.items():
        text = sentence(little)
        assert text or name in SILENT, name
        assert "\u2212\u2212" not in text
    assert "no verdict" in claims.verdict_rule(little)
    assert "one seed" in claims.headline(little)


def test_verdicts_count_the_whole_family_and_single_seeds_get_none(study):
    text = claims.verdicts(study)
    assert "get no verdict, because they have too few seeds" in text
    assert "better" in text
    assert "get no verdict" in claims.verdict_rule(study)
    assert "call a difference *real*" in claims.verdict_rule(study)


def test_depths_sizes_and_corruptions_in_words(tmp_path, study):
    depth = fake_study(
        tmp_path / "d", [(n, 1000, 3) for n in ("linear_probe", "finetune_block5", "finetune_block4")],
        name="depth",
    )  # fmt: skip
    assert re.match(
        r"Of 2 steps that thaw one block more, (none|1|2) (is|are) clearly better", claims.depth_steps(depth)
    )
    sides = fake_study(
        tmp_path / "r", [("linear_probe", 1000, 3, s) for s in (32, 64, 96)], name="resolution"
    )
    text = claims.resolution(sides)
    assert "enlarging the images from 32 to 96 pixels" in text
    page = report.records(study, depth, sides).data
    for other in (study, depth, sides):
        for arm in other.arms.values():
            assert page.count(f"{{#{arm.anchor}}}") == 1
    for run_id in (*study.records, *depth.records, *sides.records):
        assert page.count(f"{{#run-{run_id}}}") == 1
    assert "--preset depth --only finetune_block4" in page
    assert "--only image_size=96" in page
    assert claims.robustness(study) == "No run was tested on corrupted images."
    robust = fake_study(tmp_path / "c", [("finetune_all", 500, 2), ("scratch_bn", 500, 2)], robust=True)
    assert "falls from" in claims.robustness(robust)
    assert "most under noise" in claims.robustness(robust)
    doubt = float(claims.robustness(robust).split("up to ±")[1].split(" points")[0])
    assert 0 < doubt < 100 * 1.96 * (0.5 / fake_robustness(0.5)["images"]) ** 0.5 + 0.1, (
        "two shares of a half at worst"
    )
    tuned, scratch = robust.at(500)
    assert robust.best(500, True) is tuned
    for record in scratch.records:
        damaged = record["metrics"]["robustness"]["accuracy"]
        damaged.update({kind: [0.99] * len(shares) for kind, shares in damaged.items()})
    assert re.search(
        r"The gain from transfer is \+[\d.]+.points on clean images and −", claims.robustness(robust)
    )
    assert "falls behind the same network from scratch under" in claims.robust_exceptions(robust)


@pytest.mark.parametrize(
    ("probe", "control", "expected"),
    [
        ((3, 1), (1, 3), "everything at a scale that they have not seen"),
        ((3, 1), (3, 1), "do not tell whether enlarging itself is to blame"),
        ((1, 3), (1, 3), "So do random ones"),
        ((1, 3), (3, 1), "still their features gain from enlarged ones."),
        ((2, 2), (1, 3), "is not settled"),
    ],
)
def test_what_larger_images_mean_is_read_off_the_control(tmp_path, probe, control, expected):
    both = {"linear_probe": probe, "random_features": control}
    strength = {(name, side): pair[side > 32] for name, pair in both.items() for side in (32, 96)}
    arms = [(name, 1000, 3, side) for name in both for side in (32, 96)]
    text = claims.object_size(fake_study(tmp_path, arms, strength, name="resolution"))
    assert expected in text
    assert "images of 32 pixels" in text


def test_without_larger_images_nothing_is_said_of_them(study):
    assert claims.object_size(study) == "Pretrained and random features were not compared on enlarged images."

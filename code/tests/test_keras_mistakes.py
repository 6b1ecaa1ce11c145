"""Mistakes made on purpose: what is declared, which images are seen, how two ways become a difference, and what is stored."""

import json
import re

import numpy as np
import pytest
from fakes import fake_mistakes

from transferstudy import report
from transferstudy.analysis.statistics.crossed import estimate
from transferstudy.data import load
from transferstudy.errors import StudyError
from transferstudy.experiments.keras_mistakes import stored
from transferstudy.experiments.keras_mistakes.backends import QUESTIONS, outcome
from transferstudy.experiments.keras_mistakes.effects import effects
from transferstudy.experiments.keras_mistakes.images import images_of, without_test
from transferstudy.experiments.keras_mistakes.measures import correct, halves
from transferstudy.experiments.keras_mistakes.plan import NAMES, Plan, plans
from transferstudy.models.weightsfile import known_files
from transferstudy.paths import project_root
from transferstudy.report.cards import card

SMALL = {"dataset": "cifar10-sample", "n_labels": 100, "judged": 100, "augmentation_views": 1}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    fake_mistakes(folder)
    return folder


@pytest.fixture(scope="module")
def found(root):
    return report.mistakes.load(root)


def test_every_mistake_is_declared_with_enough_seeds():
    declared = plans()
    assert list(dict.fromkeys(plan.mistake for plan in declared)) == list(NAMES)
    for name in NAMES:
        assert len({plan.seed for plan in declared if plan.mistake == name}) >= 3
    assert len({plan.id for plan in declared}) == len(declared)


def test_a_mistake_is_all_that_differs():
    """Each pair of ways differs in what the mistake is about, and makes as many steps."""
    for plan in plans(only=["seed=0"]):
        right, wrong = plan.right.model_dump(), plan.wrong.model_dump()
        different = {field for field in right if right[field] != wrong[field]}
        assert (
            different
            == {
                "pixels": {"pixels"},
                "epoch": set(),
                "head": {"head_steps", "head_rate", "steps"},
                "rate": {"rate"},
                "compile": {"recompiled", "rate"},
            }[plan.mistake]
        )
        assert plan.right.head_steps + plan.right.steps == plan.wrong.head_steps + plan.wrong.steps


def test_other_settings_are_another_demonstration():
    plan = plans(only=["rate", "seed=0"])[0]
    assert plan.model_copy(update={"weights": "imagenet"}).id != plan.id
    assert plans(only=["rate", "seed=0"], n_labels=500)[0].id != plan.id
    assert Plan.parse(json.loads(json.dumps(plan.model_dump())), "here").id == plan.id


def test_ways_are_shared_only_where_nothing_differs():
    by_name = {plan.mistake: plan for plan in plans(only=["seed=1"])}
    epoch, head, pixels = by_name["epoch"], by_name["head"], by_name["pixels"]
    assert epoch.key(epoch.wrong) == head.key(head.right)
    assert head.key(head.wrong) != head.key(head.right)
    assert pixels.key(pixels.right) != head.key(head.right)


def test_wrong_settings_are_named():
    values = plans(only=["rate", "seed=0"])[0].model_dump()
    for change, message in (
        ({"n_labels": 1}, "n_labels"),
        ({"right": {"head_steps": 3}}, "head_steps and head_rate belong together"),
        ({"right": {}}, "nothing would be trained"),
        ({"wrong": {"head_steps": 1, "head_rate": 1, "steps": 1, "rate": 2, "recompiled": False}}, "rate stays head_rate"),
        ({"strategy": "linear_probe"}, "trains the head only"),
        ({"right": {**values["right"], "pixels": "1/255"}}, "frozen backbone only"),
    ):  # fmt: skip
        with pytest.raises(StudyError, match=message):
            Plan.parse({**values, **change}, "a file")
    with pytest.raises(StudyError, match="no demonstration matches"):
        plans(only=["seed=99"])


def test_no_test_image_is_within_reach():
    data = load("cifar10-sample")
    assert len(data.x_test) > 0
    assert len(without_test(data).x_test) == 0
    plan = plans(only=["rate", "seed=0"], **SMALL)[0]
    images = images_of(data, plan)
    train = {image.tobytes() for image in data.x_train}
    for pixels, _ in (images.learn, images.choose, images.judge):
        assert {image.tobytes() for image in pixels} <= train


def test_images_that_judge_are_apart_and_the_same_for_all_seeds():
    data = load("cifar10-sample")
    drawn = [images_of(data, plan) for plan in plans(only=["rate"], **SMALL)]
    for images in drawn:
        seen = [
            {image.tobytes() for image in part[0]} for part in (images.learn, images.choose, images.judge)
        ]
        assert sum(map(len, seen)) == len(set().union(*seen)) == 200
        assert np.array_equal(images.judge[0], drawn[0].judge[0])
        assert np.bincount(images.judge[1], minlength=10).tolist() == [10] * 10
    assert not np.array_equal(drawn[0].learn[0], drawn[1].learn[0])


def test_halves_hold_every_other_image_of_each_class():
    y = np.repeat(np.arange(3), 4)
    assert halves(y).tolist() == [False, True] * 6


def test_an_epoch_is_scored_on_the_half_that_chose_it_or_on_the_other():
    y = np.zeros(8, np.uint8)  # places 0, 2, 4, 6 are the first half
    hits = np.zeros((2, 8), bool)
    hits[0, [0, 2, 4, 1]] = True  # the first epoch is better on the first half
    hits[1, [0, 1, 3, 5]] = True  # the second on the second
    arrays = {"choose_y": y, "right_choices": np.where(hits, 0, 1), "wrong_choices": None}
    right, wrong = correct("epoch", arrays)
    assert wrong.sum() == 3 + 3
    assert right.sum() == 1 + 1


def test_choosing_on_the_score_never_reports_less():
    rng = np.random.default_rng(0)
    for _ in range(50):
        y = rng.integers(0, 10, 60).astype(np.uint8)
        arrays = {"choose_y": y, "right_choices": rng.integers(0, 10, (5, 60))}
        right, wrong = correct("epoch", arrays)
        assert wrong.mean() >= right.mean()


def test_differences_recompute_from_stored_predictions(root, found):
    for name in NAMES:
        effect = found[name]
        gains = []
        for record in effect.records:
            arrays = stored.load(root, record["id"]).arrays
            right, wrong = correct(name, arrays)
            gains.append(wrong.astype(int) - right)
            assert record["measures"]["wrong"] == pytest.approx(wrong.mean())
        gain = np.array(gains)
        assert (
            effect.difference.mean == pytest.approx(gain.mean()) == pytest.approx(effect.wrong - effect.right)
        )
        assert (effect.difference.low, effect.difference.high) == estimate(gain).interval()
        assert effect.difference.seeds == len({plan.seed for plan in plans()})


def test_a_missing_demonstration_names_its_command(tmp_path):
    fake_mistakes(tmp_path, seeds=2)
    with pytest.raises(
        StudyError, match=r"missing; make it with python -m transferstudy mistakes --only pixels"
    ):
        effects(tmp_path)


def test_seeds_from_different_data_are_not_mixed(tmp_path):
    fake_mistakes(tmp_path)
    name = plans(only=["head", "seed=2"])[0].id
    record = stored.load(tmp_path, name)
    stored.save(
        tmp_path, name, {**record.about, "data": {**record.about["data"], "sha256": "99" * 32}}, record.arrays
    )
    with pytest.raises(StudyError, match="made from different data"):
        effects(tmp_path)


@pytest.mark.parametrize("spoil", ["edit", "cut", "archive", "gone", "moved", "measure"])
def test_what_is_spoilt_is_refused_by_name(tmp_path, spoil):
    fake_mistakes(tmp_path)
    name = stored.names(tmp_path)[0]
    path = stored.folder(tmp_path) / f"{name}.json"
    archive = path.with_suffix(".npz")
    record = stored.load(tmp_path, name)
    if spoil == "edit":
        path.write_text(path.read_text().replace('"right":', '"write":', 1))
    elif spoil == "cut":
        path.write_bytes(path.read_bytes()[:100])
    elif spoil == "archive":
        archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    elif spoil == "gone":
        archive.unlink()
    elif spoil == "moved":
        about = {**record.about, "plan": {**record.about["plan"], "seed": 77}}
        stored.save(tmp_path, name, about, record.arrays)
    else:
        about = {**record.about, "measures": {**record.about["measures"], "wrong": 0.999}}
        stored.save(tmp_path, name, about, record.arrays)
    with pytest.raises(StudyError, match=f"mistakes/{name}"):
        stored.check_all(tmp_path)


def test_whole_records_are_counted(root, tmp_path):
    assert stored.check_all(root) == len(plans())
    assert stored.check_all(tmp_path) == 0


def test_sentences_follow_the_sign(tmp_path):
    worse, better, none = (tmp_path / word for word in ("worse", "better", "none"))
    fake_mistakes(worse, -0.1)
    fake_mistakes(better, 0.1)
    fake_mistakes(none, 0.0, noise=0.3)
    for folder, verb in ((worse, "lowers"), (better, "raises"), (none, "may be chance")):
        found = report.mistakes.load(folder)
        for name in ("pixels", "head", "rate", "compile"):
            said = report.mistakes.sentence(found, name)
            assert verb in said, said
            assert "95 % interval" in said
        clear = found["epoch"].difference.excludes_zero
        assert ("look better" if clear else "may be chance") in report.mistakes.sentence(found, "epoch")
        unclear = any(not found[name].difference.excludes_zero for name in NAMES)
        assert ("we could not show that" in report.mistakes.ranking(found)) == unclear


def test_too_few_seeds_give_no_verdict(found):
    from dataclasses import replace

    effect = found["pixels"]
    few = replace(effect, difference=replace(effect.difference, seeds=2))
    assert report.mistakes.verdict(effect) == -1
    assert report.mistakes.verdict(few) == 0


def test_tables_have_a_row_for_each_and_anchors_that_values_lead_to(found):
    table = report.mistakes.table(found).data
    for name in NAMES:
        assert f"{{#mistake-{name}}}" in table
        assert found.change(name).target.endswith(f"#mistake-{name}")
        for record in found[name].records:
            assert f"/results/mistakes/{record['id']}.json" in table
    lines = report.mistakes.backends_table(found).data.splitlines()
    assert len(lines) == 2 + len(QUESTIONS)
    assert "weights lost" in lines[2]


def test_an_answer_in_words():
    answer = {"obeyed": False, "error": None, "weights_lost": False}
    assert outcome(answer) == "no effect"
    assert outcome({**answer, "obeyed": True}) == "takes effect"
    assert outcome({**answer, "error": "ValueError: x"}) == "error"
    assert outcome({**answer, "error": "ValueError: x", "weights_lost": True}) == "error, weights lost"


def test_an_unknown_mistake_is_named(found):
    with pytest.raises(StudyError, match="no mistake 'colour'"):
        found.change("colour")


def test_the_committed_demonstrations_are_those_declared_and_recompute():
    """Each mistake with three seeds or more, all made from the declared settings, and nothing else in the folder."""
    results = project_root() / "results"
    assert stored.check_all(results) == len(plans())
    assert set(stored.names(results)) == {plan.id for plan in plans()}
    for effect in effects(results).values():
        assert effect.difference.seeds >= 3
        assert effect.difference.mean == pytest.approx(effect.wrong - effect.right)


def test_the_committed_demonstrations_are_real():
    """From CIFAR-10 and the shipped weights, no test image, better than guessing the right way, silent without compiling."""
    results = project_root() / "results"
    for name in stored.names(results):
        about = stored.load(results, name).about
        assert about["data"]["sha256"] == card("cifar10")["sha256"]
        assert about["data"]["test"] == 0
        assert about["weights"]["sha256"] == known_files()[about["plan"]["weights"]]
        assert about["measures"]["right"] > 0.3
        assert about["ways"]["right"]["seconds"]["wall"] > 0
        assert about["environment"]["libraries"]["keras"]
        if about["plan"]["mistake"] == "compile":
            assert about["ways"]["wrong"]["backbone_moved"] is False
            assert about["ways"]["right"]["backbone_moved"] is True
        assert not re.search(r'"(/|[A-Za-z]:)[\\/\w]', json.dumps(about)), f"{name}: an absolute path"


def test_the_page_says_what_the_committed_results_say():
    """What keras.qmd calls is there; its sentences are those of the records, and a change of sign would turn their verbs."""
    found = report.mistakes.load()
    for name, said in report.mistakes.sentences(found).items():
        side = report.mistakes.verdict(found[name])
        words = {1: ("raises", "look better"), -1: ("lowers", "look worse"), 0: ("may be chance",) * 2}[side]
        assert words[name == "epoch"] in said
    page = (project_root() / "chapters" / "keras.qmd").read_text(encoding="utf-8")
    for name in NAMES:
        assert f'"{name}"' in page, f"the page leaves the mistake {name!r} out"
    for anchor in ("compile", "batchnorm", "mistakes", "choose", "pixels"):
        assert f"{{#{anchor}}}" in page

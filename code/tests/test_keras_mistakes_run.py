"""Demonstrations made for real, tiny ones: pixels, steps and what is stored of them."""

import numpy as np
import pytest

from transferstudy.data import load
from transferstudy.experiments.keras_mistakes import run, stored
from transferstudy.experiments.keras_mistakes.plan import plans

SMALL = {
    "dataset": "cifar10-sample", "n_labels": 100, "judged": 100, "augmentation_views": 1, "evaluations": 2,
}  # fmt: skip


def tiny(*only: str):
    """The demonstrations of seed 0, with so few steps that nothing is learned."""
    shrunk = []
    for plan in plans(only=[*only, "seed=0"], **SMALL):
        ways = {
            name: way.model_copy(update={"head_steps": way.head_steps // 75, "steps": way.steps // 75})
            for name, way in (("right", plan.right), ("wrong", plan.wrong))
        }
        shrunk.append(plan.model_copy(update=ways))
    return shrunk


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """`compile` and `epoch` on the sample: three ways, of which two are one training run."""
    root, lines = tmp_path_factory.mktemp("results"), []
    stored.save(root, stored.BACKENDS, {"backends": {}})  # asked elsewhere
    todo = [*tiny("compile"), *tiny("epoch")]
    assert run.make_all(todo, root, lambda name, side: load(name), say=lines.append) == 2
    return root, todo, lines


def test_thawing_without_compiling_again_moves_nothing_on_tensorflow(made):
    root, (silent, _), _ = made
    ways = stored.load(root, silent.id).about["ways"]
    assert ways["wrong"]["backbone_moved"] is False
    assert ways["right"]["backbone_moved"] is True


def test_a_way_that_two_demonstrations_share_is_trained_once(made):
    root, (silent, epoch), _ = made
    shared = [stored.load(root, plan.id).about["ways"] for plan in (silent, epoch)]
    assert shared[0]["right"]["shared_with_another_record"] is False
    assert shared[1]["right"]["shared_with_another_record"] is True
    first, second = (stored.load(root, plan.id).arrays["right_judged"] for plan in (silent, epoch))
    assert np.array_equal(first, second)


def test_a_record_says_what_made_it_and_no_test_image_was_read(made):
    root, (silent, _), _ = made
    about = stored.load(root, silent.id).about
    assert about["data"]["test"] == 0
    assert about["data"]["learn"] + about["data"]["choose"] == 100
    assert len(about["data"]["sha256"]) == len(about["weights"]["sha256"]) == 64
    assert about["environment"]["libraries"][about["environment"]["backend"]]
    phases = about["ways"]["right"]["phases"]
    assert [phase["name"] for phase in phases] == ["head", "main"]
    assert all(len(phase["rounds"]) == 2 for phase in phases)
    arrays = stored.load(root, silent.id).arrays
    assert arrays["right_choices"].shape == (2, about["data"]["choose"])


def test_what_is_finished_is_not_made_again(made):
    root, todo, _ = made
    before = [(stored.folder(root) / f"{plan.id}.json").read_bytes() for plan in todo]

    def refuse(name, side):
        raise AssertionError("no data are needed")

    lines = []
    assert run.make_all(todo, root, refuse, say=lines.append) == 0
    assert "2 of 2 demonstrations are done" in lines[0]
    assert before == [(stored.folder(root) / f"{plan.id}.json").read_bytes() for plan in todo]


def test_pixels_divided_by_255_give_other_features(tmp_path):
    stored.save(tmp_path, stored.BACKENDS, {"backends": {}})
    (plan,) = tiny("pixels")
    run.make_all([plan], tmp_path, lambda name, side: load(name), say=lambda line: None)
    arrays = stored.load(tmp_path, plan.id).arrays
    assert not np.array_equal(arrays["right_judged"], arrays["wrong_judged"])
    assert arrays["right_judged"].shape == arrays["judge_y"].shape == (100,)

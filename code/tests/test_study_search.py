"""The small search of learning rates in a study of a folder: when there is one, and what it decides."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import SPEED

from transferstudy.errors import Diverged
from transferstudy.own_images.study import plan as study_plan
from transferstudy.own_images.study import search
from transferstudy.own_images.study.plan import Frame, run_spec

SIZES = [200, 400, 800, 1600]
FRAME = Frame(
    "photos", "ab" * 32, "crop", "stratified", None, 64, "imagenet-vgg16-int8", "float32", 1.0, 2, 2600, 1000, 1600,
    study_plan.settings(),
)  # fmt: skip
DAY = 86400.0


class Store(dict):
    """What a store does for the search, in memory."""

    def has(self, spec):
        return spec.id in self

    def load(self, run_id):
        return self[run_id]


@pytest.fixture
def making(monkeypatch):
    """Runs that are right as often as `accuracy` says: (strategy, rate) -> share of the validation pictures, else 0.5; NaN diverges."""
    fake = SimpleNamespace(frame=FRAME, store=Store(), jobs=1, say=lambda line: None, accuracy={}, made=[])

    def make_one(making, spec):
        rate = spec.learning_rate or spec.head_learning_rate
        share = making.accuracy.get((spec.strategy, rate), 0.5)
        if np.isnan(share):
            raise Diverged("training diverged")
        making.store[spec.id] = {"metrics": {"val": {"accuracy": share}}}
        making.made.append(spec)

    monkeypatch.setattr(search, "make_one", make_one)
    return fake


def rate(frame, strategy, n=1600):
    spec = run_spec(frame, strategy, n, 0)
    return spec.learning_rate or spec.head_learning_rate


def test_the_rate_that_does_best_on_validation_pictures_is_used_at_all_sizes(making):
    usual = {n: rate(FRAME, "small_scratch", n) for n in SIZES}
    making.accuracy = {("small_scratch", usual[1600] * 3): 0.9}
    frame, tried = search.settle(making, SPEED, SIZES, DAY)
    assert {n: rate(frame, "small_scratch", n) for n in SIZES} == {n: 3 * r for n, r in usual.items()}
    for strategy in ("linear_probe", "finetune_block5", "finetune_block3", "finetune_all"):
        assert rate(frame, strategy) == rate(FRAME, strategy), "equal rates: the usual one stays"
    assert len(tried) == len(making.made) == 15
    assert all(spec.purpose == "tuning" and spec.n_labels == 1600 for spec in making.made)
    assert sum(entry["chosen"] for entry in tried) == 5
    said = search.said(tried)
    assert (
        said.startswith(" Of 3 learning rates a strategy")
        and f"Compact from scratch {usual[1600] * 3:g}" in said
    )


def test_what_was_tried_is_not_tried_again(making):
    first = search.settle(making, SPEED, SIZES, DAY)
    making.made.clear()
    assert search.settle(making, SPEED, SIZES, DAY) == first
    assert making.made == []


def test_a_rate_that_diverges_is_not_chosen_and_ends_no_search(making):
    probe, deep = rate(FRAME, "linear_probe"), rate(FRAME, "finetune_block3")
    tripled = float(f"{probe * 3:.2g}")
    making.accuracy = {("linear_probe", tripled): float("nan"), ("linear_probe", probe): 0.4}
    making.accuracy |= {
        (spec.strategy, spec.learning_rate or spec.head_learning_rate): float("nan")
        for (name, _), spec in search._candidates(FRAME, 1600).items()
        if name == "finetune_block3"
    }
    frame, tried = search.settle(making, SPEED, SIZES, DAY)
    assert rate(frame, "linear_probe") == pytest.approx(probe / 3, rel=0.05)
    assert rate(frame, "finetune_block3") == deep, "it diverged at every rate: the usual one stays"
    assert len(tried) == 11 and sum(entry["chosen"] for entry in tried) == 4


def test_workers_do_not_shorten_the_search(making):
    """Its runs are made one after the other, in time that the workers could have shared."""
    alone = next(hours for hours in range(1, 100) if search.settle(making, SPEED, SIZES, 3600.0 * hours)[1])
    making.store.clear()
    making.jobs = 8
    assert search.settle(making, SPEED, SIZES, 3600.0 * alone)[1] == []


@pytest.mark.parametrize(
    ("changes", "available"),
    [({}, 3600.0), ({"folds": 5}, DAY), ({"largest": 400}, DAY)],
    ids=["too little time", "each picture is tested", "too few validation pictures"],
)
def test_where_a_search_would_cost_or_decide_too_much_there_is_none(making, changes, available):
    making.frame = replace(FRAME, **changes)
    sizes = [n for n in SIZES if n <= making.frame.largest]
    assert search.settle(making, SPEED, sizes, available) == (making.frame, [])
    assert making.made == [] and search.said([]) == ""

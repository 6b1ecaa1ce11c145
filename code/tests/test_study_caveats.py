"""What the answer of a study leaves open: how far single networks differ, and how coarse it was."""

from types import SimpleNamespace

import numpy as np
import pytest

from transferstudy.own_images.report.caveats import caveats


def outcome(*confusions, pace=1.0):
    tests = []
    for confusion in map(np.array, confusions):
        counts = confusion.sum(axis=1)
        recall = np.divide(confusion.diagonal(), counts, out=np.zeros(len(counts)), where=counts > 0)
        accuracy = confusion.trace() / confusion.sum()
        tests.append(
            {"accuracy": accuracy, "class_accuracy": recall.tolist(), "confusion": confusion.tolist()}
        )
    records = [{"metrics": {"test": test}} for test in tests]
    return SimpleNamespace(
        best=SimpleNamespace(records=records), classes=["cars", "cats"], plan={"frame": {"pace": pace}}
    )


def test_the_range_of_single_networks_and_the_class_that_moves_most_are_named():
    said = caveats(outcome([[5, 5], [1, 9]], [[9, 1], [0, 10]]))
    assert (
        "The 2 networks that were trained in the same way recognised 70 to 95\u00a0% of their test pictures"
        in said
    )
    assert "the class in which they differ most is *cars*, with 50 to 90\u00a0%" in said


def test_a_class_that_a_part_does_not_test_counts_for_nothing():
    assert "*cats*, with 80 to 90" in caveats(outcome([[0, 0], [1, 9]], [[9, 1], [2, 8]], [[9, 1], [2, 8]]))


@pytest.mark.parametrize(("pace", "expected"), [(1.0, False), (0.25, True)])
def test_a_shortened_schedule_is_said(pace, expected):
    said = caveats(outcome([[5, 5], [1, 9]], pace=pace))
    assert ("fine-tuning got 25\u00a0% of the usual steps" in said) is expected
    assert said.startswith("The model is one network, and so is the one that was tested")

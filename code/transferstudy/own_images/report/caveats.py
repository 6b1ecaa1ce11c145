"""What the answer of a study leaves open: how far one network may be from the mean of many, and how coarse a short study is."""

import numpy as np

from ...report.values import literal, percent
from .outcome import Outcome


def caveats(o: Outcome) -> str:
    """Return how far networks that were trained alike differ, and what was cut to save time, in a few sentences.

    The accuracy that a study expects is a mean over networks; the model file is one network more.
    """
    return " ".join(text for text in (_one_network(o), _short(o)) if text)


def _one_network(o: Outcome) -> str:
    tests = [record["metrics"]["test"] for record in o.best.records]
    if len(tests) < 2:
        return "The model is one network, and so is the one that was tested; another training may give another accuracy."
    whole = _range([test["accuracy"] for test in tests])
    counts = np.array([np.sum(test["confusion"], axis=1) for test in tests])
    by_class = np.where(counts > 0, [test["class_accuracy"] for test in tests], np.nan)
    width = np.nanmax(by_class, axis=0) - np.nanmin(by_class, axis=0)
    widest = int(np.nanargmax(width))
    return (
        f"**The model file is one network**, and the accuracy above is a mean. The {len(tests)} networks that were trained in the same way "
        f"recognised {whole} of their test pictures; the class in which they differ most is *{literal(o.classes[widest])}*, with "
        f"{_range(by_class[:, widest])}. The model may lie anywhere in these ranges, so test it on some new pictures of each class."
    )


def _range(shares) -> str:
    return f"{100 * np.nanmin(shares):.0f} to {percent(np.nanmax(shares), 0)}"


def _short(o: Outcome) -> str:
    pace = o.plan["frame"]["pace"]
    if pace == 1:
        return ""
    return (
        f"The time was short: fine-tuning got {percent(pace, 0)} of the usual steps, so a new study with more hours may come to another "
        "order."
    )

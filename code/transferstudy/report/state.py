"""All that pages would say of a study, in a form that can be compared: sentences, verdicts, figures."""

import hashlib
from collections.abc import Callable
from functools import partial

import numpy as np

from ..analysis.comparison import judged
from ..analysis.study import Study
from ..errors import StudyError
from . import claims, figures
from .claims.beyond import robust_arms
from .pages import decision, imagenet, longer

# Every sentence that needs nothing but a study, by its name.
SENTENCES: dict[str, Callable[[Study], str]] = {
    f.__name__: f
    for f in (
        claims.headline, claims.brief, claims.tested_on, claims.slide_headline, claims.trend, claims.slide_trend, claims.slide_price,
        claims.catching_up, claims.verdict_rule, claims.verdicts, claims.surprises, claims.bar, claims.labels_worth,
        claims.control, claims.depth, claims.rival, claims.two_by_two, claims.chosen_settings, claims.higher_rates,
        claims.baseline, claims.calibration, claims.temperature, claims.hardest, claims.worst, claims.robustness,
        claims.robust_exceptions, claims.cost, claims.machines, claims.energy, claims.payback, claims.not_run,
        decision.until, decision.which_layers, decision.slide_rule,
        imagenet.deeper, imagenet.without_enlarging, imagenet.to_come,
    )
}  # fmt: skip
SENTENCES["more_steps"] = lambda study: longer.sentences(study, longer.beside(study, study))


def figure_digest(figure) -> str:
    """Return a short digest of what a Matplotlib figure shows: lines, points, patches, images and words, not its looks.

    Numbers count to six digits.
    """
    import matplotlib as mpl

    hasher = hashlib.sha256()

    def add(kind: str, values) -> None:
        hasher.update(f"{kind}:".encode())
        hasher.update(np.array2string(np.asarray(values, float), precision=6, threshold=10**7).encode())

    for artist in figure.findobj():
        if isinstance(artist, mpl.lines.Line2D):
            add("line", artist.get_xydata())
        elif isinstance(artist, mpl.collections.PathCollection):
            add("points", np.ma.filled(artist.get_offsets(), np.nan))
        elif isinstance(artist, mpl.image.AxesImage):
            add("image", np.ma.filled(artist.get_array(), np.nan))
        elif isinstance(artist, mpl.text.Text) and artist.get_text():
            hasher.update(f"text:{artist.get_text()}".encode())
    return hasher.hexdigest()[:16]


def _drawings(study: Study) -> dict[str, Callable]:
    """Return the figures of a study as pages draw them: name -> call without arguments."""
    made: dict[str, Callable] = {
        draw.__name__: partial(draw, study)
        for draw in (figures.learning_curves, figures.gain, figures.cost, figures.layers, figures.two_by_two)
    }
    for n in dict.fromkeys((study.sizes[0], study.sizes[-1])):
        made[f"training_curves {n:,}"] = partial(figures.training_curves, study, n)
    if study.contested:
        n = study.contested[-1]
        two = [study.best(n, pretrained).strategy.name for pretrained in (True, False)]
        made["confusion"] = partial(figures.confusion, study, two[0], n)
        made["class_accuracy"] = partial(figures.class_accuracy, study, two, n)
        made["reliability"] = partial(figures.reliability, study, two, n)
        made["mistakes"] = partial(figures.mistakes, study, two[0], n)
        if robust_arms(study, n):
            made["robustness"] = partial(figures.robustness, study, two, n)
    for name, n in claims.looked_into(study):
        for draw in (figures.cka, figures.filters, figures.places):
            made[f"{draw.__name__} {name} {n:,}"] = partial(draw, study, name, n)
        made[f"maps {name} {n:,}"] = partial(figures.maps, study, [name], n)
    return made


def _or_refusal(work: Callable[[], str]) -> str:
    """Return what `work` returns, or the message with which a page would stop."""
    try:
        return work()
    except StudyError as error:
        return f"would stop the render: {error}"


def state(study: Study) -> dict[str, dict[str, str]]:
    """Return what pages would say.

    Returns:
        "runs": run id -> checksum of its record; "sentences": name -> text; "verdicts": comparison -> verdict; "figures":
        name -> digest of the data shown. Where a page would stop, the message stands instead.
    """
    import matplotlib.pyplot as plt

    def digest(draw: Callable) -> str:
        figure = draw()
        try:
            return figure_digest(figure)
        finally:
            plt.close(figure)

    return {
        "runs": {run_id: record["record_sha256"] for run_id, record in study.records.items()},
        "sentences": {name: _or_refusal(partial(sentence, study)) for name, sentence in SENTENCES.items()},
        "verdicts": {
            f"{j.difference.label}, {j.difference.n_labels:,} labels": j.verdict for j in judged(study)
        },
        "figures": {name: _or_refusal(partial(digest, draw)) for name, draw in _drawings(study).items()},
    }


def changes(before: dict, after: dict) -> dict[str, dict[str, tuple[str | None, str | None]]]:
    """Return what differs between two states: kind -> name -> (before, after); None where one side lacks it."""
    return {
        kind: {
            name: (before[kind].get(name), after[kind].get(name))
            for name in dict.fromkeys((*before[kind], *after[kind]))
            if before[kind].get(name) != after[kind].get(name)
        }
        for kind in before
    }

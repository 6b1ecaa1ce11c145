"""Tables of verdicts, and of what lies beyond accuracy: calibration, worst classes, robustness."""

import numpy as np
from IPython.display import Markdown

from ...analysis.calibration import arm_calibration
from ...analysis.comparison import ALPHA, between, judged
from ...analysis.corners import NETWORKS, PLAIN, all_corners
from ...analysis.label_efficiency import worth
from ...analysis.misclassified import worst_class
from ...analysis.study import Arm, Study
from ..claims.beyond import corruption_name, robust_accuracy, robust_arms, tested
from ..claims.judgement import labels_in_words
from ..claims.words import link
from ..markdown import by_size, pipe_table
from ..values import Value, count, literal, record_link, signed

_SMALLEST = 0.001  # p-values below are shown as a bound


def p_text(p: float | None) -> str:
    """Return a p-value as a reader sees it: three decimals, a bound, or a dash where nothing was tested."""
    if p is None:
        return "–"
    return f"< {_SMALLEST}" if p < _SMALLEST else f"{p:.3f}"


def verdicts(study: Study) -> Markdown:
    """Every declared comparison: difference in points, interval, Holm-corrected p-value, McNemar, verdict, seeds.

    The column for McNemar says in how many pairs of models a was better, and in how many worse, by a mid-p value of at
    most alpha, uncorrected. Where all comparisons are at one number of labels, no column repeats it.
    """
    rows, sizes = [], {each.difference.n_labels for each in judged(study)}
    for each in judged(study):
        d = each.difference
        clear = [m for m in d.models if m.p <= ALPHA]
        for_a = sum(m.only_a > m.only_b for m in clear)
        rows.append([
            d.label, count(d.n_labels),
            f"{Value(signed(d.mean), record_link(d.anchor))._repr_markdown_()} ({signed(d.low)} to {signed(d.high)})",
            p_text(each.p), f"{for_a} / {len(clear) - for_a}",
            each.verdict.rpartition(": ")[2], d.seeds,  # the seeds have a column of their own
        ])  # fmt: skip
    measures = "difference (95 % interval) | p | McNemar + / − | verdict on a | seeds"
    if len(sizes) > 1:
        return pipe_table(f"a − b | labels | {measures}", rows, "lrrrrlr")
    return pipe_table(f"a − b | {measures}", [[row[0], *row[2:]] for row in rows], "lrrrlr")


def labels_worth(study: Study) -> Markdown:
    """How many labels the best transfer arm is worth at each size: on the curve of the best from-scratch ones, with the interval."""
    rows = []
    for n in study.contested:
        arm = study.best(n, True)
        found = worth(study, arm)
        if found is None:
            continue
        beyond = {"more": "> ", "fewer": "< "}.get(found.equal_at.side, "")
        rows.append([
            link(arm, arm.strategy.label), count(n), f"{100 * arm.accuracy:.1f}", labels_in_words(found.equal_at),
            " to ".join(dict.fromkeys(map(labels_in_words, (found.low, found.high)))),
            f"{beyond}{found.factor:.1f}", found.seeds,
        ])  # fmt: skip
    header = "pretrained | labels | test % | labels from scratch | 95 % interval | times as many | seeds"
    return pipe_table(header, rows, "lrrrrrr")


def temperature(study: Study, n_labels: int) -> Markdown:
    """Calibration before and after temperature scaling at one size: temperature, ECE (%) and NLL (nats), means over the seeds."""
    rows = []
    for arm in study.at(n_labels):
        found = arm_calibration(study, arm.strategy.name, n_labels)
        heat, ece, scaled, *nll = (
            float(np.mean([getattr(c, key) for c in found]))
            for key in ("temperature", "ece", "ece_scaled", "nll", "nll_scaled")
        )
        numbers = [f"{heat:.2f}", f"{100 * ece:.1f}", f"{100 * scaled:.1f}", *(f"{each:.2f}" for each in nll)]
        rows.append([link(arm, arm.strategy.label), *numbers, len(arm.records)])
    header = ["strategy", "temperature", "ECE", "ECE, scaled", "NLL", "NLL, scaled", "seeds"]
    return pipe_table(header, rows, "lrrrrrr")


def worst(study: Study) -> Markdown:
    """Accuracy within the hardest class of every arm (%), and which class that is; lowest to highest seed."""

    def cell(arm: Arm) -> str:
        label, mean, (low, high) = worst_class(arm)
        spread = f"{100 * low:.0f}–{100 * high:.0f}" if len(arm.records) > 1 else "one seed"
        value = link(arm, f"{100 * mean:.0f}")
        return f"{value} ({spread}), {literal(study.classes[label])}"

    return by_size(study, cell)


def robustness(study: Study, n_labels: int) -> Markdown:
    """Accuracy on corrupted test images at one size (%): as they are, and the mean over the severities of each corruption."""
    arms = robust_arms(study, n_labels)
    kinds = list(robust_accuracy(arms[0])) if arms else ["clean"]
    rows = []
    for arm in arms:
        shares = robust_accuracy(arm)
        numbers = [f"{100 * float(shares[kind].mean()):.1f}" for kind in kinds]
        rows.append([link(arm, arm.strategy.label), *numbers, len(tested(arm))])
    return pipe_table(["strategy", *map(corruption_name, kinds), "seeds"], rows, "l" + "r" * (len(kinds) + 1))


_NETWORKS = {
    NETWORKS[0]: "VGG16, batch norm from scratch",
    NETWORKS[1]: "Compact network",
    PLAIN: "VGG16, plain from scratch",
}


def two_by_two(study: Study) -> Markdown:
    """Test accuracy of both networks from scratch and pretrained, and what pretraining changes, size by size."""
    rows = []
    for found in all_corners(study):
        for network, pair in found.arms.items():
            gain = found.gain(network)
            cells = [link(arm, f"{100 * arm.accuracy:.1f}") if arm else "not run" for arm in pair]
            change = "–––"
            if gain:
                linked = Value(signed(gain.mean), record_link(pair[1].anchor))
                change = (linked, f"{signed(gain.low)} to {signed(gain.high)}", gain.seeds)
            rows.append([count(found.n_labels), _NETWORKS[network], *cells, *change])
    header = ["labels", "network", "scratch", "pretrained", "change", "95 % interval", "seeds"]
    return pipe_table(header, rows, "rlrrrrr")


def probe_gap(study: Study) -> Markdown:
    """Linear probe against random features: what the weights alone are worth, size by size."""
    rows = []
    for n in study.sizes_of("linear_probe", "random_features"):
        probe, control = study.arm("linear_probe", n), study.arm("random_features", n)
        if not set(probe.seeds) & set(control.seeds):
            continue
        d = between(study, probe, control)
        shown = [link(arm, f"{100 * arm.accuracy:.1f}") for arm in (probe, control)]
        gap = Value(signed(d.mean), record_link(d.anchor))
        rows.append([count(n), *shown, gap, f"{signed(d.low)} to {signed(d.high)}", d.kind, d.seeds])
    header = ["labels", "pretrained", "random", "gap", "95 % interval", "interval over", "seeds"]
    return pipe_table(header, rows, "rrrrrlr")

"""Does a probability of 70 % mean right seven times in ten?"""

from matplotlib.figure import Figure

from ...analysis.statistics.reliability import reliability_bins
from ...analysis.study import Study
from .marks import draw_interval, name_ends
from .style import by_size, canvas, colour, dash, marker


def reliability(
    study: Study, strategies: list[str], n_labels: int, theme: str = "light", size: str = "page"
) -> Figure:
    """Accuracy against confidence of the test images in equal-width bins, seeds pooled, with intervals.

    The diagonal is perfect calibration. Bins with few predictions are left out (see `reliability_bins`).
    """
    with canvas(theme, size, by_size(size, 0.62, 0.42, 1.1)) as (figure, axis, face):
        diagonal(axis, face)
        ends = []
        for name in strategies:
            log_p, y = study.test_predictions(name, n_labels)
            label = study.arm(name, n_labels).strategy.label
            tone, style = colour(name, theme), dash(name)
            ends.append(reliability_curve(axis, face, log_p, y, label, tone, marker(name), style))
        name_ends(figure, axis, [end for end in ends if end], face)
    return figure


def diagonal(axis, face):
    """Draw perfect calibration, and name the axes."""
    axis.plot([0, 100], [0, 100], color=face.muted, linewidth=1, linestyle=(0, (6, 4)))
    long = "confidence: probability of the predicted class (%)"
    words = "confidence (%)" if face.size == "phone" else long
    axis.set(xlabel=words, ylabel="test accuracy (%)", xlim=(0, 101), ylim=(0, 101))


def reliability_curve(
    axis, face, log_p, y, label: str, tone: str, mark: str, style: str
) -> tuple[float, float, str, str] | None:
    """Draw one curve with its intervals, and return its end and name for `name_ends`."""
    bins = reliability_bins(log_p, y)
    for b in bins:
        draw_interval(axis, 100 * b.confidence, (100 * b.low, 100 * b.high), tone, face, 0.6)
    if not bins:  # too few predictions for any bin: there is no line, and no end to name
        return None
    x, heights = [100 * b.confidence for b in bins], [100 * b.accuracy for b in bins]
    axis.plot(x, heights, style, color=tone, marker=mark)
    return x[-1], heights[-1], label, tone

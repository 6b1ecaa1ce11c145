"""What mistakes change: paired differences with their intervals, one row a mistake."""

from matplotlib.figure import Figure

from ...experiments.keras_mistakes.effects import Effect
from ..values import signed
from .marks import draw_interval, draw_seeds
from .style import by_size, canvas

_ROWS = {
    "pixels": "pixels / 255",
    "epoch": "epoch chosen on\nthe images that score",
    "head": "thawed before the\nhead has converged",
    "rate": "the head's rate\nkept after thawing",
    "compile": "not compiled again\nafter thawing",
}


def keras_mistakes(effects: dict[str, Effect], theme: str = "light", size: str = "page") -> Figure:
    """Reported accuracy with each mistake minus without: a marker for the mean, a bar for the interval, a dot a seed.

    A marker is filled where the interval lies on one side of zero, and hollow where it holds zero.
    """
    with canvas(theme, size, by_size(size, 0.5, 0.42, 1.05)) as (figure, axis, face):
        axis.axvline(0, color=face.muted, linewidth=1)
        for row, effect in enumerate(reversed(effects.values())):
            d = effect.difference
            draw_interval(axis, (100 * d.low, 100 * d.high), row, face.ink, face)
            axis.plot(
                100 * d.mean, row, "o", color=face.ink, markersize=face.marker * 1.2, zorder=3,
                markerfacecolor=face.ink if d.excludes_zero else face.paper,
            )  # fmt: skip
            draw_seeds(axis, [100 * x for x in d.per_seed], row - 0.27, face.muted, face)
            words, phone = f"{signed(d.mean)} ({signed(d.low)} to {signed(d.high)})", size == "phone"
            axis.annotate(  # a phone has no room beside the chart, so there they stand above each bar
                words, (1.0, row + 0.3) if phone else (1.02, row), xycoords=axis.get_yaxis_transform(),
                ha="right" if phone else "left", va="center", annotation_clip=False,
            )  # fmt: skip
        names = [_ROWS[name] for name in effects]
        axis.set_yticks(range(len(names)), list(reversed(names)))
        long = "reported accuracy: with the mistake − without (points)"
        words = "with the mistake − without\n(points of accuracy)" if size == "phone" else long
        axis.set(xlabel=words, ylim=(-0.6, len(names) - 0.4))
        axis.grid(axis="y", visible=False)
        axis.tick_params(axis="y", length=0)
    return figure

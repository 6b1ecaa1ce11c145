"""Pictures of the closest pairs that the audit found: an image above, its partner below, and what people saw in them."""

from matplotlib.figure import Figure

from ...experiments.audit.stored import Audit
from .images import picture
from .style import canvas


def pairs(stored: Audit, comparison: str, count: int = 8, theme: str = "light", size: str = "page") -> Figure:
    """The closest pairs of one comparison, closest first: of "test-train" test images stand above, training images below."""
    if size == "slide":
        count = min(count, 5)  # fewer, so that words large enough for a slide do not meet
    shown = [p for p in stored.pairs(comparison) if "picture" in p][:count]
    across = 4 if size == "phone" else count  # a phone shows the pairs in several lines
    lines, share = -(-count // across), 0.9 if size == "slide" or size == "phone" else 0.75
    height = 0.78 * lines if size == "phone" else 0.37
    with canvas(theme, size, height, 2 * lines, across, squeeze=False) as (figure, axes, face):
        for axis in axes.flat:
            axis.set_axis_off()
        for column, pair in enumerate(shown):
            line, place = 2 * (column // across), column % across
            words = pair["a_class"], pair["b_class"]
            for axis, word, pixels in zip(axes[line : line + 2, place], words, stored.pictures[pair["picture"]], strict=True):  # fmt: skip
                axis.set_axis_on()
                picture(axis, pixels)
                axis.set_title(_broken(word), fontsize=face.font * share, pad=3)
            verdict = f"{_broken(pair['verdict'] or 'not judged')}\n{pair['detail']:.2f}"
            axis.set_xlabel(verdict, fontsize=face.font * share)
    return figure


def _broken(words: str) -> str:
    """Break a name of several words after the first, so that neighbours do not meet."""
    return words.replace(" ", "\n", 1)

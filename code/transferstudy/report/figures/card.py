"""The picture that stands beside a link to the report: the headline figure, under the answer in one sentence."""

import textwrap

from matplotlib.figure import Figure

from ...analysis.study import Study
from ..claims import slide_headline
from .curves import learning_curves
from .style import look

PIXELS = (1200, 630)  # what sites that show a card ask for: 1.91 to 1
_DPI = 100
_HEAD, _PER_LINE = 0.115, 0.074  # of the height: title and margins, and each line of the answer
_LINE = 44  # characters of the answer that fit a line


def social_card(study: Study, title: str) -> Figure:
    """Return the learning curves at the size of a social card, headed by the answer and the report's title.

    Save it at its own resolution: `figure.savefig(path)` gives `PIXELS`.
    """
    face = look("light", "slide")
    figure = learning_curves(study, theme="light", size="slide")
    figure.set_size_inches(*(side / _DPI for side in PIXELS))
    figure.set_dpi(_DPI)
    figure.set_facecolor(face.paper)
    edge, lines = 0.035, textwrap.wrap(slide_headline(study), _LINE)
    head = _HEAD + _PER_LINE * len(lines)
    figure.get_layout_engine().set(rect=(0.015, 0.01, 0.97, 1 - head - 0.02))
    figure.text(edge, 0.945, title, fontsize=face.font * 0.95, color=face.muted, va="center")
    figure.text(
        edge, 0.91, "\n".join(lines), fontsize=face.font * 1.6, weight="bold", color=face.ink, va="top"
    )
    return figure

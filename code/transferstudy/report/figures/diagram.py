"""What diagrams are drawn with: a plane without axes, boxes and arrows."""

from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from .style import Look, canvas


@contextmanager
def plane(theme: str, size: str, height: float) -> Iterator[tuple]:
    """Make a figure with one bare axis, 100 units wide and 100 times `height` high, one unit the same in both directions.

    Yields:
        (figure, axis, look).
    """
    with canvas(theme, size, height) as (figure, axis, face):
        axis.set(xlim=(0, 100.3), ylim=(0, 100 * height))  # room for the outlines at the edge
        axis.axis("off")
        yield figure, axis, face


def box(
    axis: Axes,
    place: tuple[float, float, float, float],
    text: str,
    face: Look,
    style: str,
    tone: str,
    corner: float = 0.8,
) -> None:
    """Draw a box with a word in it at left, bottom, width, height; these and the radius of the corners are in data units.

    It is "filled" with the tone, "frozen" (hatched), or "dashed" (an outline in the tone: not there any more).
    """
    left, bottom, width, height = place
    filled, frozen = style == "filled", style == "frozen"
    axis.add_patch(
        FancyBboxPatch(
            (left, bottom), width, height, boxstyle=f"round,pad=0,rounding_size={corner}",
            facecolor=tone if filled else face.fill if frozen else "none",
            edgecolor=face.muted if frozen else tone, linewidth=face.line * 0.5,
            linestyle=(0, (4, 3)) if style == "dashed" else "-", hatch="///" if frozen else None,
        )
    )  # fmt: skip
    if not text:
        return
    axis.text(
        left + width / 2, bottom + height / 2, text, ha="center", va="center", linespacing=1.3,
        color=face.paper if filled else face.ink if style != "dashed" else face.muted,
        bbox={"facecolor": face.fill, "edgecolor": "none", "pad": 2} if frozen else None,
    )  # fmt: skip


def arrow(
    axis: Axes, start: tuple[float, float], end: tuple[float, float], face: Look, tone: str = ""
) -> None:
    """Draw an arrow between two points in data units."""
    axis.annotate(
        "", end, start,
        arrowprops={
            "arrowstyle": "-|>", "color": tone or face.muted, "linewidth": face.line * 0.55, "shrinkA": 0, "shrinkB": 0,
            "mutation_scale": face.font,
        },
    )  # fmt: skip

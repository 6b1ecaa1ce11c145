"""What the page "Where it fails" says and shows of the places that the model looks at."""

from IPython.display import Markdown
from matplotlib.figure import Figure

from ...report.figures.images import frameless
from ...report.figures.inside import overlay
from ...report.figures.style import by_size, canvas
from ...report.show import show
from ...report.values import code
from ..model.mistake_maps import MistakeMaps, read_maps
from .figures import pictures, short
from .pages import Pages


def where_it_looks(page: Pages) -> Markdown:
    """Return whose maps are shown, and how many of the mistakes this model still makes."""
    return Markdown(words(read_maps(page.folder)))


def words(maps: MistakeMaps) -> str:
    """Return the text of `where_it_looks`."""
    mistakes = maps.about["mistakes"]
    count, right = len(mistakes), sum(m["now"] == m["label"] for m in mistakes)
    if not count:
        return "The networks made no mistake, so there is no mistake to look into."
    lead = (
        "A study keeps what its networks said, but not the networks. The maps therefore come from the model that you take away, "
        "which learned in the same way."
    )
    these = "this picture" if count == 1 else "these pictures"
    if maps.about["seen"]:
        seen = f"It learned from all labelled pictures, {these} included, and"
    else:
        seen = f"It has not seen {these} either, and"
    if count == 1:
        now = "now names the label." if right else "still does not name the label."
    elif right == count:
        now = "now names the label of all of them."
    elif right == 0:
        now = "still does not name the label of any of them."
    else:
        now = f"now names the label of {right} of the {count}."
    check = ""
    if maps.about["seen"] and right < count:
        check = (
            " A label that it contradicts although it has learned it should be the first that you check: "
            + ", ".join(f"{code(m['file'])}" for m in mistakes if m["now"] != m["label"])
            + "."
        )
    height, width = maps.for_said.shape[1:]
    return f"{lead} {seen} {now}{check} A map has {height} by {width} places."


def show_where_it_looks(page: Pages) -> None:
    """Show the most confident mistakes with what speaks for the class that was named and what for the label."""
    maps, classes = read_maps(page.folder), page.outcome.classes
    found = [
        (page.kept[m["file"]], for_said, for_label, classes[m["label"]], classes[m["said"]], m["probability"])
        for for_said, for_label, m in zip(maps.for_said, maps.for_label, maps.about["mistakes"], strict=True)
    ]
    show(figure, found)


def figure(found: list[tuple], theme: str = "light", size: str = "page") -> Figure:
    """Each picture with two maps beside it, at their own grid, not smoothed to look finer than they are.

    `found` has, of each mistake: uint8 pixels (side, side, 3), the maps for the class said and for the label as in `MistakeMaps`,
    the names of the label and of the class said, and the probability of the latter, 0..1.
    """
    if not found:
        return pictures([], theme=theme, size=size)
    beside = min(len(found), by_size(size, 2, 3, 1))
    rows = -(-len(found) // beside)
    height = rows * (1 / (3 * beside) + by_size(size, 0.075, 0.075, 0.13))
    with canvas(theme, size, height, rows, 3 * beside, squeeze=False) as (drawn, axes, face):
        for axis in axes.ravel()[3 * len(found) :]:
            axis.set_visible(False)
        for three, (pixels, *heats, label, said, p) in zip(axes.reshape(-1, 3), found, strict=False):
            three[0].imshow(pixels, interpolation="nearest")
            for axis, heat in zip(three[1:], heats, strict=True):
                overlay(axis, pixels, heat, "inferno", 0, 1)
            label, said = short(label, 12), short(said, 10)
            texts = f"label:\n{label}", f"for {said}\n({100 * p:.0f} %)", f"for the label,\n{label}"
            for axis, text in zip(three, texts, strict=True):
                frameless(axis)
                axis.set_xlabel(text, fontsize=face.font * 0.85)
    return drawn

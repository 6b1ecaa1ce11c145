"""Network and pretraining, two by two."""

from matplotlib.figure import Figure

from ...analysis.comparison import arm_interval
from ...analysis.corners import NETWORKS, PLAIN, all_corners
from ...analysis.study import Study
from ..values import capital, listing
from .marks import draw_interval, draw_seeds
from .style import by_size, canvas, colour

_LOOK = {
    NETWORKS[0]: ("finetune_all", "o", "-"),
    NETWORKS[1]: ("small_scratch", "^", "--"),
    PLAIN: ("scratch", "s", ":"),
}
_SIDES = ("scratch", "pretrained")


def _short(network: str) -> str:
    return capital(network.removeprefix("the "))


def two_by_two(study: Study, theme: str = "light", size: str = "page") -> Figure:
    """Test accuracy from scratch and pretrained, one line a network and one panel a number of labels.

    VGG16 from scratch has batch normalisation; a dotted line starts from the plain network, where that was run.
    Bars are intervals, small dots are seeds. A corner that was not run is left empty, and a note below says so.
    """
    panels = all_corners(study)
    down = len(panels) if size == "phone" else 1
    shape = {"rows": down, "columns": len(panels) // down, "sharey": True, "squeeze": False}
    with canvas(theme, size, by_size(size, 0.46, 0.46, 0.62 * down + 0.3), **shape) as (figure, axes, face):
        axes = axes.reshape(1, -1)
        missing: dict[str, list[str]] = {}
        for axis, found in zip(axes[0], panels, strict=True):
            for network, pair in found.arms.items():
                name, mark, line = _LOOK[network]
                tone = colour(name, theme)
                here = [(place, arm) for place, arm in enumerate(pair) if arm is not None]
                above = 1.9 if network == PLAIN else 2  # its pretrained end is that of the fair comparison
                axis.plot(
                    [place for place, _ in here], [100 * arm.accuracy for _, arm in here], color=tone, marker=mark,
                    linestyle=line, label=_short(network), zorder=above,
                )  # fmt: skip
                for place, arm in here[:1] if network == PLAIN else here:
                    low, high = arm_interval(study, arm)
                    draw_interval(axis, place, (100 * low, 100 * high), tone, face, 0.7)
                    draw_seeds(axis, place, 100 * arm.test("accuracy"), tone, face)
                for place, word in enumerate(_SIDES):
                    if pair[place] is None:
                        missing.setdefault(f"{_short(network)}, {word}", []).append(f"{found.n_labels:,}")
            axis.set_title(f"{found.n_labels:,} labels")
            axis.set_xticks((0, 1), _SIDES)
            axis.set_xlim(-0.4, 1.4)
            axis.grid(axis="x", visible=False)
        for axis in axes[0][:: 1 if down > 1 else len(panels)]:
            axis.set_ylabel("test accuracy (%)")
        notes = [
            f"{name}: not run" + ("" if len(sizes) == len(panels) else f" with {listing(sizes)} labels")
            for name, sizes in missing.items()
        ]
        if notes:
            figure.supxlabel("\n".join(notes), fontsize=face.font, color=face.muted)
        lines = {line.get_label(): line for axis in axes[0] for line in axis.get_legend_handles_labels()[0]}
        columns = 1 if size == "phone" else len(lines)
        figure.legend(lines.values(), lines.keys(), loc="outside upper center", ncols=columns, frameon=False)
    return figure

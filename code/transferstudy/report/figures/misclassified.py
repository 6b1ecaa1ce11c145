"""The most confident mistakes as pictures."""

from matplotlib.figure import Figure

from ...analysis.misclassified import confident_mistakes
from ...analysis.study import Study
from ...experiments.sheet import of_mistakes
from .images import picture
from .style import by_size, canvas


def mistakes(
    study: Study, strategy: str, n_labels: int, count: int = 8, theme: str = "light", size: str = "page"
) -> Figure:
    """Test images that an arm gets most confidently wrong: true class, taken for, and mean confidence over the seeds.

    Raises:
        StudyError: the pictures are not kept; the message has the command that keeps them.
    """
    found = confident_mistakes(study, strategy, n_labels, count)
    kept = of_mistakes(study, found)
    columns = 2 if size == "phone" else 4
    rows = -(-len(found) // columns)
    height = by_size(size, 0.36, 0.22, 0.62) * rows
    with canvas(theme, size, height, rows, columns, squeeze=False) as (figure, axes, face):
        for axis in axes.ravel()[len(found) :]:
            axis.set_visible(False)
        for axis, mistake, image in zip(axes.ravel(), found, kept, strict=False):
            picture(axis, image)
            true, said = study.classes[mistake.true], study.classes[mistake.predicted]
            title = f"{true}, taken for\n{said}, {100 * mistake.confidence:.0f} %"
            axis.set_title(title, fontsize=face.font * 0.9, pad=4)
    return figure

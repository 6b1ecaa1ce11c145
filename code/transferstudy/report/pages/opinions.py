"""Both opinions on every verdict: the primary one and the bootstrap, side by side, and where they disagree."""

from IPython.display import Markdown

from ...analysis import second_opinion
from ...analysis.comparison import Judged, judged
from ...analysis.study import Study
from ..markdown import pipe_table
from ..tables.judgement import p_text
from ..values import Value, count, record_link, signed


def sentence(study: Study) -> str:
    """Return on how many declared comparisons the bootstrap comes to another verdict."""
    tested = [each for each in judged(study) if each.p is not None]
    if not tested:
        return "No comparison has enough seeds for a verdict, so there is nothing to disagree on."
    apart, many = second_opinion.disagreements(study), count(len(tested))
    if not apart:
        return f"The bootstrap comes to the same verdict on all {many} comparisons that have one."
    return f"The bootstrap comes to another verdict on {count(len(apart))} of {many} comparisons; the table has these in bold."


def floor(study: Study) -> str:
    """Return the smallest corrected p-value that the bootstrap can give for this family, as a reader sees it."""
    return p_text(second_opinion.smallest_p(study))


def table(study: Study) -> Markdown:
    """Every declared comparison: difference, interval, corrected p-values and verdict, by the primary opinion and the bootstrap.

    Rows on which the verdicts differ are bold where they do.
    """
    rows = []
    for first, second in zip(judged(study), second_opinion.judged(study), strict=True):
        d, mark = first.difference, "**" if first.verdict != second.verdict else ""
        linked = Value(signed(d.mean), record_link(d.anchor))
        rows.append(
            [d.label, count(d.n_labels), d.seeds, linked, *_cells(first, mark), *_cells(second, mark)]
        )
    own = ["interval", "verdict on a", "p, different", "p, equivalent"]
    header = ["a − b", "labels", "seeds", "difference", *own, *(f"bootstrap: {name}" for name in own)]
    return pipe_table(header, rows, "lrrr" + "rlrr" * 2)


def _cells(each: Judged, mark: str) -> list[str]:
    d = each.difference
    ends = f"{signed(d.low)} to {signed(d.high)}"
    return [ends, f"{mark}{each.verdict.rpartition(': ')[2]}{mark}", p_text(each.p), p_text(d.p_equivalent)]

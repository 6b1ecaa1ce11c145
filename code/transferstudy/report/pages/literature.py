"""What each cited work is cited for, and the table 'their findings beside ours'. The facts stand in `cards/citations.yaml`."""

from dataclasses import dataclass, field
from functools import cache

from IPython.display import Markdown

from ...analysis.comparison import MIN_SEEDS
from ...analysis.study import Study
from ...errors import StudyError
from ...files import fitting
from ..cards import card
from ..cardschema import Facts
from ..markdown import pipe_table
from ..values import capital, count, listing
from .evidence import AGREES, DISAGREES, NOT_TESTED, PARTLY, PREDICATES, UNDECIDED, Evidence

SOURCE = "cards/citations.yaml"
# How a fact was checked: the word in the table -> what a reader sees.
CHECKED = {
    "paper": "read in the paper",
    "abstract": "read in its abstract",
    "page": "read on its own page",
    "code": "read in its code or data",
    "summary": "read in somebody's summary",
}

TALLY = {
    AGREES: "agree with {}",
    PARTLY: "agree in part with {}",
    DISAGREES: "disagree with {}",
    UNDECIDED: "leave {} undecided",
    NOT_TESTED: "do not test {}",
}


@dataclass(frozen=True)
class Fact:
    """One fact for which a work is cited.

    Attributes:
        key: the work's key in references.bib.
        fact: the fact, in our words.
        where: where in the source it stands: abstract, section, table, page.
        checked: how that was checked, a key of `CHECKED`.
        seen: address of the page on which it was checked, or a note where there is none.
        finding: the fact as a short sentence for the table of findings; empty if it does not belong there.
        test: the predicate on our results (`predicate` and its arguments); empty if we have none.
        note: what to bear in mind when our result is set beside theirs, or why it was not tested.
    """

    key: str
    fact: str
    where: str
    checked: str
    seen: str
    finding: str = ""
    test: dict = field(default_factory=dict)
    note: str = ""

    def evidence(self, study: Study) -> Evidence:
        """Return what our results say about this finding."""
        if not self.test:
            return Evidence(NOT_TESTED)
        arguments = {name: value for name, value in self.test.items() if name != "predicate"}
        return PREDICATES[self.test["predicate"]](study, **arguments)


def facts() -> list[Fact]:
    """Return all rows of the table, in its order.

    Raises:
        StudyError: a row lacks a field, has an unknown one, or names an unknown way of checking or predicate.
    """
    rows = []
    found = card("citations")
    fitting(Facts, found, SOURCE, "mend it, or restore it: git checkout -- cards")
    for number, row in enumerate(found["facts"], 1):
        name = f"{SOURCE}: row {number} ({row.get('key', 'no key')})"
        try:
            fact = Fact(**row)
        except TypeError as error:
            raise StudyError(f"{name}: {error}; a row has key, fact, where, checked and seen") from None
        if fact.checked not in CHECKED:
            raise StudyError(f"{name}: checked is {fact.checked!r}; choose one of {', '.join(CHECKED)}")
        if fact.test and fact.test.get("predicate") not in PREDICATES:
            raise StudyError(f"{name}: no such predicate; choose one of {', '.join(sorted(PREDICATES))}")
        if fact.finding and not (fact.test or fact.note):
            raise StudyError(f"{name}: a finding needs a test, or a note that says why there is none")
        if fact.test and not fact.finding:
            raise StudyError(f"{name}: a test needs a finding, the sentence that it tests")
        rows.append(fact)
    return rows


@cache
def compared(study: Study) -> tuple[tuple[Fact, Evidence], ...]:
    """Return every finding of others with what our results say about it: first those that were tested."""
    found = [(fact, fact.evidence(study)) for fact in facts() if fact.finding]
    return tuple(sorted(found, key=lambda pair: pair[1].verdict == NOT_TESTED))


def _verdict(evidence: Evidence) -> str:
    early = 0 < evidence.seeds < MIN_SEEDS
    return f"{evidence.verdict} so far" if early else evidence.verdict


def _sentence(text: str) -> str:
    return f"{capital(text.rstrip('.'))}." if text else ""


def findings(study: Study) -> Markdown:
    """Their findings beside ours: the verdict and the numbers are computed from the results, never typed."""
    rows = []
    for fact, evidence in compared(study):
        shown = evidence.shown or ("The arms that it takes were not run" if fact.test else "")
        ours = f"{_sentence(shown)} {_sentence(fact.note)}".strip()
        rows.append([f"{fact.finding} [@{fact.key}]", f"**{_verdict(evidence)}**", ours])
    return pipe_table(["they found", "ours", "what we saw"], rows, "lll")


def tally(study: Study) -> str:
    """Return how many findings our results agree with, and so on, as one sentence."""
    verdicts = [evidence.verdict for _, evidence in compared(study)]
    parts = [
        wording.format(count(verdicts.count(verdict)))
        for verdict, wording in TALLY.items()
        if verdict in verdicts
    ]
    return f"Of {count(len(verdicts))} findings from the literature the results of our first edition {listing(parts)}."


def cited_for() -> Markdown:
    """Every work with what it is cited for, where that stands in it, and how it was checked."""
    rows = [
        [f"[@{f.key}]", f.fact, f.where, CHECKED[f.checked]] for f in sorted(facts(), key=lambda f: f.key)
    ]
    return pipe_table(["work", "cited for", "where it stands", "checked"], rows, "llll")

"""Finds results that were typed by hand into pages and slides, where a value from `results/` belongs.

Run it on its own with `python code/tests/typed_numbers.py`.

What counts as a typed result, in any sentence, caption, label, note, string or setting that a reader can see:

- a percentage, percentage points, a decimal, "three times", "fivefold", "twice as", "nine in ten",
  in digits or in words;
- any other number or fraction ("91", "half of the", "seven seconds") where the sentence speaks of an outcome:
  accuracy, errors, loss, calibration, time, speed, gains, energy ...

What does not: an inline value; a number in a sentence that cites its source; names and versions (VGG16,
block 5, Python 3.12); picture sizes; years; and what `typed_numbers_allowed.yml` lists with a reason. An entry
there that allows nothing is an error.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml
from passages import Passage, passages

ALLOWED = Path(__file__).with_name("typed_numbers_allowed.yml")

SMALL = r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
LARGE = rf"""(?:
    (?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](?:one|{SMALL}))?
    | thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen
    | (?:an?|one|{SMALL})[ ](?:dozen|hundred|thousand|million)
)s?"""
WORD = rf"(?:{LARGE}|one|zero|{SMALL})(?:[ ]point(?:[ ](?:zero|one|{SMALL}))+)?"
DIGITS = r"[+−–~≈-]?\d[\d.,’'\ ]*(?<=\d)(?:e[+-]?\d+)?"
NUMBER = rf"(?:{DIGITS}|\b{WORD}\b)"
FRACTION = r"(?:half|halves|thirds?|quarters?|fifths?|tenths?|hundredths?)"
COUNTED = r"""(?:
    (?:percentage[ ])?points?|seconds?|minutes?|hours?|days?|errors?|mistakes?|misses|wins?|losses
    | watts?|grams?|kilograms?
    | (?:(?:test|training|more|fewer|wrong|right|labelled)[ ])*
      (?:images|pictures|photographs|labels|classes|runs|seeds|epochs|steps)
)"""


def _pattern(expression: str) -> re.Pattern:
    return re.compile(expression, re.VERBOSE | re.IGNORECASE)


# A sentence with one of these speaks of outcomes ...
OUTCOME = _pattern(
    r"""\b(?:
    accura\w+|errors?|mistakes?|misclassif\w+|loss(?:es)?|likelihood|(?:mis)?calibrat\w+|ece|nll|confus\w+
    | top-\d|auc|recall|f1|correct(?:ly)?|wrong(?:ly)?|points|percentage|per[ ]?cent
    | seconds|minutes|hours|days|[hs]|min|ms|took|fast(?:er|est)?|slow(?:er|est)?|quick(?:er|ly|est)?|speed\w*
    | throughput|per[ ]second|co2|co₂|carbon|emissions?|energy|kwh|wh|watts?|cost(?:s|ly)?
    | gains?|gained|gaps?|wins?|won|beats?|beaten|loses|lost|outperform\w*|improv\w+|leads?|ahead|behind
    | scor(?:e|es|ed)|reach(?:es|ed)?|achiev\w+|exceed\w*|attain\w*|drops?|dropped|rises?|rose|falls?|fell
    | grows?|grew|climb\w*|significan\w+|intervals?|averages?|median|deviation|spread|converge[sd]?|saturat\w+
    | (?:higher|lower|better|worse)[ ](?:by|than)
    )\b | %"""
)
# ... but these only sound like it.
NEUTRAL = _pattern(
    r"""error[ ](?:bars?|messages?)|(?:loss|cost)[ ]functions?|(?:half|mixed|single|double)[ ]precision
    | point(?:s|ed)?[ ](?:out|to|at)|falls?[ ]back|behind[ ](?:the|each|every|it)"""
)
# Numbers that are names, versions, shapes or dates.
NAME = _pattern(
    r"""
    \b(?:python|keras|tensorflow|numpy|pytorch|jax|quarto|pandoc|cuda|matplotlib|scikit-learn|version|v
        |cc[ ]by(?:-\w+)*)[ ]?(?:>=|≥)?[ ]?\d+(?:\.\d+)*(?:[ ]?(?:to|–|or)[ ]?\d+\.\d+)?\b(?![ ]?%)
    | \b\d+\.\d+\.\d+\S*                                                        # other versions
    | \b(?:block|stage|step|part|chapter|section|figure|table|slide|page|layer|seed|issue|equation|column)s?
        [ ]\d+(?:\.\d+)*(?:[ ]?(?:,|–|-|and|to)[ ]?\d+)*\b(?![ ]?%)
    | (?-i:\b[A-Za-z]*[A-Z][A-Za-z]*-\d+)(?:\.\d+)?\b(?![ ]?%) | \btop-\d\b     # CIFAR-10, SHA-256, top-1
    | \b[A-Za-z_]+\d+\w*\b                                                      # VGG16, float32, block5_conv3
    | \b\d+(?:[ ]?[×x][ ]?\d+)+(?:[ ]?(?:px|pixels?))?\b(?![ ]?%)               # 32 × 32 × 3
    | \b\d+(?:[ -]|[ ]by[ ]\d+[ ])?
        (?:px|pixels?|bits?|convolutions?|(?:convolutional[ ])?layers?|channels?|blocks?|features|filters)\b
    | \b0[ ]?(?:–|-|to|and)[ ]?(?:1|255)\b | \bby[ ]255\b | \[0,[ ]1\]                         # pixels and probabilities
    | (?:\b(?:in|since|until|from|by|of|before|after)[ ]|[(©][ ]?)(?:19|20)\d\d\b
        (?![ ]?%|[ ]\w*[ ]?(?:errors|images|points|runs|seconds))
    | \b(?:19|20)\d\d-\d\d(?:-\d\d)?\b | \b\d+(?:st|nd|rd|th)\b
    | \b\d+[ ]?%[ ](?:bootstrap[ ]|confidence[ ]|credible[ ])*intervals?\b      # an interval's level is a choice
    """
)
# Results, whatever the sentence is about.
ALWAYS = _pattern(
    rf"""
    {NUMBER}[ -]?(?:%|per[ ]?cent\b|pct\b|percentage[ -]points?|pp\b|p\.p\.)
    | (?:{NUMBER}|\bseveral|\bmany)[ -](?:times|fold)\b | \b{WORD}fold\b | \d[\d.,]*(?:[ ]?×|x\b)
    | \btwice[ ](?:as|the|that|those|what|its|their)\b | \b(?:half|double|triple)[ ](?:as|that[ ]of)\b
    | \borders?[ ]of[ ]magnitude\b | \b(?:two|three)[ -](?:thirds|quarters|fifths)\b
    | {NUMBER}[ ](?:in|out[ ]of)[ ](?:every[ ])?{NUMBER}
    | \b{WORD}[ ]point[ ](?:zero|one|{SMALL})\b | [½⅓⅔¼¾⅕⅛]
    """
)
# Fractions: a result in a sentence, a setting in code.
DECIMAL = _pattern(r"[+−-]?(?<![\d.,])[\d,]*\.\d+(?:e[+-]?\d+)?|\b\d+e[+-]?\d+\b|\b\d+,\d{1,2}\b(?!,?\d)")
# Results where the sentence speaks of outcomes. "Two things" are none, "two seconds" are.
WITH_OUTCOME = _pattern(
    rf"""
    {DIGITS} | \b{LARGE}\b
    | \b(?<!the[ ])(?<!these[ ])(?<!between[ ])(?:one|{SMALL})[ ](?:\w+[ ])?{COUNTED}\b | \b(?:one|{SMALL})[ ]of[ ](?:the[ ]|its[ ]|all[ ])?{SMALL}\b
    | \b(?:by|to|than|under|over|above|below|nearly|almost|about|some|is|was)[ ]{SMALL}\b(?=$|[.,;:!?)]|[ ]\W)
    | \b(?:an?|one|over|under|about|nearly|almost|by|more[ ]than|less[ ]than)[ ]{FRACTION}\b
    | \b{FRACTION}[ ](?:of|the|its|as)\b
    | \b(?:doubl|halv|tripl|quadrupl)(?:es?|ed|ing)\b | \b(?:twice|thrice)\b
    """
)


@dataclass(frozen=True)
class Finding:
    """A typed result: the passage it stands in, and the number."""

    passage: Passage
    number: str

    def __str__(self) -> str:
        where = f"{self.passage.file}: {self.passage.place}"
        return f'{where}: "{self.number}" is typed by hand in: {self.passage.text}'


class AllowanceError(ValueError):
    """The list of allowances is wrong: an entry lacks something, or allows nothing any more."""


def typed_results(passage: Passage) -> list[str]:
    """Return the results typed into a passage, as they are written there.

    Args:
        passage: one sentence, with inline values and citations marked.
    """
    if passage.typed:
        return [passage.text]
    if passage.cited:
        return []
    text = NAME.sub(" · ", passage.text)
    speaks_of_outcomes = bool(OUTCOME.search(NEUTRAL.sub(" ", f"{passage.context} {passage.text}")))
    patterns = [ALWAYS]
    if speaks_of_outcomes or not passage.code:
        patterns.append(DECIMAL)
    if speaks_of_outcomes:
        patterns.append(WITH_OUTCOME)
    found: list[tuple[int, int]] = []
    for pattern in patterns:
        for match in pattern.finditer(text):
            if not any(start < match.end() and match.start() < end for start, end in found):
                found.append(match.span())
    return [text[start:end].strip() for start, end in sorted(found)]


def find(root: Path) -> list[Finding]:
    """Return the typed results in all pages and slides under `root`, allowed or not."""
    return [Finding(passage, number) for passage in passages(root) for number in typed_results(passage)]


def not_allowed(findings: Iterable[Finding], allowances: Path) -> list[Finding]:
    """Return the findings that no allowance covers.

    Args:
        findings: what `find` returned.
        allowances: a YAML list of `file`, `text` (part of the sentence, with the number) and `reason`.

    Raises:
        AllowanceError: an entry is incomplete, or covers no finding.
    """
    entries = yaml.safe_load(allowances.read_text(encoding="utf-8")) or []
    for entry in entries:
        if set(entry) != {"file", "text", "reason"} or not all(
            str(value).strip() for value in entry.values()
        ):
            raise AllowanceError(f"{allowances.name}: an entry needs file, text and reason, not {entry}")
    findings = list(findings)
    covering = [[entry for entry in entries if _covers(entry, finding)] for finding in findings]
    idle = [entry["text"] for entry in entries if not any(entry in used for used in covering)]
    if idle:
        raise AllowanceError(f"{allowances.name}: these entries allow nothing any more; remove them: {idle}")
    return [finding for finding, used in zip(findings, covering, strict=True) if not used]


def _covers(entry: dict, finding: Finding) -> bool:
    text = " ".join(str(entry["text"]).split())
    return entry["file"] == finding.passage.file and text in finding.passage.text and finding.number in text


def main() -> int:
    """Print the typed results of the project; return 1 if there are any."""
    findings = not_allowed(find(Path(__file__).resolve().parents[2]), ALLOWED)
    print(*findings, sep="\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

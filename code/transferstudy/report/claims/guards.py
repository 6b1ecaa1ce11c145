"""Guards: a page that says more than the results show does not render."""

import re
from collections.abc import Iterator
from pathlib import Path

from ...analysis.study import Study
from ...errors import StudyError
from ...paths import project_root

# A description of results, unless the words before it say otherwise or the sentence cites its source.
_CLAIM = re.compile(
    r"""(?<!tiny\s)(?<!tiny-)\bimagenet[-\s]?pre-?train(?:ed|ing)
    | \bpre-?trained\s+(?:[\w-]+\s+)??(?:[\w-]+\s+)??(?:on|with|from)\s+(?:the\s+)?(?:full\s+|whole\s+|real\s+|official\s+)?imagenet\b
    | (?<!tiny\s)(?<!tiny-)\bimagenet(?:['’]s)?\s+(?:official\s+)?(?:weights|features|initialisation)\b""",
    re.IGNORECASE | re.VERBOSE,
)
# Words just before the description: it is denied, or speaks of published work or of the official weights as such.
_OTHERS = re.compile(
    r"\b(?:not|no|never|nor|without|instead\s+of|rather\s+than|unlike|published|literature|other\s+studies)\b[^.,;:!?]*$"
    r"|^\W*official\s+$",
    re.IGNORECASE,
)
_CITATION = re.compile(r"(?<![\w.])@[A-Za-z][\w:-]+")
_SENTENCE = re.compile(r"(?<=[.!?])[\"”’)\]*_]*\s+|\n\s*\n|\n(?=\s*(?:[-*+#|:]|\d+\.)\s?)")
_NOT_PAGES = {"code", "results", "notebooks", "cards", "docs", "examples", "_site"}
_TO_OURS = "#imagenet)"  # a link to the results of runs that did start from ImageNet
_READS_OURS = "imagenet.study()"  # a page with numbers of such runs


def imagenet_claims(text: str) -> Iterator[str]:
    """Yield the sentences of a page's source that call a network pretrained on ImageNet as if it were ours.

    Tiny ImageNet is meant by its full name only. A sentence is left alone when it cites a source ([@key]), or when the words
    just before deny it ("not", "rather than") or speak of published work. So is a sentence that links to the results of runs from
    ImageNet's weights, and a page that reads these runs.
    """
    for sentence in _SENTENCE.split(text) if _READS_OURS not in text else ():
        if _TO_OURS in sentence:
            continue
        for found in _CLAIM.finditer(sentence):
            if not _CITATION.search(sentence) and not _OTHERS.search(sentence[: found.start()]):
                yield " ".join(sentence.split())
                break


def check_pages(study: Study, root: Path | None = None) -> None:
    """Refuse a project's pages that describe results as ImageNet-pretrained when no run started from ImageNet's weights.

    Raises:
        StudyError: the first such sentence, with its file.
    """
    if any(record["weights"]["name"] == "imagenet" for record in study.records.values()):
        return
    root = root or project_root()
    for path in sorted(root.rglob("*.qmd")):
        page = path.relative_to(root)
        if page.parts[0] in _NOT_PAGES or any(part.startswith(".") for part in page.parts):
            continue
        for sentence in imagenet_claims(path.read_text(encoding="utf-8")):
            raise StudyError(
                f"{page}: speaks of a network pretrained on ImageNet, but no run started from ImageNet's "
                f"weights: {sentence!r}; name the source with report.source, or cite whose network it is"
            )


def holds(condition: bool, sentence: str, where: str) -> None:
    """Stop the render of a page when the results no longer support a sentence, or its gist, that is written by hand there.

    Raises:
        StudyError: the condition is false.
    """
    if not condition:
        raise StudyError(f"{where}: the results no longer support {sentence!r}: write it anew")

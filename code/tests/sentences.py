"""Print every computed sentence for the stored results and for three made-up outcomes, one under another, to be read aloud.

Run it as ``make sentences``, or as ``python code/tests/sentences.py headline trend`` for some of them. The made-up results are
thrown away: transfer wins, nobody wins, and training from scratch wins with a single seed.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from fakes import STRENGTH, fake_manifest, fake_study

from transferstudy import report
from transferstudy.analysis.study import Study
from transferstudy.report.state import SENTENCES

SIZES = (100, 500, 1000, 5000, 50_000)
EVEN = dict.fromkeys(STRENGTH, 2.0)
# outcome -> (strength of each strategy's made-up predictions, seeds)
OUTCOMES = {
    "transfer wins": (STRENGTH, 5),
    "nobody wins": (EVEN, 5),
    "scratch wins, one seed": ({**EVEN, "small_scratch": 3.4, "scratch_bn": 3.0}, 1),
}

# Those that are empty where there is nothing to say.
SILENT = {"tested_on", "machines", "deeper", "without_enlarging", "to_come"}


def studies(folder: Path) -> dict[str, Study]:
    """Return the stored study and one for each made-up outcome, written below a folder."""
    made = {"as stored": report.load()}
    for number, (name, (strength, seeds)) in enumerate(OUTCOMES.items()):
        root = folder / str(number)
        arms = [(strategy, n, seeds) for strategy in _names(made["as stored"]) for n in SIZES]
        made[name] = fake_study(root, arms, strength, 300, robust=True)
        fake_manifest(root, "tiny-imagenet")
    return made


def _names(study: Study) -> list[str]:
    return [strategy.name for strategy in study.strategies]


def plain(text: str) -> str:
    """Return a sentence as a reader sees it, without link targets and Markdown marks."""
    return re.sub(r"\*+", "", re.sub(r"\[([^\]]*)\]\([^)]*\)(?:\{[^}]*\})?", r"\1", text))


def main(names: list[str]) -> int:
    """Print the templates with these names, or all of them; return 2 if one is unknown."""
    if unknown := sorted(set(names) - set(SENTENCES)):
        sys.stderr.write(f"no such sentence: {', '.join(unknown)}. Choose from {', '.join(SENTENCES)}\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        shown = studies(Path(folder))
        for name in names or SENTENCES:
            print(f"\n{name}")
            for outcome, study in shown.items():
                print(f"  {outcome + ':':24} {plain(SENTENCES[name](study))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

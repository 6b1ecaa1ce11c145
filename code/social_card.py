"""Draws the card that stands beside links to the report, before each render (`project: pre-render:` in `_quarto.yml`).

Run from the project's root. It reads `results/` and the site's title, and writes `social/card.png`.
"""

import sys
from pathlib import Path

import matplotlib as mpl
import yaml

from transferstudy import report
from transferstudy.errors import StudyError
from transferstudy.report.figures.card import social_card

CARD = Path("social/card.png")


def main() -> int:
    """Draw the card; 0 if it went well, 2 with an explanation if not."""
    mpl.use("Agg")
    website = yaml.safe_load(Path("_quarto.yml").read_text(encoding="utf-8"))["website"]
    try:
        figure = social_card(report.load(), website["title"])
    except StudyError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    CARD.parent.mkdir(exist_ok=True)
    figure.savefig(CARD, dpi="figure", facecolor="auto", metadata={"Software": None})
    return 0


if __name__ == "__main__":
    sys.exit(main())

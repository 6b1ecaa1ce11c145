"""Holds `results/` to the list of its files, before each render (`project: pre-render:` in `_quarto.yml`).

Run from the project's root. Pages are made from these files, so one that is missing, changed or not listed stops the render.
"""

import sys

from transferstudy.errors import StudyError
from transferstudy.paths import results_dir
from transferstudy.results.manifest import check


def main() -> int:
    """Check the list; 0 if it holds or there is none, 2 with an explanation if not."""
    try:
        check(results_dir())
    except StudyError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

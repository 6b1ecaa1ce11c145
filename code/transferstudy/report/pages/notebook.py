"""Links to the notebook: download it, or open it in Colab. The repository's address stands in `_quarto.yml` only."""

import re
from pathlib import Path

from ...errors import StudyError
from ...files import read_yaml
from ...paths import project_root

FILE = "notebooks/transfer_learning.ipynb"
COLAB = "https://colab.research.google.com/"


def repository(root: Path | None = None) -> str | None:
    """Return `website.repo-url` of `_quarto.yml`, or None while nobody has set it.

    Raises:
        StudyError: it is no address on GitHub, the only host that Colab opens notebooks from.
    """
    config = read_yaml((root or project_root()) / "_quarto.yml", "mend it", "_quarto.yml")
    address = (config["website"].get("repo-url") or "").rstrip("/")
    if address and not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        raise StudyError(f"_quarto.yml: repo-url: {address}: expected https://github.com/OWNER/NAME")
    return address.removesuffix(".git") or None


def colab(root: Path | None = None) -> str:
    """Return the address that opens the notebook in Colab; without a repository, Colab's own page, where one uploads it."""
    address = repository(root)
    if address is None:
        return COLAB
    return f"{COLAB}{address.removeprefix('https://').replace('github.com', 'github', 1)}/blob/main/{FILE}"


def buttons(root: Path | None = None) -> str:
    """Return both links as Markdown for a page or slide; the path is the site's."""
    label = "Open in Colab" if repository(root) else "Open Colab and upload it"
    return f"[Download the notebook](/{FILE}){{.button}} [{label}]({colab(root)}){{.button}}"

"""The notebook's links follow the one address that `_quarto.yml` gives."""

from pathlib import Path

import pytest

from transferstudy.errors import StudyError
from transferstudy.report.pages import notebook

ROOT = Path(__file__).resolve().parents[2]


def site(tmp_path: Path, address: str) -> Path:
    (tmp_path / "_quarto.yml").write_text(f"website:\n  title: x\n{address}")
    return tmp_path


def test_links_follow_the_one_address(tmp_path):
    root = site(tmp_path, "  repo-url: https://github.com/someone/study\n")
    address = f"https://colab.research.google.com/github/someone/study/blob/main/{notebook.FILE}"
    assert address in notebook.buttons(root)


def test_without_an_address_the_links_still_lead_somewhere(tmp_path):
    root = site(tmp_path, "")
    assert f"]({notebook.COLAB})" in notebook.buttons(root)
    assert f"](/{notebook.FILE})" in notebook.buttons(root)


def test_an_address_that_colab_cannot_open_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"expected https://github\.com/OWNER/NAME"):
        notebook.buttons(site(tmp_path, "  repo-url: https://example.org/x\n"))


def test_the_file_is_there_and_the_readme_links_to_it():
    assert (ROOT / notebook.FILE).is_file()
    assert f"]({notebook.FILE})" in (ROOT / "README.md").read_text(encoding="utf-8")

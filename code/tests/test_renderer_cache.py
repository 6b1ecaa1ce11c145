"""What is remembered between renders: enough to be quick, never enough to be wrong."""

import contextlib
import io
import json
import os
import shutil
import time

import pytest
from sitefixtures import command, project

from renderer.cli import main

PAGE = """---
title: "{title}"
---

```{{python}}
#| include: false
import json, pathlib, sys
sys.path.insert(0, "code")
from words import unit
with open(".cache/executed.log", "a") as log:
    log.write("{title}\\n")
number = json.loads(pathlib.Path("results/one.json").read_text())["number"]
```

The number is `{{python}} number` `{{python}} unit`. {prose}
"""
CONFIG = """project:
  type: website
  execute-dir: project
website:
  search: false
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A project that was rendered once."""
    root = tmp_path_factory.mktemp("rendered")
    project(
        root, CONFIG, index=PAGE.format(title="index", prose=""), other=PAGE.format(title="other", prose="")
    )
    for folder in ("results", "code"):
        (root / folder).mkdir()
    (root / "results/one.json").write_text(json.dumps({"number": 41}))
    (root / "code/words.py").write_text("unit = 'percent'\n")
    assert "Rendered with" in render(root)
    assert executed(root) == ["index", "other"]
    return root


@pytest.fixture
def root(rendered, tmp_path):
    return shutil.copytree(rendered, tmp_path / "project")


def render(root, status=0):
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        assert main(["--root", str(root), "report", "--with", "embedded"]) == status, told.getvalue()
    return told.getvalue()


def executed(root):
    """Which pages ran since the last question."""
    log = root / ".cache/executed.log"
    names = sorted(log.read_text().split()) if log.exists() else []
    log.unlink(missing_ok=True)
    return names


def test_nothing_changed_nothing_done_and_said(root):
    before = (root / "_site/index.html").stat()
    start = time.monotonic()
    told = render(root)
    assert time.monotonic() - start < 2
    assert "Nothing has changed" in told
    assert str(root / "_site/index.html") in told
    assert "embedded renderer" in told
    assert (root / "_site/index.html").stat() == before
    assert executed(root) == []


def test_an_edited_result_changes_every_page_that_shows_it(root):
    (root / "results/one.json").write_text(json.dumps({"number": 77}))
    render(root)
    for page in ("index", "other"):
        text = (root / f"_site/{page}.html").read_text()
        assert "The number is 77 percent" in text
        assert "41" not in text
    assert executed(root) == ["index", "other"]


def test_an_edited_result_of_the_same_size_and_time_changes_the_page(root):
    file = root / "results/one.json"
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    file.write_text(json.dumps({"number": 42}))
    os.utime(file, ns=times)
    render(root)
    assert "The number is 42 percent" in (root / "_site/index.html").read_text()


def test_edited_code_runs_again(root):
    (root / "code/words.py").write_text("unit = 'per mille'\n")
    render(root)
    assert "41 per mille" in (root / "_site/other.html").read_text()
    assert executed(root) == ["index", "other"]


def test_edited_prose_runs_nothing_and_an_edited_cell_only_its_page(root):
    (root / "other.qmd").write_text(PAGE.format(title="other", prose="New prose."))
    render(root)
    assert "New prose." in (root / "_site/other.html").read_text()
    assert executed(root) == []
    (root / "other.qmd").write_text(PAGE.format(title="other2", prose="New prose."))
    render(root)
    assert executed(root) == ["other2"]


def test_a_missing_result_fails_and_leaves_the_old_site(root):
    (root / "results/one.json").unlink()
    told = render(root, status=2)
    assert "index.qmd:12: this cell failed with FileNotFoundError" in told
    assert "results/one.json" in told
    assert "The number is 41" in (root / "_site/index.html").read_text()
    (root / "results/one.json").write_text(json.dumps({"number": 41}))
    assert "Nothing has changed" in render(root)


@pytest.mark.parametrize("harm", ["removed", "cut"])
def test_a_damaged_site_is_rendered_again(root, harm):
    page = root / "_site/other.html"
    page.unlink() if harm == "removed" else page.write_text("")
    assert "Rendered with" in render(root)
    assert "The number is 41" in page.read_text()


def test_a_damaged_cache_is_not_believed(root):
    for file in (root / ".cache/renderer/cells").glob("*.json"):
        file.write_text("{")
    (root / "_site/index.html").unlink()
    render(root)
    assert executed(root) == ["index", "other"]
    assert "The number is 41" in (root / "_site/index.html").read_text()


def test_a_removed_page_leaves_the_site(root):
    (root / "other.qmd").unlink()
    render(root)
    assert not (root / "_site/other.html").exists()


def test_results_from_elsewhere_are_watched_too(root, tmp_path):
    elsewhere = {"env": os.environ | {"TRANSFERSTUDY_RESULTS": str(tmp_path / "results")}}
    (tmp_path / "results").mkdir()
    first = command(root, "report", "--with", "embedded", **elsewhere)
    assert "Rendered with" in first.stdout
    assert executed(root) == ["index", "other"]
    (tmp_path / "results/two.json").write_text("{}")
    second = command(root, "report", "--with", "embedded", **elsewhere)
    assert "Rendered with" in second.stdout
    assert executed(root) == ["index", "other"]

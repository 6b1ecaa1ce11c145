"""The notebook is the package's own code, complete, up to date, small, and explained cell by cell."""

import ast
import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from transferstudy.cli import main
from transferstudy.errors import StudyError
from transferstudy.notebook import build, coverage, embedded, links
from transferstudy.notebook.assemble import Assembly, Cell
from transferstudy.notebook.execute import execute
from transferstudy.notebook.names import renamed, uses
from transferstudy.notebook.narrative import read_narrative
from transferstudy.notebook.source import read_module
from transferstudy.presets import expand
from transferstudy.study import MAIN

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "notebooks" / build.NAME
SHORT = 65  # lines
SECTIONS = [
    "Set-up",
    "Data loading",
    "Preprocessing",
    "Model definition",
    "Training",
    "Prediction",
    "Evaluation",
    "Comparison: transfer learning against training from scratch",
    "What to try next",
]


@pytest.fixture(scope="module")
def committed() -> dict:
    return json.loads(FILE.read_text(encoding="utf-8"))


def source(cell: dict) -> str:
    return "".join(cell["source"])


def code(content: dict) -> str:
    return "\n\n\n".join(source(c) for c in content["cells"] if c["cell_type"] == "code")


def test_the_committed_notebook_is_what_the_sources_give_outputs_aside():
    content = build.notebook(ROOT)
    build.check(ROOT, content)
    assert build.as_bytes(build.notebook(ROOT)) == build.as_bytes(content)


def test_every_covered_public_function_stands_in_it_with_the_same_source_text(committed):
    text = code(committed)
    narrative = read_narrative(ROOT / "notebooks" / "narrative")
    found = 0
    for path in coverage.covered():
        module = read_module(path)
        new_names = {
            old: new
            for (where, old), new in narrative.renames.items()
            if where == path or module.own.get(old) == where
        }
        for definition in module.definitions.values():
            if definition.public and (path, definition.name) not in narrative.left_out | narrative.own:
                assert renamed(definition.text, new_names) in text, f"{path}: {definition.name}"
                found += 1
    assert found > 60


def test_every_figure_of_the_pages_stands_in_it_or_is_left_out_with_a_reason(committed):
    narrative, text = read_narrative(ROOT / "notebooks" / "narrative"), code(committed)
    wanted = coverage.figures_on_pages(ROOT)
    drawn = [pair for pair in wanted if pair not in narrative.left_out]
    assert len(drawn) >= 13
    for path, name in drawn:
        new = narrative.renames.get((path, name), name)
        assert f"def {new}(" in text, (
            f"{path}: {name}: place it in notebooks/narrative/, or leave it out there"
        )
        assert f"show({new}(" in text.replace("\n    ", "") or f"= {new}(" in text, f"{name} is never drawn"


def test_sections_stand_in_order_and_every_cell_of_code_is_explained(committed):
    cells = committed["cells"]
    headings = [source(c).splitlines()[0] for c in cells if source(c).startswith("## ")]
    assert headings == [f"## {name}" for name in SECTIONS]
    assert "python -m transferstudy notebook" in source(cells[0])
    for before, cell in pairwise(cells):
        if cell["cell_type"] == "code":
            assert before["cell_type"] == "markdown" and len(source(before).split()) >= 4, source(cell)[:80]


def test_cells_are_short_or_folded_under_a_title(committed):
    cells = [c for c in committed["cells"] if c["cell_type"] == "code"]
    for cell in cells:
        lines = source(cell).splitlines()
        if cell["metadata"]:
            assert cell["metadata"] == build.HIDDEN and lines[0].startswith("# @title "), cell["id"]
        else:
            assert len(lines) <= SHORT, f"{cell['id']}: {len(lines)} lines: cut it, or fold it away"
    assert 20 < sum(bool(c["metadata"]) for c in cells) < len(cells) / 2


def test_the_runs_of_the_report_can_be_expanded_from_the_settings_it_carries(tmp_path):
    path = tmp_path / "presets.toml"
    path.write_text(embedded.settings(), encoding="utf-8")
    assert [s.id for s in expand(MAIN, path)] == [s.id for s in expand(MAIN)]


def test_presets_that_the_reports_includes_are_carried_too(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "MAIN", "full")
    path = tmp_path / "presets.toml"
    path.write_text(embedded.settings(), encoding="utf-8")
    assert [s.id for s in expand("full", path)] == [s.id for s in expand("full")]
    assert "presets.smoke" not in path.read_text()


def test_it_is_formatted_small_and_free_of_the_package(committed):
    assert FILE.stat().st_size < build.LARGEST
    tree = ast.parse(code(committed))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not node.level and not node.module.startswith("transferstudy")
        elif isinstance(node, ast.Import):
            assert not any(a.name.startswith("transferstudy") for a in node.names)
    assert "pip install " not in code(committed).replace("pip install --upgrade keras", "")
    config = str(ROOT / "code" / "pyproject.toml")
    command = [sys.executable, "-m", "ruff", "format", "--check", "--config", config, str(FILE)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_it_shows_the_outputs_of_a_real_run(committed):
    cells = [c for c in committed["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
    outputs = [o for c in cells for o in c["outputs"]]
    assert not [o for o in outputs if o["output_type"] == "error"]
    assert sum("image/png" in o.get("data", {}) for o in outputs) >= 12
    printed = "".join("".join(o.get("text", "")) for o in outputs)
    assert "not compared with the report, which differs in" in printed and "minus" in printed
    assert len(printed.splitlines()) < 250
    assert "predict your own picture" in source(committed["cells"][-2])
    assert "image/png" in committed["cells"][-1]["outputs"][-1]["data"]


# ---- what the generator refuses


def test_a_public_function_without_a_place_is_named(tmp_path):
    package = tmp_path / "package"
    shutil.copytree(ROOT / "code" / "transferstudy", package, ignore=shutil.ignore_patterns("__pycache__"))
    module = package / "data" / "splits.py"
    module.write_text(module.read_text() + '\n\ndef forgotten() -> int:\n    """Nobody."""\n    return 1\n')
    narrative = read_narrative(ROOT / "notebooks" / "narrative")
    fill = dict.fromkeys("excerpt weights weights_name settings preset data_sha256".split(), "x")
    fill |= dict.fromkeys("excerpt_side excerpt_per_class accuracies weights_known".split(), "1")
    with pytest.raises(StudyError, match=r"lacks data/splits\.py: forgotten: give each a place"):
        Assembly(narrative, fill, package).cells()
    read_module.cache_clear()


def small(tmp_path: Path, narrative: str, **modules: str) -> Assembly:
    package, folder = tmp_path / "package", tmp_path / "narrative"
    package.mkdir()
    folder.mkdir()
    (package / "__init__.py").touch()
    for name, text in modules.items():
        (package / f"{name}.py").write_text(text)
    (folder / "a.md").write_text(narrative)
    return Assembly(read_narrative(folder), {}, package)


def test_two_meanings_of_a_name_are_refused_until_one_is_renamed(tmp_path, monkeypatch):
    monkeypatch.setattr(coverage, "check", lambda *_: None)
    modules = {
        "one": "def f():\n    return 1\n",
        "two": "def f():\n    return 2\n\n\ndef g():\n    return f()\n",
    }
    text = "Both.\n\n<!-- code: one.py: f; two.py: f g -->\n"
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with pytest.raises(StudyError, match="'f' means two things"):
        small(tmp_path / "a", text, **modules).cells()
    made = small(tmp_path / "b", "<!-- rename: two.py: f=f2: taken -->\n" + text, **modules).cells()
    space: dict = {}
    exec(made[-1].text, space)  # noqa: S102
    assert (space["f"](), space["g"]()) == (1, 2)


def test_what_is_needed_and_not_placed_comes_along_with_its_docstring(tmp_path, monkeypatch):
    monkeypatch.setattr(coverage, "check", lambda *_: None)
    module = '"""Tools."""\n\nBASE = 2\n\n\ndef help_():\n    """Return the base."""\n    return BASE\n\n\ndef main():\n    from .one import help_\n\n    return help_()\n'
    cells = small(tmp_path, "The point.\n\n<!-- code: one.py: main -->\n", one=module).cells()
    assert [c.kind for c in cells] == ["text", "text", "hidden", "text", "python"]
    assert "Return the base." in cells[1].text and "from .one" not in cells[4].text


@pytest.mark.parametrize(
    ("narrative", "message"),
    [
        ("<!-- code: one.py: f -->\n", "without a paragraph"),
        ("Text.\n\n```python\nx = @@nothing@@\n```\n", "nothing is known for @@nothing@@"),
        ("Text.\n\n```python\nx = y\n```\n", "uses 'y' before it is there"),
        ("Text.\n\n```python\ndef g():\n    return y\n```\n", "uses 'y', which nothing defines"),
        ("Text.\n\n<!-- code: one.py: gone -->\n", "does not exist any more"),
        ("<!-- left out: one.py: f -->\n", "says no reason"),
    ],
)
def test_a_faulty_narrative_is_refused(tmp_path, monkeypatch, narrative, message):
    monkeypatch.setattr(coverage, "check", lambda *_: None)
    with pytest.raises(StudyError, match=message):
        small(tmp_path, narrative, one="def f():\n    return 1\n").cells()


def test_two_names_of_one_line_stand_there_once(tmp_path, monkeypatch):
    monkeypatch.setattr(coverage, "check", lambda *_: None)
    module = "LOW, HIGH = 1, 2\n\n\ndef f():\n    return LOW, HIGH\n"
    cells = small(tmp_path, "The point.\n\n<!-- code folded: one.py: f -->\n", one=module).cells()
    assert next(c.text for c in cells if c.kind == "hidden").count("LOW, HIGH = 1, 2") == 1
    assert cells[-1] == Cell("hidden", "# @title f\ndef f():\n    return LOW, HIGH")


def test_names_are_told_apart_as_python_does():
    found = uses("def f(a, b=C):\n    x = a\n    return [x + y for z in a] + g(x)\n")
    assert found.defines == {"f"} and found.at_once == {"C"} and found.later == {"y", "g"}
    text = "def draw(layers):\n    return layers, between(1)\n"
    assert renamed(text, {"between": "other", "layers": "no"}) == text.replace("between", "other")


# ---- running it


def a_notebook(code: str) -> dict:
    cell = {"cell_type": "code", "execution_count": None, "id": "one", "metadata": {}, "outputs": []}
    return {"cells": [cell | {"source": [code]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def test_a_run_does_not_depend_on_the_shell(monkeypatch):
    monkeypatch.setenv("NOTEBOOK_STEPS", "0.5")
    shown = "import os; print(sorted(k for k in os.environ if k.startswith('NOTEBOOK_')))"
    ran = execute(a_notebook(shown), {"NOTEBOOK_MODE": "QUICK"})
    assert "".join(ran["cells"][0]["outputs"][0]["text"]) == "['NOTEBOOK_MODE']\n"


def test_a_run_that_fails_or_tells_of_this_machine_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"the notebook failed:[\s\S]*ZeroDivisionError"):
        execute(a_notebook("1 / 0"))
    with pytest.raises(StudyError, match=r"names a place of this machine: .*secret\.txt \(cell one\)"):
        execute(a_notebook("import os; print(os.getcwd() + '/secret.txt')"), folder=tmp_path)


# ---- links


def site(tmp_path: Path, address: str) -> Path:
    (tmp_path / "_quarto.yml").write_text(f"website:\n  title: x\n{address}")
    (tmp_path / "README.md").write_text((ROOT / "README.md").read_text(encoding="utf-8"))
    return tmp_path


def test_links_follow_the_one_address(tmp_path, monkeypatch):
    root = site(tmp_path, "  repo-url: https://github.com/someone/study\n")
    address = f"https://colab.research.google.com/github/someone/study/blob/main/{links.FILE}"
    assert address in links.buttons(root)
    with pytest.raises(StudyError, match=r"README\.md: links"):
        links.check(root)
    monkeypatch.chdir(root)
    assert main(["notebook", "--links"]) == 0
    links.check(root)
    assert address in (root / "README.md").read_text(encoding="utf-8")


def test_without_an_address_the_links_still_lead_somewhere(tmp_path):
    root = site(tmp_path, "")
    assert f"]({links.COLAB})" in links.buttons(root) and f"](/{links.FILE})" in links.buttons(root)


def test_an_address_that_colab_cannot_open_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"expected https://github\.com/OWNER/NAME"):
        links.buttons(site(tmp_path, "  repo-url: https://example.org/x\n"))


def test_the_readme_has_the_links_of_the_committed_address():
    links.check(ROOT)
    assert links.FILE in (ROOT / "README.md").read_text(encoding="utf-8")


def test_images_live_in_the_notebook_and_are_known_by_their_digest(tmp_path):
    path = tmp_path / build.NAME
    for content in (None, "{}", FILE.read_text(encoding="utf-8").replace("UklGR", "UklGS", 1)):
        if content:
            path.write_text(content, encoding="utf-8")
        with pytest.raises(StudyError, match=r"does not carry the project's images.*--excerpt --data PATH"):
            embedded.carried_excerpt(path)
    assert embedded.carried_excerpt(FILE)[:4] == b"RIFF"


def test_other_images_than_the_projects_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(embedded, "excerpt", lambda _: b"others")
    monkeypatch.setattr("transferstudy.data.load", lambda *_: None)
    before, data = FILE.read_bytes(), tmp_path / "cifar10.npz"
    data.touch()
    assert main(["notebook", "--excerpt", "--data", str(data)]) == 2
    assert "EXCERPT_SHA256" in capsys.readouterr().err
    assert FILE.read_bytes() == before

"""The set-up keeps its promises: locked, installed once, mended when interrupted, and described truly in the README."""

import ast
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "code"
PYTHONS = ["3.11", "3.12", "3.13"]
PROJECT = tomllib.loads((CODE / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = {
    path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))
}


def run(*command: str, **options) -> subprocess.CompletedProcess:
    options = {"cwd": ROOT, "capture_output": True, "text": True, "check": False, "timeout": 120} | options
    return subprocess.run(command, stdin=subprocess.DEVNULL, **options)


# ---- requirements and lock


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-c"))]


def locked(name: str) -> dict[str, list[tuple[Requirement, int]]]:
    """The pins of a lock file by package, each with its number of hashes."""
    pins: dict[str, list[tuple[Requirement, int]]] = {}
    for entry in re.split(r"\n(?=[a-z])", (ROOT / name).read_text(encoding="utf-8")):
        if entry.startswith("#"):
            continue
        requirement = Requirement(entry.split("\\")[0].strip())
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)
        pins.setdefault(canonicalize_name(requirement.name), []).append((requirement, len(hashes)))
    return pins


@pytest.mark.parametrize("name", ["requirements", "requirements-backends"])
def test_lock_satisfies_requirements(name):
    pins = locked(f"{name}.lock")
    for requirement in requirements(f"{name}.txt"):
        versions = [
            str(pin.specifier).removeprefix("==") for pin, _ in pins[canonicalize_name(requirement.name)]
        ]
        assert all(requirement.specifier.contains(version) for version in versions), (
            f"{requirement}: make lock"
        )


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-backends.lock"])
def test_lock_pins_and_hashes_everything(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for pins in locked(name).values():
        for pin, hashes in pins:
            assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), pin
            assert hashes, pin
    assert "://" not in text
    assert "index" not in re.sub(r"--hash\S+", "", text)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("system", "machine"), [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")]
)
def test_one_tensorflow_for_every_platform(python, system, machine):
    environment = {"python_version": python, "sys_platform": system, "platform_machine": machine}
    pins = [pin for name in ("tensorflow", "tensorflow-cpu") for pin, _ in locked("requirements.lock")[name]]
    assert sum(pin.marker.evaluate(environment) for pin in pins) == 1


def test_backends_agree_with_the_main_lock():
    main = locked("requirements.lock")
    for name, pins in locked("requirements-backends.lock").items():
        assert name not in main or pins == main[name], name


def test_every_import_is_declared():
    names = {"PIL": "pillow", "bs4": "beautifulsoup4", "sklearn": "scikit-learn", "yaml": "pyyaml"}
    names |= {
        "pypandoc": "pypandoc-binary",
        "axe_playwright_python": "axe-playwright-python",
        "tensorflow": "tensorflow-cpu",
    }
    names |= {
        "markupsafe": "jinja2",
        "IPython": "ipykernel",
        "matplotlib_inline": "ipykernel",
    }  # come with these
    declared = {canonicalize_name(requirement.name) for requirement in requirements("requirements.txt")}
    extras = PROJECT["project"]["optional-dependencies"].values()
    declared |= {canonicalize_name(Requirement(text).name) for extra in extras for text in extra}
    own = {path.stem for path in CODE.rglob("*.py")} | {path.name for path in CODE.iterdir() if path.is_dir()}
    for path in CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module]
            for module in {module.split(".")[0] for module in modules} - own - sys.stdlib_module_names:
                assert canonicalize_name(names.get(module, module)) in declared, f"{path}: {module}"


# ---- the package


def test_versions_agree():
    from transferstudy import __version__

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert PROJECT["project"]["version"] == __version__ == citation["version"]
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert citation["authors"] == [{"name": "The authors of the transfer-learning report"}]


def test_the_console_command_is_the_command_line():
    from transferstudy.cli import main

    (name, value), *others = PROJECT["project"]["scripts"].items()
    assert (name, others) == ("transferstudy", [])
    assert EntryPoint(name, value, "console_scripts").load() is main


def test_package_data_is_shipped():
    patterns = [pattern.removeprefix("**/") for pattern in PROJECT["tool"]["setuptools"]["package-data"]["*"]]
    files = run("git", "ls-files", "code/transferstudy", "code/renderer").stdout.split()
    data = [name for name in files if not name.endswith((".py", ".md"))]
    assert [name for name in data if not any(fnmatch(Path(name).name, pattern) for pattern in patterns)] == []


def test_code_folder_does_not_shadow_the_standard_library():
    assert not (CODE / "__init__.py").exists()
    shown = run(sys.executable, "-c", "import code, transferstudy, renderer; print(code.InteractiveConsole)")
    assert shown.returncode == 0, shown.stderr


# ---- the environment script, with stand-ins for Python, pip and the browser

STAND_IN = """#!/bin/sh
here=$(dirname "$0")
log="{log}"
case "$*" in
*version_info*) echo "${{STAND_IN_VERSION:-3.12}}" ;;
"-m venv --clear "*) rm -rf "$4"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; echo "venv" >>"$log" ;;
"-m pip install "*) echo "$*" >>"$log"; exit "${{STAND_IN_PIP:-0}}" ;;
*chromium.find*) exit "${{STAND_IN_BROWSER:-0}}" ;;
esac
"""


class Clone:
    """A copy of the set-up files, in which Python and pip only write down how they were called."""

    def __init__(self, folder: Path) -> None:
        self.root, self.log, self.bin = folder / "clone", folder / "log", folder / "bin"
        (self.root / "code").mkdir(parents=True)
        self.bin.mkdir()
        for name in ("environment.sh", "pyproject.toml", "setup.py"):
            shutil.copy(CODE / name, self.root / "code" / name)
        for name in ("requirements.txt", "requirements.lock", "requirements-backends.lock"):
            shutil.copy(ROOT / name, self.root / name)
        self.program("python3", STAND_IN.format(log=self.log))

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def environment(self, command: str, **variables: str) -> tuple[int, str, list[str]]:
        """Run the script; return its status, what it said, and the calls to Python that it made."""
        self.log.write_text("", encoding="utf-8")
        names = {"PATH": f"{self.bin}:/usr/bin:/bin", "PYTHON": str(self.bin / "python3")} | variables
        done = run("sh", "code/environment.sh", command, cwd=self.root, env=names)
        return done.returncode, done.stdout + done.stderr, self.log.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def clone(tmp_path) -> Clone:
    return Clone(tmp_path)


def test_install_once(clone):
    status, _, calls = clone.environment("install")
    assert status == 0
    assert calls[0] == "venv"
    assert "--require-hashes" in calls[1] and calls[1].endswith("requirements.lock")
    assert "--no-deps" in calls[2] and calls[2].endswith("-e " + str(clone.root / "code"))
    for changed in (clone.root / "requirements.lock", clone.root / "code/pyproject.toml"):
        changed.touch()  # a newer time is no change
    assert clone.environment("install") == (0, "", [])


def test_changed_lock_installs_anew(clone):
    clone.environment("install")
    with (clone.root / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    assert clone.environment("install")[2][0] == "venv"
    assert clone.environment("install")[2] == []


def test_changed_package_is_registered_anew(clone):
    clone.environment("install")
    with (clone.root / "code/pyproject.toml").open("a", encoding="utf-8") as project:
        project.write("# changed\n")
    calls = clone.environment("install")[2]
    assert len(calls) == 1
    assert "-e" in calls[0]


def test_moved_clone_installs_anew(clone):
    clone.environment("install")
    clone.root = clone.root.rename(clone.root.with_name("elsewhere"))
    assert clone.environment("install")[2][0] == "venv"


def test_interrupted_install_is_redone(clone):
    assert clone.environment("install", STAND_IN_PIP="1")[0] != 0
    assert clone.environment("install")[2][0] == "venv"
    assert clone.environment("install")[2] == []


def test_interrupted_change_is_redone(clone):
    clone.environment("install")
    lock = clone.root / "requirements.lock"
    before = lock.read_text(encoding="utf-8")
    lock.write_text(before + "# changed\n", encoding="utf-8")
    clone.environment("install", STAND_IN_PIP="1")
    lock.write_text(before, encoding="utf-8")  # the old lock again, but what is installed is in pieces
    assert clone.environment("install")[2][0] == "venv"


def test_other_python_installs_anew(clone):
    clone.environment("install")
    other = clone.bin / "python3.13"
    clone.program(other.name, STAND_IN.format(log=clone.log).replace(":-3.12", ":-3.13"))
    assert clone.environment("install", PYTHON=str(other))[2][0] == "venv"
    assert clone.environment("install", PYTHON="")[2] == []  # none asked for: the one that is there will do


def test_newest_python_that_runs_is_taken(clone):
    clone.program("python3.13", "#!/bin/sh\nexit 127\n")  # a version manager's empty shim
    clone.program("python3.12", STAND_IN.format(log=clone.log))
    status, said, _ = clone.environment("install", PYTHON="")
    assert status == 0
    assert "Python 3.12" in said


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"STAND_IN_VERSION": "3.10"}, "needs 3.11, 3.12 or 3.13"),
        ({"PYTHON": "/nowhere/python"}, "PYTHON=/nowhere/python does not run"),
    ],
)
def test_wrong_python_is_an_error(clone, variables, message):
    status, said, calls = clone.environment("install", **variables)
    assert (status, calls) == (2, [])
    assert message in said
    assert not (clone.root / ".venv").exists()


def test_no_python_is_an_error(clone):
    for name in ("python3.13", "python3.12", "python3.11", "python3", "python"):
        clone.program(name, "#!/bin/sh\nexit 127\n")
    status, said, _ = clone.environment("install", PYTHON="")
    assert status == 2
    assert "No Python 3.11, 3.12 or 3.13" in said
    assert "make report PYTHON=" in said


def test_backends_are_added_once(clone):
    calls = clone.environment("backends")[2]
    assert any(call.endswith("requirements-backends.lock") and "--require-hashes" in call for call in calls)
    assert re.search(r"torch==[\d.]+\+cpu", calls[-1])
    assert clone.environment("backends") == (0, "", [])
    assert clone.environment("install") == (0, "", [])


def test_browser_found(clone):
    clone.environment("install")
    assert clone.environment("browser") == (0, "", [])


def test_missing_browser_is_an_error_with_a_command(clone):
    clone.environment("install")
    clone.program("id", "#!/bin/sh\necho 1000\n")  # no administrator
    status, said, _ = clone.environment("browser", STAND_IN_BROWSER="1")
    assert status == 2
    assert "sudo apt-get install chromium" in said


# ---- make, CI and the README


def targets() -> dict[str, str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z-]+):.*?## (.+)$", text, flags=re.MULTILINE))


def test_make_help_lists_every_target():
    shown = run("make", "help").stdout
    phony = re.findall(
        r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert sorted(phony) == sorted(targets())
    for target, says in targets().items():
        assert re.search(rf"make {target} +{re.escape(says)}", shown)
        assert run("make", "--dry-run", target).returncode == 0, target


def test_ci_runs_the_readme_commands():
    path = ROOT / ".ci/run"
    assert os.access(path, os.X_OK)
    assert run("bash", "-n", str(path)).returncode == 0
    commands = path.read_text(encoding="utf-8").rstrip().splitlines()
    assert (
        commands[-1] == "make test"
    )  # pytest's closing line is the last; the site of its tests is made by `make report`
    assert {"make report", "make test"} <= set(readme_commands())


WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}


def steps(workflow: str) -> list[dict]:
    return [step for job in WORKFLOWS[workflow]["jobs"].values() for step in job["steps"]]


def test_workflow_covers_every_python():
    assert WORKFLOWS["test"]["jobs"]["test"]["strategy"]["matrix"]["python"] == PYTHONS


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflows_pin_what_they_use_and_may_do_little(workflow):
    text = (ROOT / f".github/workflows/{workflow}.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (.+)", text)
    assert used
    assert [
        line for line in used if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d[\w.]*", line)
    ] == []
    assert WORKFLOWS[workflow]["permissions"] == {"contents": "read"}
    given = {name: job.get("permissions", {}) for name, job in WORKFLOWS[workflow]["jobs"].items()}
    writing = {
        (job, what) for job, rights in given.items() for what, right in rights.items() if right == "write"
    }
    assert writing == ({("deploy", "pages"), ("deploy", "id-token")} if workflow == "publish" else set())
    assert all(job["timeout-minutes"] <= 60 for job in WORKFLOWS[workflow]["jobs"].values())
    for step in steps(workflow):
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
        for target in re.findall(r"make ([a-z-]+)", step.get("run", "")):
            assert target in targets()


def test_the_report_is_published_by_a_quarto_that_is_new_enough_and_pinned():
    quarto = next(step for step in steps("publish") if "quarto-actions" in step.get("uses", ""))
    version = quarto["with"]["version"]
    needed = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))["quarto-required"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert SpecifierSet(needed).contains(version)
    assert "make report QUARTO=required" in [step.get("run") for step in steps("publish")]
    shown = run("make", "--dry-run", "report", "QUARTO=required").stdout
    assert "renderer report --with quarto" in shown
    assert "--with" not in run("make", "--dry-run", "report").stdout


def left_out(paths: list[str]) -> list[str]:
    """What `quarto use template` leaves behind, as Quarto 1.7 reads `.quartoignore` (src/extension/template.ts)."""
    lines = (ROOT / ".quartoignore").read_text(encoding="utf-8").splitlines()
    lines = [line.split("#")[0] for line in lines]
    own = [line for line in lines if line and not line.startswith("!")]
    built_in = [".*", "COPYING.md", "COPYRIGHT", "README.md", "CHANGELOG.md", "LICENSE", "_extensions"]
    kept = {line[1:] for line in lines if line.startswith("!")}
    patterns = [pattern for pattern in (*own, *built_in) if pattern not in kept]

    def hit(path: str) -> bool:
        parts = Path(path).parts
        places = ["/".join(parts[: i + 1]) for i in range(len(parts))]
        return any(
            fnmatch(place, pattern) or (pattern.startswith("**/") and fnmatch(place, pattern[3:]))
            for place in places
            for pattern in patterns
        )

    return [path for path in paths if hit(path)]


def test_the_template_is_the_repository_without_what_a_machine_made():
    tracked = run("git", "ls-files").stdout.split("\n")[:-1]
    assert ".github/workflows/publish.yml" in tracked
    assert left_out(tracked) == []
    made = [
        ".venv/bin/python", "_site/index.html", ".cache/renderer/stamp.json", "social/card.png", "_quarto.yml.local",
        "code/transferstudy/__pycache__/a.pyc", "chapters/data.quarto_ipynb", ".git/HEAD", ".quarto/x", "data/a.npz",
        "code/transferstudy.egg-info/PKG-INFO", ".ruff_cache/x", "code/.pytest_cache/x",
    ]  # fmt: skip
    assert left_out(made) == made
    ignored = run(
        "git", "check-ignore", *(path for path in made if not path.startswith(".git/"))
    ).stdout.split()
    assert sorted(ignored) == sorted(path for path in made if not path.startswith(".git/"))


def readme_commands() -> list[str]:
    """The command lines in the shell blocks of the README and of docs/, continuation lines joined, comments removed."""
    text = "\n".join(GUIDES.values())
    blocks = re.findall(r"^```(?:bash|sh)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [shlex.join(line) for line in words if line]


def parse(command: str) -> tuple[dict[str, str], list[str]]:
    words = shlex.split(command)
    first = next(index for index, word in enumerate(words) if not re.match(r"[A-Z_]+=", word))
    return dict(word.split("=", 1) for word in words[:first]), words[first:]


def test_readme_has_commands():
    assert len(readme_commands()) > 5


@pytest.mark.parametrize("command", dict.fromkeys(readme_commands()))
def test_readme_command_exists(command):
    """Every command is understood; those that only look are run."""
    variables, words = parse(command)
    assert set(variables) <= {
        "KERAS_BACKEND",
        "XLA_PYTHON_CLIENT_PREALLOCATE",
        "TRANSFERSTUDY_DATA",
        "CHROMIUM",
        "TRANSFERSTUDY_TEST_ALL",
    }
    if words[0] == "make":
        names = [word for word in words[1:] if "=" not in word]
        assert set(names) <= set(targets())
        assert run(*words, "--dry-run").returncode == 0
    elif words[1:3] == ["-m", "transferstudy"]:
        from transferstudy.cli import parser

        options = parser().parse_args([re.sub(r"\$\w+", "1", word) for word in words[3:]])
        theirs = getattr(options, "data", None) or getattr(options, "results", None)
        if options.command in {"plan", "status", "verify"} and not theirs:
            shown = run(sys.executable, *words[1:], env=os.environ | variables)
            assert shown.returncode == 0, shown.stderr
            if options.command == "verify":  # the committed results, every measure of every run
                stored = len(list((ROOT / "results" / "runs").glob("*.json")))
                assert f"{stored} results: files whole, measures recomputed" in shown.stdout
    elif words[:3] == ["quarto", "use", "template"]:
        assert (ROOT / ".quartoignore").is_file() and words[3] == "OWNER/NAME"
    elif words[0] == "sh":  # test_on_a_gpu.py runs it
        assert (ROOT / words[1]).is_file()
    elif words[1:4] == ["-m", "pip", "install"]:
        known = PROJECT["project"]["optional-dependencies"]
        assert {Requirement(word).name for word in words[4:]} <= set(known)
    else:
        assert command == ". .venv/bin/activate"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_links_of_the_readme_and_the_guides_lead_somewhere(guide):
    text = GUIDES[guide]
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)", text) + re.findall(r'src="([^":]+)"', text)
    assert targets
    assert [target for target in targets if not (guide.parent / target).exists()] == []


def test_the_readme_is_read_in_a_few_minutes():
    """A page and a half; what is longer stands in docs/ or on the site."""
    assert len(README.split()) <= 750


def test_no_registry_or_machine_in_the_tree():
    """Where packages come from is configured on each machine; only the hosted workflow names an index."""
    hosts = r"pypi[.]org|pythonhosted[.]org|(index|find)-(url|links) |(^|[^.\w])/(root|home)/\w"
    found = run("git", "grep", "-nIE", hosts, "--", ".", ":!.github", ":!code/tests/test_setup.py", ":!*.bib")
    assert found.stdout == ""

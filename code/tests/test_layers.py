"""Imports run one way: each room knows those below it, lazily imported ones included, and no two modules know each other."""

import ast
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.util import find_spec, resolve_name
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "transferstudy"
# From the ground up: a room may import the rooms before it.
ROOMS = (
    "errors", "files", "arrays", "paths", "keras_settings", "plan", "data", "results", "models", "training", "running", "analysis", "experiments", "checking",
    "report", "own_images", "commands", "cli", "__main__",
)  # fmt: skip
GROUND = ROOMS[: ROOMS.index("plan")]  # modules, no folders
NEVER = {
    "data": {"plan"},  # any data set, whoever asks
    "analysis": {"models", "training", "running"},  # results to numbers, without a framework
    "report": {"training", "running"},  # rendering never trains
}
FRAMEWORKS = {"keras", "tensorflow", "jax", "torch"}
LARGEST = 300  # lines of a module
LARGEST_ROOM = 2_000  # lines of a folder's own modules; `report` is larger


def imports() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Every module's imports, as dotted names below the package: of the package's own modules, and of other packages."""
    paths = {p.relative_to(PACKAGE).with_suffix("").parts: p for p in PACKAGE.rglob("*.py")}
    files = {".".join(parts[:-1] if parts[-1] == "__init__" else parts): p for parts, p in paths.items()}
    own, others = {name: set() for name in files if name}, {name: set() for name in files if name}
    for name in own:
        here = [*name.split("."), "__init__"] if files[name].name == "__init__.py" else name.split(".")
        for node in ast.walk(ast.parse(files[name].read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                others[name] |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                others[name].add(node.module.split(".")[0])
            elif isinstance(node, ast.ImportFrom):
                base = here[: len(here) - node.level] + (node.module.split(".") if node.module else [])
                found = [".".join([*base, alias.name]) for alias in node.names]
                own[name] |= {f if f in files else ".".join(base) for f in found} - {"", name}
    return own, others


OWN, OTHERS = imports()


def room(module: str) -> str:
    return module.split(".")[0]


def test_a_room_imports_those_below_it_only():
    assert {room(module) for module in OWN} <= set(ROOMS), "a new room needs its place in ROOMS"
    arrows = {(module, target) for module, targets in OWN.items() for target in targets}
    up = [(m, t) for m, t in arrows if ROOMS.index(room(t)) > ROOMS.index(room(m))]
    assert up + [(m, t) for m, t in arrows if room(t) in NEVER.get(room(m), ())] == []


def test_few_arrows_run_between_rooms():
    """An experiment is a room of its own here, and the modules that every room stands on are one.

    The first edition had 250 arrows between 47 rooms and modules.
    """

    def part(module: str) -> str:
        if module in GROUND:
            return "ground"
        return ".".join(module.split(".")[: 2 if room(module) == "experiments" else 1])

    arrows = {(part(m), part(t)) for m, targets in OWN.items() for t in targets if part(m) != part(t)}
    assert len(arrows) <= 115, f"{len(arrows)} between {len({part(m) for m in OWN})} rooms"


def test_no_modules_import_each_other_in_a_circle():
    try:
        TopologicalSorter(OWN).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


def test_every_imported_name_exists():
    """Imports inside functions included, which no other test may reach."""
    missing = []
    for path in PACKAGE.rglob("*.py"):
        package = ".".join(["transferstudy", *path.relative_to(PACKAGE).parent.parts])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not (
                node.level or node.module.startswith("transferstudy")
            ):
                continue
            source = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                found = hasattr(import_module(source), alias.name) or find_spec(f"{source}.{alias.name}")
                missing += [] if found else [f"{path.name}: from {source} import {alias.name}"]
    assert missing == []


def test_numbers_are_made_without_a_deep_learning_framework():
    assert [m for m, found in OTHERS.items() if room(m) in ("plan", "analysis") and found & FRAMEWORKS] == []


def test_modules_are_short():
    lines = {p.name: len(p.read_text(encoding="utf-8").splitlines()) for p in PACKAGE.rglob("*.py")}
    assert {name: n for name, n in lines.items() if n > LARGEST} == {}


def test_rooms_are_small():
    lines: dict[str, int] = {}
    for path in PACKAGE.rglob("*.py"):
        folder = path.parent.relative_to(PACKAGE).as_posix()
        lines[folder] = lines.get(folder, 0) + len(path.read_text(encoding="utf-8").splitlines())
    large = {name: n for name, n in lines.items() if n > LARGEST_ROOM and not name.startswith("report")}
    assert large == {}

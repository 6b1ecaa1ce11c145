"""A module's source text, cut into its definitions, so that each can stand in a cell of its own."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import StudyError
from ..paths import PACKAGE
from .names import imports


@dataclass(frozen=True)
class Definition:
    """One function, class or constant of a module.

    Attributes:
        module: file relative to the package, such as "data/splits.py".
        name: the name it defines.
        text: its source lines, comments above and decorators included, imports from this package left out.
        line: number of its first line in the file.
        is_code: whether it is a function or a class, not a constant.
        summary: the first paragraph of its docstring, or "".
    """

    module: str
    name: str
    text: str
    line: int
    is_code: bool
    summary: str

    @property
    def public(self) -> bool:
        """Whether it is a function or class that others may use."""
        return self.is_code and not self.name.startswith("_")


@dataclass(frozen=True)
class Module:
    """A module as the notebook sees it.

    Attributes:
        path: relative to the package.
        summary: the first paragraph of its docstring.
        definitions: name -> definition, in the order of the file.
        imports: name -> the statement that imports it from another library.
        own: name -> module of this package that it is imported from (anywhere in the file).
    """

    path: str
    summary: str
    definitions: dict[str, Definition]
    imports: dict[str, str]
    own: dict[str, str]


@cache
def read_module(path: str, root: Path = PACKAGE) -> Module:
    """Read `path`, relative to the package.

    Raises:
        StudyError: no such module, or an import from this package under another name, which one namespace cannot keep.
    """
    file = root / path
    if not file.is_file():
        raise StudyError(f"the narrative names {path}, which is no module of the package")
    text = file.read_text(encoding="utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    definitions, own = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            for alias in node.names:
                if alias.asname:
                    raise StudyError(
                        f"{path}: {alias.name} is imported as {alias.asname}: the notebook has one namespace, use its name"
                    )
                own[alias.name] = _target(root, path, node, alias.name)
    for node in tree.body:
        for name in _names(node):
            definitions[name] = _definition(path, name, node, lines)
    return Module(path, paragraph(ast.get_docstring(tree)), definitions, imports(text), own)


def _target(root: Path, path: str, node: ast.ImportFrom, name: str) -> str:
    folder = (root / path).parent
    for _ in range(node.level - 1):
        folder = folder.parent
    target = folder.joinpath(*(node.module or "").split("."))
    for candidate in (target.with_suffix(".py"), target / f"{name}.py", target / "__init__.py"):
        if candidate.is_file():
            if candidate.name == "__init__.py" and candidate.parent != root:
                inner = read_module(candidate.relative_to(root).as_posix(), root)
                return inner.own.get(name, inner.path)
            return candidate.relative_to(root).as_posix()
    raise StudyError(f"{path}: {name} is imported from {node.module}, which is not there")


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    if isinstance(node, ast.Assign):
        names = [n for t in node.targets for n in (t.elts if isinstance(t, ast.Tuple) else [t])]
        return [n.id for n in names if isinstance(n, ast.Name) and n.id != "__all__"]
    return []


def _definition(path: str, name: str, node: ast.stmt, lines: list[str]) -> Definition:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    inside = {
        number
        for part in ast.walk(node)
        if isinstance(part, ast.ImportFrom) and part.level
        for number in range(part.lineno - 1, part.end_lineno)
    }
    kept = [lines[i].rstrip() for i in range(first, node.end_lineno) if i not in inside]
    text = re.sub(r"\n\n\n+", "\n\n", "\n".join(kept)) if inside else "\n".join(kept)
    is_code = isinstance(node, ast.FunctionDef | ast.ClassDef)
    return Definition(
        path, name, text, first + 1, is_code, paragraph(ast.get_docstring(node)) if is_code else ""
    )


def paragraph(docstring: str | None) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join((docstring or "").split("\n\n")[0].split())

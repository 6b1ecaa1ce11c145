"""Which global names a piece of code defines and reads, and where."""

import ast
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Uses:
    """The global names that a piece of code defines and reads.

    Attributes:
        defines: names bound at its top level.
        at_once: names read when the code runs: in decorators, defaults, annotations, class bodies and statements.
        later: names read inside functions, when they are called.
        places: (line, column, name) of each global name in the text, lines from 1, columns in bytes.
    """

    defines: frozenset[str]
    at_once: frozenset[str]
    later: frozenset[str]
    places: tuple[tuple[int, int, str], ...]


@cache
def uses(text: str) -> Uses:
    """Return what a piece of code defines and reads; names that a function binds itself are not counted."""
    found = _Finder()
    for node in ast.parse(text).body:
        found.visit(node)
    return Uses(
        frozenset(found.defined), frozenset(found.at_once), frozenset(found.later), tuple(found.places)
    )


def import_statement(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """Return the statement that imports one name only."""
    tail = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
    return f"from {node.module} import {tail}" if isinstance(node, ast.ImportFrom) else f"import {tail}"


def imports(text: str) -> dict[str, str]:
    """Return what the top level of a piece of code imports from other libraries: name -> statement."""
    return {
        alias.asname or alias.name.split(".")[0]: import_statement(node, alias)
        for node in ast.parse(text).body
        if isinstance(node, ast.Import | ast.ImportFrom) and not getattr(node, "level", 0)
        for alias in node.names
    }


def renamed(text: str, new_names: dict[str, str]) -> str:
    """Return a piece of code with some of its global names replaced."""
    lines = text.split("\n")
    for line, column, name in sorted(uses(text).places, reverse=True):
        if name in new_names:
            row = lines[line - 1].encode()
            lines[line - 1] = (
                row[:column] + new_names[name].encode() + row[column + len(name.encode()) :]
            ).decode()
    return "\n".join(lines)


class _Finder(ast.NodeVisitor):
    def __init__(self):
        self.defined, self.at_once, self.later, self.places = set(), set(), set(), []
        self.scopes: list[tuple[bool, set[str]]] = []  # (of a function?, names bound there)

    def _bind(self, name: str):
        (self.scopes[-1][1] if self.scopes else self.defined).add(name)

    def visit_Name(self, node):
        here = (node.lineno, node.col_offset, node.id)
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id)
            if not self.scopes:
                self.places.append(here)
        elif not any(node.id in names for _, names in self.scopes):
            self.places.append(here)
            (self.later if any(function for function, _ in self.scopes) else self.at_once).add(node.id)

    def visit_Import(self, node):
        for alias in node.names:
            self._bind((alias.asname or alias.name).split(".")[0])

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node):
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_ClassDef(self, node):
        self._bind(node.name)
        if not self.scopes:
            self.places.append((node.lineno, node.col_offset + len("class "), node.name))
        for part in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
            self.visit(part)
        self._inside(node.body, False, set())

    def visit_FunctionDef(self, node):
        self._bind(node.name)
        if not self.scopes:
            self.places.append((node.lineno, node.col_offset + len("def "), node.name))
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        arguments += [a for a in (node.args.vararg, node.args.kwarg) if a]
        outer = [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults, node.returns]
        for part in (*outer, *(a.annotation for a in arguments)):
            if part is not None:
                self.visit(part)
        self._inside(node.body, True, {a.arg for a in arguments})

    def visit_Lambda(self, node):
        self._inside([node.body], True, {a.arg for a in [*node.args.args, *node.args.kwonlyargs]})

    def _comprehension(self, node):
        bound = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        self.scopes.append((False, bound))
        self.generic_visit(node)
        self.scopes.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _inside(self, body: list, function: bool, names: set[str]):
        # Names bound anywhere in a function are its own from its first line on, so they are collected first.
        if function:
            names = names | _bound(body)
        self.scopes.append((function, names))
        for part in body:
            self.visit(part)
        self.scopes.pop()


def _bound(body: list) -> set[str]:
    found = set()

    def walk(node):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            return
        if isinstance(node, ast.Lambda):
            return
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.update((a.asname or a.name).split(".")[0] for a in node.names)
        if isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        for child in ast.iter_child_nodes(node):
            walk(child)

    for part in body:
        walk(part)
    return found

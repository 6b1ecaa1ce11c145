"""Narrative and source text to cells: finds what is needed, puts it in its place, and checks that all names are known."""

import builtins
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import StudyError
from ..paths import PACKAGE
from . import coverage
from .names import imports, renamed, uses
from .narrative import Block, Narrative
from .source import Definition, read_module

BACK = "With these, the code that the text above speaks of."
LONG_CELL = 45  # lines from which on definitions that nobody placed get a cell of their own
GIVEN = {*dir(builtins), "display", "get_ipython", "__name__"}
Pair = tuple[str, str]


@dataclass(frozen=True)
class Cell:
    """A cell of the notebook: kind "text", "python" or "hidden" (folded under its first line), and what stands in it."""

    kind: str
    text: str


class Assembly:
    """Builds the cells of a narrative.

    Args:
        narrative: as `read_narrative` returns it.
        fill: name -> what takes the place of @@name@@ in the notebook's own code.
        root: the package.
    """

    def __init__(self, narrative: Narrative, fill: dict[str, str], root: Path = PACKAGE):
        self.narrative, self.fill, self.root = narrative, fill, root
        self.explicit: set[Pair] = set()
        for block in narrative.blocks:
            for pair in block.names:
                if pair in self.explicit:
                    raise StudyError(f"{block.file}: {pair[0]}: {pair[1]} stands in two cells")
                self._definition(pair)
                self.explicit.add(pair)
        self.own_names: set[str] = set()
        self.placed: dict[Pair, None] = {}
        self.written: set[tuple[str, int]] = set()  # module and line of what stands in a cell
        self.names: dict[str, object] = {}  # name in the notebook -> the pair or block that defines it
        self.imports: dict[str, str] = {}

    def cells(self) -> list[Cell]:
        """Return all cells.

        Raises:
            StudyError: a name that is unknown, defined twice or used before it is there; a public function without a place.
        """
        for block in self.narrative.blocks:
            if block.kind in ("python", "hidden"):
                self.own_names |= uses(self._filled(block)).defines
        made = []
        for block in self.narrative.blocks:
            made += self._cells_of(block)
        coverage.check(set(self.placed), self.narrative, self.root)
        self._check_names(made)
        return [Cell("python", self._import_text()) if c.kind == "imports" else c for c in made]

    # ---- one block

    def _cells_of(self, block: Block) -> list[Cell]:
        if block.kind in ("text", "imports"):
            return [Cell(block.kind, block.text)]
        if block.kind in ("python", "hidden"):
            text = self._filled(block)
            needed = [pair for pair in map(self._origin, sorted(_all(text))) if pair]
            before = self._before(needed)
            self._check_order(block, text)
            imported = imports(text)
            for name in uses(text).defines:
                self._claim(name, ("an import", imported[name]) if name in imported else ("own", name))
            return [*before, Cell(block.kind, text)]
        needed = [pair for placed in block.names for pair in self._needs(placed)]
        before = self._before([pair for pair in needed if pair not in block.names])
        return [*before, self._definitions(block.names, block.kind == "code folded")]

    def _check_order(self, block: Block, text: str) -> None:
        """What a cell runs, and what that needs in turn, must stand above it."""
        todo = [pair for pair in map(self._origin, sorted(uses(text).at_once)) if pair]
        seen: set[Pair] = set()
        while todo:
            pair = todo.pop()
            if pair in seen:
                continue
            seen.add(pair)
            if pair not in self.placed:
                raise StudyError(
                    f"{block.file}: a cell runs what needs {pair[0]}: {pair[1]}, which stands further down"
                )
            todo += self._needs(pair)

    def _filled(self, block: Block) -> str:
        text = block.text
        for name, value in self.fill.items():
            text = text.replace(f"@@{name}@@", value)
        if "@@" in text:
            raise StudyError(f"{block.file}: nothing is known for @@{text.split('@@')[1]}@@")
        return text

    def _before(self, needed: list[Pair]) -> list[Cell]:
        """Cells for what is needed and stands in no cell of the narrative, with the words of its docstrings."""
        missing: dict[Pair, None] = {}

        def add(pair: Pair):
            if pair in missing or pair in self.placed or pair in self.explicit:
                return
            for other in self._needs(pair):
                if other != pair and other in _at_once(self, pair):
                    add(other)
            missing[pair] = None
            for other in self._needs(pair):
                add(other)

        for pair in needed:
            add(pair)
        made: list[Cell] = []
        for group in _grouped(list(missing), self._definition):
            module = read_module(group[0][0], self.root)
            said = [d.summary for d in map(self._definition, group) if d.public and d.summary]
            words = " ".join(f"- {sentence}\n" for sentence in said).replace("\n ", "\n")
            made.append(Cell("text", f"**`{group[0][0]}`.** {module.summary}\n\n{words}".strip()))
            made.append(self._definitions(group, folded=True))
        # They stand between a paragraph and its code, which would otherwise follow without a word.
        return [*made, Cell("text", BACK)] if made else []

    def _definitions(self, pairs: list[Pair], folded: bool) -> Cell:
        """A cell of definitions; folded, it begins with the title that Colab shows instead of the code."""
        text = self._place(pairs)
        if not folded:
            return Cell("python", text)
        shown = [name for _, name in pairs if not name.startswith("_")] or [name for _, name in pairs]
        names = [self.narrative.renames.get(pair, pair[1]) for pair in pairs if pair[1] in shown]
        return Cell("hidden", f"# @title {', '.join(names)}\n{text}")

    def _place(self, pairs: list[Pair]) -> str:
        text, after = "", None
        for pair in pairs:
            definition = self._definition(pair)
            for name in _at_once(self, pair):
                if name not in self.placed and name not in pairs and name not in self.narrative.own:
                    raise StudyError(
                        f"the narrative places {pair[0]}: {pair[1]} before {name[0]}: {name[1]}, which it needs at once"
                    )
            if (pair[0], definition.line) in self.written:  # as HIGH in: LOW, HIGH = 1, 2
                self.placed[pair] = None
                self._claim(self.narrative.renames.get(pair, pair[1]), pair)
                continue
            self.written.add((pair[0], definition.line))
            if after:
                tight = (
                    not definition.is_code and not after.is_code and "\n" not in definition.text + after.text
                )
                text += "\n" if tight else "\n\n\n"
            text += renamed(definition.text, self._new_names(pair[0]))
            after = definition
            self.placed[pair] = None
            self._claim(self.narrative.renames.get(pair, pair[1]), pair)
            self._import(pair)
        return text

    # ---- names

    def _definition(self, pair: Pair) -> Definition:
        module = read_module(pair[0], self.root)
        if pair[1] not in module.definitions:
            raise StudyError(f"the narrative places {pair[0]}: {pair[1]}, which does not exist any more")
        return module.definitions[pair[1]]

    def _needs(self, pair: Pair) -> list[Pair]:
        """Everything of the package that a definition names, the notebook's own left out, in the order of the text."""
        module = read_module(pair[0], self.root)
        found: dict[Pair, None] = {}
        used = uses(self._definition(pair).text)
        for _, _, name in sorted(used.places):
            other = (pair[0], name) if name in module.definitions else (module.own.get(name, ""), name)
            if other[0] and other not in self.narrative.own and other != pair:
                found[other] = None
        return list(found)

    def _origin(self, name: str) -> Pair | None:
        """The placed definition that a name of the notebook's own code means."""
        for pair in self.explicit:
            if self.narrative.renames.get(pair, pair[1]) == name:
                return pair
        return None

    def _new_names(self, path: str) -> dict[str, str]:
        module = read_module(path, self.root)
        return {
            old: new
            for (where, old), new in self.narrative.renames.items()
            if where == path or module.own.get(old) == where
        }

    def _claim(self, name: str, owner: Pair) -> None:
        first = self.names.setdefault(name, owner)
        if first == owner or first[0] == owner[0] == "own":
            return
        raise StudyError(
            f"{name!r} means two things in the notebook, {first[0]} and {owner[0]}: "
            "rename one in the narrative (<!-- rename: module.py: name=other: why -->)"
        )

    def _import(self, pair: Pair) -> None:
        module = read_module(pair[0], self.root)
        for name in _all(self._definition(pair).text):
            if name in module.imports and name not in module.definitions:
                statement = self.imports.setdefault(name, module.imports[name])
                if statement != module.imports[name]:
                    raise StudyError(f"{name!r} is imported in two ways: {statement}; {module.imports[name]}")
                self._claim(name, ("an import", statement))

    def _import_text(self) -> str:
        groups: dict[bool, list[str]] = {True: [], False: []}
        merged: dict[str, set[str]] = {}
        for statement in self.imports.values():
            if statement.startswith("import "):
                groups[_standard(statement)].append(statement)
            else:
                head, _, tail = statement.partition(" import ")
                merged.setdefault(head, set()).add(tail)
        parts = []
        for standard in (True, False):
            plain = sorted(groups[standard])
            froms = [
                f"{head} import {', '.join(sorted(tails, key=_import_order))}"
                for head, tails in sorted(merged.items())
                if _standard(head) == standard
            ]
            if plain + froms:
                parts.append("\n".join(plain + froms))
        return "\n\n".join(parts)

    def _check_names(self, cells: list[Cell]) -> None:
        known, later = GIVEN | set(self.imports), set()
        for cell in cells:
            if cell.kind not in ("python", "hidden"):
                continue
            used = uses(cell.text)
            unknown = used.at_once - known - used.defines
            if unknown:
                raise StudyError(
                    f"a cell of the notebook uses {sorted(unknown)[0]!r} before it is there: {cell.text[:80]!r}"
                )
            known |= used.defines
            later |= used.later
        if later - known:
            raise StudyError(f"the notebook uses {sorted(later - known)[0]!r}, which nothing defines")


def _all(text: str) -> set[str]:
    used = uses(text)
    return set(used.at_once | used.later)


def _at_once(assembly: Assembly, pair: Pair) -> set[Pair]:
    names = uses(assembly._definition(pair).text).at_once
    return {other for other in assembly._needs(pair) if other[1] in names}


def _grouped(pairs: list[Pair], definition) -> list[list[Pair]]:
    """Cut a list into runs of one module, none much longer than `LONG_CELL` lines unless one definition is."""
    groups: list[list[Pair]] = []
    for pair in pairs:
        lines = lambda group: sum(definition(p).text.count("\n") + 1 for p in group)  # noqa: E731
        if groups and groups[-1][0][0] == pair[0] and lines([*groups[-1], pair]) <= LONG_CELL:
            groups[-1].append(pair)
        else:
            groups.append([pair])
    return groups


def _standard(statement: str) -> bool:
    return statement.split()[1].split(".")[0] in sys.stdlib_module_names


def _import_order(name: str) -> tuple:
    return (not name.isupper(), not name[:1].isupper(), name)

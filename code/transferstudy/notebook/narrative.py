"""The narrative: Markdown files whose marks say where code of the package stands.

What a narrative file may hold, beside text:

    ```python                              a cell of the notebook's own code; @@name@@ is filled in
    ```python hidden                       the same, folded away: for long data; begins with # @title
    <!-- code: data/splits.py: Split draw; data/dataset.py: ImageData -->      a cell of the package's definitions
    <!-- code folded: store.py: Store -->  the same, folded away under a title: for tools that need no reading
    <!-- imports -->                       a cell with every import that the package's definitions need
    <!-- own: paths.py: cache_dir: why -->        names of the package that the notebook's own code defines instead
    <!-- left out: presets.py: select: why -->    public names that the notebook does without
    <!-- rename: comparison.py: between=between_arms: why -->     a name that another module uses as well

Each cell of code follows a paragraph.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import StudyError

_MARK = re.compile(
    r"^<!-- (code|code folded|imports|own|left out|rename)(?:: (.*?))? -->$|^```python( hidden)?$",
    re.M | re.S,
)


@dataclass
class Block:
    """A part of the narrative that becomes one cell.

    Attributes:
        kind: "text", "python", "hidden", "code", "code folded" or "imports".
        text: Markdown or Python; "" for "code", "code folded" and "imports".
        names: of "code" and "code folded": (module, name) pairs in order.
        file: the narrative file, for errors.
    """

    kind: str
    text: str
    file: str
    names: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Narrative:
    """The whole narrative.

    Attributes:
        blocks: in order.
        own, left_out: (module, name) pairs that need not be placed.
        renames: (module, name) -> the name that it has in the notebook.
    """

    blocks: list[Block] = field(default_factory=list)
    own: set[tuple[str, str]] = field(default_factory=set)
    left_out: set[tuple[str, str]] = field(default_factory=set)
    renames: dict[tuple[str, str], str] = field(default_factory=dict)


def read_narrative(folder: Path) -> Narrative:
    """Read all `*.md` files of a folder, in the order of their names.

    Raises:
        StudyError: no file, a cell of code without a paragraph before it, or a mark that cannot be read.
    """
    files = sorted(folder.glob("*.md"))
    if not files:
        raise StudyError(f"{folder.name}: holds no narrative (*.md)")
    made = Narrative()
    for file in files:
        _read(file.name, file.read_text(encoding="utf-8"), made)
    return made


def _read(file: str, text: str, made: Narrative) -> None:
    position = 0
    explained = False
    while mark := _MARK.search(text, position):
        explained = _text(file, text[position : mark.start()], made) or explained
        position = mark.end()
        kind, argument = mark[1], mark[2]
        if kind in ("own", "left out", "rename"):
            _declare(file, kind, argument, made)
            continue
        if not explained:
            line = text.count("\n", 0, mark.start()) + 1
            raise StudyError(f"{file}, line {line}: a cell of code without a paragraph that explains it")
        explained = False
        if kind is None:
            end = text.find("\n```\n", position)
            if end < 0:
                raise StudyError(f"{file}: a ```python block does not end")
            content = text[position:end].strip("\n")
            made.blocks.append(Block("hidden" if mark[3] else "python", content, file))
            position = end + 5
        else:
            made.blocks.append(Block(kind, "", file, [] if kind == "imports" else _pairs(file, argument)))
    _text(file, text[position:], made)


def _text(file: str, text: str, made: Narrative) -> bool:
    if not text.strip():
        return False
    made.blocks.append(Block("text", text.strip(), file))
    return True


def _pairs(file: str, argument: str) -> list[tuple[str, str]]:
    pairs = []
    for part in argument.split(";"):
        module, colon, names = part.strip().partition(":")
        if not colon or not names.split():
            raise StudyError(f"{file}: {argument!r}: expected module.py: name name")
        pairs += [(module.strip(), name) for name in names.split()]
    return pairs


def _declare(file: str, kind: str, argument: str, made: Narrative) -> None:
    listed, colon, why = argument.rpartition(":")
    if not colon or ":" not in listed or not why.strip():
        raise StudyError(f"{file}: {kind}: {argument}: says no reason")
    pairs = _pairs(file, listed)
    if kind == "rename":
        for module, pair in pairs:
            old, _, new = pair.partition("=")
            made.renames[module, old] = new
    else:
        (made.own if kind == "own" else made.left_out).update(pairs)

"""Cards: one small YAML file a data set or weights file, with what its makers say of it."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from ..errors import StudyError
from ..paths import project_root
from .cardschema import DataCard, WeightsCard

APPLICATIONS = "applications"  # the file with published accuracies of keras.applications
_CARD = TypeAdapter(Annotated[DataCard | WeightsCard, Field(discriminator="kind")])


def card(name: str) -> dict:
    """Return the content of `cards/<name>.yaml`; HTML in its texts is shown, not run.

    Raises:
        StudyError: there is none, or it is not valid YAML.
    """
    path = project_root() / "cards" / f"{name}.yaml"
    try:
        return _inert(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise StudyError(
            f"cards/{name}.yaml: missing; every data set and weights file needs a card"
        ) from None
    except yaml.YAMLError as error:
        raise StudyError(f"cards/{name}.yaml: not valid YAML: {error}") from None


def _inert(content):
    """What a card says is Markdown without HTML and attributes: its words, links and citations, and nothing that runs."""
    if isinstance(content, dict):
        return {key: _inert(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_inert(value) for value in content]
    return content.replace("<", "&lt;").replace("{", "&#123;") if isinstance(content, str) else content


def read_card(name: str) -> DataCard | WeightsCard:
    """Return the card of a data set or weights file, checked.

    Raises:
        StudyError: as `card`; or a field is missing, unknown or of the wrong kind: the message names it.
    """
    content = card(name)
    try:
        found = _CARD.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        # The first step of the path only repeats the kind of card.
        field = ".".join(str(step) for step in first["loc"][1:]) or "kind"
        raise StudyError(
            f"cards/{name}.yaml: {field}: {first['msg'].removeprefix('Value error, ')}; "
            "code/transferstudy/report/cardschema.py lists the fields"
        ) from None
    if found.name != name:
        raise StudyError(f"cards/{name}.yaml: name is {found.name!r}: it must be the file's name")
    return found


def card_names() -> list[str]:
    """Return the names of all cards in `cards/`, sorted; files without `kind` are other tables and no cards."""
    folder: Path = project_root() / "cards"
    return sorted(p.stem for p in folder.glob("*.yaml") if "kind" in (card(p.stem) or {}))


def published() -> dict[str, dict]:
    """Return published top-1 accuracies: builder -> `top1` (0..1) and `seen` (where it was read).

    Raises:
        StudyError: an entry is incomplete, or its accuracy is none.
    """
    found = {}
    for row in card(APPLICATIONS)["top1"]:
        if set(row) != {"builder", "top1", "seen"} or not 0 < row["top1"] < 1 or not row["seen"].strip():
            raise StudyError(
                f"cards/{APPLICATIONS}.yaml: {row}: a row has builder, top1 (between 0 and 1) and seen, its source"
            )
        found[row["builder"]] = row
    return found

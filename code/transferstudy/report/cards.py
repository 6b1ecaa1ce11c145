"""Cards: one small YAML file a data set or weights file, with what its makers say of it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from ..errors import StudyError
from ..files import first_fault, fitting, read_yaml
from ..paths import project_root
from .cardschema import DataCard, Published, WeightsCard

APPLICATIONS = "applications"  # the file with published accuracies of keras.applications
TABLES = (APPLICATIONS, "citations")  # other files in the folder of cards
_CARD = TypeAdapter(Annotated[DataCard | WeightsCard, Field(discriminator="kind")])


def card(name: str) -> dict:
    """Return the content of `cards/<name>.yaml`; HTML in its texts is shown, not run.

    Raises:
        StudyError: there is none, it is not valid YAML, or it holds no fields.
    """
    path = project_root() / "cards" / f"{name}.yaml"
    shown = f"cards/{name}.yaml"
    mend = f"mend it, or restore it: git checkout -- {shown}"
    try:
        content = read_yaml(path, mend, shown)
    except FileNotFoundError:
        raise StudyError(f"{shown}: missing; every data set and weights file needs a card") from None
    if not isinstance(content, dict) or not content:
        raise StudyError(f"{shown}: a card is a list of fields with values; {mend}")
    return _inert(content)


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
        # The first step of the path only repeats the kind of card.
        raise StudyError(
            f"cards/{name}.yaml: {first_fault(error, skip=1, whole='kind')}; code/transferstudy/report/cardschema.py lists the fields"
        ) from None
    if found.name != name:
        raise StudyError(f"cards/{name}.yaml: name is {found.name!r}: it must be the file's name")
    return found


def card_names() -> list[str]:
    """Return the names of all cards in `cards/`, sorted; the tables of `TABLES` are no cards.

    Raises:
        StudyError: as `card`.
    """
    folder: Path = project_root() / "cards"
    names = sorted(p.stem for p in folder.glob("*.yaml"))
    return [name for name in names if card(name) and name not in TABLES]


def published() -> dict[str, dict]:
    """Return published top-1 accuracies: builder -> `top1` (0..1) and `seen` (where it was read).

    Raises:
        StudyError: an entry is incomplete, or its accuracy is none.
    """
    shown = f"cards/{APPLICATIONS}.yaml"
    mend = "a row has builder, top1 (between 0 and 1) and seen, its source"
    fitting(Published, card(APPLICATIONS), shown, mend)
    return {row["builder"]: row for row in card(APPLICATIONS)["top1"]}

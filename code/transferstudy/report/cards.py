"""Cards: one small YAML file a data set or weights file, with what its makers say of it."""

import yaml

from ..errors import StudyError
from ..paths import project_root


def card(name: str) -> dict:
    """Return the card `cards/<name>.yaml`.

    Raises:
        StudyError: there is none, or it is not valid YAML.
    """
    path = project_root() / "cards" / f"{name}.yaml"
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(
            f"cards/{name}.yaml: missing; every data set and weights file needs a card"
        ) from None
    except yaml.YAMLError as error:
        raise StudyError(f"cards/{name}.yaml: not valid YAML: {error}") from None

"""Plain values into a checked model: what is wrong becomes one sentence that names the field."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import StudyError

Model = TypeVar("Model", bound=BaseModel)


def parsed(model: type[Model], values: dict[str, Any], where: str) -> Model:
    """Make a model from plain values.

    Args:
        model: its class.
        values: field name -> value.
        where: what to name in the error, such as a file and table.

    Raises:
        StudyError: a field is missing, unknown, out of range or of another type, or two fields contradict each other.
    """
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "fields"
        raise StudyError(f"{where}: {field}: {first['msg'].removeprefix('Value error, ')}") from None

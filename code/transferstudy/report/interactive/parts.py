"""What both pieces share: templates, embedded data, numbers as whole tenths of a per cent, and colours."""

import json
import re
from functools import cache
from typing import Any

from IPython.display import Markdown
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..figures.style import THEMES, colour

_PLACE = re.compile(r"\{(\w+)\}")


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip


def html(template: str, **values: Any) -> Markdown:
    """Return a template as a raw HTML block: a display of HTML would make Quarto load scripts from another host."""
    text = _templates().get_template(template).render(**values)
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)  # a name may hold a fence
    fence = "`" * (longest + 1)
    return Markdown(f"{fence}{{=html}}\n{text.strip()}\n{fence}")


def embedded(data: dict) -> Markup:
    """Return data as compact JSON that may stand inside a `<script>` element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def tenths(share: float) -> int:
    """Return a share (0..1) in tenths of a per cent, rounded as `values.percent` rounds: 0.601 -> 601."""
    return int(f"{100 * share:.1f}".replace(".", ""))


def shown(tenths_of_percent: int) -> str:
    """Return what `tenths` made as a reader sees it, without the unit: 601 -> "60.1"."""
    return f"{tenths_of_percent / 10:.1f}"


def fill(sentence: str, values: dict[str, Any]) -> str:
    """Put values into the {places} of a sentence, as the scripts do."""
    return _PLACE.sub(lambda match: str(values[match[1]]), sentence)


def tones(strategy: str) -> str:
    """Return the colours of a strategy as CSS variables, one for each theme."""
    return ";".join(f"--{theme}:{colour(strategy, theme)}" for theme in THEMES)

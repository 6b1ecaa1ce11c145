"""Which YAML keys the renderer knows: in ``_quarto.yml``, in front matter and in cells.

A schema is ``ANY`` (whatever is there is fine), a dictionary of known keys, a list with the schema of its items,
a set of allowed scalars, or a tuple of alternatives.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from renderer.errors import RenderError

ANY = object()
FLAG = {True, False}

EXECUTE = dict.fromkeys(("echo", "warning", "include", "eval"), FLAG) | {
    "output": {True, False, "asis"},
    "daemon": FLAG,
}
SHARED_FORMAT = dict.fromkeys(
    "theme css toc toc-depth toc-title code-fold code-summary code-copy code-overflow highlight-style"
    " fig-width fig-height fig-dpi number-sections link-citations lang citations-hover footnotes-hover"
    " crossrefs-hover".split(),
    ANY,
) | {
    "html-math-method": {"mathml"},
    "fig-format": {"retina", "png", "svg"},
    "execute": EXECUTE,
}
HTML = SHARED_FORMAT | {
    "respect-user-color-scheme": {True},
    "smooth-scroll": FLAG,
    "anchor-sections": FLAG,
    "page-layout": {"article"},
}
REVEALJS = SHARED_FORMAT | {
    "width": ANY,
    "height": ANY,
    "margin": ANY,
    "slide-number": ANY,
    "slide-level": {2},
    "transition": ANY,
    "controls": FLAG,
    "progress": FLAG,
    "center": FLAG,
    "hash": FLAG,
    "history": FLAG,
    "menu": FLAG,
    "incremental": {False},
    "auto-stretch": {False},
    "footer": ANY,
    "title-slide-attributes": {"data-notes": ANY},
}
FORMAT = ({"html"}, {"html": (HTML, {"default"})}, {"revealjs": REVEALJS})
COMMON = {
    "lang": ANY,
    "bibliography": ANY,
    "csl": ANY,
    "link-citations": FLAG,
    "number-sections": FLAG,
    "execute": EXECUTE,
    "jupyter": {"python3"},
    "engine": {"jupyter"},
    "format": FORMAT,
}
PAGE = (
    COMMON
    | dict.fromkeys("title subtitle author date abstract description pagetitle nocite".split(), ANY)
    | {key: HTML[key] for key in "toc toc-depth toc-title code-fold code-summary css".split()}
    | {"search": FLAG}
)
LINK = ({"href": ANY, "text": ANY}, ANY)
NAV = {"title": ANY, "left": [LINK], "right": [LINK], "search": FLAG, "background": ANY, "pinned": FLAG}
CARD = {"title": ANY, "description": ANY, "image": ANY, "image-alt": ANY}
SIDEBAR_ITEM = (ANY, {"href": ANY, "text": ANY, "section": ANY, "contents": ANY})
PROJECT = COMMON | {
    "quarto-required": ANY,
    "project": {
        "type": {"website"},
        "title": ANY,
        "output-dir": {"_site"},
        "execute-dir": {"project"},
        "render": ANY,
        "resources": ANY,
        "pre-render": ANY,
        "post-render": ANY,
    },
    "website": {
        "title": ANY,
        "description": ANY,
        "site-url": ANY,
        "repo-url": ANY,
        "favicon": ANY,
        "open-graph": (CARD, FLAG),
        "twitter-card": (CARD | {"card-style": {"summary", "summary_large_image"}}, FLAG),
        "search": FLAG,
        "navbar": NAV,
        "sidebar": {
            "title": ANY,
            "style": ANY,
            "background": ANY,
            "search": FLAG,
            "collapse-level": ANY,
            "contents": [SIDEBAR_ITEM],
        },
        "page-navigation": FLAG,
        "bread-crumbs": FLAG,
        "back-to-top-navigation": FLAG,
        "page-footer": ({"left": ANY, "center": ANY, "right": ANY, "border": FLAG}, ANY),
    },
}
CELL = {
    "label": ANY,
    "echo": FLAG,
    "include": FLAG,
    "output": {True, False, "asis"},
    "warning": FLAG,
    "eval": FLAG,
    "fig-alt": ANY,
    "fig-cap": ANY,
    "tbl-cap": ANY,
    "code-fold": {True, False, "show"},
    "code-summary": ANY,
    "renderings": ANY,
}


def load(text: str, schema: dict, file: str | Path, first_line: int = 1) -> dict:
    """Parse YAML and check every key against a schema.

    Args:
        text: the YAML.
        schema: one of the schemas of this module.
        file: named in errors.
        first_line: the line of ``file`` on which ``text`` begins.

    Raises:
        RenderError: not YAML, or a key or value that the renderer does not know, with its line.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + mark.line if mark else first_line
        raise RenderError(f"not valid YAML: {getattr(error, 'problem', error)}", file, line) from error
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise RenderError("expected `key: value` lines", file, first_line + node.start_mark.line)
    _check(node, schema, file, first_line, "")
    return yaml.safe_load(text)


def _check(node: yaml.Node, schema, file, first_line: int, path: str) -> None:
    line = first_line + node.start_mark.line
    if schema is ANY:
        return
    if isinstance(schema, tuple):
        fitting = [option for option in schema if _kind_fits(node, option)]
        if not fitting:
            raise RenderError(f"the embedded renderer does not know this form of `{path}`", file, line)
        keyed = [option for option in fitting if isinstance(option, dict)]
        shared = [option for option in keyed if set(option) & {key.value for key, _ in node.value}]
        _check(node, (shared or keyed or fitting)[0], file, first_line, path)
    elif isinstance(schema, dict) and isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = f"{path}.{key.value}" if path else key.value
            if key.value not in schema:
                known = ", ".join(sorted(schema))
                raise RenderError(
                    f"the embedded renderer does not know `{name}`",
                    file,
                    first_line + key.start_mark.line,
                    f"use one of: {known}",
                )
            _check(value, schema[key.value], file, first_line, name)
    elif isinstance(schema, list) and isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(item, schema[0], file, first_line, path)
    elif isinstance(schema, (set, frozenset)) and isinstance(node, yaml.ScalarNode):
        value = yaml.safe_load(yaml.serialize(node))
        if not any(
            value is allowed or (value == allowed and type(value) is type(allowed)) for allowed in schema
        ):
            allowed = ", ".join(
                sorted(str(item).lower() if isinstance(item, bool) else str(item) for item in schema)
            )
            raise RenderError(
                f"the embedded renderer does not know `{path}: {node.value}`",
                file,
                line,
                f"use one of: {allowed}",
            )
    else:
        raise RenderError(f"the embedded renderer does not know this form of `{path}`", file, line)


def _kind_fits(node: yaml.Node, schema) -> bool:
    if schema is ANY:
        return True
    kind = {dict: yaml.MappingNode, list: yaml.SequenceNode}.get(type(schema), yaml.ScalarNode)
    return isinstance(node, kind)

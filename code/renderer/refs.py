"""Numbered figures, tables, sections and equations, and the references to them (numbered per page)."""

from __future__ import annotations

import html
import re

import panflute as pf

from renderer.errors import RenderError
from renderer.source import Source

NAMES = {"fig": "Figure", "tbl": "Table", "sec": "Section", "eq": "Equation"}
OTHER = re.compile(r"^(thm|lem|cor|prp|cnj|def|exm|exr|lst|sol|rem|nte|tip|wrn|imp|cau|apx|ch)-")
EQUATION = re.compile(r"^\{#(eq-[^}\s]+)\}(.*)$", re.DOTALL)


def number(doc: pf.Doc, source: Source, number_sections: bool) -> dict[str, str]:
    """Number everything that can be referred to, and write captions and equation numbers.

    Args:
        doc: the page, changed in place.
        source: for the lines in errors.
        number_sections: whether headings show their numbers.

    Returns:
        label -> its number as text.

    Raises:
        RenderError: a label used twice, sub-figures, or a kind of label that the renderer does not know.
    """
    labels: dict[str, str] = {}
    counts = dict.fromkeys(NAMES, 0)
    _number_sections(doc, labels, number_sections)

    def claim(label: str, kind: str) -> str:
        if label in labels:
            raise RenderError(f"the label `{label}` is used twice", source.path, source.locate(label))
        counts[kind] += 1
        labels[label] = str(counts[kind])
        return labels[label]

    def visit(element, _doc):
        label = getattr(element, "identifier", "")
        if label and OTHER.match(label) and not isinstance(element, pf.Header):
            raise RenderError(
                f"the embedded renderer does not number `#{label}`", source.path, source.locate(f"#{label}")
            )
        kind = label.split("-")[0] if re.match(r"^(fig|tbl)-", label) else None
        if kind and isinstance(element, (pf.Div, pf.Figure, pf.Table)):
            _refuse_inner(element, source)

    doc.walk(visit)
    doc.walk(lambda element, _doc: _float(element, claim))
    doc.walk(lambda element, _doc: _equations(element, claim))
    return labels


def _refuse_inner(element, source: Source) -> None:
    inner = []
    element.walk(
        lambda item, _doc: (
            inner.append(item.identifier)
            if item is not element and re.match(r"^(fig|tbl)-", getattr(item, "identifier", ""))
            else None
        )
    )
    if inner:
        raise RenderError(
            f"the embedded renderer does not know sub-figures: `{inner[0]}` inside `{element.identifier}`",
            source.path,
            source.locate(inner[0]),
        )


def _number_sections(doc: pf.Doc, labels: dict[str, str], shown: bool) -> None:
    headers: list[pf.Header] = []
    doc.walk(lambda element, _doc: headers.append(element) if isinstance(element, pf.Header) else None)
    top = min((header.level for header in headers), default=1)
    counters = [0] * 7
    for header in headers:
        if "unnumbered" in header.classes:
            continue
        counters[header.level] += 1
        counters[header.level + 1 :] = [0] * (6 - header.level)
        number = ".".join(str(count) for count in counters[top : header.level + 1])
        if header.identifier.startswith("sec-"):
            labels[header.identifier] = number
        if shown:
            span = pf.Span(pf.Str(number), classes=["header-section-number"])
            header.content = [span, pf.Space, *header.content]


def _float(element, claim):
    label = getattr(element, "identifier", "")
    kind = label.split("-")[0] if re.match(r"^(fig|tbl)-", label) else None
    if isinstance(element, pf.Image) and kind and not isinstance(element.ancestor(2), pf.Figure):
        return None
    if isinstance(element, pf.Figure):
        image = _only_image(element)
        label = label or (image.identifier if image is not None else "")
        if label.startswith("fig-"):
            if image is not None:
                image.identifier = ""
            content, caption = list(element.content), _inlines(element.caption.content)
            return _numbered(label, "fig", claim, content, caption)
    elif isinstance(element, pf.Table) and kind == "tbl":
        caption = _inlines(element.caption.content)
        element.identifier, element.caption = "", pf.Caption()
        return _numbered(label, "tbl", claim, [element], caption)
    elif isinstance(element, pf.Div) and kind and "quarto-float" not in element.classes:
        content, caption = list(element.content), []
        if len(content) > 1 and isinstance(content[-1], pf.Para):
            caption = list(content.pop().content)
        elif len(content) == 1 and isinstance(content[0], pf.Table):
            caption = _inlines(content[0].caption.content)
            content[0].caption = pf.Caption()
        return _numbered(label, kind, claim, content, caption)
    return None


def _only_image(figure: pf.Figure):
    images = []
    figure.walk(lambda item, _doc: images.append(item) if isinstance(item, pf.Image) else None)
    return images[0] if len(images) == 1 else None


def _inlines(blocks) -> list:
    return [inline for block in blocks for inline in block.content]


def _numbered(label: str, kind: str, claim, content: list, caption: list) -> pf.Div:
    number = claim(label, kind)
    place = "top" if kind == "tbl" else "bottom"
    words = [pf.Str(f"{NAMES[kind]}\u00a0{number}" + (":" if caption else ""))]
    words += [pf.Space, *caption] if caption else []
    name = html.escape(f"{label}-caption")
    classes = f"quarto-float-caption quarto-float-caption-{place} quarto-float-{kind}"
    captioned = [
        pf.RawBlock(f'<figcaption class="{classes}" id="{name}">'),
        pf.Plain(*words),
        pf.RawBlock("</figcaption>"),
    ]
    body = [pf.Div(*content, attributes={"aria-describedby": f"{label}-caption"})]
    inside = captioned + body if kind == "tbl" else body + captioned
    return pf.Div(
        pf.RawBlock(f'<figure class="quarto-float quarto-float-{kind} figure">'),
        *inside,
        pf.RawBlock("</figure>"),
        identifier=label,
        classes=["quarto-float", "quarto-figure", "quarto-figure-center"],
    )


def _equations(element, claim):
    if not isinstance(element, (pf.Para, pf.Plain)):
        return None
    items, changed = list(element.content), False
    for i, item in enumerate(items):
        if not (isinstance(item, pf.Math) and item.format == "DisplayMath"):
            continue
        j = i + 1
        while j < len(items) and isinstance(items[j], (pf.Space, pf.SoftBreak)):
            j += 1
        named = EQUATION.match(items[j].text) if j < len(items) and isinstance(items[j], pf.Str) else None
        if named:
            number = claim(named[1], "eq")
            marked = pf.Span(pf.Str(f"({number})"), classes=["equation-number"])
            items[i : j + 1] = [
                pf.Span(item, marked, identifier=named[1], classes=["equation"]),
                pf.Str(named[2]),
            ]
            changed = True
    if changed:
        element.content = items
    return None


def resolve(doc: pf.Doc, labels: dict[str, str], keys: set[str], source: Source) -> bool:
    """Turn ``@fig-x`` into links and check the keys of what remains for citeproc.

    Returns:
        whether the page cites anything.

    Raises:
        RenderError: a reference without a target on this page, or a key that is not in the bibliography.
    """
    cited = []

    def visit(element, _doc):
        if not isinstance(element, pf.Cite):
            return None
        kinds = [_label(item.id) for item in element.citations]
        if not any(kinds):
            for item in element.citations:
                if item.id not in keys:
                    line = source.locate(f"@{item.id}", f"@{{{item.id}}}")
                    raise RenderError(
                        f"the bibliography has no `{item.id}`",
                        source.path,
                        line,
                        "add the entry or mend the key",
                    )
            cited.append(element)
            return None
        return _links(element, labels, source)

    doc.walk(visit)
    return bool(cited)


def _label(key: str) -> str | None:
    lowered = key[:1].lower() + key[1:]
    return lowered if (lowered.split("-")[0] in NAMES and "-" in lowered) or OTHER.match(lowered) else None


def _links(cite: pf.Cite, labels: dict[str, str], source: Source) -> list:
    found: list = []
    for item in cite.citations:
        label = _label(item.id)
        if label not in labels:
            raise RenderError(
                f"`@{item.id}` refers to nothing on this page",
                source.path,
                source.locate(f"@{item.id}"),
                f"define `#{item.id}` here, or link to the page that has it",
            )
        text: list = [pf.Str(labels[label])]
        if item.prefix:
            text = [*item.prefix, pf.Str("\u00a0"), *text]
        elif item.mode != "SuppressAuthor":
            text = [pf.Str(f"{NAMES[label.split('-')[0]]}\u00a0{labels[label]}")]
        found += [pf.Str(","), pf.Space] if found else []
        found.append(pf.Link(*text, url=f"#{label}", classes=["quarto-xref"]))
    return found

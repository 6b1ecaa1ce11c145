"""Callouts, tabsets, links and images; every block feature of Quarto that is not known is refused here."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from urllib.parse import unquote

import panflute as pf

from renderer.errors import RenderError
from renderer.pandoc import parse
from renderer.source import Source

CALLOUTS = ("note", "tip", "warning", "important", "caution")
FAMILY = re.compile(
    r"^((callout|panel|column|content|layout|margin|grid|g-col|quarto|listing|embed)-.+"
    r"|aside|grid|hidden|unlisted-div|lightbox|theorem|proof|remark|solution|callout|panel|embed|fullscreen)$"
)
ATTRIBUTES = re.compile(
    r"^(layout.*|fig-(?!alt$).+|tbl-.+|code-.+|lst-.+|group|when-.+|unless-.+|filename|fullscreen)$"
)
ELSEWHERE = re.compile(r"^([a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


class Blocks:
    """Rewrites one page.

    Args:
        root: project root.
        source: the page.
        pages: every rendered page, as paths relative to the root.
        deck: whether the page is a deck.
        rooted: the site's path on its server, for a page that is shown under any address (404).

    Attributes:
        resources: files of the project that the page links to or shows, relative to the root.
    """

    def __init__(self, root: Path, source: Source, pages: set[Path], deck: bool, rooted: str | None = None):
        self.root, self.source, self.pages, self.deck, self.rooted = root, source, pages, deck, rooted
        self.resources: set[Path] = set()
        self.tabsets = 0

    def rewrite(self, doc: pf.Doc) -> None:
        """Change the document in place.

        Raises:
            RenderError: a feature that is not known, or a link to a page that does not exist.
        """
        doc.walk(self._check)
        doc.walk(self._div)
        doc.walk(self._link)

    def _fail(self, message: str, *needles: str, mend: str = "") -> RenderError:
        return RenderError(message, self.source.path, self.source.locate(*needles), mend)

    def _check(self, element, _doc):
        if self.deck and isinstance(element, pf.Note):
            raise self._fail("the embedded renderer has no footnotes in a deck", "[^", "^[")
        known = {f"callout-{kind}" for kind in CALLOUTS} | {"panel-tabset"}
        for name in getattr(element, "classes", []):
            if FAMILY.match(name) and name not in known:
                raise self._fail(f"the embedded renderer does not know the class `.{name}`", f".{name}")
        if "notes" in getattr(element, "classes", []) and not self.deck:
            raise self._fail("speaker notes belong in a deck", ".notes")
        for name in getattr(element, "attributes", {}):
            if ATTRIBUTES.match(name):
                raise self._fail(
                    f"the embedded renderer does not know the attribute `{name}`", f"{name}=", name
                )

    def _div(self, element, _doc):
        if not isinstance(element, pf.Div):
            return None
        kind = next((name[8:] for name in element.classes if name.startswith("callout-")), None)
        if kind in CALLOUTS:
            return self._callout(element, kind)
        if "panel-tabset" in element.classes:
            return self._tabset(element)
        return None

    def _callout(self, element: pf.Div, kind: str) -> pf.Div:
        unknown = set(element.attributes) - {"title", "collapse", "icon", "appearance"}
        if unknown:
            raise self._fail(
                f"the embedded renderer does not know the attribute `{unknown.pop()}` of a callout"
            )
        content = list(element.content)
        attributes = element.attributes
        appearance = attributes.get("appearance", "default")
        if appearance not in ("default", "simple", "minimal"):
            raise self._fail(f"the embedded renderer does not know `appearance={appearance}`", "appearance=")
        named = [pf.Str(kind.capitalize())]
        title = named
        if content and isinstance(content[0], pf.Header):
            title = list(content.pop(0).content)
        elif "title" in attributes:
            title = list(parse(attributes["title"]).content[0].content)
        elif appearance == "minimal":
            title = []
        classes = ["callout", f"callout-style-{appearance}", f"callout-{kind}"]
        classes += ["callout-titled"] if title else []
        classes += ["no-icon"] if attributes.get("icon") == "false" or appearance == "minimal" else []
        collapse = attributes.get("collapse")
        spoken = (
            [] if title is named else [pf.Span(*named, pf.Str(":"), classes=["screen-reader-only"]), pf.Space]
        )
        head = [
            pf.RawBlock(f'<{"summary" if collapse else "div"} class="callout-header">'),
            pf.Div(pf.Plain(*spoken, *title), classes=["callout-title-container"]),
            pf.RawBlock(f"</{'summary' if collapse else 'div'}>"),
        ]
        body = pf.Div(*content, classes=["callout-body-container", "callout-body"])
        inside = [*(head if title else []), body]
        if collapse:
            opened = " open" if collapse == "false" else ""
            inside = [pf.RawBlock(f"<details{opened}>"), *inside, pf.RawBlock("</details>")]
        return pf.Div(*inside, classes=classes, identifier=element.identifier)

    def _tabset(self, element: pf.Div) -> pf.Div:
        headers = [item for item in element.content if isinstance(item, pf.Header)]
        if not headers or not isinstance(element.content[0], pf.Header):
            raise self._fail("a tabset starts with a heading for its first tab", ".panel-tabset")
        level = headers[0].level
        tabs: list[tuple[pf.Header, list]] = []
        for item in element.content:
            if isinstance(item, pf.Header) and item.level == level:
                tabs.append((item, []))
            else:
                tabs[-1][1].append(item)
        self.tabsets += 1
        name = f"tabset-{self.tabsets}"
        bar: list = [pf.RawBlock('<ul class="nav nav-tabs" role="tablist">')]
        panes = []
        for i, (header, content) in enumerate(tabs, 1):
            chosen = (
                ' class="nav-link active" aria-selected="true"'
                if i == 1
                else (' class="nav-link" aria-selected="false"')
            )
            pane = f"{name}-{i}"
            bar += [
                pf.RawBlock(
                    f'<li class="nav-item" role="presentation"><a{chosen} id="{pane}-tab" role="tab"'
                    f' aria-controls="{pane}" href="#{pane}">'
                ),
                pf.Plain(*header.content),
                pf.RawBlock("</a></li>"),
            ]
            panes.append(
                pf.Div(
                    *content,
                    identifier=pane,
                    classes=["tab-pane", *(["active"] if i == 1 else [])],
                    attributes={"role": "tabpanel", "aria-labelledby": f"{pane}-tab"},
                )
            )
        bar.append(pf.RawBlock("</ul>"))
        return pf.Div(
            *bar,
            pf.Div(*panes, classes=["tab-content"]),
            classes=element.classes,
            identifier=element.identifier,
        )

    def _link(self, element, _doc):
        if isinstance(element, pf.Image):
            alt = element.attributes.pop("fig-alt", None)
            if alt is not None:
                element.attributes["alt"] = alt
            if not (alt or pf.stringify(element)):
                raise self._fail(f"the picture `{element.url}` has no alternative text", element.url)
        if isinstance(element, (pf.Image, pf.Link)) and element.url and not ELSEWHERE.match(element.url):
            element.url = self._resolved(element.url)

    def _resolved(self, url: str) -> str:
        path, mark, rest = re.match(r"([^?#]*)([?#]?)(.*)", url, re.DOTALL).groups()
        if not path:
            return url
        here = self.source.path.parent.as_posix()
        target = path.lstrip("/") if path.startswith("/") else posixpath.normpath(posixpath.join(here, path))
        file = Path(unquote(target))
        if file.suffix == ".qmd":
            if file not in self.pages:
                raise self._fail(f"this link leads to no page: `{url}`", url, path, mend="mend the path")
            target = posixpath.splitext(target)[0] + ".html"
        elif (self.root / file).is_file():
            self.resources.add(file)
        near = posixpath.relpath(target, here) if self.rooted is None else self.rooted + target
        return near + mark + rest

"""One page or deck: executed source in, HTML out."""

from __future__ import annotations

import datetime
import html
import re
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import panflute as pf
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from renderer import metadata, pandoc, refs
from renderer.blocks import Blocks
from renderer.errors import RenderError
from renderer.navigation import Navigation, relative
from renderer.outputs import Writer
from renderer.project import Page, Project

HERE = Path(__file__).parent
LIBRARY = "site_libs"
DECK_LIBRARY = f"{LIBRARY}/revealjs"
PAGE_LIBRARY = f"{LIBRARY}/report"
FOR_NOT_FOUND = "404.html"
FOOTNOTES = re.compile(r'(<section id="footnotes"[^>]*>)\s*<hr />')


class Renderer:
    """Renders the pages of one project into one folder.

    Args:
        project: the checked project.
        out: the folder of the site.
        scratch: a folder for temporary files.
    """

    def __init__(self, project: Project, out: Path, scratch: Path):
        self.project, self.out, self.scratch = project, out, scratch
        self.navigation = Navigation(project)
        self.templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.bibliography = self._bibliography()

    def _bibliography(self) -> dict[Path, set[str]]:
        named = {self.project.setting(page, "bibliography") for page in self.project.pages.values()}
        if any(isinstance(name, list) for name in named if name):
            raise RenderError("the embedded renderer takes one bibliography", "_quarto.yml")
        return {
            self.project.root / name: pandoc.citation_keys(self.project.root, name) for name in named if name
        }

    def render(self, page: Page, results: list) -> set[Path]:
        """Write one page and its pictures.

        Args:
            page: the page.
            results: its executed cells and inline values.

        Returns:
            the project's files that the page links to or shows.

        Raises:
            RenderError: whatever in the page is not known or leads nowhere.
        """
        try:
            return self._render(page, results)
        except RenderError as error:
            if error.file is None:
                error.file = page.path
            raise

    def _render(self, page: Page, results: list) -> set[Path]:
        source, stem = page.source, page.path.with_suffix("")
        folder = f"{stem.name}_files/figure-{'revealjs' if page.deck else 'html'}"
        writer = Writer(
            source, results, page.execution, self.out / stem.parent / folder, folder, not page.deck
        )
        doc = pandoc.parse(writer.markdown())
        rooted = self._rooted(page)
        blocks = Blocks(self.project.root, source, set(self.project.pages), page.deck, rooted)
        blocks.rewrite(doc)
        labels = refs.number(doc, source, bool(self.project.setting(page, "number-sections", False)))
        name = self.project.setting(page, "bibliography")
        keys = self.bibliography[self.project.root / name] if name else set()
        if refs.resolve(doc, labels, keys, source) and not page.deck:
            _append_references(doc)
        if name:
            doc.metadata["bibliography"] = str(self.project.root / name)
            doc.metadata["link-citations"] = True
        if self.project.setting(page, "csl"):
            doc.metadata["csl"] = str(self.project.root / self.project.setting(page, "csl"))
        doc.metadata["pagetitle"] = "-"
        doc.metadata["lang"] = str(
            self.project.setting(page, "lang", "en")
        )  # decides the quotes of references
        if source.meta.get("nocite"):
            doc.metadata["nocite"] = pf.MetaInlines(
                *pandoc.parse(str(source.meta["nocite"])).content[0].content
            )
        depth = self.project.setting(page, "toc-depth", 3)
        options = ["--citeproc"] if name else []
        options += ["--mathml", "--toc", f"--toc-depth={depth}", "--wrap=none"]
        options += ["--slide-level=2"] if page.deck else ["--section-divs"]
        template = self.scratch / f"{stem.as_posix().replace('/', '-')}.template"
        contents, body = pandoc.write(doc, "revealjs" if page.deck else "html5", tuple(options), template)
        body = FOOTNOTES.sub(r"\1<h2>Footnotes</h2>", body)
        parts = self._deck(page) if page.deck else self._page(page, contents)
        target = self.out / page.output
        target.parent.mkdir(parents=True, exist_ok=True)
        template_name = "deck.html.j2" if page.deck else "page.html.j2"
        page_text = self.templates.get_template(template_name).render(body=Markup(body), **parts)
        target.write_text(page_text, encoding="utf-8")
        return blocks.resources | self.styles(page)

    def styles(self, page: Page) -> set[Path]:
        """The project's own style sheets of a page."""
        named = self.project.setting(page, "css") or []
        return {Path(name) for name in ([named] if isinstance(named, str) else named)}

    def _rooted(self, page: Page) -> str | None:
        """The site's path on its server, for the page that is shown under any address; None for the others."""
        if page.output.as_posix() != FOR_NOT_FOUND:
            return None
        return urlsplit(self.project.website.get("site-url", "/")).path.rstrip("/") + "/"

    def _shared(self, page: Page) -> dict:
        meta, here, rooted = page.source.meta, page.output.as_posix(), self._rooted(page)
        inline = {
            key: Markup(pandoc.inline_html(meta[key])) if meta.get(key) else ""
            for key in ("title", "subtitle", "abstract", "description")
        }
        about = (
            meta.get("description") or meta.get("abstract") or self.project.website.get("description") or ""
        )
        authors = meta.get("author") or []
        authors = [authors] if isinstance(authors, str) else authors
        if not all(isinstance(author, str) for author in authors):
            line = page.source.locate("author:")
            raise RenderError("an author must be a name or a list of names", page.path, line)
        name = pandoc.plain(meta.get("pagetitle") or meta.get("title") or self.navigation.title)
        site = self.navigation.title
        about = pandoc.plain(about) if about else ""
        shown = name if name == site or not site else f"{name} – {site}"
        favicon = self.project.website.get("favicon")
        return inline | {
            "lang": self.project.setting(page, "lang", "en"),
            "page_title": f"{site} – {name}" if page.deck and shown != name else shown,
            "about": about,
            "tags": metadata.card_tags(self.project, shown, about),
            "favicon": str(favicon).lstrip("/") if favicon else "",
            "authors": authors,
            "date": _date(page),
            "styles": sorted(path.as_posix() for path in self.styles(page)),
            "here": here,
            "relative": partial(relative, page=here, rooted=rooted),
            "nav": self.navigation,
            "library": DECK_LIBRARY if page.deck else PAGE_LIBRARY,
            "footer_html": lambda text: Markup(
                re.sub(r'href="root:([^"]+)', lambda m: f'href="{relative(m[1], here, rooted)}', text)
            ),
            "markup": Markup,
        }

    def _page(self, page: Page, contents: str) -> dict:
        previous, following = self.navigation.neighbours(page.output.as_posix())
        toc = self.project.setting(page, "toc", True) and contents
        return self._shared(page) | {
            "contents": Markup(_without_ids(contents)) if toc else "",
            "toc_title": self.project.setting(page, "toc-title", "On this page"),
            "previous": previous,
            "following": following,
            "indexed": page.source.meta.get("search", True) and page.output.as_posix() != FOR_NOT_FOUND,
        }

    def _deck(self, page: Page) -> dict:
        options = page.format
        number = options.get("slide-number", False)
        settings = {
            "width": options["width"],
            "height": options["height"],
            "margin": options["margin"],
            "controls": options.get("controls", False),
            "progress": options.get("progress", True),
            "center": options.get("center", False),
            "transition": options.get("transition", "none"),
            "slideNumber": "c/t" if number is True else number,
            "hash": True,
            "pdfSeparateFragments": False,
        }
        notes = options.get("title-slide-attributes", {}).get("data-notes", "")
        footer = options.get("footer")
        return self._shared(page) | {
            "settings": settings,
            "title_notes": notes,
            "deck_footer": Markup(pandoc.inline_html(footer)) if footer else "",
        }


def _append_references(doc: pf.Doc) -> None:
    """Give the list of references a heading, unless the page has placed it itself."""
    placed = []
    doc.walk(lambda item, _doc: placed.append(item) if getattr(item, "identifier", "") == "refs" else None)
    if not placed:
        heading = pf.Header(
            pf.Str("References"),
            level=2,
            identifier="quarto-bibliography",
            classes=["unnumbered", "unlisted"],
        )
        doc.content += [
            pf.Div(heading, pf.Div(identifier="refs"), identifier="quarto-appendix", classes=["default"])
        ]


def _without_ids(contents: str) -> str:
    return re.sub(r' id="toc-[^"]*"', "", contents)


def _date(page: Page) -> str:
    value = page.source.meta.get("date")
    if value is None:
        return ""
    try:
        day = value if isinstance(value, datetime.date) else datetime.date.fromisoformat(str(value))
    except ValueError:
        raise RenderError(
            f"`date: {html.escape(str(value))}` is not a day",
            page.path,
            page.source.locate("date:"),
            "write YYYY-MM-DD",
        ) from None
    return f"{day:%B} {day.day}, {day.year}"

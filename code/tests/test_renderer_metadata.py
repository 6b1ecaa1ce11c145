"""Icon, cards for links, scripts before a render, and the settings of one copy of the project."""

import json

import pytest
from bs4 import BeautifulSoup
from PIL import Image
from sitefixtures import project

from renderer import digest
from renderer.build import build
from renderer.cli import main
from renderer.errors import RenderError
from renderer.metadata import LONGEST
from renderer.project import settings

CONFIG = """project:
  type: website
  execute-dir: project
  pre-render: draw.py
website:
  title: Small
  favicon: icon.svg
  open-graph:
    image: /art/card.png
    image-alt: "A card."
  twitter-card:
    image: /art/card.png
"""
DRAW = """from pathlib import Path
from PIL import Image
Path("art").mkdir(exist_ok=True)
Image.new("RGB", (40, 20)).save("art/card.png")
"""
PAGE = "---\ntitle: One\ndescription: What it is.\n---\nText.\n"


@pytest.fixture
def root(tmp_path):
    made = project(tmp_path, CONFIG, index=PAGE)
    (made / "sub").mkdir()
    (made / "sub/two.qmd").write_text(
        "---\ntitle: Two\ndescription: " + "long words " * 30 + "\n---\nText.\n"
    )
    (made / "draw.py").write_text(DRAW)
    (made / "icon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    return made


def render(root) -> None:
    build(root, root / "_site", lambda told: None)


def tags(root, page: str) -> dict[str, str]:
    soup = BeautifulSoup((root / "_site" / page).read_text(), "html.parser")
    return {
        tag.get("property") or tag.get("name"): tag["content"] for tag in soup.find_all("meta", content=True)
    }


def test_a_card_is_drawn_before_the_render_and_named_as_seen_from_each_page(root):
    render(root)
    assert Image.open(root / "_site/art/card.png").size == (40, 20)
    assert (root / "_site/icon.svg").is_file()
    one, two = tags(root, "index.html"), tags(root, "sub/two.html")
    assert one["og:title"] == one["twitter:title"] == "One – Small"
    assert one["og:description"] == "What it is."
    assert one["og:site_name"] == "Small"
    assert (one["og:image"], two["og:image"]) == ("art/card.png", "../art/card.png")
    assert (one["og:image:alt"], one["twitter:card"]) == ("A card.", "summary_large_image")
    assert "og:image:width" not in one
    assert len(two["og:description"]) <= LONGEST and two["og:description"].endswith("words…")
    assert len(two["description"]) > LONGEST


def test_with_an_address_the_picture_is_named_in_full_and_with_its_size(root):
    (root / "_quarto.yml.local").write_text("website:\n  site-url: https://example.org/report/\n")
    (root / "404.qmd").write_text("---\ntitle: Lost\n---\n[Back](/sub/two.qmd)\n")
    render(root)
    found = tags(root, "sub/two.html")
    assert found["og:image"] == found["twitter:image"] == "https://example.org/report/art/card.png"
    assert (found["og:image:width"], found["og:image:height"]) == ("40", "20")
    lost = BeautifulSoup((root / "_site/404.html").read_text(), "html.parser")
    assert lost.find("a", string="Back")["href"] == "/report/sub/two.html"
    assert lost.find("link", rel="icon")["href"] == "/report/icon.svg"
    assert main(["--root", str(root), "check"]) == 0


def test_settings_of_one_copy_are_merged_and_count_as_a_change(root):
    before = digest.everything(root)
    (root / "_quarto.yml.local").write_text("project:\n  resources: [a.txt]\nwebsite:\n  title: Mine\n")
    found = settings(root)
    assert found["website"]["title"] == "Mine"
    assert found["website"]["favicon"] == "icon.svg"
    assert found["project"]["resources"] == ["a.txt"]
    assert digest.everything(root) != before
    (root / "_quarto.yml.local").write_text("website:\n  no-such: 1\n")
    with pytest.raises(RenderError, match=r"_quarto.yml.local:2: .*`website.no-such`"):
        settings(root)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda root: (root / "draw.py").write_text("raise SystemExit('no results')"),
            "draw.py: .*status 1:\nno results",
        ),
        (lambda root: (root / "draw.py").write_text(""), "no such picture for the card: `/art/card.png`"),
        (lambda root: (root / "icon.svg").unlink(), "icon.svg: no such file"),
        (lambda root: replace(root, "image: /art/card.png", "image: art/card.png"), "begin it with /"),
        (lambda root: replace(root, "draw.py", "make"), "runs only Python before a render: `make`"),
    ],
)
def test_what_is_missing_is_named(root, change, words):
    change(root)
    with pytest.raises(RenderError, match=words):
        render(root)
    assert not (root / "_site").exists()


def replace(root, old: str, new: str) -> None:
    (root / "_quarto.yml").write_text(CONFIG.replace(old, new))


def test_a_card_that_did_not_come_along_is_a_broken_link(root):
    render(root)
    (root / "_site/art/card.png").unlink()
    assert main(["--root", str(root), "check"]) == 2


def test_nothing_is_promised_where_nothing_is_asked(tmp_path):
    root = project(tmp_path, json.dumps({"project": {"execute-dir": "project"}}), index=PAGE)
    render(root)
    assert not {key for key in tags(root, "index.html") if key.startswith(("og:", "twitter:"))}

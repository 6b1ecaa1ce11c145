"""A figure as an SVG file that is the same in every render, and one drawing inside another."""

import base64
import hashlib
import io
import re
import zlib
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

# Where the wide drawing carries the narrow one. The renderer's last step, code/renderer/narrow.py, makes it a file of its own.
NARROW_ID = "narrow-drawing"
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_REFERENCE = re.compile(r"(?<=#)[\w.:-]+")
_LONG = re.compile(r"-?\d+\.\d{3,}")


def svg(figure: Figure, name: str) -> str:
    """Return a figure as SVG, without what no reader sees: comments, metadata, digits beyond a hundredth of a point.

    Ids are made from the drawing's name and its content, never at random, so equal figures are equal files, and no id stands in
    two drawings of different names.
    """
    mark = "d" + hashlib.sha256(name.encode()).hexdigest()[:6]
    written = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": mark, "svg.fonttype": "path"}):
        figure.savefig(written, format="svg", metadata={"Date": None})
    # Matplotlib repeats each text in a comment, and a control character there makes the file unreadable.
    bare = re.sub(r"<!--.*?-->", "", written.getvalue(), flags=re.DOTALL)
    root = ElementTree.fromstring(bare)  # noqa: S314 - our own
    for data in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(data)
    _tidy(root, mark)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _tidy(root: ElementTree.Element, mark: str) -> None:
    values = [value for element in root.iter() for value in element.attrib.values() if "#" in value]
    used = {name for value in values for name in _REFERENCE.findall(value)}
    for element in root.iter():
        element.text = element.text if (element.text or "").strip() else None
        element.tail = None
        if element.tag == f"{{{_SVG}}}image":
            element.set("style", "image-rendering:pixelated")
        if (own := element.attrib.pop("id", None)) in used:
            element.set("id", f"{mark}-{own}")
        for key, value in element.attrib.items():
            if value.startswith("#") or "url(#" in value:
                element.set(key, _REFERENCE.sub(lambda found: f"{mark}-{found[0]}", value))
            elif key in ("d", "x", "y", "points"):
                element.set(key, _LONG.sub(lambda found: f"{float(found[0]):.2f}", " ".join(value.split())))


def with_narrow(wide: str, narrow: str) -> str:
    """Return the wide drawing of a figure with the narrow one as its metadata, packed: a picture of a cell is one file."""
    packed = base64.b64encode(zlib.compress(narrow.encode(), 9)).decode()
    start = wide.index(">", wide.index("<svg")) + 1
    return f'{wide[:start]}<metadata id="{NARROW_ID}">{packed}</metadata>{wide[start:]}'

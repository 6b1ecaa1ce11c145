"""Every figure in both themes and at both sizes, looked at as a reader would: legible, labelled, apart, honest about doubt."""

import base64
import functools
import importlib
import itertools
import re
import zlib
from collections import Counter
from inspect import getmembers, isfunction
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from fakes import fake_images, fake_inside, fake_mistakes, fake_study
from sitefixtures import ROOT

from renderer.narrow import CARRIED
from transferstudy import report
from transferstudy.experiments import sheet
from transferstudy.experiments.keras_mistakes.effects import effects
from transferstudy.plan.declared import DEPTHS
from transferstudy.plan.strategies import STRATEGIES
from transferstudy.report import audit
from transferstudy.report.figures.blocks import stretches
from transferstudy.report.figures.classes import contrast, draw_matrix
from transferstudy.report.figures.marks import INTERVAL_ID, SEED_ID, spread, text_box
from transferstudy.report.figures.style import SIZES, THEMES, colour, dash, look, marker, symbol
from transferstudy.report.figures.svg import svg

mpl.use("Agg")

# Strategies that share a figure, each with a look of its own.
GREY = {"finetune_block4", "finetune_block3", "finetune_block2", "wide_scratch", "residual_scratch"}
MAIN = [n for n in STRATEGIES if n not in GREY]
TWO = ["finetune_all", "small_scratch"]
SMALLEST = {"page": 0, "slide": 15, "phone": 7.6}  # points: 20 CSS pixels on a slide, 10 on a phone
TALLEST = 540  # CSS pixels that a slide's heading leaves, on a stage of 1280 by 720


@pytest.fixture(scope="module")
def drawings(tmp_path_factory):
    """Every figure, some of them for several studies: name -> (function, arguments)."""
    f, sample, root = report.figures, report.sample(), tmp_path_factory.mktemp("studies")
    now = fake_study(
        root / "n", [(n, k, 2) for n in MAIN if n != "small_finetune" for k in (500, 1000, 5000)]
    )
    # What the study may become: five sizes, eight strategies, seeds that run out, arms that were not run everywhere.
    later = fake_study(
        root / "l",
        [
            (n, k, {5000: 2, 50000: 1}.get(k, 3))
            for n in MAIN
            for k in (100, 500, 1000, 5000, 50000)
            if (n, k) not in {("scratch", 50000), ("small_finetune", 100), ("finetune_all", 100)}
        ],
    )
    one = fake_study(root / "o", [(n, 500, 1) for n in ("linear_probe", "small_scratch")])
    depth = fake_study(root / "d", [(n, k, 3) for n in DEPTHS for k in (1000, 5000)], name="depth")
    names = ("linear_probe", "random_features")
    sides = fake_study(root / "s", [(n, 1000, 3, s) for n in names for s in (32, 64, 96)], name="resolution")
    seen = fake_study(root / "i", [(n, k, 2) for n in TWO for k in (500, 5000)], robust=True)
    for name in TWO:
        fake_inside(seen, name, 500)
    sheet.make(seen, fake_images(seen), budget=32)
    fake_mistakes(root / "m")
    keys = ("loss", "val_loss", "top1", "val_top1", "top5", "val_top5")
    epochs = [{k: (3 - e / 3 if "loss" in k else (e + 1) / 8) for k in keys} for e in range(4)]
    return {
        "keras_mistakes": (f.keras_mistakes, effects(root / "m")),
        "pairs": (f.pairs, audit.load(), "test-train"),
        "pretraining": (f.pretraining, {"epochs": epochs}),
        "depths": (f.depths, depth),
        "resolutions": (f.resolutions, sides),
        "robustness": (f.robustness, seen, TWO, 500),
        "maps": (f.maps, seen, TWO, 500),
        "cka": (f.cka, seen, "finetune_all", 500),
        "change": (f.change, seen, TWO, 500),
        "filters": (f.filters, seen, "finetune_all", 500),
        "places": (f.places, seen, "finetune_all", 500),
        "mistakes": (f.mistakes, seen, "finetune_all", 500),
        "learning_curves": (f.learning_curves, now),
        "learning_curves later": (f.learning_curves, later),
        "learning_curves one size": (f.learning_curves, one),
        "gain": (f.gain, now),
        "gain later": (f.gain, later),
        "gain one size": (f.gain, one),
        "gain price": (f.gain, now, True),
        "gain price later": (f.gain, later, True),
        "two_by_two": (f.two_by_two, now),
        "two_by_two later": (f.two_by_two, later),
        "training_curves": (f.training_curves, now, 500),
        "training_curves later": (f.training_curves, later, 1000),
        "confusion": (f.confusion, now, "finetune_all", 500),
        "class_accuracy": (f.class_accuracy, now, TWO, 500),
        "cost": (f.cost, now),
        "cost later": (f.cost, later),
        "layers": (f.layers, now),
        "layers depth": (f.layers, depth),
        "transfer": (f.transfer,),
        "borrowed": (f.borrowed, now),
        "protocol": (f.protocol, now, sample),
        "protocol later": (f.protocol, later, sample),
        "reliability": (f.reliability, now, TWO, 5000),
        "examples": (f.examples, sample),
        "views": (f.views, sample),
        "preprocessing": (f.preprocessing, sample),
        "prediction": (f.prediction, sample.x_test[0], np.full(10, 0.1), sample.classes, 0),
    }


NAMES = [
    "borrowed", "change", "cka", "class_accuracy", "confusion", "cost", "cost later", "depths",
    "examples", "filters", "gain", "gain later", "gain one size", "gain price", "gain price later", "keras_mistakes", "layers", "layers depth",
    "learning_curves", "learning_curves later", "learning_curves one size", "maps", "mistakes", "pairs", "places",
    "prediction", "preprocessing", "pretraining", "protocol", "protocol later", "reliability",
    "resolutions", "robustness", "training_curves", "training_curves later", "transfer",
    "two_by_two", "two_by_two later", "views",
]  # fmt: skip


@pytest.fixture(scope="module")
def drawn(drawings):
    """Draws a figure by its name and lays it out, each once."""
    import matplotlib.pyplot as plt

    @functools.cache
    def draw(name: str, theme: str, size: str):
        function, *arguments = drawings[name]
        figure = function(*arguments, theme=theme, size=size)
        figure.canvas.draw()
        return figure

    # A figure that pyplot has closed can no longer be looked at.
    with mpl.rc_context({"figure.max_open_warning": 0}):
        yield draw
    plt.close("all")


def texts(figure) -> list:
    """The texts that are really drawn: Matplotlib keeps labels of ticks beyond an axis' limits, but does not draw them."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not axes.axison or not axes.get_visible() or not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    found = [t for t in figure.findobj(mpl.text.Text) if t.get_text().strip() and t.get_visible()]
    return [t for t in found if t not in hidden and text_box(t).width > 0]


def test_the_list_of_names_is_whole(drawings):
    assert sorted(drawings) == NAMES
    assert {name.split()[0] for name in drawings} == set(dict(getmembers(report.figures, isfunction)))


# Themes differ in their colours alone, so places and sizes are looked at in one of them.
@pytest.mark.parametrize(("theme", "size"), [("dark", "page"), *(("light", size) for size in SIZES)])
@pytest.mark.parametrize("name", NAMES)
def test_every_figure_in_both_themes_and_sizes(drawn, name, theme, size):
    """Not empty; every text inside the canvas and apart from the others; on a slide large enough, and not too high."""
    figure = drawn(name, theme, size)
    pixels = np.asarray(figure.canvas.buffer_rgba())
    assert len(np.unique(pixels.view(np.uint32))) > 20, "a pixel is four bytes"
    assert (pixels[..., 3] > 0).mean() > 0.01, "next to nothing is drawn"
    page, words = figure.bbox.padded(1), texts(figure)
    boxes = [text_box(t) for t in words]
    for text, box in zip(words, boxes, strict=True):
        inside = page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1
        assert inside, f"{text.get_text()!r} leaves the canvas"
        assert text.get_fontsize() >= SMALLEST[size], f"{text.get_text()!r} has {text.get_fontsize()} points"
    for (a, box_a), (b, box_b) in itertools.combinations(zip(words, boxes, strict=True), 2):
        slanted = a.get_rotation() % 90 and b.get_rotation() % 90  # their boxes say little
        if not slanted:
            met = box_a.padded(-1).overlaps(box_b.padded(-1))
            assert not met, f"{a.get_text()!r} and {b.get_text()!r} overlap"
    if size == "phone":
        assert figure.get_figwidth() * 96 <= 328, "a phone of 360 pixels has no more room"
    if size == "slide":
        assert figure.get_figheight() * 96 <= TALLEST
        assert figure.get_figwidth() * 96 <= 1152


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["cost", "cost later"])
def test_no_point_lies_under_the_words_on_pretraining(drawn, name, size):
    axes = drawn(name, "light", size).axes[0]
    words = [text_box(t) for t in axes.texts if t.get_text().startswith("pretraining")]
    assert words, "the weights of the made-up runs are known"
    for spots in axes.collections:
        for point in axes.transData.transform(spots.get_offsets()):
            assert not any(box.padded(2).contains(*point) for box in words)


def test_on_a_phone_a_name_has_the_mark_of_its_own_line(tmp_path):
    """Lines of one colour differ by their marks alone."""
    arms = [("linear_probe", n, 3, side) for n in (100, 1000) for side in (32, 64)]
    found = report.figures.resolutions(fake_study(tmp_path, arms, name="resolution"), "light", "phone")
    drawn = {line.get_marker() for line in found.axes[0].lines} - {"None", None, ""}
    assert len({h.get_marker() for h in found.legends[0].legend_handles} & drawn) == 2


def luminance(tone) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    red, green, blue = linear(tone)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(tone) -> np.ndarray:
    c = np.array(mpl.colors.to_rgb(tone))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def looks(axes) -> dict[str, set]:
    """The series of an axis: colour -> the dashes and marks that it comes with."""
    found: dict[str, set] = {}
    for line in axes.lines:
        if line.get_gid() in (INTERVAL_ID, SEED_ID) or not line.get_visible() or len(line.get_xdata()) < 1:
            continue
        tone, style = mpl.colors.to_hex(line.get_color()), (line.get_linestyle(), line.get_marker())
        found.setdefault(tone, set()).add(style)
    for spots in axes.collections:
        if isinstance(spots, mpl.collections.PathCollection):
            shape = tuple(map(tuple, np.round(spots.get_paths()[0].vertices, 3)))
            found.setdefault(mpl.colors.to_hex(spots.get_facecolor()[0]), set()).add(shape)
    return found


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", NAMES)
def test_in_black_and_white_series_differ_by_mark_dash_or_tone(drawn, name, theme):
    for axes in drawn(name, theme, "page").axes:
        for (a, style_a), (b, style_b) in itertools.combinations(looks(axes).items(), 2):
            apart = style_a != style_b or abs(luminance(a) - luminance(b)) > 0.1
            assert apart, f"{a} and {b} look alike in grey: {style_a}"


@pytest.mark.parametrize("theme", THEMES)
def test_maps_of_values_rise_in_brightness_all_the_way(drawn, theme):
    """A colour map of numbers has to be readable in grey: its luminance rises, or falls, from end to end."""
    for name in ("confusion", "cka", "maps"):
        images = [
            i for axes in drawn(name, theme, "page").axes for i in axes.images if i.get_array().ndim == 2
        ]
        assert images
        for image in images:
            steps = np.diff([luminance(tone) for tone in image.get_cmap()(np.linspace(0, 1, 16))])
            assert (steps > 0).all() or (steps < 0).all(), f"{name}: {image.get_cmap().name}"


# Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113: severity 1.0, on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(tone, kind: str) -> np.ndarray:
    """CIE L*a*b* of a colour as somebody with this kind of vision sees it."""
    seen = np.clip(np.array(BLINDNESS[kind]) @ linear(tone), 0, 1)
    x, y, z = np.cbrt(XYZ @ seen / (XYZ @ np.ones(3)))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", THEMES)
def test_one_palette_apart_for_colour_blind_readers_and_fit_for_text(theme):
    tones = {name: colour(name, theme) for name in MAIN}
    for kind in BLINDNESS:
        for a, b in itertools.combinations(MAIN, 2):
            assert np.linalg.norm(lab(tones[a], kind) - lab(tones[b], kind)) > 12, (kind, a, b)
    face = look(theme, "page")
    for tone in [*tones.values(), face.ink, face.muted]:
        light, dark = sorted((luminance(tone), luminance(face.paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, tone
    assert len({marker(n) for n in STRATEGIES}) == len({symbol(n) for n in STRATEGIES}) == len(STRATEGIES)
    assert all((dash(n) == "-") == s.pretrained for n, s in STRATEGIES.items())


def marks(figure, kind: str) -> list:
    return [line for axes in figure.axes for line in axes.lines if line.get_gid() == kind]


def test_the_learning_curves_show_the_interval_of_every_arm_that_was_run(drawn, drawings):
    from transferstudy.analysis.comparison import arm_interval

    for name in ("learning_curves", "learning_curves later"):
        study = drawings[name][1]
        for size in SIZES:
            figure = drawn(name, "light", size)
            ends = [100 * v for arm in study.arms.values() for v in arm_interval(study, arm)]
            assert sorted(
                v for line in marks(figure, INTERVAL_ID) for v in line.get_ydata()
            ) == pytest.approx(sorted(ends))
            labels = {t.get_text().strip() for t in texts(figure)}
            assert {s.label for s in study.strategies} <= labels
            assert {f"{n:,}" for n in study.sizes} <= labels


FIGURE = re.compile(r"::: \{#(fig-[\w-]+)\}\n(.*?)\n:::\n", re.DOTALL)
CALL = re.compile(r"report\.figures\.(\w+)")


def captioned() -> list[tuple[str, str, str, str]]:
    """Every figure on a page: where it stands, its function, its caption, its alt text."""
    found = []
    for path in [ROOT / "index.qmd", *sorted((ROOT / "chapters").glob("*.qmd"))]:
        for label, body in FIGURE.findall(path.read_text(encoding="utf-8")):
            call, alt = CALL.search(body), re.search(r'fig-alt: "(.*)"', body)
            if call:
                caption = body.rpartition("```")[2].strip()
                found.append((f"{path.name}#{label}", call[1], caption, alt[1] if alt else ""))
    return found


def test_every_caption_helps_to_read_its_figure_and_alt_text_says_what_is_shown():
    found = captioned()
    assert len(found) > 12
    for where, _, caption, alt in found:
        assert 8 <= len(caption.split()) <= 70, f"{where}: the caption {caption!r}"
        assert len(alt.split()) >= 8, f"{where}: alt text {alt!r}"
        assert alt not in caption


def test_a_caption_speaks_of_intervals_when_there_are_some_and_only_then(drawn):
    for where, function, caption, alt in captioned():
        figure = drawn(function, "light", "page")
        spoken = "interval" in caption.lower()
        assert spoken == bool(marks(figure, INTERVAL_ID)), f"{where}: {function}"
        if "seed" in alt and "dot for each seed" in alt:
            assert marks(figure, SEED_ID), f"{where}: {function} has no dots"


def test_what_learns_first_and_what_then():
    words = {name: [word for *_, word in stretches(STRATEGIES[name])] for name in MAIN}
    assert words["linear_probe"] == ["frozen", "learns"]
    assert words["finetune_block5"] == ["frozen", "then", "first"]
    assert words["finetune_all"] == ["then", "first"]
    assert words["scratch"] == ["learns"]
    assert stretches(STRATEGIES["finetune_block3"])[0] == (0, 1, "frozen")


def test_labels_are_pushed_apart_but_stay_in_range():
    placed = spread([1.0, 1.1, 5.0, 9.9, 9.95], 1.0, 0.0, 10.0)
    assert (np.diff(placed) > 0.99).all()
    assert placed.min() >= -1e-6
    assert placed.max() <= 10 + 1e-6


def test_reliability_bins_hold_the_truth_of_a_calibrated_model():
    """A model whose probabilities are true: the intervals of its bins hold the diagonal about as often as they say."""
    from transferstudy.analysis.statistics.reliability import reliability_bins

    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(10, 0.3), size=4000)
    y = (p.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    bins = reliability_bins(np.log(np.maximum(p, 1e-6))[None], y)
    assert sum(b.predictions for b in bins) > 3800
    held = [b.low - 0.02 <= b.confidence <= b.high + 0.02 for b in bins]
    assert np.mean(held) > 0.9


IDS = re.compile(r'\bid="([^"]+)"')
PATH_TO_ID = re.compile(r'(?:href="|url\()#([^")]+)')


@pytest.fixture
def shown(monkeypatch, drawings):
    """Shows figures as a page does, afresh; gives the drawings, those for phones unpacked."""
    shows = importlib.import_module("transferstudy.report.show")  # the package has a function of this name

    def show(*names: str) -> list[str]:
        written: list[str] = []
        monkeypatch.setattr(shows, "_display", written.append)
        monkeypatch.setattr(shows, "_times", Counter())
        for name in names:
            shows.show(drawings[name][0], *drawings[name][1:])
        return [part for drawing in written for part in taken_apart(drawing)]

    return show


def taken_apart(drawing: str) -> list[str]:
    found = CARRIED.search(drawing)
    assert found, "the drawing carries none for phones"
    return [drawing.replace(found[0], ""), zlib.decompress(base64.b64decode(found[1])).decode()]


def test_figures_are_the_same_in_every_render_and_share_no_id_on_a_page(shown):
    names = ("learning_curves one size", "layers", "learning_curves one size", "confusion")
    page = shown(*names)
    assert page == shown(*names), "drawn twice, two files"
    assert len(page) == 4 * len(names)
    ids = [found for drawing in page for found in IDS.findall(drawing)]
    assert len(ids) == len(set(ids)) > 20
    for drawing in page:
        own = ElementTree.fromstring(drawing)  # noqa: S314 - our own
        assert set(PATH_TO_ID.findall(drawing)) <= {e.get("id") for e in own.iter()}, (
            "a reference leads nowhere"
        )
        assert "<!--" not in drawing
    wide, narrow = page[:2]
    assert len(narrow) < 1.1 * len(wide), "the drawing for phones should be light"


HOSTILE = (
    r"$\foo$",
    "$x_1$ & <b>",
    "a\x1b[31mred",
    "new\nline",
    "--><script>alert(1)</script>",
    "\udcff not UTF-8",
    "猫",
)


def test_names_of_classes_are_drawn_as_they_are(tmp_path):
    """Dollars are no mathematics here, and no name makes a file that browsers refuse."""
    study = fake_study(tmp_path, [(n, 500, 1) for n in TWO])
    record = study.first
    record["data"]["classes"] = [*HOSTILE, *record["data"]["classes"][len(HOSTILE) :]]
    assert study.classes[:4] == (r"$\foo$", "$x_1$ & <b>", r"a\x1b[31mred", r"new\nline")
    for size in SIZES:
        for figure in (
            report.figures.confusion(study, TWO[0], 500, size=size),
            report.figures.class_accuracy(study, TWO, 500, size=size),
            report.figures.prediction(
                np.zeros((8, 8, 3), np.uint8), np.full(10, 0.1), study.classes, 0, size=size
            ),
        ):
            assert {r"$\foo$", r"a\x1b[31mred"} <= {
                t.get_text().removesuffix(" (true)") for t in texts(figure)
            }
            drawing = svg(figure, "hostile")
            ElementTree.fromstring(drawing)  # noqa: S314 - our own
            assert "script" not in drawing


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_numbers_in_a_matrix_can_be_read_on_every_tone(strategy, theme):
    """At least 4.2 to 1, whatever the share of the cell."""
    share = np.arange(100.0).reshape(10, 10)
    figure, axis = mpl.pyplot.subplots()
    draw_matrix(axis, share, [""] * 10, look(theme, "page").fill, colour(strategy, theme), 8)
    grounds = axis.images[0].to_rgba(np.sqrt(share))
    for text in axis.texts:
        j, i = (round(place) for place in text.get_position())
        assert contrast(text.get_color(), grounds[i, j]) >= 4.2, share[i, j]
    mpl.pyplot.close(figure)

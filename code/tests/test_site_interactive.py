"""The slider and the explorer in a browser: by keyboard, by address, without JavaScript, from disk; equal to what Python says."""

import re
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from sitefixtures import report_site
from test_site import AXE

from renderer import chromium
from renderer.server import serving
from transferstudy import report
from transferstudy.report import interactive
from transferstudy.report.interactive.worth import worth_data

INDEX, EXPLORE = "index.html", "chapters/explore.html"
COLOURS = AXE | {"runOnly": ["color-contrast"], "rules": {}}  # what a theme or another choice changes


@pytest.fixture(scope="module")
def browser():
    with chromium.browser() as started:
        yield started


@pytest.fixture(scope="module")
def address():
    with serving(report_site()) as url:
        yield url


@pytest.fixture(scope="module")
def study():
    """What the slider is made from."""
    return report.longer.strongest(report.imagenet.study())


@pytest.fixture(scope="module")
def data(study):
    return worth_data(study)


@pytest.fixture(scope="module")
def explorer():
    return interactive.Explorer(report.imagenet.study())


@pytest.fixture
def opened(browser, address):
    """Opens pages; fails at the end if one wrote an error."""
    faults, contexts = [], []

    def open_page(
        name: str, width: int = 1280, scheme: str = "light", script: bool = True, root: str = address
    ):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(root + name)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def plain(text: str) -> str:
    return " ".join(text.split())


def slider_says(page, data, step: int) -> None:
    """The page shows what Python computed for one step of the slider."""
    says = page.locator("#worth-says")
    page.wait_for_function(
        "text => document.getElementById('worth-says').textContent === text", arg="".join(data["says"][step])
    )
    assert says.locator("span").all_text_contents() == data["says"][step]
    labels = f"{data['labels'][step]:,}"
    assert page.locator("#worth-n").text_content() == labels
    assert page.locator("#worth-saves").text_content() == data["saves"][step]
    assert page.locator("#worth-labels").get_attribute("aria-valuetext") == f"{labels} labelled images"
    for name, row in data["strategies"].items():
        value = plain(page.locator(f".worth-bars [data-strategy={name}] .worth-value").text_content())
        if row[step] is None:
            assert value == "not measured here"
        else:
            mean, low, high = (f"{each / 10:.1f}" for each in row[step])
            assert value == f"{mean} % {low} to {high}"


def test_arrow_keys_move_the_slider_and_all_that_it_says(opened, data):
    page = opened(INDEX)
    slider = page.locator("#worth-labels")
    slider_says(page, data, data["start"])
    slider.focus()
    step = data["start"]
    for key, move in (("ArrowRight", 1), ("ArrowRight", 1), ("ArrowLeft", -1)):
        page.keyboard.press(key)
        step += move
        slider_says(page, data, step)
    last = len(data["labels"]) - 1
    for key, step in (("End", last), ("Home", 0)):
        page.keyboard.press(key)
        slider_says(page, data, step)
    for step in data["measured"]:
        page.locator(f".worth-marks [data-index='{step}']").press("Enter")
        slider_says(page, data, step)


def test_bars_are_as_long_as_their_numbers(opened, data):
    page = opened(INDEX)
    step = data["start"]
    for name, row in data["strategies"].items():
        if row[step]:
            bar = page.locator(f".worth-bars [data-strategy={name}] .worth-bar")
            whole, fill = (
                bar.evaluate("e => e.clientWidth"),
                bar.locator(".worth-fill").bounding_box()["width"],
            )
            assert fill / whole == pytest.approx(row[step][0] / 1000, abs=0.01)


def test_the_table_of_measured_sizes_is_folded_away_but_there(opened, study):
    page = opened(INDEX)
    table = page.locator("#worth-table")
    assert table.evaluate("e => e.open") is False
    table.locator("summary").press("Enter")
    assert table.locator("table").is_visible()
    arm = study.arm(study.strategies[0].name, study.sizes[0])
    assert f"{100 * arm.accuracy:.1f}" in table.locator("table").text_content()


def explorer_says(page, explorer, name: str, labels: int, k: int) -> None:
    """The page shows what Python computed for one view."""
    view, arm = explorer.view(name, labels, k), explorer.data["arms"][f"{name}/{labels}"]
    assert page.locator("#explore-says").text_content() == view["says"]
    for place in ("curve", "confusion", "mistakes"):
        assert page.locator(f"#explore-{place}").text_content() == view[place]
    assert page.locator(".explore-plot").get_attribute("aria-label") == view["points"]
    rows = page.locator("table.explore-confusion tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent)))"
    )
    assert rows == arm["confusion"]
    chosen = page.locator("table.explore-confusion tr[aria-current=true] th").all_text_contents()
    assert chosen == [explorer.data["classes"][k]]
    dots = page.locator(".explore-dots i").evaluate_all("dots => dots.map((d) => parseFloat(d.style.top))")
    sizes = [n for n in explorer.data["sizes"] if f"{name}/{n}" in explorer.data["arms"]]
    seeds = [v for n in sizes for v in explorer.data["arms"][f"{name}/{n}"]["recall"][k][1:]]
    assert dots == pytest.approx([100 - value / 10 for value in seeds])
    pictures = arm["mistakes"][k][2]
    shown = [plain(text) for text in page.locator(".explore-pictures li").all_text_contents()]
    classes = explorer.data["classes"]
    assert shown == [
        f"{classes[k]}, taken for {classes[p]} {tenths / 10:.1f} %, no. {rank}"
        for _, _, p, tenths, rank in pictures
    ]
    side, columns = explorer.data["sheet"]["side"], explorer.data["sheet"]["columns"]
    places = page.locator(".explore-pictures image").evaluate_all(
        "images => images.map((i) => [i.x.baseVal.value, i.y.baseVal.value])"
    )
    assert places == [[-(m[0] % columns) * side, -(m[0] // columns) * side] for m in pictures]
    assert page.locator("#explore-record").get_attribute("href") == f"records.html#{arm['record']}"


def sizes_of(explorer, name: str) -> list[int]:
    """The sizes at which a strategy was run; the buttons of the others are disabled."""
    return [n for n in explorer.data["sizes"] if f"{name}/{n}" in explorer.data["arms"]]


def test_keys_choose_a_view_and_everything_follows(opened, explorer):
    page = opened(EXPLORE)
    name, labels, k = explorer.data["first"]
    explorer_says(page, explorer, name, labels, k)
    page.locator("#explore-class").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    explorer_says(page, explorer, name, labels, 1)
    page.keyboard.press("Tab")
    sizes = sizes_of(explorer, name)
    for n in sizes[sizes.index(labels) + 1 :]:
        page.keyboard.press("ArrowRight")
        explorer_says(page, explorer, name, n, 1)
    other = next(
        s for s, _ in explorer.data["strategies"] if s != name and f"{s}/{sizes[-1]}" in explorer.data["arms"]
    )
    page.locator("#explore-strategy").select_option(other)
    explorer_says(page, explorer, other, sizes[-1], 1)
    assert page.url.endswith(f"#{quote(explorer.view(other, sizes[-1], 1)['hash'])}")


def test_the_address_holds_the_view(opened, explorer, address):
    name, labels = (part for part in list(explorer.data["arms"])[-1].split("/"))
    view = explorer.view(name, int(labels), 2)
    page = opened(f"{EXPLORE}#{view['hash']}")
    explorer_says(page, explorer, name, int(labels), 2)
    assert page.locator("#explore-strategy").input_value() == name
    assert page.locator("input[name=labels]:checked").input_value() == labels
    link = page.locator("#explore-link").get_attribute("href")
    assert link == f"#{view['hash']}"
    first = explorer.data["first"]
    page.evaluate("hash => { location.hash = hash; }", explorer.view(*first)["hash"])
    page.wait_for_function(
        "text => document.getElementById('explore-says').textContent === text",
        arg=explorer.view(*first)["says"],
    )
    for strange in ("#view-nothing-1-cat", "#view-", "#curve"):
        page = opened(EXPLORE + strange)
        explorer_says(page, explorer, *first)


def test_an_arm_that_was_not_run_cannot_be_chosen(opened, explorer):
    """Take an arm out of the page's data: its size is disabled, and the strategy shows the nearest other one."""
    page = opened(EXPLORE)
    name, _, k = explorer.data["first"]
    *rest, gone = sizes_of(explorer, name)
    other = next(
        s for s, _ in explorer.data["strategies"] if s != name and f"{s}/{gone}" in explorer.data["arms"]
    )
    page.route(
        "**/explore.html",
        lambda route: route.fulfill(
            body=re.sub(rf'"{name}/{gone}":', '"none/0":', route.fetch().text()), content_type="text/html"
        ),
    )
    page.reload()
    page.locator("#explore-strategy").select_option(other)
    page.locator(f"input[name=labels][value='{gone}']").check()
    page.locator("#explore-strategy").select_option(name)
    assert page.locator("input[name=labels]:checked").input_value() == str(rest[-1])
    assert page.locator(f"input[name=labels][value='{gone}']").is_disabled()
    assert page.locator("#explore-says").text_content() == explorer.view(name, rest[-1], k)["says"]


def test_each_strategy_can_be_chosen(opened, explorer):
    page = opened(EXPLORE)
    explorer_says(page, explorer, *explorer.data["first"])
    _, labels, k = explorer.data["first"]
    for name, _ in explorer.data["strategies"]:
        page.locator("#explore-strategy").select_option(name)
        explorer_says(page, explorer, name, min(sizes_of(explorer, name), key=lambda n: abs(n - labels)), k)


def test_without_javascript_the_measured_sizes_and_a_first_view_are_there(opened, explorer, study):
    page = opened(INDEX, script=False)
    assert not page.locator("#worth-slider").is_visible()
    table = page.locator("#worth-table table")
    assert table.is_visible()
    assert table.locator("tbody tr").count() == len(study.strategies)
    page = opened(EXPLORE, script=False)
    assert not page.locator("#explore").is_visible()
    explorer_says(page, explorer, *explorer.data["first"])
    assert page.locator(".explore-pictures svg").first.is_visible()


def test_both_work_from_disk(opened, data, explorer):
    root = f"{report_site().as_uri()}/"
    page = opened(INDEX, root=root)
    page.locator("#worth-labels").focus()
    page.keyboard.press("End")
    slider_says(page, data, len(data["labels"]) - 1)
    page = opened(EXPLORE, root=root)
    page.locator("#explore-class").select_option("0")
    name, labels, _ = explorer.data["first"]
    explorer_says(page, explorer, name, labels, 0)


def test_pages_stay_small_and_the_pictures_are_there(opened):
    site = report_site()
    for name in (INDEX, EXPLORE):
        assert (site / name).stat().st_size < 500_000
    page = opened(EXPLORE)
    size = page.evaluate(
        """async () => {
          const image = new Image();
          image.src = document.querySelector(".explore-pictures image").href.baseVal;
          await image.decode();
          const all = document.querySelector(".explore-pictures image");
          return [image.naturalWidth, image.naturalHeight, all.width.baseVal.value, all.height.baseVal.value];
        }"""
    )
    assert size[:2] == size[2:]


def test_nothing_sticks_out_on_a_phone_wherever_the_slider_stands(opened, data, explorer):
    page = opened(INDEX, width=320)
    wide = "document.documentElement.scrollWidth"
    page.locator("#worth-labels").focus()
    for _ in data["labels"]:
        page.keyboard.press("ArrowRight")
        assert page.evaluate(wide) == 320
    page = opened(EXPLORE, width=320)
    for name, _ in explorer.data["strategies"]:
        page.locator("#explore-strategy").select_option(name)
        assert page.evaluate(wide) == 320


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(opened, explorer, scheme):
    def faults(page, context: str, options: dict) -> list[str]:
        found = Axe().run(page, context=context, options=options).response["violations"]
        return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]

    whole = AXE if scheme == "light" else COLOURS
    page = opened(INDEX, scheme=scheme)
    page.locator("#worth-labels").focus()
    for key in ("End", "ArrowLeft"):
        page.keyboard.press(key)
        assert faults(page, "main", whole) == []
    page = opened(EXPLORE, scheme=scheme)
    assert faults(page, "main", whole) == []
    for name, _ in explorer.data["strategies"]:  # each has its own colour behind the numbers
        page.locator("#explore-strategy").select_option(name)
        assert faults(page, "table.explore-confusion", COLOURS) == []

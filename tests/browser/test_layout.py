"""What is set is in sight of what it changes: beside it, on a phone below it, at a projector's size; and nothing jumps."""

import re

import pytest
from _pytest.mark import ParameterSet
from playwright.sync_api import Page, expect

from tests.browser.instrument import in_menu, settle, wait_until
from ui.site import PAGES

ALL = [page.file for pages in PAGES.values() for page in pages]
BESIDE = [  # pages whose instrument is a picture with its controls beside it
    "activation", "backward", "channels", "faces", "features", "fool_it", "forward", "images", "kernel", "network", "pooling",
    "skips", "stride_padding", "training", "why", "why_this_answer",
]  # fmt: skip

# Every element of the page, those inside components too.
EVERYWHERE = """const all = (root) => [...root.querySelectorAll("*")].flatMap(
    (one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
const main = document.querySelector("[data-testid=stMain]");
const box = (one) => one.getBoundingClientRect();
const seen = (one) => box(one).width > 2 && box(one).height > 2 && box(one).right > 0 && one.checkVisibility({visibilityProperty: true});
const column = document.querySelector("[class*=st-key-beside_] [data-testid=stColumn]");
const pictures = () => all(column).filter((one) => one.matches("figure canvas:not(.bar), .card canvas, .figures .grid, img") && seen(one));
const DRAGGED = "input[type=range], input[type=number], .grid input, textarea, [role=radiogroup], [data-testid=stNumberInput], [data-testid=stSelectbox], [data-testid=stCheckbox]";
const barAt = () => box(document.querySelector("[data-testid=stHeader]")).bottom;
const dragged = () => all(column.parentElement)
    .filter((one) => one.matches(DRAGGED) && seen(one)).sort((a, b) => box(a).top - box(b).top);
"""


def some(files: list[str]) -> list[ParameterSet]:
    """All pages, of which `make test` takes two of different kinds and `make soak` the others: they take ten minutes."""
    return [pytest.param(file, marks=() if file in ("kernel", "network") else pytest.mark.soak) for file in files]


def ask(page: Page, question: str):
    return page.evaluate(f"() => {{ {EVERYWHERE} return {question}; }}")


def address(file: str, query: str = "") -> str:
    return f"{'' if file == 'home' else file.replace('_', '-')}?{query}"


def scroll(page: Page, down: int) -> None:
    page.get_by_test_id("stMain").evaluate("(main, down) => main.scrollBy(0, down)", down)
    page.wait_for_timeout(200)


WATCH = """window.shifts = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries())).observe({type: "layout-shift", buffered: true});"""
MOST_SHIFT = 0.05  # of the screen, as browsers add it up, from the first byte on


def shifted(page: Page) -> float:
    page.wait_for_timeout(1000)
    return float(page.evaluate("window.shifts.reduce((sum, one) => sum + one.value, 0)"))


@pytest.mark.parametrize("file", some(BESIDE))
def test_on_a_phone_the_picture_and_what_is_dragged_are_in_sight_together(visit, file) -> None:
    page = visit(address(file), width=400, height=800, script=WATCH, has_touch=True)
    settle(page)
    assert shifted(page) <= MOST_SHIFT
    top, bottom = ask(page, "[box(pictures()[0]).top, box(pictures()[0]).bottom]")
    first = ask(page, "box(dragged()[0]).top")
    assert 0 < top < bottom < 800
    assert bottom <= first + 1  # what is dragged lies below it
    assert first < 760
    small = (
        "all(column).filter((one) => one.matches('.cell') && parseFloat(getComputedStyle(one).fontSize) < 12).length"
    )
    assert ask(page, small) == 0
    zoom = "all(column).filter((one) => one.matches('.panel:not(.large) .zoom') && seen(one)).length"
    assert ask(page, zoom) == 0
    assert ask(page, "box(column).height") <= 0.45 * 800
    scroll(page, first - 300)  # and while the controls scroll, the picture stays
    assert ask(page, "box(pictures()[0]).top") >= ask(page, "barAt()")  # nor lies it behind the menu's bar
    assert ask(page, "box(column).bottom") <= 0.52 * 800


@pytest.mark.parametrize(
    ("link", "heading", "height"),
    [("pooling?size=64", "On a feature map", 768), ("stride-padding?size=64&large=true", "The same setting", 720)],
)
def test_what_is_set_stays_in_sight_of_all_that_it_changes(visit, link, heading, height) -> None:
    page = visit(link, width=1280, height=height)
    settle(page)
    below = page.get_by_role("heading", name=heading)
    controls = "[...document.querySelectorAll('[class*=st-key-ruling_] [data-testid=stColumn]')].filter((one) => !one.parentElement.closest('[data-testid=stColumn]'))[1]"
    first = page.evaluate(f"{controls}.getBoundingClientRect().top")
    while below.bounding_box()["y"] > 120:
        scroll(page, 100)
    assert below.bounding_box()["y"] > 0
    top, bottom = page.evaluate(f"[{controls}.getBoundingClientRect().top, {controls}.getBoundingClientRect().bottom]")
    assert -100 < top < first  # it has moved with the page until its end was in sight
    assert bottom <= height


def test_nothing_jumps_while_the_lesson_plan_comes(visit) -> None:
    page = visit("teaching", width=1366, height=768, script=WATCH)
    expect(page.get_by_text("A lesson of 45 minutes")).to_be_visible()
    settle(page)
    assert shifted(page) <= MOST_SHIFT


@pytest.mark.parametrize("file", some(BESIDE))
def test_beside_its_controls_the_picture_stays_and_nothing_jumps_under_the_hand(visit, file) -> None:
    page = visit(address(file), width=1366, height=768, script=WATCH)
    settle(page)
    assert shifted(page) <= MOST_SHIFT
    assert ask(page, "box(pictures()[0]).top") < 400
    assert ask(page, "box(column.nextElementSibling).top - box(column).top") < 5
    assert ask(page, "box(dragged()[0]).top") < 600
    places = ask(page, "[...pictures(), ...dragged()].map((one) => box(one).top)")
    for x, y in ask(page, "pictures().slice(0, 2).map((one) => [box(one).left + 20, box(one).top + 20])"):
        page.mouse.move(x, y)
        page.wait_for_timeout(500)
    grip = "[...all(column.parentElement)].find((one) => one.matches('input[type=range], .grid input') && seen(one))"
    where = ask(page, f"(() => {{ const one = {grip}; return one && [box(one).left + 25, box(one).top + 10]; }})()")
    if where:
        page.mouse.move(*where)
        page.mouse.down()
        page.mouse.move(where[0] + 12, where[1] - 12, steps=4)
        page.mouse.up()
        settle(page)
    now = ask(page, "[...pictures(), ...dragged()].map((one) => box(one).top)")
    assert len(now) == len(places)
    assert max(abs(a - b) for a, b in zip(places, now, strict=True)) < 3
    assert shifted(page) <= MOST_SHIFT
    high = ask(page, "box(column.nextElementSibling).height - box(column).height")
    if high > 200:
        scroll(page, int(ask(page, "box(column).top")) + 150)
        assert ask(page, "box(column).top") >= min(0, 768 - ask(page, "box(column).height") - 32)  # it stays
        assert ask(page, "box(column).top") >= -0.41 * 768  # with its pictures in sight


def test_what_is_taught_later_waits_until_it_is_set(visit) -> None:
    page = visit("kernel?size=64")
    settle(page)
    waiting = page.get_by_test_id("stMain").get_by_text("And then")
    assert page.locator(".st-key-kernel_stride input").is_visible() is False
    waiting.click()
    page.locator(".st-key-kernel_stride input").fill("2")
    page.locator(".st-key-kernel_stride input").press("Enter")
    page.wait_for_url("**kernel_stride=2**")
    settle(page)
    page.locator(".st-key-kernel_stride input").fill("1")
    page.locator(".st-key-kernel_stride input").press("Enter")
    wait_until(page, "!location.search.includes('kernel_stride')")
    settle(page)
    assert page.locator(".st-key-kernel_stride input").is_visible()  # it does not close under the hand
    page = visit("kernel?size=64&kernel_relu=true")
    settle(page)
    assert page.locator(".st-key-kernel_stride input").is_visible()


CUT = """all(document.querySelector("[data-testid=stApp]"))
    .filter((one) => one.matches("button, label, h1, h2, h3, figcaption, summary, a, button *, label *, [role=radiogroup]")
        && !one.matches(".card .words")  // in whole when the card is pointed at
        && seen(one) && getComputedStyle(one).overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1)
    .map((one) => `${one.tagName} ${one.className} ${one.textContent.slice(0, 40)}`)"""
VANISHED = """[...document.querySelectorAll("[data-testid=stNumberInput]")].filter((one) => seen(one)
    && !one.querySelector("[data-testid=stNumberInputStepUp]")).map((one) => one.textContent)"""


@pytest.mark.parametrize("file", some(ALL))
def test_a_projector_shows_all_of_it(visit, file) -> None:
    page = visit(address(file, "large=true&size=64"), width=1280, height=768)
    settle(page)
    for width in (1280, 1366):
        page.set_viewport_size({"width": width, "height": 768})
        page.wait_for_timeout(500)
        assert ask(page, CUT) == []
        assert ask(page, VANISHED) == []
        below = ["[class*=st-key-large]", "[data-testid=stSidebarNav]"]
        lines = [
            ask(page, f"(({{top, bottom}}) => [top, bottom])(box(document.querySelector('{one}')))") for one in below
        ]
        assert lines[0][1] <= lines[1][0]  # the list of pages begins below what stands above it
        sizes = ask(page, "[main.scrollWidth, main.clientWidth]")
        assert sizes[0] <= sizes[1] + 1
        if file in BESIDE and file != "why":  # its bars stand below each other
            pair = "(pictures().filter((one) => one.matches('.input, .output')).concat(pictures())).slice(0, 2)"
            tops = ask(page, f"{pair}.map((one) => box(one).top)")
            assert max(tops) - min(tops) < 60  # input and output side by side
    page.set_viewport_size({"width": 683, "height": 384})  # enlarged to 200 %
    page.wait_for_timeout(500)
    top, bottom, bar = ask(
        page, "[...['top', 'bottom'].map((side) => box(document.querySelector('h1'))[side]), barAt()]"
    )
    assert bar <= top < bottom < 384
    assert ask(page, CUT) == []


@pytest.mark.parametrize("file", some(ALL))
def test_nothing_jumps_while_a_page_comes_and_names_are_words(visit, file) -> None:
    page = visit(address(file), width=1366, height=768, script=WATCH)
    settle(page)
    assert shifted(page) <= MOST_SHIFT
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    controls = ("button", "checkbox", "combobox", "group", "link", "radio", "radiogroup", "slider", "spinbutton", "switch", "tab",
                "textbox")  # fmt: skip
    names = [
        node.get("name", {}).get("value", "")
        for node in tree["nodes"]
        if node.get("role", {}).get("value") in controls and not node.get("ignored")
    ]
    assert len(names) > 10
    assert [name for name in names if any(mark in name for mark in ("[", "*", "$", ":material/", "`"))] == []


def test_a_projector_shows_a_product_in_one_line_and_a_rate_in_whole(visit) -> None:
    page = visit("kernel?large=true&size=64", width=1280, height=720)
    settle(page)
    places = ask(
        page, "all(column).filter((one) => one.matches('.product:last-child td, .sign')).map((one) => box(one).top)"
    )
    parts = ask(
        page, "all(column).filter((one) => one.matches('.product .numbers')).slice(0, 3).map((one) => box(one).top)"
    )
    assert len(places) > 20
    assert max(parts) - min(parts) < 3  # window x kernel = products
    page = visit("training?large=true", width=1280, height=720)
    settle(page)
    typed = page.locator(".st-key-training_rate input")
    assert typed.input_value() == "0.002"
    assert typed.evaluate("(one) => one.scrollWidth <= one.clientWidth")


def test_a_whole_small_network_is_in_sight_and_an_opened_map_a_click_away(visit) -> None:
    page = visit("network", width=1366, height=768)
    settle(page)
    right = page.locator('.card[data-card="softmax"]').bounding_box()
    frame = page.locator(".scroller").bounding_box()
    assert right["x"] + right["width"] <= frame["x"] + frame["width"]
    page.locator('.card[data-card="conv1"] .map').nth(3).click()
    down = page.get_by_role("button", name="What made number 3 of conv1")
    expect(down).to_be_in_viewport(ratio=1)
    settle(page)
    down.click()
    expect(page.get_by_role("heading", name="What made this map")).to_be_in_viewport()


@pytest.mark.parametrize(("file", "query"), [("why_this_answer", "image=cat"), ("kernel", "size=64&large=true")])
def test_all_beside_the_controls_is_reached_by_scrolling_the_page(visit, file, query) -> None:
    page = visit(address(file, query), width=1280, height=720)
    settle(page)
    assert ask(page, "column.scrollHeight - column.clientHeight") <= 16  # a paragraph's margin: nothing is hidden in it
    before = ask(page, "box(column).bottom")
    assert before > 720
    scroll(page, before - 720 + 30)
    assert ask(page, "box(column).bottom") <= 720
    scroll(page, 60)
    if file == "kernel":  # its controls are longer: it waits there for them
        assert 690 <= ask(page, "box(column).bottom") <= 720


@pytest.mark.parametrize("file", ["kernel", "training"])
def test_on_a_phone_what_goes_on_below_a_picture_fades_until_it_is_seen(visit, file) -> None:
    page = visit(address(file), width=400, height=800)
    settle(page)
    fade = 'Number(getComputedStyle(column.firstElementChild, "::after").opacity)'
    assert ask(page, "column.scrollHeight - column.clientHeight") > 40
    assert ask(page, fade) == 1
    orders = ask(page, "[...column.firstElementChild.children].map((one) => Number(getComputedStyle(one).order))")
    assert ask(page, 'Number(getComputedStyle(column.firstElementChild, "::after").order)') > max(orders)
    assert (
        ask(page, "box(column.firstElementChild).height") >= ask(page, "column.scrollHeight") - 16
    )  # it can stay at the end
    ask(page, "void (column.scrollTop = column.scrollHeight)")
    page.wait_for_timeout(300)
    assert ask(page, fade) == 0


@pytest.mark.parametrize(
    ("file", "query", "tapped"),
    [
        ("why_this_answer", "image=cat", "figure canvas:not(.bar)"),
        ("network", "network_model=squeezenet&network_open=fire2", '.card[data-card="conv1"] .map'),
    ],
)
def test_on_a_phone_what_a_tap_tells_is_in_sight_with_its_picture(visit, file, query, tapped) -> None:
    page = visit(address(file, query), width=400, height=800, has_touch=True)
    settle(page)
    page.locator(tapped).first.tap()
    settle(page)
    page.wait_for_timeout(700)
    end = ask(page, "box(column).bottom")
    line = "all(column).find((one) => one.matches('.detail :is(p, output)') && seen(one) && one.textContent)"
    assert ask(page, f"box({line}).bottom") <= end
    assert ask(page, f"box({line}).top") >= ask(page, "box(column).top") + 100


def test_no_formula_that_fits_is_cut_or_faded(visit) -> None:
    page = visit("pooling", width=1366, height=768)
    settle(page)
    formula = page.locator(".katex-display").first
    scroll(page, formula.bounding_box()["y"])
    size = "one => [one.scrollWidth - one.clientWidth, one.scrollHeight - one.clientHeight]"
    assert formula.evaluate(size) == [0, 0]
    assert formula.evaluate("one => parseFloat(getComputedStyle(one).getPropertyValue('--fade-after'))") == 0


def test_a_table_that_scrolls_fades_over_what_is_hidden(visit) -> None:
    layers = ";".join(["conv 8 3 p1", "relu"] * 26)
    page = visit(f"shapes?shapes_layers={layers}", width=1366, height=768)
    for part in ("_scrolls_table", "_scrolls_bars"):
        scroller = page.locator(f".st-key-{part}")
        expect(scroller).to_be_visible()
        settle(page)
        assert scroller.evaluate("one => one.scrollHeight > one.clientHeight + 100")
        assert "linear-gradient" in scroller.evaluate("one => getComputedStyle(one).maskImage")
        fades = "one => ['before', 'after'].map(side => parseFloat(getComputedStyle(one).getPropertyValue(`--fade-${side}`)))"
        assert scroller.evaluate(fades) == [0, 40]
        scroller.evaluate("one => one.scrollTo(0, one.scrollHeight)")
        page.wait_for_timeout(300)
        assert scroller.evaluate(fades) == [40, 0]
    page = visit("shapes", width=1366, height=768)
    settle(page)
    assert page.locator(".st-key-_scrolls_table").evaluate(fades) == [0, 0]


def test_what_bars_say_grows_for_a_projector(visit) -> None:
    wide = []
    for link in ("why?size=64", "why?size=64&large=true"):
        page = visit(link, width=1280, height=720)
        bars = page.locator("[data-testid=stImage] img").first
        bars.wait_for()
        settle(page)
        wide.append(bars.bounding_box()["width"])
    assert wide[1] == pytest.approx(1.25 * wide[0], rel=0.01)


def test_buttons_that_begin_another_line_have_whole_borders(visit) -> None:
    page = visit("skips", width=1366, height=768)
    settle(page)
    group = page.get_by_test_id("stButtonGroup").filter(has_text="Block 1")
    last = group.get_by_role("radio", name="Block 2")
    below = group.get_by_role("radio", name="Block 3")
    assert below.bounding_box()["y"] > last.bounding_box()["y"] + 20
    sides = "one => ['Top', 'Right', 'Bottom', 'Left'].map((side) => getComputedStyle(one)[`border${side}Color`])"
    for one in (last, below):
        colours = one.evaluate(sides)
        assert len(set(colours)) == 1
        assert not re.search(r"(, |/ )0\)$", colours[0])


def test_the_menu_of_a_phone_closes_once_a_page_is_chosen(visit) -> None:
    page = visit("kernel?size=64", width=400, height=800, has_touch=True)
    settle(page)
    page.get_by_test_id("stExpandSidebarButton").tap()
    link = in_menu(page, "Pooling")
    link.scroll_into_view_if_needed()
    expect(link).to_be_in_viewport()
    link.tap()
    expect(page.locator("h1")).to_have_text("Pooling")
    expect(link).not_to_be_in_viewport()


@pytest.mark.parametrize("file", ["backward", "channels", "features", "shapes", "why", "training"])
def test_a_formula_goes_on_below_where_a_phone_is_too_narrow(visit, file) -> None:
    page = visit(address(file, "size=64"), width=400, height=800)
    formulas = page.locator(".katex-display")
    formulas.first.wait_for()
    settle(page)
    assert (
        formulas.evaluate_all("all => all.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)")
        == [0] * formulas.count()
    )

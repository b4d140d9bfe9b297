"""Numbers as hands write them: with a comma wherever one number is written, and never changed by a wheel that scrolls."""

from playwright.sync_api import expect

from tests.browser.instrument import settle


def test_a_decimal_comma_is_read_wherever_a_number_is_written(visit) -> None:
    page = visit("kernel?image=dot&size=32")
    settle(page)
    cell = page.get_by_label("row 2, column 2")
    cell.fill("0,25")
    cell.press("Enter")
    page.wait_for_url("**kernel=-1+0+1%3B+-2+0.25+2**")
    line = page.locator(".st-key-kernel_bias input")
    line.fill("-0,25")
    line.press("Enter")
    page.wait_for_url("**kernel_bias=-0.25**")
    expect(line).to_have_value("-0.25")
    text = page.locator(".st-key-kernel textarea")
    text.fill("0,25 0 -0,25")
    text.press("Control+Enter")
    page.wait_for_url("**kernel=0.25+0+-0.25**")
    answer = page.get_by_label("Your answer")
    answer.click()
    page.keyboard.type("2,5")
    expect(answer).to_have_value("2.5")  # not 25


def test_a_wheel_over_a_number_scrolls_the_page_and_changes_nothing(visit) -> None:
    page = visit("stride-padding?size=64", width=1366, height=768)
    settle(page)
    number = page.locator(".st-key-walk_stride input")
    number.click()
    number.hover()
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(700)
    expect(number).to_have_value("1")
    assert "walk_stride" not in page.url
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollTop") > 50

"""Settings in a real browser: back and forward, and a settings file through the real uploader."""

import json

from playwright.sync_api import expect

from tests.browser.instrument import and_then, expect_shape, in_menu, settle


def numbers(page) -> dict[str, str]:
    """What each stepper shows, by its words."""
    fields = page.get_by_test_id("stNumberInput").all()
    return {field.inner_text().split("\n")[0]: field.locator("input").input_value() for field in fields}


def test_back_and_forward_restore_every_setting(visit) -> None:
    page = visit("kernel?size=64")
    settle(page)
    and_then(page)
    steps = [page.url]
    for word, shape in (("Stride s", (1, 31, 31)), ("Padding p", (1, 32, 32)), ("Dilation d", (1, 31, 31))):
        page.get_by_test_id("stNumberInput").filter(has_text=word).get_by_test_id("stNumberInputStepUp").click()
        expect_shape(page, "convolution", shape)
        settle(page)
        steps.append(page.url)
    in_menu(page, "Pooling").click()
    expect(page.get_by_role("heading", name="Pooling", level=1)).to_be_visible()
    settle(page)
    assert steps[3].endswith("kernel?size=64&kernel_stride=2&kernel_padding=1&kernel_dilation=2")
    for url, shape in zip(reversed(steps), ((1, 31, 31), (1, 32, 32), (1, 31, 31), (1, 62, 62)), strict=True):
        page.go_back()
        expect_shape(page, "convolution", shape)
        settle(page)
        assert page.url == url
    assert numbers(page)["Stride s"] == "1"
    for url, shape in zip(steps[1:], ((1, 31, 31), (1, 32, 32), (1, 31, 31)), strict=True):
        page.go_forward()
        expect_shape(page, "convolution", shape)
        settle(page)
        assert page.url == url
    assert [numbers(page)[word] for word in ("Stride s", "Padding p", "Dilation d")] == ["2", "1", "2"]


def test_a_file_sets_what_is_not_drawn_yet(visit) -> None:
    page = visit("kernel?size=64")
    settle(page)
    wanted = {
        "kernel_padding": 2,
        "kernel_mode": "reflect",
        "kernel_relu": True,
        "kernel_pool": "max",
        "kernel_pool_size": 3,
    }
    page.get_by_text("Load settings").click()
    file = {"name": "settings.json", "mimeType": "application/json", "buffer": json.dumps(wanted).encode()}
    page.locator("[class*='st-key-_kernel_settings'] input[type=file]").set_input_files(file)
    expect_shape(page, "pooling", (1, 32, 32))
    settle(page)
    assert page.url.endswith(
        "size=64&kernel_padding=2&kernel_mode=reflect&kernel_relu=true&kernel_pool=max&kernel_pool_size=3"
    )
    assert numbers(page)["Pooling window"] == "3"

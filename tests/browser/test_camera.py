"""The live camera: Chromium's moving test picture through the kernel, and its end."""

import numpy as np
from playwright.sync_api import Page, expect

from cnn_core import networks
from tests.browser.instrument import (
    coloured,
    expect_shape,
    in_menu,
    panel,
    pixels,
    range_of,
    settle,
    updates,
    wait_until,
)


def frames(page, milliseconds: int) -> int:
    """Pictures that were computed and drawn in this time."""
    before = updates(page, "convolution")
    page.wait_for_timeout(milliseconds)
    return updates(page, "convolution") - before


def with_camera(visit, settings: str, still: tuple[int, int, int]) -> Page:
    """The kernel page with the camera on, after the still picture's convolution had this shape."""
    page = visit(f"kernel?image=Cat&size=256{settings}")
    wait_until(page, "window.cnnLive?.open")
    settle(page)
    expect_shape(page, "convolution", still)
    page.get_by_role("button", name="Live camera").click()
    return page


def test_the_moving_picture_goes_through_the_kernel_until_it_is_stopped(visit) -> None:
    page = with_camera(visit, "&kernel=1&kernel_view=values", (1, 170, 256))
    expect(page.get_by_text("The camera is on.")).to_be_visible()
    expect_shape(page, "input", (1, 240, 320))
    expect_shape(page, "convolution", (1, 240, 320))
    assert max(frames(page, 1000) for _ in range(5)) >= 15  # a second; other tests run beside this one

    text = page.locator(".st-key-kernel textarea")
    text.fill("0 0 0; 0 0 0; 0 0 0")
    text.press("Control+Enter")
    expect_shape(page, "convolution", (1, 238, 318))  # the camera goes on with the new kernel
    expect(panel(page, "convolution").locator(".found")).to_have_text("min 0, max 0")
    expect_shape(page, "input", (1, 240, 320))
    assert frames(page, 1500) > 3

    page.get_by_role("button", name="Stop the camera").click()
    expect_shape(page, "input", (1, 170, 256))
    expect_shape(page, "convolution", (1, 168, 254))
    expect(page.get_by_role("button", name="Live camera")).to_be_visible()
    settle(page)
    assert frames(page, 700) == 0


def test_what_is_drawn_is_what_the_kernel_makes_of_the_picture(visit) -> None:
    page = with_camera(visit, "&kernel=1&kernel_view=values", (1, 170, 256))
    expect_shape(page, "convolution", (1, 240, 320))
    page.wait_for_timeout(500)
    seen, made = pixels(page, "input").astype(int), pixels(page, "convolution").astype(int)
    assert (seen[..., 0] == seen[..., 2]).all()  # grey
    assert seen.std() > 10  # a picture
    end = float(range_of(page, "convolution").split("max ")[1])
    expected = coloured(seen[..., 0] / 255, end)
    assert np.median(np.abs(made - expected)) < 12  # two JPEGs of a picture that has moved a little


def test_the_camera_keeps_its_colours_where_the_page_does(visit) -> None:
    page = with_camera(visit, "&colour=Colour&kernel_channels=each", (3, 168, 254))
    expect_shape(page, "input", (3, 240, 320))
    expect_shape(page, "convolution", (3, 238, 318))
    seen = pixels(page, "input").astype(int)
    assert np.abs(seen[..., 0] - seen[..., 1]).max() > 60


def test_the_camera_goes_off_when_its_page_is_left(visit) -> None:
    page = visit("kernel?image=Cat&size=256")
    wait_until(page, "window.cnnLive?.open")
    settle(page)
    page.evaluate(
        """() => {
            const plain = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async (wanted) => (window.seen = await plain(wanted));
        }"""
    )
    page.get_by_role("button", name="Live camera").click()
    expect_shape(page, "convolution", (1, 238, 318))
    assert page.evaluate("window.seen.getTracks()[0].readyState") == "live"
    in_menu(page, "Activation").click()
    wait_until(page, "window.seen.getTracks()[0].readyState === 'ended'")


def test_a_camera_that_cannot_be_opened_is_said_so(visit) -> None:
    page = visit("kernel?image=Cat&size=256")
    settle(page)
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no'); }; }")
    page.get_by_role("button", name="Live camera").click()
    expect(page.get_by_text("The camera could not be opened")).to_be_visible()
    expect_shape(page, "convolution", (1, 168, 254))


def test_a_network_answers_for_what_the_camera_sees(visit) -> None:
    page = visit("network?network_model=squeezenet&image=cat")
    wait_until(page, "window.cnnLive?.open")
    settle(page)
    page.get_by_role("button", name="Live camera").click()
    bars = page.get_by_role("list", name="likeliest classes").get_by_role("listitem")
    expect(bars).to_have_count(5)
    expect(page.get_by_text("pictures a second")).to_be_visible()
    rows = bars.evaluate_all(
        """rows => rows.map(row => {
            const [name, track, share] = row.children;
            return [name.textContent, share.textContent, track.firstChild.offsetWidth / track.offsetWidth];
        })"""
    )
    names, texts, widths = zip(*rows, strict=True)
    shares = [float(text.strip("<>% ")) for text in texts]
    assert set(names) <= set(networks.classes("squeezenet"))
    assert shares == sorted(shares, reverse=True)
    assert np.allclose(np.array(widths) * 100, shares, atol=1)
    page.get_by_role("button", name="Stop the camera").click()
    expect(page.get_by_role("img", name="the camera's picture, as the network is given it")).to_be_hidden()
    expect(bars.first).to_be_hidden()

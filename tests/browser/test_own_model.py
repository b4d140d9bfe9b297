"""One's own network, dropped on a page in a browser: its answer, its second file, a refusal, what its input means."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from cnn_core import onnx
from cnn_core.graph import chain
from cnn_core.images import resize
from cnn_core.layers import Conv2d, ConvTranspose2d, Flatten, Linear, ReLU
from instruments import samples
from tests.app.own_models import middle, open_sized, tiny
from tests.browser.conftest import free_port, start_server
from tests.browser.instrument import expect_shape, in_menu, panel, pixels, settle
from tests.core.onnx_files import file, node, tensor

UPLOADER = "[class*='st-key-_model'] input[type=file]"


def give(page: Page, *files: tuple[str, bytes]) -> None:
    settle(page)
    page.locator(UPLOADER).set_input_files([{"name": name, "mimeType": "", "buffer": data} for name, data in files])


def bars(page: Page) -> dict[str, str]:
    """What the bars say, by class."""
    alt = page.get_by_role("img", name=re.compile("^Probabilities")).first.get_attribute("alt") or ""
    return dict(re.findall(r"(?:: |, )(.+?) ([<>]? ?[\d.]+)%", alt))


def seen(height: int, width: int) -> np.ndarray:
    return resize(middle(samples.load("cat", 512), width / height), height, width)


def test_a_dropped_model_shows_its_named_bars_and_a_bad_file_leaves_it(visit) -> None:
    page = visit("why-this-answer?answer_network=own&image=cat&model_names=ant,bee,cow,doe")
    expect(page.get_by_text("Your own model is not here")).to_be_visible()
    expect_shape(page, "seen", (3, 227, 227))
    give(page, ("tiny.onnx", onnx.write(tiny())))
    expect_shape(page, "seen", (3, 22, 34))
    settle(page)
    answer = tiny().forward(seen(22, 34))
    expected = {name: f"{share * 100:.1f}" for name, share in zip(("ant", "bee", "cow", "doe"), answer, strict=True)}
    assert bars(page) == expected
    drawn = pixels(page, "seen").transpose(2, 0, 1)
    assert np.abs(drawn - 255 * seen(22, 34)).max() <= 1.5
    page.get_by_text("Your own model: what it is given").click()
    give(page, ("cat.onnx", b"GIF89a no model"))
    expect(page.get_by_text("cat.onnx: This is no ONNX file")).to_be_visible()
    settle(page)
    assert bars(page) == expected
    page.locator(".st-key-model_values input").first.click()
    page.get_by_role("option", name="0 to 255", exact=True).click()
    page.wait_for_url("**model_values=bytes**")
    settle(page)
    loud = tiny().forward(seen(22, 34) * np.float32(255))
    assert (
        max(bars(page), key=lambda name: float(bars(page)[name].strip("<> ")))
        == ("ant", "bee", "cow", "doe")[int(loud.argmax())]
    )


def test_both_files_dropped_at_once_work_on_the_other_page_too(visit) -> None:
    weights = np.random.default_rng(0).normal(size=(3, 1152)).astype(np.float32)
    outside = tensor("w", weights, data_location=1)
    outside.external_data.add(key=b"location", value=b"a.onnx.data")
    data = file([node("Flatten", "x", "f"), node("Gemm", "f w", "y", transB=1)], {"w": outside}, ("n", 3, 16, 24))
    page = visit("fool-it?fool_network=own&image=cat&fool_epsilon=0")
    give(page, ("a.onnx", data))
    expect(page.get_by_text("The weights lie in a second file: choose both files")).to_be_visible()
    give(page, ("a.onnx.data", weights.tobytes()), ("a.onnx", data))
    expect_shape(page, "before", (3, 16, 24))
    settle(page)
    scores = weights.astype(np.float64) @ seen(16, 24).ravel()
    powers = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    shown = bars(page)
    for number, share in enumerate(powers):
        assert abs(float(shown[f"class {number}"].strip("<> ")) - share * 100) < 0.15
    in_menu(page, "Why this answer?").click()
    expect(panel(page, "seen").locator(".shape")).to_have_text("3 × 227 × 227")  # this page has a choice of its own
    page.locator(".st-key-answer_network input").first.click()
    page.get_by_role("option", name="Your own (ONNX)").click()
    expect_shape(page, "seen", (3, 16, 24))


def test_a_model_of_open_size_is_given_any_size(visit) -> None:
    page = visit("why-this-answer?answer_network=own&image=cat&model_height=40&model_width=63")
    give(page, ("open.onnx", onnx.write(open_sized())))
    expect_shape(page, "seen", (3, 40, 63))
    settle(page)
    answer = open_sized().forward(seen(40, 63))
    assert bars(page) == {f"class {number}": f"{share * 100:.1f}" for number, share in enumerate(answer)}


RED_AND_BLUE = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [canvas.height, canvas.width, Array.from({ length: data.length / 4 }, (_, i) => data[4 * i] - data[4 * i + 2])];
}"""


def test_a_dropped_segmenter_answers_in_maps(visit) -> None:
    net = chain([Conv2d(3, 5, 3, 2, seed=7), ReLU(), ConvTranspose2d(5, 3, (3, 4), 2, seed=8)], (3, 31, 46))
    page = visit("network?network_model=own&image=cat")
    give(page, ("segmenter.onnx", onnx.write(net)))
    last = page.locator("section.card").nth(2)
    expect(last).to_contain_text("3 × 31 × 46")
    settle(page)
    expect(page.get_by_text("not with one a class, so there are no bars")).to_be_visible()
    maps = net.forward(seen(31, 46))
    for number, expected in enumerate(maps):
        canvas = last.locator(f"button.map[data-map='{number}'] canvas")
        height, width, warmth = canvas.evaluate(RED_AND_BLUE)
        assert (height, width) == expected.shape
        clear = np.abs(expected) > 0.1 * np.abs(maps).max()  # orange above 0, blue below
        assert clear.sum() > 100
        assert (np.sign(warmth).reshape(height, width) == np.sign(expected))[clear].all()


def resident(process: int) -> float:
    """MB that a process holds."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1000


def test_a_large_model_goes_with_its_session_though_nobody_else_comes(visit, tmp_path) -> None:
    """Fragments that grow or ask would hold on to it."""
    if not Path("/proc/self/status").exists():
        pytest.skip("This system does not say what a process holds.")
    port = free_port()
    server = start_server(port, "--server.disconnectedSessionTTL", "1")
    try:
        page = visit("fool-it?fool_network=own&image=cat", base=f"http://127.0.0.1:{port}")
        net = chain([Flatten(), Linear(3 * 64 * 64, 900), ReLU(), Linear(900, 3)], (3, 64, 64))  # 44 MB
        (tmp_path / "large.onnx").write_bytes(onnx.write(net))
        settle(page)
        page.locator(UPLOADER).set_input_files(tmp_path / "large.onnx")
        expect_shape(page, "before", (3, 64, 64))
        settle(page)
        page.get_by_role("button", name="Ask it", exact=True).click()
        settle(page)
        held = resident(server.pid)
        page.close()
        deadline = time.monotonic() + 40
        while resident(server.pid) > held - 35:
            assert time.monotonic() < deadline, (held, resident(server.pid))
            time.sleep(1)
    finally:
        server.terminate()
        server.wait()

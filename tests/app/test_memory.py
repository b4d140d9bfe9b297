"""What one session holds at the worst settings, counted by the allocator, page after page."""

import gc
import tracemalloc

import numpy as np
from streamlit.testing.v1 import AppTest

from instruments.image import OWN
from server import shares
from tests.app.visits import ROOT, component, visit
from ui.image_source import Photo
from ui.site import PAGES

MAX_HELD = 64_000_000
WORST = {"size": "1024", "colour": "Colour", "channels_kernels": "64", "channels_k": "7", "faces_min": "17",
         "pooling": "max", "pooling_size": "1", "pooling_stride": "1", "features_left_eye": "10 10 65 65",
         "kernel": "; ".join(["1 2 3 4 5 6 7"] * 7), "training_kernels": "32"}  # fmt: skip


def open_session() -> AppTest:
    app = AppTest.from_file(ROOT / "ui" / "shell.py", default_timeout=60)
    for name, value in WORST.items():
        app.query_params[name] = value
    return app.run()


def test_a_session_holds_at_most_64_mb_on_every_page() -> None:
    pages = [page.file for section in PAGES.values() for page in section]
    everyone = open_session()
    for page in pages:
        everyone.switch_page(f"../pages/{page}.py").run()
    del everyone
    tracemalloc.start()
    try:
        app = open_session()
        noise = np.random.default_rng(0).integers(0, 256, (3, 1024, 1024), np.uint8)  # nothing compresses worse
        app.session_state["_photo"] = Photo("mine.png", noise)
        app.session_state["_settings"].given["image"] = OWN
        held = {}
        for page in pages:
            app.switch_page(f"../pages/{page}.py").run()
            assert not app.exception
            gc.collect()
            held[page] = round(tracemalloc.get_traced_memory()[0] / 1e6, 1)
        assert max(held.values()) < MAX_HELD / 1e6, held
        assert held.pop("home") > 3  # the photo alone: home draws
        assert min(held.values()) > 10, "nothing was counted"
        del app, noise
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 10e6  # all of it went with the session
    finally:
        tracemalloc.stop()


def listening(app: AppTest) -> str:
    """Names of the controls that still call back."""
    known = app.session_state._state._state._new_widget_state.widget_metadata
    return " ".join(name for name, control in known.items() if control.callback or control.callbacks)


def test_a_left_page_is_forgotten_and_a_shown_one_still_listens() -> None:
    app = visit("kernel")
    app.run()
    shown = (
        "_kernel_editor__events",
        "_kernel_scale_slider__events",
        "kernel_viewer__events",
        "-_preset",
        "-kernel_stride",
        "-_upload_0",
    )
    assert [name for name in shown if name not in listening(app)] == []
    app.switch_page("../pages/why.py").run()
    assert [name for name in shown[:5] if name in listening(app)] == []
    assert "why_maps__events" in listening(app)


def test_large_images_become_smaller_while_the_server_is_short_of_memory(monkeypatch) -> None:
    monkeypatch.setenv(shares.MEMORY, "1")
    shares.memory_limit.cache_clear()
    try:
        app = visit("kernel", image="Checkerboard", size="1024")
        assert component(app, "feature_viewer")["input"]["shape"] == [1, 512, 512]
        assert sum("is shown at 512 pixels for now" in one.value for one in app.markdown) == 1
        assert not any("short of memory" in one.value for one in visit("kernel", size="256").markdown)
        monkeypatch.setenv(shares.MEMORY, "100000")
        shares.memory_limit.cache_clear()
        app.run()
        assert component(app, "feature_viewer")["input"]["shape"] == [1, 1024, 1024]
    finally:
        shares.memory_limit.cache_clear()

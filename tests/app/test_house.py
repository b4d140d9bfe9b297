"""Rules of the house: imports point one way, colours agree, pages are known, nothing heavy is loaded early."""

import ast
import dataclasses
import importlib
import re
import subprocess
import sys
import tomllib

import pytest

from tests.app.visits import ROOT, visit
from ui.palette import QUANTITIES, diverging
from ui.site import PAGES

ALLOWED = {  # a package may import these of ours, and these from outside
    "cnn_core": ({"cnn_core"}, {"numpy"}),
    "server": ({"server"}, {"starlette", "uvicorn", "websockets"}),
    "instruments": ({"instruments", "cnn_core"}, {"numpy"}),
    "live": ({"live", "instruments", "server", "cnn_core"}, {"numpy", "starlette"}),
    "ui": ({"ui", "live", "instruments", "server", "cnn_core"}, {"numpy", "streamlit", "plotly"}),
    "pages": ({"ui", "live", "instruments", "cnn_core"}, {"numpy", "streamlit"}),
}
EXTRA = {  # what single files may import beside that
    "cnn_core/images.py": {"PIL"},
    "cnn_core/image_worker.py": {"PIL"},
    "cnn_core/onnx/messages.py": {"google"},
}
NO_STREAMLIT = {"ui/formulas.py", "ui/palette.py", "ui/site.py", "ui/figures.py"}


Imports = ast.Import | ast.ImportFrom
Documented = ast.Module | ast.ClassDef | ast.FunctionDef


def imports(path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add((node.module or "").split(".")[0])
    return names - set(sys.stdlib_module_names)


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_one_way(package) -> None:
    ours, outside = ALLOWED[package]
    for path in (ROOT / package).rglob("*.py"):
        name = str(path.relative_to(ROOT))
        if name.startswith("ui/programs/"):
            assert imports(path) <= ours | outside | {"torch", "keras"}, name
            assert "streamlit" not in imports(path), name
            continue
        assert imports(path) <= ours | outside | EXTRA.get(name, set()), name
        if name in NO_STREAMLIT:
            assert "streamlit" not in imports(path), name


def test_no_file_is_named_for_nothing() -> None:
    vague = {"utils.py", "helpers.py", "common.py"}
    assert not [path for package in ALLOWED for path in (ROOT / package).rglob("*.py") if path.name in vague]


def test_no_source_holds_a_control_character() -> None:
    """`\\f` in a formula that was written through a plain string is one: KaTeX then shows "rac"."""
    sources = [
        path for package in ALLOWED for kind in ("py", "js", "css") for path in (ROOT / package).rglob(f"*.{kind}")
    ]
    wrong = {
        str(path): set(text)
        for path in sources
        if (text := re.sub(r"[^\x00-\x09\x0b-\x1f]", "", path.read_text("utf-8")))
    }
    assert len(sources) > 100
    assert wrong == {}


def spoken(path) -> list[str]:
    """What a Python file may say to people: its strings, but for docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    told = [ast.get_docstring(node, False) for node in ast.walk(tree) if isinstance(node, Documented)]
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [string for string in strings if string not in told and " " in string]


def test_what_is_asked_of_a_hand_a_finger_can_do() -> None:
    """A phone has no mouse and shows no menu at its left; "tap or click" and "tap or point at" are true everywhere."""
    pages = [path for room in ("pages", "ui") for path in (ROOT / room).rglob("*.py") if "programs" not in path.parts]
    said = [string for path in pages for string in spoken(path)]
    scripts = [path.read_text("utf-8") for path in (ROOT / "ui" / "components").rglob("*.js")]
    said += [string for script in scripts for string in re.findall(r'"([A-Z][^"\n]* [^"\n]*)"', script)]
    said.append((ROOT / "docs" / "teaching.md").read_text("utf-8").replace("gaps at the left", ""))
    assert len(said) > 500
    untrue = re.compile(
        r"\bmouse\b|\bhover|\bsidebar\b|\bat the left\b|(?<!tap or )\b(click|point at)\b", re.IGNORECASE
    )
    assert [string for string in said if untrue.search(string)] == []


def test_quantities_have_the_same_colours_in_formulas_and_labels() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for quantity in QUANTITIES.values():
        name = "primaryColor" if quantity.name == "primary" else f"{quantity.name}TextColor"
        assert theme["light"][name] == quantity.light
        assert theme["dark"][name] == quantity.dark


def luminance(hex_colour: str) -> float:
    parts = [int(hex_colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", QUANTITIES)
def test_quantities_can_be_read_on_both_themes(name) -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for mode in ("light", "dark"):
        one, other = sorted((luminance(getattr(QUANTITIES[name], mode)), luminance(theme[mode]["backgroundColor"])))
        assert (other + 0.05) / (one + 0.05) >= 4.5  # WCAG 2.1, AA


def test_zero_is_the_lightest_colour_of_maps() -> None:
    light = diverging().astype(float) @ [0.299, 0.587, 0.114]
    assert light.argmax() in (127, 128)
    assert (light[:127] - light[1:128]).max() <= 1
    assert (light[129:] - light[128:-1]).max() <= 1


@pytest.mark.parametrize("page", [page.file for pages in PAGES.values() for page in pages])
def test_every_page_opens(page) -> None:
    app = visit(page)
    assert len(app.title) == 1
    assert page == "home" or any("**Try first:**" in one.value for one in app.markdown)
    end = [one.value for one in app.subheader][-3:]
    assert end == ["Check yourself", "In code", "Share and download"] or page == "home"


def test_importing_the_core_is_light() -> None:
    code = "import cnn_core, sys; print(' '.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"PIL", "streamlit", "plotly", "scipy", "cnn_core.networks", "cnn_core.faces"} & set(loaded)


def test_the_shell_and_the_first_page_load_nothing_that_only_others_need() -> None:
    files = [ROOT / "ui" / "shell.py", ROOT / "pages" / "home.py"]
    statements = [
        node for file in files for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, Imports)
    ]
    code = "\n".join([*map(ast.unparse, statements), "print(*sys.modules)"])
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(answer.stdout.split())
    needed = {
        "cnn_core": "activations adaptive_pooling arguments attribution convolution correlation dense digits graph "
        "image_headers image_worker images joining kernels layers layers.activation layers.base layers.convolution "
        "layers.dense layers.joining layers.normalisation layers.pooling layers.shaping matching mnist networks "
        "normalisation optimisers padding pooling resampling shapes training weights",
        "server": "shares telemetry",
        "instruments": "channels class_names classifier code cost digits fields growing home image input_meaning kernel "
        "kernel_notation kernel_text models network overview_settings own_model percent pixel questions questions.question "
        "questions.quiz samples stages training why_this_answer window_walk",
        "live": "messages pictures store",
        "ui": "cache check_yourself components components.copy_link components.copy_link.component "
        "components.drawing_pad components.drawing_pad.component components.feature_viewer "
        "components.feature_viewer.component components.files components.first_picture "
        "components.first_picture.component components.live_slider components.live_slider.component "
        "components.map_viewer components.map_viewer.component components.photo_drop "
        "components.photo_drop.component components.window_explorer components.window_explorer.component controls "
        "digit_source downloads figures formulas home_view image_source left_behind lesson network_view palette "
        "progress ready_digit results settings site walks",
    }
    assert {name for name in loaded if name.split(".")[0] in ALLOWED} == set(needed) | {
        f"{package}.{name}" for package, names in needed.items() for name in names.split()
    }
    heavy = {"plotly.graph_objs._figure", "scipy", "pandas"}  # Streamlit itself loads no more of Plotly than its door
    assert not heavy & loaded


def test_no_page_needs_pandas() -> None:
    code = (
        "import sys; from tests.app.visits import visit; from ui.site import PAGES; "
        "[visit(page.file) for pages in PAGES.values() for page in pages]; print(*sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"pandas", "pyarrow", "scipy"} & set(answer.stdout.split())


def test_the_collector_leaves_out_what_is_imported() -> None:
    code = "import app, gc; print(gc.get_freeze_count(), len(gc.get_objects()))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    frozen, looked_at = map(int, answer.stdout.split())
    assert frozen > 100 * looked_at


CHANGING = {  # what is filled, trained or counted as it goes
    "instruments.kernel_notation.Group", "instruments.training.Training", "server.shares.Claim", "ui.results._Held", "ui.settings._Session",
}  # fmt: skip


def dataclasses_of_the_code() -> dict[str, type]:
    """All dataclasses by module and name."""
    found = {}
    for room in ("cnn_core", "instruments", "live", "server", "ui"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if "@dataclass" in path.read_text("utf-8"):
                module = importlib.import_module(str(path.relative_to(ROOT)).removesuffix(".py").replace("/", "."))
                for name, one in vars(module).items():
                    if isinstance(one, type) and dataclasses.is_dataclass(one) and one.__module__ == module.__name__:
                        found[f"{module.__name__}.{name}"] = one
    return found


def test_values_never_change_and_arrays_are_never_compared_as_a_whole() -> None:
    """What can change says so here; and == of arrays is no answer, so what holds one is equal to itself alone."""
    found = dataclasses_of_the_code()
    changing = {name for name, one in found.items() if not one.__dataclass_params__.frozen}
    assert changing == CHANGING
    holding = {
        name for name, one in found.items() if any("Array" in str(part.type) for part in dataclasses.fields(one))
    }
    assert {name for name in holding if found[name].__dataclass_params__.eq} == set()

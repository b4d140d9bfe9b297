"""The site map: every page once, in the order of the lesson."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class PageInfo(NamedTuple):
    """A page's file in pages/, and how navigation shows it."""

    file: str
    title: str
    icon: str
    idea: str  # one line, told when a hand rests on its name
    default: bool = False

    @property
    def path(self) -> Path:
        """The file itself."""
        return ROOT / "pages" / f"{self.file}.py"

    @property
    def url_path(self) -> str:
        """Its name in addresses, but for the page that opens by itself."""
        return self.file.replace("_", "-")


PAGES: dict[str, list[PageInfo]] = {
    "Start": [
        PageInfo("home", "Home", ":material/home:", "A network at work on what you draw.", default=True),
        PageInfo("why", "Why convolution", ":material/balance:", "Few parameters, and place matters."),
    ],
    "Images": [
        PageInfo("images", "Images are numbers", ":material/image:", "Pixels, channels, and the space of all images."),
    ],
    "Components": [
        PageInfo("kernel", "Kernel", ":material/grid_on:", "Edit a kernel and watch the whole image answer."),
        PageInfo("features", "Find a feature", ":material/search:", "Cut out an eye, use it as a kernel, find a face."),
        PageInfo(
            "stride_padding", "Stride and padding", ":material/straighten:", "Watch the window walk over real numbers."
        ),
        PageInfo("activation", "Activation", ":material/show_chart:", "The bend that makes depth worthwhile."),
        PageInfo("channels", "Channels and filters", ":material/layers:", "C × k × k per kernel, K kernels a layer."),
        PageInfo("pooling", "Pooling", ":material/compress:", "Max and average windows; which pixel won."),
    ],
    "Implementation": [
        PageInfo(
            "network",
            "The whole network",
            ":material/account_tree:",
            "A digit through every layer, every number visible.",
        ),
        PageInfo("training", "Training", ":material/model_training:", "Train the network live and watch its kernels."),
        PageInfo("backward", "Backward", ":material/undo:", "Gradients, with a numerical check beside each."),
        PageInfo("forward", "Forward, in code", ":material/code:", "Loops, im2col and one matrix product."),
        PageInfo(
            "code",
            "Same in PyTorch and Keras",
            ":material/integration_instructions:",
            "The network as code and notebook.",
        ),
    ],
    "Examples": [
        PageInfo(
            "why_this_answer",
            "Why this answer?",
            ":material/help_center:",
            "What a real network looked at in your photo.",
        ),
        PageInfo(
            "fool_it",
            "Fool it, break it, ask it",
            ":material/bug_report:",
            "Change what nobody sees, and the answer changes.",
        ),
        PageInfo(
            "skips", "Skips and norms", ":material/alt_route:", "Cut a residual network's skips, and see what norms do."
        ),
        PageInfo("faces", "Find faces", ":material/face:", "A trained cascade of three networks on your photo."),
    ],
    "Tools": [
        PageInfo(
            "shapes", "Shape calculator", ":material/calculate:", "Stack layers; see shapes, parameters and cost."
        ),
    ],
}
TEACHING = PageInfo("teaching", "For teachers", ":material/school:", "A 45-minute lesson, minute by minute.")
EVERY = [*(page for pages in PAGES.values() for page in pages), TEACHING]

QUESTIONS = 3  # of Check yourself on each page

# The pages that the lesson goes through, one after the other; a tool is no step of it.
STEPS = [page for section, pages in PAGES.items() if section != "Tools" for page in pages if not page.default]


def info(file: str) -> PageInfo:
    """The page of this name."""
    return next(page for page in EVERY if page.file == file)


def named(page: PageInfo) -> str:
    """A page's name in the navigation: a step of the lesson has its number.

    >>> named(info("why")), named(info("shapes"))
    ('1 Why convolution', 'Shape calculator')
    """
    return f"{STEPS.index(page) + 1} {page.title}" if page in STEPS else page.title

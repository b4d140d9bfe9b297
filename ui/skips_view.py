"""How ResNet-8 is shown with its skips cut, one map on its way through a block, and one around a batch norm."""

import numpy as np
import streamlit as st

from cnn_core import networks
from cnn_core.arguments import Array
from cnn_core.graph import Graph
from instruments import samples, skips
from instruments.fields import Values
from instruments.percent import percent
from instruments.skips import NORMS, Norm
from ui import cache, figures, formulas, lesson, why_this_answer_view
from ui.components.feature_viewer.component import MapPanel, Reads, map_viewer
from ui.controls import toggle

TABLE = 330  # pixels of what is told of each cut, about


@cache.remembered
def _each_alone(digest: str, _x: Array) -> list[skips.Alone]:  # noqa: ARG001  (the digest is the key)
    return skips.each_alone(_x)


def switches(v: Values) -> None:
    """One switch for each skip."""
    for field in skips.CUT.values():
        toggle(v, field)


def answers(net: Graph, x: Array) -> None:
    """The ten probabilities of the network as it is now."""
    shares = [float(share) for share in net.forward(x)]
    why_this_answer_view.bars(networks.classes("resnet8"), shares, 52)  # half a phone need not shrink them much


def each_alone(digest: str, x: Array) -> None:
    """What the answer becomes with each skip cut alone."""
    if lesson.waits(TABLE):
        return
    found, everywhere = _each_alone(digest, x), skips.on_samples()
    whole, count = found[0].said, len(samples.SAMPLES)
    lesson.table(
        {
            "cut": [one.words for one in found],
            "it says": [one.said for one in found],
            f"probability of “{whole}”": [percent(one.probability) for one in found],
            f"answers changed, of {count} sample pictures": [one.others for one in everywhere],
            "how sure there, on average": [percent(one.sure) for one in everywhere],
        }
    )
    surer = [one for one in found[1:] if one.said == whole and one.probability > found[0].probability]
    others = [one for one in found[1:] if one.said != whole]
    seen = [f"with {one.words} cut, surer of “{whole}”: {percent(one.probability)}" for one in surer]
    seen += [f"with {one.words} cut, it says “{one.said}”" for one in others]
    told = f"Here: {'; '.join(seen)}. " if seen else ""
    change, most = everywhere[1:], max(everywhere[1:], key=lambda one: one.sure)
    st.markdown(
        f"{told}**Surer is not better.** The other layers were trained with the skips; without them they read numbers that they never "
        f"met, and call out a class all the same. Of the {count} sample pictures, few of which show one of the ten classes, a "
        f"network with a cut calls {min(one.others for one in change)} to {max(one.others for one in change)} something else, "
        f"and is up to {percent(most.sure)} sure on average, the whole one {percent(everywhere[0].sure)}."
    )


def through_a_block(v: Values, found: skips.Block) -> None:
    """What the skip brings, what the block computes, their sum, and what ReLU leaves, on one scale."""
    end = max(float(np.abs(part).max()) for part in found) or 1.0
    block, number = f"Block {v[skips.BLOCK]}", v[skips.MAP]
    alone, both = skips.is_cut(v), [Reads("given", "same"), Reads("computed", "same")]
    panels = [
        MapPanel("given", f"{block}, map {number}: given", found.given, end=end),
        MapPanel("computed", "Computed from it", found.computed, end=end),
        MapPanel(
            "added", "Computed alone" if alone else "Sum", found.added, end=end, reads=both[1:] if alone else both
        ),
        MapPanel("left", "After ReLU", found.left, end=end, scale="sequential", reads=[Reads("added", "same")]),
    ]
    map_viewer("skips_block_maps", panels)
    st.markdown(f"What is computed is **{formulas.number(found.share)}** times as large as what is given.")


def block_formula(v: Values) -> str:
    """What the chosen block makes of x, with its skip or without."""
    inside = "F(x)" if skips.is_cut(v) else "F(x) + x"
    return (
        rf"\begin{{aligned}} y &= \mathrm{{ReLU}}\big({inside}\big) \\ "
        r"F(x) &: \text{conv, norm, ReLU, conv, norm} \end{aligned}"
    )


def around_a_norm(found: Norm, name: str) -> None:
    """A map before and after the norm of this name."""
    panels = [
        MapPanel("before", f"After {NORMS[name]}", found.before),
        MapPanel("after", f"After {name}", found.after, reads=[Reads("before", "same")]),
    ]
    map_viewer("skips_norm_maps", panels)


def spread(found: Norm) -> None:
    """How the map's numbers are spread before and after the norm."""
    both = {"before the norm": found.before.ravel(), "after it": found.after.ravel()}
    lesson.charts(
        "_skips_spread", {"How the map's numbers are spread": lambda: figures.histograms(both, "value", lesson.dark())}
    )


def norm_formula(found: Norm) -> str:
    """The norm of this map, with its four numbers, on the map's first number."""
    mean, variance, weight, bias = map(formulas.number, (found.mean, found.variance, found.weight, found.bias))
    x, y = (formulas.number(float(part[0, 0, 0])) for part in (found.before, found.after))
    return (
        r"\begin{aligned} y &= \gamma\, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta \\[4pt] "
        rf"y_{{0,0}} &= {weight} \cdot \frac{{{x} - ({mean})}}{{\sqrt{{{variance} + {found.eps:.5f}}}}} + ({bias}) = {y} "
        r"\end{aligned}"
    )

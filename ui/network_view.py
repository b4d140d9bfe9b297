"""How the digits network is shown: its layers on a digit, how one unit was computed, and why it gave its answer."""

from collections.abc import Callable

import streamlit as st

from cnn_core.arguments import Array
from cnn_core.graph import Graph
from instruments import network, training
from instruments.fields import Values
from instruments.network import CHANNEL, HIDDEN, KERNEL_SIDE, KERNELS, LOGITS, POOL, laid_out
from ui import formulas, lesson
from ui.components.feature_viewer.component import MapPanel, map_viewer
from ui.site import ROOT
from ui.walks import walk_explorer


def untrained(v: Values) -> None:
    """Say that these sizes have no trained weights, with a link that trains them."""
    st.warning(
        "These sizes have no trained weights: the network guesses with random ones. Train this variant on the training page."
    )
    sizes = {training.KERNELS: v[KERNELS], training.KERNEL_SIDE: v[KERNEL_SIDE], training.POOL: v[POOL]}
    query = {field.key: field.write(size) for field, size in sizes.items()}
    path, icon = ROOT / "pages" / "training.py", ":material/model_training:"
    st.page_link(path, label="Train this variant", icon=icon, query_params=query)


def layers(trace: dict[str, Array], clicked: Callable[[object], None]) -> None:
    """Every intermediate; `clicked` gets the place on a picture of maps."""
    maps = [
        MapPanel("input", "Input", trace["input"], image=True),
        MapPanel("conv", "Convolution", trace["conv1"]),
        MapPanel("relu", "ReLU", trace["relu1"]),
        MapPanel("pool", "Max pooling", trace["pool1"]),
    ]
    map_viewer("network_maps", maps, on_click=clicked)
    hidden, logits = trace["relu2"], trace["fc2"]
    dense = [
        MapPanel("fc1", f"{len(hidden)} hidden units after ReLU", laid_out(hidden, HIDDEN)),
        MapPanel("fc2", f"{len(logits)} logits", laid_out(logits, LOGITS)),
    ]
    map_viewer("network_dense", dense)


def sizes(net: Graph) -> None:
    """Each layer's shape and parameters, and what a digit costs."""
    shapes = net.output_shapes()
    lesson.table(
        {
            "layer": [node.name for node in net.nodes],
            "output shape": [formulas.shape_text(shapes[node.name]) for node in net.nodes],
            "parameters": [f"{node.layer.parameter_count():,}" for node in net.nodes],
        }
    )
    st.markdown(f"**{net.parameter_count():,}** parameters, **{net.macs():,}** multiply-adds a digit.")


def unit(v: Values, net: Graph, digit: Array, trace: dict[str, Array]) -> None:
    """The convolution and the pooling around the unit that is chosen."""
    titles = ("Input around the unit", f"Kernel {v[CHANNEL]}", "Convolution (numbers rounded to 2 digits)")
    walk_explorer("network_explorer", network.convolution_around(v, net, digit), titles, picture=True)
    titles = ("ReLU around the unit", "", "Max pooling")
    walk_explorer("network_pool_explorer", network.pooling_around(v, trace), titles)


def votes(net: Graph, trace: dict[str, Array], answer: int) -> None:
    """Which hidden units speak for the answer, and what made the strongest of them."""
    found = network.votes(net, trace, answer)
    panels = [
        MapPanel("votes", f"Hidden units × weights of “{answer}”", laid_out(found.hidden, HIDDEN)),
        MapPanel("unit", f"Pooled maps × weights of hidden unit {found.unit}", found.pooled),
    ]
    map_viewer("network_why", panels)
    total, bias, logit = found.hidden.sum(), found.bias, trace["fc2"][answer]
    lesson.formula(rf"z_{{{answer}}} = \sum_j w_j h_j + b = {total:.3f} + ({bias:.3f}) = {logit:.3f}")

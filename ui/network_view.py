"""How the digits network is shown: its layers on a digit, how one unit was computed, and why it gave its answer."""

import numpy as np
import streamlit as st

from cnn_core.arguments import Array
from cnn_core.digits import SIDE
from cnn_core.graph import Graph
from cnn_core.networks import classes
from cnn_core.shapes import window_axes
from instruments import network, training
from instruments.fields import Values
from instruments.network import CHANNEL, COLUMN, KERNEL_SIDE, KERNELS, POOL, ROW, laid_out
from ui import formulas, lesson, settings
from ui.components.feature_viewer.component import MapPanel, Reads, map_viewer
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


def panels(v: Values, trace: dict[str, Array]) -> list[MapPanel]:
    """Every intermediate, and what it reads from the one before."""
    side, pool, conv, hidden, logits = v[KERNEL_SIDE], v[POOL], trace["conv1"], trace["relu2"], trace["fc2"]
    windows = window_axes((SIDE, SIDE), (side, side), 1, 0, 1)
    pooled = window_axes((conv.shape[1], conv.shape[2]), (pool, pool), pool, 0, 1)
    end = float(np.abs(conv).max()) or 1.0  # one scale: what ReLU takes away can be seen
    return [
        MapPanel("input", "Input", trace["input"], image=True),
        MapPanel("conv", "Convolution", conv, end=end, reads=[Reads("input", "window", *windows, channels="all")]),
        MapPanel("relu", "ReLU", trace["relu1"], end=end, scale="sequential", reads=[Reads("conv", "same")]),
        MapPanel(
            "pool", "Max pooling", trace["pool1"], end=end, scale="sequential", reads=[Reads("relu", "window", *pooled)]
        ),
        MapPanel(
            "fc1",
            f"{len(hidden)} hidden units after ReLU",
            laid_out(hidden),
            scale="sequential",
            reads=[Reads("pool", "all", channels="all")],
        ),
        MapPanel(
            "fc2",
            f"{len(logits)} logits",
            logits.reshape(1, -1, 1),
            names=classes("digits"),
            reads=[Reads("fc1", "all", channels="all")],
        ),
    ]


def layers(v: Values, trace: dict[str, Array]) -> None:
    """Every intermediate; a click on a unit of the convolution or its ReLU chooses it."""

    def clicked(place: object) -> None:
        if isinstance(place, dict) and place.get("stage") in ("conv", "relu"):
            settings.give({CHANNEL.key: place.get("channel"), ROW.key: place.get("y"), COLUMN.key: place.get("x")})

    map_viewer("network_maps", panels(v, trace), on_click=clicked)


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
    titles = ("Input around the unit", f"Kernel {v[CHANNEL]}", "Convolution")
    walk_explorer("network_explorer", network.convolution_around(v, net, digit), titles, picture=True)
    titles = ("ReLU around the unit", "", "Max pooling")
    walk_explorer("network_pool_explorer", network.pooling_around(v, trace), titles)


def votes(net: Graph, trace: dict[str, Array], answer: int) -> None:
    """Which hidden units speak for the answer, and what made the strongest of them."""
    st.markdown(
        f"Dense layers: each hidden unit times its weight, for the answer **{answer}**. Orange speaks for it, blue against it."
    )
    found = network.votes(net, trace, answer)
    panels = [
        MapPanel("votes", f"Hidden units × weights of “{answer}”", laid_out(found.hidden)),
        MapPanel("unit", f"Pooled maps × weights of hidden unit {found.unit}", found.pooled),
    ]
    map_viewer("network_why", panels)
    total, bias, logit = found.hidden.sum(), found.bias, trace["fc2"][answer]
    lesson.formula(
        rf"z_{{{answer}}} = \sum_j w_j h_j + b = {formulas.number(total)} + ({formulas.number(bias)}) = {formulas.number(logit)}"
    )

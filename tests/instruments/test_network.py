"""The network page's instrument: walks around a unit at every edge, votes that add up, sizes that bound what follows."""

import numpy as np
import pytest

from cnn_core import networks
from instruments import network
from instruments.digits import UNSEEN, all_digits
from instruments.fields import resolve

DIGIT = all_digits()[0][UNSEEN + 3]


def values(**given: object):
    v = resolve(network.FIELDS, {f"network_{name}": str(value) for name, value in given.items()})
    assert v.problems == {}
    return v


@pytest.mark.parametrize(("side", "pool"), [(5, 2), (3, 4), (9, 6), (2, 5)])
@pytest.mark.parametrize(("y", "x"), [(0, 0), (1, 18), (19, 2), (10, 7)])
def test_walks_around_a_unit_hold_it_and_its_own_numbers(side, pool, y, x) -> None:
    v = values(kernels=3, side=side, pool=pool, channel=2, y=y, x=x)
    net = network.network(v)
    trace = net.trace(DIGIT)
    walk = network.convolution_around(v, net, DIGIT)
    assert walk.output.shape == (5, 5)
    exact = trace["conv1"][2, y, x]
    assert walk.output.reshape(-1)[walk.at] == pytest.approx(exact, abs=1e-5)  # the number that the map shows
    row, column = divmod(walk.at, 5)
    seen = walk.input[row : row + side, column : column + side]
    np.testing.assert_allclose(seen, DIGIT[0, y : y + side, x : x + side])
    pooled = network.pooling_around(v, trace)
    windows = pooled.input.reshape(pooled.output.shape[0], pool, pooled.output.shape[1], pool)
    np.testing.assert_array_equal(windows.max((1, 3)), pooled.output)
    if y // pool < trace["pool1"].shape[1] and x // pool < trace["pool1"].shape[2]:
        assert trace["relu1"][2, y, x] in pooled.input
        assert pooled.output.ravel()[pooled.at] == trace["pool1"][2, y // pool, x // pool]
        row, column = divmod(pooled.at, pooled.output.shape[1])
        assert (
            trace["relu1"][2, y, x] in pooled.input[row * pool : (row + 1) * pool, column * pool : (column + 1) * pool]
        )


def test_votes_add_up_to_the_logit() -> None:
    net = networks.load("digits")
    trace = net.trace(DIGIT)
    for answer in (0, 6):
        votes = network.votes(net, trace, answer)
        assert votes.hidden.sum() + votes.bias == pytest.approx(float(trace["fc2"][answer]), abs=1e-4)
        assert votes.unit == np.abs(votes.hidden).argmax()
        before = trace["fc1"][votes.unit] - net.parameters()["fc1.bias"][votes.unit]
        assert votes.pooled.shape == (16, 12, 12)
        assert votes.pooled.sum() == pytest.approx(float(before), abs=1e-4)


def test_only_the_shipped_sizes_are_trained() -> None:
    assert network.network(values()) is networks.load("digits")
    for other in ({"kernels": 15}, {"side": 4}, {"pool": 3}):
        assert not network.is_trained(values(**other))
    assert network.network(values(kernels=4, side=3, pool=3)).output_shapes()["pool1"] == (4, 8, 8)


def test_what_a_fresh_page_shows() -> None:
    v = values()
    sizes = [v[field] for field in (network.KERNELS, network.KERNEL_SIDE, network.POOL)]
    assert sizes == [16, 5, 2]
    assert (v[network.DIGIT.source], v[network.DIGIT.number]) == ("choose", 8000)


@pytest.mark.parametrize(("number", "side"), [(8000, 5), (8003, 5), (17, 4)])
def test_the_unit_that_is_shown_first_is_the_strongest_on_the_digit(number, side) -> None:
    v = resolve(network.FIELDS, {"network_number": number, "network_side": side})
    parameters, digit = network.network(v).parameters(), all_digits()[0][number, 0]
    windows = np.lib.stride_tricks.sliding_window_view(digit, (side, side))
    maps = (
        np.einsum("yxij,kij->kyx", windows, parameters["conv1.weight"][:, 0]) + parameters["conv1.bias"][:, None, None]
    )
    assert maps[v[network.CHANNEL], v[network.ROW], v[network.COLUMN]] == pytest.approx(maps.max(), abs=1e-5)
    v = resolve(network.FIELDS, {"network_source": "draw", "network_side": side})
    assert (v[network.CHANNEL], v[network.ROW], v[network.COLUMN]) == (0, 14, 14)


def test_a_unit_stays_inside_the_map() -> None:
    v = resolve(network.FIELDS, {"network_side": "9"}, {"network_y": 27, "network_x": 3, "network_channel": 15})
    assert (v[network.ROW], v[network.COLUMN], v[network.CHANNEL]) == (19, 3, 15)
    v = resolve(network.FIELDS, {"network_kernels": "2", "network_channel": "2"})
    assert v.problems == {"network_channel": "kernel number must be a whole number from 0 to 1."}

"""Skips and norms: the network without some skips, computed here in plain steps."""

import numpy as np
import pytest

from cnn_core import networks
from instruments import samples, skips
from instruments.fields import resolve
from instruments.why_this_answer import square

WHOLE = networks.load("resnet8")
X = square(samples.load("cat", 128), "resnet8")


def by_hand(x, cut=()):
    """ResNet-8 written out; what each node is by name."""
    w = {**WHOLE.parameters(), **WHOLE.stored()}

    def conv(name, value):
        return WHOLE.layer(name).apply(value)

    def norm(name, value):
        mean, var, weight, bias = (
            w[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (value - mean) / np.sqrt(var + WHOLE.layer(name).eps) * weight + bias

    found = {"relu1": np.maximum(norm("norm1", conv("conv1", x)), 0)}
    value = found["relu1"]
    for block in (1, 2, 3):
        name = f"block{block}"
        inner = np.maximum(norm(f"{name}.norm1", conv(f"{name}.conv1", value)), 0)
        branch = norm(f"{name}.norm2", conv(f"{name}.conv2", inner))
        skip = value if block == 1 else conv(f"{name}.shortcut", value)
        added = branch if block in cut else branch + skip
        found |= {f"{name}.given": skip, f"{name}.computed": branch, f"{name}.added": added}
        value = found[f"{name}.left"] = np.maximum(added, 0)
    logits = w["fc.weight"] @ value.mean(axis=(1, 2)) + w["fc.bias"]
    powers = np.exp(logits - logits.max())
    return found | {"answer": powers / powers.sum()}


@pytest.mark.parametrize("blocks", [(), (1,), (2,), (3,), (1, 3), (1, 2, 3)])
def test_a_cut_skip_brings_nothing_and_all_else_goes_on(blocks) -> None:
    np.testing.assert_allclose(skips.cut(WHOLE, blocks).forward(X), by_hand(X, blocks)["answer"], atol=1e-5)


@pytest.mark.parametrize(("block", "cut"), [("1", (1,)), ("2", ()), ("2", (2,)), ("3", (1, 3)), ("3", (2,))])
def test_a_block_is_taken_apart(block, cut) -> None:
    given = {f"skips_cut{number}": "true" for number in cut} | {"skips_block": block, "skips_map": "5"}
    v = resolve(skips.FIELDS, given)
    assert skips.cut_blocks(v) == cut
    found, expected = skips.block(skips.cut(WHOLE, cut), X, v), by_hand(X, cut)
    for part in ("given", "computed", "added", "left"):
        np.testing.assert_allclose(
            getattr(found, part)[0], expected[f"block{block}.{part}"][5], atol=1e-4, err_msg=part
        )
    sizes = [np.sqrt((expected[f"block{block}.{part}"][5].astype(float) ** 2).mean()) for part in ("computed", "given")]
    assert found.share == pytest.approx(sizes[0] / sizes[1], rel=1e-4)


def test_a_norm_is_its_four_numbers() -> None:
    v = resolve(skips.FIELDS, {"skips_norm": "block2.norm1", "skips_norm_map": "31"})
    found = skips.norm(WHOLE, X, v)
    assert found.before.shape == found.after.shape == (1, 16, 16)
    deviation = np.sqrt(found.variance + found.eps)
    expected = found.weight * (found.before - found.mean) / deviation + found.bias
    np.testing.assert_allclose(found.after, expected, atol=1e-5)


def test_map_numbers_end_where_the_maps_do() -> None:
    shapes = WHOLE.output_shapes((3, 32, 32))
    for name in skips.NORMS:
        assert skips.NORM_MAP.high(resolve(skips.FIELDS, {"skips_norm": name})) == shapes[name][0] - 1
        assert WHOLE.node(name).inputs == (skips.NORMS[name],)
    for block in skips.BLOCKS:
        high = skips.MAP.high(resolve(skips.FIELDS, {"skips_block": str(block)}))
        assert high == shapes[f"block{block}.add"][0] - 1


def test_each_skip_alone_is_told_with_the_first_answers_probability() -> None:
    found = skips.each_alone(X)
    first, names = int(by_hand(X)["answer"].argmax()), networks.classes("resnet8")
    for one, cut in zip(found, ((), (1,), (2,), (3,), (1, 2, 3)), strict=True):
        answer = by_hand(X, cut)["answer"]
        assert one.said == names[int(answer.argmax())]
        assert one.probability == pytest.approx(float(answer[first]), abs=1e-5)
    assert [one.words for one in found] == ["none", "block 1", "block 2", "block 3", "all three"]


def test_skips_make_the_way_short() -> None:
    assert skips.shortest(WHOLE) == 14  # 3, then for a block add and ReLU, with the shortcut one more, then 3
    assert skips.shortest(skips.cut(WHOLE, (1, 2, 3))) == len(skips.cut(WHOLE, (1, 2, 3)).nodes) == 24
    assert skips.shortest(skips.cut(WHOLE, (2,))) == 14 - 3 + 6

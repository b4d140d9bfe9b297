"""The page of skips and norms, without a browser."""

import numpy as np

from cnn_core import networks
from instruments import models, samples
from tests.app.visits import component, sentences, table, visit
from tests.instruments.test_skips import by_hand


def test_a_cut_skip_changes_the_bars_the_block_and_the_way() -> None:
    app = visit("skips", image="cat", skips_block="2", skips_map="7")
    assert "shortest way is **14 layers** long" in sentences(app)
    assert [panel["title"] for panel in component(app, "map_viewer", 1)["panels"]][2] == "Sum"
    assert r"y &= \mathrm{ReLU}\big(F(x) + x\big)" in app.latex[0].value
    app.toggle(key="skips_cut2").set_value(True).run()
    assert app.query_params["skips_cut2"] == "true"
    assert "shortest way is **17 layers** long" in sentences(app)
    panels = component(app, "map_viewer", 1)["panels"]
    assert [panel["title"] for panel in panels][2] == "Computed alone"
    assert r"y &= \mathrm{ReLU}\big(F(x)\big)" in app.latex[0].value
    assert [one["panel"] for one in panels[2]["reads"]] == ["computed"]
    x = models.shipped("resnet8").square(samples.load("cat", 512))
    expected = by_hand(x, (2,))["block2.added"][7]
    np.testing.assert_allclose([panels[2]["low"], panels[2]["high"]], [expected.min(), expected.max()], atol=1e-4)


def test_the_table_says_what_each_cut_alone_does() -> None:
    cells = table(visit("skips", image="cat"))
    x = models.shipped("resnet8").square(samples.load("cat", 512))
    answers = [by_hand(x, cut)["answer"] for cut in ((), (1,), (2,), (3,), (1, 2, 3))]
    first = int(answers[0].argmax())
    assert cells["cut"] == ["none", "block 1", "block 2", "block 3", "all three"]
    (shown,) = (column for heading, column in cells.items() if heading.startswith("probability"))
    assert shown == [f"{answer[first] * 100:.1f}%" for answer in answers]


def test_surer_is_not_called_better() -> None:
    app = visit("skips", image="cat")
    squares = [models.shipped("resnet8").square(samples.load(name, 128)) for name in samples.SAMPLES]
    whole, third = ([by_hand(x, blocks)["answer"] for x in squares] for blocks in ((), (3,)))
    others = sum(int(a.argmax() != b.argmax()) for a, b in zip(whole, third, strict=True))
    cells = table(app)
    assert cells[f"answers changed, of {len(squares)} sample pictures"][3] == str(others)
    assert cells["how sure there, on average"][3] == f"{np.mean([one.max() for one in third]) * 100:.1f}%"
    said = sentences(app)
    assert "Surer is not better." in said
    assert f"with block 3 cut, surer of “cat”: {cells['probability of “cat”'][3]}" in said
    assert f"with block 2 cut, it says “{cells['it says'][2]}”" in said


def test_the_page_tells_which_layers_it_counts_and_which_its_name_counts() -> None:
    told = sentences(visit("skips"))
    assert "Each convolution, norm, ReLU, sum, mean, dense layer and softmax counts as one" in told
    kinds = {node.layer.kind for node in networks.load("resnet8").nodes}
    assert kinds == {"conv", "batch norm", "relu", "add", "global pool", "linear", "softmax"}
    weighed = [node for node in networks.load("resnet8").nodes if node.layer.kind in ("conv", "linear")]
    assert len([node for node in weighed if not node.name.endswith("shortcut")]) == 8
    assert (
        "The 8 in the network's name counts only the convolutions and the dense layer, without the skips' own." in told
    )

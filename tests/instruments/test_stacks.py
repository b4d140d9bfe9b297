"""Stacks of layers: every preset fits, what is written is read back, what is wrong gets a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments import stacks
from instruments.fields import SettingError, resolve
from ui.programs import stacks as programs


@pytest.mark.parametrize("preset", stacks.PRESETS)
def test_every_preset_is_read_and_fits(preset) -> None:
    shape, text = stacks.PRESETS[preset]
    specs = stacks.parse_stack(text)
    rows = stacks.rows(specs, shape)
    assert [row.problem for row in rows if row.depth == 0] == [None] * len(specs)
    assert sum(row.parameters for row in rows) == stacks.graph(specs, shape).parameter_count()
    assert sum(row.macs for row in rows) == stacks.graph(specs, shape).macs()
    assert stacks.parse_stack(stacks.write_stack(specs)) == specs
    assert stacks.parse_shape(stacks.write_shape(shape)) == shape
    v = resolve(stacks.FIELDS, {"shapes_input": stacks.write_shape(shape), "shapes_layers": text})
    assert (v[stacks.INPUT], v[stacks.LAYERS], v.problems) == (shape, specs, {})


def test_what_is_offered_and_how_each_kind_is_written_is_understood() -> None:
    for text in stacks.NEW:
        assert len(stacks.parse_stack(text)) == 1
    for usage in stacks.USAGE.values():
        kind, *numbers = usage.split()
        assert stacks.parse_stack(" ".join([kind, *("3" for _ in numbers)]))[0].numbers == (3,) * len(numbers)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The stack is empty"),
        ("; \n ;", "The stack is empty"),
        ("relu;" * 401, "The stack has 401 layers; at most 400"),
        ("relu;" * 4_000_000, "The stack is too long"),
        ("res [ " * 9 + "relu" + " ]" * 9, "at most 8 deep"),
        ("[" * 300, "“ [” is no block"),
        ("res [" * 300, "too deep"),
        ("[" * 7_000, "has 7000 layers"),
        ("pool 2", "“pool” is no layer: use conv, depthwise, separable, upconv, max, avg"),
        ("max 3 p2", "p in “max 3 p2” must be at most half the window: 0 to 1"),
        ("avg 2 p2", "p in “avg 2 p2” must be at most half the window: 0 to 1"),
        ("avg 3 d2", "avg has no dilation as in “avg 3 d2”: it takes s (stride), p (padding)"),
        ("max 2 g2", "max has no groups as in “max 2 g2”"),
        ("upconv 4 2 d2", "upconv has no dilation"),
        ("max 2 2 s2", "“max 2 2 s2” is not complete"),
        ("conv 4 3 s2 s2", "s stands twice"),
        ("max 2 nobias", "each number in “max 2 nobias”"),
        ("dropout 1", "from 0 to below 1"),
        ("dropout nan", "from 0 to below 1"),
        ("dropout 0.1 0.2", "“dropout 0.1 0.2” is not complete"),
        ("res [ relu", "“res [” is not closed"),
        ("relu ]", "“]” stands outside a block"),
        ("relu | tanh", "“|” stands outside a block"),
        ("relu [ tanh ]", "“relu [” is no block"),
        ("res [ ]", "A residual block has layers"),
        ("res [ relu | relu | relu ]", "A residual block has layers"),
        ("cat [ relu ]", "two branches or more"),
        ("conv 4", "“conv 4” is not complete: write conv KERNELS SIDE"),
        ("relu 4", "“relu 4” is not complete: write relu"),
        ("conv 4 3 s0", "s in “conv 4 3 s0” must be a whole number from 1 to 512"),
        ("conv 4 3 p513", "p in “conv 4 3 p513” must be a whole number from 0 to 512"),
        ("dense 100001", "each number in “dense 100001” must be a whole number from 1 to 100000"),
        ("dense s2", "each number in “dense s2” must be a whole number"),
    ],
)
def test_a_wrong_stack_gets_a_sentence(text, sentence) -> None:
    with pytest.raises(SettingError) as error:
        stacks.parse_stack(text)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("preset", "parameters", "macs"),
    [
        ("ResNet-18 (He 2015)", 11_689_512, 1_814_073_344),
        ("ResNet-50 (He 2015)", 25_557_032, 4_089_184_256),
        ("SqueezeNet 1.1 (Iandola 2016)", 1_235_496, 349_151_936),
        ("MobileNetV2 (Sandler 2018)", 3_504_872, 300_774_272),
        ("VGG-16 (Simonyan 2014)", 138_357_544, 15_470_264_320),
        ("AlexNet (Krizhevsky 2012)", 62_378_344, 1_135_256_096),  # in one tower, without groups
    ],
)
def test_known_networks_have_torchvision_s_totals(preset, parameters, macs) -> None:
    shape, text = stacks.PRESETS[preset]
    network = stacks.graph(stacks.parse_stack(text), shape)
    assert (network.parameter_count(), network.macs()) == (parameters, macs)
    assert network.output_shapes()[network.output] == (1000,)


def test_the_small_u_net_answers_in_the_input_s_size() -> None:
    shape, text = stacks.PRESETS["A small U-Net (Ronneberger 2015)"]
    rows = stacks.rows(stacks.parse_stack(text), shape)
    assert rows[-1].shape == (2, 128, 128)
    convolutions = ((1, 16), (16, 16), (16, 32), (32, 32), (32, 64), (64, 64), (64, 32), (32, 32), (32, 16), (16, 16))
    weights = sum(9 * c * k + k for c, k in convolutions) + 4 * 64 * 32 + 32 + 4 * 32 * 16 + 16 + 16 * 2 + 2
    assert sum(row.parameters for row in rows) == weights
    assert max(row.depth for row in rows) == 2


def test_a_stack_that_does_not_fit_makes_no_network() -> None:
    for text, words in (
        ("relu; flatten; norm", "^Norm takes maps"),
        ("res [ conv 3 3 ]", "^What comes out, 3 x 18 x 13"),
    ):
        with pytest.raises(ValueError, match=words):
            stacks.graph(stacks.parse_stack(text), (3, 20, 15))


def test_dropout_drops_half_unless_it_says_how_much() -> None:
    for text, share in (("dropout", 0.5), ("dropout 0.25", 0.25), ("dropout 0,1", 0.1), ("dropout 0", 0)):
        (layer,) = stacks.build(stacks.parse_stack(text)[0], (3,))
        assert layer.p == share


def test_max_2_2_is_window_and_stride() -> None:
    rows = stacks.rows(stacks.parse_stack("max 3 2; avg 2 1"), (4, 20, 15))
    assert [row.shape for row in rows] == [(4, 9, 7), (4, 8, 6)]
    assert [row.field for row in rows] == ["3", "5"]


def test_blocks_show_their_layers_and_where_they_do_not_fit() -> None:
    text = (
        "conv 4 3 p1; res [ conv 8 3 s2 p1 nobias; norm | conv 8 1 s2 ]; cat [ | max 3 1 p1 | separable 2 3 p1 ]; mean"
    )
    rows = stacks.rows(stacks.parse_stack(text), (3, 20, 15))
    assert [(row.text, row.shape, row.parameters, row.depth) for row in rows[1:]] == [
        ("conv 8 3 s2 p1 nobias", (8, 10, 8), 288, 1),
        ("norm", (8, 10, 8), 16, 1),
        ("conv 8 1 s2", (8, 10, 8), 40, 1),
        ("res: add", (8, 10, 8), 0, 0),
        ("max 3 1 p1", (8, 10, 8), 0, 1),
        ("separable 2 3 p1", (2, 10, 8), 8 * 9 + 8 + 8 * 2 + 2, 1),
        ("cat: side by side", (18, 10, 8), 0, 0),
        ("mean", (18,), 0, 0),
    ]
    assert [row.field for row in rows] == ["3", "5", "5", "3", "5", "9", "9", "9", "all"]
    for wrong, words in (
        ("res [ conv 8 3 p1 ]", "have different shapes"),
        ("res [ conv 3 3 ]", "3 x 18 x 13, and what it is added to, 3 x 20 x 15"),
        ("cat [ | max 2 ]", "side by side"),
        ("cat [ flatten | flatten ]", "take its branches' flatten"),
        ("dense 4", "write flatten or mean before"),
        ("flatten; norm", "Norm takes maps"),
        ("upconv 4 4 p8; upconv 4 1 s512; upconv 4 1 s512", "too large"),
    ):
        problem = stacks.rows(stacks.parse_stack(wrong), (3, 20, 15))[-1].problem
        assert problem is not None
        assert words in problem


@given(
    st.lists(
        st.sampled_from(
            [
                "conv",
                "max",
                "res",
                "cat",
                "[",
                "]",
                "|",
                ";",
                "2",
                "3",
                "p1",
                "s2",
                "d2",
                "relu",
                "norm",
                "mean",
                "upconv",
                "nobias",
            ]
        ),
        max_size=20,
    )
)
def test_what_is_read_is_written_and_read_again(words) -> None:
    try:
        specs = stacks.parse_stack(" ".join(words))
    except SettingError as error:
        assert str(error).endswith(".")
        return
    assert stacks.parse_stack(stacks.write_stack(specs)) == specs
    for row in stacks.rows(specs, (2, 9, 7)):
        assert bool(row.problem) != bool(row.shape)


@pytest.mark.parametrize(
    ("text", "pytorch", "keras"),
    [
        ("max 3 2 p1", "nn.MaxPool2d(3, stride=2, padding=1)", 'constant_values=-float("inf")'),
        ("max 3 d2", "nn.MaxPool2d(3, dilation=2)", "# Keras cannot: max 3 d2"),
        ("conv 4 3 s2 d2", "nn.Conv2d(3, 4, 3, stride=2, dilation=2)", "x2 = layers.MaxPooling2D(1, strides=2)(x1)"),
        ("upconv 4 3 s2 p1", "nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1)", "layers.Cropping2D(((1, 1), (1, 1)))"),
        ("res [ relu; norm ]", "Residual(", "x3 = layers.Add()([x2, x0])"),
        ("cat [ relu | ]", "nn.Identity(),", "x2 = layers.Concatenate()([x1, x0])"),
        ("depthwise 3 s2", "nn.Conv2d(3, 3, 3, stride=2, groups=3)", "layers.DepthwiseConv2D(3, strides=2)"),
        ("mean", "nn.AdaptiveAvgPool2d(1),\n    nn.Flatten(),", "layers.GlobalAveragePooling2D()"),
    ],
)
def test_programs_say_what_the_stack_says(text, pytorch, keras) -> None:
    specs = stacks.parse_stack(text)
    assert pytorch in programs.pytorch(specs, (3, 20, 15))
    assert keras in programs.keras(specs, (3, 20, 15))
    for program in (programs.pytorch(specs, (3, 20, 15)), programs.keras(specs, (3, 20, 15))):
        compile(program, "program", "exec")


def test_the_receptive_field_grows_as_the_formula_says() -> None:
    rows = stacks.rows(stacks.parse_stack("conv 4 5; max 2; conv 8 3 d2; flatten; dense 10"), (1, 28, 28))
    assert [row.field for row in rows] == ["5", "6", "14", "14", "all"]
    assert [row.shape for row in rows] == [(4, 24, 24), (4, 12, 12), (8, 8, 8), (512,), (10,)]
    assert [row.parameters for row in rows] == [104, 0, 296, 0, 5130]
    assert rows[0].macs == 4 * 25 * 24 * 24


@pytest.mark.parametrize(("preset", "parameters"), [
    ("LeNet-5 (LeCun 1998)", 156 + 2_416 + 48_120 + 10_164 + 850), ("This app's digits network", 416 + 295_040 + 1_290),
    ("A small U-Net (Ronneberger 2015)", 160 + 2_320 + 4_640 + 9_248 + 18_496 + 36_928 + 8_224 + 18_464 + 9_248 + 2_064 + 4_624 + 2_320 + 34),
])  # fmt: skip
def test_small_networks_have_as_many_parameters_as_their_layers_by_hand(preset, parameters) -> None:
    shape, text = stacks.PRESETS[preset]
    assert stacks.graph(stacks.parse_stack(text), shape).parameter_count() == parameters

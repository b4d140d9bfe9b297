"""Steps of an ONNX file on known numbers, against answers worked out by hand from the specification; and what they may make."""

import numpy as np
import pytest

from cnn_core.onnx import limits
from cnn_core.onnx.folding import fold
from cnn_core.onnx.limits import OnnxError
from cnn_core.onnx.messages import message_class
from cnn_core.onnx.operation import operation
from cnn_core.onnx.tensors import array, dtype, floats
from tests.core.onnx_files import node, tensor

F = np.float32
A = np.arange(6, dtype=np.int64).reshape(2, 3)


def work_out(kind, *arrays, room=1 << 20, opset=18, **attributes):
    given = [one if one is None or isinstance(one, np.ndarray) else np.asarray(one) for one in arrays]
    (answer,) = fold(operation(node(kind, "", "y", **attributes), opset), given, room)
    return answer


CASES = [
    ("Add", (A, [[10], [20]]), {}, [[10, 11, 12], [23, 24, 25]]), ("Sub", (A, A[:1]), {}, [[0, 0, 0], [3, 3, 3]]),
    ("Mul", (A, [2, 3, 4]), {}, [[0, 3, 8], [6, 12, 20]]), ("Pow", (A, [3]), {}, [[0, 1, 8], [27, 64, 125]]),
    ("Div", ([-7, 7, -8, 9], [2, -2, 4, 5]), {}, [-3, -3, -2, 1]), ("Div", (F([7, -7]), F([2])), {}, [3.5, -3.5]),
    ("Equal", (A, [[0], [4]]), {}, [[True, False, False], [False, True, False]]), ("Less", ([1, 2, 3], [2]), {}, [True, False, False]),
    ("LessOrEqual", ([1, 2, 3], [2]), {}, [True, True, False]), ("Greater", ([1, 2, 3], [2]), {}, [False, False, True]),
    ("GreaterOrEqual", ([1, 2, 3], [2]), {}, [False, True, True]),
    ("And", ([True, True, False], [True, False, False]), {}, [True, False, False]),
    ("Or", ([True, True, False], [True, False, False]), {}, [True, True, False]), ("Not", ([True, False],), {}, [False, True]),
    ("Floor", (F([1.5, -1.5]),), {}, [1, -2]), ("Ceil", (F([1.5, -1.5]),), {}, [2, -1]), ("Sqrt", (F([9]),), {}, [3]),
    ("Neg", (A,), {}, [[0, -1, -2], [-3, -4, -5]]), ("Abs", ([-3, 3],), {}, [3, 3]), ("Exp", (F([0]),), {}, [1]),
    ("Log", (F([1]),), {}, [0]), ("Reciprocal", (F([4]),), {}, [0.25]), ("Identity", (A,), {}, A.tolist()),
    ("Mod", ([-7, 7], [3]), {}, [2, 1]), ("Mod", (F([-7, 7]), F([3])), {"fmod": 1}, [-1, 1]),
    ("Max", ([1, 5, 2], [4], [3, 3, 9]), {}, [4, 5, 9]), ("Min", ([1, 5, 2], [4], [3, 3, 9]), {}, [1, 3, 2]),
    ("Sum", ([1, 5, 2], [4], [3, 3, 9]), {}, [8, 12, 15]), ("Max", ([1, 5],), {}, [1, 5]),
    ("Constant", (), {"value_float": 2.5}, 2.5), ("Constant", (), {"value_floats": [2.5, 3.5]}, [2.5, 3.5]),
    ("Constant", (), {"value_int": 7}, 7), ("Constant", (), {"value_ints": [7, 8]}, [7, 8]),
    ("ConstantOfShape", ([2, 1],), {}, [[0], [0]]), ("ConstantOfShape", ([2],), {"value": np.array([5])}, [5, 5]),
    ("Range", (2, 11, 3), {}, [2, 5, 8]), ("Range", (2, 12, 3), {}, [2, 5, 8, 11]), ("Range", (5, 0, -2), {}, [5, 3, 1]),
    ("Range", (5, 5, 1), {}, []), ("Range", (5, 0, 1), {}, []), ("Range", (F(0), F(1), F(0.25)), {}, [0, 0.25, 0.5, 0.75]),
    ("Cast", (F([1.7, -1.7]),), {"to": 7}, [1, -1]), ("CastLike", (F([1.7]), A), {}, [1]),
    ("Concat", (A, A[:1]), {}, [[0, 1, 2], [3, 4, 5], [0, 1, 2]]), ("Concat", (A, A[:, :1]), {"axis": -1}, [[0, 1, 2, 0], [3, 4, 5, 3]]),
    ("Gather", (A, 1), {}, [3, 4, 5]), ("Gather", (A, [[2, -3]]), {"axis": 1}, [[[2, 0]], [[5, 3]]]),
    ("Gather", (A, [0]), {"axis": -1}, [[0], [3]]),
    ("Slice", (A, [1], [9]), {}, [[3, 4, 5]]), ("Slice", (A, [0], [-1], [1]), {}, [[0, 1], [3, 4]]),
    ("Slice", (A, [0, 2], [1, 0], [0, -1], [1, -1]), {}, [[2, 1]]), ("Slice", (A, [-1], [-(1 << 40)], [1], [-2]), {}, [[2, 0], [5, 3]]),
    ("Slice", (A,), {"starts": [1], "ends": [3], "axes": [1]}, [[1, 2], [4, 5]]),
    ("Reshape", (A, [3, -1]), {}, [[0, 1], [2, 3], [4, 5]]), ("Reshape", (A, [0, 3, 1]), {}, [[[0], [1], [2]], [[3], [4], [5]]]),
    ("Reshape", (A[:0], [0, 5]), {"allowzero": 1}, []), ("Reshape", (A, [-1]), {}, [0, 1, 2, 3, 4, 5]),
    ("Flatten", (A.reshape(1, 2, 3),), {}, [[0, 1, 2, 3, 4, 5]]), ("Flatten", (A.reshape(1, 2, 3),), {"axis": -1}, A.tolist()),
    ("Flatten", (A,), {"axis": 0}, [[0, 1, 2, 3, 4, 5]]), ("Flatten", (A,), {"axis": 2}, [[0], [1], [2], [3], [4], [5]]),
    ("Transpose", (A,), {}, [[0, 3], [1, 4], [2, 5]]), ("Transpose", (A[None],), {"perm": [1, 0, 2]}, [[[0, 1, 2]], [[3, 4, 5]]]),
    ("Squeeze", (A[None, :, None],), {}, A.tolist()), ("Squeeze", (A[None, :, None], [0]), {}, A[:, None].tolist()),
    ("Squeeze", (A[None, :, None],), {"axes": [2]}, A[None].tolist()),
    ("Unsqueeze", (A, [0, -1]), {}, A[None, ..., None].tolist()), ("Unsqueeze", (A,), {"axes": [1]}, A[:, None].tolist()),
    ("Expand", (A[:, :1], [2, 2]), {}, [[0, 0], [3, 3]]), ("Expand", (A[:1], [2, 1, 1]), {}, [[[0, 1, 2]], [[0, 1, 2]]]),
    ("Tile", (A, [1, 2]), {}, [[0, 1, 2, 0, 1, 2], [3, 4, 5, 3, 4, 5]]), ("Where", ([True, False], [1, 2], [9]), {}, [1, 9]),
    ("ReduceSum", (A, [1]), {}, [[3], [12]]), ("ReduceSum", (A, [-2]), {"keepdims": 0}, [3, 5, 7]), ("ReduceProd", (A + 1,), {}, [[720]]),
    ("ReduceMean", (F(A), [0]), {}, [[1.5, 2.5, 3.5]]), ("ReduceMean", (A, [0]), {}, [[1, 2, 3]]), ("ReduceMax", (A, [1]), {}, [[2], [5]]),
    ("ReduceMin", (A,), {"axes": [1], "keepdims": 0}, [0, 3]), ("ReduceSum", (A,), {"noop_with_empty_axes": 1}, A.tolist()),
    ("ReduceSum", (A, np.zeros(0, np.int64)), {}, [[15]]), ("Size", (A,), {}, 6),
    ("DequantizeLinear", (np.int8([2, -4]), F(0.5)), {}, [1, -2]), ("DequantizeLinear", (np.int8([2, -4]), F([0.5]), np.int8([1])), {}, [0.5, -2.5]),
    ("DequantizeLinear", (np.int8(A), F([1, 2, 3]), np.int8([0, 1, 2])), {}, [[0, 0, 0], [3, 6, 9]]),
    ("DequantizeLinear", (np.int8(A), F([1, 2])), {"axis": 0}, [[0, 1, 2], [6, 8, 10]]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "given", "attributes", "expected"), CASES)
def test_known_numbers_are_worked_out(kind, given, attributes, expected) -> None:
    answer = work_out(kind, *given, **attributes)
    assert answer.tolist() == expected
    if kind in ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Not"):
        assert answer.dtype == bool
    elif kind not in ("Constant", "ConstantOfShape", "Cast", "CastLike", "Where", "Size", "DequantizeLinear"):
        assert answer.dtype == np.asarray(given[0]).dtype  # the type of the first stays
    assert answer.dtype != np.float64


def test_types_of_made_numbers() -> None:
    assert work_out("ConstantOfShape", [2]).dtype == F
    assert work_out("ConstantOfShape", [2], value=np.array([5])).dtype == np.int64
    assert work_out("Constant", value_int=1).dtype == np.int64
    assert work_out("Constant", value_floats=[1.0]).dtype == F
    assert work_out("Cast", A, to=10).dtype == np.float16
    assert work_out("Cast", A, to=9).dtype == bool
    assert work_out("Cast", A, to=6).dtype == np.int32
    assert work_out("Size", F([1])).dtype == np.int64


WRONG = [
    ("Add", (A, [1, 2]), {}, "do not fit"), ("Div", ([1], [0]), {}, "divides a whole number by 0"), ("Mod", ([1], [0]), {}, "divides by 0"),
    ("Constant", (), {}, "holds no numbers"), ("ConstantOfShape", ([2],), {"value": np.array([5, 6])}, "no single value"),
    ("Range", (0, 5, 0), {}, "no end"), ("Range", (F(0), F("inf"), F(1)), {}, "no end"), ("Range", ([0, 1], 5, 1), {}, "one number"),
    ("Gather", (A, [0]), {"axis": 2}, "axis 2 where there are 2"), ("Gather", (A, [0]), {"axis": -3}, "axis -3"),
    ("Gather", (A, [2]), {}, "does not fit"), ("Slice", (A, [0], [1, 2]), {}, "one start, end and step"),
    ("Slice", (A, [0], [1], [0, 1]), {}, "one start, end and step"), ("Slice", (A, [0], [1], [0], [0]), {}, "one start, end and step"),
    ("Slice", (A, [0], [1], [0], [1, 1]), {}, "one start, end and step"), ("Slice", (A, [0], [1], [2]), {}, "axis 2"),
    ("Reshape", (A, [4, -1]), {}, "cannot make 6 numbers"), ("Reshape", (A, [-1, -1]), {}, "cannot make"), ("Reshape", (A, [7]), {}, "cannot make"),
    ("Reshape", (A, [3, 2, 0]), {}, "copies a side"), ("Reshape", (A, [0, -1]), {"allowzero": 1}, "cannot make"),
    ("Reshape", (A, [[6]]), {}, "short list"), ("Reshape", (A, F([6])), {}, "short list"), ("Reshape", (A, [1] * 9), {}, "axes"),
    ("Reshape", (A, np.ones(4097, np.int64)), {}, "short list"), ("Reshape", (A, np.ones(4096, np.int64)), {}, "4096 axes"),
    ("Flatten", (A,), {"axis": 3}, "has axis 3"), ("Flatten", (A,), {"axis": -3}, "has axis -1"), ("Tile", (A, [2]), {}, "one repeat"),
    ("Squeeze", (A, [0]), {}, "does not fit"), ("Transpose", (A,), {"perm": [0]}, "does not fit"), ("Where", ([True], A, [1, 2]), {}, "do not fit"),
    ("DequantizeLinear", (np.int8(A), F([1, 2])), {}, "one scale"), ("DequantizeLinear", (np.int8(A), F(1)), {"block_size": 2}, "for each block"),
    ("DequantizeLinear", (np.int8(A), F([1, 2])), {"axis": 2}, "axis 2"), ("Expand", (A, [2]), {}, "does not fit"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "given", "attributes", "words"), WRONG)
def test_what_does_not_fit_is_refused_in_a_sentence(kind, given, attributes, words) -> None:
    with pytest.raises(OnnxError, match=words):
        work_out(kind, *given, **attributes)


@pytest.mark.parametrize(
    ("kind", "given", "made"),
    [
        ("Add", (A, A), 6), ("Add", (A[:, :1], A[:1]), 6), ("Mod", (A[:, :1], A[:1] + 1), 6), ("Max", (A[:, :1], A[:1]), 6),
        ("ConstantOfShape", ([2, 5],), 10), ("Range", (0, 7, 1), 7), ("Concat", (A, A), 12), ("Gather", (A, [[0, 1], [1, 1]]), 12),
        ("Expand", (A, [4, 1, 1]), 24), ("Tile", (A, [2, 3]), 36), ("Where", ([True], A[:, :1], A[:1]), 6),
        ("DequantizeLinear", (np.int8(A), F(1)), 6),
    ],
)  # fmt: skip
def test_no_more_is_made_than_there_is_room_for(kind, given, made) -> None:
    assert work_out(kind, *given, room=made).size == made
    with pytest.raises(OnnxError, match=f"{kind} works out {made} numbers from few"):
        work_out(kind, *given, room=made - 1)


def test_limits_are_reached_and_not_passed() -> None:
    assert limits.count((limits.FOLDED,)) == limits.count((1 << 13, 1 << 13)) == 1 << 26
    assert limits.count((0, limits.FOLDED)) == 0
    assert limits.count(()) == 1
    assert limits.count([1] * 8) == 1
    for shape, words in (((limits.FOLDED + 1,), "67108865 numbers"), ((0, limits.FOLDED + 1), "0 x 67108865"), ([1] * 9, "9 axes"),
                         ((3, -1), "negative"), ((1 << 13, (1 << 13) + 1), "8192 x 8193"), ((10**9 + 1, 10**9), r"1e\+09 x 1000000000")):  # fmt: skip
        with pytest.raises(OnnxError, match=words):
            limits.count(shape)
    assert [limits.side("stride", value, least) for value, least in ((1, 1), (0, 0), (1 << 14, 1))] == [1, 0, 16384]
    for value, least in ((0, 1), (-1, 0), ((1 << 14) + 1, 1)):
        with pytest.raises(OnnxError, match=f"only {least} to 16384"):
            limits.side("stride", value, least)


# Attributes and weights


def test_attributes_come_by_their_type_and_of_old_files_by_what_is_there() -> None:
    made = message_class("Attribute")
    weight = tensor("", F([1, 2]))
    fields = {"f": 0.5, "i": 3, "s": b"word", "floats": [0.5, 1.5], "ints": [1, 2], "strings": [b"a"]}
    kinds = {"f": 1, "i": 2, "s": 3, "floats": 6, "ints": 7, "strings": 8}
    for field, value in fields.items():
        for kind in (kinds[field], 0):
            step = message_class("Node")(op_type=b"Odd", attribute=[made(name=b"a", type=kind, **{field: value})])
            found = operation(step, 18).attributes["a"]
            assert found == ("word" if field == "s" else value), field
    step = message_class("Node")(
        op_type=b"Odd", attribute=[made(name=b"a", type=4, t=weight), made(name=b"b", t=weight), made(name=b"c")]
    )
    op = operation(step, 18)
    assert array(op.tensor("a"), None).tolist() == array(op.tensor("b"), None).tolist() == [1, 2]
    assert op.attributes["c"] is None
    assert (op.whole("c", 5), op.real("none", 1.5), op.word("none", "w"), op.wholes("none"), op.reals("none"), op.tensor("none")) == (
        5, 1.5, "w", None, None, None)  # fmt: skip
    for ask in (op.whole, op.real, op.word, op.wholes, op.reals):
        with pytest.raises(OnnxError, match="a of Odd has the wrong type"):
            ask("a")
    with pytest.raises(OnnxError, match="wrong type"):
        operation(node("Odd", "", "", a=1), 18).tensor("a")
    with pytest.raises(OnnxError, match="a of Odd is inf"):
        operation(node("Odd", "", "", a=float("inf")), 18).real("a")


def test_a_step_is_read_as_far_as_anyone_looks() -> None:
    entry = message_class("Entry")
    scope = [entry(key=b"other", value=b"no"), entry(key=b"pkg.torch.onnx.name_scopes", value=b"['', 'a']")]
    step = message_class("Node")(
        op_type=b"K" * 99, name=b"n" * 300, input=[b"x", b""], output=[b"y"], domain=b"ai.onnx", metadata_props=scope
    )
    op = operation(step, 11)
    assert (op.kind, op.name, op.inputs, op.outputs, op.scope, op.opset) == (
        "K" * 60,
        "n" * 200,
        ("x", ""),
        ("y",),
        "['', 'a']",
        11,
    )
    assert operation(node("Relu", "x", "y"), 11).scope == ""
    part = message_class("Attribute")(name=b"a", ref_attr_name=b"b")
    for more, words in (({"domain": b"d" * 99}, "of " + "d" * 60 + " is unknown"), ({"attribute": [part]}, "made of functions"),
                        ({"attribute": [message_class("Attribute")(name=b"a", graphs=[b""])]}, "control flow")):  # fmt: skip
        with pytest.raises(OnnxError, match=words):
            operation(message_class("Node")(op_type=b"Odd", **more), 18)


TYPES = {1: "f4", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8", 12: "u4", 13: "u8"}


@pytest.mark.parametrize(("code", "kind"), TYPES.items())
def test_weights_of_every_type(code, kind) -> None:
    """Codes of onnx.proto's TensorProto.DataType."""
    assert dtype(code) == np.dtype(kind)
    values = np.array([[0, 1, 1]] if kind == "?" else [[0, 1, 100]]).astype(kind)
    made, where = message_class("Tensor"), message_class("Entry")
    raw = values.astype(np.dtype(kind).newbyteorder("<")).tobytes()
    told = array(made(dims=[1, 3], data_type=code, raw_data=raw), None)
    assert (told.tolist(), told.dtype) == (values.tolist(), np.dtype(kind))
    entries = [where(key=b"offset", value=b"3"), where(key=b"length", value=str(len(raw)).encode())]
    far = made(dims=[1, 3], data_type=code, external_data=entries)
    assert array(far, b"123" + raw).tolist() == values.tolist()
    assert array(made(dims=[1, 3], data_type=code, data_location=1), raw + b"more").tolist() == values.tolist()
    for short in (b"123" + raw[:-1], b""):
        with pytest.raises(OnnxError, match="does not hold this model's weights"):
            array(far, short)
    if kind in ("u4", "u8"):
        with pytest.raises(OnnxError, match="unsigned numbers one by one"):
            array(made(dims=[1, 3], data_type=code, int32_data=[0, 1, 100]), None)
        return
    field = {"f4": "float_data", "f8": "double_data", "i8": "int64_data"}.get(kind, "int32_data")
    whole = {"f2": values.view(np.uint16) if kind == "f2" else values, "?": values.astype(int)}.get(kind, values)
    numbers = whole.ravel().tolist()
    listed = array(made(dims=[1, 3], data_type=code, **{field: numbers}), None)
    assert (listed.tolist(), listed.dtype) == (values.tolist(), np.dtype(kind))
    for other in (numbers[:2], [*numbers, 1]):
        with pytest.raises(OnnxError, match="not as many numbers"):
            array(made(dims=[1, 3], data_type=code, **{field: other}), None)


def test_bfloat16_is_the_upper_half_of_a_float() -> None:
    values = F([[1.5, -2.0, 0.25]])
    raw = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    told = array(message_class("Tensor")(dims=[1, 3], data_type=16, raw_data=raw), None)
    assert (told.tolist(), told.dtype) == (values.tolist(), np.dtype(F))


@pytest.mark.parametrize("digits", [b"x", b"-1", "²".encode(), b"1" * 16, b""])
def test_places_in_the_second_file_are_digits(digits) -> None:
    where = message_class("Entry")
    far = message_class("Tensor")(dims=[1], data_type=2, external_data=[where(key=b"offset", value=digits)])
    with pytest.raises(OnnxError, match="damaged"):
        array(far, b"12345678")


def test_layers_take_halves_and_singles_as_they_are() -> None:
    for kind, expected in (("f2", "f2"), ("f4", "f4"), ("f8", "f4"), ("i8", "f4"), ("?", "f4")):
        assert floats(np.ones(2, kind)).dtype == np.dtype(expected)
    half = np.ones(2, np.float16)
    assert floats(half) is half

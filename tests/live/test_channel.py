"""The live channel: what it answers, what it refuses, and that clients do not disturb each other."""

import contextlib
import gc
import io
import json
import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage, signal
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from cnn_core import networks
from cnn_core.images import decode_frame, encode_jpeg, to_bytes
from cnn_core.layers import he
from instruments import models, samples
from instruments.channels import Filters
from instruments.fields import SettingError
from instruments.kernel import Settings
from instruments.stages import Stage, compute, look
from live import channel, messages, pictures
from live.pictures import mosaic, tiling
from live.store import STORE, ImageStore, Ticket
from server import shares
from server.shares import Shares
from server.telemetry import Metrics

ORIGIN = {"origin": "http://testserver", "host": "testserver"}
IMAGE = np.random.default_rng(0).random((1, 40, 50), dtype=np.float32)


@pytest.fixture
def client():
    with TestClient(Starlette(routes=channel.routes("base"))) as client:
        yield client


@pytest.fixture
def token():
    token = STORE.put(IMAGE, "test image")
    yield token
    STORE.release(token)


def request(token, op="stages", **more):
    return {"v": 1, "id": 1, "op": op, "image": token, "settings": {}} | more


def unpack(data):
    (length,) = struct.unpack(">I", data[:4])
    head, rest = json.loads(data[4 : 4 + length]), data[4 + length :]
    pictures = []
    for stage in head["stages"]:
        pictures.append(np.asarray(Image.open(io.BytesIO(rest[: stage["bytes"]]))))
        rest = rest[stage["bytes"] :]
    assert rest == b""
    return head, pictures


def test_stages_are_answered_with_the_right_picture(client, token) -> None:
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    expected = ndimage.correlate(IMAGE[0], kernel)[1:-1, 1:-1]
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        socket.send_json(request(token, settings={"kernel": "0 1 0; 1 -4 1; 0 1 0", "kernel_relu": True}))
        head, (picture, rectified) = unpack(socket.receive_bytes())
    assert head["id"] == 1
    assert [stage["name"] for stage in head["stages"]] == ["convolution", "relu"]
    assert head["stages"][0]["shape"] == [1, 38, 48]
    assert head["stages"][0]["low"] == pytest.approx(expected.min(), abs=1e-5)
    end = np.abs(expected).max()
    assert head["stages"][1]["end"] == pytest.approx(end)
    assert np.abs(picture.astype(int) - to_bytes(expected, -end, end)).mean() < 5  # JPEG
    negative = expected < -0.1 * end
    assert rectified[negative].mean() > 120 > picture[negative].mean()  # what was below zero lies at zero, grey 128


def test_a_look_is_exact(client, token) -> None:
    with client.websocket_connect("/base/live", headers=ORIGIN) as socket:
        socket.send_json(request(token, "look", settings={"kernel": "1 2; 3 4", "kernel_bias": 0.5}, y=3, x=5))
        window = socket.receive_json()["window"]
    part = IMAGE[0, 3:5, 5:7]
    assert window["inputs"] == part.tolist()
    assert window["field"] == [3, 5, 2, 2]
    assert window["total"] == pytest.approx((part * [[1, 2], [3, 4]]).sum() + 0.5)


@pytest.mark.parametrize("channels", ["sum", "each"])
def test_a_look_at_a_colour_image_reads_what_is_computed(client, colour, channels) -> None:
    image, token = colour
    chosen = {"kernel": "1 2; 3 4; 5 -6", "kernel_bias": 0.5, "kernel_channels": channels, "kernel_stride": 2}
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        socket.send_json(request(token, "look", settings=chosen, channel=2, y=3, x=5))
        window = socket.receive_json()["window"]
        socket.send_json(request(token, settings=chosen))
        head, _ = unpack(socket.receive_bytes())
    part = image[:, 6:9, 10:12] if channels == "sum" else image[2, 6:9, 10:12]
    assert window["inputs"] == part.tolist()
    assert window["channel"] == (0 if channels == "sum" else 2)
    kernel = np.array([[1, 2], [3, 4], [5, -6]])
    np.testing.assert_allclose(window["products"], part * kernel, rtol=1e-6)
    assert window["total"] == pytest.approx((part * kernel).sum() + 0.5)
    answers = np.stack([ndimage.correlate(one, kernel, origin=(0, -1))[1:-1, :-1][::2, ::2] for one in image]) + 0.5
    expected = answers.sum(0, keepdims=True) - 1 if channels == "sum" else answers
    assert head["stages"][0]["shape"] == list(expected.shape)
    assert [head["stages"][0][end] for end in ("low", "high")] == pytest.approx([expected.min(), expected.max()])


@pytest.fixture
def colour():
    image = np.random.default_rng(1).random((3, 40, 50), dtype=np.float32)
    token = STORE.put(image, "test image in colour")
    yield image, token
    STORE.release(token)


def test_slices_are_answered_channel_by_channel_and_summed(client, colour) -> None:
    image, token = colour
    slices = {
        "channels_red": "0 0 0; 0 2 0; 0 0 0",
        "channels_green": "0 1 0; 1 -4 1; 0 1 0",
        "channels_blue": "1 0 0; 0 0 0; 0 0 0",
        "channels_bias": 0.5,
    }
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        socket.send_json(request(token, "slices", settings=slices))
        head, pictures = unpack(socket.receive_bytes())
    green = ndimage.correlate(image[1], np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]))[1:-1, 1:-1]
    expected = 2 * image[0, 1:-1, 1:-1], green, image[2, :-2, :-2]
    maps = [*expected, sum(expected) + 0.5]
    assert [stage["name"] for stage in head["stages"]] == ["red", "green", "blue", "sum"]
    end = max(np.abs(one).max() for one in maps)
    for stage, picture, one in zip(head["stages"], pictures, maps, strict=True):
        assert (stage["low"], stage["high"]) == pytest.approx((one.min(), one.max()), abs=1e-5)
        assert stage["end"] == pytest.approx(end, rel=1e-5)
        assert np.abs(picture.astype(int) - to_bytes(one, -end, end)).mean() < 5  # JPEG


def test_filters_walk_from_one_draw_of_weights_to_the_next(client, colour) -> None:
    image, token = colour
    ranges = []
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        for seed, walk in ((4, 0), (4, 0.5), (4, 1), (5, 0)):
            asked = {"channels_kernels": 5, "channels_k": 4, "channels_seed": seed, "channels_walk": walk}
            socket.send_json(request(token, "filters", settings=asked))
            (stage,) = unpack(socket.receive_bytes())[0]["stages"]
            assert (stage["name"], stage["shape"], stage["tiles"]) == ("maps", [5, 37, 47], [3, 2])
            ranges.append((stage["low"], stage["high"]))
    here, there = (he((5, 3, 4, 4), np.random.default_rng(seed)).astype(np.float64) for seed in (4, 5))
    for (low, high), weight in zip(ranges, (here, (here + there) / 2, there, there), strict=True):
        maps = [sum(signal.correlate(image[c].astype(np.float64), k[c], "valid") for c in range(3)) for k in weight]
        assert (low, high) == pytest.approx((np.min(maps), np.max(maps)), abs=1e-4)


def test_foreign_pages_are_refused(client) -> None:
    for headers in ({"origin": "http://evil.example", "host": "testserver"}, {"host": "testserver"}):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live", headers=headers):
            pass


BAD = [
    ("", "not JSON"),
    ("[" * 5000, "not JSON"),
    ("[]", "must be an object of version 1"),
    ('{"v": 2}', "version 1"),
    (json.dumps(request("t", op="drop")), "op must be one of stages, look, slices, filters"),
    (json.dumps(request(5)), "image must be the token"),
    (json.dumps(request("t", id="x")), "id must be a whole number"),
    (json.dumps(request("t", "look", y=-1)), "y must be a whole number"),
    (json.dumps(request("t", "look", stage="secret")), "stage must be one of"),
    (json.dumps(request("t", width=0)), "width must be a whole number from 1 to 16384"),
    ("x" * 20_000, "too long"),
]


@pytest.mark.parametrize(("text", "words"), BAD)
def test_a_bad_message_gets_a_sentence_and_closes_nothing(client, token, text, words) -> None:
    with (
        client.websocket_connect("/live", headers=ORIGIN) as socket,
        client.websocket_connect("/live", headers=ORIGIN) as other,
    ):
        socket.send_text(text.replace('"image": "t"', f'"image": "{token}"'))
        assert words in socket.receive_json()["error"]
        socket.send_bytes(b"\x00")
        assert "not JSON" in socket.receive_json()["error"]
        for one in (other, socket):
            one.send_json(request(token))
            assert unpack(one.receive_bytes())[0]["stages"]


BAD_SETTINGS = [
    ("stages", {"kernel_stride": 9}, "stride must be a whole number from 1 to 8"),
    ("stages", {"kernel_stride": [1, 1]}, "stride must be a whole number from 1 to 8"),
    ("stages", {"stride": 1}, "no setting named stride"),
    ("stages", None, "Settings must be an object"),
    ("look", {"kernel_padding": 13}, "padding must be a whole number from 0 to 12"),
    ("slices", {"channels_red": "1 2; 3 4"}, "3 rows of 3 numbers"),
    ("slices", {"channels_k": 3}, "no setting named channels_k"),
    ("slices", {"channels_bias": 3.01}, "bias must be a number from -3 to 3"),
    ("filters", {"channels_kernels": 65}, "kernels must be a whole number from 1 to 64"),
    ("filters", {"channels_walk": 1.01}, "walk must be a number from 0 to 1"),
    ("filters", {"channels_walk": None}, "walk must be a number from 0 to 1"),
]


@pytest.mark.parametrize(("op", "shown", "words"), BAD_SETTINGS)
def test_bad_settings_get_a_sentence(client, token, op, shown, words) -> None:
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        socket.send_json(request(token, op, settings=shown))
        assert words in socket.receive_json()["error"]
        socket.send_json(request(token))
        assert unpack(socket.receive_bytes())[0]["stages"]


@pytest.mark.parametrize(("side", "most"), [(402, 25), (500, 16), (1024, 3)])
def test_as_many_kernels_as_the_page_allows_are_answered_and_no_more(client, side, most) -> None:
    token = STORE.put(np.zeros((3, side, side), np.float32), f"test image of {side}")
    try:
        with client.websocket_connect("/live", headers=ORIGIN) as socket:
            socket.send_json(request(token, "filters", settings={"channels_kernels": most, "channels_k": 1}))
            assert unpack(socket.receive_bytes())[0]["stages"][0]["shape"] == [most, side, side]
            socket.send_json(request(token, "filters", settings={"channels_kernels": most + 1, "channels_k": 1}))
            assert f"kernels must be a whole number from 1 to {most}." in socket.receive_json()["error"]
    finally:
        STORE.release(token)


def frame(picture: bytes, **head: object) -> bytes:
    text = json.dumps({"v": 1, "id": 3, "op": "frame", "settings": {"kernel": "1 -1"}} | head).encode()
    return struct.pack(">I", len(text)) + text + picture


@pytest.mark.parametrize("colour", [False, True])
def test_a_camera_picture_is_computed_and_not_kept(client, colour) -> None:
    photo = np.random.default_rng(1).random((3, 6, 8), dtype=np.float32).repeat(40, 1).repeat(50, 2)  # 240 x 400
    held = len(STORE)
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        chosen = {"kernel": "1 -1", "kernel_channels": "each"}
        socket.send_bytes(frame(encode_jpeg(photo, 95), colour=colour, settings=chosen))
        head, (seen, made) = unpack(socket.receive_bytes())
    assert head["id"] == 3
    channels = 3 if colour else 1
    assert [stage["shape"] for stage in head["stages"]] == [[channels, 192, 320], [channels, 192, 319]]
    values = (seen if colour else seen[..., np.newaxis]).astype(np.float32) / 255
    expected = (values[:, :-1] - values[:, 1:]).transpose(2, 0, 1)
    end = head["stages"][1]["end"]
    assert np.abs(made.astype(int) - to_bytes(mosaic(expected)[0], -end, end)).mean() < 6  # JPEG
    assert len(STORE) == held


@pytest.mark.parametrize("network", ["squeezenet", "resnet8", "digits"])
def test_a_network_answers_for_a_camera_picture(client, network) -> None:
    jpeg = encode_jpeg(samples.load("cat", 300), 95)
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        socket.send_bytes(frame(jpeg, op="answers", network=network))
        answer = socket.receive_json()
    x = models.shipped(network).square(decode_frame(jpeg, 320))
    probabilities = networks.load(network).forward(x)
    best = np.argsort(-probabilities)[:5]
    assert answer["id"] == 3
    assert [one["name"] for one in answer["answers"]] == [networks.classes(network)[number] for number in best]
    np.testing.assert_allclose([one["probability"] for one in answer["answers"]], probabilities[best], atol=1e-5)
    assert all(re.fullmatch(r"[<>]? ?[\d.]+%", one["text"]) for one in answer["answers"])


BAD_FRAMES = [
    (b"", "not JSON"),
    (b"\xff\xff\xff\xff{}", "whose op is frame or answers"),
    (frame(b"\xff\xd8" + b"0" * 200_000), "too large"),
    (frame(b"\x89PNG"), "must be a JPEG file"),
    (frame(b"\xff\xd8 broken"), "not an image that can be read"),
    (frame(b"\xff\xd8", op="stages"), "whose op is frame or answers"),
    (frame(b"\xff\xd8", v=2), "of version 1"),
    (frame(b"\xff\xd8", op="answers"), "network must be one of squeezenet, resnet8, digits"),
    (frame(b"\xff\xd8", op="answers", network="own"), "network must be one of squeezenet"),
    (frame(b"\xff\xd8", op="answers", network=["digits"]), "network must be one of squeezenet"),
    (frame(b"\xff\xd8 broken", op="answers", network="digits"), "not an image that can be read"),
    (frame(b"\xff\xd8", colour="yes"), "colour must be true or false"),
    (frame(encode_jpeg(np.zeros((1, 9, 20), np.float32)), settings={"kernel_stride": 9}), "from 1 to 8"),
    (frame(encode_jpeg(np.zeros((1, 5, 20), np.float32)), settings={"kernel_stride": 6}), "from 1 to 5"),
]


@pytest.mark.parametrize(("data", "words"), BAD_FRAMES)
def test_a_bad_camera_picture_gets_a_sentence(client, data, words) -> None:
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        socket.send_bytes(data)
        assert words in socket.receive_json()["error"]
        socket.send_bytes(frame(encode_jpeg(np.zeros((1, 4, 4), np.float32))))
        assert unpack(socket.receive_bytes())[0]["stages"]


EDGES = {"id": 1 << 53, "channel": 4096, "y": 1 << 20, "x": 1 << 20, "width": 16_384}


@pytest.mark.parametrize("name", EDGES)
def test_numbers_of_a_request_reach_their_bounds_and_no_further(name) -> None:
    most, least = EDGES[name], int(name == "width")
    for right in (least, most):
        read = messages.parse_request(json.dumps(request("t", "look") | {name: right}))
        found = dict(zip(("channel", "y", "x"), read.place[1:], strict=True)) | {"id": read.id, "width": read.width}
        assert found[name] == right
    for wrong in (least - 1, most + 1, 1.5, True, None):
        with pytest.raises(SettingError, match=f"{name} must be a whole number from {least} to {most}"):
            messages.parse_request(json.dumps(request("t", "look") | {name: wrong}))


def test_what_a_request_leaves_out() -> None:
    read = messages.parse_request(json.dumps({"v": 1, "id": 0, "op": "look", "image": "t"}))
    assert read == messages.Request(0, "look", "t", None, ("convolution", 0, 0, 0), 0, b"", False)
    picture = messages.parse_frame(frame(b"\xff\xd8"))
    assert picture == messages.Request(3, "frame", "", {"kernel": "1 -1"}, ("input", 0, 0, 0), 0, b"\xff\xd8", False)
    assert messages.parse_frame(frame(b"\xff\xd8", colour=True)).colour is True
    for wrong in (-1, (1 << 53) + 1):
        with pytest.raises(SettingError, match="id must be"):
            messages.parse_frame(frame(b"\xff\xd8", id=wrong))


def test_messages_of_the_largest_size_are_read() -> None:
    text = json.dumps(request("t")).ljust(16_000)
    assert messages.parse_request(text).token == "t"
    with pytest.raises(SettingError, match="too long"):
        messages.parse_request(text + " ")
    head = json.dumps({"v": 1, "id": 3, "op": "frame"}).ljust(16_000).encode()
    for more, larger in ((b"", False), (b"0", True)):
        for parts in (
            (head + more.replace(b"0", b" "), b"\xff\xd8".ljust(200_000)),
            (head, b"\xff\xd8".ljust(200_000) + more),
        ):
            data = struct.pack(">I", len(parts[0])) + b"".join(parts)
            if larger:
                with pytest.raises(SettingError, match="too large"):
                    messages.parse_frame(data)
            else:
                assert messages.parse_frame(data).id == 3
    assert channel.MAX_MESSAGE == 200_000 + 16_000 + 4


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ('{"id": 5}', 5), ('{"id": -5}', -5), ('{"id": true}', None), ('{"id": 1.5}', None), ('{"id": "5"}', None), ("[5]", None), ("{", None), ("", None),
        (f'{{"id": {1 << 53}}}', 1 << 53), (f'{{"id": {(1 << 53) + 1}}}', None), (f'{{"id": {-(1 << 53)}}}', -(1 << 53)), (b'{"id": 5}', None),
        ('{"id": 5}'.ljust(16_000), 5), ('{"id": 5}'.ljust(16_001), None), ("[" * 9000, None),
    ],
)  # fmt: skip
def test_a_refusal_says_which_message_it_is_about(message, number) -> None:
    assert messages._id_of(message) == number
    told = json.loads(messages.error_message(number, "No."))
    assert told == {"v": 1, "id": number, "error": "No."}
    assert json.loads(messages.error_message(number, "No.", gone=True))["gone"] is True


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: frame(b"\xff\xd8" + tail)))
@settings(max_examples=300)
def test_nothing_but_a_sentence_escapes_from_a_camera_picture(data) -> None:
    try:
        request = messages.parse_frame(data)
    except SettingError:
        return
    assert isinstance(messages.answer(request, STORE), str)


def test_an_unknown_token_says_that_the_image_is_gone(client) -> None:
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        socket.send_json(request("guess"))
        answer = socket.receive_json()
    assert answer["gone"] is True
    assert "guess" not in json.dumps(answer)


def test_settings_that_do_not_fit_say_why(client, token) -> None:
    low = STORE.put(IMAGE[:, :8], "a low test image")
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        socket.send_json(request(token, settings={"kernel": "1 " * 11, "kernel_dilation": 5}))
        assert socket.receive_json()["error"] == "dilation must be a whole number from 1 to 4."
        socket.send_json(request(low, settings={"kernel": "1;" * 11}))
        assert "Kernel_size (11, 1) does not fit: padded input is 8 x 50" in socket.receive_json()["error"]
    STORE.release(low)


def test_of_many_waiting_requests_the_newest_is_answered(client, token) -> None:
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        for number in range(1, 60):
            socket.send_json(request(token, id=number))
        seen = []
        while not seen or seen[-1] != 59:
            seen.append(unpack(socket.receive_bytes())[0]["id"])
    assert seen == sorted(set(seen))


@given(
    st.text(max_size=200)
    | st.builds(
        json.dumps,
        st.dictionaries(
            st.sampled_from(["v", "id", "op", "image", "settings", "y"]), st.integers() | st.text(max_size=5)
        ),
    )
)
@settings(max_examples=200)
def test_nothing_but_a_sentence_escapes_from_a_request(text) -> None:
    with pytest.raises(SettingError):
        messages.parse_request(text)


def test_work_is_estimated_before_it_is_done() -> None:
    image = np.broadcast_to(np.float32(0), (3, 4096, 4096))
    with pytest.raises(SettingError, match="billion multiply-adds"):
        compute(image, Settings("; ".join(["1 " * 11] * 11)))

    with pytest.raises(SettingError, match=r"9\.9 billion multiply-adds"):
        Filters(64, 7).cost((3, 1024, 1024))


def test_a_picture_wider_than_the_screen_is_shrunk_to_means(client, colour) -> None:
    image, token = colour
    sizes = {}
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        for width in (1, 71, 72, 73, 143, 144):  # three maps of 50 pixels in a row, less their kernel's border
            socket.send_json(request(token, settings={"kernel": "1 1 1", "kernel_channels": "each"}, width=width))
            head, (picture,) = unpack(socket.receive_bytes())
            assert (head["stages"][0]["shape"], head["stages"][0]["tiles"]) == ([3, 40, 48], [1, 3])
            sizes[width] = picture.shape
            if width == 72:
                shrunk = picture
    assert sizes == {1: (1, 3), 71: (20, 72), 72: (20, 72), 73: (40, 144), 143: (40, 144), 144: (40, 144)}
    maps = compute(image, Settings("1 1 1", channels="each"))[0].maps
    means = maps.reshape(3, 20, 2, 24, 2).mean((2, 4))
    end = np.abs(maps).max()
    for n, one in enumerate(means):
        part = shrunk[:, n * 24 : n * 24 + 24]
        assert np.abs(part.astype(int) - to_bytes(one, -end, end)).mean() < 6  # JPEG


def test_a_picture_whose_pixels_are_seen_one_by_one_comes_without_loss(client, colour) -> None:
    image, token = colour
    shown = {"kernel": "1 -1 0.3; 2 0 -2", "kernel_relu": True, "kernel_channels": "each"}
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        kinds = {}
        for width in (3 * 144 - 1, 3 * 144, 16384):  # a mosaic of three columns of 48 pixels
            socket.send_json(request(token, settings=shown, width=width))
            head, pictures = unpack(socket.receive_bytes())
            kinds[width] = {stage["type"] for stage in head["stages"]}
    assert kinds == {431: {"image/jpeg"}, 432: {"image/png"}, 16384: {"image/png"}}
    stages = compute(image, Settings(shown["kernel"], relu=True, channels="each"))
    end = max(np.abs(stage.maps).max() for stage in stages)
    for stage, found in zip(stages, pictures, strict=True):
        for n, one in enumerate(stage.maps):
            assert np.array_equal(found[:, n * one.shape[1] : (n + 1) * one.shape[1]], to_bytes(one, -end, end))


@pytest.mark.parametrize("op", ["slices", "filters"])
def test_several_kernels_need_a_colour_image(client, token, op) -> None:
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        socket.send_json(request(token, op))
        assert socket.receive_json()["error"] == "The image must have red, green and blue."


def test_the_store_is_bounded_and_lets_go() -> None:
    store = ImageStore(max_images=3, max_bytes=5000)
    image = np.zeros((1, 10, 10), np.float32)  # 400 bytes
    tokens = [store.put(image, f"digest {number}") for number in range(5)]
    assert len(store) == 3
    assert [store.get(token) is None for token in tokens] == [True, True, False, False, False]
    store.get(tokens[2])  # used: now the youngest
    store.put(image, "new")
    assert store.get(tokens[2]) is not None
    assert store.get(tokens[3]) is None
    store.put(np.zeros((1, 35, 35), np.float32), "large")  # 4900 bytes: others must go
    assert store.bytes <= 5000
    same = ImageStore()
    for _ in range(4):
        same.put(image, "equal")
    assert same.bytes == image.nbytes  # equal images are held once


def test_a_store_is_full_at_its_bounds_and_keeps_the_last() -> None:
    store, image = ImageStore(max_images=2, max_bytes=800), np.zeros((1, 10, 10), np.float32)  # 400 bytes
    first, second = store.put(image, "a"), store.put(image, "b")
    assert (len(store), store.bytes) == (2, 800)
    assert store.put(image, "c", first) == first  # under its own token, in the place of what it was
    assert (len(store), store.bytes, store.get(second) is None) == (2, 800, False)
    store.put(image, "d")
    assert (len(store), store.bytes, store.get(first)) == (2, 800, None)
    only = store.put(np.zeros((1, 20, 20), np.float32), "larger than all")
    assert (len(store), store.get(only).size) == (1, 400)
    store.release("nobody's")
    store.release(only)
    assert (len(store), store.bytes) == (0, 0)
    for wrong in (None, 5, b"x", ["x"]):
        assert store.get(wrong) is None
    equal = [store.put(image, "one") for _ in range(2)]
    store.release(equal[0])
    assert store.get(equal[1]) is not None


def test_a_ticket_takes_its_image_with_it() -> None:
    store = ImageStore()
    ticket = Ticket(store)
    token = ticket.show(IMAGE, "a")
    assert ticket.show(IMAGE, "a") == token
    assert store.get(token) is IMAGE
    ticket.show(IMAGE[:, :5], "b")
    assert store.get(token).shape == (1, 5, 50)
    del ticket
    gc.collect()
    assert store.get(token) is None
    assert store.bytes == 0


def test_pooling_and_padding_windows() -> None:
    setting = Settings("1 1; 1 1", stride=(2, 2), padding=(1, 1), relu=True, pool="max", pool_size=2, pool_stride=1)
    window = look(IMAGE, setting, "pooling", 0, 0, 1)
    maps = {stage.name: stage.maps for stage in compute(IMAGE, setting)}
    assert window.total == maps["pooling"][0, 0, 1]
    assert np.array_equal(window.inputs, maps["relu"][0, 0:2, 1:3])
    assert window.field == (-1, 1, 4, 4)
    corner = look(IMAGE, setting, "convolution", 0, 0, 0)
    assert corner.inputs.tolist() == [[0, 0], [0, IMAGE[0, 0, 0]]]


def test_a_mosaic_keeps_every_map_in_its_place() -> None:
    maps = np.arange(5 * 4 * 6, dtype=np.float32).reshape(5, 4, 6)
    picture, (rows, columns) = mosaic(maps)
    assert rows * columns >= 5
    for number in range(5):
        y, x = divmod(number, columns)
        assert np.array_equal(picture[y * 4 : y * 4 + 4, x * 6 : x * 6 + 6], maps[number])


@pytest.mark.parametrize(
    ("count", "height", "width", "expected"),
    [
        (1, 5, 9, (1, 1)), (2, 9, 5, (1, 2)), (3, 5, 5, (1, 3)), (4, 5, 5, (2, 2)), (5, 5, 5, (2, 3)), (6, 5, 10, (3, 2)),
        (9, 5, 5, (3, 3)), (10, 5, 5, (3, 4)), (8, 10, 5, (2, 4)), (4, 1, 900, (4, 1)), (4, 900, 1, (1, 4)),
    ],
)  # fmt: skip
def test_mosaics_are_about_square_and_of_few_maps_a_row(count, height, width, expected) -> None:
    assert tiling(count, height, width) == expected
    maps = np.arange(count * height * width, dtype=np.float32).reshape(count, height, width)
    laid_out, tiles = mosaic(maps, -7)
    assert tiles == expected
    rows, columns = expected
    blank = np.full((rows * columns - count, height, width), -7)
    laid = np.concatenate([maps, blank]).reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    assert np.array_equal(laid_out, laid.reshape(rows * height, columns * width))


@pytest.mark.parametrize(("width", "block"), [(0, 1), (1, 5), (7, 5), (10, 4), (13, 3), (20, 2), (21, 1), (500, 1)])
def test_a_wide_picture_becomes_means_of_blocks(width, block) -> None:
    maps = np.random.default_rng(2).normal(size=(2, 5, 20)).astype(np.float32)
    shown, tiles = pictures.picture(Stage.of("one", maps), 3.0, width)
    rows, columns = 5 // block, 20 // block
    means = maps[:, : rows * block, : columns * block].reshape(2, rows, block, columns, block).mean((2, 4))
    expected = np.concatenate(list((means.clip(-3, 3) + 3) / 6 * 255), 1)
    assert tiles == (1, 2)
    assert shown.shape == expected.shape
    assert np.abs(shown - expected).max() <= 0.51
    gap = pictures.picture(Stage.of("five", np.zeros((5, 2, 2), np.float32)), 1.0)[0]
    assert np.unique(gap).tolist() == [128]  # what is left over looks like 0


def test_clients_are_counted_while_they_are_there_and_those_that_are_refused(client, token, monkeypatch) -> None:
    counts = Metrics()
    monkeypatch.setattr(channel, "METRICS", counts)
    with (
        client.websocket_connect("/live", headers=ORIGIN) as socket,
        client.websocket_connect("/live", headers=ORIGIN) as other,
    ):
        for one in (socket, other):
            one.send_json(request(token))
            one.receive_bytes()
        assert (counts.live_clients, counts.live_refused) == (2, 0)
    for _ in range(2):
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            client.websocket_connect("/live", headers={"host": "testserver"}),
        ):
            pass
        assert refused.value.code == 4403
    assert counts.live_refused == 2
    with client.websocket_connect("/live", headers=ORIGIN) as socket:
        socket.send_json(request(token))
        socket.receive_bytes()
        assert counts.live_clients == 1
    assert sum(counts._buckets) >= 2


def test_a_client_that_asks_nothing_answerable_loses_its_place(client, token, monkeypatch) -> None:
    monkeypatch.setattr(channel, "IDLE_SECONDS", 0.3)
    with (
        client.websocket_connect("/live", headers=ORIGIN) as honest,
        client.websocket_connect("/live", headers=ORIGIN) as idle,
    ):
        honest.send_json(request(token))
        assert unpack(honest.receive_bytes())[0]["stages"]
        for text in ("nonsense", json.dumps(request("guess"))):
            idle.send_text(text)
            assert idle.receive_json()["error"]
        with pytest.raises(WebSocketDisconnect) as closed:
            idle.receive_json()
        assert closed.value.code == 4408
        honest.send_json(request(token))
        assert unpack(honest.receive_bytes())[0]["stages"]


def test_one_address_leaves_places_for_others(client, monkeypatch) -> None:
    monkeypatch.setattr(channel, "LIVE_SOCKETS", Shares(4, each=0.75))
    with contextlib.ExitStack() as open_sockets:
        for _ in range(3):
            open_sockets.enter_context(client.websocket_connect("/live", headers=ORIGIN))
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/live", headers=ORIGIN):
            pass
        assert refused.value.code == 4429
    with client.websocket_connect("/live", headers=ORIGIN):
        pass


def test_long_computations_leave_a_core_for_the_others(client, token, colour, monkeypatch) -> None:
    """While all long places are taken, short questions are answered, and long ones when their turn comes."""
    made: list[str] = []
    monkeypatch.setattr(shares, "LONG_MACS", 10_000)
    monkeypatch.setattr(messages, "compute", lambda image, asked: made.append(asked.kernel) or compute(image, asked))
    with (
        client.websocket_connect("/live", headers=ORIGIN) as heavy,
        client.websocket_connect("/live", headers=ORIGIN) as light,
    ):
        with shares.LONG.take(shares.LONG.total):
            heavy.send_json(request(colour[1], settings={"kernel": "1 2 3; 4 5 6; 7 8 9"}))
            for _ in range(20):
                light.send_json(request(token, settings={"kernel": "1"}))
                assert unpack(light.receive_bytes())[0]["stages"]
            assert made == ["1"] * 20
        assert unpack(heavy.receive_bytes())[0]["stages"]
    assert made == ["1"] * 20 + ["1 2 3; 4 5 6; 7 8 9"]


def test_the_image_is_looked_for_before_settings_are_read(monkeypatch) -> None:
    read = []
    monkeypatch.setattr(messages, "parse_settings", lambda *told: read.append(told))
    answered = messages.prepare(json.dumps(request("guess", settings={"kernel": "1 " * 4000})), STORE)
    assert json.loads(answered)["gone"]
    assert read == []


def test_many_sockets_of_one_page_share_its_turns(token) -> None:
    for op in ("stages", "look"):
        works = [messages.prepare(json.dumps(request(token, op)), STORE, socket) for socket in ("one", "another")]
        assert {work.owner for work in works} == {token}
    camera = messages.prepare(frame(encode_jpeg(np.zeros((1, 20, 20), np.float32))), STORE, "one")
    assert camera.owner == "one"
    assert shares.ANSWERS._each < shares.ANSWERS.total  # no page takes all of them

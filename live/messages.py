"""The messages of the live channel, version 1.

A request is one text message, a JSON object of at most 16 kB:

    {"v": 1, "id": 7, "op": "stages", "image": "<token>", "settings": {…}}
    {"v": 1, "id": 8, "op": "look",   "image": "<token>", "settings": {…},
     "stage": "convolution", "channel": 0, "y": 12, "x": 30}

"width" may say how many pixels the screen has for a picture. Mosaics twice as wide or more are then shrunk; where each of their
pixels covers three or more of the screen's, they come without loss.
`settings` are values by the keys of the instrument's fields, as in links (`instruments.kernel`). "slices" and "filters" are as
"stages", with the fields of `instruments.channels`; they fit the image or are refused. An answer to them is one binary message: the length of the head (4 bytes, big-endian), the head (JSON), then
the pictures, one after the other:

    {"v": 1, "id": 7, "stages": [{"name", "shape", "low", "high", "end", "tiles", "type", "bytes"}, …]}

A camera picture is a binary request: the length of the head (4 bytes, big-endian), the head, then a JPEG of at most 200 kB,
a megapixel and 100 scans:

    {"v": 1, "id": 9, "op": "frame", "colour": false, "settings": {…}}

It is answered as "stages" is, with the picture itself as the first stage, "input"; nothing of it is kept. With the head

    {"v": 1, "id": 9, "op": "answers", "network": "squeezenet"}

a network of `instruments.models` is asked instead; the answer is one text message with its likeliest classes:
{"v", "id", "answers": [{"name", "probability", "text"}, …]}.

Each picture is a grey JPEG, or PNG, of the stage's mosaic: 0 stands for -end, 255 for +end. An answer to "look" is one text
message {"v", "id", "window": {…}} as `window_message` writes it; an error is {"v": 1, "id": 7, "error": "<sentence>"}, with
"gone": true where the token is unknown.
"""

import json
import struct
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from cnn_core.arguments import Array
from cnn_core.images import cost as decoding_cost
from cnn_core.images import decode_frame, encode_jpeg, encode_png, to_grey
from instruments import channels, models
from instruments.cost import Cost
from instruments.fields import SettingError, choice, switch, whole
from instruments.kernel import parse_settings
from instruments.percent import percent
from instruments.stages import Shown, Window, compute, cost, look, on_one_scale
from instruments.why_this_answer import answer as answer_of
from live.pictures import describe, picture
from live.store import ImageStore
from server.shares import COMPUTING, DECODING, FRAMES, LONG, NETWORKS, Shares, is_long

VERSION = 1
OPS = ("stages", "look", "slices", "filters")
FRAME_OPS = ("frame", "answers")
STAGES = ("input", "convolution", "relu", "pooling")
MAX_REQUEST = 16_000
MAX_WIDTH = 16_384
ENLARGED = 3  # screen pixels a side for each of the picture's, from where on a JPEG's faults would be seen
MAX_FRAME = 200_000  # bytes of one camera picture
FRAME_SIDE = 320  # pixels on its long side; larger ones are shrunk

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Request:
    """A request whose form is right; its settings are checked when the image is known."""

    id: int
    op: str
    token: str
    settings: object
    place: tuple[str, int, int, int]  # stage, channel, y, x
    width: int = 0  # pixels that the screen has for a picture, 0 if it was not said
    frame: bytes = b""  # a camera picture as JPEG, instead of a held image
    colour: bool = False  # whether the frame keeps its colours
    network: str = ""  # that is asked about the frame


def _read(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise SettingError("The message is not JSON.") from None


def parse_request(text: str) -> Request:
    """Check one message; raises SettingError with a sentence."""
    if len(text) > MAX_REQUEST:
        raise SettingError("The message is too long.")
    message = _read(text)
    if not isinstance(message, dict) or message.get("v") != VERSION:
        raise SettingError(f"The message must be an object of version {VERSION}.")
    op = choice("op", message.get("op"), OPS)
    if not isinstance(message.get("image"), str):
        raise SettingError("image must be the token of an image.")
    return Request(
        whole("id", message.get("id"), (0, 1 << 53)),
        op,
        message["image"],
        message.get("settings"),
        (
            choice("stage", message.get("stage", "convolution"), STAGES),
            whole("channel", message.get("channel", 0), (0, 4096)),
            whole("y", message.get("y", 0), (0, 1 << 20)),
            whole("x", message.get("x", 0), (0, 1 << 20)),
        ),
        whole("width", message["width"], (1, MAX_WIDTH)) if "width" in message else 0,
    )


def parse_frame(data: bytes) -> Request:
    """Check one camera picture with its settings; raises SettingError with a sentence."""
    (length,) = struct.unpack(">I", data[:4]) if len(data) >= 4 else (0,)
    head, frame = data[4 : 4 + length], data[4 + length :]
    if len(head) > MAX_REQUEST or len(frame) > MAX_FRAME:
        raise SettingError("The camera picture is too large.")
    message = _read(head)
    if not isinstance(message, dict) or message.get("v") != VERSION or message.get("op") not in FRAME_OPS:
        raise SettingError(
            f"A camera picture needs an object of version {VERSION} whose op is {' or '.join(FRAME_OPS)}."
        )
    if not frame.startswith(b"\xff\xd8"):
        raise SettingError("A camera picture must be a JPEG file.")
    op: str = message["op"]
    colour = switch("colour", message.get("colour", False))
    return Request(
        whole("id", message.get("id"), (0, 1 << 53)),
        op,
        "",
        message.get("settings"),
        ("input", 0, 0, 0),
        frame=frame,
        colour=colour,
        network=choice("network", message.get("network"), tuple(models.SHIPPED)) if op == "answers" else "",
    )


class Refusal(str):
    """An answer that is no more than a sentence about what is wrong."""


@dataclass(frozen=True)
class Work:
    """What is still to be done for an answer: the places that it needs one of, None if it is short, what makes it, and whose
    it is: the page's that owns the image, however many sockets ask for it."""

    places: Shares | None
    make: Callable[[], bytes | str]
    owner: Hashable = None


def prepare(message: bytes | str, store: ImageStore, owner: Hashable = None) -> Work | str:
    """Read one message up to where the work begins: form, then image, then settings; an error is its whole answer."""
    try:
        request = parse_request(message) if isinstance(message, str) else parse_frame(message)
    except SettingError as error:
        return error_message(_id_of(message), str(error))
    return _work(request, store, owner)


def answer(request: Request, store: ImageStore) -> bytes | str:
    """Compute the answer to a request; never raises."""
    work = _work(request, store, None)
    return work if isinstance(work, str) else work.make()


def _work(request: Request, store: ImageStore, owner: Hashable) -> Work | str:
    if request.frame:
        if request.op == "answers":  # a network is long work, and cameras on other pages must not wait for it
            return Work(LONG, lambda: _told(request, lambda: _network_answer(request, owner)), owner)
        return Work(FRAMES, lambda: _told(request, lambda: _frame_answer(request, owner)), owner)
    image = store.get(request.token)
    if image is None:
        return error_message(request.id, "The image is no longer held: reload the page.", gone=True)
    owner = request.token
    try:
        if request.op == "look":
            settings = parse_settings(request.settings, _shape(image))
            window = window_message(look(image, settings, *request.place))
            return Work(None, lambda: json.dumps({"v": VERSION, "id": request.id, "window": window}), owner)
        taken, compute_stages = _computation(request, _shape(image))
    except ValueError as error:
        return error_message(request.id, str(error))

    def make() -> bytes:
        with COMPUTING.take(taken.bytes, owner):
            return stages_message(request.id, compute_stages(image), request.width)

    return Work(LONG if is_long(taken.macs, taken.bytes) else None, lambda: _told(request, make), owner)


def _told(request: Request, make: Callable[[], bytes | str]) -> bytes | str:
    """An answer, or the sentence why there is none."""
    try:
        return make()
    except ValueError as error:
        return error_message(request.id, str(error))


def _decoded(frame: bytes, owner: Hashable) -> Array:
    with DECODING.take(decoding_cost(frame, FRAME_SIDE), owner):
        return decode_frame(frame, FRAME_SIDE)


def _network_answer(request: Request, owner: Hashable) -> str:
    photo, model = _decoded(request.frame, owner), models.shipped(request.network)
    with NETWORKS.take(model.memory // 2, owner):  # forward alone
        found = answer_of(model, model.square(photo))
    likeliest = [
        {"name": name, "probability": share, "text": percent(share)}
        for name, share in zip(found.names, map(float, found.probabilities[found.top]), strict=True)
    ]
    return json.dumps({"v": VERSION, "id": request.id, "answers": likeliest})


def _frame_answer(request: Request, owner: Hashable) -> bytes:
    photo = _decoded(request.frame, owner)
    image = photo if request.colour else to_grey(photo)
    settings = parse_settings(request.settings, _shape(image))
    with COMPUTING.take(cost(_shape(image), settings).bytes, owner):
        return stages_message(request.id, on_one_scale(compute(image, settings)), request.width, image)


def _computation(request: Request, shape: Shape) -> tuple[Cost, Callable[[Array], list[Shown]]]:
    """What an answer in pictures takes, and what makes it."""
    if request.op == "slices":
        slices = channels.parse_slices(request.settings, shape)
        return slices.cost(shape), slices.compute
    if request.op == "filters":
        filters = channels.parse_filters(request.settings, shape)
        return filters.cost(shape), filters.compute
    settings = parse_settings(request.settings, shape)
    return cost(shape, settings), lambda image: on_one_scale(compute(image, settings))


def _shape(image: Array) -> Shape:
    return image.shape[0], image.shape[1], image.shape[2]


def _id_of(message: bytes | str) -> int | None:
    """The id of a message that was refused, so that its sender can tell which it was."""
    if len(message) > MAX_REQUEST or isinstance(message, bytes):
        return None
    try:
        read = json.loads(message)
    except (ValueError, RecursionError):
        return None
    number = read.get("id") if isinstance(read, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and abs(number) <= 1 << 53 else None


def error_message(id: int | None, sentence: str, gone: bool = False) -> Refusal:
    return Refusal(json.dumps({"v": VERSION, "id": id, "error": sentence} | ({"gone": True} if gone else {})))


def window_message(window: Window) -> dict[str, Any]:
    """A window as JSON values."""
    return {
        "stage": window.stage,
        "channel": window.channel,
        "y": window.y,
        "x": window.x,
        "inputs": window.inputs.tolist(),
        "weights": None if window.weights is None else window.weights.tolist(),
        "products": None if window.weights is None else (window.inputs * window.weights).tolist(),
        "bias": window.bias,
        "total": window.total,
        "field": list(window.field),
        "box": list(window.box),
        "lens": window.lens.tolist(),
        "lens_corner": list(window.lens_corner),
    }


def stages_message(id: int, shown: list[Shown], width: int, image: Array | None = None) -> bytes:
    """All stages as pictures for so many pixels of the screen; before them the image, if it is given."""
    heads, bodies = list[dict[str, Any]](), list[bytes]()
    if image is not None:
        bodies.append(encode_jpeg(image))
        low, high = float(image.min()), float(image.max())
        heads.append({"name": "input", "shape": list(image.shape), "low": low, "high": high, "tiles": [1, 1],
                      "type": "image/jpeg", "bytes": len(bodies[0])})  # fmt: skip
    for stage, end in shown:
        grey, tiles = picture(stage, end, width)
        exact = width >= ENLARGED * grey.shape[1]
        body = encode_png(grey) if exact else encode_jpeg(grey)
        heads.append(describe(stage, end, tiles) | {"type": f"image/{'png' if exact else 'jpeg'}", "bytes": len(body)})
        bodies.append(body)
    head = json.dumps({"v": VERSION, "id": id, "stages": heads}).encode()
    return b"".join([struct.pack(">I", len(head)), head, *bodies])

"""The messages of the live channel, version 1.

A request is one text message, a JSON object of at most 16 kB:

    {"v": 1, "id": 7, "op": "stages", "image": "<token>", "settings": {…}}
    {"v": 1, "id": 8, "op": "look",   "image": "<token>", "settings": {…},
     "stage": "convolution", "channel": 0, "y": 12, "x": 30}

`settings` is what `live.settings.parse_settings` reads. An answer to "stages" is one binary message: the length of the
head (4 bytes, big-endian), the head (JSON), then the pictures, one after the other:

    {"v": 1, "id": 7, "stages": [{"name", "shape", "low", "high", "end", "tiles", "type", "bytes"}, …]}

Each picture is a grey JPEG of the stage's mosaic: 0 stands for -end, 255 for +end. An answer to "look" is one text
message {"v", "id", "window": {…}} as `window_message` writes it; an error is {"v": 1, "id": 7, "error": "<sentence>"}, with
"gone": true where the token is unknown.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

from cnn_core.images import Bytes, encode_jpeg, to_bytes
from live.settings import SettingError, Settings, choice, parse_settings, whole
from live.stages import Stage, Window, compute, look, mosaic, scale_limits
from live.store import ImageStore

VERSION = 1
STAGES = ("input", "convolution", "relu", "pooling")
MAX_REQUEST = 16_000


@dataclass(frozen=True)
class Request:
    """A checked request."""

    id: int
    op: str
    token: str
    settings: Settings
    place: tuple[str, int, int, int]  # stage, channel, y, x


def parse_request(text: str) -> Request:
    """Check one message; raises SettingError with a sentence."""
    if len(text) > MAX_REQUEST:
        raise SettingError("The message is too long.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise SettingError("The message is not JSON.") from None
    if not isinstance(message, dict) or message.get("v") != VERSION:
        raise SettingError(f"The message must be an object of version {VERSION}.")
    if message.get("op") not in ("stages", "look"):
        raise SettingError("op must be stages or look.")
    if not isinstance(message.get("image"), str):
        raise SettingError("image must be the token of an image.")
    return Request(
        whole("id", message.get("id"), (0, 1 << 53)),
        message["op"],
        message["image"],
        parse_settings(message.get("settings")),
        (
            choice("stage", message.get("stage", "convolution"), STAGES),
            whole("channel", message.get("channel", 0), (0, 4096)),
            whole("y", message.get("y", 0), (0, 1 << 20)),
            whole("x", message.get("x", 0), (0, 1 << 20)),
        ),
    )


def answer(request: Request, store: ImageStore) -> bytes | str:
    """Compute the answer to a checked request; never raises."""
    image = store.get(request.token)
    if image is None:
        return error_message(request.id, "The image is no longer held: reload the page.", gone=True)
    try:
        if request.op == "look":
            return json.dumps(
                {
                    "v": VERSION,
                    "id": request.id,
                    "window": window_message(look(image, request.settings, *request.place)),
                }
            )
        return stages_message(request.id, compute(image, request.settings))
    except ValueError as error:
        return error_message(request.id, str(error))


def error_message(id: int | None, sentence: str, gone: bool = False) -> str:
    return json.dumps({"v": VERSION, "id": id, "error": sentence} | ({"gone": True} if gone else {}))


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


def describe(stage: Stage, end: float, tiles: tuple[int, int]) -> dict[str, Any]:
    """What a viewer must know to draw a stage's picture."""
    return {
        "name": stage.name,
        "shape": list(stage.maps.shape),
        "low": stage.low,
        "high": stage.high,
        "end": end,
        "tiles": list(tiles),
    }


def picture(stage: Stage, end: float) -> tuple[Bytes, tuple[int, int]]:
    """The stage's mosaic as bytes, 0 for -end and 255 for +end, and its (rows, columns) of maps."""
    grey, tiles = mosaic(stage.maps)
    return to_bytes(grey, -end, end), tiles


def stages_message(id: int, stages: list[Stage]) -> bytes:
    """All stages on one colour scale, so that what ReLU takes away can be seen."""
    end = scale_limits(stages[0].low, stages[0].high)[1]
    heads, bodies = [], []
    for stage in stages:
        grey, tiles = picture(stage, end)
        body = encode_jpeg(grey)
        heads.append(describe(stage, end, tiles) | {"type": "image/jpeg", "bytes": len(body)})
        bodies.append(body)
    head = json.dumps({"v": VERSION, "id": id, "stages": heads}).encode()
    return b"".join([struct.pack(">I", len(head)), head, *bodies])

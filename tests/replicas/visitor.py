"""A visitor without a browser: speaks Streamlit's protocol for a page, and the live channel for a moving hand."""

import json
import time
import urllib.request
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlparse

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

TROUBLE = (OSError, WebSocketException, TimeoutError)


class Visitor:
    """One session on the kernel page, found again by its link alone, as an open browser tab does."""

    def __init__(self, base: str, query: str) -> None:
        self.base, self.query, self.host = base, query, urlparse(base).netloc
        self.cookie = ""
        self.page: ClientConnection | None = None
        self.live: ClientConnection | None = None
        self.viewer: dict[str, Any] = {}

    def open(self) -> None:
        """Load the page, take the proxy's cookie, open both sockets, and run the page once."""
        self.close()
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.base}/kernel?{self.query}", headers={"Cookie": self.cookie}), timeout=5
        ) as response:
            cookies = SimpleCookie(response.headers.get("Set-Cookie", ""))
        self.cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
        self.page = self._connect("/_stcore/stream", ["streamlit"])
        self.viewer = self._run()
        self.live = self._connect("/live", None)

    def _connect(self, path: str, protocols: Any) -> ClientConnection:
        return connect(
            f"ws://{self.host}{path}",
            origin=f"http://{self.host}",  # type: ignore[arg-type]
            subprotocols=protocols,
            additional_headers={"Cookie": self.cookie},
            open_timeout=5,
            max_size=None,
            legacy=True,  # a visitor holds its sockets longer than one block
            close_timeout=0.2,
        )

    def _run(self) -> dict[str, Any]:
        """Run the page; returns what its viewer was given."""
        assert self.page
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = "kernel"
        self.page.send(message.SerializeToString())
        found: dict[str, Any] = {}
        while True:
            data = self.page.recv(timeout=20)
            assert isinstance(data, bytes)
            answer = ForwardMsg.FromString(data)
            if answer.HasField("delta") and answer.delta.new_element.HasField("bidi_component"):
                component = answer.delta.new_element.bidi_component
                if component.component_name == "cnn_feature_viewer":
                    found = json.loads(component.json or component.mixed.json)
            if answer.HasField("script_finished"):
                return found

    def drag(self, kernel: str) -> dict[str, Any]:
        """Ask the live channel for the pictures of another kernel; returns the answer's head."""
        assert self.live
        settings = self.viewer["settings"] | {"kernel": kernel}
        request = {"v": 1, "id": 1, "op": "stages", "image": self.viewer["live"]["token"], "settings": settings}
        self.live.send(json.dumps(request))
        answer = self.live.recv(timeout=10)
        if isinstance(answer, str):
            raise ConnectionError(answer)  # an unknown token: another replica has answered
        return json.loads(answer[4 : 4 + int.from_bytes(answer[:4], "big")])

    def work(self, kernel: str, until: float) -> dict[str, Any]:
        """As `drag`, opening the page again as often as needed until a time on the monotonic clock."""
        while True:
            try:
                if self.live is None:
                    self.open()
                return self.drag(kernel)
            except TROUBLE:
                self.close()
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def close(self) -> None:
        for socket in (self.page, self.live):
            if socket is not None:
                socket.close()
        self.page = self.live = None

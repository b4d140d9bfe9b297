"""A visitor without a browser: speaks Streamlit's protocol for a page, and the live channel for a moving hand."""

import json
import time
import urllib.request
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlparse

import httpx2
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

TROUBLE = (OSError, WebSocketException, TimeoutError)


class Visitor:
    """One session on a page, the kernel page at first, found again by its link alone, as an open browser tab does."""

    def __init__(self, base: str, query: str) -> None:
        self.base, self.query = base, query
        self.host, self.path = urlparse(base).netloc, urlparse(base).path
        self.cookie = ""
        self.page: ClientConnection | None = None
        self.live: ClientConnection | None = None
        self.viewer: dict[str, Any] = {}  # what the page's last viewer was given
        self.uploader = ""  # name of the control that takes a photo
        self.buttons: dict[str, str] = {}  # names of buttons by their words
        self.fragment, self.pause = "", 0.0  # the part of the page that draws itself anew, and after how many seconds
        self.at = "kernel"

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
            f"ws://{self.host}{self.path}{path}",
            origin=f"http://{self.host}",  # type: ignore[arg-type]
            subprotocols=protocols,
            additional_headers={"Cookie": self.cookie},
            open_timeout=5,
            max_size=None,
            legacy=True,  # a visitor holds its sockets longer than one block
            close_timeout=0.2,
        )

    def _run(self, page: str = "kernel", *states: WidgetState) -> dict[str, Any]:
        """Run a page with what was told to its controls; returns what its viewer was given."""
        self.ask_run(self.query, page, *states)
        return self._drawn()

    def ask_run(self, query: str, page: str = "kernel", *states: WidgetState, fragment: str = "") -> None:
        """Ask for a run of a page, or of a part of it, without waiting for what it draws."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = self.at = page
        message.rerun_script.fragment_id = fragment
        message.rerun_script.widget_states.widgets.extend(states)
        self._send(message)

    def press(self, words: str) -> None:
        """Click the button with these words on the page that is open."""
        self.viewer = self._run(self.at, WidgetState(id=self.buttons[words], trigger_value=True))

    def follow(self) -> None:
        """Let the page's own clock draw its part anew, once."""
        time.sleep(self.pause or 1.0)
        self.ask_run(self.query, self.at, fragment=self.fragment)
        self._drawn()

    def _drawn(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            answer = self._receive()
            if answer.HasField("delta"):
                element = answer.delta.new_element
                if element.bidi_component.component_name == "cnn_feature_viewer":
                    [found] = json.loads(element.bidi_component.json)
                if element.button.id:
                    self.buttons[element.button.label] = element.button.id
                if element.file_uploader.label.startswith("Upload"):
                    self.uploader = element.file_uploader.id
                if element.HasField("exception"):
                    raise AssertionError(element.exception.message)
            if answer.HasField("auto_rerun"):
                self.fragment, self.pause = answer.auto_rerun.fragment_id, answer.auto_rerun.interval
            if answer.HasField("script_finished"):
                return found

    def _send(self, message: BackMsg) -> None:
        assert self.page
        self.page.send(message.SerializeToString())

    def _receive(self) -> ForwardMsg:
        assert self.page
        data = self.page.recv(timeout=60)
        assert isinstance(data, bytes)
        return ForwardMsg.FromString(data)

    def go(self, page: str) -> None:
        """Switch to another page of the same session."""
        self.viewer = self._run(page)

    def upload(self, name: str, data: bytes) -> None:
        """Give the session a photo on the kernel page, as the uploader does: ask where to, send it there, then say so."""
        place, token = self.place_for(name)
        own = dict(part.split("=", 1) for part in self.cookie.split("; ") if part)
        with httpx2.Client(base_url=f"http://{self.host}", cookies=own | {"_streamlit_xsrf": token}) as client:
            client.put(
                f"{self.path}{place.upload_url}", files={"file": (name, data)}, headers={"X-Xsrftoken": token}
            ).raise_for_status()
        state = WidgetState(id=self.uploader)
        state.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(data), file_id=place.file_id, file_urls=place
        )
        self.viewer = self._run("kernel", state)
        others = [part for part in self.query.split("&") if not part.startswith("image=")]
        self.query = "&".join(["image=Your+photo", *others])  # as the address now says

    def place_for(self, name: str) -> tuple[Any, str]:
        """Where a file of this session is to be sent, and the token that must come with it."""
        asked = BackMsg()
        asked.file_urls_request.request_id = "1"
        asked.file_urls_request.file_names.append(name)
        self._send(asked)
        while not (answer := self._receive()).HasField("file_urls_response"):
            pass
        with httpx2.Client(base_url=f"http://{self.host}") as client:
            client.get(f"{self.path}/_stcore/health")
            return answer.file_urls_response.file_urls[0], str(client.cookies["_streamlit_xsrf"])

    def drag(self, kernel: str) -> dict[str, Any]:
        """Ask the live channel for the pictures of another kernel; returns the answer's head."""
        assert self.live
        settings = self.viewer["live"]["settings"] | {"kernel": kernel}
        request = {"v": 1, "id": 1, "op": "stages", "image": self.viewer["live"]["token"], "settings": settings}
        try:
            self.live.send(json.dumps(request))
        except ConnectionClosed:  # nobody asked for half a minute: a page opens another one when a hand moves, too
            self.live = self._connect("/live", None)
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

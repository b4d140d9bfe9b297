"""The nginx of deploy/ on loopback, before servers of a test."""

import random
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.browser.conftest import ROOT, free_port

DEPLOY = ROOT / "deploy"
DOORS = "1850"  # the proxy's inner ports begin with it


class Proxy:
    """A running nginx with the settings of deploy/, as a context; only ports, addresses and folders are of the test.

    Args:
        folder: for its files, empty.
        replicas: host and port of each replica, three.
        tls: whether it speaks TLS too, with the certificate in `folder`/tls/certificates.
        shorten: directives of nginx.conf and what to put in their place, such as shorter times.
    """

    def __init__(
        self, folder: Path, replicas: list[str], tls: bool = False, shorten: dict[str, str] | None = None
    ) -> None:
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not nginx:
            pytest.fail("nginx is missing: run `make proxy`.")
        port, self.tls_port = free_port(), free_port()
        self.host, self.tls_host = f"127.0.0.1:{port}", f"127.0.0.1:{self.tls_port}"
        self.base = f"http://{self.host}"
        self.log = folder / "log"
        self.bodies = folder / "bodies"
        changes = {
            "listen 8080": f"listen {self.host}",
            "listen 8443": f"listen {self.tls_host}",
            DOORS: _free_prefix(),
            **{f"app-{number}:8501": place for number, place in enumerate(replicas, 1)},
            **(shorten or {}),
        }
        (folder / "tls").mkdir(exist_ok=True)
        names = {"nginx.conf": "nginx.conf", "replicas.conf": "replicas.conf"} | (
            {"tls.conf": "tls/tls.conf"} if tls else {}
        )
        texts = {place: (DEPLOY / name).read_text("utf-8") for name, place in names.items()}
        for old, new in changes.items():
            assert any(old in text for text in texts.values()) or (old == "listen 8443" and not tls), old
            texts = {place: text.replace(old, new) for place, text in texts.items()}
        own = f"client_body_temp_path {self.bodies}; proxy_temp_path {folder}/answers;"
        texts["nginx.conf"] = f"daemon off; pid {folder}/pid;\n" + texts["nginx.conf"].replace(
            "http {", f"http {{ {own}", 1
        )
        for place, text in texts.items():
            (folder / place).write_text(text, "utf-8")
        with self.log.open("w") as log:
            self.process = subprocess.Popen([nginx, "-p", folder, "-c", folder / "nginx.conf"], stderr=log, stdout=log)
        for _ in range(100):
            assert self.process.poll() is None, self.log.read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail(f"The proxy does not listen: {self.log.read_text()}")

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def _free_prefix() -> str:
    """Four digits that make ports below the ephemeral ones free with a 1, 2 or 3 behind them."""
    for prefix in random.sample(range(1100, 3200), 50):
        try:
            for last in (1, 2, 3):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", prefix * 10 + last))
        except OSError:
            continue
        return str(prefix)
    pytest.fail("No ports are free.")

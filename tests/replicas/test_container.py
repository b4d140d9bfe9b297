"""What the Dockerfile does, without an engine: its copied files alone, no home directory, nothing written."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.browser.conftest import ROOT, free_port, start_server
from tests.replicas.visitor import Visitor

DEPLOY = ROOT / "deploy"


def copied() -> list[tuple[str, str]]:
    """Paths that the Dockerfile copies into the image, and where to."""
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    return [(line.split()[1], line.split()[2]) for line in lines if line.startswith("COPY")]


def copy_app(folder: Path) -> None:
    """Put what the Dockerfile copies into a folder, and nothing else."""
    for name, target in copied():
        source, ignored = ROOT / name, shutil.ignore_patterns("__pycache__")
        if target.endswith("/"):
            (folder / target).mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, folder / target, ignore=ignored)
        else:
            shutil.copy(source, folder / target)


def test_what_is_pinned_fits_what_is_required() -> None:
    text = (DEPLOY / "requirements.lock").read_text("utf-8")
    pins = re.findall(r"^([\w-]+)==([^ ;]+)[^\n]*?\\\n((?:    --hash=sha256:[0-9a-f]{64}[^\n]*\n)+)", text, re.M)
    assert len(pins) == len(re.findall(r"^\w", text, re.M)) > 20  # each has hashes
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            wanted = Requirement(line)
            versions = [version for name, version, _ in pins if name == wanted.name]
            assert versions
            assert all(version in wanted.specifier for version in versions), wanted


def test_the_copied_files_are_enough_and_nothing_is_written(tmp_path) -> None:
    copy_app(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    port = free_port()
    env = {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    server = start_server(port, env=env, app=tmp_path / "app.py")
    try:
        visitor = Visitor(f"http://127.0.0.1:{port}", "image=Coins&size=64&kernel=1+2%3B+3+4")
        visitor.open()
        assert visitor.drag("1 0")["stages"][0]["shape"] == [1, 50, 63]
        visitor.close()
    finally:
        server.kill()
        server.wait()
    assert sorted(tmp_path.rglob("*")) == before


def test_the_image_takes_in_what_it_copies_and_no_more() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert {source for source, _ in copied()} == allowed


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / name).read_text("utf-8"))


def kubernetes() -> dict[str, Any]:
    """The documents by kind; each kind occurs once."""
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "app.yaml").read_text("utf-8")))
    kinds = {document["kind"]: document for document in documents}
    assert len(kinds) == len(documents)
    return kinds


def test_every_replica_is_known_to_the_proxy() -> None:
    services = compose()["services"]
    text = (DEPLOY / "replicas.conf").read_text("utf-8")
    doors = dict(re.findall(r"\$server_port = (\d+)\) \{ set \$server (\S+):8501;", text))
    assert list(doors.values()) == [name for name in services if name.startswith("app-")]
    assert re.findall(r"listen 127\.0\.0\.1:(\d+);", text) == list(doors)
    assert re.findall(r"server 127\.0\.0\.1:(\d+) ", text) == 2 * list(doors)


@pytest.mark.parametrize("name", list(compose()["services"]))
def test_each_service_is_bounded_and_what_it_is_made_of_is_pinned(name) -> None:
    service, networks = compose()["services"][name], compose()["networks"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["mem_limit"] == service["memswap_limit"]
    assert service["pids_limit"] > 0
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert service["restart"] == "unless-stopped"
    if name == "proxy":
        assert re.fullmatch(r"nginx:[\d.]+-alpine@sha256:[0-9a-f]{64}", service["image"])
        assert set(service["tmpfs"]) == {"/run", "/var/cache/nginx"}  # should it ever write a body, it is in memory
        assert seconds(service["healthcheck"]["timeout"]) >= 10
    else:
        assert service["pull_policy"] == "build"
        assert "ports" not in service  # nobody but the proxy reaches it, so what it says of the client is true
        assert [networks[network]["internal"] for network in service["networks"]] == [True]


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_the_image_is_pinned_and_its_health_is_asked_with_patience() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert re.search(r"^FROM python:3\.\d+-slim@sha256:[0-9a-f]{64}$", text, re.M)
    timeout, retries = re.search(r"--timeout=(\d+)s .*--retries=(\d+)", text).groups()  # type: ignore[union-attr]
    inner = int(re.search(r"timeout=(\d+)\)", text)[1])  # type: ignore[index]
    assert 5 <= inner < int(timeout)
    assert int(retries) >= 4


def test_tls_is_added_to_the_same_proxy() -> None:
    [(name, service)] = compose("compose.tls.yaml")["services"].items()
    base = compose()["services"][name]
    wanted = set(re.findall(r"(tls/\S+\.pem)", (DEPLOY / "tls.conf").read_text("utf-8")))
    places = dict(volume.removesuffix(":ro").rsplit(":", 1) for volume in service["volumes"])
    assert places["./tls.conf"] == "/etc/nginx/tls/tls.conf"  # `include tls/*.conf`, beside /etc/nginx/nginx.conf
    assert {str(Path("/etc/nginx", path).parent) for path in wanted} == {list(places.values())[1]}
    assert {Path(path).name for path in wanted} == {"fullchain.pem", "privkey.pem"}
    assert {port.split(":")[1] for port in service["ports"]} == {"8443", *(p.split(":")[1] for p in base["ports"])}


def test_the_manifests_belong_together() -> None:
    kinds = kubernetes()
    assert set(kinds) == {
        "Deployment",
        "Service",
        "Ingress",
        "NetworkPolicy",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
    }
    pod = kinds["Deployment"]["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert kinds["Service"]["spec"]["selector"] == labels
    for kind, key in (
        ("PodDisruptionBudget", "selector"),
        ("NetworkPolicy", "podSelector"),
        ("Deployment", "selector"),
    ):
        assert kinds[kind]["spec"][key] == {"matchLabels": labels}
    [spread] = pod["spec"]["topologySpreadConstraints"]
    [term] = pod["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert spread["labelSelector"] == term["podAffinityTerm"]["labelSelector"] == {"matchLabels": labels}
    assert {spread["topologyKey"], term["podAffinityTerm"]["topologyKey"]} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }
    [container] = pod["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    port = container["ports"][0]["containerPort"]
    assert kinds["Service"]["spec"]["ports"][0]["targetPort"] == port
    [rule] = kinds["NetworkPolicy"]["spec"]["ingress"]
    assert [entry["port"] for entry in rule["ports"]] == [port]
    assert kinds["NetworkPolicy"]["spec"]["egress"] == []
    assert set(kinds["NetworkPolicy"]["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert kinds["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == kinds["Deployment"]["metadata"]["name"]
    assert kinds["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1 < kinds["Deployment"]["spec"]["replicas"]
    tag = container["image"].partition(":")[2]
    assert tag not in ("", "latest")


def test_a_busy_pod_keeps_its_sessions() -> None:
    pod = kubernetes()["Deployment"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    bears = {}
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = container[name]
        assert probe["httpGet"] == {"path": "/_stcore/health", "port": container["ports"][0]["containerPort"]}
        assert probe["timeoutSeconds"] >= 5
        bears[name] = probe["periodSeconds"] * probe["failureThreshold"]
    assert bears["readinessProbe"] >= 60
    assert bears["livenessProbe"] >= 120
    assert bears["startupProbe"] >= 60
    [command] = container["lifecycle"]["preStop"]["exec"].values()
    assert command[0] == "sleep"
    assert 5 <= int(command[1]) <= pod["terminationGracePeriodSeconds"] - 60
    down = kubernetes()["HorizontalPodAutoscaler"]["spec"]["behavior"]["scaleDown"]
    assert down["stabilizationWindowSeconds"] >= 1800


def test_the_ingress_keeps_nothing_and_speaks_tls() -> None:
    ingress = kubernetes()["Ingress"]
    prefix = "nginx.ingress.kubernetes.io/"
    notes = {name.removeprefix(prefix): value for name, value in ingress["metadata"]["annotations"].items()}
    assert all(isinstance(value, str) for value in notes.values())  # Kubernetes refuses anything else
    for name in ("proxy-request-buffering", "proxy-buffering"):
        assert notes[name] == "off"
    assert notes["enable-access-log"] == "false"
    assert (notes["affinity"], notes["session-cookie-secure"]) == ("cookie", "true")
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert f"client_max_body_size {notes['proxy-body-size']};" in text
    assert f"limit_conn address {notes['limit-connections']};" in text
    assert f"proxy_read_timeout {int(notes['proxy-read-timeout']) // 60}m;" in text
    [tls], [rule] = ingress["spec"]["tls"], ingress["spec"]["rules"]
    assert tls["hosts"] == [rule["host"]]
    assert tls["secretName"]

"""What the Dockerfile does, without an engine: its copied files alone, no home directory, nothing written."""

import re
import shutil
from pathlib import Path

import yaml
from packaging.requirements import Requirement

from tests.browser.conftest import ROOT, free_port, start_server
from tests.replicas.visitor import Visitor

DEPLOY = ROOT / "deploy"


def copied() -> list[str]:
    """Paths that the Dockerfile copies into the image."""
    return [
        line.split()[1] for line in (DEPLOY / "Dockerfile").read_text("utf-8").splitlines() if line.startswith("COPY")
    ]


def copy_app(folder: Path) -> None:
    """Put what the Dockerfile copies into a folder, and nothing else."""
    for name in copied():
        source, ignored = ROOT / name, shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / name, ignore=ignored) if source.is_dir() else shutil.copy(source, folder)


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
    assert set(copied()) == allowed


def test_every_replica_is_known_to_the_proxy() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    named = re.findall(r"server (\S+):8501", (DEPLOY / "replicas.conf").read_text("utf-8"))
    assert named == [name for name in services if name.startswith("app-")]
    assert all(services[name]["read_only"] for name in named)


def test_the_manifests_belong_together() -> None:
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "app.yaml").read_text("utf-8")))
    kinds = {document["kind"]: document for document in documents}
    assert set(kinds) == {"Deployment", "Service", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget"}
    labels = kinds["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert kinds["Service"]["spec"]["selector"] == labels
    assert kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    container = kinds["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    port = container["ports"][0]["containerPort"]
    assert kinds["Service"]["spec"]["ports"][0]["targetPort"] == port == container["readinessProbe"]["httpGet"]["port"]
    assert kinds["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == kinds["Deployment"]["metadata"]["name"]

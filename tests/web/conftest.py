"""A small site, and a server of its own on a free port that serves it with the whole record."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

PAGE = """<!doctype html>
<html lang="en"><head>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'">
<title>{title}</title></head><body>{title}{more}</body></html>
"""


@dataclass
class Running:
    """A server; `said` is the file with what it wrote to standard error."""

    url: str
    process: subprocess.Popen[bytes]
    said: Path

    def get(self, path: str, **headers: str) -> httpx.Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(self.url + path, headers={"Accept-Encoding": "identity", **names})

    def lines(self) -> list[dict[str, object]]:
        told = self.said.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in told if line.startswith("{")]


def write_site(folder: Path, version: str = "2026-11-22", more: str = "") -> Path:
    """A site as a build leaves it, with a few files of each kind."""
    files = {
        "index.html": PAGE.format(title="Map", more=more),
        "404.html": PAGE.format(title="No such page", more=""),
        "j/US-AL/index.html": PAGE.format(title="Alabama", more="a rule " * 500),
        "ar/embed/index.html": PAGE.format(title="For other sites", more=""),
        "embed/index.html": PAGE.format(title="For other sites", more=""),
        "static/site.css": "body { margin: 0 }\n" * 100,
        "data/status.csv": "code,substance,total_status\r\n" + "US-AL,leaf,banned\r\n" * 2000,
        "data/large.geojson": '{"n":"' + "0123456789" * 900_000 + '"}',
        "data/kratom-atlas.sqlite": "no database, and the server does not mind" * 100,
        "data/datapackage.json": json.dumps({"version": version}),
        f"data/releases/{version}/status.csv": "code,substance\r\n" * 200,
        "feeds/all.atom": "<feed/>",
        "sources/sources.json": json.dumps([{"source_id": f"s{n}"} for n in range(3)]),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    sizes = {name: len(text.encode()) for name, text in files.items()}
    state = {"of": version, "version": version, "files": sizes}
    (folder / ".build.json").write_text(json.dumps(state), encoding="utf-8")
    (folder / "secret.txt").write_text("not of the build", encoding="utf-8")
    return folder


@contextmanager
def run_server(site: Path, home: Path, *words: str, **settings: str) -> Iterator[Running]:
    home.mkdir(parents=True, exist_ok=True)
    said = home / "said.log"
    command = [sys.executable, "-m", "kratom_atlas", "serve", "--port", "0", "--site", str(site)]
    with said.open("wb") as file:
        process = subprocess.Popen(
            [*command, *words],
            env={**os.environ, "KRATOM_ATLAS_HOME": str(home), **settings},
            stderr=file,
            cwd=home,
        )
    try:
        url = _wait(process, said)
        yield Running(url, process, said)
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], said: Path) -> str:
    import time

    for _ in range(1200):
        found = re.search(r"serving at (\S+)/\n", said.read_text(encoding="utf-8"))
        if found and process.poll() is None:
            try:
                if httpx.get(f"{found[1]}/healthz", timeout=60).status_code == 200:
                    return found[1]
            except httpx.TransportError:
                pass
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {said.read_text(encoding='utf-8')[-2000:]}")


@pytest.fixture(scope="session")
def site_at() -> Callable[..., Path]:
    """Write the small site at a path."""
    return write_site


@pytest.fixture(scope="session")
def server_of() -> Callable[..., AbstractContextManager[Running]]:
    """Start a server on a site, with a home and more words of the command line."""
    return run_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that only ask."""
    folder = tmp_path_factory.mktemp("service")
    with run_server(write_site(folder / "site"), folder / "home", "--no-schedule") as running:
        yield running

"""How the service starts and stops, as those who run it see it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest


def test_it_ends_within_seconds_and_finishes_what_is_under_way(
    tmp_path: Path, site_at: Callable[..., Path], server_of
) -> None:  # type: ignore[no-untyped-def]
    site = site_at(tmp_path / "site")
    with server_of(site, tmp_path / "home", "--no-schedule") as running:
        size = (site / "data" / "large.geojson").stat().st_size
        at = urlsplit(running.url)
        got: list[int] = []

        def slowly() -> None:
            with socket.create_connection((at.hostname, at.port)) as link:
                link.sendall(b"GET /data/large.geojson HTTP/1.1\r\nHost: x\r\n\r\n")
                total = 0
                while piece := link.recv(1 << 16):
                    total += len(piece)
                    begun.set()
                    time.sleep(0.012)
                got.append(total)

        begun = threading.Event()
        reader = threading.Thread(target=slowly)
        reader.start()
        begun.wait(10)
        assert httpx.get(f"{running.url}/readyz").status_code == 200
        began = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.4)
        ready = httpx.get(f"{running.url}/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert httpx.get(f"{running.url}/healthz").status_code == 200
        assert running.process.wait(15) == 0
        assert time.monotonic() - began < 12
        reader.join(10)
        assert got[0] > size
        assert "stopped" in running.said.read_text(encoding="utf-8")


def test_the_scheduler_ends_with_it(
    tmp_path: Path, site_at: Callable[..., Path], server_of
) -> None:  # type: ignore[no-untyped-def]
    with server_of(site_at(tmp_path / "site"), tmp_path / "home") as running:
        assert httpx.get(f"{running.url}/readyz").status_code == 200
        until = time.monotonic() + 20
        while not list((tmp_path / "home").glob("*.sqlite")) and time.monotonic() < until:
            time.sleep(0.1)
        began = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0
        assert time.monotonic() - began < 15


def test_a_port_in_use_is_one_plain_line(
    tmp_path: Path, site_at: Callable[..., Path], server_of
) -> None:  # type: ignore[no-untyped-def]
    site = site_at(tmp_path / "site")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = subprocess.run(
            [sys.executable, "-m", "kratom_atlas", "serve", "--no-schedule",
             "--site", str(site), "--port", str(taken.getsockname()[1])],
            capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
            env={**os.environ, "KRATOM_ATLAS_HOME": str(tmp_path / "home")},
        )  # fmt: skip
    assert told.returncode == 1
    assert "cannot listen on 127.0.0.1 port" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("name", ["serve", "mcp"])
def test_help_loads_no_server(name: str) -> None:
    code = (
        f"import sys; sys.argv = ['kratom-atlas', '{name}', '--help']\n"
        "import kratom_atlas.cli as cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "sys.exit(any(m in sys.modules for m in ('fastapi', 'uvicorn', 'mcp', 'numpy')))"
    )
    told = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert told.returncode == 0
    assert "Example" in told.stdout


@pytest.mark.long
def test_without_a_site_one_is_built(tmp_path: Path, server_of) -> None:  # type: ignore[no-untyped-def]
    with server_of(tmp_path / "site", tmp_path / "home", "--no-schedule") as running:
        assert httpx.get(f"{running.url}/j/US-AL/").status_code == 200
        assert httpx.get(f"{running.url}/llms.txt").status_code == 200
        assert httpx.get(f"{running.url}/api/v1/sources").json()["total"] > 10

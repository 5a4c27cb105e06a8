"""The lock names every package with its hashes, and an audit that found nothing out says so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("pip_audit")
pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
TWO = f"""\
inflect==7.0.0 --hash=sha256:{"0" * 64}
idna==3.6 --hash=sha256:{"1" * 64}
"""
ADVISORY = {
    "id": "PYSEC-2024-60",
    "summary": "Slow",
    "modified": "2024-04-11T00:00:00Z",
    "published": "2024-04-11T00:00:00Z",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "idna"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.7"}]}],
            "versions": ["3.6"],
        }
    ],
}


@contextmanager
def advisories(bad: str) -> Iterator[str]:
    """A service that speaks as OSV does, and has an advisory about one package."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = {"vulns": [ADVISORY]} if asked["package"]["name"] == bad else {}
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def audit(lock: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / ".ci" / "audit.py"), str(lock), "--service", "osv"]
    return subprocess.run([*command, *words], capture_output=True, text=True, check=False)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "two.lock"
    path.write_text(TWO, encoding="utf-8")
    return path


def test_the_lock_pins_every_requirement_with_its_hashes() -> None:
    text = LOCK.read_text(encoding="utf-8").replace("\\\n", " ")
    rows = [row for row in text.splitlines() if row.strip() and not row.lstrip().startswith("#")]
    assert len(rows) > 100
    for row in rows:
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,-]+\])?==\S+ ", row), row
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", row), row
    assert "--index-url" not in text
    assert "://" not in text


def test_an_advisory_fails_the_audit_and_names_what_mends_it(lock: Path) -> None:
    with advisories("idna") as url:
        ran = audit(lock, "--osv-url", url)
    assert ran.returncode == 1
    assert "idna 3.6: PYSEC-2024-60; mended in 3.7" in ran.stdout
    assert "audited by osv: 2 packages, 1 advisories" in ran.stdout


def test_without_advisories_it_says_how_many_packages_were_asked_about(lock: Path) -> None:
    with advisories("") as url:
        ran = audit(lock, "--osv-url", url, "--required")
    assert (ran.returncode, ran.stdout) == (0, "audited by osv: 2 packages, 0 advisories\n")


def test_a_service_that_is_out_of_reach_is_no_pass(lock: Path) -> None:
    nowhere = ("--osv-url", "http://127.0.0.1:9/v1/query")
    ran = audit(lock, *nowhere)
    assert ran.returncode == 0
    assert ran.stdout.startswith("not audited: osv: ")
    assert "audited by" not in ran.stdout
    assert audit(lock, *nowhere, "--required").returncode == 2

"""Ask an advisory service about every package of the lock, and say plainly what came of it.

Where no service answers, nothing is known: that is said, and is no pass (`not audited: ...`). Exit
status: 0 nothing found or not audited, 1 something found, 2 not audited although `--required`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SERVICES = ("osv", "pypi")
"""Whom pip-audit can ask; both know of the same advisories, and one of them may be out of reach."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("lock", type=Path, nargs="?", default=Path("requirements.lock"))
    options.add_argument("--osv-url", default="https://api.osv.dev/v1/query")
    options.add_argument("--service", choices=SERVICES, action="append")
    options.add_argument("--timeout", type=int, default=15, help="Seconds for each question.")
    options.add_argument("--required", action="store_true", help="Not to be audited is an error.")
    given = options.parse_args()
    reasons = []
    for service in given.service or SERVICES:
        answers, why = ask(service, given.lock, given.osv_url, given.timeout)
        if answers:
            return judge(answers, service, required=given.required)
        reasons.append(f"{service}: {why}")
    sys.stdout.write(f"not audited: {'; '.join(reasons)}\n")
    return 2 if given.required else 0


def ask(service: str, lock: Path, osv_url: str, timeout: int) -> tuple[list[dict[str, Any]], str]:
    """What a service says of each package; nothing, and why, where it knows none of them."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip"]
    command += ["--require-hashes", "--format", "json", "--progress-spinner", "off"]
    command += ["--vulnerability-service", service, "--osv-url", osv_url, "--timeout", str(timeout)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    try:
        found: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        told = ran.stderr.strip().splitlines() or ["no answer"]
        return [], told[-1][:300]
    if not any("vulns" in one for one in found):
        return [], next((one["skip_reason"] for one in found if "skip_reason" in one), "no package")
    return found, ""


def judge(answers: list[dict[str, Any]], service: str, *, required: bool) -> int:
    """Say what was found, and what was not asked about."""
    known = [one for one in answers if "vulns" in one]
    skipped = [one["name"] for one in answers if "vulns" not in one]
    bad = [(one, vuln) for one in known for vuln in one["vulns"]]
    for one, vuln in bad:
        fixed = ", ".join(vuln["fix_versions"]) or "no version yet"
        sys.stdout.write(f"{one['name']} {one['version']}: {vuln['id']}; mended in {fixed}\n")
    if skipped:
        sys.stdout.write(f"not audited: {', '.join(skipped)}: {service} does not know them\n")
    sys.stdout.write(f"audited by {service}: {len(known)} packages, {len(bad)} advisories\n")
    if bad:
        return 1
    return 2 if skipped and required else 0


if __name__ == "__main__":
    sys.exit(main())

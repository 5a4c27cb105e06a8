"""`python -m benchmarks.relevance [FOLDER]`: the first look at bytes, against ripgrep."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kratom_atlas.read.prefilter import scan_and_look
from kratom_atlas.read.terms import TERMS

SIZE: Final = 30_000
FILES: Final = 2_000
KINDS: Final = {
    "ASCII HTML": "<p>A person may not sell hemp to anyone below the age of 21; 45 CFR 3.</p>\n",
    "UTF-8 Czech": "Zákon ze dne 5. března o návykových látkách a o změně dalších zákonů.\n",
    "Thai JSON": '{"a": "ให้กระทรวงสาธารณสุขกำหนดหลักเกณฑ์และกรรมการ"}\n',
    "Thai JSON, escaped": json.dumps("ให้กระทรวงสาธารณสุขกำหนดหลักเกณฑ์และกรรมการ") + "\n",
}


def main() -> None:
    """Run them, on a folder of one's own or on one made for the purpose."""
    scan_and_look(b"to be set up")
    for kind, line in KINDS.items():
        raw = (line * (30_000_000 // len(line.encode()))).encode()
        took = median(lambda raw=raw: scan_and_look(raw), 5)  # type: ignore[misc]
        say(f"{kind}: {len(raw) / took / 1e9:.2f} GB/s (budget 1)", took)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else made(Path(work) / "texts")
        against_ripgrep(folder, Path(work))


def made(folder: Path) -> Path:
    """Documents of 30 kB, one in fifty of which names kratom."""
    folder.mkdir()
    for number, line in enumerate(list(KINDS.values()) * (FILES // len(KINDS))):
        words = "No person shall sell kratom.\n" if number % 50 == 0 else ""
        text = line * (SIZE // len(line.encode())) + words
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    return folder


def against_ripgrep(folder: Path, work: Path) -> None:
    """Every file of a folder, read and looked at, and the same by `rg -c -i -F -f terms`."""
    program = shutil.which("rg")
    if program is None:
        print("ripgrep is not installed: no comparison")
        return
    words = work / "words"
    plain = [t.pattern for t in TERMS if t.strong and t.pattern.isalpha()]
    words.write_text("\n".join([*plain, "mitragyn", "mytragyn"]), encoding="utf-8")

    def ours() -> int:
        files = (path for path in folder.rglob("*") if path.is_file())
        return sum(scan_and_look(path.read_bytes()) for path in files)

    def theirs() -> None:
        command = [program, "-c", "-i", "-F", "-f", str(words), "--no-ignore", str(folder)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)

    found = ours()
    mine, other = median(ours, 5), median(theirs, 5)
    say(f"a folder, {found} found; rg {other:.3f} s: {other / mine:.2f} x", mine)


def median(work: Callable[[], object], times: int) -> float:
    """The median of `times` runs after one to warm up, in seconds."""
    work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def say(label: str, seconds: float) -> None:
    """One line of the report."""
    print(f"{label:<58} {seconds:8.3f} s", flush=True)


if __name__ == "__main__":
    main()

"""What holds of every reading, whatever the text; and that reading takes bounded time."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Circumstances, Marked, Reading, Relevance, Span
from kratom_atlas.read.marked import read_marked
from kratom_atlas.read.reading import read_law
from kratom_atlas.read.terms import find_mentions

WORDS = st.sampled_from(
    ["kratom", "Mitragyna speciosa", "mitragynine", "7-hydroxymitragynine", "kratom product",
     "means", "includes", "except", "unless", "Section 1.", "§ 4", "(a)", "(1)", "(i)",
     "Schedule I", "is amended to read as follows:", "is repealed", "by striking", "and inserting",
     "shall not", "may not", "it is unlawful", "to sell", "possess", "a person under 21 years",
     "two percent", "400 parts per million", "takes effect", "on July 1, 2027", "expires", "county",
     "ordinance", "preempts", "fine", "label", ".", ";", ":", ",", "\n", "(", ")", '"', "2026"]
)  # fmt: skip
LANGUAGES = st.sampled_from(["en", "no", "cs", "sk", "et", "fr", "th", "de", "xx"])


def holds(reading: Reading, marked: Marked) -> None:
    spans = [Span(*span) for finding in reading.findings for span in finding.spans]
    spans += [Span(*one.span) for one in (*reading.unread, *reading.idle)]
    assert all(0 <= span.start <= span.end <= len(marked.text) for span in spans)
    assert all(f.substances and f.activities and f.quote for f in reading.findings)
    covered = [span for span in spans if span.start < span.end]
    for mention in find_mentions(marked.text):
        assert any(s.start < mention.end and mention.start < s.end for s in covered), (
            f"{mention.term} at {mention.start} is neither read nor said to be unread"
        )


@given(st.lists(WORDS, max_size=60).map(" ".join), LANGUAGES)
def test_nothing_that_names_kratom_is_dropped(text: str, language: str):
    marked = Marked(text)
    reading = read_law(marked, Circumstances(place="US-AL", language=language))
    holds(reading, marked)
    if not find_mentions(text, language):
        assert reading.relevance is Relevance.NONE


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(body: bytes):
    from kratom_atlas.read.faults import FaultError

    try:
        marked = read_marked(body)
    except FaultError:
        return
    holds(read_law(marked, Circumstances(place="TH", language="th")), marked)


@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_reading_twice_says_the_same(text: str):
    about = Circumstances(place="US-GA")
    assert read_law(Marked(text), about) == read_law(Marked(text), about)


CLAUSE = "A person shall not sell kratom to a person under 21 years of age. "
HOSTILE = {
    "50 MB without kratom": "The department may adopt rules. " * 1_600_000,
    "50 MB with kratom at both ends": CLAUSE + "The department may act. " * 2_100_000 + CLAUSE,
    "10,000 sections": "".join(f"Section {n}. {CLAUSE}\n" for n in range(10_000)),
    "a million parentheses": CLAUSE + "(" * 500_000 + ")" * 500_000 + CLAUSE,
    "nested labels": CLAUSE + "(a)(1)(i)(A)" * 80_000 + CLAUSE,
    "kratom without end": "kratom " * 200_000,
    "one sentence": "kratom and " * 100_000 + "may not be sold.",
    "quotation marks": CLAUSE + '"' * 300_000 + "kratom means" + "“" * 300_000,
    "digits": CLAUSE + "1" * 1_000_000 + "% of kratom",
    "dates": CLAUSE + "takes effect on July 1, 2026, and " * 30_000,
    "blanks": CLAUSE + " " * 2_000_000 + "kratom",
    "exceptions": "kratom " + "except as otherwise provided unless " * 50_000 + "may be sold",
    "amendments": "Section 1 is amended by striking kratom and inserting kratom; " * 15_000,
    "lines": "kratom\n" * 100_000,
    "dots": CLAUSE + ". " * 1_000_000,
    "almost a cap": "kratom " + "greater than two percent of the alkaloid " * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_bounded_time(name: str):
    text = HOSTILE[name]
    begin = time.process_time()
    reading = read_law(Marked(text), Circumstances(place="US-AL"))
    assert time.process_time() - begin < 20
    assert (reading.relevance is Relevance.NONE) == ("kratom" not in text)


@pytest.mark.long
def test_the_fuzzer_finds_no_crash(tmp_path: Path):
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not to be had for this platform")
    fuzzer = Path(__file__).with_name("fuzz_reading.py")
    ran = subprocess.run(
        [sys.executable, fuzzer, "-max_total_time=240", "-seed=1", "-rss_limit_mb=2048",
         "-timeout=20", "-max_len=20000", "-len_control=0", f"-artifact_prefix={tmp_path}/"],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-4000:]

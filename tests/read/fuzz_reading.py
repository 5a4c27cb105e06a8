"""A fuzzer of everything that reads legal text; run by `make test-long`, or by hand:

    python tests/read/fuzz_reading.py -max_total_time=600

Half of its inputs are bytes, half are texts put together from the words that the rules look for.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["kratom_atlas.read"]):
    from kratom_atlas.model.reading import Circumstances, Marked, Reading, Relevance, Span
    from kratom_atlas.read.faults import FaultError
    from kratom_atlas.read.marked import read_marked
    from kratom_atlas.read.reading import read_law
    from kratom_atlas.read.redline import redline

LANGUAGES = ("en", "no", "cs", "sk", "et", "fr", "th", "de", "pl", "es")
WORDS = (
    "kratom", "Mitragyna speciosa", "mitragynine", "7-hydroxymitragynine", "7-OH", "kratom product",
    "synthetic", "means", "includes", "except", "other than", "unless", "Section 1.", "§ 4",
    "(a)", "(1)", "(i)", "ARTICLE II", "Schedule I", "is amended to read as follows:",
    "is repealed", "by striking", "and inserting", '"', "“", "”", "<u>", "</u>", "<strike>",
    "</strike>", "<p>", "shall not", "may not", "it is unlawful", "to sell", "possess",
    "distribute", "manufacture", "a person under 21 years of age", "two percent",
    "400 parts per million", "per serving", "takes effect", "on July 1, 2027", "ninety days after",
    "expires", "upon becoming law", "county", "municipality", "ordinance", "preempts",
    "misdemeanor", "fine", "registration", "laboratory", "label", ".", ";", ":", ",", "\n", "\n\n",
    " ", "(", ")", "กระท่อม", "มาตรา 3", "Kratom", "narkotikalisten", "tilføyes", "příloha",
    "s výjimkou", "Mitragyna", "zoznam", "nimekiri", "liste", "1", "99", "2026", "%",
)  # fmt: skip


def check(reading: Reading, marked: Marked) -> None:
    """What holds of every reading."""
    spans = [span for finding in reading.findings for span in finding.spans]
    spans += [one.span for one in (*reading.unread, *reading.idle)]
    assert all(0 <= span.start <= span.end <= len(marked.text) for span in map(Span._make, spans))
    assert reading.findings == () or reading.relevance is not Relevance.NONE
    assert all(finding.substances and finding.activities for finding in reading.findings)


def one_input(data: bytes) -> None:
    """Read it."""
    given = atheris.FuzzedDataProvider(data)
    language = LANGUAGES[given.ConsumeIntInRange(0, len(LANGUAGES) - 1)]
    if given.ConsumeBool():
        body = given.ConsumeBytes(20_000)
    else:
        count = given.ConsumeIntInRange(0, 300)
        chosen = [WORDS[given.ConsumeIntInRange(0, len(WORDS) - 1)] for _ in range(count)]
        body = (" " if given.ConsumeBool() else "").join(chosen).encode()
    try:
        marked = read_marked(body)
    except FaultError:
        return
    check(read_law(marked, Circumstances(place="US-AL", language=language)), marked)
    half = len(marked.text) // 2
    made = redline(marked.text[:half], marked.text[half:])
    assert (made.old(), made.new()) == (marked.text[:half], marked.text[half:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

"""The anchor watcher: what changes is one change, what cannot be read is none, each row alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import fixture_exchanges, run

from kratom_atlas.crawl.job import Job, Report, parser_of
from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.quarantine import diagnose
from kratom_atlas.crawl.replay import ReplayFault, ReplayServer
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.crawling import Fault, Outcome, RunState, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.store.captures import Captures
from kratom_atlas.store.crawls import Archive
from kratom_atlas.store.database import open_store
from scrapers.anchors import Anchors, Row, load_rows

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

Body = bytes | str


# -- a small watcher: its own rows, its own answers, no network ------------------------------------


def row(name: str = "one", **changed: Any) -> dict[str, Any]:
    """A row that is right, but for what is changed (None takes a field away)."""
    given = {
        "id": name,
        "jurisdiction": "ocd-division/country:us/state:oh",
        "code": "US-OH",
        "title": "A list of an example",
        "publisher": "A publisher",
        "url": f"https://law.example.org/{name}",
        "form": "html",
        "must": "List of substances",
        "decides": "What is on the list.",
        "kind": "regulation",
        "licence": "Public domain",
        "terms": "None",
        "confirmed": True,
        **changed,
    }
    return {name: value for name, value in given.items() if value is not None}


def html(*lines: str, title: str = "The law") -> str:
    """A page around a list."""
    text = "".join(f"<p>{line}</p>" for line in lines)
    return (
        f"<!doctype html><html><head><title>{title}</title></head><body><nav>Home</nav>"
        f"<h1>List of substances</h1>{text}<p>{'An example of a text. ' * 8}</p></body></html>"
    )


@dataclass
class Watch:
    """A watcher of some rows, and the pages that it meets: bytes, or a status."""

    home: Path
    answers: dict[str, Body | int] = field(default_factory=dict)
    headers: dict[str, Mapping[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def declare(self, *rows: dict[str, Any]) -> None:
        table = self.home / f"rows-{len(list(self.home.glob('rows-*')))}.yaml"
        table.write_text(yaml.safe_dump({"rows": list(rows)}, allow_unicode=True), "utf-8")
        self.scraper = type("Watched", (Anchors,), {"table": table, "__module__": __name__})

    @property
    def archive(self) -> Archive:
        return Archive(open_store(f"sqlite:///{self.home / 'atlas.sqlite'}"))

    def crawl(self) -> Report:
        """One run, as the engine makes it."""
        archive = self.archive
        run = archive.begin(
            "anchors", parser=parser_of(self.scraper), today=TODAY, since=TODAY, now=NOW
        )
        assert run is not None
        job = Job(
            source=self.scraper.source, scraper=self.scraper(today=TODAY, since=TODAY), run=run,
            archive=archive, captures=Captures(self.home / "captures"), clock=lambda: NOW,
        )  # fmt: skip
        fetches = list(job.scraper.start())
        while fetches:
            fetch = fetches.pop(0)
            self.asked.append(fetch.url)
            answer = self.answers.get(fetch.url, 404)
            status, body = (answer, b"gone") if isinstance(answer, int) else (200, answer)
            body = body.encode() if isinstance(body, str) else body
            sha256 = job.capture(body)
            headers = dict(self.headers.get(fetch.url, {}))
            common = {"url": fetch.url, "status": status, "sha256": sha256}
            found = diagnose(
                requested=fetch.url, url=fetch.url, status=status, headers=headers, body=body,
                expect=fetch.expect, hosts=self.scraper.source.hosts,
            )  # fmt: skip
            if found:
                job.bad(fetch, found.fault, found.detail, **common)
                continue
            job.good(fetch, headers=(), size=len(body), **common)
            page = Page(headers=headers, body=body, fetched_at=NOW, **common)
            fetches += job.read(fetch, page)
        return job.finish()

    def document(self, name: str = "one") -> Document:
        """What stands."""
        stands = {one.key: one for _, one in self.archive.standing("anchors")}
        found = stands[name]
        assert isinstance(found, Document)
        return found


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def seen(watch: Watch, body: Body, /, **changed: Any) -> Document:
    """What one row makes of one page."""
    watch.declare(row(**changed))
    watch.answers["https://law.example.org/one"] = body
    report = watch.crawl()
    assert report.state == RunState.OK, report.faults
    return watch.document()


def fault(watch: Watch, body: Body | int, /, **changed: Any) -> tuple[Fault, str]:
    """Why one row, beside one that can be read, is not read."""
    watch.declare(row(**changed), row("other"))
    watch.answers |= {
        "https://law.example.org/one": body, "https://law.example.org/other": html("An example."),
    }  # fmt: skip
    report = watch.crawl()
    assert report.state == RunState.PARTIAL
    assert report.tally.error == 1
    known = watch.archive.known("anchors")["one"]
    assert known.fault is not None
    return known.fault, known.detail or ""


# -- what a row reads ------------------------------------------------------------------------------


def test_a_row_says_what_it_watches(watch: Watch):
    one = seen(watch, html("Kratom; mitragynine."), number="Rule 1", language="en")
    assert (one.key, one.title, one.number) == ("one", "A list of an example", "Rule 1")
    assert one.jurisdiction == "ocd-division/country:us/state:oh"
    assert [m.term for m in one.mentions] == ["Kratom", "mitragynine"]
    assert one.text_sha256
    assert one.version == one.text_sha256[:16]
    assert one.characters
    assert one.sha256 in {fetched.sha256 for _, fetched in watch.archive.fetches("anchors")}, (
        "the page is kept as evidence"
    )


def test_cells_that_nothing_separates_are_words_of_their_own(watch: Watch):
    table = "<table><tr><td>Popis</td><td>Kratom</td><td>Mitragyna speciosa</td></tr></table>"
    one = seen(watch, html(table))
    assert [m.term for m in one.mentions] == ["Kratom", "Mitragyna speciosa"]


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ({"start": r"^Schedule I\b", "end": "^Schedule II"}, "Schedule I\nKratom."),
        ({"start": "^Schedule II"}, "Schedule II\nPoppy."),
        ({"xpath": "//div[@id='first']"}, "Schedule I\nKratom."),
    ],
)
def test_only_the_part_that_matters_counts(watch: Watch, section: dict[str, str], text: str):
    page = (
        "<!doctype html><html><head><title>Schedule I</title></head><body>"
        f"<p>List of substances. {'Not of interest: kratom. ' * 8}</p>"
        "<div id=first><h2>Schedule I</h2><p>Kratom.</p></div><h2>Schedule II</h2><p>Poppy.</p>"
        "</body></html>"
    )
    one = seen(watch, page, section=section)
    assert one.characters == len(text)
    assert len(one.mentions) == ("Kratom" in text)


def test_a_table_of_contents_is_not_the_part(watch: Watch):
    page = html("1. Offences", "2. Kratom", "1. Offences", "None.", "2. Kratom", "It is free.")
    section = {"start": "^2\\. Kratom$", "last": True}
    one = seen(watch, page, section=section)
    assert one.mentions[0].excerpt.startswith("2. Kratom It is free.") or one.mentions[0].start < 20
    assert one.characters
    assert one.characters < 250


def test_xml_with_namespaces(watch: Watch):
    body = (
        '<?xml version="1.0"?><act xmlns="urn:act"><meta>List of substances, kratom</meta>'
        '<annex n="1" date="2026-01-02"><row>mitragynine</row></annex></act>'
    )
    one = seen(
        watch, body, form="xml", section={"xpath": "//*[local-name()='annex']"},
        version={"xpath": "//*[local-name()='annex']/@date"},
    )  # fmt: skip
    assert [m.term for m in one.mentions] == ["mitragynine"]
    assert one.version == "2026-01-02"


def test_json_and_the_text_in_it(watch: Watch):
    body = (
        '{"changed": "2026-05-01", "parts": [{"html": "<p>List of substances</p>"},'
        ' {"html": "<p>Krat&#111;m and <s>mitragynine</s></p>"}]}'
    )
    one = seen(watch, body, form="json", body="parts[].html", version={"json": "changed"})
    assert [m.term for m in one.mentions] == ["Kratom"], "what is struck out is not there"
    assert one.version == "2026-05-01"


def test_a_file_in_an_archive(watch: Watch):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("rules/2.xml", html("Another rule on kratom."))
        archive.writestr("rules/1.xml", html("Mitragynine."))
    one = seen(watch, packed.getvalue(), member=r"^rules/1\.xml$")
    assert [m.term for m in one.mentions] == ["Mitragynine"]


def test_a_pdf(watch: Watch):
    one = seen(watch, pdf("List of substances", "7-", "hydroxymitragynine"), form="pdf")
    assert [m.term for m in one.mentions] == ["7-hydroxymitragynine"]
    assert one.locator == "p. 1"


def test_the_marks_of_a_version(watch: Watch):
    watch.headers["https://law.example.org/one"] = {"last-modified": "Sun, 01 Nov 2026"}
    page = html("Kratom.", "Version of 3 May 2026.")
    assert seen(watch, page, version={"header": "last-modified"}).version == "Sun, 01 Nov 2026"
    assert seen(watch, page, version={"pattern": r"Version of ([^.]+)\."}).version == "3 May 2026"


def test_words_of_the_row_itself(watch: Watch):
    one = seen(watch, html("Herbal Medicines and kratom."), match=["herbal medicin", "kratom"])
    assert [m.term for m in one.mentions] == ["Herbal Medicin", "kratom"]


def test_rows_on_one_document_ask_for_it_once(watch: Watch):
    index, text = "https://law.example.org/index", "https://law.example.org/7/text"
    common = {
        "url": index, "form": "xml",
        "find": {"json": "titles[?n==`21`].day | [0]", "address": "https://law.example.org/{}/text"},
    }  # fmt: skip
    watch.declare(
        row("a", **common, section={"xpath": "//s[@n='1']"}, version={"found": True}),
        row("b", **common, section={"xpath": "//s[@n='2']"}),
        row("c", **common, section={"xpath": "//s[@n='3']"}),
    )
    watch.answers = {
        index: '{"titles": [{"n": 20, "day": 6}, {"n": 21, "day": 7}]}',
        text: '<?xml version="1.0"?><t><h>List of substances</h><s n="1">kratom</s>'
        '<s n="2">poppy</s></t>',
    }
    report = watch.crawl()
    assert watch.asked == [index, text]
    assert (report.state, report.tally.new, report.tally.error) == (RunState.PARTIAL, 2, 1)
    assert watch.document("a").version == "7"
    assert watch.document("b").mentions == ()
    known = watch.archive.known("anchors")["c"]
    assert known.fault is Fault.LAYOUT
    assert known.observation is None
    assert len(watch.archive.quarantined("anchors")) == 1
    again = watch.crawl()
    assert (again.tally.unchanged, again.tally.error) == (2, 1), "the row is tried again"
    watch.answers[index] = 503
    failed = watch.crawl()
    assert failed.state == RunState.FAILED, "nothing at all could be read"


# -- what is a change, and what is none ------------------------------------------------------------


def test_a_page_around_the_part_may_change(watch: Watch):
    section = {"start": "^Schedule I$", "end": "^Schedule II$"}
    parts = ("Schedule I", "Kratom.", "Schedule II")
    seen(watch, html("Today is Monday.", *parts), section=section)
    watch.answers["https://law.example.org/one"] = html("Today is Tuesday.", *parts, "Poppy.")
    report = watch.crawl()
    assert (report.tally.changed, report.tally.unchanged) == (0, 1)


def test_a_change_of_the_part_keeps_both_texts(watch: Watch):
    seen(watch, html("Kratom, from the age of 18."))
    watch.answers["https://law.example.org/one"] = html("Kratom, from the age of 21.")
    report = watch.crawl()
    assert (report.tally.changed, report.tally.new) == (1, 0)
    change = watch.archive.changes("anchors")[0]
    assert change.outcome is Outcome.CHANGED
    assert change.before is not None
    captures = Captures(watch.home / "captures")
    texts = [captures.get(one.sha256 or "") for one in (change.before, change.now)]
    assert [b"21" in text for text in texts] == [False, True]


def test_a_new_version_of_the_same_text_is_a_change(watch: Watch):
    mark = {"version": {"pattern": r"Version (\d+)"}, "section": {"start": "^The rule"}}
    seen(watch, html("Version 1", "The rule: kratom."), **mark)
    watch.answers["https://law.example.org/one"] = html("Version 2", "The rule: kratom.")
    assert watch.crawl().tally.changed == 1


def test_a_word_that_is_gone_is_a_change(watch: Watch):
    seen(watch, html("Kratom.", "Poppy."))
    watch.answers["https://law.example.org/one"] = html("Poppy.")
    assert watch.crawl().tally.changed == 1
    change = watch.archive.changes("anchors")[0]
    assert isinstance(change.now, Document)
    assert isinstance(change.before, Document)
    assert change.now.mentions == ()
    assert [m.term for m in change.before.mentions] == ["Kratom"]


CHALLENGE = (
    "<!doctype html><html><head><title>Just a moment...</title></head><body>"
    '<script src="/cdn-cgi/challenge-platform/orchestrate"></script></body></html>'
)
SHORT = f"<!doctype html><html><title>Law</title><body>{'<p>Kratom is news.</p>' * 9}</body></html>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (503, Fault.SERVER_ERROR),
        (404, Fault.GONE),
        (403, Fault.FORBIDDEN),
        (CHALLENGE, Fault.CHALLENGE),
        (SHORT, Fault.LAYOUT),
        (html("Schedule 9", "Kratom."), Fault.LAYOUT),
        ('{"error": "try again"}', Fault.ERROR_BODY),
        (b"", Fault.EMPTY),
        (b"%PDF-1.4 and nothing more", Fault.WRONG_TYPE),
    ],
)
def test_what_cannot_be_read_changes_nothing(watch: Watch, body: Body | int, expected: Fault):
    section = {"start": "^Schedule I$", "end": "^Schedule II$"}
    good = html("Schedule I", "Kratom.", "Schedule II")
    before = seen(watch, good, section=section)
    found, _ = fault(watch, body, section=section)
    assert found in (expected, Fault.WRONG_TYPE, Fault.TRUNCATED)
    if isinstance(body, int) or body in (CHALLENGE, SHORT):
        assert found is expected
    assert watch.document() == before
    known = watch.archive.known("anchors")["one"]
    assert known.last_changed == known.first_seen
    watch.answers["https://law.example.org/one"] = good
    report = watch.crawl()
    assert (report.tally.unchanged, report.tally.changed, report.tally.error) == (2, 0, 0)
    assert watch.archive.known("anchors")["one"].fault is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"must": "Another act"}, "it does not say 'Another act'"),
        ({"section": {"start": "^Part 9"}}, "no part begins with '^Part 9'"),
        ({"section": {"start": "^List", "end": "^The end$"}}, "does not end with '^The end$'"),
        ({"section": {"xpath": "//table"}}, "nothing at '//table'"),
        ({"version": {"xpath": "//time"}}, "nothing at '//time'"),
        ({"version": {"pattern": "as of (.*)"}}, "nothing at 'as of (.*)'"),
    ],
)
def test_what_is_not_found_is_a_layout_that_moved(watch: Watch, changed: Any, said: str):
    found, detail = fault(watch, html("Kratom."), **changed)
    assert found is Fault.LAYOUT
    assert said in detail


def test_a_missing_file_or_text_is_a_layout_that_moved(watch: Watch):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("2.xml", "x")
    assert "no file" in fault(watch, packed.getvalue(), member="^1")[1]
    assert "no text" in fault(watch, '{"a": [1]}', form="json", body="a")[1]


# -- the table -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"colour": "red"}, "unknown field `colour`"),
        ({"url": None}, "missing required field `url`"),
        ({"jurisdiction": "ocd-division/country:zz"}, "is not in the register"),
        ({"code": "US-OR"}, "the code of ocd-division/country:us/state:oh is US-OH"),
        ({"must": "Kratom Act"}, "`must` names kratom"),
        ({"section": {"start": "(a", "end": "x."}}, "`start` '(a'"),
        ({"section": {"xpath": "//["}}, "`xpath` '//['"),
        ({"section": {"start": "a.", "xpath": "//p"}}, "exactly one of start, xpath"),
        ({"version": {}}, "exactly one of xpath, json"),
        ({"version": {"found": True}}, "needs a `find`"),
        ({"find": {"json": "a.b", "address": "https://x.example/"}}, "no place {}"),
        ({"find": {"json": "a[", "address": "https://x.example/{}"}}, "`json` 'a['"),
        ({"body": "a.b"}, "the form is not json"),
        ({"form": "docx"}, "Invalid enum value 'docx'"),
        ({"kind": "song"}, "song"),
    ],
)
def test_a_wrong_row_is_refused_by_name(watch: Watch, changed: dict[str, Any], said: str):
    watch.declare(row("good"), row("bad", **changed))
    with pytest.raises(AtlasError) as error:
        watch.scraper.sources()
    line = str(error.value)
    assert line.startswith("rows-0.yaml: bad: ")
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rows: [", "not YAML"),
        ("rows: []\nothers: []", "must be `rows:`"),
        ("- id: one", "must be `rows:`"),
        ("rows:\n- {id: a, id: b}", "'id' is given twice"),
        ("rows:\n- one", "1: Expected `object`"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, said: str):
    table = tmp_path / "rows.yaml"
    table.write_text(text, "utf-8")
    with pytest.raises(AtlasError, match=r"^rows\.yaml: ") as error:
        load_rows(table)
    assert said in str(error.value)


def test_an_id_stands_once(watch: Watch):
    watch.declare(row(), row(url="https://law.example.org/two"))
    with pytest.raises(AtlasError, match="one: there are two rows of this id"):
        watch.scraper.sources()


def test_a_row_that_is_off_is_listed_and_never_asked_for(watch: Watch):
    watch.declare(row("a", off="The terms forbid machines."), row("b"))
    watch.answers["https://law.example.org/b"] = html("Kratom.")
    assert watch.crawl().state == RunState.OK
    assert watch.asked == ["https://law.example.org/b"]
    assert [one.off is None for one in watch.scraper.sources()] == [False, True]
    assert watch.scraper.source.hosts == ("law.example.org",)


# -- the rows that are declared --------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return load_rows(Anchors.table)


def test_every_row_is_a_source(rows: dict[str, Row]):
    sources = Anchors.sources()
    assert [one.id for one in sources] == [f"anchors.{name}" for name in rows]
    assert {one.kind for one in sources} == {SourceKind.ANCHOR}
    assert all(one.rate.delay >= 10 for one in sources)
    assert set(Anchors.source.hosts) >= {h for one in sources if not one.off for h in one.hosts}, (
        "the family asks only the hosts of its rows"
    )


def test_the_states_that_name_kratom_are_watched(rows: dict[str, Row]):
    states = {row.code.removeprefix("US-") for row in rows.values() if row.code.startswith("US-")}
    named = (
        "AL AR AZ CO CT DC FL GA IL IN KS KY LA MD MN MS ND NE NV NY OH OK OR RI SC SD TN TX UT"
        " VA VT WI WV WY"
    )
    assert states >= set(named.split())
    assert {f"us-cfr-1308-{n}" for n in range(11, 16)} <= set(rows)


def test_the_anchor_documents_of_the_world_are_watched(rows: dict[str, Row]):
    named = (
        "NO CZ SK EE LU TH DK SE FI IE FR IT PT LT LV PL CH LI RO HU UA GB DE AT NL ES X-EU JP KR"
        " AU NZ MY SG ID BR X-UN"
    )
    assert {row.code for row in rows.values()} >= set(named.split())


def test_pages_that_forbid_machines_are_off(rows: dict[str, Row]):
    for row in rows.values():
        hosts = " ".join(row.hosts)
        if any(name in hosts for name in ("legiscan.com", "casetext.com", "westlaw.com", "lexis")):
            assert row.off, row.id
    assert rows["us-tn-39-17-452"].off
    assert rows["us-ga-16-13-121"].off
    assert rows["be-ar-2017-09-06"].off


def test_a_second_crawl_finds_the_one_document_that_changed(tmp_path: Path):
    """Over real HTTP, with the declared rows: one rule is rescinded, one is behind a wall."""
    ohio, kentucky = "us-oh-4729-9-1-01-1", "us-ky-902-055-015"
    with ReplayServer(fixture_exchanges(["anchors"])) as server:
        first = run(server, tmp_path, ["anchors"]).reports["anchors"]
        server.advance()
        server.inject("https://apps.legislature.ky.gov/*", ReplayFault(challenge=True))
        second = run(server, tmp_path, ["anchors"]).reports["anchors"]
    assert first["state"] == second["state"] == RunState.PARTIAL
    assert (second["new"], second["changed"]) == (0, 1)
    assert second["seen"] == [ohio]
    assert second["unchanged"] == first["new"] - 2
    archive = Archive(open_store(f"sqlite:///{tmp_path / 'atlas.sqlite'}"))
    change = archive.changes("anchors")[0]
    assert isinstance(change.now, Document)
    assert isinstance(change.before, Document)
    assert change.now.mentions == ()
    assert len(change.before.mentions) == 3
    known = archive.known("anchors")[kentucky]
    assert known.fault is Fault.CHALLENGE
    assert known.last_changed == known.first_seen
    stands = {one.key: one for _, one in archive.standing("anchors")}
    assert [m.term for m in stands[kentucky].mentions] == ["7-hydroxymitragynine", "kratom"]
    assert archive.known("anchors")["us-ne-71-3805"].fault is Fault.LAYOUT


def pdf(*lines: str) -> bytes:
    """A document of one page."""
    shown = b" ".join(b"(%b) Tj T*" % line.encode() for line in lines)
    content = b"BT /F1 11 Tf 60 740 Td 14 TL " + shown + b" ET"
    parts = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources 6 0 R >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Font << /F1 4 0 R >> >>",
    )
    made, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(b"%010d 00000 n \n" % len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    table = b"xref\n0 7\n0000000000 65535 f \n" + b"".join(places)
    end = b"trailer << /Size 7 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(made)
    return made + table + end

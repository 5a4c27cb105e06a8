"""What the sources of Central and Eastern Europe tell apart, each step on its own."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.sparql import after, literal, rows, select
from kratom_atlas.crawl.quarantine import diagnose
from kratom_atlas.crawl.scraper import Fetch, Scraper
from kratom_atlas.model.crawling import Fault
from kratom_atlas.model.observation import Document, TrackedInstrument
from kratom_atlas.model.vocabulary import Stage
from kratom_atlas.read.faults import FaultError
from scrapers.at_ris import AtRis
from scrapers.ch_fedlex import ChFedlex
from scrapers.cz_esbirka import Act, CzEsbirka
from scrapers.de_dip import DeDip
from scrapers.de_gesetze import DeGesetze
from scrapers.de_neuris import DeNeuris
from scrapers.pl_eli import PlEli
from scrapers.sk_slovlex import SkSlovlex
from scrapers.ua_rada import UaRada

S = TypeVar("S", bound=Scraper)
ROOT = Path(__file__).parents[2]
SAMPLES = Path(os.environ.get("KRATOM_ATLAS_SAMPLES", ROOT.parent / "shared" / "samples")) / "world"
DAY = date(2026, 11, 22)

needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the real samples are not beside this checkout"
)


def made(kind: type[S], known: Mapping[str, str | None] | None = None) -> S:
    return kind(today=DAY, since=date(2026, 11, 1), known=known)


def page(body: bytes | str | Any, *, url: str = "https://example.org/x", status: int = 200) -> Page:
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = msgspec.json.encode(body)
    return Page(
        url=url, status=status, headers={}, body=body, sha256="0" * 64,
        fetched_at=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


# -- SPARQL --------------------------------------------------------------------------------------


class Pair(Struct, rename="camel"):
    work: str
    date_begin: str | None = None


BOUND = {"work": {"type": "uri", "value": "https://example.org/1"}}


def test_select_is_one_line_with_the_media_type_of_results() -> None:
    asked = select("https://example.org/sparql", "SELECT ?work\n  WHERE {}")
    assert asked["params"] == {"query": "SELECT ?work WHERE {}"}
    assert asked["headers"] == {"Accept": "application/sparql-results+json"}


def test_rows_are_typed_and_what_is_not_bound_is_left_out() -> None:
    said = page({"head": {}, "results": {"bindings": [BOUND]}})
    assert rows(said, Pair) == [Pair("https://example.org/1")]
    assert rows(page({"results": {"bindings": []}}), Pair) == []


def test_a_variable_that_is_gone_is_a_layout_that_moved() -> None:
    with pytest.raises(FaultError) as caught:
        rows(page({"results": {"bindings": [{"other": BOUND["work"]}]}}), Pair)
    assert caught.value.fault is Fault.LAYOUT


def test_an_error_of_virtuoso_with_status_200_is_an_error() -> None:
    found = diagnose(
        requested="https://example.org/sparql", url="https://example.org/sparql", status=200,
        headers={"content-type": "text/plain"}, hosts=("example.org",),
        body=b"Virtuoso 37000 Error SP030: SPARQL compiler, line 3: syntax error",
        expect=select("https://example.org/sparql", "SELECT")["expect"],
    )  # fmt: skip
    assert found is not None
    assert found.fault is Fault.ERROR_BODY


def test_nothing_can_end_a_literal() -> None:
    assert literal("812.121") == '"812.121"'
    assert after("consol", None) == ""
    assert after("consol", "https://x/1") == 'FILTER(STR(?consol) > "https://x/1")'
    for bad in ('a" . ?s ?p ?o', "a\\", "a\nb"):
        with pytest.raises(FaultError):
            literal(bad)


# -- Austria: an error, none and one are three different results ------------------------------


def question(follow: bool = True) -> dict[str, Any]:
    return {
        "field_": "Bundesrecht", "application": "Begut", "number": 1, "words": "x",
        "lately": None, "follow": follow, "rows": "OneHundred",
    }  # fmt: skip


def results(**more: Any) -> dict[str, Any]:
    return {"OgdSearchResult": {"OgdDocumentResults": {"Hits": {"#text": "1"}, **more}}}


def test_ris_tells_none_from_an_error() -> None:
    source = made(AtRis)
    assert list(source.listing(page(results()), question())) == []
    wrong = {"OgdSearchResult": {"Error": {"Applikation": "Begut", "Message": "soap:Client. X"}}}
    with pytest.raises(FaultError) as caught:
        list(source.listing(page(wrong), question()))
    assert caught.value.fault is Fault.ERROR_BODY
    with pytest.raises(FaultError) as caught:
        list(source.listing(page({"OgdSearchResult": {}}), question()))
    assert caught.value.fault is Fault.LAYOUT


def test_ris_is_broken_where_a_word_that_is_always_there_is_not_found() -> None:
    with pytest.raises(FaultError) as caught:
        list(made(AtRis).listing(page(results()), question(follow=False)))
    assert caught.value.fault is Fault.ERROR_BODY


def test_ris_deletions_are_news_of_what_we_know_only() -> None:
    gone = [
        {"Deleted": {"ID": name, "Applikation": "Bundesnormen", "ImportTimestamp": "2026-11-17"}}
        for name in ("NOR1", "NOR2")
    ]
    body = page(results(OgdDocumentReference=gone))
    source = made(AtRis, {"NOR2": "2026-01-01"})
    said = list(source.changes(body, "Bundesnormen", 1))
    assert [one.key for one in said if isinstance(one, Document)] == ["NOR2"]
    assert isinstance(said[0], Document)
    assert not said[0].text_held
    assert said[0].ends is None  # deleted from a database is not repealed


@needs_samples
def test_ris_samples_are_three_different_results() -> None:
    source = made(AtRis)
    assert list(source.listing(page(sample("at-ris/search-zero-hits.json")), question())) == []
    one = list(source.listing(page(sample("at-ris/search-upts-single.json")), question()))
    assert len(one) == 1
    for name in sorted((SAMPLES / "at-ris").glob("error-*.json")):
        with pytest.raises(FaultError) as caught:
            list(source.listing(page(name.read_bytes()), question()))
        assert caught.value.fault is Fault.ERROR_BODY, name.name
    history = list(source.changes(page(sample("at-ris/history-with-deleted.json")), "x", 1))
    assert len(history) == 1  # 101 hits: the next page, and nothing that we know


# -- Czechia -------------------------------------------------------------------------------------


def test_a_number_that_was_not_given_out_is_a_miss_whatever_the_status() -> None:
    source = made(CzEsbirka)
    none = {"chyby": [{"kod": "DOKUMENT_NENALEZEN", "popis": "x"}]}
    for status in (400, 404):
        said = list(source.walked(page(none, status=status), 2026, 7, 1, [], []))
        assert [one.context["misses"] for one in said if isinstance(one, Fetch)] == [2]
        assert list(source.walked(page(none, status=status), 2026, 7, 2, [], [])) == []


def test_another_error_is_no_miss() -> None:
    wrong = page({"chyby": [{"kod": "CHYBNY_RETEZEC", "popis": "x"}]}, status=400)
    with pytest.raises(FaultError) as caught:
        list(made(CzEsbirka).walked(wrong, 2026, 7, 0, [], []))
    assert caught.value.fault is Fault.ERROR_BODY


def test_numbers_asked_while_halving_are_not_asked_again() -> None:
    source = made(CzEsbirka)
    none = page({"chyby": [{"kod": "DOKUMENT_NENALEZEN"}]}, status=404)
    said = list(source.walked(none, 2026, 3, 0, [5], [4, 6]))
    numbers = [(one.context["number"], one.context["misses"]) for one in said
               if isinstance(one, Fetch)]  # fmt: skip
    assert numbers == [(7, 1)]


def czech(text: str) -> Document:
    act = Act(stale_url="/sb/2026/1/2026-04-03", uplna_citace="Nařízení vlády č. 1/2026 Sb.")
    fragments = {"pocetStranek": 1, "seznam": [{"xhtml": text}]}
    said = list(made(CzEsbirka).text(page(fragments), msgspec.to_builtins(act), 0))
    assert len(said) == 1
    assert isinstance(said[0], Document)
    return said[0]


@needs_samples
def test_glued_cells_are_read_and_an_exemption_is_flagged() -> None:
    glued = czech(escape(sample("cz-esbirka/SB-2025-456.md").decode().partition("\n---\n")[2]))
    assert {m.term.casefold() for m in glued.mentions} >= {"kratom", "mitragyna speciosa"}
    exempt = czech(escape(sample("cz-esbirka/SB-2026-50.md").decode().partition("\n---\n")[2]))
    assert any(m.exception for m in exempt.mentions if "speciosa" in m.term)


# -- Germany -------------------------------------------------------------------------------------


def test_neuris_is_broken_where_a_word_that_is_always_there_is_not_found() -> None:
    with pytest.raises(FaultError) as caught:
        list(made(DeNeuris).listing(page({"totalItems": 0, "member": []}), follow=False))
    assert caught.value.fault is Fault.ERROR_BODY


@needs_samples
def test_neuris_reads_behind_the_byte_order_mark() -> None:
    body = sample("de-neuris/search_bdsg.json")
    assert body.startswith(b"\xef\xbb\xbf")
    where = "https://testphase.rechtsinformationen.bund.de/v1/legislation"
    said = list(made(DeNeuris).listing(page(body, url=where), follow=True))
    asked = [one for one in said if isinstance(one, Fetch)]
    assert [one.about for one in asked] == [
        "eli/bund/bgbl-1/2017/s2097", "eli/bund/bgbl-1/2009/s690", None,
    ]  # fmt: skip
    assert all(one.url.startswith("https://testphase") for one in asked)
    assert "für den Suchdienst" in asked[1].context["item"]["name"]  # it was encoded twice


@needs_samples
def test_an_act_of_gesetze_im_internet_is_read_from_its_archive() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("BJNR000010949.xml", sample("de-gii/gii-gg.xml"))
        archive.writestr("bild.gif", b"GIF89a")
    said = list(made(DeGesetze).act(page(packed.getvalue()), "gg", "Grundgesetz"))
    assert isinstance(said[0], Document)
    assert (said[0].number, said[0].published) == ("GG", "1949-05-23")
    assert said[0].version == "20250326224002"


def test_a_watched_act_that_is_not_listed_any_more_is_news() -> None:
    toc = ("<items><item><title>x</title><link>http://www.gesetze-im-internet.de/npsg/xml.zip"
           "</link></item></items>")  # fmt: skip
    said = list(made(DeGesetze, {"lfgb": "1"}).contents(page(toc)))
    assert [one.key for one in said if isinstance(one, Document)] == ["lfgb"]
    with pytest.raises(FaultError):
        list(made(DeGesetze).contents(page("<items><item><title>x</title></item></items>")))


@pytest.mark.parametrize(
    ("state", "effective", "stage"),
    [
        ("Überwiesen", None, Stage.INTRODUCED),
        ("Verkündet", "2027-01-01", Stage.ENACTED),
        ("Verkündet", "2026-11-22", Stage.IN_FORCE),
        ("Erledigt durch Ablauf der Wahlperiode", None, Stage.FAILED),
        ("Zurückgezogen", None, Stage.WITHDRAWN),
        ("Ein neues Wort", None, Stage.INTRODUCED),
    ],
)
def test_the_stage_of_a_bill_is_what_dip_says(
    state: str, effective: str | None, stage: Stage
) -> None:
    bill = {
        "id": "1", "titel": "Gesetz", "wahlperiode": 21, "aktualisiert": "2026-11-01",
        "vorgangstyp": "Gesetzgebung", "beratungsstand": state,
        "inkrafttreten": [{"datum": effective}] if effective else [],
    }  # fmt: skip
    said = list(made(DeDip).procedure(page(bill)))
    assert isinstance(said[0], TrackedInstrument)
    assert (said[0].stage, said[0].because) == (stage, state)


# -- the others ----------------------------------------------------------------------------------


def test_a_polish_list_without_pages_is_not_read_for_ever() -> None:
    act = {"ELI": "DU/2026/1", "title": "x", "changeDate": "2026-11-20T00:00:00"}
    many = page({"items": [act] * 100})
    said = [one for one in made(PlEli).changed(many, 0, "") if isinstance(one, Fetch)]
    assert [one.context["before"] for one in said] == ["DU/2026/1"]
    assert list(made(PlEli).changed(many, 100, "DU/2026/1")) == []


@pytest.mark.parametrize(
    ("act", "suffix"),
    [
        ({"type": "Ustawa", "textHTML": True, "textPDF": True}, "text.html"),
        ({"type": "Obwieszczenie", "textHTML": True, "textPDF": True}, "text.pdf"),
        ({"type": "Ustawa", "textHTML": False, "textPDF": True}, "text.pdf"),
    ],
)
def test_polish_consolidated_texts_are_read_as_pdf(act: dict[str, Any], suffix: str) -> None:
    listed = {"items": [{"ELI": "DU/2026/1", "title": "narkotyki", "changeDate": "x", **act}]}
    said = list(made(PlEli).found(page(listed), "x", 0))
    assert [one.url.rpartition("/")[2] for one in said if isinstance(one, Fetch)] == [suffix]


def test_a_slovak_version_that_others_follow_does_not_end_the_act() -> None:
    entry = {"iri": "/SK/ZZ/1998/139/20260101", "cislo": "139/1998 Z. z.", "nazov": "x"}
    text = page("<!DOCTYPE html><html><body><p>Kratom</p></body></html>")
    for coming, ends in ((["2027-07-01"], None), ([], "2027-06-30")):
        said = list(made(SkSlovlex).text(text, entry, "2027-06-30", coming))
        assert isinstance(said[0], Document)
        assert said[0].ends == ends


def test_swiss_pages_go_on_behind_the_last_whole_version() -> None:
    def row(number: int) -> dict[str, Any]:
        consol = f"https://fedlex.data.admin.ch/eli/cc/2026/{1000 + number // 2}/20261101"
        return {
            name: {"type": "literal", "value": value}
            for name, value in {
                "consol": consol, "dateAppl": "2026-11-01", "userFormat": f"x/{number % 2}",
                "url": f"{consol}/{number}",
            }.items()
        }  # fmt: skip

    full = page({"results": {"bindings": [row(number) for number in range(300)]}})
    asked = [one for one in made(ChFedlex).beginning(full) if isinstance(one, Fetch)]
    assert "1148%2F20261101" in asked[-1].url  # of 1149 there may be more


@needs_samples
def test_a_ukrainian_record_leads_to_its_text() -> None:
    said = list(made(UaRada).card(page(sample("ua-rada/card-1103-16.json"))))
    assert [one.url for one in said if isinstance(one, Fetch)] == [
        "https://data.rada.gov.ua/laws/show/1103-16.txt"
    ]

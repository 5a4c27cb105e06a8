"""Sources of the Nordic and Baltic states: two crawls, and what real answers say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from harness import SAMPLES, fixture_exchanges, run

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.quarantine import diagnose
from kratom_atlas.crawl.registry import load_scraper
from kratom_atlas.crawl.replay import ReplayServer
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.model.crawling import Fault, RunState
from kratom_atlas.model.observation import Document
from kratom_atlas.read.archive import members
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.text import read_text

SOURCES = (
    "dk_retsinformation", "ee_riigi_teataja", "fi_finlex", "lt_teises_aktai", "lv_likumi",
    "no_lovdata", "se_riksdagen",
)  # fmt: skip
CHANGED = {
    "dk_retsinformation": "B20260070105",
    "ee_riigi_teataja": "158713/lisa-1",
    "fi_finlex": "statute-consolidated/2014/1130",
    "lt_teises_aktai": "TAR.EX0001",
    "lv_likumi": "50539",
    "no_lovdata": "SF/forskrift/2014-03-02-901",
    "se_riksdagen": "hd0399",
}
real = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the real samples are not here; see KRATOM_ATLAS_SAMPLES"
)


def scraper(source: str, **known: str | None) -> Scraper:
    today = date(2026, 11, 22)
    return load_scraper(source)(today=today, since=today, known=known)


def page(body: bytes, url: str = "https://example.org/") -> Page:
    return Page(
        url=url, status=200, headers={}, body=body, sha256="0" * 64,
        fetched_at=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip


def sample(name: str) -> bytes:
    return (SAMPLES / "world" / name).read_bytes()


def documents(said: Iterable[Yield]) -> list[Document]:
    return [one for one in said if isinstance(one, Document)]


def days(one: Document) -> tuple[str | None, ...]:
    return tuple(str(day) if day else None for day in (one.published, one.effective, one.ends))


def test_a_second_crawl_finds_the_one_document_that_changed(tmp_path: Path):
    with ReplayServer(fixture_exchanges(SOURCES)) as server:
        first = run(server, tmp_path, SOURCES).reports
        second = run(server, tmp_path, SOURCES).reports
        server.advance()
        third = run(server, tmp_path, SOURCES).reports
    for name in SOURCES:
        for report in (first[name], second[name], third[name]):
            assert report["state"] == RunState.OK, report
        assert (second[name]["new"], second[name]["changed"]) == (0, 0), second[name]
        assert (third[name]["new"], third[name]["changed"]) == (0, 1), third[name]
        assert CHANGED[name] in third[name]["seen"]
        assert second[name]["unchanged"] == first[name]["new"]
        assert third[name]["unchanged"] == first[name]["new"] - 1


# -- Norway --------------------------------------------------------------------------------------


@real
def test_norway_finds_the_rows_of_the_list_and_no_others():
    reader = scraper("no_lovdata")
    body = sample("no-lovdata/sf-20130214-0199.xml")
    [one] = documents([reader._document(page(body), "sf/sf-20130214-0199.xml", body)])  # type: ignore[attr-defined]
    text = read_text(body).text
    starts = {text.rfind("\n", 0, m.start) + 1 for m in one.mentions}
    assert {text[start : text.find("\n", start)].partition("\t")[0] for start in starts} == {
        "Kratom (Mitragyna speciosa)",
        "Mitragynin",
        "7-hydroksymitragynin (7-HMG)",
    }
    assert one.key == "SF/forskrift/2013-02-14-199"
    assert one.note
    assert "2025-09-01" in one.note


@real
def test_norway_knows_when_a_change_takes_effect():
    reader = scraper("no_lovdata")
    for name, effective in (("sf-20231211-2000", "2023-12-11"), ("sf-20061216-1641", "2007-01-05")):
        body = sample(f"no-lovdata/{name}.xml")
        [one] = documents([reader._document(page(body), f"lti/{name}.xml", body)])  # type: ignore[attr-defined]
        assert str(one.effective) == effective
        assert one.mentions
        assert not any(m.exception for m in one.mentions)


def regulations() -> bytes:
    return (Path(__file__).parents[1] / "fixtures/no_lovdata/regulations.tar.bz2").read_bytes()


def test_norway_says_what_is_no_longer_in_force():
    gone = "SF/forskrift/2001-01-01-1"
    package = {"package": "gjeldende-sentrale-forskrifter.tar.bz2"}
    reader = scraper("no_lovdata", **{gone: None, "SF/forskrift/2020-01-01-7": None})
    said = {one.key: one for one in documents(reader.in_force(page(regulations()), **package))}  # type: ignore[attr-defined]
    assert said[gone].text_held is False
    assert said[gone].version == "gone"
    assert not said["SF/forskrift/2020-01-01-7"].mentions, "a word that has vanished is news"
    reader = scraper("no_lovdata", **{gone: "gone"})
    assert Still(gone) in list(reader.in_force(page(regulations()), **package))  # type: ignore[attr-defined]


def test_norway_never_takes_a_cut_package_for_what_is_in_force():
    body = regulations()[:-40]
    with pytest.raises(FaultError) as caught:
        list(members(body))
    assert caught.value.fault is Fault.TRUNCATED


# -- Sweden, Denmark, Finland --------------------------------------------------------------------


@real
def test_sweden_reads_a_real_statute():
    reader = scraper("se_riksdagen", **{"sfs-2018-218": None, "sfs-1686-0903": None})
    [one] = documents(reader.read(page(sample("se-riksdagen/get_act_2018_218.json"))))  # type: ignore[attr-defined]
    assert (one.key, one.number, one.kind) == ("sfs-2018-218", "2018:218", "statute")
    assert one.note
    assert "t.o.m. SFS 2025:256" in one.note
    assert one.characters
    assert one.characters > 10_000
    [old] = documents(reader.read(page(sample("se-riksdagen/se-riksdag-repealed.json"))))  # type: ignore[attr-defined]
    assert str(old.ends) == "1993-01-01"


@real
@pytest.mark.parametrize(
    ("name", "key", "dates"),
    [
        ("bek_2024_227", "B20240022705", ("2024-03-07", "2024-03-11", "2026-06-26")),
        ("2023-1547", "A20230154730", ("2023-12-12", "2024-01-01", "2024-10-05")),
        ("2024-1709", "B20240170905", ("2024-12-30", "2025-01-01", "2025-06-21")),
    ],
)
def test_denmark_reads_real_documents(name: str, key: str, dates: tuple[str | None, ...]):
    reader = scraper("dk_retsinformation", **{key: "Valid"})
    [one] = documents(reader.read(page(sample(f"dk-retsinformation/{name}.xml"))))  # type: ignore[attr-defined]
    assert one.key == key
    assert days(one) == dates
    assert one.version == "Historic"
    assert one.text_held


def test_denmark_does_not_take_removal_for_repeal():
    entry = b"""[{"accessionsnummer": "B20210244605", "reasonForChange": "RemovedDocument"},
                 {"accessionsnummer": "B20010001105", "reasonForChange": "RemovedDocument"}]"""
    reader = scraper("dk_retsinformation", B20210244605="Valid")
    [one] = list(reader.harvest(page(entry)))  # type: ignore[attr-defined]
    assert isinstance(one, Document)
    assert one.text_held is False
    assert one.ends is None
    reader = scraper("dk_retsinformation", B20210244605="RemovedDocument")
    assert list(reader.harvest(page(entry))) == [Still("B20210244605")]  # type: ignore[attr-defined]
    assert "/eli/accn/B20210244605/xml" not in " ".join(one.url for one in reader.start())


def test_denmark_asks_for_ten_days_at_most():
    reader = load_scraper("dk_retsinformation")(today=date(2026, 11, 22), since=date(2026, 1, 1))
    asked = [one.url[-10:] for one in reader.start() if "date=" in one.url]
    assert (asked[0], asked[-1], len(asked)) == ("2026-11-13", "2026-11-22", 10)


@real
@pytest.mark.parametrize(
    ("name", "key", "title", "dates"),
    [
        ("act_2018_1050", "statute/2018/1050", "Tietosuojalaki", ("2018-12-10", None, None)),
        (
            "sample-regulation", "statute-consolidated/2025/51", "Valtioneuvoston asetus",
            ("2025-02-14", "2025-02-17", None),
        ),
        (
            "sample-ordinary-law", "statute-consolidated/2024/224", "Laki kolmansien maiden",
            ("2024-05-07", "2024-05-13", None),
        ),
    ],
)  # fmt: skip
def test_finland_reads_real_acts_in_finnish(
    name: str, key: str, title: str, dates: tuple[str | None, ...]
):
    reader = scraper("fi_finlex", **{key: None})
    [one] = documents(reader.read(page(sample(f"fi-finlex/{name}.xml"))))  # type: ignore[attr-defined]
    assert one.key == key
    assert one.title.startswith(title)
    assert days(one) == dates


# -- Estonia, Lithuania, Latvia ------------------------------------------------------------------


@real
@pytest.mark.parametrize(
    ("name", "kind", "dates"),
    [
        ("amendment_103012025003", "regulation", ("2025-01-03", "2025-01-06", None)),
        ("sample_with_amendments_103122024003", "session-law", ("2024-12-03", "2024-12-13", None)),
    ],
)
def test_estonia_reads_real_acts(name: str, kind: str, dates: tuple[str | None, ...]):
    reader = scraper("ee_riigi_teataja", **{"1": None})
    [one] = documents(reader.act(page(sample(f"ee-riigiteataja/{name}.xml")), key="1"))  # type: ignore[attr-defined]
    assert (one.kind, days(one)) == (kind, dates)
    assert one.version == name[-12:]


SHELL = b"""<!doctype html><html lang="et"><head><title>Riigi Teataja</title></head><body>
<app-root></app-root><script src="main.js" type="module"></script></body></html>"""


@pytest.mark.parametrize("address", ["otsi", "akt", "blob-xml"])
def test_estonia_refuses_the_shell_of_the_application(address: str):
    reader = scraper("ee_riigi_teataja")
    fetches = [*reader.start(), *reader._read("1", "2")]  # type: ignore[attr-defined]
    one = next(f for f in fetches if isinstance(f, Fetch) and address in f.url)
    found = diagnose(
        requested=one.url, url=one.url, status=200, headers={"content-type": "text/html"},
        body=SHELL, expect=one.expect, hosts=reader.source.hosts,
    )  # fmt: skip
    assert found is not None
    assert found.fault is Fault.WRONG_TYPE


def test_estonia_misses_an_annex_that_is_gone():
    fixture = Path(__file__).parents[1] / "fixtures/ee_riigi_teataja/law.xml"
    reader = scraper("ee_riigi_teataja", **{"140002/lisa-1": "1"})
    [one] = documents(reader.act(page(fixture.read_bytes()), key="140002"))  # type: ignore[attr-defined]
    assert one.key == "140002/lisa-1"
    assert one.text_held is False


@real
def test_lithuania_reads_a_real_act():
    key = "ce0f95d090d111e4bb408baba2bdddf3"
    reader = scraper("lt_teises_aktai", **{key: None})
    [one] = documents(reader.read(page(sample("lt-tar/act_2014_21296.json")), key=key))  # type: ignore[attr-defined]
    assert (one.number, one.kind) == ("A1-682", "regulation")
    assert days(one) == ("2014-12-31", "2015-01-01", "2017-02-09")


@real
@pytest.mark.parametrize(
    ("name", "number", "dates", "kind"),
    [
        ("1000-repealed", "949", ("2001-01-03", "2000-12-29", "2006-01-01"), None),
        ("310000-with-table", "40", ("2019-10-16", "2020-07-01", "2024-07-01"), "ordinance"),
    ],
)
def test_latvia_reads_real_acts(name: str, number: str, dates: tuple[str, ...], kind: str | None):
    reader = scraper("lv_likumi", **{"1": None})
    [one] = documents(reader.read(page(sample(f"lv-likumi/likumi-{name}.html")), act="1"))  # type: ignore[attr-defined]
    assert one.number == number
    assert days(one) == dates
    assert one.kind == kind or kind is None
    assert not one.title.startswith("Zaudējis")
    assert one.note
    assert one.note.endswith("zaudējis spēku")

"""What single sources of Asia, the Pacific and the Americas must get right, beyond the contract."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from harness import SAMPLES

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.registry import load_scraper
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still
from kratom_atlas.model.crawling import Fault
from kratom_atlas.model.observation import Document, TrackedInstrument
from kratom_atlas.model.vocabulary import Stage
from kratom_atlas.read.faults import FaultError

TODAY = date(2026, 11, 22)


def scraper(source: str, **known: str) -> Scraper:
    return load_scraper(source)(today=TODAY, since=date(2026, 1, 1), known=known)


def page(body: bytes | object, url: str = "https://example.org/") -> Page:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return Page(url=url, status=200, headers={}, body=raw, sha256="0" * 64, fetched_at=now)


def said(source: str, step: str, body: bytes | object, **context: Any) -> list[Any]:
    found: Iterable[Any] = getattr(scraper(source), step)(page(body), **context)
    return list(found)


def fault_of(source: str, step: str, body: bytes | object, **context: Any) -> Fault:
    with pytest.raises(FaultError) as caught:
        said(source, step, body, **context)
    return caught.value.fault


# -- Thailand ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("ให้ไว้ ณ วันที่ 23 สิงหาคม พ.ศ. 2565", "2022-08-23"),
        ("ให้ไว้ ณ วันที่ ๒๓ สิงหาคม พ.ศ. ๒๕๖๕", "2022-08-23"),
        ("ให้ไว้ ณ วันที่ 3 สิงหาคม พุทธศักราช 2486", "1943-08-03"),
        # The year began in April then: this February lay in the next year of ours.
        ("ให้ไว้ณวันที่ 6 กุมภาพันธ์ พุทธศักราช 2482", "1940-02-06"),
        ("ให้ไว้ ณ วันที่ 6 เมษายน พ.ศ. 2482", "1939-04-06"),
        ("ประกาศ ณ ที่ใด", None),
    ],
)
def test_buddhist_years_and_thai_digits_become_days(text: str, day: str | None):
    from scrapers.th_ocs import thai_date

    assert thai_date(text) == day


def thai_law(title: str, sections: Iterable[str]) -> dict[str, Any]:
    info = {"timelineId": "QQ==", "lawCode": "X", "header": title, "state": "01"}
    parts = [{"sectionContent": f"<p>{content}</p>"} for content in sections]
    body = {"lawInfo": info, "lawSections": parts}
    return {"respHeader": {"errorCode": "SUCCESS"}, "respBody": body}


def test_a_hut_is_no_plant():
    assert not said("th_ocs", "law", thai_law("ว่าด้วยกระท่อม", ["ผู้ใดสร้างกระท่อม"]))
    assert said("th_ocs", "law", thai_law("ว่าด้วยพืช", ["ห้ามขายใบกระท่อม"]))


def test_an_error_in_disguise_is_an_error():
    body = {"respHeader": {"errorCode": "PSL_6013", "errorDesc": "x"}, "respBody": None}
    assert fault_of("th_ocs", "law", body) is Fault.ERROR_BODY


@pytest.mark.parametrize(
    ("name", "hit"),
    [
        ("kratom-plant-act-be2565", True),
        ("moj-notice-positions-be2566", True),
        ("mr-fees-kratom-leaf-be2568", True),
        ("mr-import-export-kratom-leaf-be2568", True),
        ("false-positive-local-administration-act-be2457", False),
    ],
)
def test_real_thai_texts_are_told_apart(name: str, hit: bool):
    path = SAMPLES / "world" / "th-ocs" / f"{name}.json"
    if not path.exists():
        pytest.skip("the real samples are not here; KRATOM_ATLAS_SAMPLES names their folder")
    law = json.loads(path.read_text(encoding="utf-8"))
    sections = [provision["content"] for provision in law["provisions"]]
    found = said("th_ocs", "law", thai_law(law["title_th"], sections))
    assert bool(found) is hit


def test_the_real_index_leads_to_the_laws_on_kratom():
    path = SAMPLES / "world" / "th-ocs" / "act-index.json"
    if not path.exists():
        pytest.skip("the real samples are not here; KRATOM_ATLAS_SAMPLES names their folder")
    rows = [
        {"timelineId": one["sysId"], "lawCode": str(at), "header": one["title_th"]}
        for at, one in enumerate(json.loads(path.read_text(encoding="utf-8")))
    ]
    body = {"respHeader": {"errorCode": "SUCCESS"}, "respBody": {"data": rows}}
    fetches = said("th_ocs", "listing", body, year="")
    assert len(fetches) == len(rows)
    named = [row for row in rows if "พืชกระท่อม" in row["header"] or "ใบกระท่อม" in row["header"]]
    assert len(named) == 4


# -- Korea, Japan --------------------------------------------------------------------------------


def test_a_korean_error_is_no_empty_result():
    body = "<?xml version='1.0'?><law><result>실패</result><msg>none</msg></law>".encode()
    known = {"target": "law", "word": "크라톰", "number": 1}
    assert fault_of("kr_law", "found", body, **known) is Fault.ERROR_BODY


def test_a_count_without_rows_is_a_moved_layout():
    body = b"<?xml version='1.0'?><LawSearch><totalCnt>7</totalCnt></LawSearch>"
    known = {"target": "law", "word": "x", "number": 1}
    assert fault_of("kr_law", "found", body, **known) is Fault.LAYOUT


def test_a_revision_that_came_into_force_is_told_by_the_law_itself():
    history = {
        "law_info": {"law_id": "L", "law_type": "Act", "law_num": "1"},
        "revisions": [
            {
                "law_revision_id": "R2",
                "law_title": "T",
                "current_revision_status": "CurrentEnforced",
            }
        ],
    }
    steps = scraper("jp_egov", L="R1@", **{"L/R2": "R2@"})
    found = list(getattr(steps, "history")(page(history)))  # noqa: B009 - a step by its name
    assert [type(one) for one in found] == [Fetch, Still]
    assert found[1] == Still("L/R2")


# -- Australia -----------------------------------------------------------------------------------

VERSION = {"titleId": "F1", "name": "Example", "registerId": "F1C"}


def test_a_document_comes_as_bytes_or_in_json():
    empty = {"titleId": "F1", "format": "Epub", "bytes": None}
    assert fault_of("au_frl", "text", empty, version=VERSION) is Fault.LAYOUT
    damaged = {"bytes": base64.b64encode(b"PK\x03\x04 no archive").decode()}
    assert fault_of("au_frl", "text", damaged, version=VERSION) in (Fault.TRUNCATED, Fault.LAYOUT)


def test_pages_of_a_book_are_read_in_the_order_in_which_people_count():
    from scrapers.au_frl import _natural

    names = ["d/document_10.html", "d/document_2.html", "d/document_1.html"]
    assert sorted(names, key=_natural) == [names[2], names[1], names[0]]


def test_a_search_for_the_standard_that_finds_others_fails():
    assert fault_of("au_frl", "standards", {"value": []}) is Fault.LAYOUT


# -- Malaysia, Singapore -------------------------------------------------------------------------


def test_what_is_encrypted_is_left_alone():
    body = {"encrypted": True, "data": "bm90IG91cnM="}
    assert fault_of("my_agc", "table", body, start=0) is Fault.REJECTED


def test_an_act_page_of_another_act_is_refused():
    body = b"<html><body><h1>ACT 12</h1><a href='/ilims/upload/x_BI/a.pdf'>BI</a></body></html>"
    assert fault_of("my_agc", "act", body, number="366") is Fault.LAYOUT


def test_an_act_without_its_schedule_is_no_repeal():
    body = b"<html><body><h1>Misuse of Drugs Act 1973</h1><p>Nothing here.</p></body></html>"
    assert fault_of("sg_sso", "act", body) is Fault.LAYOUT
    last = {"rest": [], "series": "s"}
    assert fault_of("sg_sso", "part", body, **last) is Fault.LAYOUT


# -- Brazil, Canada ------------------------------------------------------------------------------


def proposal(*steps: tuple[str, str | None]) -> list[Any]:
    detail = {"id": 1, "siglaTipo": "PL", "numero": 1, "ano": 2026, "ementa": "kratom"}
    way = [
        {"sequencia": at, "dataHora": f"2026-01-{at:02d}T10:00", "descricaoSituacao": words,
         "despacho": despatch}
        for at, (words, despatch) in enumerate(steps, 1)
    ]  # fmt: skip
    return said("br_camara", "way", {"dados": way}, proposal=detail)


@pytest.mark.parametrize(
    ("words", "stage"),
    [
        ("Aguardando Parecer", Stage.INTRODUCED),
        ("Aguardando Apreciação pelo Senado Federal", Stage.PASSED_FIRST_CHAMBER),
        ("Aguardando Sanção", Stage.PASSED),
        ("Transformado em Norma Jurídica", Stage.ENACTED),
        ("Transformado em nova proposição", Stage.INTRODUCED),
        ("Vetado totalmente", Stage.VETOED),
        ("Arquivada", Stage.FAILED),
        ("Desarquivada", Stage.INTRODUCED),
        ("Retirado pelo(a) Autor(a)", Stage.WITHDRAWN),
        ("Devolvida ao Autor", Stage.FAILED),
    ],
)
def test_the_state_of_a_brazilian_bill(words: str, stage: Stage):
    (bill,) = proposal(("Aguardando Despacho", None), (words, None))
    assert isinstance(bill, TrackedInstrument)
    assert bill.stage is stage
    assert (bill.enacted is not None) is (stage is Stage.ENACTED)


def test_a_motion_that_was_lost_is_not_a_bill_that_was():
    (bill,) = proposal(("Aguardando Parecer", "Rejeitado o requerimento de urgência."))
    assert bill.stage is Stage.INTRODUCED


def test_a_page_of_the_gazette_without_results_in_it_is_a_moved_layout():
    body = b"<html><body><p>Pesquisa</p></body></html>"
    assert fault_of("br_dou", "found", body, word="kratom", number=1) is Fault.LAYOUT


BILL = {"bill_number_formatted": "C-9", "parl_session_code": "45-1", "long_title_en": "kratom"}


@pytest.mark.parametrize(
    ("more", "stage"),
    [
        ({}, Stage.INTRODUCED),
        ({"passed_house_third_reading_date_time": "2026-02-01"}, Stage.PASSED_FIRST_CHAMBER),
        (
            {
                "passed_house_third_reading_date_time": "2026-02-01",
                "passed_senate_third_reading_date_time": "2026-03-01",
            },
            Stage.PASSED,
        ),
        ({"received_royal_assent_date_time": "2026-04-01T00:00:00"}, Stage.ENACTED),
        ({"current_status_en": "Bill defeated"}, Stage.FAILED),
        ({"current_status_en": "Bill withdrawn"}, Stage.WITHDRAWN),
    ],
)
def test_the_stage_of_a_canadian_bill(more: dict[str, str], stage: Stage):
    from scrapers.ca_legisinfo import Bill, _stage

    assert _stage(Bill(**BILL, **more))[0] is stage


def test_a_page_that_says_it_is_not_there_is_not_an_issue_without_items():
    body = b"<html><head><title>Not found (Error 404)</title></head><body></body></html>"
    assert fault_of("ca_gazette", "index", body, day="2026-01-01") is Fault.SOFT_404


def test_the_first_mention_in_a_watched_act_would_be_seen():
    law = (
        '<?xml version="1.0"?><Statute xmlns:lims="http://justice.gc.ca/lims" '
        'lims:lastAmendedDate="2026-01-02"><Body><Text>{}</Text></Body></Statute>'
    )
    known = {"name": "C-38.8", "title": "Example", "human": ""}
    for text, hits in (("Barbiturates", 0), ("Kratom", 1)):
        (document,) = said("ca_justice", "law", law.format(text).encode(), **known)
        assert isinstance(document, Document)
        assert len(document.mentions) == hits
        assert document.version == "2026-01-02"

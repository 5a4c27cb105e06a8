"""Where a text names kratom, and where it only seems to."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.observation import MAX_MENTIONS
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.terms import TERMS, find_mentions, names_kratom
from kratom_atlas.read.text import read_text


def terms(text: str, language: str | None = None) -> list[str]:
    return [mention.term for mention in find_mentions(text, language)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Kratom, KRATOM and kratomu", ["Kratom", "KRATOM", "kratomu"]),
        ("PopisKratomMitragyna speciosaMitragynin", ["Kratom", "Mitragyna speciosa", "Mitragynin"]),
        ("and 97-hydroxymitragynine or", ["7-hydroxymitragynine"]),
        ("17mitragynine, 12mitragyna", ["mitragynine", "mitragyna"]),
        ("7-hydromitragynine", ["7-hydromitragynine"]),
        ("7-hydroxymitragyine 7-hydroxymitragine", ["7-hydroxymitragyine", "7-hydroxymitragine"]),
        ("hydroxymitrgynine hydroyxmitragynine", ["hydroxymitrgynine", "hydroyxmitragynine"]),
        ("7-hydroxmitragynine", ["7-hydroxmitragynine"]),
        ("Mytragyna Speciosa, Mytrogyna", ["Mytragyna Speciosa", "Mytrogyna"]),
        ("eriline abuurapuu, 7-hüdroksümitragüniin", ["abuurapuu", "7-hüdroksümitragüniin"]),
        ("mítragýnin", ["mítragýnin"]),
        ("кратом, МИТРАГИНИН, 7-гідроксимітрагінін", None),
        ("κράτομ και 7-υδροξυμιτραγυνίνη", ["κράτομ", "7-υδροξυμιτραγυνίνη"]),
        ("ว่าด้วยพืชกระท่อมและใบกระท่อม", ["พืชกระท่อม", "ใบกระท่อม"]),
        ("ミトラギニン、クラトム、크라톰、帽柱木鹼", None),
        ("CAS 4098-40-2 and 174418-82-7", ["4098-40-2", "174418-82-7"]),
        ("9,17-dimetoksy-16,17-didehydro-20β-corynan", ["9,17-dimetoksy-16,17-didehydro"]),
        ("(12bS)-3-ethyl-7a-hydroxy-8-methoxy-1,2,3,4,6,7,12,12b-octahydroindolo", None),
        ("kratom, 7-OH and MGM-15", ["kratom", "7-OH", "MGM-15"]),
        ("the İzmir kratom", ["kratom"]),
        ("mitragynine pseudoindoxyl", ["mitragynine pseudoindoxyl"]),
        ("dihydro-7-hydroxymitragynine (MGM-15)", ["7-hydroxymitragynine", "MGM-15"]),
        ("7-acetoxymitragynine", ["7-acetoxymitragynine"]),
        ("11-fluoro-7-hydroxymitragynine, MGM-16", ["7-hydroxymitragynine", "MGM-16"]),
        ("7-OH-mitragynine, 7 hydroxy mitragynine", ["7-OH-mitragynine", "7 hydroxy mitragynine"]),
        ("7-hydroksimitraginin 7-idrossimitraginina", None),
        ("mitraginīns, mitragininas, mitraginină", ["mitraginīns", "mitragininas", "mitraginină"]),
        ("kratomia, kratompoeder, Kratombaum", ["kratomia", "kratompoeder", "Kratombaum"]),
        ("Nauclea korthalsii, Stephegyne speciosa", None),
        ("ミトラガイナ・スペシオーサ、7-ヒドロキシミトラギニン", ["ミトラガイナ", "ミトラギニン"]),
        ("미트라지나 스페시오사, 7-히드록시미트라지닌", ["미트라지나", "미트라지닌"]),
        ("美丽帽柱木，卡痛叶", ["美丽帽柱木", "卡痛叶"]),
        ("daun purik, pokok ketum", ["daun purik", "ketum"]),
    ],
)
def test_mentions(text: str, found: list[str] | None) -> None:
    assert terms(text) == found if found is not None else terms(text)
    assert names_kratom(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "buvo atsikratoma",
        "poškodené skratom, sKRATOM, SKRATOM",
        "demokratom, DEMOKRATOM, byrokratom, pokratom, democratom",
        "Сократом, демократом, ГИППОКРАТОМ",
        "ตั้งทับกระท่อมหรือเรือน",
        "mitragliatrice; mitręga; mitrailleuse",
        "Mitragyna parvifolia and Mitragyna hirsuta",
        "7-OH, MGM-15 and KCPA without the plant",
        "14098-40-2",
        "7-OH-DPAT, 7-OH-CBD, 7-hydroxycoumarin, 9-hydroxycorynantheidine",
        "MGM-15",
        "krater, Kratos, kratky, krypton",
        "khat (Catha edulis), kava, kadamba, ithang, thom",
        "刷卡痛點、克拉通、咔哇",
        "кратомил, кратер",
        "كرتون, كراتوم",
        "",
    ],
)
def test_false_friends(text: str) -> None:
    assert terms(text) == []


def test_a_weak_term_needs_a_strong_one_near() -> None:
    assert terms("7-OH " + "x " * 200 + "kratom") == ["kratom"]
    assert terms("Ketum daun", "id") == []
    assert terms("Ketum daun", "ms") == ["Ketum"]


@pytest.mark.parametrize(
    ("text", "excepted"),
    [
        ("genus Mitragyna, except Mitragyna speciosa", [False, True]),
        ("rodu MitragynaS výjimkou rostliny Mitragyna speciosa", [False, True]),
        ("alle Pflanzen mit Ausnahme von Kratom", [True]),
        ("unntatt kratom", [True]),
        ("全草 クラトム を除く", [True]),
        ("kratom products are exempt from this section", [True]),
        ("This chapter shall not apply to kratom leaf", [True]),
        ("Except as provided in subsection (b), kratom is banned", [False]),
        ("Aspirin is excepted. Kratom is banned", [False]),
        ("Nothing is excepted;\nkratom", [False]),
        ("kratom is banned", [False]),
        (
            "7-OHM, but not including 7-hydroxymitragynine naturally contained in kratom leaf",
            [True, True],
        ),
        ("mitragynine, except as the leaf of Mitragyna speciosa contains it", [False, True]),
        ("not 7-OH unless it occurs naturally in kratom leaf", [False, True]),
        ("Unless specifically excepted, any alkaloid of Mitragyna speciosa", [False]),
        ("No sale unless the person holds a licence for kratom", [False]),
        ("Except for minors, kratom is banned", [False]),
        ("any alkaloid other than\nMitragynine", [True]),
        ("the term shall not include kratom leaf", [True]),
        ("a product that does not include on its label the amount of mitragynine", [False]),
        ("that does not include a product label on the kratom product", [False]),
        ("exempting a person who sells kratom", [False]),
        ("an exemption for kratom", [True]),
        ("no processing other than drying. (3) Kratom is banned", [False]),
        ("kratom leaf is not included in this schedule", [True]),
        ("any plant of the genus Mitragyna growing wild", [True]),
        ("It shall be lawful to possess kratom", [True]),
        ("These are excluded:\n(1) Hemp.\n(2) Natural kratom leaf.", [True]),
        ("It does not include:\n(i) hemp;\n(2) Kratom is banned.", [False]),
        ("This is banned:\n(1) Kratom.", [False]),
        ("zákaz se nevztahuje na kratom", [True]),
        ("rośliny z wyłączeniem Mitragyna speciosa", [True]),
        ("Die Verordnung gilt nicht für Kratom", [True]),
        ("la loi ne s'applique pas au kratom", [True]),
        ("kratom kivételével", [True]),
        ("forordningen gælder ikke for kratom", [True]),
        ("ไม่ใช้บังคับแก่การนำใบกระท่อม", [True]),
        ("ลด และยกเว้นค่าธรรมเนียมการนำเข้าใบกระท่อม", [False]),
    ],
)
def test_exceptions(text: str, excepted: list[bool]) -> None:
    assert [mention.exception for mention in find_mentions(text)] == excepted


@given(st.integers(150, 230), st.sampled_from(["kcpa", "mambog", "7-oh", "卡痛"]))
def test_a_word_that_the_reach_cuts_in_two_is_not_taken_for_another(gap: int, weak: str) -> None:
    text = f"kratom mambog{' ' * gap}{weak}x beinsa"
    assert terms(text)[:2] == ["kratom", "mambog"]
    assert all(text[mention.start : mention.end] == mention.term for mention in find_mentions(text))


def test_mentions_are_bounded_and_in_place() -> None:
    text = "Sale of kratom is banned. " * 100
    found = find_mentions(text)
    assert len(found) == MAX_MENTIONS
    assert all(text[m.start : m.end] == m.term and m.term in m.excerpt for m in found)


@pytest.mark.parametrize(
    "raw",
    [
        b"kra&#116;om",
        b"&#x6B;ratom",
        b"kra&shy;tom",
        b"<b>kra</b>tom",
        b"mitra-\n12 gynine",
        rb'{"t": "\u006bratom"}',
        json.dumps("พืชกระท่อม").encode(),
        "kratom".encode("utf-16"),
        "о кратом".encode("utf-16-le"),
        "КРАТОМ".encode("cp1251"),
        "ใบกระท่อม".encode("cp874"),
        "クラトム".encode("cp932"),
        "mitragüniin".encode("latin-1"),
        "ｋｒａｔｏｍ".encode(),
        "Mítragýnin".encode(),
        "Ünlü № § kratom”".encode(),
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b'{"doc": "' + b"QUJD" * 60 + b'"}',
    ],
)
def test_nothing_hides_a_word_from_the_first_look(raw: bytes) -> None:
    assert names_kratom(raw)


@pytest.mark.parametrize("raw", [b"", b"An act about hemp", b'{"a": "\\u0041"}', b"<p>x</p>"])
def test_the_first_look_says_no(raw: bytes) -> None:
    assert not names_kratom(raw)


def test_the_first_look_goes_on_from_one_chunk_to_the_next() -> None:
    filler = b"An act about hemp. "
    for size in (131_060, 131_068, 131_072, 131_080):
        raw = (filler * 10_000)[:size]
        assert not names_kratom(raw)
        assert names_kratom(raw + b"mitra-\n12 gynine" + filler)
        assert names_kratom(raw + b" 4098-40-2 " + filler)
    assert not names_kratom(filler * 20_000 + b"mitr " * 100_000)


SAMPLE = ["kratom", "Mitragyna", "7-hydroxymitragynine", "พืชกระท่อม", "КРАТОМ", "4098-40-2"]


@given(
    st.text(max_size=30),
    st.sampled_from(SAMPLE),
    st.text(max_size=30),
    st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
)
def test_the_first_look_errs_on_the_side_of_yes(
    before: str, word: str, after: str, charset: str
) -> None:
    raw = f"{before} {word} {after}".encode(charset, "replace")
    try:
        text = read_text(raw).text
    except FaultError:
        return
    if find_mentions(text):
        assert names_kratom(raw)


@pytest.mark.parametrize("piece", ["The market, kind of. ", "krat", "mitr", "7-oh ", "กระท่อม", "m"])
def test_a_long_text_takes_seconds(piece: str) -> None:
    text = piece * (10_000_000 // len(piece))
    began = time.monotonic()
    find_mentions(text)
    assert time.monotonic() - began < 5


def test_every_term_is_found_by_its_keys() -> None:
    assert len({term.pattern for term in TERMS}) == len(TERMS)
    for term in TERMS:
        if term.pattern.isalpha() and term.strong:
            assert terms(term.pattern), term

"""Real responses, where they are at hand: what is said of each, and the traps among them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kratom_atlas.model.crawling import Fault
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.media import Media, decode, sniff
from kratom_atlas.read.structured import parse_json, parse_xml
from kratom_atlas.read.terms import find_mentions, names_kratom
from kratom_atlas.read.text import read_text


@pytest.mark.parametrize("part", ["us", "world"])
def test_each_file_names_kratom_or_not_as_its_index_says(samples: Path, part: str) -> None:
    wrong = []
    with (samples / part / "INDEX.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            body = (samples / part / row["file"]).read_bytes()
            try:
                found = bool(find_mentions(read_text(body).text))
            except FaultError as error:
                found = False
                if error.fault not in {Fault.EMPTY, Fault.WRONG_CHARSET}:
                    wrong.append(f"{error}: {row['file']}")
            if found is not (row["mentions_kratom"] == "yes"):
                wrong.append(row["file"])
            if found and not names_kratom(body):
                wrong.append(f"first look: {row['file']}")
    assert wrong == []


def test_norway_names_three_rows_and_no_others(samples: Path) -> None:
    text = read_text((samples / "world/no-lovdata/sf-20130214-0199.xml").read_bytes()).text
    rows = {
        text[text.rfind("\n", 0, m.start) + 1 : text.find("\n", m.end)].split("\t")[0]
        for m in find_mentions(text)
    }
    assert rows == {"7-hydroksymitragynin (7-HMG)", "Kratom (Mitragyna speciosa)", "Mitragynin"}
    change = read_text((samples / "world/no-lovdata/sf-20231211-2000.xml").read_bytes()).text
    assert "I kraft fra\n2023-12-11" in change


def test_czechia(samples: Path) -> None:
    folder = samples / "world/cz-esbirka"
    glued = find_mentions(read_text((folder / "SB-2025-456.md").read_bytes()).text, "cs")
    assert {"Kratom", "Mitragyna speciosa"} <= {m.term for m in glued}
    assert not any(m.exception for m in glued)
    excepting = find_mentions(read_text((folder / "SB-2026-50.md").read_bytes()).text, "cs")
    assert [(m.term, m.exception) for m in excepting] == [
        ("Mitragyna", False),
        ("Mitragyna speciosa", True),
    ]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("ee-riigiteataja/902508.md", {"abuurapuu", "Mytragynine"}),
        ("lu-legilux/leg-rgd-2012-07-21-n7.md", {"Mytragyna Speciosa", "Mytragynine"}),
        ("sk-slovlex/ZZ-2021-479.md", {"Kratom", "mitragyna speciosa"}),
        ("lt-tar/false-positive-atsikratoma-xiv-714.json", set()),
        ("sk-slovlex/false-positive-skratom-ZZ-1976-8.md", set()),
        ("th-ocs/false-positive-local-administration-act-be2457.json", set()),
        ("th-ocs/act-index.json", {"พืชกระท่อม", "ใบกระท่อม"}),
        ("th-ocs/kratom-plant-act-be2565.json", {"พืชกระท่อม", "ใบกระท่อม"}),
        ("th-ocs/moj-notice-positions-be2566.json", {"พืชกระท่อม"}),
        ("th-ocs/mr-fees-kratom-leaf-be2568.json", {"ใบกระท่อม"}),
        ("th-ocs/mr-import-export-kratom-leaf-be2568.json", {"ใบกระท่อม"}),
    ],
)
def test_words_and_false_friends(samples: Path, file: str, expected: set[str]) -> None:
    found = {m.term for m in find_mentions(read_text((samples / "world" / file).read_bytes()).text)}
    assert found >= expected
    assert bool(found) is bool(expected)


def test_damaged_characters(samples: Path) -> None:
    world = samples / "world"
    french = (world / "fr-legifrance/consult_article.json").read_bytes()
    assert "vie privée" in parse_json(french)["article"]["texte"]
    assert "vie privée" in read_text(french).text
    assert "repaired" in read_text(french).flags
    german = (world / "de-neuris/act_bdsg.json").read_bytes()
    assert german.startswith(b"\xef\xbb\xbf")
    assert parse_json(german)["@type"] == "Legislation"
    belgian = decode((world / "be-ejustice/sample-ordinary-law.html").read_bytes())
    assert belgian.charset == "cp1252"
    assert "é" in belgian.text
    for name in ("ks_sb430_brotli_body_saved_as.pdf", "ks_sb430_extracted_garbage.txt"):
        with pytest.raises(FaultError) as caught:
            read_text((samples / "us/negative" / name).read_bytes())
        assert caught.value.fault is Fault.WRONG_CHARSET


def test_documents_that_are_not_well_formed(samples: Path) -> None:
    world = samples / "world"
    assert parse_xml((world / "hr-narodne-novine/sitemap_2018_42.xml").read_bytes()) is not None
    with pytest.raises(FaultError) as caught:
        parse_xml((world / "lu-legilux/act_loi_2018_text.xml").read_bytes())
    assert caught.value.fault is Fault.TRUNCATED
    with pytest.raises(FaultError) as caught:
        parse_xml((world / "jp-egov/law_sample.xml").read_bytes())
    assert caught.value.fault is Fault.WRONG_TYPE


def test_text_under_the_name_of_a_pdf(samples: Path) -> None:
    kinds = {f: sniff(f.read_bytes()) for f in (samples / "us/kratom_bills").rglob("*.pdf")}
    assert sorted(set(kinds.values())) == [Media.PDF, Media.TEXT]
    assert all(read_text(file.read_bytes()).text for file in kinds)

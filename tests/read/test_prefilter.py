"""The first look at bytes never misses what reading them finds, whichever way it looks."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.prefilter import fold_and_look, names_kratom, scan_and_look
from kratom_atlas.read.terms import find_mentions
from kratom_atlas.read.text import read_text

Looker = Callable[[bytes], bool]
WAYS = [fold_and_look, scan_and_look] if find_spec("hyperscan") else [fold_and_look]
WORDS = (
    *("kratom", "KRATOM", "Mitragyna speciosa", "7-hydroxymitragynine", "7-hydromitragynine"),
    *("Mytragyna", "mítragýnin", "MİTRAGYNİN", "mitragüniin", "cratom", "ketum", "kakuam"),
    *("daun purik", "abuurapuu", "Nauclea speciosa", "speciociliatine", "paynantheine"),
    *("4098-40-2", "174418-82-7", "9,17-dimethoxy-16,17-didehydro", "ｋｒａｔｏｍ", "Kratom"),
    *("кратом", "МИТРАГИНИН", "мітрагінін", "κράτομ", "ΜΙΤΡΑΓΥΝΊΝΗ", "พืชกระท่อม", "ไมทราไจนีน"),
    *("クラトム", "ミトラギニン", "크라톰", "미트라지닌", "帽柱木碱", "卡痛葉", "קראטום"),
    *("ميتراجينين", "मिट्रागाइनिन"),
)
NOISE = (
    *(
        "\xad",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\u2060",
        "\xad\n",
        "-\n",
        "-\r\n  ",
        "-\n12 ",
        "-\n\n",
    ),
    *("<b>", "</b>", "<!-- x -->", "<a href='x'></a><i>", "&shy;", "&#173;", "&#8203;", "&zwnj;"),
)
FILLER = ("An act about hemp.", "Zákon ze dne 5. března", "ให้กระทรวงกำหนด", "закон о лесах", "")


def is_found(raw: bytes) -> bool:
    try:
        return bool(find_mentions(read_text(raw).text))
    except FaultError:
        return False


@pytest.mark.parametrize("look", WAYS)
@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_is_missed_that_reading_finds(look: Looker, data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(WORDS))
    noise = data.draw(st.sampled_from(NOISE))
    # Less is promised of what stands right after the first letter, or in the first digits, and of
    # names by structure.
    first = 12 if "," in word else 3 if word[0].isdigit() else 2
    if word.startswith("พืช"):
        first = 6
    places = data.draw(st.sets(st.integers(first, max(first, len(word) - 1)), max_size=3))
    spoilt = "".join(noise * (i in places) + letter for i, letter in enumerate(word))
    filler = data.draw(st.sampled_from(FILLER))
    text = (
        f"<p>{filler} {spoilt} {filler}</p>" if data.draw(st.booleans()) else f"{filler} {spoilt}"
    )
    as_json = json.dumps({"text": text}, ensure_ascii=data.draw(st.booleans()))
    raw = (as_json if data.draw(st.booleans()) else text).encode()
    if is_found(raw):
        assert look(raw), raw


@pytest.mark.parametrize("look", WAYS)
@pytest.mark.parametrize(
    "raw",
    [
        b"kra&#116;om",
        b"&#x6B;ratom",
        b"<b>k</b>ratom",
        b"<b>M</b>ITRAGYNINE",
        b"kra&amp;#116;om",
        b"mitra-\n12 gynine",
        b"mi-\ntragynine",
        rb'{"t": "\u006bratom"}',
        rb'{"t": "mitra\u00adgynine, m\u00edtragynin"}',
        rb'{"t": "kra\u003cb\u003etom"}',
        json.dumps("พืชกระท่อม").encode(),
        "".join(f"&#{ord(c)};" for c in "кратом").encode(),
        "кра-\nтом".encode(),
        "о кратом".encode("utf-16-le"),
        "КРАТОМ".encode("cp1251"),
        "кратом".encode("koi8-r"),
        "ใบกระท่อม".encode("cp874"),
        "クラトム".encode("cp932"),
        "クラトム".encode("euc_jp"),
        "帽柱木".encode("big5"),
        "κράτομ".encode("cp1253"),
        "mitragüniin".encode("latin-1"),
        "mítragýnin".encode("latin-1"),
        "кратом".encode().decode("latin-1").encode(),
        html.escape("<b>kratom</b>").encode(),
        b'{"doc": "' + b"QUJD" * 60 + b'"}',
        b"%PDF-1.7",
        b"PK\x03\x04",
    ],
)
def test_what_hides_a_word(look: Looker, raw: bytes) -> None:
    assert look(raw)


@pytest.mark.parametrize("look", WAYS)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"An act about hemp; mitral, market<b>rate</b>",
        b'{"a": "\\u0041"}',
        "Zákon ze dne 5. března; místní mítink".encode(),
        "ให้กระทรวงสาธารณสุข".encode(),
        b"k<br>" * 1000,
        b"kr\xc2\xad" * 1000,
        b"mit-\n" * 1000,
    ],
)
def test_no(look: Looker, raw: bytes) -> None:
    assert not look(raw)


def test_both_ways_agree_on_real_documents(samples: Path) -> None:
    for path in sorted(samples.glob("world/*/*")):
        if path.is_file() and path.stat().st_size < 200_000:
            raw = path.read_bytes()
            found = is_found(raw)
            assert all(look(raw) for look in WAYS) or not found, path


@pytest.mark.skipif(len(WAYS) == 1, reason="there is no wheel of hyperscan for this platform")
@pytest.mark.parametrize(
    "piece",
    [
        b"<p>A person may not sell hemp to anyone below the age of 21; 45 CFR 3.</p>\n",
        "Zákon ze dne 5. března o návykových látkách a o změně zákonů\n".encode(),
        '{"a": "ให้กระทรวงสาธารณสุขกำหนดหลักเกณฑ์และกรรมการ"}\n'.encode(),
    ],
)
def test_a_scan_is_quick(piece: bytes) -> None:
    raw = piece * (20_000_000 // len(piece))
    scan_and_look(b"to be set up")
    took = []
    for _ in range(3):
        began = time.process_time()
        assert not scan_and_look(raw)
        took.append(time.process_time() - began)
    assert len(raw) / min(took) > 0.4e9


@pytest.mark.parametrize("look", WAYS)
@pytest.mark.parametrize("piece", [b"kr<", b"<b>", b"kra&", b"mi-\n", "ก<".encode(), b"kra\\u00ad"])
def test_what_looks_like_much_noise_takes_seconds(look: Looker, piece: bytes) -> None:
    raw = piece * (2_000_000 // len(piece))
    began = time.process_time()
    look(raw)
    assert time.process_time() - began < 10


def test_few_bytes_and_many_give_one_answer() -> None:
    raw = b"An act about hemp. " * 600_000
    assert not names_kratom(raw)
    assert names_kratom(raw + b"kratom")

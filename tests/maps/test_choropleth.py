from __future__ import annotations

import dataclasses
import json
import re
import time

import pandas as pd
import pytest
from map_sample import HOSTILE, STATUS_TO_ACTIVITY, page, row

from kratom_atlas.model.vocabulary import ActivityStatus, Flag, Status
from maps import encode, legend
from maps.choropleth import COUNTIES_FILE, SAFE_LINK, OfflineMap, render


def data_of(html: str) -> dict:  # type: ignore[type-arg]
    found = re.search(r'<script type="application/json" id="atlas-data">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])


def html_of(**changes: object) -> str:
    return render(dataclasses.replace(page(), **changes))["index.html"].decode()


def test_two_renders_give_the_same_bytes() -> None:
    first = render(page())
    encode.world.cache_clear()
    encode.states.cache_clear()
    encode.counties.cache_clear()
    assert render(page()) == first
    assert set(first) == {"index.html", COUNTIES_FILE}


def test_rendering_is_quick_and_the_page_small() -> None:
    out = render(page())
    started = time.perf_counter()
    render(page())
    assert time.perf_counter() - started < 1
    assert len(out["index.html"]) < 500_000
    assert len(out[COUNTIES_FILE]) < 260_000


def test_text_never_reaches_a_template_engine_or_the_html_parser() -> None:
    html = html_of(title=HOSTILE, version=HOSTILE, as_of=HOSTILE, last_look=HOSTILE)
    assert "49" not in re.findall(r"<title>(.*?)</title>", html)[0]
    title = re.findall(r"<title>(.*?)</title>", html)[0]
    # Said as it is, neither executed nor parsed, and markers inside it not filled in.
    assert "{{7*7}} {% raw %} {# #} {{ cycler.__init__" in title
    assert "@@title@@" in title
    assert "&lt;script&gt;" in title
    assert "<script>window.hacked" not in html
    assert "<img src=x" not in html
    data = data_of(html)
    assert HOSTILE in data["table"]["words"]["summary"]
    assert HOSTILE in data["table"]["names"]
    # Even a second pass of a template engine over the document would find nothing to do in it.
    island = html.split('id="atlas-data">')[1].split("</script>")[0]
    for mark in ("{{", "{%", "{#", "<", "\u2028"):
        assert mark not in island


def test_substances_and_points_are_inert_too() -> None:
    points = page().points.assign(name=HOSTILE)
    html = html_of(substances=(*page().substances, ("zz", HOSTILE)), points=points)
    assert "<script>window.hacked" not in html
    assert data_of(html)["points"][0][1] == HOSTILE


def test_nothing_asks_another_host() -> None:
    out = render(page())
    html = out["index.html"].decode()
    for tag in re.findall(
        r"<(?:script|link|img|iframe|source|a)\b[^>]*>", html.split("<script>")[0]
    ):
        for url in re.findall(r'(?:src|href)="([^"]*)"', tag):
            assert url.startswith(
                ("data:", "#", "index.html", "table/", "changes/", "data/", "sources/", "about/")
            ) or (url == "https://example.org/report?a=1&amp;b=2")
    assert "url(" not in html.split("<style>")[1].split("</style>")[0]
    assert not OfflineMap.default_js
    assert not OfflineMap.default_css


def test_words_that_every_page_must_carry() -> None:
    html = html_of(version="2026-11-22.1", last_look="3 hours ago")
    for words in (
        "neither legal nor medical advice", "Version 2026-11-22.1, as of 2026-11-22", "3 hours ago",
        "Report an error", "MIT", "CC BY 4.0", "cite as", "not a statement on sovereignty",
    ):  # fmt: skip
        assert words in html
    for link in ("table", "changes", "data", "about"):
        assert f'href="{link}/index.html"' in html


def test_the_table_survives_its_encoding() -> None:
    sample = page()
    table = data_of(html_of())["table"]
    seen = {}
    for i, code in enumerate(table["codes"]):
        for s, record in enumerate(table["sets"][table["set"][i]]):
            if record >= 0:
                cells = {c: table["words"][c][table["records"][c][record]] for c in encode.RECORD}
                seen[code, sample.substances[s][0]] = cells
    wanted = {
        (r["code"], r["substance"]): {c: r[c] for c in encode.RECORD}
        for r in sample.table.to_dict("records")
    }
    assert seen == wanted


def test_a_place_without_a_row_for_a_substance_has_no_record() -> None:
    table = pd.DataFrame([row("US-AL", "Alabama", "subdivision", "leaf", "banned")])
    assert data_of(html_of(table=table))["table"]["sets"] == [[0, -1, -1]]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("total_status", "legal", "total_status: not in the codebook: legal"),
        ("sell_status", "banned", "sell_status"),
        ("flags", "local-rules;new", "flags: not in the codebook: new"),
        ("substance", "tea", "substance"),
        ("url", "javascript:alert(1)", "not a relative link"),
        ("url", "//evil.example/", "not a relative link"),
    ],
)
def test_what_the_codebook_does_not_know_is_refused(column: str, value: str, message: str) -> None:
    table = page().table
    table.loc[3, column] = value
    with pytest.raises(ValueError, match=message):
        html_of(table=table)


def test_two_answers_for_one_place_are_refused() -> None:
    table = page().table
    with pytest.raises(ValueError, match="two rows"):
        html_of(table=pd.concat([table, table.head(1)]))


def test_report_link_must_be_a_link() -> None:
    with pytest.raises(ValueError, match="reports"):
        html_of(report_url="javascript:alert(1)")


@pytest.mark.parametrize("url", ["j/US-AL/", "", "../j/x-eu/"])
def test_ordinary_links_pass(url: str) -> None:
    assert SAFE_LINK.fullmatch(url)


def test_legend_has_a_look_for_every_word_of_the_codebook() -> None:
    assert [style.id for style in legend.STATUSES] == [status.value for status in Status]
    assert set(legend.ACTIVITY_LOOKS) == set(ActivityStatus)
    assert set(legend.FLAGS) == {flag.value for flag in Flag}
    for field in ("colour", "symbol", "label"):
        assert len({getattr(style, field) for style in legend.STATUSES}) == len(legend.STATUSES)
    assert set(STATUS_TO_ACTIVITY) == {status.value for status in Status}


def test_text_is_readable_on_every_fill() -> None:
    for style in legend.STATUSES:
        light = sorted((luminance(style.colour), luminance(style.text)))
        assert (light[1] + 0.05) / (light[0] + 0.05) >= 4.5, style.id


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_varints_come_back() -> None:
    numbers = [0, 1, -1, 15, 16, -16, -17, 31, 32, 1000, -123456, 2**29]
    text = encode.varints(numbers)
    assert set(text) <= set(encode.ALPHABET)
    back, value, shift = [], 0, 0
    for letter in text:
        bits = encode.ALPHABET.index(letter)
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            back.append(value >> 1 ^ -(value & 1))
            value = shift = 0
    assert back == numbers

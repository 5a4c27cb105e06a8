from __future__ import annotations

import dataclasses
import gzip
import json
import re
import time

import brotli
import pandas as pd
import pytest
from map_sample import AHEAD, ENACTED, HOSTILE, STATUS_TO_ACTIVITY, TODAY, answers_on, page, run

from kratom_atlas.model.vocabulary import ActivityStatus, Flag, Status
from maps import encode, legend
from maps.choropleth import EMBED, OFFLINE, OfflineMap, render

NO_LAW: dict[str, dict[str, object]] = {"rules": {}, "looks": {}, "decides": {}}


def data_of(html: str) -> dict:  # type: ignore[type-arg]
    found = re.search(r'<script type="application/json" id="atlas-data">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])


def html_of(**changes: object) -> str:
    return render(dataclasses.replace(page(), **changes))["index.html"].decode()


def chunk(out: dict[str, bytes], name: str) -> dict:  # type: ignore[type-arg]
    text = out[f"map/{name}.js"].decode()
    assert text.startswith(f'KratomAtlas.arrived("{name}",')
    return json.loads(text[text.index(",") + 1 : -3])


def test_two_renders_give_the_same_bytes() -> None:
    first = render(page())
    encode.pack.cache_clear()
    assert render(page()) == first
    chunks = {f"map/{n}.js" for n in ("us", "world", "us-counties", "law/US", "law/US-FL")}
    assert {"index.html", EMBED, OFFLINE, *chunks} <= set(first)


def test_rendering_is_quick() -> None:
    render(page())
    started = time.perf_counter()
    render(page())
    assert time.perf_counter() - started < 2  # of an idle machine's one second


def test_sizes_leave_room_for_the_law() -> None:
    """Budgets of the page with the shipped record are measured in benchmarks/map."""
    out = render(page())
    first = len(gzip.compress(out["index.html"], 9))
    for view in ("us", "world"):
        assert first + len(gzip.compress(out[f"map/{view}.js"], 9)) < 125_000
    assert len(brotli.compress(out["map/us-counties.js"])) < 135_000
    assert len(gzip.compress(out[OFFLINE], 9)) < 320_000


def test_text_never_reaches_a_template_engine_or_the_html_parser() -> None:
    html = html_of(title=HOSTILE, version=HOSTILE, last_look=HOSTILE)
    assert "49" not in re.findall(r"<title>(.*?)</title>", html)[0]
    title = re.findall(r"<title>(.*?)</title>", html)[0]
    # Said as it is, neither executed nor parsed, and markers inside it not filled in.
    assert "{{7*7}} {% raw %} {# #} {{ cycler.__init__" in title
    assert "@@title@@" in title
    assert "&lt;script&gt;" in title
    assert "<script>window.hacked" not in html
    assert "<img src=x" not in html
    assert HOSTILE in data_of(html)["table"]["names"]
    # Even a second pass of a template engine over the document would find nothing to do in it.
    island = html.split('id="atlas-data">')[1].split("</script>")[0]
    for mark in ("{{", "{%", "{#", "<", "\u2028"):
        assert mark not in island


@pytest.mark.parametrize("file", ["index.html", EMBED, OFFLINE])
def test_no_field_can_do_harm(file: str) -> None:
    sample = page()
    bad = sample.places.assign(name=HOSTILE)
    html = render(
        dataclasses.replace(
            sample, places=bad, substances=(*sample.substances, ("zz", HOSTILE)), title=HOSTILE
        )
    )[file].decode()
    assert "<script>window.hacked" not in html
    assert "<img src=x" not in html
    assert set(data_of(html)["table"]["names"]) == {HOSTILE}


@pytest.mark.parametrize("folder", ["es/", "ar/"])
def test_no_field_can_do_harm_in_any_language(folder: str) -> None:
    sample = page()
    bad = dataclasses.replace(
        sample,
        places=sample.places.assign(name=HOSTILE),
        substances=(*sample.substances, ("zz", HOSTILE)),
        title=HOSTILE,
        version=HOSTILE,
        last_look=HOSTILE,
        terms={folder[:2]: {HOSTILE: HOSTILE}},
    )
    out = render(bad)
    for file in (f"{folder}index.html", f"{folder}{EMBED}"):
        html = out[file].decode()
        assert "<script>window.hacked" not in html
        assert "<img src=x" not in html
        assert HOSTILE in data_of(html)["table"]["names"]  # a county keeps the record's name
    for name in (f"map/terms/{folder[:2]}.js", "map/names.js"):
        assert "<" not in out[name].decode()


def test_a_chunk_is_inert_too() -> None:
    out = render(page())
    text = out["map/law/US-FL.js"].decode()
    assert chunk(out, "law/US-FL")["rules"]["US-FL-12115"][0]["quote"] == HOSTILE
    for mark in ("{{", "{%", "{#", "<", "\u2028"):
        assert mark not in text


def test_a_lone_surrogate_is_no_text() -> None:
    out = render(
        dataclasses.replace(page(), title="a\ud800b", details={"FR": {**NO_LAW, "x": "\ud800"}})
    )
    assert "<title>a?b</title>" in out["index.html"].decode()
    assert chunk(out, "law/FR")["x"] == "?"


@pytest.mark.parametrize("text", ["\u202eright to left", "n" * 300, "\x00\x1b"])
def test_odd_text_is_still_a_page(text: str) -> None:
    bad = page().places.assign(name=text)
    assert set(data_of(html_of(places=bad))["table"]["names"]) == {text}


def test_nothing_asks_another_host() -> None:
    out = render(page())
    html = out["index.html"].decode()
    for tag in re.findall(
        r"<(?:script|link|img|iframe|source|a)\b[^>]*>", html.split("<script>")[0]
    ):
        for url in re.findall(r'(?:src|href)="([^"]*)"', tag):
            assert url.startswith(
                (
                    "data:",
                    "#",
                    "index.html",
                    "table/",
                    "changes/",
                    "data/",
                    "sources/",
                    "about/",
                    "es/",
                    "ar/",
                    "kratom-atlas-offline.html",
                )
            ) or (url == "https://example.org/report?a=1&amp;b=2")
    assert "url(" not in html.split("<style>")[1].split("</style>")[0]
    assert not OfflineMap.default_js
    assert not OfflineMap.default_css


def test_links_to_the_page_are_previewed() -> None:
    def told(html: str) -> dict[str, str]:
        head = html.split("<title>")[0]
        return dict(
            re.findall(r'<meta (?:property|name)="((?:og|twitter):.*?)" content="(.*?)">', head)
        )

    plain = html_of()
    assert set(told(plain)) == {"og:title", "og:type", "og:description"}
    here = told(html_of(base_url="https://example.org/atlas/", title=HOSTILE))
    assert here["og:url"] == "https://example.org/atlas/"
    assert here["og:image"] == "https://example.org/atlas/share/us-leaf.png"
    assert (here["og:image:width"], here["og:image:height"]) == ("1200", "630")
    assert here["og:image:alt"].endswith("2026-11-22")
    assert here["twitter:card"] == "summary_large_image"
    assert "&lt;script&gt;" in here["og:title"]
    assert "og:image" not in told(html_of(base_url="https://example.org/", images=()))
    for file in (EMBED, OFFLINE):
        assert "og:" not in render(page())[file].decode().split("<title>")[0]


def test_words_that_every_page_must_carry() -> None:
    html = html_of(version="2026-11-22.1", last_look="3 hours ago")
    for words in (
        "neither legal nor medical advice", "Version 2026-11-22.1, as of 2026-11-22", "3 hours ago",
        "Report an error", "MIT", "CC BY 4.0", "cite as", "not a statement on sovereignty",
    ):  # fmt: skip
        assert words in html
    for link in ("table", "changes", "data", "about"):
        assert f'href="{link}/index.html"' in html


def numbers(text: str) -> list[int]:
    back, value, shift = [], 0, 0
    for letter in text:
        bits = encode.ALPHABET.index(letter)
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            back.append(value >> 1 ^ -(value & 1))
            value = shift = 0
    return back


def decoded(table: dict) -> dict[tuple[str, int], list[tuple[int, dict]]]:  # type: ignore[type-arg]
    """(code, substance) -> [(first day, answer)], as the page reads them."""
    stream = iter(numbers(table["lists"]))
    lists = []
    for _ in range(table["count"]):
        runs, day = [], 0
        for _ in range(next(stream)):
            day += next(stream)
            answer = next(stream)
            words = {c: table["words"][c][table["answers"][c][answer]] for c in encode.ANSWER}
            runs.append((table["days"][day][0], words))
        lists.append(runs)
    of = numbers(table["histories"])
    count = len(of) // len(table["likes"])
    return {
        (code, s): lists[of[row * count + s]]
        for code, row in zip(table["codes"], table["rows"], strict=True)
        for s in range(count)
    }


def test_the_table_survives_its_encoding() -> None:
    sample = page()
    table = data_of(html_of())["table"]
    back = decoded(table)
    assert {code for code, _ in back} == set(table["codes"])
    for day in (5, ENACTED - 1, ENACTED, TODAY, AHEAD):
        said = answers_on(sample, day)
        for (code, s), runs in back.items():
            answer = [words for start, words in runs if start <= day][-1]
            wanted = said[code, sample.substances[s][0]]
            assert answer == {c: wanted[c] for c in encode.ANSWER}, (code, day)


def test_counties_that_say_nothing_of_their_own_are_told_once() -> None:
    table = data_of(html_of())["table"]
    assert [c for c in table["codes"] if c.startswith("US-AL-")] == ["US-AL-01073"]
    assert list(table["shared"]) == ["US-AL"]
    names = chunk(render(page()), "us-counties")
    assert names["names"][names["codes"].index("US-AL-01001")] == "Autauga County"


def test_what_was_said_before_is_kept_beside_what_is_said_now() -> None:
    earlier = pd.DataFrame([run(0, "leaf", 1, "lawful")])
    table = data_of(html_of(said=[(TODAY - 3, earlier)]))["table"]
    (day, changed), *rest = table["said"]
    assert (day, rest) == (TODAY - 3, [])
    assert [(table["likes"][row], s) for row, s, _ in changed] == [(0, 0)]
    stream = numbers(table["lists"])
    assert stream[-3] == 1  # one run, which no other place has


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("total_status", "legal", "total_status: not in the codebook: legal"),
        ("sell_status", "banned", "sell_status"),
        ("own_possess", "banned", "own_possess"),
        ("flags", "local-rules;new", "flags: not in the codebook: new"),
        ("substance", "tea", "substance"),
        ("verification", "certain", "verification"),
    ],
)
def test_what_the_codebook_does_not_know_is_refused(column: str, value: str, message: str) -> None:
    runs = page().runs
    runs.loc[3, column] = value
    with pytest.raises(ValueError, match=message):
        html_of(runs=runs)


def test_two_answers_for_one_place_are_refused() -> None:
    runs, places = page().runs, page().places
    with pytest.raises(ValueError, match="two answers"):
        html_of(runs=pd.concat([runs, runs.head(1)]))
    with pytest.raises(ValueError, match="two rows"):
        html_of(places=pd.concat([places, places.head(1)]))


def test_a_place_without_a_history_is_refused() -> None:
    with pytest.raises(ValueError, match="like"):
        html_of(places=page().places.assign(like=9999))


@pytest.mark.parametrize("name", ["../x", "US-TX/..", "us", "", "<a>"])
def test_the_name_of_a_chunk_is_a_code(name: str) -> None:
    with pytest.raises(ValueError, match="chunk"):
        html_of(details={name: {}})


def test_report_link_must_be_a_link() -> None:
    with pytest.raises(ValueError, match="reports"):
        html_of(report_url="javascript:alert(1)")


def test_legend_has_a_look_for_every_word_of_the_codebook() -> None:
    assert [style.id for style in legend.STATUSES] == [status.value for status in Status]
    assert len({style.id for style in (*legend.STATUSES, *legend.AGES)}) == 14
    assert set(legend.ACTIVITY_LOOKS) == set(ActivityStatus)
    assert set(legend.FLAGS) == {flag.value for flag in Flag}
    for field in ("colour", "symbol", "label"):
        assert len({getattr(style, field) for style in legend.STATUSES}) == len(legend.STATUSES)
    assert set(STATUS_TO_ACTIVITY) == {status.value for status in Status}


def test_text_is_readable_on_every_fill() -> None:
    for style in (*legend.STATUSES, *legend.AGES):
        light = sorted((luminance(style.colour), luminance(style.text)))
        assert (light[1] + 0.05) / (light[0] + 0.05) >= 4.5, style.id


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_varints_come_back() -> None:
    told = [0, 1, -1, 15, 16, -16, -17, 31, 32, 1000, -123456, 2**29]
    text = encode.varints(told)
    assert set(text) <= set(encode.ALPHABET)
    assert numbers(text) == told

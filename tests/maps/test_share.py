"""Images to share: sound, repeatable, drawn once, and in agreement with the table."""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from PIL import Image, ImageFont

from kratom_atlas import pictures
from kratom_atlas.model.vocabulary import Status, Substance
from kratom_atlas.record import load_record
from kratom_atlas.release.tables import Edition
from kratom_atlas.settings import Settings
from kratom_atlas.site.atlas import Atlas
from kratom_atlas.site.pages import Meta
from maps import boundaries, raster, share
from maps.legend import PATTERNS, STATUSES
from maps.outlines import inside, local
from maps.share import HIGH, WIDE, Answer, Card, Credit, Overview, Row, card, images, view

SVG: Final = "{http://www.w3.org/2000/svg}"
CREDIT = Credit("Kratom Atlas", "2026-11-22", "November 22, 2026", "2026-11-22", "example.org")
HOSTILE = (
    '</text></svg><script>alert(1)</script>" onload="alert(1)" {{7*7}} &amp; & < \x00\x1b'
    "\u202e\u2028 \ud800 <!ENTITY x> ]]> -->"
)
ALL = [str(status) for status in Status]
FLORIDA = Card(
    code="US-FL-12115",
    name="Sarasota County",
    wider="Florida, United States",
    level="County",
    rows=[
        Row("Kratom leaf", "banned", "since February 2014"),
        Row("7-OH", "unknown", ""),
    ],
    status="banned",
    coloured="kratom leaf",
    within=("US-FL", "US"),
)


def states() -> Overview:
    """Every status somewhere; a county and a town that differ from their state, and ones that do
    not."""
    codes = sorted(boundaries.codes("us-states"))
    answers = {code: Answer(ALL[n % len(ALL)]) for n, code in enumerate(codes)}
    answers |= {
        "US-FL": Answer("no-specific-law", ("local-rules",)),
        "US-FL-12115": Answer("banned"),
        "US-FL-12001": Answer("no-specific-law"),
        "US-FL-12003": Answer("unknown"),
        "US-FL-1264175": Answer("sale-banned"),
        "US-FL-1273900": Answer("no-specific-law"),
        "US-TX": Answer("age-restricted", ("incoming",), 21),
    }
    points = {"US-FL-1264175": (-82.53, 27.34), "US-FL-1273900": (-82.45, 27.1)}
    return Overview("us", "leaf", "Kratom leaf", answers, points)


def world() -> Overview:
    codes = sorted(boundaries.codes("world"))
    answers = {code: Answer(ALL[n % len(ALL)]) for n, code in enumerate(codes)}
    answers |= {"AU": Answer("banned"), "AU-WA": Answer("regulated"), "AU-NT": Answer("banned")}
    return Overview("world", "leaf", "Kratom leaf", answers)


EACH = (view(states(), CREDIT), view(world(), CREDIT), card(FLORIDA, CREDIT))


def parsed(svg: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(svg.encode(), parser)


def words(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in parsed(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("svg", EACH)
def test_a_drawing_needs_nothing_and_does_nothing(svg: str) -> None:
    root = parsed(svg)
    assert (root.get("width"), root.get("height")) == (str(WIDE), str(HIGH))
    assert root.get("viewBox") == f"0 0 {WIDE} {HIGH}"
    told = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert told <= {
        *("svg", "title", "desc", "defs", "pattern", "clipPath"),
        *("g", "path", "rect", "circle", "text", "use"),
    }
    for element in root.iter():
        for name, value in element.attrib.items():
            # A policy of `default-src 'none'` forbids neither attributes nor references inside.
            assert not name.startswith("on"), name
            assert name != "style"
            for target in re.findall(r"url\(([^)]*)\)", value):
                assert root.xpath(f"//*[@id='{target.removeprefix('#')}']"), target
            if name == "href":
                assert root.xpath(f"//*[@id='{value.removeprefix('#')}']"), value
    ids = root.xpath("//@id")
    assert len(set(ids)) == len(ids)
    assert root.get("role") == "img"
    assert [root.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")] == str(
        root.get("aria-labelledby")
    ).split()


@pytest.mark.parametrize("svg", EACH)
def test_every_image_says_when_whose_and_that_it_is_no_advice(svg: str) -> None:
    said = " ".join(words(svg))
    for told in (
        *("November 22, 2026", "Kratom Atlas", "example.org", "version 2026-11-22"),
        *("as of 2026-11-22", "CC BY 4.0", "not legal advice", "U.S. Census Bureau"),
    ):
        assert told in said, told


@pytest.mark.parametrize("of", [states(), world()])
def test_every_status_is_told_four_ways_and_unknown_is_not_lawful(of: Overview) -> None:
    svg = view(of, CREDIT)
    root, said = parsed(svg), words(svg)
    shown = Counter(root.xpath("//@data-status"))
    assert set(shown) == set(ALL)
    fills: dict[str, str] = {}
    for style in STATUSES:
        (fill,) = set(root.xpath(f"//*[@data-status='{style.id}']/@fill"))
        fills[style.id] = fill
        assert style.label in said
        assert style.symbol in said
        if PATTERNS[style.pattern]:
            tile = root.xpath(f"//*[@id='f-{style.id}']")[0]
            assert tile[0].get("fill") == style.colour
            assert tile[1].get("d") == PATTERNS[style.pattern]
        else:
            assert fill == style.colour
    assert len(set(fills.values())) == len(ALL)
    # What is not in the record is not known.
    rest = view(replace(of, answers={}), CREDIT)
    assert set(parsed(rest).xpath("//@data-status")) == {"unknown"}


def test_places_inside_a_state_are_drawn_where_they_differ() -> None:
    svg = view(states(), CREDIT)
    drawn = set(parsed(svg).xpath("//@data-code"))
    assert "US-FL-12115" in drawn
    assert not drawn & {"US-FL-12001", "US-FL-12003"}
    assert "1 county and 1 town differ from the state they" in " ".join(words(svg))
    assert len(parsed(svg).findall(f".//{SVG}circle")) == 2  # a fill and its ring
    parts = set(parsed(view(world(), CREDIT)).xpath("//@data-code")) - set(world().answers)
    assert not parts
    assert "AU-WA" in parsed(view(world(), CREDIT)).xpath("//@data-code")
    assert "AU-NT" not in parsed(view(world(), CREDIT)).xpath("//@data-code")


def test_an_age_and_a_coming_change_are_drawn_and_explained() -> None:
    said = words(view(states(), CREDIT))
    assert "21+»" in said
    assert any("»\u00a0Change coming" in text for text in said)


def test_a_status_that_the_codebook_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="not in the codebook: 'legal'"):
        view(replace(states(), answers={"US-TX": Answer("legal")}), CREDIT)
    with pytest.raises(ValueError, match="not in the codebook: 'legal'"):
        card(replace(FLORIDA, rows=[Row("Kratom leaf", "legal", "")]), CREDIT)


def test_hostile_text_is_text() -> None:
    bad = replace(
        FLORIDA, name=HOSTILE, wider=HOSTILE, level=HOSTILE, coloured=HOSTILE,
        rows=[Row(HOSTILE, "banned", HOSTILE)],
    )  # fmt: skip
    evil = Credit(HOSTILE, "2026-11-22", "November 22, 2026", HOSTILE, HOSTILE)
    for svg in (card(bad, evil), view(replace(states(), label=HOSTILE), evil)):
        root = parsed(svg)
        assert not root.findall(f".//{SVG}script")
        assert not root.xpath("//@onload")
        assert "</text></svg><script>alert(1)</script>" in "".join(root.itertext())
        assert not re.search("[\x00\x1b\u202e\ud800]", svg)
        assert svg.count("<svg") == 1


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_makes_a_sound_drawing_that_stays_in_its_column(name: str, told: str) -> None:
    made = card(replace(FLORIDA, name=name, rows=[Row(name, "banned", told)] * 7), CREDIT)
    for text in parsed(made).iterfind(f"{SVG}text"):
        size, left = float(text.get("font-size")), float(text.get("x"))
        bold = text.get("font-weight") == "700"
        wide = raster.width("".join(text.itertext()), size, bold=bold)
        if text.get("text-anchor") is None:
            assert left + wide <= WIDE - 40


def test_a_long_name_is_made_smaller_and_then_cut_off() -> None:
    long = card(replace(FLORIDA, name="n" * 60), CREDIT)
    assert "n" * 60 in words(long)
    assert any(
        text.endswith("n…") for text in words(card(replace(FLORIDA, name="n" * 500), CREDIT))
    )


def test_a_county_is_drawn_in_its_state_and_a_town_as_a_point() -> None:
    county = card(FLORIDA, CREDIT)
    assert STATUSES[0].colour in re.findall(r'<path [^>]*fill="([^"]+)"', county)
    town = card(replace(FLORIDA, code="US-FL-1264175", point=(-82.53, 27.34)), CREDIT)
    (x, y, _), *_ = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', town)
    left, top, right, bottom = share.MAP
    assert left < float(x) < right
    assert top < float(y) < bottom
    # Sarasota is in the county of Sarasota, or this map is wrong.
    sheet = local(("US-FL",), inside("US-FL"), share.MAP)
    assert sheet is not None
    west, north, east, south = sheet.bounds("US-FL-12115")
    assert west - 1 < float(x) < east + 1
    assert north - 1 < float(y) < south + 1


@pytest.mark.parametrize(
    ("code", "within", "members"),
    [("TH", (), ()), ("NZ", (), ()), ("US", (), ()), ("US-AK", ("US",), ()), ("RU", (), ()),
     ("AU-WA", ("AU",), ()), ("X-EU", (), ("DE", "FR", "CY")), ("GB-SCT", ("GB",), ())],
)  # fmt: skip
def test_outlines_fill_their_box(
    code: str, within: tuple[str, ...], members: tuple[str, ...]
) -> None:
    made = card(replace(FLORIDA, code=code, within=within, members=members), CREDIT)
    points = []
    for drawn in re.findall(r'<path d="(M[^"]+z)"', made):
        for ring in drawn.split("M")[1:]:
            numbers = [float(n) for n in re.findall(r"-?\d*\.?\d+", ring)]
            x, y = numbers[:2]
            points.append((x, y))
            for dx, dy in zip(numbers[2::2], numbers[3::2], strict=True):
                x, y = x + dx, y + dy
                points.append((x, y))
    left, top, right, bottom = share.MAP
    wide = max(x for x, _ in points) - min(x for x, _ in points)
    high = max(y for _, y in points) - min(y for _, y in points)
    assert wide > 0.85 * (right - left) or high > 0.85 * (bottom - top)
    assert min(x for x, _ in points) > left - 16
    assert max(x for x, _ in points) < right + 16
    assert min(y for _, y in points) > top - 16
    assert max(y for _, y in points) < bottom + 16


def test_a_place_without_an_outline_is_told_in_words_alone() -> None:
    made = card(replace(FLORIDA, code="GI", within=()), CREDIT)
    assert not parsed(made).xpath("//*[@fill-rule]")
    assert "Coloured" not in " ".join(words(made))
    assert "Sarasota County" in words(made)


# -- PNG ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn() -> dict[str, bytes]:
    return dict(images([states()], [FLORIDA], CREDIT, None))


def test_the_png_has_the_size_of_a_preview_and_exact_colours(drawn: dict[str, bytes]) -> None:
    assert set(drawn) == {
        f"share/{name}.{kind}" for name in ("us-leaf", "US-FL-12115") for kind in ("svg", "png")
    }
    for name, data in drawn.items():
        if name.endswith(".png"):
            assert len(data) < 60_000
            with Image.open(io.BytesIO(data)) as image:
                assert (image.format, image.size) == ("PNG", (WIDE, HIGH))
                colours = {colour for _, colour in image.convert("RGB").getcolors(10_000) or []}
                assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
                used = set(re.findall(r'"#([0-9a-f]{6})"', drawn[name[:-3] + "svg"].decode()))
                fills = {s.colour[1:] for s in STATUSES} & used
                assert {tuple(bytes.fromhex(fill)) for fill in fills} <= colours


def test_letters_come_from_our_own_fonts(drawn: dict[str, bytes]) -> None:
    """Without a font a renderer leaves words out without a word."""
    for weight in (400, 700):
        look = f'font-size="60" font-family="Noto Sans" font-weight="{weight}"'
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="90">'
            '<rect width="200" height="90" fill="#ffffff"/>'
            f'<text x="10" y="60" {look}>Ñåж</text></svg>'
        )
        with Image.open(io.BytesIO(raster.png(svg))) as image:
            box = Image.eval(image.convert("L"), lambda v: 255 - v).getbbox()
        assert box is not None
        wide = raster.width("Ñåж", 60, bold=weight == 700)
        assert abs(box[2] - box[0] - wide) < 8


def test_the_same_drawing_gives_the_same_bytes(drawn: dict[str, bytes]) -> None:
    assert dict(images([states()], [FLORIDA], CREDIT, None)) == drawn


def test_what_was_drawn_is_kept_by_what_it_shows(
    tmp_path: Path, drawn: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = raster.png

    def counted(svg: str) -> bytes:
        made.append(svg)
        return real(svg)

    monkeypatch.setattr(raster, "png", counted)
    kept = tmp_path / "home" / "share"
    assert dict(images([states()], [FLORIDA], CREDIT, kept)) == drawn
    assert len(made) == 2
    assert dict(images([states()], [FLORIDA], CREDIT, kept)) == drawn
    assert len(made) == 2
    # Another day is another image; what broke off is drawn again.
    dict(images([], [FLORIDA], replace(CREDIT, day="November 23, 2026"), kept))
    assert len(made) == 3
    for path in kept.iterdir():
        path.write_bytes(path.read_bytes()[:-20])
    assert dict(images([states()], [FLORIDA], CREDIT, kept)) == drawn
    assert len(made) == 5


def test_what_nobody_asked_for_is_removed_in_time(tmp_path: Path) -> None:
    dict(images([], [FLORIDA], CREDIT, tmp_path))
    (kept,) = tmp_path.iterdir()
    old, other = tmp_path / "0.png", tmp_path / "notes.txt"
    for path in (old, other):
        path.write_bytes(b"")
    for path in (old, other, kept):
        os.utime(path, (0, 0))
    dict(images([], [FLORIDA], CREDIT, tmp_path))
    assert sorted(tmp_path.iterdir()) == sorted([kept, other])


def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, drawn: dict[str, bytes]
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    found = dict(images([], [FLORIDA], CREDIT, tmp_path / "file" / "share"))
    assert found["share/US-FL-12115.png"] == drawn["share/US-FL-12115.png"]


def test_many_are_drawn_by_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    start = '<svg xmlns="http://www.w3.org/2000/svg" height="40" width='
    drawings = [f'{start}"{n}"><rect width="9" height="9"/></svg>' for n in range(10, 70)]
    one_by_one = [raster.png(drawing) for drawing in drawings]
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert list(raster.pictures(drawings, None)) == one_by_one


# -- agreement with the record ------------------------------------------------------------------


@pytest.fixture(scope="module")
def edition() -> Edition:
    settings = Settings(home=Path("none"), database_url=None, base_url="", report_url="")
    record = load_record(settings, use_store=False)
    return Edition(record, date(2026, 11, 22).toordinal())


def test_the_images_say_what_the_table_says(edition: Edition) -> None:
    meta = Meta("2026-11-22", edition.today, edition.last_look, "about/index.html", "")
    credit = pictures.credit(meta)
    assert credit.day == "November 22, 2026"
    table = edition.tables["status"].set_index(["code", "substance"])["total_status"]
    names = set()
    for of in pictures.overviews(edition):
        names.add(of.name)
        svg = view(of, credit)
        shown = dict(
            zip(*(parsed(svg).xpath(f"//*/@data-{key}") for key in ("code", "status")), strict=True)
        )
        assert shown == {
            code: table.get((code, of.substance), Status.UNKNOWN.value) for code in shown
        }
        drawn = boundaries.codes("us-states" if of.view == "us" else "world")
        assert drawn <= set(shown)
        counts = Counter(status for code, status in shown.items() if code in drawn)
        told = words(svg)
        for status, count in counts.items():
            assert told[told.index(Status(status).label) + 1] == str(count)
    assert {"us-leaf", "us-7-oh", "world-leaf", "world-7-oh"} <= names
    spoken = 0
    for of in pictures.cards(Atlas(edition)):
        said = {
            str(substance): row.status
            for row in of.rows
            for substance in Substance
            if re.search(rf"\b{re.escape(substance.label)}\b", row.substances, re.IGNORECASE)
        }
        assert said == {str(s): table[of.code, str(s)] for s in Substance}, of.code
        parsed(card(of, credit))
        spoken += 1
    assert spoken > 300


def test_the_fonts_are_those_whose_origin_is_told() -> None:
    told = Path(boundaries.__file__).with_name("geometry") / "SOURCES.md"
    text = told.read_text(encoding="utf-8")
    for name in raster._font_paths():
        assert sha256(Path(name).read_bytes()).hexdigest() in text


def test_the_fonts_have_every_letter_of_the_record(edition: Edition) -> None:
    letters = {letter for place in Atlas(edition).places for letter in place.full}
    letters |= set("".join(s.label + s.meaning + s.symbol for s in STATUSES))
    assert {"ñ", "é", "Å"} <= letters
    for name in raster._font_paths():
        font = ImageFont.truetype(name, 40)
        missing = bytes(font.getmask("\ue000"))
        for letter in sorted(letters - {" ", "\u00a0"}):
            assert bytes(font.getmask(letter)) != missing, letter

"""The site of a small world: sound documents, links that lead somewhere, and nothing that acts."""

from __future__ import annotations

import posixpath
import re
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import msgspec
import pytest
from html_check import Page
from site_sample import FIRST, LATER, META, SCRIPT_LINK, TODAY, build, edition

from kratom_atlas.errors import AtlasError
from kratom_atlas.languages import ENGLISH, LANGUAGES, Language
from kratom_atlas.model import keeping
from kratom_atlas.model.vocabulary import ActivityStatus, Flag, Status, Substance
from kratom_atlas.notify.calendar import calendars
from kratom_atlas.notify.feeds import feeds
from kratom_atlas.notify.messages import messages
from kratom_atlas.pictures import cards
from kratom_atlas.release.tables import FIELDS
from kratom_atlas.site.atlas import Atlas
from kratom_atlas.site.pages import CSP, HOW_TO_REPORT, pages
from kratom_atlas.site.words import SYMBOLS, status_sentence
from maps.legend import STATUSES
from maps.share import HIGH, WIDE

DATA = {
    *(f"data/{name}.{kind}" for name in FIELDS for kind in ("csv", "parquet")),
    *(f"data/kratom-atlas.{kind}" for kind in ("sqlite", "geojson")),
    *(f"data/{name}" for name in ("datapackage.json", "CHANGELOG.md", "delta.json")),
}
"""What other parts of the build write: the data, and the map at the top."""


@pytest.fixture(scope="module")
def site() -> dict[str, bytes]:
    return build()


@pytest.fixture(scope="module")
def hostile() -> dict[str, bytes]:
    return build(hostile=True)


def documents(site: dict[str, bytes]) -> dict[str, Page]:
    return {path: Page(text.decode()) for path, text in site.items() if path.endswith(".html")}


def page(site: dict[str, bytes], path: str) -> Page:
    return Page(site[path].decode())


def language_of(path: str) -> Language:
    return next((say for say in LANGUAGES[1:] if path.startswith(say.folder)), ENGLISH)


def test_there_is_a_page_for_everything(site: dict[str, bytes]) -> None:
    made = edition()
    places = {f"j/{p.code}/index.html" for p in made.record.places}
    law = (p.id for p in made.record.provisions.bodies)
    proposed = (version.line.subject for version in made.record.proposed)
    provisions = {f"p/{key}/index.html" for key in (*law, *proposed)}
    days = {f"changes/{c.date}/index.html" for c in made.changes}
    assert {path for path in site if path.startswith("j/")} == places
    assert {path for path in site if path.startswith("p/")} == provisions
    assert {p for p in site if p.startswith("changes/")} == {*days, "changes/index.html"}
    assert {
        *("table/index.html", "table/by-status/index.html", "table/by-change/index.html"),
        *("table/us-ga/index.html", "about/index.html", "codebook/index.html"),
        *("sources/index.html", "sources/sources.json"),
        *("data/index.html", "404.html", "robots.txt", "static/site.css", "static/site.js"),
    } <= set(site)
    assert "changes/2025-01-01/index.html" in days
    assert "changes/2019/index.html" in days


@pytest.mark.parametrize("attacked", [False, True])
def test_every_page_is_sound_and_frugal(
    attacked: bool, site: dict[str, bytes], hostile: dict[str, bytes]
) -> None:
    for path, made in documents(hostile if attacked else site).items():
        policy = [v for tag, name, v in made.attributes if tag == "meta" and name == "content"]
        assert str(CSP) in policy, path
        assert made.tags.count("h1") == 1, path
        assert "style" not in made.tags, path
        assert {"skip", "main"} <= {v for _, name, v in made.attributes if name in ("class", "id")}
        assert made.title.endswith("– Kratom Atlas"), path
        assert any(name == "name" and v == "description" for _, name, v in made.attributes), path
        names = {name for _, name, _ in made.attributes}
        assert not {name for name in names if name.startswith("on") or name == "style"}, path
        depth = path.count("/")
        assert set(made.loads) <= {
            "data:,",
            f"{'../' * depth}static/site.css",
            f"{'../' * depth}static/site.js",
        }, path
        # `tags` holds every element: scripts are ours alone.
        scripted = path.removeprefix(language_of(path).folder).startswith(("table/", "sources/"))
        assert made.tags.count("script") == scripted, path


CONTRACT = {
    "en": (
        "records what the law on kratom is",
        f"Version {META.version}, as of {TODAY}",
        "Last look at the sources: 2026-08-28 (86 days before 2026-11-22)",
        "neither legal nor medical advice",
        "Code: MIT",
        "cite as",
        "Report an error",
    ),
    "es": (
        "registra qué dice la ley sobre el kratom",
        f"Versión {META.version}, a fecha de 22 de noviembre de 2026",
        "28 de agosto de 2026 (86 días antes de 22 de noviembre de 2026)",
        "no asesoramiento jurídico ni médico",
        "Código: MIT",
        "cítese como",
        "Avise de un error",
    ),
    "ar": (
        "ما هو القانون بشأن الكراتوم",
        "حتى 22 نوفمبر 2026",
        "28 أغسطس 2026",
        "86 يومًا",
        "وليست استشارة قانونية ولا طبية",
        "الشيفرة: MIT",
        "أبلغ عن خطأ",
    ),
}


def test_every_page_carries_the_words_of_the_contract(site: dict[str, bytes]) -> None:
    pages_of = documents(site)
    assert {language_of(path) for path in pages_of} == set(LANGUAGES)
    for path, made in pages_of.items():
        text = made.text.replace("\u2068", "").replace("\u2069", "")
        for words in (*CONTRACT[language_of(path).code], "CC BY 4.0", META.version):
            assert words in text, (path, words)


def rows_of(table: str) -> dict[str, list[str]]:
    """Code -> the ranks of its statuses."""
    found = re.findall(r"<small>([A-Z0-9-]+) ·.*?</tr>", table)
    ranks = [re.findall(r'data-k="(\d+)"', row) for row in table.split("<tr>")[2:]]
    return dict(zip(found, ranks, strict=True))


def test_the_tables_speak_every_language_and_say_the_same(site: dict[str, bytes]) -> None:
    tables = [path for path in site if path.startswith("table/")]
    assert len(tables) == 4
    for path in tables:
        english = site[path].decode()
        for say in LANGUAGES[1:]:
            text = site[f"{say.folder}{path}"].decode()
            assert f'<html lang="{say.code}" dir="{say.direction}">' in text
            for status in Status:
                assert text.count(f's-{status}"') == english.count(f's-{status}"')
                assert status.label not in text
            assert english.count("<tr>") == text.count("<tr>")
            assert rows_of(text) == rows_of(english)
            # What is there in English only says so.
            assert all(
                'hreflang="en"' in tag for tag in re.findall(r'<a href="[./]+j/[^>]*>', text)
            )


def test_languages_link_to_each_other(site: dict[str, bytes]) -> None:
    for path in ("table/index.html", "table/by-status/index.html", "table/us-ga/index.html"):
        for say in LANGUAGES:
            made = page(site, f"{say.folder}{path}")
            up = "../" * (path.count("/") + bool(say.folder))
            wanted = [f"{up}{other.folder}{path}" for other in LANGUAGES]
            assert made.links[: len(wanted) + 2][-len(wanted) :] == wanted  # after the feeds
            assert all(made.links.count(link) >= 2 for link in wanted)
    assert "hreflang" not in site["j/US-GA/index.html"].decode()


def test_every_link_leads_to_a_page(site: dict[str, bytes]) -> None:
    made = documents(site)
    told = messages(edition())
    followed = {
        path for write in (feeds, calendars) for path, _ in write(edition(), told, base_url="")
    }
    drawn = {f"share/{of.code}.{kind}" for of in cards(Atlas(edition())) for kind in ("png", "svg")}
    maps = [f"{say.folder}index.html" for say in LANGUAGES]
    known = {*site, *DATA, *followed, *drawn, *maps}
    for path, document in made.items():
        for link in document.links:
            if urlsplit(link).scheme:
                assert urlsplit(link).scheme in ("http", "https"), (path, link)
                continue
            target, fragment = urldefrag(link)
            target, _, query = target.partition("?")
            assert re.fullmatch(r"(about=/([a-z]+/){0,2}[\w.-]+/|place=[\w-]+|)", query), link
            at = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(target)))
            at = path if not target else at
            assert at in known, (path, link)
            if fragment and at in made:
                assert fragment in made[at].ids, (path, link)


def test_the_answers_are_those_of_the_table(site: dict[str, bytes]) -> None:
    table = edition().tables["status"]
    for code, rows in table.groupby("code"):
        found = page(site, f"j/{code}/index.html").cards
        assert {s: word for s, (word, _) in found.items()} == dict(
            zip(rows["substance"], rows["total_status"], strict=True)
        )
        for word, label in found.values():
            assert label == Status(word).label  # type: ignore[call-arg]


def test_a_state_page_says_what_there_is_to_say(site: dict[str, bytes]) -> None:
    text = page(site, "j/US-GA/index.html").text
    for words in (
        "Kratom law: Georgia, United States",
        "Kratom leaf R Regulated Sale is allowed only under rules on the product or the seller.",
        "Possession no law found",
        "Minimum age 21 years",
        "Strictest 7-OH cap 0.5 mg per g and 1 mg per serving",
        "under the present conditions since 2025-01-01",
        "Mitragynine: at most 1,500 mg per container",
        "Serving or package: at most 8 servings per container",
        "Penalty for sale: felony; $500; 1 year",
        "Void if: if scheduled",
        "Next change 2027-01-01",
        "What is coming",
        "2027-01-01: Georgia: 7-OH: from regulated to banned",
        "until 2028-08-26, the first day on which it no longer applies",
        "Own law alone ? Not yet researched",
        "Not yet in force (1)",
        "Suspended by a court (1)",
        "Code ga-stay suspends it: in force from January 2026, no longer from 2030",
        "Ended (1)",
        "No person under 21",
        "read 2026-08-28. Evidence: Primary.",
        f"Recorded {FIRST}",
        "Failed",
        "introduced January 2024",
        "2026-08-28: Found.",
        "Contested: The press says 18.",
        "United States: X Banned MGM-15 and MGM-16",
        "Our note: A note.",
        "last look at its own law: 2026-08-28 (86 days before 2026-11-22)",
    ):
        assert words in text, words
    for flag in (Flag.INCOMING, Flag.CONTESTED, Flag.TEMPORARY):
        assert flag.meaning in text


def test_silence_is_never_told_as_permission(site: dict[str, bytes]) -> None:
    unknown = page(site, "j/AQ/index.html").text
    assert "says nothing about whether kratom is lawful there" in unknown
    assert "says nothing about whether it is lawful: it may be banned" in unknown
    assert (
        "Nobody has searched the law of this place itself"
        in page(site, "j/US-GA-13001/index.html").text
    )
    for status in (Status.UNKNOWN, Status.NO_SPECIFIC_LAW):
        for known in (ActivityStatus.UNKNOWN, ActivityStatus.NO_LAW):
            told = status_sentence(status, known, known)
            assert "allow" not in told
            assert "may be banned" in told or "no permission" in told
    told = status_sentence(Status.SALE_BANNED, ActivityStatus.UNKNOWN, ActivityStatus.UNLAWFUL)
    assert told == "Sale is unlawful. Whether possession is lawful is not known."
    told = status_sentence(Status.LAWFUL, ActivityStatus.LAWFUL, ActivityStatus.UNKNOWN)
    assert told == "The law expressly allows possession. Whether sale is lawful is not known."


def test_dates_are_as_precise_as_their_source(site: dict[str, bytes]) -> None:
    thailand = page(site, "j/TH/index.html").text
    assert "In force from 1979" in thailand
    assert "1979-01" not in thailand
    assert "Code th-repeal ends it: in force from 2021-08-24" in thailand
    city = page(site, "j/US-GA-1304000/index.html").text
    assert "First day not known; a source says it was in force in April 2024" in city
    assert "April 2024 (seen)" in city
    assert "first day not known; this can be said from April 2024 on" in city


def test_a_local_rule_under_preemption_is_told_as_overridden(site: dict[str, bytes]) -> None:
    north = page(site, "j/US-GA-13000/index.html")
    assert "Overridden by wider law (1)" in north.text
    assert north.cards["leaf"][0] == "regulated"


def test_a_provision_page_keeps_what_was_recorded(site: dict[str, bytes]) -> None:
    wrong = page(site, "p/ga-wrong/index.html").text
    assert "This record no longer says this" in wrong
    assert f"{FIRST}: recorded, by a person: a reason" in wrong
    assert f"{LATER}: withdrawn, by a person: a reason" in wrong
    sale = page(site, "p/ga-sale/index.html").text
    assert "provision id ga-sale" in sale
    assert f"SHA-256 of the bytes read: {'ab' * 32}" in sale
    assert "Code ga-stayed" in page(site, "p/ga-stay/index.html").text


def test_what_a_bill_would_do_is_told_as_proposed_and_decides_nothing(
    site: dict[str, bytes],
) -> None:
    would = page(site, "p/ga-would/index.html").text
    assert "Proposed: not law on " in would
    assert "Proposed: not law. This is what HB 10 would do if it were law" in would
    assert "In force from" not in would
    # Of a bill that failed nothing is proposed any more.
    assert "Not law on " in page(site, "p/ga-failed/index.html").text
    # Nor is what was signed called a proposal, where its first day is still to be recorded.
    undated = page(site, "p/ga-undated/index.html").text
    assert "First day not recorded on " in undated
    assert "HB 6 is law; from when this applies is not recorded yet" in undated
    assert "Proposed" not in undated
    georgia = page(site, "j/US-GA/index.html")
    assert "Proposed, not law: Kratom leaf: prohibits: possession, retail sale" in georgia.text
    assert georgia.cards["leaf"][0] == "regulated"
    assert "ga-would" not in site["changes/index.html"].decode()
    table = edition().tables["provisions"]["provision_id"]
    assert not {"ga-would", "ga-failed", "ga-undated"} & set(table)


def test_the_tables_hold_their_places(site: dict[str, bytes]) -> None:
    spoken = ["United States", "Thailand", "Georgia", "North County, Georgia", "City, Georgia"]
    for order in ("", "by-status/", "by-change/"):
        text = page(site, f"table/{order}index.html").text
        assert all(name in text for name in spoken)
        assert "Antarctica" not in text
    assert text.index("Thailand") > text.index("United States")
    state = page(site, "table/us-ga/index.html").text
    assert all(name in state for name in ("North County", "South County", "East County", "City"))
    assert "not searched" in state
    assert "Every county or county equivalent (3)" in state
    assert "tribal nation with a page here (1)" in state


def test_changes_are_by_day_and_what_lies_ahead_stands_apart(site: dict[str, bytes]) -> None:
    listed = page(site, "changes/index.html").text
    coming, past = listed.split("Day by day")
    assert "2027-01-01 Georgia: 7-OH: from regulated to banned" in coming
    assert "2028-08-26" in coming
    assert "2027-01-01" not in past
    assert "2025-01-01 Georgia: pseudoindoxyl: now sale banned" in coming
    assert "Late knowledge recorded 2026-10-01" in coming
    assert "kratom-atlas diff 2024-01-01 2026-01-01" in past
    day = page(site, "changes/2027-01-01/index.html").text
    assert "This lies ahead" in day
    assert "Code ga-ban-7oh" in day
    assert "Law: the law changed." in day


def test_codebook_and_data_name_everything(site: dict[str, bytes]) -> None:
    codebook = page(site, "codebook/index.html").text
    for word in (*Status, *Flag, *Substance):
        assert word.value in codebook
        assert word.meaning in codebook
    data = page(site, "data/index.html").text
    for name, fields in FIELDS.items():
        assert f"{name}.csv" in data
        assert all(field.description in data for field in fields.values())


def test_hostile_text_is_shown_and_does_nothing(hostile: dict[str, bytes]) -> None:
    shown = 0
    for path, made in documents(hostile).items():
        assert not any(SCRIPT_LINK in link for link in made.links), path
        assert "\x07" not in made.text, path
        assert "\u202e" not in made.text, path
        assert "\u2028" not in made.text, path
        assert "img" not in made.tags, path
        shown += made.text.count("<script>alert(1)</script>")
        assert made.text.count("{{7*7}}") == made.text.count("${7*7}")
        raw = hostile[path].decode()
        for name in re.findall(r'="([^"]*)"', raw):
            assert "<bdi>" not in name, path
    assert shown > 100
    raw = hostile["j/US-GA/index.html"].decode()
    assert re.search(r"<bdi>Georgia &lt;script&gt;", raw)
    assert re.search(r"<title>\u2068Kratom law: .*\u2069 – Kratom Atlas</title>", raw)


def test_pages_name_no_other_host_and_no_inline_style(site: dict[str, bytes]) -> None:
    css = site["static/site.css"].decode()
    assert "url(" not in css
    assert "@import" not in css
    js = site["static/site.js"].decode()
    for word in ("fetch", "XMLHttp", "innerHTML", "eval", "http"):
        assert word not in js


def test_same_edition_same_bytes(site: dict[str, bytes]) -> None:
    assert build() == site
    code = (
        "import hashlib; from site_sample import build;"
        "d = hashlib.sha256();"
        "[d.update(k.encode() + v) for k, v in build().items()];"
        "print(d.hexdigest())"
    )
    here = str(Path(__file__).parent)
    digest = sha256()
    for path, content in site.items():
        digest.update(path.encode() + content)
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": here},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == digest.hexdigest()


def test_with_an_address_there_is_a_site_map() -> None:
    with_base = build(meta=replace(META, base_url="https://example.org/atlas/"))
    listed = with_base["sitemap.xml"].decode()
    assert "<loc>https://example.org/atlas/j/US-GA/</loc>" in listed
    assert "<loc>https://example.org/atlas/</loc>" in listed
    assert "<loc>https://example.org/atlas/ar/table/us-ga/</loc>" in listed
    assert listed.count("<loc>") == len(LANGUAGES) + sum(
        p.endswith("/index.html") for p in with_base
    )
    assert "Sitemap: https://example.org/atlas/sitemap.xml" in with_base["robots.txt"].decode()
    assert "https://example.org/atlas/table/index.html" in with_base["404.html"].decode()
    assert "sitemap.xml" not in build()


def previews(text: bytes) -> dict[str, str]:
    found = re.findall(
        rb'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)">', text
    )
    assert len(dict(found)) == len(found)
    return {name.decode(): unescape(value.decode()) for name, value in found}


def test_links_are_previewed_with_the_image_of_what_they_show() -> None:
    base = "https://example.org/atlas"
    with_base = build(meta=replace(META, base_url=f"{base}/"))
    drawn = {of.code for of in cards(Atlas(edition()))}
    for path, text in with_base.items():
        if not path.endswith("index.html"):
            continue
        told = previews(text)
        assert told["og:url"] == f"{base}/{path.removesuffix('index.html')}", path
        image = told["og:image"].removeprefix(f"{base}/share/").removesuffix(".png")
        assert image in {*drawn, "us-leaf", "world-leaf"}, path
        assert told["twitter:card"] == "summary_large_image"
        assert (told["og:image:width"], told["og:image:height"]) == (str(WIDE), str(HIGH))
        assert told["og:title"], path
        assert told["og:description"], path
        assert language_of(path).day(TODAY) in told["og:image:alt"], path
    georgia = previews(with_base["j/US-GA/index.html"])
    assert georgia["og:title"] == "Kratom law: Georgia, United States"
    assert georgia["og:image"] == f"{base}/share/US-GA.png"
    assert "7-OH: regulated" in georgia["og:image:alt"]
    assert georgia["og:image:alt"] == georgia["og:description"]
    # Where its own law says nothing: of what it lies in, and in words too.
    silent = next(p.code for p in edition().record.places if p.parent and p.code not in drawn)
    told = previews(with_base[f"j/{silent}/index.html"])
    assert told["og:image"].endswith((f"/{silent.rpartition('-')[0]}.png", "/world-leaf.png"))
    assert told["og:image:alt"] != told["og:description"]


def test_without_an_address_no_image_is_named(site: dict[str, bytes]) -> None:
    for path, text in site.items():
        if path.endswith(".html"):
            assert set(previews(text)) == {
                *("og:site_name", "og:type", "og:title", "og:description"),
            }, path


def test_a_place_with_law_of_its_own_offers_its_image(site: dict[str, bytes]) -> None:
    drawn = {of.code for of in cards(Atlas(edition()))}
    for place in edition().record.places:
        links = page(site, f"j/{place.code}/index.html").links
        offered = {link for link in links if "/share/" in link}
        wanted = {f"../../share/{place.code}.{kind}" for kind in ("png", "svg")}
        assert offered == (wanted if place.code in drawn else set()), place.code


def test_reports_may_go_to_a_page_of_the_site() -> None:
    here = build(meta=replace(META, report_url="about/index.html#report"))
    assert "../../about/index.html#report" in page(here, "j/US-GA/index.html").links


def test_without_an_address_a_page_says_how_to_report(site: dict[str, bytes]) -> None:
    none = build(meta=replace(META, report_url=HOW_TO_REPORT))
    how = page(none, HOW_TO_REPORT)
    assert "takes no messages" in how.text
    assert "CONTRIBUTING" in how.text
    assert "../report/index.html" in page(none, "about/index.html").links
    assert "../../report/index.html?about=/j/US-GA/" in page(none, "j/US-GA/index.html").links
    assert "../../report/index.html?about=/p/city-ban/" in page(none, "p/city-ban/index.html").links
    given = page(site, HOW_TO_REPORT)
    assert META.report_url in given.links
    assert "CONTRIBUTING" not in given.text
    assert META.report_url in page(site, "j/US-GA/index.html").links
    assert not any("about=" in link for link in page(site, "j/US-GA/index.html").links)


def test_a_place_leads_to_its_alerts(site: dict[str, bytes]) -> None:
    assert "../../subscribe/index.html?place=US-GA" in page(site, "j/US-GA/index.html").links
    how = page(site, "subscribe/index.html")
    assert {"../feeds/all.atom", "../calendar/all.ics"} <= set(how.links)
    assert "need the service of Kratom Atlas" in how.text
    assert not any(tag in ("form", "input", "button") for tag in how.tags)


def test_the_privacy_page_says_what_the_code_does(site: dict[str, bytes]) -> None:
    told = page(site, "privacy/index.html").text
    for words in (
        f"for {keeping.DELIVERIES.days} days",
        f"dropped after {keeping.UNCONFIRMED.days} days",
        f"counts for {keeping.CONFIRM.days * 24} hours",
        f"counts for {keeping.MANAGE.days} days, the former for {keeping.LEAVE.days // 365} years",
        f"forgotten after {keeping.COUNTED.days * 24} hours",
    ):
        assert words in told
    assert keeping.LEAVE.days % 365 == 0


def test_every_page_leads_to_privacy_and_terms(site: dict[str, bytes]) -> None:
    for path, made in documents(site).items():
        names = {posixpath.basename(posixpath.dirname(link)) for link in made.links}
        assert {"privacy", "terms"} <= names, path


@pytest.mark.parametrize(
    "meta",
    [
        replace(META, report_url=SCRIPT_LINK),
        replace(META, report_url="//example.org"),
        replace(META, base_url="javascript:alert(1)//"),
        replace(META, base_url='https://example.org/"><script>'),
    ],
)
def test_a_bad_address_is_refused(meta: object) -> None:
    with pytest.raises(AtlasError, match=r"not (the|an) address"):
        build(meta=meta)  # type: ignore[arg-type]


def test_a_code_that_is_no_folder_is_refused() -> None:
    made = edition()
    places = list(made.record.places)
    places[0] = msgspec.structs.replace(places[0], code="../../etc")
    made.record.places = tuple(places)
    with pytest.raises(AtlasError, match="cannot be part of an address"):
        list(pages(made, meta=META))


def test_statuses_look_as_on_the_map(site: dict[str, bytes]) -> None:
    css = site["static/site.css"].decode()
    for style in STATUSES:
        assert SYMBOLS[Status(style.id)] == style.symbol  # type: ignore[call-arg]
        match = re.search(rf"\.s-{style.id} {{ background: (#\w+); color: (#\w+);", css)
        assert match, style.id
        assert match[1] == style.colour
        assert match[2] in (
            style.text,
            style.text.replace("ffffff", "fff").replace("000000", "000"),
        )

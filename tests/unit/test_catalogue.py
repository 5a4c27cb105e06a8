"""The words of the interface: all of them in the catalogue, each with a translation that fits."""

from __future__ import annotations

import io
import json
import re
from importlib import resources
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.jslexer import tokenize, unquote_string
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.languages import CODES, ENGLISH, LANGUAGES, MANY, MARKED, ONE, Language, filled
from kratom_atlas.locale.__main__ import FOLDER, KEYWORDS, template, update
from kratom_atlas.model.vocabulary import ActivityStatus, Flag, Level, Status, Verification
from kratom_atlas.record import load_record
from kratom_atlas.settings import Settings
from maps import boundaries

SPANISH, ARABIC = LANGUAGES[1:]
APP = sorted(
    (f for f in resources.files("maps.templates").joinpath("app").iterdir() if ".js" in f.name),
    key=lambda f: f.name,
)
HINT = "run `make messages`, then translate what is new"


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3] if path.suffix == ".po" else None)


def keys(catalogue: Catalog) -> set[tuple[str | None, str | tuple[str, ...]]]:
    return {(m.context, m.id) for m in catalogue if m.id}


def texts(of: str | tuple[str, ...] | list[str]) -> list[str]:
    return [of] if isinstance(of, str) else list(of)


def messages() -> list[object]:
    return [
        pytest.param(code, m, id=f"{code}-{texts(m.id)[0][:40]}")
        for code in CODES[1:]
        for m in read(FOLDER / code / "LC_MESSAGES" / "messages.po")
        if m.id
    ]


def test_every_word_of_the_interface_is_in_every_catalogue() -> None:
    now = keys(template())
    assert keys(read(FOLDER / "messages.pot")) == now, HINT
    for code in CODES[1:]:
        catalogue = read(FOLDER / code / "LC_MESSAGES" / "messages.po")
        assert keys(catalogue) == now, f"{code}: {HINT}"
        assert not catalogue.obsolete


def test_updating_what_is_up_to_date_changes_nothing(tmp_path: Path) -> None:
    names = ["messages.pot", *(f"{code}/LC_MESSAGES/messages.po" for code in CODES[1:])]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    update(tmp_path)
    once = [(tmp_path / name).read_bytes() for name in names]
    update(tmp_path)
    assert [(tmp_path / name).read_bytes() for name in names] == once
    for name in names[1:]:
        before, after = read(FOLDER / name), read(tmp_path / name)
        assert {(m.context, m.id): m.string for m in after if m.id} == {
            (m.context, m.id): m.string for m in before if m.id
        }
        assert after.plural_forms == before.plural_forms


def test_what_is_new_has_no_translation_and_what_is_gone_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "es" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    text = (FOLDER / "es" / "LC_MESSAGES" / "messages.po").read_text(encoding="utf-8")
    path.write_text(text.replace('msgid "Pause"', 'msgid "Pauses"'), encoding="utf-8")
    update(tmp_path)
    assert read(path).get("Pause").string == ""  # not guessed from what is like it
    assert read(path).get("Pauses") is None
    assert read(path).get("Play").string == "Reproducir"
    arabic = read(tmp_path / "ar" / "LC_MESSAGES" / "messages.po")  # a language that is new
    assert keys(arabic) == keys(read(path))
    assert arabic.num_plurals == 6


@pytest.mark.parametrize(("code", "message"), messages())
def test_every_translation_fits(code: str, message: Message) -> None:
    said = texts(message.string)
    assert all(said), f"no translation yet: {HINT}"
    assert not message.fuzzy
    wanted = set().union(*(re.findall(r"\{(\w+)\}", text) for text in texts(message.id)))
    for text in said:
        found = re.findall(r"\{(\w+)\}", text)
        assert len(found) == len(set(found))
        # "One place": a form for a single number may leave the number out.
        assert set(found) == wanted or (len(said) > 2 and set(found) | {"n"} == wanted)
        assert not re.search(r"[<>&@`\\]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)
        assert text == text.strip() or text in (", ", "; ", "، ", "؛ ")
    forms = 1 if isinstance(message.id, str) else {"es": 2, "ar": 6}[code]
    assert len(said) == forms


def test_scripts_say_only_what_the_catalogue_can_translate() -> None:
    """What is replaced in the scripts is what the extractor sees in them, and all there is."""
    for file in APP:
        code = file.read_text(encoding="utf-8")
        replaced: list[object] = [json.loads(found[1]) for found in ONE.finditer(code)]
        replaced += [(json.loads(f[1]), json.loads(f[2])) for f in MANY.finditer(code)]
        seen = [m for _, m, _, _ in extract("javascript", io.BytesIO(code.encode()), KEYWORDS)]
        assert sorted(map(str, replaced)) == sorted(map(str, seen)), file.name
        calls = re.findall(r"(?<![\w.])tn?\((?!many \?)", code)
        assert len(calls) == len(replaced), f"{file.name}: t() and tn() take texts, not variables"


NOT_WORDS = re.compile(
    r"[\w. \-]*(px|%|system-ui, sans-serif)\b.*"  # fonts and sizes
    r"|.*[#<>=\[\](].*"  # selectors, markup of the snippet, media queries
    r"|use strict|(chosen-substance|rule decides|[a-z-]+)|(AK0,0|OR1,3|WV7,4|GA8,6).*"
    r"|noopener|[A-Z]{2,5}|Arrow\w+|Escape|Enter|Infinity|Kratom Atlas"
)


def test_no_script_speaks_past_the_catalogue() -> None:
    for file in APP:
        code = MANY.sub("", ONE.sub("", file.read_text(encoding="utf-8")))
        for token in tokenize(code):
            text = unquote_string(token.value) if token.type == "string" else ""
            if re.search(r"[A-Za-z]{3}", text) and (" " in text.strip() or text[0].isupper()):
                assert NOT_WORDS.fullmatch(text), f"{file.name}: not through t(): {text!r}"


def test_no_page_speaks_past_the_catalogue() -> None:
    html = resources.files("maps.templates").joinpath("page.html").read_text(encoding="utf-8")
    marked = MARKED.sub("", html)
    spoken = re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', marked)
    spoken += re.sub(r"<style>.*?</style>|<[^>]*>|@@\w+@@", " ", marked).split()
    assert {text for text in spoken if re.search(r"[A-Za-z]", text)} == set()


def test_a_script_is_told_in_its_language() -> None:
    code = 't("Why"); tn(f(a, b), "{n} year", "{n} years", { c }); const t = 1; at("Why")'
    assert ENGLISH.script(code) == code
    spanish = SPANISH.script(code)
    assert spanish == (
        't("Por qué"); tn(f(a, b), {"other":"{n} años","one":"{n} año"}, 0, { c });'
        ' const t = 1; at("Why")'
    )
    assert set(json.loads(ARABIC.script(code).split("b), ")[1].split(", 0")[0])) == {
        *("zero", "one", "two", "few", "many", "other")
    }
    assert SPANISH.script('t("not in the catalogue <b>")') == 't("not in the catalogue \\u003cb>")'


@given(st.integers(0, 10**7), st.sampled_from(LANGUAGES))
def test_what_is_counted_is_told_in_the_form_of_its_number(n: int, say: Language) -> None:
    one, many = "{n} year", "{n} years"
    forms = say.forms(one, many)
    kind = say.locale.plural_form(n)
    told = say.fill(forms.get(kind, forms["other"]), {"n": say.number(n)})
    assert say.tn(n, one, many) == told
    assert all(c.isascii() for c in told if c.isdigit())


def test_arabic_has_a_form_for_every_kind_of_number() -> None:
    said = [
        ARABIC.tn(n, "{n} country or territory", "{n} countries and territories")
        for n in (0, 1, 2, 3, 11, 100)
    ]
    assert len(set(said)) == 6
    assert said[3:] == [
        "\u20683\u2069 بلدان وأقاليم",
        "\u206811\u2069 بلدًا وإقليمًا",
        "\u2068100\u2069 بلد وإقليم",
    ]


@pytest.mark.parametrize(
    ("text", "english", "spanish", "arabic"),
    [
        ("2026", "2026", "2026", "2026"),
        ("2026-08", "2026-08", "agosto de 2026", "أغسطس 2026"),
        ("2026-08-01", "2026-08-01", "1 de agosto de 2026", "1 أغسطس 2026"),
        ("never", "never", "never", "never"),
        ("", "", "", ""),
        ("٢٠٢٦-٠٨", "٢٠٢٦-٠٨", "٢٠٢٦-٠٨", "٢٠٢٦-٠٨"),
    ],
)
def test_dates_are_as_precise_as_they_are(
    text: str, english: str, spanish: str, arabic: str
) -> None:
    assert [say.day(text) for say in LANGUAGES] == [english, spanish, arabic]


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert [say.number(12345.25) for say in LANGUAGES] == ["12,345.25", "12.345,25", "12,345.25"]
    assert [say.number(0.0004) for say in LANGUAGES] == ["0.0004", "0,0004", "0.0004"]


def test_places_have_names_in_every_language() -> None:
    settings = Settings(home=Path("none"), database_url=None, base_url="", report_url="")
    places = load_record(settings, use_store=False).places
    codes = {p.code: p.name for p in places if p.level in (Level.COUNTRY, Level.SUBDIVISION)}
    codes |= {p.code: p.name for p in boundaries.read_pack("us.topo.json").layers["states"]}
    assert len(codes) > 300
    arabic = re.compile(r"[\u0600-\u06ff\s،()\-–.]+")
    for code, name in codes.items():
        assert arabic.fullmatch(ARABIC.place(code, name)), code
        assert re.fullmatch(r"[\w\s.,’'()\-–&]+", SPANISH.place(code, name)), code
        assert ENGLISH.place(code, name) == name
    assert SPANISH.place("US-NM", "New Mexico") == "Nuevo México"
    assert SPANISH.place("US-PR", "Puerto Rico") == "Puerto Rico"
    assert ARABIC.place("GA", "Gabon") == "الغابون" != ARABIC.place("US-GA", "Georgia")
    assert ARABIC.place("X-EU", "European Union") == "الاتحاد الأوروبي"
    for local in ("US-AL-01073", "US-IL-1738232", "US-MT-0305", "ZZ-99", ""):
        assert ARABIC.place(local, "As recorded") == "As recorded"


@pytest.mark.parametrize("say", LANGUAGES[1:], ids=lambda say: say.code)
def test_words_that_differ_in_law_differ_in_every_language(say: Language) -> None:
    for kind in (Status, ActivityStatus, Flag, Verification):
        assert len({say.word(word) for word in kind}) == len(kind)
    assert say.word(Status.UNKNOWN) != say.word(Status.NO_SPECIFIC_LAW) != say.word(Status.LAWFUL)


def test_what_is_put_into_arabic_keeps_its_direction() -> None:
    told = ARABIC.t("since {day}", day="<b>2026</b>")
    assert told == "منذ \u2068<b>2026</b>\u2069"
    assert ARABIC.label("Substance", "7-OH") == "\u20667-OH\u2069"
    assert SPANISH.label("Substance", "7-OH") == "7-OH"
    assert filled("{a} {b}", {"a": "{b}", "b": 1}) == "{b} 1"

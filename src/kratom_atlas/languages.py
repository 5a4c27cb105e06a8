"""The languages of the interface: one catalogue of words; dates, numbers and names of CLDR.

The record, its citations and the texts of the law stay in the language in which they were written.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from gettext import NullTranslations
from importlib import resources
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.messages import mofile, pofile
from babel.numbers import format_decimal
from babel.support import Translations

from kratom_atlas.model.vocabulary import Word, lower

__all__ = [
    "CODES",
    "DOMAIN",
    "ENGLISH",
    "LANGUAGES",
    "MANY",
    "MARKED",
    "ONE",
    "Language",
    "filled",
    "msg",
]

CODES: Final = ("en", "es", "ar")
"""English is what the code says; the others are folders of `locale/`."""
DOMAIN: Final = "messages"

_LITERAL: Final = r'"(?:[^"\\\n]|\\.)*"'
ONE: Final = re.compile(rf"(?<![\w.])t\(({_LITERAL})")
"""A sentence in a script: `t("…")`."""
MANY: Final = re.compile(
    rf"(?<![\w.])tn\((?:(?!\btn?\().)*?({_LITERAL}),\s*({_LITERAL})", re.DOTALL
)
"""A sentence that counts, in a script: `tn(count, "one", "many")`."""

MARKED: Final = re.compile(r'@@:(.+?)@@|(?<![\w.])t\("([^"]+)"')
"""A sentence in a page: `@@:…@@` of the map, `t("…")` of a template."""

_CODE = re.compile(r"\d+-[A-Z]+")
"""A name that turns around in text from right to left: `7-OH`."""
_FIELD = re.compile(r"\{(\w+)\}")
_ISO = re.compile(r"\d{4}(-\d\d){0,2}", re.ASCII)
_SAMPLE: Final = range(120)
"""Every kind of plural of every language has one of these numbers."""


def msg(text: str) -> str:
    """`text`, marked for the catalogue; it is translated where it is shown."""
    return text


def filled(text: str, values: Mapping[str, object], *, isolated: bool = False) -> str:
    """`text` with its fields filled in; `isolated`: none of them moves what stands beside it."""
    around = "\u2068{}\u2069" if isolated else "{}"
    return _FIELD.sub(lambda field: around.format(values[field[1]]), text)


@dataclass(frozen=True)
class Language:
    """One language, by its code (BCP 47)."""

    code: str

    @cached_property
    def locale(self) -> Locale:
        """What CLDR knows of it."""
        return Locale.parse(self.code)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.locale.text_direction)

    @property
    def name(self) -> str:
        """Its own name for itself."""
        name = self.locale.get_display_name() or self.code
        return name[:1].upper() + name[1:]

    @property
    def folder(self) -> str:
        """Where its pages are, relative to the site: nothing, or `es/`."""
        return "" if self.code == CODES[0] else f"{self.code}/"

    @cached_property
    def catalogue(self) -> NullTranslations:
        """Its words by the English ones. What has none is told in English."""
        if self.code == CODES[0]:
            return NullTranslations()
        file = resources.files("kratom_atlas").joinpath(
            "locale", self.code, "LC_MESSAGES", f"{DOMAIN}.po"
        )
        compiled = io.BytesIO()
        with file.open("rb") as source:
            mofile.write_mo(compiled, pofile.read_po(source, locale=self.code))
        compiled.seek(0)
        return Translations(compiled, DOMAIN)

    def told(self, text: str) -> str:
        """A translated text as it is shown: codes in it keep their direction."""
        return text if self.direction == "ltr" else _CODE.sub("\u2066\\g<0>\u2069", text)

    def t(self, text: str, **values: object) -> str:
        """`text` in this language; `{name}` stands for what varies."""
        told = self.told(self.catalogue.gettext(text))
        return self.fill(told, values) if values else told

    def tn(self, n: int, one: str, many: str, **values: object) -> str:
        """What is said of `n` things; `{n}` stands for the number."""
        told = self.told(self.catalogue.ngettext(one, many, n))
        return self.fill(told, {"n": self.number(n), **values})

    def fill(self, text: str, values: Mapping[str, object]) -> str:
        """A translated text with its fields filled in."""
        return filled(text, values, isolated=self.direction == "rtl")

    def label(self, kind: str, text: str) -> str:
        """A text of the vocabulary; `kind` is the name of its class."""
        return self.told(self.catalogue.pgettext(kind, text))

    def word(self, word: Word) -> str:
        """The label of a word."""
        return self.label(type(word).__name__, word.label)

    def inside(self, word: Word) -> str:
        """The label of a word inside a sentence."""
        return lower(self.word(word))

    def forms(self, one: str, many: str) -> dict[str, str]:
        """Kind of plural, as CLDR and browsers name them -> what is said."""
        kind = self.locale.plural_form
        return {kind(n): self.told(self.catalogue.ngettext(one, many, n)) for n in _SAMPLE}

    def number(self, n: float) -> str:
        """A number, in the digits of the codes and citations that stand beside it."""
        return format_decimal(n, "#,##0.######", locale=self.locale, numbering_system="latn")

    def day(self, text: str) -> str:
        """A date as precise as it is; what is none stays as it is. English pages write ISO 8601."""
        if self.code == CODES[0] or not _ISO.fullmatch(text) or len(text) == 4:
            return text
        day = date.fromisoformat(text if len(text) == 10 else f"{text}-01")
        if len(text) == 10:
            return format_date(day, "long", locale=self.locale)
        return format_skeleton("yMMMM", day, locale=self.locale)

    def place(self, code: str, name: str) -> str:
        """The name of a country, state or province; of other places the record's own `name`."""
        if self.code == CODES[0]:
            return name
        # `TH`, `X-EU`; and the territories of the United States have codes of their own.
        country = code.removeprefix("X-").removeprefix("US-")
        return _subdivisions()[self.code].get(code) or self.locale.territories.get(country) or name

    def script(self, code: str) -> str:
        """JavaScript with the words of this language in the place of the English ones."""
        if self.code == CODES[0]:
            return code

        def one(found: re.Match[str]) -> str:
            return f"t({_quoted(self.t(json.loads(found[1])))}"

        def many(found: re.Match[str]) -> str:
            forms = self.forms(json.loads(found[1]), json.loads(found[2]))
            head = found[0][: found.start(1) - found.start()]
            return f"{head}{_quoted(forms)}, 0"

        return ONE.sub(one, MANY.sub(many, code))


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _subdivisions() -> dict[str, dict[str, str]]:
    """Language -> code of a subdivision -> name (`locale/SOURCES.md`)."""
    file = resources.files("kratom_atlas").joinpath("locale", "subdivisions.json")
    found: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return found


LANGUAGES: Final = tuple(Language(code) for code in CODES)
ENGLISH: Final = LANGUAGES[0]

"""Days as law writes them: dates and numbers in words, and reckoning from one day to another.

Dates are found at a place of a text in lower case, in the languages of the atlas. What is reckoned
from a day known only to the month or year is as precise as is certain, and no more.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, NamedTuple, TypeAlias

from kratom_atlas.model.time import PartialDate

__all__ = [
    "GAP",
    "MONTH",
    "NUMBER",
    "Dated",
    "certain",
    "date_at",
    "days_later",
    "lowered",
    "month_number",
    "months_later",
    "next_of",
    "number_of",
    "start_of_month",
]

Reckon: TypeAlias = Callable[[date], date]


class Dated(NamedTuple):
    """A date in a text, and where its words end."""

    date: PartialDate
    end: int


def lowered(text: str) -> str:
    """The text in lower case, each character where it stood."""
    # Of all letters only this one becomes two.
    return text.replace("\u0130", "I").lower()


# -- numbers ----------------------------------------------------------------------------------

_CARDINALS: Final = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
"""
_ORDINALS: Final = """
zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth
"""
_TENS: Final = ("twent", "thirt", "fort", "fift", "sixt", "sevent", "eight", "ninet")
_ENGLISH: Final = {
    **{word: n for words in (_CARDINALS, _ORDINALS) for n, word in enumerate(words.split())},
    **{f"{stem}y": 10 * tens for tens, stem in enumerate(_TENS, 2)},
    **{f"{stem}ieth": 10 * tens for tens, stem in enumerate(_TENS, 2)},
    "hundred": 100,
    "hundredth": 100,
}
_OTHER: Final = {
    # German, Dutch, Norwegian, Danish, Swedish: as in `am vierzehnten Tag`, `den tiende dag`.
    "ersten": 1, "zweiten": 2, "dritten": 3, "vierten": 4, "sechsten": 6, "siebten": 7,
    "zehnten": 10, "vierzehnten": 14, "eerste": 1, "tweede": 2, "derde": 3, "vierde": 4,
    "tiende": 10, "første": 1, "annen": 2, "tredje": 3, "fjerde": 4, "första": 1, "andra": 2,
    # French, Italian, Spanish, Portuguese, Romanian.
    "premier": 1, "deuxième": 2, "troisième": 3, "quatrième": 4, "dixième": 10, "quinze": 15,
    "vingt": 20, "vingtième": 20, "trente": 30, "trentième": 30, "primo": 1, "secondo": 2,
    "terzo": 3, "decimo": 10, "quindicesimo": 15, "ventesimo": 20, "trenta": 30,
    "trentesimo": 30, "primer": 1, "segundo": 2, "tercer": 3, "diez": 10, "quince": 15,
    "veinte": 20, "vigésimo": 20, "treinta": 30, "sesenta": 60, "noventa": 90, "primeiro": 1,
    "trinta": 30, "sessenta": 60, "treizeci": 30,
    # Polish, Czech, Slovak: as in `patnáctým dnem`, `tridsiatym dňom`, `czternastu dni`.
    "pierwszego": 1, "czternastu": 14, "trzydziestu": 30, "prvním": 1, "druhého": 2,
    "třetího": 3, "třetím": 3, "patnáctým": 15, "třicátým": 30, "devadesátým": 90, "prvým": 1,
    "tretieho": 3, "pätnástym": 15, "tridsiatym": 30,
    # Estonian, Latvian, Lithuanian.
    "kolmandal": 3, "kümnendal": 10, "ceturtajā": 4, "četrpadsmitajā": 14,
    # Thai: as in `เมื่อพ้นกำหนดเก้าสิบวัน`.
    "สิบห้า": 15, "สามสิบ": 30, "หกสิบ": 60, "เก้าสิบ": 90, "หนึ่งร้อยยี่สิบ": 120,
    "หนึ่งร้อยแปดสิบ": 180, "สองร้อยสี่สิบ": 240, "สามร้อยหกสิบ": 360,
}  # fmt: skip
_WORD_NUMBER: Final = "|".join(sorted(_ENGLISH, key=len, reverse=True))
_OTHER_NUMBER: Final = "|".join(sorted(_OTHER, key=len, reverse=True))
GAP: Final = r"(?:\s{1,3}|\n\d{1,3}\s)"
"""What stands between words: blanks, or the end of a line and the number of the next."""
NUMBER: Final = (
    # `90`, `90th`, `ninety-first`, `one hundred and twenty`, `quince`
    rf"(?:\d{{1,4}}(?:st|nd|rd|th)?|(?:{_WORD_NUMBER})(?:[\s-](?:and\s)?(?:{_WORD_NUMBER})){{0,3}}"
    rf"|{_OTHER_NUMBER})(?:\s?\(\d{{1,4}}(?:st|nd|rd|th)?\))?"
)
_DIGITS: Final = re.compile(r"\d{1,4}")


def number_of(words: str) -> int:
    """The number that words for which `NUMBER` stands mean: `ninety-first` is 91.

    >>> number_of("one hundred and twenty")
    120
    """
    if (digits := _DIGITS.match(words)) is not None:
        return int(digits[0])
    words = words.partition("(")[0].strip()
    if words in _OTHER:
        return _OTHER[words]
    total = 0
    for word in re.split(r"[\s-]", words):
        value = _ENGLISH.get(word, 0)
        total = max(total, 1) * 100 if value == 100 else total + value
    return total


# -- months -----------------------------------------------------------------------------------

_MONTH_ROWS: Final = """
january jan januar januari janvier gennaio enero janeiro ianuarie stycznia ledna lednem januára
  januárom jaanuar jaanuaril janvāris janvārī sausio tammikuuta มกราคม;
february feb februar februari février febbraio febrero fevereiro februarie lutego února únorem
  februára februárom veebruar veebruaril februāris februārī vasario helmikuuta กุมภาพันธ์;
march mar mars märz maart marzo março martie marca března březnem marcom märts märtsil marts martā
  kovo maaliskuuta มีนาคม;
april apr avril aprile abril aprilie kwietnia dubna dubnem apríla aprílom aprill aprillil aprīlis
  aprīlī balandžio huhtikuuta เมษายน;
may mai maj mei maggio mayo maio maja května květnem mája májom mail maijs maijā gegužės toukokuuta
  พฤษภาคม;
june jun juni juin giugno junio junho iunie czerwca června červnem júna júnom juuni juunil jūnijs
  jūnijā birželio kesäkuuta มิถุนายน;
july jul juli juillet luglio julio julho iulie lipca července červencem júla júlom juuli juulil
  jūlijs jūlijā liepos heinäkuuta กรกฎาคม;
august aug augusti augustus août agosto sierpnia srpna srpnem augusta augustom augustil augusts
  augustā rugpjūčio elokuuta สิงหาคม;
september sept sep septembre settembre septiembre setembro septembrie września září septembra
  septembrom septembril septembris septembrī rugsėjo syyskuuta กันยายน;
october oct oktober octobre ottobre octubre outubro octombrie października října říjnem októbra
  októbrom oktoober oktoobril oktobris oktobrī spalio lokakuuta ตุลาคม;
november nov novembre noviembre novembro noiembrie listopada listopadem novembra novembrom novembril
  novembris novembrī lapkričio marraskuuta พฤศจิกายน;
december dec dezember desember décembre dicembre diciembre dezembro decembrie grudnia prosince
  prosincem decembra decembrom detsember detsembril decembris decembrī gruodžio joulukuuta ธันวาคม
"""
"""The months from the first to the last: English, then the other languages, in the cases in which
dates have them."""
_MONTHS: Final = {
    name: number for number, row in enumerate(_MONTH_ROWS.split(";"), 1) for name in row.split()
}
MONTH: Final = rf"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})"


def month_number(name: str) -> int:
    """The month that a name means in any of the languages."""
    return _MONTHS[name]


# -- dates ------------------------------------------------------------------------------------

_YEAR: Final = r"(?P<y>[12]\d{3})(?!\d)"
_DAY: Final = r"(?P<d>[0-3]?\d)(?!\d)"
_ENDING: Final = r"(?:\.|º|°|er|st|nd|rd|th|:e|a)"
_OF: Final = rf"day{GAP}of{GAP}|of |de |päivänä "
_KANJI: Final = "〇一二三四五六七八九"
_JAPANESE: Final = rf"[\d十{_KANJI}]{{1,3}}"
_ERAS: Final = {"令和": 2018, "平成": 1988, "昭和": 1925}
_DATES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # `july 1, 2026`, `july 1st 2026`, `aug. 1,2026`, `july\n3 1, 2026`
        rf"(?P<m>{MONTH})\.?{GAP}{_DAY}(?:st|nd|rd|th)?,?(?:{GAP})?{_YEAR}",
        # `1 july 2026`, `1. juli 2026`, `1er janvier 2027`, `1 de enero de 2027`,
        # `1º gennaio 2027`, `1st day of july, 2026`, `1 päivänä tammikuuta 2024`
        rf"{_DAY}{_ENDING}?{GAP}?(?:{_OF})?(?P<m>{MONTH})\.?,?{GAP}(?:de |del )?{_YEAR}",
        # `first day of july, 2026`
        rf"(?P<dw>{NUMBER}){GAP}(?:day{GAP})?of{GAP}(?P<m>{MONTH}),?{GAP}{_YEAR}",
        # `2026-07-01`
        r"(?P<y>[12]\d{3})-(?P<mn>[01]\d)-(?P<d>[0-3]\d)(?!\d)",
        # `7/1/2026`, `01/01/27`: month first, as the United States write it
        r"(?P<mn>[01]?\d)/(?P<d>[0-3]?\d)/(?P<y>\d{4}|\d\d)(?![\d/])",
        # `1.1.2024`, `1. 1. 2024`
        rf"{_DAY}\.\s?(?P<mn>[01]?\d)\.\s?{_YEAR}",
        # `2024 m. sausio 1 d.`
        rf"(?P<y>[12]\d{{3}})\sm\.\s(?P<m>{MONTH})\s(?P<d>[0-3]?\d)\sd\.",
        # `2024. gada 1. janvārī`
        rf"(?P<y>[12]\d{{3}})\.\sgada\s(?P<d>[0-3]?\d)\.\s(?P<m>{MONTH})",
        # `1 มกราคม พ.ศ. 2568`, also in Thai digits
        rf"(?P<d>[0-3๐-๓]?[0-9๐-๙])\s(?P<m>{MONTH})\s(?:พ\.ศ\.\s?|พุทธศักราช\s?)?(?P<be>[2๒]\d{{3}})",
        # `2024年4月1日`, `2024년 1월 1일`
        r"(?P<y>[12]\d{3})[年년]\s?(?P<mn>[01]?\d)[月월]\s?(?P<d>[0-3]?\d)[日일]",
        # `令和6年4月1日`, `令和六年四月一日`
        rf"(?P<era>令和|平成|昭和)(?P<ey>元|{_JAPANESE})年(?P<mn>{_JAPANESE})月(?P<d>{_JAPANESE})日",
        # `july 2026`, where no day is given
        rf"(?P<m>{MONTH}),?{GAP}{_YEAR}",
    )
)


def date_at(text: str, place: int, end: int | None = None) -> Dated | None:
    """The date whose words begin at `place` of a text in lower case."""
    last = len(text) if end is None else end
    for pattern in _DATES:
        found = pattern.match(text, place, last)
        if found is not None and (day := _date_of(found)) is not None:
            return Dated(day, found.end())
    return None


def _date_of(found: re.Match[str]) -> PartialDate | None:
    parts = {name: words for name, words in found.groupdict().items() if words}
    month = _MONTHS[parts["m"]] if "m" in parts else day_number(parts["mn"])
    written = f"{_year_of(parts):04}-{month:02}"
    if "dw" in parts:
        written += f"-{number_of(parts['dw']):02}"
    elif "d" in parts:
        written += f"-{day_number(parts['d']):02}"
    try:
        return PartialDate(written)
    except ValueError:
        return None


def _year_of(parts: dict[str, str]) -> int:
    if "be" in parts:
        return int(parts["be"]) - 543
    if "era" in parts:
        return _ERAS[parts["era"]] + (1 if parts["ey"] == "元" else day_number(parts["ey"]))
    return int(parts["y"]) + (2000 if len(parts["y"]) == 2 else 0)


def day_number(digits: str) -> int:
    """A small number in digits of any script: `๑๕`, `15`, `十五`."""
    if digits.isdecimal():
        return int(digits)
    tens, ten, units = digits.rpartition("十")
    return 10 * (_KANJI.find(tens) if tens else 1) * bool(ten) + max(_KANJI.find(units or "〇"), 0)


# -- reckoning --------------------------------------------------------------------------------


def certain(base: PartialDate | None, reckon: Reckon) -> PartialDate | None:
    """What `reckon`, which keeps the order of days, makes of a day, as far as it is certain.

    Of a day known to the month the first and the last are reckoned; what both share is certain.
    """
    if base is None:
        return None
    try:
        first, last = (reckon(date.fromordinal(day)) for day in (base.lo, base.hi - 1))
    except (ValueError, OverflowError):
        return None
    if first == last:
        return PartialDate(first.isoformat())
    for size in (7, 4):
        if first.isoformat()[:size] == last.isoformat()[:size]:
            return PartialDate(first.isoformat()[:size])
    return None


def months_later(day: date, months: int) -> date:
    """The same day some months on, or the last of a month that is too short for it."""
    start = start_of_month(day, months)
    return start.replace(day=min(day.day, monthrange(start.year, start.month)[1]))


def start_of_month(day: date, months: int) -> date:
    """The first day of the month that is `months` after that of `day`."""
    index = 12 * day.year + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def next_of(day: date, month: int, of_month: int) -> date:
    """The first such day of the year after `day`: never `day` itself."""
    this_year = date(day.year, month, of_month)
    return this_year if this_year > day else this_year.replace(year=day.year + 1)


def days_later(days: int) -> Reckon:
    """So many days on."""
    return lambda day: day + timedelta(days=days)

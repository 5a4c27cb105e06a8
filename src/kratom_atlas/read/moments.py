"""When something is to be, as law says it: a day, or a rule by which a day follows.

`July 1, 2026`, `90 days after enactment`, `the first day of the third month following its passage`,
`dnem následujícím po dni vyhlášení`. The words are read at a place of a text in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Circumstances
from kratom_atlas.model.time import PartialDate
from kratom_atlas.read.calendars import (
    GAP,
    MONTH,
    NUMBER,
    Reckon,
    certain,
    date_at,
    days_later,
    month_number,
    months_later,
    next_of,
    number_of,
    start_of_month,
)

__all__ = ["Event", "When", "day_of", "later", "next_when_at", "other_when_at", "when_at"]


class Event(StrEnum):
    """What a day may be counted from."""

    ENACTED = "enacted"
    PASSED = "passed"
    PUBLISHED = "published"
    SESSION_END = "the session ended"
    BEGIN = "in effect"
    UNKNOWN = "not known"


class When(NamedTuple):
    """A day as written: a date, or an event and what to reckon from it; and where its words end."""

    end: int
    date: PartialDate | None = None
    event: Event | None = None
    reckon: Reckon | None = None


def day_of(when: When, about: Circumstances, begin: PartialDate | None) -> PartialDate | None:
    """The day, where what is known fixes it. `begin` is the day on which the text takes effect."""
    if when.event is None or when.reckon is None:
        return when.date
    return certain(base_of(when.event, about, begin), when.reckon)


def base_of(event: Event, about: Circumstances, begin: PartialDate | None) -> PartialDate | None:
    """The day of an event, where it is known."""
    match event:
        case Event.ENACTED | Event.PASSED:
            return about.enacted
        case Event.PUBLISHED:
            return about.published
        case Event.SESSION_END:
            return about.session_end
        case Event.BEGIN:
            return begin
    return None


# -- English ----------------------------------------------------------------------------------

_LEADS: Final = (
    # Words without a meaning of their own before a day: `shall be in full force from and after`,
    # `: (1) except as provided in subsection (2),`, `at 12:01 a.m. on`.
    r"(?:from|on)\s{1,3}(?:and|or)\s{1,3}after\b",
    r"except\s{1,3}as\s{1,3}(?:otherwise\s{1,3})?provided\s{1,3}(?:in|by|for)[^,.;:]{1,80}+,",
    r"(?:12:01|12:00|12)\s?a\.\s?m\.,?",
    r"immediately(?=,?\s{1,3}(?:up)?on\b|\s{1,3}(?:after|following|when)\b)",
    (
        r"(?:and|shall|be|it|in|full|force|effect|operation|from|on|upon|as|of|at(?!\s{1,3}once)|is|will|beginning"
        r"|starting|commencing|retroactively|to|only|apply)\b"
    ),
    r"the\s{1,3}date\s{1,3}of\b",
    r"\((?:\d|[a-z])\)",
    r"[\s,:;\[\]\"“”—–-]{1,4}+",
    r"\n\d{1,3}\s",
)
_LEAD: Final = re.compile(rf"(?:{'|'.join(_LEADS)}){{0,24}}+")
_OF_EVENT: Final = (
    r"(?:(?:the|its|this|such|date|day|time|act(?:['’]s)?|bill(?:['’]s)?|ordinance|order|rules?"
    r"|measure|section|chapter|article|law|of|on|upon|which|that|when|it|they|is|are|has|been|was|being"
    r"|shall|have|having|final|a|an|by|in|at|after|following|from|legislature|council|general|assembly|\d{4}"
    r"|regular|legislative|session|receives|received|governor['’]s"
    # `the 2025 regular session of the eighty-third legislative assembly`
    r"|(?!last\b)[a-z]{2,10}(?:-[a-z]{3,7})?(?:st|nd|rd|th))\b[\s,]{1,3})"
)
_EVENTS: Final = (
    # (`its passage and approval by the governor`, what the day is counted from)
    ((r"(?:passage|passed|adopted|adoption)\s(?:and|,)\s?(?:its\s)?(?:approval|approved"
     r"|signature|signing)"), Event.ENACTED),
    ((r"(?:passage|passed|adopted|adoption|approval)\s(?:and|,)\s?(?:its\s)?(?:publication"
     r"|published)"), Event.PUBLISHED),
    ((r"(?:approval|ratification|approved|ratified)\s(?:by|of)\s(?:the|a)\s(?:\w{1,12}\s){0,3}"
     r"(?:voters?|electors?|electorate)"), Event.UNKNOWN),
    (r"passage|passed", Event.PASSED),
    ((r"(?:enactment|enacted|approval|approved(?!\sfiling)|signature|signed|adoption|adopted|made"
     r"|ratification|bec(?:om(?:es|ing|e)|ame)(?:\sa)?\slaw|royal\sassent)\b"),
     Event.ENACTED),
    ((r"sine\sdie|(?:final\s)?adjournment(?:\ssine\sdie)?|adjourns?(?:\ssine\sdie)?"
     r"|last\sday\sof\s(?:the\s|this\s)?(?:\w{1,12}\s){0,3}session|end\sof\s(?:the|this)\s"
     r"(?:\w{1,12}\s){0,3}session"), Event.SESSION_END),
    # Nobody knows from a text when the book comes out.
    (r"publication\sin\sthe\sstatute\sbook", Event.UNKNOWN),
    (r"(?:official\s)?publication|published|promulgation", Event.PUBLISHED),
    ((r"effective\sdate|takes\seffect|takes?\sfull\seffect|becomes?\seffective|comes\sinto\s"
     r"(?:force|operation)"), Event.BEGIN),
)  # fmt: skip
_EVENT: Final = re.compile(
    rf"{_OF_EVENT}{{0,14}}+(?:"
    + "|".join(f"(?P<e{row}>{pattern})" for row, (pattern, _) in enumerate(_EVENTS)).replace(
        r"\s", GAP
    )
    + r")\b"
)
_AFTER: Final = (
    rf"(?:immediately{GAP}|next{GAP}|first{GAP}){{0,2}}(?:after|following|from)"
    rf"(?:{GAP}and{GAP}(?:after|including))?{GAP}"
)
_SPAN: Final = re.compile(
    # `90 days after`, `the ninetieth day following`, `the date that is 180 days after`
    rf"(?:the{GAP})?(?:date{GAP}(?:that|which){GAP}is{GAP})?(?P<n>{NUMBER})(?:-|{GAP})"
    rf"(?:(?P<kind>full|calendar|business|working|legislative){GAP})?"
    rf"(?P<unit>day|week|month|year)s?{GAP}{_AFTER}"
)
_WITHIN_DAYS: Final = re.compile(rf"(?P<n>{NUMBER})[\s-]days?(?=\s{{0,2}}(?:[.;,)]|\Z))")
_PERIOD: Final = re.compile(
    # `the end of the period of two months beginning with the day on which it is passed`
    rf"(?:the{GAP})?end{GAP}of{GAP}the{GAP}period{GAP}of{GAP}(?P<n>{NUMBER}){GAP}"
    rf"(?P<unit>day|week|month|year)s?{GAP}beginning{GAP}with{GAP}"
)
_EXPIRED: Final = re.compile(
    # `the day following the expiration of the ninety-day period after`
    rf"(?:the{GAP})?day{GAP}(?:after|following){GAP}the{GAP}expiration{GAP}of{GAP}(?:the{GAP})?"
    rf"(?P<n>{NUMBER})(?:-|{GAP})days?(?:{GAP}period)?{GAP}(?:after|following){GAP}"
)
_NEXT_DAY: Final = re.compile(
    rf"(?:the{GAP})?(?:next{GAP}|first{GAP})?day{GAP}{_AFTER}(?:that of )?"
)
_MONTH_START: Final = re.compile(
    # `the first day of the third month following`, `the first day of the month next following`
    rf"(?:the{GAP})?(?:first|1st){GAP}day{GAP}of{GAP}the{GAP}(?:(?P<n>{NUMBER}){GAP})?"
    rf"(?:full{GAP}|calendar{GAP})?month{GAP}(?:(?:that{GAP})?(?:commencing|beginning|begins)"
    rf"{GAP})?{_AFTER}(?:the{GAP}month{GAP}(?:in|of){GAP}(?:which{GAP})?)?"
)
_NEXT: Final = (
    rf",?{GAP}(?:next(?:{GAP}following|{GAP}after|{GAP}succeeding)?|(?:immediately{GAP})?following"
    rf"(?:{GAP}next)?|(?P<year>of{GAP}the{GAP}(?:calendar{GAP})?year{GAP}(?:next{GAP}|immediately"
    rf"{GAP})?(?:following|after)))\b"
)
_NEXT_DATES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # `october 1 next following`, `january 1 of the year following`
        rf"(?:the{GAP})?(?:first{GAP})?(?P<m>{MONTH}){GAP}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?{_NEXT}",
        # `the thirtieth day of june following`
        rf"(?:the{GAP})?(?P<d>{NUMBER}){GAP}day{GAP}of{GAP}(?P<m>{MONTH}){_NEXT}",
    )
)
_AT_ONCE: Final = re.compile(r"(?:immediately|forthwith|at once)\b")
_AFTER_DATE: Final = re.compile(rf"(?:after|the{GAP}day{GAP}(?:after|following)){GAP}")


def when_at(text: str, place: int, last: int) -> When | None:
    """What the English words at `place` mean, behind words without a meaning of their own."""
    lead = _LEAD.match(text, place, last)
    place = lead.end() if lead else place
    the = 4 if text.startswith("the ", place) else 0
    if (dated := date_at(text, place + the, last)) is not None:
        return When(dated.end, _from_and_after(lead, dated.date))
    for reader in (_span_at, _expired_at, _month_start_at, next_when_at, _next_day_at, _event_at):
        if (when := reader(text, place, last)) is not None:
            return when
    within = _WITHIN_DAYS.match(text, place, last)
    if within is not None and text[max(0, place - 4) : place].split() == ["in"]:
        return When(within.end(), None, Event.ENACTED, days_later(number_of(within["n"])))
    if (at_once := _AT_ONCE.match(text, place, last)) is not None:
        return When(at_once.end(), None, Event.ENACTED, days_later(0))
    if (after := _AFTER_DATE.match(text, place, last)) is not None:
        dated = date_at(text, after.end(), last)
        if dated is not None and dated.date.is_day:
            return When(dated.end, certain(dated.date, days_later(1)))
    return None


def _from_and_after(lead: re.Match[str] | None, day: PartialDate) -> PartialDate | None:
    """`From and after December 31` is from the day after it, `from and after July 1` is from it."""
    words = " ".join(lead[0].split()) if lead else ""
    is_last = day.is_day and date.fromordinal(day.hi).day == 1
    return certain(day, days_later(1)) if is_last and "from and after" in words else day


def _event_word(text: str, place: int, last: int) -> tuple[Event, int] | None:
    found = _EVENT.match(text, place, last)
    if found is None or found.lastgroup is None:
        return None
    return _EVENTS[int(found.lastgroup[1:])][1], found.end()


def _span_at(text: str, place: int, last: int) -> When | None:
    found = _SPAN.match(text, place, last) or _PERIOD.match(text, place, last)
    event = _event_word(text, found.end(), last) if found else None
    if found is not None and event is None:
        return _span_of_date_at(text, found, last)
    if found is None or event is None:
        return None
    kind = found.groupdict().get("kind")
    if kind in ("business", "working", "legislative"):
        return When(event[1], None, Event.UNKNOWN)
    number = number_of(found["n"])
    return When(event[1], None, event[0], later(number, found["unit"], calendar=kind == "calendar"))


def _span_of_date_at(text: str, found: re.Match[str], last: int) -> When | None:
    """`1 year after January 1, 2027`"""
    dated = date_at(text, found.end(), last)
    if dated is None or not dated.date.is_day or found.groupdict().get("kind"):
        return None
    return When(dated.end, certain(dated.date, later(number_of(found["n"]), found["unit"])))


def later(number: int, unit: str, *, calendar: bool = False) -> Reckon:
    """So many days, weeks, months or years on.

    Calendar months have to have passed: what comes after them begins on the day that follows.
    """
    match unit:
        case "month" | "year":
            months = number * (12 if unit == "year" else 1)
            rest = timedelta(days=int(calendar and unit == "month"))
            return lambda day: months_later(day, months) + rest
        case "week":
            return days_later(7 * number)
    return days_later(number)


def _expired_at(text: str, place: int, last: int) -> When | None:
    found = _EXPIRED.match(text, place, last)
    event = _event_word(text, found.end(), last) if found else None
    if found is None or event is None:
        return None
    return When(event[1], None, event[0], days_later(number_of(found["n"]) + 1))


def _month_start_at(text: str, place: int, last: int) -> When | None:
    found = _MONTH_START.match(text, place, last)
    event = _event_word(text, found.end(), last) if found else None
    if found is None or event is None:
        return None
    months = number_of(found["n"]) if found["n"] else 1
    return When(event[1], None, event[0], lambda day: start_of_month(day, months))


def next_when_at(text: str, place: int, last: int, since: Event = Event.ENACTED) -> When | None:
    """A day of the year that follows something, `since` where the words do not say what."""
    for pattern in _NEXT_DATES:
        if (found := pattern.match(text, place, last)) is not None:
            month, day = month_number(found["m"]), number_of(found["d"])
            event = _event_word(text, found.end() + 1, last)
            kind, end = event or (since, found.end())
            return When(end, None, kind, _next_reckon(month, day, bool(found["year"])))
    return None


def _next_reckon(month: int, day: int, next_year: bool) -> Reckon:
    if next_year:
        return lambda base: date(base.year + 1, month, day)
    return lambda base: next_of(base, month, day)


def _next_day_at(text: str, place: int, last: int) -> When | None:
    found = _NEXT_DAY.match(text, place, last)
    event = _event_word(text, found.end(), last) if found else None
    return When(event[1], None, event[0], days_later(1)) if event else None


def _event_at(text: str, place: int, last: int) -> When | None:
    event = _event_word(text, place, last)
    return When(event[1], None, event[0], days_later(0)) if event else None


# -- other languages --------------------------------------------------------------------------

_OTHER_LEAD: Final = re.compile(
    # `den`, `mit wirkung vom`, `à compter du`, `z dniem`, `dnem`, `met ingang van`, `la data de`
    r"(?:[\s,:]{1,3}+|(?:den|am|le|el|il|em|op|ab|od|vom|dne|dnem|dňom|fra|från|och|og|med|z|dniem"
    r"|dnia|mit|wirkung|à|compter|du|a|partir|de|del|la|data|met|ingang|van|do|dia|día|alkaen|från"
    r"|frá|ตั้งแต่|วันที่|自|på)(?=\s|[\dก-๛])){0,8}+"
)
_PUBLIC: Final = (
    r"(?:kunngj|bekendtg|kundgø|offentligg|public|kungör|utkom|verkünd|veröffentl|kundmach|uitgifte"
    r"|bekendmak|pubblic|ogłosz|vyhláš|vyhlás|uveřej|avalda|izsludin|publicē|paskelb)\w{0,16}"
)
_BY: Final = r"(?:\w{1,14}\s){0,6}?"


class _Other(NamedTuple):
    """Words of another language, the event they count from, and what to reckon from it."""

    pattern: re.Pattern[str]
    event: Event
    reckon: Callable[[int], Reckon]


def _other(pattern: str, event: Event, reckon: Callable[[int], Reckon]) -> _Other:
    # A few words may come first: `met ingang van`, `el mismo`, `na data`.
    return _Other(re.compile(rf"\s?(?:\w{{1,8}}\s){{0,3}}?(?:{pattern})"), event, reckon)


def _days(more: int = 0) -> Callable[[int], Reckon]:
    return lambda number: days_later(number + more)


def _starts(months: int) -> Reckon:
    return lambda day: start_of_month(day, months)


_N: Final = rf"(?P<n>{NUMBER})"
_OTHERS: Final = (
    # The first day of the month: `am ersten tag des dritten auf die verkündung folgenden monats`,
    # `le premier jour du mois qui suit celui de sa publication`, `prvním dnem druhého měsíce`.
    _other(
        rf"(?:ersten tage? des|premier jour du|eerste dag van de|prvním dnem|pierwszego dnia"
        rf"|primo giorno del|primer día del)\s(?:{_N}\s)?(?:auf die {_PUBLIC} folgenden\s)?"
        rf"(?:kalendářního |kalender|calendar )?(?:monats?|mois|maand|měsíce|miesiąca|mese|mes)\b"
        rf"(?=\s?{_BY}{_PUBLIC}|.{{0,2}}(?:\s|\Z))",
        Event.PUBLISHED,
        lambda number: _starts(number or 1),
    ),
    # The day after: `dagen etter kunngjøring`, `le lendemain de sa publication`, `am tag nach der
    # verkündung`, `dnem následujícím po dni vyhlášení`, `následujícím dnem po jejím vyhlášení`.
    _other(
        rf"(?:dagen (?:etter|efter)|tage? nach|de dag na|lendemain de|jour suivant"
        rf"|giorno (?:successivo|seguente)|día siguiente|dia (?:imediato|seguinte|útil seguinte)"
        rf"|następującym po|(?:dnem )?následujícím(?: dnem)? po|dňom nasledujúcim po"
        rf"|järgmisel päeval pärast|nākamajā dienā pēc|kitą dieną po)\s{_BY}{_PUBLIC}",
        Event.PUBLISHED,
        _days(1),
    ),
    # `po upływie 14 dni od dnia ogłoszenia`: the day after they have passed.
    _other(rf"po upływie {_N} dni od dnia ogłoszenia", Event.PUBLISHED, _days(1)),
    # `patnáctým dnem po vyhlášení`, `los veinte días de su publicación`, `am vierzehnten tag nach`
    _other(
        rf"{_N}\.?\s(?:dnem (?:následujícím )?po|dňom (?:nasledujúcim )?po|días?|dias"
        rf"|giorno (?:successivo|dopo)|giorni dopo|jours? (?:suivant|après)|tage? nach|dag na"
        rf"|zile de la|päeval pärast|dienā pēc|dag (?:etter|efter))\s{_BY}{_PUBLIC}",
        Event.PUBLISHED,
        _days(),
    ),
    # `dňom vyhlásenia`, `na data da sua publicação`, `z dniem ogłoszenia`
    _other(
        rf"(?:tage? der |jour de )?(?:(?:jeho|jejího|jej|da|sua|de|su) ){{0,3}}{_PUBLIC}",
        Event.PUBLISHED,
        _days(),
    ),
    # `straks`, `mit sofortiger wirkung`
    _other(r"(?:straks|umiddelbart|genast|omedelbart|sofortiger wirkung|immédiatement|sofort)\b",
           Event.ENACTED, _days()),
    # `den tid kongen bestemmer`, `bij koninklijk besluit te bepalen`
    _other(r"(?:den (?:tid|dag) (?:kongen|regeringen)|\w{0,14}\s?(?:bestemmer|bestämmer|fastsætter)"
           r"|een bij koninklijk besluit|bij koninklijk besluit)", Event.UNKNOWN, _days()),
    # `ตั้งแต่วันถัดจากวันประกาศ`, `เมื่อพ้นกำหนดเก้าสิบวันนับแต่วันประกาศ`, `ตั้งแต่วันประกาศ`
    _other(r"(?:ตั้งแต่)?วันถัดจากวันประกาศ", Event.PUBLISHED, _days(1)),
    _other(rf"เมื่อพ้นกำหนด\s?{_N}\s?วันนับ(?:แต่|ตั้งแต่)วัน(?:ถัดจากวัน)?ประกาศ",
           Event.PUBLISHED, _days()),
    _other(r"(?:ตั้งแต่)?วันประกาศ", Event.PUBLISHED, _days()),
    # `公布の日から`, `공포한 날부터`, `自公布之日起`
    _other(r"公布の日(?=から(?:施行|適用))|공포한 날(?=부터)|公布之日起", Event.PUBLISHED, _days()),
)  # fmt: skip


def other_when_at(text: str, place: int, last: int) -> When | None:
    """What the words of another language at `place` mean."""
    lead = _OTHER_LEAD.match(text, place, last)
    starts = {place, lead.end()} if lead else {place}
    for start in sorted(starts, reverse=True):
        if (dated := date_at(text, start, last)) is not None:
            return When(dated.end, dated.date)
    for start in sorted(starts):
        for row in _OTHERS:
            if (found := row.pattern.match(text, start, last)) is not None:
                number = found.groupdict().get("n")
                return When(
                    found.end(), None, row.event, row.reckon(number_of(number) if number else 0)
                )
    return None

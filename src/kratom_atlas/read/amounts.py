"""Under which conditions a rule stands: ages, caps, limits, duties, places and penalties.

What counts and what measures is read as a number with its unit; the rest is kept as a few of the
text's own words. Everything is looked for near a word that announces it, within its clause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

from kratom_atlas.model.reading import Marked, Span
from kratom_atlas.model.values import AlkaloidCap, Cap, Limit, Penalty, Qualifiers
from kratom_atlas.model.vocabulary import Alkaloid, Unit

__all__ = ["near", "number_before", "qualifiers_in", "summary"]

MAX_SUMMARY: Final = 300
"""So long is a condition in words at most."""
_CLAUSE: Final = 500
"""How far a clause reaches from the word that is looked at, in characters."""
_HITS: Final = 60
"""So many places of one part are looked at for one condition; a clause has one or two."""
_MAX_PENALTIES: Final = 8
_MAX_AMOUNTS: Final = 400
MAX_PART: Final = 1_000_000
"""So much of a span is read: no section of a law is longer, in characters."""
_MAX_PLACES: Final = 2000
"""So many places of one key are looked at: no section has more."""
_METRES: Final = {"feet": 0.3048, "foot": 0.3048, "yard": 0.9144, "mile": 1609.344}


class _Part(NamedTuple):
    """The words of one span, as they stand and in lower case on one line, and where they start."""

    raw: str
    low: str
    at: int
    keys: dict[str, list[int]]
    """Where each key of the rules stands in `low`."""

    def near(
        self, pattern: re.Pattern[str], keys: tuple[str, ...], reach: int = 120
    ) -> Iterator[re.Match[str]]:
        """What matches within `reach` of one of the `keys`, in order."""
        return _within(pattern, self.low, self.windows(keys, reach))

    def windows(self, keys: tuple[str, ...], reach: int) -> Iterator[tuple[int, int]]:
        """What lies within `reach` of one of the `keys`."""
        found = [place for key in keys for place in self.keys.get(key, ())]
        return _windows(sorted(found), reach, len(self.low))

    def span(self, start: int, end: int) -> Span:
        return Span(self.at + start, self.at + end)


class _Clause(NamedTuple):
    """The clause around a place of a part, and the words that lead into its list."""

    start: int
    end: int
    lead: str


Found: TypeAlias = tuple[Any, Span]


def qualifiers_in(
    marked: Marked, span: Span, lead: tuple[Span, ...] = ()
) -> tuple[Qualifiers, tuple[Span, ...]]:
    """The conditions in `span`, and where each of them stands.

    `lead` are the words that lead into it (`A retailer may not:`), from the top down: they count
    too, and say what the amounts of a list are amounts of.
    """
    parts = tuple(_part(marked.text, one) for one in (span, *lead))
    values: dict[str, Any] = {}
    spans: list[Span] = []

    def keep(name: str, found: list[Found], *, many: bool = False) -> None:
        if found:
            values[name] = tuple(dict.fromkeys(value for value, _ in found))
            values[name] = values[name] if many else values[name][0]
            spans.extend(where for _, where in (found if many else found[:1]))

    keep("min_age", _ages(marked.text, parts))
    measures = _measures(parts)
    for name, kind in (("seven_oh_caps", Cap), ("alkaloid_caps", AlkaloidCap), ("limits", Limit)):
        keep(name, [found for found in measures if isinstance(found[0], kind)], many=True)
    for rule in _RULES:
        keep(rule.name, _worded(rule, parts))
    for rule in _FLAGS:
        if found := _worded(rule, parts):
            values[rule.name] = True
            spans.append(found[0][1])
    keep("forms", _forms(parts), many=True)
    keep("places", _places(parts))
    keep("penalties", _penalties(parts), many=True)
    return Qualifiers(**values), tuple(sorted(set(spans)))


def _part(text: str, span: Span) -> _Part:
    raw = text[span.start : min(span.end, span.start + MAX_PART)]
    # The only letter whose lower case is two characters.
    low = (raw.replace("\u0130", "i") if "\u0130" in raw else raw).lower()
    low = low.replace("\n", " ").replace("\t", " ")
    keys: dict[str, list[int]] = {}
    names, finder = _finder()
    for key, start, _ in finder(low):
        keys.setdefault(names[key], []).append(start)
    return _Part(raw, low, span.start, keys)


def summary(words: str, around: int = 0) -> str:
    """`words` on one line, cut to what may be kept; the character `around` is in it."""
    if len(words) > MAX_SUMMARY and around > MAX_SUMMARY - 120:
        first = words.find(" ", around - 120) + 1
        words = words[first if 0 < first <= around else around - 120 :]
    line = " ".join(words[: 4 * MAX_SUMMARY].split()).strip(" ,;:.")
    if len(line) <= MAX_SUMMARY:
        return line
    return line[: MAX_SUMMARY - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")


# -- where to look ------------------------------------------------------------------------------


def near(
    pattern: re.Pattern[str], keys: tuple[str, ...], low: str, reach: int = 120
) -> Iterator[re.Match[str]]:
    """What matches within `reach` of one of the `keys`, in order: most of a text is near none."""
    places = sorted(place for key in keys for place in islice(_places_of(key, low), _MAX_PLACES))
    return _within(pattern, low, _windows(places, reach, len(low)))


def _within(
    pattern: re.Pattern[str], low: str, windows: Iterable[tuple[int, int]]
) -> Iterator[re.Match[str]]:
    for start, end in windows:
        for found in pattern.finditer(low, start, end):
            if found.end() < end or end == len(low):  # a match cut off is none
                yield found


def _windows(places: list[int], reach: int, length: int) -> Iterator[tuple[int, int]]:
    if not places:
        return
    start, last = max(0, places[0] - reach), places[0]
    for place in places:
        if place - reach > last + reach:
            yield start, last + reach
            start = place - reach
        last = place
    yield start, min(length, last + reach)


def _places_of(key: str, low: str) -> Iterator[int]:
    place = low.find(key)
    while place >= 0:
        yield place
        place = low.find(key, place + 1)


# -- clauses ------------------------------------------------------------------------------------

# The end of `... of the product; ` or `... (21) years. A `, `plant.(6) The`, and a line that begins
# `(b) `, `2. ` or `iv) `, but not one that begins with the last word of a sentence.
_BREAK: Final = re.compile(
    r";|\.(?=\s{1,3}[“\"(\[]?[A-Z]|[“”\"]|\(\w{1,4}\))"
    r"|\n(?=\s{0,8}(?:\(\w{1,5}[.)]|(?:\d{1,5}|[A-Za-z]{1,2}|[ivxIVX]{1,5})[.)]))|\n\n"
)
# The colon in `may not:` before a list on lines of its own or `(a)`, `1.`, `29 a.` (a line number).
_OPENS_LIST: Final = re.compile(r":(?=\s{0,4}(?:\n|(?:\d{1,2}\s)?\(?\w{1,3}[.)]))")


def _clause(part: _Part, at: int) -> _Clause:
    first, last = max(0, at - _CLAUSE), min(len(part.raw), at + _CLAUSE)
    start = first
    for stop in _BREAK.finditer(part.raw, first, at):
        start = stop.end()
    stop_after = _BREAK.search(part.raw, at, last)
    end = stop_after.start() if stop_after else last
    return _Clause(start, end, _list_lead(part, start, at))


def _list_lead(part: _Part, start: int, at: int) -> str:
    """The words before the colon that opens the list of which the clause at `start` is an item."""
    colon = None
    for found in _OPENS_LIST.finditer(part.raw, max(0, start - 2 * _CLAUSE), at):
        colon = found.start()
    if colon is None:
        return ""
    begin = max(0, colon - _CLAUSE)
    for stop in _BREAK.finditer(part.raw, begin, colon):
        begin = stop.end()
    return part.low[begin:colon]


# `may not sell`, `it is unlawful`, `without a label`: what makes a mention of a thing a rule on it.
_BARS: Final = re.compile(
    r"\b(?:shall not|may not|must not|can ?not|(?:none|neither) of"
    r"|no (?:person|retailer|processor|individual|one|kratom|product|manufacturer|distributor"
    r"|entity|business|licensee|store|shop|establishment|vendor|seller|owner|operator|member|inmate"
    r"|employee|beverage|package|container|town|city|county)|unlawful|illegal"
    r"|prohibit\w{0,6}"
    r"|does not|do not|is not|are not|not be|without|ban(?:s|ned)?|forbid\w{0,4}|restrict\w{0,5}"
    r"|fails? to|crime|guilty|offen[cs]e|violat\w{1,6})\b"
)


def _is_barred(part: _Part, clause: _Clause, parts: tuple[_Part, ...]) -> bool:
    """Whether the clause, or what leads into it, forbids something."""
    if _BARS.search(part.low, clause.start, clause.end) or _BARS.search(clause.lead):
        return True
    return part is parts[0] and any(_BARS.search(lead.low, 0, 2000) for lead in parts[1:])


# -- numbers ------------------------------------------------------------------------------------

_UP_TO_NINE: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: Final = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_ROUND: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ONES: Final = {word: i for i, word in enumerate(("zero", *_UP_TO_NINE, *_TEENS))}
_TENS: Final = {word: 10 * i for i, word in enumerate(_ROUND, 2)}
_POWERS: Final = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_PARTS: Final = {
    **dict.fromkeys(("half", "halves"), 2),
    **dict.fromkeys(("third", "thirds"), 3),
    **dict.fromkeys(("quarter", "quarters", "fourth", "fourths"), 4),
    **dict.fromkeys(("fifth", "fifths"), 5),
    **dict.fromkeys(("eighth", "eighths"), 8),
    **dict.fromkeys(("tenth", "tenths"), 10),
    **dict.fromkeys(("hundredth", "hundredths"), 100),
    **dict.fromkeys(("thousandth", "thousandths"), 1000),
}
_JOINTS: Final = frozenset({"and", "of", "-", "point", "a"})
_NUMBER_WORDS: Final = frozenset({*_ONES, *_TENS, *_POWERS, *_PARTS, *_JOINTS})
# `1,250.5`, `.4`, `5/10`; a word; anything else by itself.
_TOKEN: Final = re.compile(r"\d[\d,]{0,11}(?:\.\d{1,6})?(?:/\d{1,4})?|\.\d{1,6}|[a-z]{1,12}|\S")
_REACH: Final = 90
"""How long a number may be in words."""


def number_before(low: str, at: int) -> tuple[float, int] | None:
    """The number that ends at `at` of a text in lower case, and where it starts.

    `2`, `0.5`, `two`, `twenty-one (21)`, `one and one-half`, `one-half of one`, `5/10 of 1`; a
    word in brackets between it and its unit is one that was struck out.
    """
    tokens = list(_TOKEN.finditer(low, max(0, at - _REACH), at))
    if tokens and tokens[-1][0] == "-":
        tokens.pop()
    if tokens and tokens[-1][0] == "]":
        tokens = _without_brackets(tokens)
    if not tokens:
        return None
    if tokens[-1][0] == ")":
        return _in_parentheses(tokens)
    run = len(tokens)
    while run and (tokens[run - 1][0] in _NUMBER_WORDS or _is_figure(tokens[run - 1][0])):
        run -= 1
    while run < len(tokens) and tokens[run][0] in _JOINTS:
        run += 1
    value = _evaluated([token[0] for token in tokens[run:]])
    if value is None and run < len(tokens) - 1:
        # `subsection 3 one percent`: what stands before it is another number.
        run = len(tokens) - 1
        value = _evaluated([tokens[run][0]])
    return None if value is None else (value, tokens[run].start())


def _without_brackets(tokens: list[re.Match[str]]) -> list[re.Match[str]]:
    opened = next((i for i in range(len(tokens) - 1, -1, -1) if tokens[i][0] == "["), None)
    return [] if opened is None else tokens[:opened]


def _in_parentheses(tokens: list[re.Match[str]]) -> tuple[float, int] | None:
    opened = next((i for i in range(len(tokens) - 1, -1, -1) if tokens[i][0] == "("), None)
    if opened is None:
        return None
    inner = [token[0] for token in tokens[opened + 1 : -1] if token[0] not in "$%"]
    value = _evaluated(inner)
    if value is None:
        return None
    start = opened
    while start and tokens[start - 1][0] in _NUMBER_WORDS:
        start -= 1
    while start < opened and tokens[start][0] in _JOINTS:
        start += 1
    return value, tokens[start].start()


def _is_figure(token: str) -> bool:
    return token[:1].isdigit() or (token[:1] == "." and len(token) > 1)


def _evaluated(tokens: list[str]) -> float | None:
    """What number words come to: each part before `of` is a share of the next."""
    value: float = 1.0
    part: list[str] = []
    for word in (*tokens, "of"):
        if word != "of":
            part.append(word)
            continue
        factor = _summed([one for one in part if one not in {"-", "a"}])
        if factor is None:
            return None
        value *= factor
        part = []
    return value if value <= 1e9 else None


def _summed(words: list[str]) -> float | None:
    if not words:
        return None
    if words[-1] in _PARTS:
        return _fraction(words)
    if "point" in words:
        return _with_point(words)
    if len(words) == 2 and "/" in words[1] and _is_figure(words[0]):
        whole, rest = _figure(words[0]), _figure(words[1])
        return None if whole is None or rest is None else whole + rest
    return _whole(words)


def _fraction(words: list[str]) -> float | None:
    """`one-half`, `two and one-half`, `three tenths`."""
    joint = words.index("and") if "and" in words else None
    over = words[-1]
    before = words[:joint] if joint is not None else []
    above = words[joint + 1 : -1] if joint is not None else words[:-1]
    whole = _whole(before) if before else 0.0
    share = _whole(above) if above else 1.0
    return None if whole is None or share is None else whole + share / _PARTS[over]


def _with_point(words: list[str]) -> float | None:
    point = words.index("point")
    digits = [_ONES.get(word) for word in words[point + 1 :]]
    whole = _whole(words[:point]) if point else 0.0
    if whole is None or not digits or any(digit is None or digit > 9 for digit in digits):
        return None
    return float(f"{whole:.0f}." + "".join(str(digit) for digit in digits))


def _figure(word: str) -> float | None:
    above, _, below = word.replace(",", "").partition("/")
    if not below:
        return float(above)
    return float(above) / float(below) if float(below) else None


def _whole(words: list[str]) -> float | None:
    total = current = 0.0
    last = ""
    for word in words:
        if word == "and" and last in _POWERS:
            continue
        if word in _POWERS:
            if not last:
                return None
            current *= _POWERS[word]
            if word != "hundred":
                total, current = total + current, 0.0
        elif word in _ONES or word in _TENS:
            small = _ONES.get(word) or _TENS.get(word) or 0
            if last and last not in _POWERS and not (last in _TENS and 0 < small < 10):
                return None
            current += small
        elif _is_figure(word) and not last and (figure := _figure(word)) is not None:
            current = figure
        else:
            return None
        last = word
    return total + current if last else None


# -- caps and limits ----------------------------------------------------------------------------

# `2%`, `two percent`, `400 ppm`, `10mg`, `25 milligrams`, `60 ml`, `servings`.
_UNIT: Final = re.compile(
    r"(?P<percent>%|per\s?cent(?:um)?(?!\w))"
    r"|(?P<ppm>parts\s{1,2}per\s{1,2}million|(?<![a-z])ppm(?![a-z]))"
    r"|(?P<mg>milligrams?(?![a-z])|(?<![a-z])mgs?(?![a-z]))"
    r"|(?P<g>(?<!lli)(?<!ilo)(?<!cro)(?<![a-z])grams?(?![a-z])|(?<=\d)\s?g(?![a-z]))"
    r"|(?P<ml>millilit(?:er|re)s?(?![a-z])|(?<![a-z])mls?(?![a-z]))"
    r"|(?P<servings>(?<![a-z])(?:servings?|doses)(?![a-z]))"
)
_UNIT_KEYS: Final = (
    *("%", "percent", "per cent", "million", "ppm", "gram", "mg", "ml", "millilit", "serving"),
    *("doses", *(f"{digit}{blank}g" for digit in range(10) for blank in ("", " "))),
)
# `7-oh`, `7-hydroxymitragynine` and its misspellings; `mitragynine`; `synthetic kratom alkaloids`;
# `total alkaloids`; and what else is measured in such texts.
_SUBJECT: Final = re.compile(
    r"(?P<seven>7[\s\-‐-―]{0,3}(?:oh(?:mg)?(?![a-z])|h[iy]dro\w{1,4}[\s\-]{0,2}m[iy]tr\w{4,12}))"
    r"|(?P<other>tetrahydrocannabi\w{1,9}|(?<!\w)(?:thc|cbd|cannabi\w{1,10}|delta-?\d|nicotine"
    r"|caffeine|ethanol|alcohol|codeine|kava|hemp|psilocyb\w{1,4}|arsenic|cadmium|mercury|lead"
    r"|solvents?|pesticides?)(?!\w)|pseudoindoxyl|mitragynine\s{1,2}pseudoindoxyl)"
    r"|(?P<mitragynine>m[iy]tragyn[ie]\w{1,4}(?!\w))"
    r"|(?P<synthetic>synthetic(?:ally)?(?:[\s\-,]{1,2}\w{1,14}){0,3}?\s{1,2}alkaloids?(?!\w))"
    r"|(?P<total>(?:(?:total|overall|combined|all)\s{1,2}(?:kratom\s{1,2})?|kratom\s{1,2})"
    r"alkaloids?(?!\w))"
)
_ALKALOIDS: Final = {
    "mitragynine": Alkaloid.MITRAGYNINE,
    "synthetic": Alkaloid.SYNTHETIC,
    "total": Alkaloid.TOTAL,
}
# `more than`, `does not exceed`, `a maximum of`, `less than`: the amount is the most there may be.
_MOST: Final = re.compile(
    r"(?<!\w)(?:(?:more|greater|larger|higher|less|lower|fewer) than|exceed\w{0,3}|surpass\w{0,3}"
    r"|in excess of"
    r"|above|over|(?:no|not) more|(?:maximum|max|limit)\w{0,3}|up to|at most|below|under|beyond"
    r"|threshold)(?!\w)"
)
# `or less`, `or more`, `limit` after the amount.
_MOST_AFTER: Final = re.compile(
    r"\s{0,2}(?:\([^()]{1,24}\)\s{0,2})?(?:or (?:less|more|fewer|greater|higher|lower|below|above)"
    r"|maximum|limit|threshold)(?!\w)"
)
# `at least `, `not less than ` right before the number: the amount is the least there may be.
_LEAST: Final = re.compile(r"(?:at least|(?:not|no) (?:less|fewer) than|minimum(?: of)?)\s{1,2}\Z")
# `not to take more than`: what a label says to the user, and no rule on products.
_ADVICE: Final = re.compile(
    r"(?<!\w)(?:not to|do not|don't|never|should not|avoid) "
    r"(?:take|taking|consum|us(?:e|ing)|ingest|drink|eat)"
)
_ARTICLES: Final = r"(?:(?:the|any|a|its|combined|naturally|occurring)\s{1,2}){0,3}"
# ` 7-hydroxymitragynine` right after the unit, ` per serving of ` between them.
_THEN: Final = (
    re.compile(rf"\s{{1,2}}{_ARTICLES}"),
    re.compile(rf"[^.;:,]{{0,40}}?\bof\s{{1,2}}{_ARTICLES}"),
    # ` of the total alkaloids is 7-hydroxymitragynine`
    re.compile(
        r"[^.;:,]{0,30}?\balkaloids?(?:\s{1,2}\w{1,12}){0,2}?\s{1,2}(?:is|are|being|as|consists? of"
        rf"|comprised of|made up of)\s{{1,2}}{_ARTICLES}"
    ),
)
# `of the total kratom alkaloid composition`, `alkaloid fraction`.
_OF_ALKALOIDS: Final = re.compile(
    r"(?<!\w)of\s{1,2}(?:(?:the|its|all|any)\s{1,2})?(?:[\w'’]{1,16}\s{1,2}){0,4}?alkaloids?(?!\w)"
)
_IN_ALKALOIDS: Final = re.compile(r"(?<!\w)alkaloid\s{1,2}(?:fraction|composition|content|profile)")
# `by weight`, `of the product's total weight`, `on a dry-weight basis`.
_BY_WEIGHT: Final = re.compile(
    r"(?<!\w)by\s{1,2}(?:(?:dry|total|net)\s{1,2}){0,2}(?:weight|mass)(?!\w)"
    r"|(?<!\w)of\s{1,2}(?:(?:the|its)\s{1,2})?(?:[\w'’]{1,16}\s{1,2}){0,4}?(?:weight|mass)(?!\w)"
    r"|dry[\s-]weight|(?<!\w)w/w(?!\w)"
)
# `per serving`, `in any one container`, `/g`.
_PER: Final = re.compile(
    r"(?:(?<!\w)per|/|(?<!\w)(?:in|for)\s{1,2}(?:each|any|an?|one|every)|(?<!\w)each)\s{0,2}"
    r"(?:[a-z]{1,14}\s{1,2}){0,2}?"
    r"(?P<what>servings?|dos(?:e|age)|containers?|packages?|packets?|packs?|bottles?|pouch(?:es)?"
    r"|units?|vials?|gram|g|day)(?![a-z])"
)
# `A package may not contain more than `, `no serving of kratom shall exceed `.
_HOLDS: Final = re.compile(
    r"(?<!\w)(?:an?|each|the|no|any)\s{1,2}(?:[a-z]{1,14}\s{1,2}){0,2}?"
    r"(?P<what>serving|dose|container|package|packet|bottle|pouch|vial|unit)(?![a-z])[^.;]{0,60}?"
    r"(?<!\w)(?:contain|hold|exceed|weigh|divided)"
    # `in containers larger than `
    r"|(?<!\w)(?P<size>serving|dose|container|package|packet|bottle|pouch|vial)s?\s{1,2}"
    r"(?:larger|bigger)\s{1,2}than"
)
_PER_WHAT: Final = (
    (("serving", "dos"), Unit.MG_PER_SERVING),
    (("g",), Unit.MG_PER_G),
    (("day",), Unit.MG_PER_DAY),
    (("",), Unit.MG_PER_CONTAINER),
)
# ` of codeine`, and not ` of kratom powder`: after the amount, what a limit is no limit of.
_FOREIGN: Final = re.compile(
    r"\s{1,2}of\s{1,2}(?!(?:\w{1,12}\s{1,2}){0,2}?(?:kratom|leaf|leaves|product|powder|plant|liquid"
    r"|material|extract))"
)


_PRODUCT: Final = re.compile(r"kratom|m[iy]tragyn|(?<!\w)(?:product|package|container|packet)")


def _measures(parts: tuple[_Part, ...]) -> list[Found]:
    found: list[Found] = []
    for part in parts:
        for unit in islice(part.near(_UNIT, _UNIT_KEYS, 30), _MAX_AMOUNTS):
            number = number_before(part.low, unit.start())
            if number is not None:
                measure = _measure(_Amount(part, number[0], number[1], unit), parts)
                if measure is not None:
                    found.append((measure, part.span(number[1], unit.end())))
    return found


class _Amount(NamedTuple):
    """A number with its unit, where it stands."""

    part: _Part
    value: float
    start: int
    unit: re.Match[str]

    @property
    def end(self) -> int:
        return self.unit.end()

    @property
    def kind(self) -> str:
        return str(self.unit.lastgroup)


def _measure(amount: _Amount, parts: tuple[_Part, ...]) -> Cap | AlkaloidCap | Limit | None:
    part = amount.part
    clause = _clause(part, amount.start)
    if not _is_most(amount, clause):
        return None
    subject = _subject(amount, clause, parts)
    if subject == "other":
        return None
    unit, value = _unit(amount, clause)
    reach = min(clause.end, amount.end + 60)
    if subject is None and amount.kind in {"mg", "ppm"}:
        subject = "total" if part.low.find("alkaloid", clause.start, reach) >= 0 else None
    if subject is None or unit in _LIMIT_UNITS:
        return _limit(amount, (unit, value), clause, parts)
    if unit is None:
        return None
    if subject == "seven":
        return Cap(value=value, unit=unit)
    return AlkaloidCap(of=_ALKALOIDS[subject], value=value, unit=unit)


_LIMIT_UNITS: Final = frozenset(
    {Unit.G_PER_CONTAINER, Unit.ML_PER_CONTAINER, Unit.SERVINGS_PER_CONTAINER}
)


def _is_most(amount: _Amount, clause: _Clause) -> bool:
    low = amount.part.low
    if _LEAST.search(low, max(0, amount.start - 24), amount.start):
        return False
    before = max(clause.start, amount.start - 110)
    if _ADVICE.search(low, before, amount.start):
        return False
    if _MOST.search(low, before, amount.start) or _MOST_AFTER.match(low, amount.end):
        return True
    return amount.start - clause.start < 12 and _MOST.search(clause.lead[-60:]) is not None


def _subject(amount: _Amount, clause: _Clause, parts: tuple[_Part, ...]) -> str | None:
    """What is measured: named after the amount, before it, or where its list begins."""
    low = amount.part.low
    for then in _THEN:
        if (of := then.match(low, amount.end)) and (after := _SUBJECT.match(low, of.end())):
            group = str(after.lastgroup)
            if amount.kind != "percent" or group in {"seven", "other"}:
                return group
    before = low[max(clause.start, amount.start - _CLAUSE) : amount.start]
    leads = [lead.low[-2 * _CLAUSE :] for lead in reversed(parts) if lead is not amount.part]
    for words in (before, clause.lead, *(leads if amount.part is parts[0] else ())):
        if (found := _last_subject(words)) is not None:
            return found
    return None


def _last_subject(words: str) -> str | None:
    last: re.Match[str] | None = None
    before: re.Match[str] | None = None
    for found in _SUBJECT.finditer(words):
        if found.lastgroup != "total" or not _DENOMINATOR.search(words, 0, found.start()):
            before, last = last, found
    if last is None:
        return None
    pair = before is not None and {before.lastgroup, last.lastgroup} == {"seven", "mitragynine"}
    if pair and before is not None and _TOGETHER.fullmatch(words, before.end(), last.start()):
        # Both at once: a cap of their sum, or else nobody knows of which.
        return "total" if _SUM.search(words) else "other"
    return last.lastgroup


# ` and ` between `mitragynine` and `7-hydroxymitragynine`, and what says that they are added up.
_TOGETHER: Final = re.compile(r"\s{1,2}(?:and|plus|\+|and/or)\s{1,2}")
_SUM: Final = _words(r"sum", r"combin(?:ed|ation)", r"total", r"together", r"aggregate")
# `of the `, `in its ` before `total alkaloids`: these are the whole of which it is a share.
_DENOMINATOR: Final = re.compile(r"(?<!\w)(?:of|in|to)\s{1,2}(?:(?:the|its|all)\s{1,2})?\Z")


def _unit(amount: _Amount, clause: _Clause) -> tuple[Unit | None, float]:
    low = amount.part.low
    after = low[amount.end : min(clause.end, amount.end + 110)]
    before = low[max(clause.start, amount.start - 160) : amount.start]
    if amount.kind == "percent":
        return _share(after, before + clause.lead), amount.value
    if amount.kind == "ppm":
        return Unit.PPM, amount.value
    per = _PER.search(after[:70])
    if per is None:
        per = next(iter([*_PER.finditer(before)][-1:]), None) or _HOLDS.search(before)
    if per is None:
        # `A serving must not contain more than:` before a list.
        per = _HOLDS.search(clause.lead)
    what = None if per is None else per["what"] or per.groupdict().get("size")
    unit = None if what is None else _per(what)
    if amount.kind == "servings":
        holds = unit is Unit.MG_PER_CONTAINER
        return (Unit.SERVINGS_PER_CONTAINER if holds else None), amount.value
    if amount.kind == "ml":
        return (Unit.ML_PER_CONTAINER if unit is Unit.MG_PER_CONTAINER else None), amount.value
    if amount.kind == "mg":
        return unit, amount.value
    if unit is Unit.MG_PER_CONTAINER:
        return Unit.G_PER_CONTAINER, amount.value
    return (unit if unit is Unit.MG_PER_SERVING else None), amount.value * 1000


def _share(after: str, before: str) -> Unit | None:
    """Of what a percentage is: what is said first after it, or else before it."""
    alkaloids, weight = _OF_ALKALOIDS.search(after), _BY_WEIGHT.search(after)
    if alkaloids and (weight is None or alkaloids.start() < weight.start()):
        return Unit.PERCENT_OF_ALKALOIDS
    if weight:
        return Unit.PERCENT_BY_WEIGHT
    if _IN_ALKALOIDS.search(before):
        return Unit.PERCENT_OF_ALKALOIDS
    return Unit.PERCENT_BY_WEIGHT if _BY_WEIGHT.search(before) else None


def _per(what: str) -> Unit:
    if what.startswith("g"):
        return Unit.MG_PER_G
    return next(unit for starts, unit in _PER_WHAT if what.startswith(starts))


def _limit(
    amount: _Amount, measured: tuple[Unit | None, float], clause: _Clause, parts: tuple[_Part, ...]
) -> Limit | None:
    unit, value = measured
    shares = (Unit.PERCENT_OF_ALKALOIDS, Unit.PERCENT_BY_WEIGHT, Unit.PPM, Unit.MG_PER_G)
    if unit is None or unit in shares or value <= 0:
        return None
    low = amount.part.low
    if unit is not Unit.SERVINGS_PER_CONTAINER and _FOREIGN.match(low, amount.end):
        return None
    words = (low[clause.start : clause.end], clause.lead, *(lead.low for lead in parts[1:]))
    if not any(_PRODUCT.search(one) for one in words):
        return None
    return Limit(value=value, unit=unit)


# -- ages ---------------------------------------------------------------------------------------

_AGE_WORDS: Final = (
    r"(?:\d{2}|sixteen|seventeen|eighteen|nineteen|twenty(?:[\s-](?:one|two|three|four|five))?)"
    r"(?:\s{0,2}\(\d{2}\))?"
)
# `under twenty-one (21) years of age`, `under the age of 18`, `has not attained the age of 21`,
# `persons under 21`, `below 18 years`.
_UNDER: Final = re.compile(
    r"(?<!\w)(?:under|younger than|below|less than|not (?:yet )?(?:attained|reached|turned)"
    r"|attain(?:ed|s|ing)?)"
    rf"\s{{1,2}}(?:the\s{{1,2}})?(?:minimum\s{{1,2}})?(?:age\s{{1,2}}(?:of\s{{1,2}})?)?"
    rf"(?P<age>{_AGE_WORDS})(?!-(?:one|two|three|four|five))(?!\s{{1,2}}{_AGE_WORDS})(?!\s{{0,2}}(?:%|per|mg|milli|gram|days|feet|,\d|\d))(?!\w)"
)
# Between two ages that stand side by side nobody can choose: one of them was struck out.
_ONE_AGE: Final = "".join(
    rf"(?<!{word}\s)"
    for word in ("18", "21", "teen", "twenty", "one", "two", "three", "four", "five")
)
# `21 years of age or older`, `at least 18 years of age`, `minimum age of 21`, `aged 18 or over`.
_LEAST_AGE: Final = re.compile(
    rf"(?<!\w)(?:(?:at least|minimum age (?:of|is)|legal age (?:of|is)|aged?)\s{{1,2}}"
    rf"(?P<one>{_AGE_WORDS})(?!\w)(?!\s{{0,2}}(?:%|per|mg|days|months|feet))"
    rf"|{_ONE_AGE}(?P<two>{_AGE_WORDS})\s{{1,2}}(?:years?\s{{1,2}}(?:of\s{{1,2}}age|old)"
    r"|(?:years?\s{1,2})?(?=(?:or|and)\s{1,2}(?:older|over|above)(?!\w))))"
)
# Whose age is not the buyer's: `an employee who is at least 18`, `appears to be under 30`.
_OTHERS_AGE: Final = re.compile(
    r"(?:employ\w{1,5}|clerk|applicant|licensee|registrant|agent|officer|inspector|appears?"
    r"|appearing|looks?|reasonably|models?|convicted|adult who|defendant|offender|statements?"
    r"|warnings?|advertis\w{1,6}|attract\w{1,4}|appeal\w{0,3}|depict\w{0,3})"
    r"(?P<then>[^.;]{0,90})\Z"
)
# `a licensee may not sell to any person` under an age: it is the buyer's after all.
_TO_BUYER: Final = re.compile(
    r"(?<!\w)(?:sell|sale|sold|furnish|distribut|deliver|provid|giv)\w{0,5}(?!\w)"
    r"|(?<!\w)(?:to|by) (?:an?|any|the|such) (?:\w{1,12} )?(?:persons?|individuals?"
    r"|minors?|consumers?|customers?|purchasers?|buyers?)(?!\w)"
)
# `“minor” means `
_MINOR: Final = re.compile(r"[\"“”'’]minor[\"“”'’]\s{1,2}(?:means|is|shall mean)\s")
_UNDER_KEYS: Final = ("under ", "younger", "below ", "less than ", "attain", "reached", "turned")
_LEAST_KEYS: Final = ("year", "older", "at least ", "minimum age", "legal age", " age ", "aged ")
_YOUNGEST: Final = 18
_OLDEST: Final = 21
"""No law on kratom is known to draw its line elsewhere; other ages are of other things."""


def _ages(text: str, parts: tuple[_Part, ...]) -> list[Found]:
    found = [*_aged(_UNDER, _UNDER_KEYS, parts), *_aged(_LEAST_AGE, _LEAST_KEYS, parts)]
    if found or not any("minor" in part.low for part in parts):
        return found
    defined = _MINOR.search(text.lower()) if "minor" in text and "\u0130" not in text else None
    if defined is None:
        return []
    there = _part(text, Span(defined.start(), min(len(text), defined.end() + 200)))
    return [*_aged(_UNDER, _UNDER_KEYS, (there,)), *_aged(_LEAST_AGE, _LEAST_KEYS, (there,))]


def _aged(
    pattern: re.Pattern[str], keys: tuple[str, ...], parts: tuple[_Part, ...]
) -> Iterator[Found]:
    for part in parts:
        for found in islice(part.near(pattern, keys, 80), _HITS):
            group = next(name for name, words in found.groupdict().items() if words)
            number = number_before(part.low, found.end(group))
            if number is None or not _YOUNGEST <= number[0] <= _OLDEST:
                continue
            clause = _clause(part, found.start())
            first = max(clause.start, found.start() - 90)
            other = _OTHERS_AGE.search(part.low, first, found.start())
            if other is None or _TO_BUYER.search(other["then"]):
                yield int(number[0]), part.span(found.start(), found.end())


# -- conditions in words ------------------------------------------------------------------------


class _Rule(NamedTuple):
    """A condition that is kept in words: what announces it, within what kind of clause.

    No match is without one of the `keys`. `needs` has to stand in the clause or in what leads
    into it, `not_` must not stand in the clause; `barred` asks for a clause that forbids.
    `named` asks for a clause that names the product or the rule itself: an item of a list on
    something else is none. `from_here` begins the summary at the word found, not at its clause.
    `reach` is how far from a key a match may begin or end.
    """

    name: str
    keys: tuple[str, ...]
    pattern: re.Pattern[str]
    needs: re.Pattern[str] | None = None
    not_: re.Pattern[str] | None = None
    barred: bool = False
    from_here: bool = False
    named: bool = False
    reach: int = 120


_DUTY: Final = _words(
    r"shall",
    r"must",
    r"requir\w{1,7}",
    r"may not",
    r"unless",
    r"without",
    r"(?:does|do|is|are|has|have) not",
    r"fails? to",
    r"unlawful",
    r"prohibit\w{0,6}",
    r"needs? to",
    r"has to",
)
_RULES: Final = (
    _Rule(
        "labelling",
        ("label", "warning", "bear", "packag", "container", "wrapper", "ingredients"),
        _words(
            r"(?:un|mis)?label(?:s|ed|led|l?ing)?",
            r"warning (?:statements?|notices?|signs?|messages?)",
            # `bears a list of ingredients and a warning that`
            r"bears? (?:an? |the )?(?:\w{1,12} ){0,2}(?:list of ingredients|warning|statement)",
            # `the package shall state the amount of`, `a container that does not show`
            r"(?:packages?|packaging|containers?|wrappers?) (?:[\w-]{1,12} ){0,4}?"
            r"(?:states?|shows?|lists?|bears?|displays?|discloses?|warns?)",
            r"(?:lists?|states?|discloses?) (?:all |the |its |each )?(?:\w{1,8} )?ingredients",
        ),
        needs=_DUTY,
        # A product that may not be `marketed as, labeled as` kratom has no label prescribed.
        not_=_words(r"marketed(?: as)?,? (?:or )?label\w{0,4}", r"off-label"),
    ),
    _Rule(
        "testing",
        ("certificate", "laborator", "test"),
        _words(
            r"certificates? of analysis",
            r"(?:independent|accredited|third[- ]party|testing|qualified|certified|approved"
            r"|licensed)(?:[ ,-]{1,2}[\w/-]{1,16}){0,4} laborator(?:y|ies)",
            r"laborator(?:y|ies)[^.;]{0,60}?(?:test\w{0,3}|analy\w{1,5})",
            r"(?:test|analy)\w{1,5}[^.;]{0,60}?laborator(?:y|ies)",
            r"(?:shall|must) (?:be |have )?(?:\w{1,12} )?test(?:ed)?",
            r"tested (?:by|for|in accordance)",
            r"(?:product|kratom|batch|lot) test(?:s|ing)",
        ),
        not_=_words(r"drug test\w{0,3}", r"urine", r"blood", r"breath"),
    ),
    _Rule(
        "registration",
        ("regist", "permit", "licen"),
        _words(
            r"(?:un)?regist(?:er(?:s|ed|ing)?|rations?|rants?)",
            r"(?:without|obtain\w{0,3}|holds?|holding|possess a|apply for|application for|valid"
            r"|issued?|retail|retailer(?:'s)?|processor(?:'s)?|distributor(?:'s)?|manufacturer(?:'s)?"
            r"|kratom|annual|renew\w{0,3}) (?:an? )?(?:\w{1,14} ){0,2}?(?:permits?|licen[cs]es?)",
            r"permit(?:tee|tees|holders?)",
            r"licens(?:ees?|ed (?:\w{1,14} ){0,2}(?:retailers?|processors?|sellers?))",
        ),
        not_=_words(
            r"registered (?:mail|agent|voters?|nurses?|pharmacists?|trademark|office|sex)",
            r"registered (?:medical |health |dental )?(?:practitioners?|professionals?)",
            r"(?:federal|state|administrative) register",
            r"register of",
            r"cash register",
            r"(?:driver(?:'s|s|s')?|liquor|alcohol|marriage|hunting|medical) licen[cs]e",
            r"(?:food and drug administration|dea) regist\w{1,7}",
        ),
    ),
    _Rule(
        "advertising",
        ("advertis", "market", "claim", "represent", "assert", "suggest", "promot", "billboard"),
        _words(
            r"advertis(?:e|es|ed|ing|ements?)",
            r"market(?:s|ed|ing)?\b[^.;]{0,60}?\b(?:minors?|children|youth|underage|persons? under"
            r"|individuals? under)",
            r"(?:health|medical|therapeutic|medicinal|disease|structure)(?:[- ]related)? claims?",
            r"(?:claims?|represent\w{0,6}|assert\w{0,3}|suggest\w{0,3})\b[^.;]{0,60}?\b"
            r"(?:treat\w{0,5}|cur(?:e|es|ing)|prevent\w{0,3}|mitigat\w{1,4}|diagnos\w{1,4}"
            r"|therapeutic|heal(?:s|ing)?)",
            r"promot(?:e|es|ed|ing|ion)(?: of| any| the)?(?: use of| sale of)? kratom",
            r"billboards?",
        ),
        barred=True,
    ),
    _Rule(
        "adulterants",
        ("mixed", "packed", "combin", "blend", "lace", "infus", "contain", "injurious", "toxic"),
        _words(
            r"(?:mixed|packed|combined|blended|laced|infused)(?:,? (?:or )?\w{1,10}){0,2} with"
            r" (?:(?:an?|any|another|other) )?(?:[\w-]{1,16} ){0,3}?(?:substances?|ingredients?"
            r"|drugs?|alcohol|compounds?|opioids?|fentanyl|nicotine|cannabi\w{1,8}|caffeine|kava)",
            r"contain(?:s|ing)? (?:an?|any|another|other) (?:[\w-]{1,16} ){0,2}?"
            r"(?:controlled substances?|intoxicants?|drugs?|opioids?|fentanyl|cannabinoids?)",
            r"injurious to (?:health|human health|the health|an? consumer|consumers)",
            r"toxic (?:substances?|ingredients?|materials?)",
        ),
        barred=True,
        not_=_words(r"labels?", r"warnings?", r"statements?", r"advertis\w{1,6}"),
    ),
    _Rule(
        "adulterants",
        ("adulterat", "non-kratom", "nonkratom", "poison", "deleterious", "contaminat", "solvent"),
        _words(
            r"adulterat\w{1,4}",
            r"(?:dangerous )?non-?\s?kratom (?:substances?|ingredients?|materials?)",
            r"(?:poisonous|deleterious)(?! to)",
            r"contaminat(?:ed|ion|es)(?: with)?",
            r"residual solvents?",
        ),
    ),
    _Rule(
        "persons",
        (
            *(
                "armed",
                "military",
                "active duty",
                "members of the",
                "member of the",
                "servicemember",
                "service member",
                "pregnan",
                "inmate",
            ),
            *("prisoner", "breast", "nursing", "incarcerat", "parole", "probation"),
        ),
        _words(
            r"(?:members? of|in) the (?:united states )?armed forces",
            r"military personnel",
            # `members of the force`, `a member of the State Guard`
            r"members? of the (?:[\w-]{1,12} ){0,3}?(?:force|guard|militia|reserves?|services?)",
            r"(?:members?|persons?|personnel|individuals?|soldiers?|sailors?) (?:who (?:is|are) )?"
            r"on active duty",
            r"service ?members?",
            r"pregnant (?:person|woman|women|individual|female)s?",
            r"(?:breast-?feeding|nursing) (?:mothers?|wom[ae]n|persons?)",
            r"inmates?",
            r"prisoners?",
            r"incarcerated (?:persons?|individuals?)",
            r"(?:persons?|individuals?) on (?:probation|parole)",
        ),
        not_=_words(
            r"labels?", r"labell?ing", r"warnings?", r"statements?", r"consult", r"advertis"
        ),
        barred=True,
    ),
    _Rule(
        "exceptions",
        (
            *("except", "not apply", "exempt", "unless", "not reach", "not extend", "not cover"),
            *("violation", "defense"),
        ),
        _words(
            r"except(?:ion of|ing| for| that| when| where| if| to| in| as to| by| upon)?",
            r"(?:does|do|shall) not apply(?: to)?",
            r"(?:is|are|shall be) exempt(?:ed)?(?: from)?",
            # `the bar in section 2 does not reach a laboratory`
            r"(?:does|do|shall) not (?:reach|extend to|cover)",
            # `a retailer is not in violation of section 4 if he shows`, `it is no violation of`
            r"(?:is|are|be) (?:not|no) (?:in |an? )?violation of [^.;]{0,60}?(?:if|when|where|for)",
            r"it (?:is|shall be) an? (?:affirmative |complete )?defen[sc]e",
            # `unless the purchaser is a parent`: somebody else than the rule is meant for
            r"unless (?:the|such|that) (?:purchaser|buyer|person|individual|recipient|possessor)"
            r" (?:is|was|are) (?:an?|the|his|her|their) (?:\w{1,12} ){0,3}?\w{1,14}",
        ),
        not_=_words(
            r"except as (?:otherwise |may be )?(?:provided|authori[sz]ed|permitted|specified|set)",
            r"excepted from",
            r"(?:tax|duty|fee)[- ]exempt",
            r"except(?:ing)? (?:levo\w{0,20}|(?:\w{1,20} ){0,2}salts?|those substances)",
            r"(?:another|other) schedules?",
        ),
        from_here=True,
        named=True,
    ),
    _Rule(
        "void_if",
        (
            *("void", "expire", "repeal", "no effect", "no force", "cease", "inoperative"),
            *("sunset", "further effect", "further force", "longer"),
        ),
        re.compile(
            # `is void if the federal government schedules`, and the same turned round.
            r"(?<!\w)(?:void|expires?|repealed|no (?:further |longer )?(?:force|effect)"
            r"|no longer (?:in effect|apply)|ceases?|inoperative|sunsets?)(?!\w)[^.;]{0,120}?"
            r"(?<!\w)(?:if|when|upon)(?!\w)[^.;]{0,160}?(?:federal|food and drug admin"
            r"|united states|congress|drug enforcement)[^.;]{0,200}"
            r"|(?<!\w)(?:if|when|upon)(?!\w)[^.;]{0,120}?(?:federal|food and drug admin"
            r"|united states|congress|drug enforcement)[^.;]{0,200}?"
            r"(?:void|expires?|repealed|no (?:further |longer )?(?:force|effect)|inoperative)(?!\w)"
        ),
        from_here=True,
        reach=600,
    ),
)
_FLAGS: Final = (
    _Rule(
        "behind_the_counter",
        (
            "counter",
            "access",
            "lock",
            "customer",
            "self-service",
            "self service",
            "reach of",
            "assist",
        ),
        _words(
            r"behind (?:the|an?|its|their) (?:[\w-]{1,12} ){0,2}?counter",
            r"without (?:the )?(?:assistance|intervention|help) of (?:an? |the )?"
            r"(?:\w{1,12} ){0,2}?(?:employees?|clerks?|retailers?|sellers?|vendors?|pharmacists?"
            r"|staff|cashiers?)",
            r"where (?:the )?customers? (?:can ?not|may not) (?:reach|take|touch)",
            r"direct access (?:by|to|of|for) (?:the )?(?:\w{1,10} )?"
            r"(?:public|customers?|consumers?)",
            r"(?:out of|beyond|not within) (?:the )?reach of (?:the )?(?:\w{1,10} )?"
            r"(?:customers?|public|purchasers?|consumers?|patrons?)",
            r"(?:clerk|vendor|employee)[- ]assisted",
            r"under lock and key",
            r"not (?:be )?(?:directly |readily |otherwise )?accessible (?:to|by) (?:the )?"
            r"(?:public|customers?|consumers?|purchasers?|patrons?)",
            r"(?:areas?|places?|manner|location) (?:\w{1,14} ){0,3}?accessible only to "
            r"(?:\w{1,12} ){0,3}?(?:employees|personnel|staff)",
            r"locked (?:[\w-]{1,10} ){0,2}?(?:case|cabinet|display|container|area|unit|shel(?:f|ve)"
            r"|showcase|cupboard)s?",
            r"self[- ]service (?:displays?|basis|sales?)",
        ),
    ),
    _Rule(
        "prescription",
        ("prescri",),
        _words(
            r"(?:by|upon|on|with|without|under|pursuant to|has|holds?) (?:an? )?"
            r"(?:(?:valid|lawful|written|medical|physician's|doctor's) ){0,2}prescription",
            r"prescription[- ]only",
            r"only (?:\w{1,12} ){0,4}?prescription",
            # `except upon the written prescription of a practitioner`
            r"except (?:up)?on (?:the |an? )?(?:\w{1,10} ){0,2}?prescription",
            r"prescribed by an? (?:\w{1,12} ){0,2}(?:physician|practitioner|doctor)",
        ),
        needs=re.compile(r"kratom|m[iy]tragyn|7[\s-]{0,2}(?:oh|hydroxy)"),
        # `unless obtained from a practitioner or on a valid prescription` is said of all drugs.
        not_=_words(
            r"unless[^;]{0,240}?prescription",
            r"obtained (?:directly )?from[^;]{0,60}practitioners?",
            r"(?:registered|licensed) (?:\w{1,10} )?practitioners?",
        ),
    ),
    _Rule(
        "in_public",
        ("public", " park", "beach", "playground", "street", "sidewalk", " bus", "train"),
        _words(
            r"in (?:an? |any |the )?(?:other )?public (?:places?|spaces?|buildings?|parks?|view)",
            r"(?:in|within|on) (?:an? |any |the )?"
            r"(?:public|county|city|town|municipal|village|state)(?:-owned)? "
            r"(?:parks?|beach(?:es)?|playgrounds?|streets?|sidewalks?|property)",
            r"public (?:use|consumption|possession) of",
            # `in any place open to the public`, `on a train or bus`
            r"(?:in|at) (?:an? |any )?places? (?:\w{1,6} ){0,2}?(?:open|accessible) to the public",
            r"(?:on|aboard) (?:an? |any |the )?(?:trains?|bus(?:es)?|ferr(?:y|ies)|trams?)",
            r"(?:us(?:e|ing)|consum(?:e|es|ing|ption)|possess(?:es|ion|ing)?|ingest(?:s|ing)?)"
            r"(?: \w{1,14}){0,6}? in public",
        ),
        barred=True,
    ),
)


def _worded(rule: _Rule, parts: tuple[_Part, ...]) -> list[Found]:
    """The first clause of all parts in which the rule stands."""
    for part in parts:
        for found in islice(part.near(rule.pattern, rule.keys, rule.reach), _HITS):
            clause = _clause(part, found.start())
            if not _holds(rule, part, clause, parts, found.end() + 40):
                continue
            start = found.start() if rule.from_here else clause.start
            end = max(clause.end, found.end())
            words = summary(part.raw[start:end], found.start() - start)
            return [(words, part.span(found.start(), found.end()))]
    return []


_NAMES_RULE: Final = re.compile(
    r"kratom|m[iy]tragyn|(?<!\w)(?:products?|prohibition|this (?:act|section|subsection|chapter"
    r"|article|part|title|ordinance|paragraph|code|order|rule|regulation)|subsection|subdivision)"
    r"(?!\w)|(?<!\w)(?:sub)?section \d|purchaser|possess|sale|sell"
)
# `“independent laboratory” means a laboratory that`: no rule, but what a word stands for.
_DEFINES: Final = _words(r"means", r"(?:has|have) the (?:same )?meaning", r"(?:is|are) defined")


def _holds(rule: _Rule, part: _Part, clause: _Clause, parts: tuple[_Part, ...], to: int) -> bool:
    if rule.not_ is not None and rule.not_.search(part.low, clause.start, clause.end):
        return False
    if rule.barred and not _is_barred(part, clause, parts):
        return False
    if rule.named and not _NAMES_RULE.search(part.low, clause.start, clause.end):
        return False
    if not rule.from_here and _DEFINES.search(part.low, clause.start, min(clause.end, to)):
        return False
    if rule.needs is None or rule.needs.search(part.low, clause.start, clause.end):
        return True
    leads = (clause.lead, *(lead.low for lead in parts[1:]))
    return any(rule.needs.search(lead) for lead in leads)


# -- places -------------------------------------------------------------------------------------

# `within 1,000 feet of a school`, `on school property`, `by a vending machine`.
_DISTANCE: Final = re.compile(
    r"(?<!\w)(?P<unit>feet|foot|yards?|met(?:er|re)s?|miles?)(?!\w)[^.;]{0,90}?(?<!\w)(?:schools?"
    r"|playgrounds?|day\s?-?cares?|child\s?-?care|parks?|church(?:es)?|places? of worship"
    r"|universit(?:y|ies)|colleges?|youth|librar(?:y|ies)|educational)(?!\w)"
)
_PLACE: Final = _Rule(
    "places",
    ("school", "vending", "campus", "university", "premises", "gas station", "correctional"),
    _words(
        r"(?:on|in|at|upon) (?:\w{1,10} ){0,3}?(?:school|university|college|campus)"
        r"(?: (?:property|grounds|premises|bus(?:es)?|zones?))?",
        r"vending machines?",
        r"(?:gas|filling|service) stations?",
        r"on (?:the )?premises (?:\w{2,5} )?licen[sc]ed for the (?:sale|consumption)",
        r"(?:in|inside|into) (?:an? |any )?(?:correctional|custodial) (?:facilit(?:y|ies)"
        r"|institutions?)",
    ),
    barred=True,
)
_PLACE_KEYS: Final = ("feet", "foot", "yard", "meter", "metre", "mile")


def _places(parts: tuple[_Part, ...]) -> list[Found]:
    """Where something may not be done; distances in feet and miles also in metres."""
    for part in parts:
        for found in islice(part.near(_DISTANCE, _PLACE_KEYS), _HITS):
            number = number_before(part.low, found.start())
            clause = _clause(part, found.start())
            if number is None or not _is_barred(part, clause, parts):
                continue
            words = summary(part.raw[clause.start : clause.end], found.start() - clause.start)
            factor = next(
                (f for name, f in _METRES.items() if found["unit"].startswith(name)), None
            )
            metres = "" if factor is None else f" ({number[0] * factor:.0f} m)"
            return [(words + metres, part.span(number[1], found.end()))]
    return _worded(_PLACE, parts)


# -- forms --------------------------------------------------------------------------------------

_FORMS: Final = (
    (
        ("vap", "inhal", "combust", "smok", "electr", "inject", "nasal", "suppositor", "patch"),
        _words(
            r"inject(?:able|ables|ion|ed)",
            r"nasal(?:ly)?",
            r"suppositor(?:y|ies)",
            r"(?:transdermal|skin) patch(?:es)?",
            r"vap(?:e|es|ing|ori[sz]\w{1,5})",
            r"produces? vapou?r",
            r"vapor products?",
            r"inhal(?:ed|ation|able|ing|ants?)",
            r"combust(?:ed|ible|ion)",
            r"smok(?:ed|able|ing)",
            r"electr(?:on)?ic (?:smoking|cigar(?:ette|illo)?s?|pipes?)",
        ),
    ),
    (
        ("gumm", "cand", "confection", "lollipop", "chocolat", "cookie", "lozenge", "chewing gum"),
        _words(
            r"gumm(?:y|ies)",
            r"cand(?:y|ies)",
            r"confection\w{0,4}",
            r"lollipops?",
            r"chocolates?",
            r"cookies?",
            r"lozenges?",
            r"chewing gum",
        ),
    ),
    (
        ("attract", "appeal", "shape", "cartoon", "resembl", "imitat", "mimic", "form other"),
        _words(
            r"(?:attract\w{0,4}|appeal\w{0,3}) (?:\w{1,14} ){0,3}?to (?:\w{1,14} ){0,2}?"
            r"(?:minors?|children|youth|persons? under|individuals? under)",
            r"shape of (?:an? )?(?:human|animal|cartoon|fruit|toy)\w{0,2}",
            r"shaped like (?:an? )?\w{1,14}",
            r"(?:resembl|imitat|mimic)\w{0,4}\b[^.;]{0,50}?\b(?:cand(?:y|ies)|food|snacks?|toys?"
            r"|cereal|gumm(?:y|ies)|drinks?|beverages?|sodas?|cigarettes?|vapes?)",
            r"in (?:any|an?) form other than",
            r"cartoons?(?:[- ]like)?",
        ),
    ),
    (
        ("beverage", "drink"),
        _words(
            r"(?<!alcohol )(?<!alcoholic )(?:infused |kratom )?beverages?(?! control)",
            r"(?:energy |kratom |soft )drinks?",
        ),
    ),
    (
        ("extract",),
        # `a kratom product or kratom extract` is no form among others.
        _words(
            r"(?<!product or )(?<!products or )(?<!products and )(?<!product and )(?<!product, )"
            r"kratom extracts?(?!,? (?:or|and) (?:an? )?kratom products?)"
            # An extract above some level is bound by a cap, and not as a form.
            r"(?![^.;]{0,80}(?:contain|more than|exceed|residual|percent|milligram|levels?))",
            r"concentrated extracts?",
        ),
    ),
)
# A form is only named here: in a definition, in directions for use, among all forms there are.
_NAMED_FORM: Final = _words(
    r"means",
    r"includ(?:es?|ing)",
    r"sold as",
    r"forms? such as",
    r"serving",
    r"any (?:other )?form",
    r"directions",
    r"solvents?",
    r"operat\w{1,4} (?:an? )?(?:motor|vehicle|machinery)",
    r"advertis\w{1,6}",
    r"licens(?:e|ed|ees?)",
)
# Or on a label; one that is asked for further on in the sentence is another matter.
_ON_LABEL: Final = _words(r"label(?:s|ed|ing|led|ling)?", r"warn(?:s|ing|ings)?")


def _forms(parts: tuple[_Part, ...]) -> list[Found]:
    forms: list[Found] = []
    for part in parts:
        for keys, pattern in _FORMS:
            for found in islice(part.near(pattern, keys), _HITS):
                clause = _clause(part, found.start())
                first, last = found.start() - 160, found.end() + 20
                if _NAMED_FORM.search(part.low, clause.start, clause.end) or _ON_LABEL.search(
                    part.low, max(clause.start, first), min(clause.end, last)
                ):
                    continue
                leads = (clause.lead, *(lead.low for lead in parts[1:]))
                if not any(
                    _PRODUCT.search(w) for w in (part.low[clause.start : clause.end], *leads)
                ):
                    continue
                if _is_barred(part, clause, parts):
                    where = part.span(found.start(), found.end())
                    forms.append((summary(part.low[found.start() : found.end()]), where))
                    break
    return forms


# -- penalties ----------------------------------------------------------------------------------

_PENAL_KEYS: Final = (
    *("fine", "penalt", "guilty", "imprison", "misdemean", "felony", "infraction", "forfeit"),
    *("petty offen", "convict", "crime", "violation", "offense"),
)
_PENAL: Final = _words(
    r"fin(?:e|es|ed)",
    r"(?:civil|criminal|administrative|monetary)?\s?penalt(?:y|ies)",
    r"forfeit(?:s|ure)?",
    r"guilty",
    r"punish\w{1,5}",
    r"imprison(?:ed|ment)",
    r"misdemeanou?rs?",
    r"felon(?:y|ies)",
    r"infractions?",
    r"disorderly persons offen[cs]e",
    r"petty offen[cs]e",
    r"summary conviction",
    r"class (?:[a-e1-6]|i{1,3}|iv|v) (?:crime|offen[cs]e)",
    r"guilty of a violation",
)
# `has been convicted of a felony`: what somebody did before.
_PAST: Final = _words(r"(?:been|was|were|prior(?:ly)?|previously) convicted", r"adjudicated")
# `Class B misdemeanor`, `felony of the third degree`, `disorderly persons offense`.
_CLASS: Final = re.compile(
    r"(?<!\w)(?:(?:class|level|category) (?:[a-e1-6]|i{1,3}|iv|v)(?:-?\d)? (?:\w{1,10} )?"
    r"(?:misdemeanou?r|felony|violation|infraction|offen[cs]e|crime)"
    r"|(?:(?:simple|serious|aggravated|gross|petty|high|state jail|summary|capital"
    r"|(?:first|second|third|fourth|fifth)[- ]degree|unclassified|civil|class|criminal) ){0,2}"
    r"(?:misdemeanou?r|felony|infraction|(?:petty )?disorderly persons offen[cs]e"
    r"|(?:summary|petty) offen[cs]e)"
    r"(?: of the (?:first|second|third|fourth|fifth) (?:degree|class))?"
    r"|crime of the (?:first|second|third|fourth) degree"
    # In some states a violation is a class of its own: `shall be guilty of a violation.`
    r"|(?<=guilty of a )violation(?! of))(?!\w)"
)
_BOUND: Final = (
    r"(?:(?:not|no)\s{1,2}(?:more|less)\s{1,2}than|not\s{1,2}(?:to\s{1,2})?exceed(?:ing)?|up\s{1,2}to"
    r"|at\s{1,2}least|exceeding|a\s{1,2}maximum\s{1,2}of)"
)
_FIGURES: Final = rf"(?:(?:{'|'.join([*_ONES, *_TENS, *_POWERS, 'and'])})[\s-]{{1,2}}){{1,7}}"
# `not less than $500 nor more than $1,000`, `two hundred fifty dollars ($250)`, `50 penalty units`.
_MONEY: Final = re.compile(
    rf"(?:{_BOUND}\s{{1,2}})?(?:(?:[$£€]\s?\d[\d,]{{0,12}}(?:\.\d\d)?)"
    rf"|(?<!\w){_FIGURES}(?:dollars|pounds|euros?|ringgit)(?:\s{{0,2}}\([$]?\d[\d,.]{{0,12}}\))?"
    r"|\d{1,5} penalty units|class [a-e] fine"
    r"|(?:a |an unlimited )?(?:fine )?(?:not exceeding )?level [1-5] on the standard scale)"
)
# `one year`, `up to 90 days`, `not more than six (6) months`.
_TERM: Final = re.compile(
    rf"(?:{_BOUND}\s{{1,2}})?(?<!\w)(?:\d{{1,3}}|{'|'.join([*_ONES, *_TENS])})"
    rf"(?:[\s-](?:{'|'.join(_UP_TO_NINE)}|hundred|eighty))?(?:\s{{0,2}}\(\d{{1,3}}\))?\s{{1,2}}"
    r"(?:consecutive\s{1,2})?(?:days?|months?|years?)(?!\s{1,2}(?:of\s{1,2}age|old))(?!\w)"
)
# What a term in prison is called.
_JAIL: Final = _words(r"imprison(?:ed|ment)", r"jail", r"confine(?:d|ment)", r"incarcerat\w{1,4}")
# `for a second or subsequent offense`
_TIME: Final = re.compile(
    r"(?<!\w)(?:first|second|third|fourth|subsequent|repeat)(?:,? (?:or|and)(?: each| any)? "
    r"(?:subsequent|third|later))?(?: \w{1,12})? (?:offen[cs]e|violation|conviction)s?(?!\w)"
)


def _penalties(parts: tuple[_Part, ...]) -> list[Found]:
    found: list[Found] = []
    for part in parts:
        for start, end in part.windows(_PENAL_KEYS, 2 * _CLAUSE):
            found += islice(_penal(part, start, end), _MAX_PENALTIES - len(found))
    return found or _threats(parts)


def _threats(parts: tuple[_Part, ...]) -> list[Found]:
    """Fines and penalties without an amount, where no amount is named at all."""
    for part in parts:
        for threat in part.near(_THREAT, _PENAL_KEYS):
            fine = _cut(part, *threat.span("what"))
            return [(Penalty(fine=fine), part.span(*threat.span()))]
    for part in parts:
        for threat in part.near(_DISCIPLINE, _DISCIPLINE_KEYS):
            what = _cut(part, *threat.span(threat.lastgroup or 0))
            return [(Penalty(class_=what), part.span(*threat.span()))]
    return []


def _penal(part: _Part, begin: int, stop: int) -> Iterator[Found]:
    goes_on = False
    for start, end in _sentences(part, begin, stop):
        has_word = _PENAL.search(part.low, start, end) is not None
        times = list(islice(_TIME.finditer(part.low, start, end), _MAX_PENALTIES))
        if not has_word and not (goes_on and times):
            goes_on = goes_on and end - start < 4
            continue
        goes_on = has_word or goes_on
        for first, last, which in _by_time(part.low, start, end, times):
            penalty = _penalty(part, first, last, which)
            if penalty is not None:
                yield penalty, part.span(first, last)


def _sentences(part: _Part, start: int, end: int) -> Iterator[tuple[int, int]]:
    for stop in _BREAK.finditer(part.raw, start, end):
        yield start, stop.start()
        start = stop.end()
    yield start, end


def _by_time(
    low: str, start: int, end: int, times: list[re.Match[str]]
) -> list[tuple[int, int, re.Match[str] | None]]:
    """A sentence in pieces, one for each time that the offence is committed."""
    if not times:
        return [(start, min(end, start + 4 * _CLAUSE), None)]
    amount = _MONEY.search(low, start, end) or _CLASS.search(low, start, end)
    if amount is not None and amount.start() < times[0].start():
        # `a fine of $500 for a first offense, and $1,000 for a second offense`
        edges = [start, *(time.end() for time in times)]
        return [(edges[i], edges[i + 1], times[i]) for i in range(len(times))]
    edges = [*(time.start() for time in times), end]
    return [(edges[i], edges[i + 1], times[i]) for i in range(len(times))]


def _penalty(part: _Part, start: int, end: int, which: re.Match[str] | None) -> Penalty | None:
    low = part.low
    class_ = None if _PAST.search(low, start, end) else _CLASS.search(low, start, end)
    fine = _ranged(_MONEY, part, start, end)
    prison = None
    if jail := _JAIL.search(low, start, end):
        prison = _ranged(_TERM, part, jail.end(), min(end, jail.end() + 120))
        prison = prison or _ranged(_TERM, part, max(start, jail.start() - 60), jail.start())
        prison = prison or (_cut(part, *jail.span()) if class_ or fine else None)
    if fine is not None and _FEE.search(low, start, end) and not _FINED.search(low, start, end):
        fine = None
    if class_ is None and fine is None and prison is None:
        return None
    return Penalty(
        for_=_cut(part, *which.span()) if which else None,
        class_=_cut(part, *class_.span()) if class_ else None,
        fine=fine,
        prison=prison,
    )


# `is subject to a civil forfeiture`, `shall be punished by a fine`: without an amount.
_THREAT: Final = re.compile(
    r"(?<!\w)(?:subject to|liable (?:for|to|on)|punish(?:able|ed) (?:by|with)|guilty|shall pay"
    r"|incurs?|commits an offen[cs]e)(?!\w)[^.;]{0,60}?(?<!\w)"
    r"(?P<what>(?:(?:civil|criminal|administrative|monetary) )?"
    r"(?:fines?|penalt(?:y|ies)|forfeitures?))(?!\w)"
)


_DISCIPLINE_KEYS: Final = ("punish", "violation of article", "license", "licence", "disciplin")
# What is neither a fine nor a class of crime: `is punishable under article 92`, `is a violation of
# article 92`, `may lose the business license`, `the commander may discipline a member who`.
_DISCIPLINE: Final = re.compile(
    r"(?<!\w)(?:is (?P<a>punishable under article \d{1,3})|is a (?P<b>violation of article \d{1,3})"
    r"|(?:may|shall) (?P<c>(?:lose|forfeit) (?:the|its|his|her|their|any) (?:\w{1,10} ){0,2}"
    r"licen[cs]es?)|(?:may|shall) (?P<d>discipline|be disciplined))(?!\w)"
)


def _cut(part: _Part, start: int, end: int) -> str:
    return summary(part.raw[start:end])


_FEE: Final = _words(r"fees?", r"bonds?")
_FINED: Final = _words(r"fin(?:e|es|ed)", r"penalt(?:y|ies)", r"forfeit\w{0,3}")
# `and not more than `, ` nor ` between the two ends of a range.
_RANGE: Final = re.compile(
    r"[\s,]{1,3}(?:and|nor|or|to)\s{1,2}(?=not|more|up|[$£€]|\d)(?:more than )?"
)


def _ranged(pattern: re.Pattern[str], part: _Part, start: int, end: int) -> str | None:
    low = part.low
    first = pattern.search(low, start, end)
    if first is None:
        return None
    last = first.end()
    if (joint := _RANGE.match(low, last)) and (upper := pattern.match(low, joint.end(), end)):
        last = upper.end()
    return _cut(part, first.start(), last)


# -- all keys at once ---------------------------------------------------------------------------


@cache
def _finder() -> tuple[list[str], Callable[[str], list[tuple[int, int, int]]]]:
    """The keys of all rules, and what finds them in one go: much quicker than one by one."""
    from ahocorasick_rs import AhoCorasick, MatchKind

    tables = (
        *(_UNIT_KEYS, _UNDER_KEYS, _LEAST_KEYS, _PLACE_KEYS, _PENAL_KEYS),
        _DISCIPLINE_KEYS,
    )
    rules = (*_RULES, *_FLAGS, _PLACE)
    keys = sorted(
        {key for table in tables for key in table}
        | {key for rule in rules for key in rule.keys}
        | {key for form_keys, _ in _FORMS for key in form_keys}
    )
    finder = AhoCorasick(keys, matchkind=MatchKind.Standard)
    return keys, partial(finder.find_matches_as_indexes, overlapping=True)

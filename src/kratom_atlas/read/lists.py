"""Kratom in the schedules and lists of drugs of countries other than the United States.

A list is named in a heading or in the clause that changes it, and what stands in it is a row: a
line of a table, a short line of its own, or quoted words that are inserted. How each country names
its lists, and with which words a language inserts, removes, forbids and names activities, is data:
`data/listings.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from itertools import islice, pairwise
from typing import Any, Final, NamedTuple

import msgspec
import yaml

from kratom_atlas.model.observation import Mention
from kratom_atlas.model.reading import Circumstances, Finding, Marked, Novelty, Section, Span
from kratom_atlas.model.values import AlkaloidCap, Cap, Limit, Penalty, Qualifiers, Value
from kratom_atlas.model.vocabulary import Activity, Alkaloid, Effect, Substance, Unit
from kratom_atlas.read.amounts import near, qualifiers_in, summary
from kratom_atlas.read.terms import find_mentions

__all__ = ["listed", "substance_of"]

_REACH: Final = 1500
"""So far after its name a list goes on where the name is no heading, in characters."""
_LINE: Final = 1200
"""So much of a line is looked at on either side of a mention."""
_SHORT: Final = 220
"""A row of a list without columns, or a heading, is no longer."""
_MAX_NAMES: Final = 400
_ROW: Final = (Activity.POSSESS, Activity.SELL, Activity.DISTRIBUTE, Activity.MAKE)
"""What standing in a schedule reaches, whatever else the act around it says."""


class _Mark(Value, frozen=True, kw_only=True):
    """A word in an entry that says what the entry does."""

    mark: str
    effect: Effect
    activities: tuple[Activity, ...]


class _List(Value, frozen=True, kw_only=True):
    """One way in which a list is named; see the head of the file."""

    language: str
    key: str
    name: str
    schedule: str
    effect: Effect | None = None
    activities: tuple[Activity, ...] = _ROW
    in_: tuple[str, ...] = msgspec.field(default=(), name="in")
    marks: tuple[_Mark, ...] = ()
    seen: bool = False
    alone: bool = False


class _Language(Value, frozen=True, kw_only=True):
    """The words of a language, as patterns over text in lower case."""

    inserts: str
    removes: str
    bans: str
    activities: dict[str, tuple[Activity, ...]]
    musts: str | None = None
    licenses: str | None = None
    prescribes: str | None = None
    these: str | None = None
    defined: dict[str, tuple[Activity, ...]] = msgspec.field(default_factory=dict)
    age: str | None = None
    numbers: dict[str, int] = msgspec.field(default_factory=dict)
    subject: str | None = None
    section: str | None = None
    labelling: str | None = None
    testing: str | None = None
    persons: str | None = None
    places: str | None = None
    advertising: str | None = None
    adulterants: str | None = None
    exceptions: str | None = None
    penalty: str | None = None
    prison: str | None = None
    fine: str | None = None


class _Column(Value, frozen=True, kw_only=True):
    """A column of a table of largest amounts: its heading, and what its units mean."""

    language: str
    header: str
    units: dict[str, Unit]
    limit: bool = False


class _Listings(Value, frozen=True, kw_only=True):
    context: tuple[str, ...]
    lists: tuple[_List, ...]
    languages: dict[str, _Language]
    columns: tuple[_Column, ...]


@cache
def _listings() -> _Listings:
    raw = files("kratom_atlas.read").joinpath("data", "listings.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(raw, yaml.CSafeLoader), _Listings)


@cache
def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words)


class _Text(NamedTuple):
    """A text with what is needed to read it."""

    marked: Marked
    low: str
    words: _Language
    sections: tuple[Section, ...]
    about: Circumstances

    @property
    def raw(self) -> str:
        return self.marked.text


class _Name(NamedTuple):
    """A place where a list is named."""

    row: _List
    start: int
    end: int
    schedule: str


class _Entry(NamedTuple):
    """One mention of kratom in a list: what the list does to it."""

    name: _Name
    mention: Mention
    span: Span
    effect: Effect
    activities: tuple[Activity, ...]
    because: str


def listed(
    marked: Marked,
    sections: tuple[Section, ...],
    about: Circumstances,
    mentions: tuple[Mention, ...] | None = None,
) -> tuple[Finding, ...]:
    """What the lists and the rules around them do to kratom; what is not understood is left out.

    `mentions` are those of `marked.text`, where they have been found already.
    """
    words = _listings().languages.get(about.language)
    if words is None or about.place == "US" or about.place.startswith("US-"):
        return ()
    if mentions is None:
        mentions = find_mentions(marked.text, about.language)
    if not mentions:
        return ()
    whole = marked._replace(text=_unwrapped(marked.text))
    low = whole.text.replace("\u0130", "i").lower()
    text = _Text(whole, low, words, sections, about)
    entries = tuple(_entries(text, mentions))
    found = [*_merged(text, entries), *_tabled(text)]
    if about.language != "en":
        taken = {entry.mention.start for entry in entries}
        found += _ruled(text, tuple(m for m in mentions if m.start not in taken))
        found += _these(text, found)
    if not found:
        found += _spared(text, mentions)
    return tuple(found)


# The end of a line of prose that goes on: ` the sale of products\nthat contain`, `a, b,\n7-c`.
_WRAP: Final = re.compile(r"(?<=[\w,”“»\"’)])\n(?=\w)")
_WIDE: Final = 70
_BLANKS: Final = 5
"""A line of prose that goes on is at least so wide, and has so many blanks."""


def _unwrapped(raw: str) -> str:
    """`raw` with a blank for each line break inside a sentence; each letter is still in place."""
    pieces: list[str] = []
    done = 0
    for wrap in _WRAP.finditer(raw):
        start = raw.rfind("\n", max(0, wrap.start() - _LINE), wrap.start()) + 1
        line = raw[start : wrap.start()]
        goes_on = line[-1] == "," or raw[wrap.end()].islower()
        if len(line) < _WIDE or line.count(" ") < _BLANKS or not goes_on:
            continue
        if any(cell in line for cell in _CELLS):
            continue
        pieces += [raw[done : wrap.start()], " "]
        done = wrap.end()
    return "".join((*pieces, raw[done:])) if done else raw


_DRUGS: Final = frozenset(Substance) - {Substance.LEAF}

# -- which list, and whether it is an entry ------------------------------------------------------


def _names(text: _Text, mentions: tuple[Mention, ...]) -> tuple[_Name, ...]:
    """Where lists are named, in order; the narrower name first where two begin together."""
    # Who names the alkaloids names drugs, and no foods or roads.
    is_of_drugs = any(substance_of(mention.term) in _DRUGS for mention in mentions) or any(
        word in text.low for word in _listings().context
    )
    names: list[_Name] = []
    for row in _listings().lists:
        if row.language != text.about.language or not (is_of_drugs or row.alone):
            continue
        if row.in_ and text.about.place.partition("-")[0] not in row.in_:
            continue
        places = islice(near(_pattern(row.name), (row.key,), text.low, 80), _MAX_NAMES)
        names += [
            _Name(row, found.start(), found.end(), _label(text.raw, row, found)) for found in places
        ]
    names.sort(key=lambda name: (name.start, -name.end))
    return tuple(_outermost(names))


def _outermost(names: Iterable[_Name]) -> Iterator[_Name]:
    end = -1
    for name in names:
        if name.end > end:
            yield name
            end = name.end


def _label(raw: str, row: _List, found: re.Match[str]) -> str:
    label = row.schedule
    for index in range(1, (found.re.groups or 0) + 1):
        label = label.replace(f"{{{index}}}", raw[slice(*found.span(index))])
    return label


def _entries(text: _Text, mentions: tuple[Mention, ...]) -> Iterator[_Entry]:
    names = _names(text, mentions)
    if not names:
        return
    for mention in mentions:
        name = _governing(text, names, mention)
        if name is None:
            continue
        entry = _entry(text, name, mention)
        if entry is not None:
            yield entry


def _governing(text: _Text, names: tuple[_Name, ...], mention: Mention) -> _Name | None:
    """The list in which kratom is named: the last one named before it, or one in its sentence."""
    start, end = _line(text, mention.start)
    before = next((name for name in reversed(names) if name.start < mention.start), None)
    if before is None or before.start < start:
        first, last = _sentence(text, mention, start, end)
        after = next((n for n in names if mention.end <= n.start < last), None)
        if after is not None and _changes(text, first, last):
            return after
    for name in reversed(names):
        if name.start >= mention.start:
            continue
        if mention.start - name.end <= _REACH or _is_heading(text, name):
            return name
    return None


def _changes(text: _Text, first: int, last: int) -> bool:
    """Whether a sentence inserts something or removes it."""
    both = (text.words.inserts, text.words.removes)
    return any(_pattern(words).search(text.low, first, last) for words in both)


def _line(text: _Text, at: int) -> tuple[int, int]:
    start = text.raw.rfind("\n", max(0, at - _LINE), at) + 1 or max(0, at - _LINE)
    end = text.raw.find("\n", at, at + _LINE)
    return start, (end if end >= 0 else min(len(text.raw), at + _LINE))


def _is_heading(text: _Text, name: _Name) -> bool:
    start, end = _line(text, name.start)
    line = text.raw[start:end].rstrip()
    return len(line) <= _SHORT and not line.endswith((";", ",", "."))


# The end of a sentence within a line: `. ` before a capital, but not `das 18. Lebensjahr`.
_STOP: Final = re.compile(r"(?:;|(?<!\s\d)(?<!\s\d\d)\.)\s+(?=[^\W\d_a-zß-öø-ÿ])|。(?![）」』]|\Z)")
# `: « 84` before `. Mitragynine`: the number of an entry.
_NUMBERED: Final = re.compile(r"[;:,„“«»\"”]\s?\d{1,3}\Z")
_CELLS: Final = ("\t", "|")
_QUOTES: Final = '„“”«»"「『'


def _entry(text: _Text, name: _Name, mention: Mention) -> _Entry | None:
    start, end = _line(text, mention.start)
    lead = _lead(text, name, start)
    first, last = _sentence(text, mention, start, end)
    line = text.low[first:last]
    inserts = _pattern(text.words.inserts)
    removes = _pattern(text.words.removes)
    inserted = inserts.search(line) or inserts.search(lead)
    removed = removes.search(line) or removes.search(lead)
    because = "list-row"
    if removed and not inserted:
        because = "list-removed"
    elif not (_is_row(text, mention, start, end) or _is_first(text, name, start)):
        within = first <= name.start < last and abs(mention.end - name.start) <= 400
        told = inserted is not None and _is_told(line, mention.start - first, inserted)
        if not inserted or not (within or told or _is_quoted(text, mention, first)):
            return None
        ban = _pattern(text.words.bans).search(text.low, first, mention.start)
        if ban is not None and text.about.language == "en":
            return None  # `must not possess kratom, which is listed in`
        because = "list-inserted"
    effect, activities = name.row.effect, name.row.activities
    for mark in name.row.marks:
        if _pattern(mark.mark).search(line):
            effect, activities = mark.effect, mark.activities
    if because == "list-removed":
        effect = Effect.REPEAL
    elif mention.exception and not _goes_on(mention, start):
        effect, because = Effect.EXEMPT, "list-exception"
    if effect is None:
        return None
    row = Span(max(start, mention.start - 150), min(end, mention.end + 150))
    return _Entry(name, mention, row, effect, activities, because)


# `210. `, `(2) `, `三 `, `- `: the number of an entry.
_LABEL: Final = re.compile(r"\s{0,8}(?:[(\[]?\w{1,5}[.)\]]{0,2}|[-–—•*])\s")
# `is`, `may`, `wird`, `sont`: a line with one of these says something, and is no entry.
_VERBS: Final = re.compile(
    r"(?<!\w)(?:is|are|was|were|may|shall|must|has|have|ist|sind|wird|werden|darf|est|sont|peut|è"
    r"|sono|viene|es|son|está|é|são|jest|są|je|jsou|sú|er|är|blir|kan|on|ovat|este|sunt)(?!\w)"
)


def _goes_on(mention: Mention, start: int) -> bool:
    """Whether it is the alkaloid that the row is of, and what is excepted comes after it."""
    return mention.start - start <= 12 and substance_of(mention.term) is not Substance.LEAF


def _lead(text: _Text, name: _Name, start: int) -> str:
    """The line that names the list, where it is the clause that changes it and ends in a colon."""
    if name.start >= start or start - name.end > _REACH:
        return ""
    first, last = _line(text, name.start)
    line = text.low[first:last]
    return line if line.rstrip(" *").endswith((":", "—", "–", "-")) or "：" in line else ""


def _sentence(text: _Text, mention: Mention, start: int, end: int) -> tuple[int, int]:
    first = start
    for stop in _STOP.finditer(text.raw, start, mention.start):
        before = text.raw[max(start, stop.start() - 6) : stop.start()]
        if not (before[-1:].isupper() or _NUMBERED.search(before)):
            first = stop.end()
    stop_after = _STOP.search(text.raw, mention.end, end)
    return first, (stop_after.start() if stop_after else end)


def _is_row(text: _Text, mention: Mention, start: int, end: int) -> bool:
    line = text.raw[start:end]
    if any(cell in line for cell in _CELLS):
        return True
    if end - start > _SHORT or _pattern(text.words.bans).search(text.low, start, end):
        return False
    # In a language with blanks, an entry is a few words and no sentence.
    words = line.split()
    short = len(words) <= 12 and mention.start - start <= 80
    label = _LABEL.match(line)
    return short and not (_STOP.search(line, label.end() if label else 0) or _VERBS.search(line))


def _is_first(text: _Text, name: _Name, start: int) -> bool:
    """Whether the long line at `start` comes right after a heading: a table without its lines."""
    first, last = _line(text, name.start)
    is_heading = _is_heading(text, name) and last - first <= name.end - name.start + 12
    return is_heading and 0 <= start - last <= 2 and _line(text, start)[1] - start > _SHORT


# `införs: 7-hydroximitragynin`: what is inserted stands behind a colon.
_TOLD: Final = 80


def _is_told(line: str, at: int, inserted: re.Match[str]) -> bool:
    between = line[inserted.end() : at] if inserted.string == line else ""
    return ":" in between and len(between) <= _TOLD


def _is_quoted(text: _Text, mention: Mention, first: int) -> bool:
    return any(quote in text.raw[first : mention.start] for quote in _QUOTES)


# -- what is named --------------------------------------------------------------------------------

# `7-hydroxymitragynine` in any language, `7-OH`, and its number.
_SEVEN: Final = re.compile(
    r"7[aα]?[\s\-‐-―]{0,3}(?:oh|h[iyuü]|idrossi|υδροξυ|г[иі]дрокси)|174418-82-7|7a-hydroxy"
    r"|7-?ヒドロキシ|7-?히드록시|7-?하이드록시|7-?羥基|7-?羟基"
)
# `七―ヒドロキシ` right before `ミトラギニン`, which is named without it.
_HYDROXY: Final = re.compile(
    r"(?:[7７七]\W{0,3}|-)(?:ヒドロキシ|히드록시|하이드록시|羥基|羟基|היד\w{2,6})\W?\Z"
)
# `mitragynine`, `mitragynin`, `митрагинин`, `ミトラギニン`; not `Mitragyna`.
_MITRAGYNINE: Final = re.compile(
    r"mitragin(?:as|ą|o|u|ui|ams)(?!\w)|m[iíy]tra?[gd]?[gy]?[yiíüùu]n[iīí]n|m[iíyý]tr\w{0,3}g[yiíüýùu]+n[iīí]+n|м[иі]траг[иі]н[иі]н"
    r"|μιτραγ[υι]νίν|ミトラ[ギジ]ニン|미트라[지기]닌|帽柱木[鹼碱]|ไมทรา|מיטרגינין|ميتراجينين"
    r"|4098-40-2"
)
_OTHERS: Final = (
    (re.compile(r"pseudoindox"), Substance.PSEUDOINDOXYL),
    (re.compile(r"mgm\W{0,3}15"), Substance.MGM_15),
    (re.compile(r"mgm\W{0,3}16"), Substance.MGM_16),
)
# Names by structure, and alkaloids that are no substance of the codebook.
_UNNAMED: Final = re.compile(r"9,17|3-?\s?[eéæ]t\w?yl|9-methoxy|speciogyn|speciocil|anthein|kcpa")


def substance_of(term: str, following: str = "") -> Substance | None:
    """The substance that a word for kratom stands for; None for its other names by chemistry."""
    low = term.lower()
    tail = following[:16].lower()
    for pattern, substance in _OTHERS:
        if pattern.search(low) or pattern.match(tail.lstrip()):
            return substance
    if _SEVEN.search(low):
        return Substance.SEVEN_OH
    if _UNNAMED.match(low):
        return None
    return Substance.MITRAGYNINE if _MITRAGYNINE.search(low) else Substance.LEAF


# -- findings -------------------------------------------------------------------------------------


def _merged(text: _Text, entries: tuple[_Entry, ...]) -> Iterator[Finding]:
    """One finding for what each list does."""
    groups: dict[tuple[Any, ...], list[_Entry]] = {}
    excepted = {(e.name.start, _line(text, e.span.start)[0]) for e in entries if _is_exempt(e)}
    for entry in entries:
        place = (entry.name.start, _line(text, entry.span.start)[0])
        if place in excepted and not _is_exempt(entry) and _names_genus(entry.mention):
            # `The genus Mitragyna, except Mitragyna speciosa`: the genus is not kratom.
            continue
        key = (entry.effect, entry.name.schedule, entry.activities, _novelty(text, entry.span))
        groups.setdefault(key, []).append(entry)
    for (effect, schedule, activities, novelty), group in groups.items():
        finding = _finding(text, effect, schedule, activities, group)
        if finding is not None:
            yield msgspec.structs.replace(finding, novelty=novelty)


def _spared(text: _Text, mentions: tuple[Mention, ...]) -> Iterator[Finding]:
    """The plant left out of its genus (`Mitragyna, all species except Mitragyna speciosa`)."""
    for genus, species in pairwise(mentions):
        start, end = _line(text, species.start)
        apart = species.start - genus.end
        if not (_names_genus(genus) and species.exception and genus.start >= start and apart < 80):
            continue
        activities: set[Activity] = set()
        for ban in islice(_pattern(text.words.bans).finditer(text.low), 20):
            activities |= _activities(text, *_sentence_at(text, ban.start()))
        yield Finding(
            effect=Effect.EXEMPT,
            substances=(Substance.LEAF,),
            activities=_ordered(activities) or (Activity.SELL,),
            spans=(Span(genus.start, species.end), Span(start, end)),
            quote=summary(text.raw[start:end], species.start - start),
            because=("the plant is left out of its genus",),
        )
        return


def _is_exempt(entry: _Entry) -> bool:
    return entry.effect is Effect.EXEMPT


def _names_genus(mention: Mention) -> bool:
    low = mention.term.lower()
    return low.startswith("m") and "specios" not in low and substance_of(low) is Substance.LEAF


def _finding(
    text: _Text,
    effect: Effect,
    schedule: str,
    activities: tuple[Activity, ...],
    group: list[_Entry],
) -> Finding | None:
    substances = _substances(text, [entry.mention for entry in group])
    if not substances:
        return None
    rows = sorted({entry.span for entry in group})
    spans = [*rows, *sorted({Span(entry.name.start, entry.name.end) for entry in group})]
    qualifiers = _thresholds(text, rows)
    if effect in (Effect.SCHEDULE, Effect.REPEAL):
        named, exceptions = _named_activities(text)
        activities = _ordered({*activities, *named})
        if effect is Effect.SCHEDULE and exceptions is not None:
            qualifiers = msgspec.structs.replace(qualifiers, exceptions=exceptions)
    return Finding(
        effect=effect,
        substances=substances,
        activities=activities,
        spans=tuple(spans),
        quote=summary(
            text.raw[rows[0].start : rows[0].end], group[0].mention.start - rows[0].start
        ),
        citation=_citation(text, group[0]),
        qualifiers=qualifiers,
        schedule=schedule if effect is Effect.SCHEDULE else None,
        targets=(schedule,) if effect is Effect.REPEAL else (),
        because=tuple(dict.fromkeys(entry.because for entry in group)),
    )


def _thresholds(text: _Text, rows: list[Span]) -> Qualifiers:
    """Above what a substance is listed (`more than 400 ppm`), where it is said in English."""
    if text.about.language != "en":
        return Qualifiers()
    found = [qualifiers_in(text.marked, row)[0] for row in rows]
    return Qualifiers(
        seven_oh_caps=tuple(dict.fromkeys(cap for one in found for cap in one.seven_oh_caps)),
        alkaloid_caps=tuple(dict.fromkeys(cap for one in found for cap in one.alkaloid_caps)),
    )


def _substances(text: _Text, mentions: list[Mention]) -> tuple[Substance, ...]:
    found = {
        Substance.SEVEN_OH
        if _HYDROXY.search(text.raw, max(0, m.start - 12), m.start)
        else substance_of(m.term, text.raw[m.end : m.end + 20])
        for m in mentions
    } - {None}
    return tuple(one for one in Substance if one in found)


def _ordered(activities: set[Activity]) -> tuple[Activity, ...]:
    return tuple(one for one in Activity if one in activities)


def _novelty(text: _Text, span: Span) -> Novelty:
    if not text.marked.is_marked:
        return Novelty.ADDS
    added = any(a.start < span.end and span.start < a.end for a in text.marked.added)
    return Novelty.ADDS if added else Novelty.KEEPS


def _citation(text: _Text, entry: _Entry) -> str:
    around = [s for s in text.sections if s.start <= entry.mention.start < s.end]
    path = max(around, key=lambda s: s.level).path if around else ""
    return f"{path}, {entry.name.schedule}" if path else entry.name.schedule


def _named_activities(text: _Text) -> tuple[set[Activity], str | None]:
    """What the text forbids with all that stands in its lists, and what it excepts from that."""
    found: set[Activity] = set()
    exceptions: str | None = None
    for ban in islice(_pattern(text.words.bans).finditer(text.low), 60):
        start, end = _line(text, ban.start())
        for stop in _STOP.finditer(text.raw, start, ban.start()):
            start = stop.end()
        if (stop_after := _STOP.search(text.raw, ban.end(), end)) is not None:
            end = stop_after.start()
        named = _activities(text, start, end)
        if len(named) >= _MANY:
            found |= named
            exceptions = exceptions or _excepted(text, ban.end(), end + _NEXT)
    return found, exceptions


_NEXT: Final = 300
"""So far after a ban the sentence stands that says whom it does not reach, in characters."""


def _excepted(text: _Text, start: int, end: int) -> str | None:
    words = text.words.exceptions
    found = _pattern(words).search(text.low, start, end) if words else None
    if found is None:
        return None
    first, last = _line(text, found.start())
    return summary(text.raw[max(start, first) : last], found.start() - max(start, first))


_MANY: Final = 4
"""A sentence that forbids so many activities is about all that is listed."""


def _activities(text: _Text, start: int, end: int) -> set[Activity]:
    words = text.low[start:end]
    found = {one for word, ones in text.words.activities.items() if word in words for one in ones}
    for word, ones in text.words.defined.items():
        # `“to sell” means also to give`, in the language of the text.
        if found.intersection(text.words.activities.get(word, ())) and f"“{word}” " in text.low:
            found.update(ones)
    return found


# -- tables of largest amounts --------------------------------------------------------------------

# `| Kratom | 50 g | Mitragynin |`: one line of a table.
_TABLE_LINE: Final = re.compile(r"^\|[^\n]{1,2000}$", re.MULTILINE)
# `1250 mg`, `2,5`, `10 g`: an amount in a cell, with its unit or without.
_CELL_AMOUNT: Final = re.compile(r"(\d{1,6}(?:[.,]\d{1,4})?)\s?(mg|ml|g)?(?![\w.,])")


class _Amounts(NamedTuple):
    """What a table allows of one product."""

    product: str
    caps: list[Cap]
    alkaloid_caps: list[AlkaloidCap]
    limits: list[Limit]
    spans: list[Span]


def _tabled(text: _Text) -> Iterator[Finding]:
    columns = [c for c in _listings().columns if c.language == text.about.language]
    if not columns or not any(c.header in text.low for c in columns):
        return
    products: dict[str, _Amounts] = {}
    header: list[_Column | None] = []
    product, last = "", 0
    for line in _TABLE_LINE.finditer(text.raw):
        if line.start() > last + 1:
            header = []
        last = line.end()
        cells = [cell.strip() for cell in line[0].strip().strip("|").split("|")]
        known = [_column(columns, cell) for cell in cells]
        if any(known):
            header, product = known, ""
        elif header and not _is_rule(cells):
            product = _row_amounts(text, header, cells, product, products, line)
    for amounts in products.values():
        yield _amounts_finding(text, amounts)


def _column(columns: list[_Column], cell: str) -> _Column | None:
    low = cell.lower()
    return next((column for column in columns if column.header in low), None)


def _is_rule(cells: list[str]) -> bool:
    return all(not cell.strip("-: ") for cell in cells)


def _row_amounts(
    text: _Text,
    header: list[_Column | None],
    cells: list[str],
    product: str,
    products: dict[str, _Amounts],
    line: re.Match[str],
) -> str:
    """What one row adds; a row that lacks its first cells goes on with the product above it."""
    filled = [cell for cell in cells if cell]
    if not filled or len(filled) > len(header):
        return product
    if len(filled) == len(header):
        product = filled[0]
    named = find_mentions(" ".join(filled), text.about.language)
    if not named or not find_mentions(product, text.about.language):
        return product
    amounts = products.setdefault(product, _Amounts(product, [], [], [], []))
    amounts.spans.append(Span(line.start(), line.end()))
    alkaloid = next((s for cell in filled if (s := _alkaloid(cell)) is not None), None)
    for column, cell in zip(header[-len(filled) :], filled, strict=True):
        if column is not None:
            _put(amounts, column, cell, alkaloid)
    return product


def _alkaloid(cell: str) -> Substance | None:
    named = substance_of(cell)
    return named if named in (Substance.SEVEN_OH, Substance.MITRAGYNINE) else None


def _put(amounts: _Amounts, column: _Column, cell: str, alkaloid: Substance | None) -> None:
    for found in islice(_CELL_AMOUNT.finditer(cell), 4):
        unit = column.units.get(found[2] or "")
        value = float(found[1].replace(",", "."))
        if unit is None:
            continue
        if column.limit:
            amounts.limits.append(Limit(value=value, unit=unit))
        elif alkaloid is Substance.SEVEN_OH:
            amounts.caps.append(Cap(value=value, unit=unit))
        elif alkaloid is Substance.MITRAGYNINE:
            cap = AlkaloidCap(of=Alkaloid.MITRAGYNINE, value=value, unit=unit)
            amounts.alkaloid_caps.append(cap)


def _amounts_finding(text: _Text, amounts: _Amounts) -> Finding:
    first = amounts.spans[0]
    plain = len(amounts.product.split()) == 1
    duties, where = _duties(text, 0, len(text.raw))
    # Of the whole text only what is said of all products; a warning is no rule on buyers.
    duties = {name: duties[name] for name in duties if name in _OF_PRODUCTS}
    return Finding(
        effect=Effect.RESTRICT,
        substances=(Substance.LEAF,),
        activities=(Activity.SELL, Activity.DISTRIBUTE),
        spans=(*amounts.spans, *where),
        quote=summary(text.raw[first.start : first.end]),
        qualifiers=Qualifiers(
            seven_oh_caps=tuple(dict.fromkeys(amounts.caps)),
            alkaloid_caps=tuple(dict.fromkeys(amounts.alkaloid_caps)),
            limits=tuple(dict.fromkeys(amounts.limits)),
            forms=() if plain else (amounts.product,),
            **duties,
        ),
        because=("table-of-amounts",),
    )


# -- rules in prose -------------------------------------------------------------------------------

_WORDED: Final = (
    *("labelling", "testing", "persons", "places", "advertising", "adulterants", "exceptions"),
)


_OF_PRODUCTS: Final = frozenset({"labelling", "testing", "advertising", "adulterants"})


class _Unit(NamedTuple):
    """A section or a sentence that is read as one rule, and what a section is called."""

    start: int
    end: int
    label: str = ""
    number: str = ""


def _duties(text: _Text, start: int, end: int) -> tuple[dict[str, Any], list[Span]]:
    """The conditions in words of a language other than English, and where they stand."""
    values: dict[str, Any] = {}
    spans: list[Span] = []
    for name in _WORDED:
        words: str | None = getattr(text.words, name)
        found = words and _pattern(words).search(text.low, start, end)
        if found:
            first, last = _line(text, found.start())
            first, last = max(first, start, found.start() - 100), min(last, end)
            values[name] = summary(text.raw[first:last], found.start() - first)
            spans.append(Span(found.start(), found.end()))
    if text.words.age and (found := _pattern(text.words.age).search(text.low, start, end)):
        figure = next((group for group in found.groups() if group), "")
        age = text.words.numbers.get(figure) or (int(figure) if figure.isdecimal() else None)
        if age is not None and 16 <= age <= 25:
            values["min_age"] = age
            spans.append(Span(found.start(), found.end()))
    return values, spans


def _ruled(text: _Text, mentions: tuple[Mention, ...]) -> Iterator[Finding]:
    """What sentences forbid or license; a condition makes a prohibition a restriction."""
    penalties = _penalties(text)
    for unit in _units(text, mentions):
        finding = _rule(text, unit, penalties)
        if finding is None:
            continue
        yield finding if text.words.section else _followed(text, unit, finding)


def _units(text: _Text, mentions: tuple[Mention, ...]) -> Iterator[_Unit]:
    if text.words.section and text.words.subject:
        heads = list(islice(_pattern(text.words.section).finditer(text.raw), 2000))
        for head, following in pairwise((*heads, None)):
            assert head is not None
            end = following.start() if following else min(len(text.raw), head.end() + 4000)
            if text.low.find(text.words.subject, head.start(), end) >= 0:
                yield _Unit(head.start(), end, head[0], _number(head[1]))
        return
    seen: set[int] = set()
    for mention in mentions:
        line = _line(text, mention.start)
        first, last = _sentence(text, mention, *line)
        if first not in seen and not mention.exception:
            seen.add(first)
            yield _Unit(first, last)


_DIGITS: Final = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_CLOSE: Final = 90
"""How far from the word that forbids an activity may be named in prose, in characters."""


def _number(figures: str) -> str:
    return figures.translate(_DIGITS)


def _rule(text: _Text, unit: _Unit, penalties: dict[str, Penalty]) -> Finding | None:
    words = text.words
    ban = _pattern(words.bans).search(text.low, unit.start, unit.end)
    if words.prescribes and (found := _pattern(words.prescribes).search(text.low, *unit[:2])):
        return _prescribed(text, unit, found)
    license_ = None
    if words.licenses:
        license_ = _pattern(words.licenses).search(text.low, unit.start, unit.end)
    # `Forbidden without a licence` is a licence too.
    first = license_ and (ban is None or not words.section or license_.start() < ban.start())
    word = license_ if first else ban
    if word is None:
        return _duty(text, unit)
    activities = _close_activities(text, unit, word, licensed=word is license_)
    values, spans = _duties(text, unit.start, unit.end)
    if not activities and "advertising" in values and word is ban:
        activities = (Activity.SELL,)
    if not activities:
        return None
    conditional = set(values) - {"exceptions"}
    if word is license_:
        effect = Effect.LICENSE
        values = {name: values[name] for name in values if name == "exceptions"}
    else:
        effect = Effect.RESTRICT if conditional else Effect.PROHIBIT
    if not words.section and _pattern(words.removes).search(text.low, *unit[:2]):
        effect, values = Effect.REPEAL, {}
    if unit.number in penalties:
        values["penalties"] = (penalties[unit.number],)
    start, end = _line(text, word.start())
    start = max(start, unit.start)
    return Finding(
        effect=effect,
        substances=_unit_substances(text, unit),
        activities=activities,
        spans=(Span(word.start(), word.end()), Span(start, min(end, unit.end)), *spans),
        quote=summary(text.raw[start : min(end, unit.end)], word.start() - start),
        citation=unit.label,
        qualifiers=Qualifiers(**values),
        targets=(text.raw[unit.start : unit.end][:200],) if effect is Effect.REPEAL else (),
        because=("prose-license" if word is license_ else "prose-ban",),
    )


def _duty(text: _Text, unit: _Unit) -> Finding | None:
    """What a sentence asks of labels, tests and buyers."""
    words = text.words.musts
    must = words and _pattern(words).search(text.low, *unit[:2])
    values, spans = _duties(text, unit.start, unit.end)
    # What is asked of buyers is a sentence's; a section has too many of them.
    names = ("labelling", "testing") if text.words.section else ("min_age", "labelling", "testing")
    asked = {name: values[name] for name in names if name in values}
    if not must or not asked:
        return None
    return Finding(
        effect=Effect.RESTRICT,
        substances=_unit_substances(text, unit),
        activities=_ordered(_activities(text, unit.start, unit.end)) or (Activity.SELL,),
        spans=(Span(must.start(), must.end()), Span(unit.start, unit.end), *spans),
        quote=summary(text.raw[unit.start : unit.end], must.start() - unit.start),
        qualifiers=Qualifiers(**asked),
        because=("prose-duty",),
    )


def _prescribed(text: _Text, unit: _Unit, word: re.Match[str]) -> Finding:
    """What a sentence makes a medicine on prescription."""
    named = _activities(text, unit.start, unit.end) & {Activity.SELL, Activity.DISTRIBUTE}
    return Finding(
        effect=Effect.PRESCRIPTION_ONLY,
        substances=_unit_substances(text, unit),
        activities=_ordered(named) or (Activity.SELL, Activity.DISTRIBUTE),
        spans=(Span(word.start(), word.end()), Span(unit.start, unit.end)),
        quote=summary(text.raw[unit.start : unit.end], word.start() - unit.start),
        because=("prose-prescription",),
    )


# `§ 3`, `l'article 2`, `Art. 4`, `odseku 1`, `čl. 5`: a rule that is cited.
_CITES: Final = re.compile(
    r"(?:§{1,2}|(?<!\w)(?:art(?:\.|[ií]\w{2,6})|paragra\w{1,6}|odse?k\w{0,2}|odst\.|čl(?:\.|án\w{1,4})"
    r"|ust(?:\.|ęp\w{0,3})|абзац\w{0,2}|стат\w{1,3}|стать\w{1,2}|чл(?:\.|ен)))\s{0,2}(\d{1,3})"
)
_AFTER: Final = 2500
"""So far after a ban the exceptions from it and its punishment are looked for, in characters."""


def _followed(text: _Text, unit: _Unit, finding: Finding) -> Finding:
    """The finding with what the next sentences except from it and threaten for its breach."""
    if finding.effect not in (Effect.PROHIBIT, Effect.RESTRICT):
        return finding
    own = {cited[1] for cited in _CITES.finditer(text.low, max(0, unit.start - 300), unit.end)}
    own.update(
        re.findall(r"(?<!\w)\(?(\d{1,3})[.)]", text.low[max(0, unit.start - 8) : unit.start + 8])
    )
    rules = finding.qualifiers
    values: dict[str, Any] = {}
    end = min(len(text.low), unit.end + _AFTER)
    if text.words.exceptions and not rules.exceptions:
        for found in islice(_pattern(text.words.exceptions).finditer(text.low, unit.end, end), 20):
            first, last = _sentence_at(text, found.start())
            if found.start() - unit.end < _NEXT or _cites(text, first, last, own) is True:
                values["exceptions"] = summary(text.raw[first:last], found.start() - first)
                break
    for name in ("fine", "prison"):
        words: str | None = getattr(text.words, name)
        for found in islice(_pattern(words).finditer(text.low, unit.end, end), 20) if words else ():
            if _cites(text, *_sentence_at(text, found.start()), own) is not False:
                values[name] = summary(text.raw[found.start() : found.end()])
                break
    fine, prison = values.pop("fine", None), values.pop("prison", None)
    if fine or prison:
        values["penalties"] = (*rules.penalties, Penalty(fine=fine, prison=prison))
    if not values:
        return finding
    return msgspec.structs.replace(finding, qualifiers=msgspec.structs.replace(rules, **values))


def _cites(text: _Text, start: int, end: int, numbers: set[str]) -> bool | None:
    """Whether a sentence cites one of `numbers`, or others; None where it cites nothing."""
    # What it begins with is its own number.
    cited = {one[1] for one in _CITES.finditer(text.low, start, end) if one.start() > start + 2}
    return None if not cited else bool(cited & numbers)


def _sentence_at(text: _Text, at: int) -> tuple[int, int]:
    start, end = _line(text, at)
    for stop in _STOP.finditer(text.raw, start, at):
        start = stop.end()
    stop_after = _STOP.search(text.raw, at, end)
    return start, (stop_after.start() if stop_after else end)


def _these(text: _Text, found: list[Finding]) -> Iterator[Finding]:
    """What is forbidden with `these substances`, those that the text puts into a list."""
    scheduled = next((one for one in found if one.effect is Effect.SCHEDULE), None)
    if scheduled is None or text.words.these is None:
        return
    for these in islice(_pattern(text.words.these).finditer(text.low), 20):
        start, end = _sentence_at(text, these.start())
        ban = _pattern(text.words.bans).search(text.low, start, end)
        activities = _ordered(_activities(text, start, end))
        if ban is not None and activities:
            yield Finding(
                effect=Effect.PROHIBIT,
                substances=scheduled.substances,
                activities=activities,
                spans=(Span(ban.start(), ban.end()), Span(start, end)),
                quote=summary(text.raw[start:end], ban.start() - start),
                because=("prose-ban", "of what is listed"),
            )
            return


def _unit_substances(text: _Text, unit: _Unit) -> tuple[Substance, ...]:
    named = find_mentions(text.raw[unit.start : unit.end], text.about.language)
    return _substances(text._replace(marked=Marked(text.raw[unit.start : unit.end])), [*named]) or (
        Substance.LEAF,
    )


def _close_activities(
    text: _Text, unit: _Unit, word: re.Match[str], *, licensed: bool
) -> tuple[Activity, ...]:
    """What is forbidden or licensed: named right after the word where sections are read."""
    if not text.words.section:
        # What is licensed is not named in the words that say so (`must hold a licence`).
        before, after = (word.start(), word.end()) if licensed else (unit.end, unit.end)
        named = _activities(text, unit.start, before) | _activities(text, after, unit.end)
        return _ordered(named)
    if licensed:
        return _ordered(_activities(text, max(unit.start, word.start() - _CLOSE), word.start()))
    return _ordered(_activities(text, word.end(), min(unit.end, word.end() + 6)))


def _penalties(text: _Text) -> dict[str, Penalty]:
    """The penalty for a breach of each section, by its number."""
    words = text.words
    if not (words.penalty and words.prison and words.fine):
        return {}
    found: dict[str, Penalty] = {}
    for clause in islice(_pattern(words.penalty).finditer(text.raw), 200):
        prison = _pattern(words.prison).search(clause[2])
        fine = _pattern(words.fine).search(clause[2])
        if prison or fine:
            penalty = Penalty(prison=prison[0] if prison else None, fine=fine[0] if fine else None)
            for number in re.findall(r"\d{1,3}", _number(clause[1])):
                found.setdefault(number, penalty)
    return found

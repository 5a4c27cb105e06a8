"""When a text applies: its first days, its ends, and what depends on something else.

A clause says so of the whole (`this act takes effect`), of parts of it (`sections 2 and 3 take
effect`), or within a rule (`beginning January 1, 2027, a retailer shall`, see `clause_days`). What
cannot be reckoned from what is known has no date, only its words.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Circumstances, Marked, Moment, Section, Span, Timing
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.calendars import (
    GAP,
    NUMBER,
    certain,
    date_at,
    days_later,
    lowered,
    number_of,
)
from kratom_atlas.read.defaults import default_moment, passage_is_enactment
from kratom_atlas.read.keys import Keys
from kratom_atlas.read.moments import (
    Event,
    When,
    day_of,
    later,
    next_when_at,
    other_when_at,
    when_at,
)

__all__ = ["clause_days", "timing", "timing_for"]

_REACH: Final = 360
"""How far from its verb a clause is read, in characters."""
_MOST: Final = 600
"""So many verbs are looked at from the start of a text, and as many from its end."""
_MOST_UNITS: Final = 80
_WORDS: Final = 160


class _Found(NamedTuple):
    """A clause as found: of which units it speaks, and the words that say when.

    `operative` are duties rather than the text itself, which may be law before it is felt.
    `more` is what has to be added to the day, in days.
    """

    units: tuple[str | None, ...]
    span: Span
    words: str
    when: When | None
    operative: bool = False
    more: int = 0


# -- the words of a clause --------------------------------------------------------------------

_WHOLE: Final = (
    r"(?:act|bill|ordinance|order|rules?|regulations?|resolution|law|measure|notice|decree"
    r"|directive|amendments?|statute|moratorium|instrument|by-?law|declaration|entry|injunction)"
)
_PART: Final = (
    r"(?:sections?|subsection|paragraph|chapter|article|part|title|subtitle|subchapter|subdivision"
    r"|division|schedule|clause|provision|prohibitions?|ban|restrictions?|requirements?|scheduling"
    r"|listing)"
)
_OF_SECTIONS: Final = ("section", "prohibition", "ban", "restriction", "requirement", "scheduling")
"""What is meant by these is the section, or what rules stand in it."""
_MADE: Final = (
    rf"(?:(?:\d{{4}}|amendatory|emergency|temporary|final|interim|urgency|scheduling|placement|new|proposed"
    rf"|permanent|said){GAP}){{0,3}}"
)
_LABEL: Final = r"[\[(]?[§\d][\w.:§()-]{0,24}[\])]?"
_LABELS: Final = (
    rf"{_LABEL}(?:(?:,|,?{GAP}(?:and|or|through|to)){GAP}{_LABEL}){{0,60}}(?:,{GAP}inclusive)?"
)
_SUBJECT: Final = (
    # `this act`, `[this act]`, `the amendments made by this section`, `this temporary scheduling
    # order`, `sections 2 to 8.7, inclusive, of this act`, `the rest of this act`; `it` is looked at
    # again, see `_IT`
    rf"(?:the{GAP}(?:provisions?|amendments?|repeals?|requirements?|remainder|rest|balance)"
    rf"(?:{GAP}(?:made|imposed))?{GAP}(?:of|by){GAP})?"
    rf"(?:\[?th(?:is|ese){GAP}{_MADE}(?:{_WHOLE}|(?P<unit>{_PART}))\]?"
    rf"|the{GAP}{_MADE}(?:act|ordinance|order|regulations|moratorium|prohibition|ban|placement)"
    rf"|the{GAP}(?:remainder|rest|balance)(?!{GAP}of)"
    rf"|(?:all|the){GAP}(?:other|remaining){GAP}(?:sections?|provisions?|parts?)(?:{GAP}of{GAP}"
    rf"th(?:is|e){GAP}(?:{_WHOLE}|{_PART}))?"
    rf"|(?<!\w)\[?(?:sections?{GAP}|§\s)(?P<labels>{_LABELS})\]?"
    rf"(?:,?{GAP}(?:of|as{GAP}enacted{GAP}by){GAP}th(?:is|e){GAP}"
    rf"(?:{_WHOLE}|{_PART}))?"
    rf"|(?P<version>this{GAP}version{GAP}of{GAP}[^\].;]{{3,60}}?)|(?P<it>(?<![\w])it(?!\w)))"
)
_IT: Final = re.compile(
    # Before `it becomes effective`: `the department adopts this emergency rule. `, `this act is
    # necessary for the public safety, and `
    rf"\bth(?:is|e){GAP}{_MADE}{_WHOLE}\b(?:[^.;]{{0,60}}[.;]|[^.;]{{1,260}},?{GAP}and)\s{{1,3}}\Z"
    # `the temporary scheduling of these substances is extended. `
    rf"|\bthe{GAP}(?:temporary|emergency){GAP}(?:scheduling|placement|listing|order|rule)\b"
    rf"[^.;]{{0,240}}[.]\s{{1,3}}\Z"
)
_BETWEEN: Final = (
    # `, being necessary for the public safety,`, `may be cited as the kratom order 2026 and`
    rf"(?:,[^.;:]{{1,200}}?,|{GAP}may{GAP}be{GAP}cited{GAP}as[^.;]{{1,160}}?{GAP}and"
    rf"|{GAP}is{GAP}(?:an{GAP}urgency{GAP}\w{{4,9}}{GAP})?necessary{GAP}for[^.;]{{1,260}}?{GAP}and|{GAP}being[^.;]{{1,200}}?)?{GAP}"
    rf"(?:(?:(?:shall|will|must|may|does|do)(?P<not>{GAP}not)?|is{GAP}to|are{GAP}to|is(?={GAP}ordered)){GAP})?"
    rf"(?:hereby{GAP}|automatically{GAP})?"
)
_BEGINS: Final = (
    rf"(?:takes?{GAP}(?:full{GAP}force{GAP}and{GAP})?effect|commences?"
    rf"|(?:goe?s?|comes?|enters?){GAP}into{GAP}(?:full{GAP})?(?:force|effect|operation)(?:{GAP}and{GAP}effect)?"
    rf"|(?P<now>(?:ordered{GAP}to{GAP}take|goe?s?{GAP}into|takes?){GAP}immediate{GAP}effect)"
    rf"|becomes?{GAP}(?:effective|operative|law))"
)
_STANDS: Final = (
    rf"(?:(?:is|are|be){GAP}(?:immediately{GAP})?(?:effective|operative|in{GAP}(?:full{GAP})?"
    rf"(?:force|effect)(?:{GAP}and{GAP}effect)?)|appl(?:y|ies){GAP}retroactively)"
)
_ENDS: Final = (
    rf"(?:expires?|sunsets?|terminates?|lapses?|(?:ends?|ceases?)(?={GAP}(?:on|at){GAP})|stands?{GAP}repealed|(?:is|are|be){GAP}repealed"
    rf"|(?:is|are|be){GAP}abrogated(?:{GAP}and{GAP}of{GAP}no{GAP}further{GAP}force"
    rf"{GAP}and{GAP}effect)?|ceases?{GAP}to{GAP}(?:be{GAP}(?:effective|operative|in{GAP}(?:force|effect))"
    rf"|have{GAP}(?:any{GAP})?(?:force|effect)|apply)"
    rf"|(?:is|are|be){GAP}of{GAP}no{GAP}(?:further{GAP})?force(?:{GAP}(?:and|or){GAP}effect)?)"
)
_LASTS: Final = (
    # `remain in effect until`, `is effective for`
    rf"(?:remains?|continues?|is|are|be|stays?){GAP}(?:in{GAP}(?:full{GAP})?(?:force|effect)"
    rf"(?:{GAP}and{GAP}effect)?|effective|operative){GAP}(?:only{GAP})?"
    rf"(?=(?:until|through|thru|for){GAP})"
)
_CLAUSE: Final = re.compile(
    rf"(?P<subject>{_SUBJECT}){_BETWEEN}"
    rf"(?P<verb>(?P<lasts>{_LASTS})|(?P<ends>{_ENDS})|(?P<begins>{_BEGINS})|(?P<stands>{_STANDS}))\b"
)
_REFERS: Final = re.compile(
    # `before this act takes effect` says nothing of when it does.
    # `a licence issued under this section expires` is not about the section.
    r"(?:\b(?:after|before|until|when|whenever|date|day|if|once|unless|while|which|time|to|of|in"
    r"|under|by|with|for|from|into|on|pursuant)|date that|day that|extent)\s{1,3}\Z"
)
_VETOED: Final = re.compile(r"\bif\s{1,3}(?:it\s{1,3}is\s{1,3})?vetoed\b[^.;]{0,120}\Z")
_RULES_FIRST: Final = re.compile(r"\bfor\s{1,3}(?:the\s{1,3})?purposes?\s{1,3}of\b[^.;]{0,160}\Z")
_ALL_ELSE: Final = re.compile(r"\bfor\s{1,3}all\s{1,3}other\s{1,3}purposes,?\s{1,3}\Z")
_AT_END_OF: Final = re.compile(
    r"\bat\s{1,3}the\s{1,3}end\s{1,3}of\s{1,3}(?P<day>[^.;]{6,30}?),\s{1,3}\Z"
)
_NOT_YET: Final = re.compile(
    rf"[\s,:]{{1,3}}(?:on|upon|when|if|only|after|at|following|as|from|in|contingent|{NUMBER})\b"
)
_NOT_BEFORE: Final = re.compile(rf"{GAP}(?:until|before|prior{GAP}to){GAP}")
_WAITS: Final = re.compile(rf"{GAP}(?:upon|when|only{GAP}(?:if|upon|when))\b")
_IF: Final = re.compile(
    rf"[\s,]{{1,3}}(?:only{GAP})?(?:if|provided{GAP}that|contingent|but{GAP}only)\b"
    # `after approval by the mayor, a 30-day period of congressional review`
    rf"|[^.;]{{0,200}}?period{GAP}of{GAP}congressional{GAP}review"
)
_FOR_PURPOSE: Final = re.compile(
    rf"[\s,]{{1,3}}for{GAP}(?:the{GAP})?(?:limited{GAP})?purposes?{GAP}of\b"
)
_ALL_OTHER: Final = re.compile(
    # `(b) on january 1, 2024, for all other purposes`
    rf"(?:upon|on|at){GAP}[^.;:]{{4,80}}?,?{GAP}for{GAP}all{GAP}other{GAP}purposes"
)
_OR: Final = re.compile(rf"[^.;]{{0,60}}?[\s,]or{GAP}(?=[^.;]{{1,160}}whichever)")
_LATER: Final = re.compile(
    rf"[^.;]{{0,80}}?whichever{GAP}(?:\w{{2,10}}{GAP}){{0,2}}?(?:(?P<late>later|latest|last)"
    r"|earlier|earliest|first|sooner)"
)
_STOP: Final = re.compile(r"[.;](?=\s|\Z|[a-z(\[])(?<![ap]\.m\.)(?<!\b[a-z]\.)")
_DATE_IS: Final = re.compile(
    # `effective date of this act is`, `effective date:`, `effective date.- `, `dates: effective`
    rf"effect(?:ive)?(?:{GAP}date)?(?:{GAP}(?:of|for){GAP}th(?:is|e){GAP}{_MADE}(?:{_WHOLE}|{_PART}))?"
    rf"(?:(?P<says>{GAP}(?:is|shall{GAP}be){GAP})|\s?[:.]?[\s—–-]{{1,4}}|{GAP})"
)
_NOTED: Final = re.compile(rf"effect{GAP}[^\]\[().;]{{3,40}}{GAP}from{GAP}passage{GAP}\(")
"""`[passed april 12, 2025; in effect 90 days from passage (july 11, 2025)]`"""
_HEADED: Final = re.compile(r"(?:^|\n|dates:|\b(?:sec\.|section) ?\d{1,3}[.:])\W{0,4}\Z")
_ALONE: Final = re.compile(r"\s{0,2}(?:[.\n)\]]|\Z)")
_GOODS: Final = re.compile(
    # `this act shall apply to a drink made, sold or offered for sale on or after`, `this act
    # applies (only to offences committed) on and after`
    rf"(?:th(?:is|e){GAP}{_MADE}(?:{_WHOLE}|(?P<unit>{_PART}))|(?:sub)?section{GAP}\([a-z]\))"
    rf"{GAP}(?:shall{GAP}apply|applies)"
    rf"(?:[^.;]{{1,200}}?(?:(?P<goods>sold|sale|sales|manufactured|distributed|distribution)"
    rf"|committed|occurs|occurring))?{GAP}on{GAP}(?:or|and){GAP}after{GAP}"
)
_APPLIES: Final = re.compile(rf"\bit{GAP}shall{GAP}apply{GAP}(?:as{GAP})?from{GAP}")
_UNTIL: Final = re.compile(
    # After a first day: `and shall expire on`, `until`, `, and remains in effect through`, `for`,
    # `(published) in the state register and expires`
    rf"(?:{GAP}in{GAP}the{GAP}(?:[\w’']{{1,20}}{GAP}){{0,4}}(?:register|gazette|bulletin|journal))?"
    rf"[\s,]{{0,3}}(?:and{GAP}|but{GAP})?(?:(?:shall|will){GAP})?"
    rf"(?:{_LASTS}|(?P<ends>{_ENDS})(?={GAP})|(?=(?:until|through|thru|for){GAP}))"
)
_TILL: Final = re.compile(
    rf"[\s,:—–-]{{0,3}}(?:(?:(?P<through>through|thru)|until|automatically|effective|on|at|upon"
    rf"|as{GAP}of|for|a{GAP}(?:maximum{GAP})?(?:period|term)(?:{GAP}of)?|not{GAP}(?:more{GAP}than|to{GAP}exceed)"
    rf"|up{GAP}to|no{GAP}longer{GAP}than){GAP}){{0,4}}"
    rf"(?P<late>midnight,?{GAP}(?:on{GAP}|of{GAP})?|11:59{GAP}p\.?m\.?,?{GAP}(?:on{GAP})?"
    rf"|the{GAP}(?:close|end){GAP}of{GAP}(?:business{GAP}(?:on{GAP}|of{GAP})?|the{GAP}day{GAP}"
    rf"(?:on{GAP}|of{GAP})?)?|after{GAP})?"
)
_COUNT: Final = re.compile(
    # `120 days`, `two years`
    rf"(?P<n>{NUMBER})[\s-](?:(?:calendar|consecutive){GAP})?(?P<unit>day|week|month|year)s?\b"
)
_COUNTED_FROM: Final = re.compile(
    rf",?{GAP}(?:from|beginning|commencing|starting)(?:{GAP}on)?{GAP}"
)
_VOID: Final = re.compile(
    # `this act is void`, `then this chapter is inoperative`, `those federal regulations supersede`
    rf"(?:th(?:is|e){GAP}{_MADE}(?:{_WHOLE}|{_PART})|\[?sections?{GAP}{_LABELS}\]?){GAP}"
    rf"(?:shall{GAP}(?:be|become|have)|is|are|becomes?|has|have){GAP}(?:null{GAP}and{GAP}void|void"
    rf"|inoperative|unenforceable|(?:of{GAP})?no{GAP}(?:further{GAP})?(?:force|effect))"
    rf"|(?:federal|those|such){GAP}(?:\w{{1,12}}{GAP}){{0,3}}(?:shall|must|will){GAP}supersede\b"
)
_VOID_IF: Final = re.compile(r"\b(?:if|upon|when|whenever|in the event|at such time)\b")
_VOID_BY: Final = re.compile(
    r"\b(?:federal|federally|united states|congress|drug enforcement|food and drug|scheduled?"
    r"|controlled\s{1,3}substance)\b"
)
_BACK: Final = re.compile(
    rf"(?:\[?th(?:is|e){GAP}{_MADE}(?:{_WHOLE}|{_PART})\]?|it){GAP}(?:(?:shall|must){GAP})?"
    rf"(?:appl(?:y|ies)|is|be|has|have|takes?{GAP}effect){GAP}(?:given{GAP})?retroactive(?:ly)?\b"
)
_URGENT: Final = re.compile(
    rf"(?:an{GAP}emergency{GAP}(?:is{GAP}(?:hereby{GAP})?declared|exists|existing|clause)"
    rf"|immediate{GAP}preservation{GAP}of{GAP}the{GAP}public|urgency{GAP}statute)"
)
_SENTENCE: Final = re.compile(r"[.;]\s|\n\n")


# -- other languages --------------------------------------------------------------------------


class _Tongue(NamedTuple):
    """How a language says that a text begins or ends to apply.

    The day is `when`, or where there is no such group, what follows.
    """

    key: str
    pattern: re.Pattern[str]
    ends: bool = False
    more: int = 0


def _tongue(key: str, pattern: str, *, ends: bool = False, more: int = 0) -> _Tongue:
    return _Tongue(key, re.compile(pattern), ends, more)


_GAP_WHEN: Final = r"(?P<when>(?:[^.;]|(?<=\d)\.){2,140}?)"
_TONGUES: Final = (
    # Norwegian, Danish, Swedish; `(i kraft 1 jan 2016)` in a history is of another text.
    _tongue("i kraft", r"(?:trer|træder|träder|tre|træde|träda)\s(?:\w{1,10}\s)?i\skraft\b"),
    _tongue("i kraft", r"(?:(?<=\n)|\A)i\skraft\sfra\s"),
    # `loven gjelder fra`: what applies is the text itself, and no permit
    _tongue(" fra ", r"\b(?:loven|lova|forskriften|forskrifta|bekendtgørelsen)\s"
                     r"(?:gjelder|gjeld|gælder)\sfra\s"),
    _tongue(" från ", r"\b(?:lagen|förordningen|föreskrifterna)\sgäller\sfrån\s"),
    _tongue("upphör att gälla", r"upphör att gälla\s(?:vid utgången av\s)?", ends=True),
    # German and Dutch, where the day may stand inside.
    _tongue("in kraft", rf"\b(?:tritt|treten)\s{_GAP_WHEN}\sin\skraft\b"),
    _tongue("außer kraft", rf"\bmit ablauf des\s{_GAP_WHEN}\saußer\skraft\b",
            ends=True, more=1),
    _tongue("außer kraft", rf"\b(?:tritt|treten)\sam\s{_GAP_WHEN}\saußer\skraft\b", ends=True),
    _tongue("in werking", r"\b(?:treedt|treden)\sin\swerking\s"),
    _tongue("vervalt", r"\bvervalt\s(?=(?:met ingang van|op)\s)", ends=True),
    # Romance languages.
    _tongue("en vigueur", r"\bentr(?:e|ent|era|eront)\sen\svigueur\s"),
    _tongue("in vigore", r"\bentra(?:no|)\sin\svigore\s"),
    _tongue("en vigor", r"\bentra(?:rá|rán|)\sen\svigor\s"),
    _tongue("en vigencia", r"\bentra(?:rá|rán|n|)\sen\svigencia\s"),
    _tongue("rige", r"\brigen?\s(?=(?:a partir|desde)\s)"),
    _tongue("regirá", r"\bregirán?\s(?=(?:a partir|desde)\s)"),
    _tongue("prend effet", r"\bprend effet\s(?=le|à|au)"),
    _tongue("em vigor", r"\bentra(?:m|rá|)\sem\svigor\s"),
    _tongue("în vigoare", r"\bintră\sîn\svigoare\s"),
    # Slavic and Baltic languages, Estonian, Finnish.
    _tongue("w życie", r"\bwchodz(?:i|ą)\sw\sżycie\s"),
    _tongue("účinnosti", r"\bnabýv(?:á|ají)\súčinnosti\s"),
    _tongue("účinnosť", r"\bnadobúda(?:jú)?\súčinnosť\s"),
    _tongue("jõustu", r"\bjõustu(?:b|vad)\s"),
    _tongue("spēkā", r"\bstājas\sspēkā\s"),
    _tongue("įsigalioja", r"\bįsigalioja\s"),
    _tongue("voimaan", r"\btulee\svoimaan\s"),
    # Thai, Japanese, Korean, Chinese.
    _tongue("ใช้บังคับ", r"ให้ใช้บังคับ\s?"),
    _tongue("施行", r"(?P<when>(?:公布の日|[^。、\s]{4,20}日)(?=から)から施行)"),
    # text out of a table has blanks between the words
    _tongue("施行", r"(?P<when>[^。、\s]{4,20}日)\sから\s施行"),
    _tongue("부터 시행", r"(?P<when>공포한 날부터|\d{4}년 \d{1,2}월 \d{1,2}일부터) 시행"),
    _tongue("起施行", r"自(?P<when>公布之日起|\d{4}年\d{1,2}月\d{1,2}日起)施行"),
)  # fmt: skip

_CHANGED_SINCE: Final = re.compile(r"\s{1,3}(?:ikrafttredelse av siste endring|sist endret)\b")
"""Behind the first day of a consolidated text: its rules may be younger than it."""

_ENGLISH_KEYS: Final = (
    "effect", "operative", "in force", "in full force", "into force", "into operation",
    "commence", "abrogated", "expire", "lapse", "sunset", "terminate", "repealed", "cease",
    "no further force", "no force",
)  # fmt: skip
_OTHER_KEYS: Final = ("retroactive", "it shall apply", "on or after", "on and after")
_VOID_KEYS: Final = ("void", "inoperative", "no effect", "no force", "supersede", "unenforceable")


@cache
def _keys() -> Keys:
    """The words by which clauses are found."""
    other = (tongue.key for tongue in _TONGUES)
    return Keys((*_ENGLISH_KEYS, *_VOID_KEYS, *_OTHER_KEYS, *other), _MOST)


# -- units of the text ------------------------------------------------------------------------

_NUMBERED: Final = re.compile(
    r"(?:new\s+)?(?:\[?(?:sections?|sec\.?|art(?:icle|\.)?)|§§?)?\s*", re.I
)
_IS_SECTION: Final = re.compile(r"\W*(?:sec|§|art\.? ?\d|\d+[a-z]?-\d)", re.I)
_DECIMAL: Final = re.compile(r"\d{1,4}(?:\.\d{1,3})?")
_PLAIN: Final = re.compile(r"\d{1,3}(?:\.\d{1,2})?[a-z]?")
_RANGE: Final = re.compile(rf"({_LABEL})(?:{GAP}(through|to){GAP}({_LABEL}))?")


class _Units:
    """The units of a text, to say of which one a clause speaks."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self._sections = sections
        self._starts = [section.start for section in sections]
        self._paths: dict[str, str] | None = None

    def chain(self, place: int) -> Iterator[Section]:
        """The units that hold a place, the innermost first."""
        index: int | None = bisect_right(self._starts, place) - 1
        while index is not None and index >= 0:
            section = self._sections[index]
            if section.end > place:
                yield section
            index = section.parent

    def this(self, word: str, place: int) -> str | None:
        """The path of `this section`, `this subsection` or `this chapter`; None for all of it."""
        chain = tuple(self.chain(place))
        if word.startswith(_OF_SECTIONS):
            return next((unit.path for unit in chain if _IS_SECTION.match(unit.label)), None)
        if word in ("subsection", "paragraph", "subdivision", "clause", "provision"):
            return chain[0].path if chain else None
        return next((unit.path for unit in chain if word in unit.label.lower()), None)

    def named(self, labels: str) -> tuple[str, ...]:
        """The paths of `2, 3 and 5 through 7`."""
        found: list[str] = []
        for first, _, last in _RANGE.findall(labels):
            first, last = first.strip("[]().,"), last.strip("[]().,")
            span = [first, *([last] if last else [])]
            found += self._between(first, last) or span
        paths = (self._path(label) for label in found[:_MOST_UNITS])
        return tuple(path for path in paths if path)

    def _between(self, first: str, last: str) -> list[str]:
        """The labels from `1` to `9.7`: the whole numbers, and those of this text."""
        if not (_DECIMAL.fullmatch(first) and _DECIMAL.fullmatch(last)):
            return []
        low, high = float(first), float(last)
        if not 0 <= high - low < _MOST_UNITS:
            return []
        whole = [str(number) for number in range(int(low), int(high) + 1)]
        known = [label for label in self._by_label() if _DECIMAL.fullmatch(label)]
        return list(dict.fromkeys((*whole, *(n for n in known if low <= float(n) <= high), last)))

    def _path(self, label: str) -> str | None:
        """The path of a unit of this text; a plain number is one even if it was not found."""
        plain = f"Section {label}" if _PLAIN.fullmatch(label) else None
        return self._by_label().get(label, plain)

    def _by_label(self) -> dict[str, str]:
        if self._paths is None:
            self._paths = {}
            named = (unit for unit in self._sections if not unit.label.startswith("("))
            for section in sorted(named, key=lambda unit: unit.level):
                bare = _NUMBERED.sub("", section.label.strip(), count=1).strip(" .[]():—–-\t")
                self._paths.setdefault(bare.lower(), section.path)
        return self._paths


# -- reading ----------------------------------------------------------------------------------


class _Reader:
    """Reads the clauses of one text."""

    def __init__(self, text: str, sections: Sequence[Section], about: Circumstances) -> None:
        self.text = text
        self.low = lowered(text)
        self.units = _Units(sections)
        self.about = about
        self.begins: list[_Found] = []
        self.ends: list[_Found] = []
        self.acts_from: list[_Found] = []
        """From when what is done counts, which tells the first day where nothing else does."""
        self.void_if: Moment | None = None
        self.retroactive = False
        self._done = 0

    def run(self) -> None:
        """Look at each place where a clause may be."""
        for key, place in _keys().hits(self.low):
            if key in _VOID_KEYS:
                self._void(place)
            if key == "retroactive":
                self.retroactive = self.retroactive or self._near(_BACK, place) is not None
            elif key == "it shall apply":
                self._applies(place)
            elif key in _OTHER_KEYS:
                self._goods(place)
            elif key in _ENGLISH_KEYS:
                self._english(key, place)
            else:
                self._other(key, place)

    def _near(self, pattern: re.Pattern[str], place: int) -> re.Match[str] | None:
        """The match that covers `place`."""
        for found in pattern.finditer(self.low, max(0, place - _REACH), place + 60):
            if found.start() <= place < found.end():
                return found
            if found.start() > place:
                break
        return None

    def _stop(self, place: int) -> int:
        """Where the words of a clause end that are read from `place` on."""
        last = min(len(self.low), place + _REACH)
        stop = _STOP.search(self.low, place, last)
        return stop.start() if stop else last

    def _shown(self, start: int, end: int) -> str:
        return " ".join(self.text[start:end].split())[:_WORDS].strip(" ,:;([")

    # English

    def _english(self, key: str, place: int) -> None:
        if place < self._done:
            return
        if key == "effect" and self._labelled(place):
            return
        start = max(self._done, place - _REACH)
        for found in _CLAUSE.finditer(self.low, start, min(len(self.low), place + 40)):
            if found.start("verb") > place:
                return
            if place < found.end("verb"):
                self._clause(found)
                return

    def _clause(self, found: re.Match[str]) -> None:
        before = self.low[max(0, found.start() - 24) : found.start()]
        starts_anew = self.text[found.start()].isupper() and not found["labels"]
        if not starts_anew and _REFERS.search(before):
            return
        if found["it"] and not _IT.search(self.low[max(0, found.start() - _REACH) : found.start()]):
            return
        units = self._units_of(found)
        before = self.low[max(0, found.start() - _REACH) : found.start()]
        if not units or _VETOED.search(before):
            return
        if found["not"]:
            self._not_before(units, found)
        elif found["ends"] or found["lasts"]:
            self._end(units, found.start(), found.end(), _AT_END_OF.search(before))
        elif not _RULES_FIRST.search(before):
            self._begin(units, found, operative=bool(_ALL_ELSE.search(before)))

    def _not_before(self, units: tuple[str | None, ...], found: re.Match[str]) -> None:
        """As in: this act does not take effect until July 1, 2027; or: unless voters approve it."""
        if not found["begins"]:
            return
        last = self._stop(found.end())
        until = _NOT_BEFORE.match(self.low, found.end(), last)
        when = when_at(self.low, until.end(), last) if until else None
        end = when.end if when else last
        span, words = Span(found.start(), end), self._shown(found.end(), end)
        self.begins.append(_Found(units, span, words, when))
        self._done = end

    def _units_of(self, found: re.Match[str]) -> tuple[str | None, ...]:
        """The units that a clause is about; none where they are not of this text."""
        if found["labels"]:
            return self.units.named(found["labels"])
        if not found["version"]:
            unit = self.units.this(found["unit"], found.start()) if found["unit"] else None
            return (unit,)
        unit = self.units.this("section", found.start())
        return (unit,) if unit else ()

    def _begin(
        self, units: tuple[str | None, ...], found: re.Match[str], *, operative: bool
    ) -> None:
        place = found.end()
        last = self._stop(place)
        when = when_at(self.low, place, last)
        operative = operative or "operative" in found["verb"]
        if when is None and found["now"]:
            place, when = found.start("now"), When(place, None, Event.ENACTED, days_later(0))
        if when is None:
            waits = _NOT_YET if found["begins"] else _WAITS
            if waits.match(self.low, place, last):
                span = Span(found.start(), last)
                self.begins.append(_Found(units, span, self._shown(place, last), None, operative))
                self._done = last
            return
        words = self._shown(place, when.end)
        if _IF.match(self.low, when.end, last):
            when, words = When(last), self._shown(place, last)
        elif (other := self._other_purposes(when)) is not None:
            when, words, operative = *other, True
        else:
            when = self._whichever(when, last)
        self.begins.append(_Found(units, Span(found.start(), when.end), words, when, operative))
        self._done = when.end
        until = _UNTIL.match(self.low, when.end, min(len(self.low), when.end + _REACH))
        if until is not None:
            self._end(units, when.end, until.end())

    def _other_purposes(self, when: When) -> tuple[When, str] | None:
        """The day `for all other purposes`, and its words, where the first is for making rules."""
        if not _FOR_PURPOSE.match(self.low, when.end):
            return None
        rest = _ALL_OTHER.search(self.low, when.end, when.end + 4 * _REACH)
        other = when_at(self.low, rest.start(), rest.end()) if rest else None
        return (other, self._shown(rest.start(), rest.end())) if rest and other else None

    def _whichever(self, when: When, last: int) -> When:
        """The earlier or the later of two, where the words name two."""
        other = _OR.match(self.low, when.end, last)
        second = when_at(self.low, other.end(), last) if other else None
        which = _LATER.match(self.low, second.end, last) if second else None
        if second is None or which is None:
            return when
        days = [day_of(one, self.about, None) for one in (when, second)]
        if any(day is None or not day.is_day for day in days):
            return When(which.end())
        first, then = sorted(day for day in days if day is not None)
        return When(which.end(), then if which["late"] else first)

    def _end(
        self,
        units: tuple[str | None, ...],
        start: int,
        place: int,
        earlier: re.Match[str] | None = None,
    ) -> None:
        dated = date_at(earlier["day"], 0) if earlier else None
        if earlier is not None and dated is not None:
            # `at the end of june 30, 2029, this act shall be abrogated`
            span = Span(start, place)
            self.ends.append(_Found(units, span, earlier[0], When(place, dated.date), more=1))
            return
        found = self._till(place)
        if found is None:
            return
        when, more = found
        span = Span(start, when.end)
        self.ends.append(_Found(units, span, self._shown(place, when.end), when, more=more))
        self._done = max(self._done, when.end)

    def _till(self, place: int) -> tuple[When, int] | None:
        """The day on which it ends, and what to add to that."""
        last = self._stop(place)
        lead = _TILL.match(self.low, place, last)
        if lead is None:
            return None
        more = int(bool(lead["through"] or lead["late"]))
        count = _COUNT.match(self.low, lead.end(), last)
        since = _COUNTED_FROM.match(self.low, count.end(), last) if count else None
        first = date_at(self.low, since.end(), last) if since else None
        if count is not None and first is not None:
            # `for two years from october 1, 2026`
            reckon = later(number_of(count["n"]), count["unit"])
            return When(first.end, certain(first.date, reckon)), 0
        when = when_at(self.low, lead.end(), last)
        if count is not None and (when is None or when.end < count.end()):
            return When(
                count.end(), None, Event.BEGIN, later(number_of(count["n"]), count["unit"])
            ), 0
        if when is None or when.event is Event.ENACTED:
            the = 4 if self.low.startswith("the ", lead.end()) else 0
            when = next_when_at(self.low, lead.end() + the, last, Event.BEGIN) or when
        return (when, more) if when is not None else None

    def _labelled(self, place: int) -> bool:
        """`Effective date: June 1, 2026` as a heading, `(Effective 01/01/27)` or a note in it."""
        found = _NOTED.match(self.low, place) or _DATE_IS.match(self.low, place)
        if found is None:
            return False
        last = min(len(self.low), found.end() + 60)
        in_brackets = self.low[place - 1 : place] in ("(", "[")
        when: When | None
        if in_brackets:
            when = when_at(self.low, found.end(), last)
        else:
            dated = date_at(self.low, found.end(), last)
            when = When(dated.end, dated.date) if dated else None
        if when is None:
            return False
        if found.re is _DATE_IS and not found["says"]:
            shown = self.text[place : found.end()]
            heads = in_brackets or (":" in shown and shown.isupper())
            heads = heads or bool(_HEADED.search(self.low[max(0, place - 24) : place]))
            if not heads or not _ALONE.match(self.low, when.end, when.end + 3):
                return False
        unit = self.units.this("section", place) if in_brackets else None
        words = self._shown(found.end(), when.end)
        self.begins.append(_Found((unit,), Span(place, when.end), words, when))
        self._done = when.end
        return True

    def _applies(self, place: int) -> None:
        found = _APPLIES.match(self.low, place)
        dated = date_at(self.low, found.end()) if found else None
        if found is not None and dated is not None:
            when = When(dated.end, dated.date)
            words = self._shown(found.end(), dated.end)
            self.begins.append(_Found((None,), Span(place, dated.end), words, when, True))

    def _goods(self, place: int) -> None:
        found = self._near(_GOODS, place)
        when = when_at(self.low, found.end(), self._stop(found.end())) if found else None
        if found is None or when is None or when.end <= self._done:
            return
        unit = self.units.this(found["unit"], found.start()) if found["unit"] else None
        words = self._shown(place, when.end)
        one = _Found((unit,), Span(found.start(), when.end), words, when, bool(found["goods"]))
        (self.begins if found["goods"] else self.acts_from).append(one)

    def _void(self, place: int) -> None:
        found = self._near(_VOID, place)
        if found is None or self.void_if is not None:
            return
        first = max(0, found.start() - 2 * _REACH)
        breaks = [stop.end() for stop in _SENTENCE.finditer(self.low, first, found.start())]
        start = breaks[-1] if breaks else first
        end = self._stop(found.end())
        sentence = self.low[start:end]
        if _VOID_IF.search(sentence) and _VOID_BY.search(sentence):
            words = self._shown(start, end)
            self.void_if = Moment(because=words, span=Span(start, end))

    # other languages

    def _other(self, key: str, place: int) -> None:
        for tongue in _TONGUES:
            if tongue.key == key and self._in_tongue(tongue, place):
                return

    def _in_tongue(self, tongue: _Tongue, place: int) -> bool:
        found = self._near(tongue.pattern, place)
        if found is None:
            return False
        inside = "when" in found.re.groupindex
        start = found.start("when") if inside else found.end()
        last = found.end("when") if inside else min(len(self.low), start + _REACH)
        when = other_when_at(self.low, start, last)
        if when is None:
            return False
        if _CHANGED_SINCE.match(self.low, when.end):
            when = When(when.end)
        more = tongue.more or int("utgången" in found[0])
        end = max(when.end, found.end())
        one = _Found(
            (None,), Span(found.start(), end), self._shown(start, when.end), when, more=more
        )
        (self.ends if tongue.ends else self.begins).append(one)
        return True


def timing(marked: Marked, sections: tuple[Section, ...], about: Circumstances) -> Timing:
    """When `marked` applies, by its own words, or else by the rule of its place.

    The rule of the place is asked only of law, and only where the text says nothing itself.
    """
    reader = _Reader(marked.text, sections, about)
    reader.run()
    found = _felt(reader.begins) or reader.acts_from
    start = _start(_moments(found, about, None)) or about.effective
    begins = _moments(found, about, start)
    is_default = False
    if not begins and about.effective is not None:
        begins = (Moment(because="as its source records it", date=about.effective),)
    elif not begins and _is_law(about):
        urgent = bool(_URGENT.search(reader.low[-20 * _REACH :]))
        default = default_moment(about, urgent=urgent)
        begins, is_default = ((default,), True) if default else ((), False)
    return Timing(
        begins=begins,
        ends=_moments(reader.ends, about, start or _start(begins)),
        void_if=reader.void_if,
        retroactive=reader.retroactive,
        is_default=is_default,
    )


def _start(begins: tuple[Moment, ...]) -> PartialDate | None:
    """The day on which the whole begins."""
    return next((one.date for one in begins if one.date and one.section is None), None)


def _is_law(about: Circumstances) -> bool:
    """Whether a text is an act or rule that has been made."""
    if about.kind is InstrumentKind.BILL or about.kind is None:
        return about.stage is not None and about.stage.is_law
    return about.kind in (InstrumentKind.SESSION_LAW, InstrumentKind.REGULATION) and (
        about.stage is None or about.stage.is_law
    )


def _felt(found: list[_Found]) -> list[_Found]:
    """Without the days on which a text is law but not yet felt, where it names the others too."""
    operative = {unit for one in found if one.operative for unit in one.units}
    return [one for one in found if one.operative or not operative.intersection(one.units)]


def _moments(
    found: Iterable[_Found], about: Circumstances, begin: PartialDate | None
) -> tuple[Moment, ...]:
    moments: dict[tuple[str | None, str], Moment] = {}
    for one in found:
        date = _date_of(one, about, begin)
        words = one.words or "as it says"
        if date is not None and one.when is not None and one.when.event is not None:
            words = f"{words} ({_since(one.when.event, about, begin)})"
        for unit in one.units:
            moment = Moment(because=words, date=date, span=one.span, section=unit)
            moments.setdefault((unit, date or words), moment)
    return tuple(moments.values())


def _date_of(one: _Found, about: Circumstances, begin: PartialDate | None) -> PartialDate | None:
    if one.when is None:
        return None
    if one.when.event is Event.PASSED and not passage_is_enactment(about.place):
        return None
    date = day_of(one.when, about, begin)
    return certain(date, days_later(one.more)) if one.more else date


def _since(event: Event, about: Circumstances, begin: PartialDate | None) -> str:
    """`enacted 2026-05-14`, for the reason."""
    match event:
        case Event.PUBLISHED:
            return f"published {about.published}"
        case Event.SESSION_END:
            return f"the session ended {about.session_end}"
        case Event.BEGIN:
            return f"in effect {begin}"
    return f"enacted {about.enacted}"


# -- which of them apply to a unit ------------------------------------------------------------


def timing_for(timing: Timing, section_path: str) -> tuple[tuple[Moment, ...], tuple[Moment, ...]]:
    """The first days and the ends that apply to a unit: its own, else those of the nearest unit
    around it that has any, else the general ones. Those with a date come first.
    """
    return _nearest(timing.begins, section_path), _nearest(timing.ends, section_path)


def _nearest(moments: tuple[Moment, ...], path: str) -> tuple[Moment, ...]:
    holding = [m for m in moments if m.section is not None and _holds(m.section, path)]
    longest = max((len(m.section or "") for m in holding), default=0)
    near = [m for m in holding if len(m.section or "") == longest]
    chosen = near or [m for m in moments if m.section is None]
    return tuple(sorted(chosen, key=lambda moment: moment.date is None))


def _holds(outer: str, path: str) -> bool:
    """Whether `Sec. 3` holds `Sec. 3 (2)(a)`; it does not hold `Sec. 30`."""
    return path.startswith(outer) and not path[len(outer) : len(outer) + 1].isalnum()


# -- days inside a rule -----------------------------------------------------------------------

_FROM_WORDS: Final = (
    rf"(?:with{GAP}effect{GAP}(?:from|on)(?:{GAP}the{GAP}(?:beginning|start){GAP}of)?"
    rf"|(?:beginning|commencing|starting|effective)(?:{GAP}(?:on|with|from|as{GAP}of))?"
    rf"(?:{GAP}and{GAP}after)?|(?:on|from){GAP}(?:and|or){GAP}after|as{GAP}of"
    r"|ab dem|ab|à compter du|à partir du|a partir del?|met ingang van|vanaf"
    r"|fra og med|från och med|od|z dniem)"
)
_FROM_LEAD: Final = re.compile(rf"{_FROM_WORDS}(?:{GAP}|,{GAP}?)(?:the{GAP})?(?=[\wก-๛])")
_TO_LEAD: Final = re.compile(
    rf"(?:(?P<through>through|thru|bis zum|till och med|til og med|jusqu'au|hasta el|tot en met)"
    rf"|until){GAP}"
)
_SPAN_LEAD: Final = re.compile(rf"(?:from|between){GAP}")
_ONWARD: Final = re.compile(rf",?{GAP}(?:on|onwards?|forward)\b(?!{GAP}which)")
"""`from march 15, 2027 on`"""
_SPAN_TO: Final = re.compile(rf",?{GAP}(?:(?P<through>through|and)|to|until|till){GAP}")
_HEAD: Final = re.compile(
    # What may stand before the first word of a rule: `(1) (a)`, `Sec. 5.`, `notwithstanding any
    # other law,`
    r"(?:\W{0,4}\(?\w{1,4}[.)]\W{0,3}){0,4}+\s{0,3}"
    r"(?:(?:notwithstanding|except as)[^,.;]{1,120}+,\s{1,3})?"
)
_INSIDE: Final = re.compile(
    rf"(?<=[,.:;)\]—])\s{{0,3}}(?=(?:beginning|commencing|starting|effective|on{GAP}(?:and|or){GAP}"
    rf"after|from{GAP}and{GAP}after|until|through|between|from|as{GAP}of|with{GAP}effect){GAP})"
)
_AT_END: Final = re.compile(
    rf"{GAP}(?=(?:beginning|commencing|starting|on{GAP}(?:and|or){GAP}after|until|through|as{GAP}of"
    rf"|with{GAP}effect){GAP})"
)
_OF_RULE: Final = re.compile(
    r"\b(?:prohibited|banned|barred|forbidden|scheduled|required|restricted|outlawed"
    r"|stayed|enjoined|suspended|repealed|removed|added|placed)\W{0,2}\Z"
)
_OF_THINGS: Final = re.compile(
    # `products manufactured on or after`, `taxable years beginning`: of the thing, not the rule.
    r"(?:ed|sold|made|born|bought|held|effect|existence|years?|periods?|terms?|quarters?|months?"
    r"|sessions?|occurring|arising|pending)\W{0,2}\Z"
)


def clause_days(text: str, span: Span) -> tuple[PartialDate | None, PartialDate | None]:
    """From when, and until when, a rule within `span` says it applies, `[from, to)`.

    `Beginning January 1, 2027, a retailer shall`, `Until July 1, 2026, a person may`. A day that
    only says which things are meant (`products made on or after`) is not one of the rule's.
    """
    low = lowered(text[span.start : min(span.end, span.start + 20 * _REACH)])
    first: PartialDate | None = None
    last: PartialDate | None = None
    for place in _openings(low):
        begins, ends = _days_at(low, place)
        first, last = first or begins, last or ends
    return first, last


def _openings(low: str) -> Iterator[int]:
    """Where in a clause words may begin that say when it applies."""
    head = _HEAD.match(low)
    yield head.end() if head else 0
    for inside in _INSIDE.finditer(low):
        yield inside.end()
    for at_end in _AT_END.finditer(low):
        before = low[max(0, at_end.start() - 20) : at_end.start()]
        if _OF_RULE.search(before) or not _OF_THINGS.search(before):
            yield at_end.end()


def _days_at(low: str, place: int) -> tuple[PartialDate | None, PartialDate | None]:
    for lead in (_SPAN_LEAD, _FROM_LEAD, _TO_LEAD):
        found = lead.match(low, place)
        dated = date_at(low, found.end()) if found else None
        if found is None or dated is None:
            continue
        if lead is _TO_LEAD:
            return None, _past(dated.date) if found["through"] else dated.date
        to = _SPAN_TO.match(low, dated.end)
        until = date_at(low, to.end()) if to else None
        if to is not None and until is not None:
            return dated.date, _past(until.date) if to["through"] else until.date
        if lead is _FROM_LEAD or _ONWARD.match(low, dated.end):
            return dated.date, None
    return None, None


def _past(date: PartialDate) -> PartialDate | None:
    return certain(date, days_later(1)) if date.is_day else date.after

"""From what sources say of a bill to one instrument: its key, its dated actions, its stage.

Pure functions. Words decide before codes do, because codes are missing for half of the actions
and over-applied to others; nothing becomes law because a presiding officer signed it, and no
session is taken to have ended unless a source says when.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final, NamedTuple, Protocol

from kratom_atlas.model.crawling import Fault
from kratom_atlas.model.observation import Action, TextVersion, TrackedInstrument
from kratom_atlas.model.time import FAR_PAST, PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.upstream import (
    CONGRESS_CODES,
    CONGRESS_TYPES,
    LEGISCAN_PROGRESS,
    LEGISCAN_SAST,
    LEGISCAN_STATUS,
    LEGISCAN_TEXT,
    LEGISCAN_TYPES,
    OPEN_STATES_ACTIONS,
    OPEN_STATES_KINDS,
    READ_AT_MOST,
    VERSION_NOTES,
    Event,
    event_in,
    session_end,
)

__all__ = [
    "StageReading",
    "chambers_of",
    "code_of",
    "division_of",
    "effective_in",
    "forerunners",
    "from_congress",
    "from_legiscan",
    "from_open_states",
    "instrument_key",
    "kind_of",
    "normal_number",
    "partial_date",
    "stage_of",
]

MAX_WORDS: Final = 8000
MAX_SHORT: Final = 400

# -- keys --------------------------------------------------------------------------------------

_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_LETTERS = re.compile(r"^[A-Z]+")
_ONE_LETTER: Final = frozenset({"US-RI", "US-NC", "US-FL"})
"""Where some sources write `HB 1` and others `H1` for the same bill (unconfirmed)."""


def normal_number(number: str, code: str = "") -> str:
    """The one form of a bill's number: `H.B. 0001`, `HB 1` and `hb1` are `HB1`."""
    bare = re.sub(r"[\s.]+", "", number).upper()
    bare = _ZEROS.sub("", re.sub(r"^([A-Z]+)-(?=\d)", r"\1", bare))
    if code in _ONE_LETTER:
        bare = re.sub(r"^([HS])B(?=\d)", r"\1", bare)
    return bare


def instrument_key(code: str, session: str, number: str) -> str:
    """The natural key of an instrument: `US-AL/2026/HB1`."""
    return "/".join((code, "-".join(session.split()), normal_number(number, code)))


_DIVISION = re.compile(r"country:([a-z]{2})(?:/(?:state|district|territory|province):([a-z]{2}))?")


def division_of(jurisdiction: str) -> str:
    """The division id in an Open States id: `ocd-jurisdiction/.../government` without its ends."""
    bare = re.sub(r"^ocd-(?:jurisdiction|division)/", "", jurisdiction)
    return "ocd-division/" + re.sub(r"/(?:government|legislature|council)$", "", bare)


def code_of(division: str) -> str:
    """`US-AL` from `ocd-division/country:us/state:al`."""
    found = _DIVISION.search(division)
    if found is None:
        raise FaultError(Fault.LAYOUT, f"no jurisdiction in {division!r}")
    return "-".join(part.upper() for part in found.groups() if part)


def _division_from_code(code: str) -> str:
    country, _, part = code.lower().partition("-")
    if not part or part == country:
        return f"ocd-division/country:{country}"
    level = _LEVELS.get(part, "state")
    return f"ocd-division/country:{country}/{level}:{part}"


_LEVELS: Final = {"dc": "district", **dict.fromkeys(("pr", "vi", "gu", "as", "mp"), "territory")}

# -- kinds -------------------------------------------------------------------------------------

_UNICAMERAL: Final = frozenset({"US-NE", "US-DC", "US-GU", "US-VI"})
_JOINT_IS_LAW: Final = frozenset({"US", "US-OK"})
"""Where a joint resolution may become law (Oklahoma: unconfirmed)."""
_RESOLUTION = re.compile(r"^(?:[HSA](?:CR|JR|R|CM|JM|M|J|CSR|SR)|LR|PR|CER|R|JR|CR)$")
_SIMPLE = re.compile(r"^(?:[HSA]R|[HS]RES|LR|[HS]M|[KJR]|CER|PR)$")
_NY_BILLS: Final = frozenset({"A", "S"})


def kind_of(code: str, number: str, classification: Sequence[str] = ()) -> InstrumentKind:
    """Whether a number names a bill, which may become law, or a resolution, which never does.

    In Congress HR is a bill, HRES a resolution, and HJRES can become law.
    """
    letters = _letters(number)
    if code == "US":
        simple = letters.endswith(("HRES", "SRES", "CONRES"))
        return InstrumentKind.RESOLUTION if simple else InstrumentKind.BILL
    if code in _JOINT_IS_LAW and letters in {"HJR", "SJR"}:
        return InstrumentKind.BILL
    kinds = [OPEN_STATES_KINDS[word] for word in classification if word in OPEN_STATES_KINDS]
    if kinds:
        return kinds[0]
    if code == "US-NY" and letters not in _NY_BILLS:
        return InstrumentKind.RESOLUTION
    return InstrumentKind.RESOLUTION if _RESOLUTION.match(letters) else InstrumentKind.BILL


def chambers_of(code: str, number: str, classification: Sequence[str] = ()) -> int:
    """How many chambers must agree: one for a simple resolution and where there is only one."""
    if code in _UNICAMERAL or (code != "US" and "resolution" in classification):
        return 1
    is_resolution = kind_of(code, number, classification) is InstrumentKind.RESOLUTION
    return 1 if is_resolution and _SIMPLE.match(_letters(number)) else 2


def _letters(number: str) -> str:
    found = _LETTERS.match(normal_number(number))
    return found.group() if found else ""


# -- dates -------------------------------------------------------------------------------------

_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?=$|[T ])")
_SLASHED = r"(?P<m>\d{1,2})[/-](?P<d>\d{1,2})[/-](?P<y>\d{4}|\d\d)\b"
_WRITTEN = (
    r"(?P<mon>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? +(?P<wd>\d{1,2}),? +"
    r"(?P<wy>\d{4})\b"
)
_DASHED = r"(?P<iso>\d{4}-\d\d-\d\d)\b"
_ANY_DATE = rf"(?:{_DASHED}|{_SLASHED}|{_WRITTEN})"
_DAYS = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,? +)?"
_WORDED = re.compile(
    r"\b(?:governor|gov\.?|president|mayor|introduced|signed|vetoed|signature|prefiled)"
    rf"(?: (?:on|at))?[ ,:]+{_DAYS}{_ANY_DATE}",
    re.IGNORECASE,
)
_EFFECTIVE = re.compile(
    rf"\beffective(?: date)?(?: (?:on|is|of))?[:,]? *{_DAYS}{_ANY_DATE}|\btakes? effect(?: on)? +"
    rf"{_DAYS}{_ANY_DATE.replace('(?P<', '(?P<z')}",
    re.IGNORECASE,
)
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_DATE_PLAUSIBLE: Final = 800
"""So many days at most lie between the field and the words of one action."""


def partial_date(value: object) -> PartialDate | None:
    """A date as a source writes it: RFC 3339, plain or partial; None for none and for nonsense."""
    found = _ISO.match(value.strip()) if isinstance(value, str) else None
    if found is None or found[1] == "0000":
        return None
    try:
        return PartialDate("-".join(part for part in found.groups() if part))
    except ValueError:
        return None


def _date_of(found: re.Match[str] | None) -> PartialDate | None:
    if found is None:
        return None
    parts = {name.removeprefix("z"): text for name, text in found.groupdict().items() if text}
    if "iso" in parts:
        return partial_date(parts["iso"])
    if "mon" in parts:
        month = _MONTHS.index(parts["mon"].title()) + 1
        return _day(int(parts["wy"]), month, int(parts["wd"]))
    year = int(parts["y"])
    return _day(year + 2000 if year < 100 else year, int(parts["m"]), int(parts["d"]))


def _day(year: int, month: int, day: int) -> PartialDate | None:
    try:
        return PartialDate(date(year, month, day).isoformat())
    except ValueError:
        return None


def effective_in(text: str) -> PartialDate | None:
    """The first day of effect that words name outright; a day to be computed is not one."""
    return _date_of(_EFFECTIVE.search(text[:READ_AT_MOST]))


# -- the stage ---------------------------------------------------------------------------------


class _ActionLike(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def date(self) -> PartialDate | None: ...
    @property
    def actor(self) -> str | None: ...
    @property
    def codes(self) -> tuple[str, ...]: ...


class StageReading(NamedTuple):
    """How far an instrument has come, the words that say so, and its actions, oldest first.

    `corrections` names each action whose words give another day than its date field.
    """

    stage: Stage
    because: str
    actions: tuple[Action, ...]
    introduced: PartialDate | None = None
    enacted: PartialDate | None = None
    effective: PartialDate | None = None
    failed_sine_die: bool = False
    corrections: tuple[str, ...] = ()


class _Read(NamedTuple):
    """An action and what it means."""

    action: Action
    event: Event
    chamber: str | None
    filed_under: PartialDate | None

    @property
    def shown(self) -> str:
        text = self.action.text
        if self.filed_under is not None:
            text += f" (the source files it under {self.filed_under})"
        return f"{self.action.date}: {text}" if self.action.date else text


_CODES: Final[Mapping[str, Event]] = {
    **OPEN_STATES_ACTIONS,
    **CONGRESS_TYPES,
    **{f"progress-{number}": event for number, event in LEGISCAN_PROGRESS.items()},
}
_DECISIVE: Final = frozenset({Event.ENACTED, Event.CHAPTERED, Event.VETOED})
_WEAK: Final = frozenset(
    {
        None,
        Event.PREFILED,
        Event.INTRODUCED,
        Event.ADVANCED,
        Event.PASSED_CHAMBER,
        Event.AGREED,
    }
)
_NEGATION = re.compile(r"\b(?:not|unsigned|pending|requested|failed)\b", re.IGNORECASE)
_HOUSES: Final = (
    ("lower", re.compile(r"\b(?:house|assembly|representatives|delegates)\b|^\(h\)", re.I)),
    ("upper", re.compile(r"\bsenate\b|^\(s\)", re.I)),
)
_OTHER_HOUSE = re.compile(
    r"\b(?:amend\w*|message|to|in|with|from|by) (?:the )?(?:house|senate|assembly)\b"
    r"|\b(?:house|senate|assembly) (?:amend\w*|message|substitute)",
    re.IGNORECASE,
)
_PASSED_IN = re.compile(
    r"\bpassed(?:/agreed to)? (?:(?:in|by) )?(?:the )?(house|assembly|senate)\b", re.IGNORECASE
)


def _event_of(action: _ActionLike, kind: InstrumentKind) -> Event:
    """What an action means: curated codes, then words, then codes that are often wrong."""
    for code in action.codes:
        if code in CONGRESS_CODES:
            return CONGRESS_CODES[code]
    worded, _ = event_in(action.text)
    if worded is Event.AGREED and kind is not InstrumentKind.RESOLUTION:
        worded = None
    coded = max((_CODES[code] for code in action.codes if code in _CODES), default=None)
    if worded is Event.NOTHING:
        executive = action.actor == "executive" and not _NEGATION.search(action.text)
        return coded if executive and coded in _DECISIVE and coded else Event.NOTHING
    if worded in _WEAK and coded in _DECISIVE and not _NEGATION.search(action.text):
        assert coded is not None
        return coded
    if worded is Event.PREFILED and "introduction" in action.codes:
        return Event.INTRODUCED  # where filing and introduction are one
    return worded or coded or Event.NOTHING


def _chamber_of(action: _ActionLike) -> str | None:
    """The chamber that acted: by the words, which are right where the actor field is not."""
    text = action.text[:READ_AT_MOST]
    passed = _PASSED_IN.search(text)
    if passed is not None:
        return "upper" if passed[1].lower() == "senate" else "lower"
    named = _OTHER_HOUSE.sub("", text)
    houses = [house for house, pattern in _HOUSES if pattern.search(named)]
    return houses[0] if len(houses) == 1 else action.actor


def _read(action: _ActionLike, kind: InstrumentKind) -> _Read:
    event = _event_of(action, kind)
    filed = action.date
    words = action.text[:READ_AT_MOST]
    worded = _date_of(_WORDED.search(words)) if event is not Event.NOTHING else None
    wrong = (
        worded is not None
        and filed is not None
        and not _within(worded, filed)
        and abs(worded.lo - filed.lo) <= _DATE_PLAUSIBLE
    )
    kept = Action(
        text=action.text,
        date=worded if worded and (wrong or filed is None or _within(worded, filed)) else filed,
        actor=action.actor,
        codes=tuple(action.codes),
    )
    return _Read(kept, event, _chamber_of(action), filed if wrong else None)


def _within(day: PartialDate, period: PartialDate) -> bool:
    return period.lo <= day.lo < period.hi


def _oldest_first(actions: Iterable[_ActionLike], kind: InstrumentKind) -> list[_Read]:
    """By date; on one day as the source has them, turned round where it has the newest first."""
    listed = list(actions)
    days = [action.date.lo for action in listed if action.date is not None]
    steps = [later - earlier for earlier, later in pairwise(days)]
    if sum(step < 0 for step in steps) > sum(step > 0 for step in steps):
        listed.reverse()
    reads = [_read(action, kind) for action in listed]
    return sorted(reads, key=lambda read: read.action.date.lo if read.action.date else FAR_PAST)


class _Course:
    """What the events of an instrument add up to, told day by day.

    The order of events on one day is that of `Event`, never that of the list, so that a source
    that shuffles its lines changes nothing.
    """

    def __init__(self, *, chambers: int) -> None:
        self.progress: tuple[Stage, str] | None = None
        self.end: tuple[Stage, str] | None = None
        self.law: tuple[Stage, str] | None = None
        self.sine_die = False
        self.carried_over = False
        self.finished = False
        self._chambers = chambers
        self._passed: set[str] = set()
        self._overridden: set[str] = set()

    def tell(self, read: _Read) -> None:
        """Take one action into account."""
        event, shown = read.event, read.shown
        if event in _PROGRESS:
            self._advance(event, read.chamber, shown)
        elif event in _ENDS:
            self._end(*_ENDS[event], shown)
        elif event is Event.REVIVED:
            self._revive()
        elif event is Event.CARRIED_OVER:
            self.carried_over = True
        elif event is Event.OVERRIDDEN_IN_CHAMBER:
            self._overridden.add(read.chamber or "")
            if len(self._overridden) >= self._chambers:
                self.law = self.law or (Stage.ENACTED, shown)
        elif event in _LAW:
            self.law = self.law or (Stage.ENACTED, shown)

    def _advance(self, event: Event, chamber: str | None, shown: str) -> None:
        stage = _PROGRESS[event]
        if event in {Event.PASSED_CHAMBER, Event.AGREED}:
            self._passed.add(chamber if chamber in {"lower", "upper"} else "")
            both = len(self._passed - {""}) > 1 or self._chambers == 1
            stage = Stage.PASSED if both else Stage.PASSED_FIRST_CHAMBER
        if event in {Event.PASSED_BOTH, Event.TO_EXECUTIVE}:
            self.finished = True
        if event not in {Event.PREFILED, Event.INTRODUCED}:
            # A vetoed bill that goes to the executive again was passed again.
            self._revive(from_veto=event is Event.TO_EXECUTIVE)
        if self.progress is None or stage.rank > self.progress[0].rank:
            self.progress = (stage, shown)

    def _end(self, stage: Stage, sine_die: bool, shown: str) -> None:
        vetoed = self.end is not None and self.end[0] is Stage.VETOED
        if not vetoed or stage is Stage.VETOED:  # what fails after a veto is its override
            self.end, self.sine_die = (stage, shown), sine_die

    def _revive(self, *, from_veto: bool = False) -> None:
        if self.end is not None and (from_veto or self.end[0] is not Stage.VETOED):
            self.end, self.sine_die = None, False


_PROGRESS: Final[Mapping[Event, Stage]] = {
    Event.PREFILED: Stage.PREFILED,
    Event.INTRODUCED: Stage.INTRODUCED,
    Event.ADVANCED: Stage.INTRODUCED,
    Event.PASSED_CHAMBER: Stage.PASSED_FIRST_CHAMBER,
    Event.AGREED: Stage.PASSED_FIRST_CHAMBER,
    Event.PASSED_BOTH: Stage.PASSED,
    Event.TO_EXECUTIVE: Stage.PASSED,
}
_ENDS: Final[Mapping[Event, tuple[Stage, bool]]] = {
    Event.FAILED: (Stage.FAILED, False),
    Event.DIED: (Stage.FAILED, True),
    Event.WITHDRAWN: (Stage.WITHDRAWN, False),
    Event.VETOED: (Stage.VETOED, False),
    Event.VETO_STANDS: (Stage.VETOED, False),
}
_LAW: Final = frozenset({Event.ENACTED, Event.CHAPTERED, Event.OVERRIDDEN})
_ON_ITS_WAY: Final = frozenset(
    {Stage.PREFILED, Stage.INTRODUCED, Stage.PASSED_FIRST_CHAMBER, Stage.PASSED}
)


def stage_of(
    actions: Iterable[_ActionLike],
    *,
    kind: InstrumentKind,
    session_ended: date | None,
    today: date,
    version_notes: Iterable[str] = (),
    declared: Stage | None = None,
    chambers: int = 2,
    session_over: bool = False,
) -> StageReading:
    """How far an instrument has come on `today`.

    `session_ended` is the day on which its session ended or will end; `session_over` is for a
    source that says that it has, and not when. `declared` is what the source itself says; it
    counts where actions say less and do not say that the instrument ended. `chambers` must agree
    before it is passed.
    """
    reads = _oldest_first(actions, kind)
    course = _Course(chambers=chambers)
    happened = [read for read in reads if not _lies_ahead(read, today)]
    for read in sorted(
        happened,
        key=lambda read: (read.action.date.lo if read.action.date else FAR_PAST, read.event),
    ):
        course.tell(read)
    _tell_versions(course, version_notes)
    stage, because = _outcome(course, reads, declared)
    if kind is InstrumentKind.RESOLUTION and stage in {Stage.ENACTED, Stage.PASSED}:
        stage = Stage.ADOPTED
    failed_sine_die = course.sine_die and stage is Stage.FAILED
    over = session_over or (session_ended is not None and session_ended < today)
    if over and _dies_with_its_session(course, stage):
        stage, failed_sine_die = Stage.FAILED, True
        when = f"ended on {session_ended}" if session_ended else "has ended"
        because = (
            f"its session {when} and nothing says that it was enacted or carried over; "
            f"last: {because}"
        )
    return StageReading(
        stage=stage,
        because=because[:MAX_WORDS],
        actions=tuple(_staged(reads, kind, chambers, today)),
        introduced=_first_date(happened, {Event.INTRODUCED, Event.ADVANCED}),
        enacted=_enacted_on(happened) if stage is Stage.ENACTED else None,
        effective=_effective_on(reads) if stage is Stage.ENACTED else None,
        failed_sine_die=failed_sine_die,
        corrections=tuple(read.shown for read in reads if read.filed_under is not None),
    )


def _lies_ahead(read: _Read, today: date) -> bool:
    """Whether it is announced for a day to come: until then it changes nothing."""
    return read.action.date is not None and read.action.date.lo > today.toordinal()


def _tell_versions(course: _Course, notes: Iterable[str]) -> None:
    for note in notes:
        event = next(
            (words.event for words in VERSION_NOTES if words.pattern.search(note[:READ_AT_MOST])),
            None,
        )
        if event is None or event is Event.NOTHING:
            continue
        shown = f"a text of it is called {note!r}"
        stage = Stage.ENACTED if event in _LAW else _PROGRESS[event]
        if stage is Stage.ENACTED:
            course.law = course.law or (stage, shown)
        elif course.progress is None or (
            stage.rank > course.progress[0].rank and "prefil" not in course.progress[1].lower()
        ):
            course.progress = (stage, shown)
            course.finished |= stage is Stage.PASSED


def _outcome(course: _Course, reads: Sequence[_Read], declared: Stage | None) -> tuple[Stage, str]:
    known = course.law or course.end
    if known is not None:
        return known
    started = reads[-1].shown if reads else "neither an action nor a text is known"
    said = course.progress or (Stage.INTRODUCED if reads else Stage.PREFILED, started)
    if declared is not None and declared.rank > said[0].rank:
        course.finished |= declared is Stage.PASSED
        return declared, f"the source says {declared.label!r}; last: {said[1]}"
    return said


def _dies_with_its_session(course: _Course, stage: Stage) -> bool:
    # What lies with the executive outlives the session.
    return stage in _ON_ITS_WAY and not course.carried_over and not course.finished


def _staged(
    reads: Iterable[_Read], kind: InstrumentKind, chambers: int, today: date
) -> Iterator[Action]:
    """The actions with the stage that each brings the instrument to, where it is a new one."""
    course = _Course(chambers=chambers)
    before: Stage | None = None
    for read in reads:
        if not _lies_ahead(read, today):
            course.tell(read)
        known = course.law or course.end or course.progress
        stage = known[0] if known else None
        if kind is InstrumentKind.RESOLUTION and stage in {Stage.ENACTED, Stage.PASSED}:
            stage = Stage.ADOPTED
        action = read.action
        yield Action(
            text=action.text,
            date=action.date,
            actor=action.actor,
            codes=action.codes,
            stage=stage if stage is not before else None,
        )
        before = stage


def _first_date(reads: Iterable[_Read], events: set[Event]) -> PartialDate | None:
    days = (read.action.date for read in reads if read.event in events and read.action.date)
    return min(days, default=None)


def _enacted_on(reads: Sequence[_Read]) -> PartialDate | None:
    """The day of the signature, or of the last chamber's vote over a veto, else of the chapter."""
    for events in ({Event.ENACTED, Event.OVERRIDDEN}, {Event.OVERRIDDEN_IN_CHAMBER}):
        days = [read.action.date for read in reads if read.event in events and read.action.date]
        if days:
            return min(days) if Event.ENACTED in events else max(days)
    return min(
        (r.action.date for r in reads if r.event is Event.CHAPTERED and r.action.date), default=None
    )


def _effective_on(reads: Sequence[_Read]) -> PartialDate | None:
    for read in reversed(reads):
        text = read.action.text
        named = effective_in(text)
        if named is None and re.fullmatch(r"\W*effective date\W*", text, re.IGNORECASE):
            named = read.action.date
        if named is not None:
            return named
    return None


# -- Open States -------------------------------------------------------------------------------


def from_open_states(
    bill: Mapping[str, Any], *, today: date | None = None, session_ended: date | None = None
) -> TrackedInstrument:
    """A bill of Open States, as its API answers it or as its scrapers write it.

    Without `today` the day is that of its last action. `session_ended` is the end of its session
    where the caller knows it better than the table does.

    Raises:
        FaultError: it has no number, session or jurisdiction.
    """
    jurisdiction = _member(bill, "jurisdiction")
    division = division_of(str(jurisdiction.get("division_id") or jurisdiction.get("id") or ""))
    code = code_of(division)
    number = _required(bill, "identifier")
    session = _required(bill, "legislative_session", "session")
    classification = tuple(str(word) for word in _items(bill, "classification"))
    kind = kind_of(code, number, classification)
    actions = tuple(_open_states_actions(bill))
    versions = tuple(_open_states_versions(bill))
    reading = stage_of(
        actions,
        kind=kind,
        session_ended=session_ended or session_end(code, session),
        today=today or _last_day(actions),
        version_notes=[str(v.get("note") or "") for v in _mappings(bill, "versions")],
        chambers=chambers_of(code, number, classification),
    )
    related = list(_related(bill, code))
    return TrackedInstrument(
        **_common(code, session, number, reading),
        jurisdiction=division,
        title=_words(bill.get("title") or number),
        url=_open_states_url(bill),
        kind=kind,
        abstract=_abstract(bill),
        versions=versions,
        same_as=tuple(key for relation, key in related if relation == "companion"),
        forerunners=tuple(key for relation, key in related if relation == "prior-session"),
    )


def _open_states_actions(bill: Mapping[str, Any]) -> Iterator[Action]:
    listed = _mappings(bill, "actions")
    if not listed and bill.get("latest_action_description"):
        # A search result has its latest action only.
        listed = [
            {
                "description": bill["latest_action_description"],
                "date": bill.get("latest_action_date"),
            }
        ]
    for raw in listed:
        text = _words(raw.get("description") or "")
        if text:
            yield Action(
                text=text,
                date=partial_date(raw.get("date")),
                actor=_organization(raw.get("organization_id") or raw.get("organization")),
                codes=tuple(str(code)[:MAX_SHORT] for code in _items(raw, "classification")),
            )


def _organization(value: object) -> str | None:
    """Who acted: `lower` from a pseudo-id, from an organization or from plain words."""
    if isinstance(value, str) and value.startswith("~") and len(value) <= MAX_SHORT:
        try:
            value = json.loads(value[1:])
        except ValueError:
            return None
    if isinstance(value, Mapping):
        value = value.get("classification") or value.get("name")
    return value[:MAX_SHORT] if isinstance(value, str) and value else None


def _open_states_versions(bill: Mapping[str, Any]) -> Iterator[TextVersion]:
    for raw in _mappings(bill, "versions"):
        for link in _mappings(raw, "links"):
            url = _url(link.get("url"))
            if url is not None:
                yield TextVersion(
                    note=str(raw.get("note") or "text")[:MAX_SHORT],
                    url=url,
                    date=partial_date(raw.get("date")),
                    media_type=link.get("media_type") or None,
                )


def _open_states_url(bill: Mapping[str, Any]) -> str:
    sources = [source.get("url") for source in _mappings(bill, "sources")]
    for candidate in (*sources, bill.get("openstates_url")):
        url = _url(candidate)
        if url is not None:
            return url
    return "https://openstates.org/"


def _abstract(bill: Mapping[str, Any]) -> str | None:
    texts = [str(raw.get("abstract") or "") for raw in _mappings(bill, "abstracts")]
    return _words("\n".join(text for text in texts if text)) or None


def _related(bill: Mapping[str, Any], code: str) -> Iterator[tuple[str, str]]:
    for raw in _mappings(bill, "related_bills"):
        number, session = raw.get("identifier"), raw.get("legislative_session")
        if number and session:
            relation = str(raw.get("relation_type") or "")
            yield relation, instrument_key(code, str(session), str(number))


# -- LegiScan ----------------------------------------------------------------------------------

_LEGISCAN_CONGRESS: Final = {
    "HB": "HR",
    "SB": "S",
    "HR": "HRES",
    "SR": "SRES",
    "HJR": "HJRES",
    "SJR": "SJRES",
    "HCR": "HCONRES",
    "SCR": "SCONRES",
}
"""LegiScan numbers the bills of Congress as it does those of states (unconfirmed)."""
_LEGISCAN_CHAMBERS: Final = {"H": "lower", "A": "lower", "S": "upper", "L": "legislature"}


def from_legiscan(bill: Mapping[str, Any], *, today: date | None = None) -> TrackedInstrument:
    """A bill of LegiScan (`bill` of the answer to `getBill`).

    Raises:
        FaultError: it has no number, session or state.
    """
    state = _required(bill, "state").upper()
    code = "US" if state == "US" else f"US-{state}"
    number = _legiscan_number(code, _required(bill, "bill_number"))
    session = _legiscan_session(_member(bill, "session"))
    kind = _legiscan_kind(code, number, str(bill.get("bill_type") or ""))
    actions = tuple(_legiscan_actions(bill, kind))
    day = today or _last_day(actions)
    reading = stage_of(
        actions,
        kind=kind,
        session_ended=session_end(code, session),
        session_over=_legiscan_is_over(bill),
        today=day,
        version_notes=list(_legiscan_notes(bill)),
        declared=LEGISCAN_STATUS.get(_number(bill.get("status"))),
        chambers=chambers_of(code, number),
    )
    return TrackedInstrument(
        **_common(code, session, number, reading),
        jurisdiction=_division_from_code(code),
        title=_words(bill.get("title") or number),
        url=_url(bill.get("url")) or _url(bill.get("state_link")) or "https://legiscan.com/",
        kind=kind,
        abstract=_words(bill.get("description") or "") or None,
        versions=tuple(_legiscan_versions(bill)),
        same_as=tuple(
            instrument_key(code, session, _legiscan_number(code, str(raw["sast_bill_number"])))
            for raw in _mappings(bill, "sasts")
            if raw.get("sast_bill_number") and LEGISCAN_SAST.get(_number(raw.get("type_id")))
        ),
    )


def _legiscan_number(code: str, number: str) -> str:
    if code != "US":
        return number
    letters = _letters(number)
    return _LEGISCAN_CONGRESS.get(letters, letters) + normal_number(number)[len(letters) :]


def _legiscan_kind(code: str, number: str, bill_type: str) -> InstrumentKind:
    if code == "US" or bill_type not in LEGISCAN_TYPES:
        return kind_of(code, number)
    if bill_type == "JR" and code in _JOINT_IS_LAW:
        return InstrumentKind.BILL
    return LEGISCAN_TYPES[bill_type]


def _legiscan_session(session: Mapping[str, Any]) -> str:
    """A session by its years; a special one by its name as well."""
    first, last = _number(session.get("year_start")), _number(session.get("year_end"))
    if not 1000 <= first <= date.max.year:
        raise FaultError(Fault.LAYOUT, "session without year_start")
    years = f"{first}-{last}" if last > first else str(first)
    if not _number(session.get("special")):
        return years
    name = session.get("session_tag") or session.get("session_title") or "special"
    return f"{years}-{re.sub(r'[^A-Za-z0-9]+', '-', str(name)).strip('-')}"


def _legiscan_is_over(bill: Mapping[str, Any]) -> bool:
    """Whether the session is marked as ended: LegiScan gives the fact, not the day."""
    session = bill.get("session")
    return isinstance(session, Mapping) and bool(_number(session.get("sine_die")))


def _legiscan_actions(bill: Mapping[str, Any], kind: InstrumentKind) -> Iterator[Action]:
    history = [
        Action(
            text=_words(raw["action"]),
            date=partial_date(raw.get("date")),
            actor=_LEGISCAN_CHAMBERS.get(str(raw.get("chamber") or "")),
        )
        for raw in _mappings(bill, "history")
        if raw.get("action")
    ]
    yield from history
    told = {(action.date, _event_of(action, kind)) for action in history}
    for raw in _mappings(bill, "progress"):
        number, day = _number(raw.get("event")), partial_date(raw.get("date"))
        event = LEGISCAN_PROGRESS.get(number)
        if event is not None and (day, event) not in told:
            origin = _LEGISCAN_CHAMBERS.get(str(bill.get("body") or ""))
            yield Action(
                text=f"LegiScan progress: {_PROGRESS_NAMES[number]}",
                date=day,
                actor=origin if event is Event.PASSED_CHAMBER else None,
                codes=(f"progress-{number}",),
            )


_PROGRESS_NAMES: Final = {
    1: "introduced",
    2: "engrossed",
    3: "enrolled",
    4: "passed into law or adopted",
    5: "vetoed",
    6: "failed",
    7: "override",
    8: "chaptered",
    9: "referred",
    10: "reported favourably",
    11: "reported unfavourably",
    12: "draft",
}


def _legiscan_notes(bill: Mapping[str, Any]) -> Iterator[str]:
    for raw in _mappings(bill, "texts"):
        event = LEGISCAN_TEXT.get(_number(raw.get("type_id")), Event.NOTHING)
        if event is not Event.NOTHING and event is not Event.INTRODUCED:
            yield str(raw.get("type") or "")


def _legiscan_versions(bill: Mapping[str, Any]) -> Iterator[TextVersion]:
    for raw in _mappings(bill, "texts"):
        url = _url(raw.get("state_link")) or _url(raw.get("url"))
        if url is not None:
            yield TextVersion(
                note=str(raw.get("type") or "text")[:MAX_SHORT],
                url=url,
                date=partial_date(raw.get("date")),
                media_type=raw.get("mime") or None,
            )


# -- Congress ----------------------------------------------------------------------------------

_CONGRESS_PATHS: Final = {
    "HR": "house-bill",
    "S": "senate-bill",
    "HJRES": "house-joint-resolution",
    "SJRES": "senate-joint-resolution",
    "HCONRES": "house-concurrent-resolution",
    "SCONRES": "senate-concurrent-resolution",
    "HRES": "house-resolution",
    "SRES": "senate-resolution",
}


def from_congress(
    bill: Mapping[str, Any],
    actions: Sequence[Mapping[str, Any]],
    *,
    versions: Sequence[TextVersion] = (),
    today: date | None = None,
) -> TrackedInstrument:
    """A bill of Congress.gov or of GovInfo's BILLSTATUS, with its actions.

    Raises:
        FaultError: it has no number, type or congress.
    """
    congress = _required(bill, "congress")
    letters = re.sub(r"[^A-Z]", "", _required(bill, "type", "billType").upper())
    number = letters + _required(bill, "number", "billNumber")
    kind = kind_of("US", number)
    told = tuple(_congress_actions(bill, actions))
    reading = stage_of(
        told,
        kind=kind,
        session_ended=session_end("US", congress),
        today=today or _last_day(told),
        version_notes=[version.note for version in versions],
        declared=Stage.ENACTED if _mappings(bill, "laws") else None,
        chambers=chambers_of("US", number),
    )
    introduced = partial_date(bill.get("introducedDate"))
    common = _common("US", congress, number, reading)
    path = _CONGRESS_PATHS.get(letters, "bill")
    return TrackedInstrument(
        **{**common, "introduced": introduced or common["introduced"]},
        jurisdiction="ocd-division/country:us",
        title=_words(bill.get("title") or number),
        url=f"https://www.congress.gov/bill/{congress}th-congress/{path}/{number[len(letters) :]}",
        kind=kind,
        versions=tuple(versions),
    )


def _congress_actions(
    bill: Mapping[str, Any], actions: Sequence[Mapping[str, Any]]
) -> Iterator[Action]:
    """Each event once: two systems report the same one, on the same day in the same words."""
    seen: dict[tuple[str, str], list[str]] = {}
    latest = bill.get("latestAction")
    for raw in actions or ([latest] if isinstance(latest, Mapping) else []):
        text = _words(raw.get("text") or "")
        if text:
            codes = seen.setdefault((str(raw.get("actionDate") or ""), text), [])
            codes += [str(raw[k]) for k in ("actionCode", "type") if raw.get(k)]
    for (day, text), codes in seen.items():
        yield Action(text=text, date=partial_date(day), codes=tuple(dict.fromkeys(codes)))


# -- forerunners -------------------------------------------------------------------------------

_FILLER = re.compile(
    r"an?|and|or|of|the|to|in|for|by|on|with|relating|relative|concerning|regarding|regards|act|bill"
    r"|provide[sd]?|providing|certain|establish(?:es)?|other|amends?|new|creates?|state|code|laws?"
)
_YEARS = re.compile(r"(?:19|20)\d\d")
MIN_TOKENS: Final = 3
SAME_TITLE: Final = 0.85
SAME_NUMBER_TITLE: Final = 0.6


def forerunners(
    number: str,
    title: str,
    earlier: Iterable[TrackedInstrument],
    *,
    jurisdiction: str | None = None,
    session: str | None = None,
) -> tuple[str, ...]:
    """The keys of earlier bills that this one takes up, oldest session first.

    Cautious: nearly the same telling words in the title, or the same number in the years of one
    biennium and much of the title. `earlier` may hold anything; what is of another jurisdiction,
    of the same session or of a later one is passed over.
    """
    words = _telling(title)
    found = []
    for other in earlier:
        if jurisdiction is not None and other.jurisdiction != jurisdiction:
            continue
        if session is not None and not _before(other.session, session):
            continue
        theirs = _telling(other.title)
        alike = len(words & theirs) / len(words | theirs) if words | theirs else 0.0
        same_number = other.number is not None and normal_number(other.number) == normal_number(
            number
        )
        next_year = session is not None and _is_next_year(other.session, session)
        if (len(words & theirs) >= MIN_TOKENS and alike >= SAME_TITLE) or (
            same_number and next_year and alike >= SAME_NUMBER_TITLE
        ):
            found.append((other.session, other.key))
    return tuple(dict.fromkeys(key for _, key in sorted(found)))


def _telling(title: str) -> frozenset[str]:
    tokens = re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", title.lower())
    return frozenset(t for t in tokens if not _FILLER.fullmatch(t) and not _YEARS.fullmatch(t))


def _order(session: str) -> tuple[int, int] | None:
    years = [int(year) for year in _YEARS.findall(session)]
    if years:
        return min(years), max(years)
    ordinal = re.match(r"\d+", session)
    return (int(ordinal.group()), int(ordinal.group())) if ordinal else None


def _before(earlier: str, later: str) -> bool:
    first, second = _order(earlier), _order(later)
    return first is not None and second is not None and first < second


def _is_next_year(earlier: str, later: str) -> bool:
    """Whether the two are the years of one biennium, which begins in odd years."""
    first, second = _order(earlier), _order(later)
    if first is None or second is None:
        return False
    return second[0] == first[1] + 1 and first[1] % 2 == 1


# -- members of what was read ------------------------------------------------------------------


def _common(code: str, session: str, number: str, reading: StageReading) -> dict[str, Any]:
    """What every kind of source fills in the same way."""
    return {
        "key": instrument_key(code, session, number),
        "number": normal_number(number, code),
        "session": session[:MAX_SHORT],
        "stage": reading.stage,
        "because": _words(reading.because) or None,
        "introduced": reading.introduced,
        "enacted": reading.enacted,
        "effective": reading.effective,
        "actions": reading.actions,
        "note": _words("Days from the words: " + "; ".join(reading.corrections))
        if reading.corrections
        else None,
    }


def _required(raw: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = raw.get(name)
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    raise FaultError(Fault.LAYOUT, f"no {' or '.join(names)} in the record of a bill")


def _member(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = raw.get(name)
    if not isinstance(value, Mapping):
        raise FaultError(Fault.LAYOUT, f"no {name} in the record of a bill")
    return value


def _items(raw: Mapping[str, Any], name: str) -> list[Any]:
    value = raw.get(name)
    return list(value) if isinstance(value, list | tuple) else []


def _mappings(raw: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [item for item in _items(raw, name) if isinstance(item, Mapping)]


def _number(value: object) -> int:
    return int(value) if isinstance(value, str | int) and str(value).strip().isdecimal() else 0


def _words(value: object) -> str:
    return " ".join(str(value).split())[:MAX_WORDS]


def _url(value: object) -> str | None:
    """An address as addresses are written: sources leave spaces in theirs."""
    if not isinstance(value, str) or not value.lower().startswith(("http://", "https://")):
        return None
    quoted = re.sub(r"[\s<>\"]", lambda m: f"%{ord(m.group()):02X}", value.strip())
    return quoted if len(quoted) <= 1000 else None


def _last_day(actions: Iterable[Action]) -> date:
    """The last day of which anything is known, where no day was given."""
    days = [action.date.lo for action in actions if action.date is not None]
    return date.fromordinal(max(days)) if days else date.min

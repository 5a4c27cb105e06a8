"""What there is to tell subscribers, whatever the channel: a function of the ledger alone.

A message is what one act does to one place on one day. It is published at the moment at which the
ledger first says so and updated when the ledger says it otherwise. What is no longer said stays,
marked, and another message says what it corrects.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape
from msgspec import Struct
from msgspec.structs import replace

from kratom_atlas.changes import from_history
from kratom_atlas.model.change import Change, Scope
from kratom_atlas.model.statement import Line, Part
from kratom_atlas.model.time import PartialDate, order_of
from kratom_atlas.model.values import Jurisdiction
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    ChangeKind,
    Severity,
    Status,
    Substance,
    lower,
)
from kratom_atlas.release.tables import Edition
from kratom_atlas.report.diff import Cited, Entry, entries
from kratom_atlas.report.words import inert, isolate, listed, web_link
from kratom_atlas.resolve.history import history
from kratom_atlas.resolve.record import Record, View

__all__ = [
    "Earlier",
    "Message",
    "Step",
    "facts",
    "headline",
    "html",
    "messages",
    "page_url",
    "stable_id",
    "text",
    "title",
    "when",
]

_NAMESPACE: Final = uuid.UUID("6f0e4a52-7a3c-5d0b-9a4e-2f6b1c8d3e70")
"""Every id is derived in it: never change it."""
_GRAVE: Final = frozenset(
    {
        *(Status.BANNED, Status.SALE_BANNED, Status.PRESCRIPTION),
        *(ActivityStatus.UNLAWFUL, ActivityStatus.LICENSED),
    }
)


class Step(Struct, frozen=True, kw_only=True):
    """What changes for some substances; `sentence` says it without naming them.

    `activity` is None where the place's word or a condition changes, as in `Change`.
    """

    substances: tuple[Substance, ...]
    scope: Scope
    activity: Activity | None
    before: Status | ActivityStatus
    after: Status | ActivityStatus
    severity: Severity
    sentence: str

    @property
    def words(self) -> str:
        """`Kratom leaf and 7-OH: from regulated to banned`."""
        first, *others = (s.label for s in self.substances)
        subject = listed([first, *(lower(label) for label in others)])
        return f"{subject}: {isolate(self.sentence)}"


class Earlier(Struct, frozen=True, kw_only=True):
    """What a message said until a moment, where it then said something else or was withdrawn.

    `withdrawn` is the moment from which it had not been said, if it was said again.
    """

    until: str
    steps: tuple[Step, ...]
    withdrawn: str = ""


class Message(Struct, frozen=True, kw_only=True):
    """One thing to tell. `id` hangs on place, day, act and kind, and never on words or evidence.

    `date` is the day of law, as precise as its source, or empty. `published` is the moment at
    which the ledger first said it, `updated` that at which what is said last moved, `revision`
    how often it did. `withdrawn` is the moment from which it is no longer said. `corrects` and
    `corrected_by` are ids of other messages; `notes` say the same in words. `earlier` is what it
    said before, oldest first; another name or citation is no other thing said. A message that is
    not `lasting` tells what was learned or withdrawn, and stands for no day in the life of a law.
    """

    id: str
    kind: ChangeKind
    place: Jurisdiction
    name: str
    date: str
    act: str
    steps: tuple[Step, ...]
    cited: tuple[Cited, ...]
    lasting: bool = True
    published: str = ""
    updated: str = ""
    revision: int = 0
    withdrawn: str = ""
    corrects: tuple[str, ...] = ()
    corrected_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    earlier: tuple[Earlier, ...] = ()

    @property
    def severity(self) -> Severity:
        """That of its gravest step."""
        return self.gravest.severity

    @property
    def gravest(self) -> Step:
        """The step that the title tells."""
        return min(self.steps, key=lambda s: s.severity.rank)

    @property
    def substances(self) -> tuple[Substance, ...]:
        """Every substance that it is about."""
        found = {s for step in self.steps for s in step.substances}
        return tuple(sorted(found, key=lambda s: s.rank))


def stable_id(*parts: str) -> str:
    """The UUID of something that has a natural key."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts)))


def messages(edition: Edition) -> tuple[Message, ...]:
    """Everything that was ever told, newest first."""
    record = edition.record
    moments = [m for m in record.moments if record.before(m, edition.view.known)]
    relearned: dict[str, list[Change]] = defaultdict(list)
    for change in edition.changes:
        if change.kind is not ChangeKind.LAW:
            relearned[change.recorded_at].append(change)
    desk = _Desk(record)
    before: View | None = None
    for moment in moments:
        view = record.at(record.bound(moment))
        desk.turn(moment, (before, view), relearned[moment])
        before = view
    return tuple(sorted(desk.told.values(), key=_newest_first))


def _newest_first(message: Message) -> tuple[object, ...]:
    moment = int("".join(c for c in message.updated if c.isdigit()))
    return -moment, -order_of(message.date), message.name, message.id


class _Desk:
    """What has been told so far, brought from one moment of the ledger to the next."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.told: dict[str, Message] = {}
        self.said: dict[str, dict[str, Message]] = defaultdict(dict)
        """For each place, what the law said of it at the last moment, without stamps."""
        bodies = record.provisions.bodies
        self.acts: dict[str, str] = {}
        """The instrument of each provision, as last said: what is said later moves no id."""
        self.lines: dict[str, list[Line]] = defaultdict(list)
        for line in record.lines:
            self.lines[line.recorded_at].append(line)
        # Which places each subject of a line may be about, whenever.
        self.about: dict[tuple[Part, str], set[str]] = defaultdict(set)
        for p in bodies:
            self.about[Part.PROVISION, p.id].add(p.jurisdiction)
            self.about[Part.INSTRUMENT, p.instrument].add(p.jurisdiction)
        for p in bodies:  # a repeal or a stay acts on provisions that may be another place's
            for target in p.targets:
                hit = self.about.get((Part.PROVISION, target), set())
                self.about[Part.PROVISION, p.id] |= hit
                self.about[Part.INSTRUMENT, p.instrument] |= hit
        for s in record.searches.bodies:
            self.about[Part.SEARCH, s.id].add(s.jurisdiction)

    def touched(self, moment: str, view: View, before: View | None) -> set[int]:
        """The places of whose own law something else may be said: those named, and below them."""
        index = self.record.index
        near: set[int] = set()
        for line in self.lines[moment]:
            if line.part is Part.JURISDICTION and line.subject in index:
                near.add(index[line.subject])
            near.update(index[key] for key in self.about.get((line.part, line.subject), ()))
        views = (view, before) if before else (view,)
        below = {c for v in views for n in near for c in v.children.get(n, ()) if v.spoken[c]}
        return near | below

    def turn(
        self, moment: str, views: tuple[View | None, View], relearned: Sequence[Change]
    ) -> None:
        """Take in what one moment of the ledger says: the view before it, and with it."""
        before, view = views
        places = self.touched(moment, view, before)
        provisions = (line.provision for line in self.lines[moment] if line.provision)
        self.acts.update((p.id, p.instrument) for p in provisions)
        law = self._law(view, places)
        news = self._grouped(relearned, view, moment)
        fresh: list[Message] = []
        revised: list[Message] = []
        gone: list[Message] = []
        for n in sorted(places):
            key = self.record.places[n].id
            was, now = self.said[key], law.get(key, {})
            gone += [self.told[i] for i in was if i not in now]
            revised += [m for i, m in now.items() if i in self.told and was.get(i) != m]
            fresh += [m for i, m in now.items() if i not in self.told]
            self.said[key] = now
        if before is not None:
            fresh, news = _as_learned(fresh, news)
        for message in (*fresh, *news):
            self._publish(message, moment)
        for message in revised:
            self._revise(message, moment, [m for m in news if _same_cause(m, message)])
        for message in gone:
            makers = [
                m
                for m in (*news, *fresh)
                if m.place.id == message.place.id
                and set(m.substances) & set(message.substances)
                and (m.kind is not ChangeKind.LAW or m.act == message.act)
            ]
            self._withdraw(message, moment, makers)

    # -- what is said --------------------------------------------------------------------------

    def _law(self, view: View, places: set[int]) -> dict[str, dict[str, Message]]:
        """The changes of law of some places as a view has them: place -> id -> message."""
        spoken = sorted(n for n in places if view.spoken[n])
        if not spoken:
            return {}
        found = {c.id: c for c in from_history(view, history(view, spoken, local=False))}
        law: dict[str, dict[str, Message]] = defaultdict(dict)
        for message in self._grouped(list(found.values()), view, ""):
            law[message.place.id][message.id] = message
        return law

    def _grouped(self, found: Sequence[Change], view: View, moment: str) -> list[Message]:
        """What one act does to one place on one day, as one message."""
        groups: dict[tuple[str, ...], list[Entry]] = {}
        for entry in entries(found, view) if found else ():
            causes = entry.changes[0].provisions
            act = self.acts[causes[0]] if causes else ""
            kind = "law" if entry.kind is ChangeKind.LAW else f"{entry.kind} {moment}"
            groups.setdefault((kind, entry.place.id, entry.date, act), []).append(entry)
        return [_message(key, group) for key, group in groups.items()]

    # -- what is done with it ------------------------------------------------------------------

    def _publish(self, message: Message, moment: str) -> None:
        self.told[message.id] = replace(message, published=moment, updated=moment)

    def _revise(self, message: Message, moment: str, makers: Sequence[Message]) -> None:
        old = self.told[message.id]
        said = Earlier(until=moment, steps=old.steps, withdrawn=old.withdrawn)
        other = old.withdrawn or old.steps != message.steps
        self.told[message.id] = replace(
            old,
            earlier=(*old.earlier, said) if other else old.earlier,
            name=message.name,
            place=message.place,
            steps=message.steps,
            cited=message.cited,
            updated=moment,
            revision=old.revision + 1,
            withdrawn="",
            notes=(*old.notes, f"Said again since {moment}.") if old.withdrawn else old.notes,
        )
        for maker in makers:
            self._link(maker.id, old)

    def _withdraw(self, message: Message, moment: str, makers: Sequence[Message]) -> None:
        self.told[message.id] = replace(
            message, withdrawn=moment, updated=moment, revision=message.revision + 1
        )
        if not makers:
            makers = [_retraction(message, moment)]
            self._publish(makers[0], moment)
        for maker in makers:
            self._link(maker.id, message)

    def _link(self, maker: str, was: Message) -> None:
        """Say in both that one corrects the other, as that was said."""
        new, old = self.told[maker], self.told[was.id]
        said = f"This corrects what was said on {was.published[:10]}: {_line(was)}."
        told = f"Corrected on {new.published[:10]}: {_line(new)}."
        self.told[maker] = replace(
            new, corrects=(*new.corrects, was.id), notes=_once(new.notes, said)
        )
        self.told[was.id] = replace(
            old, corrected_by=(*old.corrected_by, maker), notes=_once(old.notes, told)
        )


def _once(notes: tuple[str, ...], note: str) -> tuple[str, ...]:
    return notes if note in notes else (*notes, note)


def _message(key: tuple[str, ...], group: list[Entry]) -> Message:
    first = group[0]
    return Message(
        id=stable_id("change", *key),
        kind=first.kind,
        place=first.place,
        name=first.name,
        date=first.date,
        act=key[-1],
        lasting=first.kind is ChangeKind.LAW,
        steps=tuple(_step(entry) for entry in group),
        cited=tuple(dict.fromkeys(cited for entry in group for cited in entry.cited)),
    )


def _step(entry: Entry) -> Step:
    return Step(
        substances=entry.substances,
        scope=entry.scope,
        activity=entry.activity,
        before=entry.before,
        after=entry.after,
        severity=_severity(entry),
        sentence=entry.sentence,
    )


def _severity(entry: Entry) -> Severity:
    """By what applies in all: own law that wider law already outdoes moves no one's position."""
    grave = not _GRAVE.isdisjoint((entry.before, entry.after))
    if entry.before is entry.after:
        return Severity.DETAIL
    if grave and entry.scope == "total":
        return Severity.MAJOR
    return Severity.DETAIL if entry.activity else Severity.MINOR


def _same_cause(a: Message, b: Message) -> bool:
    return (a.place.id, a.date, a.act) == (b.place.id, b.date, b.act)


def _as_learned(
    fresh: Sequence[Message], news: Sequence[Message]
) -> tuple[list[Message], list[Message]]:
    """Law that is said for the first time after it applied is told once: as what was learned.

    What had been said wrongly is named in the notes.
    """
    kept: list[Message] = []
    told: set[str] = set()
    for message in fresh:
        twins = [m for m in news if _same_cause(m, message)]
        told.update(m.id for m in twins)
        wrong = [m for m in twins if m.kind is ChangeKind.CORRECTION]
        if wrong:
            notes = tuple(f"{step.words}." for m in wrong for step in m.steps)
            message = replace(message, kind=ChangeKind.CORRECTION, notes=notes)
        elif twins:
            message = replace(message, kind=ChangeKind.KNOWLEDGE)
        kept.append(message)
    return kept, [m for m in news if m.id not in told]


def _retraction(message: Message, moment: str) -> Message:
    """That something is no longer said, where nothing else says what is."""
    return replace(
        message,
        id=stable_id("retraction", message.id, moment),
        kind=ChangeKind.CORRECTION,
        lasting=False,
        withdrawn="",
        steps=tuple(replace(s, sentence=f"no longer said: {s.sentence}") for s in message.steps),
        revision=0,
        corrects=(),
        corrected_by=(),
        notes=(),
        earlier=(),
    )


# -- in words ----------------------------------------------------------------------------------


def when(message: Message) -> str:
    """`from 2026-05-06`, `from May 2026 (day not known)`, `from a day that is not known`."""
    if not message.date:
        return "from a day that is not known"
    missing = {4: " (month and day not known)", 7: " (day not known)"}.get(len(message.date), "")
    return f"from {PartialDate(message.date).words()}{missing}"


def headline(message: Message) -> str:
    """One line that says where and what: `Utah: 7-OH: from regulated to banned, and 4 more`."""
    mark = "Withdrawn: " if message.withdrawn else ""
    if not mark and message.kind is not ChangeKind.LAW:
        mark = f"{message.kind.label}: "
    return f"{mark}{_what(message)}"


def title(message: Message) -> str:
    """The headline with its day of law."""
    return f"{headline(message)}, {when(message)}"


def _line(message: Message) -> str:
    """The title without what became of it, as another message tells it."""
    return f"{_what(message)}, {when(message)}"


def _what(message: Message) -> str:
    more = len(message.steps) - 1
    others = f", and {more} more" if more else ""
    return f"{isolate(message.name)}: {message.gravest.words}{others}"


def page_url(base_url: str, path: str) -> str:
    """The address of a page of the site, or nothing where it is not known where the site is."""
    return web_link(f"{base_url.rstrip('/')}/{path}/") or "" if base_url else ""


def text(message: Message, base_url: str = "") -> str:
    """The whole message in lines of plain text; needs nothing else to be understood."""
    lines = [_head(message)]
    lines += [f"- {step.words}." for step in message.steps]
    for cited in message.cited:
        links = [u for u in (page_url(base_url, f"p/{cited.id}"), cited.source) if u]
        lines.append(f"* {isolate(cited.words)}" + (f" ({', '.join(links)})" if links else ""))
    lines += [_tail(message)]
    return "\n".join(lines)


def html(message: Message, base_url: str = "") -> Markup:
    """The same as a piece of a page; every value is escaped and inert."""
    steps = Markup("").join(Markup("<li>{}.</li>").format(step.words) for step in message.steps)
    cited = Markup("").join(_cited_html(cited, base_url) for cited in message.cited)
    acts = Markup("<p>Rests on:</p><ul>{}</ul>").format(cited) if cited else ""
    return Markup("<p>{}</p><ul>{}</ul>{}<p>{}</p>").format(
        _head(message),
        steps,
        acts,
        _tail(message),
    )


def _cited_html(cited: Cited, base_url: str) -> Markup:
    act = _linked(isolate(cited.words), page_url(base_url, f"p/{cited.id}"))
    source = Markup(" ({})").format(_linked("source", cited.source)) if cited.source else ""
    return Markup("<li>{}{}</li>").format(act, source)


def _linked(words: str, url: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url, words) if url else escape(words)


def _head(message: Message) -> str:
    place = f"{isolate(message.name)} ({inert(message.place.code)})"
    kind = f"{message.kind.label}: {lower(message.kind.meaning)}"
    if message.kind is ChangeKind.LAW:
        kind = "A change of law."
    return f"{place}, {when(message)}. {kind} Severity: {lower(message.severity.label)}."


def _tail(message: Message) -> str:
    gone = f"No longer said since {message.withdrawn}." if message.withdrawn else ""
    recorded = f"Recorded {message.published}."
    return " ".join(part for part in (gone, *message.notes, recorded) if part)


# -- for programs ---------------------------------------------------------------------------------


def facts(message: Message) -> dict[str, object]:
    """What a program need not read out of the text, as plain values; what is empty is left out."""
    said: dict[str, object] = {
        "place": message.place.code,
        "kind": message.kind,
        "severity": message.severity,
        "date": message.date,
        "instrument": message.act,
        "steps": [
            {
                "substances": step.substances,
                "scope": step.scope,
                **({"activity": step.activity} if step.activity else {}),
                "before": step.before,
                "after": step.after,
            }
            for step in message.steps
        ],
        "provisions": [cited.id for cited in message.cited],
        "withdrawn": message.withdrawn,
        "corrects": [f"urn:uuid:{other}" for other in message.corrects],
        "corrected_by": [f"urn:uuid:{other}" for other in message.corrected_by],
    }
    return {key: value for key, value in said.items() if value}

"""The answers that the API and the MCP server give: typed, cited, from the record alone.

Each names the day it is about, what was known, the version, how to cite it, and its page.
Nothing here knows of HTTP.
"""

from __future__ import annotations

import hashlib
import json
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from kratom_atlas import __version__, changes
from kratom_atlas.codebook import TABLES
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.change import Change
from kratom_atlas.model.statement import Line, Part, known_bound
from kratom_atlas.model.status import ActivityAnswer, Answer
from kratom_atlas.model.time import PartialDate, order_of
from kratom_atlas.model.values import Instrument, Jurisdiction, Provision
from kratom_atlas.model.vocabulary import (
    ChangeKind,
    Effect,
    Flag,
    InstrumentKind,
    Level,
    Stage,
    Status,
    Substance,
    Verification,
    Word,
)
from kratom_atlas.places import find_place, place_name
from kratom_atlas.record import load_record
from kratom_atlas.release.dataset import plain_rows
from kratom_atlas.release.tables import Edition
from kratom_atlas.report.diff import Context, render
from kratom_atlas.report.words import ADVICE, citation, report_link
from kratom_atlas.resolve.explain import answer
from kratom_atlas.resolve.record import Record, View
from kratom_atlas.settings import Settings

__all__ = [
    "MOST",
    "MOST_OFFSET",
    "PAGE",
    "About",
    "AskedError",
    "ChangeList",
    "Difference",
    "HistoryAnswer",
    "InstrumentAnswer",
    "InstrumentList",
    "MissingError",
    "PlaceAnswer",
    "PlaceList",
    "ProvisionAnswer",
    "ProvisionList",
    "Reference",
    "SourceList",
    "StatusAnswer",
    "WordList",
    "encode",
]

PAGE: Final = 50
MOST: Final = 200
"""So many items are given at a time, unless asked, and at most."""
MOST_OFFSET: Final = 1_000_000
_LONGEST: Final = 200
"""Names, codes and ids are shorter."""
_VIEWS: Final = 16
_EDITIONS: Final = 2
LICENCE: Final = "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"

W = TypeVar("W", bound=Word)
T = TypeVar("T")


class AskedError(AtlasError):
    """What was asked cannot be read: `name` is the parameter."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")


class MissingError(AtlasError):
    """There is nothing of that name."""


# -- shapes ------------------------------------------------------------------------------------


class About(Struct, frozen=True, kw_only=True):
    """What every answer says of itself.

    `version` is the dataset release that is served, `ledger` a digest of all that was recorded
    when it was read, `as_of` the day of law asked for, `known` what was known, `link` the page.
    """

    version: str
    ledger: str
    as_of: str
    known: str
    citation: str
    licence: str = LICENCE
    advice: str = ADVICE
    report: str
    link: str
    notes: tuple[str, ...] = ()


class Said(Struct, frozen=True, kw_only=True):
    """The answer on one substance; `chain` is empty unless the reasons were asked for."""

    jurisdiction: Jurisdiction
    substance: Substance
    on: str
    known: str
    own_status: Status
    total_status: Status
    activities: tuple[ActivityAnswer, ...]
    flags: tuple[Flag, ...]
    min_age: int | None
    caps: tuple[str, ...]
    since: str | None
    until: str | None
    incoming: str | None
    verification: Verification | None
    last_checked: str | None
    chain: tuple[Any, ...]
    """Every provision and search that bears on it, and how, with the line that recorded it."""


class StatusAnswer(About, frozen=True, kw_only=True):
    """The law in one place on one day."""

    name: str
    answers: tuple[Said, ...]


class PlaceItem(Struct, frozen=True, kw_only=True):
    """One place, and its page."""

    name: str
    place: Jurisdiction
    link: str


class PlaceList(About, frozen=True, kw_only=True):
    """Places, best match first."""

    total: int
    next_offset: int | None
    items: tuple[PlaceItem, ...]


class PlaceAnswer(About, frozen=True, kw_only=True):
    """One place, whose law binds there, and how many places it binds."""

    name: str
    place: Jurisdiction
    bound_by: tuple[PlaceItem, ...]
    binds: int


class ProvisionItem(Struct, frozen=True, kw_only=True):
    """One provision; `in_force` on the day asked for, repeals and stays applied."""

    provision: Provision
    code: str
    place: str
    act: str
    in_force: bool
    recorded_at: str
    link: str


class ProvisionList(About, frozen=True, kw_only=True):
    """Provisions, by place and first day."""

    total: int
    next_offset: int | None
    items: tuple[ProvisionItem, ...]


class Recorded(Struct, frozen=True, kw_only=True):
    """One line of the ledger on a subject: what was done, when, and why."""

    op: str
    recorded_at: str
    reason: str
    statement: str


class ProvisionAnswer(About, frozen=True, kw_only=True):
    """One provision, its act, and when this dataset said what of it."""

    item: ProvisionItem
    instrument: Instrument | None
    recorded: tuple[Recorded, ...]


class InstrumentItem(Struct, frozen=True, kw_only=True):
    """One act or bill."""

    instrument: Instrument
    code: str
    place: str
    link: str


class InstrumentList(About, frozen=True, kw_only=True):
    """Acts and bills, by place and id."""

    total: int
    next_offset: int | None
    items: tuple[InstrumentItem, ...]


class InstrumentAnswer(About, frozen=True, kw_only=True):
    """One act or bill, with the provisions it has, and when this dataset said what of it.

    `proposed` are those without a first day, as of a bill: no status rests on them.
    """

    item: InstrumentItem
    provisions: tuple[ProvisionItem, ...]
    proposed: tuple[Provision, ...]
    recorded: tuple[Recorded, ...]


class ChangeItem(Struct, frozen=True, kw_only=True):
    """One change; `upcoming` on the day asked for."""

    change_id: str
    date: str
    kind: ChangeKind
    jurisdiction_id: str
    code: str
    name: str
    substance: Substance
    from_status: str
    to_status: str
    own_or_total: str
    activity: str | None
    provision_ids: tuple[str, ...]
    recorded_at: str
    summary: str
    upcoming: bool
    link: str


class ChangeList(About, frozen=True, kw_only=True):
    """Changes, newest day of law first."""

    total: int
    next_offset: int | None
    items: tuple[ChangeItem, ...]


class Difference(About, frozen=True, kw_only=True):
    """The report that `kratom-atlas diff --format json` gives."""

    report_of: dict[str, Any]


class HistoryAnswer(About, frozen=True, kw_only=True):
    """The rows of `status_history` of one place."""

    name: str
    place: Jurisdiction
    rows: tuple[dict[str, Any], ...]


class SourceList(About, frozen=True, kw_only=True):
    """The sources and how they were doing when the site was built."""

    total: int
    next_offset: int | None
    items: tuple[dict[str, Any], ...]


class Term(Struct, frozen=True, kw_only=True):
    """One word of the codebook."""

    id: str
    label: str
    meaning: str


class TermGroup(Struct, frozen=True, kw_only=True):
    """Words of one kind."""

    title: str
    about: str
    words: tuple[Term, ...]


class WordList(About, frozen=True, kw_only=True):
    """The codebook: every word that an answer may use."""

    groups: tuple[TermGroup, ...]


def encode(value: object) -> bytes:
    """An answer as JSON, the same bytes for the same answer."""
    return msgspec.json.encode(value, enc_hook=str)


# -- answers -----------------------------------------------------------------------------------


class Reference:
    """What one reading of the ledger, and the site built beside it, say.

    `site` is the built site, for its version and its sources; without one the version is that of
    the program. `today` is asked for the day that is meant where none is named.
    """

    def __init__(
        self,
        settings: Settings,
        site: Path | None = None,
        *,
        record: Record | None = None,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.record = load_record(settings) if record is None else record
        self._settings = settings
        self._site = site
        self._today = today
        self.version = _released(site) or f"{__version__} (made from the ledger)"
        self.ledger = _digest(self.record.lines)
        # What is asked for is bounded, and so is what is kept: anybody may name any moment.
        self._view_of = lru_cache(_VIEWS)(lambda bound: View(self.record, bound))
        self._edition_of = lru_cache(_EDITIONS)(self._edition)
        self._one_at_a_time = threading.Lock()
        self._by_code = {place.code: n for n, place in enumerate(self.record.places)}

    @cached_property
    def sources_mark(self) -> str:
        """Another one whenever the answer on sources may be another."""
        return hashlib.sha256(self._sources_bytes()).hexdigest()[:16]

    def warm(self) -> None:
        """Compute once what every answer needs."""
        self._edition_at(None)
        _ = self._names, self._lines_of

    def day(self, text: str | None, name: str = "on") -> date:
        """The day that is meant."""
        if text is None or text == "today":
            return self._today()
        stated = _date(name, text)
        if not stated.is_day:
            raise AskedError(name, f"{_shown(text)} is not a day: write it as 2026-07-01")
        return date.fromordinal(stated.lo)

    @property
    def codes(self) -> Collection[str]:
        """The codes of all places."""
        return self._by_code.keys()

    def called(self, code: str) -> str:
        """The name of a place, by its code; the code itself where there is none."""
        n = self._by_code.get(code)
        return code if n is None else self._name(n)

    def meant(self, words: str) -> tuple[str, tuple[str, ...]]:
        """The code of the place that words name, and what else they could have meant.

        Raises:
            AtlasError: they name none, or more than one.
        """
        n, notes = self._find(words)
        return self.record.places[n].code, notes

    # -- one place -----------------------------------------------------------------------------

    def status(
        self,
        place: str,
        *,
        substance: str | None = None,
        on: str | None = None,
        known: str | None = None,
        why: bool = False,
    ) -> StatusAnswer:
        """What the law is in a place; with `why`, the provisions and searches that say so."""
        day, view = self.day(on), self._view(known)
        found, notes = self._find(place)
        wanted = _words(Substance, "substance", substance) or tuple(Substance)
        shown = self._known(known)
        answers = (answer(view, found, s, day.toordinal(), shown) for s in wanted)
        return StatusAnswer(
            **self._about(day, known, self._page(found), notes),
            name=self._name(found),
            answers=tuple(_said(one, why=why) for one in answers),
        )

    def place(self, code: str, *, on: str | None = None, known: str | None = None) -> PlaceAnswer:
        """One place, by its code."""
        day, view = self.day(on), self._view(known)
        n = self._coded(code)
        return PlaceAnswer(
            **self._about(day, known, self._page(n)),
            name=self._name(n),
            place=self.record.places[n],
            bound_by=tuple(self._place_item(above) for above in view.binders[n]),
            binds=len(view.children.get(n, ())),
        )

    def history(
        self,
        place: str,
        *,
        substance: str | None = None,
        on: str | None = None,
        known: str | None = None,
    ) -> HistoryAnswer:
        """How the law was, is and will be, interval by interval."""
        day = self.day(on)
        found, notes = self._find(place)
        wanted = {str(s) for s in _words(Substance, "substance", substance)}
        table = self._edition_at(known).tables["status_history"]
        code = self.record.places[found].code
        rows = table[table["code"] == code]
        told = (dict(zip(rows.columns, row, strict=True)) for row in plain_rows(rows))
        return HistoryAnswer(
            **self._about(day, known, self._page(found), notes),
            name=self._name(found),
            place=self.record.places[found],
            rows=tuple(row for row in told if not wanted or row["substance"] in wanted),
        )

    # -- lists ---------------------------------------------------------------------------------

    def places(
        self,
        q: str | None = None,
        *,
        level: str | None = None,
        inside: str | None = None,
        on: str | None = None,
        known: str | None = None,
        limit: int = PAGE,
        offset: int = 0,
    ) -> PlaceList:
        """Places that are called so, at a level, inside another; all, if nothing is said."""
        day, view = self.day(on), self._view(known)
        levels = _words(Level, "level", level)
        notes: tuple[str, ...] = ()
        found = self._search(_short("q", q)) if q else list(range(len(self.record.places)))
        if inside is not None:
            n, notes = self._find(inside, "inside")
            within = {n, *view.children.get(n, ())}
            found = [at for at in found if at in within]
        if levels:
            found = [at for at in found if self.record.places[at].level in levels]
        page, following = _paged(found, limit, offset)
        return PlaceList(
            **self._about(day, known, "table/", notes),
            total=len(found),
            next_offset=following,
            items=tuple(self._place_item(n) for n in page),
        )

    def provisions(
        self,
        place: str | None = None,
        *,
        inside: bool = False,
        substance: str | None = None,
        effect: str | None = None,
        instrument: str | None = None,
        in_force: bool | None = None,
        on: str | None = None,
        known: str | None = None,
        limit: int = PAGE,
        offset: int = 0,
    ) -> ProvisionList:
        """Provisions as recorded: of a place, or inside it too, of a substance, effect or act."""
        day, view = self.day(on), self._view(known)
        where, link, notes = self._where(view, place, inside=inside)
        wanted = set(_words(Substance, "substance", substance))
        effects = _words(Effect, "effect", effect)
        standing = self._standing(view, day)
        table = self.record.provisions
        found = []
        for row in view.provision_rows.tolist():
            body = table.bodies[row]
            if (
                (where is None or int(table.place[row]) in where)
                and (not wanted or wanted.intersection(body.substances))
                and (not effects or body.effect in effects)
                and (instrument is None or body.instrument == instrument)
                and (in_force is None or (row in standing) is in_force)
            ):
                found.append(row)
        found.sort(key=lambda r: (table.place[r], table.from_lo[r], table.bodies[r].id))
        page, following = _paged(found, limit, offset)
        return ProvisionList(
            **self._about(day, known, link or "changes/", notes),
            total=len(found),
            next_offset=following,
            items=tuple(self._provision_item(view, row, standing) for row in page),
        )

    def provision(
        self, key: str, *, on: str | None = None, known: str | None = None
    ) -> ProvisionAnswer:
        """One provision, by its id."""
        day, view = self.day(on), self._view(known)
        table = self.record.provisions
        row = next((r for r in view.provision_rows.tolist() if table.bodies[r].id == key), None)
        if row is None and key in view.proposed:
            act = view.proposed[key].line.provision
            of = act.instrument if act else ""
            raise MissingError(
                f"{_shown(key)} has no first day, so it is law on no day: ask for "
                f"the instrument {of}"
            )
        if row is None:
            raise MissingError(f"no provision has the id {_shown(key)}{self._then(known)}")
        item = self._provision_item(view, row, self._standing(view, day))
        return ProvisionAnswer(
            **self._about(day, known, f"p/{key}/"),
            item=item,
            instrument=view.instruments.get(item.provision.instrument),
            recorded=tuple(self._recorded(Part.PROVISION, key, view)),
        )

    def instruments(
        self,
        place: str | None = None,
        *,
        inside: bool = False,
        kind: str | None = None,
        stage: str | None = None,
        on: str | None = None,
        known: str | None = None,
        limit: int = PAGE,
        offset: int = 0,
    ) -> InstrumentList:
        """Acts and bills as recorded; what a bill would do is never law."""
        day, view = self.day(on), self._view(known)
        where, link, notes = self._where(view, place, inside=inside)
        kinds = _words(InstrumentKind, "kind", kind)
        stages = _words(Stage, "stage", stage)
        found = [
            one
            for one in view.instruments.values()
            if (where is None or self.record.index.get(one.jurisdiction) in where)
            and (not kinds or one.kind in kinds)
            and (not stages or one.stage in stages)
        ]
        found.sort(key=lambda one: (one.jurisdiction, one.id))
        page, following = _paged(found, limit, offset)
        return InstrumentList(
            **self._about(day, known, link or "changes/", notes),
            total=len(found),
            next_offset=following,
            items=tuple(self._instrument_item(one) for one in page),
        )

    def instrument(
        self, key: str, *, on: str | None = None, known: str | None = None
    ) -> InstrumentAnswer:
        """One act or bill, by its id."""
        day, view = self.day(on), self._view(known)
        body = view.instruments.get(key)
        if body is None:
            raise MissingError(f"no instrument has the id {_shown(key)}{self._then(known)}")
        item = self._instrument_item(body)
        standing = self._standing(view, day)
        table = self.record.provisions
        return InstrumentAnswer(
            **self._about(day, known, f"j/{item.code}/"),
            item=item,
            provisions=tuple(
                self._provision_item(view, row, standing)
                for row in view.provision_rows.tolist()
                if table.bodies[row].instrument == key
            ),
            proposed=tuple(
                version.body
                for version in view.proposed.values()
                if isinstance(version.body, Provision) and version.body.instrument == key
            ),
            recorded=tuple(self._recorded(Part.INSTRUMENT, key, view)),
        )

    def changes(
        self,
        place: str | None = None,
        *,
        inside: bool = False,
        substance: str | None = None,
        kind: str | None = None,
        since: str | None = None,
        until: str | None = None,
        on: str | None = None,
        known: str | None = None,
        limit: int = PAGE,
        offset: int = 0,
    ) -> ChangeList:
        """Every change of law, and of what we said, where the law itself moved.

        `since` and `until` bound the day of law: from the first, and before the second.
        """
        day, view = self.day(on), self._view(known)
        where, link, notes = self._where(view, place, inside=inside)
        wanted = _words(Substance, "substance", substance)
        kinds = _words(ChangeKind, "kind", kind)
        first = _date("since", since).lo if since else None
        last = _date("until", until).lo if until else None
        if first is not None and last is not None and last < first:
            raise AskedError("since", f"{since} is after until {until}: give the earlier day first")
        found = [
            one
            for one in self._edition_at(known).changes
            if (where is None or self.record.index[one.jurisdiction.id] in where)
            and (not wanted or one.substance in wanted)
            and (not kinds or one.kind in kinds)
            and (first is None or (one.date and order_of(one.date) >= first))
            and (last is None or (one.date and order_of(one.date) < last))
        ]
        found.sort(key=lambda one: (-order_of(one.date) if one.date else 1, one.id))
        page, following = _paged(found, limit, offset)
        return ChangeList(
            **self._about(day, known, link or "changes/", notes),
            total=len(found),
            next_offset=following,
            items=tuple(self._change_item(one, day) for one in page),
        )

    def diff(
        self,
        *,
        from_: str | None = None,
        to: str | None = None,
        on: str | None = None,
        known: str | None = None,
        known_to: str | None = None,
        place: str | None = None,
    ) -> Difference:
        """What changed in the law between two days; or, of one day, in what we said of it.

        `from_` and `to`, as known at `known` (and then at `known_to`); or `on` with both.
        """
        if on is not None:
            if from_ or to or known is None or known_to is None:
                raise AskedError("on", "it goes with known and known_to, and without from and to")
            days = (self.day(on),) * 2
        elif from_ is None or to is None:
            raise AskedError("from", "give from and to, or on with known and known_to")
        else:
            days = (self.day(from_, "from"), self.day(to, "to"))
            if days[1] < days[0]:
                raise AskedError("from", f"{days[0]} is after to {days[1]}: give the earlier first")
        moments = (known, known_to if known_to is not None else known)
        views = (self._view(moments[0]), self._view(moments[1], "known_to"))
        span = (days[0].toordinal(), days[1].toordinal())
        link, notes = "changes/", tuple[str, ...]()
        if place is None:
            found = changes.between(self.record, span, views)
        else:
            n, notes = self._find(place)
            below = sorted(views[1].children.get(n, ()))
            link = self._page(n)
            found = [
                *changes.between(self.record, span, views, [n], inherited=True),
                *changes.between(self.record, span, views, below),
            ]
        shown = tuple(dict.fromkeys(self._known(moment) for moment in moments))
        title = (
            f"What we said of {days[0]}, at {shown[0]} and at {shown[-1]}"
            if on is not None
            else f"Changes in the law from {days[0]} to {days[1]}"
        )
        looked = int(views[1].last_looks().max(initial=0))
        context = Context(
            view=views[1],
            first=str(days[0]),
            last=str(days[1]),
            known=shown,
            version=self.version,
            as_of=str(self._today()),
            last_look=str(date.fromordinal(looked)) if looked else "",
            report_url=self._settings.report_url,
            base_url=self._settings.base_url,
        )
        return Difference(
            **self._about(days[1], moments[1], link, notes),
            report_of=json.loads(render(found, "json", title=title, context=context)),
        )

    def sources(
        self,
        source: str | None = None,
        *,
        on: str | None = None,
        known: str | None = None,
        limit: int = PAGE,
        offset: int = 0,
    ) -> SourceList:
        """The sources and how they do, as the site that is served says; or one of them."""
        rows: list[dict[str, Any]] = json.loads(self._sources_bytes())
        if source is not None:
            rows = [row for row in rows if row["source_id"] == source]
            if not rows:
                raise MissingError(f"no source is called {_shown(source)}")
        page, following = _paged(rows, limit, offset)
        self._view(known)
        return SourceList(
            **self._about(self.day(on), known, "sources/"),
            total=len(rows),
            next_offset=following,
            items=tuple(page),
        )

    def words(self, *, on: str | None = None, known: str | None = None) -> WordList:
        """The codebook."""
        self._view(known)
        return WordList(
            **self._about(self.day(on), known, "codebook/"),
            groups=tuple(
                TermGroup(
                    title=title,
                    about=about,
                    words=tuple(Term(id=str(w), label=w.label, meaning=w.meaning) for w in kind),
                )
                for title, kind, about in TABLES
            ),
        )

    # -- inside --------------------------------------------------------------------------------

    def _edition(self, bound: int) -> Edition:
        return Edition(self.record, self._today().toordinal(), bound)

    def _edition_at(self, known: str | None) -> Edition:
        """What was known then, as of its last batch: history and changes move with batches only.

        The record keeps every view that an edition asks for, so there must not be one for each
        second that anybody thinks of.
        """
        bound = self._bound(known)
        moments = self.record.moments
        seen = [m for m in moments if bound is None or self.record.before(m, bound)]
        # An edition takes a second: who asks for the same one waits for it.
        with self._one_at_a_time:
            edition = self._edition_of(self.record.bound(seen[-1]) if seen else 0)
            _ = edition.changes, edition.tables
        return edition

    def _bound(self, known: str | None, name: str = "known") -> int | None:
        if known is None:
            return None
        try:
            return known_bound(_short(name, known))
        except ValueError as error:
            raise AskedError(name, str(error)) from None

    def _view(self, known: str | None, name: str = "known") -> View:
        bound = self._bound(known, name)
        return self.record.at() if bound is None else self._view_of(bound)

    def _known(self, known: str | None) -> str:
        """What was known, as the command line says it."""
        moments = self.record.moments
        return known or (moments[-1] if moments else "an empty record")

    @staticmethod
    def _then(known: str | None) -> str:
        return f", as known at {known}" if known else ""

    def _about(
        self, day: date, known: str | None, path: str, notes: Sequence[str] = ()
    ) -> dict[str, Any]:
        settings, moments = self._settings, self.record.moments
        told = list(notes)
        if day > self._today():
            told.append(f"{day} has not come yet: this is what is enacted and recorded so far")
        bound = self._bound(known)
        if bound is not None and moments and not self.record.before(moments[0], bound):
            told.append(f"nothing was recorded by {known}; the record begins {moments[0]}")
        return {
            "version": self.version,
            "ledger": self.ledger,
            "as_of": str(day),
            "known": self._known(known),
            "citation": citation(self.version, str(day)),
            "report": report_link(settings.report_url) or self._link(f"report/?about=/{path}"),
            "link": self._link(path),
            "notes": tuple(told),
        }

    def _link(self, path: str) -> str:
        return f"{self._settings.base_url.rstrip('/')}/{path}"

    def _page(self, n: int) -> str:
        return f"j/{self.record.places[n].code}/"

    def _name(self, n: int) -> str:
        return place_name(self.record, self.record.places[n])

    def _place_item(self, n: int) -> PlaceItem:
        place = self.record.places[n]
        return PlaceItem(name=self._name(n), place=place, link=self._link(self._page(n)))

    def _find(self, words: str, name: str = "place") -> tuple[int, tuple[str, ...]]:
        try:
            found = find_place(self.record, _short(name, words))
        except AskedError:
            raise
        except AtlasError as error:
            raise MissingError(str(error)) from None
        return found.index, (found.note,) if found.note else ()

    def _coded(self, code: str) -> int:
        n = self._by_code.get(code.upper())
        if n is None:
            raise MissingError(f"no place has the code {_shown(code)}")
        return n

    def _where(
        self, view: View, place: str | None, *, inside: bool
    ) -> tuple[set[int] | None, str, tuple[str, ...]]:
        """The places that are meant (None: all), their page, and what else could be."""
        if place is None:
            return None, "", ()
        n, notes = self._find(place)
        within = view.children.get(n, ()) if inside else ()
        return {n, *within}, self._page(n), notes

    def _standing(self, view: View, day: date) -> frozenset[int]:
        """The rows of provisions that are in force on a day."""
        at, law = day.toordinal(), view.law
        return frozenset(law.row[(law.from_lo <= at) & (at < law.to_lo)].tolist())

    def _provision_item(self, view: View, row: int, standing: frozenset[int]) -> ProvisionItem:
        table = self.record.provisions
        body, n = table.bodies[row], int(table.place[row])
        act = view.instruments.get(body.instrument)
        return ProvisionItem(
            provision=body,
            code=self.record.places[n].code,
            place=self._name(n),
            act=act.short if act else body.instrument,
            in_force=row in standing,
            recorded_at=table.versions[row].line.recorded_at,
            link=self._link(f"p/{body.id}/"),
        )

    def _instrument_item(self, body: Instrument) -> InstrumentItem:
        n = self.record.index[body.jurisdiction]
        return InstrumentItem(
            instrument=body,
            code=self.record.places[n].code,
            place=self._name(n),
            link=self._link(self._page(n)),
        )

    def _change_item(self, one: Change, day: date) -> ChangeItem:
        n = self.record.index[one.jurisdiction.id]
        return ChangeItem(
            change_id=one.id,
            date=one.date,
            kind=one.kind,
            jurisdiction_id=one.jurisdiction.id,
            code=one.jurisdiction.code,
            name=self._name(n),
            substance=one.substance,
            from_status=str(one.before),
            to_status=str(one.after),
            own_or_total=one.scope,
            activity=str(one.activity) if one.activity else None,
            provision_ids=one.provisions,
            recorded_at=one.recorded_at,
            summary=one.summary,
            upcoming=bool(one.date) and order_of(one.date) > day.toordinal(),
            link=self._link(f"changes/{one.date}/" if one.date else "changes/undated/"),
        )

    def _recorded(self, part: Part, key: str, view: View) -> Iterator[Recorded]:
        for line in self._lines_of.get((part, key), ()):
            if self.record.before(line.recorded_at, view.known):
                yield Recorded(
                    op=str(line.op),
                    recorded_at=line.recorded_at,
                    reason=line.reason,
                    statement=line.statement,
                )

    @cached_property
    def _lines_of(self) -> dict[tuple[Part, str], list[Line]]:
        found: dict[tuple[Part, str], list[Line]] = {}
        for line in self.record.lines:
            found.setdefault((line.part, line.subject), []).append(line)
        return found

    @cached_property
    def _names(self) -> list[tuple[str, int, int]]:
        """How each place is called, all of it, with its level and number."""
        return [
            (
                " ".join(_folded(t) for t in (self._name(n), p.code, p.geoid or "", *p.aliases)),
                p.level.rank,
                n,
            )
            for n, p in enumerate(self.record.places)
        ]

    def _search(self, q: str) -> list[int]:
        """What is meant by it, then what begins so, then what holds all of its words."""
        wanted = _folded(q).split()
        whole = " ".join(wanted)
        found = [
            (not name.startswith(whole), level, name, n)
            for name, level, n in self._names
            if all(word in name for word in wanted)
        ]
        ordered = [n for *_, n in sorted(found)]
        try:
            first = find_place(self.record, q).index
        except AtlasError:
            return ordered
        return [first, *(n for n in ordered if n != first)]

    def _sources_bytes(self) -> bytes:
        if self._site is None:
            raise MissingError("no site is at hand: run kratom-atlas build")
        try:
            return (self._site / "sources" / "sources.json").read_bytes()
        except OSError:
            raise MissingError("the site has no list of sources: run kratom-atlas build") from None


def _said(one: Answer, *, why: bool) -> Said:
    values = {name: getattr(one, name) for name in one.__struct_fields__}
    return Said(**values if why else {**values, "chain": ()})


def _released(site: Path | None) -> str:
    """The version of the dataset of a site; nothing, if there is none."""
    if site is None:
        return ""
    try:
        return str(json.loads((site / "data" / "datapackage.json").read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _digest(lines: Iterable[Line]) -> str:
    digest = hashlib.sha256(__version__.encode())
    for line in lines:
        said = (line.op, line.part, line.subject, line.statement, line.recorded_at, line.reason)
        digest.update("\x1f".join(said).encode() + b"\n")
    return digest.hexdigest()[:16]


def _paged(found: Sequence[T], limit: int, offset: int) -> tuple[Sequence[T], int | None]:
    """A part of a list, and where the next one begins."""
    if not 1 <= limit <= MOST:
        raise AskedError("limit", f"it is a number from 1 to {MOST}")
    if not 0 <= offset <= MOST_OFFSET:
        raise AskedError("offset", f"it is a number from 0 to {MOST_OFFSET}")
    end = offset + limit
    return found[offset:end], end if end < len(found) else None


def _words(kind: type[W], name: str, text: str | None) -> tuple[W, ...]:
    """Words of the codebook, one or several joined by commas; none, if nothing is said."""
    if text is None:
        return ()
    known = {str(word): word for word in kind}
    named = list(dict.fromkeys(_short(name, text).lower().split(",")))
    for word in named:
        if word not in known:
            raise AskedError(name, f"{_shown(word)} is none of {', '.join(known)}")
    return tuple(known[word] for word in named)


def _date(name: str, text: str) -> PartialDate:
    try:
        return PartialDate(_short(name, text))
    except ValueError as error:
        raise AskedError(name, str(error)) from None


def _short(name: str, text: str) -> str:
    if len(text) > _LONGEST:
        raise AskedError(name, f"it is longer than {_LONGEST} characters")
    if not text.strip() or not text.isprintable():
        raise AskedError(name, "it is empty, or has characters that nothing is called by")
    return text


def _shown(text: str) -> str:
    """Somebody's words inside a sentence of ours: short, and in plain characters."""
    return ascii(text[:80])


def _folded(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))

"""Acts that are not law, or were not until now: that one appeared, and how far it has come.

A bill is told by its stage alone, as the ledger has it. It is not law, and says so.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

from kratom_atlas.model.statement import Part
from kratom_atlas.model.subscription import Notice, Topic
from kratom_atlas.model.values import Instrument
from kratom_atlas.model.vocabulary import InstrumentKind, Severity, Stage, Substance, lower
from kratom_atlas.notify.messages import page_url, stable_id
from kratom_atlas.places import place_name
from kratom_atlas.release.tables import Edition
from kratom_atlas.report.words import inert, isolate, listed, web_link
from kratom_atlas.resolve.record import View

__all__ = ["bills_moved"]

_WAY: Final = (
    Stage.PREFILED,
    Stage.INTRODUCED,
    Stage.PASSED_FIRST_CHAMBER,
    Stage.PASSED,
    Stage.ENACTED,
)
"""The stages that follow one another: going back along it means that we were wrong."""
_BILLS: Final = frozenset({InstrumentKind.BILL, InstrumentKind.RESOLUTION})


class _Move(NamedTuple):
    """One stage of an act, from a moment on. None: nothing is said of the act any more."""

    id: str
    since: str
    stage: Stage | None
    act: Instrument

    @property
    def key(self) -> str:
        return f"bill:{self.id}"


def bills_moved(
    edition: Edition, known: Collection[str], base_url: str
) -> Iterator[tuple[str, Notice]]:
    """The last move of each act, with its moment: from the last one that is `known`."""
    naming = _substances(edition.view)
    for moves in _moves(edition).values():
        last = max((n for n, move in enumerate(moves) if move.key in known), default=None)
        now = moves[-1]
        before = None if last is None else moves[last]
        if now is before or (now.stage is None and before is None):
            continue
        if (before is None or before.stage is None) and now.stage and now.stage.is_law:
            continue  # it is law, and told as such
        wrong = () if last is None else _wrong(moves[: last + 1], now)
        words = _Words(edition, now, before, naming.get(now.act.id, ()), bool(wrong), base_url)
        yield now.since, words.notice(wrong)


def _moves(edition: Edition) -> dict[str, list[_Move]]:
    """How each act moved, oldest first; of an act that was law from the first, nothing."""
    found: dict[str, list[_Move]] = defaultdict(list)
    for line in edition.record.lines:
        if line.part is not Part.INSTRUMENT or not edition.record.before(
            line.recorded_at, edition.view.known
        ):
            continue
        moves, since = found[line.subject], line.recorded_at
        act = line.instrument or moves[-1].act
        if moves and moves[-1].since == since:
            moves.pop()  # what stood for no time was never said
        stage = line.instrument.stage if line.instrument else None
        if moves and moves[-1].stage is stage:
            moves[-1] = moves[-1]._replace(act=act)
        else:
            moves.append(_Move(stable_id("bill", act.id, since, stage or ""), since, stage, act))
    return {
        key: moves
        for key, moves in found.items()
        if any(move.stage is not None and not move.stage.is_law for move in moves)
        and moves[-1].act.jurisdiction in edition.record.index
    }


def _wrong(told: Sequence[_Move], now: _Move) -> tuple[str, ...]:
    """What had been told of it and is not so: all, or that it had come further, or was no more."""
    if now.stage is None:
        return tuple(move.id for move in told)
    beyond = _WAY[_WAY.index(now.stage) + 1 :] if now.stage in _WAY else ()
    return tuple(m.id for m in told if m.stage is None or m.stage in beyond)


def _substances(view: View) -> dict[str, tuple[Substance, ...]]:
    """The substances that the recorded provisions of each act name."""
    found: dict[str, set[Substance]] = defaultdict(set)
    bodies = view.record.provisions.bodies
    for row in view.provision_rows.tolist():
        found[bodies[row].instrument].update(bodies[row].substances)
    return {key: tuple(sorted(named, key=lambda s: s.rank)) for key, named in found.items()}


class _Words:
    """One move in words."""

    def __init__(
        self,
        edition: Edition,
        now: _Move,
        before: _Move | None,
        substances: tuple[Substance, ...],
        was_wrong: bool,
        base_url: str,
    ) -> None:
        record, act = edition.record, now.act
        self.now, self.before, self.act = now, before, act
        self.substances = substances
        self.was_wrong = was_wrong
        self.place = record.places[record.index[act.jurisdiction]]
        self.name = isolate(place_name(record, self.place))
        self.page = page_url(base_url, f"j/{self.place.code}")
        self.source = web_link(act.url) or ""

    @property
    def step(self) -> str:
        """`from introduced to passed`, `introduced`, `no longer recorded`."""
        if self.now.stage is None:
            return "no longer recorded"
        stage = lower(self.now.stage.label)
        if self.before is None or self.before.stage is None:
            return stage
        return f"from {lower(self.before.stage.label)} to {stage}"

    @property
    def bearing(self) -> str:
        """Whether it is law."""
        if self.now.stage is None:
            return "What was told of it was wrong."
        if self.now.stage.is_law:
            return "It is enacted. What it changes, and from when, is told as new law."
        if self.was_wrong:
            return "It is not law. That it had come further was wrong."
        return "It is not law."

    def notice(self, wrong: tuple[str, ...]) -> Notice:
        act, now = self.act, self.now
        not_law = "" if now.stage is None or now.stage.is_law else " (not law)"
        mark = "Correction: " if wrong else ""
        head = f"{mark}{self.name}: {isolate(act.short)}: {self.step}{not_law}"
        return Notice(
            key=now.key,
            topic=Topic.BILL_MOVED,
            severity=Severity.MINOR,
            places=(self.place.code,),
            substances=self.substances,
            title=head,
            text="\n".join(self._lines()),
            html=str(self._html()),
            facts=self._facts(),
            act=act.id,
            about=now.id,
            corrects=wrong,
            withdraws=now.stage is None,
        )

    def _head(self) -> str:
        act = self.act
        kind = lower(act.kind.label)
        if act.kind not in _BILLS and not (self.now.stage and self.now.stage.is_law):
            kind = f"{kind}, proposed"
        session = f", {isolate(act.session)}" if act.session else ""
        number = f"{isolate(act.number)}: " if act.number else ""
        code = inert(self.place.code)
        return f"{self.name} ({code}): {number}{isolate(act.title)} ({kind}{session})."

    def _told(self) -> str:
        named = listed(lower(s.label) for s in self.substances) if self.substances else ""
        about = f" Its recorded provisions name {named}." if named else ""
        return f"{self.step[:1].upper()}{self.step[1:]}. {self.bearing}{about}"

    def _tail(self) -> str:
        return f"Recorded {self.now.since}."

    def _lines(self) -> list[str]:
        links = ", ".join(filter(None, (self.page, self.source)))
        return [self._head(), f"- {self._told()}", *([f"* {links}"] if links else []), self._tail()]

    def _html(self) -> Markup:
        named = {"page of the place": self.page, "source": self.source}
        links = Markup(" ").join(
            Markup('<a href="{}">{}</a>').format(url, words) for words, url in named.items() if url
        )
        return Markup("<p>{}</p><p>{}</p>{}<p>{}</p>").format(
            self._head(),
            self._told(),
            Markup("<p>{}</p>").format(links) if links else "",
            self._tail(),
        )

    def _facts(self) -> str:
        act, stage = self.act, self.now.stage
        said = {
            "topic": Topic.BILL_MOVED,
            "place": self.place.code,
            "instrument": act.id,
            "kind": act.kind,
            "session": inert(act.session or ""),
            "number": inert(act.number or ""),
            "title": inert(act.title),
            "from": self.before.stage if self.before else None,
            "to": stage,
            "is_law": bool(stage and stage.is_law),
            "url": self.source,
            "substances": self.substances,
            "recorded": self.now.since,
            "withdrawn": stage is None,
        }
        kept = {key: value for key, value in said.items() if value or key == "is_law"}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))

"""What there is to tell subscribers today: a function of an edition, the day and the sources.

A message of the ledger is told when it is first said, some days before its law applies, on the day
on which it does, and when it proves wrong. Whoever keeps the notices says which are `known` there:
what was said and taken back between two looks is not told.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from markupsafe import Markup
from msgspec.structs import replace

from kratom_atlas.crawl.health import Survey
from kratom_atlas.model.subscription import Envelope, Notice, Subscription, Topic
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import ChangeKind, Severity
from kratom_atlas.notify.bills import bills_moved
from kratom_atlas.notify.messages import Message, Step, facts, html, stable_id, text, title, when
from kratom_atlas.notify.silence import silences
from kratom_atlas.release.tables import Edition

__all__ = ["notices", "sample"]

_SAMPLE: Final = "This is a test: nothing changed. What follows shows how a message looks."


def notices(
    edition: Edition,
    told: Sequence[Message],
    today: date,
    *,
    survey: Survey | None = None,
    known: Collection[str] = (),
    base_url: str = "",
) -> Iterator[Notice]:
    """Everything to tell on a day that is not `known` yet, in the order in which it was said.

    `told` are the messages of the edition, `known` the keys of notices published before. Without
    `survey` nothing is told of sources. `base_url` is where the site is, if that is known.
    """
    found = [
        *_Law(told, today, known, base_url).found(),
        *bills_moved(edition, known, base_url),
        *(silences(edition, survey, known, base_url) if survey is not None else ()),
    ]
    # What is new comes before the reminder of it, so that who is told the one is not told both.
    found.sort(key=lambda one: (one[0], one[1].topic is Topic.UPCOMING, one[1].key))
    yield from (notice for _, notice in found if notice.key not in known)


def sample(subscription: Subscription, told: Sequence[Message], *, base_url: str = "") -> Envelope:
    """An envelope that shows what one looks like, with the newest message, and says it is a test.

    Its id and key are those of a test: sent twice, it is the same.
    """
    key = f"test:{subscription.ref}"
    shown = next((m for m in told if not m.withdrawn), None)
    plain = Notice(
        key=key,
        topic=Topic.NEW_LAW,
        severity=Severity.DETAIL,
        places=(),
        substances=(),
        title="Test: messages reach you",
        text=_SAMPLE,
        html=str(Markup("<p>{}</p>").format(_SAMPLE)),
        facts=_plain({"topic": Topic.NEW_LAW, "test": True}),
    )
    if shown is not None:
        plain = replace(
            plain,
            severity=shown.severity,
            places=(shown.place.code,),
            substances=shown.substances,
            title=f"Test: {title(shown)}",
            text=f"{_SAMPLE}\n\n{text(shown, base_url)}",
            html=f"{plain.html}{html(shown, base_url)}",
            facts=_plain({"topic": Topic.NEW_LAW, "test": True, **facts(shown)}),
            date=shown.date,
        )
    return Envelope(
        id=stable_id("test", subscription.ref),
        subscription=subscription,
        notices=(plain,),
        attempt=1,
    )


# -- law ---------------------------------------------------------------------------------------


class _Telling(NamedTuple):
    """One wording of a message: its id, and the moment from which it was said."""

    id: str
    since: str

    @property
    def key(self) -> str:
        return f"law:{self.id}"


def _tellings(message: Message) -> list[_Telling]:
    """Every wording of a message, oldest first; the first has the id of the message."""
    later = (_Telling(stable_id("said", message.id, e.until), e.until) for e in message.earlier)
    return [_Telling(message.id, message.published), *later]


class _Law:
    """The notices of messages of the ledger, each with the moment that puts it in order."""

    def __init__(
        self, told: Sequence[Message], today: date, known: Collection[str], base_url: str
    ) -> None:
        self.messages: Mapping[str, Message] = {message.id: message for message in told}
        self.today = today
        self.known = known
        self.base_url = base_url

    def found(self) -> Iterator[tuple[str, Notice]]:
        for message in self.messages.values():
            if message.withdrawn or self._is_told_otherwise(message):
                continue
            *past, now = _tellings(message)
            if now.key not in self.known:
                yield now.since, self._said(message, past, now)
            if message.lasting and message.date:
                yield from self._by_the_day(message, now)

    def _is_told_otherwise(self, message: Message) -> bool:
        """Whether what it corrects says itself, since the same moment, what is right."""
        mended = (_tellings(self.messages[other])[1:] for other in message.corrects)
        return bool(message.corrects) and all(
            any(telling.since == message.published for telling in later) for later in mended
        )

    def _said(self, message: Message, past: list[_Telling], now: _Telling) -> Notice:
        """That it is said: for the first time, or otherwise than it was told here."""
        last = max((n for n, one in enumerate(past) if one.key in self.known), default=None)
        if last is None:
            return self._first(message, now)
        was = message.earlier[last]
        notes = message.notes
        if was.steps != message.steps:
            old = title(replace(message, steps=was.steps, kind=ChangeKind.LAW))
            notes = (*notes, f"This corrects what was said on {past[last].since[:10]}: {old}.")
        takers = (self.messages[other] for other in message.corrected_by)
        makers = (
            m.id for m in takers if m.published < now.since and not self._is_told_otherwise(m)
        )
        return self._notice(
            replace(message, notes=notes),
            now,
            Topic.CORRECTION,
            corrects=(*(one.id for one in past), *makers),
            lead=self._not_yet(message),
        )

    def _first(self, message: Message, now: _Telling) -> Notice:
        wrong = [self.messages[other] for other in message.corrects]
        if wrong and message.kind is ChangeKind.KNOWLEDGE:
            message = replace(message, kind=ChangeKind.CORRECTION)
        is_correction = bool(wrong) or message.kind is ChangeKind.CORRECTION
        tellings = (telling for other in wrong for telling in _tellings(other))
        return self._notice(
            message,
            now,
            Topic.CORRECTION if is_correction else Topic.NEW_LAW,
            corrects=tuple(one.id for one in tellings if one.since < message.published),
            withdraws=bool(wrong) and not message.lasting and _takes_back(message, wrong),
            lead=self._not_yet(message) if message.lasting else "",
        )

    def _not_yet(self, message: Message) -> str:
        if message.date and PartialDate(message.date).lo > self.today.toordinal():
            return f"Not in force yet: it applies {when(message)}."
        return ""

    def _by_the_day(self, message: Message, now: _Telling) -> Iterator[tuple[str, Notice]]:
        """That its day is ahead, or has come; of a month or a year, the last day that it may be."""
        day = PartialDate(message.date)
        first, last = (date.fromordinal(n) for n in (day.lo, day.hi - 1))
        if first > self.today:
            yield (
                now.since,
                self._notice(
                    message,
                    now,
                    Topic.UPCOMING,
                    key=f"ahead:{now.id}",
                    due=first,
                    lead=f"Enacted and not in force yet: it applies {when(message)}.",
                ),
            )
        elif last <= self.today and message.published[:10] < last.isoformat():
            known = "" if day.is_day else f" At the latest it does since {last}."
            yield (
                f"{last}T00:00:00Z",
                self._notice(
                    message,
                    now,
                    Topic.TOOK_EFFECT,
                    key=f"began:{message.id}",
                    due=last,
                    lead=f"As told on {message.published[:10]}, it now applies, {when(message)}."
                    + known,
                ),
            )

    def _notice(
        self,
        message: Message,
        now: _Telling,
        topic: Topic,
        *,
        key: str = "",
        corrects: tuple[str, ...] = (),
        withdraws: bool = False,
        due: date | None = None,
        lead: str = "",
    ) -> Notice:
        words, page = text(message, self.base_url), html(message, self.base_url)
        if lead:
            words = f"{lead}\n\n{words}"
            page = Markup("<p>{}</p>{}").format(lead, page)
        told = {
            "topic": topic,
            "message": f"urn:uuid:{message.id}",
            **facts(message),
            **({"due": due.isoformat()} if due else {}),
        }
        return Notice(
            key=key or now.key,
            topic=topic,
            severity=message.severity,
            places=(message.place.code,),
            substances=message.substances,
            title=f"{_marks(message, topic)}{title(message)}",
            text=words,
            html=str(page),
            facts=_plain(told),
            act=message.act,
            about=now.id,
            corrects=corrects,
            withdraws=withdraws,
            date=message.date,
            due=due.isoformat() if due else "",
        )


def _takes_back(message: Message, wrong: Sequence[Message]) -> bool:
    """Whether it says no more than that nothing changes as had been said."""
    if any(message.id == stable_id("retraction", m.id, message.published) for m in wrong):
        return True
    wordings = (steps for m in wrong for steps in (m.steps, *(e.steps for e in m.earlier)))
    stayed = {cell for steps in wordings for step in steps for cell in _cells(step, step.before)}
    now = {cell for step in message.steps for cell in _cells(step, step.after)}
    return now <= stayed


def _cells(step: Step, word: str) -> set[tuple[object, ...]]:
    return {(substance, step.scope, step.activity, word) for substance in step.substances}


def _marks(message: Message, topic: Topic) -> str:
    """What stands before the title, where the title does not say it."""
    if topic is Topic.CORRECTION:
        return "" if message.kind is ChangeKind.CORRECTION else f"{topic.label}: "
    return "" if topic is Topic.NEW_LAW else f"{topic.label}: "


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

"""What somebody types into the form of a subscription, and what it is understood as."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeVar

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.keeping import MOST_DAYS_AHEAD, MOST_PLACES
from kratom_atlas.model.subscription import Choices, Rhythm, Topic
from kratom_atlas.model.vocabulary import Level, Severity, Substance, Word, lower
from kratom_atlas.notify.subscribing import time_zones
from kratom_atlas.report.words import listed
from kratom_atlas.web.answers import Reference
from kratom_atlas.web.forms import Fields
from kratom_atlas.web.pages import held

__all__ = ["LABELS", "Draft", "Understood", "problems", "rows_of", "shown", "understood"]

_BLANK: Final = 3
"""Fields for places that stand ready."""
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LABELS: Final = {
    "channel": "Where to write",
    "address": "Address",
    "places": "Places",
    "topics": "What to be told",
    "notice_days": "Days ahead",
    "substances": "Substances",
    "severity": "At least how grave",
    "rhythm": "When",
    "hour": "Hour",
    "weekday": "Day of the week",
    "timezone": "Time zone",
}
_ANCHORS: Final = {"places": "place-1", "substances": "severity"}
# `Alabama (US-AL)`: a name, and the code that decides
_CODED: Final = re.compile(r".{0,200}\(([A-Za-z0-9-]{2,40})\)\s*")

W = TypeVar("W", bound=Word)


@dataclass
class Draft:
    """A form as it stands: every value as text."""

    places: list[str] = field(default_factory=list)
    inside: bool = True
    topics: Sequence[str] = ()
    substances: Sequence[str] = ()
    severity: str = ""
    notice_days: str = ""
    rhythm: str = ""
    hour: str = ""
    weekday: str = ""
    timezone: str = ""

    @classmethod
    def of(cls, choices: Choices, reference: Reference) -> Draft:
        """The form of what was chosen before."""
        return cls(
            places=[labelled(code, reference) for code in choices.places],
            inside=choices.inside,
            topics=[str(t) for t in choices.topics],
            substances=[str(s) for s in choices.substances],
            severity=str(choices.severity),
            notice_days=str(choices.notice_days),
            rhythm=str(choices.rhythm),
            hour=str(choices.hour),
            weekday=str(choices.weekday),
            timezone=choices.timezone,
        )

    @classmethod
    def sent(cls, fields: Fields) -> Draft:
        """The form that was sent."""
        return cls(
            places=[place.strip() for place in fields.all("place") if place.strip()],
            inside="inside" in fields,
            topics=fields.all("topic"),
            substances=fields.all("substance"),
            **{name: fields.one(name) for name in _SINGLE},
        )


_SINGLE: Final = ("severity", "notice_days", "rhythm", "hour", "weekday", "timezone")


@dataclass
class Understood:
    """What a form was read as. `choices` is None while something is wrong with it."""

    choices: Choices | None
    errors: dict[str, str]
    notes: list[str]
    unclear: frozenset[str]


def understood(draft: Draft, reference: Reference) -> Understood:
    """Read a form. Places that were found are written into it by name and code."""
    errors: dict[str, str] = {}
    codes, notes, unclear = _places(draft, reference, errors)
    topics = _words(Topic, draft.topics, "topics", errors)
    if not topics:
        errors.setdefault("topics", "choose at least one")
    found: dict[str, Any] = {
        "places": codes,
        "inside": draft.inside,
        "topics": topics,
        "substances": _words(Substance, draft.substances, "substances", errors),
        "notice_days": _number(draft.notice_days, "notice_days", 1, MOST_DAYS_AHEAD, errors),
        "hour": _number(draft.hour, "hour", 0, 23, errors),
        "weekday": _number(draft.weekday, "weekday", 1, 7, errors),
    }
    for name, kind in (("severity", Severity), ("rhythm", Rhythm)):
        one = _words(kind, [getattr(draft, name)], name, errors)
        found[name] = one[0] if one else next(iter(kind))
    zone = draft.timezone.strip() or "UTC"
    if zone not in time_zones():
        errors["timezone"] = "there is no time zone of that name: write it as America/New_York"
    choices = None if errors else Choices(timezone=zone, **found)
    return Understood(choices, errors, notes, unclear)


def shown(draft: Draft, reference: Reference, read: Understood | None = None) -> dict[str, Any]:
    """A form for its template."""
    unclear = read.unclear if read else frozenset()
    texts = draft.places + [""] * max(1, _BLANK - len(draft.places))
    return {
        "places": [
            {"id": f"place-{n}", "value": held(text), "bad": text in unclear}
            for n, text in enumerate(texts[:MOST_PLACES], 1)
        ],
        "known": [held(name) for name in _known(reference)],
        "inside": draft.inside,
        "topics": _boxes(Topic, draft.topics),
        "substances": _boxes(Substance, draft.substances),
        "severities": _boxes(Severity, [draft.severity]),
        "rhythms": _boxes(Rhythm, [draft.rhythm]),
        "hours": [
            {"value": h, "label": f"{h:02}:00", "on": str(h) == draft.hour} for h in range(24)
        ],
        "weekdays": [
            {"value": n, "label": name, "on": str(n) == draft.weekday}
            for n, name in enumerate(_DAYS, 1)
        ],
        "timezone": held(draft.timezone),
        "zones": _zones(),
        "notice_days": held(draft.notice_days),
        "most_days": MOST_DAYS_AHEAD,
        "bad": {name: name in (read.errors if read else {}) for name in LABELS},
    }


def problems(errors: dict[str, str]) -> list[dict[str, str]]:
    """What is wrong with a form, for its head."""
    return [
        {"field": _ANCHORS.get(name, name), "label": LABELS.get(name, name), "words": words}
        for name, words in errors.items()
    ]


def rows_of(choices: Choices, reference: Reference) -> list[dict[str, str]]:
    """What was chosen, in words."""
    places = [reference.called(code) for code in choices.places]
    inside = ", and places inside" if choices.inside and places else ""
    at = f", at {choices.hour:02}:00 ({choices.timezone})"
    rhythm = (
        choices.rhythm.label
        + {
            Rhythm.AT_ONCE: "",
            Rhythm.DAILY: at,
            Rhythm.WEEKLY: f", {_DAYS[choices.weekday - 1]}{at}",
        }[choices.rhythm]
    )
    topics = [
        f"upcoming law ({choices.notice_days} days ahead)"
        if topic is Topic.UPCOMING
        else lower(topic.label)
        for topic in choices.topics
    ]
    return [
        {"name": "Places", "words": listed(places) + inside if places else "everywhere"},
        {
            "name": "About",
            "words": listed(s.label for s in choices.substances)
            if choices.substances
            else "all of them",
        },
        {"name": "Told", "words": listed(topics)},
        {"name": "At least", "words": lower(choices.severity.label)},
        {"name": "When", "words": rhythm},
    ]


def labelled(code: str, reference: Reference) -> str:
    """A place as the form writes it: its name, and the code that decides."""
    return f"{reference.called(code)} ({code})"


# -- reading ---------------------------------------------------------------------------------


def _places(
    draft: Draft, reference: Reference, errors: dict[str, str]
) -> tuple[tuple[str, ...], list[str], frozenset[str]]:
    codes: list[str] = []
    notes: list[str] = []
    unclear: list[str] = []
    written: list[str] = []
    if len(draft.places) > MOST_PLACES:
        errors["places"] = f"choose at most {MOST_PLACES}"
        return (), [], frozenset()
    for text in draft.places:
        coded = _CODED.fullmatch(text)
        if coded is not None and coded[1] in reference.codes:
            codes.append(coded[1])
            written.append(labelled(coded[1], reference))
            continue
        try:
            code, more = reference.meant(text)
        except AtlasError as error:
            errors.setdefault("places", str(error).removeprefix("place: "))
            unclear.append(text)
            written.append(text)
        else:
            codes.append(code)
            written.append(labelled(code, reference))
            notes.extend(f"“{text[:80]}”: {note}" for note in more)
    draft.places = written
    return tuple(dict.fromkeys(codes)), notes, frozenset(unclear)


def _words(kind: type[W], given: Iterable[str], name: str, errors: dict[str, str]) -> tuple[W, ...]:
    known = {str(word): word for word in kind}
    given = tuple(dict.fromkeys(given))
    if any(text not in known for text in given):
        errors[name] = "choose from what is there"
    return tuple(known[text] for text in given if text in known)


def _number(text: str, name: str, first: int, last: int, errors: dict[str, str]) -> int:
    given = text.strip()
    if given.isascii() and given.isdigit() and len(given) < 6 and first <= int(given) <= last:
        return int(given)
    errors[name] = f"a number from {first} to {last}"
    return first


def _boxes(kind: type[Word], chosen: Sequence[str]) -> list[dict[str, object]]:
    return [
        {"value": str(w), "label": w.label, "meaning": w.meaning, "on": str(w) in chosen}
        for w in kind
    ]


def _known(reference: Reference) -> list[str]:
    """Countries and what they are made of; smaller places are too many to list."""
    return [
        labelled(place.code, reference)
        for place in reference.record.places
        if place.level.rank <= Level.SUBDIVISION.rank
    ]


@cache
def _zones() -> list[str]:
    """Those with a region in their name, and UTC."""
    regions = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/")
    found = [zone for zone in time_zones() if zone.startswith((*regions, "Pacific/"))]
    return ["UTC", *sorted(found)]

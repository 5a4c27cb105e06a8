"""Open States: the one shape of a bill in its API, its bulk files and what its scrapers write.

The API calls the session `session` and an actor `organization`; what the scrapers write says
`legislative_session`, and gives actors as pseudo-ids (`~{"classification": "lower"}`). What is not
asked for (`include`) is absent. A bill has an id in the API only, and the scrapers make a new one
on each run: what identifies a bill is jurisdiction, session and number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.source import Key, Rate
from kratom_atlas.model.observation import Mention, TrackedInstrument

__all__ = [
    "KEY", "PLACES", "RATE", "Abstract", "Bill", "Jurisdiction", "Mark", "Title", "instrument",
    "marked",
]  # fmt: skip

KEY: Final = Key(
    env="OPENSTATES_API_KEY",
    place="header",
    name="X-API-KEY",
    register="https://open.pluralpolicy.com/accounts/profile/",
)
RATE: Final = Rate(delay=6.0, per_minute=10, per_day=250)
"""What an account without payment is allowed."""
PLACES: Final = (
    *("al", "ak", "az", "ar", "ca", "co", "ct", "de", "dc", "fl", "ga", "hi", "id", "il", "in"),
    *("ia", "ks", "ky", "la", "me", "md", "ma", "mi", "mn", "ms", "mo", "mt", "ne", "nv", "nh"),
    *("nj", "nm", "ny", "nc", "nd", "oh", "ok", "or", "pa", "pr", "ri", "sc", "sd", "tn", "tx"),
    *("us", "ut", "vt", "va", "wa", "wv", "wi", "wy"),
)
"""The legislatures that Open States follows, as it abbreviates them."""


class Jurisdiction(Struct, omit_defaults=True):
    """Whose bill it is."""

    id: str
    division_id: str | None = None


class Organization(Struct, omit_defaults=True):
    """Who acted, in the API."""

    classification: str | None = None
    name: str | None = None


class ActionRow(Struct, omit_defaults=True):
    """One action."""

    description: str
    date: str | None = None
    organization: Organization | None = None
    organization_id: str | None = None
    classification: list[str] = field(default_factory=list)


class Link(Struct, omit_defaults=True):
    """Where one file of a version, or a page about the bill, is."""

    url: str
    media_type: str | None = None


class Version(Struct, omit_defaults=True):
    """One version of the text."""

    note: str
    date: str | None = None
    links: list[Link] = field(default_factory=list)


class Abstract(Struct, omit_defaults=True):
    """A summary."""

    abstract: str


class Title(Struct, omit_defaults=True):
    """A further title."""

    title: str


class Related(Struct, omit_defaults=True):
    """Another bill that goes with it."""

    identifier: str | None = None
    legislative_session: str | None = None
    relation_type: str | None = None


class Bill(Struct, omit_defaults=True):
    """A bill, in any of the shapes."""

    identifier: str
    title: str
    jurisdiction: Jurisdiction
    id: str | None = None
    session: str | None = None
    legislative_session: str | None = None
    updated_at: str | None = None
    openstates_url: str | None = None
    classification: list[str] = field(default_factory=list)
    latest_action_date: str | None = None
    latest_action_description: str | None = None
    abstracts: list[Abstract] = field(default_factory=list)
    other_titles: list[Title] = field(default_factory=list)
    actions: list[ActionRow] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    sources: list[Link] = field(default_factory=list)
    related_bills: list[Related] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The key of the bill, the same in each source."""
        from kratom_atlas.read.lifecycle import code_of, division_of, instrument_key

        place = self.jurisdiction.division_id or self.jurisdiction.id
        session = self.session or self.legislative_session or ""
        return instrument_key(code_of(division_of(place)), session, self.identifier)

    @property
    def words(self) -> str:
        """What its record says that it is about."""
        titles = (self.title, *(one.title for one in self.other_titles))
        abstracts = (one.abstract for one in self.abstracts)
        return "\n".join(dict.fromkeys((*titles, *abstracts)))

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """Where its record names kratom."""
        from kratom_atlas.read.terms import find_mentions

        return find_mentions(self.words, "en")


def instrument(
    bill: Bill,
    page: Page,
    *,
    today: date,
    version: str | None = None,
    locator: str | None = None,
    note: str | None = None,
) -> TrackedInstrument:
    """The bill as it was read from `page`."""
    from kratom_atlas.read.lifecycle import from_open_states

    found = from_open_states(msgspec.to_builtins(bill), today=today)
    notes = " ".join(filter(None, (found.note, note)))
    return msgspec.structs.replace(
        found, mentions=bill.mentions, sha256=page.sha256, version=version, locator=locator,
        note=notes or None,
    )  # fmt: skip


class Mark(NamedTuple):
    """How a source with ids of its own marks a version: `ID@HASH`, so that the id is kept too."""

    id: str
    version: str

    def __str__(self) -> str:
        return f"{self.id}@{self.version}"


def marked(known: Mapping[str, str | None]) -> dict[str, tuple[str, Mark]]:
    """The key and the mark of each document that is known, by the source's own id."""
    found = {}
    for key, version in known.items():
        own, at, mark = (version or "").partition("@")
        if at:
            found[own] = (key, Mark(own, mark))
    return found

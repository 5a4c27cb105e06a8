"""Atom (RFC 4287) and JSON Feed 1.1 of everything, and of each place, substance and severity.

Every entry is written once and stands in as many files as it belongs to. A place of which nothing
was ever said has a valid empty feed: people subscribe before something happens.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from kratom_atlas.model.vocabulary import Severity, Substance
from kratom_atlas.notify.messages import Message, facts, html, page_url, stable_id, text, title
from kratom_atlas.places import place_name
from kratom_atlas.release.tables import Edition
from kratom_atlas.report.words import ADVICE, isolate

__all__ = ["Channel", "channels", "feeds", "places"]

NEWEST: Final = 100
"""Entries of a feed that is not a place's: a place's has all that was ever said of it."""
RIGHTS: Final = "CC BY 4.0"
AUTHOR: Final = "Kratom Atlas"
NOTES: Final = f"{ADVICE} Dates are days of law, as precise as their source."


@dataclass(frozen=True)
class Channel:
    """What one feed or calendar holds; `name` is that of its files, `page` of the page it is of."""

    name: str
    title: str
    page: str
    messages: tuple[Message, ...]


def feeds(
    edition: Edition, told: Sequence[Message], *, base_url: str
) -> Iterator[tuple[str, bytes]]:
    """Every feed: (path, bytes). `base_url` is where the site will be, if that is known.

    Where it is not, the entries name their sources and no page of the site: an address in a feed
    has to lead somewhere from wherever the feed is read.
    """
    press = _Press(edition, base_url)
    for channel in channels(edition, told):
        yield f"feeds/{channel.name}.atom", press.atom(channel)
        yield f"feeds/{channel.name}.json", press.json(channel)


def channels(edition: Edition, told: Sequence[Message]) -> Iterator[Channel]:
    """Every feed of an edition, of messages that stand newest first."""
    yield Channel("all", "Kratom law: every change", "changes", tuple(told[:NEWEST]))
    for substance in Substance:
        about = [m for m in told if substance in m.substances]
        name = f"substance-{substance}"
        yield Channel(name, f"Kratom law: {substance.label}", "changes", tuple(about[:NEWEST]))
    for severity in Severity:
        grave = [m for m in told if m.severity is severity]
        name = f"severity-{severity}"
        heading = f"Kratom law: {severity.label.lower()} changes"
        yield Channel(name, heading, "changes", tuple(grave[:NEWEST]))
    yield from places(edition, told)


def places(edition: Edition, told: Sequence[Message]) -> Iterator[Channel]:
    """The feed of each place: what was said of its own law, and of all that binds it."""
    record, view = edition.record, edition.view
    order = {message.id: n for n, message in enumerate(told)}
    own: dict[int, list[Message]] = {}
    for message in told:
        own.setdefault(record.index[message.place.id], []).append(message)
    # Most places say nothing of their own and share what binds them with their neighbours.
    shared: dict[tuple[int, ...], tuple[Message, ...]] = {}
    for n, place in enumerate(record.places):
        near = tuple(sorted({m for m in (n, *view.binders[n]) if m in own}))
        if near not in shared:
            found = (message for m in near for message in own[m])
            shared[near] = tuple(sorted(found, key=lambda m: order[m.id]))
        heading = f"Kratom law: {isolate(place_name(record, place))}"
        yield Channel(place.code, heading, f"j/{place.code}", shared[near])


class _Press:
    """Writes feeds; keeps each entry, and each run of entries, as it was first written."""

    def __init__(self, edition: Edition, base_url: str) -> None:
        moments = edition.record.moments
        self.base_url = base_url
        self.begun = moments[0] if moments else f"{edition.today}T00:00:00Z"
        self._entry: dict[str, str] = {}
        self._item: dict[str, str] = {}
        self._runs: dict[tuple[str, ...], str] = {}

    def atom(self, channel: Channel) -> bytes:
        """One feed as Atom."""
        head = _FEED.format(
            id=stable_id("feed", channel.name),
            title=channel.title,
            subtitle=NOTES,
            updated=self._updated(channel),
            author=AUTHOR,
            rights=RIGHTS,
        )
        links = Markup()
        if self.base_url:
            links = _FEED_LINKS.format(
                own=self._own_address(channel, "atom"), page=page_url(self.base_url, channel.page)
            )
        key = ("atom", *(m.id for m in channel.messages))
        if key not in self._runs:
            self._runs[key] = "".join(self._atom_entry(m) for m in channel.messages)
        return f"{head}{links}{self._runs[key]}</feed>\n".encode()

    def _atom_entry(self, message: Message) -> str:
        if message.id not in self._entry:
            page = self._page(message)
            self._entry[message.id] = _ENTRY.format(
                id=message.id,
                title=title(message),
                updated=message.updated,
                published=message.published,
                links=Markup().join(
                    [
                        *([_LINK.format(rel="alternate", url=page)] if page else []),
                        *(
                            _LINK.format(rel="related", url=f"urn:uuid:{other}")
                            for other in (*message.corrects, *message.corrected_by)
                        ),
                    ]
                ),
                terms=Markup().join(_TERM.format(term) for term in _terms(message)),
                content=html(message, self.base_url),
            )
        return self._entry[message.id]

    def json(self, channel: Channel) -> bytes:
        """One feed as JSON Feed."""
        head: dict[str, object] = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": channel.title,
            "description": NOTES,
            "language": "en",
            "authors": [{"name": AUTHOR}],
            "_kratom_atlas": {"rights": RIGHTS, "updated": self._updated(channel)},
        }
        if self.base_url:
            head["home_page_url"] = page_url(self.base_url, channel.page)
            head["feed_url"] = self._own_address(channel, "json")
        key = ("json", *(m.id for m in channel.messages))
        if key not in self._runs:
            self._runs[key] = ",".join(self._json_item(m) for m in channel.messages)
        return f'{_plain(head)[:-1]},"items":[{self._runs[key]}]}}\n'.encode()

    def _json_item(self, message: Message) -> str:
        if message.id not in self._item:
            page = self._page(message)
            sources = [c.source for c in message.cited if c.source]
            item = {
                "id": f"urn:uuid:{message.id}",
                **({"url": page} if page else {}),
                **({"external_url": sources[0]} if sources else {}),
                "title": title(message),
                "content_text": text(message, self.base_url),
                "date_published": message.published,
                "date_modified": message.updated,
                "tags": _terms(message),
                "_kratom_atlas": facts(message),
            }
            self._item[message.id] = _plain(item)
        return self._item[message.id]

    def _own_address(self, channel: Channel, kind: str) -> str:
        return page_url(self.base_url, f"feeds/{channel.name}.{kind}").rstrip("/")

    def _page(self, message: Message) -> str:
        """The page of the provision that made the change, else of the place."""
        first = f"p/{message.cited[0].id}" if message.cited else f"j/{message.place.code}"
        return page_url(self.base_url, first)

    def _updated(self, channel: Channel) -> str:
        return max((m.updated for m in channel.messages), default=self.begun)


def _terms(message: Message) -> list[str]:
    """What a reader can filter by: words of the codebook."""
    return [str(word) for word in (message.kind, message.severity, *message.substances)]


def _plain(value: object) -> str:
    """JSON in the fewest bytes; text outside ASCII stays as it is, and was made inert before."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_FEED: Final = Markup(
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><id>urn:uuid:{id}</id>'
    "<title>{title}</title><subtitle>{subtitle}</subtitle><updated>{updated}</updated>"
    "<author><name>{author}</name></author><rights>{rights}</rights>\n"
)
_FEED_LINKS: Final = Markup(
    '<link rel="self" type="application/atom+xml" href="{own}"/>'
    '<link rel="alternate" type="text/html" href="{page}"/>\n'
)
_ENTRY: Final = Markup(
    "<entry><id>urn:uuid:{id}</id><title>{title}</title><updated>{updated}</updated>"
    "<published>{published}</published>{links}{terms}"
    '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{content}</div></content>'
    "</entry>\n"
)
_LINK: Final = Markup('<link rel="{rel}" href="{url}"/>')
_TERM: Final = Markup('<category term="{}"/>')

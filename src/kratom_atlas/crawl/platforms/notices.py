"""Lists of notices that many states send to one place: food alerts, notified drafts.

Such lists cannot be searched by what we look for, so their whole new end is read and matched
here. Entries come a page at a time, mostly the newest first; new ones move the others to the
next page, where they are met again, which does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, ClassVar, Final

from msgspec import Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms.markup import plain_words
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, one_line
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind

__all__ = ["Notice", "NoticeScraper", "division_of_state", "words_of"]

_NAMES: Final = ("description", "name", "organizationName", "displayName", "code")
_OTHER_NAMES: Final = {
    "bolivia, plurinational state of": "bo",
    "brunei darussalam": "bn",
    "cabo verde": "cv",
    "chinese taipei": "tw",
    "congo": "cg",
    "czech republic": "cz",
    "côte d'ivoire": "ci",
    "côte d’ivoire": "ci",
    "hong kong, china": "hk",
    "korea, republic of": "kr",
    "kingdom of bahrain": "bh",
    "kingdom of saudi arabia": "sa",
    "kuwait, the state of": "kw",
    "kyrgyz republic": "kg",
    "lao people's democratic republic": "la",
    "macao, china": "mo",
    "moldova, republic of": "md",
    "northern ireland": "gb",
    "republic of korea": "kr",
    "republic of moldova": "md",
    "russian federation": "ru",
    "slovak republic": "sk",
    "the gambia": "gm",
    "the netherlands": "nl",
    "türkiye": "tr",
    "united states of america": "us",
    "venezuela, bolivarian republic of": "ve",
    "viet nam": "vn",
}
"""How the Commission and the WTO call those whom the register of places calls otherwise."""


class Notice(Struct, frozen=True, kw_only=True):
    """One notice: `words` is all that the list says of it, `state` who sent it, `code` its code."""

    key: str
    title: str
    state: str
    code: str = ""
    words: str
    url: str
    published: str | None = None
    number: str | None = None
    note: str | None = None
    version: str | None = None


class NoticeScraper(Scraper):
    """Reads such a list page by page.

    A source says how to `ask` for a page and what is `listed` on it. Where the list is
    `newest_first`, the first notice from before `since` ends it; else it is read to its end.
    `forum` is where a notice stands whose sender the register of places does not have.
    """

    forum: ClassVar[str]
    newest_first: ClassVar[bool] = True

    def ask(self, number: int, seen: int) -> Fetch:
        """The fetch of a page, counted from 1; `seen` notices came before it."""
        raise NotImplementedError

    def listed(self, page: Page) -> tuple[Sequence[Notice], int]:
        """The notices of a page, and how many the whole list has."""
        raise NotImplementedError

    def start(self) -> Iterable[Fetch]:
        """The first page."""
        yield self.ask(1, 0)

    def notices(self, page: Page, number: int, seen: int) -> Iterable[Yield]:
        """What a page lists, and the next page."""
        from kratom_atlas.read.terms import find_mentions

        listed, total = self.listed(page)
        self.examine(len(listed))
        for one in listed:
            if one.key in self.known or find_mentions(one.words, self.source.language):
                yield self._document(page, one)
        seen += len(listed)
        if listed and seen < total and not (self.newest_first and self._is_old(listed)):
            yield self.ask(number + 1, seen)

    def _document(self, page: Page, one: Notice) -> Document:
        return self.document(
            page,
            key=one.key,
            title=one.title,
            jurisdiction=division_of_state(one.code or one.state) or self.forum,
            url=one.url,
            text=one.words,
            kind=InstrumentKind.GUIDANCE,
            number=one.number,
            published=one.published,
            version=one.version,
            note=". ".join(filter(None, (f"Notified by {one.state}", one.note))),
            text_held=False,
        )

    def _is_old(self, listed: Sequence[Notice]) -> bool:
        days = [one.published for one in listed if one.published]
        return bool(days) and min(days) < self.since.isoformat()


def words_of(value: Any) -> str:
    """The words of a value that may be text, an object with a name, or a list of these."""
    return "; ".join(part for part in map(plain_words, _parts(value)) if part)


def _parts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield next((str(value[name]) for name in _NAMES if value.get(name)), "")
    elif isinstance(value, list):
        for one in value:
            yield from _parts(one)


def division_of_state(name: str) -> str | None:
    """The division id of a state, by its ISO code or by the name that a list gives it."""
    low = one_line(name.casefold())
    if low in ("eu", "european union", "european commission", "commission services"):
        return "x-eu"
    return _states().get(low)


@cache
def _states() -> dict[str, str]:
    from kratom_atlas.model.vocabulary import Level
    from kratom_atlas.register import load_register, packaged_sheets

    countries = [p for p in load_register(packaged_sheets()).values() if p.level is Level.COUNTRY]
    by_code = {place.code.casefold(): place.id for place in countries}
    return {
        **{name.casefold(): place.id for place in countries for name in place.aliases},
        **{name: by_code[code] for name, code in _OTHER_NAMES.items()},
        **by_code,
        **{place.name.casefold(): place.id for place in countries},
    }

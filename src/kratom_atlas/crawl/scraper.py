"""The base of every source: what to fetch, and what each response says.

A scraper is a set of steps. A step takes a page and yields observations, further fetches, and
word that a document still stands. It does no work of its own: no network, no clock, no store.
So the same steps run on a live response, on a replayed one and on a capture of last year.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias, TypeVar
from urllib.parse import urlencode, urljoin

import msgspec

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.source import ANYTHING, JSON, Expect, Source
from kratom_atlas.model.crawling import Fault
from kratom_atlas.model.observation import Document, Observation
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from kratom_atlas.read.text import NormalText

__all__ = [
    "Fetch",
    "Scraper",
    "Still",
    "Unread",
    "Yield",
    "as_list",
    "clip",
    "day_first",
    "one_line",
    "partial",
    "secure",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Fetch:
    """A request to make, and the step that reads the answer.

    `context` is handed to the step as keyword arguments; it must be plain JSON, because a
    capture is parsed again from it. `about` is the key of the document that it is fetched for,
    `also` those of further ones. Where an `essential` fetch fails, the run fails.
    """

    url: str
    step: str
    method: str = "GET"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    expect: Expect = ANYTHING
    about: str | None = None
    also: tuple[str, ...] = ()
    essential: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def encoded(self) -> str:
        """Itself as JSON, from which a capture is parsed again.

        Raises:
            TypeError: the context is not plain JSON.
        """
        return msgspec.json.encode(self).decode()

    @cached_property
    def mark(self) -> str:
        """What tells one request from another: method, address, body, and the step that reads."""
        parts = (self.method, self.url, self.body, self.step)
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Still:
    """A list says that this document has not changed; it need not be fetched."""

    key: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A document of a page could not be read, though others of it could."""

    key: str
    fault: Fault
    detail: str


Yield: TypeAlias = Fetch | Still | Unread | Observation
Step: TypeAlias = Callable[..., Iterable[Yield]]


class Scraper:
    """Base of the sources. A file in `scrapers/` declares `source` and writes the steps.

    `today` is the day of the run, `since` the first day that it must look at, `known` the
    documents that the source has shown before, each with its mark of version.
    """

    source: ClassVar[Source]

    def __init__(
        self, *, today: date, since: date, known: Mapping[str, str | None] | None = None
    ) -> None:
        self.today = today
        self.since = since
        self.known = known or {}
        self.examined = 0
        self.named_texts: dict[str, str] = {}
        """By digest, the texts of the documents that name kratom: the job keeps them."""

    @classmethod
    def sources(cls) -> tuple[Source, ...]:
        """What is listed for it: itself, or a source for each of its rows."""
        return (cls.source,)

    @classmethod
    def files(cls) -> tuple[str, ...]:
        """The files whose change makes it another parser."""
        names = {sys.modules[c.__module__].__file__ for c in cls.__mro__ if issubclass(c, Scraper)}
        return tuple(sorted(name for name in names if name))

    def start(self) -> Iterable[Fetch]:
        """The first fetches of a run."""
        raise NotImplementedError

    # -- fetches -------------------------------------------------------------------------------

    def get(
        self,
        url: str,
        step: Step,
        *,
        params: Mapping[str, object] | Iterable[tuple[str, object]] | None = None,
        expect: Expect = ANYTHING,
        about: str | None = None,
        essential: bool = False,
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> Fetch:
        """A GET request whose answer `step` reads."""
        if params:
            pairs = params.items() if isinstance(params, Mapping) else params
            query = urlencode([(k, v) for k, v in pairs if v is not None], doseq=True)
            url = f"{url}{'&' if '?' in url else '?'}{query}"
        return Fetch(
            url, step.__name__, expect=expect, about=about, essential=essential,
            headers=tuple((headers or {}).items()), context=context,
        )  # fmt: skip

    def post(
        self,
        url: str,
        step: Step,
        *,
        json: Any = None,
        form: Mapping[str, object] | None = None,
        expect: Expect = JSON,
        about: str | None = None,
        essential: bool = False,
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> Fetch:
        """A POST request, of JSON or of a form, whose answer `step` reads."""
        if form is not None:
            body, media = urlencode(form).encode(), "application/x-www-form-urlencoded"
        else:
            body, media = msgspec.json.encode(json), "application/json"
        given = {"Content-Type": media, **(headers or {})}
        return Fetch(
            url, step.__name__, method="POST", body=body, expect=expect, about=about,
            essential=essential, headers=tuple(given.items()), context=context,
        )  # fmt: skip

    @staticmethod
    def join(page: Page, address: str) -> str:
        """An address in a page, made absolute."""
        return urljoin(page.url, address.strip())

    def days(self, since: date | None = None) -> Iterator[date]:
        """Each day to look at, the first one before the others; from `since`, where that is given.

        For sources that answer for one day at a time.
        """
        first = since or self.since
        return (first + timedelta(days=n) for n in range((self.today - first).days + 1))

    # -- observations --------------------------------------------------------------------------

    def examine(self, count: int = 1, *, total: int = 0, before: int = 0) -> None:
        """Say that so many entries or documents were looked at.

        `total` is how many a list says that it has, `before` how many came on its earlier pages.

        Raises:
            FaultError: there should be more entries, and none is listed: the layout moved.
        """
        if total > before and not count:
            raise FaultError(Fault.LAYOUT, f"{total} entries, {before} before this page, none here")
        self.examined += count

    def stands(self, key: str, version: str | None) -> bool:
        """Whether a document is known in this very version, so that it need not be fetched.

        What has no mark of its version never is.
        """
        known = self.known.get(key)
        return bool(known and version) and clip(known or "", 400) == clip(version or "", 400)

    def document(
        self,
        page: Page,
        *,
        key: str,
        title: str,
        jurisdiction: str,
        url: str | None = None,
        text: NormalText | str | None = None,
        kind: InstrumentKind | None = None,
        number: str | None = None,
        language: str | None = None,
        published: str | None = None,
        effective: str | None = None,
        ends: str | None = None,
        version: str | None = None,
        locator: str | None = None,
        note: str | None = None,
        text_held: bool = True,
    ) -> Document:
        """A document that a page shows; its mentions are found in `text`.

        A text of bytes has a digest and a length; a title or an abstract is no text: give it as
        a `str`, and only its mentions are recorded. Dates are as the source writes them, cut to
        what it knows.
        """
        from kratom_atlas.read.terms import find_mentions

        spoken = language or self.source.language
        whole = text if text is None or isinstance(text, str) else text.text
        mentions = find_mentions(whole, spoken) if whole else ()
        if mentions and text is not None and not isinstance(text, str):
            self.named_texts[text.sha256] = text.text
        return Document(
            key=key,
            title=clip(title, 2000),
            jurisdiction=jurisdiction,
            url=url or page.url,
            kind=kind,
            number=number,
            language=spoken,
            mentions=mentions,
            published=partial(published),
            effective=partial(effective),
            ends=partial(ends),
            version=clip(version, 400) if version else None,
            sha256=page.sha256,
            locator=locator,
            note=clip(note, 4000) if note else None,
            text_sha256=None if text is None or isinstance(text, str) else text.sha256,
            characters=None if text is None or isinstance(text, str) else len(text.text),
            text_held=text_held,
        )

    def mentioning(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Those that name kratom, and those that once did: a vanished word is news too."""
        for document in documents:
            if document.mentions or document.key in self.known:
                yield document


def one_line(text: str | None) -> str:
    """Text without the blanks and line ends around and between its words; empty for none."""
    return " ".join((text or "").split())


def clip(text: str, length: int) -> str:
    """Text on one line, cut where it grows beyond any title."""
    line = one_line(text)
    return line if len(line) <= length else line[: length - 1] + "…"


def partial(text: str | None) -> PartialDate | None:
    """A date as a source writes it (`2026`, `2026-07`, `2026-07-01T00:00:00Z`, `20260701`).

    None for what is no date, and for the far days by which sources say that there is none.
    """
    if not text:
        return None
    head = text.strip()[:10]
    if len(head) >= 8 and head[:8].isdigit():
        head = f"{head[:4]}-{head[4:6]}-{head[6:8]}"
    if not "1700" <= head[:4] <= "2200":
        return None
    try:
        return PartialDate(head)
    except ValueError:
        return None


def day_first(text: str | None) -> str | None:
    """The first day in a text that writes day, month and year: `01.07.2020.`, `3/11/2026`."""
    found = _DAY_FIRST.search(text or "")
    return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}" if found else None


_DAY_FIRST: Final = re.compile(r"\b(\d{1,2})[-./ ](\d{1,2})[-./ ](\d{4})\b")


def as_list(value: T | list[T] | None) -> list[T]:
    """What is a list where there are several, one where there is one, and None where none is."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def secure(address: str) -> str:
    """An address that is still written with http, as it is asked for."""
    return address.replace("http://", "https://", 1)

"""Legistar: ordinances and resolutions of counties, cities and towns.

Layout. `https://webapi.legistar.com/v1/{client}/matters` is a list of what a council deals with, as
JSON; OData 3 with `$filter`, `$orderby`, `$top` (at most 1000) and `$skip`. `/matters/{id}` is one,
with `/histories` (actions) and `/versions` below it, whose keys lead to `/texts/{key}`. Which
councils are read is declared in `legistar.yaml`, each by its name in the address. A name that does
not exist is answered with 500 and a text about a `LegistarConnectionString`; a council that has
closed its API answers 403, or asks for a token (New York City).

The words for status and actions are each council's own: "Adopted", "Passed", "Approved", "Filed".
So an ordinance counts as enacted where it has a number or a day of enactment, or its status says
so; "Passed" may still wait for a mayor, and "Filed" says nothing. A matter that is neither an
ordinance nor a resolution (minutes, a talk) is kept as a document. Days are local and without a
zone; 0001-01-01 stands for none. `MatterLastModifiedUtc` is not always moved when a matter moves:
all matters that name kratom are listed at each look, and those that may still move are read anew.
Titles are searched, not texts or agendas; a title may say no more than the number of a chapter.
Hidden matters have `MatterRestrictViewViaWeb`. Codes of law are not in it.

UNCONFIRMED: that the search minds no case at every council (it does where the database does not);
the shape of `/versions` at addresses of its own (it is recorded within events). No allowance is
published.

History of breakage. None seen yet (built 2026-11-22 from recorded matters and events).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta, Struct

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.platforms import statehouse
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, partial
from kratom_atlas.crawl.source import JSON, Bounds, Expect, Rate, Source
from kratom_atlas.errors import AtlasError
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Action
from kratom_atlas.model.values import DivisionId, Text
from kratom_atlas.model.vocabulary import InstrumentKind, Stage

API: Final = "https://webapi.legistar.com/v1"
TABLE: Final = Path(__file__).with_name("legistar.yaml")
FILTER: Final = " or ".join(
    f"substringof('{word}',{name}) eq true"
    for name in ("MatterTitle", "MatterName")
    for word in ("kratom", "mitragyn")
)
TOP: Final = 200
STEP: Final = 180
"""Pages overlap by a few matters, for what moves from one to the next between two requests."""
FOUND: Final = Expect(media=JSON.media, smallest=2)
MAYBE: Final = Expect(statuses=(200, 403, 500))
KINDS: Final = (
    ("ordinance", InstrumentKind.ORDINANCE),
    ("local law", InstrumentKind.ORDINANCE),
    ("introduction", InstrumentKind.ORDINANCE),
    ("bill", InstrumentKind.ORDINANCE),
    ("resolution", InstrumentKind.RESOLUTION),
)
"""What the type of a matter says of it, by a word in it."""
STATUS: Final = {
    "enacted": Stage.ENACTED,
    "adopted": Stage.ENACTED,
    "signed": Stage.ENACTED,
    "enacted (mayor's desk for signature)": Stage.PASSED,
    "passed": Stage.PASSED,
    "approved": Stage.PASSED,
    "vetoed": Stage.VETOED,
    "withdrawn": Stage.WITHDRAWN,
    "failed": Stage.FAILED,
    "defeated": Stage.FAILED,
    "died": Stage.FAILED,
    "filed (end of session)": Stage.FAILED,
}
"""What the status of an ordinance says, in the words of the councils whose records are known."""
OVER: Final = frozenset({Stage.ENACTED, Stage.ADOPTED, Stage.FAILED, Stage.VETOED, Stage.WITHDRAWN})


class Client(Struct, forbid_unknown_fields=True):
    """A council, as it is declared."""

    client: Annotated[str, Meta(pattern=r"^[a-z0-9-]{2,40}\Z")]
    name: Text
    jurisdiction: DivisionId
    code: Annotated[str, Meta(pattern=r"^US-[A-Z]{2}\Z")]
    confirmed: bool


class Matter(Struct, rename=lambda name: f"Matter{name}"):
    """What a council deals with."""

    Id: int
    LastModifiedUtc: str
    File: str | None = None
    Name: str | None = None
    Title: str | None = None
    TypeName: str | None = None
    StatusName: str | None = None
    BodyName: str | None = None
    IntroDate: str | None = None
    AgendaDate: str | None = None
    PassedDate: str | None = None
    EnactmentDate: str | None = None
    EnactmentNumber: str | None = None
    RestrictViewViaWeb: bool = False

    @property
    def mark(self) -> str:
        """What changes when it moves, as far as the council says."""
        days = (self.AgendaDate, self.PassedDate, self.EnactmentDate)
        return f"{self.LastModifiedUtc} {self.StatusName} {' '.join(filter(None, days))}"

    @property
    def title(self) -> str:
        """What it is called."""
        return self.Title or self.Name or self.File or str(self.Id)


class History(Struct, rename=lambda name: f"MatterHistory{name}"):
    """An action."""

    ActionName: str | None = None
    ActionDate: str | None = None
    ActionBodyName: str | None = None
    PassedFlagName: str | None = None


class Version(Struct):
    """A version of a matter, and the key of its text."""

    Key: int | str
    Value: str


class MatterText(Struct):
    """A text."""

    MatterTextPlain: str | None = None


class Legistar(Scraper):
    """Searches the matters of each declared council by title, and reads what it finds."""

    source: ClassVar = Source(
        id="legistar",
        title="Legistar: matters of councils",
        publisher="Granicus, for each council",
        covers=("US-MO", "US-CO", "US-CA", "US-IL"),
        kind=SourceKind.ORDINANCES,
        homepage="https://webapi.legistar.com/Help",
        licence="Public records of each council",
        terms="An open API without a key for most councils; no allowance is published.",
        hosts=("webapi.legistar.com",),
        schedule="9 7 * * tue,fri",
        rate=Rate(delay=1.5),
        bounds=Bounds(examined=(0, 20_000), observed=(0, 2_000)),
        cadence=365,
        megabytes=24,
    )

    @classmethod
    def files(cls) -> tuple[str, ...]:
        """The declared councils are a part of the parser."""
        return (*super().files(), str(TABLE))

    def start(self) -> Iterable[Fetch]:
        """The matters of each council that name kratom."""
        for one in load_clients():
            yield self._list(one, 0, [])

    def matters(self, page: Page, client: str, skip: int, seen: list[str]) -> Iterable[Yield]:
        """Each matter; after the last page those that are found no more."""
        from kratom_atlas.read.terms import find_mentions

        one = _client(client)
        if page.status != 200:
            return
        found = page.json(list[Matter])
        self.examine(len(found))
        for matter in found:
            key = f"{client}/{matter.Id}"
            named = find_mentions(f"{matter.title}\n{matter.Name or ''}", "en")
            if not named and key not in self.known:
                # The search finds parts of words, and may be left out of account.
                continue
            seen = [*seen, key]
            if _stage(matter) in OVER and self.known.get(key) == matter.mark:
                yield Still(key)
            elif not matter.RestrictViewViaWeb:
                yield self._histories(one, matter)
        if len(found) == TOP:
            yield self._list(one, skip + STEP, seen)
            return
        for key in self.known.keys() - set(seen):
            if key.startswith(f"{client}/"):
                number = key.partition("/")[2]
                yield self.get(
                    f"{API}/{client}/matters/{number}", self.matter, expect=FOUND, about=key,
                    client=client,
                )  # fmt: skip

    def matter(self, page: Page, client: str) -> Iterable[Yield]:
        """A matter whose title no longer names kratom."""
        yield self._histories(_client(client), page.json(Matter))

    def histories(self, page: Page, client: str, matter: dict[str, Any]) -> Iterable[Yield]:
        """The actions of a matter; its versions follow."""
        rows = msgspec.to_builtins(page.json(list[History]))
        one = msgspec.convert(matter, Matter)
        yield self.get(
            f"{API}/{client}/matters/{one.Id}/versions", self.versions, expect=FOUND,
            about=f"{client}/{one.Id}", client=client, matter=matter, rows=rows,
        )  # fmt: skip

    def versions(
        self, page: Page, client: str, matter: dict[str, Any], rows: list[dict[str, Any]]
    ) -> Iterable[Yield]:
        """The versions of a matter; the text of the last one follows, where there is one."""
        one = msgspec.convert(matter, Matter)
        found = page.json(list[Version])
        if not found:
            yield self._seen(page, client, one, rows, "")
            return
        last = max(found, key=lambda version: (len(version.Value), version.Value))
        yield self.get(
            f"{API}/{client}/matters/{one.Id}/texts/{last.Key}", self.text, expect=FOUND,
            about=f"{client}/{one.Id}", client=client, matter=matter, rows=rows,
        )  # fmt: skip

    def text(
        self, page: Page, client: str, matter: dict[str, Any], rows: list[dict[str, Any]]
    ) -> Iterable[Yield]:
        """The matter with its text."""
        text = page.json(MatterText).MatterTextPlain or ""
        yield self._seen(page, client, msgspec.convert(matter, Matter), rows, text)

    def _list(self, one: Client, skip: int, seen: list[str]) -> Fetch:
        params = {
            "$filter": FILTER, "$orderby": "MatterId desc", "$top": TOP, "$skip": skip,
        }  # fmt: skip
        return self.get(
            f"{API}/{one.client}/matters", self.matters, params=params,
            expect=FOUND if one.confirmed else MAYBE, essential=False,
            headers={"Accept": "application/json"}, client=one.client, skip=skip, seen=seen,
        )  # fmt: skip

    def _histories(self, one: Client, matter: Matter) -> Fetch:
        return self.get(
            f"{API}/{one.client}/matters/{matter.Id}/histories", self.histories, expect=FOUND,
            params={"AgendaNote": 1, "MinutesNote": 1}, about=f"{one.client}/{matter.Id}",
            client=one.client, matter=msgspec.to_builtins(matter),
        )  # fmt: skip

    def _seen(
        self, page: Page, client: str, one: Matter, rows: list[dict[str, Any]], text: str
    ) -> Yield:
        council, kind = _client(client), _kind(one)
        words = "\n".join(filter(None, (one.title, one.Name, text)))
        url = f"https://{client}.legistar.com/gateway.aspx?m=l&id=/matter.aspx?key={one.Id}"
        note = ". ".join(filter(None, (one.TypeName, one.StatusName, one.BodyName)))
        if kind is None:
            return self.document(
                page, key=f"{client}/{one.Id}", title=one.title, url=url, text=words,
                jurisdiction=council.jurisdiction, number=one.File, published=one.IntroDate,
                version=one.mark, note=note, text_held=bool(text),
            )  # fmt: skip
        return statehouse.bill(
            self, page, code=council.code, key=f"{client}/{one.Id}",
            jurisdiction=council.jurisdiction, session=(one.IntroDate or one.LastModifiedUtc)[:4],
            number=one.EnactmentNumber or one.File or str(one.Id), title=one.title, url=url,
            words=words, actions=_actions(rows), kind=kind, declared=_stage(one), chambers=1,
            introduced=partial(one.IntroDate), version=one.mark, note=note,
            enacted=partial(one.EnactmentDate) or partial(one.PassedDate),
        )  # fmt: skip


@cache
def load_clients() -> tuple[Client, ...]:
    """The declared councils.

    Raises:
        AtlasError: the table does not say what it must.
    """
    import yaml

    try:
        rows = msgspec.convert(
            yaml.safe_load(TABLE.read_text(encoding="utf-8")), tuple[Client, ...]
        )
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise AtlasError(f"{TABLE.name}: {error}") from None
    return rows


def _client(name: str) -> Client:
    return next(one for one in load_clients() if one.client == name)


def _kind(one: Matter) -> InstrumentKind | None:
    said = (one.TypeName or "").lower()
    return next((kind for word, kind in KINDS if word in said), None)


def _stage(one: Matter) -> Stage:
    """The stage that the record of an ordinance declares."""
    status = STATUS.get((one.StatusName or "").strip().lower(), Stage.INTRODUCED)
    enacted = bool(one.EnactmentNumber) or partial(one.EnactmentDate) is not None
    stage = Stage.ENACTED if enacted and status not in OVER else status
    resolution = _kind(one) is InstrumentKind.RESOLUTION and stage in {Stage.ENACTED, Stage.PASSED}
    return Stage.ADOPTED if resolution else stage


def _actions(rows: list[dict[str, Any]]) -> Iterator[Action]:
    for row in msgspec.convert(rows, list[History]):
        yield from statehouse.action(
            row.ActionName, partial(row.ActionDate), row.ActionBodyName, row.PassedFlagName or ""
        )

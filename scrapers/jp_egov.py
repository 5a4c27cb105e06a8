"""e-Gov law API of Japan (version 2): acts, cabinet orders and ministerial ordinances.

Layout (from the official OpenAPI description, 2.1). `GET /api/2/keyword` searches the full texts:
one word per request; `limit` caps the sentences of an answer, not its laws; `next_offset` is null
at the end. `GET /api/2/law_revisions/{law_id}` lists every revision of a law, those that are not
in force yet among them (`UnEnforced`), which is how a change is seen before its day.
`GET /api/2/law_file/xml/{law_revision_id}` is the text of one revision in the standard XML; its
annexed tables are in it, its pictures and forms are attachments that are not read here.
`updated` moves when a text is corrected without being amended, so it is part of the version.
Errors are JSON with `code` and `message`.

Kratom is a row of the ordinance of designated substances, which names some substances by their
chemical name only and changes about monthly: it is followed by its title whatever it says, and
with it every law that the words find.

Unconfirmed: how the search treats full-width digits and long vowel marks; so several spellings
are asked. There is no key; about one request a second is thought fair.

History of breakage. None seen yet (built 2026-11-22 from the description and two real texts).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield
from kratom_atlas.crawl.source import XML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind

API = "https://laws.e-gov.go.jp/api/2"
HUMAN = "https://laws.e-gov.go.jp/law/"
WORDS = ("ミトラギニン", "ミトラガイナ", "ミトラジニン", "クラトム", "Mitragyna")
# In the title of the ordinance that designates substances.
ORDINANCE = "指定薬物"
COUNTED = Expect(media=("json",), smallest=2, contains=('"total_count"',))
REVISED = Expect(media=("json",), smallest=2, contains=('"revisions"',))
KINDS = {
    "Constitution": InstrumentKind.STATUTE,
    "Act": InstrumentKind.STATUTE,
    "CabinetOrder": InstrumentKind.REGULATION,
    "ImperialOrder": InstrumentKind.REGULATION,
    "MinisterialOrdinance": InstrumentKind.REGULATION,
    "Rule": InstrumentKind.REGULATION,
}
TO_COME = "UnEnforced"
STATES = {
    "CurrentEnforced": "In force.",
    TO_COME: "Not in force yet.",
    "PreviousEnforced": "No longer in force.",
    "Repeal": "Repealed or expired.",
}


class LawInfo(Struct):
    """What no revision changes."""

    law_id: str
    law_type: str
    law_num: str
    promulgation_date: str | None = None


class Revision(Struct):
    """One revision of a law. `repeal_status` is the word None where there is none."""

    law_revision_id: str
    law_title: str
    updated: str | None = None
    amendment_promulgate_date: str | None = None
    amendment_enforcement_date: str | None = None
    amendment_enforcement_comment: str | None = None
    amendment_scheduled_enforcement_date: str | None = None
    amendment_law_num: str | None = None
    repeal_status: str | None = None
    repeal_date: str | None = None
    current_revision_status: str | None = None

    @property
    def version(self) -> str:
        """Which text it is."""
        return f"{self.law_revision_id}@{self.updated or ''}"


class Item(Struct):
    """A law that a search found."""

    law_info: LawInfo


class Listing(Struct):
    """A page of laws that a search found."""

    total_count: int
    next_offset: int | None = None
    items: list[Item] = field(default_factory=list)
    laws: list[Item] = field(default_factory=list)


class History(Struct):
    """A law with its revisions."""

    law_info: LawInfo
    revisions: list[Revision]


class JpEgov(Scraper):
    """Finds the laws that name kratom, and follows the revisions of each, also those to come."""

    source: ClassVar = Source(
        id="jp_egov",
        title="e-Gov law search, API version 2",
        publisher="Digital Agency (Japan)",
        covers=("JP",),
        kind=SourceKind.REGULATIONS,
        homepage="https://laws.e-gov.go.jp/docs/",
        licence="No copyright in laws (Copyright Act, article 13); the data may be reused with "
        "attribution (terms compatible with CC BY 4.0)",
        terms="An open API without a key; heavy use is asked to be avoided.",
        hosts=("laws.e-gov.go.jp",),
        schedule="37 20 * * *",
        rate=Rate(delay=1.5),
        bounds=Bounds(examined=(1, 3_000), observed=(0, 500), collapse=0.2),
        cadence=60,
        language="ja",
    )

    def start(self) -> Iterable[Fetch]:
        """A search for each word, the ordinance, and the laws that are known."""
        for word in WORDS:
            params = {"keyword": word, "limit": 100, "offset": 0, "response_format": "json"}
            yield self.get(
                f"{API}/keyword", self.found, params=params, expect=COUNTED, essential=True,
                word=word, path="keyword", name="keyword",
            )  # fmt: skip
        params = {"law_title": ORDINANCE, "limit": 100, "offset": 0, "response_format": "json"}
        yield self.get(
            f"{API}/laws", self.found, params=params, expect=COUNTED, essential=True,
            word=ORDINANCE, path="laws", name="law_title",
        )  # fmt: skip
        for key in self.known:
            if "/" not in key:
                yield self._history(key)

    def found(self, page: Page, word: str, path: str, name: str) -> Iterable[Yield]:
        """Each law that was found, and the next page."""
        listed = page.json(Listing)
        laws = listed.items or listed.laws
        self.examine(len(laws))
        for law in laws:
            yield self._history(law.law_info.law_id)
        if listed.next_offset and laws:
            params = {
                name: word, "limit": 100, "offset": listed.next_offset, "response_format": "json",
            }  # fmt: skip
            yield self.get(
                f"{API}/{path}", self.found, params=params, expect=COUNTED, essential=True,
                word=word, path=path, name=name,
            )  # fmt: skip

    def history(self, page: Page) -> Iterable[Yield]:
        """The revision in force and those to come, each read where it has not been."""
        law = page.json(History)
        key = law.law_info.law_id
        coming = [one for one in law.revisions if one.current_revision_status == TO_COME]
        past = [one for one in law.revisions if one.current_revision_status != TO_COME]
        now = next((one for one in past if one.current_revision_status == "CurrentEnforced"), None)
        if now is None and past:
            now = max(past, key=lambda one: one.amendment_enforcement_date or "")
        if now is not None:
            yield self._text(law.law_info, now, key)
        for one in coming:
            yield self._text(law.law_info, one, f"{key}/{one.law_revision_id}")
        for one in past:
            # What was to come has come; it is told by the law itself from now on.
            if f"{key}/{one.law_revision_id}" in self.known:
                yield Still(f"{key}/{one.law_revision_id}")

    def text(
        self, page: Page, key: str, law: dict[str, Any], revision: dict[str, Any]
    ) -> Iterable[Yield]:
        """The text of one revision."""
        info, one = msgspec.convert(law, LawInfo), msgspec.convert(revision, Revision)
        yield from self.mentioning(
            [
                self.document(
                    page,
                    key=key,
                    title=one.law_title,
                    jurisdiction="ocd-division/country:jp",
                    url=HUMAN + info.law_id,
                    text=page.text(),
                    kind=KINDS.get(info.law_type),
                    number=info.law_num,
                    published=one.amendment_promulgate_date or info.promulgation_date,
                    effective=one.amendment_enforcement_date
                    or one.amendment_scheduled_enforcement_date,
                    ends=one.repeal_date,
                    version=one.version,
                    locator=one.law_revision_id,
                    note=_note(one),
                )
            ]
        )

    def _history(self, law_id: str) -> Fetch:
        return self.get(
            f"{API}/law_revisions/{law_id}", self.history, params={"response_format": "json"},
            expect=REVISED, about=law_id,
        )  # fmt: skip

    def _text(self, law: LawInfo, one: Revision, key: str) -> Fetch | Still:
        if self.stands(key, one.version):
            return Still(key)
        return self.get(
            f"{API}/law_file/xml/{one.law_revision_id}", self.text, expect=XML, about=key,
            key=key, law=msgspec.to_builtins(law), revision=msgspec.to_builtins(one),
        )  # fmt: skip


def _note(one: Revision) -> str:
    state = one.current_revision_status or ""
    said = [STATES.get(state, f"State {state or 'not given'}.")]
    if one.amendment_law_num:
        said.append(f"Amended by {one.amendment_law_num}.")
    if one.amendment_enforcement_comment:
        said.append(one.amendment_enforcement_comment)
    if one.repeal_status and one.repeal_status != "None":
        said.append(f"{one.repeal_status}.")
    return " ".join(said)

"""What the sources of single legislatures and councils have in common: a bill and its actions.

Each of them words its actions in its own way; what these words mean is decided in one place
(`kratom_atlas.read.lifecycle`), and so is the key, so that a bill has the same one wherever it is
read from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Scraper, clip, partial
from kratom_atlas.model.observation import Action, TextVersion, TrackedInstrument
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind, Stage

__all__ = ["CHAMBERS", "action", "american", "bill", "split_key"]

CHAMBERS: Final = {
    **dict.fromkeys(("H", "HOUSE", "ASSEMBLY", "A"), "lower"),
    **dict.fromkeys(("S", "SENATE"), "upper"),
    **dict.fromkeys(("G", "E", "GOVERNOR"), "executive"),
}
"""Who acted, as the legislatures abbreviate it."""
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\b")


def american(text: str | None) -> PartialDate | None:
    """A date as American files write it: month, day, year."""
    found = _AMERICAN.search(text or "")
    if found is None:
        return None
    month, day, year = map(int, found.groups())
    return partial(f"{year:04}-{month:02}-{day:02}")


def action(
    text: str | None, day: PartialDate | None, actor: str | None = None, *codes: str
) -> Iterable[Action]:
    """An action, or nothing where it has no words."""
    words = clip(text or "", 8000)
    if words:
        known = CHAMBERS.get((actor or "").strip().upper(), (actor or "").strip() or None)
        yield Action(text=words, date=day, actor=known, codes=tuple(filter(None, codes)))


def split_key(key: str, code: str) -> tuple[str, str] | None:
    """Session and number in the key of a bill of this legislature."""
    parts = key.split("/")
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == code else None


def bill(
    scraper: Scraper,
    page: Page,
    *,
    code: str,
    session: str,
    number: str,
    title: str,
    url: str,
    words: str,
    actions: Iterable[Action],
    versions: Iterable[TextVersion] = (),
    kind: InstrumentKind | None = None,
    declared: Stage | None = None,
    introduced: PartialDate | None = None,
    enacted: PartialDate | None = None,
    abstract: str | None = None,
    version: str | None = None,
    note: str | None = None,
    locator: str | None = None,
    same_as: Iterable[str] = (),
    forerunners: Iterable[str] = (),
    key: str | None = None,
    jurisdiction: str | None = None,
    chambers: int | None = None,
    ended: date | None = None,
) -> TrackedInstrument:
    """A bill with its stage; mentions are found in `words`, the text where there is one.

    `declared` is the stage that the source itself gives, `enacted` the day that it gives for that
    where the actions name none, `ended` the last day of its session. A `key` of its own is that of
    a council, whose numbers stand as they are written.
    """
    from kratom_atlas.read import lifecycle
    from kratom_atlas.read.terms import find_mentions
    from kratom_atlas.read.upstream import session_end

    texts = tuple(versions)
    what = kind or lifecycle.kind_of(code, number)
    reading = lifecycle.stage_of(
        actions,
        kind=what,
        session_ended=ended or session_end(code, session),
        today=scraper.today,
        version_notes=[one.note for one in texts],
        declared=declared,
        chambers=chambers or lifecycle.chambers_of(code, number),
    )
    corrected = (
        f"Days from the words: {'; '.join(reading.corrections)}" if reading.corrections else ""
    )
    said = clip(" ".join(filter(None, (note, corrected))), 4000)
    return TrackedInstrument(
        key=key or lifecycle.instrument_key(code, session, number),
        jurisdiction=jurisdiction or f"ocd-division/country:us/state:{code[-2:].lower()}",
        title=clip(title, 2000) or number,
        url=url,
        kind=what,
        number=clip(number, 400) if key else lifecycle.normal_number(number, code),
        session=session,
        mentions=find_mentions(words, "en"),
        stage=reading.stage,
        because=clip(reading.because, 8000) or None,
        abstract=clip(abstract, 8000) if abstract else None,
        introduced=introduced or reading.introduced,
        enacted=reading.enacted or (enacted if reading.stage is Stage.ENACTED else None),
        effective=reading.effective,
        actions=reading.actions,
        versions=texts,
        same_as=tuple(dict.fromkeys(same_as)),
        forerunners=tuple(dict.fromkeys(forerunners)),
        version=clip(version, 400) if version else None,
        sha256=page.sha256,
        locator=locator,
        note=said or None,
    )

"""Sources that have not answered for too long, and that they answer again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from markupsafe import Markup

from kratom_atlas.crawl.health import SourceState, Survey, codes_of
from kratom_atlas.model.subscription import Notice, Topic
from kratom_atlas.model.vocabulary import Severity
from kratom_atlas.notify.messages import page_url, stable_id
from kratom_atlas.release.tables import Edition
from kratom_atlas.report.words import isolate, web_link

__all__ = ["silences"]

_SILENT: Final = "silent:"
_HEARD: Final = "heard:"
_MEANS: Final = (
    "What it covers may have changed since, without our knowing. Unseen is not unchanged."
)


def silences(
    edition: Edition, survey: Survey, known: Collection[str], base_url: str
) -> Iterator[tuple[str, Notice]]:
    """Each silence once, and its end once, with the moment of each.

    A silence is known by its source and the last success before it. Its end is told where the
    silence is `known`, once the source has had a success after it and is not silent again.
    """
    codes = [place.code for place in edition.record.places]
    page = page_url(base_url, "sources")
    day = f"{edition.today}T00:00:00Z"
    told = _told(known)
    for state in survey.sources:
        source, since = state.source, state.last_success
        ended = [silent for silent in told.get(source.id, ()) if since > silent]
        if not (state.alarm or ended):
            continue
        places = codes_of(source.covers, codes)
        if state.alarm:
            key = f"{_SILENT}{source.id}:{since}"
            yield since or day, _notice(key, state, places, page, state.alarm, _MEANS)
            continue
        for silent in ended:
            words = f"{source.title}: answers again, since {since[:10]}"
            before = f"Before, its last success was on {silent[:10]}." if silent else ""
            key = f"{_HEARD}{source.id}:{silent}"
            yield since, _notice(key, state, places, page, words, before)


def _told(known: Collection[str]) -> Mapping[str, Sequence[str]]:
    """The silences that were told, by source: the last success before each."""
    found: dict[str, list[str]] = {}
    for key in known:
        if key.startswith(_SILENT):
            source, _, since = key.removeprefix(_SILENT).partition(":")
            found.setdefault(source, []).append(since)
    return found


def _notice(
    key: str, state: SourceState, places: tuple[str, ...], page: str, words: str, means: str
) -> Notice:
    source = state.source
    silent = bool(state.alarm)
    link = web_link(source.homepage) or ""
    reason = f"Why: {isolate(state.reason)}." if silent and state.reason else ""
    lines = [f"{isolate(words)}.", *filter(None, (means, reason))]
    links = {"the source": link, "all sources": page}
    shown = Markup(" ").join(
        Markup('<a href="{}">{}</a>').format(url, name) for name, url in links.items() if url
    )
    urls = ", ".join(url for url in links.values() if url)
    mark = Topic.SOURCE_SILENT.label if silent else "Source answers again"
    told = {
        "topic": Topic.SOURCE_SILENT,
        "source": source.id,
        "silent": silent,
        "last_success": state.last_success or None,
        "covers": list(source.covers),
        "homepage": link,
    }
    return Notice(
        key=key,
        topic=Topic.SOURCE_SILENT,
        severity=Severity.DETAIL,
        places=places,
        substances=(),
        title=f"{mark}: {isolate(source.title)}",
        text="\n".join([*lines, *([f"* {urls}"] if urls else [])]),
        html=str(
            Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)
            + (Markup("<p>{}</p>").format(shown) if links else Markup(""))
        ),
        facts=json.dumps(told, ensure_ascii=False, separators=(",", ":")),
        about=stable_id("source", key),
    )

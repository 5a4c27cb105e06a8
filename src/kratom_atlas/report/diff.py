"""What changed between two days, or between two states of knowledge, for people and programs.

Changes that one act makes to one place on one day are told as one entry that lists the
substances. A reader who never saw the project finds every word explained in the report itself.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final, Literal, assert_never

from markupsafe import Markup

from kratom_atlas.model.change import Change, Scope
from kratom_atlas.model.time import PartialDate, order_of
from kratom_atlas.model.values import Jurisdiction, Provision
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    ChangeKind,
    Status,
    Substance,
    Word,
    lower,
)
from kratom_atlas.places import place_name
from kratom_atlas.release.tables import FIELDS, clean
from kratom_atlas.report import words
from kratom_atlas.report.html import plain, templates
from kratom_atlas.report.words import inert, isolate, listed, markdown, web_link
from kratom_atlas.resolve.record import View

__all__ = ["Cited", "Context", "Entry", "Format", "entries", "heading", "render"]

Format = Literal["text", "md", "html", "json", "csv"]

OWN_LAW: Final = (
    "Own law: what the place's own law says. What applies there in all did not change the same "
    "way, because wider law binds there too."
)
_UNKNOWN: Final = (Status.UNKNOWN, ActivityStatus.UNKNOWN)
UNDATED: Final = "undated"
"""Stands for the date where the day of law is not known."""
NOUNS: Final = {Activity.POSSESS: "possession", Activity.SELL: "sale"}


@dataclass(frozen=True)
class Context:
    """What the reader needs beside the changes.

    `view` is the newer of the two states of knowledge: names and citations come from it. `first`
    and `last` are the days compared, `known` the one or two moments of knowledge, in words.
    With `base_url`, provisions and places link to their pages.
    """

    view: View
    first: str
    last: str
    known: tuple[str, ...]
    version: str
    as_of: str
    last_look: str
    report_url: str
    base_url: str = ""

    @property
    def span(self) -> str:
        """`between 2025-01-01 and 2026-01-01, as known at 2026-11-22`."""
        if self.first == self.last and len(set(self.known)) > 1:
            return f"in what was said of {self.first} between {self.known[0]} and {self.known[-1]}"
        known = " and ".join(dict.fromkeys(self.known))
        return f"between {self.first} and {self.last}, as known at {known}"


@dataclass(frozen=True)
class Cited:
    """A provision that explains a change."""

    id: str
    act: str
    citation: str
    source: str | None

    @property
    def words(self) -> str:
        """The act, and the citation where it says more."""
        return self.act if self.citation in self.act else f"{self.act}: {self.citation}"


@dataclass(frozen=True)
class Entry:
    """What one act did to one place on one day, over all substances it did it to.

    `sentence` says it without the place and the substances.
    """

    date: str
    kind: ChangeKind
    place: Jurisdiction
    name: str
    substances: tuple[Substance, ...]
    scope: Scope
    activity: Activity | None
    before: Status | ActivityStatus
    after: Status | ActivityStatus
    sentence: str
    cited: tuple[Cited, ...]
    recorded_at: str
    changes: tuple[Change, ...] = field(repr=False)

    @property
    def folder(self) -> str:
        """The date as part of an address."""
        return self.date or UNDATED

    @property
    def subject(self) -> str:
        """`Kratom leaf, mitragynine and 7-OH`."""
        labels = [s.label for s in self.substances]
        return listed([labels[0], *(lower(label) for label in labels[1:])])


def render(changes: Sequence[Change], fmt: Format, *, title: str, context: Context) -> str:
    """The report of `changes` in one format."""
    match fmt:
        case "text":
            return "\n".join(_text(entries(changes, context.view), title, context)) + "\n"
        case "md":
            return "\n".join(_markdown(entries(changes, context.view), title, context)) + "\n"
        case "html":
            return _html(entries(changes, context.view), title, context)
        case "json":
            return _json(changes, title, context)
        case "csv":
            return _csv(changes, context)
        case _:
            assert_never(fmt)


# -- entries ---------------------------------------------------------------------------------


def entries(changes: Sequence[Change], view: View) -> list[Entry]:
    """The changes as entries, by date, then by place, then by substance."""
    bodies = _Bodies(view)
    found: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        acts = tuple(dict.fromkeys(bodies.act(p) for p in change.provisions))
        key = (
            change.date,
            change.kind,
            change.jurisdiction.id,
            change.scope,
            change.activity,
            change.before,
            change.after,
            acts,
            change.details,
        )
        found.setdefault(key, []).append(change)
    made = [_entry(group, view, bodies) for group in found.values()]
    return sorted(_with_own(made), key=_order)


def _entry(group: list[Change], view: View, bodies: _Bodies) -> Entry:
    first = group[0]
    ids = dict.fromkeys(p for change in group for p in change.provisions)
    return Entry(
        date=first.date,
        kind=first.kind,
        place=first.jurisdiction,
        name=place_name(view.record, first.jurisdiction),
        substances=tuple(sorted({c.substance for c in group}, key=lambda s: s.rank)),
        scope=first.scope,
        activity=first.activity,
        before=first.before,
        after=first.after,
        sentence=_sentence(first),
        cited=tuple(bodies.cited(p) for p in ids),
        recorded_at=max(c.recorded_at for c in group),
        changes=tuple(group),
    )


def _order(entry: Entry) -> tuple[object, ...]:
    return (
        order_of(entry.date),
        -len(entry.date),
        inert(entry.name),
        entry.place.code,
        entry.substances[0].rank,
        entry.scope != "total",
        -1 if entry.activity is None else entry.activity.rank,
        entry.kind.rank,
        str(entry.before),
        str(entry.after),
        tuple(c.id for c in entry.changes),
    )


class _Bodies:
    """Provisions by id: as the view knows them, else as it last knew them."""

    def __init__(self, view: View) -> None:
        self.view = view
        table = view.record.provisions
        # What was recorded later says nothing of what was known then.
        said = zip(table.bodies, table.since < view.known, strict=True)
        self.by_id: dict[str, Provision] = {p.id: p for p, known in said if known}
        self.by_id.update((table.bodies[n].id, table.bodies[n]) for n in view.provision_rows)

    def act(self, provision_id: str) -> str:
        body = self.by_id.get(provision_id)
        return provision_id if body is None else body.instrument

    def cited(self, provision_id: str) -> Cited:
        body = self.by_id.get(provision_id)
        if body is None:
            return Cited(provision_id, provision_id, provision_id, None)
        instrument = self.view.instruments.get(body.instrument)
        best = max(body.evidence, key=lambda e: (e.quote is not None, e.url is not None))
        return Cited(
            provision_id,
            instrument.short if instrument else body.instrument,
            body.citation,
            web_link(best.url),
        )


def _sentence(change: Change) -> str:
    """What happened, without place, substances and date."""
    parts = [*_step(change), *change.details]
    return "; ".join(parts) if parts else "the conditions change"


def _step(change: Change) -> list[str]:
    if change.before is change.after:
        return []
    own = "under its own law, " if change.scope == "own" else ""
    noun = f"{NOUNS.get(change.activity, str(change.activity))} " if change.activity else ""
    before, after = lower(change.before.label), lower(change.after.label)
    if change.kind is ChangeKind.CORRECTION and change.before not in _UNKNOWN:
        return [f"{own}{noun}{after}, not {before} as had been said"]
    if change.before in _UNKNOWN:
        return [f"{own}{noun}now {after} (what applied before is not known)"]
    if change.after in _UNKNOWN:
        return [f"{own}{noun}no longer {before} (what applies then is not known)"]
    return [f"{own}{noun}from {before} to {after}"]


def _with_own(made: list[Entry]) -> list[Entry]:
    """What a change does to the place's own law is told with what it does to the total."""
    kept: dict[tuple[object, ...], Entry] = {}
    for entry in sorted(made, key=lambda e: e.scope != "total"):
        key = (entry.date, entry.kind, entry.place.id, entry.substances)
        whole = kept.get(key)
        if whole is None or entry.scope == "total":
            kept[key if entry.scope == "total" and entry.activity is None else (entry,)] = entry
            continue
        kept[key] = replace(
            whole,
            sentence=f"{whole.sentence}; {entry.sentence}",
            cited=tuple(dict.fromkeys((*whole.cited, *entry.cited))),
            recorded_at=max(whole.recorded_at, entry.recorded_at),
            changes=(*whole.changes, *entry.changes),
        )
    return list(kept.values())


# -- words around the entries ----------------------------------------------------------------


def _summary(made: Sequence[Entry], context: Context) -> str:
    if not made:
        return f"No change {context.span}."
    places = len({e.place.id for e in made})
    return (
        f"{_count(len(made), 'change')} in {_count(places, 'place')} {context.span}. What one act "
        "does to several substances on one day counts once."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _glossary(made: Sequence[Entry]) -> list[tuple[str, str]]:
    """Every word the entries use, with its meaning."""
    kinds: list[Word] = sorted({e.kind for e in made}, key=lambda w: w.rank)
    # Two vocabularies share some words: `lawful` of a place is not `lawful` of an activity.
    used = {(type(w), w.value) for e in made for w in (e.before, e.after)}
    substances: list[Word] = sorted({s for e in made for s in e.substances}, key=lambda w: w.rank)
    statuses = [w for c in (Status, ActivityStatus) for w in c if (c, w.value) in used]
    found = [(w.label, w.meaning) for w in (*kinds, *statuses, *substances)]
    if any(c.scope == "own" for e in made for c in e.changes):
        label, _, meaning = OWN_LAW.partition(": ")
        found.append((label, meaning))
    return list(dict.fromkeys(found))


def _about(context: Context) -> list[str]:
    return [
        f"{words.WHAT} {words.ADVICE}",
        (
            f"Version {context.version}, as of {context.as_of}. Last look at the sources: "
            f"{words.age_words(context.last_look, context.as_of)}."
        ),
        f"Cite as: {words.citation(context.version, context.as_of)}. {words.LICENCES}",
    ]


def _closing(context: Context) -> list[str]:
    """What the report says of itself, and where errors go, if the operator said where."""
    report = words.report_link(context.report_url)
    return [*_about(context), *([f"Something wrong? Report it: {report}"] if report else [])]


def _by_date(made: Sequence[Entry]) -> Iterator[tuple[str, list[tuple[str, list[Entry]]]]]:
    for date, of_day in groupby(made, key=lambda e: e.date):
        by_place: dict[str, list[Entry]] = {}
        for entry in of_day:
            by_place.setdefault(entry.place.code, []).append(entry)
        yield date, list(by_place.items())


def heading(date: str) -> str:
    """A date as a heading, which says where the source gives no day."""
    if not date:
        return "Day of law not known"
    missing = {4: " (month and day not known)", 7: " (day not known)"}.get(len(date), "")
    return f"{PartialDate(date).words()}{missing}"


# -- formats ---------------------------------------------------------------------------------


def _text(made: Sequence[Entry], title: str, context: Context) -> Iterator[str]:
    yield isolate(title)
    yield "=" * min(len(title), 79)
    yield isolate(_summary(made, context))
    for date, places in _by_date(made):
        yield ""
        yield heading(date)
        yield "-" * len(heading(date))
        for code, group in places:
            yield f"{isolate(group[0].name)} ({inert(code)})"
            for entry in group:
                yield f"  {entry.subject}: {isolate(entry.sentence)}. [{entry.kind.label}]"
                for cited in entry.cited:
                    yield f"    {isolate(cited.words)}"
                    yield f"      provision {inert(cited.id)}" + (
                        f", source {cited.source}" if cited.source else ""
                    )
                yield f"    recorded {inert(entry.recorded_at)}"
    if made:
        yield ""
        yield "What the words mean"
        yield "-------------------"
        for label, meaning in _glossary(made):
            yield f"{label}: {meaning}"
    yield ""
    yield from map(isolate, _closing(context))


def _markdown(made: Sequence[Entry], title: str, context: Context) -> Iterator[str]:
    yield f"# {markdown(title)}"
    yield ""
    yield markdown(_summary(made, context))
    for date, places in _by_date(made):
        yield ""
        yield f"## {heading(date)}"
        for code, group in places:
            yield ""
            yield f"### {_md_link(group[0].name, _page(context, 'j', code))} ({markdown(code)})"
            yield ""
            for entry in group:
                yield (
                    f"- **{markdown(entry.subject)}:** {markdown(entry.sentence)}. "
                    f"*{entry.kind.label}*"
                )
                for cited in entry.cited:
                    link = _md_link(cited.id, _page(context, "p", cited.id))
                    source = f", {_md_link('source', cited.source)}" if cited.source else ""
                    yield f"  - {markdown(cited.words)} ({link}{source})"
                yield f"  - recorded {markdown(entry.recorded_at)}"
    if made:
        yield ""
        yield "## What the words mean"
        yield ""
        for label, meaning in _glossary(made):
            yield f"- **{markdown(label)}:** {markdown(meaning)}"
    yield ""
    yield "---"
    for paragraph in _closing(context):
        yield ""
        yield markdown(paragraph)


def _md_link(text: str, url: str | None) -> str:
    return f"[{markdown(text)}](<{url}>)" if url else markdown(text)


def _page(context: Context, kind: str, key: str) -> str | None:
    return web_link(f"{context.base_url.rstrip('/')}/{kind}/{key}/") if context.base_url else None


def _html(made: Sequence[Entry], title: str, context: Context) -> str:
    loaded = templates("kratom_atlas.report")
    css = loaded.get_template("diff.css").render()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    days = [
        {
            "date": date,
            "words": heading(date),
            "places": [
                {
                    "name": group[0].name,
                    "code": code,
                    "url": _page(context, "j", code) or "",
                    "entries": [_html_entry(entry, context) for entry in group],
                }
                for code, group in places
            ],
        }
        for date, places in _by_date(made)
    ]
    return loaded.get_template("diff.html").render(
        title=title,
        plain_title=plain(title),
        css=Markup(css),  # noqa: S704 -- our own file
        digest=digest,
        summary=_summary(made, context),
        days=days,
        glossary=_glossary(made),
        about=_about(context),
        report_url=words.report_link(context.report_url),
    )


def _html_entry(entry: Entry, context: Context) -> dict[str, object]:
    return {
        "subject": entry.subject,
        "sentence": entry.sentence,
        "kind": entry.kind.label,
        "cited": [
            {
                "id": cited.id,
                "words": cited.words,
                "url": _page(context, "p", cited.id) or "",
                "source": cited.source or "",
            }
            for cited in entry.cited
        ],
        "recorded": entry.recorded_at,
    }


def _rows(changes: Sequence[Change], context: Context) -> Iterator[dict[str, str]]:
    record = context.view.record
    for change in sorted(changes, key=lambda c: (order_of(c.date), c.id)):
        yield {
            "change_id": change.id,
            "date": change.date,
            "kind": str(change.kind),
            "jurisdiction_id": change.jurisdiction.id,
            "code": change.jurisdiction.code,
            "substance": str(change.substance),
            "from_status": str(change.before),
            "to_status": str(change.after),
            "own_or_total": change.scope,
            "activity": str(change.activity or ""),
            "provision_ids": ";".join(change.provisions),
            "recorded_at": change.recorded_at,
            "summary": change.summary,
            "name": place_name(record, change.jurisdiction),
        }


def _json(changes: Sequence[Change], title: str, context: Context) -> str:
    made = entries(changes, context.view)
    document = {
        "title": title,
        "summary": _summary(made, context),
        "from": context.first,
        "to": context.last,
        "known": list(context.known),
        "version": context.version,
        "as_of": context.as_of,
        "last_look": context.last_look,
        "about": _closing(context),
        "words": dict(_glossary(made)),
        "changes": [
            {**row, "provision_ids": [p for p in row["provision_ids"].split(";") if p]}
            for row in _rows(changes, context)
        ],
    }
    # ASCII only: nothing in it can act on a terminal.
    return json.dumps(document, indent=1) + "\n"


def _csv(changes: Sequence[Change], context: Context) -> str:
    columns = [*FIELDS["changes"], "name"]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    for row in _rows(changes, context):
        writer.writerow({name: clean(inert(value)) for name, value in row.items()})
    return out.getvalue()

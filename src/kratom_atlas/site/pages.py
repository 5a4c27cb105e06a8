"""Every page of the site but the map: (relative path, bytes), from one edition.

Pages work from a folder, from any path of any host, and without scripts: links are relative and
name their files.
"""

from __future__ import annotations

import importlib.resources
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib import resources
from itertools import chain
from typing import Any, Final

from markupsafe import Markup, escape

from kratom_atlas.crawl import health
from kratom_atlas.crawl.health import SourceState
from kratom_atlas.errors import AtlasError
from kratom_atlas.languages import ENGLISH, LANGUAGES, Language, msg
from kratom_atlas.model.crawling import Fault, Health, SourceKind
from kratom_atlas.model.statement import Op
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    ChangeKind,
    Effect,
    EvidenceKind,
    Extent,
    Flag,
    InstrumentKind,
    Level,
    Searched,
    SearchResult,
    Severity,
    Stage,
    Status,
    Substance,
    Unit,
    Verification,
    Word,
    lower,
)
from kratom_atlas.release.dataset import CHANGELOG, DELTA, GEOJSON, PACKAGE, SQLITE, TITLES
from kratom_atlas.release.tables import FIELDS, KEYS, Edition
from kratom_atlas.report.diff import Entry, heading
from kratom_atlas.report.html import plain, templates
from kratom_atlas.report.words import (
    ADVICE,
    WHAT,
    age_words,
    citation,
    day_words,
    inert,
    listed,
    web_link,
)
from kratom_atlas.review.policies import policy_report
from kratom_atlas.site import words
from kratom_atlas.site.atlas import UP, Atlas, Cell, Place, Rule, Segment, badge
from kratom_atlas.site.frame import CSP, HOW_TO_REPORT, TABLE, Frame, Meta
from kratom_atlas.site.standing import standing_pages

__all__ = ["CSP", "HOW_TO_REPORT", "Meta", "pages"]

STATIC: Final = ("site.css", "site.js")

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*", re.ASCII)
_STATE = re.compile(r"US-[A-Z]{2}", re.ASCII)


def pages(edition: Edition, *, meta: Meta) -> Iterator[tuple[str, bytes]]:
    """Every static page except the map, and the files they need.

    Raises:
        AtlasError: an address of `meta`, a code or an id cannot be part of a site.
    """
    atlas = Atlas(edition)
    site = _Site(atlas, meta)
    names: list[str] = [f"{say.folder}index.html" for say in LANGUAGES]
    tables = (_Site(atlas, meta, say).tables() for say in LANGUAGES if say.folder)
    for path, text in chain(site.all(), *tables):
        names.append(path)
        yield path, text.encode()
    yield "robots.txt", site.robots().encode()
    yield "llms.txt", site.for_models().encode()
    if meta.base_url:
        yield "sitemap.xml", site.sitemap(names).encode()
    folder = resources.files("kratom_atlas.site") / "static"
    for name in STATIC:
        yield f"static/{name}", (folder / name).read_bytes()


class _Site:
    """One build of the pages, in one language. Only the tables are there in all of them."""

    def __init__(self, atlas: Atlas, meta: Meta, say: Language = ENGLISH) -> None:
        self.atlas = atlas
        self.meta = meta
        self.say = say
        self.up = "../" if say.folder else ""
        self.env = templates("kratom_atlas.site")
        self.frame = Frame(meta, say=say)
        for place in atlas.places:
            _check(place.code)

    def all(self) -> Iterator[tuple[str, str]]:
        """Every page."""
        yield from self.places()
        yield from self.provisions()
        yield from self.tables()
        yield from self.changes()
        yield self.about()
        yield self.codebook()
        yield self.data()
        yield self.sources()
        yield from standing_pages(self.frame)
        yield "sources/sources.json", self.sources_json()
        yield "sources/reading.json", _measured().decode()
        yield "sources/policies.json", json.dumps(policy_report(), indent=1) + "\n"
        yield self.missing()

    # -- the frame of a page -------------------------------------------------------------------

    def page(self, body: str, *, root: str = UP, **said: str) -> str:
        """A whole document, in the frame of all pages."""
        return self.frame.page(body, root=root, **said)

    def part(self, template: str, **values: object) -> Markup:
        """A piece of a page."""
        return self.frame.part(template, **values)

    def t(self, text: str, **values: object) -> Markup:
        """Words of the interface, as `Frame.t`."""
        return self.frame.t(text, **values)

    def report(self, root: str, path: str = "") -> str:
        """The address for reports, from a page at that depth; `path` is that of the page."""
        return self.frame.report(root, path)

    # -- places --------------------------------------------------------------------------------

    def places(self) -> Iterator[tuple[str, str]]:
        """A page for each place."""
        atlas = self.atlas
        shared: dict[int, Markup] = {}
        told: dict[int, str] = {}
        template = self.env.get_template("place.html")
        for n, place in enumerate(atlas.places):
            like = atlas.shared[n]
            if like not in shared:
                shared[like] = self._shared(like)
                told[like] = self._description(like)
            body = atlas.record.places[n]
            searched, look = atlas.searched[n]
            text = template.render(
                name=body.name,
                full=place.full,
                chain=self._crumbs(n),
                level=body.level.label,
                code=place.code,
                ids=f" · GEOID {body.geoid}" if body.geoid else "",
                today=atlas.today,
                last_look=age_words(look, atlas.today),
                searched=_searched(searched, bool(atlas.view.binders[n])),
                images=f"{UP}share/{place.code}" if n in atlas.rules_of else "",
                state_table=f"{UP}table/{place.code.lower()}/index.html"
                if self._is_state(place)
                else "",
                report=self.report(UP, f"j/{place.code}/"),
                note=body.note or "",
                shared=shared[like],
            )
            yield (
                f"j/{place.code}/index.html",
                self.page(
                    text,
                    title=f"Kratom law: {place.full}",
                    description=f"{place.full}, {atlas.today}: {told[like]}",
                    feed=place.code,
                    path=f"j/{place.code}/",
                    **self._pictured(n),
                ),
            )

    def _pictured(self, n: int) -> dict[str, str]:
        """The image of a place: where its own law says nothing, of the nearest that it lies in."""
        record, at = self.atlas.record, n
        for _ in range(_DEEP):
            if at in self.atlas.rules_of:
                told = self._description(self.atlas.shared[at])
                full = self.atlas.places[at].full
                return {
                    "image": self.atlas.places[at].code,
                    "shows": f"{full}, {self.atlas.today}: {told}",
                }
            parent = record.places[at].parent
            if parent is None or parent not in record.index:
                break
            at = record.index[parent]
        return {"image": "world-leaf"}

    def _crumbs(self, n: int) -> list[dict[str, str]]:
        record = self.atlas.record
        parents: list[dict[str, str]] = []
        parent = record.places[n].parent
        while parent is not None and parent in record.index and len(parents) < 8:
            at = record.index[parent]
            parents.append({"url": self.atlas.places[at].url, "short": record.places[at].name})
            parent = record.places[at].parent
        return parents[::-1]

    def _description(self, n: int) -> str:
        cards = self.atlas.cards(n)
        return "; ".join(f"{c.substances}: {lower(c.status.label)}" for c in cards)

    def _shared(self, n: int) -> Markup:
        """All of a page that does not name the place."""
        atlas = self.atlas
        level = atlas.record.places[n].level
        return self.part(
            "shared.html",
            today=atlas.today,
            cards=atlas.cards(n),
            coming=[
                {
                    "url": f"{UP}changes/{entry.date}/index.html",
                    "date": entry.date,
                    "day": day_words(entry.date),
                    "place": entry.name,
                    "subject": lower(entry.subject),
                    "sentence": entry.sentence,
                }
                for entry in atlas.coming_for(n)
            ],
            timelines=[
                {
                    "substances": told,
                    "plain": plain(told),
                    "rows": [self._row(segment, n) for segment in parts],
                }
                for told, parts in atlas.timelines(n)
            ],
            rules=_grouped(atlas.rules_of.get(n, [])),
            acts=atlas.acts_of.get(n, []),
            looks=atlas.looks_of.get(n, []),
            above=[self._near(place, place.name) for place in atlas.above(n)],
            inside_title=(
                "Members with law of their own"
                if level is Level.INTERNATIONAL
                else "Places inside with law of their own"
            ),
            inside=[
                self._near(place, atlas.record.places[place.n].name)
                for place in atlas.inside.get(n, [])
            ],
            deeper=_deeper(atlas.deeper(n)),
        )

    def _near(self, place: Place, name: str) -> dict[str, object]:
        said = self.atlas.own_words(place.n)
        searched, _ = self.atlas.searched[place.n]
        return {
            "url": place.url,
            "name": name,
            "words": [
                {"status": status, "symbol": words.SYMBOLS[status], "substances": substances}
                for status, substances in said
            ],
            "silence": "not researched"
            if searched is Searched.NOT_SEARCHED
            else "no rule of its own in force that was found",
        }

    def _row(self, segment: Segment, n: int) -> dict[str, object]:
        atlas = self.atlas
        ahead = atlas.is_ahead(segment.start)
        now = not ahead and (not segment.end or atlas.is_ahead(segment.end))
        return {
            "css": "now" if now else "ahead" if ahead else "",
            "mark": "now" if now else "coming" if ahead else "",
            "start": day_words(segment.start) if segment.start else "not known",
            "start_seen": segment.start_seen,
            "end": day_words(segment.end) if segment.end else "open",
            "end_seen": segment.end_seen,
            "total": segment.total,
            "symbol": words.SYMBOLS[segment.total],
            "own": "the same" if segment.own is segment.total else segment.own.label,
            "possess": lower(segment.possess.label),
            "sell": lower(segment.sell.label),
            "conditions": _conditions(segment.min_age, segment.caps),
            "rests": [atlas.rule_link(p, n) for p in segment.provisions],
        }

    # -- provisions ----------------------------------------------------------------------------

    def provisions(self) -> Iterator[tuple[str, str]]:
        """A page for each provision that was ever recorded."""
        atlas = self.atlas
        every = {**atlas.rules, **atlas.proposed, **atlas.withdrawn}
        for key, rule in sorted(every.items()):
            _check(key)
            body = atlas.body(key)
            targets = body.targets if body is not None else ()
            text = self.part(
                "provision.html",
                rule=rule,
                withdrawn=key in atlas.withdrawn,
                proposed=key in atlas.proposed,
                today=atlas.today,
                targets=[atlas.rule_link(t, -1) for t in targets if t in atlas.rules],
                versions=[
                    {
                        "at": line.recorded_at,
                        "op": _OPS[line.op],
                        "actor": line.actor,
                        "reason": line.reason,
                    }
                    for line in atlas.versions[key]
                ],
                report=self.report(UP, f"p/{key}/"),
            )
            yield (
                f"p/{key}/index.html",
                self.page(
                    text,
                    title=f"{rule.citation}, {rule.place.full}",
                    description=f"{rule.place.full}: {rule.substances}. {rule.effect}. "
                    f"{rule.standing.label} on {atlas.today}.",
                    path=f"p/{key}/",
                    **self._pictured(rule.place.n),
                ),
            )

    # -- tables --------------------------------------------------------------------------------

    def tables(self) -> Iterator[tuple[str, str]]:
        """The table of places with law of their own, in three orders, and one for each state."""
        atlas = self.atlas
        spoken = [n for n in range(len(atlas.places)) if n in atlas.rules_of]
        levels = atlas.record.levels
        by_place = sorted(spoken, key=lambda n: (int(levels[n]), _key(self._name(n)), n))
        orders = {
            "place": by_place,
            "status": sorted(by_place, key=lambda n: [c.total.rank for c in self._cells(n)]),
            "change": sorted(by_place, key=self._last_change, reverse=True),
        }
        states = [p for p in atlas.places if self._is_state(p)]
        rows = {n: self._table_row(n, f"{self.up}../") for n in spoken}
        deep_rows = {n: self._table_row(n, f"{self.up}{UP}") for n in spoken}
        for order, found in orders.items():
            top = order == "place"
            path = "table/" if top else f"table/by-{order}/"
            yield (
                f"{self.say.folder}{path}index.html",
                self._table(
                    [(rows if top else deep_rows)[n] for n in found],
                    heading=self.say.t(msg("Places with law of their own")),
                    lead=self.say.tn(
                        len(found),
                        "{n} place for which a rule that names kratom or one of its alkaloids is "
                        "recorded, and what applies there on {day}.",
                        "{n} places for which a rule that names kratom or one of its alkaloids is "
                        "recorded, and what applies there on {day}.",
                        day=self.say.day(atlas.today),
                    ),
                    root=f"{self.up}{'../' if top else UP}",
                    order=order,
                    states=states,
                    path=path,
                ),
            )
        for state in states:
            path = f"table/{state.code.lower()}/"
            yield f"{self.say.folder}{path}index.html", self._state_table(state, path)

    def _name(self, n: int) -> str:
        """The name of a place, by which tables are ordered."""
        place = self.atlas.places[n]
        return self.say.place(place.code, place.name)

    def _is_state(self, place: Place) -> bool:
        return _STATE.fullmatch(place.code) is not None

    def _last_change(self, n: int) -> str:
        return max(c.last_changed for c in self._cells(n))

    def _cells(self, n: int) -> tuple[Cell, ...]:
        return self.atlas.cells[self.atlas.shared[n]]

    def _state_table(self, state: Place, path: str) -> str:
        atlas = self.atlas
        record = atlas.record
        key = record.places[state.n].id
        inside = [n for n, body in enumerate(record.places) if body.parent == key]
        inside.sort(key=lambda n: (int(record.levels[n]), inert(record.places[n].name), n))
        counties = sum(record.places[n].level is Level.COUNTY for n in inside)
        say, root = self.say, f"{self.up}{UP}"
        return self._table(
            [self._table_row(n, root, record.places[n].name) for n in (state.n, *inside)],
            heading=say.t(msg("{state}: the state and its counties"), state=self._name(state.n)),
            lead=say.t(
                msg(
                    "Every county or county equivalent ({counties}), and each municipality and "
                    "tribal nation with a page here ({others}); as of {day}. Where own law was not "
                    "searched, what is shown is the law that binds from above."
                ),
                counties=say.number(counties),
                others=say.number(len(inside) - counties),
                day=say.day(atlas.today),
            ),
            root=root,
            order="",
            states=[],
            path=path,
        )

    def _table(
        self,
        rows: Sequence[Markup],
        *,
        heading: str,
        lead: str,
        root: str,
        order: str,
        states: Sequence[Place],
        path: str,
    ) -> str:
        say = self.say
        text = self.part(
            "table.html",
            heading=heading,
            label=plain(heading),
            lead=lead,
            orders=[
                {
                    "label": self.t(label),
                    "here": key == order,
                    "url": f"{root}{say.folder}table/"
                    f"{'' if key == 'place' else f'by-{key}/'}index.html",
                }
                for key, label in _ORDERS.items()
            ]
            if order
            else [],
            states=[
                {
                    "name": self._name(state.n),
                    "url": f"{root}{say.folder}table/{state.code.lower()}/index.html",
                }
                for state in sorted(states, key=lambda p: _key(self._name(p.n)))
            ],
            legend=[badge(status, say) for status in Status],
            substances=[escape(say.word(s)) for s in Substance],
            rows=Markup("").join(rows),
            codebook=f"{root}codebook/index.html",
            script=f"{root}static/site.js",
        )
        return self.page(
            text,
            title=heading,
            description=lead,
            root=root,
            here=TABLE,
            path=path,
            shows=self.t(msg("Map of kratom law, {day}"), day=say.day(self.meta.as_of)),
        )

    def _table_row(self, n: int, root: str, name: str = "") -> Markup:
        atlas = self.atlas
        place, body = atlas.places[n], atlas.record.places[n]
        searched, look = atlas.searched[n]
        key = atlas.shared[n]
        if key not in self._cell_cache:
            self._cell_cache[key] = self.part(
                "cells.html", cells=[_cell(c, self.say) for c in self._cells(n)]
            )
        say = self.say
        return self.part(
            "row.html",
            url=f"{root}j/{place.code}/index.html",
            name=say.place(place.code, name or place.name),
            code=place.code,
            level=say.word(body.level),
            searched="" if searched is Searched.FOUND else f" · {say.inside(searched)}",
            cells=self._cell_cache[key],
            changed=self._last_change(n),
            looked=look or self.t(msg("never")),
        )

    @cached_property
    def _cell_cache(self) -> dict[int, Markup]:
        return {}

    # -- changes -------------------------------------------------------------------------------

    def changes(self) -> Iterator[tuple[str, str]]:
        """The list of days with changes, and a page for each."""
        atlas = self.atlas
        days = list(atlas.days)
        for n, day in enumerate(days):
            _check(day)
            yield (
                f"changes/{day}/index.html",
                self._day(
                    day,
                    before=days[n - 1] if n else "",
                    after=days[n + 1] if n + 1 < len(days) else "",
                ),
            )
        yield "changes/index.html", self._changes()

    def _day(self, day: str, *, before: str, after: str) -> str:
        atlas = self.atlas
        found = atlas.days[day]
        places: dict[str, list[Entry]] = {}
        for entry in found:
            places.setdefault(entry.place.code, []).append(entry)
        summary = f"{_count(len(found), 'change')} in {_count(len(places), 'place')}."
        kinds = sorted({e.kind for e in found}, key=lambda k: k.rank)
        entries = self.part(
            "entries.html",
            places=[
                {
                    "name": group[0].name,
                    "code": code,
                    "url": f"{UP}j/{code}/index.html",
                    "entries": [self._entry(entry) for entry in group],
                }
                for code, group in places.items()
            ],
        )
        text = self.part(
            "day.html",
            day=day_words(found[0].date),
            heading=heading(found[0].date),
            summary=f"{summary} What one act does to several substances counts once.",
            ahead=atlas.is_ahead(found[0].date),
            today=atlas.today,
            before=before,
            before_words=day_words(atlas.days[before][0].date) if before else "",
            after=after,
            after_words=day_words(atlas.days[after][0].date) if after else "",
            entries=entries,
            kinds=" ".join(f"{k.label}: {lower(k.meaning)}" for k in kinds),
        )
        names = listed([inert(group[0].name) for group in places.values()][:8])
        return self.page(
            text,
            title=f"Changes in kratom law: {day_words(found[0].date)}",
            description=f"{summary} {names}",
            here="Changes",
            path=f"changes/{day}/",
        )

    def _entry(self, entry: Entry) -> dict[str, object]:
        return {
            "subject": entry.subject,
            "sentence": entry.sentence,
            "kind": entry.kind.label,
            "cited": [
                {
                    "url": f"{UP}p/{cited.id}/index.html",
                    "words": cited.words,
                    "source": cited.source or "",
                }
                for cited in entry.cited
            ],
            "recorded": entry.recorded_at,
        }

    def _changes(self) -> str:
        atlas = self.atlas
        law = [e for e in atlas.entries if e.kind is ChangeKind.LAW]
        relearned = [e for e in atlas.entries if e.kind is not ChangeKind.LAW]
        days: dict[str, list[Entry]] = {}
        for entry in law:
            days.setdefault(entry.date, []).append(entry)
        years: dict[str, list[dict[str, object]]] = {}
        for day in reversed(days):
            if not atlas.is_ahead(day):
                years.setdefault(day[:4], []).append(_day_line(day, days[day]))
        places = len({e.place.id for e in law})
        summary = (
            f"{_count(len(law), 'change')} of law in {_count(places, 'place')}, on "
            f"{_count(len(days), 'date')}. A date is the day of law, as precise as its source."
        )
        text = self.part(
            "changes.html",
            summary=summary,
            today=atlas.today,
            upcoming=[_day_line(day, days[day]) for day in days if atlas.is_ahead(day)],
            corrections=[
                {
                    "date": e.folder,
                    "day": day_words(e.date),
                    "place": e.name,
                    "subject": lower(e.subject),
                    "sentence": e.sentence,
                    "kind": e.kind.label,
                    "recorded": e.recorded_at[:10],
                }
                for e in sorted(relearned, key=lambda e: e.recorded_at, reverse=True)
            ],
            corrections_note=" ".join(
                f"{k.label}: {lower(k.meaning)}" for k in ChangeKind if k is not ChangeKind.LAW
            ),
            years=[{"label": year, "days": found} for year, found in years.items()],
            feeds=[
                {"name": f"{kind}-{word}", "label": word.label}
                for kind, words in (("substance", Substance), ("severity", Severity))
                for word in words
            ],
        )
        return self.page(
            text,
            title="Changes in kratom law",
            description=summary,
            root="../",
            here="Changes",
            path="changes/",
        )

    # -- the rest ------------------------------------------------------------------------------

    def about(self) -> tuple[str, str]:
        """Method and limits."""
        atlas = self.atlas
        table = atlas.edition.tables["jurisdictions"]
        unseen = int((table["searched"] == Searched.NOT_SEARCHED).sum())
        weak = [r for r in atlas.rules.values() if r.verification.rank <= _REPORTED.rank]
        text = self.part(
            "about.html",
            places=f"{len(atlas.places):,}",
            provisions=f"{len(atlas.rules):,}",
            instruments=f"{len(atlas.view.instruments):,}",
            searches=f"{len(atlas.view.search_rows):,}",
            statuses=[
                {
                    "badge": badge(status),
                    "text": words.status_sentence(status, _NONE, _NONE),
                }
                for status in Status
            ],
            verification=list(reversed(Verification)),
            limits_local=(
                f"Own law was not searched for {unseen:,} of {len(atlas.places):,} places, most "
                "of them counties: there you see the law that binds from above."
            ),
            limits_look=(
                f"Last look at the sources: {age_words(self.meta.last_look, self.meta.as_of)}. "
                "What changed since is not in it, unless it was already enacted."
            ),
            limits_reported=(
                f"{len(weak):,} of {len(atlas.rules):,} provisions rest on a tracker, the press "
                "or a machine: no official text was seen, and the page says so."
            ),
            advice=ADVICE,
            citation=citation(self.meta.version, self.meta.as_of),
            address=self.meta.base_url,
            report=self.report("../"),
        )
        return "about/index.html", self.page(
            text,
            title="About",
            description="How Kratom Atlas is made, what its statuses mean, and its limits.",
            path="about/",
            root="../",
            here="About",
        )

    def codebook(self) -> tuple[str, str]:
        """The vocabulary."""
        groups = [
            {
                "id": name.lower().replace(" ", "-"),
                "title": name,
                "text": text,
                "words": [
                    {
                        "value": word.value,
                        "label": word.label,
                        "meaning": word.meaning,
                        "badge": badge(word) if isinstance(word, Status) else "",
                    }
                    for word in kind
                ],
            }
            for name, kind, text in _VOCABULARIES
        ]
        return "codebook/index.html", self.page(
            self.part("codebook.html", groups=groups),
            title="Codebook",
            description="Every word that Kratom Atlas uses for the law on kratom, and its meaning.",
            path="codebook/",
            root="../",
        )

    def data(self) -> tuple[str, str]:
        """The downloads."""
        tables = [
            {
                "name": name,
                "title": TITLES[name],
                "files": [f"{name}.csv", f"{name}.parquet"],
                "count": _count(len(self.atlas.edition.tables[name]), "row"),
                "key": listed([key.replace("_", " ") for key in KEYS[name]]),
                "fields": [
                    {"name": column, "type": field.type, "text": field.description}
                    for column, field in fields.items()
                ],
            }
            for name, fields in FIELDS.items()
        ]
        files = [{"url": url, "text": text} for url, text in _FILES]
        return "data/index.html", self.page(
            self.part("data.html", meta=self.meta, files=files, tables=tables),
            title="Data",
            description="The dataset of Kratom Atlas: CSV, Parquet, SQLite, GeoJSON.",
            path="data/",
            root="../",
            here="Data",
        )

    def sources(self) -> tuple[str, str]:
        """How every source is doing, and when each place was last looked at."""
        atlas = self.atlas
        survey = atlas.edition.survey
        rows = [state for state in survey.sources if state.is_row]
        whole = [state for state in survey.sources if not state.is_row]
        counts = Counter(s.health for s in survey.sources)
        levels = atlas.record.levels.tolist()
        wide = [n for n, level in enumerate(levels) if level <= _SUBDIVISION]
        wide.sort(key=lambda n: (levels[n], inert(atlas.places[n].full), n))
        looks = atlas.edition.tables["jurisdictions"].set_index("jurisdiction_id")["last_checked"]
        by_hand = looks.fillna("").to_dict()
        bodies = {atlas.record.places[n].code: atlas.record.places[n].id for n in wide}
        told = dict(zip(wide, survey.freshness(bodies), strict=True))
        body = self.part(
            "sources.html",
            today=atlas.today,
            crawled=survey.crawled,
            declared=bool(survey.sources),
            last_look=age_words(self.meta.last_look, self.meta.as_of),
            count=_count(len(whole), "source"),
            rows_count=_count(len(rows), "document"),
            legend=[
                {"badge": _health(word), "meaning": word.meaning, "count": f"{counts[word]:,}"}
                for word in Health
            ],
            alarms=[state.alarm for state in (*whole, *rows) if state.alarm],
            tables=[
                {"id": key, "title": title, "text": text, "rows": [_source_line(s) for s in found]}
                for key, title, text, found in (
                    ("all", "Sources", _SOURCES_TEXT, whole),
                    ("documents", "Documents watched one by one", _ROWS_TEXT, rows),
                )
                if found
            ],
            places=[
                {
                    "url": f"../{atlas.places[n].url.removeprefix(UP)}",
                    "name": atlas.places[n].full,
                    "code": atlas.places[n].code,
                    "words": fresh.words,
                    "looked": fresh.looked[:10] or "never",
                    "read": f"{fresh.looking} of {fresh.sources}",
                    "by_hand": by_hand[atlas.record.places[n].id] or "never",
                }
                for n, fresh in told.items()
            ],
            below=f"{len(atlas.places) - len(wide):,}",
            reading=_reading(),
            script="../static/site.js",
        )
        return "sources/index.html", self.page(
            body,
            title="Sources",
            description="Every source of Kratom Atlas: when it was last read, and how it is doing.",
            path="sources/",
            root="../",
            here="Sources",
        )

    def sources_json(self) -> str:
        """The same for programs, as of the build: the dataset says it as of its release."""
        found = [health.plain(state) for state in self.atlas.edition.survey.sources]
        return json.dumps(found, ensure_ascii=False, indent=1) + "\n"

    def missing(self) -> tuple[str, str]:
        """The page for addresses that do not exist."""
        root = f"{self.meta.base_url.rstrip('/')}/" if self.meta.base_url else ""
        return "404.html", self.page(
            self.part("missing.html", root=root),
            title="No such page",
            description="There is no such page.",
            root=root,
        )

    def robots(self) -> str:
        """Everything may be read."""
        lines = ["User-agent: *", "Allow: /"]
        if self.meta.base_url:
            lines.append(f"Sitemap: {self.meta.base_url.rstrip('/')}/sitemap.xml")
        return "\n".join(lines) + "\n"

    def for_models(self) -> str:
        """Where a language model finds what the pages say, in the manner of llmstxt.org."""
        root = f"{self.meta.base_url.rstrip('/')}/" if self.meta.base_url else ""
        text: str = self.env.get_template("llms.txt").render(
            root=Markup(root),  # noqa: S704 -- plain text, and checked to be an address
            what=WHAT,
            advice=ADVICE,
            citation=citation(self.meta.version, self.meta.as_of),
        )
        return text

    def sitemap(self, names: Sequence[str]) -> str:
        """Every page, by its full address."""
        root = self.meta.base_url.rstrip("/")
        found = [name for name in names if f"/{name}".endswith("/index.html")]
        urls = (f"<url><loc>{root}/{name.removesuffix('index.html')}</loc></url>" for name in found)
        body = "\n".join(urls)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{body}\n</urlset>\n'
        )


_NONE: Final = ActivityStatus.NO_LAW
_DEEP: Final = 8
_SUBDIVISION: Final = Level.SUBDIVISION.rank
_SOURCES_TEXT: Final = "What is read by machines, each on its own terms and at its own hours."
_ROWS_TEXT: Final = "Acts, lists and annexes that decide; each is watched for a new version."
_DAY_LINES: Final = 6
_REPORTED: Final = Verification.REPORTED
_ORDERS: Final = {
    "place": msg("by place"),
    "status": msg("strictest first"),
    "change": msg("latest change first"),
}
_OPS: Final = {
    Op.ASSERT: "recorded",
    Op.SUPERSEDE: "recorded anew",
    Op.ACKNOWLEDGE: "evidence renewed",
    Op.RETRACT: "withdrawn",
}
_FILES: Final = (
    (SQLITE, "all tables in one SQLite database"),
    (GEOJSON, "boundaries with the statuses of each place (RFC 7946)"),
    (PACKAGE, "the description of all files with SHA-256 (Frictionless Data Package)"),
    (CHANGELOG, "what is new in this release, in words"),
    (DELTA, "what is new in this release, for programs"),
)
_VOCABULARIES: Final[tuple[tuple[str, type[Word], str], ...]] = (
    ("Statuses", Status, "The word of a place for one substance, from possession and sale."),
    ("Flags", Flag, "What to know beside a status."),
    ("Activity statuses", ActivityStatus, "The status of one activity, loosest first."),
    ("Substances", Substance, "What a provision reaches."),
    ("Activities", Activity, "What a person does; a provision lists each that it reaches."),
    ("Effects", Effect, "What a provision does to those activities."),
    ("Verification", Verification, "How good the evidence is, weakest first."),
    ("Stages", Stage, "How far an act has come. Only law in force sets a status."),
    ("Instruments", InstrumentKind, "Kinds of legal act."),
    ("Levels", Level, "Levels of jurisdiction, widest first."),
    ("Extent", Extent, "Which part of a local place a provision covers."),
    ("Searched", Searched, "Whether somebody has looked at a place's own law."),
    ("Search results", SearchResult, "What one search ended with."),
    ("Kinds of change", ChangeKind, "Why two answers differ."),
    ("Severities", Severity, "How much a change moves what a person may do; feeds go by it."),
    ("Kinds of evidence", EvidenceKind, "What sort of document was read."),
    ("Units", Unit, "Units of caps and limits."),
    ("Kinds of source", SourceKind, "What a source publishes."),
    ("Health of sources", Health, "How a source is doing; it says nothing about the law."),
    ("Faults", Fault, "Why an answer was put in quarantine. None means that the law changed."),
)


def _reading() -> dict[str, object]:
    """How well machines read texts: measured on texts that their rules were not tuned on."""
    measured = json.loads(_measured())
    parts = measured["parts"]
    held, tuned = parts["held"], parts["tuned"]
    rows = [
        {
            "field": _FIELDS.get(name, name.replace("_", " ")),
            "expected": f"{tally['true_positives'] + tally['false_negatives']:,}",
            "precision": _percent(tally["precision"]),
            "recall": _percent(tally["recall"]),
        }
        for name, tally in (("all facts", held["overall"]), *held["fields"].items())
        if tally["true_positives"] + tally["false_negatives"] + tally["false_positives"]
    ]
    return {
        "rows": rows,
        "policies": [
            {
                "name": f"{policy['policy']} {policy['version']}",
                "scope": policy["scope"],
                "decisions": f"{policy['labelled_cases']['decisions']:,}",
                "wrong": f"{policy['labelled_cases']['wrong']:,}",
                "range": f"{_percent(policy['labelled_cases']['error_low'])} to "
                f"{_percent(policy['labelled_cases']['error_high'])}",
            }
            for policy in policy_report()
        ],
        "date": measured["date"],
        "version": measured["version"],
        "held": f"{held['documents']:,}",
        "written": f"{parts['passages-held']['documents']:,}",
        "real": f"{parts['real-held']['documents']:,}",
        "tuned": f"{tuned['documents']:,}",
    }


_FIELDS: Final = {"seven_oh_caps": "7-OH caps", "min_age": "minimum age", "to": "until"}


def _measured() -> bytes:
    return (importlib.resources.files("kratom_atlas.read") / "data" / "score.json").read_bytes()


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f} %"


def _health(word: Health) -> Markup:
    """How a source is doing, as a coloured word with its symbol."""
    return Markup('<span class="s h-{}"><b aria-hidden="true">{}</b>&nbsp;{}</span>').format(
        str(word), words.HEALTH_SYMBOLS[word], word.label
    )


def _source_line(state: SourceState) -> dict[str, object]:
    source = state.source
    notes = [
        state.reason,
        f"in the last {state.failures} runs {state.triage_words}" if state.triage else "",
        state.odd,
    ]
    return {
        "id": source.id,
        "title": source.title,
        "publisher": source.publisher,
        "homepage": web_link(source.homepage) or "",
        "kind": source.kind.label,
        "covers": ", ".join(source.covers[:_COVERS])
        + (f" and {len(source.covers) - _COVERS} more" if len(source.covers) > _COVERS else ""),
        "rank": state.health.rank,
        "health": _health(state.health),
        "notes": [note for note in notes if note],
        "success": _minute(state.last_success) or "never",
        "change": _minute(state.last_change) or "never",
        "next": f"{state.next_run:%Y-%m-%d %H:%M}" if state.next_run else "not planned",
        "schedule": source.schedule + (" (more often now: in session)" * state.in_session),
        "outcomes": _tally(state.outcomes),
        "faults": _tally(state.faults),
        "recent": _tally(state.recent),
        "cadence": _count(source.cadence, "day"),
        "licence": source.licence,
        "terms": source.terms,
    }


def _tally(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{count:,} {lower(kind.label)}" for kind, count in counts.items() if count)


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


_COVERS: Final = 6


def _check(part: str) -> None:
    """A code, an id or a date becomes a folder: nothing else may."""
    if not _PART.fullmatch(part):
        raise AtlasError(f"cannot be part of an address: {part!r}")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _searched(searched: Searched, bound: bool) -> str:
    match searched:
        case Searched.NOT_SEARCHED if bound:
            return (
                "Nobody has searched the law of this place itself. What you see below is wider "
                "law that binds here; a local rule may be stricter."
            )
        case Searched.NOT_SEARCHED:
            return (
                "Nobody has researched the law of this place yet. That says nothing about "
                "whether kratom is lawful there."
            )
        case Searched.NONE:
            return (
                "A search of its own law found nothing that names kratom; see where we looked. "
                "That is no statement that kratom is lawful."
            )
    return ""


def _deeper(count: int) -> str:
    return f"Further inside: {_count(count, 'more place')} with law of their own." if count else ""


def _grouped(rules: Sequence[Rule]) -> list[dict[str, object]]:
    groups: dict[str, list[Rule]] = {}
    for rule in rules:
        groups.setdefault(rule.standing.label, []).append(rule)
    return [{"label": k, "count": len(found), "rules": found} for k, found in groups.items()]


def _conditions(age: int, caps: Sequence[str]) -> str:
    parts = [f"minimum age {age}"] if age else []
    parts.extend(f"7-OH at most {cap.replace('-', ' ')}" for cap in caps)
    return "; ".join(parts)


def _day_line(day: str, found: Sequence[Entry]) -> dict[str, object]:
    shown = found if len(found) <= _DAY_LINES + 1 else found[:_DAY_LINES]
    return {
        "date": day,
        "words": day_words(day),
        "entries": [
            {"place": e.name, "subject": lower(e.subject), "sentence": e.sentence} for e in shown
        ],
        "more": f"and {len(found) - len(shown)} more" if len(found) > len(shown) else "",
    }


def _cell(cell: Cell, say: Language) -> dict[str, object]:
    notes = []
    if cell.min_age:
        notes.append(say.t("age {age}", age=cell.min_age))
    if cell.own is not cell.total and cell.own is not Status.UNKNOWN:
        notes.append(say.t("own law: {status}", status=say.inside(cell.own)))
    notes.extend(_flag_note(flag, cell, say) for flag in _SHOWN_FLAGS if flag in cell.flags)
    return {
        "rank": cell.total.rank,
        "status": cell.total,
        "label": escape(say.word(cell.total)),
        "symbol": words.SYMBOLS[cell.total],
        "notes": escape(" · ".join(notes)),
    }


_SHOWN_FLAGS: Final = (
    *(Flag.INCOMING, Flag.TEMPORARY, Flag.LOCAL_RULES, Flag.CONTESTED),
    *(Flag.EXTENT_UNKNOWN, Flag.REPORTED_ONLY),
)


def _flag_note(flag: Flag, cell: Cell, say: Language) -> str:
    if flag is Flag.INCOMING and cell.incoming:
        return say.t("change coming {day}", day=cell.incoming)
    if flag is Flag.TEMPORARY and cell.until:
        return say.t("until {day}", day=cell.until)
    return say.inside(flag)


def _key(name: str) -> str:
    """What a name is ordered by: without accents."""
    letters = unicodedata.normalize("NFD", inert(name))
    return "".join(c for c in letters if not unicodedata.combining(c))

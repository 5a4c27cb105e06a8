"""The tables of the dataset, computed on columns from one view of the record.

`FIELDS` is the one dictionary of columns: the files, `datapackage.json` and the documentation of
the dataset all follow it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd

from kratom_atlas import changes
from kratom_atlas.crawl.health import SourceState, Survey
from kratom_atlas.model.change import Change
from kratom_atlas.model.crawling import Health
from kratom_atlas.model.time import FAR_FUTURE
from kratom_atlas.model.values import Evidence, Instrument, Provision
from kratom_atlas.model.vocabulary import (
    ActivityStatus,
    Flag,
    Searched,
    Stage,
    Status,
    Substance,
    Verification,
)
from kratom_atlas.resolve.engine import Answers, world
from kratom_atlas.resolve.explain import flags_of
from kratom_atlas.resolve.history import History, history, representatives
from kratom_atlas.resolve.record import CAP_UNITS, Bools, Ints, Record, View

__all__ = ["FIELDS", "HAND_RESEARCH", "KEYS", "PASSING", "Edition", "Field", "passing"]

HAND_RESEARCH: Final = "hand-research"
"""Source id of what people read by hand; scrapers have their own ids."""


@dataclass(frozen=True)
class Field:
    """One column: its Frictionless type and what it says."""

    type: str
    description: str
    required: bool = False


_ID = Field("string", "Open Civic Data division id, or x-eu, x-un.", required=True)
_CODE = Field(
    "string", "ISO 3166 code; below it the ISO code, a dash and the Census GEOID.", required=True
)
_SUBSTANCE = Field("string", "Substance id of the codebook.", required=True)
_DATE = "A date as precise as its source (YYYY, YYYY-MM or YYYY-MM-DD)"

FIELDS: Final[Mapping[str, Mapping[str, Field]]] = {
    "status": {
        "jurisdiction_id": _ID,
        "code": _CODE,
        "name": Field("string", "Name in English.", required=True),
        "level": Field("string", "Level of the jurisdiction.", required=True),
        "parent_id": Field("string", "Division id of the next level up."),
        "substance": _SUBSTANCE,
        "own_status": Field("string", "What the place's own law says.", required=True),
        "total_status": Field("string", "What all law that binds there says.", required=True),
        "possess_status": Field("string", "Possession, by all law that binds there."),
        "sell_status": Field("string", "Retail sale, by all law that binds there."),
        "since": Field("string", f"{_DATE}: first day of this total status; empty = not known."),
        "until": Field("string", f"{_DATE}: first day of the next, where one is enacted."),
        "flags": Field("string", "Flags of the codebook, joined by `;`."),
        "min_age": Field("integer", "Strictest minimum age, in years."),
        "seven_oh_cap": Field("string", "Strictest 7-OH caps: `value unit kind`, joined by `;`."),
        "instrument": Field("string", "The act that decides the total status."),
        "citation": Field("string", "Its citation."),
        "source_url": Field("string", "Address of the evidence."),
        "verification": Field("string", "Weakest evidence that the status depends on."),
        "last_checked": Field("string", "Day of the last look at what decides; empty = never."),
        "last_changed": Field("string", f"{_DATE}: the last change of law."),
        "provision_ids": Field("string", "Provisions that decide possession and sale."),
    },
    "status_history": {
        "jurisdiction_id": _ID,
        "code": _CODE,
        "substance": _SUBSTANCE,
        "own_status": Field("string", "What the place's own law said.", required=True),
        "total_status": Field("string", "What all law that bound there said.", required=True),
        "possess_status": Field("string", "Possession, by all law that bound there."),
        "sell_status": Field("string", "Retail sale, by all law that bound there."),
        "valid_from": Field("string", f"{_DATE}: first day; empty = not known."),
        "valid_to": Field("string", f"{_DATE}: first day no longer; empty = open or not known."),
        "flags": Field("string", "Flags that depend on the law, joined by `;`."),
        "provision_ids": Field("string", "Provisions that decide possession and sale."),
        "verification": Field("string", "Weakest evidence that the status depends on."),
        "min_age": Field("integer", "Strictest minimum age, in years."),
        "seven_oh_cap": Field("string", "Strictest 7-OH caps: `value unit kind`, joined by `;`."),
        "seen_from": Field("string", "First day for which this can be said (not a day of law)."),
        "seen_to": Field("string", "First day for which it can no longer be said."),
    },
    "changes": {
        "change_id": Field("string", "Natural key of the change.", required=True),
        "date": Field("string", f"{_DATE}: the day of law; empty = not known."),
        "kind": Field("string", "law, knowledge or correction.", required=True),
        "jurisdiction_id": _ID,
        "code": Field(
            "string",
            "Code of the place whose own law is part of the change; what others merely inherit "
            "stands at the place they inherit it from.",
            required=True,
        ),
        "substance": _SUBSTANCE,
        "from_status": Field("string", "Before.", required=True),
        "to_status": Field("string", "After.", required=True),
        "own_or_total": Field("string", "Whether own law or all law that binds.", required=True),
        "activity": Field("string", "The activity; empty = the place's word."),
        "provision_ids": Field("string", "Provisions that explain it, joined by `;`."),
        "recorded_at": Field("string", "When this dataset came to say so.", required=True),
        "summary": Field("string", "The change in words.", required=True),
    },
    "provisions": {
        "provision_id": Field("string", "Natural key; part of a permanent address.", required=True),
        "jurisdiction_id": _ID,
        "code": _CODE,
        "substances": Field("string", "Substances reached, joined by `;`.", required=True),
        "activities": Field("string", "Activities reached, joined by `;`.", required=True),
        "effect": Field("string", "Effect of the codebook.", required=True),
        "qualifiers": Field("string", "Conditions, as JSON."),
        "extent": Field("string", "Which part of a local place it covers.", required=True),
        "valid_from": Field("string", f"{_DATE}: first day; empty = not known."),
        "valid_to": Field("string", f"{_DATE}: first day no longer; empty = open."),
        "instrument_id": Field("string", "The act.", required=True),
        "citation": Field("string", "Citation.", required=True),
        "source_url": Field("string", "Address of the best evidence."),
        "evidence_sha256": Field("string", "SHA-256 of the bytes read, where they were kept."),
        "verification": Field("string", "How good the evidence is.", required=True),
        "recorded_at": Field("string", "When this was recorded.", required=True),
        "schedule": Field("string", "The schedule as written."),
        "seen_from": Field("string", "First day seen in force, where the first day is not known."),
        "contested": Field("string", "Who says otherwise."),
        "targets": Field("string", "Provisions that a repeal or stay names."),
        "quote": Field("string", "The words of the text, where they were seen."),
        "locator": Field("string", "Where in the source."),
        "retrieved": Field("string", "Day on which the evidence was read.", required=True),
        "note": Field("string", "Our note."),
    },
    "instruments": {
        "instrument_id": Field("string", "Natural key.", required=True),
        "jurisdiction_id": _ID,
        "kind": Field("string", "Kind of legal act.", required=True),
        "session": Field("string", "Legislative session of a bill or act."),
        "number": Field("string", "Number in that session."),
        "title": Field("string", "Title.", required=True),
        "stage": Field("string", "Stage on the as-of day.", required=True),
        "introduced": Field("string", _DATE),
        "enacted": Field("string", _DATE),
        "effective": Field("string", _DATE),
        "url": Field("string", "Address."),
        "verification": Field("string", "How good the evidence is.", required=True),
        "note": Field("string", "Our note."),
    },
    "jurisdictions": {
        "jurisdiction_id": _ID,
        "code": _CODE,
        "name": Field("string", "Name in English.", required=True),
        "level": Field("string", "Level.", required=True),
        "parent_id": Field("string", "Division id of the next level up."),
        "geoid": Field("string", "Census GEOID."),
        "searched": Field("string", "found, none or not-searched.", required=True),
        "last_checked": Field("string", "Day of the last look at its own law."),
        "counties": Field("string", "Counties a municipality lies in, joined by `;`."),
        "lat": Field("number", "Latitude of a local place, degrees."),
        "lon": Field("number", "Longitude of a local place, degrees."),
    },
    "sources": {
        "source_id": Field("string", "Key of the source.", required=True),
        "publisher": Field("string", "Who publishes it.", required=True),
        "covers": Field("string", "Jurisdictions covered."),
        "kind": Field("string", "Kind of source.", required=True),
        "schedule": Field("string", "When it is read: a crontab line in UTC; empty = by hand."),
        "last_success": Field("string", "Day of the last successful look; empty = none here."),
        "last_change": Field("string", "Day on which something new was last recorded."),
        "health": Field("string", f"How it is doing: {', '.join(Health)}.", required=True),
        "title": Field("string", "Its name.", required=True),
        "homepage": Field("string", "Where it says what it is."),
        "licence": Field("string", "Licence of what it publishes."),
        "terms": Field("string", "On what terms it may be read by machines."),
        "key": Field("string", "Variable of the key that it needs or can use."),
        "cadence_days": Field("integer", "So many days without a change are usual."),
        "off": Field("string", "Why it is not read at all."),
        "alarm": Field("string", "That it fell silent, in words."),
    },
}
"""Table -> column -> field, in the order of the contract; what is beyond it stands at the end."""

PASSING: Final = ("last_success", "last_change", "health", "alarm")
"""Columns of `sources` that every crawl may move: they make no new release by themselves."""

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("jurisdiction_id", "substance"),
    "status_history": ("jurisdiction_id", "substance", "valid_from", "seen_from"),
    "changes": ("change_id",),
    "provisions": ("provision_id",),
    "instruments": ("instrument_id",),
    "jurisdictions": ("jurisdiction_id",),
    "sources": ("source_id",),
}
"""The columns that name a row; rows are sorted by them, intervals by their first day."""

_STATUSES = np.array([str(s) for s in Status], dtype=object)
_ACTIVITY_STATUSES = np.array([str(s) for s in ActivityStatus], dtype=object)
_SUBSTANCES = np.array([str(s) for s in Substance], dtype=object)
_VERIFICATIONS = np.array([*(str(v) for v in Verification), None], dtype=object)
_OF_THE_DAY = sum(1 << f.rank for f in (Flag.STALE, Flag.INCOMING, Flag.TEMPORARY))
"""Flags that say where the reader stands in time, and have no place in a history."""
_SILENT = (Status.UNKNOWN.rank, Status.NO_SPECIFIC_LAW.rank)
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")


class Edition:
    """Everything published of one (as-of day, known moment): the tables and what they rest on.

    `survey` says how the sources were doing; without one only research by hand is listed.
    `published` are the `passing` columns of a dataset that is compared with this edition.
    """

    def __init__(
        self,
        record: Record,
        as_of: int,
        known: int | None = None,
        survey: Survey | None = None,
        published: pd.DataFrame | None = None,
    ) -> None:
        self.record = record
        self._published = published
        self.survey = survey or Survey()
        self.view: View = record.at(known)
        self.as_of = as_of
        self.today: str = date.fromordinal(as_of).isoformat()

    # -- what is resolved ----------------------------------------------------------------------

    @cached_property
    def now(self) -> Answers:
        """Answers for every place on the as-of day."""
        return world(self.view, self.as_of)

    @cached_property
    def like(self) -> Ints:
        """For each place, the one whose history it shares."""
        return representatives(self.record, self.view)

    @cached_property
    def past(self) -> History:
        """The history of every place that does not share another's."""
        return history(self.view, np.unique(self.like))

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Every change: of law over all valid time, and of what later batches made us say."""
        own = self.view.spoken[self.past.place]
        law = changes.from_history(self.view, _only(self.past, own))
        found = {c.id: c for c in (*law, *self._said_otherwise())}
        return tuple(found[key] for key in sorted(found))

    def _said_otherwise(self) -> Iterator[Change]:
        """What each batch after the first made us say otherwise."""
        moments = [m for m in self.record.moments if self.record.before(m, self.view.known)]
        for earlier, moment in pairwise(moments):
            before, after = (self.record.at(self.record.bound(m)) for m in (earlier, moment))
            yield from changes.knowledge(self.record, moment, before, after)

    # -- tables --------------------------------------------------------------------------------

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables, in the order and with the columns of `FIELDS`, sorted by key."""
        made = {
            "status": self._status(),
            "status_history": self._history(),
            "changes": self._changes(),
            "provisions": self._provisions(),
            "instruments": self._instruments(),
            "jurisdictions": self._jurisdictions(),
        }
        finished = {name: _finish(name, frame) for name, frame in made.items()}
        return {**finished, "sources": self.sources}

    @cached_property
    def recorded_until(self) -> str:
        """The last moment at which something was recorded that this edition knows."""
        moments = [m for m in self.record.moments if self.record.before(m, self.view.known)]
        return moments[-1] if moments else ""

    @cached_property
    def last_look(self) -> str:
        """The newest day on which anything was looked at."""
        return _days(self.view.last_looks().max(initial=0))

    @cached_property
    def places(self) -> pd.DataFrame:
        """Identity of every place, in the order of the record."""
        places = self.record.places
        return pd.DataFrame(
            {
                "jurisdiction_id": [p.id for p in places],
                "code": [p.code for p in places],
                "name": [p.name for p in places],
                "level": [str(p.level) for p in places],
                "parent_id": [p.parent for p in places],
                "geoid": [p.geoid for p in places],
                "counties": [";".join(p.counties) or None for p in places],
                "lat": [p.lat for p in places],
                "lon": [p.lon for p in places],
            }
        )

    def _status(self) -> pd.DataFrame:
        now = self.now
        frame = self._cells(now.place)
        frame["own_status"] = _STATUSES[now.own.ravel()]
        frame["total_status"] = _STATUSES[now.total.ravel()]
        frame["possess_status"] = _ACTIVITY_STATUSES[now.total_rank[:, :, 0].ravel()]
        frame["sell_status"] = _ACTIVITY_STATUSES[now.total_rank[:, :, 1].ravel()]
        frame["flags"] = _flag_words(now.flags.ravel())
        frame["min_age"] = _ages(now.min_age.ravel())
        frame["seven_oh_cap"] = _caps(now)
        shown = _shown(now).ravel()
        for column, values in self._of_provisions.items():
            frame[column] = values[shown]
        of_search = (shown < 0) & (now.verification.ravel() >= 0)
        frame["source_url"] = _where(
            of_search, self._search_urls[frame["place"], frame["s"]], frame["source_url"]
        )
        frame["provision_ids"] = self._ids(now)
        frame["verification"] = _VERIFICATIONS[now.verification.ravel()]
        frame["last_checked"] = _day_words(now.last_checked.ravel())
        spans = self._spans.set_index(["like", "s"])
        at = pd.MultiIndex.from_arrays([self.like[frame["place"]], frame["s"]])
        for column in ("since", "until", "last_changed"):
            frame[column] = spans[column].reindex(at).to_numpy()
        return frame

    def _cells(self, place: Ints) -> pd.DataFrame:
        """Place by substance, with identity."""
        n = np.repeat(place, len(Substance))
        frame = self.places.take(n).reset_index(drop=True)
        frame["place"] = n
        frame["s"] = np.tile(np.arange(len(Substance)), len(place))
        frame["substance"] = _SUBSTANCES[frame["s"]]
        return frame

    @cached_property
    def _of_provisions(self) -> dict[str, Any]:
        """What a status shows of its deciding provision, by row; the last entry is "none"."""
        bodies = self.record.provisions.bodies
        instruments = self.view.instruments
        best = [_best(p.evidence) for p in bodies]

        def named(p: Provision) -> str:
            instrument = instruments.get(p.instrument)
            return instrument.short if instrument else p.instrument

        return {
            "instrument": np.array([*(named(p) for p in bodies), None], dtype=object),
            "citation": np.array([*(p.citation for p in bodies), None], dtype=object),
            "source_url": np.array([*(e.url for e in best), None], dtype=object),
        }

    @cached_property
    def _search_urls(self) -> Any:
        """(places, substances): the address of the last search."""
        urls = np.full((len(self.record.places), len(Substance)), None, dtype=object)
        searches = self.record.searches
        for row in sorted(self.view.search_rows.tolist(), key=lambda r: searches.on[r]):
            for substance in searches.bodies[row].substances:
                urls[searches.place[row], substance.rank] = searches.bodies[row].url
        return urls

    def _ids(self, answers: Answers) -> Any:
        """Ids of the provisions that decide possession and sale, joined."""
        ids = np.array([*(p.id for p in self.record.provisions.bodies), ""], dtype=object)
        possess = ids[answers.decides[:, :, 0].ravel()]
        sell = ids[answers.decides[:, :, 1].ravel()]
        both = (possess != "") & (sell != "") & (possess != sell)
        joined = _where(both, possess + ";" + sell, np.where(possess != "", possess, sell))
        return _where(joined != "", joined)

    # -- history -------------------------------------------------------------------------------

    @cached_property
    def _runs(self) -> pd.DataFrame:
        """Each run of equal answers, by (like, substance), in order of time."""
        return self.runs(self.past, flags=~_OF_THE_DAY)

    def runs(self, past: History, *, flags: int, **more: Ints) -> pd.DataFrame:
        """Each run of equal answers in a history, by (like, substance), in order of time.

        `flags` is the mask of the flags that make another answer; `more` are further columns, of
        one number for each segment and substance, that do.
        """
        answers = past.answers
        count = len(Substance)
        frame = pd.DataFrame(
            {
                "like": np.repeat(past.place, count),
                "s": np.tile(np.arange(count), len(past.place)),
                "start": np.repeat(past.start, count),
                "end": np.repeat(past.end, count),
                "legal": past.legal.ravel(),
                "precision": past.precision.ravel(),
                "seen": np.repeat(past.seen, count),
                "own": answers.own.ravel(),
                "total": answers.total.ravel(),
                "possess": answers.total_rank[:, :, 0].ravel(),
                "sell": answers.total_rank[:, :, 1].ravel(),
                "flags": answers.flags.ravel() & flags,
                "age": answers.min_age.ravel(),
                "verification": answers.verification.ravel(),
                "provision_ids": self._ids(answers),
                "seven_oh_cap": _caps(answers),
                **{name: column.ravel() for name, column in more.items()},
            }
        ).sort_values(["like", "s", "start"], kind="stable", ignore_index=True)
        said = frame.drop(columns=["start", "end", "legal", "precision", "seen"]).fillna("")
        new = (said != said.shift()).any(axis=1)
        runs = frame[new].reset_index(drop=True)
        runs["end"] = frame["end"].to_numpy()[np.append(np.flatnonzero(new)[1:], len(frame)) - 1]
        # A day of law is one on which the law moved, and not a flag or the evidence alone.
        content = runs[["own", "total", "possess", "sell", "age", "seven_oh_cap"]].fillna("")
        quiet = runs[["own", "total"]].isin(_SILENT).all(axis=1)
        moved = (content != content.shift()).any(axis=1) & ~(quiet & quiet.shift(fill_value=False))
        runs["legal"] &= moved
        runs["precision"] = runs["precision"].where(runs["legal"], runs["seen"])
        return runs

    @cached_property
    def _spans(self) -> pd.DataFrame:
        """For each (like, substance): since, until and last_changed on the as-of day."""
        runs = self._runs
        group = runs["like"] * len(Substance) + runs["s"]
        word = runs[["total", "possess", "sell"]]
        begins = (word != word.shift()).any(axis=1) | (group != group.shift())
        spell = begins.cumsum()
        first = runs.loc[begins].reset_index(drop=True)
        current = runs[(runs["start"] <= self.as_of) & (self.as_of < runs["end"])]
        here = spell.loc[current.index].to_numpy() - 1
        following = np.minimum(here + 1, len(first) - 1)
        same = group[begins].to_numpy()
        has_next = (here + 1 < len(first)) & (same[following] == same[here])
        label = _where(first["legal"], _labels(first["start"], first["precision"]), None)
        moved = runs[runs["legal"] & (runs["start"] <= self.as_of) & (group == group.shift())]
        last = moved.groupby(["like", "s"])[["start", "precision"]].last().reset_index()
        last["last_changed"] = _labels(last["start"], last["precision"])
        spans = pd.DataFrame(
            {
                "like": current["like"].to_numpy(),
                "s": current["s"].to_numpy(),
                "since": label[here],
                "until": _where(has_next, label[following], None),
            }
        )
        return spans.merge(last[["like", "s", "last_changed"]], on=["like", "s"], how="left")

    def _history(self) -> pd.DataFrame:
        runs = self._runs
        group = runs["like"] * len(Substance) + runs["s"]
        label = pd.Series(_labels(runs["start"], runs["precision"]), dtype=object)
        legal = runs["legal"].to_numpy()
        open_start = group != group.shift()
        open_end = (group != group.shift(-1)).to_numpy()
        next_label = label.shift(-1).to_numpy()
        next_legal = np.append(legal[1:], False)
        runs = runs.assign(
            valid_from=_where(legal & ~open_start, label, None),
            seen_from=_where(~legal & ~open_start, label, None),
            valid_to=_where(~open_end & next_legal, next_label, None),
            seen_to=_where(~open_end & ~next_legal, next_label, None),
        )
        silent = (runs["own"] == Status.UNKNOWN.rank) & (runs["total"] == Status.UNKNOWN.rank)
        runs = runs[~silent]
        # Give every place the runs of the one it is like.
        places = self.places[["jurisdiction_id", "code"]].assign(like=self.like)
        frame = places.merge(runs, on="like", how="inner")
        frame["substance"] = _SUBSTANCES[frame["s"]]
        frame["own_status"] = _STATUSES[frame["own"]]
        frame["total_status"] = _STATUSES[frame["total"]]
        frame["possess_status"] = _ACTIVITY_STATUSES[frame["possess"]]
        frame["sell_status"] = _ACTIVITY_STATUSES[frame["sell"]]
        frame["flags"] = _flag_words(frame["flags"].to_numpy())
        frame["verification"] = _VERIFICATIONS[frame["verification"]]
        frame["min_age"] = _ages(frame["age"].to_numpy())
        return frame

    # -- the record itself ---------------------------------------------------------------------

    def _changes(self) -> pd.DataFrame:
        return pd.DataFrame(
            [
                (
                    c.id,
                    c.date or None,
                    str(c.kind),
                    c.jurisdiction.id,
                    c.jurisdiction.code,
                    str(c.substance),
                    str(c.before),
                    str(c.after),
                    c.scope,
                    str(c.activity) if c.activity else None,
                    ";".join(c.provisions) or None,
                    c.recorded_at,
                    c.summary,
                )
                for c in self.changes
            ],
            columns=list(FIELDS["changes"]),
        )

    def _provisions(self) -> pd.DataFrame:
        table = self.record.provisions
        rows = []
        for n in self.view.provision_rows.tolist():
            p, line = table.bodies[n], table.versions[n].line
            best = _best(p.evidence)
            qualifiers = msgspec.json.encode(p.qualifiers, order="deterministic").decode()
            rows.append(
                (
                    p.id,
                    p.jurisdiction,
                    self.record.places[int(table.place[n])].code,
                    ";".join(p.substances),
                    ";".join(p.activities),
                    str(p.effect),
                    qualifiers if qualifiers != "{}" else None,
                    str(p.extent),
                    p.from_,
                    p.to,
                    p.instrument,
                    p.citation,
                    best.url,
                    best.sha256,
                    str(p.verification),
                    line.recorded_at,
                    p.schedule,
                    p.attested,
                    p.contested,
                    ";".join(p.targets) or None,
                    best.quote,
                    best.locator,
                    best.retrieved,
                    p.note,
                )
            )
        return pd.DataFrame(rows, columns=list(FIELDS["provisions"]))

    def _instruments(self) -> pd.DataFrame:
        return pd.DataFrame(
            [
                (
                    i.id,
                    i.jurisdiction,
                    str(i.kind),
                    i.session,
                    i.number,
                    i.title,
                    str(self.stage(i)),
                    i.introduced,
                    i.enacted,
                    i.effective,
                    i.url,
                    str(i.verification),
                    i.note,
                )
                for i in self.view.instruments.values()
            ],
            columns=list(FIELDS["instruments"]),
        )

    @cached_property
    def by_instrument(self) -> dict[str, list[Provision]]:
        """The provisions of each instrument; then those that it proposes."""
        found: dict[str, list[Provision]] = {}
        for n in self.view.provision_rows.tolist():
            body = self.record.provisions.bodies[n]
            found.setdefault(body.instrument, []).append(body)
        for version in self.view.proposed.values():
            assert isinstance(version.body, Provision)
            found.setdefault(version.body.instrument, []).append(version.body)
        return found

    def stage(self, instrument: Instrument) -> Stage:
        """The stage on the as-of day: what is enacted comes into force, and ends, by its dates."""
        if instrument.stage is not Stage.ENACTED:
            return instrument.stage
        if instrument.ends and instrument.ends.lo <= self.as_of:
            return Stage.EXPIRED
        provisions = self.by_instrument.get(instrument.id, [])
        begins = [p.first for p in provisions]
        days = [d.lo for d in (instrument.effective, *begins) if d]
        if not days or min(days) > self.as_of:
            return Stage.ENACTED
        if provisions and all(p.to and p.to.lo <= self.as_of for p in provisions):
            return Stage.REPEALED
        return Stage.IN_FORCE

    def _jurisdictions(self) -> pd.DataFrame:
        words = np.array([str(w) for w in (Searched.NOT_SEARCHED, Searched.NONE, Searched.FOUND)])
        return self.places.assign(
            searched=words[self.view.searched()],
            last_checked=_day_words(self.view.last_looks()),
        )

    @cached_property
    def sources(self) -> pd.DataFrame:
        """The table of sources, which needs nothing of the others."""
        return _finish("sources", self._sources())

    def _sources(self) -> pd.DataFrame:
        by_hand = {
            "source_id": HAND_RESEARCH,
            "publisher": "Kratom Atlas",
            "covers": "every jurisdiction with a master sheet",
            "kind": "manual",
            "last_success": self.last_look or None,
            "last_change": self.recorded_until[:10] or None,
            "health": str(Health.FRESH if self.recorded_until else Health.NEVER_RUN),
            "title": "Research by hand",
        }
        rows = [by_hand, *(_source_row(one) for one in self.survey.sources)]
        table = pd.DataFrame(rows, columns=list(FIELDS["sources"]))
        if self._published is not None:
            told = self._published.reindex(table["source_id"])
            known = table["source_id"].isin(self._published.index).to_numpy()
            for column in PASSING:
                table[column] = _where(known, told[column].to_numpy(), table[column])
        return table


def passing(table: pd.DataFrame) -> pd.DataFrame:
    """What crawls may move of a table of sources: not of research by hand, which is the record."""
    return table[table["source_id"] != HAND_RESEARCH].set_index("source_id")[list(PASSING)]


def _source_row(state: SourceState) -> dict[str, Any]:
    source = state.source
    return {
        "source_id": source.id,
        "publisher": source.publisher,
        "covers": ";".join(source.covers),
        "kind": str(source.kind),
        "schedule": source.schedule,
        "last_success": state.last_success[:10] or None,
        "last_change": state.last_change[:10] or None,
        "health": str(state.health),
        "title": source.title,
        "homepage": source.homepage,
        "licence": source.licence,
        "terms": source.terms,
        "key": source.key.env if source.key else None,
        "cadence_days": source.cadence,
        "off": source.off,
        "alarm": state.alarm or None,
    }


def _where(mask: Any, text: Any, otherwise: Any = None) -> Any:
    """`text` where `mask`, as objects: the absent stay absent."""
    return np.where(mask, np.asarray(text, dtype=object), otherwise)


def clean(text: str) -> str:
    """`text` on one line, and never a formula in a spreadsheet."""
    flat = _CONTROLS.sub(" ", text)
    return f"'{flat}" if _FORMULA.match(flat) else flat


def _finish(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of the contract, text made safe, rows sorted by key."""
    fields = FIELDS[name]
    frame = frame[list(fields)]
    columns: dict[str, Any] = {}
    for column, spec in fields.items():
        values = frame[column]
        if spec.type == "string":
            unique = {v: clean(str(v)) for v in values.dropna().unique()}
            columns[column] = values.map(unique, na_action="ignore").astype("str")
        elif spec.type == "integer":
            columns[column] = values.astype("Int64")
        else:
            columns[column] = values.astype("float64")
    finished = pd.DataFrame(columns)
    order = finished[list(KEYS[name])].fillna("")
    if name == "status_history":  # in order of time, whichever kind of day an interval begins on
        order["valid_from"] = order["valid_from"].where(
            order["valid_from"] != "", order["seen_from"]
        )
    rows = order.sort_values(list(KEYS[name]), kind="stable").index
    return finished.loc[rows].reset_index(drop=True)


def _only(of: History, mask: Bools) -> History:
    rows = np.flatnonzero(mask)
    return History(
        of.start[rows], of.end[rows], of.precision[rows], of.seen[rows], of.answers.take(rows)
    )


def _shown(answers: Answers) -> Ints:
    """The row of the provision that a status shows: of possession if it decides, else of sale."""
    possess, sell = answers.total_rank[:, :, 0], answers.total_rank[:, :, 1]
    first = (possess == ActivityStatus.UNLAWFUL.rank) | (possess > sell)
    return np.where(first, answers.decides[:, :, 0], answers.decides[:, :, 1])


def _best(evidence: Sequence[Evidence]) -> Evidence:
    """The evidence to show: quoted before unquoted, with an address before without."""
    return max(evidence, key=lambda e: (e.quote is not None, e.url is not None))


def _flag_words(masks: Ints) -> Any:
    distinct, at = np.unique(masks, return_inverse=True)
    words = [";".join(flags_of(int(mask))) or None for mask in distinct]
    return np.array(words, dtype=object)[at]


def _caps(answers: Answers) -> Any:
    flat = answers.caps.reshape(-1, len(CAP_UNITS))
    distinct, at = np.unique(flat, axis=0, return_inverse=True)
    words = [
        ";".join(
            unit.amount(value)
            for unit, value in zip(CAP_UNITS, row.tolist(), strict=True)
            if value != float("inf")
        )
        or None
        for row in distinct
    ]
    return np.array(words, dtype=object)[at.ravel()]


def _ages(ages: Ints) -> Any:
    return pd.arrays.IntegerArray(ages.copy(), ages == 0)


def _days(ordinal: int) -> str:
    return date.fromordinal(int(ordinal)).isoformat() if 0 < ordinal < FAR_FUTURE else ""


def _day_words(days: Ints) -> Any:
    distinct, at = np.unique(days, return_inverse=True)
    return np.array([_days(d) or None for d in distinct], dtype=object)[at]


def _labels(days: Iterable[int], precision: Iterable[int]) -> Any:
    return np.array(
        [_days(d)[: int(p)] for d, p in zip(days, precision, strict=True)], dtype=object
    )

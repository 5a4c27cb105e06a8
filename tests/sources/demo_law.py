"""The second half of `make demo SAMPLES=DIR`: from what was crawled to the map and the report.

The acts among the samples that became law are first taken out of the record, so that what is seen
is the machine's alone: it reads them and proposes, its policies accept what is safe, and a reviewer
who agrees to whatever may be accepted stands in for a person. All in a store that is thrown away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from kratom_atlas import __version__
from kratom_atlas.build import draw
from kratom_atlas.changes import knowledge
from kratom_atlas.crawl.registry import find_scrapers
from kratom_atlas.model.proposal import ProposalKind
from kratom_atlas.model.reading import Reading, Relevance
from kratom_atlas.model.statement import Line, known_bound
from kratom_atlas.model.values import Jurisdiction
from kratom_atlas.model.vocabulary import lower
from kratom_atlas.read.instruments import Bill, bills
from kratom_atlas.register import load_register, packaged_sheets
from kratom_atlas.release.tables import Edition
from kratom_atlas.report.diff import Context, render
from kratom_atlas.resolve.record import Record
from kratom_atlas.review.desk import Desk
from kratom_atlas.review.propose import Read, origin_of
from kratom_atlas.review.standing import stand
from kratom_atlas.review.texts import ToRead, read_one, to_read
from kratom_atlas.review.update import update
from kratom_atlas.site.pages import HOW_TO_REPORT, Meta
from kratom_atlas.store.captures import Captures
from kratom_atlas.store.crawls import Archive, moment
from kratom_atlas.store.database import open_store
from kratom_atlas.store.ledger import read_batches
from kratom_atlas.store.proposals import ProposalError, Proposals

Say = Callable[[str], None]


def show(home: Path, out: Path, say: Say) -> None:
    """Do it, say what happened, and leave two maps and the report in `out`."""
    register = load_register(packaged_sheets())
    recorded = [
        line for batch in read_batches(packaged_sheets() / "ledger") for line in batch.lines
    ]
    with open_store(f"sqlite:///{home / 'atlas.sqlite'}") as store:
        archive, captures = Archive(store), Captures(home / "captures")
        observed = bills(archive.standing())
        law = [bill for bill in observed if bill.shown.stage.is_law]
        kept = list(_without(law, recorded, register))
        say(
            f"{len(law)} of {len(observed)} bills became law; what the record says of them is set "
            f"aside: {len(recorded) - len(kept)} of {len(recorded):,} lines"
        )
        store.append(kept)
        desk = Desk(Proposals(store), register)
        codes = {key: place.code for key, place in desk.standing().places.items()}
        readings: dict[str, Reading] = {}

        def read(one: ToRead) -> Read | None:
            reading, marked = read_one(one, captures, codes)
            if marked is None or one.document is None:
                return None
            readings[one.document.key] = reading
            return Read(reading, marked, __version__)

        declared = [row for one in find_scrapers().values() for row in (one.source, *one.sources())]
        origins = {source.id: origin_of(source) for source in declared}
        now = datetime.now(UTC)
        done = update(archive, desk, read, origins, reader=__version__, now=now)
        relevance = Counter(reading.relevance for reading in readings.values())
        found = ", ".join(f"{relevance[word]} {lower(word.label)}" for word in Relevance)
        say(f"{done.texts} texts read: {found}; {done.unread} bills without a text")
        unread = sum(len(reading.unread) for reading in readings.values())
        findings = sum(len(reading.findings) for reading in readings.values())
        say(f"{findings} rules understood, {unread} places that name kratom not")
        say(f"{done.made.proposed} proposals; accepted by policy: {done.accepted or 'none'}\n")
        _became_law(archive, law, readings, say)
        first = max(line.recorded_at for line in store.lines())
        at = moment(max(now, datetime.fromisoformat(first)) + timedelta(seconds=1))
        _agree(desk, at, say)
        record = Record(store.lines(), register)
    _maps(record, first, at, out, say)


def _without(
    law: Iterable[Bill], lines: list[Line], register: Mapping[str, Jurisdiction]
) -> Iterable[Line]:
    """The lines of a record that are not about the acts."""
    standing = stand(lines, register)
    acts = {
        instrument.id
        for bill in law
        for instrument in standing.numbered_like(
            bill.shown.jurisdiction, bill.shown.session, bill.shown.number or "",
            bill.shown.introduced, bill.shown.enacted,
        )
    }  # fmt: skip
    gone = {p.id for p in standing.provisions.values() if p.instrument in acts}
    gone |= {p.id for p in standing.provisions.values() if gone.intersection(p.targets)}
    return (line for line in lines if line.subject not in acts | gone)


def _became_law(archive: Archive, law: list[Bill], readings: dict[str, Reading], say: Say) -> None:
    """Which became law, and what each changes on which day, as read."""
    texts = {one.bill.shown.key: one for one in to_read(archive.standing()) if one.bill}
    for bill in law:
        one = texts[bill.shown.key]
        reading = readings.get(one.document.key) if one.document else None
        say(f"{bill.shown.key}: enacted {bill.shown.enacted or '?'}: {bill.shown.title[:70]}")
        if reading is None:
            say("    no text of it is held")
            continue
        final = "" if one.is_final else ", in a text that is not the final one"
        say(f"    {lower(reading.relevance.label)}{final}: {reading.because}")
        for finding in reading.findings:
            subject = ", ".join(lower(word.label) for word in finding.substances)
            what = ", ".join(finding.activities)
            say(
                f"    {finding.from_ or 'day not known'}: {lower(finding.effect.label)}"
                f"{' ' + finding.schedule if finding.schedule else ''} {subject} ({what}); "
                f"{lower(finding.novelty.label)}"
            )
        for gap in reading.unread:
            say(f"    not understood: {gap.why}")
    say("")


def _agree(desk: Desk, at: str, say: Say) -> None:
    """Accept whatever may be: first the acts, then what they do."""
    taken: Counter[ProposalKind] = Counter()
    refused: Counter[str] = Counter()
    for kinds in ((ProposalKind.INSTRUMENT,), (ProposalKind.PROVISION, ProposalKind.END)):
        for entry in desk.proposals.entries():
            one = entry.proposal
            if not entry.state.is_open or one.kind not in kinds or not one.is_law:
                continue
            try:
                desk.accept(
                    one.id, actor="the demo", reason="agrees to what may be accepted", at=at
                )
            except ProposalError as error:
                refused[str(error).partition(": ")[2]] += 1
            else:
                taken[one.kind] += 1
    say(f"a reviewer agrees to {', '.join(f'{n} x {lower(k.label)}' for k, n in taken.items())}")
    for why, count in refused.most_common():
        say(f"    refused {count} times: {why}")


def _maps(record: Record, first: str, at: str, out: Path, say: Say) -> None:
    """The map before and after, and the report of what is said otherwise."""
    today = date.fromisoformat(at[:10]).toordinal()
    for name, known in (("before", first), ("after", at)):
        edition = Edition(record, today, known_bound(known))
        meta = Meta(name, edition.today, edition.last_look, HOW_TO_REPORT, edition.recorded_until)
        for path, content in draw(edition, meta):
            target = out / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    views = record.at(known_bound(first)), record.at(known_bound(at))
    changes = list(knowledge(record, at, *views))
    context = Context(views[1], "", "", (first, at), "demo", at[:10], "", "")
    title = "What the acts among the samples change, as read"
    page = render(changes, "html", title=title, context=context)
    (out / "report.html").write_text(page, encoding="utf-8")
    say("\n" + render(changes, "text", title=title, context=context))
    say(f"maps: {out}/before/index.html and {out}/after/index.html; report: {out}/report.html")

"""What there is to read: the texts that sources observed, and what the reader makes of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import kratom_atlas.read
from kratom_atlas import __version__
from kratom_atlas.model.observation import Document, Observation
from kratom_atlas.model.reading import Circumstances, Marked, Reading, Relevance
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.instruments import Bill, bills
from kratom_atlas.read.versions import by_bill, last_version
from kratom_atlas.store.captures import CaptureError, Captures

__all__ = ["ToRead", "circumstances", "marked_text", "read_one", "reader_name", "to_read"]

_LAW: Final = frozenset(
    {InstrumentKind.STATUTE, InstrumentKind.REGULATION, InstrumentKind.ORDINANCE}
)


@dataclass(frozen=True)
class ToRead:
    """A text to be read, or a bill of which none is held: then `document` is None.

    `is_final` says that the text is what became law, or what every chamber passed; of a document
    that is no bill it is true. Another version of an enacted bill need not be what was enacted.
    """

    source: str
    document: Document | None
    bill: Bill | None
    is_final: bool = True

    @property
    def jurisdiction(self) -> str:
        """Whose law it is."""
        if self.document is not None:
            return self.document.jurisdiction
        assert self.bill is not None
        return self.bill.shown.jurisdiction


def to_read(standing: Iterable[tuple[str, Observation]]) -> list[ToRead]:
    """Of each bill the last version, and each other document that names kratom or once did."""
    observed = list(standing)
    known = bills(observed)
    documents = [(source, one) for source, one in observed if isinstance(one, Document)]
    sources = {id(one): source for source, one in documents}
    texts = by_bill((one for _, one in documents), [bill.shown.key for bill in known])
    of_bills = {id(one) for found in texts.values() for one in found}
    chosen = [(bill, last_version(texts.get(bill.shown.key, ()))) for bill in known]
    return [
        *(
            ToRead(sources[id(one.document)], one.document, bill, one.is_final and one.is_whole)
            if one
            else ToRead(bill.sources[0], None, bill, is_final=False)
            for bill, one in chosen
        ),
        *(ToRead(source, one, None) for source, one in documents if id(one) not in of_bills),
    ]  # fmt: skip


def marked_text(document: Document, captures: Captures) -> Marked | None:
    """Its text, with what it adds and strikes where the capture is the whole document.

    None where it is not held, or can no longer be read.
    """
    from kratom_atlas.read.marked import read_marked
    from kratom_atlas.read.text import read_text

    if document.text_sha256 is None:
        return None
    if document.sha256 is not None:
        try:
            body = captures.get(document.sha256)
            if read_text(body).sha256 == document.text_sha256:
                return read_marked(body)
        except (FaultError, CaptureError):
            pass  # a part of an answer (a member of an archive, a value in JSON) has its own text
    try:
        return Marked(captures.get(document.text_sha256).decode("utf-8", "surrogatepass"))
    except CaptureError:
        return None


def circumstances(one: ToRead, codes: Mapping[str, str]) -> Circumstances:
    """What is known of a text from outside; `codes` are those of the jurisdictions, by id."""
    from kratom_atlas.read.upstream import session_end

    code = codes[one.jurisdiction]
    document = one.document
    if one.bill is not None:
        shown = one.bill.shown
        ended = session_end(code, shown.session)
        return Circumstances(
            place=code,
            language=document.language if document else shown.language,
            kind=shown.kind,
            stage=shown.stage,
            title=shown.title,
            session=shown.session,
            number=shown.number or "",
            introduced=shown.introduced,
            enacted=shown.enacted,
            effective=shown.effective,
            session_end=None if ended is None else PartialDate(ended.isoformat()),
        )
    assert document is not None
    standing = document.kind in _LAW
    return Circumstances(
        place=code,
        language=document.language,
        kind=document.kind,
        stage=Stage.IN_FORCE if standing else None,
        title=document.title,
        number=document.number or "",
        # The first day of a standing text, or of its last version, is not that of each rule in it.
        effective=None if standing else document.effective,
        published=document.published,
    )


def read_one(
    one: ToRead, captures: Captures, codes: Mapping[str, str]
) -> tuple[Reading, Marked | None]:
    """What its text does, and the text; `text-not-held` where there is none to read."""
    from kratom_atlas.read.reading import read_law

    marked = marked_text(one.document, captures) if one.document is not None else None
    if marked is None:
        named = one.bill is not None and one.bill.shown.mentions
        title = "its title or abstract names it; " if named else ""
        because = f"{title}no text of it is held"
        return Reading(relevance=Relevance.TEXT_NOT_HELD, because=because), None
    return read_law(marked, circumstances(one, codes)), marked


@cache
def reader_name() -> str:
    """Which reader this is: version and digest of its rules. Another reads every text anew."""
    rules = Path(kratom_atlas.read.__file__).parent
    digest = hashlib.sha256(__version__.encode())
    for path in sorted([*rules.rglob("*.py"), *rules.glob("data/*.yaml")]):
        digest.update(path.read_bytes())
    return f"kratom-atlas/{__version__}+{digest.hexdigest()[:12]}"

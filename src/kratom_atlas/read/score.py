"""How well texts are read: the gold, the facts in it, and precision and recall of a reader.

What is compared are facts, not how they are grouped: each pair of an effect and a value of a
field. Two findings of a reader may say what the gold says in one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import yaml
from msgspec import Meta

from kratom_atlas.errors import AtlasError
from kratom_atlas.model.reading import Circumstances, Finding, Novelty, Reading, Relevance
from kratom_atlas.model.statement import decode_hook
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import AlkaloidCap, Cap, Code, Key, Limit, Text, Value
from kratom_atlas.model.vocabulary import (
    Activity,
    Effect,
    Extent,
    InstrumentKind,
    Stage,
    Substance,
)
from kratom_atlas.read.media import Media

__all__ = [
    "FIELDS",
    "Fact",
    "GoldDocument",
    "GoldFinding",
    "Part",
    "Reader",
    "Score",
    "Tally",
    "Wrong",
    "as_json",
    "as_mistakes",
    "as_table",
    "facts",
    "load_gold",
    "reader",
    "score",
]


class GoldQualifiers(Value, frozen=True, kw_only=True):
    """Conditions as annotated: numbers in full, of the others whether they are there."""

    min_age: Annotated[int, Meta(ge=1, le=99)] | None = None
    seven_oh_caps: tuple[Cap, ...] = ()
    alkaloid_caps: tuple[AlkaloidCap, ...] = ()
    limits: tuple[Limit, ...] = ()
    labelling: bool = False
    testing: bool = False
    registration: bool = False
    behind_the_counter: bool = False
    advertising: bool = False
    forms: bool = False
    adulterants: bool = False
    places: bool = False
    prescription: bool = False
    in_public: bool = False
    persons: bool = False
    exceptions: bool = False
    penalties: bool = False
    void_if: bool = False


class GoldFinding(Value, frozen=True, kw_only=True, rename={"from_": "from"}):
    """One legal effect, as annotated: a `Finding` without its evidence."""

    effect: Effect
    substances: Annotated[tuple[Substance, ...], Meta(min_length=1)]
    activities: Annotated[tuple[Activity, ...], Meta(min_length=1)]
    qualifiers: GoldQualifiers = GoldQualifiers()
    schedule: Text | None = None
    extent: Extent = Extent.WHOLE
    from_: PartialDate | None = None
    to: PartialDate | None = None
    grandfather: PartialDate | None = None
    novelty: Novelty = Novelty.ADDS

    def __post_init__(self) -> None:
        for name in ("substances", "activities"):
            words = getattr(self, name)
            if len(set(words)) < len(words):
                raise ValueError(f"{name} names a word twice")
        if (self.effect is Effect.SCHEDULE) != (self.schedule is not None):
            raise ValueError("effect `schedule` and the schedule as written go together")
        if self.grandfather is not None and self.effect is not Effect.PREEMPT:
            raise ValueError("`grandfather` belongs to effect `preempt`")
        if self.from_ is not None and self.to is not None and self.to.hi <= self.from_.lo + 1:
            raise ValueError(f"ends before it starts: `from` {self.from_}, `to` {self.to}")


class GoldDocument(Value, frozen=True, kw_only=True):
    """A text and what a careful reader finds in it.

    Passages carry their `text`; real texts are named by their `file` among the samples. `held`
    says that the rules were not tuned on it, `unread` that it has a clause on kratom which a
    careful rule gives up on.
    """

    id: Key
    place: Code
    relevance: Relevance
    held: bool = False
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}\Z")] = "en"
    kind: InstrumentKind | None = None
    stage: Stage | None = None
    session: str = ""
    number: str = ""
    title: str = ""
    introduced: PartialDate | None = None
    enacted: PartialDate | None = None
    effective: PartialDate | None = None
    published: PartialDate | None = None
    session_end: PartialDate | None = None
    media: Media = Media.TEXT
    text: str | None = None
    file: Text | None = None
    findings: tuple[GoldFinding, ...] = ()
    unread: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if (self.text is None) == (self.file is None):
            raise ValueError("give either the `text` of a passage or the `file` of a real text")
        if self.findings and self.relevance not in (Relevance.PRIMARY, Relevance.SUBSTANTIVE):
            raise ValueError(f"a text that is {self.relevance} has no findings")

    def circumstances(self) -> Circumstances:
        """What is known of the text from outside of it."""
        return Circumstances(
            **{name: getattr(self, name) for name in Circumstances.__struct_fields__}
        )


Reader = Callable[[GoldDocument], Reading | None]
"""Reads a document; None where its text is not at hand."""


class Fact(NamedTuple):
    """One thing that a text says: a value of a field, of the rules with that effect."""

    field: str
    effect: str
    value: str


class Tally(NamedTuple):
    """How often facts of one field were found rightly, wrongly, or not at all.

    `true_negatives` counts the documents that have no fact of the field and of which none was
    read.
    """

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    true_negatives: int = 0

    @property
    def precision(self) -> float | None:
        """The share of what was read that is right; None where nothing was read."""
        return _share(self.true_positives, self.false_positives)

    @property
    def recall(self) -> float | None:
        """The share of what is there that was read; None where nothing is there."""
        return _share(self.true_positives, self.false_negatives)


class Part(NamedTuple):
    """The score of some of the documents, per field and overall.

    `unread_expected` counts the texts with a clause that a careful rule gives up on, and
    `unread_reported` those of them of which the reader said so.
    """

    documents: int
    fields: Mapping[str, Tally]
    overall: Tally
    unread_expected: int = 0
    unread_reported: int = 0


class Wrong(NamedTuple):
    """What was read amiss in one document: facts `missing` from the reading, and `extra` ones."""

    id: str
    held: bool
    missing: tuple[Fact, ...]
    extra: tuple[Fact, ...]


class Score(NamedTuple):
    """The score of a reader. `skipped` are the ids of the documents whose text is not at hand."""

    parts: Mapping[str, Part]
    wrong: tuple[Wrong, ...]
    skipped: tuple[str, ...]


_PRESENCE: Final = (
    "labelling",
    "testing",
    "registration",
    "behind_the_counter",
    "advertising",
    "forms",
    "adulterants",
    "places",
    "prescription",
    "in_public",
    "persons",
    "exceptions",
    "penalties",
    "void_if",
)
FIELDS: Final = (
    "relevance",
    "effect",
    "substances",
    "activities",
    "schedule",
    "min_age",
    "seven_oh_caps",
    "alkaloid_caps",
    "limits",
    *_PRESENCE,
    "from",
    "to",
    "grandfather",
    "novelty",
    "extent",
)
"""The fields of facts, in the order of the tables."""


# -- the gold --------------------------------------------------------------------------------


class _Loader(yaml.CBaseLoader):
    """YAML whose scalars are text, and whose mappings name each key once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        twice = [k for k, n in Counter(key.value for key, _ in node.value).items() if n > 1]
        if twice:
            raise yaml.constructor.ConstructorError(
                problem=f"duplicate key {twice[0]!r}", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def load_gold(folder: Path) -> tuple[GoldDocument, ...]:
    """Read every `passages/*.yaml` and `real/*.yaml` below `folder`, in order of name.

    Raises:
        AtlasError: something is not as the guide has it; the message names file and document.
    """
    documents: dict[str, GoldDocument] = {}
    for path in sorted((*folder.glob("passages/*.yaml"), *folder.glob("real/*.yaml"))):
        shown = f"{path.parent.name}/{path.name}"
        for document in _file(path, shown):
            if (document.text is None) != (path.parent.name == "real"):
                raise AtlasError(f"{shown}: {document.id}: passages carry a text, real ones a file")
            if document.id in documents:
                raise AtlasError(f"{shown}: {document.id}: the id stands twice in the gold")
            documents[document.id] = document
    return tuple(documents.values())


def _file(path: Path, shown: str) -> Iterator[GoldDocument]:
    try:
        items = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - only text
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AtlasError(f"{shown}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(items, list):
        raise AtlasError(f"{shown}: not a list of documents")
    for i, item in enumerate(items):
        name = item.get("id", f"document {i + 1}") if isinstance(item, dict) else i + 1
        try:
            yield msgspec.convert(item, GoldDocument, strict=False, dec_hook=decode_hook)
        except msgspec.ValidationError as error:
            raise AtlasError(f"{shown}: {name}: {error}") from None


def reader(samples: Path | None = None) -> Reader:
    """The reader of this package, for passages and for real texts below `samples`."""
    from kratom_atlas.read.marked import mark, read_marked
    from kratom_atlas.read.reading import read_law

    def read(document: GoldDocument) -> Reading | None:
        if document.text is not None:
            marked = mark(document.text, document.media)
        else:
            path = samples / document.file if samples and document.file else None
            if path is None or not path.is_file():
                return None
            # The samples' own name for plain text that somebody made of a PDF.
            extracted = path.stem.endswith("_extracted")
            marked = read_marked(path.read_bytes(), extracted=extracted)
        return read_law(marked, document.circumstances())

    return read


# -- facts -----------------------------------------------------------------------------------


def facts(findings: Iterable[Finding | GoldFinding]) -> set[Fact]:
    """What findings say, whatever their grouping.

    That a rule covers the whole place is no fact: it goes without saying. Nor are the days of a
    rule that is struck out: its first day is not in the text, and its last is that of the act.
    """
    return {
        Fact(name, str(finding.effect), value)
        for finding in findings
        for name, values in _values(finding)
        for value in values
    }


def _values(finding: Finding | GoldFinding) -> Iterator[tuple[str, Iterable[str]]]:
    rules = finding.qualifiers
    yield "effect", [str(finding.effect)]
    yield "substances", map(str, finding.substances)
    yield "activities", map(str, finding.activities)
    yield "schedule", [_schedule(finding.schedule)] if finding.schedule else ()
    yield "min_age", [str(rules.min_age)] if rules.min_age is not None else ()
    yield "seven_oh_caps", [c.unit.amount(c.value) for c in rules.seven_oh_caps]
    yield "alkaloid_caps", [f"{c.of} {c.unit.amount(c.value)}" for c in rules.alkaloid_caps]
    yield "limits", [c.unit.amount(c.value) for c in rules.limits]
    for name in _PRESENCE:
        yield name, ["yes"] if getattr(rules, name) else ()
    if finding.novelty is not Novelty.STRIKES:
        yield "from", [str(finding.from_)] if finding.from_ else ()
        yield "to", [str(finding.to)] if finding.to else ()
    yield "grandfather", [str(finding.grandfather)] if finding.grandfather else ()
    yield "novelty", [str(finding.novelty)]
    yield "extent", [str(finding.extent)] if finding.extent is not Extent.WHOLE else ()


def _schedule(written: str) -> str:
    """A schedule's name for comparison: `Schedule I`, `schedule I` and `I` are one."""
    name = " ".join(written.casefold().split())
    return name.removeprefix("schedule ")


# -- the score -------------------------------------------------------------------------------


class _Compared(NamedTuple):
    document: GoldDocument
    expected: set[Fact]
    read: set[Fact]
    says_unread: bool


def score(documents: Iterable[GoldDocument], read: Reader) -> Score:
    """Compare what `read` makes of each document with what the gold says of it.

    The parts are `all`, `tuned` and `held`, and the same of the `passages` and of the `real`
    texts (`real-held`).
    """
    compared: list[_Compared] = []
    skipped: list[str] = []
    for document in documents:
        reading = read(document)
        if reading is None:
            skipped.append(document.id)
            continue
        compared.append(
            _Compared(
                document,
                {_relevance(document.relevance), *facts(document.findings)},
                {_relevance(reading.relevance), *facts(reading.findings)},
                bool(reading.unread),
            )
        )
    return Score(
        {
            name: _part([c for c in compared if chosen(c.document)])
            for name, chosen in _PARTS.items()
        },
        tuple(_wrong(c) for c in compared if c.expected != c.read),
        tuple(skipped),
    )


def _relevance(word: Relevance) -> Fact:
    return Fact("relevance", "", str(word))


_HELD: Final[Mapping[str, Callable[[GoldDocument], bool]]] = {
    "": lambda _: True,
    "tuned": lambda d: not d.held,
    "held": lambda d: d.held,
}
_ORIGIN: Final[Mapping[str, Callable[[GoldDocument], bool]]] = {
    "": lambda _: True,
    "passages": lambda d: d.text is not None,
    "real": lambda d: d.text is None,
}


def _both(
    first: Callable[[GoldDocument], bool], second: Callable[[GoldDocument], bool]
) -> Callable[[GoldDocument], bool]:
    return lambda document: first(document) and second(document)


_PARTS: Final[Mapping[str, Callable[[GoldDocument], bool]]] = {
    "-".join(filter(None, (origin, held))) or "all": _both(of_origin, of_held)
    for origin, of_origin in _ORIGIN.items()
    for held, of_held in _HELD.items()
}


def _part(compared: Sequence[_Compared]) -> Part:
    counts = {name: [0, 0, 0, 0] for name in FIELDS}
    for _, expected, read, _ in compared:
        for kind, found in enumerate((expected & read, read - expected, expected - read)):
            for fact in found:
                counts[fact.field][kind] += 1
        present = {fact.field for fact in expected | read}
        for name in FIELDS:
            counts[name][3] += name not in present
    fields = {name: Tally(*numbers) for name, numbers in counts.items()}
    expected_unread = [c for c in compared if c.document.unread]
    return Part(
        len(compared),
        fields,
        Tally(*(sum(numbers) for numbers in zip(*fields.values(), strict=True))),
        len(expected_unread),
        sum(c.says_unread for c in expected_unread),
    )


def _wrong(compared: _Compared) -> Wrong:
    return Wrong(
        compared.document.id,
        compared.document.held,
        tuple(sorted(compared.expected - compared.read)),
        tuple(sorted(compared.read - compared.expected)),
    )


def _share(right: int, wrong: int) -> float | None:
    return right / (right + wrong) if right + wrong else None


# -- for people and for publishing -----------------------------------------------------------


def as_json(scored: Score, *, on: date, version: str) -> dict[str, Any]:
    """The score as plain values, for publishing.

    What was wrong in held documents is left out: who sees it would tune on it.
    """
    return {
        "date": on.isoformat(),
        "version": version,
        "documents": scored.parts["all"].documents,
        "skipped": len(scored.skipped),
        "parts": {name: _part_json(part) for name, part in scored.parts.items()},
        "wrong": [
            {
                "id": wrong.id,
                "missing": [list(fact) for fact in wrong.missing],
                "extra": [list(fact) for fact in wrong.extra],
            }
            for wrong in scored.wrong
            if not wrong.held
        ],
    }


def _part_json(part: Part) -> dict[str, Any]:
    return {
        "documents": part.documents,
        "unread_expected": part.unread_expected,
        "unread_reported": part.unread_reported,
        "overall": _tally_json(part.overall),
        "fields": {name: _tally_json(tally) for name, tally in part.fields.items()},
    }


def _tally_json(tally: Tally) -> dict[str, float | None]:
    return {
        **tally._asdict(),
        "precision": _rounded(tally.precision),
        "recall": _rounded(tally.recall),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


_COLUMNS: Final = ("tuned", "held", "passages-held", "real-held")


def as_table(scored: Score) -> str:
    """The score for people: precision, recall and the number of facts, per field and part."""
    rows = [
        ["", *(f"{name} ({scored.parts[name].documents})" for name in _COLUMNS)],
        *(
            [field, *(_cell(scored.parts[name].fields[field]) for name in _COLUMNS)]
            for field in FIELDS
        ),
        ["overall", *(_cell(scored.parts[name].overall) for name in _COLUMNS)],
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    everything = scored.parts["all"]
    reported = f"{everything.unread_reported} of {everything.unread_expected}"
    lines += [
        "",
        "Each cell: precision / recall (facts expected); in the heading: documents.",
        f"Unread clauses reported: {reported}.",
        f"Documents whose text is not at hand: {len(scored.skipped)}.",
    ]
    return "\n".join(lines)


def as_mistakes(scored: Score) -> str:
    """What was read amiss in each document that the rules are tuned on, a line for each fact."""
    return "\n".join(
        line
        for wrong in scored.wrong
        if not wrong.held
        for line in (
            wrong.id,
            *(f"  missing  {' '.join(filter(None, fact))}" for fact in wrong.missing),
            *(f"  extra    {' '.join(filter(None, fact))}" for fact in wrong.extra),
        )
    )


def _cell(tally: Tally) -> str:
    expected = tally.true_positives + tally.false_negatives
    return f"{_percent(tally.precision)} / {_percent(tally.recall)} ({expected})"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"

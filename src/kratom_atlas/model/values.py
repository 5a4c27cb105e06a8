"""The values of the model: immutable, typed, without I/O and without a clock.

Each is a frozen `msgspec.Struct` that refuses unknown fields, so the same definitions check a
sheet, a ledger line and an answer.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.vocabulary import (
    Activity,
    ActivityStatus,
    Alkaloid,
    Effect,
    EvidenceKind,
    Extent,
    InstrumentKind,
    Level,
    SearchResult,
    Stage,
    Substance,
    Unit,
    Verification,
)

__all__ = [
    "NO_FIRST_DAY",
    "AlkaloidCap",
    "Cap",
    "Coverage",
    "Evidence",
    "Instrument",
    "Jurisdiction",
    "Limit",
    "Penalty",
    "Provision",
    "Qualifiers",
    "Search",
]

Text = Annotated[str, Meta(min_length=1, max_length=4000)]
Quote = Annotated[str, Meta(min_length=1, max_length=2000)]
Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{1,118}[a-z0-9]\Z")]
"""A natural key, chosen once and never reused: it is part of an address."""
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Url = Annotated[str, Meta(pattern=r"^https?://[^\s<>\"]+\Z", max_length=1000)]
DivisionId = Annotated[str, Meta(pattern=r"^(ocd-division/country:[a-z]{2}(/[^/\s]+)*|x-[a-z]+)\Z")]
Code = Annotated[str, Meta(pattern=r"^[A-Z]{1,2}(-[A-Z0-9]{1,10}){0,2}\Z")]

Amount = Annotated[float, Meta(ge=0, le=1e9)]


class Value(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of all values."""


class Evidence(Value, frozen=True, kw_only=True):
    """Where a statement was seen.

    `retrieved` is the day the source was read, `sha256` that of the bytes read (absent when they
    were not kept), `locator` the page, section or span, `quote` the words themselves. `document`
    names a source that has no address.
    """

    kind: EvidenceKind
    retrieved: PartialDate
    url: Url | None = None
    document: Text | None = None
    sha256: Sha256 | None = None
    locator: Text | None = None
    quote: Quote | None = None

    def __post_init__(self) -> None:
        if not (self.url or self.document):
            raise ValueError("evidence needs a url, or the name of the document")


class Cap(Value, frozen=True, kw_only=True):
    """The most 7-hydroxymitragynine a product may hold: a value and its unit."""

    value: Amount
    unit: Unit


class AlkaloidCap(Value, frozen=True, kw_only=True):
    """The most of another alkaloid, or of all of them together."""

    of: Alkaloid
    value: Amount
    unit: Unit


class Limit(Value, frozen=True, kw_only=True):
    """The largest serving or package."""

    value: Amount
    unit: Unit


class Penalty(Value, frozen=True, kw_only=True, rename={"for_": "for", "class_": "class"}):
    """What a breach costs, in the words of the source."""

    for_: Text | None = None
    class_: Text | None = None
    fine: Text | None = None
    prison: Text | None = None


class Qualifiers(Value, frozen=True, kw_only=True):
    """Conditions of a provision; each is optional, none is entailed by another."""

    min_age: Annotated[int, Meta(ge=1, le=99)] | None = None
    seven_oh_caps: tuple[Cap, ...] = ()
    alkaloid_caps: tuple[AlkaloidCap, ...] = ()
    limits: tuple[Limit, ...] = ()
    labelling: Text | None = None
    testing: Text | None = None
    registration: Text | None = None
    behind_the_counter: bool = False
    advertising: Text | None = None
    forms: tuple[Text, ...] = ()
    adulterants: Text | None = None
    places: Text | None = None
    prescription: bool = False
    in_public: bool = False
    persons: Text | None = None
    exceptions: Text | None = None
    penalties: tuple[Penalty, ...] = ()
    void_if: Text | None = None

    @property
    def age_only(self) -> bool:
        """Whether a minimum age is the only rule on products or sellers."""
        return self.min_age is not None and not any(
            getattr(self, name) for name in _PRODUCT_OR_SELLER_RULES
        )


_PRODUCT_OR_SELLER_RULES: Final = (
    "seven_oh_caps",
    "alkaloid_caps",
    "limits",
    "labelling",
    "testing",
    "registration",
    "behind_the_counter",
    "advertising",
    "forms",
    "adulterants",
    "places",
)


class Jurisdiction(Value, frozen=True, kw_only=True):
    """A place that makes or is bound by law.

    `parent` is the next level up. `counties` are those a municipality lies in. `bound_by` lists
    whose law binds it where that is not the parent and the counties: tribal places, which inherit
    nothing by default, and members of a union.
    """

    id: DivisionId
    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=300)]
    level: Level
    parent: DivisionId | None = None
    geoid: str | None = None
    counties: tuple[DivisionId, ...] = ()
    bound_by: tuple[DivisionId, ...] | UnsetType = UNSET
    aliases: tuple[str, ...] = ()
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    note: Text | None = None

    @property
    def binders(self) -> tuple[str, ...]:
        """Ids of the jurisdictions whose law binds somebody standing here, besides its own."""
        if self.bound_by is not UNSET:
            return self.bound_by
        if self.level is Level.TRIBAL or self.parent is None:
            return ()
        return (self.parent, *self.counties)


class Instrument(Value, frozen=True, kw_only=True):
    """A legal act. `stage` is the last one recorded; `in-force` and `expired` follow from dates."""

    id: Key
    jurisdiction: DivisionId
    kind: InstrumentKind
    title: Text
    stage: Stage
    session: Text | None = None
    number: Text | None = None
    introduced: PartialDate | None = None
    enacted: PartialDate | None = None
    effective: PartialDate | None = None
    ends: PartialDate | None = None
    url: Url | None = None
    verification: Verification = Verification.REPORTED
    evidence: tuple[Evidence, ...] = ()
    note: Text | None = None

    def __post_init__(self) -> None:
        if self.kind in (InstrumentKind.BILL, InstrumentKind.RESOLUTION) and not (
            self.session and self.number
        ):
            raise ValueError("a bill or resolution needs its session and number")
        if self.kind is InstrumentKind.RESOLUTION and self.stage.is_law:
            raise ValueError("a resolution is never law: its last stage is adopted")
        if self.introduced and self.enacted and self.enacted.hi <= self.introduced.lo:
            raise ValueError(f"enacted {self.enacted} before it was introduced {self.introduced}")
        _in_order(self, ("effective", "ends"))

    @property
    def short(self) -> str:
        """What people call it: the number of a bill or act (`HF 3453`), else the title."""
        by_number = self.number is not None and self.number[:1].isalpha()
        return self.number if by_number and self.number else self.title


NO_FIRST_DAY: Final = (
    "no first day: give `from`, or `attested`, the first day on which the evidence says it was in "
    "force"
)
"""What a provision of an instrument that is law must not be without."""


class Provision(Value, frozen=True, kw_only=True, rename={"from_": "from"}):
    """One legal effect of an instrument: (substances x activities) -> effect, over `[from_, to)`.

    `from_` is absent when the first day is not known; `attested` is then the first day on which
    a source says it was in force. What is only proposed has neither, and applies on no day. `to` is
    the first day on which it no longer applies.
    `grandfather` (of a preemption): local rules that began before that day stand.
    `targets` (of a repeal or a stay): the ids of the provisions it ends or suspends.
    """

    id: Key
    jurisdiction: DivisionId
    instrument: Key
    citation: Text
    substances: Annotated[tuple[Substance, ...], Meta(min_length=1)]
    activities: Annotated[tuple[Activity, ...], Meta(min_length=1)]
    effect: Effect
    verification: Verification
    evidence: Annotated[tuple[Evidence, ...], Meta(min_length=1)]
    qualifiers: Qualifiers = Qualifiers()
    schedule: Text | None = None
    extent: Extent = Extent.WHOLE
    from_: PartialDate | None = None
    to: PartialDate | None = None
    attested: PartialDate | None = None
    grandfather: PartialDate | None = None
    targets: tuple[Key, ...] = ()
    contested: Text | None = None
    note: Text | None = None

    def __post_init__(self) -> None:
        for name in ("substances", "activities", "targets"):
            words = getattr(self, name)
            if len(set(words)) < len(words):
                raise ValueError(f"{name} names {_first_repeat(words)!r} twice")
        if self.from_ is not None and self.attested is not None:
            raise ValueError("`attested` is for provisions whose first day is not known")
        _in_order(self, ("from_", "to"))
        _in_order(self, ("attested", "to"))
        if (self.effect is Effect.SCHEDULE) != (self.schedule is not None):
            raise ValueError("effect `schedule` and the schedule as written go together")
        if bool(self.targets) != (self.effect in (Effect.REPEAL, Effect.STAY)):
            raise ValueError("a repeal or a stay names its `targets`, and nothing else does")
        if self.grandfather is not None and self.effect is not Effect.PREEMPT:
            raise ValueError("`grandfather` belongs to effect `preempt`")
        if self.verification is Verification.PRIMARY and not any(
            e.quote and e.kind in (EvidenceKind.OFFICIAL_TEXT, EvidenceKind.REPUBLICATION)
            for e in self.evidence
        ):
            raise ValueError(
                "verification `primary` needs evidence with the quoted words of the official text"
            )

    @property
    def first(self) -> PartialDate | None:
        """The first day on which it is known to apply; None of what is only proposed."""
        return self.from_ or self.attested

    @property
    def gives(self) -> ActivityStatus | None:
        """The status it gives each of its activities, or None where it gives none of its own.

        A prohibition that reaches only some persons, places or product forms, or the public,
        leaves the activity lawful for others: it is a condition, as any rule on products or
        sellers is. One below an age is an age limit. A cap is the threshold of what is prohibited.
        """
        rules = self.qualifiers
        match self.effect:
            case Effect.PROHIBIT | Effect.SCHEDULE:
                if rules.persons or rules.places or rules.in_public or rules.forms:
                    return ActivityStatus.CONDITIONAL
                if rules.min_age is not None:
                    age = ActivityStatus.AGE_LIMITED
                    return age if rules.age_only else ActivityStatus.CONDITIONAL
                return ActivityStatus.LICENSED if rules.prescription else ActivityStatus.UNLAWFUL
            case Effect.PRESCRIPTION_ONLY | Effect.LICENSE:
                return ActivityStatus.LICENSED
            case Effect.RESTRICT:
                only_age = rules.age_only
                return ActivityStatus.AGE_LIMITED if only_age else ActivityStatus.CONDITIONAL
            case Effect.PERMIT | Effect.EXEMPT | Effect.REPEAL:
                return ActivityStatus.LAWFUL
        return None


class Coverage(Value, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The period a search looked at, `[from_, to)`; without `to` it is carried forward."""

    from_: PartialDate
    to: PartialDate | None = None

    def __post_init__(self) -> None:
        _in_order(self, ("from_", "to"))


class Search(Value, frozen=True, kw_only=True):
    """Somebody looked: for which substances, where, on what day, and with what result.

    `local` says that the search also covered the levels below.
    """

    id: Key
    jurisdiction: DivisionId
    on: PartialDate
    where: Text
    covers: Coverage
    substances: Annotated[tuple[Substance, ...], Meta(min_length=1)]
    result: SearchResult
    verification: Verification = Verification.REPORTED
    local: bool = False
    url: Url | None = None
    contested: Text | None = None
    note: Text | None = None

    def __post_init__(self) -> None:
        if len(set(self.substances)) < len(self.substances):
            raise ValueError(f"substances names {_first_repeat(self.substances)!r} twice")
        if self.covers.from_.lo >= self.on.hi:
            raise ValueError("the period covered begins after the day of the search")


def _in_order(value: Struct, fields: tuple[str, str]) -> None:
    first, then = (getattr(value, name) for name in fields)
    if first is not None and then is not None and then.hi <= first.lo + 1:
        shown = tuple(name.rstrip("_") for name in fields)
        raise ValueError(f"ends before it starts: `{shown[0]}` {first}, `{shown[1]}` {then}")


def _first_repeat(words: tuple[str, ...]) -> str:
    return next(str(w) for i, w in enumerate(words) if w in words[:i])

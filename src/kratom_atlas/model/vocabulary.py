"""The vocabulary of the dataset: every word that a status, a file or a page may use.

`docs/CODEBOOK.md` is generated from this module. Each member carries the label people read and
the sentence that defines it, so the words and their meaning cannot drift apart.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final, Self

__all__ = [
    "Activity",
    "ActivityStatus",
    "Alkaloid",
    "ChangeKind",
    "Effect",
    "EvidenceKind",
    "Extent",
    "Flag",
    "InstrumentKind",
    "Level",
    "SearchResult",
    "Searched",
    "Severity",
    "Stage",
    "Status",
    "Substance",
    "Unit",
    "Verification",
    "Word",
    "lower",
]


class Word(StrEnum):
    """A word of the vocabulary: its id, the label people read, and what it means."""

    label: str
    meaning: str

    def __new__(cls, value: str, label: str, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.meaning = meaning
        return member

    @property
    def rank(self) -> int:
        """Position in the order of definition (0 first)."""
        return _ranks(type(self))[self]


class Substance(Word):
    """What a provision reaches. The list is data: a new substance is one line."""

    LEAF = ("leaf", "Kratom leaf", "Mitragyna speciosa plant material and plain preparations.")
    MITRAGYNINE = ("mitragynine", "Mitragynine", "The alkaloid mitragynine, isolated or named.")
    SEVEN_OH = (
        "7-oh",
        "7-OH",
        "7-hydroxymitragynine concentrated or above a threshold; not a natural trace in leaf.",
    )
    PSEUDOINDOXYL = ("pseudoindoxyl", "Pseudoindoxyl", "Mitragynine pseudoindoxyl.")
    MGM_15 = ("mgm-15", "MGM-15", "Dihydro-7-hydroxymitragynine (MGM-15).")
    MGM_16 = ("mgm-16", "MGM-16", "The fluorinated derivative MGM-16.")
    SYNTHETIC = (
        "synthetic",
        "Other synthetics",
        "Any other synthetic or semi-synthetic kratom alkaloid.",
    )


class Activity(Word):
    """What a person does. Nothing is entailed: a provision lists each activity it reaches."""

    POSSESS = ("possess", "Possess", "Have or carry for oneself.")
    CONSUME = ("consume", "Consume", "Use or ingest.")
    TRANSPORT = ("transport", "Carry through", "Carry through the place.")
    SELL = ("sell", "Sell", "Sell at retail.")
    SHIP = ("ship", "Ship to", "Send into the place by mail order.")
    DISTRIBUTE = ("distribute", "Distribute", "Supply or deliver otherwise than by retail sale.")
    MAKE = ("make", "Make", "Manufacture, process or package.")
    CULTIVATE = ("cultivate", "Cultivate", "Grow the plant.")
    IMPORT = ("import", "Import", "Bring in from outside the place.")
    EXPORT = ("export", "Export", "Send out of the place.")


class Effect(Word):
    """What a provision does to the activities it reaches."""

    PROHIBIT = ("prohibit", "Prohibits", "Forbids the activity.")
    SCHEDULE = (
        "schedule",
        "Schedules",
        "Lists the substance in a schedule of controlled substances, as written there.",
    )
    PRESCRIPTION_ONLY = ("prescription-only", "Prescription only", "Allows it on prescription.")
    LICENSE = ("license", "Licenses", "Only authorised persons may do it at all.")
    RESTRICT = ("restrict", "Restricts", "Allows it under the conditions in the qualifiers.")
    PERMIT = ("permit", "Permits", "Expressly allows or protects the activity.")
    EXEMPT = ("exempt", "Exempts", "Expressly takes the activity out of another rule.")
    PREEMPT = (
        "preempt",
        "Preempts",
        "Lower levels may not act, save what the grandfathering date lets stand.",
    )
    ALLOW_STRICTER = ("allow-stricter", "Allows stricter", "Lower levels may act.")
    TAX = ("tax", "Taxes", "Levies a tax; no effect on status.")
    STUDY = ("study", "Orders a study", "No effect on status.")
    REPEAL = ("repeal", "Repeals", "Ends the provisions it names and leaves the activity lawful.")
    STAY = ("stay", "Stays", "A court has suspended the provisions it names.")


class ActivityStatus(Word):
    """One activity's status in one place, loosest first; `unknown` has no rank in law."""

    UNKNOWN = ("unknown", "Not known", "Neither a provision nor a search covers the day.")
    NO_LAW = ("no-law", "No law found", "A search that covers the day found nothing.")
    LAWFUL = (
        "lawful",
        "Lawful",
        "Expressly permitted or exempted, or a ban expressly ended, and nothing stricter.",
    )
    AGE_LIMITED = ("age-limited", "Age limit", "Restricted by a minimum age and nothing else.")
    CONDITIONAL = ("conditional", "Conditional", "Allowed under product or seller rules.")
    LICENSED = (
        "licensed",
        "Licence or prescription",
        "Only on prescription, or only by authorised persons.",
    )
    UNLAWFUL = ("unlawful", "Unlawful", "Prohibited, or scheduled without leaving it lawful.")


class Status(Word):
    """The place's word, from possession and sale."""

    BANNED = ("banned", "Banned", "Possession is unlawful, whatever the rule on sale.")
    SALE_BANNED = ("sale-banned", "Sale banned", "Sale is unlawful; no ban on possession is known.")
    PRESCRIPTION = (
        "prescription",
        "Prescription / licence only",
        "Sale only on prescription or by authorised persons.",
    )
    REGULATED = ("regulated", "Regulated", "Sale is allowed under product or seller rules.")
    AGE_RESTRICTED = ("age-restricted", "Age limit only", "A minimum age is the only rule.")
    LAWFUL = (
        "lawful",
        "Lawful, named",
        "The law names it and allows it, and nothing stricter is known.",
    )
    NO_SPECIFIC_LAW = (
        "no-specific-law",
        "No specific law found",
        "A search that covers the day found no law on its possession or sale.",
    )
    UNKNOWN = ("unknown", "Not yet researched", "Nobody has looked yet, or nothing was decided.")


class Flag(Word):
    """What to know beside a status."""

    INCOMING = ("incoming", "Change coming", "An enacted act will change it.")
    TEMPORARY = ("temporary", "Temporary", "The rule that decides it has an end date.")
    LOCAL_RULES = ("local-rules", "Stricter local rules", "Parts of the place have stricter rules.")
    LOCAL_UNKNOWN = (
        "local-unknown",
        "Local law not searched",
        "Lower levels, or the place's own level, have not been searched.",
    )
    CONTESTED = (
        "contested",
        "Contested",
        "Sources disagree, a court is involved, or it rests on guidance only.",
    )
    DATE_UNCERTAIN = (
        "date-uncertain",
        "Date uncertain",
        "The day lies in a boundary known only to the month or year, or before a rule was seen.",
    )
    REPORTED_ONLY = ("reported-only", "Reported only", "No official text has been seen.")
    EXTENT_UNKNOWN = (
        "extent-unknown",
        "Extent unknown",
        "It is not known whether a county rule reaches inside this municipality.",
    )
    STALE = ("stale", "Stale", "The last look is older than the cadence of its source allows.")


class Verification(Word):
    """How good the evidence is, weakest first."""

    MACHINE = ("machine", "Machine-read", "Extracted by a program and not yet accepted.")
    REPORTED = ("reported", "Reported", "A tracker, the press or an encyclopedia says so.")
    OFFICIAL_SECONDARY = (
        "official-secondary",
        "Official secondary",
        "A legislature's summary, a government report or an official record of the act says so.",
    )
    PRIMARY = ("primary", "Primary", "The official text was seen and is quoted.")


class Level(Word):
    """Levels of jurisdiction, widest first."""

    INTERNATIONAL = ("international", "International", "A treaty body or union of states.")
    COUNTRY = ("country", "Country", "A country or a territory with its own ISO 3166-1 code.")
    SUBDIVISION = ("subdivision", "State or province", "A state, province, territory or nation.")
    COUNTY = ("county", "County", "A county or county equivalent.")
    MUNICIPALITY = ("municipality", "City or town", "A city, town, village or township.")
    TRIBAL = ("tribal", "Tribal", "A tribal nation; it inherits only what it lists.")


class InstrumentKind(Word):
    """What kind of legal act an instrument is."""

    STATUTE = ("statute", "Statute", "A section of a code or a consolidated act.")
    SESSION_LAW = ("session-law", "Session law", "An act as passed.")
    BILL = ("bill", "Bill", "A proposal before a legislature, keyed by session and number.")
    RESOLUTION = ("resolution", "Resolution", "Adopted, never law.")
    REGULATION = ("regulation", "Regulation", "A rule made under an act.")
    EMERGENCY_ORDER = ("emergency-order", "Emergency order", "A rule or order made to expire.")
    SCHEDULING_ORDER = (
        "scheduling-order",
        "Scheduling order",
        "An order that changes a schedule of controlled substances.",
    )
    ORDINANCE = ("ordinance", "Ordinance", "An act of a county, city, town or tribe.")
    COURT_DECISION = ("court-decision", "Court decision", "A judgment or order of a court.")
    AG_OPINION = ("ag-opinion", "Attorney-general opinion", "An opinion on what the law means.")
    GUIDANCE = ("guidance", "Agency guidance", "An agency's reading of the law it enforces.")
    TREATY = ("treaty", "Treaty", "A convention between states.")


class Stage(Word):
    """How far an instrument has come. Only law in force sets a status."""

    PREFILED = ("prefiled", "Prefiled", "Filed before the session.")
    INTRODUCED = ("introduced", "Introduced", "Before the first chamber.")
    PASSED_FIRST_CHAMBER = ("passed-first-chamber", "Passed one chamber", "Passed one chamber.")
    PASSED = ("passed", "Passed", "Passed every chamber; awaiting signature.")
    ENACTED = (
        "enacted",
        "Enacted",
        "Signed, or law without signature, or the veto overridden, or the rule made final.",
    )
    IN_FORCE = ("in-force", "In force", "Enacted and its first day of effect has come.")
    EXPIRED = ("expired", "Expired", "Ended on its own terms.")
    REPEALED = ("repealed", "Repealed", "Ended by a later act.")
    STRUCK_DOWN = ("struck-down", "Struck down", "Ended by a court.")
    FAILED = ("failed", "Failed", "Defeated, or died with its session.")
    VETOED = ("vetoed", "Vetoed", "Vetoed and not overridden.")
    WITHDRAWN = ("withdrawn", "Withdrawn", "Withdrawn by its proposer.")
    ADOPTED = ("adopted", "Adopted", "A resolution that was adopted; never law.")

    @property
    def is_law(self) -> bool:
        """Whether an instrument at this stage is, or has been, law."""
        return self in _LAW_STAGES


class Extent(Word):
    """Which part of a local place a provision covers."""

    WHOLE = ("whole", "Whole place", "Also inside the municipalities of a county.")
    UNINCORPORATED = ("unincorporated", "Unincorporated land", "Only outside municipalities.")
    UNKNOWN = ("unknown", "Not known", "Inside a municipality it is a flag, not a ban.")


class SearchResult(Word):
    """What a search ended with."""

    FOUND = ("found", "Found", "The search found law; the provisions record it.")
    NONE = ("none", "None found", "The search found no law that names the substances.")


class Searched(Word):
    """Whether somebody has looked at a jurisdiction's own law."""

    FOUND = ("found", "Law found", "It has provisions, or a search that found some.")
    NONE = ("none", "Searched, none found", "A search found nothing.")
    NOT_SEARCHED = ("not-searched", "Not searched", "Nobody looked.")


class ChangeKind(Word):
    """Why two answers differ."""

    LAW = ("law", "Law", "The law changed.")
    KNOWLEDGE = ("knowledge", "Late knowledge", "We learned it after it applied.")
    CORRECTION = ("correction", "Correction", "What we had said was wrong.")


class Severity(Word):
    """How much a change moves what a person may do, gravest first."""

    MAJOR = (
        "major",
        "Major",
        "Possession or sale becomes, or ceases to be, unlawful or licensed.",
    )
    MINOR = ("minor", "Minor", "The word changes otherwise, or only under the place's own law.")
    DETAIL = ("detail", "Detail", "The word stands; a condition or a single activity changes.")


class EvidenceKind(Word):
    """What sort of document the evidence is."""

    OFFICIAL_TEXT = ("official-text", "Official text", "The act or rule as published.")
    OFFICIAL_RECORD = (
        "official-record",
        "Official record",
        "A summary, a record of actions, a notice or a report by a public body.",
    )
    REPUBLICATION = ("republication", "Republication", "A copy of an official text elsewhere.")
    LEGAL_PRESS = ("legal-press", "Law firm or legal press", "A law firm's or trade notice.")
    PRESS = ("press", "Press", "A newspaper, broadcaster or agency.")
    TRACKER = ("tracker", "Tracker", "A list of laws kept by a private body or encyclopedia.")
    VENDOR = ("vendor", "Vendor or advocate", "A seller's or an association's page.")


class Unit(Word):
    """Units of caps and limits."""

    PERCENT_OF_ALKALOIDS = ("%-of-alkaloids", "% of alkaloids", "Share of the alkaloid fraction.")
    PERCENT_BY_WEIGHT = ("%-by-weight", "% by weight", "Share of the product's (dry) weight.")
    PPM = ("ppm", "ppm", "Parts per million of the product's (dry) weight.")
    MG_PER_G = ("mg/g", "mg per g", "Milligrams per gram of product.")
    MG_PER_SERVING = ("mg/serving", "mg per serving", "Milligrams per serving.")
    MG_PER_CONTAINER = ("mg/container", "mg per container", "Milligrams per package.")
    MG_PER_DAY = ("mg/day", "mg per day", "Milligrams per day.")
    G_PER_CONTAINER = ("g/container", "g per container", "Grams of product per package.")
    ML_PER_CONTAINER = ("ml/container", "ml per container", "Millilitres per package.")
    SERVINGS_PER_CONTAINER = ("servings/container", "servings per container", "Servings.")
    METRES = ("m", "m", "Metres.")

    def amount(self, value: float) -> str:
        """`value unit kind`, as the dataset writes it: `2 % of-alkaloids`, `1 mg per-serving`."""
        if self.startswith("%-"):
            return f"{value:g} % {self[2:]}"
        unit, _, per = self.partition("/")
        return f"{value:g} {unit} {f'per-{per}' if per else 'by-weight'}"


class Alkaloid(Word):
    """What a cap other than that on 7-OH counts."""

    MITRAGYNINE = ("mitragynine", "mitragynine", "The alkaloid mitragynine.")
    TOTAL = ("total-alkaloids", "all alkaloids", "All kratom alkaloids together.")
    SYNTHETIC = ("synthetic", "synthetic alkaloids", "Synthetic or semi-synthetic alkaloids.")


@cache
def lower(label: str) -> str:
    """A label inside a sentence; abbreviations keep their capitals."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


_LAW_STAGES: Final = frozenset(
    {Stage.ENACTED, Stage.IN_FORCE, Stage.EXPIRED, Stage.REPEALED, Stage.STRUCK_DOWN}
)


@cache
def _ranks(cls: type[Word]) -> dict[Word, int]:
    return {member: i for i, member in enumerate(cls)}

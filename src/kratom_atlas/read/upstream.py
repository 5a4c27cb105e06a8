"""What the vocabularies of the sources mean: tables from their words and codes to events.

A row says what a source means by a word, not what became of an instrument: that follows from all
its events together (`kratom_atlas.read.lifecycle`). Rows marked unconfirmed are from general
knowledge and were not seen in a response.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import IntEnum
from typing import Final, NamedTuple

from kratom_atlas.model.vocabulary import InstrumentKind, Stage

__all__ = [
    "CONGRESS_CODES",
    "CONGRESS_TYPES",
    "GENERIC_STATUS",
    "GOVINFO_VERSIONS",
    "GUARDS",
    "LEGISCAN_PROGRESS",
    "LEGISCAN_SAST",
    "LEGISCAN_STATUS",
    "LEGISCAN_TEXT",
    "LEGISCAN_TYPES",
    "NY_STATUS",
    "OPEN_STATES_ACTIONS",
    "OPEN_STATES_KINDS",
    "READ_AT_MOST",
    "UK_STAGES",
    "VA_FLAGS",
    "VERSION_NOTES",
    "WORDS",
    "Event",
    "Guard",
    "Words",
    "clauses_of",
    "event_in",
    "register_stage",
    "session_end",
    "virginia_stage",
    "westminster_stage",
]


class Event(IntEnum):
    """What one action does to an instrument, in the order in which one day is told."""

    NOTHING = 0
    PREFILED = 1
    INTRODUCED = 2
    ADVANCED = 3
    """It goes on: an earlier defeat did not end it."""
    PASSED_CHAMBER = 4
    AGREED = 5
    """Agreed to or adopted: the passage of a resolution, nothing for a bill."""
    PASSED_BOTH = 6
    TO_EXECUTIVE = 7
    CARRIED_OVER = 8
    FAILED = 9
    DIED = 10
    """Failed because the session ended."""
    WITHDRAWN = 11
    REVIVED = 12
    """A defeat of the same day or before was undone."""
    VETOED = 13
    OVERRIDDEN_IN_CHAMBER = 14
    OVERRIDDEN = 15
    VETO_STANDS = 16
    CHAPTERED = 17
    ENACTED = 18


class Words(NamedTuple):
    """Words of an action, what they mean, and a line that shows them."""

    event: Event
    pattern: re.Pattern[str]
    line: str


class Guard(NamedTuple):
    """Words that mean nothing for the stage, however much they look like it."""

    pattern: re.Pattern[str]
    line: str


def _words(event: Event, pattern: str, line: str) -> Words:
    return Words(event, re.compile(pattern, re.IGNORECASE), line)


def _guard(pattern: str, line: str) -> Guard:
    return Guard(re.compile(pattern, re.IGNORECASE), line)


# -- words of actions --------------------------------------------------------------------------

_CHAMBER = r"(?:house|senate|assembly|council)"
_OFFICER = (
    r"(?:(?:the )?(?:[hs]\. ?)?speaker|(?:the )?president(?: of the senate| pro tem\w*)?"
    r"|presiding officers?|(?:the )?chair|secretary of the senate|clerk)"
)
_THING = (
    r"(?:amendments?|amdts?|amend\.|amended title|substitutes?|sub\.|AM ?\d+|FA ?\d+|MO ?\d+"
    r"|ST ?\d+"
    r"|[HS]-\d{3,}|motions?|previous question|rules?|quorum|roll call|fiscal (?:note|impact))"
)

GUARDS: Final = (
    # Presiding officers sign what both chambers passed; that enacts nothing.
    _guard(
        rf"\bsigned by {_OFFICER}(?!\w)|\b{_OFFICER} signed\b|\bsigned in (?:the )?{_CHAMBER}",
        "Signed by the President of the Senate",
    ),
    _guard(r"\bsigned by (?:the )?[a-z. ]*speaker\b", "Signed by H. Speaker"),
    _guard(
        r"\bfiscal (?:note|estimate|statement)\b.*\b(?:signed|unsigned|filed|printed|received)\b",
        "(H) Fiscal Note Signed",
    ),
    _guard(r"\bnot signed\b(?!.*\blaw\b)|\bunsigned\b", "Not signed by the Governor"),
    _guard(r"\b(?:did|does|shall) not become law\b", "Did not become law"),
    _guard(r"\bgovernor'?s (?:veto|objections?) pending\b", "Governor's veto pending"),
    _guard(r"\bsignature requested\b", "Signature requested"),
    # What happens to an amendment or a motion does not happen to the bill.
    _guard(
        rf"\b{_THING}\b(?!.*\b(?:passed bill|bill passed|and pass\b|to pass\b|reconsider))"
        r"(?!.*\b(?:governor|enacting clause|repassed)\b)"
        r".*\b(?:adopt\w*|lost|fail\w*|withdrawn|defeated|rejected|tabled|filed|agreed to"
        r"|not adopted|carried|approved|suspended|passed|postponed"
        r"|ruled out of order|stricken|pending)\b",
        "Amendment H-8168, yeas 44, nays 51, lost, as amended",
    ),
    _guard(
        r"\breconsider\b.*\b(?:laid on the table|tabled|failed|lost|filed|not agreed)\b",
        "Motion to reconsider laid on the table Agreed to without objection",
    ),
    _guard(
        r"\b(?:conference|committee|com\.|joint rules?) (?:committee )?reports? (?:adopted|filed"
        r"|read|rejected|printed)\b(?!.*\bpassed bill\b)",
        "Conference report adopted",
    ),
    _guard(
        r"^(?!.*\bgovernor\b).*\b(?:recommend\w*|reported|reports?|be|favorabl[ey]|do) "
        r"(?:that it )?(?:be |do )?"
        r"(?:adopted|passage|passed|pass(?! ?,)|not pass|approv\w+|adoption)\b",
        "Reported be adopted",
    ),
    _guard(
        r"^(?!.*\bgovernor\b).*\bcommittee\b(?!.*\bpostponed? indefinitely)"
        r"(?!.*\bindefinitely postponed?)"
        r"(?!.*\bfurther action\b)(?!.*\bdied\b)(?!.*\bsigned\b).*\b(?:passed|concurred|adopted"
        r"|agreed|approv\w+|fail\w*|defeated)\b",
        "(H) Committee Executive Action--Bill Passed as Amended - (H) Business and Labor",
    ),
    _guard(r"\bpassed (?:temporarily|over|by for (?:the )?day|to be engrossed|to engrossment"
           r"|to (?:be read )?(?:a )?(?:second|2nd|third|3rd))\b",
           "Read 2nd time & passed to engrossment"),
    _guard(r"\bpassed (?:on )?(?:1st|first|2nd|second)(?: (?!&|and)\w+|$)", "Passed 1st Reading"),
    _guard(
        r"\b(?:2nd|second|1st|first) reading (?:passed|concurred|agreed|adopted|carried)\b",
        "(S) 2nd Reading Concurred as Amended",
    ),
    _guard(r"\bconference(?! report and passed)\b(?!.*\bpassed bill\b)|\bin lieu of\b",
           "Senate agreed to conference and appoints conferees"),
    _guard(r"\bas passed\b", "Bill text as passed House (HR2078ER)"),
    _guard(r"\b(?:refused|failed|unable) to (?:concur(?! in pursuant)|recede)\b",
           "House refused to concur and requested Senate to recede (Roll No. 562)"),
    _guard(r"\bwithdrawn (?:from|by) (?:the )?(?:.* )?(?:committee|calendar|rules|consent)\b",
           "Withdrawn from House Committee on Rules"),
    _guard(r"\b(?:co-?)?(?:sponsors?|authors?|patrons?|hearing|request)\b.*\b(?:withdrawn|removed"
           r"|added|stricken|canceled)\b(?!.*\bprior to introduction)", "Co-sponsor withdrawn"),
    _guard(r"\bheld (?:for|over|under|in|at)\b", "HELD FOR CONSIDERATION IN HEALTH"),
    _guard(r"\bcarried over (?:to|until) the call\b|\bcarried over temporarily\b",
           "Carried over to the call of the chair"),
    _guard(r"\btabled in committee\b|\bsubject to call\b", "(H) Tabled in Committee"),
    _guard(r"\b(?:scheduled?|posted|hearing|notice|calendar(?:ed)?)\b.*\b(?:for|of|on|to)\b"
           r"(?!.*\b(?:pursuant|died|further action))(?!.*\bintroduced\b)"
           r"(?!.*\b(?:yeas|passed (?:3rd|house|senate)))", "(H) Scheduled for 3rd Reading"),
    _guard(r"^effective (?:from passage|date|on|\d)", "Effective from passage (Roll No. 46)"),
)  # fmt: skip

WORDS: Final = (
    # Vetoes overridden come first: the line names the veto as well.
    _words(Event.VETO_STANDS,
           r"\b(?:sustain(?:ed|s)?\b.*\bveto|veto (?:was )?sustained|(?:total )?veto stands"
           r"|(?:failed to|not) overrid\w+|overrid\w+ failed|failed\b.*\bover\b.*\bveto"
           r"|veto not overridden)",
           "House sustained Governor's veto"),
    _words(Event.OVERRIDDEN_IN_CHAMBER,
           rf"\b(?:{_CHAMBER} (?:voted to )?over(?:rode|rides?|ridden)|passed {_CHAMBER} over"
           rf"\b.*\bveto|veto overridden (?:in|by) (?:the )?{_CHAMBER}"
           rf"|{_CHAMBER}\b.*\bveto over(?:ridden|ride passed))",
           "Passed House over veto"),
    _words(Event.OVERRIDDEN,
           r"\bveto (?:was )?overrid(?:den|e passed)\b|\b(?:overrode|overridden|notwithstanding)\b"
           r".*\b(?:veto|objections)\b|\blaw\b.*\bnotwithstanding\b",
           "Veto overridden"),
    _words(Event.PASSED_CHAMBER, r"\brepassed\b",
           "Senate amended, repassed bill as result of Governor's Veto (Roll No. 301)"),
    # A bill of which single items are vetoed is law but for these.
    _words(Event.ENACTED,
           r"\b(?:line[- ]item|partial(?:ly)?) veto(?:ed)?\b|\bpartially vetoed\b"
           r"|\bin part\b.*\bveto"
           r"|\bveto(?:ed)? in part\b|^items? vetoed\b",
           "Governor Line Item Veto"),
    # Law without a signature: before the words on signing, which it contains.
    _words(Event.ENACTED,
           r"\b(?:became|becomes?|becoming|effective|filed|returned|law|enacted)\b.*\bwithout\b.*"
           r"\b(?:signature|signing|approval)\b|\bbecame law\b|\bbecomes? law\b|\blaw without\b",
           "Becomes law without Governor's signature 05/22/2025"),
    _words(Event.ENACTED, r"\bbecame (?:public|private) law\b|\bpublic law no\b",
           "Became Public Law No: 117-108."),
    _words(Event.ENACTED, r"\bbecame act\b|\bbecomes act\b", "Becomes Act No. 34."),
    _words(Event.ENACTED, r"\bsigned into law\b|\bsigned by (?:the )?(?:acting )?gov\w*\b",
           "Signed by Governor"),
    _words(Event.ENACTED,
           r"\bgov(?:ernor|\.)?(?:'s)?(?: \w+)?:? (?:date )?(?:signed|approved|approval"
           r"|action approv\w+)",
           "Governor Signed"),
    _words(Event.ENACTED,
           r"\b(?:approved|approval) by (?:the )?(?:acting )?(?:gov\w*|mayor|president)\b",
           "Approved by the Governor"),
    _words(Event.ENACTED, r"\bapproved p\.? ?l\.? ?\d{4}", "Approved P.L.2025, c.5."),
    _words(Event.ENACTED, r"\b(?:royal assent|enacted under article|enacted into law)\b",
           "Enacted under Article II, Section 17(c) of the Maryland Constitution - Chapter 9"),
    # New York numbers the chapter, or the memorandum of approval, in the line itself.
    _words(Event.ENACTED, r"^signed chap\b|^approval memo\b", "SIGNED CHAP.123"),
    _words(Event.VETOED,
           r"^(?:governor:? |by )?(?:pocket )?vetoed\b|\bvetoed by (?:the )?(?:gov|pres|mayor)\w*"
           r"|\bgov\w*\b(?:'s)? (?:total |pocket |full )?vetoe?d?\b|\bpocket veto(?:ed)?\b"
           r"|\breturned\b.*\bobjections?\b|\bveto message\b",
           "Vetoed by Governor 4/1/2025"),
    # Nevada: a veto after adjournment goes to the next session by way of the Secretary of State.
    _words(Event.VETOED, r"^returned from secretary of state\b",
           "Returned from Secretary of State"),
    _words(Event.CHAPTERED,
           r"\bchapter(?:ed)? (?:by secretary|number(?: assigned)?|no\.? ?\d|\d)"
           r"|\bassigned chapter\b"
           r"|\bchapter number assigned\b|\bchapter \d+\b",
           "Assigned Chapter Number 68"),
    _words(Event.CHAPTERED, r"\bacts ch\. ?\d|\bpub\. ?ch\. ?\d"
           r"|\bc(?:h)?\.? \d+,? l(?:aws)? ?\d{2,4}"
           r"|\bsession law (?:chapter|no)|\bacts? of assembly chapter\b|\bCHAP\d{4}\b",
           "Comp. became Pub. Ch. 123"),
    _words(Event.CHAPTERED,
           r"\b(?:public|private|special) acts?\b[ .]*(?:no\.? ?)?\d|\bassigned (?:pa|p\.a\."
           r"|act)\b",
           "Public Act . . . . . . . . . 104-0001"),
    _words(Event.CHAPTERED,
           r"^(?:\(\w\) )?(?:wisconsin |\d{4} wisconsin )?act (?:no\.? ?)?\d|\bact no\. ?\d",
           "Act No. 35"),
    _words(Event.CHAPTERED, r"\b(?:public|session) law(?: no\.?)?,? (?:chapter )?\d|\bslip law\b",
           "Public Law 23"),
    # The end without a vote.
    _words(Event.DIED,
           r"\bdied\b.*\b(?:sine die|adjourn\w*|session ended)\b|\bsession sine die\b"
           r"|\bsine die\b.*\b(?:died|dead)\b|\bfailed to (?:pass|concur|adopt)\b.*\bpursuant to\b",
           "Died in House at Sine Die adjournment"),
    _words(Event.FAILED,
           r"\bdied\b|\(dead\)|^left in\b|\bno further (?:consideration|action)\b"
           r"|\bwithout further action\b|\bdid not consider for introduction\b",
           "Died In Committee"),
    _words(Event.FAILED,
           r"\bindefinitely postponed?\b|\bpostponed? indefinitely\b|\bpassed by indefinitely\b"
           r"|^api\.?$|\baction postponed indefinitely\b",
           "Indefinitely postponed"),
    _words(Event.FAILED, r"\binexpedient to legislate\b.*\b(?:ma|adopted)\b",
           "Inexpedient to Legislate: MA VV 02/12/2026"),
    _words(Event.FAILED, r"\b(?:strike|struck|stricken|striking)\b.*\benacting clause\b"
           r"|\benacting clause (?:was )?(?:struck|stricken)\b",
           "House/ strike enacting clause"),
    _words(Event.FAILED, r"\bdeferred to the (?:36th|4\d(?:st|nd|th)) (?:legislative )?day\b",
           "Commerce and Energy Deferred to the 41st legislative day, Passed, YEAS 7, NAYS 0"),
    _words(Event.FAILED, r"\baccompanied a study order\b|\blaid on table, (?:refer|companion)",
           "Accompanied a study order, see H5000"),
    _words(Event.REVIVED, r"\breconsidered\b|\breconsideration (?:adopted|agreed)\b|\brevived\b"
           r"|\btaken from (?:the )?table\b|\brecalled from (?:the )?governor\b",
           "(H) Reconsidered Previous Action; Placed on 2nd Reading"),
    _words(Event.FAILED,
           r"\b(?:failed|failure)(?: of| to| on)? (?:pass|passage|final|third|3rd)\b"
           r"|\breading\b.*\b(?:failed|not concurred|not passed|lost)\b|^failed\b|\bbill failed\b"
           r"|\bread (?:the )?third\b[^.;]*\bfailed\b"
           r"|\bnot passed\b|\bdefeated by\b|^(?:bill )?defeated\b|\brefused passage\b",
           "Second reading, failed to pass, yeas 2 nays 88"),
    _words(Event.FAILED, rf"^(?:{_CHAMBER} )?(?:local )?(?:lost|rejected|defeated)\b",
           "Senate Lost"),
    _words(Event.WITHDRAWN,
           rf"^(?:(?:{_CHAMBER}|bill)\b[ /:-]*)*withdrawn\b|\bwithdrawn (?:by|at the request of)\b"
           r".*\b(?:author|sponsor|patron|introducer|member)"
           r"|\bwithdrawn from (?:further )?consideration\b",
           "Withdrawn from further consideration"),
    _words(Event.WITHDRAWN, r"^stricken\b|\bstricken (?:from docket|at (?:the )?request)\b",
           "Stricken at request of Patron in Courts of Justice (15-Y 0-N)"),
    _words(Event.CARRIED_OVER,
           r"\bcarried over (?:to|into|until) (?:the )?(?:\d{4}|next|second)\b"
           r"|\bcontinued to (?:20\d\d|next)\b"
           r"|\bcarry[- ]?over\b|\bheld over to (?:20\d\d|next)\b|^carried over\b",
           "Carried over to 2026 Regular Session"),
    # On the way to the executive.
    _words(Event.TO_EXECUTIVE,
           r"\b(?:presented|sent|delivered|transmitted|enrolled|to|forwarded|due from"
           r"|presentment)\b[^.]{0,40}\b(?:governor|gov\.|executive department)"
           r"(?!'s (?:message|veto))"
           r"|\blaid before (?:the )?governor\b"
           r"|\bpresented to (?:the )?(?:president|mayor)\b|\bpresentment date\b",
           "Presented to the Governor"),
    _words(Event.PASSED_BOTH,
           r"\b(?:ordered |bill |sent for |sent to |received from \w+ for )?(?:enroll(?:ed|ing"
           r"|ment(?! and review))|ratified)\b"
           r"|\bpassed both (?:houses|chambers)\b|\bcompleted legislative action\b"
           r"|\breturned passed\b",
           "Ordered enrolled"),
    _words(Event.PASSED_BOTH,
           rf"\b{_CHAMBER}\b[^.]*\bconcur(?:s|red) (?:in|with)\b[^.]*\bamend[^.]*\bpassed bill\b",
           "House concurred in Senate amendment and passed bill (Roll No. 689)"),
    _words(Event.PASSED_CHAMBER,
           rf"\b(?:re)?passed(?:/agreed to)? (?:in |by |by the |the )?{_CHAMBER}\b"
           rf"|\b{_CHAMBER} (?:re)?passed\b|\brepassed\b|\bpassed bill\b",
           "Passed House, yeas 69, nays 26."),
    _words(Event.PASSED_CHAMBER,
           r"\b(?:3rd|third)\b[^.]*\b(?:reading|read|readings|time)\b[^.]*\b(?:passed|concurred)\b"
           r"|\bpassed\b[^.]*\b(?:3rd|third) reading|\b(?:final|second) reading,? passed\b"
           r"|\bpassed on (?:final|third|3rd)\b",
           "(H) 3rd Reading Passed"),
    _words(Event.PASSED_CHAMBER,
           r"\bfinal passage\b(?!.*\b(?:failed|defeated|lost)\b)|\bot3rdg\b"
           r"|\bon passage passed\b|\bto suspend the rules and pass\b.*\bagreed to\b",
           "On passage Passed without objection."),
    # Maine and Massachusetts: each chamber votes to enact; that is passage.
    _words(Event.PASSED_CHAMBER, r"^enacted\b|\bpassed to be enacted\b", "Passed to be enacted"),
    # South Dakota counts the vote in the line; a lost one is told apart by its numbers.
    _words(Event.PASSED_CHAMBER, rf"^(?:house of representatives|{_CHAMBER}) do pass\b.*\byeas\b",
           "House of Representatives Do Pass , Passed, YEAS 61, NAYS 7 H.J. 107"),
    _words(Event.PASSED_CHAMBER,
           r"^(?:\([hs]\) )?passed(?:$|[.,;]| (?:as amended|roll|with|unanimously|\d|\())",
           "Passed; given immediate effect Roll Call #100 Yeas 56 Nays 48"),
    _words(Event.AGREED,
           r"\b(?:adopted|agreed to|read and adopted|concurred in)\b",
           "Read by title and adopted by a vote of 30 yeas and 0 nays"),
    # Before the chamber.
    _words(Event.PREFILED,
           r"\bpre-?filed?\b|\bprovisionally referred\b|^\(lc\)|\binterim calendar\b"
           r"|\bbill numbered\b|\bnumbered bill\b",
           "Prefiled and ordered printed; Offered 01-14-2026"),
    _words(Event.INTRODUCED,
           r"\bintroduc(?:ed|tion)\b(?<!for introduction)|\b(?:first|1st) read(?:ing|ers)?\b"
           r"|\bread (?:the )?(?:first|1st|twice|by title)\b|\breferred to\b|\bfirst readers\b"
           r"|\bto standing committee\b",
           "Introduced, referred to Public Safety."),
    _words(Event.PREFILED,
           r"^filed\b|\bfiled (?:for|with (?:the )?(?:clerk|secretary))\b"
           r"|^received by the secretary",
           "Filed with the Clerk by Rep. Smith"),
)  # fmt: skip

_CLAUSE = re.compile(
    r";\s*|(?<!\b[A-Z])(?<!Pub)(?<!Gov)(?<!Rep)(?<!Sen)(?<!No)(?<!Roll)\.\s+(?=[A-Z(])|[\r\n]+"
)
_SOUTH_DAKOTA_VOTE = re.compile(
    r"^(?:(?:House of Representatives|Senate) Do Pass|Placed on calendar)\b.*"
    r"\bYEAS (\d+), NAYS (\d+)"
)


READ_AT_MOST: Final = 400
"""So many characters of a clause are looked at: what happened stands at its beginning."""
_CLAUSES: Final = 12


def clauses_of(text: str) -> tuple[str, ...]:
    """The parts of an action: "Enrolled.  Signed by the President of the Senate." is two."""
    pieces = _CLAUSE.split(text[: _CLAUSES * READ_AT_MOST], maxsplit=_CLAUSES)
    parts = (piece.strip(" .")[:READ_AT_MOST] for piece in pieces[:_CLAUSES])
    return tuple(part for part in parts if part)


def event_in(text: str) -> tuple[Event | None, str]:
    """What the words of an action mean, and the clause that says so.

    NOTHING where the words are known to mean nothing for the stage, None where they are not known.
    """
    text = text.strip()
    vote = _SOUTH_DAKOTA_VOTE.match(text[:READ_AT_MOST])
    if vote is not None and int(vote[1]) <= int(vote[2]):
        return Event.FAILED, text
    clauses = clauses_of(text)
    open_clauses = tuple(c for c in clauses if not any(g.pattern.search(c) for g in GUARDS))
    for words in WORDS:
        for clause in open_clauses:
            if words.pattern.search(clause):
                return words.event, clause
    return (None if len(open_clauses) == len(clauses) else Event.NOTHING), text


# -- Open States -------------------------------------------------------------------------------

OPEN_STATES_ACTIONS: Final[Mapping[str, Event]] = {
    "filing": Event.PREFILED,
    "introduction": Event.INTRODUCED,
    "enrolled": Event.PASSED_BOTH,
    "reading-1": Event.INTRODUCED,
    "reading-2": Event.ADVANCED,
    "reading-3": Event.ADVANCED,
    "passage": Event.PASSED_CHAMBER,
    "informal-passage": Event.NOTHING,
    "failure": Event.FAILED,
    "withdrawal": Event.WITHDRAWN,
    "substitution": Event.NOTHING,
    "amendment-introduction": Event.NOTHING,
    "amendment-passage": Event.NOTHING,
    "amendment-withdrawal": Event.NOTHING,
    "amendment-failure": Event.NOTHING,
    "amendment-amendment": Event.NOTHING,
    "amendment-deferral": Event.NOTHING,
    "committee-passage": Event.ADVANCED,
    "committee-passage-favorable": Event.ADVANCED,
    "committee-passage-unfavorable": Event.ADVANCED,
    "committee-failure": Event.FAILED,
    "executive-receipt": Event.TO_EXECUTIVE,
    "executive-signature": Event.ENACTED,
    "executive-veto": Event.VETOED,
    "executive-veto-line-item": Event.ENACTED,
    "became-law": Event.CHAPTERED,
    "veto-override-passage": Event.OVERRIDDEN_IN_CHAMBER,
    "veto-override-failure": Event.VETO_STANDS,
    "deferral": Event.NOTHING,
    "receipt": Event.NOTHING,
    "referral": Event.INTRODUCED,
    "referral-committee": Event.INTRODUCED,
    "hearing-held": Event.INTRODUCED,
    "work-session": Event.INTRODUCED,
    "sponsorship": Event.NOTHING,
    "carried-over": Event.CARRIED_OVER,
    "reported-out-of-committee": Event.ADVANCED,
    "concurrence": Event.NOTHING,
}

_NEVER_LAW: Final = InstrumentKind.RESOLUTION
OPEN_STATES_KINDS: Final[Mapping[str, InstrumentKind]] = {
    "bill": InstrumentKind.BILL,
    "proposed bill": InstrumentKind.BILL,
    "appropriation": InstrumentKind.BILL,
    "claim": InstrumentKind.BILL,
    "constitutional amendment": InstrumentKind.BILL,
    "ordinance": InstrumentKind.ORDINANCE,
    "resolution": _NEVER_LAW,
    "concurrent resolution": _NEVER_LAW,
    "joint resolution": _NEVER_LAW,
    "memorial": _NEVER_LAW,
    "commemoration": _NEVER_LAW,
    "concurrent memorial": _NEVER_LAW,
    "joint memorial": _NEVER_LAW,
    "proclamation": _NEVER_LAW,
    "nomination": _NEVER_LAW,
    "contract": _NEVER_LAW,
    "appointment": _NEVER_LAW,
    "petition": _NEVER_LAW,
    "order": _NEVER_LAW,
    "concurrent order": _NEVER_LAW,
    "motion": _NEVER_LAW,
    "study request": _NEVER_LAW,
    "concurrent study request": _NEVER_LAW,
    "bill of address": _NEVER_LAW,
}

VERSION_NOTES: Final = (
    # The note of a text says what the bill had become when the text was made.
    _words(Event.NOTHING, r"\b(?:amendment|comparison|transmittal|fiscal|analysis|veto)\b",
           "Comparison to Sub #1"),
    _words(Event.CHAPTERED,
           r"\bchaptered\b|\bslip law\b|\b(?:public|session) (?:act|law)\b|\bas enacted\b"
           r"|\bchapter(?:ed)? (?:law|no\.? ?\d|\d)|^act(?:$| (?:no\.? ?)?\d)|\bbecame law\b"
           r"|\bas signed by\b",
           "Slip Law"),
    _words(Event.PASSED_BOTH, r"\benroll(?:ed|ment)\b|^ratified\b|\bpassed both\b",
           "Enrolled Committee Substitute"),
    _words(Event.PASSED_CHAMBER,
           rf"\b(?:as )?(?:passed|adopted) (?:by )?(?:the )?{_CHAMBER}\b"
           rf"|\bengrossed in (?:the )?{_CHAMBER}\b"
           rf"|\breferred in (?:the )?{_CHAMBER}\b",
           "As Passed by the House"),
    _words(Event.PREFILED, r"\bpre-?filed?\b|^draft\b", "Prefiled"),
    _words(Event.INTRODUCED, r"\bintroduced\b|^original\b", "As Introduced"),
)  # fmt: skip

# -- LegiScan ----------------------------------------------------------------------------------

LEGISCAN_STATUS: Final[Mapping[int, Stage]] = {
    0: Stage.PREFILED,
    1: Stage.INTRODUCED,
    2: Stage.PASSED_FIRST_CHAMBER,
    3: Stage.PASSED,
    4: Stage.ENACTED,  # adopted, for a resolution
    5: Stage.VETOED,
    6: Stage.FAILED,
}

LEGISCAN_PROGRESS: Final[Mapping[int, Event]] = {
    1: Event.INTRODUCED,
    2: Event.PASSED_CHAMBER,
    3: Event.PASSED_BOTH,
    4: Event.ENACTED,
    5: Event.VETOED,
    6: Event.FAILED,
    7: Event.OVERRIDDEN,
    8: Event.CHAPTERED,
    9: Event.INTRODUCED,
    10: Event.ADVANCED,
    11: Event.ADVANCED,
    12: Event.PREFILED,
}

LEGISCAN_TEXT: Final[Mapping[int, Event]] = {
    1: Event.INTRODUCED,
    2: Event.NOTHING,
    3: Event.NOTHING,
    4: Event.NOTHING,  # states engross before or after the vote
    5: Event.PASSED_BOTH,
    6: Event.CHAPTERED,
    7: Event.NOTHING,
    8: Event.NOTHING,
    9: Event.PREFILED,
    10: Event.NOTHING,
    11: Event.PREFILED,
    12: Event.NOTHING,
    13: Event.NOTHING,
    14: Event.NOTHING,
}

LEGISCAN_SAST: Final[Mapping[int, bool]] = {
    1: True,  # same as
    2: False,  # similar to
    3: False,  # replaced by
    4: False,  # replaces
    5: True,  # crossfiled
    6: False,  # enabling for
    7: False,  # enabled by
    8: False,  # related
}
"""Whether the other bill is the same text."""

LEGISCAN_TYPES: Final[Mapping[str, InstrumentKind]] = {
    **dict.fromkeys(("B", "SB", "CB", "RB", "CL", "CA", "JRCA", "I", "IP"), InstrumentKind.BILL),
    **dict.fromkeys(
        ("R", "CR", "JR", "M", "C", "CSR", "JM", "P", "SR", "A", "CM", "PET", "RM"), _NEVER_LAW
    ),
    "EO": InstrumentKind.REGULATION,
}

# -- Congress ----------------------------------------------------------------------------------

CONGRESS_CODES: Final[Mapping[str, Event]] = {
    "1000": Event.INTRODUCED,
    "10000": Event.INTRODUCED,
    "Intro-H": Event.INTRODUCED,
    "5000": Event.ADVANCED,
    "14000": Event.ADVANCED,
    "14500": Event.ADVANCED,
    "8000": Event.PASSED_CHAMBER,
    "17000": Event.PASSED_CHAMBER,
    "28000": Event.TO_EXECUTIVE,
    "E20000": Event.TO_EXECUTIVE,
    "E30000": Event.ENACTED,
    "31000": Event.VETOED,  # unconfirmed
    "36000": Event.ENACTED,
    "E40000": Event.ENACTED,
    "H38310": Event.NOTHING,
    "94000": Event.NOTHING,
    "93000": Event.NOTHING,
    "91000": Event.NOTHING,
    "B00100": Event.NOTHING,
}
CONGRESS_TYPES: Final[Mapping[str, Event]] = {
    "IntroReferral": Event.INTRODUCED,
    "Committee": Event.ADVANCED,
    "BecameLaw": Event.ENACTED,
}

GOVINFO_VERSIONS: Final[Mapping[str, Stage]] = {
    **dict.fromkeys(
        ("ih", "is", "rh", "rs", "pcs", "pp"),
        Stage.INTRODUCED,
    ),
    # Referred in: the other chamber has passed it. Agreed to: enough for a simple resolution only.
    **dict.fromkeys(
        ("rfh", "rfs", "eh", "es", "eah", "eas", "ath", "ats", "cph", "cps"),
        Stage.PASSED_FIRST_CHAMBER,
    ),
    "enr": Stage.PASSED,
}

# -- the Federal Register ----------------------------------------------------------------------

_WITHDRAWAL = re.compile(r"\bwithdraw(?:al|n|s|ing)?\b", re.IGNORECASE)
_INTENT = re.compile(r"\bintent\b", re.IGNORECASE)
_TEMPORARY = re.compile(r"\btemporary\b|\binterim\b|\bemergency\b", re.IGNORECASE)
_CORRECTION = re.compile(r"\bcorrect(?:ion|ing)\b|\breopening\b|\bextension\b", re.IGNORECASE)


class Register(NamedTuple):
    """What a document of the Federal Register does; `stage` is None where it moves nothing."""

    stage: Stage | None
    kind: InstrumentKind
    because: str


def register_stage(kind: str, action: str | None, title: str = "") -> Register:
    """The stage of a rule from the type of a document and the words of its `ACTION`.

    A notice of intent opens a procedure, a withdrawal closes it; other notices move nothing.
    """
    words = f"{action or ''} {title}".strip()
    shown = action or title or kind
    match kind.upper().replace(" ", ""):
        case "RULE":
            made = (
                InstrumentKind.EMERGENCY_ORDER
                if _TEMPORARY.search(words)
                else InstrumentKind.REGULATION
            )
            if _WITHDRAWAL.search(action or ""):
                return Register(Stage.WITHDRAWN, made, shown)
            if _CORRECTION.search(action or ""):
                return Register(None, made, shown)
            return Register(Stage.ENACTED, made, shown)
        case "PRORULE" | "PROPOSEDRULE":
            stage = Stage.WITHDRAWN if _WITHDRAWAL.search(action or "") else Stage.INTRODUCED
            return Register(stage, InstrumentKind.REGULATION, shown)
        case "NOTICE":
            if _WITHDRAWAL.search(words):
                return Register(Stage.WITHDRAWN, InstrumentKind.REGULATION, shown)
            stage_or_none = Stage.INTRODUCED if _INTENT.search(words) else None
            return Register(stage_or_none, InstrumentKind.REGULATION, shown)
    return Register(None, InstrumentKind.GUIDANCE, shown)


# -- single legislatures -----------------------------------------------------------------------

NY_STATUS: Final[Mapping[str, Stage]] = {
    "INTRODUCED": Stage.INTRODUCED,
    "IN_ASSEMBLY_COMM": Stage.INTRODUCED,
    "IN_SENATE_COMM": Stage.INTRODUCED,
    "ASSEMBLY_FLOOR": Stage.INTRODUCED,
    "SENATE_FLOOR": Stage.INTRODUCED,
    "PASSED_ASSEMBLY": Stage.PASSED_FIRST_CHAMBER,
    "PASSED_SENATE": Stage.PASSED_FIRST_CHAMBER,
    "DELIVERED_TO_GOV": Stage.PASSED,
    "SIGNED_BY_GOV": Stage.ENACTED,
    "POCKET_APPROVAL": Stage.ENACTED,  # unconfirmed
    "VETOED": Stage.VETOED,
    "STRICKEN": Stage.WITHDRAWN,
    "LOST": Stage.FAILED,
    "SUBSTITUTED": Stage.INTRODUCED,  # it goes on under the number of its companion
    "ADOPTED": Stage.ADOPTED,
}
"""`status.statusType` of New York's Open Legislation."""

VA_FLAGS: Final = (
    # Columns of Virginia's BILLS.CSV, most decisive first; "Y" is yes.
    ("Approved", Stage.ENACTED),
    ("Vetoed", Stage.VETOED),
    ("Failed", Stage.FAILED),
    ("Passed", Stage.PASSED),
    ("Passed_house", Stage.PASSED_FIRST_CHAMBER),
    ("Passed_senate", Stage.PASSED_FIRST_CHAMBER),
)

UK_STAGES: Final[Mapping[str, Stage]] = {
    # Descriptions of the stages of the Bills API; unconfirmed.
    "1st reading": Stage.INTRODUCED,
    "2nd reading": Stage.INTRODUCED,
    "committee stage": Stage.INTRODUCED,
    "report stage": Stage.INTRODUCED,
    "3rd reading": Stage.INTRODUCED,
    "consideration of amendments": Stage.PASSED_FIRST_CHAMBER,
    "royal assent": Stage.ENACTED,
}


def virginia_stage(row: Mapping[str, str], kind: InstrumentKind) -> Stage:
    """The stage that a row of Virginia's `BILLS.CSV` declares."""
    for column, stage in VA_FLAGS:
        if (row.get(column) or "").strip().upper() == "Y":
            adopted = kind is InstrumentKind.RESOLUTION and stage in {Stage.PASSED, Stage.ENACTED}
            return Stage.ADOPTED if adopted else stage
    return Stage.INTRODUCED


def westminster_stage(bill: Mapping[str, object]) -> Stage:
    """The stage of a bill of the Parliament of the United Kingdom, as its API answers it."""
    current = bill.get("currentStage")
    described = current.get("description") if isinstance(current, Mapping) else None
    stage = UK_STAGES.get(str(described or "").strip().lower(), Stage.INTRODUCED)
    if bill.get("isAct") or stage is Stage.ENACTED:
        return Stage.ENACTED
    if bill.get("billWithdrawn"):
        return Stage.WITHDRAWN
    if bill.get("isDefeated"):
        return Stage.FAILED
    houses = bill.get("originatingHouse"), bill.get("currentHouse")
    if all(house in {"Commons", "Lords"} for house in houses) and houses[0] != houses[1]:
        return Stage.PASSED_FIRST_CHAMBER
    return stage


GENERIC_STATUS: Final[Mapping[str, Stage]] = {
    "prefiled": Stage.PREFILED,
    "introduced": Stage.INTRODUCED,
    "in committee": Stage.INTRODUCED,
    "pending": Stage.INTRODUCED,
    "passed one chamber": Stage.PASSED_FIRST_CHAMBER,
    "engrossed": Stage.PASSED_FIRST_CHAMBER,
    "enrolled": Stage.PASSED,
    "passed both chambers": Stage.PASSED,
    "signed": Stage.ENACTED,
    "approved": Stage.ENACTED,
    "enacted": Stage.ENACTED,
    "chaptered": Stage.ENACTED,
    "became law": Stage.ENACTED,
    "royal assent": Stage.ENACTED,
    "promulgated": Stage.ENACTED,
    "in force": Stage.IN_FORCE,
    "repealed": Stage.REPEALED,
    "expired": Stage.EXPIRED,
    "vetoed": Stage.VETOED,
    "failed": Stage.FAILED,
    "defeated": Stage.FAILED,
    "rejected": Stage.FAILED,
    "lapsed": Stage.FAILED,
    "dead": Stage.FAILED,
    "withdrawn": Stage.WITHDRAWN,
    "adopted": Stage.ADOPTED,
}
"""Plain words for a status, for sources that have no vocabulary of their own; lower case."""

# -- sessions ----------------------------------------------------------------------------------

_SESSION_ENDS: Final[Mapping[tuple[str, str], date]] = {
    # From the sources themselves: Open States' lists of sessions, or the words of an action.
    ("US-AR", "2025"): date(2025, 5, 5),
    ("US-DE", "152"): date(2024, 6, 30),
    ("US-DE", "153"): date(2026, 6, 30),
    ("US-GA", "2023_ss"): date(2023, 12, 7),
    ("US-GA", "2025_26"): date(2026, 4, 2),
    ("US-LA", "2025"): date(2025, 6, 12),
    ("US-LA", "2025s1"): date(2025, 10, 24),
    ("US-LA", "2026"): date(2026, 6, 1),
    ("US-MD", "2024"): date(2024, 4, 8),
    ("US-MD", "2025"): date(2025, 4, 7),
    ("US-MD", "2026"): date(2026, 4, 13),
    ("US-NY", "2025-2026"): date(2026, 12, 31),
    ("US-OH", "135"): date(2024, 12, 31),
    ("US-OH", "136"): date(2026, 12, 31),
    ("US-OR", "2025R1"): date(2025, 6, 30),
    ("US-OR", "2025S1"): date(2025, 9, 5),
    ("US-OR", "2026R1"): date(2026, 3, 9),
    ("US-VA", "2026"): date(2026, 3, 14),
    ("US-VA", "2026S1"): date(2026, 5, 1),
    ("US-WI", "2025"): date(2026, 5, 25),
}


def session_end(code: str, session: str) -> date | None:
    """The last day of a session where it is known; never guessed.

    A Congress ends at noon on 3 January of odd years (Twentieth Amendment).
    """
    if code == "US" and session.isdecimal() and 100 <= int(session) <= 999:
        return date(1789 + 2 * int(session), 1, 3)
    return _SESSION_ENDS.get((code, session))

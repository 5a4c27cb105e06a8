"""What a clause forbids, orders or allows, and which activities it is about.

Rules are rows of `RULES`: the words that decide, and where the verbs stand that say about what.
Verbs are rows of `_ACTIVITIES`. A clause that no row fits says nothing that is understood.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final, NamedTuple

from kratom_atlas.model.reading import Span
from kratom_atlas.model.vocabulary import Activity

__all__ = [
    "EVERYDAY",
    "Force",
    "Rule",
    "activities",
    "condition",
    "dealings",
    "find_rule",
    "is_narrowed",
]

EVERYDAY: Final = (Activity.POSSESS, Activity.SELL, Activity.DISTRIBUTE, Activity.MAKE)
"""What a rule on kratom as such is about, where it names no activity."""


class Force(Enum):
    """What the deciding words do."""

    BAR = auto()
    DUTY = auto()
    ALLOW = auto()
    TAX = auto()
    STUDY = auto()


class Rule(NamedTuple):
    """The deciding words of a clause: their force, where they and the verbs stand, their row."""

    force: Force
    span: Span
    region: Span
    name: str


class _Row(NamedTuple):
    """One way of drafting. No match is without one of the `keys`; `before` says that the verbs
    stand before the deciding words.
    """

    name: str
    force: Force
    pattern: re.Pattern[str]
    keys: tuple[str, ...]
    before: bool = False


def _row(
    name: str, force: Force, keys: tuple[str, ...], pattern: str, *, before: bool = False
) -> _Row:
    return _Row(name, force, re.compile(pattern), keys, before)


# Verbs with `not` that bar nobody from dealing in anything.
_NO_BAR: Final = (
    r"(?!\s(?:be\s)?(?:appl|exceed|constru|liab|subject|deem|consider|constitut|includ|prohibit"
    r"|limit|affect|requir|prevent|transferable|preempt|adopt|enact|impos|renew|issu|approv"
    r"|revok|later|less|more|fewer|mean|extend|alter|restrict|relieve|preclude|necessar|a\s"
    r"|unreasonabl|charge|collect|disclos|grant|den[iy]|exist|interfer|creat|waive|reveal|have))"
)
_ACTOR: Final = (
    r"(?:person|individual|one|retailers?|processors?|sellers?|manufacturers?|distributors?|entity"
    r"|business|minor|licensee|registrant|wholesaler|vendor|merchant|establishment|owner|employee"
    r"|whoever|corporation|operator)"
)
RULES: Final = (
    # `shall not be construed to prohibit`, `nothing in this section prohibits`
    _row(
        "not construed to prohibit",
        Force.ALLOW,
        ("not",),
        r"\bnot\s(?:be\s)?constru\w{1,3}\s(?:to|as)\s(?:prohibit|prevent|restrict|limit|bann?|forbid)"
        r"(?:ing)?\b|\bnothing\sin\s[^.;]{1,60}?\b(?:prohibits?|prevents?|forbids?|bars)\b"
        r"|\b(?:does|do|shall)\snot\s(?:prohibit|forbid|ban)\b",
    ),
    # `it is not an offense to possess`
    _row(
        "not an offense",
        Force.ALLOW,
        ("not",),
        r"\bnot\s(?:be\s)?(?:unlawful|illegal|prohibited|an?\s(?:crime|offen[cs]e|violation))\b"
        r"[^.;:]{0,60}?\s(?:to|for)\b",
    ),
    # `no person shall sell`, `no food processing establishment registered under ... shall sell`
    _row(
        "no person shall",
        Force.BAR,
        ("no ", "no\n"),
        rf"\bno\s(?:[\w'’-]{{1,20}}\s){{0,4}}?(?:{_ACTOR}|products?|kratom|mitragynine|substances?"
        rf"|food|articles?|drugs?)\b(?:(?:[^.;]|\.\d){{0,200}}?)\s(?:shall|may|can|must)\b{_NO_BAR}",
    ),
    # `it is unlawful for any person to sell`, `it is a crime knowingly to make`
    _row(
        "unlawful to",
        Force.BAR,
        (
            "unlawful",
            "illegal",
            "prohibited",
            "crime",
            "offen",
            "violation",
            "misdemeanor",
            "felony",
        ),
        r"\b(?:unlawful|illegal|prohibited|an?\s(?:crime|offen[cs]e|violation|misdemeanor|felony))"
        r"(?:\s(?:for|under)\s[^.;:]{1,120}?)??(?:\s(?:knowingly|purposely|intentionally|or|and"
        r"|wil+fully),?){0,4}\sto(?=[\s:—-])",
    ),
    # `any of the following actions are unlawful:`
    _row(
        "the following are unlawful",
        Force.BAR,
        ("following",),
        r"\bfollowing\b[^.;:]{0,60}?\b(?:is|are|shall\sbe|constitutes?)\s(?:\w{1,12}\s)?"
        r"(?:unlawful|prohibited|illegal|an?\s(?:offen[cs]e|violation|crime))",
    ),
    # `commits an offense if the person sells`
    _row(
        "offense if",
        Force.BAR,
        ("commits", "guilty"),
        r"\b(?:commits|is\sguilty\sof)\s[^.;:]{1,90}?\b(?:if|when|where)\s(?:the|such|that|he|she"
        r"|they|it)\b(?:\sperson|\sretailer|\sindividual|\sor\sshe)?",
    ),
    # `prohibited from selling`
    _row(
        "prohibited from",
        Force.BAR,
        ("from",),
        r"(?<!not\s)\b(?:prohibited|barred|forbidden)\sfrom\b",
    ),
    # `may only sell`, `shall only be sold`, `may be dispensed or sold only on`
    _row(
        "only",
        Force.DUTY,
        ("only",),
        r"\b(?:may|shall|must)\sonly\b|\bonly\sif\b"
        r"|\b(?:may|shall|must)\sbe\s(?:\w{1,14},?\s){0,4}?(?:or\s\w{1,14}\s|and\s\w{1,14}\s)?only\b",
    ),
    # `Only a pharmacist may dispense`, `Only the holder of one of six licences may sell`
    _row(
        "only ... may",
        Force.DUTY,
        ("only ", "only\n"),
        r"(?<![a-z]\s)\bonly\s(?:an?|the|those|persons?|licen|pharma|registered|authori[sz]ed)"
        r"[^.;]{0,240}?\s(?:may|shall)\s(?=[a-z])",
    ),
    # `shall not sell`, `may not knowingly be sold`
    _row(
        "shall not",
        Force.BAR,
        ("not", "neither"),
        rf"\b(?:shall|may|must|can)\s(?:not|neither)\b(?:,?\s(?!(?:ap|sup|com|im|re)p?ly\b)[a-z]{{2,16}}ly\b,?(?:\sor\b)?){{0,3}}"
        rf"{_NO_BAR}",
    ),
    # `a person who sells kratom is guilty of`, `shall be fined`
    _row(
        "who ... is guilty",
        Force.BAR,
        ("who", "that", "which"),
        rf"\b(?:{_ACTOR}\b[^.;]{{0,80}}?\b(?:who|that|which)\b|whoever\b)"
        rf"(?!\s(?:\w{{1,14}}\s){{0,2}}(?:violat|fail|is\s(?:convicted|found)))(?P<verbs>[^.;]{{3,900}}?)"
        r"\b(?:is|are|shall\sbe)\s(?:guilty|subject\sto|liable|punish\w{2,4}|fined|imprisoned)\b"
        r"|\b(?:who|that|which)\b(?!\s(?:\w{1,14}\s){0,2}(?:violat|fail))(?P<verbs2>[^.;]{3,400}?)"
        r"\bcommits\b",
    ),
    # `the sale of kratom is prohibited`, `kratom is hereby banned`
    _row(
        "is prohibited",
        Force.BAR,
        ("prohibited", "unlawful", "illegal", "banned", "forbidden", "not"),
        r"\b(?:is|are|shall\sbe)\s(?:hereby\s|strictly\s|expressly\s)?"
        r"(?:prohibited|unlawful|illegal|banned|forbidden|not\s(?:permitted|allowed|lawful))\b",
        before=True,
    ),
    # `an excise tax is levied on`, `a tax is imposed upon`
    _row(
        "tax",
        Force.TAX,
        ("tax",),
        r"\b(?:levied|imposed|assessed)\b[^.;]{0,80}?\b(?:sales\s|excise\s)?tax\b"
        r"|\b(?:excise\s|sales\s|privilege\s)?tax(?:es)?\b[^.;]{0,60}?\b(?:levied|imposed|assessed)\b"
        r"|\btaxed\sat\b",
    ),
    # `shall conduct a study of kratom`
    _row(
        "study",
        Force.STUDY,
        ("stud", "review", "survey", "research", "report", "investigate", "evaluate"),
        r"\b(?:conduct|undertake|make|complete|perform|prepare|carry\sout|assign|designate)\b"
        r"[^.;]{0,60}?\b(?:stud(?:y|ies)|review|survey|research|report)\b"
        r"|\b(?:shall|to|and)\s(?:study|investigate|evaluate)\b",
    ),
    # `is lawful`, `may lawfully be sold`
    _row(
        "is lawful", Force.ALLOW, ("lawful", "legal"), r"\b(?:is|are|shall\sbe)\s(?:lawful|legal)\b"
    ),
    # `may be sold`, `may prepare and serve`
    _row(
        "may",
        Force.ALLOW,
        ("may",),
        r"\bmay\s(?:lawfully\s|also\s)?(?=(?:be\s)?(?:sell|sold|possess|prepar|serve|distribut"
        r"|manufactur|purchas|cultivat|grow|import|consum|dispens|offer|us(?:e|ed)\s))",
    ),
    # `shall be labeled`, `must register`
    _row(
        "shall",
        Force.DUTY,
        ("shall", "must", "required"),
        r"\b(?:shall|must)\b(?!\snot\b)|\b(?:is|are)\srequired\sto\b",
    ),
)

_ACTIVITIES: Final = (
    (
        Activity.SELL,
        (
            r"(?:re-?)?sell(?:s|ing)?\b|sold\b|sales?\b|offer(?:s|ed|ing)?\sfor\b|retail(?:s|ed|ing)?\b"
            r"(?!\s(?:store|establish|package|shop|location|tobacco))|vend(?:s|ed|ing)?\b|serv(?:e|es|ed|ing)\b"
        ),
    ),
    (
        Activity.DISTRIBUTE,
        (
            r"distribut(?:e|es|ed|ing|ion)\b|deliver(?:s|ed|ing|y)?\b|giv(?:e|es|en|ing)\b|furnish(?:es|ed|ing)?\b"
            r"|suppl(?:y|ies|ied|ying)\b|transfer(?:s|red|ring)?\b|dispens(?:e|es|ed|ing)\b"
            r"|wholesal(?:e|es|ing)\b|provid(?:e|es|ed|ing)\b|barter(?:s|ing)?\b|traffic(?:s|king)?\b"
            r"|administer(?:s|ed|ing)?\b"
        ),
    ),
    (
        Activity.MAKE,
        (
            r"prepar(?:e|es|ed|ing|ation)\b|manufactur(?:e|es|ed|ing)\b|process(?:es|ed|ing)?\b"
            r"|(?:re)?packag(?:e|ed|ing)\b(?!\s(?:of|or\slabel|and\slabel|shall|must|may|that|which|is)\b)|packs?\b|produc(?:e|es|ed|ing|tion)\b|compound(?:s|ed|ing)?\b"
            r"|synthesiz(?:e|es|ed|ing)\b|extracting\b"
        ),
    ),
    (
        Activity.POSSESS,
        r"possess(?:es|ed|ing|ion)?\b|obtain(?:s|ed|ing)?\b|have\sunder\b",
    ),
    (Activity.CONSUME, r"consum(?:e|es|ed|ing|ption)\b|us(?:e|es|ing)\b|ingest(?:s|ed|ing)?\b"),
    (Activity.TRANSPORT, r"transport(?:s|ed|ing|ation)?\b"),
    (
        Activity.SHIP,
        (
            r"ship(?:s|ped|ping|ment)?\b|mail[\s-]order\b|(?:online|internet|remote)\s(?:sale|retail|order"
            r"|website|market)\w{0,3}|(?:over|via|through|on)\sthe\sinternet\b"
        ),
    ),
    (Activity.CULTIVATE, r"cultivat(?:e|es|ed|ing|ion)\b|grow(?:s|n|ing)?\b"),
    (Activity.IMPORT, r"import(?:s|ed|ing|ation)?\b|bring(?:s|ing)?\sinto\b"),
    (Activity.EXPORT, r"export(?:s|ed|ing|ation)?\b"),
)
_VERBS: Final = re.compile(
    r"\b(?:" + "|".join(f"(?P<a{i}>{verbs})" for i, (_, verbs) in enumerate(_ACTIVITIES)) + ")"
)
# `purchase` is what a minor is barred from; for the codebook it is to possess
_PURCHASE: Final = re.compile(r"\b(?:purchas(?:e|es|ed|ing)|buy(?:s|ing)?|receiv(?:e|es|ing))\b")
# `possess with intent to sell`: to sell
_INTENT: Final = re.compile(
    r"\b(?:possess(?:es|ion|ing)?|have\sunder|hold|obtain)\b[^.;]{0,70}?\bwith\s(?:the\s)?intent\sto\b"
)
# Where a list of verbs ends and what they are done to begins: ` any kratom product`
_OBJECT: Final = re.compile(
    r"\s(?:any|an?|the|all|such|every)\s(?!(?:manner|way)\b)(?=[\w-]{1,30})|[:—]"
)
# An item of a list that begins with a verb: `(a) distribute `, `(1) to knowingly sell `
_ITEM: Final = re.compile(r"(?:\(\w{1,4}\)|\n\s{0,3}\w{1,3}\.)\s{0,2}(?:to\s)?(?:[a-z]{2,16}ly\s)?")
# Where the verbs of `may not be sold to` end
_PASSIVE_END: Final = re.compile(
    r"\s(?:that|which|unless|if|without|in\sa|for(?!\ssale)|to|by|with|until|before|at|on|within)\b|[:—]"
)
_REGION: Final = 240
_ITEM_REGION: Final = 100


def find_rule(lower: str, span: Span, *, skip: frozenset[str] = frozenset()) -> Rule | None:
    """The first row of `RULES` that fits the clause in `span` of `lower`."""
    for row in RULES:
        if row.name in skip:
            continue
        if not any(lower.find(key, span.start, span.end) >= 0 for key in row.keys):
            continue
        match = row.pattern.search(lower, span.start, span.end)
        if match is None:
            continue
        if row.before:
            region = Span(max(span.start, match.start() - _REGION), match.start())
        elif "verbs" in match.re.groupindex:
            group = "verbs" if match["verbs"] is not None else "verbs2"
            region = Span(*match.span(group))
        else:
            region = Span(match.end(), min(span.end, match.end() + _REGION))
        return Rule(row.force, Span(*match.span()), region, row.name)
    return None


def activities(
    lower: str, rule: Rule, span: Span, named: int | None = None
) -> tuple[Activity, ...]:
    """What the clause in `span` is about by its verbs; `named` is where it first names kratom.

    The verbs are those before the object; where they stand in the items of a list, those of each
    item.
    """
    first, last = rule.region
    if named is not None and first < named and rule.force is not Force.DUTY:
        last = min(last, named)
    found: set[Activity] = set()
    passive = lower.startswith(" be ", first)
    cut = (_PASSIVE_END if passive else _OBJECT).search(lower, first, last)
    if cut is not None and rule.name not in {"is prohibited", "who ... is guilty"}:
        found = _verbs(lower, first, cut.start())
    found = found or _verbs(lower, first, last)
    if (
        not found
        or lower[first : first + 60].find(":") >= 0
        or rule.name.startswith("the following")
    ):
        for item in _ITEM.finditer(lower, first, span.end):
            end = min(span.end, item.end() + _ITEM_REGION)
            cut = _OBJECT.search(lower, item.end(), end)
            found |= _verbs(lower, item.end(), cut.start() if cut is not None else item.end() + 30)
    if "in person or" in lower[first : span.end] or "online" in lower[first:last]:
        found |= _verbs(lower, first, min(span.end, first + _REGION)) & {Activity.SHIP}
    return tuple(sorted(found, key=lambda a: a.rank))


def dealings(lower: str, first: int, last: int) -> tuple[Activity, ...]:
    """What is done by the verbs between `first` and `last`."""
    return tuple(sorted(_verbs(lower, first, last), key=lambda a: a.rank))


def _verbs(lower: str, first: int, last: int) -> set[Activity]:
    last = max(first, last)
    intent = _INTENT.search(lower, first, last)
    if intent is not None:
        return _verbs(lower, first, intent.start()) | _verbs(lower, intent.end(), last)
    found = set()
    for verb in _VERBS.finditer(lower, first, last):
        assert verb.lastgroup is not None
        activity = _ACTIVITIES[int(verb.lastgroup[1:])][0]
        # `provide` is of documents more often than of goods.
        if not verb[0].startswith("provid") or Activity.SELL in found:
            found.add(activity)
    if _PURCHASE.search(lower, first, last):
        found.add(Activity.POSSESS)
    return found


# What narrows the object of a bar: `that contains`, `to an individual under`, `unless`, `within`
_CONDITION: Final = re.compile(
    r"\b(?:that|which|unless|if|without|where|when|until|whose|containing|prior\sto|before"
    r"|(?:within|near)(?=[^.;]{0,60}?(?:feet|foot|yards?|miles?|met(?:er|re)s?|school|park))"
    r"|marketed|packaged|intended|designed|labell?ed|in\sviolation|not\s\w+ed"
    r"|for\s(?:smoking|inhal|vapori)|knowing|having\sreason|at\sa\s|in\sa\s(?:form|manner|container)|from\sa"
    r"|to\s(?:an?|any|another|individuals?|persons?|minors?|anyone|someone|consumers?\sunder)\b"
    r"(?=[^.;]{0,80}?\b(?:under|younger|less|minor|age|who|below))|by\s(?:an?|any|individuals?"
    r"|persons?|minors?)\b(?=[^.;]{0,60}?\b(?:under|younger|less|minor|below)))\b"
)
# `unless approved by the Food and Drug Administration`: a bar that has an exception is still a bar
_EXCEPTION: Final = re.compile(
    r"(?:unless|if|without|except)\b[^.;]{0,80}?\b(?:prescri|approved\sby\sthe\s(?:united|u\.s\.|food"
    r"|federal|fda)|research|practitioner|law\senforcement|authori[sz]ed\sby\slaw|exempt|otherwise)"
)
# What narrows it from before: `adulterated kratom product`, `unregistered kratom`
_NARROWING: Final = re.compile(
    r"\b(?:adulterated|contaminated|unregistered|unlabell?ed|mislabell?ed|misbranded|untested"
    r"|unapproved|unsafe|flavou?red|concentrated|counterfeit|prohibited)\s(?:\w{1,14}\s){0,2}$"
)


def condition(lower: str, first: int, last: int) -> str | None:
    """The word between `first` (behind the object) and `last` that makes a bar a condition."""
    for found in _CONDITION.finditer(lower, first, last):
        if _EXCEPTION.match(lower, found.start(), last) is None:
            return found[0]
    return None


def is_narrowed(lower: str, start: int, first: int) -> bool:
    """Whether the object at `start` is narrowed by words before it, from `first` on."""
    return _NARROWING.search(lower, max(first, start - 50), start) is not None

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
    "acquired",
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
    r"|whoever|corporation|operator|stores?|shops?|stalls?|machines?|premises|members?|pharmac(?:y"
    r"|ist)"
    r"|practitioner|servicemembers?|clerk|agent|firm|dealers?|students?"
    r"|pupils?|personnel)"
)
RULES: Final = (
    # `shall not be construed to prohibit`, `nothing in this section prohibits`
    _row(
        "not construed to prohibit",
        Force.ALLOW,
        ("not",),
        r"\bnot\s(?:be\s)?constru\w{1,3}\s(?:to|as)\s(?:prohibit|prevent|restrict|limit|bann?"
        r"|forbid)"
        r"(?:ing)?\b|\bnothing\sin\s[^.;]{1,60}?\b(?:prohibits?|prevents?|forbids?|bars)\b"
        r"|\b(?:does|do|shall)\snot\s(?:prohibit|forbid|ban)\b"
        r"|\bnothing\s[^.;]{1,60}?\b(?:makes?|renders?)\s(?:it\s)?(?:unlawful|illegal"
        r"|an?\s(?:crime|offen[cs]e))\b",
    ),
    # `it is not an offense to possess`
    _row(
        "not an offense",
        Force.ALLOW,
        ("not",),
        r"\bnot\s(?:be\s)?(?:unlawful|illegal|prohibited|an?\s(?:crime|offen[cs]e|violation))\b"
        r"[^.;:]{0,60}?\s(?:to|for)\b",
    ),
    # `Only a pharmacist may dispense`, `Only the holder of one of six licences may sell`
    _row(
        "only ... may",
        Force.DUTY,
        ("only ", "only\n"),
        r"(?<![a-z]\s)\bonly\s(?:an?|the|those|persons?|licen|pharma|registered|authori[sz]ed)"
        r"[^.;]{0,240}?\s(?:may|shall)\s(?=[a-z])",
    ),
    # `no person shall sell`, `no food processing establishment registered under ... shall sell`
    _row(
        "no person shall",
        Force.BAR,
        ("no ", "no\n"),
        rf"\bno\s(?!other\sdrug)(?:[\w'’-]{{1,20}}\s){{0,4}}?(?:{_ACTOR}|products?|kratom"
        rf"|mitragynine|substances?"
        rf"|food|articles?|drugs?)\b(?:(?:[^.;]|\.\d){{0,200}}?)\s(?:shall|may|can"
        rf"|must)\b{_NO_BAR}",
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
        r"\b(?:unlawful|illegal|prohibited|an?\s(?:class\s\w{1,2}\s|petty\s|gross\s)?(?:crime"
        r"|offen[cs]e|violation|misdemeanor"
        r"|felony))(?:\s(?:act|practice|of\sth(?:is|e)\s\w{3,12}))?"
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
    # `the Government hereby prohibits the import of`
    _row(
        "hereby prohibits",
        Force.BAR,
        ("hereby", "this"),
        r"\bhereby\s(?:prohibits?|bans?|forbids?|orders?\sthe\sprohibition\sof)\b"
        r"|\bthis\s(?:order|ordinance|act|chapter|section|rule)\s(?:prohibits|bans|forbids)\b",
    ),
    # `a moratorium on the sale of kratom is imposed`, `must stop selling`
    _row(
        "moratorium",
        Force.BAR,
        ("moratorium",),
        r"(?:imposed?|established|declared|there\sis|enact(?:s|ed)|adopt(?:s"
        r"|ed))\b[^.;]{0,60}?\bmoratorium\b"
        r"[^.;]{0,60}?\s(?:on|upon|against)\b|\bmoratorium\s(?:is"
        r"|shall\sbe)\s(?:hereby\s)?\w{4,12}\s(?:on|upon|against)\b"
        r"|\bmoratorium\s(?:on|upon|against)\b(?=[^.;]{0,200}?\b(?:is|shall)\b)",
    ),
    _row(
        "must stop",
        Force.BAR,
        ("stop", "cease", "discontinue", "refrain", "remove", "withdraw", "pull"),
        r"\b(?:must|shall|are\srequired\sto|is\srequired\sto|ordered\sto"
        r"|directed\sto)\s(?:immediately\s)?"
        r"(?:(?:stop|cease|discontinue|halt|refrain\sfrom)\s(?:all\s|and\sdesist\sfrom\s|the\s)?"
        r"|(?:remove|withdraw|pull)\b(?=[^.;]{1,90}?\bfrom\s(?:\w{3,6}\s)?(?:sale|shelves"
        r"|market)\b))",
    ),
    # `The sale of food to which kratom has been added violates the Food Act`
    _row(
        "sale violates",
        Force.BAR,
        ("violat",),
        r"\b(?P<verbs>(?:sale|selling|distribution|manufacture|possession|offering)\b[^.;]{0,160}?)"
        r"\b(?:violates?|is\s(?:in\s|a\s)?violation\sof)\b(?!\s(?:of\s)?this)",
    ),
    # `The manufacture or sale of kratom is a class D felony`
    _row(
        "dealing is a crime",
        Force.BAR,
        ("felony", "misdemeanor", "crime", "offen", "suspended"),
        r"(?<!unlawful\s)(?<!illegal\s)(?<!criminal\s)(?<!crime\sof\s)(?<!offense\sof\s)"
        r"\b(?P<verbs>(?:sale|possession|manufactur(?:e|ing)|distribution|delivery|importation"
        r"|trafficking|selling|possessing|distributing)\b(?:(?!\bviolat|\bconvict|\blicen)[^.;]){1,160}?)"
        r"\b(?:(?:is|are|shall\sbe|constitutes?)\s(?:punishable\sas\s)?an?\s"
        r"(?:class\s\w{1,2}\s|petty\s|gross\s|simple\s|\w{3,10}\s)?"
        r"(?:felony|misdemeanor|crime|offen[cs]e)|(?:is|are)\s(?:hereby\s)?suspended)\b",
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
        ("only", "exclusively", "solely", "restricted to", "limited to"),
        r"\b(?:may|shall|must)\s(?:only|exclusively|solely)\b|\bonly\sif\b"
        r"|\b(?:may|shall|must)\sbe\s(?:\w{1,14},?\s){0,4}?(?:or\s\w{1,14}\s|and\s\w{1,14}\s)?"
        r"(?:only|exclusively|solely)\b"
        r"|\b(?:is|are|shall\sbe)\s(?:restricted|limited)\sto\s(?=adults|persons|individuals"
        r"|customers|consumers|those|licensed|pharmac)",
    ),
    # `shall not sell`, `may not knowingly be sold`
    _row(
        "shall not",
        Force.BAR,
        ("not", "neither"),
        rf"\b(?:shall|may|must|can)\s(?:therefore\s|also\s|hereby\s|accordingly\s)?(?:not"
        rf"|neither)\b(?:,?\s(?!(?:ap|sup|com|im|re)p?ly\b)[a-z]{{2,16}}ly\b,?(?:\sor\b)?){{0,3}}"
        rf"{_NO_BAR}",
    ),
    # `a person who sells kratom is guilty of`, `shall be fined`
    _row(
        "who ... is guilty",
        Force.BAR,
        ("who", "that", "which"),
        rf"\b(?:{_ACTOR}\b[^.;]{{0,80}}?\b(?:who|that|which)\b|who(?:so)?ever\b)"
        rf"(?!\s(?:\w{{1,14}}\s){{0,2}}(?:violat|fail|does\sso|breaks|contraven|is\s(?:convicted"
        rf"|found)))(?P<verbs>[^.;]{{3,900}}?)"
        r"(?:\b(?:is|are|shall\sbe)\s(?:guilty|responsible\sfor|subject\sto|liable|punish\w{2,4}"
        r"|fined|imprisoned)\b"
        r"|\bshall,?\s(?:up)?on\sconviction\b)"
        r"|\b(?:who(?:ever)?|that|which)\b(?!\s(?:\w{1,14}\s){0,2}(?:violat"
        r"|fail))(?P<verbs2>[^.;]{3,400}?)"
        r"\bcommits\b",
    ),
    # `Any person knowingly selling kratom is guilty of`
    _row(
        "selling ... is guilty",
        Force.BAR,
        ("selling", "offering", "possessing", "distributing", "manufacturing", "possession"),
        rf"\b{_ACTOR}\s(?:\w{{4,12}}ly\s)?(?P<verbs>(?:selling|offering|possessing|distributing"
        rf"|manufacturing|furnishing|importing|found\sin\spossession)\b[^.;]{{3,400}}?)"
        r"\b(?:is|are|shall\sbe|commits)\s(?:guilty|liable|subject\sto|punish\w{2,4}|fined|an\soff)",
    ),
    # `the sale of kratom is prohibited`, `kratom is hereby banned`
    _row(
        "is prohibited",
        Force.BAR,
        ("prohibited", "unlawful", "illegal", "banned", "forbidden", "not"),
        r"\b(?:is|are|shall\sbe)\s(?:hereby\s|likewise\s|also\s|further\s|therefore\s"
        r"|\w{4,12}ly\s|an?\s)?"
        r"(?:(?:unlawful|deceptive|unfair)\s(?:[\w-]{2,12}\s){0,3}practice|prohibited|unlawful"
        r"|illegal|banned|forbidden|not\s(?:permitted|allowed|lawful))\b",
        before=True,
    ),
    # `an excise tax is levied on`, `a tax is imposed upon`
    _row(
        "tax",
        Force.TAX,
        ("tax",),
        r"\b(?:levied|imposed|assessed)\b[^.;]{0,80}?\b(?:sales\s|excise\s)?tax\b"
        r"|\b(?:excise\s|sales\s|privilege\s)?tax(?:es)?\b[^.;]{0,60}?\b(?:levied|imposed"
        r"|assessed)\b"
        r"|\btaxed\sat\b|\bcollect\b[^.;]{0,60}?\ba\stax\sof\b"
        r"|\bsubject\sto\san?\s(?:\w{1,12}\s)?tax\b"
        r"|\btax\sof\b[^.;]{0,80}?\bappl(?:y|ies)\b",
    ),
    # `shall conduct a study of kratom`
    _row(
        "study",
        Force.STUDY,
        (
            "stud",
            "review",
            "survey",
            "research",
            "report",
            "investigate",
            "evaluat",
            "assess",
            "examin",
        ),
        r"\b(?:conduct|undertake|make|complete|perform|prepare|carry\sout|assign|designate)\b"
        r"[^.;]{0,60}?\b(?:stud(?:y|ies)|review|survey|research|report|assessment|evaluation"
        r"|inquiry)\b"
        r"|\bshall\s(?:submit|make|issue|deliver)\sa\sreport\s(?:on|regarding|concerning)\b"
        r"(?=[^.;]{0,160}?\b(?:legislat|assembly|governor))"
        r"|\bshall\sreport\sto\sthe\s(?:general\sassembly|legislat|governor|council"
        r"|congress)[^.;]{0,60}?\son\b"
        r"|\bstud(?:y|ies)\b[^.;]{0,40}?\bbe\s(?:conducted|made|undertaken|carried|authori[sz]ed)\b"
        r"|\b(?:shall|to|and)\s(?:study|investigate|evaluate)\b|\bshall\s(?:consider|begin)\sstudying\b"
        r"|\b(?:task\sforce|commission"
        r"|committee"
        r"|working\sgroup|panel)\b[^.;]{0,120}?\s(?:shall|to)\s(?:examine|assess)\b",
    ),
    # `it is lawful for an adult to possess`
    _row(
        "lawful to",
        Force.ALLOW,
        ("lawful", "legal"),
        r"\bit\s(?:is|shall\sbe)\s(?:hereby\s)?(?:lawful"
        r"|legal)\b(?:\sfor\s[^.;:]{1,120}?)??\sto(?=[\s:—-])",
    ),
    # `the possession of kratom is lawful`
    _row(
        "is lawful",
        Force.ALLOW,
        ("lawful", "legal", "permitted", "allowed"),
        r"\b(?:is|are|shall\sbe)\s(?:hereby\s)?"
        r"(?:(?:lawful|legal)\b(?!\sand\sbinding)|(?:permitted|allowed)(?=[.;]|\sin\sth))",
        before=True,
    ),
    # `may be sold`, `may prepare and serve`
    _row(
        "may",
        Force.ALLOW,
        ("may",),
        r"\bmay\s(?:lawfully\s|also\s)?(?=(?:be\s)?(?:sell|sold|possess|prepar|serve|distribut"
        r"|manufactur|purchas|cultivat|grow|import|consum|dispens|offer|us(?:e|ed)\s(?!it\b|the\b"
        r"|such\b|th(?:is|ese)\b)))",
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
            r"(?:re-?)?sell(?:s|ing)?\b|sold\b|sales?\b|offer(?:s|ed|ing)?\sfor\b|retail(?:s|ed"
            r"|ing)?\b"
            r"(?!\s(?:store|establish|package|shop|location|tobacco))|vend(?:s|ed|ing)?\b|plac(?:e"
            r"|es|ed|ing)\son\sthe\smarket\b|serv(?:e|es|ed|ing)\b"
        ),
    ),
    (
        Activity.DISTRIBUTE,
        (
            r"distribut(?:e|es|ed|ing|ion)\b|deliver(?:s|ed|ing|y)?\b|giv(?:e|es|en|ing)\b"
            r"|furnish(?:es|ed|ing)?\b"
            r"|suppl(?:y|ies|ied|ying)\b|transfer(?:s|red|ring)?\b|dispens(?:e|es|ed|ing)\b"
            r"|wholesal(?:e|es|ing)\b|provid(?:e|es|ed|ing)\b|barter(?:s|ing)?\b|traffic(?:s"
            r"|king)?\b"
            r"|administer(?:s|ed|ing)?\b"
        ),
    ),
    (
        Activity.MAKE,
        (
            r"prepar(?:e|es|ed|ing|ation)\b|manufactur(?:e|es|ed|ing)\b|process(?:es|ed|ing)?\b"
            r"|(?:re)?packag(?:e|ed|ing)\b(?!\s(?:of|or\slabel|and\slabel|shall|must|may|that"
            r"|which|is)\b)|packs?\b|produc(?:e|es|ed|ing|tion)\b|compound(?:s|ed|ing)?\b"
            r"|synthesiz(?:e|es|ing)\b|extracting\b"
        ),
    ),
    (
        Activity.POSSESS,
        r"possess(?:es|ed|ing|ion)?\b|obtain(?:s|ed|ing)?\b|have\sunder\b",
    ),
    (
        Activity.CONSUME,
        (
            r"consum(?:e|es|ed|ing|ption)\b|us(?:e|es|ing)\b|ingest(?:s|ed|ing)?\b"
            r"|(?:smok|vap|inhal)(?:e|es|ed|ing)\b(?!\s(?:shop|store|pen|product|device|cartridge))"
            r"|chew(?:s|ed|ing)?\b"
        ),
    ),
    (Activity.TRANSPORT, r"transport(?:s|ed|ing|ation)?\b"),
    (
        Activity.SHIP,
        (
            r"ship(?:s|ped|ping|ment)?\b|mail[\s-]order\b|(?:online|internet|remote)\s(?:sale"
            r"|retail|order"
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
    r"\b(?:possess(?:es|ion|ing|ed)?|have\sunder|hold"
    r"|obtain)\b[^.;]{0,70}?\bwith\s(?:the\s)?intent\sto\b"
)
# Where a list of verbs ends and what they are done to begins: ` any kratom product`
_OBJECT: Final = re.compile(
    r"(?<!\sinto)(?<!\swithin)(?<!\sin)(?<!\sfrom)"
    r"\s(?:any|an?|the|all|such|every)\s(?!(?:manner|way)\b)(?=[\w-]{1,30})|[:—]"
)
# An item of a list that begins with a verb: `(a) distribute `, `(1) to knowingly sell `
_ITEM: Final = re.compile(r"(?:\(\w{1,4}\)|\n\s{0,3}\w{1,3}\.)\s{0,2}(?:to\s)?(?:[a-z]{2,16}ly\s)?")
# Where the verbs of `may not be sold to` end
_PASSIVE_END: Final = re.compile(
    r"\s(?:that|which|unless|if|without|in\sa|for(?!\ssale)|to|by|with|until|before|at"
    r"|on(?!\sthe\smarket)|within)\b|[:—]"
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
        # `Kratom shall not be sold where no person may enter`: the first bar is the clause's.
        if row.name == _NO_PERSON and "shall not" not in skip and match.start() > span.start:
            first = find_rule(
                lower, Span(span.start, match.start()), skip=_ALL_NAMES - {"shall not"}
            )
            if first is not None:
                return first._replace(region=_ahead(first.span.end, span))
        if row.before:
            region = Span(max(span.start, match.start() - _REGION), match.start())
        elif "verbs" in match.re.groupindex:
            group = match.lastgroup or "verbs"
            region = Span(*match.span(group))
        else:
            region = _ahead(match.end(), span)
        return Rule(row.force, Span(*match.span()), region, row.name)
    return None


_NO_PERSON: Final = "no person shall"
_ALL_NAMES: Final = frozenset(row.name for row in RULES)


def _ahead(position: int, span: Span) -> Span:
    return Span(position, min(span.end, position + _REGION))


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
    opens = lower.find(":", first, min(first + 60, last))
    if not found or opens >= 0 or rule.name.startswith("the following"):
        for item in _ITEM.finditer(lower, first, span.end):
            end = min(span.end, item.end() + _ITEM_REGION)
            cut = _OBJECT.search(lower, item.end(), end)
            found |= _verbs(lower, item.end(), cut.start() if cut is not None else item.end() + 30)
    if not found and rule.name == "who ... is guilty":
        found = _verbs(lower, *rule.region)
    if not found and rule.name.startswith("the following"):
        found = _verbs(lower, span.start, rule.span.start)
    intent = _INTENT.search(lower, first, min(span.end, last + 80))
    if intent is not None and intent.end() > min(last, cut.start() if cut is not None else last):
        found = _verbs(lower, first, intent.start())
        found |= _verbs(lower, intent.end(), min(span.end, intent.end() + 40))
    found |= _again(lower, first, span.end, last)
    if "in person or" in lower[first : span.end] or "online" in lower[first:last]:
        found |= _verbs(lower, first, min(span.end, first + _REGION)) & {Activity.SHIP}
    return tuple(sorted(found, key=lambda a: a.rank))


# `..., and a retailer may not sell or `: the bar said again before the object
_AGAIN: Final = re.compile(r"\b(?:shall|may|must|can)\snot\s(?=[a-z])")
# `, to cultivate it or to have it in one's possession`
_THE_SAME: Final = re.compile(
    r"(?:\bto|\bor|\band|,)\s[a-z]{2,14}\s(?:it|them|the\ssame"
    r"|kratom)\b(?:\sin\s[\w’']{2,8}\spossession)?"
    r"(?!\swith\s(?:the\s)?intent)"
)


def _again(lower: str, first: int, end: int, named: int) -> set[Activity]:
    found: set[Activity] = set()
    for bar in _AGAIN.finditer(lower, first, named):
        cut = _OBJECT.search(lower, bar.end(), named)
        found |= _verbs(lower, bar.end(), cut.start() if cut is not None else named)
    for verb in _THE_SAME.finditer(lower, named, min(end, named + _REGION)):
        found |= _verbs(lower, *verb.span())
    return found


def dealings(lower: str, first: int, last: int) -> tuple[Activity, ...]:
    """What is done by the verbs between `first` and `last`."""
    return tuple(sorted(_verbs(lower, first, last), key=lambda a: a.rank))


def acquired(lower: str, first: int, last: int) -> tuple[Activity, ...]:
    """What one does by the verbs between `first` and `last` who has to be of an age for it."""
    found = _verbs(lower, first, last)
    if _PURCHASE.search(lower, first, last):
        found.add(Activity.POSSESS)
    return tuple(sorted(found, key=lambda a: a.rank))


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
    r"\b(?:(?:that|which)(?!\s(?:means|includes?|is\sto\ssay|is,|lies|lie|is\s(?:also\s)?(?:known"
    r"|called)))|unless|if|without|where|when|until(?!\s(?:january|february|march|april|may|june"
    r"|july"
    r"|august|september|october|november|december|further)\b)|whose|containing|prior\sto|before"
    r"|(?:within|near)(?=[^.;]{0,60}?(?:feet|foot|yards?|miles?|met(?:er|re)s?|school|park))"
    r"|marketed|packaged|intended|designed|labell?ed|in\sviolation|not\s\w+ed"
    r"|for\s(?:smoking|inhal|vapori)|knowing|having\sreason|at\sa\s|in\sa\s(?:form|manner"
    r"|container)|from\sa"
    r"|(?:in|on|at)\s(?:any|an?)\s(?:public|place\sopen)|between\sthe\shours|(?:in"
    r"|at)\san?\s[^.;]{1,40}?\slicensed|on\s(?:school|public)\s(?:property|grounds)"
    r"|to\s(?:an?|any|another|individuals?|persons?|minors?|anyone|someone|consumers?\sunder)\b"
    r"(?=[^.;]{0,80}?\b(?:under|younger|less|minor|age|who|below))|by\s(?:an?|any|individuals?"
    r"|persons?|minors?)\b(?=[^.;]{0,60}?\b(?:under|younger|less|minor|below)))\b"
)
# `unless approved by the Food and Drug Administration`: a bar that has an exception is still a bar
_EXCEPTION: Final = re.compile(
    r"(?:unless|if|without|except)\b[^.;]{0,80}?\b(?:prescri|approved\sby\sthe\s(?:united|u\.s\."
    r"|food"
    r"|federal|fda)|research|practitioner|law\senforcement|authori[sz]ed\sby\slaw|exempt|otherwise)"
)
# What narrows it from before: `adulterated kratom product`, `unregistered kratom`
_NARROWING: Final = re.compile(
    r"\b(?:adulterated|contaminated|unregistered|unlabell?ed|mislabell?ed|misbranded|untested"
    r"|unapproved|unsafe|flavou?red|concentrated|counterfeit|prohibited(?!\sto\b))\s(?:\w{1,14}\s){0,2}$"
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

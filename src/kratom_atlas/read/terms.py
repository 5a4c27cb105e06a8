"""Where a text names kratom or its alkaloids, in any language of the atlas.

Words are data: one row of `TERMS` each. A strong term is kratom whatever stands around it, a weak
one only with a strong one near. Drafters misspell, also in enacted law, and extraction glues words
together; false friends (Lithuanian `atsikratoma`, Slovak `skratom`, the Thai hut) are real law too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice
from typing import Final, NamedTuple

from kratom_atlas.model.observation import MAX_MENTIONS, Mention
from kratom_atlas.read.prefilter import names_kratom

__all__ = ["TERMS", "Term", "find_mentions", "names_kratom"]

NEAR: Final = 200
"""How near a strong term has to be for a weak one to count, in characters."""
_EXCERPT: Final = 160
_REACH: Final = 120
"""How far an exception reaches, in characters."""
_LIST: Final = 600
_NEAR_ITEM: Final = 60
"""How long a list of exceptions may be, and how far into an item the word may stand."""


class Term(NamedTuple):
    """One word, as a pattern in lower case.

    No match is without one of the `keys`; where none are given, the letters with which the pattern
    begins are the key. They are looked for first, which is many times quicker.
    `word` terms stand at the start of a word, or of a part of one that extraction glued together
    (`PopisKratom`); the others may stand anywhere. `weak_in` are languages where it is another
    word.
    """

    pattern: str
    strong: bool = True
    word: bool = False
    weak_in: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


_END: Final = r"(?![^\W\d_])"
_GAP: Final = r"[\s-]{1,3}"
_HYPHEN: Final = r"\s?[-\u2010-\u2015\u2212\uff0d]?\s?"
_OTHER_SPECIES: Final = (
    r"(?!\W{1,3}(?:hirsuta|javanica|parvifolia|rotundifolia|inermis|tubulosa|diversifolia|stipulosa"
    r"|ciliata|ledermannii|rubrostipulata))"
)
TERMS: Final = (
    # The plant, in Latin letters. Inflected forms follow the stem.
    Term(r"kratom", word=True),
    Term(rf"kratum{_END}", word=True),
    Term(r"cratom(?!o)", word=True),
    Term(
        rf"m[iíyý]tr(?:[aiyáe]?g[yiíüýùu]|ogy)[^\W\d_]{{1,20}}+{_OTHER_SPECIES}",
        keys=("mitr", "mytr", "mítr", "mýtr"),
    ),
    Term(rf"nauclea{_GAP}(?:speciosa|korthalsii)", word=True),
    Term(rf"stephegyne{_GAP}speciosa", word=True),
    Term(rf"ketum{_END}", word=True, weak_in=("id",)),
    Term(rf"kakuam{_END}", word=True),
    Term(rf"biak{_HYPHEN}biak{_END}", strong=False, word=True),
    Term(rf"daun{_GAP}purik", word=True),
    Term(r"abuurapuu"),
    # Its alkaloids, their derivatives, their numbers, and their names by structure.
    Term(r"speciogynin"),
    Term(r"speciociliatin"),
    Term(r"pay?n?anthein", keys=("anthein",)),
    Term(r"4098-40-2(?!\d)", word=True),
    Term(r"174418-82-7(?!\d)", word=True),
    Term(r"9,17-?\s?dim[eéè]t\w{2,5}-16,17-?\s?did"),
    Term(
        r"3-?\s?[eéæ]t\w?yl-?\s?(?:7a-?\s?h\w{4,8}-?\s?)?8-?\s?m[eé]t\w{2,5}-?\s?1,\s?2,\s?3,\s?4,",
        keys=("3-et", "3-ét", "3-æt", "3- et", "3et", "3 et"),
    ),
    Term(rf"9-methoxy{_HYPHEN}corynantheidine"),
    Term(rf"7{_HYPHEN}(?:oh|hydroxy){_END}", strong=False, word=True),
    Term(rf"mgm{_HYPHEN}1[56](?!\d)", strong=False, word=True),
    Term(rf"kcpa{_END}", strong=False, word=True),
    Term(rf"mambog{_END}", strong=False, word=True),
    Term(rf"ked[ae]mba{_END}", strong=False, word=True),
    Term(rf"beinsa{_END}", strong=False, word=True),
    # Cyrillic and Greek.
    Term(rf"кратом(?:а|у|ом|е|и|ы)?{_END}", word=True),
    Term(rf"кратам{_END}", strong=False, word=True),
    Term(r"м[иі]траг[иі]н", keys=("митраг", "мітраг")),
    Term(rf"κρ[άα]τομ{_END}", word=True, keys=("κράτομ", "κρατομ")),
    Term(r"μιτραγ[υι]ν"),
    # Thai: the plant, its leaf and its juice; alone the word is a hut.
    Term(r"พืชกระท่อม"),
    Term(r"ใบกระท่อม"),
    Term(r"น้ำกระท่อม"),
    Term(r"ต้นกระท่อม"),
    Term(r"ไมทรา[ไเใ]?จ[ีิ]?นีน"),
    Term(r"กระท่อม", strong=False),
    # East Asia.
    Term(r"クラトム"),
    Term(r"ミトラガイナ"),
    Term(r"ミトラギニン"),
    Term(r"ミトラジニン"),
    Term(r"アヘンボク"),
    Term(r"크라톰"),
    Term(r"끄라톰"),
    Term(r"미트라[지기](?:나|닌)"),
    Term(r"帽柱木[鹼碱]"),
    Term(r"美[丽麗]帽柱木", keys=("帽柱木",)),
    Term(r"卡痛[葉叶]"),
    Term(r"帽柱木", strong=False),
    Term(r"卡痛", strong=False),
    Term(r"克拉通", strong=False),
    # Other scripts.
    Term(r"קראטום"),
    Term(r"מיטרגינין"),
    Term(r"קרטום", strong=False),
    Term(r"ميتراجينين"),
    Term(r"میتراژینین"),
    Term(r"كراتوم", strong=False),
    Term(r"کراتوم", strong=False),
    Term(r"قراطوم", strong=False),
    Term(r"मिट्रागाइनिन"),
    Term(r"क्रैटम", strong=False),
    Term(r"ক্রাটম", strong=False),
    Term(r"კრატომ", strong=False),
    Term(rf"կրատոմ{_END}", strong=False, word=True),
    Term(r"ក្រាតុំ", strong=False),
    Term(r"ກະທ່ອມ", strong=False),
    Term(r"ဘိန်းစ", strong=False),
)
"""The vocabulary, as found in texts of law and in the press of each language."""

_SCRIPTS_WITH_CASE: Final = "\u0530"
"""Before it, letters have cases, and words are set apart by blanks."""
_GLUED: Final = 3
"""So many small letters before a capital may be a word that was glued to it."""
_PREFIX: Final = re.compile(
    r"(?<![^\W\d_])7[aα]?[-\u2010\u2011\u2013\s]{1,2}"
    r"(?:(?:h[iyuü]\w{2,8}|idrossi|acetoxy|oh|υδροξυ|г[иі]дрокси)[-\s]?)?$"
    r"|(?<![^\W\d_])(?:h[iyuü]\w{2,8}|idrossi|υδροξυ|г[иі]дрокси)-?$"
)
_ALKALOID: Final = frozenset("mMмМμΜ")
_SPECIES: Final = re.compile(r"\s{1,2}speciosa|[\s-]{1,2}pseudoindox[iy]l")
"""What goes on with a name: Mitragyna speciosa, mitragynine pseudoindoxyl."""


def find_mentions(text: str, language: str | None = None) -> tuple[Mention, ...]:
    """Where `text`, in `language` (a code such as `cs`), names kratom: the first of them."""
    lower = _lower(text)
    strong = list(islice(_spans(text, lower, _chosen(True, language), 0, len(text)), MAX_MENTIONS))
    if not strong:
        return ()
    weak: set[tuple[int, int]] = set()
    terms = _chosen(False, language)
    for start, end in strong:
        # Somewhat further out, so as not to cut a word in two.
        around = _spans(text, lower, terms, max(0, start - NEAR), min(len(text), end + NEAR))
        weak.update(span for span in around if span[1] <= start or span[0] >= end)
    spans = sorted({*strong, *(span for span in weak if not _overlaps(span, strong))})
    return tuple(_mention(text, lower, start, end) for start, end in spans[:MAX_MENTIONS])


def _chosen(strong: bool, language: str | None) -> tuple[Term, ...]:
    return tuple(t for t in TERMS if (t.strong and language not in t.weak_in) is strong)


def _spans(
    text: str, lower: str, terms: tuple[Term, ...], first: int, last: int
) -> Iterator[tuple[int, int]]:
    """Where one of `terms` stands between `first` and `last`."""
    present = tuple(t for t in terms if any(lower.find(k, first, last) >= 0 for k in _keys(t)))
    if not present:
        return
    for found in _finder(present).finditer(lower, first, last):
        term = _which(present, lower, found.start())
        if term and (not term.word or _starts_word(text, found.start())):
            yield _extent(text, lower, found.start(), found.end())


def _overlaps(span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in others)


@cache
def _keys(term: Term) -> tuple[str, ...]:
    if term.keys:
        return term.keys
    literal = re.match(r"(?:[^\W_]|[\u0300-\u036f\u0900-\u1100,-])+", term.pattern)
    assert literal is not None
    followed = term.pattern[literal.end() : literal.end() + 1]
    return (literal[0][:-1] if followed in {"?", "*", "{"} else literal[0],)


def _lower(text: str) -> str:
    """`text` in lower case, each letter still in its place."""
    if "\u0130" in text:  # the only letter whose lower case is two characters
        text = text.replace("\u0130", "i")
    return text.lower()


@lru_cache(256)
def _finder(terms: tuple[Term, ...]) -> re.Pattern[str]:
    return re.compile("|".join(term.pattern for term in terms))


def _which(terms: tuple[Term, ...], lower: str, start: int) -> Term | None:
    """The term at `start`; none where only the cut of a stretch made half a word look like one."""
    return next((term for term in terms if _finder((term,)).match(lower, start)), None)


def _starts_word(text: str, start: int) -> bool:
    if not start:
        return True
    before, first = text[start - 1], text[start]
    if first.isdigit():
        return not (before.isdigit() or _is_cased(before))
    if not _is_cased(before):
        return True
    glued = text[max(0, start - _GLUED) : start]
    return first.isupper() and len(glued) == _GLUED and glued.isalpha() and glued.islower()


def _is_cased(letter: str) -> bool:
    return letter.isalpha() and letter < _SCRIPTS_WITH_CASE


def _extent(text: str, lower: str, start: int, end: int) -> tuple[int, int]:
    """The whole word: from `7-hydroxy` to its ending, but not into a word that is glued to it."""
    first = start
    glued = text[start].isupper() and text[start - 1 : start].islower()
    if text[start] in _ALKALOID and not glued:
        before = _PREFIX.search(lower, max(0, start - 16), start)
        first = before.start() if before else start
    last = start + 1
    while last < end + 20 and last < len(text):
        if last >= end and not _is_cased(text[last]):
            break
        if text[last].isupper() and text[last - 1].islower():
            return first, last
        last += 1
    if species := _SPECIES.match(lower, last):
        last = species.end()
    return first, last


def _mention(text: str, lower: str, start: int, end: int) -> Mention:
    first, last = max(0, start - _EXCERPT), min(len(text), end + _EXCERPT)
    return Mention(
        term=text[start:end],
        start=start,
        end=end,
        excerpt=text[first:last].strip(),
        exception=_is_excepted(text, lower, start, end),
    )


_NATURALLY: Final = (
    r"(?:[\w'-]+,?\s+){0,5}?(?:contain|present|occur|found|constitu|natural|part of|deriv|obtain)"
)
"""How an exception goes on that is about what is in the plant, and not about who may do what."""
_ACTORS: Final = (
    r"(?:an?|any|the|each|every|certain|such)?\s*(?:\w+\s+)?(?:person|retailer|processor|individual"
    r"|manufacturer|distributor|entit|business|minor|label|package)"
)
_BEFORE_EN: Final = (
    r"\bexcept(?:ing|ion of|ions? for)?\b(?!\s+(?:as|that|when|where|if|upon|to the extent|under"
    r"|pursuant|otherwise|in accordance|by)\b)"
    r"|\bexcept\s+(?:as|when|where|if|to the extent|insofar as)\s+(?!provided|otherwise)"
    rf"{_NATURALLY}"
    r"|\bexcept\s+(?:as|in)\s+(?:the|a|an|part|raw|dried|leaf|leaves|any)\b"
    rf"|\bunless\s+{_NATURALLY}"
    r"|\bunless\s+(?:it is |they are |such is )?(?:the |an? )?"
    r"(?:leaf|leaves|plant|whole|raw|natural)"
    rf"|\bexcluding\b|\bexcludes?\b(?!\s+{_ACTORS})|\bother than\b|\bwith the exclusion of\b"
    rf"|\bexempt(?:s|ed|ing|ions?)?\b(?!\s+(?:from\b|{_ACTORS}))"
    r"|\b(?:does|do|shall|may|must|will) not include\b"
    rf"(?!\s+(?:on\b|in\b|{_ACTORS}|[\w\s]{{0,24}}label))"
    r"|\bnot including\b|\b(?:does|do|shall|will) not apply to\b|\bnot applicable to\b"
    r"|\bnot (?:include|extend to|affect|prohibit|restrict)\s+(?=(?:\w+\s+){0,3}$)"
    r"|\b(?:shall|may) be lawful (?:to|for)\b|\bnot be (?:unlawful|an offence)\b"
)
_BEFORE_OTHER: Final = (
    r"s výjimkou\b|\bkromě\b|\bvyjma\b|s vyloučením\b|\bnezahrnuj\w+"
    r"|\bs[ea] nev(?:ztah|zťah)uj\w+ na\b|\bnev(?:ztah|zťah)uj\w+ s[ea] na\b"
    r"|s výnimkou\b|\bokrem\b|\bnezahŕňa\w*|\bz wyjątkiem\b|\bz wyłączeniem\b|\boprócz\b"
    r"|\bnie (?:dotyczy|obejmuje)\b|\bnie stosuje się do\b"
    r"|\bmit ausnahme\b|\bausgenommen\b|\baußer\b|\bgilt nicht für\b|\bgelten nicht für\b"
    r"|\bunntatt\b|\bmed unnt?ak\b|\bgjelder ikke\b|\bomfatter ikke\b|\bundtagen\b|\bundtaget\b"
    r"|\bmed undtagelse\b|\bgælder ikke\b|\butom\b|\bmed undantag\b|\bgäller inte\b"
    r"|\bomfattar inte\b|\bað undanskild\w+|\bað undantek\w+"
    r"|\blukuun ottamatta\b|\bpaitsi\b|\bei koske\b|\bei sovelleta\b"
    r"|\bvälja arvatud\b|\bei kohaldata\b|\bizņemot\b|\bneattiecas uz\b|\bišskyrus\b|\bnetaikom\w+"
    r"|\bà l['’](?:exception|exclusion)\b|\bsauf\b|\bhormis\b|\bexcepté\w*|\bexclu(?:ant|s)\b"
    r"|\bne s['’]appliqu\w+ pas\b|\bne compren\w+ pas\b"
    r"|\bexcepto\b|\bsalvo\b|\b(?:con|a) (?:la )?excepción\b|\bexcluyendo\b|\bexceptuando\b"
    r"|\bno incluye\w*|\bno se aplica\w*"
    r"|\bexce[pç]?to\b|\bcom exce[pç]\w+|\bexcluindo\b|\bnão inclui\w*|\bnão se aplica\w*"
    r"|\b(?:ad|con) (?:eccezione|esclusione)\b|\beccetto\b|\btranne\b|\besclus[oaie]\b"
    r"|\bnon si applica\w*"
    r"|\bmet uitzondering\b|\bbehalve\b|\buitgezonderd\b|\bniet van toepassing op\b"
    r"|\bkivéve\b|\bnem vonatkozik\b|\bcu excep[țţt]ia\b|\bexceptând\b|\bnu se aplică\b"
    r"|\bosim\b|\bizuzev\b|\bs iznimkom\b|\buz iznimku\b|\brazen\b|\bz izjemo\b"
    r"|\bс изключение\b|\bосвен\b|\bза исключением\b|\bкроме\b|\bне распространя\w+"
    r"|\bза винятком\b|\bкрім\b|\bне поширю\w+|\bεκτός\b|\bμε εξαίρεση\b"
    r"|ยกเว้น(?!ค่าธรรมเนียม)|เว้นแต่(?!กรณี)|ไม่รวม|ไม่ใช้บังคับ"
    r"|\bkecuali\w*|\bdikecualikan\b|\btidak (?:termasuk|berlaku)\b"
    r"|\bhariç\b|\bngoại trừ\b|\bkhông bao gồm\b|不包括|不含"
)
_EXCEPT_BEFORE: Final = re.compile(_BEFORE_EN + "|" + _BEFORE_OTHER)
_EXCEPT_AFTER: Final = re.compile(
    r"\b(?:is|are|shall be|be|being) (?:\w+ly )?(?:exempt(?:ed)?|excepted|excluded)\b"
    r"|\b(?:is|are|shall|be) not (?:be )?(?:\w+ly )?(?:included|subject to)\b"
    r"|(?<!specifically )(?<!expressly )(?<!otherwise )(?<!unless )\bexcepted\b|\bnot be deemed\b"
    r"|\bgrow(?:s|ing|n)? (?:in the )?wild\b|\bwild[ -]grow"
    r"|\bausgenommen\b|\bgilt (?:dies|das) nicht\b|\bunntatt\b|\bundtaget\b"
    r"|\bundantag(?:en|na|et)\b"
    r"|\bsú vyňaté\b|\b(?:je|jsou) vyňat\w*|\bse nevztahuje\b|\bsa nevzťahuje\b"
    r"|\bkivételével\b|\blukuun ottamatta\b|\bhariç\b|\bdışında\b"
    r"|\b(?:esclus|exclu|excluíd)[oaie]s?\b"
    r"|\buitgezonderd\b|\bdikecualikan\b|を除く|を除き|を除いた|以外の|を含まない|除外|제외"
)
_LISTED: Final = re.compile(
    r"\b(?:excluded|exempt(?:ed)?|excepted|excluding|other than|not including|exceptions?"
    r"|(?:does|do|shall) not (?:include|apply to))\b[^.;]{0,80}$"
    r"|\bexcept(?: for)?(?: the following)?$"
)
_LABEL: Final = re.compile(r"\(?(\d{1,3}|[a-z]{1,5}|[A-Z]{1,5})[.)]|[-–—•*]")
_ROMAN: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_MAIN_CLAUSE: Final = re.compile(
    r",[^,]{0,60}\b(?:shall|may not|must|is prohibited|means|no person)\b"
)
_SENTENCE_END: Final = re.compile(
    r"[;。]|\.[\"”’')]*\s+(?=[\"“‘(]?[^\W\d_a-zß-öø-ÿ]|\(\w{1,4}\))|\.[\"”](?=[\"“A-Z])"
    r"|(?<! of)(?<! the)(?<! and)(?<! or)(?<! to)(?<! for)(?<! any)(?<!,)(?<!except)(?<! than)"
    r"(?<!cluding)(?<!clude)\n(?![a-zß-öø-ÿ])"
)


def _is_excepted(text: str, lower: str, start: int, end: int) -> bool:
    """Whether the words before it or after it, in its sentence, take it out of a rule."""
    first = _sentence_start(text, max(0, start - _REACH), start)
    at_start = first > start - _REACH
    for found in _EXCEPT_BEFORE.finditer(lower, first, start):
        between = lower[found.end() : start]
        opens = at_start and not lower[first : found.start()].strip(' "“(')
        # `Except for minors, kratom is banned` excepts no kratom.
        if not (opens and "," in between) and not _MAIN_CLAUSE.search(between):
            return True
    last = min(len(text), end + _REACH)
    stop = _SENTENCE_END.search(text, end, last)
    if _EXCEPT_AFTER.search(lower, end, stop.start() if stop else last) is not None:
        return True
    return start - first < _NEAR_ITEM and _is_listed(text, lower, first)


def _sentence_start(text: str, first: int, end: int) -> int:
    for stop in _SENTENCE_END.finditer(text, first, end + 1):
        if stop.end() > end:
            break
        if text[stop.start()] == "." and text[stop.start() - 1 : stop.start()].isupper():
            continue  # an initial, as in `M. speciosa`
        first = stop.end()
    return first


def _is_listed(text: str, lower: str, first: int) -> bool:
    """Whether the sentence at `first` is an item of a list of exceptions."""
    colon = text.rfind(":\n", max(0, first - _LIST), first)
    if colon < 0 or _LISTED.search(lower, max(0, colon - _REACH), colon) is None:
        return False
    lines = re.finditer(r"\n(?![a-zß-öø-ÿ])", text[colon + 1 : first + 1])
    labels = [_LABEL.match(text, colon + 1 + line.end()) for line in lines]
    marks = [(label[1] or label[0]).lower() if label else "" for label in labels]
    return bool(marks) and all(marks) and all(map(_follows, marks, marks[1:]))


def _follows(mark: str, following: str) -> bool:
    """Whether one label of a list comes after another: `2` after `1`, `ii` after `i`."""
    if mark.isdigit() and following.isdigit():
        return int(following) == int(mark) + 1
    if mark in _ROMAN and following in _ROMAN:
        return _ROMAN.index(following) == _ROMAN.index(mark) + 1
    if len(mark) == len(following) == 1:
        return ord(following) == ord(mark) + 1 or (mark == following and not mark.isalnum())
    return False

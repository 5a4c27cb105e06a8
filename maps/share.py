"""Images to share: the United States and the world by substance, and a card for each place.

Each is an SVG for print and a PNG for previews, says its date, and needs nothing from elsewhere:
no font, no style sheet, no script. Fill, pattern, symbol and words say the same; what is not
known never looks like what is allowed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final, Literal

from maps.boundaries import codes
from maps.legend import FLAGS, MARKS, PATTERNS, STATUSES, StatusStyle
from maps.outlines import Box, Sheet, inside, local, overview
from maps.raster import FAMILY, pictures, width

__all__ = ["HIGH", "WIDE", "Answer", "Card", "Credit", "Overview", "Row", "card", "images", "view"]

WIDE: Final = 1200
HIGH: Final = 630
FONTS: Final = f"{FAMILY}, Helvetica, Arial, sans-serif"
INK, SOFT, LINE = "#1a1a1a", "#4d4d4d", "#b8b8b8"
LAND: Final = "#ececec"

LOOKS: Final = {style.id: style for style in STATUSES}
UNKNOWN: Final = STATUSES[-1].id
SILENT: Final = STATUSES[-2].id

View = Literal["us", "world"]
TITLES: Final[Mapping[View, str]] = {"us": "in the United States", "world": "in the world"}
UNITS: Final[Mapping[View, str]] = {
    "us": "states and territories",
    "world": "countries and territories",
}
# In units of the page's plane: what is drawn of each view, and where.
FRAMES: Final[Mapping[View, Box]] = {"us": (0, -4, 995, 650), "world": (14, 2, 988, 436)}
PLACES: Final[Mapping[View, Box]] = {"us": (16, 102, 880, 568), "world": (16, 108, 892, 560)}
LEGENDS: Final[Mapping[View, float]] = {"us": 906, "world": 906}
# Letters of places too small to hold them, in the page's plane: beside the coast, below the insets.
BOXES: Final = {
    "US-VT": (962, 150), "US-NH": (962, 174), "US-MA": (962, 198), "US-RI": (962, 222),
    "US-CT": (962, 246), "US-NJ": (962, 270), "US-DE": (962, 294), "US-MD": (962, 318),
    "US-DC": (962, 342), "US-GU": (556, 638), "US-MP": (631, 638), "US-AS": (706, 638),
    "US-PR": (790, 638), "US-VI": (880, 638), "US-HI": (318, 600),
}  # fmt: skip
_STATE: Final = re.compile(r"US-[A-Z]{2}", re.ASCII)
_LOCAL: Final = re.compile(r"US-[A-Z]{2}-.+", re.ASCII)
_HOLDS: Final = 30
"""A place at least so wide and high holds its letters."""


@dataclass(frozen=True)
class Answer:
    """What applies in a place. `flags` are ids of the codebook."""

    status: str
    flags: tuple[str, ...] = ()
    min_age: int = 0


@dataclass(frozen=True)
class Overview:
    """A view for one substance: code -> answer. `points`: places without outline, lon and lat."""

    view: View
    substance: str
    label: str
    answers: Mapping[str, Answer]
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of its files, without the ending."""
        return f"{self.view}-{self.substance}"


@dataclass(frozen=True)
class Row:
    """The answer for some substances, in words."""

    substances: str
    status: str
    details: str


@dataclass(frozen=True)
class Card:
    """A place and its answers. `within`: the codes of wider places, nearest first.

    `members`: the places that it is made of, where it has no outline of its own. `coloured`: the
    substance whose answer, `status`, its outline is filled with.
    """

    code: str
    name: str
    wider: str
    level: str
    rows: Sequence[Row]
    status: str
    coloured: str
    within: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    point: tuple[float, float] | None = None


@dataclass(frozen=True)
class Credit:
    """What every image says of itself. `as_of`: an ISO date; `day`: the same in words."""

    title: str
    as_of: str
    day: str
    version: str
    site: str = ""


def images(
    overviews: Iterable[Overview], cards: Iterable[Card], credit: Credit, kept: Path | None
) -> Iterator[tuple[str, bytes]]:
    """Every image: (path relative to the site, bytes). `kept`: a folder of what was drawn before.

    Raises:
        ValueError: a status that the codebook does not have.
    """
    drawn = {of.name: view(of, credit) for of in overviews}
    drawn |= {of.code: card(of, credit) for of in cards}
    made = pictures(list(drawn.values()), kept)
    for (name, svg), png in zip(drawn.items(), made, strict=True):
        yield f"share/{name}.svg", svg.encode()
        yield f"share/{name}.png", png


# -- a view ------------------------------------------------------------------------------------


def view(of: Overview, credit: Credit) -> str:
    """The map of a view, as SVG."""
    sheet, finer = overview(of.view, FRAMES[of.view], PLACES[of.view])
    shown = {code: of.answers.get(code, Answer(UNKNOWN)) for code in sheet.places}
    towns = _towns(of)
    counts = Counter(answer.status for answer in shown.values())
    title = f"{of.label}: the law {TITLES[of.view]}"
    told = "; ".join(
        f"{style.label}: {counts[style.id]}{_listed(sheet, shown, style.id)}"
        for style in STATUSES
        if counts[style.id]
    )
    marks = {flag for answer in shown.values() for flag in answer.flags if flag in MARKS}
    body = [
        _text(40, 58, title, 36, bold=True, most=1120),
        _text(40, 88, f"All law that binds, as of {credit.day}", 19, fill=SOFT),
        *(_area(sheet, code, answer.status) for code, answer in shown.items()),
        *_differing(of, sheet, finer),
        _borders(sheet, of.view),
        *_dots(of, sheet, shown),
        *(_dot(sheet.point(of.points[code]), of.answers[code].status, 2.2) for code in towns),
        *_letters(of, sheet, shown),
        *_legend(of, counts, marks, towns),
        *_footer(credit),
    ]
    return _document(title, f"{credit.day}. {told}.", body)


def _listed(sheet: Sheet, shown: Mapping[str, Answer], status: str) -> str:
    if status in (UNKNOWN, SILENT):
        return ""
    names = sorted(sheet.places[code].name for code in shown if shown[code].status == status)
    return f" ({', '.join(names)})"


def _differs(of: Overview, code: str) -> bool:
    """Whether a place inside a state answers otherwise; not searched is not otherwise."""
    answer = of.answers[code]
    state = of.answers.get("-".join(code.split("-")[: 2 if of.view == "us" else 1]))
    return answer.status != UNKNOWN and (state is None or answer.status != state.status)


def _towns(of: Overview) -> list[str]:
    if of.view != "us":
        return []
    return [code for code in sorted(of.points) if code in of.answers and _differs(of, code)]


def _differing(of: Overview, sheet: Sheet, finer: Sheet) -> Iterator[str]:
    """Counties, or parts of federations, that are not as the whole: within its outline."""
    found = [code for code in finer.places if code in of.answers and _differs(of, code)]
    clips = sorted({code.split("-")[0] for code in found}) if of.view == "world" else []
    for country in clips:
        yield f'<clipPath id="in-{country}"><path d="{sheet.path([country])}"/></clipPath>'
    for code in found:
        clip = f' clip-path="url(#in-{code.split("-")[0]})"' if clips else ""
        yield _area(finer, code, of.answers[code].status, clip)
    if found:
        net = finer.net(found)
        clip = f' clip-path="url(#in-{clips[0]})"' if len(clips) == 1 else ""
        yield f'<path d="{net}" fill="none" stroke="#ffffff" stroke-width=".7"{clip}/>'


def _borders(sheet: Sheet, view: View) -> str:
    """Dark and light together: a border is seen on pale fills and on dark ones."""
    wide = 0.9 if view == "us" else 0.3
    return (
        f'<defs><path id="borders" d="{sheet.net(sheet.places)}"/></defs>'
        '<g fill="none" stroke-linejoin="round">'
        f'<use href="#borders" stroke="#232323" stroke-opacity=".8" '
        f'stroke-width="{wide * 1.5 + 0.4:g}"/>'
        f'<use href="#borders" stroke="#ffffff" stroke-opacity=".9" stroke-width="{wide}"/></g>'
    )


def _dots(of: Overview, sheet: Sheet, shown: Mapping[str, Answer]) -> Iterator[str]:
    """Countries too small to be seen, where something is known of them."""
    if of.view == "us":
        return
    for code, answer in shown.items():
        left, top, right, bottom = sheet.bounds(code)
        at = sheet.label(code)
        if max(right - left, bottom - top) < 6 and answer.status != UNKNOWN and at:
            yield _dot(at, answer.status, 3.4)


def _dot(at: tuple[float, float], status: str, radius: float) -> str:
    return _ringed(at, radius, 0.9, f'fill="{_look(status).colour}"', 'stroke-width=".7"')


def _ringed(at: tuple[float, float], radius: float, halo: float, fill: str, ring: str) -> str:
    """A dot with a dark ring in a white one: it is seen on every fill."""
    place = f'cx="{at[0]:.1f}" cy="{at[1]:.1f}"'
    return (
        f'<circle {place} r="{radius + halo:g}" fill="#ffffff"/>'
        f'<circle {place} r="{radius:g}" {fill} stroke="#232323" {ring}/>'
    )


def _symbol(answer: Answer) -> str:
    style = _look(answer.status)
    age = style.id == "age-restricted" and answer.min_age
    marks = "".join(
        MARKS[flag]
        for flag in MARKS
        # Where no rule was found there is no text that could have been seen.
        if flag in answer.flags and (flag != "reported-only" or style.id != SILENT)
    )
    return (f"{age}+" if age else style.symbol) + marks


def _letters(of: Overview, sheet: Sheet, shown: Mapping[str, Answer]) -> Iterator[str]:
    for code, answer in shown.items():
        left, top, right, bottom = sheet.bounds(code)
        at = sheet.label(code)
        if at is None:
            continue
        if of.view == "us" and code in BOXES:
            yield _boxed(sheet, code, answer, at)
        elif of.view == "us":
            yield _halo(at[0], at[1] - 1.5, code[3:], 11.5, answer.status)
            yield _halo(at[0], at[1] + 10.5, _symbol(answer), 11.5, answer.status)
        elif min(right - left, bottom - top) > _HOLDS and answer.status != UNKNOWN:
            yield _halo(at[0], at[1] + 4, _symbol(answer), 12, answer.status)


def _boxed(sheet: Sheet, code: str, answer: Answer, at: tuple[float, float]) -> str:
    style = _look(answer.status)
    x, y = (v * sheet.scale + s for v, s in zip(BOXES[code], sheet.shift, strict=True))
    # Those below the insets stand closer to each other than those beside the coast.
    wide, high = (52 if BOXES[code][1] > 600 else 58), 16.5
    line = ""
    if x > at[0] + wide:
        line = (
            f'<path d="M{at[0]:.1f} {at[1]:.1f}L{x - wide / 2:.1f} {y:.1f}" stroke="#6e6e6e" '
            'fill="none"/>'
        )
    words = f"{code[3:]} {_symbol(answer)}"
    size = min(11.5, 11.5 * (wide - 6) / width(words, 11.5, bold=True))
    return (
        f'{line}<rect x="{x - wide / 2:.1f}" y="{y - high / 2:.1f}" width="{wide}" '
        f'height="{high}" fill="{_fill(style)}" stroke="#232323" stroke-opacity=".8"/>'
        + _halo(x, y + 4, words, size, answer.status)
    )


def _legend(
    of: Overview, counts: Mapping[str, int], marks: set[str], towns: Sequence[str]
) -> Iterator[str]:
    left = LEGENDS[of.view]
    right = WIDE - 28
    y = 128.0
    yield _text(left, y, UNITS[of.view][0].upper() + UNITS[of.view][1:], 15, fill=SOFT)
    y += 14
    for style in STATUSES:
        if not counts[style.id]:
            continue
        yield swatch(style, left, y, 36, 24)
        room = right - left - 46 - 32
        yield _text(left + 46, y + 18, style.label, 16, most=room)
        yield _text(right, y + 18, str(counts[style.id]), 16, bold=True, anchor="end")
        y += 33
    notes = [f"{MARKS[flag]}\u00a0{FLAGS[flag].label}" for flag in MARKS if flag in marks]
    told = "; ".join(notes)
    if of.view == "us":
        inside = sum(c not in of.points and _differs(of, c) for c in of.answers if _LOCAL.match(c))
        yield from _lines(left, y + 20, _local_line(inside, len(towns)), 14, right - left)
        y += 20 + 18 * len(_wrapped(_local_line(inside, len(towns)), 14, right - left))
    if told:
        yield from _lines(left, y + 18, told, 13, right - left)


def _local_line(counties: int, towns: int) -> str:
    if not counties + towns:
        return "No county or town is known to differ from its state."
    told = f"{_count(counties, 'county', 'counties')} and {_count(towns, 'town', 'towns')}"
    return f"{told} differ from the state they are in; a town is a dot."


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


# -- a card ------------------------------------------------------------------------------------

MAP: Final[Box] = (48, 172, 432, 524)
COLUMN: Final = 480
ROWS: Final = (176, 548)
_ROW: Final = 84


def card(of: Card, credit: Credit) -> str:
    """A place with its answers, as SVG."""
    drawing = _place(of)
    wider = f"{of.wider} · " if of.wider else ""
    left = COLUMN if drawing else 48
    room = WIDE - 48 - left
    title = f"{of.name}: the law on kratom"
    told = "; ".join(
        f"{row.substances}: {_look(row.status).label}"
        + (f" ({row.details})" if row.details else "")
        for row in of.rows
    )
    size = min(1.0, (ROWS[1] - ROWS[0]) / (_ROW * max(1, len(of.rows))))
    body = [
        _text(48, 58, f"Kratom law · {of.level}", 19, fill=SOFT),
        _text(48, 110, of.name, 46, bold=True, most=WIDE - 96),
        _text(48, 144, f"{wider}as of {credit.day}", 22, most=WIDE - 96),
        *drawing,
    ]
    y = float(ROWS[0])
    for row in of.rows:
        body += _row(row, left, y, room, size)
        y += _ROW * size
    if drawing:
        body.append(
            _text(240, 558, f"Coloured: {of.coloured}", 13, fill=SOFT, anchor="middle", most=384)
        )
    body += _footer(credit)
    full = f"{of.name}, {of.wider}" if of.wider else of.name
    return _document(title, f"{full}, {credit.day}. {told}.", body)


def _row(row: Row, left: float, top: float, room: float, size: float) -> list[str]:
    style = _look(row.status)
    beside = left + 84 * size
    room -= 84 * size
    return [
        swatch(style, left, top + 6 * size, 66 * size, 44 * size),
        _text(beside, top + 18 * size, row.substances, 18 * size, fill=SOFT, most=room),
        _text(beside, top + 46 * size, style.label, 27 * size, bold=True, most=room),
        _text(beside, top + 68 * size, row.details, 16 * size, most=room, least=11),
    ]


def _place(of: Card) -> list[str]:
    """The outline, highlighted in what it lies in; nothing where no outline is known."""
    sheet, pale, finer = _ground(of)
    if sheet is None:
        return []
    own = _members(of) or ((of.code,) if sheet.has(of.code) else ())
    around = tuple(code for code in pale if code not in own)
    parts = ['<g stroke-linejoin="round" fill-rule="evenodd">']
    if around:
        parts.append(f'<path d="{sheet.path(around)}" fill="{LAND}" stroke="#9a9a9a"/>')
    if own:
        fill = _fill(_look(of.status))
        parts.append(f'<path d="{sheet.path(own)}" fill="{fill}" stroke="{INK}" {_THIN}/>')
    if finer:
        parts.append(
            f'<path d="{sheet.net(finer)}" fill="none" stroke="#232323" '
            'stroke-opacity=".3" stroke-width=".6"/>'
        )
    if own and own != pale:
        parts.append(f'<path d="{sheet.path(own)}" fill="none" stroke="{INK}" {_THICK}/>')
    if not own and of.point:
        parts.append(_pin(sheet.point(of.point), _look(of.status)))
    return [*parts, "</g>"]


_THIN: Final = 'stroke-width="1.4"'
_THICK: Final = 'stroke-width="2.4"'


def _pin(at: tuple[float, float], style: StatusStyle) -> str:
    return _ringed(at, 12, 3.5, f'fill="{_fill(style)}"', _THICK)


def _members(of: Card) -> tuple[str, ...]:
    """The United States are drawn from their states, so that none is far from the others."""
    return tuple(sorted(codes("us-states"))) if of.code == "US" else of.members


def _ground(of: Card) -> tuple[Sheet | None, tuple[str, ...], tuple[str, ...]]:
    """The sheet to draw on, the places that fill it, and what they are divided into."""
    if members := _members(of):
        return local(members, (), MAP), members, members
    chain = (of.code, *of.within)
    state = next((code for code in chain if _STATE.fullmatch(code)), None)
    if state is not None:
        counties = inside(state)
        return local((state,), counties, MAP), (state,), counties
    siblings = inside(of.code.split("-")[0])
    if of.code in siblings:
        return local(siblings, (), MAP), siblings, ()
    for code in chain:
        if sheet := local((code,), (), MAP):
            return sheet, (code,), ()
    return None, (), ()


# -- parts of a drawing ------------------------------------------------------------------------


def _document(title: str, told: str, body: Sequence[str]) -> str:
    drawn = "\n".join(part for part in body if part)
    used = [style for style in STATUSES if f"url(#f-{style.id})" in drawn]
    tiles = "".join(
        f'<pattern id="f-{style.id}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{style.colour}"/>'
        f'<path d="{PATTERNS[style.pattern]}" stroke="{style.line}" stroke-width="1.6"/></pattern>'
        for style in used
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{HIGH}" '
        f'viewBox="0 0 {WIDE} {HIGH}" role="img" aria-labelledby="title told" lang="en" '
        f'font-family="{FONTS}" fill="{INK}">\n'
        f'<title id="title">{_plain(title)}</title>\n<desc id="told">{_plain(told)}</desc>\n'
        f'<defs>{tiles}</defs>\n<rect width="{WIDE}" height="{HIGH}" fill="#ffffff"/>\n'
        f"{drawn}\n</svg>\n"
    )


def _area(sheet: Sheet, code: str, status: str, clip: str = "") -> str:
    return (
        f'<path data-code="{code}" data-status="{status}" d="{sheet.path([code])}" '
        f'fill="{_fill(_look(status))}" fill-rule="evenodd"{clip}/>'
    )


def swatch(style: StatusStyle, x: float, y: float, wide: float, high: float) -> str:
    """A sample of a status: its fill, its pattern and its symbol."""
    size = high * 0.58
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" fill="{_fill(style)}" '
        f'stroke="#232323" stroke-opacity=".5"/>'
        + _halo(x + wide / 2, y + high / 2 + size * 0.36, style.symbol, size, style.id)
    )


def _halo(x: float, y: float, words: str, size: float, status: str) -> str:
    """Letters that are read on their fill, whatever its pattern.

    Twice, because programs that newspapers lay pages out with paint an outline over its letter.
    """
    style = _look(status)
    at = f'x="{x:.1f}" y="{y:.1f}"'
    told = _plain(words)
    return (
        f'<g text-anchor="middle" font-size="{size:.4g}" font-weight="700" '
        f'stroke-linejoin="round"><text {at} fill="{style.colour}" stroke="{style.colour}" '
        f'stroke-width="{max(3.0, size * 0.22):.3g}" aria-hidden="true">{told}</text>'
        f'<text {at} fill="{style.text}">{told}</text></g>'
    )


def _text(
    x: float,
    y: float,
    words: str,
    size: float,
    *,
    bold: bool = False,
    fill: str = INK,
    anchor: str = "start",
    most: float = 0,
    least: float = 12,
) -> str:
    """A line of text; one wider than `most` gets smaller, and is cut off below `least`."""
    words = _clean(words)
    if not words:
        return ""
    if most and (wide := width(words, size, bold=bold)) > most:
        size = max(least, size * most / wide)
        words = _cut(words, size, bold, most)
    weight = ' font-weight="700"' if bold else ""
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    colour = f' fill="{fill}"' if fill != INK else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:.4g}"{weight}{place}{colour}>'
        f"{escape(words)}</text>"
    )


def _cut(words: str, size: float, bold: bool, most: float) -> str:
    if width(words, size, bold=bold) <= most + 0.5:
        return words
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if width(words[:middle] + "…", size, bold=bold) <= most:
            low = middle
        else:
            high = middle - 1
    return words[:low].rstrip() + "…"


def _lines(x: float, y: float, words: str, size: float, most: float) -> Iterator[str]:
    for n, line in enumerate(_wrapped(words, size, most)):
        yield _text(x, y + n * size * 1.3, line, size, fill=SOFT, most=most)


def _wrapped(words: str, size: float, most: float) -> list[str]:
    lines: list[str] = []
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _footer(credit: Credit) -> list[str]:
    told = [credit.title, credit.site, f"version {credit.version}", f"as of {credit.as_of}"]
    first = " · ".join([*(part for part in told if part), "data CC BY 4.0", "not legal advice"])
    second = (
        "Boundaries: U.S. Census Bureau and Natural Earth (public domain), no statement on "
        "sovereignty. The sources of every answer are on the site."
    )
    return [
        f'<path d="M40 578H{WIDE - 40}" stroke="{LINE}"/>',
        _text(40, 599, first, 15, bold=True, most=WIDE - 80),
        _text(40, 618, second, 13, fill=SOFT, most=WIDE - 80),
    ]


def _fill(style: StatusStyle) -> str:
    return f"url(#f-{style.id})" if PATTERNS[style.pattern] else style.colour


def _look(status: str) -> StatusStyle:
    try:
        return LOOKS[status]
    except KeyError:
        raise ValueError(f"not in the codebook: {status!r}") from None


def _plain(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    """In one line, without what XML forbids and what turns the order of letters round."""
    kept = (c for c in text[:_LONGEST] if c.isspace() or _shown(c))
    return _SPACE.sub(" ", "".join(kept)).strip()


def _shown(letter: str) -> bool:
    return unicodedata.category(letter)[0] != "C"


_LONGEST: Final = 4000
# Any space but the one at which no line breaks.
_SPACE: Final = re.compile(r"[^\S\u00a0]+")

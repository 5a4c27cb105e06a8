"""Redlines for people: inline or side by side, in HTML, Markdown and plain text.

What was struck and what was added is told by words and marks, never by colour alone.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, Literal, assert_never

from markupsafe import Markup, escape

from kratom_atlas.read.redline import Redline, Run, Unit
from kratom_atlas.report.words import inert, listed, markdown

__all__ = ["Format", "render", "standalone", "to_html"]

Format = Literal["text", "md", "html"]

_NOUNS: Final = {
    "same": "unchanged",
    "changed": "changed",
    "struck": "struck",
    "added": "added",
    "moved": "moved",
}
_MARKS: Final = {"same": " ", "changed": "~", "struck": "-", "added": "+", "moved": ">"}
_AROUND: Final = 60
"""So much of a long unchanged stretch is shown before and after a change, in characters."""
_BLANKS: Final = re.compile(r"\s+")


def render(
    made: Redline, fmt: Format, *, title: str, side_by_side: bool = False, whole: bool = False
) -> str:
    """The redline as a document of its own. Unchanged units are folded unless it is `whole`."""
    match fmt:
        case "text":
            return "\n".join(_text(made, title, whole=whole)) + "\n"
        case "md":
            rows = _table(made, whole=whole) if side_by_side else _inline(made, whole=whole)
            return "\n".join([f"# {markdown(title)}", "", _summary(made), "", *rows]) + "\n"
        case "html":
            return standalone(to_html(made, side_by_side=side_by_side, whole=whole), title)
        case _:
            assert_never(fmt)


def _summary(made: Redline) -> str:
    counts = made.counts
    said = [f"{counts[word]:,} {noun}" for word, noun in _NOUNS.items() if counts[word]]
    return f"Units: {listed(said)}." if said else "Both are empty."


def _folded(made: Redline, whole: bool) -> Iterator[Unit | int]:
    """Units, or the number of unchanged ones in a row."""
    for same, group in groupby(made.units, key=lambda unit: unit.change == "same"):
        units = list(group)
        if same and not whole:
            yield len(units)
        else:
            yield from units


def _fold_words(count: int) -> str:
    return f"{count:,} unit{'s' if count != 1 else ''} unchanged"


def _where(unit: Unit) -> str:
    """`Sec. 2 (a)`, or `Sec. 3 (was Sec. 2)`."""
    path, was = inert(unit.path), inert(unit.old_path)
    if unit.change != "moved" and unit.runs and unit.runs[0].text.startswith(unit.path or was):
        return ""  # it begins with its label
    if unit.change == "moved" and was and path and was != path:
        return f"{path} (was {was})"
    return path or was


# -- plain text and Markdown -------------------------------------------------------------------


def _text(made: Redline, title: str, *, whole: bool) -> Iterator[str]:
    yield inert(title)
    yield _summary(made)
    for one in _folded(made, whole):
        if isinstance(one, int):
            yield f"  ... {_fold_words(one)}"
            continue
        words = "".join(_flat(run, "[-", "-]", "{+", "+}") for run in _short(one.runs, whole))
        yield (
            f"{_MARKS[one.change]} {_where(one)}: {words}"
            if _where(one)
            else (f"{_MARKS[one.change]} {words}")
        )


def _flat(run: Run, *marks: str) -> str:
    text = _BLANKS.sub(" ", inert(run.text))
    if run.kind == "same" or not text.strip():
        return text
    opening, closing = marks[:2] if run.kind == "struck" else marks[2:]
    core = text.strip()
    return text.replace(core, f"{opening}{core}{closing}", 1)


def _inline(made: Redline, *, whole: bool) -> Iterator[str]:
    for one in _folded(made, whole):
        if isinstance(one, int):
            yield f"*{_fold_words(one)}*"
        else:
            where = f"**{markdown(_where(one))}** " if _where(one) else ""
            words = "".join(_marked_down(run) for run in _short(one.runs, whole))
            yield f"{where}({_NOUNS[one.change]}) {words}".strip()
        yield ""


def _marked_down(run: Run) -> str:
    return _flat(Run(run.kind, markdown(run.text)), "~~", "~~", "**", "**")


def _table(made: Redline, *, whole: bool) -> Iterator[str]:
    yield "| before | after |"
    yield "|---|---|"
    for one in _folded(made, whole):
        if isinstance(one, int):
            yield f"| *{_fold_words(one)}* | |"
            continue
        runs = list(_short(one.runs, whole))
        sides = [
            "".join(_marked_down(run) for run in runs if run.kind != without)
            for without in ("added", "struck")
        ]
        labels = [f"**{markdown(path)}** " if path else "" for path in (one.old_path, one.path)]
        yield "| " + " | ".join(a + b.strip() for a, b in zip(labels, sides, strict=True)) + " |"


def _short(runs: Sequence[Run], whole: bool) -> Iterator[Run]:
    """Long unchanged stretches of a changed unit, shortened in their middle."""
    for at, run in enumerate(runs):
        if whole or run.kind != "same" or len(run.text) <= 3 * _AROUND:
            yield run
            continue
        head = run.text[:_AROUND] if at else ""
        tail = run.text[-_AROUND:] if at < len(runs) - 1 else ""
        yield Run("same", f"{head} … {tail}")


# -- HTML --------------------------------------------------------------------------------------

_STYLE: Final = """\
body{font:1rem/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:80rem;padding:0 1rem}
.redline{list-style:none;padding:0}.redline li,.redline td{overflow-wrap:anywhere}
.redline li{border-left:.3rem solid #8886;margin:.4rem 0;padding:.1rem .7rem}
.redline .label{font-weight:600}.redline .kind{font-size:.85em;opacity:.8}
.redline ins{background:#2a72;text-decoration:underline;text-decoration-thickness:.12em}
.redline del{background:#c332;text-decoration:line-through}
table.redline{border-collapse:collapse;width:100%}
.redline th,.redline td{border:1px solid #8886;padding:.3rem .6rem;text-align:left;
vertical-align:top;width:50%}
.hidden{clip-path:inset(50%);height:1px;overflow:hidden;position:absolute;white-space:nowrap;
width:1px}
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}
"""


def standalone(fragment: Markup, title: str) -> str:
    """A page that opens from a disk and asks nobody for anything."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return str(
        Markup(
            '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            '<meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; style-src 'sha256-{}'\">"
            "<title>{}</title><style>{}</style><h1>{}</h1>\n{}</html>\n"
        ).format(digest, inert(title), Markup(_STYLE), inert(title), fragment)  # noqa: S704
    )


def to_html(made: Redline, *, side_by_side: bool = False, whole: bool = False) -> Markup:
    """A fragment for a page; classes `redline`, `label`, `kind` and `hidden` are its style's."""
    summary = Markup("<p>{}</p>\n").format(_summary(made))
    rows = Markup("\n").join(
        (_row if side_by_side else _item)(one, whole) for one in _folded(made, whole)
    )
    if side_by_side:
        head = Markup("<tr><th scope=col>Before</th><th scope=col>After</th></tr>")
        return summary + Markup('<table class="redline">{}\n{}</table>\n').format(head, rows)
    return summary + Markup('<ol class="redline">\n{}\n</ol>\n').format(rows)


def _item(one: Unit | int, whole: bool) -> Markup:
    if isinstance(one, int):
        return Markup('<li class="same"><span class="kind">{}</span></li>').format(_fold_words(one))
    words = Markup("").join(_element(run) for run in _short(one.runs, whole))
    return Markup(
        '<li class="{}"><span class="label">{}</span> <span class="kind">({})</span> {}</li>'
    ).format(one.change, _where(one), _NOUNS[one.change], words)


def _row(one: Unit | int, whole: bool) -> Markup:
    if isinstance(one, int):
        return Markup(
            '<tr class="same"><td colspan="2"><span class="kind">{}</span></td></tr>'
        ).format(_fold_words(one))
    runs = list(_short(one.runs, whole))
    cells = [
        Markup('<td><span class="label">{}</span> {}</td>').format(
            inert(path), Markup("").join(_element(run) for run in runs if run.kind != without)
        )
        for path, without in ((one.old_path, "added"), (one.path, "struck"))
    ]
    return Markup('<tr class="{}">{}</tr>').format(one.change, Markup("").join(cells))


def _element(run: Run) -> Markup:
    words = escape(inert(run.text))
    match run.kind:
        case "struck":
            return Markup(
                '<del><span class="hidden">[struck: </span>{}<span class="hidden">]</span></del>'
            ).format(words)
        case "added":
            return Markup(
                '<ins><span class="hidden">[added: </span>{}<span class="hidden">]</span></ins>'
            ).format(words)
    return words

"""What stands around the content of every page, whether it was built or is served."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup, escape

from kratom_atlas.errors import AtlasError
from kratom_atlas.languages import ENGLISH, LANGUAGES, Language, msg
from kratom_atlas.report.html import plain, templates
from kratom_atlas.report.words import ADVICE, age_words, citation, inert, report_link

__all__ = ["CSP", "HOW_TO_REPORT", "NAV", "SUBSCRIBE", "TABLE", "Frame", "Meta"]

CSP: Final = Markup(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
SUBSCRIBE: Final = "subscribe/index.html"
HOW_TO_REPORT: Final = "report/index.html"
"""The page that says how errors are reported; where the site is served, it takes reports."""
NAV: Final = (
    (msg("Map"), "index.html"),
    (msg("Table"), "table/index.html"),
    (msg("Changes"), "changes/index.html"),
    (msg("Alerts"), SUBSCRIBE),
    (msg("Data"), "data/index.html"),
    (msg("Sources"), "sources/index.html"),
    (msg("About"), "about/index.html"),
)
SPOKEN: Final = frozenset({"index.html", "table/index.html"})
"""Those that are there in every language."""
FOREIGN: Final = Markup(' hreflang="{}"').format(ENGLISH.code)
_IMAGE: Final = "us-leaf"
TABLE: Final = "Table"
"""Pages under it are there in every language, at the same path."""

_HERE = re.compile(r"(?!/)[\w.~%/-]+(#[\w.-]+)?", re.ASCII)
_BASE = re.compile(r"(https?://[\w.-]+(:\d+)?(/[\w.~%-]+)*/?)?", re.ASCII)


@dataclass(frozen=True)
class Meta:
    """What every page says of itself.

    `known` is the recorded time that the edition knows, in words; `last_look` a day, or empty.
    `base_url` is where the site will be, if that is known: only the site map, the page for
    missing addresses and the citation need it. `report_url` is an address of the web or of mail,
    or a path relative to the site; `HOW_TO_REPORT` where the operator gave none.
    """

    version: str
    as_of: str
    last_look: str
    report_url: str
    known: str
    base_url: str = ""


class Frame:
    """The frame of one build's pages, in one language. `csp` is what they allow themselves.

    Raises:
        AtlasError: an address of `meta` cannot be part of a site.
    """

    def __init__(self, meta: Meta, csp: Markup = CSP, say: Language = ENGLISH) -> None:
        if not _BASE.fullmatch(meta.base_url):
            raise AtlasError(f"not the address of a site: {meta.base_url!r}")
        if not report_link(meta.report_url) and not _HERE.fullmatch(meta.report_url):
            raise AtlasError(f"not an address for reports of errors: {meta.report_url!r}")
        self.meta = meta
        self._csp = csp
        self._say = say
        self._spoken = {"say": say, "t": self.t, "foreign": FOREIGN if say.folder else ""}
        self._env = templates("kratom_atlas.site")
        self._around: dict[tuple[str, str, str], dict[str, object]] = {}

    def page(
        self,
        body: str,
        *,
        title: str,
        description: str,
        root: str,
        here: str = "",
        feed: str = "all",
        path: str = "",
        image: str = _IMAGE,
        shows: str = "",
        referrer: str = "no-referrer",
    ) -> str:
        """A whole document; `feed` is the name of the feed that follows what it shows.

        `path`: where it is, below the pages of its language, which a report of an error then
        names; `image` is previewed with it, and `shows` that. `referrer` says whom browsers tell
        where somebody came from.
        """
        key = (root, here, path if here == TABLE else "")
        if key not in self._around:
            self._around[key] = self._frame(*key)
        around = self._around[key]
        at = f"{self._say.folder}{path}" if path else ""
        text: str = self._page.render(
            {**around, "footer": self._reporting(around["footer"], root, at)},
            body=Markup(body),  # noqa: S704 -- a rendered template
            title=plain(title) + " – Kratom Atlas",
            description=plain(description),
            feed=feed,
            referrer=referrer,
            feed_title=plain(title if feed != "all" else "Kratom law: every change"),
            heading=plain(title),
            base=self.meta.base_url.rstrip("/"),
            path=at,
            image=image,
            shows=plain(shows or f"Map of kratom law, {self.meta.as_of}"),
        )
        return text

    def part(self, template: str, **values: object) -> Markup:
        """A piece of a page, from the templates of the site."""
        known = {**self._spoken, **values}
        return Markup(self._env.get_template(template).render(known))  # noqa: S704 -- escaped

    def t(self, text: str, **values: object) -> Markup:
        """Words of the interface; what they hold is isolated by the language where it must be."""
        flat = {name: inert(str(value)) for name, value in values.items()}
        return escape(self._say.t(text, **flat))

    def report(self, root: str, path: str = "") -> str:
        """The address for reports, from a page at that depth; `path` is that of the page."""
        url = self.meta.report_url
        found = report_link(url) or f"{root}{url}"
        return f"{found}?about=/{path}" if path and url == HOW_TO_REPORT else found

    @cached_property
    def _page(self) -> Any:
        return self._env.get_template("page.html")

    def _frame(self, root: str, here: str, path: str) -> dict[str, object]:
        say, meta = self._say, self.meta
        items = [
            {
                "label": self.t(label),
                "url": f"{say.folder}{url}" if url in SPOKEN else url,
                "here": label == here,
                "foreign": bool(say.folder) and url not in SPOKEN,
            }
            for label, url in NAV
        ]
        others = [
            {
                "code": other.code,
                "name": Markup(escape(other.name)),  # noqa: S704 -- escaped, and of one direction
                "url": f"{root}{other.folder}{path}index.html",
                "address": f"{self.meta.base_url.rstrip('/')}/{other.folder}{path}",
                "here": other == say,
            }
            for other in LANGUAGES
            if path
        ]
        return {
            **self._spoken,
            "csp": self._csp,
            "root": root,
            "others": others,
            "header": self.part("header.html", root=root, items=items, others=others),
            "footer": self.part(
                "footer.html",
                root=root,
                meta=meta,
                last_look=age_words(meta.last_look, meta.as_of, say),
                report=self.report(root),
                advice=ADVICE,
                citation=citation(meta.version, meta.as_of),
            ),
        }

    def _reporting(self, footer: object, root: str, path: str) -> Markup:
        """The footer, whose one link that differs from page to page says where one is."""
        assert isinstance(footer, Markup)
        link = Markup('href="{}"')
        return footer.replace(link.format(self.report(root)), link.format(self.report(root, path)))

"""Pages that are made when they are asked for, in the frame of those that were built."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Final

from markupsafe import Markup, escape
from starlette.responses import Response

from kratom_atlas.report.html import templates
from kratom_atlas.report.words import inert
from kratom_atlas.settings import Settings
from kratom_atlas.site.frame import HOW_TO_REPORT, Frame, Meta
from kratom_atlas.web.answers import Reference

__all__ = ["Pages", "held", "held_lines"]

CSP: Final = Markup(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'"
)


class Pages:
    """Draws pages of the record that is served now."""

    def __init__(self, reference: Callable[[], Reference], settings: Settings) -> None:
        self._reference = reference
        self._settings = settings
        self._env = templates("kratom_atlas.web")
        self._lock = threading.Lock()
        self._made: tuple[object, Frame] | None = None

    @property
    def frame(self) -> Frame:
        """The frame, as the record and the day are now."""
        reference = self._reference()
        today = reference.day(None)
        # By identity: another build brings another reference.
        of = (id(reference), today)
        with self._lock:
            if self._made is None or self._made[0] != of:
                self._made = (of, Frame(self._meta(reference, today), CSP))
            return self._made[1]

    def show(
        self,
        template: str,
        *,
        title: str,
        root: str,
        status: int = 200,
        here: str = "",
        is_public: bool = False,
        headers: dict[str, str] | None = None,
        **values: object,
    ) -> Response:
        """A page from a template; nobody keeps it, and no link from it says where it was.

        One whose address is no secret `is_public`: it tells this site where it was, so that its
        form is known for ours by the browser's `Origin`.
        """
        body = self._env.get_template(template).render(root=root, title=title, **values)
        referrer = "same-origin" if is_public else "no-referrer"
        text = self.frame.page(
            body, title=title, description=title, root=root, here=here, referrer=referrer
        )
        return self.sent(text, status, {"Referrer-Policy": referrer, **(headers or {})})

    def sent(self, text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        """A document of this module's policy."""
        told = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"{CSP}; frame-ancestors 'none'",
            **(headers or {}),
        }
        return Response(text, status, told, media_type="text/html")

    def _meta(self, reference: Reference, today: date) -> Meta:
        moments = reference.record.moments
        look = int(reference.record.at().last_looks().max(initial=0))
        return Meta(
            version=reference.version,
            as_of=str(today),
            last_look=str(date.fromordinal(look)) if look else "",
            report_url=self._settings.report_url or HOW_TO_REPORT,
            known=moments[-1] if moments else "an empty record",
            base_url=self._settings.base_url,
        )


def held(text: str) -> Markup:
    """`text` as the value of a field: as it was typed, without what acts."""
    return escape(inert(text))


def held_lines(text: str) -> Markup:
    """The same of several lines."""
    return escape("\n".join(inert(line) for line in text.splitlines()))

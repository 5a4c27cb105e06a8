"""What strangers send: bounded before it is read, of the one type that is expected, and ours.

Nothing here acts on a cookie, so another site gains nothing by sending a form in somebody's name
but the asking itself; that too is refused where the browser says who sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request
from starlette.exceptions import HTTPException

__all__ = ["LARGEST", "Fields", "from_here", "read_body", "read_form"]

LARGEST: Final = 64 * 1024
"""Bytes of a body."""
FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 400


class Fields:
    """The fields of a form. What was not sent is empty."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def one(self, name: str) -> str:
        """The value of a field; the last, if it was sent more than once."""
        return self._values.get(name, [""])[-1]

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return list(self._values.get(name, ()))

    def __contains__(self, name: object) -> bool:
        return name in self._values


async def read_body(request: Request, kind: str = "") -> bytes:
    """The body, of the type `kind` if that is given.

    Raises:
        HTTPException: it is too large, or of another type.
    """
    stated = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and stated != kind:
        raise HTTPException(415, f"send it as {kind}")
    length = request.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length[:12]) > LARGEST:
        raise HTTPException(413, f"that is too much: at most {LARGEST:,} bytes")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise HTTPException(413, f"that is too much: at most {LARGEST:,} bytes")
    return bytes(body)


async def read_form(request: Request) -> Fields:
    """The fields of a form that was sent from a page of ours.

    Raises:
        HTTPException: it is too large, no form, or was sent by another site.
    """
    if not from_here(request.headers):
        raise HTTPException(403, "another site sent this form: open the page here, and send it")
    body = await read_body(request, FORM)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise HTTPException(400, "that is no form of this page") from None
    return Fields(pairs)


def from_here(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of this site sends; others need not say anything.

    `Sec-Fetch-Site` decides where it is sent; a browser sends no `Origin` of ours from a page
    that sends no referrer, so that is asked only where there is nothing better.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()

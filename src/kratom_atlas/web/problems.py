"""Errors as RFC 9457 describes them: a title, a status, and one sentence of what is wrong."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from kratom_atlas.report.words import inert

__all__ = ["MEDIA_TYPE", "SCHEMA", "problem"]

MEDIA_TYPE: Final = "application/problem+json"
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A problem as RFC 9457 describes it.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, in one sentence."},
    },
}
_LONGEST: Final = 600


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """An answer that says what is wrong."""
    told = inert(" ".join(detail.split()))[:_LONGEST]
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"{told.rstrip('.')}.",
    }
    return Response(
        json.dumps(body).encode(),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        MEDIA_TYPE,
    )

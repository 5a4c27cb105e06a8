"""The answers for programs that speak the Model Context Protocol: read-only tools over stdio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from kratom_atlas import __version__
from kratom_atlas.errors import AtlasError
from kratom_atlas.report.words import ADVICE, WHAT
from kratom_atlas.settings import Settings
from kratom_atlas.web.answers import PAGE, About, Reference

__all__ = ["run", "server"]

_READS: Final = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_INSTRUCTIONS: Final = (
    f"{WHAT} {ADVICE} Ask find_place where a name may mean several places. Say the day, what was "
    "known, and the citation with every answer; unknown means that nobody looked, never that it "
    "is lawful."
)

Place = Annotated[
    str,
    Field(
        max_length=200,
        description="A code (US-AL), a postal code in lower case (al), or a name (Alabama; "
        "Sarasota County, FL).",
    ),
]
Substance = Annotated[
    str | None,
    Field(
        max_length=200,
        description="leaf, mitragynine, 7-oh, pseudoindoxyl, mgm-15, mgm-16 or synthetic, joined "
        "by commas; all, if not given.",
    ),
]
Day = Annotated[
    str | None, Field(max_length=10, description="The day of the law, as 2026-07-01; else today.")
]
Known = Annotated[
    str | None,
    Field(max_length=20, description="As this dataset knew it at that day or moment (UTC)."),
]
Limit = Annotated[int, Field(ge=1, le=200)]
Offset = Annotated[int, Field(ge=0, le=1_000_000)]


def run(settings: Settings, site: Path) -> None:
    """Answer on standard input and output until the other side closes them."""
    server(Reference(settings, site)).run("stdio")


def server(reference: Reference) -> MCPServer:
    """A server whose tools give the answers of the API."""
    made = MCPServer(
        "kratom-atlas",
        title="Kratom Atlas",
        version=__version__,
        instructions=_INSTRUCTIONS,
        log_level="ERROR",
    )

    def status(
        place: Place,
        substance: Substance = None,
        on: Day = None,
        known: Known = None,
        why: Annotated[bool, Field(description="Also every provision that bears on it.")] = False,
    ) -> dict[str, Any]:
        """What the law on kratom is in a place on a day, by substance and activity."""
        return _plain(
            lambda: reference.status(place, substance=substance, on=on, known=known, why=why)
        )

    def find_place(
        words: Annotated[str, Field(max_length=200, description="What people call it.")],
        limit: Limit = 10,
    ) -> dict[str, Any]:
        """Places that are called so, best match first, with their codes."""
        return _plain(lambda: reference.places(words, limit=limit))

    def diff(
        from_day: Day = None,
        to_day: Day = None,
        place: Annotated[str | None, Field(max_length=200)] = None,
        on: Annotated[
            str | None, Field(max_length=10, description="Instead: what we said of this day.")
        ] = None,
        known: Known = None,
        known_to: Known = None,
    ) -> dict[str, Any]:
        """What changed in the law between two days; or in what was said of one day."""
        return _plain(
            lambda: reference.diff(
                from_=from_day, to=to_day, on=on, known=known, known_to=known_to, place=place
            )
        )

    def provisions(
        place: Annotated[str | None, Field(max_length=200)] = None,
        inside: Annotated[bool, Field(description="Also the places that it binds.")] = False,
        substance: Substance = None,
        in_force: Annotated[bool | None, Field(description="On the day, or not.")] = None,
        on: Day = None,
        known: Known = None,
        limit: Limit = PAGE,
        offset: Offset = 0,
    ) -> dict[str, Any]:
        """Provisions with their evidence: who says so, where, in which words."""
        return _plain(
            lambda: reference.provisions(
                place, inside=inside, substance=substance, in_force=in_force,
                on=on, known=known, limit=limit, offset=offset,
            )
        )  # fmt: skip

    def sources(
        source: Annotated[str | None, Field(max_length=200, description="One, by its id.")] = None,
        limit: Limit = PAGE,
        offset: Offset = 0,
    ) -> dict[str, Any]:
        """Where the law is read, and how each source is doing."""
        return _plain(lambda: reference.sources(source, limit=limit, offset=offset))

    for tool in (status, find_place, diff, provisions, sources):
        made.add_tool(tool, annotations=_READS)
    return made


def _plain(make: Callable[[], About]) -> dict[str, Any]:
    """The answer as plain values; what is wrong, in one line that the other side is shown."""
    try:
        told: dict[str, Any] = msgspec.to_builtins(make(), enc_hook=str)
    except AtlasError as error:
        raise ToolError(str(error)) from None
    return told

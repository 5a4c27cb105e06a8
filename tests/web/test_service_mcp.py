"""The MCP server, spoken to with the official client over its standard input and output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client


@pytest.fixture(scope="module")
def spoken(
    tmp_path_factory: pytest.TempPathFactory, site_at: Callable[..., Path]
) -> Callable[[Callable[[ClientSession], Awaitable[Any]]], Any]:
    folder = tmp_path_factory.mktemp("mcp")
    site = site_at(folder / "site")

    def speak(talk: Callable[[ClientSession], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            how = StdioServerParameters(
                command=sys.executable,
                args=["-m", "kratom_atlas", "mcp", "--site", str(site)],
                env={**os.environ, "KRATOM_ATLAS_HOME": str(folder / "home")},
            )
            async with stdio_client(how) as (read, write), ClientSession(read, write) as session:
                await session.initialize()
                return await talk(session)

        return anyio.run(main)

    return speak


def test_its_tools_only_read_and_give_the_answers_of_the_api(spoken, server) -> None:  # type: ignore[no-untyped-def]
    async def talk(session: ClientSession) -> Any:
        tools = (await session.list_tools()).tools
        told = {}
        for name, words in (
            ("status", {"place": "al", "why": True, "known": "2026-11-22", "on": "2026-11-22"}),
            ("find_place", {"words": "sarasota"}),
            ("diff", {"from_day": "2025-01-01", "to_day": "2026-11-22", "place": "US-KY"}),
            ("provisions", {"place": "US-AL"}),
            ("sources", {}),
        ):
            answer = await session.call_tool(name, words)
            assert not answer.is_error, answer
            told[name] = json.loads(answer.content[0].text)
        wrong = await session.call_tool("status", {"place": "nowhere at all"})
        return tools, told, wrong

    tools, told, wrong = spoken(talk)
    assert {tool.name for tool in tools} == {
        "status", "find_place", "diff", "provisions", "sources",
    }  # fmt: skip
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
    for name, path in (
        ("status", "/status?place=al&why=true&known=2026-11-22&on=2026-11-22"),
        ("find_place", "/places?q=sarasota&limit=10"),
        ("diff", "/diff?from=2025-01-01&to=2026-11-22&place=US-KY"),
        ("provisions", "/provisions?place=US-AL"),
        ("sources", "/sources"),
    ):
        assert told[name] == server.get(f"/api/v1{path}").json(), name
    assert wrong.is_error
    assert "no place is called 'nowhere at all'" in wrong.content[0].text


def test_hostile_words_are_refused_in_one_line(spoken) -> None:  # type: ignore[no-untyped-def]
    async def talk(session: ClientSession) -> list[Any]:
        return [
            await session.call_tool("status", words)
            for words in (
                {"place": "x" * 100_000},
                {"place": "al", "on": "2026-99-99"},
                {"place": "\x00"},
                {"place": "al", "substance": "tea"},
                {},
            )
        ]

    for answer in spoken(talk):
        assert answer.is_error
        assert "Traceback" not in answer.content[0].text

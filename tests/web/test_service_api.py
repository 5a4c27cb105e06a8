"""The API: every address, what is asked wrongly, and that it says what the command line says."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

ROOT = "/api/v1"
ABOUT = {"version", "ledger", "as_of", "known", "citation", "licence", "advice", "report", "link"}
LONG = "x" * 10_000
ASKED = {
    "/status": "place=US-AL",
    "/places": "q=sarasota",
    "/places/US-FL-12115": "",
    "/history": "place=al&substance=leaf",
    "/provisions": "place=US-AL",
    "/provisions/us-al-schedule-leaf-2016": "",
    "/instruments": "place=US-OH",
    "/changes": "place=US-KY&limit=3",
    "/diff": "from=2026-01-01&to=2026-12-31&place=US-KY",
    "/sources": "",
    "/words": "",
}


def ask(server: Any, path: str, query: str = "", **headers: str) -> httpx.Response:
    return server.get(f"{ROOT}{path}?{query}", **headers)


@pytest.mark.parametrize("path", ASKED)
def test_every_answer_says_what_it_is_and_how_to_cite_it(server, path: str) -> None:  # type: ignore[no-untyped-def]
    answer = (
        ask(server, path, f"{ASKED[path]}&on=2026-11-22&known=2026-11-22".strip("&"))
        if (path != "/diff")
        else ask(server, path, f"{ASKED[path]}&known=2026-11-22")
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert set(told) >= ABOUT
    assert told["known"] == "2026-11-22"
    assert told["as_of"] == ("2026-12-31" if path == "/diff" else "2026-11-22")
    assert told["version"] == "2026-11-22"
    assert told["citation"].startswith("Kratom Atlas, version 2026-11-22, as of ")
    assert "neither legal nor medical advice" in told["advice"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ASKED)
def test_every_answer_is_of_the_shape_that_openapi_describes(server, path: str) -> None:  # type: ignore[no-untyped-def]
    described = ask(server, "/openapi.json").json()
    route = next(
        name
        for name in described["paths"]
        if name == ROOT + path or ("{" in name and (ROOT + path).startswith(name.split("{")[0]))
    )
    shape = described["paths"][route]["get"]["responses"]["200"]["content"]["application/json"]
    jsonschema.validate(
        ask(server, path, ASKED[path]).json(),
        {**shape["schema"], "components": described["components"]},
        cls=jsonschema.Draft202012Validator,
    )


@pytest.mark.parametrize(
    "words",
    [
        ["US-AL"],
        ["Sarasota County, FL", "--substance", "leaf"],
        ["US-GA", "--substance", "7-oh", "--on", "2025-07-01"],
    ],
)
def test_a_status_is_that_of_the_command_line(server, words: list[str], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    told = subprocess.run(
        [sys.executable, "-m", "kratom_atlas", "status", *words, "--json"],
        capture_output=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    said = json.loads(told.stdout)
    options = dict(zip([w.removeprefix("--") for w in words[1::2]], words[2::2], strict=True))
    answer = httpx.get(
        f"{server.url}{ROOT}/status", params={"place": words[0], "why": "true", **options}
    )
    assert answer.json()["answers"] == (said if isinstance(said, list) else [said])


def test_a_diff_is_that_of_the_command_line(server, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    told = subprocess.run(
        [sys.executable, "-m", "kratom_atlas", "diff", "2025-01-01", "2026-12-31",
         "--place", "US-KY", "--format", "json"],
        capture_output=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    said = json.loads(told.stdout)
    report = ask(server, "/diff", "from=2025-01-01&to=2026-12-31&place=US-KY").json()["report_of"]
    assert report["changes"] == said["changes"]
    assert report["words"] == said["words"]


def test_reasons_are_given_when_they_are_asked_for(server) -> None:  # type: ignore[no-untyped-def]
    short = ask(server, "/status", "place=al&substance=leaf").json()["answers"][0]
    long = ask(server, "/status", "place=al&substance=leaf&why=true").json()["answers"][0]
    assert short["chain"] == []
    assert long["chain"][0]["provision"]["evidence"]
    assert {**long, "chain": []} == short


def test_what_was_read_for_another_place_is_noted(server) -> None:  # type: ignore[no-untyped-def]
    told = ask(server, "/status", "place=al").json()
    assert told["name"] == "Alabama"
    assert "Albania" in told["notes"][0]


def test_as_of_is_on(server) -> None:  # type: ignore[no-untyped-def]
    one = ask(server, "/status", "place=US-GA&on=2025-07-01").json()
    other = ask(server, "/status", "place=US-GA&as_of=2025-07-01").json()
    assert one == other
    both = ask(server, "/status", "place=US-GA&as_of=2025-07-01&on=2025-07-02")
    assert both.status_code == 422


def test_history_is_that_of_the_dataset(server) -> None:  # type: ignore[no-untyped-def]
    from kratom_atlas.release.tables import FIELDS

    rows = ask(server, "/history", "place=US-RI&substance=leaf").json()["rows"]
    assert len(rows) > 1
    assert list(rows[0]) == list(FIELDS["status_history"])
    for before, after in pairwise(rows):
        end = before["valid_to"] or before["seen_to"]
        assert end == (after["valid_from"] or after["seen_from"])


def test_lists_are_given_in_pages_that_make_the_whole(server) -> None:  # type: ignore[no-untyped-def]
    whole = ask(server, "/changes", "place=US&inside=true&limit=200").json()
    parts: list[Any] = []
    address = f"{ROOT}/changes?place=US&inside=true&limit=37"
    while address and len(parts) < 200:
        answer = server.get(address)
        parts += answer.json()["items"]
        link = answer.headers.get("Link", "")
        address = link.partition(">")[0].removeprefix("<")
    assert parts[:200] == whole["items"][:200]
    days = [item["date"] for item in parts if item["date"]]
    assert days == sorted(days, reverse=True) or len(set(map(len, days))) > 1


def test_filters_keep_what_they_say(server) -> None:  # type: ignore[no-untyped-def]
    items = ask(server, "/provisions", "substance=7-oh&effect=schedule&in_force=true").json()[
        "items"
    ]
    assert items
    assert all("7-oh" in item["provision"]["substances"] for item in items)
    assert all(item["provision"]["effect"] == "schedule" and item["in_force"] for item in items)
    gone = ask(server, "/provisions", "in_force=false&on=2026-11-22&limit=200").json()
    live = ask(server, "/provisions", "in_force=true&on=2026-11-22&limit=200").json()
    total = ask(server, "/provisions", "on=2026-11-22").json()["total"]
    assert gone["total"] + live["total"] == total
    bills = ask(server, "/instruments", "kind=bill").json()["items"]
    assert all(item["instrument"]["kind"] == "bill" for item in bills)
    counties = ask(server, "/places", "inside=US-RI&level=county").json()
    assert counties["total"] == 5
    span = ask(server, "/changes", "since=2025&until=2026&limit=200").json()["items"]
    assert span
    assert {item["date"][:4] for item in span} == {"2025"}


def test_an_instrument_has_its_provisions(server) -> None:  # type: ignore[no-untyped-def]
    one = ask(server, "/provisions/us-al-schedule-leaf-2016").json()
    act = ask(server, f"/instruments/{one['instrument']['id']}").json()
    assert one["item"]["provision"]["id"] in [p["provision"]["id"] for p in act["provisions"]]
    assert one["recorded"][0]["op"] == "assert"


def test_what_a_bill_would_do_is_told_with_the_bill_alone(server) -> None:  # type: ignore[no-untyped-def]
    act = ask(server, "/instruments/us-mi-hb5537-2025-26").json()
    assert act["provisions"] == []
    ids = [one["id"] for one in act["proposed"]]
    assert "us-mi-hb5537-ban-2026" in ids
    listed = ask(server, "/provisions", "place=US-MI&inside=true").json()
    assert not set(ids) & {one["provision"]["id"] for one in listed["items"]}
    refused = ask(server, f"/provisions/{ids[0]}")
    assert refused.status_code == 404
    assert "has no first day, so it is law on no day" in refused.text


def test_what_is_not_known_yet_is_not_told(server) -> None:  # type: ignore[no-untyped-def]
    told = ask(server, "/provisions", "known=2020-01-01").json()
    assert told["total"] == 0
    assert "the record begins" in told["notes"][0]
    assert (
        ask(server, "/provisions/us-al-schedule-leaf-2016", "known=2020-01-01").status_code == 404
    )
    assert (
        ask(server, "/status", "place=US-AL&known=2020-01-01").json()["answers"][0]["total_status"]
        == "unknown"
    )


@pytest.mark.parametrize(
    ("path", "query", "status", "said"),
    [
        ("/status", "place=nowhere+at+all", 404, "no place is called"),
        ("/status", "place=Sarasotta+County,+FL", 404, "did you mean Sarasota County, Florida"),
        ("/status", "place=Georgia", 404, "'Georgia' may be"),
        ("/status", "", 422, "place: "),
        ("/status", "place=", 422, "place: it is empty"),
        ("/status", "place=al&on=yesterday", 422, "on: 'yesterday' is not a date"),
        ("/status", "place=al&on=2026-02-30", 422, "not a day of the calendar"),
        ("/status", "place=al&on=2026", 422, "on: '2026' is not a day"),
        ("/status", "place=al&known=soon", 422, "known: 'soon' is not a day or a moment"),
        ("/status", "place=al&substance=tea", 422, "substance: 'tea' is none of leaf, "),
        ("/status", "place=al&why=perhaps", 422, "why: "),
        ("/status", "place=al&place=ga", 422, "place: it is given twice"),
        ("/status", "plaice=al&place=al", 422, "no parameter 'plaice'"),
        ("/status", f"place={LONG}", 422, "place: "),
        ("/status", "place=%00", 422, "place: it is empty, or has characters"),
        ("/status", "place=a%0d%0aSet-Cookie:x", 422, "place: it is empty, or has characters"),
        ("/status", "place=%E2%80%AEal", 422, "place: it is empty, or has characters"),
        ("/status", "place=%ED%A0%80", 404, "no place is called"),
        ("/status", "place=%FF", 404, "no place is called"),
        ("/status", "place=<script>alert(1)</script>", 404, "no place is called"),
        ("/status", "place=%D8%A7%D9%84%D8%B9%D8%B1%D8%A7%D9%82", 404, "no place is called"),
        ("/status", "place=..%2F..%2Fetc%2Fpasswd", 404, "no place is called"),
        ("/places/XX-YY", "", 404, "no place has the code 'XX-YY'"),
        ("/places/%00", "", 404, "no place has the code"),
        (f"/places/{'x' * 5000}", "", 422, "code: "),
        ("/provisions/none", "", 404, "no provision has the id 'none'"),
        ("/instruments/none", "", 404, "no instrument has the id 'none'"),
        ("/sources", "source=none", 404, "no source is called 'none'"),
        ("/changes", "limit=0", 422, "limit: "),
        ("/changes", "limit=100000", 422, "limit: "),
        ("/changes", "offset=-1", 422, "offset: "),
        ("/changes", "offset=99999999999999999999999", 422, "offset: "),
        ("/changes", "limit=1e9", 422, "limit: "),
        ("/changes", "since=2026&until=2020", 422, "since: 2026 is after until 2020"),
        ("/diff", "", 422, "from: give from and to"),
        ("/diff", "from=2026-01-02&to=2026-01-01", 422, "from: 2026-01-02 is after to"),
        ("/diff", "on=2026-01-02", 422, "on: it goes with known and known_to"),
        ("/none", "", 404, "no such address"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(
    server, path: str, query: str, status: int, said: str
) -> None:  # type: ignore[no-untyped-def]
    answer = ask(server, path, query)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail"}
    assert told["status"] == status
    assert said in told["detail"]
    assert "\n" not in told["detail"]
    assert len(told["detail"]) <= 601


def test_an_answer_that_the_client_has_is_not_made_again(server) -> None:  # type: ignore[no-untyped-def]
    first = ask(server, "/status", "place=US-AL&why=true")
    tag = first.headers["ETag"]
    again = ask(server, "/status", "why=true&place=US-AL", If_None_Match=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag
    assert "max-age" in again.headers["Cache-Control"]
    assert ask(server, "/status", "place=US-GA&why=true", If_None_Match=tag).status_code == 200
    assert ask(server, "/status", "place=nowhere", If_None_Match="*").status_code == 404
    packed = ask(server, "/status", "place=US-AL&why=true", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["ETag"] != tag
    assert packed.json() == first.json()


def test_another_site_may_ask(server) -> None:  # type: ignore[no-untyped-def]
    answer = httpx.options(
        f"{server.url}{ROOT}/status",
        headers={"Origin": "https://example.org", "Access-Control-Request-Method": "GET"},
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD"


def test_openapi_names_every_address_and_no_other(server) -> None:  # type: ignore[no-untyped-def]
    described = ask(server, "/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    desk = {path for path in described["paths"] if path.startswith(f"{ROOT}/subscriptions")}
    assert set(described["paths"]) - desk == {
        f"{ROOT}{path}"
        for path in (
            "/status", "/places", "/places/{code}", "/history", "/provisions",
            "/provisions/{provision_id}", "/instruments", "/instruments/{instrument_id}",
            "/changes", "/diff", "/sources", "/words",
        )
    }  # fmt: skip
    for path in set(described["paths"]) - desk:
        names = {p["name"] for p in described["paths"][path]["get"]["parameters"]}
        assert names >= {"on", "as_of", "known"}


def test_any_moment_may_be_asked_for_without_filling_the_memory(server) -> None:  # type: ignore[no-untyped-def]
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("needs /proc")

    def megabytes() -> int:
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1]) // 1024

    with httpx.Client(base_url=server.url) as client:
        for n in range(18):
            client.get(f"{ROOT}/history?place=al&known=2026-11-23T{n % 24:02}:00:{n:02}Z")
        before = megabytes()
        began = time.monotonic()
        for n in range(30):
            moment = f"2026-11-23T{n % 24:02}:30:{n % 60:02}Z"
            path = ("history", "status", "changes")[n % 3]
            assert client.get(f"{ROOT}/{path}?place=al&known={moment}").status_code == 200
        assert time.monotonic() - began < 30
    assert megabytes() - before < 40


def test_a_site_must_have_been_built(tmp_path: Path) -> None:
    from kratom_atlas.errors import AtlasError
    from kratom_atlas.settings import Settings
    from kratom_atlas.web.app import application

    settings = Settings(home=tmp_path, database_url=None, base_url="", report_url="")
    with pytest.raises(AtlasError, match="holds no built site; run kratom-atlas build"):
        application(settings, tmp_path)


def test_what_should_not_happen_is_told_without_details(
    tmp_path: Path, site_at: Callable[..., Path], monkeypatch, caplog
) -> None:  # type: ignore[no-untyped-def]
    import anyio

    from kratom_atlas.settings import Settings
    from kratom_atlas.web.answers import Reference
    from kratom_atlas.web.app import application
    from kratom_atlas.web.watch import JsonLines

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the password is hush")

    settings = Settings(home=tmp_path, database_url=None, base_url="", report_url="")
    app = application(settings, site_at(tmp_path / "site"))
    monkeypatch.setattr(Reference, "words", fail)

    async def ask_once() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get(f"{ROOT}/words")

    answer = anyio.run(ask_once)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    lines = [JsonLines().format(record) for record in caplog.records]
    assert any(
        '"error": "RuntimeError"' in line and "test_service_api.py" in line for line in lines
    )
    assert "hush" not in answer.text + "".join(lines)


def test_links_are_those_of_the_address_of_the_site(
    tmp_path: Path, site_at: Callable[..., Path]
) -> None:
    from kratom_atlas.settings import Settings
    from kratom_atlas.web.answers import Reference

    settings = Settings(
        home=tmp_path,
        database_url=None,
        base_url="https://atlas.example/law/",
        report_url="mailto:errors@atlas.example",
    )
    told = Reference(settings, site_at(tmp_path / "site")).status("US-AL")
    assert told.link == "https://atlas.example/law/j/US-AL/"
    assert told.report == "mailto:errors@atlas.example"

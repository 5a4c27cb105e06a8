"""Reports of errors: taken from anybody, shown to nobody until a person has looked."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest
from click.testing import CliRunner, Result
from desk_sample import Office, office_at

from kratom_atlas.cli import command as atlas
from kratom_atlas.model.report import ErrorReport, ReportState
from kratom_atlas.notify.reporting import page_path, public
from kratom_atlas.site.frame import HOW_TO_REPORT

PRIVATE = "My neighbour Bob of Elm Street sells it <script>alert(1)</script>"


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, site_at: Callable[..., Path]
) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("reports")
    with office_at(folder, site_at(folder / "site")) as made:
        yield made


def words(answer: httpx.Response) -> str:
    body = answer.text.split('<main id="main">')[1].split("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def report(office: Office, **fields: str) -> int:
    sent = office.post("/report/", {"text": "The ban ended in July.", **fields})
    assert sent.status_code == 303, sent.text
    found = re.fullmatch(r"taken\?number=(\d+)", sent.headers["Location"])
    assert found is not None
    return int(found[1])


def of(office: Office, number: int) -> dict[str, Any]:
    items = office.get("/reports/reports.json").json()["items"]
    return next(item for item in items if item["number"] == number)


def command(office: Office, *words: str, error: str = "") -> Result:
    """The command line, in this process."""
    env = {"KRATOM_ATLAS_HOME": str(office.settings.home), "KRATOM_ATLAS_DATABASE_URL": None}
    done = CliRunner().invoke(atlas, ["reports", *words], env=env)
    if error:
        assert error in (str(done.exception) + done.stderr)
    else:
        assert done.exit_code == 0, done.output
    return done


def test_a_report_is_taken_answered_and_then_shown(office: Office) -> None:
    form = office.get("/report/?about=/j/US-AL/")
    assert 'value="/j/US-AL/"' in form.text
    number = report(
        office,
        about="/j/US-AL/",
        text="The ban ended in July.\nSee the act.",
        evidence="https://law.example/act?a=1&b=2",
        contact="ann@example.org",
    )
    thanks = office.get(f"/report/taken?number={number}")
    assert f"has the number {number}" in words(thanks)
    told = of(office, number)
    assert told["page"] == "/j/US-AL/"
    assert (told["state"], told["text"], told["evidence"]) == ("open", None, None)
    page = office.get("/reports/").text
    assert 'href="../j/US-AL/"' in page
    for private in ("July", "law.example", "ann@example.org"):
        assert private not in page

    listed = command(office, "list").stdout
    assert "The ban ended in July." in listed
    assert "ann@example.org" in listed
    done = command(
        office, "answer", str(number), "--state", "fixed", "--text", "It did.", "--publish"
    )
    assert "ann@example.org" in done.stderr, "told a last time"
    assert "ann@example.org" not in command(office, "list", "--state", "all").stdout
    told = of(office, number)
    assert (told["state"], told["response"]) == ("fixed", "It did.")
    assert told["text"] == "The ban ended in July.\nSee the act."
    page = office.get("/reports/").text
    assert "It did." in page
    assert 'href="https://law.example/act?a=1&amp;b=2" rel="external nofollow ugc' in page


def test_what_nobody_should_see_is_never_shown(office: Office) -> None:
    number = report(office, text=PRIVATE)
    command(office, "answer", str(number), "--state", "declined", "--text", "No record says so.")
    for path in ("/reports/", "/reports/reports.json", "/reports/reports.atom"):
        shown = office.get(path).text
        assert "Elm Street" not in shown
        assert "No record says so." in shown
    command(office, "erase", str(number))
    told = json.loads(command(office, "list", "--state", "all", "--json").stdout)
    (erased,) = [one for one in told if one["number"] == number]
    assert (erased["text"], erased["contact"], erased["state"]) == ("", "", "declined")


def test_what_is_published_acts_on_nothing(office: Office) -> None:
    number = report(office, text=f"{PRIVATE} \u202e {{{{7*7}}}} ]]> &amp;")
    command(
        office, "answer", str(number), "--state", "answered", "--text", "<b>no</b>", "--publish"
    )
    page = office.get("/reports/").text
    assert "<script>" not in page
    assert "<b>no</b>" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    feed = feedparser.parse(office.get("/reports/reports.atom").content)
    assert not feed.bozo
    (entry,) = [one for one in feed.entries if one.id.endswith(f":{number}")]
    assert "{{7*7}} ]]> &amp;" in html.unescape(entry.content[0].value) or "{{7*7}}" in str(entry)


@pytest.mark.parametrize(
    ("about", "shown"),
    [
        ("/j/US-AL/", "/j/US-AL/"),
        ("https://atlas.example/j/US-AL/index.html", "/j/US-AL/"),
        ("j/US-AL", None),
        ("/j/US-ZZ/", None),
        ("//evil.example/", None),
        ("javascript:alert(1)", None),
        ("/j/Bob-Smith-is-a-thief/", None),
        ("http://[", None),
        ("x" * 3000, None),
        ("", None),
    ],
)
def test_only_a_page_of_the_site_is_named_in_public(
    office: Office, about: str, shown: str | None
) -> None:
    number = report(office, about=about)
    assert of(office, number)["page"] == shown
    if about and shown is None:
        kept = json.loads(command(office, "list", "--json").stdout)[0]
        assert about[:300].strip() in kept["text"], "whoever answers sees it"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": ""}, "say what is wrong"),
        ({"text": " \n\t"}, "say what is wrong"),
        ({"text": "x" * 4001}, "at most 4,000 characters"),
        ({"evidence": "javascript:alert(1)"}, "no address of the web"),
        ({"evidence": "https://a.example/\x00"}, "no address of the web"),
        ({"evidence": f"https://a.example/{'x' * 2000}"}, "at most 1,000 characters"),
        ({"contact": "nobody"}, "no e-mail address"),
        ({"contact": "a@example.org\r\nBcc: b@example.org"}, "no e-mail address"),
        ({"contact": "a\x00@example.org"}, "no e-mail address"),
        ({"contact": f"{'a' * 300}@example.org"}, "at most 254 characters"),
    ],
)
def test_what_cannot_be_taken_is_said_beside_the_form(
    office: Office, fields: dict[str, str], said: str
) -> None:
    sent = {"text": "Wrong <i>day</i>.", "about": "/j/US-AL/", **fields}
    wrong = office.post("/report/", sent)
    assert wrong.status_code == 422
    assert said in words(wrong)
    if "text" not in fields:
        assert "Wrong &lt;i&gt;day&lt;/i&gt;." in wrong.text, "what was typed is still there"
    assert "Retry-After" not in wrong.headers


def test_controls_are_not_kept(office: Office) -> None:
    number = report(office, text="one\x00\x1b[31m\r\ntwo\u202e\u2028three")
    kept = next(
        one
        for one in json.loads(command(office, "list", "--json").stdout)
        if one["number"] == number
    )
    assert kept["text"] == "one[31m\ntwo\nthree"


def test_reports_are_bounded(tmp_path: Path, site_at: Callable[..., Path]) -> None:
    from kratom_atlas.notify.limits import Limits
    from kratom_atlas.notify.reporting import Intake
    from kratom_atlas.settings import Settings

    settings = Settings(home=tmp_path / "home", database_url=None, base_url="", report_url="")
    intake = Intake(settings, limits=Limits())
    from kratom_atlas.notify.limits import LimitedError

    try:
        assert intake.log(10) == (0, [])
        assert not settings.default_database.exists(), "reading leaves nothing behind"
        for n in range(5):
            assert intake.take(about="", text="x", client=f"203.0.113.{n}") == n + 1
        with pytest.raises(LimitedError) as told:
            intake.take(about="", text="x", client="203.0.113.99")
        assert 0 < told.value.retry_after <= 3600
        intake.take(about="", text="x", client="198.51.100.1")
        assert intake.log(2, 1)[0] == 6
        assert [one.number for one in intake.log(2, 1)[1]] == [5, 4]
    finally:
        intake.close()


def test_the_log_comes_in_pages(office: Office) -> None:
    assert office.get("/reports/?offset=1000000").status_code == 200
    for offset in ("-1", "x", "9" * 50, "%00"):
        assert office.get(f"/reports/?offset={offset}").status_code == 200
        assert office.get(f"/reports/reports.json?offset={offset}").status_code == 200


def test_every_answer_says_where_to_report_it(office: Office) -> None:
    told = office.get("/api/v1/status?place=US-AL").json()
    assert told["report"] == "https://atlas.example/report/?about=/j/US-AL/"
    page = office.get(told["report"].removeprefix("https://atlas.example"))
    assert 'value="/j/US-AL/"' in page.text


def test_an_operator_may_have_reports_elsewhere(
    tmp_path: Path, site_at: Callable[..., Path]
) -> None:
    import anyio

    from kratom_atlas.settings import Settings
    from kratom_atlas.web.app import application

    settings = Settings(
        home=tmp_path, database_url=None, base_url="", report_url="mailto:errors@atlas.example"
    )
    app = application(settings, site_at(tmp_path / "site"))

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return [
                (await client.post("/report/", data={"text": "x"})).status_code,
                (await client.get("/reports/")).status_code,
            ]

    assert anyio.run(ask) == [405, 404]


def test_what_strangers_see_is_only_what_was_published() -> None:
    full = ErrorReport(
        number=1,
        reported_at="2026-11-23T03:00:00Z",
        about="j/US-AL/",
        text="words",
        evidence="https://a.example/",
        contact="a@example.org",
        state=ReportState.ANSWERED,
        response="ours",
        answered_at="2026-11-24T03:00:00Z",
    )
    shown = public(full)
    assert (shown.text, shown.evidence, shown.contact) == ("", "", "")
    assert (shown.reported_at, shown.answered_at) == ("2026-11-23", "2026-11-24")
    assert shown.response == "ours"


def test_commands_say_what_is_wrong(office: Office) -> None:
    for words_, said in (
        (("answer", "999999", "--state", "fixed", "--text", "x"), "no report 999999"),
        (("erase", "999999"), "no report 999999"),
        (("answer", "1", "--state", "fixed", "--text", " "), "--text is empty"),
        (("answer", "1", "--state", "open", "--text", "x"), "open"),
        (("answer", "0", "--state", "fixed", "--text", "x"), "0"),
    ):
        command(office, *words_, error=said)


@pytest.mark.parametrize(
    ("words_", "path"),
    [
        ("/j/US-FL-12115/", "j/US-FL-12115/"),
        ("p/us-al-ban/index.html", "p/us-al-ban/"),
        ("/changes/2026-07-01/", "changes/2026-07-01/"),
        ("/j/../../etc/", ""),
        ("/j/<b>/", ""),
        ("https://x/", ""),
        ("/", ""),
    ],
)
def test_paths_of_pages(words_: str, path: str) -> None:
    assert page_path(words_) == path


def test_the_page_that_says_how_is_the_one_that_takes_them() -> None:
    assert HOW_TO_REPORT == "report/index.html"

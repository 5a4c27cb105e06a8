"""What several tests share: a small folder of sheets, and lines of a ledger."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from kratom_atlas.model.statement import Line, Op, Part, statement_id
from kratom_atlas.model.time import PartialDate
from kratom_atlas.model.values import Coverage, Search
from kratom_atlas.model.vocabulary import SearchResult, Substance, Verification

settings.register_profile("steady", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("steady")

UNITED_STATES = """\
jurisdiction:
  id: ocd-division/country:us
  code: US
  name: United States
  level: country
searches:
  - id: us-search-2026
    on: 2026-08-28
    where: Code of Federal Regulations
    covers: {from: 2016}
    substances: [leaf, mitragynine]
    result: none
    verification: official-secondary
"""

RHODE_ISLAND = """\
jurisdiction:
  id: ocd-division/country:us/state:ri
  code: US-RI
  name: Rhode Island
  level: subdivision
  parent: ocd-division/country:us
  geoid: "44"
instruments:
  - id: us-ri-ban-2017
    kind: scheduling-order
    title: Listing of mitragynine
    stage: repealed
    effective: 2017-05-31
  - id: us-ri-kcpa-2025
    kind: session-law
    title: Kratom Act
    stage: enacted
    number: Chapter 441
    enacted: 2025-07-02
    effective: 2026-04-01
provisions:
  - id: us-ri-ban
    instrument: us-ri-ban-2017
    citation: Notice of 2017
    substances: [leaf, mitragynine, 7-oh]
    activities: [possess, sell]
    effect: prohibit
    from: 2017-05-31
    to: 2026-04-01
    verification: reported
    evidence:
      - kind: tracker
        url: https://example.org/rhode-island
        retrieved: 2026-08-28
  - id: us-ri-sale
    instrument: us-ri-kcpa-2025
    citation: R.I. Gen. Laws 21-28.12-4
    substances: [leaf]
    activities: [sell]
    effect: restrict
    qualifiers:
      min_age: 21
      seven_oh_caps:
        - {value: 1, unit: "%-of-alkaloids"}
    from: 2026-04-01
    verification: primary
    evidence:
      - kind: official-text
        url: https://example.org/21-28.12
        retrieved: 2026-08-28
        locator: 21-28.12-4
        quote: No person under twenty-one
"""

KENT_COUNTY = """\
jurisdiction:
  id: ocd-division/country:us/state:ri/county:kent
  code: US-RI-44003
  name: Kent County
  level: county
  parent: ocd-division/country:us/state:ri
  geoid: "44003"
searches:
  - id: us-ri-kent-county-search-2026
    on: 2026-08-28
    where: County code
    covers: {from: 2026-08}
    substances: [leaf]
    result: none
"""


def write_sheets(root: Path) -> Path:
    """Write three valid sheets below `root`: a country, a state and a county."""
    (root / "us" / "ri").mkdir(parents=True)
    (root / "us.yaml").write_text(UNITED_STATES, encoding="utf-8")
    (root / "us" / "ri.yaml").write_text(RHODE_ISLAND, encoding="utf-8")
    (root / "us" / "ri" / "kent-county.yaml").write_text(KENT_COUNTY, encoding="utf-8")
    return root


@pytest.fixture
def tiny_root(tmp_path: Path) -> Path:
    """A folder of three valid sheets, without a register and without a ledger."""
    return write_sheets(tmp_path / "jurisdictions")


@pytest.fixture(scope="session")
def tiny_root_at() -> Callable[[Path], Path]:
    """The same folder, at a path of the test's choice."""
    return write_sheets


def say_line(
    words: str,
    op: str = "assert",
    *,
    subject: str = "us-search",
    at: str = "2026-01-01T00:00:00Z",
    previous: str | None = None,
    verification: str = "reported",
) -> Line:
    """A line that says `words` of one search; `previous` are the words that stood before."""

    def search(text: str) -> Search:
        return Search(
            id=subject,
            jurisdiction="ocd-division/country:us",
            on=PartialDate("2026-01-01"),
            where=text,
            covers=Coverage(from_=PartialDate("2020")),
            substances=(Substance.LEAF,),
            result=SearchResult.NONE,
            verification=Verification(verification),
        )

    return Line(
        op=Op(op),
        part=Part.SEARCH,
        subject=subject,
        statement=statement_id(search(words)),
        previous=statement_id(search(previous)) if previous else None,
        recorded_at=at,
        actor="tester",
        reason="a test",
        search=None if op == "retract" else search(words),
    )


@pytest.fixture(scope="session")
def say() -> Callable[..., Line]:
    """Make a line of a ledger."""
    return say_line


@pytest.fixture
def permissions_count(tmp_path: Path) -> None:
    """Skip where permission bits stop nobody, as for root."""
    probe = tmp_path / "probe"
    probe.mkdir(mode=0o555)
    if os.access(probe, os.W_OK):
        pytest.skip("root may write to read-only files; another test has what stops root too")


@pytest.fixture(scope="session")
def new_store() -> Callable[..., AbstractContextManager[str]]:
    """The URL of a new, empty store of a kind, which waits `wait` seconds for others."""
    return _new_store


@contextmanager
def _new_store(kind: str, folder: Path, *, wait: float = 20) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/store.db?timeout={wait}"
        return
    server_url = os.environ.get("KRATOM_ATLAS_TEST_POSTGRESQL")
    if not server_url:
        pytest.skip("set KRATOM_ATLAS_TEST_POSTGRESQL to the URL of a PostgreSQL database")
    schema = f"atlas_{uuid.uuid4().hex}"
    quick = "-c synchronous_commit=off -c client_min_messages=warning"
    here = f"{quick} -c search_path={schema} -c lock_timeout={round(wait * 1000)}ms"
    server = sa.create_engine(
        server_url, isolation_level="AUTOCOMMIT", connect_args={"options": quick}
    )
    with server.connect() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
        try:
            url = sa.make_url(server_url).update_query_dict({"options": here})
            yield url.render_as_string(hide_password=False)
        finally:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))
    server.dispose()

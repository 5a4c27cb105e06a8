"""`new-source`: what it writes is a source that runs, and it overwrites nothing."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date
from pathlib import Path

import pytest

from kratom_atlas.crawl.replay import load_exchanges
from kratom_atlas.crawl.scaffold import new_source
from kratom_atlas.crawl.scraper import Scraper
from kratom_atlas.errors import AtlasError

URL = "https://gazette.example.org/acts"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "scrapers").mkdir()
    (tmp_path / "scrapers" / "__init__.py").touch()
    return tmp_path


def test_what_it_writes_runs(checkout: Path):
    written = new_source(checkout, "se_gazette", URL, today="2026-11-22")
    assert [path.relative_to(checkout).as_posix() for path in written] == [
        "scrapers/se_gazette.py",
        "tests/fixtures/se_gazette/exchanges.yaml",
        "tests/fixtures/se_gazette/expected.json",
    ]
    spec = importlib.util.spec_from_file_location("se_gazette", written[0])
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["se_gazette"] = module
    spec.loader.exec_module(module)
    (made,) = (
        c for c in vars(module).values() if isinstance(c, type) and c.__module__ == "se_gazette"
    )
    assert issubclass(made, Scraper)
    assert made.source.id == "se_gazette"
    assert made.source.covers == ("SE",)
    day = date(2026, 11, 22)
    (fetch,) = made(today=day, since=day).start()
    (exchange,) = load_exchanges(written[1].parent)
    assert fetch.url == exchange.url == URL


def test_nothing_is_overwritten(checkout: Path):
    new_source(checkout, "se_gazette", URL, today="2026-11-22")
    (checkout / "scrapers" / "se_gazette.py").write_text("mine")
    with pytest.raises(AtlasError, match="is there already"):
        new_source(checkout, "se_gazette", URL, today="2026-11-22")
    assert (checkout / "scrapers" / "se_gazette.py").read_text() == "mine"


@pytest.mark.parametrize("name", ["se", "SE_gazette", "se-gazette", "../x_y", "se_", "1_a", ""])
def test_an_id_is_a_place_and_a_publication(checkout: Path, name: str):
    with pytest.raises(AtlasError, match="no id of a source"):
        new_source(checkout, name, URL, today="2026-11-22")


def test_only_public_addresses_and_only_in_a_checkout(checkout: Path, tmp_path: Path):
    with pytest.raises(AtlasError):
        new_source(checkout, "se_gazette", "http://127.0.0.1/", today="2026-11-22")
    with pytest.raises(AtlasError, match="no folder scrapers"):
        new_source(tmp_path / "elsewhere", "se_gazette", URL, today="2026-11-22")

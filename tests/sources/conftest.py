"""One crawl of every source, shared by the tests (and by the processes that run them)."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from filelock import FileLock
from harness import (
    FIXTURES,
    SAMPLES,
    Crawled,
    Ran,
    families,
    fixture_exchanges,
    run,
    sample_exchanges,
)

from kratom_atlas.crawl.registry import names
from kratom_atlas.crawl.replay import Exchange, ReplayServer


def shared(
    factory: pytest.TempPathFactory, name: str, exchanges: list[Exchange], sources: list[str]
) -> Ran:
    """What a crawl left behind; made once, by whichever process comes first."""
    root = factory.getbasetemp()
    root = root if root.name.startswith("pytest-") else root.parent
    home, said = root / name, root / f"{name}.json"
    with FileLock(f"{said}.lock"):
        if not said.exists():
            with ReplayServer(exchanges) as server:
                ran = run(server, home, sources)
            plain = {k: v for k, v in asdict(ran).items() if k not in ("home", "log")}
            said.write_text(json.dumps(plain))
    return Ran(home=home, **json.loads(said.read_text()))


@pytest.fixture(scope="session")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """Every source, on its own fixtures."""
    sources = [one for one in names() if (FIXTURES / one / "exchanges.yaml").exists()]
    return Crawled(
        [
            shared(tmp_path_factory, f"crawled-{n}", fixture_exchanges(group), group)
            for n, group in enumerate(families(sources))
        ]
    )


@pytest.fixture(scope="session")
def crawled_samples(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Every source of which real answers are held, on these."""
    if not SAMPLES.is_dir():
        pytest.skip("the real samples are not here; KRATOM_ATLAS_SAMPLES names their folder")
    sources = [one for one in names() if (FIXTURES / one / "samples.yaml").exists()]
    return shared(tmp_path_factory, "samples", sample_exchanges(sources), sources)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`source`: every source that there is; `sampled`: those with real answers."""
    if "source" in metafunc.fixturenames:
        metafunc.parametrize("source", names())
    if "sampled" in metafunc.fixturenames:
        held = [one for one in names() if Path(FIXTURES / one / "samples.yaml").exists()]
        metafunc.parametrize("sampled", held)

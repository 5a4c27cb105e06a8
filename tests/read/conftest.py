from __future__ import annotations

import os
from pathlib import Path

import pytest

SAMPLES = Path(
    os.environ.get("KRATOM_ATLAS_SAMPLES")
    or Path(__file__).resolve().parents[2].parent / "shared" / "samples"
)


@pytest.fixture(scope="session")
def samples() -> Path:
    if not (SAMPLES / "world" / "INDEX.csv").is_file():
        pytest.skip("real responses are not here; name their folder in KRATOM_ATLAS_SAMPLES")
    return SAMPLES

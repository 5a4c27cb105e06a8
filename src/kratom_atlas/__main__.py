"""`python -m kratom_atlas` is `kratom-atlas`."""

from __future__ import annotations

from kratom_atlas.cli import main

main()

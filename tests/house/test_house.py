"""What the house promises of itself."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from kratom_atlas.cli import command
from kratom_atlas.codebook import TABLES, codebook
from kratom_atlas.model import crawling, proposal, reading, vocabulary
from kratom_atlas.model.vocabulary import Word

ROOT = Path(__file__).parents[2]


@pytest.mark.checkout
def test_the_codebook_says_what_the_vocabulary_says() -> None:
    written = (ROOT / "docs" / "CODEBOOK.md").read_text(encoding="utf-8")
    assert written == codebook(), "run `make codebook`"


def test_the_codebook_has_every_word() -> None:
    modules = (vocabulary, crawling, reading, proposal)
    words_of = [value for module in modules for value in vars(module).values()]
    classes = {c for c in words_of if isinstance(c, type) and issubclass(c, Word)}
    assert {words for _, words, _ in TABLES} == classes - {Word}


def test_every_word_is_labelled_and_defined_once() -> None:
    for _, words, _ in TABLES:
        labels = [w.label for w in words]
        assert len(set(labels)) == len(labels)
        assert all(w.meaning.endswith(".") for w in words)


@pytest.mark.parametrize("name", ["jurisdictions", "maps", "scrapers", "kratom_atlas"])
def test_no_other_distribution_owns_our_import_names(name: str) -> None:
    owners = importlib.metadata.packages_distributions().get(name, [])
    assert set(owners) <= {"kratom-atlas"}


@pytest.mark.checkout
def test_every_command_of_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in re.findall(r"^kratom-atlas (.+?)(?:\s+#.*| >.*)?$", text, re.MULTILINE):
        name, *rest = line.split()
        assert name in command.commands
        called = command.commands[name]
        if isinstance(called, click.Group):
            assert rest[0] in called.commands, line
            called = called.commands[rest[0]]
        for option in re.findall(r"--[a-z-]+", line):
            options = {o for p in called.params if isinstance(p, click.Option) for o in p.opts}
            assert option in options, line


@pytest.mark.checkout
def test_every_setting_is_documented() -> None:
    used = set(
        re.findall(
            r"KRATOM_ATLAS_[A-Z_]+", (ROOT / "src/kratom_atlas/settings.py").read_text("utf-8")
        )
    )
    documented = set(re.findall(r"KRATOM_ATLAS_[A-Z_]+", (ROOT / "README.md").read_text("utf-8")))
    assert used == documented


@pytest.mark.checkout
def test_the_lock_has_hashes_and_names_no_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "index-url" not in lock
    for requirement in re.split(r"\n(?=\S)", lock.strip()):
        assert "--hash=sha256:" in requirement, requirement[:60]


@pytest.mark.checkout
def test_the_lock_covers_what_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    names = {re.match(r"[A-Za-z0-9._-]+", d)[0].lower() for d in declared}  # type: ignore[index]
    assert {n.replace("_", "-") for n in names} <= {n.replace("_", "-") for n in locked}


@pytest.mark.parametrize(
    "heavy", ["pandas", "geopandas", "folium", "sqlalchemy", "numpy", "scrapy"]
)
def test_help_imports_nothing_heavy(heavy: str) -> None:
    code = f"import sys, kratom_atlas.cli; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_status_does_not_need_pandas(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['kratom-atlas', 'status', 'US-GA']\n"
        "import kratom_atlas.cli as cli\n"
        "try: cli.main()\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "sys.exit('pandas' in sys.modules or 'sqlalchemy' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=False, stdout=-3, cwd=tmp_path)
    assert told.returncode == 0

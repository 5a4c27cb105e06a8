"""Everything publishable, from one edition of the record: all of it, or the old site stands."""

from __future__ import annotations

import errno
import hashlib
import importlib.metadata
import importlib.resources
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import filelock
import msgspec

from kratom_atlas.errors import AtlasError
from kratom_atlas.resolve.record import Record
from kratom_atlas.settings import Settings

if TYPE_CHECKING:
    from kratom_atlas.crawl.health import Survey

__all__ = ["Built", "Watched", "build"]

STATE: Final = ".build.json"
"""What the site was built from; lets a build with nothing to do end at once."""

Progress = Callable[[str, int | None], None]
"""Told (what is being done, how many files so far)."""


@dataclass(frozen=True)
class Watched:
    """The sources. They are asked how they are doing only when there is something to build.

    `mark` is another one whenever the answer may be another.
    """

    mark: tuple[Any, ...]
    survey: Callable[[], Survey]


@dataclass(frozen=True)
class Built:
    """A finished build."""

    out: Path
    version: str
    files: int
    unchanged: bool
    new_release: bool


def build(
    record: Record,
    out: Path,
    *,
    as_of: int,
    known: int | None,
    settings: Settings,
    releases: Path | None = None,
    today: int | None = None,
    watched: Watched | None = None,
    progress: Progress = lambda _what, _count: None,
) -> Built:
    """Write the site to `out`.

    `today` is the real day, as an ordinal: a build of a day that has not come makes no release.
    Without `watched` the site says that no source is read.

    Raises:
        AtlasError: it could not be written; what stood at `out` stands.
    """
    out = out.absolute()
    earlier = releases if releases is not None else out / "data" / "releases"
    lock = out.with_name(f".{out.name}.lock")
    try:
        _check_folders(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()  # filelock waits for some folders that cannot be written, as if locked
        with filelock.FileLock(lock, timeout=2):
            _recover(out)
            _refuse_what_is_no_site(out)
            ahead = today is not None and as_of > today
            wanted = _fingerprint(record, as_of, known, ahead, settings, releases, watched)
            finished = _finished(out, wanted)
            if finished is not None:
                return finished
            return _build(
                record, out, as_of, known, settings, earlier, wanted, today, watched, progress
            )
    except filelock.Timeout:
        raise AtlasError(f"{out}: another build is running; wait for it to end") from None
    except OSError as error:
        raise AtlasError(
            f"cannot write the site: {error.strerror or error}"
            f"{f' ({error.filename})' if error.filename and error.errno != errno.ENOSPC else ''}; "
            + (
                "the site that stood there stands"
                if os.access(out / STATE, os.F_OK)  # never raises
                else "nothing was published"
            )
        ) from None


def _check_folders(out: Path) -> None:
    """Nothing that is no folder may stand where the site goes, or above it."""
    for path in (out, *out.parents):
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def _build(
    record: Record,
    out: Path,
    as_of: int,
    known: int | None,
    settings: Settings,
    earlier: Path,
    wanted: str,
    today: int | None,
    watched: Watched | None,
    progress: Progress,
) -> Built:
    # pandas, folium and geopandas are slow to import; a build with nothing to do needs none.
    import geopandas
    import pandas as pd

    from kratom_atlas.notify.calendar import calendars
    from kratom_atlas.notify.feeds import feeds
    from kratom_atlas.notify.messages import messages
    from kratom_atlas.release.dataset import publish
    from kratom_atlas.release.tables import Edition
    from kratom_atlas.site.pages import HOW_TO_REPORT, Meta, pages
    from maps import boundaries

    part = out.with_name(f".{out.name}.part-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        progress("resolving", None)
        edition = Edition(record, as_of, known, watched.survey() if watched else None)
        _ = edition.tables
        progress("writing the dataset", None)
        layers: tuple[boundaries.Layer, ...] = ("us-states", "us-counties", "world")
        shapes = geopandas.GeoDataFrame(
            pd.concat([boundaries.load_lonlat(layer)[["code", "geometry"]] for layer in layers])
        ).drop_duplicates("code")
        release = publish(edition, part / "data", earlier, shapes, today=today)
        meta = Meta(
            version=release.version,
            as_of=edition.today,
            last_look=edition.last_look,
            known=edition.recorded_until,
            base_url=settings.base_url,
            report_url=settings.report_url or HOW_TO_REPORT,
        )
        progress("drawing the map", None)
        count = _write(part, draw(edition, meta), 0, progress)
        count = _write(part, pages(edition, meta=meta), count, progress)
        progress("drawing the images to share", None)
        count = _write(part, share(edition, meta, settings.home / "share"), count, progress)
        told = messages(edition)
        count = _write(part, feeds(edition, told, base_url=meta.base_url), count, progress)
        count = _write(part, calendars(edition, told, base_url=meta.base_url), count, progress)
        files = {
            str(path.relative_to(part)): path.stat().st_size
            for path in sorted(part.rglob("*"))
            if path.is_file()
        }
        state = {"of": wanted, "version": release.version, "files": files}
        (part / STATE).write_text(json.dumps(state), encoding="utf-8")
        _swap(part, out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Built(out, release.version, len(files), unchanged=False, new_release=release.is_new)


def draw(edition: Any, meta: Any) -> Iterator[tuple[str, bytes]]:
    """The map page and its chunks."""
    from maps.choropleth import render

    yield from render(map_input(edition, meta)).items()


def share(edition: Any, meta: Any, kept: Path) -> Iterator[tuple[str, bytes]]:
    """The images to share; `kept` is the folder of those drawn before."""
    from kratom_atlas import pictures
    from kratom_atlas.site.atlas import Atlas
    from maps.share import images

    cards = pictures.cards(Atlas(edition))
    yield from images(pictures.overviews(edition), cards, pictures.credit(meta), kept)


def map_input(edition: Any, meta: Any) -> Any:
    """What the map is made from: the whole of time, as the edition knows it."""
    from kratom_atlas import pictures
    from kratom_atlas.languages import LANGUAGES
    from kratom_atlas.model.vocabulary import Substance
    from kratom_atlas.release.timeline import timeline
    from kratom_atlas.release.whatif import what_if
    from kratom_atlas.site.atlas import Atlas
    from kratom_atlas.site.panel import details, terms
    from kratom_atlas.site.proposals import proposals
    from maps.choropleth import MapInput

    times, atlas = timeline(edition), Atlas(edition)
    supposed = what_if(edition, times)
    return MapInput(
        title="Kratom Atlas",
        as_of=edition.today,
        version=meta.version,
        last_look=meta.last_look,
        report_url=meta.report_url,
        substances=[(str(s), s.label) for s in Substance],
        places=times.places,
        runs=times.runs,
        looked=times.looked,
        first_said=times.first_said,
        said=[(said.day, said.runs) for said in times.said],
        details=details(atlas, times),
        proposals=proposals(atlas, supposed),
        supposed=supposed.runs,
        terms={say.code: terms(atlas, say) for say in LANGUAGES if say.folder},
        base_url=meta.base_url,
        images=[of.name for of in pictures.overviews(edition)],
    )


def _write(folder: Path, files: Iterable[tuple[str, bytes]], count: int, progress: Progress) -> int:
    made: set[Path] = set()
    for name, data in files:
        path = folder / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_bytes(data)
        count += 1
        if count % 100 == 0:
            progress("writing pages", count)
    return count


# -- all or nothing ----------------------------------------------------------------------------


def _swap(part: Path, out: Path) -> None:
    old = _aside(out)
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    try:
        part.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _aside(out: Path) -> Path:
    return out.with_name(f".{out.name}.old")


def _recover(out: Path) -> None:
    """Put back the old site, where a crash came between taking it away and putting the new one."""
    old = _aside(out)
    if old.exists() and not out.exists():
        old.rename(out)
    for left in out.parent.glob(f".{out.name}.part-*"):
        shutil.rmtree(left, ignore_errors=True)


def _refuse_what_is_no_site(out: Path) -> None:
    """A build replaces what stands at `out`: that must be a site, or nothing."""
    if out.is_dir() and not (out / STATE).is_file() and any(out.iterdir()):
        raise AtlasError(f"{out}: holds other files; give an empty folder, or one that is new")


def _finished(out: Path, wanted: str) -> Built | None:
    """The site that stands, if it was built from the same and is whole."""
    try:
        state = json.loads((out / STATE).read_bytes())
        files: dict[str, int] = state["files"]
        if state["of"] != wanted:
            return None
        if any((out / name).stat().st_size != size for name, size in files.items()):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Built(out, state["version"], len(files), unchanged=True, new_release=False)


def _fingerprint(
    record: Record,
    as_of: int,
    known: int | None,
    ahead: bool,
    settings: Settings,
    releases: Path | None,
    watched: Watched | None,
) -> str:
    """A digest of everything the site is made from; its own earlier releases are part of it."""
    digest = hashlib.sha256()
    given = sorted(d.name for d in releases.iterdir()) if releases and releases.is_dir() else None
    libraries = sorted(f"{d.name}=={d.version}" for d in importlib.metadata.distributions())
    mark = watched.mark if watched else None
    said = (as_of, known, ahead, settings.base_url, settings.report_url, given, libraries, mark)
    digest.update(repr(said).encode())
    encoder = msgspec.json.Encoder(enc_hook=str, order="deterministic")
    for line in record.lines:
        digest.update(encoder.encode(line))
    for place in record.places:
        digest.update(encoder.encode(place))
    for package in ("kratom_atlas", "maps", *(("scrapers",) if watched else ())):
        for name, file in sorted(_files(importlib.resources.files(package))):
            digest.update(name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry

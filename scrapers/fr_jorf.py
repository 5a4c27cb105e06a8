"""Journal officiel de la Republique francaise, from the daily dumps of the DILA.

Layout. `https://echanges.dila.gouv.fr/OPENDATA/JORF/` is a plain index of files: one
`JORF_YYYYMMDD-HHMMSS.tar.gz` for each day on which the journal came out, some megabytes each,
and `Freemium_jorf_global_*` with everything, which is not read. In an archive there is one XML
file for each text (`.../JORFTEXT....xml`), each article (`.../JORFARTI....xml`) and each section.
The words are in the articles, in `BLOC_TEXTUEL/CONTENU`; `CONTEXTE/TEXTE` says of which text they
are (`cid`, `nor`, `nature`, `date_publi`), `TITRE_TXT` is its title, once for each version of it.
2999-01-01 stands for no date.

`liste_suppression_*.dat` lists files to delete from a copy: house-keeping, never a repeal.

www.legifrance.gouv.fr refuses machines (Cloudflare) and its API wants a key (PISTE), so the dumps
are what is read. They reach back some weeks at least; how far is UNCONFIRMED, and so is whether a
later dump may bring an article again. The later one counts.

History of breakage. None seen yet (built 2026-11-22 without a recorded dump).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield
from kratom_atlas.crawl.source import HTML, Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.observation import Document
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

if TYPE_CHECKING:
    from lxml.etree import _Element

INDEX = "https://echanges.dila.gouv.fr/OPENDATA/JORF/"
DUMP = re.compile(r"JORF_(\d{8})-(\d{6})\.tar\.gz\Z")
WORDS = re.compile(r"JORF(?:ARTI|TEXT)\d{12}\.xml\Z")
TARBALL = Expect(media=("gzip",), smallest=100)
KINDS = {
    "LOI": InstrumentKind.SESSION_LAW,
    "ORDONNANCE": InstrumentKind.SESSION_LAW,
    "DECRET": InstrumentKind.REGULATION,
    "ARRETE": InstrumentKind.REGULATION,
    "DECISION": InstrumentKind.REGULATION,
    "AVIS": InstrumentKind.GUIDANCE,
    "CIRCULAIRE": InstrumentKind.GUIDANCE,
}
NEVER = "2999"


class FrJorf(Scraper):
    """Reads every dump since the last look, and keeps what names kratom."""

    source: ClassVar = Source(
        id="fr_jorf",
        title="Journal officiel de la République française (JORF)",
        publisher="Direction de l'information légale et administrative (France)",
        covers=("FR",),
        kind=SourceKind.REGISTER,
        homepage="https://echanges.dila.gouv.fr/OPENDATA/JORF/",
        licence="Licence Ouverte 2.0",
        terms="Open files, without a key.",
        hosts=("echanges.dila.gouv.fr",),
        schedule="45 6 * * *",
        rate=Rate(delay=2.0),
        bounds=Bounds(examined=(1, 500_000), observed=(0, 500)),
        cadence=1_000,
        overlap=5,
        first=60,
        seconds=600,
        megabytes=256,
        language="fr",
    )

    def start(self) -> Iterable[Fetch]:
        """The index of the dumps."""
        yield self.get(INDEX, self.index, expect=HTML, essential=True)

    def index(self, page: Page) -> Iterable[Yield]:
        """The oldest dump since the last look; each names the one after it."""
        links = [link.get("href", "") for link in page.html().iter("a")]
        dumps = sorted({link.rsplit("/", 1)[-1] for link in links if DUMP.search(link)})
        if not dumps:
            raise FaultError(Fault.LAYOUT, "the index names no dump")
        self.examine(len(dumps))
        first = f"JORF_{self.since:%Y%m%d}"
        yield from self._dump([name for name in dumps if name >= first])

    def dump(self, page: Page, name: str, later: list[str]) -> Iterable[Yield]:
        """What names kratom in one dump, and the dump after it."""
        from kratom_atlas.read.terms import names_kratom

        count = 0
        for path, body in page.members(lambda path: WORDS.search(path) is not None):
            count += 1
            known = path.rsplit("/", 1)[-1].removesuffix(".xml") in self.known
            if known or names_kratom(body):
                yield from self.mentioning([self._document(page, name, path, body)])
        self.examine(count)
        yield from self._dump(later)

    def _dump(self, names: list[str]) -> Iterator[Fetch]:
        # One after the other: an article that comes again is then observed as it came last.
        if names:
            yield self.get(
                INDEX + names[0], self.dump, expect=TARBALL, essential=True, name=names[0],
                later=names[1:],
            )  # fmt: skip

    def _document(self, page: Page, name: str, path: str, body: bytes) -> Document:
        from kratom_atlas.read.structured import parse_xml
        from kratom_atlas.read.text import read_text

        root: _Element = parse_xml(body)
        own = root.findtext("META/META_COMMUN/ID")
        if not own:
            raise FaultError(Fault.LAYOUT, f"{path} has no META/META_COMMUN/ID")
        context = root.find("CONTEXTE/TEXTE")
        about = context if context is not None else root.find("META/META_SPEC")
        said = dict(about.attrib) if about is not None else {}
        of = str(said.get("cid") or root.findtext(".//CID") or own)
        nature = str(said.get("nature") or root.findtext("META/META_COMMUN/NATURE") or "")
        article = root.findtext(".//META_ARTICLE/NUM")
        note = [f"In the dump {name}"]
        if article:
            note.append(f"Article {article} of {of}")
        return self.document(
            page,
            key=own,
            title=_title(root) or of,
            jurisdiction="ocd-division/country:fr",
            url=f"https://www.legifrance.gouv.fr/jorf/id/{of}",
            text=read_text(body),
            kind=KINDS.get(nature.upper()),
            number=str(said.get("nor") or root.findtext(".//NOR") or of),
            published=_day(said.get("date_publi") or root.findtext(".//DATE_PUBLI")),
            effective=_day(root.findtext(".//META_ARTICLE/DATE_DEBUT")),
            locator=path,
            note=". ".join(note),
        )


def _title(root: _Element) -> str | None:
    """The title of the text, as it is named for the longest time."""
    titles = [(one.get("debut", ""), "".join(one.itertext())) for one in root.iter("TITRE_TXT")]
    named = [title for begins, title in titles if not begins.startswith(NEVER)]
    found = named[-1:] or [title for _, title in titles[-1:]]
    return found[0] if found else root.findtext(".//TITREFULL") or root.findtext(".//TITRE")


def _day(written: object) -> str | None:
    return None if not written or str(written).startswith(NEVER) else str(written)

"""Justice Laws Website of Canada: the acts and regulations that would name kratom, as XML.

Layout. `/eng/XML/Legis.xml` is the catalogue of all consolidated acts and regulations, in both
languages: `UniqueId`, `OfficialNumber`, `Language`, `LinkToXML`, `LinkToHTMLToC`, `Title` and
`CurrentToDate`, the last of which is the same nearly everywhere and moves with every edition, so
it marks no change. Each document is at `LinkToXML` (written with http; asked with https). Its
root has `lims:lastAmendedDate` (the last change), `lims:pit-date` and `lims:current-date`; only the
first tells one text from another and is the version here. Files begin with a byte order mark.
The repository `justicecanada/laws-lois-xml` has the same files, about every two weeks.

Kratom is not in the Controlled Drugs and Substances Act, and its first mention would be the news:
the watched documents are recorded whether they name it or not.

History of breakage. None seen yet (built 2026-11-22 from a real act of June 2026 and clients).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Yield, one_line, secure
from kratom_atlas.crawl.source import Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import Fault, SourceKind
from kratom_atlas.model.vocabulary import InstrumentKind
from kratom_atlas.read.faults import FaultError

SITE = "https://laws-lois.justice.gc.ca"
WATCHED = {
    "C-38.8": "Controlled Drugs and Substances Act",
    "F-27": "Food and Drugs Act",
    "SOR-2003-196": "Natural Health Products Regulations",
    "C.R.C.,_c._870": "Food and Drug Regulations",
}
CATALOGUE = Expect(media=("xml",), smallest=200, contains=("LinkToXML",))
LAW = Expect(media=("xml",), smallest=200, contains=("http://justice.gc.ca/lims",))
LIMS = "{http://justice.gc.ca/lims}"


class CaJustice(Scraper):
    """Finds the watched documents in the catalogue and reads each."""

    source: ClassVar = Source(
        id="ca_justice",
        title="Justice Laws Website, XML",
        publisher="Department of Justice (Canada)",
        covers=("CA",),
        kind=SourceKind.STATUTES,
        homepage=f"{SITE}/eng/",
        licence="Reproduction of Federal Law Order (SI/97-5): free, with due diligence, not as an "
        "official version",
        terms="Open files without a key.",
        hosts=("laws-lois.justice.gc.ca",),
        schedule="26 8 * * tue",
        rate=Rate(delay=3.0),
        bounds=Bounds(examined=(1, 60_000), observed=(1, 50), collapse=0.5, errors=0.5),
        cadence=400,
        seconds=300,
        megabytes=96,
    )

    def start(self) -> Iterable[Fetch]:
        """The catalogue."""
        yield self.get(
            f"{SITE}/eng/XML/Legis.xml", self.catalogue, expect=CATALOGUE, essential=True
        )

    def catalogue(self, page: Page) -> Iterable[Yield]:
        """The watched documents, in English."""
        root = page.xml()
        entries = [*root.iter("Act"), *root.iter("Regulation")]
        if not entries:
            raise FaultError(Fault.LAYOUT, "a catalogue without acts and regulations")
        self.examine(len(entries))
        seen = set()
        for entry in entries:
            link = (entry.findtext("LinkToXML") or "").strip()
            name = _stem(link)
            if name in WATCHED and (entry.findtext("Language") or "").strip() == "eng":
                seen.add(name)
                yield self.get(
                    secure(link), self.law, expect=LAW, about=name,
                    name=name, title=one_line(entry.findtext("Title")),
                    human=(entry.findtext("LinkToHTMLToC") or "").strip(),
                )  # fmt: skip
        if not seen:
            raise FaultError(Fault.LAYOUT, "none of the watched documents is in the catalogue")

    def law(self, page: Page, name: str, title: str, human: str) -> Iterable[Yield]:
        """A consolidated act or regulation."""
        root = page.xml()
        amended = root.get(f"{LIMS}lastAmendedDate")
        number = (root.findtext("Identification/Chapter/ConsolidatedNumber") or "").strip()
        instrument = (root.findtext("Identification/InstrumentNumber") or "").strip()
        yield self.document(
            page,
            key=name,
            title=title or WATCHED[name],
            jurisdiction="ocd-division/country:ca",
            url=secure(human) or page.url,
            text=page.text(),
            kind=InstrumentKind.STATUTE if root.tag == "Statute" else InstrumentKind.REGULATION,
            number=number or instrument or name,
            version=amended,
            note=f"Last amended on {amended}." if amended else None,
        )


def _stem(link: str) -> str:
    """The name of a file without its suffix."""
    return unquote(urlsplit(link).path).rsplit("/", 1)[-1].removesuffix(".xml")

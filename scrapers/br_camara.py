"""Chamber of Deputies of Brazil, open data (version 2): bills and what became of them.

Layout. `GET /api/v2/proposicoes?keywords=..` lists proposals, 100 at most on a page; the next page
is the link `next`. Without a day in the question only the last 30 days are searched. What is
sought are the keywords that librarians give, the summary and the title, not the text.
`/proposicoes/{id}` gives one proposal with its present state (`statusProposicao`),
`/proposicoes/{id}/tramitacoes` its whole way, oldest first, in Portuguese words. A proposal is
known by kind, number and year (`PL 1234/2026`), which is its key here; the `id` of the service is
part of the version, so that what is known is asked for again when it is no longer found.

Only kinds that can become law or a resolution are instruments (PL, PLP, PEC, MPV, PLV, PDL, PRC);
requests and suggestions are documents. The state of a step decides, not its despatch, which speaks
of motions and reports as well; `Desarquivada` is the opposite of `Arquivada`.

A bill goes on to the Senate, which has open data of its own: what happens there is only seen here
when it comes back, becomes law or is vetoed.

Unconfirmed: that `dataApresentacaoInicio` widens the search beyond 30 days when there are
keywords; the complete list of words for states (the ones used here are the common ones).

History of breakage. None seen yet (built 2026-11-22 from the public description).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, field

from kratom_atlas.crawl.page import Page
from kratom_atlas.crawl.scraper import Fetch, Scraper, Still, Yield, clip, partial
from kratom_atlas.crawl.source import Bounds, Expect, Rate, Source
from kratom_atlas.model.crawling import SourceKind
from kratom_atlas.model.observation import Action, Document, TextVersion, TrackedInstrument
from kratom_atlas.model.vocabulary import InstrumentKind, Stage
from kratom_atlas.read.lifecycle import instrument_key

API = "https://dadosabertos.camara.leg.br/api/v2"
HUMAN = "https://www.camara.leg.br/propostas-legislativas/"
COUNTRY = "ocd-division/country:br"
WORDS = ("kratom", "mitragyna", "mitraginina")
FIRST_DAY = "2003-01-01"
ANSWER = Expect(media=("json",), smallest=2, contains=('"dados"',))
KINDS = {
    **dict.fromkeys(("PL", "PLP", "PEC", "MPV", "PLV", "PDL", "PDC"), InstrumentKind.BILL),
    "PRC": InstrumentKind.RESOLUTION,
}
STAGES = (
    (Stage.INTRODUCED, r"desarquiva"),
    (Stage.ADOPTED, r"transformad[oa] (?:n[oa]|em) (?:\w+ )?resolução"),
    (Stage.ENACTED, r"transformad[oa] (?:n[oa]|em) (?:\w+ )?(?:norma|lei|emenda|decreto)"),
    (Stage.ENACTED, r"promulgad[oa]"),
    (Stage.VETOED, r"vetad[oa] totalmente"),
    (Stage.WITHDRAWN, r"retirad[oa] pel[oa]|retirada de proposição d[oa] autor"),
    (Stage.FAILED, r"\barquivad[oa]|rejeitad[oa]|perdeu a eficácia|prejudicad[oa]|devolvid[oa] ao"),
    (Stage.PASSED, r"aguardando sanção|enviad[oa] à sanção|remessa à sanção"),
    (
        Stage.PASSED_FIRST_CHAMBER,
        r"apreciação pelo senado|enviad[oa] ao senado|remetid[oa] ao senado|remessa ao senado",
    ),
)
_STAGES = tuple((stage, re.compile(words, re.IGNORECASE)) for stage, words in STAGES)


class Link(Struct):
    """Another page of a list."""

    rel: str
    href: str


class Proposal(Struct, rename="camel"):
    """A proposal, as lists have it."""

    id: int
    sigla_tipo: str
    numero: int
    ano: int
    ementa: str | None = None

    @property
    def number(self) -> str:
        """What it is called."""
        return f"{self.sigla_tipo} {self.numero}/{self.ano}"

    @property
    def key(self) -> str:
        """Its natural key."""
        return instrument_key("BR", str(self.ano), f"{self.sigla_tipo}{self.numero}")


class State(Struct, rename="camel"):
    """A step of a proposal."""

    data_hora: str | None = None
    sequencia: int | None = None
    sigla_orgao: str | None = None
    descricao_tramitacao: str | None = None
    descricao_situacao: str | None = None
    despacho: str | None = None

    @property
    def words(self) -> str:
        """The state that it leads to, or what was done where that is all that is said."""
        return self.descricao_situacao or self.descricao_tramitacao or ""


class Detail(Proposal, rename="camel"):
    """A proposal with its present state."""

    status_proposicao: State = field(default_factory=State)
    data_apresentacao: str | None = None
    ementa_detalhada: str | None = None
    keywords: str | None = None
    url_inteiro_teor: str | None = None


class Listing(Struct):
    """A page of proposals."""

    dados: list[Proposal]
    links: list[Link] = field(default_factory=list)


class One(Struct):
    """One proposal."""

    dados: Detail


class Way(Struct):
    """The steps of a proposal."""

    dados: list[State]


class BrCamara(Scraper):
    """Searches proposals by word, and follows each."""

    source: ClassVar = Source(
        id="br_camara",
        title="Câmara dos Deputados, Dados Abertos",
        publisher="Câmara dos Deputados (Brazil)",
        covers=("BR",),
        kind=SourceKind.BILLS,
        homepage="https://dadosabertos.camara.leg.br/swagger/api.html",
        licence="Open data of the Chamber; no copyright in official texts (Law 9.610/1998, "
        "article 8)",
        terms="An open API without a key.",
        hosts=("dadosabertos.camara.leg.br",),
        schedule="19 9 * * mon-fri",
        sittings=(("02-02", "07-17"), ("08-01", "12-22")),
        in_session="19 9,21 * * mon-fri",
        rate=Rate(delay=1.0),
        bounds=Bounds(examined=(0, 2_000), observed=(0, 500)),
        cadence=365,
        language="pt",
    )

    def start(self) -> Iterable[Fetch]:
        """A search for each word, and what is known."""
        for word in WORDS:
            params = {
                "keywords": word, "dataApresentacaoInicio": FIRST_DAY, "itens": 100, "pagina": 1,
                "ordem": "DESC", "ordenarPor": "id",
            }  # fmt: skip
            yield self.get(
                f"{API}/proposicoes", self.found, params=params, expect=ANSWER, essential=True
            )
        for key, version in self.known.items():
            if version:
                yield self._detail(int(version.partition("@")[0]), key)

    def found(self, page: Page) -> Iterable[Yield]:
        """Each proposal, and the next page."""
        listing = page.json(Listing)
        self.examine(len(listing.dados))
        for proposal in listing.dados:
            yield self._detail(proposal.id, proposal.key)
        following = next((link.href for link in listing.links if link.rel == "next"), None)
        if following and listing.dados:
            yield self.get(self.join(page, following), self.found, expect=ANSWER, essential=True)

    def detail(self, page: Page) -> Iterable[Yield]:
        """A proposal; its way, where it has moved."""
        one = page.json(One).dados
        if self.stands(one.key, _mark(one)):
            yield Still(one.key)
            return
        if one.sigla_tipo not in KINDS:
            yield self._request(page, one)
            return
        yield self.get(
            f"{API}/proposicoes/{one.id}/tramitacoes", self.way, expect=ANSWER, about=one.key,
            proposal=msgspec.to_builtins(one),
        )  # fmt: skip

    def way(self, page: Page, proposal: dict[str, Any]) -> Iterable[Yield]:
        """What a proposal is, with every step that it took."""
        one = msgspec.convert(proposal, Detail)
        steps = sorted(page.json(Way).dados, key=lambda step: step.sequencia or 0)
        yield _observation(page, one, steps)

    def _request(self, page: Page, one: Detail) -> Document:
        state = one.status_proposicao.descricao_situacao
        return self.document(
            page,
            key=one.key,
            title=one.ementa or one.number,
            jurisdiction=COUNTRY,
            url=f"{HUMAN}{one.id}",
            text=_said(one),
            number=one.number,
            published=one.data_apresentacao,
            version=_mark(one),
            note=f"A request or suggestion, no bill. {state or ''}".strip(),
            text_held=False,
        )

    def _detail(self, number: int, key: str) -> Fetch:
        return self.get(f"{API}/proposicoes/{number}", self.detail, expect=ANSWER, about=key)


def _observation(page: Page, one: Detail, steps: list[State]) -> TrackedInstrument:
    from kratom_atlas.read.terms import find_mentions

    reached = [(step, _stage(step)) for step in steps]
    last = [(step, stage) for step, stage in reached if stage is not None]
    now = _stage(one.status_proposicao)
    if now is not None:
        last.append((one.status_proposicao, now))
    step, stage = last[-1] if last else (None, Stage.INTRODUCED)
    text = one.url_inteiro_teor
    return TrackedInstrument(
        key=one.key,
        jurisdiction=COUNTRY,
        title=clip(one.ementa or one.number, 2_000),
        url=f"{HUMAN}{one.id}",
        kind=KINDS[one.sigla_tipo],
        number=one.number,
        language="pt",
        mentions=find_mentions(_said(one), "pt"),
        version=_mark(one),
        sha256=page.sha256,
        session=str(one.ano),
        stage=stage or Stage.INTRODUCED,
        because=step.words if step else None,
        abstract=clip(one.ementa_detalhada, 4_000) if one.ementa_detalhada else None,
        introduced=partial(one.data_apresentacao),
        enacted=partial(step.data_hora) if step and stage is Stage.ENACTED else None,
        actions=tuple(
            Action(
                text=clip(" - ".join(filter(None, (step.words, step.despacho))), 4_000) or "-",
                date=partial(step.data_hora),
                actor=step.sigla_orgao,
                stage=stage,
            )
            for step, stage in reached
        ),
        versions=(TextVersion(note="Inteiro teor", url=text),) if text else (),
    )


def _said(one: Detail) -> str:
    """All that the record says of what it is about."""
    return " ".join(filter(None, (one.ementa, one.ementa_detalhada, one.keywords)))


def _stage(step: State) -> Stage | None:
    """Where a step brings a proposal; None where it stays."""
    return next((stage for stage, pattern in _STAGES if pattern.search(step.words)), None)


def _mark(one: Detail) -> str:
    state = one.status_proposicao
    return f"{one.id}@{state.sequencia or ''}@{state.data_hora or ''}"

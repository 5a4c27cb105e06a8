from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Circumstances, Finding, Marked, Novelty, Section, Span
from kratom_atlas.model.values import AlkaloidCap, Cap
from kratom_atlas.model.vocabulary import Alkaloid, Substance, Unit
from kratom_atlas.read.lists import _listings, listed, substance_of
from kratom_atlas.read.text import read_text

ROW = {"possess", "sell", "distribute", "make"}
ALL = ("leaf", "mitragynine", "7-oh")


def _read(text: str, place: str, language: str) -> tuple[Finding, ...]:
    return listed(Marked(text), (), Circumstances(place=place, language=language))


# Written for the purpose, in the manner of such acts. Before each: the place, its language, and
# what the text does to which substances.
PASSAGES = """\
== NO | no | schedule | narkotikalisten | leaf mitragynine
Forskrift om endring i forskrift om narkotika
I narkotikalisten tilføyes følgende stoffer:
Navn\tMerknad
Mitragyna speciosa (kratom)\tForbudt etter § 5
Mitragynin\tForbudt etter § 5
== NO | no | prescription-only |  | leaf
I § 4 (urtelisten) føyes til:
LR\tMitragyna speciosa\tKratom
== NO | no | repeal |  | leaf
I narkotikalisten oppheves følgende oppføring:
Kratom\tForbudt etter § 5
== DK | da | schedule | liste B | leaf 7-oh
Bekendtgørelse om ændring af bekendtgørelse om euforiserende stoffer
I bilag 1, liste B, indsættes i alfabetisk rækkefølge:
Mitragyna speciosa (kratom)
7-hydroxymitragynin
== SE | sv | schedule | narkotika | leaf mitragynine
Förordning om ändring i förordningen om kontroll av narkotika
Bilaga 1
Följande ämnen ska anses som narkotika:
kratom (Mitragyna speciosa)
mitragynin
== SE | sv | schedule | Bilagan | 7-oh
Förordning om ändring
Bilagan till förordningen (1999:58) om förbud mot vissa hälsofarliga varor ändras.
I den förs in: 7-hydroximitragynin.
== FI | fi | prohibit |  | leaf
Valtioneuvoston asetus kuluttajamarkkinoilta kielletyistä psykoaktiivisista aineista
Liite: kuluttajamarkkinoilta kielletyt psykoaktiiviset aineet
kratom (Mitragyna speciosa)
== DE | de | schedule | Anlage II | mitragynine
Verordnung zur Änderung der Anlagen des Betäubungsmittelgesetzes
In Anlage II wird nach der Position „Metonitazen“ die Position „Mitragynin“ eingefügt.
== CH | de | schedule | Verzeichnis e | mitragynine 7-oh
Betäubungsmittelverzeichnisverordnung
Verzeichnis e
Mescalin
Mitragynin
7-Hydroxymitragynin
== PL | pl | schedule | I-N | leaf
W ustawie o przeciwdziałaniu narkomanii, w załączniku nr 2, w grupie I-N dodaje się:
Kratom (Mitragyna speciosa) - rośliny żywe, susz, nasiona
== CZ | cs | exempt |  | leaf
Nařízení vlády o seznamu zařazených psychoaktivních látek se mění takto:
1. V příloze se doplňuje řádek, který zní: „Rod Mitragyna, s výjimkou Mitragyna speciosa“.
== CZ | cs | restrict |  | leaf
Nařízení vlády
Seznam psychomodulačních látek
| Název | Popis |
| Kratom | listy rostliny |
== SK | sk | schedule | II. skupine omamných látok | mitragynine
V prílohe č. 1 v II. skupine omamných látok sa vkladá nový riadok, ktorý znie: „Mitragynín“.
== EE | et | schedule | I nimekiri | leaf mitragynine
Narkootiliste ja psühhotroopsete ainete nimekirjad
I nimekiri
| Eriline abuurapuu | Mitragyna speciosa |
| Mitragüniin | Mitragynine |
== LT | lt | schedule | I sąrašas | leaf
Narkotinių ir psichotropinių medžiagų sąrašai
I sąrašas
Kratom (Mitragyna speciosa)
== LV | lv | schedule | I saraksts | leaf
Noteikumi par kontrolējamām narkotiskajām vielām
Papildināt I sarakstu ar šādu vielu:
Mitragyna speciosa
== LU | fr | schedule | substances psychotropes | leaf mitragynine
L’annexe concernant certaines substances psychotropes est complétée par le point 50:
Kratom (mitragynine)
== FR | fr | schedule | substances psychotropes | leaf mitragynine 7-oh
Arrêté portant modification
À la liste des substances psychotropes sont ajoutés : « kratom, mitragynine, 7-hydroxymitragynine »
== IT | it | schedule | Tabella I | leaf mitragynine 7-oh
Aggiornamento delle tabelle delle sostanze stupefacenti
Nella tabella I sono inserite, secondo l'ordine alfabetico, le seguenti sostanze:
Mitragyna speciosa (pianta)
Mitraginina
7-idrossimitraginina
== AR | es | schedule | Lista I | leaf mitragynine
Se incorporan a la Lista I de estupefacientes las siguientes sustancias:
MITRAGYNA SPECIOSA (Kratom)
MITRAGININA
== BR | pt | schedule | Lista F2 | mitragynine
Resolução sobre substâncias entorpecentes e psicotrópicas
Art. 1º Incluir na Lista F2 a seguinte substância:
MITRAGININA
== RO | ro | schedule | tabelul I | leaf
La tabelul I din Legea privind plantele și substanțele stupefiante se introduce poziția:
Mitragyna speciosa (Kratom)
== BG | bg | schedule | списък I | leaf
Наредба за класифициране на растенията и веществата като наркотични
Списък I
Кратом (Mitragyna speciosa)
== JP | ja | schedule | 指定薬物 | leaf mitragynine
指定薬物を指定する省令の一部を改正する省令
次の物を指定薬物として加える:
ミトラガイナ スペシオーサ
ミトラギニン
== KR | ko | schedule | 임시마약류 | leaf mitragynine
임시마약류 지정 공고
2군 임시마약류
미트라지닌
크라톰
== MY | ms | schedule | Jadual Ketiga | mitragynine
Akta Racun 1952
Jadual Ketiga dipinda dengan memasukkan perkataan yang berikut:
“Mitragynine”
== MY | en | schedule | Third Schedule | leaf mitragynine
Poisons Act
Third Schedule
1. Ketum
2. Mitragynine
== TH | th | repeal |  | leaf
ให้ยกเลิกพืชกระท่อมจากบัญชียาเสพติดให้โทษในประเภท ๕
== TH | th | schedule | ยาเสพติดให้โทษในประเภท ๕ | leaf
ยาเสพติดให้โทษในประเภท ๕
(๑) กัญชา
(๒) พืชกระท่อม
== SE | sv | schedule | förteckning II | mitragynine
Läkemedelsverket föreskriver att mitragynin ska föras upp på förteckning II över narkotika.
== DE | de | prohibit |  | mitragynine
Neue-psychoaktive-Stoffe-Gesetz
Anlage
1. Mitragynin
== DE | de | repeal |  | leaf
In Anlage I zum Betäubungsmittelgesetz werden gestrichen:
- Kratom (Mitragyna speciosa)
== ID | id | schedule | golongan I | leaf
Daftar Narkotika Golongan I
210. Mitragyna speciosa (kratom)
== JP | ja | schedule | 指定薬物 | mitragynine
指定薬物を指定する省令
三 ミトラギニン（植物に含まれるものを除く。）
== AU | en | schedule | Schedule 9 | leaf mitragynine
Poisons Standard
Schedule 9
METHAQUALONE.
MITRAGYNA SPECIOSA.
MITRAGYNINE.
== IE | en | schedule | Schedule 1 | mitragynine 7-oh
Misuse of Drugs (Amendment) Regulations
In Schedule 1, insert in alphabetical order:
“Mitragynine.”
“7-hydroxymitragynine.”
== GB | en | schedule | Schedule 2, Part 2 | mitragynine
The Misuse of Drugs Act (Amendment) Order
In Part 2 of Schedule 2 (Class B drugs), after “Methcathinone” insert “Mitragynine”.
== CZ | cs | repeal |  | mitragynine
V příloze č. 4 k nařízení vlády č. 463/2013 Sb. se položka „Mitragynin“ zrušuje.
== CZ | cs | exempt |  | leaf
Zakázané rostliny
| rod Mitragyna s výjimkou druhu Mitragyna speciosa | list |
== FI | fi | schedule | liite III | mitragynine
Asetuksen liitteeseen III lisätään seuraava aine:
mitragyniini
== BE | fr | schedule | annexe II | mitragynine 7-oh
À l'annexe II de l'arrêté sur les psychotropes, les mots qui suivent sont insérés dans l'ordre des
numéros : « 84. Mitragynine ; 85. 7-hydroxymitragynine ».
== LT | lt | schedule | I sąrašas | mitragynine
Narkotinių medžiagų I sąrašas papildomas šia medžiaga:
Mitraginas
== CN | zh | schedule | 第一类精神药品 | mitragynine 7-oh
将下列物质列入第一类精神药品：
帽柱木碱
7-羟基帽柱木碱
== GR | el | schedule | Πίνακας Α | leaf
Στον Πίνακα Α΄ των ναρκωτικών ουσιών προστίθεται: «Mitragyna speciosa (κράτομ)».
== IL | he | schedule | התוספת הראשונה | mitragynine
בפקודת הסמים המסוכנים, בתוספת הראשונה, יווסף: "מיטרגינין".
== IE | en | schedule | controlled drugs | mitragynine
The Government declare mitragynine to be a controlled drug.
== AU | en | schedule | Schedule 9 | mitragynine
Schedule 9
METHYLONE.
MITRAGYNINE.
== HK | en | schedule | First Schedule, Part 1 | mitragynine
Dangerous Drugs Ordinance
Part 1 of the First Schedule
Mitragynine
"""
ROWS = [
    (*(word.strip() for word in head.split("|")), text)
    for head, _, text in (one.partition("\n") for one in PASSAGES.split("== ")[1:])
]


@pytest.mark.parametrize(("place", "language", "effect", "schedule", "substances", "text"), ROWS)
def test_an_entry_is_read_as_the_list_it_stands_in(
    place: str, language: str, effect: str, schedule: str, substances: str, text: str
) -> None:
    (found,) = _read(text, place, language)
    assert (found.effect, found.schedule or "") == (effect, schedule)
    assert " ".join(found.substances) == substances


# An act that names a list and explains kratom does nothing to it; a false friend; a table that is
# no list of drugs; a place; a title; the United States, read elsewhere; no language we know.
NOTHING_TO_READ = """\
== DE | de
Bericht zum Betäubungsmittelgesetz
Eine Aufnahme in Anlage I wurde geprüft. Kratom ist ein Baum aus Südostasien, dessen Blätter seit
langer Zeit gekaut werden.
== SK | sk
Návrh sa netýka skratom poškodených vedení ani zoznamu rizikových látok.
== EE | et
Ainete loetelu
| Kratom | taim |
== AU | en
Road Rules
Schedule 2
Kratom Creek Road
== GB | en
Psychoactive Substances
Schedule 1 lists exempted substances
Kratom is sold in shops.
== AU | en
A person must not supply kratom, a plant that is listed in Schedule 9 of the Poisons Standard.
== TH | th
มาตรา ๑ พระราชบัญญัตินี้เรียกว่า พระราชบัญญัติพืชกระท่อม
== US-AL | en
Schedule I of controlled substances
Mitragynine
== NO | xx
Kratom
"""
NOTHING = [
    (*(word.strip() for word in head.split("|")), text)
    for head, _, text in (one.partition("\n") for one in NOTHING_TO_READ.split("== ")[1:])
]


@pytest.mark.parametrize(("place", "language", "text"), NOTHING)
def test_what_is_not_understood_is_left_out(place: str, language: str, text: str) -> None:
    assert _read(text, place, language) == ()


def test_what_a_text_forbids_with_all_that_is_listed_is_added_to_the_row() -> None:
    text = """Forskrift om narkotika
Innførsel, utførsel, tilvirkning, omsetning, besittelse og bruk av narkotika er forbudt.
Narkotikalisten
Navn	Merknad
Kratom	Forbudt
"""
    (found,) = _read(text, "NO", "no")
    assert set(found.activities) == ROW | {"consume", "import", "export"}


SECTIONS_TH = """พระราชบัญญัติพืชกระท่อม
มาตรา ๕ ผู้ใดจะนำเข้าหรือส่งออกใบกระท่อมต้องได้รับใบอนุญาต
มาตรา ๖ ห้ามผู้ใดขายใบกระท่อมแก่บุคคล ดังต่อไปนี้
(๑) ผู้มีอายุต่ำกว่ายี่สิบปี
(๒) สตรีมีครรภ์
มาตรา ๗ ห้ามผู้ใดขายใบกระท่อมในสถานศึกษา
มาตรา ๘ ห้ามผู้ใดโฆษณาใบกระท่อม
มาตรา ๙ ผู้ใดฝ่าฝืนมาตรา ๖ ต้องระวางโทษจำคุกไม่เกินหนึ่งปี หรือปรับไม่เกินหนึ่งหมื่นบาท
"""


def test_sections_of_a_thai_act_are_read_with_their_penalties() -> None:
    license_, age, places, advertising = _read(SECTIONS_TH, "TH", "th")
    assert (license_.effect, [*license_.activities]) == ("license", ["import", "export"])
    assert (age.effect, age.qualifiers.min_age, age.citation) == ("restrict", 20, "มาตรา ๖")
    assert age.qualifiers.persons
    (penalty,) = age.qualifiers.penalties
    assert penalty.prison == "จำคุกไม่เกินหนึ่งปี"
    assert penalty.fine == "ปรับไม่เกินหนึ่งหมื่นบาท"
    assert places.qualifiers.places
    assert places.qualifiers.penalties == ()
    assert advertising.qualifiers.advertising


# Before each: the place, its language, what the text does, and from which age if it says so.
SENTENCES = """\
== PL | pl | prohibit |
Zakazuje się wytwarzania i sprzedaży kratomu na terytorium kraju.
== CZ | cs | restrict | 18
Zakazuje se prodej kratomu osobám mladším 18 let.
== CZ | cs | restrict | 18
Kratom smí být prodáván jen osobám starším 18 let.
== DE | de | prohibit |
Der Verkauf von Kratom ist verboten.
== DE | de | restrict | 18
Kratom darf an Personen unter 18 Jahren weder verkauft noch abgegeben werden.
== DE | de | restrict | 18
Kratom darf nur an Personen abgegeben und verkauft werden, die das 18. Lebensjahr vollendet haben.
== DE | de | license |
Der Verkauf von Kratom bedarf der Erlaubnis der zuständigen Behörde.
== DE | de | repeal |
Das Verbot des Verkaufs von Kratom wird aufgehoben.
== DE | de | prescription-only |
Zubereitungen mit Kratom sind verschreibungspflichtig.
== DE | de | restrict |
Wer Kratom verkauft, muss die Packung mit einem Warnhinweis kennzeichnen.
== ES | es | prohibit |
Queda prohibida la venta y la importación de kratom.
== ES | es | restrict | 18
Se prohíbe la venta de kratom a menores de 18 años.
== FR | fr | restrict | 18
La vente de kratom aux mineurs de dix-huit ans est interdite.
== IT | it | restrict | 18
È vietata la vendita di kratom ai minori di 18 anni.
== NL | nl | restrict | 18
Het is verboden kratom te verkopen aan een persoon die jonger is dan 18 jaar.
== NO | no | restrict | 18
Kratom skal ikke selges til personer under 18 år.
== SE | sv | restrict | 18
Kratom får inte säljas till den som inte har fyllt 18 år.
== FI | fi | restrict | 18
Kratomia ei saa myydä alle 18-vuotiaalle.
== LV | lv | restrict | 18
Kratomu aizliegts pārdot personām, kas jaunākas par 18 gadiem.
== HU | hu | restrict | 18
Tilos kratomot 18 éven aluli személynek árusítani.
== KR | ko | restrict | 19
누구든지 19세 미만인 사람에게 크라톰을 판매하여서는 아니 된다.
== ID | id | prohibit |
Setiap orang dilarang menjual kratom.
== MY | ms | restrict | 18
Tiada seorang pun boleh menjual ketum kepada orang yang berumur di bawah umur 18 tahun.
== UA | uk | prohibit |
Забороняється продаж кратому.
"""
PROSE = [
    (*(word.strip() for word in head.split("|")), text)
    for head, _, text in (one.partition("\n") for one in SENTENCES.split("== ")[1:])
]


@pytest.mark.parametrize(("place", "language", "effect", "age", "text"), PROSE)
def test_a_sentence_that_forbids(
    place: str, language: str, effect: str, age: str, text: str
) -> None:
    (found,) = _read(text, place, language)
    assert found.effect == effect
    assert "sell" in found.activities
    assert found.qualifiers.min_age == (int(age) if age else None)


def test_a_species_left_out_of_its_genus_is_exempt() -> None:
    text = """Die Pflanzen der Liste dürfen nicht verkauft werden.
Catha edulis, Blatt
Mitragyna, alle Arten mit Ausnahme von Mitragyna speciosa
"""
    (found,) = _read(text, "AT", "de")
    assert (found.effect, [*found.activities]) == ("exempt", ["sell"])


def test_a_sentence_goes_on_in_the_next_line() -> None:
    text = (
        "Article premier. Sont interdites sur tout le territoire l'importation et la cession de\n"
        "produits qui contiennent du kratom.\n"
    )
    (found,) = _read(text, "FR", "fr")
    assert set(found.activities) == {"import", "distribute"}
    assert all(0 <= start < end <= len(text) for start, end in found.spans)


def test_exceptions_and_punishment_stand_in_the_sentences_that_cite_the_ban() -> None:
    text = """§ 3. Forbud
Det er forbudt å innføre eller selge kratom.
§ 4. Unntak
Forbudet i § 3 gjelder ikke for universiteter.
§ 5. Straff
Overtredelse av § 9 straffes med fengsel inntil to år.
Overtredelse av § 3 straffes med bøter.
"""
    (found,) = _read(text, "NO", "no")
    assert found.qualifiers.exceptions is not None
    (penalty,) = found.qualifiers.penalties
    assert (penalty.fine, penalty.prison) == ("bøter", None)


def test_what_is_forbidden_with_these_substances_is_what_was_listed() -> None:
    text = """Article 1
À la liste des substances psychotropes est ajoutée : « mitragynine »
Article 2
La vente et la détention de ces substances sont interdites.
"""
    schedule, ban = _read(text, "FR", "fr")
    assert (schedule.effect, ban.effect) == ("schedule", "prohibit")
    assert ban.substances == schedule.substances == (Substance.MITRAGYNINE,)
    assert set(ban.activities) == {"sell", "possess"}


def test_selling_is_also_giving_where_the_text_defines_it_so() -> None:
    ban = "มาตรา ๕ ห้ามผู้ใดขายใบกระท่อมแก่ผู้มีอายุต่ำกว่าสิบแปดปี\n"
    (plain,) = _read(ban, "TH", "th")
    (defined,) = _read(f"มาตรา ๓ “ขาย” หมายความรวมถึงแจก\n{ban}", "TH", "th")
    assert [*plain.activities] == ["sell"]
    assert [*defined.activities] == ["sell", "distribute"]


TABLE_CS = """\
| Psychomodulační látka | Maximální množství psychomodulační látky v jednotkovém balení |\
 Aktivní látka | Maximální množství aktivní látky v jednotkovém balení |\
 Maximální koncentrace aktivní látky v % hmotnosti |
| --- | --- | --- | --- | --- |
| Kratom | 40 g | Mitragynin | 1000 mg | 2,4 |
| 7-hydroxymitragynin | 30 mg | 0,2 | | |
"""


def test_a_table_of_largest_amounts_gives_caps_also_where_cells_were_joined() -> None:
    (found,) = _read(TABLE_CS, "CZ", "cs")
    qualifiers = found.qualifiers
    assert qualifiers.seven_oh_caps == (
        Cap(value=30, unit=Unit.MG_PER_CONTAINER),
        Cap(value=0.2, unit=Unit.PERCENT_BY_WEIGHT),
    )
    assert qualifiers.alkaloid_caps == (
        AlkaloidCap(of=Alkaloid.MITRAGYNINE, value=1000, unit=Unit.MG_PER_CONTAINER),
        AlkaloidCap(of=Alkaloid.MITRAGYNINE, value=2.4, unit=Unit.PERCENT_BY_WEIGHT),
    )
    assert [limit.value for limit in qualifiers.limits] == [40]


def test_a_row_that_is_not_new_is_kept_and_cited_by_its_section() -> None:
    text = "Poisons Standard\nSchedule 9\nMITRAGYNINE.\n"
    section = Section(label="Schedule 9", path="Schedule 9", start=17, end=len(text))
    marked = Marked(text, added=(Span(0, 5),), is_marked=True)
    (found,) = listed(marked, (section,), Circumstances(place="AU"))
    assert found.novelty is Novelty.KEEPS
    assert found.citation.startswith("Schedule 9")


def test_a_threshold_in_a_row_is_a_cap() -> None:
    text = (
        "Poisons Standard\nSchedule 9\n"
        "7-HYDROXYMITRAGYNINE in preparations containing more than 400 parts per million.\n"
    )
    (found,) = _read(text, "AU", "en")
    assert found.qualifiers.seven_oh_caps == (Cap(value=400, unit=Unit.PPM),)


SUBSTANCES = {
    "Kratom": Substance.LEAF,
    "Mitragyna speciosa": Substance.LEAF,
    "rodu Mitragyny": Substance.LEAF,
    "mitragynin": Substance.MITRAGYNINE,
    "Mitraginina": Substance.MITRAGYNINE,
    "Mytragynine": Substance.MITRAGYNINE,
    "Mitragüniin": Substance.MITRAGYNINE,
    "митрагинин": Substance.MITRAGYNINE,
    "ミトラギニン": Substance.MITRAGYNINE,
    "4098-40-2": Substance.MITRAGYNINE,
    "7-hydroksymitragynin": Substance.SEVEN_OH,
    "7-idrossimitraginina": Substance.SEVEN_OH,
    "7-OH": Substance.SEVEN_OH,
    "MGM-15": Substance.MGM_15,
    "speciogynine": None,
}


@pytest.mark.parametrize(("term", "substance"), SUBSTANCES.items())
def test_the_substance_that_a_word_stands_for(term: str, substance: Substance | None) -> None:
    assert substance_of(term) is substance


def test_pseudoindoxyl_is_told_by_the_word_that_follows() -> None:
    assert substance_of("mitragynine", " pseudoindoxyl") is Substance.PSEUDOINDOXYL


@given(st.lists(st.sampled_from([row[-1] for row in ROWS]), max_size=3), st.data())
def test_spans_lie_in_the_text(texts: list[str], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(["", "\n", "narkotikalisten "])) + "\n".join(texts)
    language = data.draw(st.sampled_from(sorted({row[1] for row in ROWS})))
    for found in _read(text, "NO", language):
        assert found.spans
        assert all(0 <= s.start < s.end <= len(text) for s in found.spans)
        assert len(found.quote) <= 300
        assert "\n" not in found.quote


def test_the_table_of_lists_is_sound() -> None:
    listings = _listings()
    assert {row.language for row in listings.lists} <= set(listings.languages)
    for row in listings.lists:
        groups = re.compile(row.name).groups
        assert row.key == row.key.lower()
        assert row.effect or row.marks
        assert all(f"{{{n}}}" not in row.schedule for n in range(groups + 1, 9))
    for words in listings.languages.values():
        for name in words.__struct_fields__:
            if isinstance(pattern := getattr(words, name), str):
                re.compile(pattern)


HOSTILE = [
    ("no", "narkotikalisten " * 60_000 + "\nKratom\n"),
    ("sk", "I. skupine psychotropných látok „kratom" + "„" * 400_000),
    ("cs", "| Maximální množství aktivní látky v jednotkovém balení |\n" + "| Kratom " * 200_000),
    ("th", "มาตรา ๑ ห้ามผู้ใดขายใบกระท่อม " * 20_000),
    ("de", "Kratom verboten (" * 30_000),
]


@pytest.mark.parametrize(("language", "text"), HOSTILE)
def test_hostile_texts_take_bounded_time(language: str, text: str) -> None:
    started = time.process_time()
    _read(text, "NO", language)
    assert time.process_time() - started < 3


REAL = {
    "no-lovdata/sf-20231211-2000.xml": ("NO", "no", "schedule", ALL),
    "no-lovdata/sf-20061216-1641.xml": ("NO", "no", "prescription-only", ("leaf",)),
    "no-lovdata/sf-20130214-0199.xml": ("NO", "no", "schedule", ALL),
    "cz-esbirka/SB-2026-50.md": ("CZ", "cs", "exempt", ("leaf",)),
    "cz-esbirka/SB-2025-456.md": ("CZ", "cs", "restrict", ALL),
    "ee-riigiteataja/902508.md": ("EE", "et", "schedule", ALL),
    "lu-legilux/leg-rgd-2012-07-21-n7.md": ("LU", "fr", "schedule", ALL),
    "sk-slovlex/ZZ-2021-479.md": ("SK", "sk", "schedule", ("leaf",)),
}


@pytest.mark.parametrize("name", REAL)
def test_real_lists(samples: Path, name: str) -> None:
    place, language, effect, substances = REAL[name]
    text = read_text((samples / "world" / name).read_bytes()).text
    found = _read(text, place, language)
    assert [(f.effect, f.substances) for f in found] == [(effect, substances)]

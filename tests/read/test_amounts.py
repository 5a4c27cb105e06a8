from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.reading import Marked, Span
from kratom_atlas.model.values import AlkaloidCap, Cap, Limit, Qualifiers
from kratom_atlas.model.vocabulary import Alkaloid, Unit
from kratom_atlas.read.amounts import MAX_SUMMARY, number_before, qualifiers_in, summary
from kratom_atlas.read.text import read_text


def _read(text: str, *leads: str) -> Qualifiers:
    """The conditions in `text`, after what leads into it."""
    whole = "\n".join((*leads, text))
    spans, at = [], 0
    for lead in leads:
        spans.append(Span(at, at + len(lead)))
        at += len(lead) + 1
    found, where = qualifiers_in(Marked(whole), Span(at, len(whole)), tuple(spans))
    assert all(0 <= span.start < span.end <= len(whole) for span in where)
    return found


NUMBERS = {
    "2 ": 2,
    "2.0 ": 2,
    ".4 ": 0.4,
    "1,250 ": 1250,
    "two ": 2,
    "two (2) ": 2,
    "twenty-one (21) ": 21,
    "one-half of one ": 0.5,
    "one-half (0.5) ": 0.5,
    "5/10 of 1 ": 0.5,
    "one and one-half ": 1.5,
    "two tenths of one ": 0.2,
    "1 1/2 ": 1.5,
    "zero point five ": 0.5,
    "four hundred ": 400,
    "one hundred and fifty ": 150,
    "two thousand five hundred ": 2500,
    "25-": 25,
    "0.1 [two] ": 0.1,
    "under subsection 3 two ": 2,
}


@pytest.mark.parametrize(("words", "value"), NUMBERS.items())
def test_a_number_before_its_unit(words: str, value: float) -> None:
    found = number_before(words, len(words))
    assert found is not None
    assert found[0] == pytest.approx(value)


@pytest.mark.parametrize(
    "words", ["", "of the ", "hundred ", "twenty twenty (", "() ", "1/0 ", "] "]
)
def test_what_is_no_number(words: str) -> None:
    assert number_before(words, len(words)) is None


ALKALOIDS = Unit.PERCENT_OF_ALKALOIDS
CAPS = {
    "contains a level of 7-hydroxymitragynine in the alkaloid fraction that is greater than two "
    "percent (2%) of the alkaloid composition of the product": (2, ALKALOIDS),
    "with 7-OH that exceeds 1 per cent of its total alkaloid content": (1, ALKALOIDS),
    "the level of 7-hydroxymitragynine may not be more than .4% of the total kratom alkaloid "
    "composition": (0.4, ALKALOIDS),
    "7-hydroxymitragynine at a level above four hundred parts per million on a dry-weight basis": (
        400,
        Unit.PPM,
    ),
    "more than one (1) milligram per serving of 7-OH": (1, Unit.MG_PER_SERVING),
    "7-hydroxy-mitragynine exceeding 0.5 mg per container": (0.5, Unit.MG_PER_CONTAINER),
    "a level of 7-hydroxymitragynine greater than 0.5 milligrams per gram": (0.5, Unit.MG_PER_G),
    "no more than 1% by weight of 7-hydroxymitragynine": (1, Unit.PERCENT_BY_WEIGHT),
    "each serving shall not exceed 2 mg of 7-OH": (2, Unit.MG_PER_SERVING),
    # A least amount, a share of something else, and a number that measures nothing here.
    "at least 2 percent of the alkaloid composition is 7-hydroxymitragynine": None,
    "7-hydroxymitragynine is 500 percent more common than before": None,
    "a hemp drink with 7-OH and more than 5 milligrams of tetrahydrocannabinol per serving": None,
    "7-hydroxymitragynine products with more than 10 parts per million of lead": None,
}


@pytest.mark.parametrize(("text", "cap"), CAPS.items())
def test_the_most_7_hydroxymitragynine(text: str, cap: tuple[float, Unit] | None) -> None:
    found = _read(f"A product may not be sold that contains kratom, {text}.").seven_oh_caps
    assert found == (() if cap is None else (Cap(value=cap[0], unit=cap[1]),))


def test_a_list_says_in_its_first_line_what_it_measures() -> None:
    text = (
        "The content of 7-hydroxymitragynine may not be:\n(a) greater than 2% of the alkaloid "
        "composition;\n(b) more than 1 mg per serving; or\n(c) more than 5 mg per package."
    )
    assert [cap.value for cap in _read(text).seven_oh_caps] == [2, 1, 5]


def test_what_leads_into_a_span_says_what_it_measures() -> None:
    lead = "A product shall not hold 7-hydroxymitragynine in an amount"
    found = _read("greater than 2% of the alkaloid composition.", lead)
    assert found.seven_oh_caps == (Cap(value=2, unit=ALKALOIDS),)


def test_caps_of_other_alkaloids() -> None:
    found = _read(
        "It holds no more than 150 milligrams of mitragynine per serving, and no more than 250 mg "
        "of total alkaloids per serving; synthetic alkaloids may not exceed 1% by weight."
    )
    unit = Unit.MG_PER_SERVING
    assert found.alkaloid_caps == (
        AlkaloidCap(of=Alkaloid.MITRAGYNINE, value=150, unit=unit),
        AlkaloidCap(of=Alkaloid.TOTAL, value=250, unit=unit),
        AlkaloidCap(of=Alkaloid.SYNTHETIC, value=1, unit=Unit.PERCENT_BY_WEIGHT),
    )
    assert found.seven_oh_caps == ()


def test_a_cap_of_two_alkaloids_together_is_none_of_either() -> None:
    text = "mitragynine and 7-hydroxymitragynine may not exceed 50 mg per serving."
    summed = AlkaloidCap(of=Alkaloid.TOTAL, value=50, unit=Unit.MG_PER_SERVING)
    assert _read(f"The sum of {text}").alkaloid_caps == (summed,)
    assert _read(f"The level of {text}") == Qualifiers()


def test_the_largest_serving_and_package() -> None:
    found = _read(
        "A package may not contain more than 60 grams of kratom powder. A bottle may not hold more "
        "than 30 milliliters. No product shall have more than ten servings per container, and a "
        "serving of kratom may not exceed 3 grams per serving."
    )
    assert found.limits == (
        Limit(value=60, unit=Unit.G_PER_CONTAINER),
        Limit(value=10, unit=Unit.SERVINGS_PER_CONTAINER),
        Limit(value=3000, unit=Unit.MG_PER_SERVING),
    )


def test_amounts_of_other_drugs_are_no_limits() -> None:
    found = _read(
        "Not more than 1.8 grams of codeine per 100 milliliters or not more than 90 milligrams per "
        "dosage unit, with an equal or greater quantity of an isoquinoline alkaloid of opium."
    )
    assert found == Qualifiers()


AGES = {
    "to a person under 21 years of age": 21,
    "to any individual who has not attained the age of eighteen": 18,
    "to anyone younger than twenty-one (21) years": 21,
    "unless the buyer is at least 18 years of age": 18,
    "unless the buyer is 21 years of age or older": 21,
    "to persons under 18": 18,
    "unless the buyer is twenty-one or older": 21,
    "to a person who appears to be under 30 years of age": None,
    "with packaging that a child under 5 years of age can open": None,
    "unless an employee who is at least 18 years of age makes the sale": None,
    "with less than 20 percent of the alkaloids": None,
}


@pytest.mark.parametrize(("text", "age"), AGES.items())
def test_the_minimum_age(text: str, age: int | None) -> None:
    assert _read(f"A retailer may not sell kratom {text}.").min_age == age


def test_the_age_of_the_buyer_comes_before_that_of_the_seller() -> None:
    text = (
        "A person 18 years of age or older who sells kratom to a person under 21 commits a crime."
    )
    assert _read(text).min_age == 21


def test_a_minor_is_as_old_as_the_same_text_says() -> None:
    rule = "A retailer may not sell kratom to a minor."
    assert _read(rule).min_age is None
    text = f"{rule}\nIn this Act, “minor” means an individual under 19 years of age."
    found, spans = qualifiers_in(Marked(text), Span(0, len(rule)))
    assert found.min_age == 19
    assert text[slice(*spans[0])] == "under 19"


WORDED = {
    "labelling": "A product must be labeled with its ingredients.",
    "testing": "A processor shall have each batch tested by an independent laboratory.",
    "registration": "No processor may sell a kratom product that is not registered with the board.",
    "advertising": "A retailer may not advertise kratom as a treatment.",
    "adulterants": "A product may not be adulterated with a dangerous non-kratom substance.",
    "places": "No person shall sell kratom within 1,000 feet of a school.",
    "persons": "It is unlawful for members of the armed forces to possess kratom.",
    "exceptions": "This section does not apply to a carrier.",
    "void_if": "This Act is void if the federal government places kratom in a schedule.",
    "behind_the_counter": "Kratom must be kept behind the counter.",
    "prescription": "Kratom may be supplied only on a prescription.",
    "in_public": "No person may use kratom in a public place.",
    "forms": "A retailer may not sell kratom in the form of a gummy or in a vape.",
}


@pytest.mark.parametrize(("name", "text"), WORDED.items())
def test_a_condition_in_words(name: str, text: str) -> None:
    found = _read(text)
    assert getattr(found, name)
    others = [n for n in WORDED if n != name and getattr(found, n)]
    assert others == []


RULED = [
    ("labelling", "A product must bear a list of ingredients."),
    ("labelling", "The package shall state how much mitragynine is in a serving."),
    ("labelling", "No product is sold in a container that does not list its ingredients."),
    ("persons", "A member of the State Guard may not use kratom."),
    ("persons", "No member on active duty shall possess kratom."),
    ("exceptions", "The bar in section 2 does not reach a laboratory."),
    ("exceptions", "A retailer is not in violation of section 3 if he relied on a processor."),
    ("in_public", "No person shall consume kratom in any place open to the public."),
    ("in_public", "A person shall not, on a bus or train, use kratom."),
    ("places", "No kratom may be sold on premises licensed for the sale of spirits."),
    ("places", "No shop that sells kratom may stand within 500 feet of a school."),
    ("prescription", "Kratom is not sold except upon the written prescription of a doctor."),
]


@pytest.mark.parametrize(("name", "text"), RULED)
def test_a_condition_in_more_words(name: str, text: str) -> None:
    assert getattr(_read(text), name)


UNCONDITIONAL = [
    "“Label” means the display of written matter on a container.",
    "“Independent laboratory” means a laboratory that is accredited.",
    "The rule was filed in the Federal Register.",
    "Do not use this product if you are pregnant.",
    "A kratom product includes a capsule, a beverage and a gummy.",
    "The Alcohol Beverage Control Commissioner may not act on kratom.",
    "Except as otherwise provided in this chapter, the board shall meet.",
    "The school board may study kratom.",
    "The public may comment on a rule about kratom.",
    "A person who has been convicted of a felony may apply.",
    "The fee is $500 for each kratom product.",
    "No drug may be sold with kratom, unless dispensed with a valid prescription.",
]


@pytest.mark.parametrize("text", UNCONDITIONAL)
def test_what_is_no_condition(text: str) -> None:
    assert _read(text) == Qualifiers()


def test_distances_are_given_in_metres_too() -> None:
    places = _read("It is unlawful to sell kratom within 500 feet of a playground.").places
    assert places is not None
    assert places.endswith("(152 m)")


def test_forms_are_the_words_of_the_source() -> None:
    text = "No person shall sell kratom as:\n(a) a vape;\n(b) a product attractive to children."
    assert _read(text).forms == ("vape", "attractive to children")


def test_penalties_for_each_time() -> None:
    text = (
        "A person who violates this section is guilty of a Class B misdemeanor and shall be fined "
        "not less than $500 nor more than $1,000 for a first offense, and up to $5,000 or "
        "imprisoned for not more than one year for a second or subsequent offense."
    )
    first, second = _read(text).penalties
    assert (first.for_, first.class_) == ("first offense", "Class B misdemeanor")
    assert first.fine == "not less than $500 nor more than $1,000"
    assert (second.for_, second.fine) == ("second or subsequent offense", "up to $5,000")
    assert second.prison == "not more than one year"


def test_penalties_in_a_list() -> None:
    text = (
        "A person is subject to a civil penalty:\n(1) for a first violation, of five hundred "
        "dollars ($500);\n(2) for a second violation, of $1,000."
    )
    first, second = _read(text).penalties
    assert (first.fine, second.fine) == ("five hundred dollars ($500)", "$1,000")


PUNISHED = {
    "A person who breaks subsection 2 commits a Class D crime.": "Class D crime",
    "Whoever does so is guilty of a violation.": "violation",
    "A breach of this rule is a Class II offense.": "Class II offense",
    "A seller who breaks this section may lose the business license.": "lose the business license",
    "A breach of it is punishable under Article 92.": "punishable under Article 92",
    "The commander may discipline a member who breaks this rule.": "discipline",
}


@pytest.mark.parametrize(("text", "class_"), PUNISHED.items())
def test_a_punishment_that_is_no_fine(text: str, class_: str) -> None:
    (penalty,) = _read(text).penalties
    assert penalty.class_ == class_


def test_the_last_word_of_a_sentence_on_a_line_of_its_own_is_no_label() -> None:
    text = "A seller shall be imprisoned, with or without labor, for not more than three\nyears."
    (penalty,) = _read(text).penalties
    assert penalty.prison == "not more than three years"


def test_a_list_of_caps_says_first_of_what_they_are() -> None:
    found = _read(
        "A serving of a product must not contain more than:\n(a) Three milligrams of "
        "7-hydroxymitragynine; or\n(b) Forty milligrams of mitragynine."
    )
    assert found.seven_oh_caps == (Cap(value=3, unit=Unit.MG_PER_SERVING),)
    assert [cap.value for cap in found.alkaloid_caps] == [40]
    limits = _read("A package of kratom shall be divided into not more than ten servings.").limits
    assert limits == (Limit(value=10, unit=Unit.SERVINGS_PER_CONTAINER),)


def test_a_punishment_without_an_amount_is_kept_in_its_word() -> None:
    (penalty,) = _read(
        "A person who violates this section is subject to a civil forfeiture."
    ).penalties
    assert penalty.fine == "civil forfeiture"
    (level,) = _read(
        "A person who contravenes it is liable on summary conviction to a fine not exceeding "
        "level 5 on the standard scale."
    ).penalties
    assert level.fine is not None
    assert level.fine.endswith("level 5 on the standard scale")


# What is said of others than the buyer, and what cannot be told.
NO_AGE = (
    "A retailer may not employ a clerk, however qualified, who is less than 18 years of age.",
    "The label of kratom shall bear a warning that persons under 21 should not use it.",
    "A kratom product may not be advertised in a manner attractive to persons under 21.",
    "No person may sell kratom to anyone under twenty-one eighteen years of age.",
)


@pytest.mark.parametrize("text", NO_AGE)
def test_no_age_of_a_buyer(text: str) -> None:
    assert _read(text).min_age is None


def test_who_sells_is_not_whose_age_it_is() -> None:
    assert _read("A licensee may not sell kratom to a person under 21 years of age.").min_age == 21


def test_what_a_label_tells_the_user_is_no_cap() -> None:
    text = "The label must tell the user not to take more than 300 mg of kratom alkaloids per day."
    assert _read(text).alkaloid_caps == ()


def test_a_limit_beside_a_cap() -> None:
    text = (
        "It is unlawful to sell a kratom product the 7-hydroxymitragynine of which exceeds 1 "
        "percent of its total weight, or in a container of more than 250 "
        "grams per container of kratom."
    )
    found = _read(text)
    assert [(cap.value, cap.unit) for cap in found.seven_oh_caps] == [(1, Unit.PERCENT_BY_WEIGHT)]
    assert [(one.value, one.unit) for one in found.limits] == [(250, Unit.G_PER_CONTAINER)]


def test_alkaloids_by_weight_are_a_cap_and_no_limit() -> None:
    found = _read("No kratom product may contain more than 90 mg of its alkaloids per serving.")
    assert [(cap.of, cap.value) for cap in found.alkaloid_caps] == [("total-alkaloids", 90)]
    assert found.limits == ()


def test_an_exception_in_another_item_of_a_list_is_none() -> None:
    text = "No person shall:\n(a) light a fire except in a grill;\n(b) sell or use kratom."
    assert _read(text).exceptions is None
    text = "No person may give kratom to a minor, unless the purchaser is a parent of the minor."
    assert _read(text).exceptions is not None


OTHER_WORDS = (
    ("forms", "A kratom product may not be sold in a form that resembles candy."),
    ("forms", "No person shall sell kratom in a nasal spray."),
    ("forms", "None of the following may be sold:\n(1) kratom that is attractive to children."),
    (
        "forms",
        "Kratom may not be sold in candy form, nor shall it be sold without a label in English.",
    ),
    ("persons", "Members of the force on active duty shall not use kratom."),
    ("behind_the_counter", "Kratom must be kept where customers cannot reach it."),
    ("adulterants", "No person may sell kratom mixed or packed with another controlled substance."),
    ("adulterants", "A kratom product may not be injurious to health."),
    ("behind_the_counter", "Kratom must be kept out of the reach of customers."),
    ("behind_the_counter", "No kratom may be bought without the assistance of an employee."),
    ("advertising", "A seller shall not represent that kratom cures a disease."),
    ("in_public", "No person shall use kratom in any county park."),
)


@pytest.mark.parametrize(("name", "text"), OTHER_WORDS)
def test_other_words_for_the_same_rule(name: str, text: str) -> None:
    assert getattr(_read(text), name)


REAL = {
    "sd/2026/HB1151": (21, [(2, ALKALOIDS)]),
    "nj/222/A4222": (21, [(2, ALKALOIDS)]),
    "id/2026/S1282": (18, [(2, ALKALOIDS), (1, Unit.MG_PER_SERVING)]),
    "ms/2026/SB2645": (21, [(1, ALKALOIDS), (0.5, Unit.MG_PER_CONTAINER)]),
    "ms/2026/HB1712": (None, []),
}


@pytest.mark.parametrize("bill", REAL)
def test_real_bills(samples: Path, bill: str) -> None:
    files = (samples / "us" / "kratom_bills" / bill / "files").iterdir()
    texts = [read_text(file.read_bytes()).text for file in files if file.suffix != ".pdf"]
    found = [qualifiers_in(Marked(t), Span(0, len(t)))[0] for t in texts if "kratom" in t]
    age, caps = REAL[bill]
    assert {one.min_age for one in found} == {age}
    assert {one.seven_oh_caps for one in found} == {tuple(Cap(value=v, unit=u) for v, u in caps)}
    assert {one.limits for one in found} == {()}


_SUBJECTS = st.sampled_from(
    ["7-hydroxymitragynine", "7-OH", "7-hydroxy-mitragynine", "7 hydroxymitragynine"]
)
_MOST = st.sampled_from(["more than", "greater than", "in excess of", "exceeding", "above"])
_UNITS = st.sampled_from(
    [
        ("percent of the alkaloid composition", Unit.PERCENT_OF_ALKALOIDS),
        ("% of the total alkaloid content", Unit.PERCENT_OF_ALKALOIDS),
        ("percent by weight", Unit.PERCENT_BY_WEIGHT),
        ("parts per million", Unit.PPM),
        ("ppm on a dry-weight basis", Unit.PPM),
        ("milligrams per serving", Unit.MG_PER_SERVING),
        ("mg per package", Unit.MG_PER_CONTAINER),
        ("mg per gram", Unit.MG_PER_G),
    ]
)
_WRITTEN = st.one_of(
    st.integers(1, 900).map(lambda n: (str(n), float(n))),
    st.decimals(0, 99, places=2).filter(bool).map(lambda n: (str(n), float(n))),
    st.integers(1, 99).map(lambda n: (_in_words(n), float(n))),
    st.integers(1, 99).map(lambda n: (f"{_in_words(n)} ({n})", float(n))),
)
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"]
_UNDER_TWENTY = [
    *["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    *[*_TEENS, "eighteen", "nineteen"],
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def _in_words(number: int) -> str:
    if number < 20:
        return _UNDER_TWENTY[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_UNDER_TWENTY[ones]}" if ones else "")


@given(_SUBJECTS, _MOST, _WRITTEN, _UNITS)
def test_a_cap_is_read_however_it_is_written(
    subject: str, most: str, written: tuple[str, float], unit: tuple[str, Unit]
) -> None:
    text = f"A processor shall not sell a product with {subject} {most} {written[0]} {unit[0]}."
    assert _read(text).seven_oh_caps == (Cap(value=written[1], unit=unit[1]),)


@given(st.integers(18, 21), st.sampled_from(["{}", "{words}", "{words} ({})"]))
def test_an_age_is_read_however_it_is_written(age: int, written: str) -> None:
    shown = written.format(age, words=_in_words(age))
    assert _read(f"No person shall sell kratom to anyone under the age of {shown}.").min_age == age


_PIECES = st.sampled_from(
    [*CAPS, *AGES, *WORDED.values(), *UNCONDITIONAL, "(", ")", "[", "]", "$", "%", "\n", ":\n", "İ"]
)


@given(st.lists(_PIECES, max_size=12).map(" ".join), st.integers(0, 400), st.integers(0, 400))
def test_spans_lie_in_the_text_and_words_are_short(text: str, start: int, size: int) -> None:
    start = min(start, len(text))
    found, spans = qualifiers_in(Marked(text), Span(start, min(len(text), start + size)))
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    for name in ("labelling", "testing", "registration", "advertising", "exceptions", "void_if"):
        words = getattr(found, name)
        assert words is None or (0 < len(words) <= MAX_SUMMARY and "\n" not in words)


@given(st.text(max_size=900), st.integers(0, 899))
def test_a_summary_is_short_and_on_one_line(text: str, around: int) -> None:
    shown = summary(text, min(around, len(text)))
    assert len(shown) <= MAX_SUMMARY
    assert "\n" not in shown


HOSTILE = {
    "digits": "1" * 1_000_000 + " percent of 7-OH",
    "percent": "more than 2% of 7-OH " * 50_000,
    "parentheses": "(" * 500_000 + "2" + ")" * 500_000 + "%",
    "words": "kratom label " * 80_000,
    "numbers": "one hundred and " * 60_000 + "percent",
    "minor": "minor " * 160_000,
    "fines": "a fine of not less than $1 nor more than $2; " * 22_000,
    "blanks": "fine " + " " * 1_000_000,
    "schools": "feet " * 200_000 + "school",
    "if": "void if when upon federal " * 40_000,
    "offense": "first or subsequent offense " * 36_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_bounded_time(name: str) -> None:
    text = HOSTILE[name]
    started = time.process_time()
    qualifiers_in(Marked(text), Span(0, len(text)))
    assert time.process_time() - started < 2

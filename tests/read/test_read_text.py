"""Bytes of any kind as normalised text, with a map back to where each character stood."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import time
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kratom_atlas.model.crawling import Fault
from kratom_atlas.read import pdf
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.media import Media, decode
from kratom_atlas.read.text import TEXT_LIMIT, NormalText, normalise, read_base64, read_text

from .test_read_bytes import fault_of, zipped


def html(body: str) -> str:
    return read_text(f"<html><body>{body}</body></html>".encode()).text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>Kratom &amp; <b>Mit</b>ragyna</p><p>x", "Kratom & Mitragyna\nx"),
        ("<table><tr><td>Popis<td>Kratom</tr><tr><td>x</table>", "Popis\tKratom\nx"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("one\n   line &nbsp; of&#160;text", "one line of text"),
        ("7-\nhydroxymitragynine and non-\n  synthetic", "7-hydroxymitragynine and non-synthetic"),
        ("kra&shy;tom mitra\u200bgy\u00adnine", "kratom mitragynine"),
        ("<script>if (a < b) {'</p>'}</script><style>p{}</style><nav>Home</nav>x", "x"),
        ("<div role='navigation'><div>Menu</div></div>x", "x"),
        ("a <s>b</s> <strike>c</strike> <del>d</del> e", "a e"),
        ("a<span style='text-decoration: line-through'>b <span>c</span></span>d", "a d"),
        ("a <s>never closed", "a never closed"),
        ("<!-- <p>no --> yes <!-- open", "yes <!-- open"),
        ("1 < 2 & 3 > 2 <3 &bogus; <", "1 < 2 & 3 > 2 <3 &bogus; <"),
        ('<p title="a > b">x</p>', "x"),
        ('<p title="open>x</p><p>y</p>', "x\ny"),
        ("<span style='top:5px'>1 a</span><span style='top:9px'>b</span>", "1 a\nb"),
        ("<pre>  line one\n  line two\nmitra-\ngynine</pre>", "line one\nline two\nmitragynine"),
    ],
)
def test_html(body: str, text: str) -> None:
    assert html(body) == text


def test_lines_of_69_columns_are_joined() -> None:
    line = "The term kratom product means a food that contains any part of the leaf of"
    assert html(f"<pre>{line}\nMitragyna speciosa.\n    (b) Next.</pre>") == (
        f"{line} Mitragyna speciosa.\n(b) Next."
    )


def test_struck_text_is_left_out_and_can_be_kept() -> None:
    body = (
        b"<html><style>p.x, span.cs6 {color: red; text-decoration: line-through;}</style>"
        b"<p>Sec. 1 <span class='a cs6'>kratom</span> is gone"
    )
    found = read_text(body)
    assert found.text == "Sec. 1 is gone"
    assert "struck" in found.flags
    assert read_text(body, struck=True).text == "Sec. 1 kratom is gone"
    assert "struck" not in read_text(body, struck=True).flags


def test_xml_of_any_vocabulary() -> None:
    body = """<?xml version="1.0"?><akn:act xmlns:akn="urn:a"><akn:num>1</akn:num><akn:p>The
    <akn:ref href="#">plant</akn:ref> Mit<akn:b>ragyna</akn:b></akn:p><akn:del>old</akn:del>
    <tbl><entry>a</entry><entry>b</entry></tbl><![CDATA[5 < 6]]><amend ea="erase">no</amend>
    </akn:act>"""
    assert read_text(body.encode()).text == "1\nThe plant Mitragyna\na\tb\n5 < 6"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("7-\nhydroxymitragynine", "7-hydroxymitragynine"),
        ("mitra-\r\ngynine, KRA-\nTOM", "mitragynine, KRATOM"),
        ("mitra\u00ad\ngynine", "mitragynine"),
        ("Hamilton-\nSmith", "Hamilton-Smith"),
        ("ﬁsh e\u0301 １２Ａ 10⁶ ½", "fish é 12A 10⁶ ½"),
        ("น้ำต้มใบกระท\uf70aอม", "น้ำต้มใบกระท่อม"),
        ("ミトラギニン・クラトム", "ミトラギニン・クラトム"),
        ("a\x00b\x07c \t d", "abc\td"),
    ],
)
def test_plain_text(source: str, text: str) -> None:
    assert normalise(source).text == text


NUMBERED = (
    "STATE OF X\n1 An act about\n2 kratom and 7-\n3 hydroxymitragynine and mitra-\n4 gynine in\n"
    "5 section 21\n6 of this\n7 code and\n8mitragynine and\n97-hydroxymitragynine\n10 (a) end\n"
    "- 1 -\n1 next page\n2 of it\n3 has\n4 its\n5 own"
)


def test_line_numbers_are_taken_out() -> None:
    found = normalise(NUMBERED)
    assert found.text.split("\n") == [
        "STATE OF X",
        "An act about",
        "kratom and 7-hydroxymitragynine and mitragynine in",
        *("section 21", "of this", "code and", "mitragynine and", "7-hydroxymitragynine"),
        *("(a) end", "- 1 -", "next page", "of it", "has", "its", "own"),
    ]
    assert "line-numbers" in found.flags
    ends = "\n".join(f"words of line {'abcdefg'[i]} {i + 1}" for i in range(7))
    assert "7" not in normalise(ends).text


@pytest.mark.parametrize(
    "text", ["1. one\n2. two\n3. three\n4. four\n5. five", "21 U.S.C.\n5 mg\n2019 act\n1 x\n2 y"]
)
def test_other_numbers_stay(text: str) -> None:
    assert normalise(text).text == text


def test_json_values_with_escapes_and_markup() -> None:
    body = rb'{"title": "Kr\u0061tom\nAct", "html": "<p>a<\/p><p>\u00e9", "n": 3, "url": ""}'
    found = read_text(body)
    assert found.text == "Kratom\nAct\na\né"
    at = found.text.index("Act")
    assert decode(body).text[found.origin(at) :].startswith("Act")
    assert found.locator(at) == f"char {found.origin(at)}"


def test_base64_in_json() -> None:
    packed = base64.b64encode(b"<p>kratom</p>").decode()
    assert read_base64(packed, "application/pdf").text == "kratom"
    assert read_base64(packed.rstrip("=") + "\n").text == "kratom"
    assert fault_of(lambda: read_base64("%%%")) is Fault.WRONG_TYPE
    assert fault_of(lambda: read_base64("abcde")) is Fault.TRUNCATED
    long = '{"doc": "' + "QUJD" * 200 + '", "t": "x"}'
    assert read_text(long.encode()).text == "x"


def test_word_processor_files() -> None:
    document = (
        b'<w:document xmlns:w="urn:w"><w:body><w:p><w:r><w:t>Kra</w:t></w:r><w:r><w:t>tom</w:t>'
        b"</w:r><w:r><w:rPr><w:strike/></w:rPr><w:t>gone</w:t></w:r><w:r><w:rPr><w:strike "
        b'w:val="0"/></w:rPr><w:t> stays</w:t></w:r></w:p> <w:tbl><w:tr><w:tc><w:p><w:r><w:t>a'
        b"</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        b"</w:body></w:document>"
    )
    found = read_text(zipped(**{"word__document.xml": document}))
    assert found.text == "Kratom stays\na\nb"
    assert "struck" in found.flags
    assert read_text(rb"{\rtf1\ansi Kr\'e1tom {\b act}\par two}").text == "Krátom act\ntwo"
    assert fault_of(lambda: read_text(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) is Fault.WRONG_TYPE


def test_the_map_leads_back() -> None:
    source = "<html><p>Sec.  1 &sect;</p>\n<p>kratom <s>x</s>mitra&shy;gynine</p>"
    found = normalise(source, Media.HTML)
    start = found.text.index("mitragynine")
    first, last = found.span(start, start + len("mitragynine"))
    assert source[first:last] == "mitra&shy;gynine"
    assert source[found.origin(found.text.index("§")) :].startswith("&sect;")
    assert found.origin(len(found.text)) <= len(source)
    with pytest.raises(IndexError):
        found.origin(len(found.text) + 1)
    assert found.sha256 == normalise("Sec. 1 §\nkratom mitragynine").sha256


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<c>D.C. Act 26-17</c><c>2 DCR 1</c>", "D.C. Act 26-17\n2 DCR 1"),
        (
            "<text>by <citation>D.C. Act 26-17</citation><citation>2 DCR 1</citation>.</text>",
            "by D.C. Act 26-17 2 DCR 1.",
        ),
        ("<p>see <cite>(a)</cite>; <term>leaf</term>s</p>", "see (a); leafs"),
        ("<p>as of <wie>Article 2</wie>, the <wie>plant</wie>.</p>", "as of Article 2, the plant."),
        ("<p>no<wie>te 2</wie>of</p>", "no te 2 of"),
        ("<body>Intro<par>One</par><par>Two</par></body>", "Intro\nOne\nTwo"),
        ("<sec><nr>1</nr>Kratom<nr>2</nr>leaf</sec>", "1\nKratom\n2\nleaf"),
        ("<p>shall<page>12</page>after</p>", "shall\n12\nafter"),
        (
            "<sum><![CDATA[<p><b>An Act</b></p><p>Kratom &amp; <s>x</s>y]]></sum>",
            "An Act\nKratom & y",
        ),
        ("<l><nr>1</nr>a<nr>2</nr>b<nr>3</nr>c<nr>4</nr>d<nr>5</nr>e</l>", None),
    ],
)
def test_elements_of_unknown_vocabularies(body: str, text: str | None) -> None:
    found = read_text(f"<?xml version='1.0'?><doc>{body}</doc>".encode())
    assert found.text == (text or "1\na\n2\nb\n3\nc\n4\nd\n5\ne")
    assert "line-numbers" not in found.flags


def test_what_follows_an_empty_struck_element_stays() -> None:
    assert html("Date: <s></s>March 3") == "Date: March 3"
    assert html("<s>a</s><s></s>b<p><s>c</s></p>d") == "b\nd"


def test_text_that_comes_in_many_stretches_reads_as_one() -> None:
    line = "A person may not sell mitra-\ngynine  or\tkra\u00adtom to e\u0301lite  \U0001d51e\n"
    source = line * 20_000
    found = normalise(source)
    once = normalise(line).text
    assert found.text == "\n".join([once] * 20_000)
    for number in (0, 9_999, 19_999):
        start, end = found.span(number * (len(once) + 1), number * (len(once) + 1) + len(once))
        assert source[start:end] == line.rstrip("\n")
    tags = normalise("<p>kra<b>tom</b> <i>x</i></p>" * 30_000, Media.HTML)
    assert tags.text == "\n".join(["kratom x"] * 30_000)


def check_map(found: NormalText, source: str) -> None:
    places = [found.origin(i) for i in range(len(found.text) + 1)]
    assert all(0 <= place <= len(source) for place in places)
    assert places == sorted(places)


MARKUP = st.lists(
    st.sampled_from(
        [
            *"<>&;-\n\t\"'/! a1\\{",
            *("<p>", "</p>", "<s>", "</s>", "<pre>", "</pre>", "<!--", "-->", "<td x='", "&amp;"),
            *("&#x66;", "\xad", "ﬁ", "e\u0301", "<script>", "</script>", "1 a\n", "2 b\n"),
            *("<![CDATA[", "]]>", "\\u0041", "mitra-\n"),
        ]
    ),
    max_size=60,
).map("".join)


@given(MARKUP, st.sampled_from([Media.HTML, Media.XML, Media.JSON, Media.TEXT]), st.booleans())
def test_the_map_is_monotone_and_within_bounds(source: str, media: Media, struck: bool) -> None:
    check_map(normalise(source, media, struck=struck), source)


@given(st.binary(max_size=300), st.sampled_from([None, *Media]))
def test_reading_raises_faults_and_nothing_else(body: bytes, media: Media | None) -> None:
    if media is Media.PDF or body.startswith(b"%PDF"):
        return
    try:
        found = read_text(body, media=media)
    except FaultError:
        return
    assert found.text


def test_size_is_bounded() -> None:
    assert fault_of(lambda: read_text(bytes(300_000_000))) is Fault.TOO_LARGE
    assert fault_of(lambda: read_text(b"x" * 100, limit=10)) is Fault.TOO_LARGE


@pytest.mark.parametrize(
    "piece", ["<a ", '<a "', "<a b='", "<!--", "<![CDATA[", "</", "<s>", "&", "<p ", "-\n", "1\n"]
)
def test_hostile_markup_takes_no_longer_than_other(piece: str) -> None:
    began = time.monotonic()
    with suppress(FaultError):
        normalise(piece * (1_000_000 // len(piece)), Media.HTML)
    assert time.monotonic() - began < 8


MEASURE = """
import resource, sys
from kratom_atlas.read.faults import FaultError
from kratom_atlas.read.text import read_text
read_text(b"<p>x</p>")
piece, size = eval(sys.argv[1]), int(sys.argv[2])
body = piece * (size // len(piece)) + eval(sys.argv[3])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_text(body)
except FaultError as error:
    print(error.fault.value, file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
LINE = b"A person may not sell a kratom product to anyone below the age of 21 years.\n"


@pytest.mark.parametrize(
    ("piece", "end", "times"),
    [(LINE, b"", 4), (b"<p>" + LINE, b"", 5), (b"a  b\r\n", "\U0001f33f".encode(), 12)],
)
def test_memory_is_a_few_times_the_input(piece: bytes, end: bytes, times: int) -> None:
    size = 20_000_000
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, repr(piece), str(size), repr(end)],
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert int(done.stdout) * 1024 < times * size


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"<html>" + b"<p>" * 4_000_000, Fault.TOO_LARGE),
        (b"<html>" + b"<i>a</i>" * 500_000, Fault.BOMB),
        (b"[" + b'"<b>a",' * 210_000 + b'""]', Fault.TOO_LARGE),
        (b"a-\n" * 600_000, Fault.TOO_LARGE),
        (b"x" * (TEXT_LIMIT + 1), Fault.TOO_LARGE),
    ],
)
def test_more_than_any_law_has_is_refused(body: bytes, fault: Fault) -> None:
    began = time.monotonic()
    assert fault_of(lambda: read_text(body)) is fault
    assert time.monotonic() - began < 20


# -- PDF --------------------------------------------------------------------------------------


def make_pdf(*pages: str, image: bool = False, count: int = 0) -> bytes:
    """A small PDF: one content stream a page, with one picture on each if asked."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1"]
    objects[2] += b" /BaseFont /Helvetica >>"
    objects.append(
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray"
        b" /BitsPerComponent 8 /Length 1 >>\nstream\n\x80\nendstream"
    )
    kids = []
    for page in pages:
        content = page.encode("latin-1")
        if image:
            content += b" q 600 0 0 800 0 0 cm /I Do Q"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R /Resources"
            b" << /Font << /F 3 0 R >> /XObject << /I 4 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    kids *= max(1, count)
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    body = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    xref = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n"
        b"%%%%EOF" % (size, xref, size, len(body))
    )


def show(*lines: str) -> str:
    moves = " ".join(f"({line}) Tj 0 -20 Td" for line in lines)
    return f"BT /F 12 Tf 72 700 Td {moves} ET"


def test_pdf_text_with_pages() -> None:
    body = make_pdf(show("Section 1.", "Sale of 7-", "hydroxymitragynine"), show("On page two"))
    found = read_text(body)
    assert found.text == "Section 1.\nSale of 7-hydroxymitragynine\nOn page two"
    assert found.locator(3) == "p. 1"
    assert found.locator(found.text.index("On page")) == "p. 2"
    assert not found.scanned


def test_scanned_pages_are_flagged_not_guessed() -> None:
    found = read_text(make_pdf("", show("words"), image=True))
    assert found.text == "words"
    assert found.scanned == (1, 2)
    assert found.flags == {"scanned"}
    assert read_text(make_pdf("", image=True)).text == ""
    assert fault_of(lambda: read_text(make_pdf(""))) is Fault.EMPTY


def test_damaged_and_endless_pdfs() -> None:
    assert fault_of(lambda: read_text(b"%PDF-1.4 nothing else")) is Fault.TRUNCATED
    too_many = make_pdf(show("x"), count=pdf.MAX_PAGES + 1)
    assert fault_of(lambda: read_text(too_many)) is Fault.TOO_LARGE
    assert read_text(make_pdf(show("still here"))).text == "still here"


def pdf_bomb(megabytes: int) -> bytes:
    """A page whose content is packed twice and unpacks to so many megabytes of operators."""
    piece = b"BT /F 1 Tf (x) Tj ET " * 50_000
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(piece) for _ in range(megabytes)) + packer.flush()
    twice = zlib.compress(packed, 9)
    head = b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n" % len(twice)
    plain = make_pdf("MARK")
    start = plain.index(b"<< /Length 4 >>")
    end = plain.index(b"endstream", plain.index(b"MARK"))
    return plain[:start] + head + twice + b"\n" + plain[end:]


def test_a_bomb_costs_the_worker_and_not_us() -> None:
    body = pdf_bomb(150)
    assert len(body) < 1_000_000
    began = time.monotonic()
    with pytest.raises(FaultError) as caught:
        pdf.read_pdf(body, seconds=8)
    assert caught.value.fault in {Fault.BOMB, Fault.TOO_SLOW, Fault.TRUNCATED, Fault.TOO_LARGE}
    assert time.monotonic() - began < 15
    assert pdf.read_pdf(make_pdf(show("after"))).pages == ("after",)


def test_a_worker_that_is_late_or_dead_is_replaced() -> None:
    slow = make_pdf(show("x"), count=2900)
    assert fault_of(lambda: pdf.read_pdf(slow, seconds=0.01)) is Fault.TOO_SLOW
    pdf.read_pdf(make_pdf(show("x")))
    worker = pdf._current
    assert worker is not None
    os.kill(worker._process.pid, 9)
    worker._process.wait()
    assert pdf.read_pdf(make_pdf(show("y"))).pages == ("y",)


def test_a_worker_that_a_document_kills() -> None:
    pdf.read_pdf(make_pdf(show("x")))
    worker = pdf._current
    assert worker is not None
    slow = make_pdf(show("x " * 2000), count=2900)
    timer = threading.Timer(0.1, os.kill, (worker._process.pid, 11))
    timer.start()
    assert fault_of(lambda: pdf.read_pdf(slow)) is Fault.BOMB
    timer.join()
    assert pdf.read_pdf(make_pdf(show("y"))).pages == ("y",)


def test_threads_take_turns() -> None:
    found: dict[int, str] = {}

    def read(number: int) -> None:
        found[number] = read_text(make_pdf(show(f"thread {number}"))).text

    threads = [threading.Thread(target=read, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: f"thread {n}" for n in range(6)}


def test_the_worker_ends_with_the_program() -> None:
    program = (
        "import sys; from kratom_atlas.read import pdf; assert pdf._current is None\n"
        "body = sys.stdin.buffer.read(); print(pdf.read_pdf(body).pages)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        input=make_pdf(show("bye")),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", b"('bye',)\n")
    pdf.close()

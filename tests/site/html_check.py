"""A parser that forgives nothing, and what a page says and links to."""

from __future__ import annotations

from html.parser import HTMLParser

BLOCKS = {"p", "div", "dt", "dd", "th", "td", "li", "br", "small", "h1", "h2", "h3", "h4"}
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """One document, read strictly: every element is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.title = ""
        self.cards: dict[str, tuple[str, str]] = {}
        self._pending: list[str] = []
        self._word: str | None = None
        assert text.startswith("<!doctype html>\n")
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"
        assert len(set(self.ids)) == len(self.ids), "an id stands twice"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in BLOCKS:
            self.words.append(" ")
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute of {tag} stands twice"
        values = {name: value or "" for name, value in attrs}
        self.attributes.extend((tag, name, value) for name, value in values.items())
        if "id" in values:
            self.ids.append(values["id"])
        if "href" in values:
            leads = tag != "link" or values["rel"] == "alternate"
            (self.links if leads else self.loads).append(values["href"])
        if "src" in values:
            self.loads.append(values["src"])
        if tag == "article" and values.get("class") == "card":
            self._pending = []
        if tag == "a" and "href" not in values:
            self._pending.append(values["id"])
        if tag == "p" and values.get("class") == "word":
            self._word = ""
        if tag == "span" and self._word == "":
            self._word = values["class"].removeprefix("s s-")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        raise AssertionError(f"<{tag}/> with {attrs}")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "title":
            self.title += data
        if self._word and self.open[-1] == "span" and data.strip():
            for substance in self._pending:
                self.cards[substance] = (self._word, data.strip())
            self._word, self._pending = None, []
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

"""A document in two languages is one document: what runs and what is listed in one is so in the other.

`test_docs.py` runs the English one; a Korean one with the same blocks needs no run of its own.
"""

import re
from pathlib import Path

import pytest

from servers import ROOT

TRANSLATED = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.ko.md"), *ROOT.glob("docs/**/*.ko.md")))
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
RUST_PATH = re.compile(r"`(?P<type>[A-Z]\w+)::(?P<item>\w+)`")


def documents_of(translated: str) -> tuple[Path, Path]:
    """The English document and the Korean one."""
    korean = ROOT / translated
    return korean.with_name(korean.name.removesuffix(".ko.md") + ".md"), korean


def outline(markdown: str) -> list[str]:
    """How headings, items and rows of tables follow each other, without their words."""
    lines = FENCE.sub("", markdown).splitlines()
    return [start[0] for line in lines if (start := re.match(r"#+ |- |\|", line))]


@pytest.mark.parametrize("translated", TRANSLATED)
def test_both_languages_show_the_same(translated: str):
    english, korean = (document.read_text() for document in documents_of(translated))
    assert FENCE.findall(korean) == FENCE.findall(english)
    assert outline(korean) == outline(english)
    assert sorted(RUST_PATH.findall(korean)) == sorted(RUST_PATH.findall(english))


@pytest.mark.parametrize("translated", TRANSLATED)
def test_each_language_leads_to_the_other_and_nowhere_into_the_void(translated: str):
    english, korean = documents_of(translated)
    assert english.read_text().splitlines()[2] == f"[한국어]({korean.name})"
    assert korean.read_text().splitlines()[2] == f"[English]({english.name})"
    for document in (english, korean):
        dead = [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()]
        assert not dead, document


@pytest.mark.parametrize("translated", TRANSLATED)
def test_what_is_called_by_name_exists(translated: str):
    """`Engine::open` in a text: a type of that name, and an item of that name beside it."""
    sources = [path.read_text() for path in ROOT.glob("crates/*/src/**/*.rs")]
    english, _ = documents_of(translated)
    for named in RUST_PATH.finditer(english.read_text()):
        of_the_type = [text for text in sources if re.search(rf"\b{named['type']}\b", text)]
        item = re.compile(rf"\b(?:fn|const) {named['item']}\b|^    {named['item']}[,(]|^    pub {named['item']}:", re.M)
        assert any(map(item.search, of_the_type)), named[0]


def test_there_are_translations():
    """The tests above would be content with none."""
    assert {"README.ko.md", "docs/quickstart.ko.md", "docs/concepts.ko.md", "docs/from-flask.ko.md"} <= set(TRANSLATED)

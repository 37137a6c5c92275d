"""Spelling and terms of the guides."""

import re
from pathlib import Path

import pytest

from civicportal.util.persian import store
from docs.tools.words import unknown_labels

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("src/**/guide/fa/*.md"), *ROOT.glob("plugins/*/src/**/guide/fa/*.md")]
#: What is often written wrongly, and how it is meant. A word ends before a space, a stop or the half-space.
FAULTS = {
    r"\b(?:ن?می) (?=[آ-ی])": "می and its verb are joined by a half-space",
    r"(?<=[آ-ی]) (?:ها|های|هایی|ترین)\b": "the ending is joined by a half-space",
    r"[٠-٩]": "these digits are Arabic",
    r"[آ-ی][,;?]": "Persian has its own comma, semicolon and question mark",
    r"[آ-ی]ه ی\b": "the ezafe after a silent he is written ۀ or هٔ",
    r" [،؛.؟»]": "no space before a stop",
    r"\u200c(?:\s|$)|\s\u200c": "a half-space stands between letters",
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parts[-4]}-{page.name}")
class TestPersian:
    def test_letters_are_those_that_the_portal_keeps(self, page: Path) -> None:
        lines = page.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if store(line) != line.strip()] == []

    @pytest.mark.parametrize(("fault", "reason"), FAULTS.items())
    def test_is_spelt_as_it_should_be(self, page: Path, fault: str, reason: str) -> None:
        found = [
            match[0]
            for match in re.finditer(rf".{{0,20}}(?:{fault}).{{0,10}}", page.read_text(encoding="utf-8"))
        ]
        assert found == [], reason

    def test_bold_words_stand_on_the_pages_of_the_portal(self, page: Path) -> None:
        assert unknown_labels(page.read_text(encoding="utf-8")) == []


ENGLISH = [Path(str(page).replace("/guide/fa/", "/guide/en/")) for page in PAGES]
HEADING = re.compile(r"^(#+) ", re.MULTILINE)


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: f"{page.parts[-4]}-{page.name}")
class TestEnglish:
    def test_bold_words_stand_on_the_pages_of_the_portal(self, page: Path) -> None:
        assert unknown_labels(page.read_text(encoding="utf-8"), "en") == []

    def test_has_the_sections_of_the_persian_guide(self, page: Path) -> None:
        persian = Path(str(page).replace("/guide/en/", "/guide/fa/"))
        of_both = [HEADING.findall(one.read_text(encoding="utf-8")) for one in (page, persian)]
        assert of_both[0] == of_both[1]

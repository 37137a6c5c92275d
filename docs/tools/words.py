"""Check that the bold words of the guides are labels of the portal."""

import re
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
PUNCTUATION = ".:؟?!،… "


@cache
def labels(locale: str = "fa") -> frozenset[str]:
    """Return every text of the portal's pages in a language, Persian or the English of the code."""
    found = set()
    for path in [*ROOT.glob("src/*/locale/fa/**/*.po"), *ROOT.glob("plugins/*/src/*/locale/fa/**/*.po")]:
        with path.open(encoding="utf-8") as file:
            for message in read_po(file, locale="fa"):
                text = message.string if locale == "fa" else message.id
                if isinstance(text, str):
                    found.add(text.strip(PUNCTUATION))
    return frozenset(found)


def unknown_labels(text: str, locale: str = "fa") -> list[str]:
    """Return the bold words of a page that no page of the portal shows; sentences are no labels."""
    found = [words for words in BOLD.findall(text) if not words.endswith((".", "؟", ".”"))]
    return [words for words in found if words.strip(PUNCTUATION) not in labels(locale)]

"""Check that the bold words of the Persian guide are labels of the portal."""

import re
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
PUNCTUATION = ".:؟!،… "


@cache
def labels() -> frozenset[str]:
    """Return every Persian text of the portal's pages."""
    found = set()
    for path in [*ROOT.glob("src/*/locale/fa/**/*.po"), *ROOT.glob("plugins/*/src/*/locale/fa/**/*.po")]:
        with path.open(encoding="utf-8") as file:
            for message in read_po(file, locale="fa"):
                if isinstance(message.string, str):
                    found.add(message.string.strip(PUNCTUATION))
    return frozenset(found)


def unknown_labels(text: str) -> list[str]:
    """Return the bold words of a page that no page of the portal shows; sentences are no labels."""
    found = [words for words in BOLD.findall(text) if not words.endswith((".", "؟"))]
    return [words for words in found if words.strip(PUNCTUATION) not in labels()]

"""Generated input: examples of what people send, changed in ways that break parsers.

The same name and number give the same input.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

PIECES = (
    "\0", "\ud800", "\udfff", "\u202e", "\u2066", "\u2069", "\u200c", "\u200d", "\u200f", "\ufeff", "\u00ad", "\u0301",
    "\U000e0041", "\uffff", "\U0010ffff", "\x1b", "\x7f", "\x85", "\u2028", "\r\n", "\n", "\t", "\u3000", " ", "\u00a0",
    "NaN", "nan", "Infinity", "-inf", "1e309", "-1e-400", "0x1F", "1_000", "9" * 20, "9" * 400, "9" * 5000, "-0", "00",
    "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", "۱۴۰۵", "٫", "٬", "²", "Ⅷ", "𝟘", "１２", "½", "௧", "ß", "İ", "ﷺ", "ﬃ", "ي", "ك", "ة", "ۀ",
    "__start__", "__end__", "x:mapping", "x:sequence", "csrf_token", "'", '"', "''", "`", "«", "»", "“", "<script>alert(1)</script>",
    "<b", "&lt;", "&#0;", "]]>", "<!--", "javascript:alert(1)", "](", "![", "[a](b)", "**", "#", "%00", "%", "%zz", "%s", "%(x)s",
    "{0}", "{", "}", "${x}", "{{ x }}", "{% x %}", "../", "/", "//", "\\", "|", "*", "?", "(", ")", "AND", "OR", "NEAR(", ":*", "!",
    "-", "–", "−", "+", ".", ",", ":", ";", "=", "&", "true", "null", "[]", "{}", "[[", "0", "1", "=1+1", "@", "۱۲:۳۰", "سلام", "چاله",
    "[" * 3000, '{"a":' * 3000,
)  # fmt: skip
"""What has broken readers of texts: elsewhere, or here."""
_DIGITS = ["۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９"]
_IN_OTHER_DIGITS = [str.maketrans("0123456789", digits) for digits in _DIGITS]
_LAST = 0x10FFFF
LONGEST = 20_000
"""Characters of a text: ten times what any field takes."""


class Source:
    """Makes the parts of one input.

    :param name: of what reads it.
    :param number: of the input.
    """

    def __init__(self, name: str, number: int) -> None:
        self.rng = Random(f"{name}:{number}")

    def chance(self, share: float) -> bool:
        """Return whether something happens that happens in this share of all cases."""
        return self.rng.random() < share

    def pick(self, choices: Sequence[Any]) -> Any:
        """Return one of several."""
        return choices[int(self.rng.random() * len(choices))]

    def below(self, most: int) -> int:
        """Return a number from 0 that is less than ``most``, small ones more often."""
        return int(self.rng.random() ** 2 * most)

    def text(self, examples: Sequence[str] = ("",)) -> str:
        """Return a text: an example as it is, one that was changed, or something quite different."""
        return self._any_text(examples)[:LONGEST]

    def _any_text(self, examples: Sequence[str]) -> str:
        way = self.rng.random()
        if way < 0.15:
            return str(self.pick(examples))
        if way < 0.75:
            return self._changed(str(self.pick(examples)))
        if way < 0.9:
            return "".join(self.pick(PIECES) for _ in range(1 + self.below(8)))
        if way < 0.98:
            return "".join(chr(self.below(_LAST + 1)) for _ in range(self.below(60)))
        return str(self.pick(PIECES)) * (1 + self.below(3000))

    def bytes(self, examples: Sequence[bytes]) -> bytes:
        """Return bytes: an example in which some were changed, or any."""
        if self.chance(0.03):
            return self.rng.randbytes(self.below(2000))
        data = bytearray(self.pick(examples))
        for _ in range(self.below(5)):
            self._change_bytes(data)
        return bytes(data)

    def json(self, examples: Sequence[str] = ("",), depth: int = 4) -> Any:
        """Return a value that JSON can write."""
        way = self.rng.random()
        if way < 0.4 or depth == 0:
            return self.text(examples)
        if way < 0.6:
            return self.number()
        if way < 0.7:
            return self.pick((None, True, False))
        items = range(self.below(6))
        if way < 0.85:
            return [self.json(examples, depth - 1) for _ in items]
        return {self.text(examples): self.json(examples, depth - 1) for _ in items}

    def number(self) -> int | float:
        """Return a number that stands at an edge more often than not."""
        edge = self.pick(
            (0, 1, -1, 2**31, 2**53, 2**63, 2**64, 10**19, 10**400, -(2**63), 1e300, 0.1, -0.0, 1e-320)
        )
        return edge if self.chance(0.3) else edge + self.below(100) if isinstance(edge, int) else edge

    def replaced(self, value: Any, examples: Sequence[str] = ("",)) -> Any:
        """Return a value of JSON in which some parts are others, or are missing."""
        if self.chance(0.06):
            return self.json(examples, 2)
        if isinstance(value, dict):
            kept = {
                name: self.replaced(part, examples) for name, part in value.items() if not self.chance(0.04)
            }
            return {**kept, self.text(): self.json()} if self.chance(0.03) else kept
        if isinstance(value, list):
            return [
                self.replaced(part, examples) for part in value for _ in range(2 if self.chance(0.05) else 1)
            ]
        return self.text([value]) if isinstance(value, str) and self.chance(0.15) else value

    def _changed(self, text: str) -> str:
        for _ in range(1 + self.below(4)):
            way, place = self.rng.random(), self.below(len(text) + 1)
            end = place + self.below(5)
            if way < 0.4:
                text = text[:place] + self.pick(PIECES) + text[place:]
            elif way < 0.55:
                text = text[:place] + text[end:]
            elif way < 0.65:
                text = text[:place] + text[place:end] * (2 + self.below(20)) + text[end:]
            elif way < 0.75:
                text = text[:place] + str(self.below(10)) + text[place + 1 :]
            elif way < 0.85:
                text = text.translate(self.pick(_IN_OTHER_DIGITS))
            elif way < 0.9:
                text = text[::-1]
            elif way < 0.95:
                text = text.swapcase()
            else:
                text = " ".join(text[:300])
        return text

    def _change_bytes(self, data: bytearray) -> None:
        way, place = self.rng.random(), self.below(len(data) + 1)
        if way < 0.35 and place < len(data):
            data[place] = self.below(256)
        elif way < 0.55:
            data[place:place] = str(self.pick(PIECES)).encode("utf-8", "surrogatepass")
        elif way < 0.75:
            del data[place : place + 1 + self.below(20)]
        elif way < 0.9:
            data[place:place] = data[place : place + self.below(40)]
        else:
            del data[place:]

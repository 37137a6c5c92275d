"""Numbers and booleans."""

from __future__ import annotations

import math
import re
from typing import Any

import colander

from civicportal.util.i18n import _
from civicportal.util.persian import compact
from civicportal.web.schema.base import Scalar

_FLOAT = re.compile(r"[+-]?\d{1,15}(\.\d{1,20})?", re.ASCII)
_INT = re.compile(r"[+-]?\d{1,18}", re.ASCII)

LARGEST_ID = 2**53
"""Largest number that is safe in the databases and in JavaScript."""


def whole_number(text: object) -> int:
    """Return the number in a URL or hidden field.

    0, which no row has, for anything else.
    """
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    return 0


class _Bounded(Scalar):
    """A number from ``min`` to ``max``, inclusive."""

    longest = 64

    def __init__(self, min: float, max: float) -> None:
        self.min, self.max = min, max

    def check(self, node: colander.SchemaNode, value: Any) -> Any:
        """Return the number; raise :class:`colander.Invalid` outside the bounds."""
        if not self.min <= value <= self.max:
            limits = {"min": self.min, "max": self.max}
            raise colander.Invalid(node, _("Please write a number from ${min} to ${max}.", mapping=limits))
        return value


class FiniteFloat(_Bounded):
    """A finite decimal number, written without exponent, in Persian or Latin digits."""

    native = (float, int)

    def read(self, node: colander.SchemaNode, text: str) -> float:
        """Return the number; raise :class:`colander.Invalid` for anything else."""
        plain = compact(text).replace("٫", ".")
        if not _FLOAT.fullmatch(plain):
            raise colander.Invalid(node, _("Please write a number."))
        return float(self.check(node, float(plain)))

    def check(self, node: colander.SchemaNode, value: Any) -> float:
        """See above; ``nan`` and the infinities are refused."""
        if isinstance(value, float) and not math.isfinite(value):
            raise colander.Invalid(node, _("Please write a number."))
        return float(super().check(node, value))

    def write(self, node: colander.SchemaNode, value: Any) -> str:
        """Return plain decimal notation, at most eight places (1 mm of latitude)."""
        return f"{value:.8f}".rstrip("0").rstrip(".")


class BoundedInt(_Bounded):
    """An integer, in Persian or Latin digits, with or without thousands separators."""

    native = (int,)

    def read(self, node: colander.SchemaNode, text: str) -> int:
        """Return the number; raise :class:`colander.Invalid` for anything else."""
        plain = compact(text).replace("٬", "")
        if not _INT.fullmatch(plain):
            raise colander.Invalid(node, _("Please write a whole number."))
        return int(self.check(node, int(plain)))


class RowId(BoundedInt):
    """The id of a row in a URL; 0 means none."""

    def __init__(self) -> None:
        super().__init__(0, LARGEST_ID)


class Flag(Scalar):
    """A boolean: a checkbox (absent when not ticked, so give ``missing=False``), a switch, a setting."""

    missing_msg = _("Please tick this box to go on.")
    native = (bool,)
    words = {"true": True, "1": True, "on": True, "false": False, "0": False}

    def read(self, node: colander.SchemaNode, text: str) -> bool:
        """Return the boolean; raise :class:`colander.Invalid` for any other word."""
        value = self.words.get(text.strip().lower())
        if value is None:
            raise colander.Invalid(node, _("Please choose yes or no."))
        return value

    def check(self, node: colander.SchemaNode, value: Any) -> Any:
        """Return the value: a bool is always valid."""
        return value

    def write(self, node: colander.SchemaNode, value: Any) -> str:
        """Return the value that the checkbox submits."""
        return "true" if value else "false"

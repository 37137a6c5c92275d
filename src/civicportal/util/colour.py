"""Colour tokens derived from one or two colours, and their contrast.

Contrast as in WCAG 2.2, success criteria 1.4.3 and 1.4.11. The colour library is imported only if a city has its own
colour: it takes three megabytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.util.i18n import _

if TYPE_CHECKING:
    from coloraide import Color

DEFAULT = "#0b6a6b"
"""The primary colour of the portal's own style sheet."""
DEFAULT_BAR = "#0A5E5F"
"""``--hero`` of that style sheet."""
READABLE = 4.5
LIGHT_SURFACE, DARK_SURFACE = "#ffffff", "#151e1c"
DARK_TEXT = "#16211f"
SUGGESTED = ("#0b6a6b", "#245aa5", "#6b4199", "#1f6b3c", "#8a3a1c")


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """The contrast of one colour on another.

    :ivar ratio: 1 to 21.
    :ivar dark: in dark mode.
    """

    title: TranslationString
    ratio: float
    dark: bool

    @property
    def is_enough(self) -> bool:
        """Return whether text of normal size is readable."""
        return self.ratio >= READABLE


def palette(look: Mapping[str, str]) -> dict[str, str]:
    """Return all colour tokens; those in the look itself are unchanged.

    :param look: ``primary`` and optionally ``primary_dark`` and others, as ``#rrggbb``.
    """
    primary = look.get("primary", DEFAULT)
    if primary.lower() == DEFAULT:
        return dict(look)
    dark = look.get("primary_dark") or _lighter(primary)
    return {**_of_light(primary), **_of_dark(primary, dark), **look}


def contrasts(look: Mapping[str, str]) -> list[Contrast]:
    """Return the contrasts of the colour's uses, none for the portal's own colour, which is known to be sufficient."""
    tokens = palette(look)
    primary, dark = tokens.get("primary", DEFAULT), tokens.get("primary_dark", "#5fc7c0")
    ink, soft = tokens.get("primary_ink", "#075152"), tokens.get("primary_soft", "#e0efec")
    pairs = [
        (False, _("Links and buttons on white"), primary, LIGHT_SURFACE),
        (False, _("Words on a button"), tokens.get("on_primary", LIGHT_SURFACE), primary),
        (False, _("Words on the tinted ground"), ink, soft),
        (True, _("Links and buttons in the dark"), dark, DARK_SURFACE),
        (True, _("Words on a button in the dark"), tokens.get("on_primary_dark", "#032725"), dark),
    ]
    return [
        Contrast(title=title, ratio=_contrast(front, ground), dark=in_dark)
        for in_dark, title, front, ground in pairs
    ]


def _of_light(primary: str) -> dict[str, str]:
    on_white, on_dark = _contrast(LIGHT_SURFACE, primary), _contrast(DARK_TEXT, primary)
    return {
        "primary": primary,
        "primary_hover": _mix(primary, "black", 0.2),
        "primary_ink": _mix(primary, "black", 0.25),
        "primary_soft": _mix(primary, "white", 0.88),
        "primary_line": _mix(primary, "white", 0.65),
        "on_primary": LIGHT_SURFACE if on_white >= on_dark else DARK_TEXT,
        "hero": _mix(primary, "black", 0.1),
    }


def _of_dark(primary: str, dark: str) -> dict[str, str]:
    return {
        "primary_dark": dark,
        "primary_hover_dark": _mix(dark, "white", 0.25),
        "primary_ink_dark": _mix(dark, "white", 0.3),
        "primary_soft_dark": _mix(dark, DARK_SURFACE, 0.82),
        "primary_line_dark": _mix(dark, DARK_SURFACE, 0.6),
        "on_primary_dark": _mix(dark, "black", 0.85),
        "hero_dark": _mix(primary, "black", 0.45),
    }


def _lighter(primary: str) -> str:
    """Return the first tint with enough contrast in dark mode."""
    for tenths in range(10):
        tint = _mix(primary, "white", tenths / 10)
        if _contrast(tint, DARK_SURFACE) >= READABLE + 2:
            return tint
    return LIGHT_SURFACE


def _mix(color: str, other: str, share: float) -> str:
    mixed: str = _color(color).mix(other, share, space="srgb").to_string(hex=True)
    return mixed


def _contrast(front: str, ground: str) -> float:
    return float(_color(front).contrast(ground, method="wcag21"))


def _color(written: str) -> "Color":
    from coloraide import Color

    return Color(written)

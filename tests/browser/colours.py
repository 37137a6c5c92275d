"""Parsing of browser colours, and their contrast (WCAG 2.2)."""

import re

#: WCAG 1.4.11: what shows a state, or a piece of a drawing, stands out from what lies beside it.
ENOUGH = 3


def shares(colour: str) -> tuple[list[float], float]:
    """Read a colour as the browser writes it: red, green and blue from 0 to 1, and how much of it covers."""
    found = [float(number) for number in re.findall(r"\d*\.?\d+", colour)[:4]]
    rgb = found[:3] if colour.startswith("color(") else [number / 255 for number in found[:3]]
    return rgb, found[3] if len(found) == 4 else 1


def luminance(rgb: list[float]) -> float:
    """Return the relative luminance (WCAG)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colour: str, ground: str) -> float:
    """Return the contrast of a colour that may let the ground shine through."""
    below, _ = shares(ground)
    above, cover = shares(colour)
    mixed = [a * cover + b * (1 - cover) for a, b in zip(above, below, strict=True)]
    bright, dim = sorted((luminance(mixed), luminance(below)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)

"""Names of the icons that templates can draw."""

import re
from functools import cache
from importlib.resources import files

REFERENCE = "docs/reference/icons.md"
"""The page that shows them all."""
_SYMBOL = re.compile(r'<symbol id="([^"]+)"')


@cache
def icon_names() -> frozenset[str]:
    """Return the names of all icons."""
    sprite = files("civicportal").joinpath("static/vendor/icons.svg").read_text(encoding="utf-8")
    return frozenset(_SYMBOL.findall(sprite))

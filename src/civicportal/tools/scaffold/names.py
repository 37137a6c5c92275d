"""Validation of plugin names and service titles."""

import keyword
import re
from importlib.util import find_spec

from civicportal.core.installed import installed_plugins
from civicportal.util.errors import CivicportalError

#: First segments of the portal's own URLs, and the names of the core and the site in hooks.
TAKEN = frozenset(
    {
        "about",
        "accessibility",
        "account",
        "admin",
        "api",
        "attachments",
        "core",
        "demo",
        "desk",
        "exports",
        "healthz",
        "help",
        "job",
        "kartable",
        "language",
        "login",
        "logout",
        "map",
        "metrics",
        "my",
        "oauth",
        "offline",
        "open311",
        "passkeys",
        "privacy",
        "queue",
        "readyz",
        "site",
        "staff",
        "static",
        "statistics",
        "terms",
        "track",
        "unsent",
        "uploads",
    }
)
NAME = re.compile(r"[a-z][a-z0-9_]{1,29}")
"""Thirty characters at most: index names begin with it, and PostgreSQL truncates them after 63."""
TITLE = re.compile(r"\w[\w\u064b-\u0655 \u200c()،-]{1,59}")
"""Persian words may contain a ZWNJ, and a hamza or vowel signs."""


class CannotScaffold(CivicportalError):
    """The plugin cannot be written; the message says why."""


def check_name(name: str) -> None:
    """Refuse an invalid name for a plugin, its package and its URLs.

    :raises CannotScaffold: says what is wrong, and proposes another spelling if there is one.
    """
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        near = re.sub(r"[\s-]+", "_", name.strip().lower())
        hint = f"; try {near}" if near != name and NAME.fullmatch(near) else ""
        raise CannotScaffold(
            f"{name!r} cannot name a plugin: 2 to 30 of a-z, 0-9 and _, a letter first, and no word of Python{hint}"
        )
    if name in TAKEN:
        raise CannotScaffold(f"{name!r} is a name of the portal itself")
    if name in installed_plugins():
        raise CannotScaffold(f"a plugin {name!r} is installed already")
    if find_spec(f"civicportal_{name}"):
        raise CannotScaffold(f"a package civicportal_{name} is installed already")


def check_title(text: str) -> None:
    """Refuse a title that is invalid in code, catalogues or pages.

    :raises CannotScaffold: names the title.
    """
    if not TITLE.fullmatch(text):
        raise CannotScaffold(f"the title {text!r} may have 2 to 60 letters, digits, spaces and hyphens")

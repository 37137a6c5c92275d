"""Writes the distribution of a new plugin: ``civicportal plugin new``.

What it writes lies in ``distribution/`` as texts with the words of :class:`Words` in them, each after a ``§``.
"""

import keyword
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from string import Template

from civicportal.errors import CivicportalError
from civicportal.plugins import GROUP

#: First parts of the portal's own addresses, and the names that hooks know the core and the site by.
TAKEN = frozenset(
    {
        "about",
        "account",
        "admin",
        "api",
        "attachments",
        "core",
        "demo",
        "desk",
        "exports",
        "healthz",
        "kartable",
        "language",
        "login",
        "logout",
        "map",
        "my",
        "offline",
        "privacy",
        "readyz",
        "site",
        "staff",
        "static",
        "statistics",
        "terms",
        "track",
        "uploads",
    }
)
NAME = re.compile(r"[a-z][a-z0-9_]{1,29}")
"""Thirty letters at most: names of indexes begin with it, and PostgreSQL cuts them off after 63."""
TITLE = re.compile(r"\w[\w \u200c()،-]{1,59}")
ENDING = ".in"


class NotPossible(CivicportalError):
    """The plugin cannot be written; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the texts are filled with.

    :ivar name: of the plugin, its kind of case, and its addresses.
    :ivar dashed: the name as distributions write it.
    :ivar title: of the service in English, as it stands in the code.
    :ivar persian: of the service in Persian, as people read it.
    """

    name: str
    dashed: str
    title: str
    persian: str


class _Text(Template):
    delimiter = "§"


def create_plugin(name: str, folder: Path, *, title: str = "", persian: str = "") -> Path:
    """Write a plugin distribution that works at once, and return its folder.

    :param name: of the plugin, for instance ``parking``.
    :param folder: where the distribution's own folder is made.
    :param title: of the service in English; the name in words if empty.
    :param persian: of the service in Persian; the title if empty.
    :raises NotPossible: for a name or title that cannot be used, and for a folder that is there.
    """
    title = title or name.replace("_", " ").capitalize()
    words = Words(name=name, dashed=name.replace("_", "-"), title=title, persian=persian or title)
    _check_name(name)
    for text in (words.title, words.persian):
        if not TITLE.fullmatch(text):
            raise NotPossible(f"the title {text!r} may have 2 to 60 letters, digits, spaces and hyphens")
    target = folder / f"civicportal-{words.dashed}"
    if target.exists():
        raise NotPossible(f"{target} is there already")
    for path, source in _texts(files("civicportal") / "scaffold" / "distribution"):
        written = target / path.replace("NAME", name)
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(_Text(source).substitute(asdict(words)), encoding="utf-8")
    return target


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise NotPossible(
            f"{name!r} cannot name a plugin: 2 to 30 of a-z, 0-9 and _, a letter first, and no word of Python"
        )
    if name in TAKEN:
        raise NotPossible(f"{name!r} is a name of the portal itself")
    if name in {entry.name for entry in entry_points(group=GROUP)}:
        raise NotPossible(f"a plugin {name!r} is installed already")
    if find_spec(f"civicportal_{name}"):
        raise NotPossible(f"a package civicportal_{name} is installed already")


def _texts(folder: Traversable, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, text) of everything below a folder, the paths without their ending."""
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            yield from _texts(item, f"{path}{item.name}/")
        elif item.name.endswith(ENDING):
            yield path + item.name.removesuffix(ENDING), item.read_text(encoding="utf-8")

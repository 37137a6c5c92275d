"""The scaffold of a new plugin: ``civicportal plugin new``.

Its files are templates beside this module with the fields of :class:`TemplateFields`, each after a ``§``: in
``shared/`` those of every kind of plugin, the others in the folder of the kind. Their ``parts/`` are fields of the
shared templates, and the final message.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from civicportal.tools.scaffold.names import CannotScaffold, check_name, check_title

KINDS = ("case", "content", "gateway")
"""A service with a form, a workflow and a list; pages written by staff; an SMS provider."""
ENDING = ".in"


@dataclass(frozen=True, kw_only=True)
class TemplateFields:
    """Fields of the templates.

    :ivar name: of the plugin and its URLs; the kind of case, if it has one.
    :ivar dashed: the name in distribution names.
    :ivar title: of the service in English, in the code.
    :ivar persian: of the service in Persian.
    """

    name: str
    dashed: str
    title: str
    persian: str


@dataclass(frozen=True, kw_only=True)
class Written:
    """A new distribution.

    :ivar steps: how to install, test and enable it, for the terminal.
    """

    folder: Path
    steps: str


class _Text(Template):
    delimiter = "§"


def create_plugin(
    name: str, folder: Path, *, kind: str = "case", title: str = "", persian: str = ""
) -> Written:
    """Write a working plugin distribution, completely or not at all.

    :param name: of the plugin, for instance ``parking``.
    :param folder: parent of the distribution's folder.
    :param kind: one of :data:`KINDS`.
    :param title: of the service in English; derived from the name if empty.
    :param persian: of the service in Persian; the title if empty.
    :raises CannotScaffold: for an invalid name or title, and for a folder that exists or cannot be created.
    """
    check_name(name)
    title = title or name.replace("_", " ").capitalize()
    words = TemplateFields(name=name, dashed=name.replace("_", "-"), title=title, persian=persian or title)
    for text in (words.title, words.persian):
        check_title(text)
    target = folder / f"civicportal-{words.dashed}"
    if target.exists():
        raise CannotScaffold(f"{target} is there already")
    source = files("civicportal.tools") / "scaffold"
    plain = {**asdict(words), "folder": str(target)}
    folders = (source / "shared", source / kind)
    pieces = (piece for one in folders for piece in _filled(one / "parts", plain))
    parts = {path.partition(".")[0]: text.strip() for path, text in pieces}
    texts = [text for one in folders for text in _filled(one, plain | parts, without="parts")]
    try:
        _write(target, {path.replace("NAME", name): text for path, text in texts})
    except OSError as error:
        raise CannotScaffold(f"{target} cannot be written: {error.strerror}") from error
    return Written(folder=target, steps=f"{parts['begin']}\n\n{parts['next']}")


def _write(target: Path, texts: Mapping[str, str]) -> None:
    # Write to a temporary folder first, so that an error leaves no partial plugin.
    with TemporaryDirectory(dir=target.parent, prefix=".new-") as folder:
        whole = Path(folder) / target.name
        for path, text in texts.items():
            written = whole / path
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(text, encoding="utf-8")
        whole.rename(target)


def _filled(folder: Traversable, words: Mapping[str, str], *, without: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, text) of a folder's files, without one subfolder.

    Paths have no suffix.
    """
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir() and item.name != without:
            yield from ((f"{item.name}/{path}", text) for path, text in _filled(item, words))
        elif item.name.endswith(ENDING):
            text = _Text(item.read_text(encoding="utf-8")).substitute(words)
            yield item.name.removesuffix(ENDING), text

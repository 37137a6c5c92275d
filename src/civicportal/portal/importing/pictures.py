"""Pictures of imported cases: files below a folder, which the mapping names by relative paths."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from civicportal.core.storage.images import MAX_BYTES
from civicportal.domain.cases.attachments import MOST, PictureFiles
from civicportal.domain.kartable.importing import ImportedPicture
from civicportal.portal.importing.errors import LineProblem
from civicportal.util.errors import Refused
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from translationstring import TranslationString

    from civicportal.core.site import Site

_SEPARATORS = re.compile(r"[;|,،\n]")


@dataclass(kw_only=True)
class RowPictures:
    """The pictures of one row.

    :ivar flaws: what is wrong with others: value and reason.
    """

    pictures: list[ImportedPicture] = field(default_factory=list)
    flaws: "list[tuple[str, TranslationString]]" = field(default_factory=list)


class PictureReader:
    """Checks, decodes and stores pictures, outside any transaction.

    Files of rows that are not written afterwards are found by cleanup.

    :param folder: below which the files are; None if none are imported.
    :param store: decode and store; without it only existence and size are checked.
    """

    def __init__(self, site: "Site", folder: Path | None, *, store: bool) -> None:
        self._files = PictureFiles(site)
        self._folder = folder.resolve() if folder else None
        self._store = store

    def read(self, texts: Mapping[str, str]) -> dict[str, RowPictures]:
        """Return the pictures of rows by their keys.

        :param texts: the cell of each row with paths, separated by semicolons, commas or lines.
        """
        return {key: self._of_row(_SEPARATORS.split(text)) for key, text in texts.items() if text}

    def _of_row(self, names: Sequence[str]) -> RowPictures:
        found = RowPictures()
        wanted = [name.strip() for name in names if name.strip()]
        for name in wanted[MOST:]:
            found.flaws.append((name, _("A case has at most ${n} pictures.", mapping={"n": MOST})))
        for name in wanted[:MOST]:
            path = self._path(name)
            if path is None:
                found.flaws.append((name, _("There is no such file below the folder of the pictures.")))
                continue
            try:
                found.pictures += self._picture(path)
            except Refused as refused:
                found.flaws.append((name, refused.reason))
        return found

    def _path(self, name: str) -> Path | None:
        """Return the file of a relative path; None outside the folder."""
        if self._folder is None or "\0" in name:
            return None
        try:
            path = (self._folder / name.replace("\\", "/")).resolve()
            is_there = path.is_relative_to(self._folder) and path.is_file()
        except OSError:
            return None
        return path if is_there else None

    def _picture(self, path: Path) -> list[ImportedPicture]:
        if not self._store:
            if path.stat().st_size > MAX_BYTES:
                self._files.process(b"\0" * (MAX_BYTES + 1))
            return []
        image = self._files.process(path.read_bytes()[: MAX_BYTES + 1])
        return [
            ImportedPicture(
                key=self._files.put(image),
                content_type=image.content_type,
                width=image.width,
                height=image.height,
                size=len(image.large),
                sha256=image.sha256,
            )
        ]


def problems_of(found: RowPictures, column: str, *, warn: bool) -> list[LineProblem]:
    """Return the problems of a row's pictures."""
    return [
        LineProblem(reason=reason, column=column, value=name[:100], level="warning" if warn else "rejected")
        for name, reason in found.flaws
    ]

"""What is in uploaded files: headers, lines, and the texts of columns that have few."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Self

from civicportal.portal.importing.fields import ENTITIES, FIELDS
from civicportal.portal.importing.models import StoredContents
from civicportal.portal.importing.sources import SourceFile
from civicportal.util.persian import key

MOST_TEXTS = 100
"""Different texts of a column that are kept."""
LONGEST_TEXT = 200
"""Characters; a column with a longer text is no list of choices."""


@dataclass(frozen=True, kw_only=True)
class FileContents:
    """What is in a file.

    :ivar entity: what its lines are.
    :ivar texts: of the columns that have at most :data:`MOST_TEXTS` different ones.
    """

    entity: str
    headers: Sequence[str]
    lines: int = 0
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def to_json(self) -> StoredContents:
        """Return it as it is stored."""
        texts = {header: list(found) for header, found in self.texts.items()}
        return {"entity": self.entity, "headers": list(self.headers), "lines": self.lines, "texts": texts}

    @classmethod
    def of(cls, stored: StoredContents) -> Self:
        """Return it from what was stored."""
        return cls(**stored)


def read_contents(file: SourceFile, *, most: int = MOST_TEXTS, lines: int | None = None) -> FileContents:
    """Read a file.

    :param most: different texts of a column that are kept.
    :param lines: that are read; None for all.
    :raises ImportRefused: when it cannot be read.
    """
    headers, total = file.headers(), 0
    texts: dict[str, dict[str, None] | None] = {header: {} for header in headers if header}
    for row in islice(file.rows(), lines):
        total += 1
        for name, value in row.values.items():
            found = texts.get(name)
            if found is None or not value:
                continue
            found[value] = None
            if len(found) > most or len(value) > LONGEST_TEXT:
                texts[name] = None
    few = {name: list(found) for name, found in texts.items() if found is not None}
    return FileContents(entity=guess_entity(headers), headers=headers, lines=total, texts=few)


def guess_entity(headers: Sequence[str]) -> str:
    """Return what the lines of a file with some headers probably are."""

    def fit(entity: str) -> tuple[float, int]:
        fields = {name: one.headers for name, one in FIELDS[entity].items()}
        found = guess(headers, fields)
        required = [name for name, one in FIELDS[entity].items() if one.required]
        return sum(name in found for name in required) / len(required), len(found)

    return max(("cases", *(one for one in ENTITIES if one != "cases")), key=fit)


def texts_of(files: Iterable[FileContents], headers: Sequence[str]) -> list[str] | None:
    """Return the texts of a field in some files; None if there are too many.

    :param headers: of its columns; only a single column has a list of texts.
    """
    if len(headers) != 1:
        return None
    found: dict[str, None] = {}
    for one in files:
        if headers[0] in one.headers:
            if headers[0] not in one.texts:
                return None
            found.update(dict.fromkeys(one.texts[headers[0]]))
    return list(found) if len(found) <= MOST_TEXTS else None


def guess(headers: Sequence[str], known: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the probable header of each field: a field takes the first of its names that a column has."""
    folded, found = {key(header): header for header in headers}, dict[str, str]()
    for field_name, names in known.items():
        for one in (field_name, *names):
            header = folded.get(key(one))
            if header and header not in found.values():
                found[field_name] = header
                break
    return found

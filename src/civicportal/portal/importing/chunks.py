"""What entities have in common: reading and writing some lines in one unit of work."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from civicportal.portal.importing.errors import LineProblem
from civicportal.portal.importing.mapping import ImportMapping, ImportSection
from civicportal.portal.importing.pictures import RowPictures
from civicportal.portal.importing.sources import SourceRow
from civicportal.portal.importing.staging import Staging

if TYPE_CHECKING:
    from civicportal.core.work import Work


class Chunk:
    """The outcome of reading some lines.

    :ivar keys: of all lines.
    :ivar new: key and digest of new lines.
    :ivar problems: row, key and problem.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.keys: list[str] = []
        self.new: list[tuple[str, str]] = []
        self.problems: list[tuple[SourceRow, str, LineProblem]] = []

    def refuse(self, row: SourceRow, key: str, *problems: LineProblem) -> None:
        """Note a line that is not imported."""
        self.counts["rejected"] += 1
        self.problems += [(row, key, problem) for problem in problems]

    def change(self, row: SourceRow, key: str, problem: LineProblem) -> None:
        """Note a line that was imported before with other content."""
        self.counts["changed"] += 1
        self.problems.append((row, key, problem))

    def take(self, row: SourceRow, key: str, digest: str, warnings: Iterable[LineProblem]) -> None:
        """Note a line that is imported."""
        self.counts["new"] += 1
        self.new.append((key, digest))
        for warning in warnings:
            self.counts["warning"] += 1
            self.problems.append((row, key, warning))


class Entity:
    """Reads and writes the lines of one entity in one unit of work.

    :cvar name: of the entity.
    :ivar staged: the lines of this import so far, and the history of its cases.
    :ivar new_people: key and id of people who were created with other lines.
    :ivar pictures: of the lines, by key.
    """

    name: str

    def __init__(self, work: "Work", mapping: ImportMapping, section: ImportSection, staged: Staging) -> None:
        self.work, self.mapping, self.section, self.staged = work, mapping, section, staged
        self.new_people: list[tuple[str, int]] = []
        self.pictures: Mapping[str, RowPictures] = {}

    def key_of(self, row: SourceRow) -> str:
        """Return the key of a row in its system; empty if it has none."""
        raise NotImplementedError

    def prepare(self, keys: Sequence[str]) -> None:
        """Load what the rows with some keys need."""

    def digest_of(self, row: SourceRow) -> str:
        """Return a keyed hash of what is imported of a row."""
        return self.hash_of(row, None)

    def hash_of(self, row: SourceRow, belonging: object) -> str:
        """Return a keyed hash of the mapped texts of a row.

        :param belonging: what else belongs to it, as JSON.
        """
        texts = {name: self.section.text(row.values, name) for name in sorted(self.section.columns)}
        content = json.dumps([texts, belonging], ensure_ascii=False, sort_keys=True)
        return self.work.site.keys.mac("import", hashlib.sha256(content.encode()).hexdigest()).hex()

    def read(self, row: SourceRow) -> Sequence[LineProblem] | None:
        """Convert a row for :meth:`write`, and return warnings; writes nothing.

        :returns: None if what it says is there already.
        :raises LineRefused: with every problem of the row.
        """
        raise NotImplementedError

    def write(self) -> Sequence[tuple[int, int | None]]:
        """Write the rows that were read; return their ids, and those of the last entries of histories."""
        raise NotImplementedError

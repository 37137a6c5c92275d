"""Cases of an earlier system, with their history."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from civicportal.domain.kartable.importing import CaseImportService, ImportedCase
from civicportal.portal.importing.chunks import Entity
from civicportal.portal.importing.errors import LineProblem, LineRefused
from civicportal.portal.importing.mapping import ImportMapping, ImportSection
from civicportal.portal.importing.people import CitizenImportService, new_people
from civicportal.portal.importing.pictures import problems_of
from civicportal.portal.importing.reading import CaseReader
from civicportal.portal.importing.sources import SourceRow
from civicportal.portal.importing.staging import Staging

if TYPE_CHECKING:
    from civicportal.core.work import Work


class CaseEntity(Entity):
    """Lines of cases."""

    name = "cases"

    def __init__(self, work: "Work", mapping: ImportMapping, section: ImportSection, staged: Staging) -> None:
        super().__init__(work, mapping, section, staged)
        self._reader = CaseReader(work, mapping, section)
        self._history: dict[str, list[SourceRow]] = {}
        self._found: list[ImportedCase] = []

    def key_of(self, row: SourceRow) -> str:
        """Return the key of a case."""
        return self._reader.key_of(row)

    def prepare(self, keys: Sequence[str]) -> None:
        """Load the histories of some cases."""
        self._history = self.staged.history(keys)

    def digest_of(self, row: SourceRow) -> str:
        """Return a keyed hash of a row with its history."""
        return self.hash_of(row, [dict(one.values) for one in self._steps(row)])

    def read(self, row: SourceRow) -> Sequence[LineProblem]:
        """Convert a row to a case."""
        found, warnings = self._reader.read(row, self._steps(row))
        if pictures := self.pictures.get(self.key_of(row)):
            warn = self.section.option("missing_attachment") == "warn"
            flaws = problems_of(pictures, self.section.header("attachments"), warn=warn)
            if flaws and not warn:
                raise LineRefused(*flaws)
            found, warnings = replace(found, pictures=pictures.pictures), [*warnings, *flaws]
        self._found.append(found)
        return warnings

    def write(self) -> Sequence[tuple[int, int | None]]:
        """Write the cases and their citizens."""
        names = {one.mobile: one.name for one in self._found if one.mobile}
        people, new = self.work.get(CitizenImportService).find(names) if names else ({}, [])
        self.new_people = new_people(self.work, new)
        gone = {mobile for mobile, user in people.items() if user.disabled_at or user.deleted_at}
        # People who have left are not brought back: such a case has no citizen and no name.
        cases = [replace(one, mobile=None, name="") if one.mobile in gone else one for one in self._found]
        return self.work.get(CaseImportService).write(cases, people)

    def _steps(self, row: SourceRow) -> list[SourceRow]:
        header = self.section.columns.get("history", ("",))[0]
        within = [SourceRow(row.line, values) for values in row.lists.get(header, ())]
        return [*self._history.get(self.key_of(row), ()), *within]

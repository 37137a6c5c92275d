"""Units and categories of an earlier system."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.domain.organization.editing import last_weight
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.importing.chunks import Entity
from civicportal.portal.importing.errors import LineProblem, LineRefused
from civicportal.portal.importing.mapping import ImportMapping, ImportSection
from civicportal.portal.importing.reading import named
from civicportal.portal.importing.sources import SourceRow
from civicportal.portal.importing.staging import Staging
from civicportal.util.i18n import _, latin_digits
from civicportal.util.persian import key as folded_key

if TYPE_CHECKING:
    from civicportal.core.work import Work

LONGEST_KEY, LONGEST_NAME, LONGEST_SHORT_NAME, LONGEST_PHONE = 40, 200, 25, 40
LONGEST_DEADLINE = 1000
"""Office days."""


class _NodeEntity(Entity):
    """Lines of a tree; a parent stands before those below it, or is there already."""

    def __init__(self, work: "Work", mapping: ImportMapping, section: ImportSection, staged: Staging) -> None:
        super().__init__(work, mapping, section, staged)
        organization = work.get(OrganizationService)
        self.organization = organization
        self.units = named((unit.key, (unit.key, unit.name)) for unit in organization.units.by_id.values())
        self.present: Mapping[str, str] = {}
        self._new: dict[str, str] = {}
        self._found: list[dict[str, str]] = []

    def key_of(self, row: SourceRow) -> str:
        """Return the key of a row."""
        return self.section.text(row.values, "key")

    def read(self, row: SourceRow) -> Sequence[LineProblem] | None:
        """Convert a row to texts."""
        texts = {
            name: self.section.text(row.values, name) for name in ("key", "name", "short_name", "parent")
        }
        if folded_key(texts["key"]) in self.present:
            return None
        problems = list[LineProblem]()

        def refuse(reason: TranslationString, name: str) -> None:
            column, value = self.section.header(name), texts.get(name, "")[:100]
            problems.append(LineProblem(reason=reason, column=column, value=value))

        longest = {"key": LONGEST_KEY, "name": LONGEST_NAME, "short_name": LONGEST_SHORT_NAME}
        for name, most in longest.items():
            if len(texts[name]) > most:
                refuse(_("At most ${count} characters.", mapping={"count": most}), name)
        if not texts["name"]:
            refuse(_("The name is missing."), "name")
        parent = self._new.get(folded_key(texts["parent"])) or self.present.get(folded_key(texts["parent"]))
        if texts["parent"] and parent is None:
            refuse(_("There is no such row before this one."), "parent")
        texts["parent"] = parent or ""
        self.read_more(row, texts, refuse)
        if problems:
            raise LineRefused(*problems)
        for text in (texts["key"], texts["name"]):
            self._new.setdefault(folded_key(text), texts["key"])
        self._found.append(texts)
        return ()

    def read_more(
        self, row: SourceRow, texts: dict[str, str], refuse: Callable[[TranslationString, str], None]
    ) -> None:
        """Add further texts of a row."""
        raise NotImplementedError

    def write(self) -> Sequence[tuple[int, int | None]]:
        """Add the rows, each after its parent."""
        ids = []
        for texts in self._found:
            row = self.made(texts)
            self.work.session.add(row)
            self.work.session.flush()
            self.note(row)
            ids.append((row.id, None))
        return ids

    def made(self, texts: Mapping[str, str]) -> Unit | Category:
        """Return a new row."""
        raise NotImplementedError

    def note(self, row: Unit | Category) -> None:
        """Make a row known to those after it."""
        raise NotImplementedError


class UnitEntity(_NodeEntity):
    """Lines of units."""

    name = "units"

    def __init__(self, work: "Work", mapping: ImportMapping, section: ImportSection, staged: Staging) -> None:
        super().__init__(work, mapping, section, staged)
        self.present = self.units
        self._ids = {unit.key: unit.id for unit in self.organization.units.by_id.values()}
        self._weight = last_weight(self.organization.units)

    def read_more(
        self, row: SourceRow, texts: dict[str, str], refuse: Callable[[TranslationString, str], None]
    ) -> None:
        """Add the telephone number."""
        texts["phone"] = self.section.text(row.values, "phone")
        if len(texts["phone"]) > LONGEST_PHONE:
            refuse(_("At most ${count} characters.", mapping={"count": LONGEST_PHONE}), "phone")

    def made(self, texts: Mapping[str, str]) -> Unit:
        """Return a new unit, the last one."""
        self._weight -= 1
        return Unit(
            key=texts["key"],
            name=texts["name"],
            short_name=texts["short_name"] or texts["name"][:LONGEST_SHORT_NAME],
            phone=texts["phone"],
            parent_id=self._ids.get(texts["parent"]),
            weight=self._weight,
        )

    def note(self, row: Unit | Category) -> None:
        """Make a unit known to those after it."""
        self._ids[row.key] = row.id


class CategoryEntity(_NodeEntity):
    """Lines of categories of one kind."""

    name = "categories"

    def __init__(self, work: "Work", mapping: ImportMapping, section: ImportSection, staged: Staging) -> None:
        super().__init__(work, mapping, section, staged)
        rows = self.organization.categories_of(section.kind).by_id.values()
        self.present = named((one.key, (one.key, one.name)) for one in rows)
        self._ids = {one.key: one.id for one in rows}
        self._unit_ids = {unit.key: unit.id for unit in self.organization.units.by_id.values()}
        self._weight = last_weight(self.organization.categories)

    def read_more(
        self, row: SourceRow, texts: dict[str, str], refuse: Callable[[TranslationString, str], None]
    ) -> None:
        """Add the unit and the deadline."""
        texts["unit"], texts["days"] = (self.section.text(row.values, name) for name in ("unit", "days"))
        unit = self.units.get(folded_key(self.section.meaning("unit", texts["unit"])))
        if texts["unit"] and unit is None:
            refuse(_("The mapping does not say which unit this is."), "unit")
        texts["unit"] = unit or ""
        days = latin_digits(texts["days"])
        if days and not (days.isascii() and days.isdigit() and 0 < int(days) <= LONGEST_DEADLINE):
            refuse(_("This is no number of days."), "days")
        texts["days"] = days

    def made(self, texts: Mapping[str, str]) -> Category:
        """Return a new category, the last one."""
        self._weight -= 1
        return Category(
            kind=self.section.kind,
            key=texts["key"],
            name=texts["name"],
            short_name=texts["short_name"] or texts["name"][:LONGEST_SHORT_NAME],
            parent_id=self._ids.get(texts["parent"]),
            unit_id=self._unit_ids.get(texts["unit"]),
            deadline_days=float(texts["days"]) if texts["days"] else None,
            weight=self._weight,
        )

    def note(self, row: Unit | Category) -> None:
        """Make a category known to those after it."""
        self._ids[row.key] = row.id

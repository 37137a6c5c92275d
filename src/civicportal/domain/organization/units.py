"""Editing of units."""

from sqlalchemy import select
from sqlalchemy.util import memoized_property

from civicportal.core.db import fetch_row
from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.domain.organization import editing
from civicportal.domain.organization.models import Unit
from civicportal.domain.organization.services import Tree, read_units
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values


class UnitService(Service):
    """Manage units."""

    @memoized_property
    def tree(self) -> Tree[Unit]:
        """Return all units, as editable rows."""
        return read_units(self.session)

    def fetch(self, unit_id: int, *, lock: bool = False) -> Unit:
        """Return a unit.

        :param lock: lock it for a change, with all others, on which its position depends.
        :raises NotFound: when there is none.
        """
        if lock:
            editing.locked_parents(self.session, Unit)
        return fetch_row(self.session, Unit, unit_id, lock=lock)

    def named(self, key: str, *, lock: bool = False) -> Unit:
        """Return the unit with a key, see :meth:`fetch`.

        :raises NotFound: when there is none.
        """
        unit_id = self.session.scalar(select(Unit.id).where(Unit.key == key))
        return self.fetch(unit_id or 0, lock=lock)

    def possible_parents(self, unit: Unit | None) -> list[Unit]:
        """Return the possible parents of a unit: not itself or its descendants."""
        below = self.tree.subtree(unit.id) if unit else frozenset()
        return [
            row
            for _depth, row in editing.in_order(self.tree)
            if row.id not in below and self._shown(row, unit)
        ]

    def add(self, values: Values, *, key: str = "") -> Unit:
        """Create a unit, last below its parent.

        :param values: ``name``, ``short_name``, ``parent_id``, ``phone``.
        :param key: of its own; made by default.
        :raises Refused: when another unit has the key.
        """
        unit = Unit(key=key or editing.new_key("unit"), weight=editing.last_weight(self.tree), **values)
        with editing.unless_taken(self.work):
            self.session.add(unit)
        self._record("add", unit, **values)
        return unit

    def change(self, unit: Unit, values: Values) -> None:
        """Change a unit.

        :raises Refused: when it would be its own descendant.
        """
        if self._would_stand_below_itself(unit, values["parent_id"]):
            raise editing.RefusedField(_("A unit cannot stand below itself."), "parent")
        changed = editing.changes(unit, values)
        for name in changed:
            setattr(unit, name, values[name])
        if changed:
            self._record("change", unit, changes=changed)

    def move(self, unit: Unit, step: int) -> None:
        """Swap a unit with its neighbour.

        :param step: -1 up, 1 down.
        """
        if editing.move(self.tree, unit, step):
            self._record("move", unit, step=step)

    def place(self, unit: Unit, position: int) -> None:
        """Move a unit to a position among those of the same parent, from 1."""
        if editing.place(self.tree, unit, position):
            self._record("move", unit, position=position)

    def open(self, unit: Unit) -> None:
        """Reopen a unit for cases."""
        unit.active = True
        self._record("open", unit)

    def close(self, unit: Unit) -> None:
        """Close a unit for new cases; it keeps its cases.

        :raises Refused: for the fallback unit.
        """
        self._refuse_fallback(unit)
        unit.active = False
        self._record("close", unit)

    def may_delete(self, unit: Unit) -> bool:
        """Return whether nothing refers to a unit."""
        return unit.key != self.work.site.fallback_unit and not editing.is_used(self.work, unit)

    def delete(self, unit: Unit) -> None:
        """Delete a unit that was never used.

        :raises Refused: when anything refers to it.
        """
        self._refuse_fallback(unit)
        if not self.may_delete(unit):
            raise Refused(_("Something refers to this unit. It can be closed, not deleted."))
        self._record("delete", unit, name=unit.name)
        self.session.delete(unit)

    def _would_stand_below_itself(self, unit: Unit, parent_id: int | None) -> bool:
        parents = editing.locked_parents(self.session, Unit)
        while parent_id is not None and parent_id != unit.id:
            parent_id = parents.pop(parent_id, None)
        return parent_id == unit.id

    def _shown(self, row: Unit, unit: Unit | None) -> bool:
        return row.active or (unit is not None and unit.parent_id == row.id)

    def _refuse_fallback(self, unit: Unit) -> None:
        if unit.key == self.work.site.fallback_unit:
            raise Refused(_("This unit takes the cases that no rule fits. It stays open."))

    def _record(self, what: str, unit: Unit, **data: object) -> None:
        self.work.get(AuditService).record(
            f"unit:{what}", id=unit.id, key=unit.key, subject_id=None, case_id=None, **data
        )

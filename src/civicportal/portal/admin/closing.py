"""Closing of units, with all that leads to them."""

from civicportal.core.work import Service
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.kartable.usage import UsageService
from civicportal.domain.organization.models import Unit
from civicportal.domain.organization.units import UnitService


class ClosingService(Service):
    """Close units."""

    def close(self, unit: Unit, successor: Unit | None) -> None:
        """Close a unit for new cases; it keeps its cases.

        :param successor: gets its categories, routing rules and automations; None leaves them.
        :raises Refused: for the fallback unit.
        """
        self.work.get(UnitService).close(unit)
        if successor is not None:
            self.work.get(UsageService).hand_over(unit, successor)
            self.work.get(AutomationService).hand_over(unit.id, successor.id)

"""Findings about automations."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from civicportal.core.checks import Finding
from civicportal.domain.automation.services import AutomationService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work


def findings(work: "Work") -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    service = work.get(AutomationService)
    for automation in service.all():
        place = f"automation {automation.id}"
        if automation.failing and not automation.active:
            yield Finding(
                level="warning",
                place=place,
                text=_("an automation was switched off because it failed several times in a row"),
                remedy=_("read its log under /admin/automations, correct it and switch it on again"),
            )
        elif automation.active and (reason := service.unusable(automation)):
            yield Finding(
                level="warning",
                place=place,
                text=reason,
                remedy=_("change the automation under /admin/automations, or switch it off"),
            )

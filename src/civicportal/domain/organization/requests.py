"""Properties of requests about the organisation."""

from civicportal.domain.organization.services import OrganizationService
from civicportal.web.request import Request


def days_off(request: Request) -> frozenset[int]:
    """Return the weekdays on which the city does not work."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        days: frozenset[int] = work.get(OrganizationService).calendar.weekend
    return days

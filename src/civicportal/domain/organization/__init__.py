"""Units, categories and the working calendar."""

from pyramid.config import Configurator

from civicportal.domain.organization.rest import OPERATIONS


def includeme(config: Configurator) -> None:
    """Add what forms ask of the calendar, and the operations of the API."""
    config.add_request_method("civicportal.domain.organization.requests.days_off", "days_off", reify=True)
    config.add_operations(OPERATIONS)

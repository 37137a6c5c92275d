"""Units, categories and the working calendar."""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    """Add what forms ask of the calendar."""
    config.add_request_method("civicportal.domain.organization.requests.days_off", "days_off", reify=True)

"""Demonstration data."""

from civicportal.domain.notifications.phones import PhoneMessage, Phones
from civicportal.portal.demo import cast as demo_cast
from civicportal.portal.demo.clock import set_time

__all__ = ["PhoneMessage", "Phones", "demo_cast", "set_time"]

"""Demonstration data."""

from civicportal.domain.notifications.phones import PhoneMessage
from civicportal.portal.demo.cast import DemoRandom
from civicportal.portal.demo.clock import set_time

__all__ = ["DemoRandom", "PhoneMessage", "set_time"]

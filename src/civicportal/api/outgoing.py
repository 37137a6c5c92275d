"""Deliveries to other servers."""

from civicportal.core.deliveries import DeliveryQueue

__all__ = ["DeliveryQueue"]

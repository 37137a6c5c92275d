"""Parking permits: residents apply, pay at the cashier, and park in their zone until the permit expires."""

__version__ = "0.1.0"

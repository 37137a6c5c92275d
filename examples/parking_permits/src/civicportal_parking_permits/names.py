"""Prefixes of tables, rights and texts."""

KIND = "parking_permits"
PAYMENT = f"{KIND}:payment:record"
ZONES = f"{KIND}:zone:manage"
#: States in which a permit takes a place of its zone: a place is reserved while the payment is due.
TAKEN = ("payment_due", "paid", "issued")

"""Settings of the unit tests."""

import os

from hypothesis import settings

# No clock decides whether a test passes, and every run tries the same examples; the long run tries many more.
LONG = bool(os.environ.get("CIVICPORTAL_LONG"))
settings.register_profile(
    "unit", deadline=None, derandomize=not LONG, database=None, max_examples=5000 if LONG else 100
)
settings.load_profile("unit")

"""Settings of the unit tests."""

from hypothesis import settings
from selection import LONG

# No clock decides whether a test passes, and every run tries the same examples; the long run tries many more.
settings.register_profile(
    "unit", deadline=None, derandomize=not LONG, database=None, max_examples=5000 if LONG else 100
)
settings.load_profile("unit")

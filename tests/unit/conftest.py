"""Settings of the unit tests."""

from hypothesis import settings

# No clock decides whether a test passes, and every run tries the same examples.
settings.register_profile("unit", deadline=None, derandomize=True, database=None)
settings.load_profile("unit")

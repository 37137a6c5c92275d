"""Settings of a plugin in ``site.toml``."""

from civicportal.core.settings import parse_hours
from civicportal.util.toml_types import Table, boolean, number, string, strings

__all__ = ["Table", "boolean", "number", "parse_hours", "string", "strings"]

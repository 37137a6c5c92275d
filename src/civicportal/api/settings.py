"""Settings of a plugin in ``site.toml``."""

from civicportal.util.toml_types import Table as SettingsSchema
from civicportal.util.toml_types import setting

__all__ = ["SettingsSchema", "setting"]

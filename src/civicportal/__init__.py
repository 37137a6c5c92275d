"""civicportal: a plugin-based framework for municipal service portals."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Return the module that revisions of tables, which never change, import as ``civicportal.core.db``."""
    if name == "db":
        return import_module("civicportal.core.db")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""civicportal: a plugin-based framework for municipal service portals."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Return ``civicportal.core.db`` under its old name.

    Revisions of tables, which never change, import it as ``civicportal.db``.
    """
    if name == "db":
        return import_module("civicportal.core.db")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

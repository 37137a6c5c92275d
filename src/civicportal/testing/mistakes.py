"""Plugin mistakes that fail tests.

A portal only logs them, because its pages go on without the widget.
"""

import logging

import pytest
from jinja2 import TemplateNotFound


class FailOnMistakes(logging.Handler):
    """Fails tests with missing templates or unknown icons."""

    def emit(self, record: logging.LogRecord) -> None:
        """Fail for a record of such a mistake."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, TemplateNotFound):
            pytest.fail(f"{record.getMessage()}: there is no template {error.name!r}")
        if getattr(record, "mistake", False):
            pytest.fail(record.getMessage())

"""Mistakes of a plugin that a portal only logs, because its pages go on without the piece: in tests they fail."""

import logging

import pytest
from jinja2 import TemplateNotFound


class FailOnMistakes(logging.Handler):
    """Fails the test in which a template is missing or an icon unknown."""

    def emit(self, record: logging.LogRecord) -> None:
        """Fail for a record of such a mistake."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, TemplateNotFound):
            pytest.fail(f"{record.getMessage()}: there is no template {error.name!r}")
        if getattr(record, "mistake", False):
            pytest.fail(record.getMessage())

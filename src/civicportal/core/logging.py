"""Log lines: one JSON object each, in UTC, with mobiles, national codes and one-time codes masked."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

__all__ = ["ORIGIN", "JsonFormatter", "MaskingFilter", "Origin", "OriginFilter", "mask", "setup_logging"]

# \d takes Persian and Arabic digits too.
_MOBILE = re.compile(r"(?<!\d)(\+98|0098|98|0|۰|)([9۹٩]\d\d)\d{3}(\d{4})(?!\d)")
# A number of any country as it is stored (ITU-T E.164).
_E164 = re.compile(r"(?<!\d)(\+[1-9]\d)\d{2,9}(\d{4})(?!\d)")
_NATIONAL_CODE = re.compile(r"(?<!\d)\d{10}(?!\d)|(?<!\d)\d{3}-\d{6}-\d(?!\d)")
_CODE = re.compile(r"(?<![\d.])\d{6}(?!\d)")

_NEVER_MASKED = frozenset({"request", "address", "name_key"})
"""Fields of our own making whose digits mean nothing of a person's, and by which lines are found."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@dataclass(frozen=True)
class Origin:
    """Where a request comes from.

    :ivar request: the request id, that of the proxy if it sends one.
    """

    address: str
    request: str


ORIGIN: ContextVar[Origin | None] = ContextVar("origin", default=None)
"""Of the request that this thread answers; None where there is none."""


def mask(text: str) -> str:
    """Hide mobiles (0912***6789, +44***6789), ten-digit national and tracking codes, and six-digit codes in a text."""
    text = _E164.sub(r"\1***\2", _MOBILE.sub(r"\1\2***\3", text))
    return _CODE.sub("******", _NATIONAL_CODE.sub("**********", text))


class MaskingFilter(logging.Filter):
    """Masks a record's text, with its arguments filled in, and its extra fields; put it on handlers."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(_message(record)), ()
        for name, value in _extra(record).items():
            if name in _NEVER_MASKED:
                continue
            text = str(value)
            masked = mask(text)
            if masked != text:
                setattr(record, name, masked)
        return True


class OriginFilter(logging.Filter):
    """Add the request id to every record, and the client address to security events."""

    def filter(self, record: logging.LogRecord) -> bool:
        origin = ORIGIN.get()
        if origin is not None:
            record.request = origin.request
            if record.name == "civicportal.security":
                record.address = origin.address
        return True


class JsonFormatter(logging.Formatter):
    """Format a record as one line: `ts`, `level`, `logger`, `process`, `message`, its extra fields, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["exception"] = mask(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


def setup_logging(level: str | None = None, stream: TextIO | None = None) -> None:
    """Send all log lines of the process to a stream (standard error), masked, as JSON.

    :param level: the lowest that is told; ``CIVICPORTAL_LOG``, else INFO, if None.
    """
    level = level or os.environ.get("CIVICPORTAL_LOG") or "INFO"
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(OriginFilter())
    handler.addFilter(MaskingFilter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Alembic tells at every start, several times, how it speaks to the database.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # httpx logs each request to a provider, which is recorded elsewhere.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {record.args}"


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}

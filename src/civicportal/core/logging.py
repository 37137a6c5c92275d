"""Logging as masked JSON lines in UTC."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

__all__ = ["ORIGIN", "JsonFormatter", "MaskingFilter", "Origin", "OriginFilter", "mask", "setup_logging"]

# \d matches Persian and Arabic digits too.
_MOBILE = re.compile(r"(?<!\d)(\+98|0098|98|0|۰|)([9۹٩]\d\d)\d{3}(\d{4})(?!\d)")
# A number of any country in E.164.
_E164 = re.compile(r"(?<!\d)(\+[1-9]\d)\d{2,9}(\d{4})(?!\d)")
_NATIONAL_CODE = re.compile(r"(?<!\d)\d{10}(?!\d)|(?<!\d)\d{3}-\d{6}-\d(?!\d)")
#: Tokens of programs, see :mod:`civicportal.domain.tokens.secrets`.
_TOKEN = re.compile(r"(?<![0-9A-Za-z])(cp[a-z]_)[0-9A-Za-z]{20,}")
_CODE = re.compile(r"(?<![\d.])\d{6}(?!\d)")

_NEVER_MASKED = frozenset({"request", "crash", "address", "name_key"})
"""Our own fields without personal numbers, by which lines are found."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@dataclass(frozen=True)
class Origin:
    """The origin of a request.

    :ivar request: the request id, that of the proxy if it sends one.
    """

    address: str
    request: str


ORIGIN: ContextVar[Origin | None] = ContextVar("origin", default=None)
"""The origin of the request in this thread; None if there is none."""


def mask(text: str) -> str:
    """Mask mobiles, national codes, tracking codes, one-time codes and tokens of programs.

    Mobiles become 0912***6789 or +44***6789; ten-digit and six-digit numbers count as codes.
    """
    text = _TOKEN.sub(r"\1***", text)
    text = _E164.sub(r"\1***\2", _MOBILE.sub(r"\1\2***\3", text))
    return _CODE.sub("******", _NATIONAL_CODE.sub("**********", text))


def mask_numbers(text: str, is_code: Callable[[str], bool] = lambda _text: True) -> str:
    """Mask mobiles and national codes, but no other numbers, for what a person with the right to it reads.

    :param is_code: returns whether ten digits are a national code; by default they are.
    """
    text = _E164.sub(r"\1***\2", _MOBILE.sub(r"\1\2***\3", text))
    return _NATIONAL_CODE.sub(lambda found: "**********" if is_code(found[0]) else found[0], text)


class MaskingFilter(logging.Filter):
    """Handler filter that masks a record's formatted message and its extra fields."""

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
    """Add request id and client address to log records.

    The address is added to security events only.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        origin = ORIGIN.get()
        if origin is not None:
            record.request = origin.request
            if record.name == "civicportal.security":
                record.address = origin.address
        return True


class JsonFormatter(logging.Formatter):
    """Format a record as one JSON line.

    Keys: `ts`, `level`, `logger`, `process`, `message`, the extra fields, `exception`.
    """

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
    """Send masked log records to a stream as JSON.

    :param level: the minimum level; by default ``CIVICPORTAL_LOG``, else INFO.
    """
    level = level or os.environ.get("CIVICPORTAL_LOG") or "INFO"
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(OriginFilter())
    handler.addFilter(MaskingFilter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Alembic logs its connection several times at every start.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # httpx logs each request to a provider, which is recorded elsewhere.
    # authlib writes issued tokens into its debug log.
    for name in ("httpx", "httpcore", "authlib"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {record.args}"


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}

"""Mobile numbers, one-time codes, tracking codes, national codes, dates, keys."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import colander

from civicportal.util.calendar.dates import has_neighbours
from civicportal.util.i18n import InvalidInput, _
from civicportal.util.persian import DASHES, compact
from civicportal.web.schema.base import Scalar, bound
from civicportal.web.schema.secret import Secret


class Mobile(Scalar):
    """A mobile number by the rules of the site's country (``bind(country=…)``), stored as E.164."""

    missing_msg = _("Please write the mobile number.")

    def read(self, node: colander.SchemaNode, text: str) -> Any:
        """Return E.164; raise :class:`colander.Invalid` for an invalid number."""
        return _parsed(node, bound(node, "country").normalize_mobile, text)

    def write(self, node: colander.SchemaNode, value: Any) -> str:
        """Return the number in the national format."""
        return str(bound(node, "country").display_mobile(value))


class NationalCode(Scalar):
    """A personal number by the rules of the site's country (``bind(country=…)``)."""

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the plain digits; raise :class:`colander.Invalid` for an invalid number."""
        code = compact(text, also=DASHES)
        if not bound(node, "country").is_national_code(code):
            raise colander.Invalid(node, _("This national code is not correct."))
        return code


class LegalId(Scalar):
    """The identifier of a company or institution in the site's country (``bind(country=…)``)."""

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the plain digits; raise :class:`colander.Invalid` for an invalid number."""
        found = compact(text, also=DASHES)
        if not bound(node, "country").is_legal_id(found):
            raise colander.Invalid(node, _("This national id of an organisation is not correct."))
        return found


class Digits(Scalar):
    """Exactly ``length`` digits.

    Spaces and hyphens are ignored. Use :class:`Code` for secret digits.
    """

    def __init__(self, length: int = 6) -> None:
        self.length = length

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the ASCII digits; raise :class:`colander.Invalid` for another length or letters."""
        code = compact(text, also=DASHES)
        if len(code) != self.length or not (code.isascii() and code.isdigit()):
            raise colander.Invalid(node, _("The code has ${count} digits.", mapping={"count": self.length}))
        return code


class Code(Secret, Digits):
    """A secret of exactly ``length`` digits.

    A one-time code or a PIN, for instance; spaces and hyphens are ignored.
    """

    missing_msg = _("Please write the code.")


class TrackingCode(Scalar):
    """The tracking code of a case, in any grouping and digits."""

    missing_msg = _("Please write the tracking code.")

    def read(self, node: colander.SchemaNode, text: str) -> Any:
        """Return the ten ASCII digits; raise :class:`colander.Invalid` for a wrong check digit."""
        # Imported here: the package of cases imports its schemas from this one.
        from civicportal.util import tracking

        return _parsed(node, tracking.normalize, text)


class CityDate(Scalar):
    """A date in the site's calendar (``bind(calendar=…)``); the value is a :class:`datetime.date`."""

    missing_msg = _("Please write a date.")
    native: tuple[type, ...] = (date,)
    longest = 40

    def read(self, node: colander.SchemaNode, text: str) -> Any:
        """Return the date.

        :raises colander.Invalid: when it does not exist, or is of another calendar.
        """
        return _parsed(node, bound(node, "calendar").parse_date, text)

    def check(self, node: colander.SchemaNode, value: Any) -> Any:
        """Return the date, which JSON or TOML has parsed already.

        :raises colander.Invalid: when it is at the end of a calendar, as for a typed one.
        """
        if not has_neighbours(value):
            raise colander.Invalid(node, _("The calendar has no such day."))
        return value

    def write(self, node: colander.SchemaNode, value: Any) -> str:
        """Return the date as it is typed."""
        return str(bound(node, "calendar").format_date(value, "short"))


class CityMoment(CityDate):
    """A date in the site's calendar, optionally with a time of day behind it: ``1405/09/10 8:30``.

    The value is a :class:`datetime.date`, or an aware :class:`datetime.datetime` if there is a time. A value in ISO 8601
    is read too, whatever the calendar: ``2026-12-01`` or ``2026-12-01T08:30:00+03:30``.
    """

    native = (date, datetime)
    ISO = re.compile(r"(1[789]|2\d)\d\d-\d\d-\d\d(T.+)?", re.ASCII)
    _WITH_TIME = re.compile(r"(\S+)\s+(\S+)")

    def read(self, node: colander.SchemaNode, text: str) -> date:
        """Return the date or time.

        :raises colander.Invalid: when it does not exist.
        """
        text = text.strip()
        if self.ISO.fullmatch(text):
            return self._read_iso(node, text)
        parts = self._WITH_TIME.fullmatch(text)
        if parts is None:
            only: date = super().read(node, text)
            return only
        day, clock = super().read(node, parts[1]), ClockTime().read(node, parts[2])
        moment: datetime = bound(node, "calendar").at(day, clock)
        return moment

    def check(self, node: colander.SchemaNode, value: date) -> date:
        """Return the value.

        :raises colander.Invalid: for a time without a time zone.
        """
        if isinstance(value, datetime) and value.tzinfo is None:
            raise colander.Invalid(node, _("Write the time with its time zone."))
        found: date = super().check(node, value)
        return found

    def write(self, node: colander.SchemaNode, value: date) -> str:
        """Return the date, and the local time, as they are typed."""
        if not isinstance(value, datetime):
            return super().write(node, value)
        local = bound(node, "calendar").local(value)
        return f"{super().write(node, local.date())} {local:%H:%M}"

    def _read_iso(self, node: colander.SchemaNode, text: str) -> date:
        try:
            value = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
        except ValueError:
            raise colander.Invalid(node, _("The calendar has no such day.")) from None
        return self.check(node, value)


class ClockTime(Scalar):
    """A time of day in 24 hours, ``8:30``, in Persian or Latin digits.

    The value is a :class:`datetime.time`.
    """

    missing_msg = _("Please write a time.")
    longest = 20
    pattern = re.compile(r"([01]?\d|2[0-3])[:.٫]([0-5]\d)", re.ASCII)

    def read(self, node: colander.SchemaNode, text: str) -> time:
        """Return the time; raise :class:`colander.Invalid` for an invalid one."""
        found = self.pattern.fullmatch(compact(text))
        if found is None:
            raise colander.Invalid(node, _("Please write the time like 08:30."))
        return time(int(found[1]), int(found[2]))

    def write(self, node: colander.SchemaNode, value: Any) -> str:
        """Return the time in 24-hour format."""
        return f"{value:%H:%M}"


class Key(Scalar):
    """A random key of 128 bits: 22 characters of the URL-safe alphabet."""

    pattern = re.compile(r"[A-Za-z0-9_-]{22}")

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the key; raise :class:`colander.Invalid` for anything else."""
        if not self.pattern.fullmatch(text):
            raise colander.Invalid(node, _("This value cannot be read."))
        return text


class IdempotencyKey(Key):
    """An idempotency key.

    A form submitted twice is processed once. A new form has a new one.
    """

    missing_msg = _("The form was not sent completely. Please send it again.")


def new_key() -> str:
    """Return a new random key of 128 bits for :class:`Key` and :class:`IdempotencyKey`."""
    return secrets.token_urlsafe(16)


def _parsed(node: colander.SchemaNode, parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except InvalidInput as error:
        raise colander.Invalid(node, error.reason) from None

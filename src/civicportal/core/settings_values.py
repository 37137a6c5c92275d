"""Validators of single settings of ``site.toml``."""

import re
from datetime import time
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import colander

from civicportal.core.serving.proxies import networks
from civicportal.util.calendar import CityCalendar

STEPS = ("head", "above")
SHORTEST_TOKEN = 16
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}")
_REVERSE_DOMAIN = re.compile(r"[a-z][a-z0-9-]{0,62}(\.[a-z0-9-]{1,63}){1,5}")
_HOST = re.compile(r"(https?://)?(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?", re.ASCII)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def zone(node: colander.SchemaNode, value: str) -> None:
    """Refuse an unknown time zone."""
    try:
        # A name with very many parts would import nested modules.
        known = _ZONE.fullmatch(value) is not None and ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # OSError: the name of a folder, such as "Asia".
        known = False
    if not known:
        raise colander.Invalid(node, f"unknown time zone {value!r}")


def hours(node: colander.SchemaNode, value: str) -> None:
    """Refuse anything other than the format ``07:30-14:30``."""
    try:
        CityCalendar.parse_hours(value)
    except ValueError:
        raise colander.Invalid(node, f"must look like 07:30-14:30, not {value!r}") from None


def proxies(node: colander.SchemaNode, value: list[str]) -> None:
    """Refuse invalid addresses and networks."""
    try:
        networks(value)
    except ValueError as error:
        raise colander.Invalid(node, f"must be an address or a network: {error}") from None


def token(node: colander.SchemaNode, value: str) -> None:
    """Refuse a token that is too short."""
    if value and len(value) < SHORTEST_TOKEN:
        raise colander.Invalid(node, f"needs {SHORTEST_TOKEN} characters or more")


def reverse_domain(node: colander.SchemaNode, value: str) -> None:
    """Refuse anything other than the format ``org.example``."""
    if not _REVERSE_DOMAIN.fullmatch(value):
        raise colander.Invalid(node, f"must look like org.example, not {value!r}")


def time_of_day(node: colander.SchemaNode, value: str) -> None:
    """Refuse anything other than the format ``12:00``."""
    try:
        time.fromisoformat(value)
    except ValueError:
        raise colander.Invalid(node, f"must look like 12:00, not {value!r}") from None


def time_or_none(node: colander.SchemaNode, value: str) -> None:
    """The same, but allow an empty text."""
    if value:
        time_of_day(node, value)


def weekdays(node: colander.SchemaNode, value: list[str]) -> None:
    """Refuse unknown days."""
    unknown = sorted(set(value) - set(WEEKDAYS))
    if unknown:
        raise colander.Invalid(node, f"unknown weekday {unknown[0]!r}; known are {', '.join(WEEKDAYS)}")


def endpoint(node: colander.SchemaNode, value: str) -> None:
    """Refuse a URL without https, except on this machine."""
    parts = urlsplit(value)
    is_near = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not parts.hostname or not (parts.scheme == "https" or is_near):
        raise colander.Invalid(node, f"must begin with https://, not {value!r}")


def endpoint_or_none(node: colander.SchemaNode, value: str) -> None:
    """The same, but allow an empty text."""
    if value:
        endpoint(node, value)


def steps(node: colander.SchemaNode, value: list[str]) -> None:
    """Refuse unknown or repeated steps."""
    unknown = sorted(set(value) - set(STEPS))
    if unknown:
        raise colander.Invalid(node, f"unknown step {unknown[0]!r}; known are {', '.join(STEPS)}")
    if len(set(value)) < len(value):
        raise colander.Invalid(node, "a step is taken once")


def host_names(node: colander.SchemaNode, hosts: list[str]) -> None:
    """Refuse anything other than names of hosts, such as ``www.example.org`` or ``*.example.org``."""
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise colander.Invalid(node, f"{host!r} is no host such as www.example.org or *.example.org")

"""What ``site.toml`` may say of meetings."""

from datetime import time
from typing import Any

import colander

from civicportal.api import Table, number, parse_hours, string, strings

SHORTEST, LONGEST = 5, 480
"""Minutes of a meeting."""


def _hours(node: colander.SchemaNode, value: str) -> None:
    try:
        opens, closes = parse_hours(value)
        sensible = opens < closes
    except ValueError:
        sensible = False
    if not sensible:
        raise colander.Invalid(node, f"must look like 08:00-14:00, not {value!r}")


def _clock(node: colander.SchemaNode, value: str) -> None:
    try:
        time.fromisoformat(value)
    except ValueError:
        raise colander.Invalid(node, f"must look like 10:00, not {value!r}") from None


def _fives(node: colander.SchemaNode, value: Any) -> None:
    if value not in range(SHORTEST, LONGEST + 1, 5):
        raise colander.Invalid(node, f"must be a multiple of 5 up to {LONGEST}, not {value!r}")


class Settings(Table):
    """``[plugins.meetings]``.

    :ivar unit: key of the unit where orders of the mayor begin.
    :ivar hours: between which meetings are.
    :ivar default_minutes: length of a meeting, unless the office says otherwise.
    :ivar step_minutes: minutes between the times that are offered.
    :ivar place: where meetings are, unless the office says otherwise.
    :ivar bring: what citizens are asked to bring along.
    :ivar reminder_time: when citizens are reminded, on the day before.
    """

    unit = string("mayor")
    hours = string("08:00-14:00", validator=_hours)
    default_minutes = number(30, validator=_fives)
    step_minutes = number(30, validator=_fives)
    place = string("")
    bring = strings([])
    reminder_time = string("10:00", validator=_clock)

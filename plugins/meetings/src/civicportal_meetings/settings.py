"""Settings of meetings in ``site.toml``."""

from datetime import time

import colander

from civicportal.api.localization import CityCalendar
from civicportal.api.settings import SettingsSchema, setting

SHORTEST, LONGEST = 5, 480
"""Minutes of a meeting."""


def _hours(node: colander.SchemaNode, value: str) -> None:
    try:
        opens, closes = CityCalendar.parse_hours(value)
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


def _fives(node: colander.SchemaNode, value: int) -> None:
    if value not in range(SHORTEST, LONGEST + 1, 5):
        raise colander.Invalid(node, f"must be a multiple of 5 up to {LONGEST}, not {value!r}")


class Settings(SettingsSchema):
    """``[plugins.meetings]``.

    :ivar unit: key of the mayor's office, where orders begin.
    :ivar hours: meeting hours.
    :ivar default_minutes: default length of a meeting.
    :ivar step_minutes: minutes between the offered times.
    :ivar place: default place.
    :ivar bring: what citizens are asked to bring.
    :ivar reminder_time: time of the reminder on the day before.
    """

    unit = setting(str, "mayor")
    hours = setting(str, "08:00-14:00", validator=_hours)
    default_minutes = setting(float, 30, validator=_fives)
    step_minutes = setting(float, 30, validator=_fives)
    place = setting(str, "", translated=True)
    bring = setting(list, [], translated=True)
    reminder_time = setting(str, "10:00", validator=_clock)

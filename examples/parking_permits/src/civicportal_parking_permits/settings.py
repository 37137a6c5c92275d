"""``[plugins.parking_permits]``."""

import re

import colander

from civicportal.api.database import Work
from civicportal.api.forms import BoundedInt, CleanText, Node, StrictSchema
from civicportal.api.localization import format_number
from civicportal.api.settings import SettingsSchema, setting


def _pattern(node: colander.SchemaNode, value: str) -> None:
    try:
        re.compile(value)
    except re.error as error:
        raise colander.Invalid(node, f"is no regular expression: {error}") from None


class Settings(SettingsSchema):
    """The settings of a city.

    :ivar currency: shown after every fee.
    :ivar plate: regular expression of a whole plate, in capitals and without blanks.
    :ivar renewal_days: days before its end from which a permit can be renewed and its holder is reminded.
    """

    currency = setting(str, "")
    plate = setting(str, r"[0-9A-Z\u0600-\u06FF-]{2,12}", validator=_pattern)
    renewal_days = setting(float, 30, validator=colander.Range(1, 366))


def money(work: Work, fee: int, locale: str | None = None) -> str:
    """Return a fee with its currency, formatted for a language; the site's if None."""
    currency = work.site.plugin_settings["parking_permits"]["currency"]
    return f"{format_number(fee, locale or work.site.locale)} {currency}".strip()


class ZoneFields(StrictSchema):
    """A zone in ``data/parking_zones.toml``."""

    key = Node(CleanText(1, 40))
    name = Node(CleanText(1, 80))
    fee = Node(BoundedInt(0, 10**9))
    quota = Node(BoundedInt(0, 10**6))

"""``[plugins.parking_permits]``."""

import re

import colander

from civicportal.api.database import Work
from civicportal.api.forms import CleanText, Node, StrictSchema
from civicportal.api.localization import format_number
from civicportal.api.settings import SettingsSchema, setting


def _pattern(node: colander.SchemaNode, value: str) -> None:
    try:
        re.compile(value)
    except re.error as error:
        raise colander.Invalid(node, f"is no regular expression: {error}") from None


class Settings(SettingsSchema):
    """What differs between cities.

    :ivar currency: stands behind every fee.
    :ivar plate: a regular expression that a whole plate fits, in capitals and without blanks.
    :ivar renewal_days: so many days before it ends a permit can be renewed and its holder is told.
    """

    currency = setting(str, "")
    plate = setting(str, r"[0-9A-Z\u0600-\u06FF-]{2,12}", validator=_pattern)
    renewal_days = setting(float, 30, validator=colander.Range(1, 366))


def money(work: Work, fee: int, locale: str | None = None) -> str:
    """Return a fee with its currency, as people of a language read it; of the site's if None."""
    currency = work.site.plugin_settings["parking_permits"]["currency"]
    return f"{format_number(fee, locale or work.site.locale)} {currency}".strip()


class ZoneFields(StrictSchema):
    """A zone, as ``data/parking_zones.toml`` writes it."""

    key = Node(CleanText(1, 40))
    name = Node(CleanText(1, 80))
    fee = colander.SchemaNode(colander.Int(), validator=colander.Range(0, 10**9))
    quota = colander.SchemaNode(colander.Int(), validator=colander.Range(0, 10**6))

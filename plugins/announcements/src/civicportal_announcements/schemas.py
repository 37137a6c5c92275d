"""Schemas of forms, URLs and settings."""

from collections.abc import Iterable

import colander

from civicportal.api.forms import (
    BoundedInt,
    CityDate,
    CleanText,
    ClockTime,
    Flag,
    IdempotencyKey,
    KeyList,
    Node,
    StrictSchema,
    Values,
)
from civicportal.api.plugins import Site
from civicportal.api.settings import SettingsSchema, setting
from civicportal_announcements.i18n import _
from civicportal_announcements.pictures import MOST

LONGEST_BODY = 8000
LONGEST_TEXT = 600
"""Maximum characters of a broadcast: nine parts in Persian."""


class Settings(SettingsSchema):
    """``[plugins.announcements]``.

    :ivar on_home: announcements on the citizens' home page.
    :ivar per_minute: messages sent per minute.
    :ivar opt_out: notice at the end of each, required by the regulator.
    :ivar part_price: the provider's price of one part; 0 if unknown.
    :ivar currency: of the price, for display.
    """

    title = _("Announcement board")
    icon = "speakerphone"

    on_home = setting(float, 6, validator=colander.Range(1, 20))
    per_minute = setting(float, 120, validator=colander.Range(6, 6000))
    opt_out = setting(str, "", validator=colander.Length(max=40))
    part_price = setting(float, 0, validator=colander.Range(min=0))
    currency = setting(str, "", validator=colander.Length(max=20))


class PostForm(StrictSchema):
    """An announcement; the fields of its pictures are added by :func:`post_form`."""

    version = Node(BoundedInt(0, 10**9), missing=0, hidden=True)
    title = Node(CleanText(3, 150), title=_("Title"))
    summary = Node(
        CleanText(0, 300, multiline=True),
        title=_("Summary"),
        description=_("Stands on the card of the board. Left empty, it is the beginning of the text."),
        missing="",
        rows=2,
    )
    body = Node(CleanText(10, LONGEST_BODY, multiline=True), title=_("Text"), rows=12)
    start_day = Node(
        CityDate(),
        title=_("Publish from"),
        description=_("Left empty, it is shown as soon as you publish it."),
        missing=None,
    )
    start_time = Node(ClockTime(), title=_("Hour of the start"), missing=None)
    end_day = Node(
        CityDate(),
        title=_("Publish until"),
        description=_("Without an hour, until the end of that day."),
        missing=None,
    )
    end_time = Node(ClockTime(), title=_("Hour of the end"), missing=None)
    pinned = Node(
        Flag(),
        title=_("Pinned"),
        description=_("Stands before all others."),
        missing=False,
        switch=True,
    )
    image_key = Node(KeyList(MOST), title=_("Pictures"), missing=(), hidden=True)


def post_form(keys: Iterable[str]) -> colander.SchemaNode:
    """Return the schema of an announcement with the fields of these pictures.

    :param keys: of the pictures; each has fields of its own, such as ``alt_<key>``.
    """
    schema = PostForm()
    for key in keys:
        schema.add(
            Node(
                CleanText(3, 200),
                name=f"alt_{key}",
                title=_("Words instead of the picture"),
                description=_("What it shows, for those who do not see it."),
            )
        )
        schema.add(Node(CleanText(0, 200), name=f"caption_{key}", title=_("Caption"), missing=""))
        for name, title in (
            ("x", _("Focus from the left, percent")),
            ("y", _("Focus from the top, percent")),
        ):
            schema.add(Node(BoundedInt(0, 100), name=f"{name}_{key}", title=title, missing=50))
    return schema


class DeskFilters(StrictSchema):
    """Filters of the officers' list, in its URL."""

    words = Node(CleanText(0, 100), title=_("Words"), missing="")


class BroadcastForm(StrictSchema):
    """A broadcast before its confirmation."""

    key = Node(IdempotencyKey())
    post = Node(BoundedInt(0, 2**62), missing=0, hidden=True)
    text = Node(
        CleanText(10, LONGEST_TEXT, multiline=True),
        title=_("Text of the message"),
        description=_("Without links: networks often block them."),
        rows=5,
    )


class ConfirmedBroadcast(BroadcastForm):
    """A broadcast confirmed by typing the number of people."""

    number = Node(
        BoundedInt(1, 10**9),
        title=_("How many people get it?"),
        description=_("Type the number that stands above, so that nothing goes out by mistake."),
    )


def settings_of(site: Site) -> Values:
    """Return the plugin's table of ``site.toml``."""
    settings: Values = site.plugin_settings["announcements"]
    return settings

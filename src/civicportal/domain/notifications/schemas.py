"""Forms of the pages of messages."""

import colander
from translationstring import TranslationString

from civicportal.domain.notifications.arrivals import ARRIVALS
from civicportal.domain.notifications.texts import has_stray_braces
from civicportal.util.i18n import _
from civicportal.web.forms import TextAreaWidget, optional_choice
from civicportal.web.schema import (
    CityDate,
    CleanText,
    Digits,
    Node,
    Option,
    RowId,
    StrictSchema,
    TrackingCode,
)

LONGEST_TEXT = 500
ENDING = 4
"""Number of digits of a mobile that may be in an address."""
STATES = {
    "new": _("Waiting"),
    "leased": _("Being sent"),
    "sent": _("Sent out"),
    "unknown": _("Outcome unknown"),
    "dead": _("Failed"),
    "cancelled": _("Cancelled"),
}


class MessageFilters(StrictSchema):
    """Filters of the list of messages.

    They are in the URL, so they never contain a full number.
    """

    state = optional_choice(
        [Option(value=name, label=title) for name, title in STATES.items()],
        _("State of the message"),
        _("Every state"),
    )
    arrival = optional_choice(
        [Option(value=name, label=title) for name, title in ARRIVALS.items()],
        _("Whether it arrived"),
        _("Arrived or not"),
    )
    kind = optional_choice("kinds", _("Text"), _("All texts"))
    code = Node(TrackingCode(), title=_("Tracking code"), missing=None)
    ending = Node(Digits(ENDING), title=_("Last four digits of the number"), missing=None)
    first = Node(CityDate(), title=_("Written from"), missing=None)
    last = Node(CityDate(), title=_("Written until"), missing=None, after="first")
    person = Node(RowId(), missing=None)


class MessageWording(StrictSchema):
    """The site's wording of a text."""

    text = Node(
        CleanText(2, LONGEST_TEXT, multiline=True),
        title=_("Words of the message"),
        widget=TextAreaWidget(rows=6, counter=False),
    )

    def validator(self, node: colander.SchemaNode, values: dict[str, str]) -> None:
        """Refuse unknown placeholders, stray braces, and a text without what it must contain."""
        unknown = node.bindings["unknown_fields"](values["text"])
        missing = node.bindings["missing_parts"](values["text"])
        error = colander.Invalid(node)
        if unknown:
            names = " ".join(f"{{{name}}}" for name in unknown)
            error["text"] = _("These fields cannot be used here: ${names}", mapping={"names": names})
            raise error
        if has_stray_braces(values["text"]):
            error["text"] = _("Braces may only stand around the name of a field, such as {SITE}.")
            raise error
        if missing:
            error["text"] = _missing_words(missing[0])
            raise error


def _missing_words(part: str) -> TranslationString:
    if part == "{TRACK}":
        return _("Without {TRACK} the person does not get the tracking code.")
    if part.endswith("{LINK}"):
        return _("Without ${address} the message does not contain the link.", mapping={"address": part})
    return _("Without ${field} the message does not contain the code.", mapping={"field": part})

"""Forms of the pages of messages."""

import colander

from civicportal.domain.notifications.arrivals import ARRIVALS
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
        """Refuse a wording with which the message would be sent wrong."""
        flaw = node.bindings["flaw"](values["text"])
        if flaw is not None:
            error = colander.Invalid(node)
            error["text"] = flaw
            raise error

"""Filters of the audit trail."""

from civicportal.util.i18n import _
from civicportal.web.forms import optional_choice
from civicportal.web.schema import CityDate, Node, Option, RowId, StrictSchema, TrackingCode

AREAS = (
    Option(value="login:", label=_("All sign-ins")),
    Option(value="reveal:", label=_("All looks at personal data")),
)


class TrailFilters(StrictSchema):
    """Filters in the URL, which therefore contain no names or numbers."""

    action = optional_choice(
        "actions",
        _("Event"),
        _("Everything"),
    )
    case = Node(TrackingCode(), title=_("Tracking code"), missing=None)
    first = Node(CityDate(), title=_("From"), missing=None)
    last = Node(CityDate(), title=_("Until"), missing=None, after="first")
    actor = Node(RowId(), missing=None)
    subject = Node(RowId(), missing=None)

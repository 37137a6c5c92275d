"""Forms of the pages of webhooks."""

import colander

from civicportal.core.outgoing.addresses import LONGEST, AddressRefused
from civicportal.domain.webhooks.services import STATES
from civicportal.util.i18n import _
from civicportal.web.forms import RadioWidget, TextWidget, optional_choice
from civicportal.web.schema import Choice, CleanText, ListOf, Node, Option, StrictSchema

MOST_EVENTS = 100


def _check_address(node: colander.SchemaNode, address: str) -> None:
    """Refuse an address that events may not be sent to."""
    try:
        node.bindings["check_address"](address)
    except AddressRefused as refusal:
        raise colander.Invalid(node, refusal.reason) from None


class WebhookForm(StrictSchema):
    """A webhook."""

    address = Node(
        CleanText(8, LONGEST),
        title=_("Address"),
        validator=_check_address,
        description=_("Events are sent here by POST, for instance to https://gis.example.org/events."),
        widget=TextWidget(type="url", inputmode="url", css_class="ltr", autocomplete="off"),
    )
    description = Node(CleanText(0, 200), title=_("What it is for"), missing="")
    events = Node(
        ListOf(Choice(lambda bindings: bindings["events"]), max=MOST_EVENTS),
        title=_("Events"),
        widget=RadioWidget(),
    )
    category = optional_choice("categories", _("Only cases of the category"), _("All categories"))
    unit = optional_choice("units", _("Only cases of the unit and those below it"), _("All units"))


class DeliveryFilters(StrictSchema):
    """Filters of the deliveries of a webhook, in the URL."""

    state = optional_choice(
        [Option(value=name, label=title) for name, title in STATES.items()],
        _("State of the delivery"),
        _("Every state"),
    )

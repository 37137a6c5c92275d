"""Forms of the pages of other servers."""

import colander

from civicportal.api.forms import BoundForm, Choice, CleanText, Flag, Node, StrictSchema, Values
from civicportal.api.plugins import Refused
from civicportal_reports.i18n import _
from civicportal_reports.open311_client.answers import FORMS
from civicportal_reports.open311_client.composing import PICTURES

LONGEST_ADDRESS = 480
LONGEST_KEY = 500
NAMELESS = _("Write the name under which staff know the organisation.")


def _check_address(node: colander.SchemaNode, address: str) -> None:
    """Refuse an address that the portal may not reach."""
    try:
        node.bindings["check_address"](address)
    except Refused as refusal:
        raise colander.Invalid(node, refusal.reason) from None


class RemoteServerForm(StrictSchema):
    """A server."""

    name = Node(CleanText(2, 100), title=_("Name of the organisation"), missing_msg=NAMELESS)
    address = Node(
        CleanText(8, LONGEST_ADDRESS),
        title=_("Address of the endpoint"),
        description=_(
            "As its discovery names it, for instance https://water.example.org/open311/v2; "
            "“/requests.json” is added to it."
        ),
        validator=_check_address,
        autocomplete="off",
    )
    jurisdiction = Node(
        CleanText(0, 255),
        title=_("jurisdiction_id"),
        description=_("Only if the server serves several cities."),
        missing="",
        autocomplete="off",
    )
    api_key = Node(
        BoundForm.Secret(1, LONGEST_KEY),
        title=_("api_key"),
        description=_("It is stored encrypted and not shown again. Left empty, the present one stays."),
        missing="",
        autocomplete="off",
    )
    no_key = Node(Flag(), title=_("The server wants no key: forget the present one"), missing=False)
    personal = Node(
        Flag(),
        title=_("Send personal data"),
        description=_(
            "The full text, all pictures, and name and mobile number of the sender. Otherwise the server gets what "
            "the public may read: the text without names and numbers, and published pictures."
        ),
        missing=False,
    )
    form = Node(
        Choice(list(FORMS.items())),
        title=_("Form of its answers"),
        description=_("Most servers offer both. Choose XML if the services cannot be fetched in JSON."),
    )
    tells = Node(
        Flag(),
        title=_("Send our updates"),
        description=_(
            "Statuses, public answers and pictures that are published after the delivery, without personal data. Only "
            "for servers that take updates (POST servicerequestupdates, an extension of mySociety)."
        ),
        missing=False,
    )
    pictures = Node(Choice(list(PICTURES.items())), title=_("How pictures are sent"))
    closes_with = Node(
        Choice("transitions"),
        title=_("When the server has closed a request"),
        description=_("The step is taken by the portal itself, and the citizen is told as of every step."),
        missing=None,
        empty=_("Mark the case for the person who has it"),
    )


class DeliveryRuleForm(StrictSchema):
    """What a server gets."""

    category = Node(
        Choice("categories"),
        title=_("Category, with those below it"),
        missing=None,
        empty=_("All categories"),
    )
    unit = Node(Choice("units"), title=_("Unit, with those below it"), missing=None, empty=_("All units"))
    service = Node(Choice("services"), title=_("Service there"))

    def validator(self, _node: colander.SchemaNode, values: Values) -> None:
        """Demand a category or a unit."""
        if not values["category"] and not values["unit"]:
            raise colander.Invalid(self["category"], _("Choose a category or a unit."))


class ArrivedForm(StrictSchema):
    """The number of a request there."""

    remote_id = Node(CleanText(1, 100), title=_("Number there"))

"""The forms of the demo's phones."""

from civicportal.util.i18n import _
from civicportal.web.forms import SelectWidget, TextWidget
from civicportal.web.schema import (
    Choice,
    CleanText,
    Node,
    StrictSchema,
)

LONGEST_ANSWER = 500


class Answer(StrictSchema):
    """What somebody writes to the city's line."""

    text = Node(
        CleanText(1, LONGEST_ANSWER),
        title=_("Message to the city's line"),
        widget=TextWidget(autocomplete="off"),
    )


class Behaviour(StrictSchema):
    """How the provider is to behave."""

    mode = Node(
        Choice(lambda bindings: bindings["modes"]), title=_("The provider of messages"), widget=SelectWidget()
    )

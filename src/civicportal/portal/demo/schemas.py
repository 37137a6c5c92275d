"""Forms of the demo telephones."""

from civicportal.util.i18n import _
from civicportal.web.forms import SelectWidget, TextWidget
from civicportal.web.schema import Choice, CleanText, Node, StrictSchema

LONGEST_ANSWER = 500


class InboundSms(StrictSchema):
    """A message to the city's number."""

    text = Node(
        CleanText(1, LONGEST_ANSWER),
        title=_("Message to the city's line"),
        widget=TextWidget(autocomplete="off"),
    )


class Behaviour(StrictSchema):
    """The behaviour of the provider."""

    mode = Node(
        Choice(lambda bindings: bindings["modes"]), title=_("The provider of messages"), widget=SelectWidget()
    )

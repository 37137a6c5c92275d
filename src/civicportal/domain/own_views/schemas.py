"""Forms of own views."""

from civicportal.domain.own_views.models import LONGEST_NAME
from civicportal.util.i18n import _
from civicportal.web.forms import HiddenWidget, SelectWidget
from civicportal.web.forms.filters import LONGEST_QUERY
from civicportal.web.schema import Choice, CleanText, Node, StrictSchema


class NewViewSchema(StrictSchema):
    """A view to be saved.

    :ivar page: name of the route of the list.
    :ivar query: the filters as a query string.
    """

    name = Node(CleanText(1, LONGEST_NAME), title=_("Name of the view"))
    page = Node(Choice("pages"), title=_("List"), widget=HiddenWidget())
    query = Node(CleanText(0, LONGEST_QUERY), title=_("Filters"), missing="", widget=HiddenWidget())


class ViewSchema(StrictSchema):
    """The name of a view, and who sees it."""

    name = Node(CleanText(1, LONGEST_NAME), title=_("Name of the view"))
    owner = Node(
        Choice("owners"),
        title=_("Who sees it"),
        description=_(
            "A shared view belongs to the unit; each member sees in it only the cases they may see."
        ),
        widget=SelectWidget(),
    )

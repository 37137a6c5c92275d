"""What the address of a page of figures says besides the filters of its list."""

from civicportal.forms import SelectWidget
from civicportal.i18n import _
from civicportal.schema import Choice, Node, StrictSchema
from civicportal.statistics.periods import DEFAULT, PERIODS


class PeriodFields(StrictSchema):
    """The days that are counted; two days that are named go before it."""

    period = Node(Choice([*PERIODS.items()]), title=_("Period"), missing=DEFAULT, widget=SelectWidget())

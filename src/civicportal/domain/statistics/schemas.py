"""URL parameters of a statistics page besides the filters of its list."""

import colander
from translationstring import TranslationString

from civicportal.domain.statistics.named_periods import DEFAULT, PERIODS, Whole, period_words
from civicportal.util.i18n import _
from civicportal.web.forms import HiddenWidget
from civicportal.web.schema import Node, Scalar, StrictSchema


class Period(Scalar):
    """A named period (:data:`~civicportal.domain.statistics.named_periods.PERIODS`), a month or a year."""

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the name; raise :class:`colander.Invalid` for an unknown period."""
        if text not in PERIODS and Whole.read(text, node.bindings["calendar"]) is None:
            raise colander.Invalid(node, _("This choice is not offered. Please choose one of the list."))
        return text

    def said(self, node: colander.SchemaNode, text: str, locale: str) -> TranslationString | str:
        """Return its display name."""
        return period_words(text, node.bindings["calendar"], locale)


class PeriodFields(StrictSchema):
    """Fields of the period.

    Two explicit days take precedence. The page shows them above its filters.
    """

    period = Node(Period(), title=_("Period"), missing=DEFAULT, widget=HiddenWidget())

"""The form with the content and format of a file."""

from civicportal.util.i18n import _
from civicportal.web.forms import CheckboxWidget, RadioWidget
from civicportal.web.schema import Choice, Flag, ListOf, Node, Option, StrictSchema

FORMATS = {
    "xlsx": Option(value="xlsx", label=_("Excel"), hint=_("Right to left, with real numbers and dates.")),
    "csv": Option(value="csv", label=_("CSV"), hint=_("Plain text for other programs.")),
}
MOST_COLUMNS = 100


class ExportEntry(StrictSchema):
    """Columns and format of an export.

    A button that only names the format selects the default columns.
    """

    format = Node(
        Choice(lambda bindings: [FORMATS[name] for name in bindings["formats"]]),
        title=_("Kind of file"),
        widget=RadioWidget(),
    )
    columns = Node(
        ListOf(Choice(lambda bindings: bindings["columns"]), max=MOST_COLUMNS),
        title=_("Columns"),
        missing=(),
        widget=RadioWidget(),
    )
    full = Node(
        Flag(),
        title=_("Numbers of people in full"),
        description=_("Each is written into the audit trail, and the citizens can see that."),
        missing=False,
        widget=CheckboxWidget(),
    )

"""Optional choices, for filters."""

from collections.abc import Callable

from translationstring import TranslationString

from civicportal.util.values import Values
from civicportal.web.forms.groups import SelectWidget
from civicportal.web.schema import Choice, Node
from civicportal.web.schema.choices import Options


def optional_choice(
    options: Options | str | Callable[[Values], Options], title: TranslationString, empty: TranslationString
) -> Node:
    """Return a field for one of several values, or none.

    :param options: as for :class:`~civicportal.web.schema.Choice`; a text names the binding that holds them.
    :param empty: label of the empty option, for instance "All units".
    """
    values = (lambda bindings: bindings[options]) if isinstance(options, str) else options
    return Node(Choice(values), title=title, missing=None, widget=SelectWidget(empty=empty))

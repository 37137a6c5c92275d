"""Optional choices, for filters."""

from typing import Any

from translationstring import TranslationString

from civicportal.web.forms.groups import SelectWidget
from civicportal.web.schema import Choice, Node


def optional_choice(options: Any, title: TranslationString, empty: TranslationString) -> Any:
    """Return a field for one of several values, or none.

    :param options: as for :class:`~civicportal.web.schema.Choice`; a text names the binding that holds them.
    :param empty: label of the empty option, for instance "All units".
    """
    values = (lambda bindings: bindings[options]) if isinstance(options, str) else options
    return Node(Choice(values), title=title, missing=None, widget=SelectWidget(empty=empty))

"""The part of a correction that the kind of a case defines."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import colander
from translationstring import TranslationString

from civicportal.util.errors import Refused
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.cases.models import Case

CORRECTED = "corrected"
"""``CaseEvent.type`` of a correction; its ``data`` contains the changed values ``before`` and ``after``."""


class InvalidCorrection(Refused):
    """A value of a correction is refused.

    :ivar field: name of the form's field; empty for the whole form.
    """

    def __init__(self, reason: TranslationString, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Correction:
    """The fields that staff may correct besides subject and category.

    :ivar schema: fields of the form. A ``PlaceField`` is called ``place``; a text field ``street`` beside it is shown
        without a script only.
    :ivar columns: columns of the detail row that may change. Their values are stored in the history, so they contain no
        names of people.
    :ivar initial: returns the values of these fields for a case, from its ``subject``, ``place``, ``category_id`` and
        these columns.
    :ivar apply: writes the values of these fields to the detail row and to ``Case.place``, or calls :meth:`refuse`.
    :ivar lines: returns the lines of the history about these columns, from the changed values before and after.
    :ivar people: returns the names by which the case is found besides its citizen's, if a correction changes them.
    :ivar subject: returns the generated subject of a case; one that was never edited is then generated again.
    """

    schema: Callable[[], colander.SchemaNode]
    columns: tuple[str, ...]
    initial: Callable[[Values, "Work"], Values]
    apply: Callable[["Case", Values, "Work"], None]
    lines: Callable[[Values, Values, "Work"], Iterable[TranslationString]]
    subject: Callable[["Case", "Work"], str] | None = None
    people: Callable[["Case", "Work"], Iterable[str]] | None = None

    @staticmethod
    def refuse(field: str, reason: TranslationString) -> NoReturn:
        """Refuse a value of a field; the form shows the reason there."""
        raise InvalidCorrection(reason, field)

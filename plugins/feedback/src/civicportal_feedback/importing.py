"""Messages of an earlier system: their type."""

from collections.abc import Mapping

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.plugins import Refused
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.models import Feedback

COLUMNS = {"type": ("message type", "نوع پیام", "نوع")}


def detail_of(case: Case, texts: Mapping[str, str], work: Work) -> Feedback:
    """Return the detail row of an imported message, and set its subject.

    :raises Refused: for an unknown type.
    """
    kind = TYPES.get(texts["type"])
    if kind is None:
        known = ", ".join(TYPES)
        raise Refused(_("This is no type of message; there are ${types}.", mapping={"types": known}))
    case.subject = case.subject or str(work.site.localizer().translate(kind.title))
    return Feedback(type=kind.name, unit_id=None, anonymous=False, consent=False)

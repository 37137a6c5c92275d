"""What may stand in the way of a step, whatever the kind."""

from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.cases.models import Case
from civicportal.cases.ratings import WINDOW
from civicportal.i18n import _

if TYPE_CHECKING:
    from civicportal.work import Work


def objection_in_time(case: Case, work: "Work") -> TranslationString | None:
    """Let a citizen open a case again for as long as its closing may be rated; staff at any time."""
    if not work.actor.is_citizen or case.closed_at is None:
        return None
    if work.clock.now() - case.closed_at < WINDOW:
        return None
    return _("It was closed too long ago. Please send a new request.")
